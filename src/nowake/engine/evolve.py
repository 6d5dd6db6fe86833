"""The single writer of View: what each event and each command sent does to it.

Order states change by one table. A pair that is not in it is an impossible history and raises; what venues
really do (fills before the acknowledgement, fills that win the race against a cancel, fills after a cancel was
confirmed, the same execution twice) is in it."""

from __future__ import annotations

from collections.abc import Callable

from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Reason
from nowake.domain.errors import NowakeError
from nowake.domain.event import (
    AnyEvent,
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildDenied,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    DenyReason,
    MarketMoved,
    RejectReason,
)
from nowake.domain.fill import Fill
from nowake.domain.order import OrderState as S
from nowake.domain.units import NS_PER_SECOND
from nowake.engine.view import Child, View

TRANSITIONS: dict[tuple[S, type], S] = {
    (S.PENDING_NEW, ChildAccepted): S.WORKING,
    (S.PENDING_NEW, ChildFilled): S.WORKING,  # An implicit acceptance.
    (S.PENDING_NEW, ChildCancelled): S.CANCELLED,  # The rest of an IOC.
    (S.PENDING_NEW, ChildRejected): S.REJECTED,
    (S.PENDING_NEW, ChildDenied): S.DENIED,
    (S.WORKING, ChildAccepted): S.WORKING,  # After an implicit acceptance.
    (S.WORKING, ChildFilled): S.WORKING,
    (S.WORKING, ChildReduced): S.WORKING,
    (S.WORKING, ChildCancelled): S.CANCELLED,  # Unsolicited.
    (S.PENDING_REDUCE, ChildAccepted): S.PENDING_REDUCE,
    (S.PENDING_REDUCE, ChildFilled): S.PENDING_REDUCE,
    (S.PENDING_REDUCE, ChildReduced): S.WORKING,
    (S.PENDING_REDUCE, CancelRejected): S.WORKING,
    (S.PENDING_REDUCE, ChildCancelled): S.CANCELLED,
    (S.PENDING_REDUCE, ChildRejected): S.REJECTED,
    (S.PENDING_CANCEL, ChildAccepted): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, ChildFilled): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, ChildReduced): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, ChildCancelled): S.CANCELLED,
    (S.PENDING_CANCEL, CancelRejected): S.WORKING,
    (S.PENDING_CANCEL, ChildRejected): S.REJECTED,
    (S.UNKNOWN, ChildAccepted): S.WORKING,  # It lives after all.
    (S.UNKNOWN, ChildFilled): S.WORKING,
    (S.UNKNOWN, ChildReduced): S.WORKING,
    (S.UNKNOWN, ChildCancelled): S.CANCELLED,
    (S.UNKNOWN, ChildRejected): S.REJECTED,
    (S.UNKNOWN, CancelRejected): S.UNKNOWN,
    (S.FILLED, ChildAccepted): S.FILLED,
    (S.FILLED, ChildReduced): S.FILLED,
    (S.FILLED, CancelRejected): S.FILLED,  # The cancel lost the race.
    (S.FILLED, ChildFilled): S.FILLED,  # More than we sent: booked, and reported as a breach.
    (S.CANCELLED, ChildAccepted): S.CANCELLED,
    (S.CANCELLED, CancelRejected): S.CANCELLED,
    (S.CANCELLED, ChildFilled): S.CANCELLED,  # A late fill: booked, and reported as a breach.
    (S.REJECTED, CancelRejected): S.REJECTED,
}


class ImpossibleEvent(NowakeError):  # noqa: N818
    """An event that no legal history contains: an unknown child, or a state that cannot follow."""


def evolve(view: View, event: AnyEvent) -> None:
    """Let one event happen.

    Raises
    ------
    ImpossibleEvent
        When the event names a child we never sent, or cannot follow the child's state.
    """
    view.now_ns = max(view.now_ns, event.time_ns)
    if isinstance(event, MarketMoved):
        _see_market(view, event)
        return
    child = view.child(event.child_id)
    if child is None:
        raise ImpossibleEvent(f"{type(event).__name__} for child {event.child_id}, which was never sent: {event}")
    state = TRANSITIONS.get((child.state, type(event)))
    if state is None:
        raise ImpossibleEvent(f"{type(event).__name__} cannot follow {child.state.name} of child {child.child_id}")
    child.state = state
    _EFFECTS[type(event)](view, child, event)
    if child.child_id in view.live and (child.state.is_terminal or child.open_lots == 0):
        _end(view, child)


