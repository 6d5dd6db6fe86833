"""What stands where it is wanted keeps its place; nothing is ever exposed beyond what is wanted."""

from __future__ import annotations

import pytest
from tests.worlds.samples import parent

from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Decision, Intent, Reason
from nowake.domain.errors import BadParameter
from nowake.domain.event import ChildAccepted, ChildCancelled, ChildReduced, ChildRejected, RejectReason
from nowake.domain.order import OrderState, TimeInForce
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND
from nowake.engine.evolve import evolve, send
from nowake.engine.gate import Limits
from nowake.engine.reconcile import Patience, reconcile
from nowake.engine.view import View

AT_ONCE = Patience(min_age_ns=0)


def limits(most: int, alive: int = 50) -> Limits:
    """Limits of size alone, so that only it shows."""
    return Limits(max_value=1e15, max_lots=most, max_live_children=alive)


def view_with(*children: tuple[int, int], lots: int = 1_000, time_in_force: TimeInForce = TimeInForce.DAY) -> View:
    """A view whose live children, numbered from 1, rest (lots, price) accepted."""
    view = View(order=parent(lots), seed=1, now_ns=parent().start_ns)
    for size, price in children:
        send(view, PlaceChild(view.next_child_id, Side.BUY, size, price, time_in_force), Reason.ON_SCHEDULE)
        evolve(view, ChildAccepted(view.now_ns, view.next_child_id - 1))
    return view


def want(*intents: tuple[int, int], time_in_force: TimeInForce = TimeInForce.DAY) -> Decision:
    working = tuple(Intent(Side.BUY, lots, price, Reason.ON_SCHEDULE, time_in_force) for lots, price in intents)
    return Decision(working=working, reason=Reason.ON_SCHEDULE)


def commands(view: View, decision: Decision, patience: Patience = AT_ONCE, most: int = 10_000) -> list[object]:
    return [out.command for out in reconcile(view, decision, patience, limits(most)).outgoing]


def test_a_child_that_is_wanted_as_it_stands_is_left_alone() -> None:
    assert commands(view_with((100, 9_999)), want((100, 9_999))) == []


def test_more_at_the_same_price_adds_a_child_and_keeps_the_place_of_the_first() -> None:
    assert commands(view_with((100, 9_999)), want((150, 9_999))) == [
        PlaceChild(2, Side.BUY, 50, 9_999, TimeInForce.DAY)
    ]


def test_less_at_the_same_price_is_amended_down_in_place() -> None:
    assert commands(view_with((100, 9_999)), want((40, 9_999))) == [ReduceChild(1, 40)]


def test_a_new_price_cancels_first_and_places_only_when_the_cancel_is_confirmed() -> None:
    view = view_with((100, 9_999))
    assert commands(view, want((100, 10_000))) == [CancelChild(1)]
    send(view, CancelChild(1), Reason.ON_SCHEDULE)
    assert commands(view, want((100, 10_000))) == []
    evolve(view, ChildCancelled(view.now_ns, 1, 100))
    assert commands(view, want((100, 10_000))) == [PlaceChild(2, Side.BUY, 100, 10_000, TimeInForce.DAY)]


def test_a_reduction_on_its_way_still_counts_in_full() -> None:
    view = view_with((100, 9_999), lots=100)
    assert commands(view, want((40, 9_999), (60, 10_000))) == [ReduceChild(1, 40)]
    send(view, ReduceChild(1, 40), Reason.ON_SCHEDULE)
    assert commands(view, want((40, 9_999), (60, 10_000))) == []
    evolve(view, ChildReduced(view.now_ns, 1, 40))
    assert commands(view, want((40, 9_999), (60, 10_000))) == [PlaceChild(2, Side.BUY, 60, 10_000, TimeInForce.DAY)]


def test_an_ioc_in_flight_is_neither_cancelled_nor_doubled() -> None:
    view = view_with((100, 10_001), time_in_force=TimeInForce.IOC)
    assert commands(view, want((100, 10_002), time_in_force=TimeInForce.IOC)) == []
    assert commands(view, want()) == []


