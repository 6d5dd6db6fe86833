"""A parent order is checked when it is made, so that nothing later need ask."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from tests.worlds.samples import OPEN_NS, instrument

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Session
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND, epoch_ns


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
        ("09:00", "10:00", "window 09:00:00-10:00:00 leaves the session of 2026-01-05, 09:30:00 to 16:00"),
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


def test_an_order_for_the_first_hour_of_a_session_that_opens_the_evening_before() -> None:
    opens, closes = (epoch_ns(dt.datetime(2023, 12, day, hour, tzinfo=dt.UTC)) for day, hour in ((25, 23), (26, 22)))
    evening = Session(date=dt.date(2023, 12, 26), timezone="America/Chicago", open_ns=opens, close_ns=closes)
    order = ParentOrder.buy(instrument(session=evening), 20, start="17:05", end="17:50")
    assert (opens + 300 * NS_PER_SECOND, opens + 3_000 * NS_PER_SECOND) == (order.start_ns, order.end_ns)
    assert "2023-12-25T17:05:00-2023-12-25T17:50:00" in str(order)
    with pytest.raises(BadParameter, match="of 2023-12-26, 2023-12-25T17:00:00 to 16:00:00 America/Chicago"):
        ParentOrder.buy(instrument(session=evening), 20, start="16:30", end="16:45")


def test_an_order_prints_its_size_and_limit_in_plain_digits() -> None:
    coin = instrument(lot_size="0.00001", tick_size=Decimal("0.001"))
    order = ParentOrder.buy(coin, "0.00001", start="10:00", end="11:00", limit="61715.885")
    assert str(order).startswith("buy 0.00001 TEST")
    assert str(order).endswith("limit 61,715.885")
    with pytest.raises(BadParameter, match=r"quantity 0.000001 is not a multiple of lot size 0.00001; use 0.00001"):
        coin.lots("0.000001")


def test_an_order_until_midnight_ends_with_a_session_of_24_hours() -> None:
    opens, closes = (epoch_ns(dt.datetime(2024, 8, day, tzinfo=dt.UTC)) for day in (8, 9))
    whole = Session(date=dt.date(2024, 8, 8), timezone="UTC", open_ns=opens, close_ns=closes)
    for start, expected_ns in (("00:00", opens), ("23:00", closes - 3_600 * NS_PER_SECOND)):
        order = ParentOrder.sell(instrument(session=whole), 1, start=start, end="00:00")
        assert (expected_ns, closes) == (order.start_ns, order.end_ns)
