"""The tables of a report: each function turns records into a `Table`; `render` draws one as text.

Costs are positive when bad, for buys and for sells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from nowake.domain.instrument import Instrument
from nowake.engine.run import RunRecord
from nowake.models.estimate import CostEstimate
from nowake.reports import formats
from nowake.reports.summary import RunSummary, cost_parts, worst_deviation
from nowake.reports.table import Column, Table, to_dict
from nowake.reports.terminal import render, rich_table
from nowake.schedules.schedule import Schedule
from nowake.tca.result import CostReport

__all__ = [
    "benchmarks_table",
    "decomposition_table",
    "estimates_table",
    "frontier_table",
    "key_values",
    "render",
    "rich_table",
    "run_table",
    "runs_table",
    "schedule_table",
    "schedules_table",
    "to_dict",
]

SIGN = "Cost is positive when bad, for buys and for sells."
CUT_SHORT = "cut short"
EXACT = "[parameters taken as exact: intervals know nothing of their doubt]"

_MOST_LISTED = 6
_LAMBDA = "λ is the risk aversion: currency of expected cost accepted to lose one currency² of variance."
_ESTIMATE_KEYS = (
    "model", "version", "spread_bps", "temporary_bps", "permanent_bps", "fees_bps", "expected_bps", "expected_cost",
    "parameter_sd_bps", "input_sd_bps", "timing_risk_bps", "participation",
)  # fmt: skip
_BY_THE_CLOCK = (
    "Cost and risk are those of linear impact by the clock: it takes volume as even, so a plan that follows volume "
    "looks dearer than it is."
)
_BENCHMARK_NAMES = {
    "decision": "decision price",
    "arrival": "arrival mid",
    "interval_vwap": "interval VWAP, own volume in",
    "interval_vwap_ex_own": "interval VWAP, own volume out",
    "interval_twap": "interval TWAP",
    "close": "close",
}


class Point(Protocol):
    """What a point of a frontier has: of one order, or of a basket."""

    @property
    def risk_aversion(self) -> float: ...
    @property
    def expected_cost_bps(self) -> float: ...
    @property
    def risk_bps(self) -> float: ...


def key_values(title: str, values: Mapping[str, object]) -> Table:
    """Names and values, one a row, in the order given; numbers get separators, everything else is shown as is."""
    rows = tuple({"key": key, "value": value} for key, value in values.items())
    columns = (Column("key", "", is_number=False), Column("value", "", _any))
    return Table(title, columns, rows)


def runs_table(summaries: Sequence[RunSummary], instrument: Instrument, *, title: str = "Runs compared") -> Table:
    """Algorithms side by side, one run a row."""
    columns = (
        Column("name", "algorithm", formats.algorithm, is_number=False),
        Column("filled", "filled", formats.percent, spare=1),
        Column("average_price", "average\nprice", formats.average_price(instrument), spare=2),
        Column("cost_arrival_bps", "vs\narrival", formats.bps),
        Column("cost_vwap_bps", "vs\nVWAP", formats.bps),
        Column("cost_twap_bps", "vs\nTWAP", formats.bps, spare=4),
        Column("active_participation", "share\nwhile\ntrading", formats.percent),
        Column("participation", "share\nof\nwindow", formats.percent, spare=6),
        Column("passive_share", "passive", formats.percent, spare=3),
        Column("children", "child\norders", formats.count, spare=7),
        Column("worst_deviation", "off\nplan", formats.signed_percent, spare=5),
        Column("done", "done at", is_number=False),
    )
    rows = tuple({**msgspec.structs.asdict(summary), "done": _done(summary, instrument)} for summary in summaries)
    notes = [
        f"Costs (vs arrival, VWAP, TWAP) in bps. {SIGN}",
        "Share while trading: of all volume from the start to our last fill; of window: of all of it to the end.",
    ]
    if any(summary.worst_deviation is not None for summary in summaries):
        notes.append("Off plan: the largest distance from the schedule, in percent of the order; minus is behind.")
    return Table(title, columns, rows, tuple(notes))


def run_table(record: RunRecord, schedule: Schedule | None = None) -> Table:
    """One run: what was asked, done and left, and what it took."""
    order, instrument = record.order, record.order.instrument
    name = formats.algorithm(record.algorithm)
    rows: list[dict[str, object]] = [
        {"key": "order", "value": str(order)},
        {"key": "algorithm", "value": name},
        *({"key": f"  {key}", "value": value, "show": _any} for key, value in record.parameters.items()),
        {"key": "executed", "value": instrument.quantity(record.executed_lots), "show": formats.quantity},
        {"key": "left over", "value": _left_over(record)},
        {"key": "fills", "value": len(record.fills), "show": formats.count},
        {"key": "child orders", "value": len(record.children), "show": formats.count},
        {"key": "commands sent", "value": record.commands, "show": formats.count},
        *({"key": f"refused: {words(reason)}", "value": count} for reason, count in record.refusals.items()),
        {"key": "decisions", "value": record.decisions, "show": formats.count},
        {"key": "events", "value": record.events, "show": formats.count},
    ]
    if schedule is not None:
        worst = worst_deviation(schedule, record.fills)
        value = f"{formats.signed_percent(worst.fraction)} at {instrument.session.clock(worst.time_ns)}"
        rows.append({"key": f"worst off {formats.algorithm(schedule.name)} plan", "value": value})
    rows += [
        {"key": "world", "value": record.world},
        {"key": "seed", "value": str(record.seed)},
        {"key": "journal hash", "value": record.journal_hash},
    ]
    columns = (Column("key", "", is_number=False), Column("value", "", is_number=False, is_prose=True))
    return Table(f"Run of {name}", columns, tuple(rows))


def benchmarks_table(cost: CostReport) -> Table:
    """The average price against each benchmark."""
    instrument = cost.order.instrument
    columns = (
        Column("benchmark", "benchmark", is_number=False),
        Column("price", f"price {instrument.currency}", formats.average_price(instrument)),
        Column("cost_bps", "cost bps", formats.bps),
    )
    rows = tuple(
        {"benchmark": _BENCHMARK_NAMES.get(name, words(name)), "price": price, "cost_bps": cost.cost_bps.get(name)}
        for name, price in cost.benchmarks.items()
    )
    average = formats.average_price(instrument)(cost.average_price)
    return Table("Cost against benchmarks", columns, rows, (f"Average price {average} {instrument.currency}. {SIGN}",))


def decomposition_table(cost: CostReport) -> Table:
    """Implementation shortfall by part (Wagner & Edwards 1993, the trading part split); the parts sum to the whole."""
    currency = cost.order.instrument.currency
    columns = (
        Column("part", "part", is_number=False),
        Column("meaning", "what it is", is_number=False, is_prose=True),
        Column("amount", f"cost {currency}", formats.currency),
        Column("cost_bps", "cost bps", formats.bps),
    )
    rows = [
        {"part": part, "meaning": meaning, "amount": amount, "cost_bps": amount_bps}
        for part, meaning, amount, amount_bps in cost_parts(cost)
    ]
    rows.append(
        {
            "part": "shortfall",
            "meaning": "implementation shortfall",
            "amount": cost.shortfall,
            "cost_bps": cost.shortfall_bps,
        }
    )
    notes = (
        "Bps of the paper value: the whole order at the decision price (at arrival where no decision was given).",
        *cost.notes,
    )
    return Table("Where the shortfall comes from", columns, tuple(rows), notes, has_total=True)


def estimates_table(
    estimates: Sequence[CostEstimate], *, level: float = 0.95, risk_aversion: float | None = None
) -> Table:
    """What the order should cost by each model, with its two intervals: of the expectation, and of this one order.

    With a risk aversion the cost it is adjusted to stands there too.
    """
    fees = (Column("fees_bps", "fees", formats.bps, spare=4),) if any(each.fees_bps for each in estimates) else ()
    adjusted = () if risk_aversion is None else (Column("adjusted_bps", "cost +\nλ risk", formats.bps),)
    columns = (
        Column("model", "model", is_number=False),
        Column("spread_bps", "half\nspread", formats.bps, spare=5),
        Column("temporary_bps", "temporary", formats.bps, spare=7),
        Column("permanent_bps", "permanent", formats.bps, spare=6),
        *fees,
        Column("expected_bps", "expected", formats.bps),
        Column("expected_interval_bps", f"{100 * level:.4g}% interval of\nthe expectation", formats.bps_range),
        Column("timing_risk_bps", "risk,\n1 sd", formats.bps),
        *adjusted,
        Column("interval_bps", f"{100 * level:.4g}% interval\nfor this order", formats.bps_range, spare=3),
        Column("expected_cost", f"expected\n{estimates[0].order.instrument.currency}", formats.currency, spare=2),
    )
    rows = tuple(
        {
            **{key: getattr(estimate, key) for key in _ESTIMATE_KEYS},
            "expected_interval_bps": estimate.expected_interval(level),
            "interval_bps": estimate.interval(level),
            **({} if risk_aversion is None else {"adjusted_bps": estimate.risk_adjusted_bps(risk_aversion)}),
        }
        for estimate in estimates
    )
    return Table("Expected cost", columns, rows, tuple(_estimate_notes(estimates, risk_aversion)))


def _estimate_notes(estimates: Sequence[CostEstimate], risk_aversion: float | None) -> list[str]:
    first = estimates[0]
    share = formats.percent(first.market.terms(first.order.quantity, first.days).speed)
    notes = [
        f"The order is {formats.percent(first.share_of_day)} of a day's volume and {share} of that of its window. Half "
        f"spread, impact, risk and intervals in bps of the arrival price. {SIGN}"
    ]
    if risk_aversion is not None:
        notes.append(f"λ = {risk_aversion:g}, bps of cost for a bp of risk.")
    for each in estimates:
        doubt = "" if each.impact.covariance else f" {EXACT}"
        notes.append(f"{each.model} {each.version}: {each.formula}{doubt}")
    if any(each.market.look_ahead for each in estimates):
        notes.append("The market was measured past the start of the order: an explanation, not a forecast.")
    return [*notes, *dict.fromkeys(warning for each in estimates for warning in each.warnings)]


def schedules_table(schedules: Sequence[Schedule]) -> Table:
    """Schedules of one order side by side: how long, how many buckets, how much at most, and at what cost."""
    instrument = schedules[0].order.instrument
    columns: tuple[Column, ...] = (
        Column("schedule", "schedule", is_number=False),
        Column("start_ns", "first", formats.clock(instrument), spare=4),
        Column("end_ns", "last", formats.clock(instrument), spare=4),
        Column("buckets", "buckets", formats.count, spare=3),
        Column("largest", "largest\nbucket", formats.quantity, spare=2),
        Column("half_ns", "half done", formats.clock(instrument), spare=1),
        Column("risk_aversion", f"λ\n1/{money_unit(instrument)}", formats.scientific),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("cost_risk_bps", "risk, 1 sd\nbps", formats.plain_bps),
    )
    rows = tuple(
        {
            "schedule": schedule.name,
            "start_ns": schedule.times_ns[0],
            "end_ns": schedule.times_ns[-1],
            "buckets": len(schedule.lots),
            "largest": instrument.quantity(max(schedule.lots)),
            "half_ns": schedule.half_done_ns,
            "risk_aversion": schedule.inputs.get("risk_aversion"),
            "expected_cost_bps": schedule.expected_cost_bps,
            "cost_risk_bps": schedule.cost_risk_bps,
        }
        for schedule in schedules
    )
    notes = [SIGN]
    if sum(schedule.expected_cost_bps is not None for schedule in schedules) > 1:
        notes.append(_BY_THE_CLOCK)
    if any(row["risk_aversion"] is not None for row in rows):
        notes.append(_LAMBDA)
    else:
        columns = tuple(column for column in columns if column.key != "risk_aversion")
    return Table("Schedules", columns, rows, tuple(notes))


def schedule_table(schedule: Schedule) -> Table:
    """One schedule, a bucket a row."""
    instrument = schedule.order.instrument
    columns = (
        Column("start_ns", "from", formats.clock(instrument)),
        Column("end_ns", "to", formats.clock(instrument)),
        Column("quantity", "quantity", formats.quantity),
        Column("done", "done by then", formats.percent),
    )
    rows, done = [], 0
    for start_ns, end_ns, lots in zip(schedule.times_ns, schedule.times_ns[1:], schedule.lots, strict=False):
        done += lots
        rows.append(
            {
                "start_ns": start_ns,
                "end_ns": end_ns,
                "lots": lots,
                "quantity": instrument.quantity(lots),
                "done": done / schedule.order.lots,
            }
        )
    return Table(f"{schedule.name} schedule: {schedule.order}", columns, tuple(rows))


def frontier_table(points: Sequence[Point], *, most: int | None = None, currency: str = "currency") -> Table:
    """Expected cost against risk, from patient to urgent; of many points at most `most`, evenly apart in risk."""
    if most is not None and 1 < most < len(points):
        points = _spread_in_risk(points, most)
    columns = (
        Column("risk_aversion", f"λ\n1/{currency}", formats.scientific),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("risk_bps", "risk, 1 sd\nbps", formats.plain_bps),
    )
    rows = tuple(
        {
            "risk_aversion": point.risk_aversion,
            "expected_cost_bps": point.expected_cost_bps,
            "risk_bps": point.risk_bps,
        }
        for point in points
    )
    return Table("Efficient frontier", columns, rows, (SIGN, _LAMBDA))


def money_unit(instrument: Instrument) -> str:
    """What a risk aversion is per unit of: the currency, where amounts of it can be computed."""
    return "(price x quantity)" if instrument.multiplier is None else instrument.currency


def _spread_in_risk(points: Sequence[Point], most: int) -> list[Point]:
    """The points nearest to even steps of risk; the least and the most risky are always among them."""
    risks = [point.risk_bps for point in points]
    low, high = min(risks), max(risks)
    targets = [low + (high - low) * k / (most - 1) for k in range(most)]
    chosen = {min(range(len(points)), key=lambda index: abs(risks[index] - target)) for target in targets}
    return [points[index] for index in sorted(chosen)]


def words(name: str) -> str:
    """An identifier as words: "price_limit" is "price limit"."""
    return name.replace("_", " ")


def _done(summary: RunSummary, instrument: Instrument) -> str:
    """When the last lot traded, or what is left and why."""
    if summary.residual_lots == 0:
        return formats.clock(instrument)(summary.last_fill_ns)
    reason = _why_left(summary.residual_reason, complete=summary.complete)
    return f"{formats.quantity(instrument.quantity(summary.residual_lots))} left{reason and f': {reason}'}"


def _left_over(record: RunRecord) -> str:
    left = formats.quantity(record.order.instrument.quantity(record.residual_lots))
    why = None if record.residual_reason is None else record.residual_reason.value
    reason = _why_left(why, complete=record.complete)
    return f"{left} ({reason})" if reason else left


def _why_left(reason: str | None, *, complete: bool) -> str:
    """A run that was cut short has no reason of its own: nobody knows what it would have left."""
    if not complete:
        return CUT_SHORT
    return "" if reason is None else words(reason)


def _any(value: object) -> str:
    """Any plain value in a few words; what is long is counted, not listed."""
    if value is None or isinstance(value, bool):
        return {None: "not set", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return formats.count(value)
    if isinstance(value, float):
        return formats.number(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (tuple, list)):
        return f"({len(value):,} values)" if len(value) > _MOST_LISTED else ", ".join(map(_any, value))
    return formats.text(value)


def _mapping(value: Mapping[object, object]) -> str:
    """Names and values; a schedule by name and size only, for it has a table of its own."""
    lots = value.get("lots")
    if isinstance(lots, (tuple, list)) and "times_ns" in value:
        return f"{value.get('name', 'plan')}, {len(lots):,} buckets"
    return "; ".join(f"{words(str(key))} {_any(each)}" for key, each in value.items())
