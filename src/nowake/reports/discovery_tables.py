"""Where the price is made, as tables: shares with their intervals, the sweep over steps, leads, the doubt of clocks."""

from __future__ import annotations

from nowake.microstructure.discovery import MarketShares, Point
from nowake.microstructure.reading.discovery import DiscoveryReading
from nowake.microstructure.reading.heard import sentence
from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.statistics.measurement import Measurement

_MEASURES = ("information_mid", "information_low", "information_high", "component", "modified", "leadership")


def shares_table(found: DiscoveryReading) -> Table:
    """Every share of every market at the step asked for."""
    columns = (
        Column("market", "market", is_number=False),
        Column("information", "information\nshare", is_number=False),
        Column("bounds", "over orders\nof the markets", is_number=False),
        Column("component", "component\nshare", is_number=False),
        Column("modified", "modified\nshare", is_number=False, spare=2),
        Column("leadership", "leadership\nshare", is_number=False),
    )
    made = found.shares
    if made is None:
        return Table("Shares in the common price", columns, ())
    rows = tuple(_of_market(each) for each in made.markets)
    notes = (
        f"Every {formats.duration(made.every_ns)}, {made.rows:,} rows, {made.lags} past steps; in brackets "
        f"{found.level:.0%} intervals from {made.repeats} repeats of {made.blocks} blocks, seed {made.seed}.",
        "The market that adjusts less has the larger share. Information shares sum to 1 within one order of the "
        "markets only; where their bounds lie far apart the step is too long to tell who was first.",
        *(sentence(note) for note in made.notes),
    )
    return Table("Shares in the common price", columns, rows, notes)


def sweep_table(found: DiscoveryReading) -> Table:
    """The information and component share of each market at every step."""
    columns = (
        Column("every", "step", is_number=False),
        Column("market", "market", is_number=False),
        Column("information", "information\nshare", is_number=False),
        Column("bounds", "over orders", is_number=False),
        Column("component", "component\nshare", is_number=False),
        Column("leadership", "leadership\nshare", is_number=False, spare=1),
        Column("refused", "why not", is_number=False, is_prose=True, spare=2),
    )
    rows = tuple(row for point in found.sweep for row in _of_point(point, formats.duration(point.every_ns)))
    return Table("Shares by sampling interval", columns, rows)


def skews_table(found: DiscoveryReading) -> Table:
    """Shares were the second market's clock wrong."""
    columns = (
        Column("every", f"{found.names[1]}\nmoved later by", is_number=False),
        Column("market", "market", is_number=False),
        Column("information", "information\nshare", is_number=False),
        Column("bounds", "over orders", is_number=False),
        Column("component", "component\nshare", is_number=False),
        Column("refused", "why not", is_number=False, is_prose=True, spare=2),
    )
    rows = tuple(row for point in found.skews for row in _of_point(point, formats.duration(point.skew_ns)))
    note = "A constant skew and a lead cannot be told apart without a common clock: shares that turn over are in doubt."
    return Table("Were a clock wrong", columns, rows, (note,))


def leads_table(found: DiscoveryReading) -> Table:
    """Who leads whom, and by how long."""
    columns = (
        Column("pair", "first, second", is_number=False),
        Column("lead", "the first leads by", formats.duration),
        Column("low", "from", formats.duration),
        Column("high", "to", formats.duration),
        Column("peak", "correlation\nthere", formats.number),
        Column("ratio", "lead-lag\nratio", formats.number),
    )
    rows = tuple(
        {
            "pair": f"{each.first}, {each.second}",
            "lead": each.lead_ns.value,
            "low": each.lead_ns.low,
            "high": each.lead_ns.high,
            "peak": each.peak.value,
            "ratio": each.ratio.value,
        }
        for each in found.leads
    )
    notes = ("Hayashi-Yoshida; below 0 the second leads. A ratio above 1: on the whole the first does.",)
    return Table("Who leads whom", columns, rows, notes)


def discovery_tables(found: DiscoveryReading) -> tuple[Table, ...]:
    """What the terminal shows."""
    made = [shares_table(found)] if found.shares is not None else []
    made += [sweep_table(found)] if any(point.discovery for point in found.sweep) else []
    made += [leads_table(found)] if found.leads else []
    return tuple(made)


def _of_point(point: Point, first: str) -> list[dict[str, object]]:
    if point.discovery is None:
        told = dict.fromkeys(("market", "information", "bounds", "component", "leadership"), "")
        return [{"every": first, **told, "refused": point.refused}]
    at = {"every_ns": point.every_ns, "skew_ns": point.skew_ns, "refused": ""}
    return [
        {"every": first if place == 0 else "", **at, **_of_market(each)}
        for place, each in enumerate(point.discovery.markets)
    ]


def _of_market(each: MarketShares) -> dict[str, object]:
    """The shares of one market: as texts with their intervals, and as numbers for machines."""
    low, high = formats.percent(each.information_low.value), formats.percent(each.information_high.value)
    return {
        "market": each.market,
        "information": _with_ends(each.information_mid),
        "bounds": f"{low} to {high}",
        "component": _with_ends(each.component),
        "modified": _with_ends(each.modified),
        "leadership": _with_ends(each.leadership),
        **_numbers(each),
    }


def _numbers(each: MarketShares) -> dict[str, object]:
    made: dict[str, object] = {}
    for name in _MEASURES:
        measured: Measurement | None = getattr(each, name)
        for end in ("value", "low", "high"):
            made[f"{name}_{end}"] = None if measured is None else getattr(measured, end)
    return made


def _with_ends(measured: Measurement | None) -> str:
    if measured is None:
        return formats.MISSING
    return f"{formats.percent(measured.value)} [{100 * measured.low:.1f}, {100 * measured.high:.1f}]"
