"""Verb 2 with several schedules side by side, the frontier they are held against, and one page of it all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from nowake.domain.errors import BadParameter, NowakeError
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.reports.planning import Planning
from nowake.schedules.almgren_chriss import AlmgrenChrissDrift, FrontierPoint, frontier
from nowake.schedules.policy import OptimalPolicy
from nowake.schedules.uncertainty import Sensitivity, sensitivity
from nowake.verbs.asked import Model
from nowake.verbs.plan import Made, Plan, Policy, by_rule, cautions_of, made_of, model_of
from nowake.verbs.schedule_kinds import ByName, adverse_drift

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture


_POINTS = 40


class Plans(Planning, frozen=True, kw_only=True):
    """Plans of one order side by side, the chosen one first. Prints as tables; `html` writes one self-contained page.

    `policy` made the first of them; `source`, `fingerprint` and `command` say what they were made of.
    """

    plans: tuple[Plan, ...]
    policy: Any = None
    source: str = ""
    fingerprint: str = ""
    command: str = ""

    def html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as HTML that opens without network."""
        from nowake.reports import html  # noqa: PLC0415
        from nowake.reports.plan_page import build_page  # noqa: PLC0415

        told = msgspec.structs.replace(self, sensitivity=self.doubts())
        page = build_page(told, source=self.source, fingerprint=self.fingerprint, command=self.command)
        return html.write(path, page)

    def doubts(self) -> Sensitivity | None:
        """What each doubted number does to the first plan; None where it minimises nothing or nothing is doubted."""
        if not isinstance(self.policy, OptimalPolicy):
            return None
        try:
            return sensitivity(self.policy, self.plans[0].order, self.market)
        except BadParameter:
            return None

    def to_frame(self) -> pl.DataFrame:
        """One row a schedule and bucket."""
        import polars as pl  # noqa: PLC0415

        return pl.concat([plan.to_frame().with_columns(schedule=pl.lit(plan.name)) for plan in self.plans])

    def plot(self) -> Picture:
        """The frontier with the plans on it; what each leaves to trade where there is no frontier."""
        from nowake.reports.pictures.frontier import frontier as draw  # noqa: PLC0415
        from nowake.reports.pictures.holdings import holdings  # noqa: PLC0415

        return draw(self.frontier, self.marks, is_first_chosen=True) if self.frontier else holdings(self.plans)

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415

        return "\n\n".join(tables.render(table) for table in self.tables)

    __repr__ = __str__


def plans_in(
    order: ParentOrder,
    market: MarketState,
    policies: Sequence[Policy],
    *,
    model: Model | None = None,
    risk_aversion: float | str = "neutral",
    **by_name: Unpack[ByName],
) -> Plans:
    """Plans of one order by several policies or names; parameters as for `plan_in`.

    The first must be possible; of the others those that are not are left out and told with their reason.

    Raises
    ------
    BadParameter
        When no policy is given, or the first cannot serve this order.
    """
    if not policies:
        raise BadParameter("no schedule is given to compare; give names or policies, for example ['twap', 'vwap']")
    asked = model_of(model, market)
    law = asked.law
    drift = adverse_drift(order, market, by_name.get("drift_bps", 0.0))
    made: list[Made] = []
    absent: dict[str, str] = {}
    for policy in _distinct(policies):
        try:
            made.append(made_of(policy, order, market, law, risk_aversion, **by_name))
        except NowakeError as error:
            if not made:
                raise
            name = policy if isinstance(policy, str) else type(policy).__name__
            absent[name] = str(error).removeprefix(f"{name} ")
    plans = [each.plan for each in made]
    points, because = _frontier(order, market, law, buckets=len(plans[0].lots), drift=drift)
    return Plans(
        plans=_told_apart(plans),
        by_rule=tuple(by_rule(plan, market, law, adverse_drift=drift) for plan in plans),
        market=market,
        model=law,
        frontier=points,
        frontier_because=because,
        absent=absent,
        policy=made[0].policy,
        cautions=(*cautions_of(order, market, asked), *uncapped(points, by_name.get("max_participation"))),
        curve=by_name.get("curve"),
    )


def uncapped(points: Sequence[FrontierPoint], max_participation: float | None) -> tuple[str, ...]:
    """That the frontier knows no largest participation, where one was asked for."""
    if max_participation is None or not points:
        return ()
    return ("The frontier is of schedules without a largest participation, costed by the clock.",)


def _distinct(policies: Sequence[Policy]) -> list[Policy]:
    """Policies without names that stand among them twice."""
    names = [policy if isinstance(policy, str) else "" for policy in policies]
    return [policy for place, policy in enumerate(policies) if not (names[place] and names[place] in names[:place])]


def _told_apart(made: Sequence[Plan]) -> tuple[Plan, ...]:
    """Plans of one name numbered."""
    names = [plan.name for plan in made]
    return tuple(
        plan if names.count(plan.name) == 1 else msgspec.structs.replace(plan, name=f"{plan.name} {place}")
        for plan, place in zip(made, (names[: k + 1].count(name) for k, name in enumerate(names)), strict=True)
    )


def _frontier(
    order: ParentOrder, market: MarketState, law: Impact, *, buckets: int, drift: float
) -> tuple[tuple[FrontierPoint, ...], str]:
    """The efficient frontier in as many buckets as the chosen plan has, or why there is none.

    Where the price is expected to drift its schedules make the best of that, and its costs hold it as those of the
    plans do.
    """
    try:
        points = frontier(order, market, law, n=_POINTS, buckets=buckets)
    except BadParameter as error:
        return (), str(error)
    if not drift:
        return points, ""
    kept: list[FrontierPoint] = []
    for point in reversed(points):
        made = AlmgrenChrissDrift(law, point.risk_aversion, drift, n=buckets).plan(order, market)
        rule = by_rule(made, market, law, adverse_drift=drift)
        # What costs more at more risk than a schedule before it is no point of a frontier.
        if not kept or (rule.expected_cost_bps < kept[-1].expected_cost_bps and rule.cost_risk_bps > kept[-1].risk_bps):
            kept.append(
                FrontierPoint(
                    risk_aversion=point.risk_aversion,
                    expected_cost_bps=rule.expected_cost_bps,
                    risk_bps=rule.cost_risk_bps,
                )
            )
    return tuple(reversed(kept)), ""
