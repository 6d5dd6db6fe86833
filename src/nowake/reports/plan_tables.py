"""The tables of plans of one order: side by side, a bucket a row, and what made them.

Costs are positive when bad, for buys and for sells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from nowake.domain.errors import BadParameter
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.reports import formats, tables
from nowake.reports.table import Column, Table
from nowake.schedules.almgren_chriss import PlanCost
from nowake.schedules.certificate import Certificate
from nowake.schedules.grid import Grid
from nowake.schedules.schedule import Schedule
from nowake.schedules.uncertainty import Sensitivity
from nowake.schedules.uncertainty.sensitivity import Influence

SIGN = "Cost is positive when bad, for buys and for sells."
_LAMBDA = "λ is the risk aversion: currency of expected cost accepted to lose one currency² of variance."
_RULE = (
    "By one rule: cost and risk of each by the same model by the clock (schedules.cost_of), which takes volume as "
    "even, so a plan that follows volume looks dearer than it is."
)
_USUAL_PARTS = ("spread", "temporary", "permanent")
MOST_TRADES = 120
_SHOWN_BPS = 0.05
_NO_EFFECT = 5e-4  # Shown as 0.0 %.


class Mark(NamedTuple):
    """A plan on a frontier: its name, risk, expected cost, and risk aversion where it has one."""

    name: str
    risk_bps: float
    cost_bps: float
    risk_aversion: float | None = None

    @classmethod
    def of(cls, plan: Schedule) -> Self | None:
        """Of a schedule; None where it does not know both."""
        if plan.cost_risk_bps is None or plan.expected_cost_bps is None:
            return None
        return cls(plan.name, plan.cost_risk_bps, plan.expected_cost_bps, plan.inputs.get("risk_aversion"))


def plans_table(plans: Sequence[Schedule], by_rule: Sequence[PlanCost] = (), *, cautions: Sequence[str] = ()) -> Table:
    """Plans of one order side by side: how they trade, what they cost and of what, and what their optimum rests on.

    With `by_rule` cost and risk by one common rule stand beside each one's own, where they are not the same. The parts
    of the costs of several plans have a table of their own, `cost_parts_table`.
    """
    by_rule = () if _same(plans, by_rule) else by_rule
    instrument = plans[0].order.instrument
    parts = _parts_of(plans)
    columns: tuple[Column, ...] = (
        Column("schedule", "schedule", is_number=False),
        Column("buckets", "buckets", formats.count, spare=8),
        Column("largest", "largest\nbucket", formats.quantity, spare=7),
        Column("half_ns", "half done", formats.clock(instrument), spare=5),
        Column("risk_aversion", "λ", formats.scientific, spare=4),
        *(_part_columns(parts) if len(plans) == 1 else ()),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("cost_risk_bps", "risk,\n1 sd bps", formats.plain_bps),
        *(_by_rule_columns() if by_rule else ()),
        Column("certificate", "known\nto", certified, is_number=False, spare=6),
    )
    rows = [
        {
            "schedule": plan.name,
            "buckets": len(plan.lots),
            "largest": instrument.quantity(max(plan.lots)),
            "half_ns": plan.half_done_ns,
            "risk_aversion": plan.inputs.get("risk_aversion"),
            **{name: plan.cost_parts.get(name) for name in parts},
            "expected_cost_bps": plan.expected_cost_bps,
            "cost_risk_bps": plan.cost_risk_bps,
            "certificate": plan.certificate,
        }
        for plan in plans
    ]
    for row, rule in zip(rows, by_rule, strict=False):
        row |= {"rule_cost_bps": rule.expected_cost_bps, "rule_risk_bps": rule.cost_risk_bps}
    has_aversion = any(row["risk_aversion"] is not None for row in rows)
    if not has_aversion:
        columns = tuple(column for column in columns if column.key != "risk_aversion")
    title = f"Plan: {plans[0].order}" if len(plans) == 1 else f"Plans: {plans[0].order}"
    notes = dict.fromkeys((*_notes(plans, has_aversion=has_aversion, by_rule=bool(by_rule)), *cautions))
    return Table(title, columns, tuple(rows), tuple(notes))


def cost_parts_table(plans: Sequence[Schedule]) -> Table:
    """What the expected cost of each of several plans is made of, by its own rule."""
    parts = _parts_of(plans)
    columns = (
        Column("schedule", "schedule", is_number=False),
        *_part_columns(parts),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
    )
    rows = tuple(
        {
            "schedule": plan.name,
            **{name: plan.cost_parts.get(name) for name in parts},
            "expected_cost_bps": plan.expected_cost_bps,
        }
        for plan in plans
    )
    return Table("What the expected costs are made of", columns, rows, (SIGN,))


def marked_frontier(
    points: Sequence[tables.Point], marks: Sequence[Mark | None], *, most: int | None = None, currency: str = "currency"
) -> Table:
    """The efficient frontier with plans among its points where their risk is; the first of them is the chosen one."""
    table = tables.frontier_table(points, most=most, currency=currency)
    known = [mark for mark in marks if mark is not None]
    plans: list[Mapping[str, object]] = [
        {
            "plan": f"{mark.name}{' (chosen)' if mark is marks[0] and len(marks) > 1 else ''}",
            "risk_aversion": mark.risk_aversion,
            "expected_cost_bps": mark.cost_bps,
            "risk_bps": mark.risk_bps,
        }
        for mark in known
    ]
    placed = sorted((*({"plan": ""} | dict(row) for row in table.rows), *plans), key=_risk_of, reverse=True)
    return Table(table.title, (*table.columns, Column("plan", "plan", is_number=False)), tuple(placed), table.notes)


def _risk_of(row: Mapping[str, object]) -> float:
    risk = row["risk_bps"]
    assert isinstance(risk, float)
    return risk


def volume_of(plan: Schedule, market: MarketState, curve: VolumeCurve | None) -> Floats | None:
    """Shares the market is expected to trade in each bucket; None where the curve has nothing to say of the window."""
    try:
        return Grid.between(plan.order, market, plan.times_ns, curve=curve).volume
    except BadParameter:
        return None


def trades_table(
    plan: Schedule, market: MarketState | None = None, curve: VolumeCurve | None = None, *, most: int | None = None
) -> Table:
    """What to trade when, a bucket a row; beside a market what share of all volume expected then that is.

    Of more buckets than `most` only that many rows are shown, each of several buckets.
    """
    order, instrument = plan.order, plan.order.instrument
    volume = None if market is None else volume_of(plan, market, curve)
    step = 1 if most is None else -(-len(plan.lots) // most)
    rows, done = [], 0
    for first in range(0, len(plan.lots), step):
        last = min(first + step, len(plan.lots))
        lots = sum(plan.lots[first:last])
        done += lots
        quantity = instrument.quantity(lots)
        row: dict[str, object] = {
            "start_ns": plan.times_ns[first],
            "end_ns": plan.times_ns[last],
            "lots": lots,
            "quantity": quantity,
            "done": done / order.lots,
            "left": instrument.quantity(order.lots - done),
        }
        if volume is not None:
            expected = float(volume[first:last].sum())
            row |= {
                "expected_volume": expected,
                "share_of_volume": abs(quantity) / (abs(quantity) + expected) if lots or expected else 0.0,
            }
        rows.append(row)
    columns = [
        Column("start_ns", "from", formats.clock(instrument)),
        Column("end_ns", "to", formats.clock(instrument)),
        Column("quantity", "quantity", formats.quantity),
        Column("done", "done\nby then", formats.percent),
        Column("left", "left", formats.quantity, spare=2),
    ]
    notes: tuple[str, ...] = ()
    if market is not None and volume is None:
        notes = ("What the market trades then is not shown: its volume curve has nothing in the window.",)
    if volume is not None:
        columns += [
            Column("expected_volume", "market\nvolume", formats.count, spare=1),
            Column("share_of_volume", "share of\nall volume", formats.percent),
        ]
        notes = (f"Market volume is what is expected without us, {curve_named(curve)}; the share counts ours in.",)
    if step > 1:
        notes = (f"Rows of {step:,} buckets each, {len(plan.lots):,} in all; --out FILE writes every one.", *notes)
    return Table(f"What {plan.name} trades when", tuple(columns), tuple(rows), notes)


def curve_named(curve: VolumeCurve | None) -> str:
    """How volume is taken to run."""
    if curve is None:
        return "spread evenly in time"
    return "by the day's own curve" if curve.days == 1 else "by the curve that was given"


def parts_table(plan: Schedule) -> Table:
    """What the expected cost of a plan is made of, in basis points and in currency."""
    order = plan.order
    columns = (
        Column("part", "part", is_number=False),
        Column("cost_bps", "cost bps", formats.bps),
        Column("share", "share", formats.percent),
    )
    total = plan.expected_cost_bps
    rows: list[dict[str, object]] = [
        {"part": name, "cost_bps": value, "share": value / total if total else None}
        for name, value in plan.cost_parts.items()
    ]
    rows.append({"part": "expected", "cost_bps": total, "share": 1.0 if total else None})
    return Table(f"What {plan.name} costs", columns, tuple(rows), (f"Of {order}. {SIGN}",), has_total=True)


def inputs_table(plans: Sequence[Schedule]) -> Table:
    """What made each plan: name, parameter and value."""
    columns = (
        Column("schedule", "schedule", is_number=False),
        Column("parameter", "parameter", is_number=False),
        Column("value", "value", formats.number),
    )
    rows = tuple(
        {"schedule": plan.name, "parameter": name.replace("_", " "), "value": value}
        for plan in plans
        for name, value in plan.inputs.items()
    )
    return Table("What made the plans", columns, rows, ("Time in sessions, quantities in shares, money in currency.",))


def certificates_table(plans: Sequence[Schedule]) -> Table:
    """How each plan is known to be the best there is, before it was rounded to lots."""
    return _certificates(tuple(_certificate_row(plan.name, plan.certificate) for plan in plans))


def certificate_table(name: str, known: Certificate | None) -> Table:
    """The same of one plan that is no schedule."""
    return _certificates((_certificate_row(name, known),))


def _certificates(rows: tuple[Mapping[str, object], ...]) -> Table:
    columns = (
        Column("schedule", "schedule", is_number=False),
        Column("method", "solved by", is_number=False, is_prose=True),
        Column("kind", "certificate", is_number=False),
        Column("value", "value", formats.scientific),
        Column("objective", "objective", formats.number, spare=1),
        Column("iterations", "iterations", formats.count, spare=2),
    )
    notes = (
        "Duality gap: a proof that no schedule is better by more than this fraction. Optimality residual and closed "
        "form: how far the first-order conditions are from met, as a fraction. Of the quantities before rounding.",
    )
    return Table("How the best is known to be the best", columns, rows, notes)


def sensitivity_table(found: Sensitivity, plan: Schedule) -> Table:
    """What each doubted number does to a plan's objective, and what not knowing it costs; the dearest first."""
    columns = (
        Column("name", "number", is_number=False),
        Column("value", "taken as", formats.scientific),
        Column("at", "if it is", formats.scientific),
        Column("change", "objective", formats.signed_percent),
        Column("regret", "of which a better\nplan would save", formats.percent),
        Column("shift", "by moving, of\nthe order", formats.percent, spare=1),
    )
    idle = [each for each in found.influences if _is_idle(each, found.objective)]
    rows = tuple(
        {
            "name": each.name.replace("_", " "),
            "value": each.value,
            "at": end.at,
            "change": end.objective / found.objective - 1,
            "regret": end.regret / found.objective,
            "shift": end.shift,
        }
        for each in found.influences
        if each not in idle
        for end in (each.low, each.high)
    )
    notes: tuple[str, ...] = (
        f"At both ends of each number's {found.level:.0%} interval, one at a time: how {plan.name}'s objective changes "
        "when the plan is kept, and how much of the objective the plan made for that number would have saved.",
    )
    if idle:
        names = ", ".join(each.name.replace("_", " ") for each in idle)
        notes = (*notes, f"Left out, for it moves nothing by as much as 0.05 %: {names}.")
    return Table("What each doubt does to the plan", columns, rows, notes)


