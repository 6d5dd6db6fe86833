"""The page of a plan of one order: where it stands on the frontier, its path, its trades, and what stands behind it.

Records in, a `Page` out; drawing it is `html.write`'s business."""

from __future__ import annotations

from nowake.domain.version import VERSION
from nowake.reports import formats, tables
from nowake.reports import plan_tables as shown
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures.frontier import frontier
from nowake.reports.pictures.holdings import holdings
from nowake.reports.pictures.rates import rates
from nowake.reports.planning import Planning

_MOST_POINTS = 12
_MOST_COSTS = 4
_MOST_DRAWN = 6  # Paths that can be told apart.


def build_page(planning: Planning, *, source: str = "", fingerprint: str = "", command: str = "") -> Page:
    """The page of one order's plans, the chosen one first.

    Parameters
    ----------
    source, fingerprint
        The data, in words and as a hash.
    command
        What makes the same page again.
    """
    plan, market = planning.plans[0], planning.market
    order, session = plan.order, plan.order.instrument.session
    kind = "An explanation: the market was measured past the start." if market.look_ahead else "A forecast."
    return Page(
        title=(
            f"Plan: {order.side.name.lower()} {formats.quantity(order.quantity)} {order.instrument.symbol}, "
            f"{session.clock(order.start_ns)[:5]} to {session.clock(order.end_ns)[:5]}, {plan.name}"
        ),
        subtitle=f"{source or 'given market'}. {kind} Times are {session.timezone.replace('_', ' ')}, {session.date}.",
        tiles=tuple(_tiles(planning)),
        sections=(_plans(planning), _path(planning), _trades(planning), _behind(planning), _assumed(planning)),
        sign=f"{tables.SIGN} One bp is a hundredth of a percent.",
        footer=(
            *((("command", command),) if command else ()),
            ("nowake", VERSION),
            ("data", source or "given"),
            ("data fingerprint", fingerprint or formats.MISSING),
            ("order", str(order)),
            (planning.model.name, f"version {planning.model.version}; {' '.join(str(planning.model).split())}"),
        ),
    )


def _tiles(planning: Planning) -> list[Tile]:
    plan, market = planning.plans[0], planning.market
    order = plan.order
    trades = shown.trades_table(plan, market, planning.curve).rows
    fastest = max(float(str(row.get("share_of_volume", "nan"))) for row in trades)
    parts = ", ".join(f"{name} {formats.bps(value)}" for name, value in plan.cost_parts.items())
    share = formats.percent(order.quantity / market.daily_volume)
    known = plan.certificate
    return [
        Tile("Order", formats.quantity(order.quantity), f"{share} of a day's volume"),
        Tile("Expected cost", f"{formats.bps(plan.expected_cost_bps)} bps", parts),
        Tile("Risk", f"{formats.plain_bps(plan.cost_risk_bps)} bps", "one standard deviation of the cost"),
        Tile("Half done", order.instrument.session.clock(plan.half_done_ns), f"in {len(plan.lots):,} buckets"),
        Tile("Fastest", formats.percent(fastest), "of all volume expected in a bucket, ours included"),
        Tile("Certificate", "none" if known is None else f"{known.value:.0e}", _certified(plan.name, planning)),
    ]


def _certified(name: str, planning: Planning) -> str:
    known = planning.plans[0].certificate
    if known is None:
        return f"{name} minimises nothing"
    return known.kind if known.kind == known.method else f"{known.kind}, {known.method}"


def _plans(planning: Planning) -> Section:
    made = shown.plans_table(planning.plans, planning.by_rule)
    lead = "Expected cost against risk, by one costing rule for all schedules."
    if not planning.frontier:
        lead = f"No frontier: {planning.frontier_because}."
    marks = [shown.Mark.of(plan) for plan in planning.marks[:1]] if planning.frontier else []
    unit = tables.money_unit(planning.plans[0].order.instrument)
    points = shown.marked_frontier(planning.frontier, marks, most=_MOST_POINTS, currency=unit) if marks else None
    return Section(
        "Cost against risk",
        lead,
        tables=(
            made,
            *((shown.cost_parts_table(planning.plans),) if len(planning.plans) > 1 else ()),
            *((points,) if points else ()),
            *((shown.absent_table(planning.absent),) if planning.absent else ()),
        ),
        pictures=(frontier(planning.frontier, planning.marks, is_first_chosen=True),) if planning.frontier else (),
    )


def _path(planning: Planning) -> Section:
    return Section(
        "The path",
        pictures=(
            holdings(planning.plans[:_MOST_DRAWN]),
            *filter(None, (rates(planning.plans[:_MOST_DRAWN], planning.market, planning.curve),)),
        ),
    )


def _trades(planning: Planning) -> Section:
    trades = shown.trades_table(planning.plans[0], planning.market, planning.curve, most=shown.MOST_TRADES)
    return Section("What to trade when", tables=(trades,))


def _behind(planning: Planning) -> Section:
    costs = tuple(shown.parts_table(plan) for plan in planning.plans if plan.cost_parts)
    doubts = planning.sensitivity
    return Section(
        "What stands behind it",
        tables=(
            *costs[:_MOST_COSTS],
            *(() if doubts is None else (shown.sensitivity_table(doubts, planning.plans[0]),)),
            shown.certificates_table(planning.plans),
        ),
        details=(shown.inputs_table(planning.plans),),
    )


def _assumed(planning: Planning) -> Section:
    market = tuple(line for line in str(planning.market).split("\n") if line)
    volume = f"volume is taken as {shown.curve_named(planning.curve)}"
    notes = tuple(dict.fromkeys(note for plan in planning.plans for note in plan.notes))
    warnings = (*planning.cautions, *planning.model.warnings)
    return Section(
        "What was assumed",
        "The market, as it was measured or given, and what the schedules take for granted.",
        points=(*market, volume, *notes, *warnings),
    )
