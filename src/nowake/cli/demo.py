"""nowake demo"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nowake.cli.options import check_writable, json_option, load
from nowake.cli.screen import say, show, show_json, steps
from nowake.domain.units import NS_PER_MINUTE
from nowake.reports import formats
from nowake.reports.formats import percent, sparkline

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.models.volume import VolumeCurve


@click.command("demo", short_help="The whole job once: estimate, plan, execute five ways, explain.")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--multiplier", help="What one unit of quantity is worth for one unit of price: 50 for ES futures.")
@click.option("--out", default="runs", show_default=True, metavar="DIR", help="Where to put the report and journals.")
@click.option("--seed", default=7, show_default=True, help="Seed of every run.")
@json_option
def command(
    source: str, date: str | None, root: str | None, *, multiplier: str | None, out: str, seed: int, as_json: bool
) -> None:
    """Buy 20,000 shares from 10:00 to 15:30, or 2 % of the volume in the middle of a day that has not these: estimate
    the cost, plan, execute by five algorithms in a replayed market, and explain what it cost.

    SOURCE is FORMAT:SYMBOL of orders or levels (`nowake data info` lists what there is), a path, generated or
    generated:SEED. By default it is NASDAQ's AMZN of 2012-06-21 where the data folder holds it, else a generated day.
    """
    from nowake.reports import tables  # noqa: PLC0415
    from nowake.reports.summary import summarise  # noqa: PLC0415
    from nowake.verbs.demo import demo  # noqa: PLC0415

    check_writable(f"{out}/demo")
    with steps() as step:
        step("loading the day")
        done = demo(day=load(source, date, root, multiplier=multiplier), out=out, seed=seed, progress=step)
    summaries = [summarise(run.reported()) for run in done.runs]
    if as_json:
        show_json(
            {
                "data": done.day.source,
                "order": str(done.order),
                "estimates": tables.to_dict(tables.estimates_table(done.expected.estimates)),
                "schedules": tables.to_dict(tables.schedules_table(done.expected.schedules)),
                "frontier": tables.to_dict(tables.frontier_table(done.expected.frontier)),
                "runs": summaries,
                "report": str(done.report),
                "journals": [run.journal_path for run in done.runs],
            }
        )
        return
    say(f"{done.day}\n{_volume_curve(done.expected.curve, done.day)}\n\n{done.order}\n")
    show(
        tables.estimates_table(done.expected.estimates),
        tables.schedules_table(done.expected.schedules),
        tables.frontier_table(done.expected.frontier, most=8, currency=tables.money_unit(done.order.instrument)),
        tables.runs_table(summaries, done.order.instrument, title="The same order, five algorithms"),
    )
    again = "" if not source else f" {source} --date {done.day.instrument.session.date}"
    other = (
        f"nowake simulate{again} --sell {formats.quantity(done.order.quantity).replace(',', '')} --algo pov --rate 0.1"
    )
    _where_next(str(done.report), str(done.runs[0].journal_path), other)


def _volume_curve(curve: VolumeCurve, day: Day) -> str:
    """The shape of the day's volume in half-hour bars."""
    session = day.instrument.session
    halves = range(session.open_ns, session.close_ns, 30 * NS_PER_MINUTE)
    shares = [curve.share_between(start, min(start + 30 * NS_PER_MINUTE, session.close_ns)) for start in halves]
    return f"volume     {sparkline(shares)} by half hour, {percent(shares[0])} of the day in the first"


def _where_next(report: str, journal: str, other: str) -> None:
    click.echo(
        f"Report     {report}\n"
        f"Look next  nowake replay {journal}    the same run again, to the byte\n"
        f"           {other}    another order\n"
        "           nowake --help    everything else"
    )
