"""The tables of a report: each function turns records into a `Table`; `render` draws one as text.

Costs are positive when bad, for buys and for sells."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from nowake.domain.instrument import Instrument
from nowake.engine.run import RunRecord
from nowake.models.estimate import CostEstimate
from nowake.reports import formats
from nowake.reports.summary import RunSummary, cost_parts, worst_deviation
from nowake.reports.table import Column, Table, to_dict
from nowake.schedules.almgren_chriss import FrontierPoint
from nowake.schedules.schedule import Schedule
from nowake.tca.result import CostReport

if TYPE_CHECKING:
    import rich.table

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

_MOST_LISTED = 6
_ESTIMATE_KEYS = (
    "model", "version", "spread_bps", "temporary_bps", "permanent_bps", "expected_bps", "expected_cost",
    "parameter_sd_bps", "input_sd_bps", "timing_risk_bps", "participation",
)  # fmt: skip
_BENCHMARK_NAMES = {
    "decision": "decision price",
    "arrival": "arrival mid",
    "interval_vwap": "interval VWAP, own volume in",
    "interval_vwap_ex_own": "interval VWAP, own volume out",
    "interval_twap": "interval TWAP",
    "close": "close",
}


def render(table: Table, width: int = 100) -> str:
    """A table as plain text, `width` characters wide at most, without colour and without trailing blanks."""
    import rich.console  # noqa: PLC0415
    import rich.text  # noqa: PLC0415

    console = rich.console.Console(
        width=width, file=io.StringIO(), record=True, color_system=None, highlight=False, emoji=False, markup=False
    )
    console.print(rich_table(table))
    for note in table.notes:
        console.print(rich.text.Text(note, style="dim"))
    lines = console.export_text(styles=False).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def rich_table(table: Table) -> rich.table.Table:
    """A table for rich's console: numbers to the right, a rule above the total."""
    import rich.box  # noqa: PLC0415
    import rich.table  # noqa: PLC0415
    import rich.text  # noqa: PLC0415

    drawn = rich.table.Table(
        title=rich.text.Text(table.title, style="bold"),
        title_justify="left",
        box=rich.box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        show_header=any(column.heading for column in table.columns),
    )
    for column in table.columns:
        drawn.add_column(
            rich.text.Text(column.heading), justify="right" if column.is_number else "left", no_wrap=column.is_number
        )
    for index, cells in enumerate(table.cells):
        is_before_total = table.has_total and index == len(table.rows) - 2
        drawn.add_row(*(rich.text.Text(cell) for cell in cells), end_section=is_before_total)
    return drawn


def key_values(title: str, values: Mapping[str, object]) -> Table:
    """Names and values, one a row, in the order given; numbers get separators, everything else is shown as is."""
    rows = tuple({"key": key, "value": value} for key, value in values.items())
    columns = (Column("key", "", is_number=False), Column("value", "", _any))
    return Table(title, columns, rows)


def runs_table(summaries: Sequence[RunSummary], instrument: Instrument, *, title: str = "Runs compared") -> Table:
    """Algorithms side by side, one run a row."""
    columns = (
        Column("name", "algorithm", is_number=False),
        Column("filled", "filled", formats.percent),
        Column("average_price", "average\nprice", formats.average_price(instrument)),
        Column("cost_arrival_bps", "vs\narrival", formats.bps),
        Column("cost_vwap_bps", "vs\nVWAP", formats.bps),
        Column("cost_twap_bps", "vs\nTWAP", formats.bps),
        Column("participation", "market\nshare", formats.percent),
        Column("passive_share", "passive", formats.percent),
        Column("children", "child\norders", formats.count),
        Column("worst_deviation", "off\nplan", formats.signed_percent),
        Column("residual", "left over", is_number=False),
    )
    rows = tuple(
        {**msgspec.structs.asdict(summary), "residual": _residual(summary, instrument)} for summary in summaries
    )
    notes = (
        f"Costs (vs arrival, VWAP, TWAP) in bps. {SIGN}",
        "Off plan: the largest distance from the schedule, in percent of the order; minus is behind.",
    )
    return Table(title, columns, rows, notes)


