"""Follow a plan: any schedule, worked with the same pacing as the named algorithms.

A plan may ask for a block: much of the order in a bucket shorter than a slice. There slices are cut so that none is of
more than its even share of the order either, and the completion phase does not begin a block at the end early."""

from __future__ import annotations

import math

import numpy as np

from nowake.algos.scheduled import Grid, Scheduled, UnevenGrid, follow
from nowake.domain.decider import Decision, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.schedules.schedule import Schedule


class Follow(Scheduled, frozen=True):
    """Work a schedule that was planned beforehand.

    Parameters
    ----------
    schedule
        What to trade when; its order is the parent.
    slices, min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing` and `Scheduled`; there are up to twice as many slices where the plan has blocks.
    """

    schedule: Schedule

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.schedule, Schedule):
            raise BadParameter(
                f"{type(self.schedule).__name__} is no schedule to follow; give what a plan gave, for example "
                "nw.plan(order, day)"
            )
        if self.schedule.reverses:
            raise BadParameter(
                f"the {self.schedule.name} schedule trades against its order in some buckets (smallest "
                f"{min(self.schedule.lots)} lots), which no algorithm does; plan it with one sign only"
            )

    def __repr__(self) -> str:
        """In one line, for a plan prints as tables."""
        return f"Follow({self.schedule.name}, {len(self.schedule.lots):,} buckets: {self.schedule.order})"

    @property
    def order(self) -> ParentOrder:
        """The schedule's parent order."""
        return self.schedule.order

    def target_lots(self, time_ns: int) -> float:
        """Lots due by an instant."""
        return self.schedule.target_lots(time_ns)

    def grid(self, order: ParentOrder) -> Grid:
        """Even slices, but shorter ones where a bucket that is shorter than they are trades faster than on average."""
        schedule = self.schedule
        times = np.array((order.start_ns, *schedule.times_ns, order.end_ns), dtype=np.int64) - order.start_ns
        shares = np.array((0, *schedule.lots, 0)) / order.lots
        lengths = np.diff(times) / order.duration_ns
        is_block = (lengths < 1 / self.slices) & (shares > lengths)
        if not is_block.any():
            return super().grid(order)
        work = np.concatenate(([0.0], np.cumsum(np.where(is_block, shares, lengths))))
        count = math.ceil(self.slices * work[-1] - 1e-9)
        inner = np.interp(work[-1] * np.arange(1, count) / count, work, times).round().astype(np.int64)
        edges = np.unique(np.concatenate(([0], inner, [order.duration_ns])))
        return UnevenGrid(tuple((order.start_ns + edges).tolist()))

    def most_lots(self, time_ns: int) -> float:
        """Lots the completion phase may ask for by an instant: of a plan that ends in a block what the plan asks."""
        order, schedule = self.order, self.schedule
        last = next(bucket for bucket in range(len(schedule.lots) - 1, -1, -1) if schedule.lots[bucket])
        length_ns = schedule.times_ns[last + 1] - schedule.times_ns[last]
        phase_ns = self.completion_share * order.duration_ns
        if length_ns >= phase_ns or schedule.lots[last] * order.duration_ns <= order.lots * length_ns:
            return math.inf
        # A little ahead of it, so that the last look is not the first at the last lots.
        return schedule.target_lots(time_ns + round(max(0.1 * length_ns, 0.02 * phase_ns)))

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        return follow(self, self, view)
