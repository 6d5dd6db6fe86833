"""Real days: not what the numbers are, but what any stock shows, and that what the gauges say is what the days say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nowake.data.load import load_day
from nowake.domain.market import Trades
from nowake.microstructure.market_orders import sides, two_sided_touch
from nowake.microstructure.toxicity.glosten_harris import glosten_harris
from nowake.microstructure.toxicity.huang_stoll import huang_stoll, huang_stoll_two_way
from nowake.microstructure.toxicity.madhavan import madhavan

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("lean:IBM:tick", "2013-10-09"),
    ("lean:BAC:tick", "2013-10-09"),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day[0]} {day[1] or ''}")
def day(request: pytest.FixtureRequest, data_root: Path):
    spec, date = request.param
    try:
        found = load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    # Prints of auctions, hidden ones and those before the quotes are not heard; sides are the feed's, or Lee & Ready's.
    touch = two_sided_touch(found.quotes)
    heard = (touch.before(found.trades.time_ns) >= 0) & ~found.trades.auction & ~found.trades.hidden
    signs = sides(found.trades, touch, heard)[0].astype(np.int8)
    columns = {
        name: getattr(found.trades, name)[heard] for name in ("time_ns", "price_ticks", "lots", "hidden", "auction")
    }
    return found.quotes, Trades(**columns, aggressor=signs)


def test_a_trade_pays_a_spread_and_part_of_it_is_adverse_selection(day) -> None:
    _, trades = day
    for found in (glosten_harris(trades), madhavan(trades)):
        print(found.half_spread_ticks, found.adverse_share, found.sensible)
        assert found.half_spread_ticks.low > 0
        assert found.adverse_share.low > 0
    two = huang_stoll_two_way(trades)
    assert two.informed_share.value + two.processing_share.value == pytest.approx(1, abs=1e-12)


def test_three_shares_sum_to_one_and_orders_go_on_more_than_they_turn_round(day) -> None:
    quotes, trades = day
    raw, bunched = huang_stoll(quotes, trades, bunch=False), huang_stoll(quotes, trades)
    print(raw, bunched)
    for found in (raw, bunched):
        shares = found.adverse_share, found.inventory_share, found.processing_share
        assert sum(share.value for share in shares) == pytest.approx(1, abs=1e-12)
    assert raw.reversal.high < 0.5
    assert raw.reversal.value < bunched.reversal.value
