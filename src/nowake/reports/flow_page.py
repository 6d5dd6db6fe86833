"""The page of what a market told: mark-outs, toxicity through the day against price, imbalance, regimes, numbers."""

from __future__ import annotations

import dataclasses

from nowake.domain.units import NS_PER_SECOND
from nowake.domain.version import VERSION
from nowake.microstructure.reading.flow import FlowReading
from nowake.microstructure.reading.heard import Part
from nowake.microstructure.toxicity.markouts import MarkOuts
from nowake.reports import flow_tables as shown
from nowake.reports import formats
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures import canvas
from nowake.reports.pictures import flow as drawn
from nowake.reports.pictures.canvas import Picture
from nowake.reports.table import Table

_MOST_VENUES = 5


def build_page(found: FlowReading, *, source: str, fingerprint: str = "", command: str = "") -> Page:
    """The page of one reading.

    Parameters
    ----------
    source, fingerprint
        The data, in words and as a hash.
    command
        What makes the same page again.
    """
    session, options = found.instrument.session, found.options
    window = f"{session.moment(found.start_ns)} to {session.moment(found.end_ns)}"
    return Page(
        title=f"What the market told: {found.instrument.symbol}, {session.date}, {window}",
        subtitle=f"{source}. {found.prints:,} prints. Times are {session.timezone.replace('_', ' ')}.",
        tiles=tuple(_tiles(found)),
        sections=tuple(section for section in _sections(found) if section is not None),
        sign="Spreads and impact are positive when the one who took paid; mark-outs when the one who took was right.",
        footer=(
            *((("command", command),) if command else ()),
            ("nowake", VERSION),
            ("data", source),
            ("data fingerprint", fingerprint or formats.MISSING),
            ("read with", f"rule {options.rule}, VPIN window {options.window}, seed {options.seed}"),
        ),
    )


def pictures(found: FlowReading) -> dict[str, Picture]:
    """Every picture there is something for, by a name fit for a file."""
    made: dict[str, Picture | None] = {
        "markouts": _markouts(found),
        "toxicity": _toxicity(found),
        "imbalance": _imbalance(found),
        "regimes": _regimes(found),
    }
    return {name: picture for name, picture in made.items() if picture is not None}


def _sections(found: FlowReading) -> list[Section | None]:
    level = found.options.level
    parts = {part.name: part for part in found.parts}
    rules = (shown.rules_table(found.rules),) if found.rules else ()
    venues = () if found.spreads_by_venue is None else (shown.venues_table(found.spreads_by_venue),)
    curves = () if found.markouts is None else (shown.markouts_table(found.markouts),)
    ways = (shown.sensitivity_table(found.sensitivity, level=level),) if found.sensitivity else ()
    states = () if found.strip is None or not found.strip.states else (shown.states_table(found.strip),)
    reasons = tuple(map(shown.refused, found.refusals))
    refused = Section("What could not be told", points=reasons) if reasons else None
    return [
        _section(parts.get("What trading costs"), level, pictures=(_markouts(found),), tables=venues, details=curves),
        _section(parts.get("The book"), level),
        _section(parts.get("Toxicity"), level, pictures=(_toxicity(found),), tables=ways),
        _section(parts.get("Alarm"), level),
        _section(parts.get("What the spread pays for"), level),
        _section(parts.get("Private news"), level),
        _section(parts.get("Order flow"), level, pictures=(_imbalance(found),)),
        _section(parts.get("Regimes"), level, pictures=(_regimes(found),), details=states),
        _section(parts.get("Trading that comes of trading"), level),
        _section(parts.get("Efficiency"), level),
        _section(parts.get("From bars alone"), level),
        _section(parts.get("Who took"), level, details=rules),
        refused,
    ]