def run_table(record: RunRecord, schedule: Schedule | None = None) -> Table:
    """One run: what was asked, done and left, and what it took."""
    order, instrument = record.order, record.order.instrument
    left = "" if record.residual_reason is None else f" ({words(record.residual_reason.value)})"
    rows: list[dict[str, object]] = [
        {"key": "order", "value": str(order)},
        {"key": "algorithm", "value": record.algorithm},
        *({"key": f"  {name}", "value": value, "show": _any} for name, value in record.parameters.items()),
        {"key": "executed", "value": instrument.quantity(record.executed_lots), "show": formats.quantity},
        {"key": "left over", "value": formats.quantity(instrument.quantity(record.residual_lots)) + left},
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
        rows.append({"key": f"worst off {schedule.name} plan", "value": value})
    rows += [
        {"key": "world", "value": record.world},
        {"key": "seed", "value": str(record.seed)},
        {"key": "journal hash", "value": record.journal_hash},
    ]
    columns = (Column("key", "", is_number=False), Column("value", "", is_number=False))
    return Table(f"Run of {record.algorithm}", columns, tuple(rows))


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
        Column("meaning", "what it is", is_number=False),
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


def estimates_table(estimates: Sequence[CostEstimate]) -> Table:
    """What the order should cost by each model, with its two intervals: of the expectation, and of this one order."""
    columns = (
        Column("model", "model", is_number=False),
        Column("spread_bps", "half\nspread", formats.bps),
        Column("temporary_bps", "temporary", formats.bps),
        Column("permanent_bps", "permanent", formats.bps),
        Column("expected_bps", "expected", formats.bps),
        Column("expected_interval_bps", "95% of the\nexpectation", formats.bps_range),
        Column("interval_bps", "95% of this\norder's cost", formats.bps_range),
        Column("expected_cost", f"expected\n{estimates[0].order.instrument.currency}", formats.currency),
    )
    rows = tuple(
        {
            **{key: getattr(estimate, key) for key in _ESTIMATE_KEYS},
            "expected_interval_bps": estimate.expected_interval(),
            "interval_bps": estimate.interval(),
        }
        for estimate in estimates
    )
    notes = [f"Half spread, impact and intervals in bps of the arrival price. {SIGN}"]
    notes += [f"{estimate.model} {estimate.version}: {estimate.formula}" for estimate in estimates]
    if any(estimate.market.look_ahead for estimate in estimates):
        notes.append("The market was measured past the start of the order: an explanation, not a forecast.")
    return Table("Expected cost", columns, rows, tuple(notes))


def schedules_table(schedules: Sequence[Schedule]) -> Table:
    """Schedules of one order side by side: how long, how many buckets, how much at most, and at what cost."""
    instrument = schedules[0].order.instrument
    columns = (
        Column("schedule", "schedule", is_number=False),
        Column("start_ns", "first", formats.clock(instrument)),
        Column("end_ns", "last", formats.clock(instrument)),
        Column("buckets", "buckets", formats.count),
        Column("largest", "largest\nbucket", formats.quantity),
        Column("half_ns", "half done", formats.clock(instrument)),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("cost_risk_bps", "risk, 1 sd\nbps", formats.bps),
    )
    rows = tuple(
        {
            "schedule": schedule.name,
            "start_ns": schedule.times_ns[0],
            "end_ns": schedule.times_ns[-1],
            "buckets": len(schedule.lots),
            "largest": instrument.quantity(max(schedule.lots)),
            "half_ns": _half_done_ns(schedule),
            "expected_cost_bps": schedule.expected_cost_bps,
            "cost_risk_bps": schedule.cost_risk_bps,
        }
        for schedule in schedules
    )
    return Table("Schedules", columns, rows, (SIGN,))


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


def frontier_table(points: Sequence[FrontierPoint]) -> Table:
    """Expected cost against risk, from patient to urgent."""
    columns = (
        Column("risk_aversion", "risk aversion", formats.number),
        Column("expected_cost_bps", "expected\ncost bps", formats.bps),
        Column("risk_bps", "risk, 1 sd\nbps", formats.bps),
    )
    rows = tuple(
        {
            "risk_aversion": point.risk_aversion,
            "expected_cost_bps": point.expected_cost_bps,
            "risk_bps": point.risk_bps,
        }
        for point in points
    )
    return Table("Efficient frontier", columns, rows, (SIGN,))


def words(name: str) -> str:
    """An identifier as words: "price_limit" is "price limit"."""
    return name.replace("_", " ")


def _residual(summary: RunSummary, instrument: Instrument) -> str:
    if summary.residual_lots == 0:
        return "nothing"
    reason = "" if summary.residual_reason is None else f": {words(summary.residual_reason)}"
    return formats.quantity(instrument.quantity(summary.residual_lots)) + reason


def _half_done_ns(schedule: Schedule) -> int:
    done = 0
    for start_ns, end_ns, lots in zip(schedule.times_ns, schedule.times_ns[1:], schedule.lots, strict=False):
        if 2 * (done + lots) >= schedule.order.lots:
            missing = schedule.order.lots / 2 - done
            return start_ns + round((end_ns - start_ns) * missing / lots)
        done += lots
    raise AssertionError("lots sum to the order, so half is reached")


def _any(value: object) -> str:
    """Any plain value in a few words; what is long is counted, not listed."""
    if value is None or isinstance(value, bool):
        return {None: "not set", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return formats.count(value)
    if isinstance(value, float):
        return formats.number(value)
    if isinstance(value, Mapping):
        return "; ".join(f"{words(str(key))} {_any(each)}" for key, each in value.items())
    if isinstance(value, (tuple, list)) and len(value) > _MOST_LISTED:
        return f"({len(value):,} values)"
    return ", ".join(map(_any, value)) if isinstance(value, (tuple, list)) else formats.text(value)
