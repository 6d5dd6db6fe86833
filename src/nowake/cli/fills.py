"""nowake fills"""

from __future__ import annotations

import click

from nowake.cli.options import check_file, json_option, load
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadParameter


@click.command("fills", short_help="How likely is a limit order to be filled, and how soon?")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--horizons", default="1,5,10,30,60,300", show_default=True, help="Seconds after posting.")
@click.option("--full", is_flag=True, help="Count whole orders as filled, not first executions.")
@click.option("--imagined", is_flag=True, help="Imagine orders also where real ones can be followed.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence of the intervals.")
@click.option("--picture", metavar="FILE", help="Draw the curves into an SVG file.")
@json_option
def command(
    source: str,
    date: str | None,
    symbol: str,
    root: str | None,
    *,
    horizons: str,
    full: bool,
    imagined: bool,
    level: float,
    picture: str | None,
    as_json: bool,
) -> None:
    """Fill probability of limit orders by distance from the touch, queue before them and time, with intervals; what
    moves it; and how the rate of fills falls with distance.

    Real orders are followed where the day tells them; elsewhere they are imagined, first and last in their queues.
    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day.
    """
    from nowake.reports.fills import fill_tables, rate_rows  # noqa: PLC0415
    from nowake.statistics.measurement import check_level  # noqa: PLC0415
    from nowake.verbs.fills import fills  # noqa: PLC0415

    check_file(picture)
    check_level(level)
    seconds = _seconds(horizons)
    day = load(source, date, root, symbol=symbol)
    with waiting(f"following orders of {day.source}"):
        found = fills(day, fill="full" if full else "first", horizons_s=seconds, imagined=imagined, level=level)
    if picture is not None:
        found.plot().save(picture)
    if as_json:
        show_json({"curves": rate_rows(found.curves, found.pessimistic), "left_out": found.curves.left_out,
                   "notes": found.curves.notes, "model": found.model, "calibration": found.calibration,
                   "bids": found.bids, "asks": found.asks, "refusals": found.refusals})  # fmt: skip
        return
    show(*fill_tables(found))
    if picture is not None:
        say(f"wrote {picture}")


def _seconds(text: str) -> list[float]:
    from nowake.models.fills.blocks import check_horizon  # noqa: PLC0415

    try:
        seconds = [float(each) for each in text.split(",")]
    except ValueError:
        raise BadParameter(f"--horizons {text} are no seconds; write for example 1,10,60") from None
    for each in seconds:
        check_horizon(each)
    return seconds
