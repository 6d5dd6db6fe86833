"""Verb 2: when to trade how much?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Unpack, overload

import msgspec

from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.cautions import limit_cautions, market_cautions, rule_of_thumb_cautions
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss import PlanCost, cost_of
from nowake.schedules.policy import SchedulePolicy
from nowake.schedules.schedule import Schedule
from nowake.verbs.asked import Asked, Model, asked_of
from nowake.verbs.checks import check_order
from nowake.verbs.market import market_of
from nowake.verbs.promote import promote
from nowake.verbs.schedule_kinds import ByName, Wanted, adverse_drift, default_bucket_ns, is_averse, policy_named
from nowake.verbs.urgency_words import risk_aversion_of

if TYPE_CHECKING:
    import polars as pl

    from nowake.algos.follow import Follow
    from nowake.reports.pictures.canvas import Picture
    from nowake.verbs.plans import Plans

Policy = SchedulePolicy | str
_CURVE_BUCKET_NS = 5 * NS_PER_MINUTE


class Plan(Schedule, frozen=True):
    """A schedule one can look at and follow. Prints as a table: cost and its parts, risk, certificate, assumptions."""

    def to_frame(self) -> pl.DataFrame:
        """One row a bucket: start, end, lots, quantity, lots done by its end."""
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame(
            {
                "start_ns": list(self.times_ns[:-1]),
                "end_ns": list(self.times_ns[1:]),
                "lots": list(self.lots),
                "quantity": [self.order.instrument.quantity(lots) for lots in self.lots],
            }
        ).with_columns(done_lots=pl.col("lots").cum_sum())

    def plot(self) -> Picture:
        """What is left to trade against time."""
        from nowake.reports.pictures.holdings import holdings  # noqa: PLC0415

        return holdings([self])

    def follow(self) -> Follow:
        """The algorithm that works this plan."""
        from nowake.algos.follow import Follow  # noqa: PLC0415

        return Follow(self)

    def __str__(self) -> str:
        from nowake.reports import plan_tables, tables  # noqa: PLC0415

        return tables.render(plan_tables.plans_table([self]))

    __repr__ = __str__


@overload
def plan(  # type: ignore[overload-overlap]  # A name is a sequence of letters too.
    order: ParentOrder,
    day: Day,
    policy: Policy = "almgren-chriss",
    *,
    look_ahead: bool = True,
    model: Model | None = None,
    risk_aversion: float | str = "neutral",
    **by_name: Unpack[ByName],
) -> Plan: ...
@overload
def plan(
    order: ParentOrder,
    day: Day,
    policy: Sequence[Policy],
    *,
    look_ahead: bool = True,
    model: Model | None = None,
    risk_aversion: float | str = "neutral",
    **by_name: Unpack[ByName],
) -> Plans: ...


def plan(
    order: ParentOrder,
    day: Day,
    policy: Policy | Sequence[Policy] = "almgren-chriss",
    *,
    look_ahead: bool = True,
    model: Model | None = None,
    risk_aversion: float | str = "neutral",
    **by_name: Unpack[ByName],
) -> Plan | Plans:
    """When to trade how much of an order on a day.

    Parameters
    ----------
    order, day
        The parent and the market data.
    policy
        How to plan: `schedules.Twap()`, `schedules.Vwap(curve)`, `schedules.AlmgrenChriss(model, risk_aversion)`, or
        the name of a kind with the market's own parameters ("vwap", "almgren-chriss"). Several give them side by side.
    look_ahead
        As for `estimate`.
    model
        Impact for kinds by name, and for the cost of schedules that have no model of it; linear impact by the rule of
        thumb of the market's own spread and volume by default.
    risk_aversion
        Of kinds by name: a number per unit of currency, or passive, neutral, aggressive or get-done.
    curve, bucket_ns, rate, half_life_ns, drift_bps, max_participation
        Of kinds by name, as in `schedule_kinds.Wanted`; `curve` is by default the day's own, `drift_bps` is in the cost
        of every plan.

    Returns
    -------
    Plan or Plans
        Of one policy, else the comparison, which also writes the HTML page.

    Raises
    ------
    BadParameter
        When the policy cannot serve this order, or the order is of another instrument or day.
    """
    check_order(order, day)
    market = market_of(order, day, look_ahead=look_ahead)
    by_name.setdefault("curve", day_curve(day, market, look_ahead=look_ahead))
    if isinstance(policy, Sequence) and not isinstance(policy, str):
        from nowake.verbs.plans import plans_in  # noqa: PLC0415

        source = f"{day.source} {day.instrument.session.date}"
        made = plans_in(order, market, policy, model=model, risk_aversion=risk_aversion, **by_name)
        return msgspec.structs.replace(made, source=source, fingerprint=day.fingerprint)
    return plan_in(order, market, policy, model=model, risk_aversion=risk_aversion, **by_name)


def plan_in(
    order: ParentOrder,
    market: MarketState,
    policy: Policy = "almgren-chriss",
    *,
    model: Model | None = None,
    risk_aversion: float | str = "neutral",
    **by_name: Unpack[ByName],
) -> Plan:
    """The same in a market that is known. Parameters as `plan`, but that volume is even without a curve."""
    asked = model_of(model, market)
    made = made_of(policy, order, market, asked.law, risk_aversion, **by_name).plan
    cautions = dict.fromkeys((*made.notes, *cautions_of(order, market, asked)))
    return msgspec.structs.replace(made, notes=tuple(cautions))


class Made(NamedTuple):
    """A plan, and the policy that made it."""

    plan: Plan
    policy: SchedulePolicy


def made_of(
    policy: Policy,
    order: ParentOrder,
    market: MarketState,
    law: Impact,
    risk_aversion: float | str,
    **by_name: Unpack[ByName],
) -> Made:
    """As `plan_in`, with the policy, and without what is to be said of the order whatever the plan."""
    found, notes = policy_of(policy, order, market, law, risk_aversion, **by_name)
    drift = adverse_drift(order, market, by_name.get("drift_bps", 0.0))
    schedule = priced(found.plan(order, market), market, law, adverse_drift=drift)
    notes = (*notes, *schedule.notes, *_lots_note(schedule))
    return Made(promote(msgspec.structs.replace(schedule, notes=notes), Plan), found)


def _lots_note(schedule: Schedule) -> tuple[str, ...]:
    """What buckets finer than lots do to the cost."""
    count, lots = len(schedule.lots), schedule.order.lots
    if lots >= count:
        return ()
    return (
        f"{count:,} buckets are finer than {lots:,} lots can follow: most are empty, and a lot is costed as if traded "
        "within its own bucket, far dearer than it is; take longer buckets (--bucket)",
    )


def cautions_of(order: ParentOrder, market: MarketState, asked: Asked) -> tuple[str, ...]:
    """What of the order, its market and what a model was fitted to speaks against leaning on any plan."""
    law, seen, _ = asked
    beyond = () if seen is None else seen.beyond(market.terms(order.quantity, days_of(order)))
    return (
        *beyond,
        *market.notes,
        *_value_caution(order),
        *market_cautions(market, order.quantity, days_of(order)),
        *limit_cautions(order, market),
        *rule_of_thumb_cautions(law, order, market),
    )


def _value_caution(order: ParentOrder) -> tuple[str, ...]:
    """What is not known of the worth of an instrument without a multiplier."""
    instrument = order.instrument
    if instrument.multiplier is not None:
        return ()
    return (
        f"What one unit of {instrument.symbol} is worth for one unit of price is not known, or not one number (an "
        "inverse contract, here costed as a linear one): λ is per unit of price times quantity. Where there is a "
        "multiplier, give it (--multiplier).",
    )


def policy_of(
    policy: Policy,
    order: ParentOrder,
    market: MarketState,
    law: Impact,
    risk_aversion: float | str,
    **by_name: Unpack[ByName],
) -> tuple[SchedulePolicy, tuple[str, ...]]:
    """A policy, or the one a name means, with notes of what was assumed for it; parameters as for `plan_in`."""
    if isinstance(policy, str):
        bucket_ns = by_name.get("bucket_ns") or default_bucket_ns(order)
        aversion = 0.0
        if is_averse(policy):
            aversion = risk_aversion_of(risk_aversion, order, market, law, bucket_ns=bucket_ns)
        return policy_named(policy, Wanted(order, market, law, aversion, **by_name))
    if isinstance(policy, type):
        raise BadParameter(f"{policy.__name__} is a kind of schedule, not one; write {policy.__name__}(...)")
    if not hasattr(policy, "plan"):
        raise BadParameter(f"{type(policy).__name__} does not plan; give for example schedules.Twap() or its name")
    if by_name.get("max_participation") is not None:
        raise BadParameter(f"max_participation is for schedules by name; {type(policy).__name__}(...) says its own")
    return policy, ()


def model_of(model: Model | None, market: MarketState) -> Asked:
    """The impact model that is meant; linear by the market's own spread and volume where none is."""
    if model is None:
        return Asked(Linear.from_market(market))
    (asked,) = asked_of(model, market)
    return asked