def test_a_young_child_is_left_at_its_price_until_it_is_old_enough() -> None:
    view = view_with((100, 9_999))
    patience = Patience(min_age_ns=NS_PER_SECOND)
    result = reconcile(view, want((100, 10_000)), patience, limits(1_000))
    assert result.outgoing == ()
    assert result.recheck_ns == view.now_ns + NS_PER_SECOND
    view.now_ns += NS_PER_SECOND
    assert commands(view, want((100, 10_000)), patience) == [CancelChild(1)]


def test_a_young_child_at_a_price_now_too_good_is_taken_back_at_once() -> None:
    assert commands(view_with((100, 9_999)), want((100, 9_990)), Patience(min_age_ns=NS_PER_SECOND)) == [CancelChild(1)]


def test_an_intent_beyond_the_largest_child_is_sent_in_parts() -> None:
    placed = commands(view_with(), want((250, 9_999)), most=100)
    assert [command.lots for command in placed if isinstance(command, PlaceChild)] == [100, 100, 50]


def test_nothing_is_placed_beyond_what_the_parent_has_left() -> None:
    assert commands(view_with(lots=70), want((100, 9_999))) == [PlaceChild(1, Side.BUY, 70, 9_999, TimeInForce.DAY)]


def test_an_unknown_child_is_exposed_and_blocks_its_replacement() -> None:
    view = view_with((100, 9_999))
    view.live[1].state = OrderState.UNKNOWN
    assert commands(view, want((100, 9_999))) == []


@pytest.mark.parametrize("bad", [{"min_age_ns": -1}, {"min_reduce": 1.5}, {"min_reduce": float("nan")}])
def test_patience_out_of_range_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=next(iter(bad))):
        Patience(**bad)


def test_no_more_children_are_placed_than_the_gate_has_room_for() -> None:
    view = view_with(lots=10**18)
    result = reconcile(view, want((10**18, 9_999)), AT_ONCE, limits(10, alive=3))
    assert len(result.outgoing) == 3
    send(view, PlaceChild(1, Side.BUY, 10, 9_998), Reason.ON_SCHEDULE)
    send(view, CancelChild(1), Reason.ON_SCHEDULE)
    full = reconcile(view, want((10**18, 9_999)), AT_ONCE, limits(10, alive=1))
    assert (full.outgoing, full.recheck_ns) == ((), view.now_ns + NS_PER_SECOND)


def test_after_refusals_nothing_new_is_sent_for_a_while_that_doubles() -> None:
    view = view_with()
    waits = []
    for child_id in range(1, 9):
        send(view, PlaceChild(child_id, Side.BUY, 10, 9_999), Reason.ON_SCHEDULE)
        evolve(view, ChildRejected(view.now_ns, child_id, RejectReason.VENUE_FAULT))
        result = reconcile(view, want((10, 9_999)), AT_ONCE, limits(10))
        assert result.outgoing == ()
        assert result.recheck_ns is not None
        waits.append((result.recheck_ns - view.now_ns) // NS_PER_SECOND)
        view.now_ns = result.recheck_ns
        assert len(commands(view, want((10, 9_999)))) == 1
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_an_acceptance_ends_the_wait() -> None:
    view = view_with()
    send(view, PlaceChild(1, Side.BUY, 10, 9_999), Reason.ON_SCHEDULE)
    evolve(view, ChildRejected(view.now_ns, 1, RejectReason.VENUE_FAULT))
    send(view, PlaceChild(2, Side.BUY, 10, 9_999), Reason.ON_SCHEDULE)
    evolve(view, ChildAccepted(view.now_ns, 2))
    assert commands(view, want((30, 9_999))) == [PlaceChild(3, Side.BUY, 20, 9_999, TimeInForce.DAY)]


def test_an_intent_spread_over_too_many_children_gathers_the_youngest() -> None:
    view = view_with(*[(10, 9_999)] * 4)
    patience = Patience(min_age_ns=0, max_children=4)
    assert commands(view, want((50, 9_999)), patience) == [CancelChild(4)]
    send(view, CancelChild(4), Reason.ON_SCHEDULE)
    evolve(view, ChildCancelled(view.now_ns, 4, 10))
    assert commands(view, want((50, 9_999)), patience) == [PlaceChild(5, Side.BUY, 20, 9_999, TimeInForce.DAY)]