def _section(
    part: Part | None,
    level: float,
    *,
    pictures: tuple[Picture | None, ...] = (),
    tables: tuple[Table, ...] = (),
    details: tuple[Table, ...] = (),
) -> Section | None:
    """A part with what belongs to it; None where it told nothing."""
    if part is None:
        return None
    numbers = (dataclasses.replace(shown.part_table(part, level=level), title="In numbers"),) if part.findings else ()
    return Section(
        part.name,
        tables=(*numbers, *tables),
        pictures=tuple(picture for picture in pictures if picture is not None),
        points=() if part.findings else part.notes,
        details=details,
    )


def _tiles(found: FlowReading) -> list[Tile]:
    numbers = {each.name: each.measured for part in found.parts for each in part.findings}
    wanted = (
        ("Quoted spread", "quoted spread", "bps", "weighted by time"),
        ("Effective spread", "effective spread", "bps", "weighted by size"),
        ("VPIN", "VPIN, whole window", "", "one-sided share of volume"),
        ("Order-flow slope", "  times twice the depth", "", "times twice the depth; 1 in an even book"),
    )
    tiles = [
        Tile(label, f"{formats.number(numbers[name].value)} {unit}".strip(), hint)
        for label, name, unit, hint in wanted
        if name in numbers
    ]
    if found.strip is not None and found.strip.known.any():
        likely = max(found.strip.shares.items(), key=lambda pair: pair[1])
        tiles.append(Tile("Mostly", likely[0], f"{likely[1]:.0%} of the time told"))
    return tiles


def _curves(found: MarkOuts, most: int) -> dict[str, canvas.Curve]:
    """The groups of most volume, each over the horizons it is known at."""
    made = {}
    for curve in sorted(found.curves, key=lambda each: -each.lots)[:most]:
        known = [(horizon, mean) for horizon, mean in zip(found.horizons_ns, curve.mean_bps, strict=True) if mean]
        if len(known) > 1:
            made[" ".join(curve.labels) or "all prints"] = canvas.Curve(
                at=[horizon / NS_PER_SECOND for horizon, _ in known],
                value=[mean.value for _, mean in known],
                low=[mean.low for _, mean in known],
                high=[mean.high for _, mean in known],
            )
    return made


def _markouts(found: FlowReading) -> Picture | None:
    by_venue = found.markouts_by_venue is not None
    curves = found.markouts_by_venue if found.markouts_by_venue is not None else found.markouts
    made = {} if curves is None else _curves(curves, _MOST_VENUES)
    return drawn.markouts(made, title="Mark-outs by venue" if by_venue else "Mark-outs") if made else None


def _toxicity(found: FlowReading) -> Picture | None:
    if found.vpin is None or len(found.mid[0]) < 2:
        return None
    known = found.vpin.value == found.vpin.value
    if known.sum() < 2:
        return None
    alarms = None if found.alarm is None else found.alarm.raised_ns
    told = found.vpin.end_ns[known], found.vpin.value[known]
    return drawn.toxicity(found.instrument, told, found.mid, alarms_ns=alarms)


def _imbalance(found: FlowReading) -> Picture | None:
    response = found.flow.response
    if response is None or len(response.bins) < 2:
        return None
    curve = canvas.Curve(
        at=[each.imbalance for each in response.bins],
        value=[each.up.value for each in response.bins],
        low=[each.up.low for each in response.bins],
        high=[each.up.high for each in response.bins],
    )
    over = "the imbalance of the queues, (bid - ask) / (bid + ask)"
    what = "share of next moves that went up"
    return drawn.imbalance(curve, title="What the mid does after an imbalance", what=what, over=over)


def _regimes(found: FlowReading) -> Picture | None:
    strip = found.strip
    if strip is None or strip.known.sum() < 2:
        return None
    times, mids = found.mid
    row = times.searchsorted(strip.time_ns, side="right") - 1
    price = mids[row.clip(0)] if len(times) and (row >= 0).all() else None
    return drawn.regimes(found.instrument, strip.time_ns, strip.probability, strip.names, price)
