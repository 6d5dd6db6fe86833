"""A parent order is checked when it is made, so that nothing later need ask."""

from __future__ import annotations

import pytest
from tests.worlds.samples import OPEN_NS, instrument

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND


def test_an_order_is_given_in_shares_and_local_times() -> None:
    order = ParentOrder.sell(instrument(lot_size=100), 25_000, start="10:00", end="15:30", limit=220.05)
    assert (order.side, order.lots, order.quantity, order.limit_ticks) == (Side.SELL, 250, 25_000, 22_005)
    assert order.start_ns == OPEN_NS + 1_800 * NS_PER_SECOND
    assert str(order) == "sell 25,000 TEST 2026-01-05 10:00:00-15:30:00 America/New_York, limit 220.05"


def test_the_limit_is_the_worst_price_of_either_side() -> None:
    buy = ParentOrder.buy(instrument(), 1, start="10:00", end="11:00", limit=10)
    sell = ParentOrder.sell(instrument(), 1, start="10:00", end="11:00", limit=10)
    assert [buy.allows(ticks) for ticks in (999, 1_000, 1_001)] == [True, True, False]
    assert [sell.allows(ticks) for ticks in (999, 1_000, 1_001)] == [False, True, True]


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("15:30", "10:00", "end 10:00:00 is not after start 15:30:00"),
        ("10:00", "10:00", "end 10:00:00 is not after start 10:00:00"),
        ("09:00", "10:00", "window 09:00:00-10:00:00 leaves the session 09:30:00-16:00:00"),
        ("10:00", "16:00:00.000000001", "leaves the session"),
    ],
)
def test_a_window_must_lie_in_the_session(start: str, end: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        ParentOrder.buy(instrument(), 100, start=start, end=end)


def test_side_is_plus_or_minus_one() -> None:
    assert [Side.parse(text) for text in ("buy", "S", "+1", -1)] == [Side.BUY, Side.SELL, Side.BUY, Side.SELL]
    with pytest.raises(BadParameter, match="'hold'"):
        Side.parse("hold")
