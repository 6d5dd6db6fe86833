"""What venues really do to orders: each history ends in the right books."""

from __future__ import annotations

import pytest
from tests.worlds.samples import book, parent

from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Reason
from nowake.domain.event import (
    AnyEvent,
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    Liquidity,
    MarketMoved,
    MarketPhase,
    RejectReason,
)
from nowake.domain.order import OrderState
from nowake.domain.side import Side
from nowake.engine.evolve import ImpossibleEvent, evolve, send
from nowake.engine.view import View


def fill(lots: int, execution_id: int = 1, child_id: int = 1) -> ChildFilled:
    return ChildFilled(2, child_id, execution_id, lots, 9_999, Liquidity.MAKER, 1)


def placed(lots: int = 100) -> View:
    view = View(order=parent(1_000), seed=1)
    send(view, PlaceChild(1, Side.BUY, lots, 9_999), Reason.ON_SCHEDULE)
    return view


def after(*events: AnyEvent, cancel_first: bool = False) -> View:
    view = placed()
    if cancel_first:
        send(view, CancelChild(1), Reason.ON_SCHEDULE)
    for event in events:
        evolve(view, event)
    return view


def test_partial_fills_reach_the_position_and_the_last_one_ends_the_child() -> None:
    view = after(ChildAccepted(1, 1), fill(30, 1), fill(70, 2))
    assert (view.executed_lots, view.live, view.done[1].state) == (100, {}, OrderState.FILLED)


def test_a_fill_before_the_acknowledgement_is_an_implicit_acceptance() -> None:
    view = after(fill(30), ChildAccepted(3, 1))
    assert (view.live[1].state, view.live[1].open_lots) == (OrderState.WORKING, 70)


def test_the_same_execution_told_twice_counts_once() -> None:
    view = after(ChildAccepted(1, 1), fill(30, 7), fill(30, 7))
    assert (view.executed_lots, view.live[1].open_lots, len(view.fills)) == (30, 70, 1)


def test_fills_while_a_cancel_is_pending_are_kept_and_the_rest_comes_back() -> None:
    view = after(ChildAccepted(1, 1), fill(30), ChildCancelled(3, 1, 70), cancel_first=True)
    assert (view.executed_lots, view.done[1].state, view.exposed_lots) == (30, OrderState.CANCELLED, 0)


def test_a_cancel_that_lost_the_race_leaves_a_filled_child() -> None:
    view = after(fill(100), CancelRejected(3, 1, RejectReason.ALREADY_DONE), cancel_first=True)
    assert (view.executed_lots, view.done[1].state) == (100, OrderState.FILLED)


def test_a_cancel_rejected_as_done_waits_for_the_fill_and_stays_exposed() -> None:
    view = after(CancelRejected(3, 1, RejectReason.ALREADY_DONE), cancel_first=True)
    assert (view.live[1].state, view.exposed_lots) == (OrderState.UNKNOWN, 100)
    evolve(view, fill(100))
    assert (view.executed_lots, view.exposed_lots) == (100, 0)


def test_a_fill_after_the_cancel_was_confirmed_is_booked_and_flagged() -> None:
    view = after(ChildAccepted(1, 1), ChildCancelled(2, 1, 100), fill(40), cancel_first=True)
    assert (view.executed_lots, view.done[1].filled_lots, len(view.breaches)) == (40, 40, 1)


def test_a_fill_beyond_the_order_is_booked_and_flagged() -> None:
    view = after(ChildAccepted(1, 1), fill(105))
    assert (view.executed_lots, view.exposed_lots, len(view.breaches)) == (105, 0, 1)


def test_a_reduction_that_crosses_a_fill_never_reopens_lots() -> None:
    view = placed()
    evolve(view, ChildAccepted(1, 1))
    send(view, ReduceChild(1, 60), Reason.ON_SCHEDULE)
    evolve(view, fill(80))
    evolve(view, ChildReduced(3, 1, 60))
    assert view.live[1].open_lots == 20


def test_a_venue_reject_ends_the_child_and_is_counted() -> None:
    view = after(ChildRejected(1, 1, RejectReason.VENUE_FAULT))
    assert view.done[1].state is OrderState.REJECTED
    assert view.refusals == {RejectReason.VENUE_FAULT: 1}


def test_news_of_a_child_never_sent_is_refused() -> None:
    with pytest.raises(ImpossibleEvent, match="child 9"):
        after(fill(1, child_id=9))


def test_a_fill_of_a_rejected_child_is_impossible() -> None:
    with pytest.raises(ImpossibleEvent, match="REJECTED"):
        after(ChildRejected(1, 1, RejectReason.VENUE_FAULT), fill(1))


def test_arrival_and_start_volume_are_taken_when_the_window_opens() -> None:
    view = View(order=parent(), seed=1)
    start_ns = view.order.start_ns
    evolve(view, MarketMoved(start_ns - 1, book(90, 92), 500, 0, MarketPhase.CONTINUOUS))
    assert view.arrival is None
    evolve(view, MarketMoved(start_ns, book(93, 95), 700, 0, MarketPhase.CONTINUOUS))
    evolve(view, MarketMoved(start_ns + 1, book(99, 101), 900, 0, MarketPhase.CONTINUOUS))
    assert (view.arrival, view.start_volume_lots) == (book(93, 95), 700)
