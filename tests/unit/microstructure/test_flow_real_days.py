"""Real days: not what the numbers are, but what any liquid book shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nowake.data.day import Day
from nowake.data.depth import depth_of_day
from nowake.data.load import load_day
from nowake.domain.market import Quotes, select
from nowake.microstructure.flow import (
    autocorrelation,
    fit_microprice,
    flow_bars,
    imbalance_response,
    level_response,
    market_orders,
    microprice_errors,
)
from nowake.statistics.regression import line

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("dbn:ESH4", None),
    ("binance:BTCUSDT@BINANCE-USDM", "2024-08-08"),
    ("binance:BTCUSDT@BINANCE", "2024-08-08"),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: day[0])
def day(request: pytest.FixtureRequest, data_root: Path) -> Day:
    spec, date = request.param
    try:
        return load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))


def in_session(day: Day) -> Quotes:
    session = day.instrument.session
    return select(day.quotes, (day.quotes.time_ns >= session.open_ns) & (day.quotes.time_ns <= session.close_ns))


def halves(quotes: Quotes) -> tuple[Quotes, Quotes]:
    rows = np.arange(len(quotes))
    return select(quotes, rows < len(rows) // 2), select(quotes, rows >= len(rows) // 2)


def test_order_flow_explains_the_mid_and_where_the_tick_binds_far_better_than_trades_do(day: Day) -> None:
    session = day.instrument.session
    bars = flow_bars(depth_of_day(day, 1), bar_s=5.0, start_ns=session.open_ns, end_ns=session.close_ns)
    found = level_response(bars)
    assert found.integrated.low > 0
    assert found.fits[0].r2_out.value > 0.1
    assert found.integrated_fit.r2 > 0.2
    quotes = in_session(day)
    if np.median(quotes.ask_ticks - quotes.bid_ticks) <= 2:
        signed = np.append(0.0, np.cumsum(day.trades.aggressor * day.trades.lots, dtype=np.float64))
        traded = np.diff(signed[np.searchsorted(day.trades.time_ns, bars.edges_ns, side="right")])
        assert found.integrated_fit.r2 > 1.3 * line(traded, bars.moves_ticks).r2


def test_the_mid_moves_where_the_longer_queue_pushes_it(day: Day) -> None:
    found = imbalance_response(in_session(day))
    assert found.slope.low > 0
    assert found.right.low > 0.5
    assert found.skill.value > 0


def test_the_micro_price_is_not_surely_worse_than_mid_and_weighted_mid_on_the_other_half(day: Day) -> None:
    learn, judge = halves(in_session(day))
    table = fit_microprice(learn, repeats=50)
    found = microprice_errors(table, judge, horizon_s=1.0)
    assert found.saved_of_mid.high > 0
    assert found.saved_of_weighted.high > 0
    assert table.contraction < 1
    usual = int(table.visits.sum(axis=1).argmax())
    assert table.adjustment_ticks[usual, -1] > 0


def test_signs_remember_surely(day: Day) -> None:
    assert autocorrelation(market_orders(day.trades).sign, (1,))[0].low > 0
