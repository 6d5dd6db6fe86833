"""The pre-trade pages: one of an order, with every model and question asked, and one of a list of orders.

Records in, a `Page` out; drawing it is `html.write`'s business."""

from __future__ import annotations

import math

from nowake.domain.version import VERSION
from nowake.models.pretrade.order_list import ListCosts
from nowake.reports import estimate_list_tables as lists
from nowake.reports import estimate_tables as shown
from nowake.reports import formats, tables
from nowake.reports.analysis import Analysis
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures.estimate_list import estimate_list
from nowake.reports.pictures.estimate_models import estimate_models
from nowake.reports.pictures.estimate_ways import estimate_ways
from nowake.reports.pictures.urgency import urgency


def build_page(analysis: Analysis, *, source: str = "", fingerprint: str = "", command: str = "") -> Page:
    """The page of one order. Sections without anything to show are left out.

    Parameters
    ----------
    source, fingerprint
        The data, in words and as a hash.
    command
        What makes the same page again.
    """
    first = analysis.estimates[0]
    order, market = first.order, first.market
    session = order.instrument.session
    kind = "An explanation: the market was measured past the start." if market.look_ahead else "A forecast."
    return Page(
        title=(
            f"Before trading: {order.side.name.lower()} {formats.quantity(order.quantity)} {order.instrument.symbol}, "
            f"{session.clock(order.start_ns)[:5]} to {session.clock(order.end_ns)[:5]}"
        ),
        subtitle=f"{source or 'given market'}. {kind} Times are {session.timezone.replace('_', ' ')}, {session.date}.",
        tiles=tuple(_tiles(analysis)),
        sections=tuple(_sections(analysis)),
        sign=f"{tables.SIGN} One bp is a hundredth of a percent.",
        footer=(
            *((("command", command),) if command else ()),
            ("nowake", VERSION),
            ("data", source or "given"),
            ("data fingerprint", fingerprint or formats.MISSING),
            ("order", str(order)),
            *((each.model, f"version {each.version}; {' '.join(each.formula.split())}") for each in analysis.estimates),
        ),
    )


def build_list_page(done: ListCosts, *, source: str = "", command: str = "", level: float = 0.95) -> Page:
    """The page of a list of orders: a table, a picture, and what was refused."""
    value = sum(order.notional for order in done.orders)
    totals = [total for total in lists.list_totals(done) if math.isfinite(total.cost)]
    currencies = {order.currency for order in done.orders}
    tiles = [Tile("Orders", formats.count(len(done.orders)), f"{done.lost} could not be estimated")]
    if len(currencies) == 1 and value == value:  # noqa: PLR0124
        (currency,) = currencies
        tiles += [
            Tile("Value", formats.currency(value).lstrip("+"), currency),
        ]
        if totals:
            told = ", ".join(filter(None, (currency, totals[0].model)))
            spread = _range_over([total.cost for total in totals], formats.currency)
            tiles.append(Tile("Expected cost", formats.currency(totals[0].cost), told + spread))
    sections = []
    if done.orders:
        drawn = (estimate_list(done, level=level),)
        sections.append(
            Section("Orders", tables=(lists.list_table(done, level=level, most=lists.SHOWN_ON_PAGE),), pictures=drawn)
        )
    if done.refused:
        lead = "These rows stand in no sum above."
        sections.append(
            Section("Not estimated", lead, tables=(lists.refused_table(done.refused, most=lists.SHOWN_ON_PAGE),))
        )
    return Page(
        title=f"Before trading: {len(done.orders)} orders",
        subtitle=f"{source}." if source else "",
        tiles=tuple(tiles),
        sections=tuple(sections),
        sign=f"{tables.SIGN} One bp is a hundredth of a percent.",
        footer=(*((("command", command),) if command else ()), ("nowake", VERSION), ("list", source or "given")),
    )


def _tiles(analysis: Analysis) -> list[Tile]:
    first, level = analysis.estimates[0], f"{100 * analysis.level:.4g}%"
    low, high = first.expected_interval(analysis.level)
    worst, best = first.interval(analysis.level)
    tiles = [
        Tile(
            "Order", formats.quantity(first.order.quantity), f"{formats.percent(first.share_of_day)} of a day's volume"
        ),
        Tile(
            "Expected cost",
            f"{formats.bps(first.expected_bps)} bps",
            f"{formats.bps(low)} to {formats.bps(high)}: {level} interval of the expectation, {first.model}"
            + _range_over([each.expected_bps for each in analysis.estimates], formats.bps),
        ),
        Tile(
            "This order",
            f"{formats.bps(worst)} to {formats.bps(best)}",
            f"bps: {level} interval, the market's moves included",
        ),
    ]
    if analysis.best:
        name, rate = analysis.best[0]
        if rate.flat is None:
            tiles.append(Tile("Best rate", "none", f"no price for speed in this law, {name}"))
        else:
            told = " to ".join(map(formats.percent, rate.flat))
            tiles.append(Tile("Best rate", formats.percent(rate.participation), f"{told} is as good, {name}"))
    if analysis.capacities:
        name, size = analysis.capacities[0]
        told = "not reached" if size.quantity is None else formats.count(size.quantity)
        tiles.append(Tile(f"Capacity at {size.limit_bps:g} bps", told, name))
    return tiles


def _range_over(values: list[float], show: formats.Show) -> str:
    """How far models differ, where there are several."""
    return f"; {show(min(values))} to {show(max(values))} over {len(values)} models" if len(values) > 1 else ""


def _sections(analysis: Analysis) -> list[Section]:
    level = analysis.level
    warnings = tuple(dict.fromkeys(text for each in analysis.estimates for text in each.warnings))
    market = tuple(line for line in str(analysis.estimates[0].market).split("\n") if line)
    sections = [
        Section(
            "What it should cost",
            "Every model that can answer in this market, each with its interval.",
            tables=(
                tables.estimates_table(analysis.estimates, level=level, risk_aversion=analysis.risk_aversion),
                shown.doubts_table(analysis.estimates),
                *((shown.absent_table(analysis.absent),) if analysis.absent else ()),
            ),
            pictures=(estimate_models(analysis.estimates, level=level),),
            points=warnings,
        )
    ]
    if analysis.curves or analysis.best:
        best = dict(analysis.best)
        own = {each.model: each for each in analysis.estimates}
        drawn = tuple(
            urgency(curve, own=own.get(name), best=best.get(name), level=level, name=name)
            for name, curve in analysis.curves
        )
        found = (shown.best_table(analysis.best),) if analysis.best else ()
        curves = tuple(
            shown.urgency_table(name, curve, risk_aversion=analysis.risk_aversion, level=level)
            for name, curve in analysis.curves
        )
        sections.append(Section("How fast", tables=(*found, *curves), pictures=drawn))
    if analysis.capacities:
        sections.append(Section("How much", tables=(shown.capacity_table(analysis.capacities),)))
    if analysis.ways:
        compared = tuple(
            shown.strategies_table(name, ways, risk_aversion=analysis.risk_aversion) for name, ways in analysis.ways
        )
        drawn = tuple(estimate_ways(ways, level=level, name=name) for name, ways in analysis.ways)
        sections.append(Section("In which way", tables=compared, pictures=drawn))
    if analysis.liquidity is not None:
        book = shown.liquidity_table(analysis.liquidity, analysis.resilience, analysis.resilience_because)
        scores = (shown.scores_table(analysis.scores),) if analysis.scores else ()
        sections.append(Section("What the market offers", tables=(book, *scores)))
    sections.append(Section("What was assumed", "The market, as it was measured or given.", points=market))
    return sections
