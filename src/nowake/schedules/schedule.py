"""A schedule: bucket edges and the lots to trade between them, summing to the order exactly."""

from __future__ import annotations

import bisect
import itertools
import math

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.schedules.certificate import Certificate


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When to trade how much of one parent order.

    Parameters
    ----------
    name
        The kind of schedule, for tables: "TWAP", "Almgren-Chriss".
    order
        The parent it serves.
    times_ns
        N+1 bucket edges, increasing, from the order's start to no later than its end.
    lots
        N counts of lots that sum to the order's lots. Below 0 a bucket trades against the order: only some theories
        of transient impact ask for it, and no algorithm works it (`reverses`).
    expected_cost_bps, cost_risk_bps
        Expected cost and one standard deviation of it, in basis points of the arrival price; None where the
        schedule has no model of them.
    cost_parts
        What the expected cost is made of, name -> basis points: "spread", "temporary", "permanent", "drift", ...; they
        sum to it. Empty where the schedule has no model of them.
    certificate
        How it is known that no other schedule is better, before rounding to lots; None where it optimises nothing.
    inputs
        What made it: parameter name -> value.
    notes
        What was assumed, replaced or left out, one sentence each.
    """

    name: str
    order: ParentOrder
    times_ns: tuple[int, ...]
    lots: tuple[int, ...]
    expected_cost_bps: float | None = None
    cost_risk_bps: float | None = None
    cost_parts: dict[str, float] = {}
    certificate: Certificate | None = None
    inputs: dict[str, float] = {}
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.times_ns) != len(self.lots) + 1 or not self.lots:
            raise BadParameter(f"{len(self.lots)} buckets need {len(self.lots) + 1} edges; got {len(self.times_ns)}")
        if any(later <= earlier for earlier, later in zip(self.times_ns, self.times_ns[1:], strict=False)):
            raise BadParameter("bucket edges must increase; two are equal or out of order")
        if self.times_ns[0] < self.order.start_ns or self.times_ns[-1] > self.order.end_ns:
            raise BadParameter("bucket edges leave the order's window; keep them between its start and its end")
        if sum(self.lots) != self.order.lots:
            raise BadParameter(f"lots sum to {sum(self.lots)}; they must sum to {self.order.lots}")
        total = self.expected_cost_bps
        if self.cost_parts and total is not None and not _close(sum(self.cost_parts.values()), total):
            raise BadParameter(f"parts of the cost sum to {sum(self.cost_parts.values())} bps, not to {total}")

    @property
    def reverses(self) -> bool:
        """Whether some bucket trades against the order."""
        return min(self.lots) < 0

    @property
    def half_done_ns(self) -> int:
        """The instant at which half of the order is first done, evenly inside its bucket."""
        done = 0
        for (start_ns, end_ns), lots in zip(itertools.pairwise(self.times_ns), self.lots, strict=True):
            if 2 * (done + lots) >= self.order.lots:
                missing = self.order.lots / 2 - done
                return start_ns + round((end_ns - start_ns) * missing / lots)
            done += lots
        raise AssertionError("lots sum to the order, so half is reached")

    def target_lots(self, time_ns: int) -> float:
        """Lots that should be done by an instant: linear inside a bucket, 0 before the first, all after the last."""
        if time_ns <= self.times_ns[0]:
            return 0.0
        if time_ns >= self.times_ns[-1]:
            return float(self.order.lots)
        bucket = bisect.bisect_right(self.times_ns, time_ns) - 1
        start, end = self.times_ns[bucket], self.times_ns[bucket + 1]
        return sum(self.lots[:bucket]) + self.lots[bucket] * (time_ns - start) / (end - start)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
