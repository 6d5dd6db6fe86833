"""Quotes given for prints, prints for quotes, or a tape not yet read: one line that says what to give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.unit.microstructure.small_tapes import walk

from nowake.domain.errors import BadParameter
from nowake.microstructure.classify import classify
from nowake.microstructure.flow import flow_bars, market_orders, order_flow, orderflow_slope, trade_imbalance
from nowake.microstructure.hawkes import market_order_events
from nowake.microstructure.spreads import effective_spreads, kyle_lambda, quoted_spread, resilience_of
from nowake.microstructure.toxicity import glosten_harris, huang_stoll, vpin
from nowake.microstructure.toxicity.markouts import traded_prints

QUOTES, TRADES = walk(1)
AT = np.array([0])
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "classify": (lambda: classify(QUOTES, TRADES), "Quotes where Trades is wanted; .*day.trades"),
    "spreads": (lambda: effective_spreads(TRADES, QUOTES), "Quotes where Trades is wanted; .*quotes first"),
    "mark-outs": (lambda: traded_prints(TRADES, QUOTES), "Quotes where Trades"),
    "one swapped": (lambda: effective_spreads(TRADES, TRADES), "Trades where Quotes is wanted; .*day.quotes"),
    "quoted": (lambda: quoted_spread(TRADES, start_ns=0, end_ns=1), "Trades where Quotes"),
    "flow": (lambda: order_flow(TRADES, AT, window_ns=1), "Trades where Quotes"),
    "bars": (lambda: flow_bars(QUOTES, bar_s=1), "Quotes where Depth is wanted; .*Depth.of_quotes"),
    "imbalance": (lambda: trade_imbalance(QUOTES, AT, window_ns=1), "Quotes where Trades"),
    "orders": (lambda: market_orders(QUOTES), "Quotes where Trades"),
    "vpin": (lambda: vpin(QUOTES, bucket_lots=5), "Quotes where Trades"),
    "components": (lambda: glosten_harris(QUOTES), "Quotes where Trades"),
    "three-way": (lambda: huang_stoll(TRADES, QUOTES), "Trades where Quotes"),
    "hawkes": (lambda: market_order_events(TRADES), "Trades where Tape is wanted; give read_tape"),
    "slope": (lambda: orderflow_slope(TRADES, QUOTES), "Trades where Tape"),
    "lambda": (lambda: kyle_lambda(TRADES, None), "Trades where Tape"),
    "resilience": (lambda: resilience_of(TRADES), "Trades where Tape"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_table_given_for_another_is_refused_with_what_to_give(name):
    call, told = WRONG[name]
    with pytest.raises(BadParameter, match=told):
        call()


@pytest.mark.parametrize("lots", [99.5, 100.0, 0])
def test_a_bucket_is_of_whole_lots(lots):
    with pytest.raises(BadParameter, match=f"bucket_lots {lots} must be a whole number"):
        vpin(TRADES, bucket_lots=lots)
