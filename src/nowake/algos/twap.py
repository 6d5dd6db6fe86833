"""Time-weighted: equal lots in equal times. Wrong when volume has a shape: it is loud at noon and shy at the close."""

from __future__ import annotations

from nowake.algos.scheduled import Scheduled, follow
from nowake.domain.decider import Decision, View
from nowake.domain.order import ParentOrder


class Twap(Scheduled, frozen=True):
    """Spread an order evenly over its window.

    Parameters
    ----------
    order
        The parent.
    slices, min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing` and `Scheduled`.
    """

    order: ParentOrder

    def target_lots(self, time_ns: int) -> float:
        """Lots due by an instant: a straight line."""
        order = self.order
        elapsed = min(max(time_ns - order.start_ns, 0), order.duration_ns)
        return order.lots * elapsed / order.duration_ns

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        return follow(self, self, view)
