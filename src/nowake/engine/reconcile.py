"""From what an algorithm wants working to the fewest commands that make it so.

What already stands where it is wanted is kept, with its place in the queue; too much of it is amended down; the
rest is cancelled, and only when a cancel is confirmed does its replacement leave. So at every instant, whatever
races are lost, no more can execute than the algorithm wants working and the parent has left."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Decision, Intent, Reason
from nowake.domain.errors import BadParameter
from nowake.domain.order import OrderState, TimeInForce
from nowake.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND
from nowake.engine.gate import Limits
from nowake.engine.view import Child, View

_LEAVING = frozenset({OrderState.PENDING_CANCEL, OrderState.PENDING_REDUCE, OrderState.UNKNOWN})
_KEEPABLE = frozenset({OrderState.PENDING_NEW, OrderState.WORKING, OrderState.PENDING_REDUCE})


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How little is worth a message: one policy for all algorithms.

    Parameters
    ----------
    min_age_ns
        A resting child younger than this is not moved to another price, and a post-only order that the market outran
        is not sent again sooner.
    min_reduce
        An excess below this fraction of the child is not amended away.
    max_children
        Children an intent may be spread over; beyond it the youngest is taken back and sent again with what is added.
    retry_ns
        How long nothing new is sent after a refusal; doubled with each refusal in a row, up to a minute.
    """

    min_age_ns: int = 250 * NS_PER_MS
    min_reduce: float = 0.0
    max_children: int = 10
    retry_ns: int = NS_PER_SECOND

    def __post_init__(self) -> None:
        for name in ("min_age_ns", "retry_ns"):
            if getattr(self, name) < 0:
                raise BadParameter(f"{name} {getattr(self, name)} must be 0 or more")
        if self.max_children < 1:
            raise BadParameter(f"max_children {self.max_children} must be 1 or more")
        if not 0.0 <= self.min_reduce <= 1.0:
            raise BadParameter(f"min_reduce {self.min_reduce} must be between 0 and 1")

    def quiet_until_ns(self, view: View) -> int:
        """Until when nothing new is sent, because the gate or the venue refused the latest attempts."""
        if view.refusals_in_a_row == 0:
            return 0 if view.outrun_ns is None else view.outrun_ns + self.min_age_ns
        return view.refused_ns + min(self.retry_ns << min(view.refusals_in_a_row - 1, 20), NS_PER_MINUTE)


class Outgoing(NamedTuple):
    """A command to send and the reason of the child it concerns."""

    command: AnyCommand
    reason: Reason


class Reconciled(NamedTuple):
    """Commands to send now, and when to look again because a child was too young to touch."""

    outgoing: tuple[Outgoing, ...]
    recheck_ns: int | None


def reconcile(view: View, decision: Decision, patience: Patience, limits: Limits) -> Reconciled:
    """The commands that turn what is live into what is wanted.

    Parameters
    ----------
    view, decision, patience
        What is, what should be, and how little is worth a message.
    limits
        Of the gate: a larger intent is sent as several children, and no more of them than would pass now.
    """
    spare = {child.child_id: child for child in view.live.values() if child.state in _KEEPABLE}
    outgoing: list[Outgoing] = []
    missing: list[tuple[Intent, int]] = []
    rechecks: list[int] = []
    for intent in decision.working:
        kept = [child for child in spare.values() if _serves(child, intent)]
        wanted = intent.lots
        for child in kept:
            wanted = _keep(child, wanted, spare, outgoing, patience)
        young = [child for child in spare.values() if _too_young(child, intent, view.now_ns, patience)]
        for child in young if wanted else ():
            wanted = _keep(child, wanted, spare, outgoing, patience)
            rechecks.append(child.placed_ns + patience.min_age_ns)
        if wanted and len(kept) >= patience.max_children:
            spare[kept[-1].child_id] = kept[-1]  # Taken back below: its place in the queue is the least worth.
            wanted += kept[-1].open_lots
        if wanted:
            missing.append((intent, wanted))
    for child in spare.values():
        if child.time_in_force is TimeInForce.DAY and child.state is not OrderState.PENDING_REDUCE:
            outgoing.append(Outgoing(CancelChild(child.child_id), child.reason))
    in_flux = bool(outgoing) or any(_is_leaving(child) for child in view.live.values())
    room = limits.room(view) if missing else 0
    quiet_until_ns = patience.quiet_until_ns(view)
    if missing and quiet_until_ns > view.now_ns:
        rechecks.append(quiet_until_ns)
    elif missing and room <= 0:
        rechecks.append(view.now_ns + NS_PER_SECOND)
    else:
        placements = _placements(view, decision, missing, limits, in_flux=in_flux)
        outgoing += itertools.islice(placements, room)
    return Reconciled(tuple(outgoing), min(rechecks, default=None))


def _is_leaving(child: Child) -> bool:
    """Whether part of what the child exposes is about to end without our doing more."""
    return child.state in _LEAVING or child.time_in_force is TimeInForce.IOC


def _serves(child: Child, intent: Intent) -> bool:
    """Whether a child already is what the intent wants. An IOC in flight serves at any price: it is gone soon.

    What must not take is served by a child that cannot, or that rests already.
    """
    if child.side != intent.side or child.time_in_force is not intent.time_in_force:
        return False
    if intent.post_only and not child.post_only and child.state is OrderState.PENDING_NEW:
        return False
    return child.price_ticks == intent.price_ticks or intent.time_in_force is TimeInForce.IOC


def _too_young(child: Child, intent: Intent, now_ns: int, patience: Patience) -> bool:
    """Whether a resting child should stand in for an intent at another price for a little longer."""
    return (
        intent.time_in_force is TimeInForce.DAY
        and child.time_in_force is TimeInForce.DAY
        and child.side == intent.side
        and child.side * (intent.price_ticks - child.price_ticks) >= 0  # Never leave a price that is now too good.
        and now_ns < child.placed_ns + patience.min_age_ns
    )


def _keep(child: Child, wanted: int, spare: dict[int, Child], outgoing: list[Outgoing], patience: Patience) -> int:
    """Let a child stand for up to `wanted` lots, amended down when it is larger; what is still wanted after it."""
    if wanted == 0:
        return 0
    del spare[child.child_id]
    excess = child.open_lots - wanted
    if excess > patience.min_reduce * child.open_lots and child.state is OrderState.WORKING:
        outgoing.append(Outgoing(ReduceChild(child.child_id, wanted), child.reason))
    return max(0, -excess)


def _placements(
    view: View, decision: Decision, missing: list[tuple[Intent, int]], limits: Limits, *, in_flux: bool
) -> Iterator[Outgoing]:
    """New children for what is missing, never exposing more than is wanted in all nor than the parent has left."""
    wanted = sum(intent.lots for intent in decision.working)
    budget = min(wanted, view.remaining_lots) - view.exposed_lots
    child_id = view.next_child_id
    for intent, lots in missing:
        if lots > budget and in_flux:
            continue  # What is on its way out makes room, and its end wakes us.
        left = min(lots, budget)
        budget -= left
        largest = limits.max_child_lots(view.order.instrument, intent.price_ticks)
        while left > 0:
            size = min(left, largest)
            place = PlaceChild(child_id, intent.side, size, intent.price_ticks, intent.time_in_force, intent.post_only)
            yield Outgoing(place, intent.reason)
            left -= size
            child_id += 1