def absent_table(absent: Mapping[str, str], *, title: str = "Not planned") -> Table:
    """Schedules that could not be made, and why; those of one reason in one row."""
    columns = (
        Column("schedule", "schedule", is_number=False),
        Column("reason", "why not", is_number=False, is_prose=True),
    )
    reasons = dict.fromkeys(absent.values())
    alike = {reason: [name for name, own in absent.items() if own == reason] for reason in reasons}
    rows = tuple({"schedule": "\n".join(names), "reason": reason} for reason, names in alike.items())
    return Table(title, columns, rows)


def kinds_table(summaries: Mapping[str, str], *, title: str = "Schedules of one order") -> Table:
    """The schedules there are, by name."""
    columns = (Column("name", "schedule", is_number=False), Column("does", "trades", is_number=False, is_prose=True))
    return Table(title, columns, tuple({"name": name, "does": does} for name, does in summaries.items()))


def _parts_of(plans: Sequence[Schedule]) -> list[str]:
    """Names of parts that cost some plan something, the usual ones first."""
    named = dict.fromkeys(
        name for plan in plans for name, cost in plan.cost_parts.items() if cost or name in _USUAL_PARTS
    )
    return [*(name for name in _USUAL_PARTS if name in named), *(name for name in named if name not in _USUAL_PARTS)]


