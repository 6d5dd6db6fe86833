"""Follow a plan: any schedule, worked with the same pacing as the named algorithms."""

from __future__ import annotations

from nowake.algos.scheduled import Scheduled, follow
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
        As for `Pacing` and `Scheduled`.
    """

    schedule: Schedule

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.schedule.reverses:
            raise BadParameter(
                f"the {self.schedule.name} schedule trades against its order in some buckets (smallest "
                f"{min(self.schedule.lots)} lots), which no algorithm does; plan it with one sign only"
            )

    @property
    def order(self) -> ParentOrder:
        """The schedule's parent order."""
        return self.schedule.order

    def target_lots(self, time_ns: int) -> float:
        """Lots due by an instant."""
        return self.schedule.target_lots(time_ns)

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        return follow(self, self, view)
