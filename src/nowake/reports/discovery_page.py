"""The page of where a price is made: shares by interval with bands, who leads whom, and what clocks may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nowake.domain.units import NS_PER_SECOND
from nowake.domain.version import VERSION
from nowake.microstructure.discovery import MarketShares
from nowake.microstructure.reading.discovery import DiscoveryReading
from nowake.reports import discovery_tables as shown
from nowake.reports import formats
from nowake.reports.flow_tables import refused
from nowake.reports.page import Page, Section, Tile
from nowake.reports.pictures import canvas
from nowake.reports.pictures import discovery as drawn
from nowake.reports.pictures.canvas import Picture
from nowake.statistics.measurement import Measurement

Pick = Callable[[MarketShares], Measurement]


def build_page(found: DiscoveryReading, *, about: str, fingerprint: str = "", command: str = "") -> Page:
    """The page of one reading.

    Parameters
    ----------
    about
        Sources, dates and whose clock, in words.
    fingerprint
        The data as a hash.
    command
        What makes the same page again.
    """
    return Page(
        title=f"Where the price is made: {', '.join(found.names)}",
        subtitle=about,
        tiles=tuple(_tiles(found)),
        sections=tuple(_sections(found)),
        sign="A share is of the variance of the one price that the markets have in common.",
        footer=(
            *((("command", command),) if command else ()),
            ("nowake", VERSION),
            ("data fingerprint", fingerprint or formats.MISSING),
            ("seed", f"{found.seed}"),
        ),
    )


def pictures(found: DiscoveryReading) -> dict[str, Picture]:
    """Every picture there is something for, by a name fit for a file."""
    made: dict[str, Picture | None] = {
        "shares": _swept(found, "information share", lambda each: each.information_mid),
        "components": _swept(found, "component share", lambda each: each.component),
        "leads": _leads(found),
    }
    return {name: picture for name, picture in made.items() if picture is not None}


def _sections(found: DiscoveryReading) -> list[Section]:
    made = pictures(found)
    told = found.shares is not None
    swept = any(point.discovery is not None for point in found.sweep)
    sections = [
        Section(
            "Shares",
            tables=(shown.shares_table(found),) if told else (),
            points=() if told else ("Refused; the reason is below.",),
        ),
    ]
    if swept:
        sections.append(
            Section(
                "By sampling interval",
                "News that one market tells another within a step looks simultaneous: bounds open, and only a shorter "
                "step tells. A step much shorter than quotes come sees idle quotes.",
                pictures=tuple(made[name] for name in ("shares", "components") if name in made),
                details=(shown.sweep_table(found),),
            )
        )
    if found.leads:
        drawn_leads = (made["leads"],) if "leads" in made else ()
        sections.append(Section("Who leads whom", tables=(shown.leads_table(found),), pictures=drawn_leads))
    if found.skews:
        sections.append(Section("What clocks may change", tables=(shown.skews_table(found),)))
    if found.refusals:
        sections.append(Section("What could not be told", points=tuple(map(refused, found.refusals))))
    return sections


def _tiles(found: DiscoveryReading) -> list[Tile]:
    if found.shares is None:
        return [Tile("Shares", "refused", "see below")]
    return [
        Tile(
            each.market,
            formats.percent(each.information_mid.value),
            f"information share, {formats.percent(each.information_low.value)} to "
            f"{formats.percent(each.information_high.value)} over orders",
        )
        for each in found.shares.markets
    ]


def _swept(found: DiscoveryReading, measure: str, pick: Pick) -> Picture | None:
    """One curve a market over the steps that told; None where fewer than two did."""
    points = [(point.every_ns, point.discovery) for point in found.sweep if point.discovery is not None]
    if len(points) < 2:
        return None
    at = [every_ns / NS_PER_SECOND for every_ns, _ in points]
    curves = {}
    for place, name in enumerate(found.names):
        values = [pick(shares.markets[place]) for _, shares in points]
        curves[name] = _curve(at, values)
    return drawn.shares(curves, measure=measure)


def _leads(found: DiscoveryReading) -> Picture | None:
    if not found.leads:
        return None
    return drawn.lead_lag(
        {
            f"{each.first}, {each.second}": _curve([s / NS_PER_SECOND for s in each.shifts_ns], each.correlation)
            for each in found.leads
        }
    )


def _curve(at: Sequence[float], values: Sequence[Measurement]) -> canvas.Curve:
    return canvas.Curve(
        at=at,
        value=[each.value for each in values],
        low=[each.low for each in values],
        high=[each.high for each in values],
    )
