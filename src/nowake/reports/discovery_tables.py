"""Where the price is made, as tables: shares with their intervals, the sweep over steps, leads, the doubt of clocks."""

from __future__ import annotations

import itertools

from nowake.microstructure.discovery import Discovery, LeadLag, MarketShares, Point
from nowake.microstructure.reading.discovery import DiscoveryReading
from nowake.microstructure.reading.heard import sentence
from nowake.reports import formats
from nowake.reports.table import Column, Table, to_dict
from nowake.statistics.measurement import Measurement

_LITTLE = 0.1
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
        *_fresh(made),
        *_apart(made),
        *(sentence(note) for note in made.notes),
    )
    return Table("Shares in the common price", columns, rows, notes)


def _fresh(made: Discovery) -> list[str]:
    """How stale each market's prices are on the grid."""
    told = (
        f"{each.market} median age {formats.duration(each.median_age_ns)}, {each.idle:.0%} of steps idle"
        for each in made.staleness
    )
    words = "; ".join(told)
    return [f"{words}."] if words else []


def _apart(made: Discovery) -> list[str]:
    """A warning where two markets' news hardly move together: a chance pass of the test of one price."""
    pairs = itertools.combinations(range(len(made.markets)), 2)
    return [
        f"News of {made.markets[i].market} and {made.markets[j].market} hardly move together (correlation "
        f"{made.correlation[i][j]:.2f}): are they one asset? The test lets one pair in a hundred pass by chance."
        for i, j in pairs
        if abs(made.correlation[i][j]) < _LITTLE
    ]


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
        Column("said", "the first leads by", is_number=False),
        Column("peak", "correlation\nthere", formats.number),
        Column("ratio", "lead-lag\nratio", formats.number),
    )
    rows = tuple(
        {
            "pair": f"{each.first}, {each.second}",
            "said": _lead(each),
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


def _lead(each: LeadLag) -> str:
    """A lead with its interval; one of nought only says that it is less than the least shift tried."""
    ends = (each.lead_ns.value, each.lead_ns.low, each.lead_ns.high)
    if not any(ends):
        return f"less than {formats.duration(min(shift for shift in each.shifts_ns if shift > 0))}"
    value, low, high = (formats.duration(float(f"{end:.3g}")) for end in ends)
    return f"{value} [{low}, {high}]"


def in_numbers(table: Table) -> list[dict[str, object]]:
    """The rows for machines: numbers alone, without the texts made of them."""
    texts = {"every", "information", "bounds", "component", "modified", "leadership"}
    return [{key: value for key, value in row.items() if key not in texts} for row in to_dict(table)]


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
