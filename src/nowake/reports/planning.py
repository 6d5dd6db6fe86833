"""One order planned in several ways, side by side by one costing rule; `plan_page.build_page` makes the page of it."""

from __future__ import annotations

import msgspec

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.reports import plan_tables as shown
from nowake.reports.table import Table
from nowake.schedules.almgren_chriss import FrontierPoint, PlanCost
from nowake.schedules.schedule import Schedule
from nowake.schedules.uncertainty import Sensitivity


class Planning(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules of one order. What could not be made is empty, with its reason.

    Parameters
    ----------
    plans
        The one that was asked for first.
    by_rule
        Cost and risk of each by the common rule (`schedules.cost_of`), in the same order.
    market, model
        What they were planned in, and how prices answer.
    frontier, frontier_because
        Points of the efficient frontier by the same rule; the reason where there is none.
    absent
        Schedules that could not be made, and why.
    sensitivity
        What each doubted number does to the first plan; None where nothing is doubted or it minimises nothing.
    curve
        The volume expected over the day; None where it is taken as even.
    cautions
        What of the order and its market speaks against leaning on any plan.
    """

    plans: tuple[Schedule, ...]
    by_rule: tuple[PlanCost, ...]
    market: MarketState
    model: Impact
    frontier: tuple[FrontierPoint, ...] = ()
    frontier_because: str = ""
    absent: dict[str, str] = {}
    sensitivity: Sensitivity | None = None
    curve: VolumeCurve | None = None
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.plans:
            raise BadParameter("there is no plan to show; give at least one schedule")

    @property
    def marks(self) -> tuple[Schedule, ...]:
        """The plans with the cost and risk of the common rule instead of their own: as they stand on the frontier."""
        return tuple(
            msgspec.structs.replace(
                plan, expected_cost_bps=rule.expected_cost_bps, cost_risk_bps=rule.cost_risk_bps, cost_parts={}
            )
            for plan, rule in zip(self.plans, self.by_rule, strict=True)
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """All there is to show on a screen, in the order it is read."""
        found = [shown.plans_table(self.plans, self.by_rule if len(self.plans) > 1 else (), cautions=self.cautions)]
        if len(self.plans) == 1:
            found.append(shown.trades_table(self.plans[0], self.market, self.curve, most=shown.MOST_TRADES))
        else:
            found.append(shown.cost_parts_table(self.plans))
        found += [shown.absent_table(self.absent)] if self.absent else []
        return tuple(found)