def _part_columns(parts: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(name, name.replace(" ", "\n"), formats.bps) for name in parts)


def _is_idle(each: Influence, objective: float) -> bool:
    """Whether a doubted number changes nothing that is shown."""
    ends = (each.low, each.high)
    moves = [abs(end.objective / objective - 1) for end in ends] + [end.regret / objective for end in ends]
    return all(move < _NO_EFFECT for move in (*moves, *(end.shift for end in ends)))


def _same(plans: Sequence[Schedule], by_rule: Sequence[PlanCost]) -> bool:
    """Whether every plan's own cost and risk are those of the common rule, as far as they are shown."""
    own = [(plan.expected_cost_bps, plan.cost_risk_bps) for plan in plans]
    return all(
        cost is not None and risk is not None and math.hypot(cost - rule[0], risk - rule[1]) < _SHOWN_BPS
        for (cost, risk), rule in zip(own, by_rule, strict=False)
    )


def _by_rule_columns() -> tuple[Column, ...]:
    return (
        Column("rule_cost_bps", "by one rule:\ncost bps", formats.bps, spare=2),
        Column("rule_risk_bps", "by one rule:\nrisk bps", formats.plain_bps, spare=2),
    )


def certified(value: object) -> str:
    """A certificate in the width of a column: its kind and its number."""
    if value is None:
        return formats.MISSING
    assert isinstance(value, Certificate)
    return f"{_SHORT[value.kind]} {value.value:.0e}" if value.value else f"{_SHORT[value.kind]} 0"


_SHORT = {
    "closed form": "residual",
    "duality gap": "gap",
    "optimality residual": "residual",
    "grid": "grid",
}


def _certificate_row(name: str, known: Certificate | None) -> dict[str, object]:
    if known is None:
        return {"schedule": name, "method": "nothing: it minimises nothing", "kind": formats.MISSING}
    return {
        "schedule": name,
        "method": known.method,
        "kind": known.kind,
        "value": known.value,
        "objective": known.objective,
        "iterations": known.iterations,
    }


def _notes(plans: Sequence[Schedule], *, has_aversion: bool, by_rule: bool) -> list[str]:
    notes = [f"Parts of the cost in bps of the arrival price, as the cost and the risk. {SIGN}"]
    if by_rule:
        notes.append(_RULE)
    if has_aversion:
        notes.append(_LAMBDA)
    if len(plans) == 1:
        known = plans[0].certificate
        notes += [] if known is None else [f"Certificate, before rounding to lots: {known}."]
        return [*notes, *plans[0].notes]
    by_note: dict[str, list[str]] = {}
    for plan in plans:
        for note in plan.notes:
            by_note.setdefault(note, []).append(plan.name)
    return [*notes, *(f"{', '.join(names)}: {note}" for note, names in by_note.items())]