def by_rule(schedule: Schedule, market: MarketState, law: Impact, *, adverse_drift: float = 0.0) -> PlanCost:
    """What a schedule costs by the one rule for all of them: `schedules.cost_of`, by the clock.

    By linear impact that costs the same for the order where a model does not say how the price answers a schedule.
    """
    try:
        return cost_of(schedule, market, law, adverse_drift=adverse_drift)
    except BadParameter:
        order = schedule.order
        linear = linearised(law, market.terms(order.quantity, days_of(order)))
        return cost_of(schedule, market, linear, adverse_drift=adverse_drift)


def priced(schedule: Schedule, market: MarketState, law: Impact, *, adverse_drift: float = 0.0) -> Schedule:
    """A schedule with cost, parts and risk: its own where it has any, else by the common rule, which a note says.

    What a drift costs is by the common rule whatever the schedule, so that it stands in the cost of all alike.
    """
    if schedule.expected_cost_bps is None:
        rule = by_rule(schedule, market, law, adverse_drift=adverse_drift)
        note = f"Nothing is minimised; cost and risk are by {law.name} impact over the schedule's own buckets."
        return msgspec.structs.replace(
            schedule,
            expected_cost_bps=rule.expected_cost_bps,
            cost_risk_bps=rule.cost_risk_bps,
            cost_parts=rule.cost_parts,
            notes=(*schedule.notes, note),
        )
    if not (adverse_drift and schedule.cost_parts):
        return schedule
    drift = by_rule(schedule, market, law, adverse_drift=adverse_drift).cost_parts["drift"]
    parts = schedule.cost_parts | {"drift": drift}
    return msgspec.structs.replace(schedule, cost_parts=parts, expected_cost_bps=sum(parts.values()))


def day_curve(day: Day, market: MarketState, *, look_ahead: bool) -> VolumeCurve | None:
    """The day's own volume curve, which only an explanation may look at; None where neither prints nor bars tell it.

    Where data cover a part of the day it runs at their mean rate in the rest, as the market's daily volume is scaled.
    """
    curve = _seen_curve(day) if look_ahead else None
    if curve is None or market.looked_from_ns is None or market.looked_to_ns is None:
        return curve
    return curve.seen_between(market.looked_from_ns, market.looked_to_ns)


def _seen_curve(day: Day) -> VolumeCurve | None:
    from nowake.domain.errors import NowakeError  # noqa: PLC0415

    session, bars = day.instrument.session, day.bars
    try:
        if bars is not None and len(bars) and not len(day.trades):
            bucket_ns = max(_CURVE_BUCKET_NS, int((bars.end_ns - bars.time_ns).max()))
            return VolumeCurve.from_bars(bars, session, bucket_ns=bucket_ns, lot_size=float(day.instrument.lot_size))
        return VolumeCurve.from_trades(day.trades, session)
    except NowakeError:
        return None