def send(view: View, command: AnyCommand, reason: Reason) -> None:
    """Note that a command is on its way: from now on the child counts as what the command makes of it."""
    if isinstance(command, PlaceChild):
        view.next_child_id = max(view.next_child_id, command.child_id + 1)
        view.sends_ns.append(view.now_ns)
        while view.sends_ns[0] <= view.now_ns - NS_PER_SECOND:
            view.sends_ns.popleft()
        view.live[command.child_id] = Child(
            child_id=command.child_id,
            side=command.side,
            lots=command.lots,
            open_lots=command.lots,
            price_ticks=command.price_ticks,
            time_in_force=command.time_in_force,
            reason=reason,
            placed_ns=view.now_ns,
            post_only=command.post_only,
        )
    elif isinstance(command, CancelChild):
        view.live[command.child_id].state = S.PENDING_CANCEL
    elif isinstance(command, ReduceChild):
        view.live[command.child_id].state = S.PENDING_REDUCE


def _see_market(view: View, event: MarketMoved) -> None:
    view.book, view.phase = event.book, event.phase
    view.volume_lots, view.turnover = event.volume_lots, event.turnover
    if view.arrival is None and view.now_ns >= view.order.start_ns:
        view.arrival, view.arrival_ns = event.book, view.now_ns
        view.start_volume_lots = event.volume_lots


def _end(view: View, child: Child) -> None:
    child.ended_ns = view.now_ns
    if not child.state.is_terminal:
        child.state = S.FILLED
    child.open_lots = 0
    view.done[child.child_id] = view.live.pop(child.child_id)


def _on_filled(view: View, child: Child, event: ChildFilled) -> None:
    if event.execution_id in view.seen_executions:
        return
    view.seen_executions.add(event.execution_id)
    if event.lots > child.open_lots:
        view.breaches.append(
            f"child {child.child_id} was filled {event.lots} lots with {child.open_lots} open "
            f"({child.state.name}, execution {event.execution_id})"
        )
    child.filled_lots += event.lots
    child.open_lots = max(0, child.open_lots - event.lots)
    view.executed_lots += event.lots
    _on_accepted(view)
    view.fills.append(
        Fill(
            time_ns=event.time_ns,
            venue_ns=event.venue_ns,
            child_id=child.child_id,
            execution_id=event.execution_id,
            lots=event.lots,
            price_ticks=event.price_ticks,
            liquidity=event.liquidity,
            reason=child.reason,
            tape_ticks=event.tape_ticks,
        )
    )


def _on_accepted(view: View, *_: object) -> None:
    view.last_refusal = None
    view.refusals_in_a_row = 0
    view.outrun_ns = None


def _on_reduced(_view: View, child: Child, event: ChildReduced) -> None:
    child.open_lots = min(child.open_lots, event.lots)


def _on_cancelled(_view: View, child: Child, _event: ChildCancelled) -> None:
    child.open_lots = 0


def _on_refused(view: View, child: Child, event: ChildRejected | ChildDenied) -> None:
    child.open_lots = 0
    if event.reason is RejectReason.WOULD_TAKE:  # The venue did as asked: nothing stands in our way.
        view.refusals[event.reason] = view.refusals.get(event.reason, 0) + 1
        view.outrun_ns = view.now_ns
        return
    _count_refusal(view, event.reason)
    view.refusals_in_a_row += 1
    view.refused_ns = view.now_ns


def _on_cancel_rejected(view: View, child: Child, event: CancelRejected) -> None:
    done_elsewhere = event.reason in {RejectReason.ALREADY_DONE, RejectReason.UNKNOWN_ORDER}
    if done_elsewhere and not child.state.is_terminal:
        child.state = S.UNKNOWN
    if not done_elsewhere:
        _count_refusal(view, event.reason)


def _count_refusal(view: View, reason: DenyReason | RejectReason) -> None:
    view.refusals[reason] = view.refusals.get(reason, 0) + 1
    view.last_refusal = reason


_EFFECTS: dict[type, Callable[..., None]] = {
    ChildAccepted: _on_accepted,
    ChildFilled: _on_filled,
    ChildReduced: _on_reduced,
    ChildCancelled: _on_cancelled,
    ChildRejected: _on_refused,
    ChildDenied: _on_refused,
    CancelRejected: _on_cancel_rejected,
}
