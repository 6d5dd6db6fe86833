"""nowake discover"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import click

from nowake.cli.many_days import days_between
from nowake.cli.options import check_date, check_moments, json_option, load, typed
from nowake.cli.page_outputs import check_outputs, write_outputs
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadParameter, NotFound

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.verbs.discover import Discovered


@click.command("discover", short_help="Where is the price made? Shares of several markets, who leads.")
@click.argument("source", nargs=-1, required=True)
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where sources have several.")
@click.option("--until", metavar="YYYY-MM-DD", help="With --date: all days that sources share, up to this one.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--start", metavar="HH:MM", help="Look from here, local time of each venue. Default: the open.")
@click.option("--end", metavar="HH:MM", help="Look up to here. Default: the close.")
@click.option("--every", metavar="TIME", help="Step of the shares: 100ms, 5s.  [default: 1s, or what markets need]")
@click.option("--sweep", metavar="TIME,TIME", help="Steps to sweep.  [default: 100ms to 1m]")
@click.option("--stale", metavar="TIME", help="Age beyond which a price tells nothing.  [default: any]")
@click.option(
    "--clock",
    type=click.Choice(["venue", "recorder"]),
    help="Whose stamps.  [default: the recorder's where every source has both]",
)
@click.option("--lags", type=click.IntRange(min=0), help="Past steps in the model.  [default: chosen]")
@click.option("--repeats", type=click.IntRange(min=100), default=200, show_default=True, help="Of resampling.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence of the intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of resampling.")
@click.option("--html", metavar="FILE", help="Write everything, with pictures, as one HTML page.")
@click.option("--pictures", metavar="DIR", help="Write the pictures as SVG files here.")
@json_option
def command(
    source: tuple[str, ...],
    date: str | None,
    until: str | None,
    root: str | None,
    *,
    start: str | None,
    end: str | None,
    every: str | None,
    sweep: str | None,
    stale: str | None,
    clock: str | None,
    lags: int | None,
    repeats: int,
    level: float,
    seed: int,
    html: str | None,
    pictures: str | None,
    as_json: bool,
) -> None:
    """Shares of two or more markets in the one price they have in common: information share with its bounds over
    orders, component, modified and leadership share, each with its interval, over a sweep of sampling intervals; and
    who leads whom. Where markets are not of one price, shares are refused.

    SOURCES are two or more of FORMAT:SYMBOL, or paths; `nowake data info` lists what there is.
    """
    from nowake.domain.units import parse_duration  # noqa: PLC0415
    from nowake.microstructure.reading.discovery import STEPS_NS  # noqa: PLC0415
    from nowake.verbs.discover import discover  # noqa: PLC0415

    if len(source) < 2:
        raise BadParameter(f"{source[0]} alone has nobody to share a price with; name two sources or more")
    check_outputs(html=html, pictures=pictures, level=level)
    check_moments(start, end)
    _check_dates(date, until)
    steps_ns = STEPS_NS if sweep is None else tuple(parse_duration(each) for each in sweep.split(","))
    days = [_days(each, date, until, root) for each in source]
    if until is not None:
        days = _shared(days, source)
    with waiting(f"reading {len(source)} markets"):
        found = discover(
            *days,
            start=start,
            end=end,
            every_ns=None if every is None else parse_duration(every),
            steps_ns=steps_ns,
            longest_age_ns=None if stale is None else parse_duration(stale),
            clock=clock,  # type: ignore[arg-type]  # One of the choices.
            lags=lags,
            repeats=repeats,
            seed=seed,
            level=level,
        )
    found = dataclasses.replace(found, command=typed())
    written = write_outputs(found, html=html, pictures=pictures, prefix="discover")
    if as_json:
        show_json(_plain(found))
        return
    _show(found)
    for path in written:
        say(f"wrote {path}")


def _check_dates(date: str | None, until: str | None) -> None:
    check_date("--date", date)
    check_date("--until", until)
    if until is not None and (date is None or until < date):
        raise BadParameter(f"--until {until} needs a --date before it; write --date FIRST --until LAST")


def _days(source: str, date: str | None, until: str | None, root: str | None) -> list[Day]:
    """One day, or all that a source has between two dates."""
    if until is None:
        return [load(source, date, root)]
    return days_between(source, dt.date.fromisoformat(date or until), dt.date.fromisoformat(until), root)


def _shared(days: list[list[Day]], source: tuple[str, ...]) -> list[list[Day]]:
    """The days that all sources have.

    Raises
    ------
    NotFound
        When there is none.
    """
    dates = set.intersection(*({day.instrument.session.date for day in each} for each in days))
    if not dates:
        raise NotFound(f"{', '.join(source)} share no day; `nowake data info` lists what there is")
    return [[day for day in each if day.instrument.session.date in dates] for each in days]


def _show(found: Discovered) -> None:
    from nowake.reports.discovery_tables import discovery_tables  # noqa: PLC0415
    from nowake.reports.flow_tables import refused  # noqa: PLC0415

    say(f"{found.about}\n")
    show(*discovery_tables(found))
    for reason in found.refusals:
        say(f"- Not told: {refused(reason)}")


def _plain(found: Discovered) -> dict[str, object]:
    """What the tables and the pictures are made of."""
    from nowake.reports import discovery_tables as tables  # noqa: PLC0415

    return {
        "sources": found.sources,
        "dates": [str(date) for date in found.dates],
        "clock": found.clock,
        "shares": None if found.shares is None else tables.in_numbers(tables.shares_table(found)),
        "sweep": tables.in_numbers(tables.sweep_table(found)),
        "leads": found.leads,
        "skews": tables.in_numbers(tables.skews_table(found)),
        "refusals": found.refusals,
    }
