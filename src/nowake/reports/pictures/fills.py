"""Fill probability over time, by distance from the touch, with the interval of each point."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nowake.models.fills.curves import FillCurves, FillRate
from nowake.reports import formats
from nowake.reports.fills import tells
from nowake.reports.pictures import canvas

_MOST_LINES = 6
_IN_A_ROW = 2  # Entries of the key.


def fills(curves: FillCurves, pessimistic: FillCurves | None = None, *, source: str = "") -> canvas.Picture:
    """One line a distance: the cell of it that holds the most orders, and of imagined orders down to the last in queue.

    Parameters
    ----------
    curves
        Of observed orders, or of imagined ones first in their queues.
    pessimistic
        Of the same imagined orders, last in their queues: the band below each line.
    source
        For the title.
    """
    lines = _lines(curves)
    below = {} if pessimistic is None else {_cell(line): line for line in _lines(pessimistic, all_of_them=True)}

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for place, line in enumerate(lines):
            colour = canvas.SERIES[place % len(canvas.SERIES)]
            horizons = [rate.horizon_s for rate in line]
            values = [100 * rate.standing.value if tells(rate.standing) else math.nan for rate in line]
            axes.plot(horizons, values, color=colour, marker="o", markersize=3, linestyle=canvas.DASHES[place % 6],
                      label=_named(line[0]))  # fmt: skip
            told = [rate for rate in line if tells(rate.standing)]
            axes.vlines([rate.horizon_s for rate in told], [100 * rate.standing.low for rate in told],
                        [100 * rate.standing.high for rate in told], color=colour, linewidth=0.8)  # fmt: skip
            if _cell(line) in below:
                lower = [100 * rate.standing.value for rate in below[_cell(line)]]
                axes.fill_between(horizons, lower, values, color=colour, alpha=0.12, linewidth=0)
        every = sorted({rate.horizon_s for rate in curves.rates})
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(every))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("seconds after posting")
        axes.set_ylim(0, 100)
        axes.set_title(
            "filled, %; lines are intervals" + ("" if pessimistic is None else ", bands reach to the last in queue")
        )
        canvas.legend_below(axes, columns=_IN_A_ROW)

    nearest = next((rate for rate in reversed(lines[0]) if tells(rate.standing)), lines[0][0])
    share = formats.percent(nearest.standing.value)
    alt = f"Of orders {_named(nearest)} {share} are filled within {nearest.horizon_s:g} s if left standing."
    rows = -(-len(lines) // _IN_A_ROW)
    title = "When a limit order is filled" + (f": {source}" if source else "")
    return canvas.draw(title, alt, paint, heights=(3.1 + 0.2 * rows,), below=0.1 + 0.2 * rows)


def _lines(curves: FillCurves, *, all_of_them: bool = False) -> list[list[FillRate]]:
    """The rates of one cell for each distance, nearest first; the cell of it with the most orders unless all."""
    cells: dict[tuple[object, object], list[FillRate]] = {}
    for rate in curves.rates:
        cells.setdefault((rate.distance_ticks, rate.queue_lots), []).append(rate)
    if all_of_them:
        return list(cells.values())
    fullest: dict[object, list[FillRate]] = {}
    for line in cells.values():
        known = fullest.get(line[0].distance_ticks)
        if known is None or line[0].orders > known[0].orders:
            fullest[line[0].distance_ticks] = line
    return list(fullest.values())[:_MOST_LINES]


def _cell(line: list[FillRate]) -> tuple[object, object]:
    return line[0].distance_ticks, line[0].queue_lots


def _named(rate: FillRate) -> str:
    low, high = rate.distance_ticks
    if low is None:
        where = "inside the spread"
    elif low == 0 and high == 0:
        where = "at the touch"
    else:
        where = (
            f"{low} {'tick' if low == 1 else 'ticks'} behind"
            if low == high
            else f"{low} to {high} behind"
            if high is not None
            else f"{low}+ behind"
        )
    least, most = rate.queue_lots
    if least is None and most is None:
        return where
    queue = "none" if most == 0 else f"{least:,}+" if most is None else f"{least:,} to {most:,}"
    return f"{where}, {queue} before"
