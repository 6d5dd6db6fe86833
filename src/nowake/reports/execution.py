"""The report of one order: what it was expected to cost, what each run of it did cost, and why.

Records in, a `Page` out; drawing it is `html.write`'s business."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.version import VERSION
from nowake.models.estimate import CostEstimate
from nowake.models.volume import VolumeCurve
from nowake.reports import formats, tables
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures.comparison import comparison
from nowake.reports.pictures.cost_parts import decomposition
from nowake.reports.pictures.curve import curve as draw_curve
from nowake.reports.pictures.executed import executed
from nowake.reports.pictures.frontier import frontier as frontier_picture
from nowake.reports.pictures.holdings import holdings
from nowake.reports.pictures.price_path import price_path
from nowake.reports.pictures.progress import progress
from nowake.reports.pictures.volume import participation
from nowake.reports.summary import ReportedRun, RunSummary, Tape, summarise
from nowake.schedules.almgren_chriss import FrontierPoint
from nowake.schedules.schedule import Schedule


def build_page(
    order: ParentOrder,
    tape: Tape,
    *,
    runs: Sequence[ReportedRun] = (),
    estimates: Sequence[CostEstimate] = (),
    schedules: Sequence[Schedule] = (),
    frontier: Sequence[FrontierPoint] = (),
    curve: VolumeCurve | None = None,
    command: str = "",
) -> Page:
    """The report page of one order. Sections without anything to show are left out.

    Parameters
    ----------
    order
        The parent.
    tape
        The market of the day.
    runs
        Each with a name of its own; in the order they are to be read.
    estimates, schedules, frontier, curve
        What was expected and planned before, and the volume curve it was planned on.
    command
        What makes the same page again, for its foot; by default how to make it from the journals of its runs.

    Raises
    ------
    BadParameter
        When there is nothing to report, two runs share a name, or a run is of another order.
    """
    _check(order, runs, estimates, schedules)
    summaries = [summarise(run) for run in runs]
    session = order.instrument.session
    sections = (
        *_compared(runs, summaries, order),
        *_simulated(runs),
        *_expected(order, estimates, schedules, frontier, curve=curve),
        *(_run(run, tape) for run in runs),
    )
    return Page(
        title=(
            f"{order.side.name.capitalize()} {formats.quantity(order.quantity)} {order.instrument.symbol}, "
            f"{session.clock(order.start_ns)[:5]} to {session.clock(order.end_ns)[:5]}"
        ),
        subtitle=f"{tape.description}. Times are {session.timezone.replace('_', ' ')}, {session.date}.",
        tiles=tuple(_tiles(order, runs, summaries, estimates)),
        sections=sections,
        sign=f"{tables.SIGN} One bp is a hundredth of a percent.",
        footer=_footer(order, tape, runs, command),
    )


def _check(
    order: ParentOrder, runs: Sequence[ReportedRun], estimates: Sequence[CostEstimate], schedules: Sequence[Schedule]
) -> None:
    if not (runs or estimates or schedules):
        raise BadParameter("there is nothing to report; give at least one run, estimate or schedule")
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise BadParameter(f"run names {names} repeat; give each run a name of its own")
    for run in runs:
        if run.record.order != order:
            raise BadParameter(f"run {run.name!r} is of another order ({run.record.order}); report it apart")


def _tiles(
    order: ParentOrder, runs: Sequence[ReportedRun], summaries: list[RunSummary], estimates: Sequence[CostEstimate]
) -> list[Tile]:
    tiles = []
    if runs:
        volume = max(run.cost.market_lots for run in runs)
        share = order.lots / volume if volume else math.nan
        tiles.append(
            Tile("Order", formats.quantity(order.quantity), f"{formats.percent(share)} of the window's volume")
        )
        arrival = formats.average_price(order.instrument)(runs[0].cost.benchmarks["arrival"])
        tiles.append(Tile("Arrival mid", arrival, order.instrument.currency))
    for estimate in estimates[:1]:
        low, high = estimate.interval()
        hint = f"{formats.bps(low)} to {formats.bps(high)}: 95% interval for this order, {estimate.model}"
        tiles.append(Tile("Expected cost", f"{formats.bps(estimate.expected_bps)} bps", hint))
    ranked = sorted((each for each in summaries if math.isfinite(each.shortfall_bps)), key=lambda it: it.shortfall_bps)
    if ranked:
        label = "Lowest shortfall" if len(ranked) > 1 else "Shortfall"
        tiles.append(Tile(label, f"{formats.bps(ranked[0].shortfall_bps)} bps", formats.algorithm(ranked[0].name)))
    if len(ranked) > 1:
        tiles.append(
            Tile(
                "Highest shortfall", f"{formats.bps(ranked[-1].shortfall_bps)} bps", formats.algorithm(ranked[-1].name)
            )
        )
    if summaries:
        least = min(summaries, key=lambda each: each.filled)
        hint = "every run" if least.filled == 1 else f"least filled: {formats.algorithm(least.name)}"
        tiles.append(Tile("Filled", formats.percent(least.filled), hint))
    return tiles


def _compared(runs: Sequence[ReportedRun], summaries: list[RunSummary], order: ParentOrder) -> list[Section]:
    if not summaries:
        return []
    table = tables.runs_table(summaries, order.instrument)
    done = [(run.name, run.record.fills) for run in runs]
    pictures = (comparison(summaries), executed(order, done)) if len(summaries) > 1 else ()
    return [Section("What happened", tables=(table,), pictures=pictures)]


def _simulated(runs: Sequence[ReportedRun]) -> list[Section]:
    """Assumptions of each world, once where several runs share it."""
    worlds: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for run in runs:
        worlds.setdefault((run.record.world, run.record.assumptions), []).append(formats.algorithm(run.name))
    sections = []
    for (world, assumptions), names in worlds.items():
        whose = "" if len(worlds) == 1 else f" ({', '.join(names)})"
        lead = f"World: {world}. Read the numbers above with these simplifications in mind."
        sections.append(Section(f"What was assumed{whose}", lead, points=tuple(map(formats.durations, assumptions))))
    return sections


def _expected(
    order: ParentOrder,
    estimates: Sequence[CostEstimate],
    schedules: Sequence[Schedule],
    frontier: Sequence[FrontierPoint],
    *,
    curve: VolumeCurve | None,
) -> list[Section]:
    if not (estimates or schedules or frontier or curve):
        return []
    shown = []
    pictures = [] if curve is None else [draw_curve(curve, order)]
    if estimates:
        shown.append(tables.estimates_table(estimates))
    if schedules:
        shown.append(tables.schedules_table(schedules))
        pictures.append(holdings(schedules))
    if frontier:
        pictures.append(frontier_picture(frontier, schedules))
    lead = "Before trading: what the order should cost, and the plans weighed."
    return [Section("What was expected", lead, tables=tuple(shown), pictures=tuple(pictures))]


def _run(run: ReportedRun, tape: Tape) -> Section:
    record, cost, name = run.record, run.cost, formats.algorithm(run.name)
    order = record.order
    pictures = [progress(name, order, record.fills, run.schedule)]
    if len(tape.quotes):
        arrival = cost.benchmarks["arrival"]
        pictures.append(price_path(name, order, tape.quotes, record.fills, arrival_price=arrival))
    if math.isfinite(cost.shortfall_bps):
        pictures.append(decomposition(name, cost))
    if len(tape.trades):
        pictures.append(participation(name, order, tape.trades, record.fills))
    return Section(
        name,
        _in_a_sentence(summarise(run), order),
        tables=(tables.decomposition_table(cost), tables.benchmarks_table(cost)),
        pictures=tuple(pictures),
        details=(tables.run_table(record, run.schedule),),
    )


def _in_a_sentence(summary: RunSummary, order: ParentOrder) -> str:
    instrument = order.instrument
    cut = "" if summary.complete else "This run was cut short: what follows is what had happened by then. "
    if summary.executed_lots == 0:
        reason = "" if summary.residual_reason is None else f": {tables.words(summary.residual_reason)}"
        return f"{cut}Nothing was executed{reason}."
    average = formats.average_price(instrument)(summary.average_price)
    sentence = (
        f"{formats.percent(summary.filled)} filled at an average of {average} {instrument.currency}, "
        f"{formats.bps(summary.cost_arrival_bps)} bps against arrival and {formats.bps(summary.cost_vwap_bps)} bps "
        f"against interval VWAP; shortfall {formats.bps(summary.shortfall_bps)} bps."
    )
    if summary.residual_lots:
        left = formats.quantity(instrument.quantity(summary.residual_lots))
        reason = "" if summary.residual_reason is None else f" ({tables.words(summary.residual_reason)})"
        sentence += f" Left over: {left}{reason}."
    else:
        done = formats.clock(instrument)(summary.last_fill_ns)
        sentence += f" Done at {done}, at {formats.percent(summary.active_participation)} of the volume until then."
    return cut + sentence


def _footer(order: ParentOrder, tape: Tape, runs: Sequence[ReportedRun], command: str) -> tuple[tuple[str, str], ...]:
    rows = [
        ("command", command or "nowake report JOURNAL... --html FILE, with the journals of the hashes below"),
        ("nowake", VERSION),
        ("data", tape.description),
        ("data fingerprint", tape.fingerprint or formats.MISSING),
        ("order", str(order)),
    ]
    if not (runs or command):
        del rows[0]
    latencies = [each for run in runs for each in run.record.assumptions if each.startswith("Latency")]
    rows += [("latency", formats.durations(each)) for each in dict.fromkeys(latencies)]
    for run in runs:
        name = formats.algorithm(run.name)
        rows.append((name, f"seed {run.record.seed}, journal hash {run.record.journal_hash}"))
    return tuple(rows)
