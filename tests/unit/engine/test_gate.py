"""Each check at its boundary: at the limit passes, one more is refused. Cancels always leave."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec
import pytest
from tests.worlds.samples import book, instrument, parent

from nowake.domain.book import BookSnapshot
from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Reason
from nowake.domain.errors import BadParameter
from nowake.domain.event import DenyReason
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND
from nowake.engine.evolve import send
from nowake.engine.gate import Limits, check
from nowake.engine.view import View

LIMITS = Limits(max_value=50_000.0, max_lots=400, collar_bps=500.0, max_orders_per_second=3, max_live_children=5)


def view(lots: int = 1_000, *, side: Side = Side.BUY, limit_ticks: int | None = None) -> View:
    order = parent(lots, side=side, limit_ticks=limit_ticks)
    return View(order=order, seed=1, now_ns=order.start_ns, book=book(9_999, 10_001))


def buy(lots: int = 100, price_ticks: int = 10_001) -> PlaceChild:
    return PlaceChild(1, Side.BUY, lots, price_ticks)


def test_an_order_inside_every_limit_leaves() -> None:
    assert check(buy(), LIMITS, view()) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (buy(400), None),
        (buy(401), DenyReason.MAX_LOTS),
        (buy(499, 10_001), DenyReason.MAX_LOTS),
        (buy(100, 10_501), None),  # 5 % through 10,001 is 10,501.05.
        (buy(100, 10_502), DenyReason.PRICE_COLLAR),
        (buy(0), DenyReason.BAD_NUMBER),
        (buy(-5), DenyReason.BAD_NUMBER),
        (buy(100, 0), DenyReason.BAD_NUMBER),
        (PlaceChild(1, Side.SELL, 100, 9_999), DenyReason.WRONG_SIDE),
    ],
)
def test_size_price_and_side_at_their_boundaries(command: PlaceChild, expected: DenyReason | None) -> None:
    assert check(command, LIMITS, view()) == expected


def test_value_is_checked_at_the_order_price_and_a_market_price_cannot_dodge_it() -> None:
    limits = Limits(max_value=10_001.0)
    assert check(buy(100, 10_001), limits, view()) is None
    assert check(buy(100, 10_002), limits, view()) is DenyReason.MAX_VALUE


def test_conservation_counts_everything_that_could_still_execute() -> None:
    state = view(150)
    send(state, buy(100), Reason.ON_SCHEDULE)
    assert check(PlaceChild(2, Side.BUY, 50, 10_001), LIMITS, state) is None
    assert check(PlaceChild(2, Side.BUY, 51, 10_001), LIMITS, state) is DenyReason.OVER_PARENT
    send(state, CancelChild(1), Reason.ON_SCHEDULE)
    assert check(PlaceChild(2, Side.BUY, 51, 10_001), LIMITS, state) is DenyReason.OVER_PARENT


def test_the_parents_limit_holds_at_the_gate_for_both_sides() -> None:
    assert check(buy(100, 10_002), LIMITS, view(limit_ticks=10_001)) is DenyReason.PARENT_LIMIT
    sell = PlaceChild(1, Side.SELL, 100, 9_998)
    assert check(sell, LIMITS, view(side=Side.SELL, limit_ticks=9_999)) is DenyReason.PARENT_LIMIT


def test_without_any_price_to_hold_against_nothing_leaves() -> None:
    state = view()
    state.book = BookSnapshot()
    assert check(buy(), LIMITS, state) is DenyReason.NO_REFERENCE


def test_the_message_rate_holds_new_orders_but_never_a_cancel() -> None:
    state = view()
    for child_id in (1, 2, 3):
        send(state, PlaceChild(child_id, Side.BUY, 10, 9_999), Reason.ON_SCHEDULE)
    assert check(PlaceChild(4, Side.BUY, 10, 9_999), LIMITS, state) is DenyReason.MESSAGE_RATE
    assert check(CancelChild(1), LIMITS, state) is None
    assert check(ReduceChild(1, 5), LIMITS, state) is None
    state.now_ns += NS_PER_SECOND
    assert check(PlaceChild(4, Side.BUY, 10, 9_999), LIMITS, state) is None


def test_live_children_are_bounded() -> None:
    state = view()
    limits = Limits(max_live_children=2)
    for child_id in (1, 2):
        send(state, PlaceChild(child_id, Side.BUY, 10, 9_999), Reason.ON_SCHEDULE)
    assert check(PlaceChild(3, Side.BUY, 10, 9_999), limits, state) is DenyReason.MAX_LIVE_CHILDREN


@pytest.mark.parametrize("price_ticks", [1, 9_999, 10_501])
def test_the_largest_child_passes_the_gate_at_its_price_and_one_lot_more_does_not(price_ticks: int) -> None:
    state, limits = view(10_000_000), Limits(max_value=50_000.0)
    lots = limits.max_child_lots(state.order.instrument, price_ticks)
    assert check(PlaceChild(1, Side.BUY, lots, price_ticks), limits, state) is None
    assert check(PlaceChild(1, Side.BUY, lots + 1, price_ticks), limits, state) is DenyReason.MAX_VALUE


def test_a_resting_sale_far_above_the_market_is_sized_at_its_own_price() -> None:
    state, limits = view(10_000_000, side=Side.SELL), Limits(max_value=50_000.0)
    lots = limits.max_child_lots(state.order.instrument, 20_000)
    assert check(PlaceChild(1, Side.SELL, lots, 20_000), limits, state) is None


@pytest.mark.parametrize(
    ("name", "value"), [("max_value", math.nan), ("max_value", -1.0), ("collar_bps", 0.0), ("max_live_children", 0)]
)
def test_limits_that_mean_nothing_are_refused(name: str, value: float) -> None:
    with pytest.raises(BadParameter, match=name):
        Limits(**{name: value})


def unvalued() -> View:
    order = msgspec.structs.replace(parent(1_000), instrument=instrument(multiplier=None))
    return View(order=order, seed=1, now_ns=order.start_ns, book=book(9_999, 10_001))


def test_a_value_that_cannot_be_computed_is_within_no_limit() -> None:
    assert check(buy(1), Limits(max_value=1e12), unvalued()) is DenyReason.MAX_VALUE
    assert check(buy(1), Limits(max_value=None), unvalued()) is None


def test_a_limit_on_a_value_that_cannot_be_computed_is_refused_before_anything_is_sent() -> None:
    future = instrument(multiplier=None)
    with pytest.raises(BadParameter, match="max_value 50,000 cannot be held for TEST"):
        Limits.for_instrument(future, LIMITS)
    assert Limits.for_instrument(future).max_value is None
    assert Limits.for_instrument(instrument()) == Limits()
    assert Limits.for_instrument(instrument(), LIMITS) is LIMITS


def test_the_multiplier_counts_towards_the_largest_value() -> None:
    es = instrument(multiplier=Decimal(50))
    assert 5 == Limits(max_value=25_000.0).max_child_lots(es, 10_000)
    assert 400 == Limits(max_value=None, max_lots=400).max_child_lots(es, 10_000)
