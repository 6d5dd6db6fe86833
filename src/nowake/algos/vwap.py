"""Volume-weighted: lots in proportion to the volume a curve expects.

As right as the curve: it forecasts, it does not react to the volume that comes."""

from __future__ import annotations

from nowake.algos.scheduled import Scheduled, follow
from nowake.domain.decider import Decision, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.volume import VolumeCurve


class Vwap(Scheduled, frozen=True):
    """Spread an order over its window as market volume is expected to be.

    Parameters
    ----------
    order
        The parent.
    curve
        Share of the day's volume by time of day.
    slices, min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing` and `Scheduled`.
    """

    order: ParentOrder
    curve: VolumeCurve

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.curve.share_between(self.order.start_ns, self.order.end_ns) <= 0:
            raise BadParameter(
                "the volume curve expects no volume in the order's window; choose another window or curve"
            )

    def target_lots(self, time_ns: int) -> float:
        """Lots due by an instant: the share of the window's expected volume that has passed."""
        order, share = self.order, self.curve.share_between
        if time_ns <= order.start_ns:
            return 0.0
        if time_ns >= order.end_ns:
            return float(order.lots)
        return order.lots * share(order.start_ns, time_ns) / share(order.start_ns, order.end_ns)

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        return follow(self, self, view)
