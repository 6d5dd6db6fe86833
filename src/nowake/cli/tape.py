"""nowake tape"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from nowake.cli.options import check_moments, json_option, load
from nowake.cli.page_outputs import check_folder, save_pictures
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.verbs.tape import TapeCalibration


@click.command("tape", short_help="What does the public tape tell about impact?")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--start", metavar="HH:MM", help="Look from here, local time of the venue. Default: the open.")
@click.option("--end", metavar="HH:MM", help="Look up to here. Default: the close.")
@click.option("--hidden", is_flag=True, help="Count prints against hidden orders too.")
@click.option("--daily-volume", type=float, help="Shares of a day. Default: the tape's own, scaled by the clock.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence of the intervals.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the resampling behind the bands."
)
@click.option("--pictures", metavar="DIR", help="Write response, order flow and recovery as SVG files here.")
@json_option
def command(
    source: str,
    date: str | None,
    symbol: str,
    root: str | None,
    *,
    start: str | None,
    end: str | None,
    hidden: bool,
    daily_volume: float | None,
    level: float,
    seed: int,
    pictures: str | None,
    as_json: bool,
) -> None:
    """Fit all that a day's quotes and trades tell about impact: Kyle's lambda, the slope on order flow imbalance, the
    response of the mid and its kernel, how fast spread and depth come back. What cannot be told is listed, with why.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day.
    """
    from nowake.reports.table import to_dict  # noqa: PLC0415
    from nowake.reports.tape import tape_table  # noqa: PLC0415
    from nowake.verbs.tape import tape  # noqa: PLC0415

    _check(start=start, end=end, daily_volume=daily_volume, level=level, pictures=pictures)
    day = load(source, date, root, symbol=symbol)
    with waiting(f"fitting the tape of {day.source}"):
        found = tape(day, start=start, end=end, hidden=hidden, daily_volume=daily_volume, seed=seed, level=level)
    written = [] if pictures is None else save_pictures(found.pictures(), pictures, "tape")
    table = tape_table(found)
    if as_json:
        show_json({"source": found.source, "findings": to_dict(table), "notes": table.notes, "curves": _curves(found)})
        return
    show(table)
    for path in written:
        say(f"wrote {path}")


def _check(
    *, start: str | None, end: str | None, daily_volume: float | None, level: float, pictures: str | None
) -> None:
    """What can be seen to be wrong before the day is loaded."""
    from nowake.statistics.measurement import check_level  # noqa: PLC0415

    check_level(level)
    check_moments(start, end)
    if daily_volume is not None and not 0 < daily_volume < math.inf:
        raise BadParameter(f"--daily-volume {daily_volume:g} must be above 0 and finite")
    check_folder(pictures)


def _curves(found: TapeCalibration) -> dict[str, object]:
    """What the pictures are drawn from."""
    fit = found.propagator
    return {
        "response": None
        if fit is None
        else {"memory": fit.memory, "response_bps": fit.response_bps, "kernel_bps": fit.kernel_bps},
        "resilience": found.resilience,
        "orderflow": found.orderflow,
    }
