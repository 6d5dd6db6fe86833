"""Implementation shortfall: trade early what price risk makes dear to wait for (Almgren and Chriss 2000).

The remaining holding follows their optimal path x(t) = X sinh(kappa (T - t)) / sinh(kappa T), equation 18 in
continuous form. Wrong when the impact is not linear or the volume of the window is far from even."""

from __future__ import annotations

import math
from typing import Any, Self

from nowake.algos.scheduled import Scheduled, follow
from nowake.domain.decider import Decision, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_SECOND


class Shortfall(Scheduled, frozen=True):
    """Front-load an order by its urgency.

    Parameters
    ----------
    order
        The parent.
    kappa
        kappa in 1/second: the holding decays by e in 1/kappa seconds while the end is far. 0 is TWAP.
    slices, min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing` and `Scheduled`.
    """

    order: ParentOrder
    kappa: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isfinite(self.kappa) or self.kappa < 0:
            raise BadParameter(f"kappa {self.kappa} must be a finite rate per second, 0 or more")

    @classmethod
    def with_urgency(cls, order: ParentOrder, urgency: float, **pacing: Any) -> Self:
        """The algorithm with kappa T = urgency: 0 passive (TWAP), about 1 neutral, 3 aggressive, 10 get done."""
        if not math.isfinite(urgency) or urgency < 0:
            raise BadParameter(f"urgency {urgency} must be a finite number, 0 or more")
        return cls(order, kappa=urgency / (order.duration_ns / NS_PER_SECOND), **pacing)

    def target_lots(self, time_ns: int) -> float:
        """Lots due by an instant. Written with exponentials of negative numbers, so that no urgency overflows."""
        order = self.order
        elapsed = min(max(time_ns - order.start_ns, 0), order.duration_ns) / NS_PER_SECOND
        total = order.duration_ns / NS_PER_SECOND
        if self.kappa * total < 1e-6:
            return order.lots * elapsed / total
        left, whole = self.kappa * (total - elapsed), self.kappa * total
        holding = math.exp(left - whole) * math.expm1(-2 * left) / math.expm1(-2 * whole)
        return order.lots * (1.0 - holding)

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        return follow(self, self, view)
