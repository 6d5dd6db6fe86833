"""nowake flow"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from nowake.cli.many_days import days_before
from nowake.cli.options import check_date, check_moments, json_option, load, typed
from nowake.cli.page_outputs import check_outputs, write_outputs
from nowake.cli.screen import say, show, show_json, waiting

if TYPE_CHECKING:
    from nowake.verbs.flow import Flow

RULES = ("tick", "quote", "lee-ready", "emo", "clnv")


@click.command("flow", short_help="What is the market telling? Order flow, toxicity, spreads, regimes.")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--since", metavar="YYYY-MM-DD", help="Learn alarm and regimes on days from here to before --date.")
@click.option("--start", metavar="HH:MM", help="Look from here, local time of the venue. Default: the open.")
@click.option("--end", metavar="HH:MM", help="Look up to here. Default: the close.")
@click.option(
    "--rule",
    type=click.Choice(RULES),
    default="lee-ready",
    show_default=True,
    help="Signs prints whose side the feed does not tell.",
)
@click.option("--hidden", is_flag=True, help="Count prints against hidden interest, or agreed off exchange, too.")
@click.option("--bucket", type=float, metavar="SHARES", help="Of VPIN. Default: twice as many as the window fill.")
@click.option("--window", type=click.IntRange(min=1), default=50, show_default=True, help="Buckets in a value of VPIN.")
@click.option("--bar", default="1m", show_default=True, help="Bars that regimes are told over: 10s, 5m.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence of the intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of resampling.")
@click.option("--html", metavar="FILE", help="Write everything, with pictures, as one HTML page.")
@click.option("--pictures", metavar="DIR", help="Write the pictures as SVG files here.")
@json_option
def command(
    source: str,
    date: str | None,
    symbol: str,
    root: str | None,
    *,
    since: str | None,
    start: str | None,
    end: str | None,
    rule: str,
    hidden: bool,
    bucket: float | None,
    window: int,
    bar: str,
    level: float,
    seed: int,
    html: str | None,
    pictures: str | None,
    as_json: bool,
) -> None:
    """Read what a day's quotes and prints tell: who took and how sure that is, what trading costs by venue, where the
    mid goes after a trade, order flow and queues, VPIN by every way to sign volume, how near to a random walk the price
    is, and the regime of each minute. What cannot be told is listed, with why.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day.
    """
    from nowake.domain.units import parse_duration  # noqa: PLC0415
    from nowake.verbs.flow import flow  # noqa: PLC0415

    check_outputs(html=html, pictures=pictures, level=level)
    check_moments(start, end)
    check_date("--since", since)
    bar_ns = parse_duration(bar)
    day = load(source, date, root, symbol=symbol)
    past = [] if since is None else days_before(source, day.instrument.session.date, since, root, symbol)
    with waiting(f"reading {day.source}"):
        found = flow(
            day,
            history=past,
            start=start,
            end=end,
            rule=rule,
            hidden=hidden,
            bucket=bucket,
            window=window,
            bar_ns=bar_ns,
            seed=seed,
            level=level,
        )
    found = dataclasses.replace(found, command=typed())
    written = write_outputs(found, html=html, pictures=pictures, prefix="flow")
    if as_json:
        show_json(_plain(found))
        return
    _show(found)
    for path in written:
        say(f"wrote {path}")


def _show(found: Flow) -> None:
    from nowake.reports.flow_tables import flow_tables, said_of  # noqa: PLC0415

    session = found.instrument.session
    say(
        f"{found.source}, {session.date}, {session.moment(found.start_ns)} to {session.moment(found.end_ns)}: "
        f"{found.prints:,} prints\n"
    )
    show(*flow_tables(found))
    for sentence in said_of(found):
        say(f"- {sentence}")


def _plain(found: Flow) -> dict[str, object]:
    """What the tables and the pictures are made of."""
    from nowake.reports import flow_tables as tables  # noqa: PLC0415
    from nowake.reports.table import to_dict  # noqa: PLC0415

    level = found.options.level
    return {
        "source": found.source,
        "start_ns": found.start_ns,
        "end_ns": found.end_ns,
        "prints": found.prints,
        "parts": [
            {"part": part.name, "findings": to_dict(tables.part_table(part, level=level)), "notes": part.notes}
            for part in found.parts
        ],
        "rules": to_dict(tables.rules_table(found.rules)),
        "venues": None if found.spreads_by_venue is None else to_dict(tables.venues_table(found.spreads_by_venue)),
        "markouts": None if found.markouts is None else to_dict(tables.markouts_table(found.markouts)),
        "vpin_by_signing": to_dict(tables.sensitivity_table(found.sensitivity, level=level)),
        "vpin": None if found.vpin is None else {"end_ns": found.vpin.end_ns, "value": found.vpin.value},
        "regimes": None
        if found.strip is None
        else {"names": found.strip.names, "time_ns": found.strip.time_ns, "probability": found.strip.probability},
        "alarm": None
        if found.alarm is None
        else {"rule": found.alarm.rule, "raised_ns": found.alarm.raised_ns, "days": found.alarm.days},
        "refusals": found.refusals,
    }
