"""The page of a basket's plan: where it stands on its frontier, its paths, exposures and risk, every line, every limit.

Records in, a `Page` out; drawing it is `html.write`'s business."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nowake.domain.version import VERSION
from nowake.reports import basket_tables as shown
from nowake.reports import formats
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures import basket as pictures
from nowake.reports.pictures.frontier import drawn
from nowake.reports.plan_tables import SIGN, Mark, absent_table, certificate_table
from nowake.schedules.portfolio import BasketPlan, BasketPoint


class BasketDocument(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the page is made of.

    Parameters
    ----------
    plan, even
        The plan, and the even one it is held against.
    others, absent
        Plans that stand beside it, and why those that could not be made were not.
    frontier, frontier_because
        Its points; the reason where there is none.
    assumed
        What was assumed before the plan was made, one sentence each.
    bad
        Rows that were left out of the basket.
    source, command
        The file, and what makes the same page again.
    """

    plan: BasketPlan
    even: BasketPlan
    others: tuple[BasketPlan, ...] = ()
    absent: dict[str, str] = {}
    frontier: tuple[BasketPoint, ...] = ()
    frontier_because: str = ""
    assumed: tuple[str, ...] = ()
    bad: Sequence[object] = ()
    source: str = ""
    command: str = ""


def build_page(document: BasketDocument) -> Page:
    """The page; sections without anything to show are left out."""
    plan, basket = document.plan, document.plan.basket
    bought = sum(line.value for line in basket.lines if line.side > 0)
    session = shown.session_of(plan)
    times = (
        f"Times are {session.timezone.replace('_', ' ')}, {session.date}."
        if session is not None
        else "Times are in sessions from the start."
    )
    return Page(
        title=f"Plan: a basket of {formats.counted(len(basket), 'line')}, {plan.name}",
        subtitle=(
            f"{document.source or 'given basket'}. {formats.count(bought)} {basket.currency} to buy, "
            f"{formats.count(basket.gross - bought)} to sell. {times}"
        ),
        tiles=tuple(_tiles(document)),
        sections=tuple(_sections(document)),
        sign=f"{SIGN} Bps are of gross value; one bp is a hundredth of a percent.",
        footer=(
            *((("command", document.command),) if document.command else ()),
            ("nowake", VERSION),
            ("basket", document.source or "given"),
            ("covariance", str(basket.covariance)),
            *((name.replace("_", " "), formats.number(value)) for name, value in plan.inputs.items()),
        ),
    )


def _tiles(document: BasketDocument) -> list[Tile]:
    plan, even, basket = document.plan, document.even, document.plan.basket
    parts = ", ".join(f"{name} {formats.bps(value)}" for name, value in plan.cost_parts_bps.items())
    known = plan.certificate
    net = f"{basket.net / basket.gross:+.1%}"
    return [
        Tile("Gross value", formats.count(basket.gross), f"{basket.currency}, net {net} of it"),
        Tile("Expected cost", f"{formats.bps(plan.expected_cost_bps)} bps", parts),
        Tile(
            "Risk",
            f"{plan.risk_bps:.1f} bps",
            f"one standard deviation; {even.name} {even.risk_bps:.1f} at {formats.bps(even.expected_cost_bps)} cost",
        ),
        Tile("Half done", shown.moment(plan, shown.half_days(plan)), f"in {len(plan.timeline):,} buckets"),
        Tile("Fastest", formats.percent(float(plan.participation.max())), "of the volume expected in a bucket"),
        Tile(
            "Certificate",
            "none" if known is None else f"{known.value:.0e}",
            f"{plan.name} minimises nothing" if known is None else f"{known.kind}, {known.method}",
        ),
    ]


def _sections(document: BasketDocument) -> list[Section]:
    plan, even = document.plan, document.even
    sectors = pictures.basket_sectors(plan)
    sections = [
        _frontier(document),
        Section(
            "The paths", pictures=(pictures.basket_paths(plan, even), *((sectors,) if sectors is not None else ())),
            tables=(shown.groups_table(plan),),
        ),
        Section(
            "Exposures",
            "Of what is left, after every bucket.",
            tables=(shown.exposures_table(plan),),
            pictures=pictures.basket_exposures(plan),
        ),
        Section("Risk contributions", pictures=(pictures.basket_risk(plan, even),)),
        Section("Lines", tables=(shown.lines_table(plan, most=shown.SHOWN_ON_PAGE),)),
        _behind(document),
    ]  # fmt: skip
    if document.bad:
        sections.append(
            Section("Left out", "These rows stand in no number above.", tables=(shown.bad_rows_table(document.bad),))
        )
    return [*sections, _assumed(document)]


def _frontier(document: BasketDocument) -> Section:
    plans = shown.beside(document.plan, document.even, document.others)
    tables = (
        shown.baskets_table(plans),
        *((absent_table(document.absent),) if document.absent else ()),
        *((shown.points_table(document.frontier, plans[:1]),) if document.frontier else ()),
    )
    if not document.frontier:
        return Section("Cost against risk", f"No frontier: {document.frontier_because}.", tables=tables)
    # The even plan before others, of which only a few can be told apart.
    drawn_plans = (*shown.beside(document.plan, document.even), *document.others)
    marks = [Mark(each.name, each.risk_bps, each.expected_cost_bps) for each in drawn_plans]
    picture = drawn(document.frontier, marks, is_first_chosen=True, unit="bps of gross value")
    lead = "Expected cost against risk under the same limits, by the costs the plan itself is made by."
    return Section("Cost against risk", lead, tables=tables, pictures=(picture,))


def _behind(document: BasketDocument) -> Section:
    plan = document.plan
    limits = (shown.binding_table(plan),) if plan.binding else ()
    lead = "" if plan.binding else "No limit holds the plan back."
    return Section(
        "What holds it, and how it is known", lead, tables=(*limits, certificate_table(plan.name, plan.certificate))
    )


def _assumed(document: BasketDocument) -> Section:
    plan = document.plan
    rounding = (
        f"Whole lots and the smallest trade cost {plan.rounding.cost:+,.2f} {plan.basket.currency} of the objective "
        f"({plan.rounding.before:,.2f} before, {plan.rounding.after:,.2f} after)."
    )
    points = tuple(dict.fromkeys((*document.assumed, *plan.notes, str(plan.basket.covariance), rounding)))
    return Section("What was assumed", points=points)
