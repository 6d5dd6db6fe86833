"""Algorithms that follow a curve of lots against time: TWAP, VWAP, implementation shortfall, and any plan."""

from __future__ import annotations

import bisect
import math
from typing import NamedTuple, Protocol

from nowake.algos.pacing import (
    Need,
    Pacing,
    before_or_after,
    completion_lots,
    decide,
    size_shift,
    slice_end_ns,
    slice_end_shift,
)
from nowake.domain.decider import Decision, Reason, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder

MAX_SLICES = 100_000


class Curve(Protocol):
    """A decider with pacing, an order, the slices it is worked in, and the lots due by an instant."""

    @property
    def order(self) -> ParentOrder: ...  # noqa: D102

    def grid(self, order: ParentOrder) -> Grid: ...  # noqa: D102
    def target_lots(self, time_ns: int) -> float: ...  # noqa: D102
    def most_lots(self, time_ns: int) -> float: ...  # noqa: D102


class Scheduled(Pacing, frozen=True, kw_only=True):
    """Base of the algorithms that follow a curve; `slices` is how many parts the window is worked in."""

    slices: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.slices <= MAX_SLICES:
            raise BadParameter(f"slices {self.slices} must be between 1 and {MAX_SLICES:,}")

    def grid(self, order: ParentOrder) -> Grid:
        """Where slices of the window end before they are moved: evenly in time."""
        return EvenGrid(order, self.slices)

    def most_lots(self, time_ns: int) -> float:  # noqa: ARG002  # A curve that ends in a block looks at it.
        """Lots the completion phase may ask for by an instant: any."""
        return math.inf


class Grid(Protocol):
    """Slices of a window before they are moved."""

    @property
    def slices(self) -> int: ...  # noqa: D102

    def edge_ns(self, index: int) -> int:
        """When slice `index` ends, the first being 1; the start of the window for 0."""
        ...

    def moved_ns(self, pacing: Pacing, seed: int, index: int) -> int:
        """The same moved by a draw, by up to half `randomize_time` of a slice, so that order is kept."""
        ...

    def index_at(self, time_ns: int) -> int:
        """How many slices have ended by an instant, from 0."""
        ...


class EvenGrid(NamedTuple):
    """Slices of one length."""

    order: ParentOrder
    slices: int

    def edge_ns(self, index: int) -> int:
        """When slice `index` ends."""
        return self.order.start_ns + self.order.duration_ns * index // self.slices

    def moved_ns(self, pacing: Pacing, seed: int, index: int) -> int:
        """The same moved by a draw."""
        return slice_end_ns(pacing, self.order, seed, index=index, slices=self.slices)

    def index_at(self, time_ns: int) -> int:
        """How many have ended by an instant."""
        return (time_ns - self.order.start_ns) * self.slices // self.order.duration_ns


class UnevenGrid(NamedTuple):
    """Slices between any edges, which increase from the start of a window to its end."""

    edges_ns: tuple[int, ...]

    @property
    def slices(self) -> int:
        """How many there are."""
        return len(self.edges_ns) - 1

    def edge_ns(self, index: int) -> int:
        """When slice `index` ends."""
        return self.edges_ns[index]

    def moved_ns(self, pacing: Pacing, seed: int, index: int) -> int:
        """The same moved by a draw, as far as the shorter of the two slices beside it allows."""
        edge_ns = self.edges_ns[index]
        if index in {0, self.slices}:
            return edge_ns
        shorter_ns = min(edge_ns - self.edges_ns[index - 1], self.edges_ns[index + 1] - edge_ns)
        return edge_ns + round(slice_end_shift(pacing, seed, index=index) * shorter_ns)

    def index_at(self, time_ns: int) -> int:
        """How many have ended by an instant."""
        return bisect.bisect_right(self.edges_ns, time_ns) - 1


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
    completing = completion_lots(pacing, order, view.now_ns, 0.0)
    if completing > due:
        completing = min(completing, curve.most_lots(view.now_ns))
    required = max(due, completing)
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
    grid, seed = curve.grid(curve.order), view.seed
    index = running_slice(grid, pacing, view)
    bounds = (grid.moved_ns(pacing, seed, k) for k in (index, index + 1))
    due = (due_lots(curve, grid, pacing, seed, k) for k in (index, index + 1))
    return Slice(*bounds, *due)


def running_slice(grid: Grid, pacing: Pacing, view: View) -> int:
    """Index, from 0, of the slice whose moved bounds hold the present."""
    guess = grid.index_at(view.now_ns)
    for index in (guess + 1, guess, guess - 1):
        if 0 <= index < grid.slices and view.now_ns >= grid.moved_ns(pacing, view.seed, index):
            return index
    return max(0, guess - 1)


def due_lots(curve: Curve, grid: Grid, pacing: Pacing, seed: int, index: int) -> float:
    """Lots due when slice `index` ends, moved in size; 0 at the start and all at the end, exactly."""
    before, due = (curve.target_lots(grid.edge_ns(k)) for k in (max(0, index - 1), index))
    return due + size_shift(pacing, seed, index=index, slices=grid.slices) * (due - before)
