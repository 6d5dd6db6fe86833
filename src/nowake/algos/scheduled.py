"""Algorithms that follow a curve of lots against time: TWAP, VWAP, implementation shortfall, and any plan."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from nowake.algos.pacing import Need, Pacing, before_or_after, completion_lots, decide, size_shift, slice_end_ns
from nowake.domain.decider import Decision, Reason, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder

MAX_SLICES = 100_000


class Curve(Protocol):
    """A decider with pacing, an order, a number of slices, and the lots due by an instant."""

    @property
    def order(self) -> ParentOrder: ...  # noqa: D102
    @property
    def slices(self) -> int: ...  # noqa: D102

    def target_lots(self, time_ns: int) -> float: ...  # noqa: D102


class Scheduled(Pacing, frozen=True, kw_only=True):
    """Base of the algorithms that follow a curve; `slices` is how many parts the window is worked in."""

    slices: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.slices <= MAX_SLICES:
            raise BadParameter(f"slices {self.slices} must be between 1 and {MAX_SLICES:,}")


class Slice(NamedTuple):
    """The running part of the window: its moved bounds, the lots due when it began, and those due when it ends."""

    start_ns: int
    end_ns: int
    due_before: float
    due_after: float


def follow(curve: Curve, pacing: Pacing, view: View) -> Decision:
    """One decision of a scheduled algorithm: rest what the running slice asks, take what ended slices left."""
    order = curve.order
    nothing = before_or_after(view, order)
    if nothing is not None:
        return nothing
    running = view.memo if isinstance(view.memo, Slice) else None
    if running is None or not running.start_ns <= view.now_ns < running.end_ns:
        running = _slice(curve, pacing, view)  # The same for every look in the slice: worked out once.
    due = running.due_before if pacing.catch_up else 0.0
    required = completion_lots(pacing, order, view.now_ns, due)
    overdue = max(0, math.floor(required + 1e-9) - view.executed_lots)
    ahead = math.floor(running.due_after + 1e-9) - view.executed_lots
    need = Need(
        overdue=overdue,
        resting=max(0, ahead - overdue),
        overdue_reason=Reason.COMPLETING if required > due else Reason.BEHIND_SCHEDULE,
        next_ns=running.end_ns,
    )
    return decide(pacing, order, view, need, memo=running)


def _slice(curve: Curve, pacing: Pacing, view: View) -> Slice:
    order, seed, index = curve.order, view.seed, running_slice(curve, pacing, view)
    bounds = (slice_end_ns(pacing, order, seed, index=k, slices=curve.slices) for k in (index, index + 1))
    due = (_due_lots(curve, pacing, seed, k) for k in (index, index + 1))
    return Slice(*bounds, *due)


def running_slice(curve: Curve, pacing: Pacing, view: View) -> int:
    """Index, from 0, of the slice whose moved bounds hold the present."""
    order = curve.order
    guess = (view.now_ns - order.start_ns) * curve.slices // order.duration_ns
    for index in (guess + 1, guess, guess - 1):
        if 0 <= index < curve.slices and view.now_ns >= slice_end_ns(
            pacing, order, view.seed, index=index, slices=curve.slices
        ):
            return index
    return max(0, guess - 1)


def _due_lots(curve: Curve, pacing: Pacing, seed: int, index: int) -> float:
    """Lots due when slice `index` ends, moved in size; 0 at the start and all at the end, exactly."""
    order = curve.order
    edges = [order.start_ns + order.duration_ns * k // curve.slices for k in (max(0, index - 1), index)]
    before, due = curve.target_lots(edges[0]), curve.target_lots(edges[1])
    return due + size_shift(pacing, seed, index=index, slices=curve.slices) * (due - before)
