"""A logarithmic scale where the dearest would flatten all the others."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

_FLATTENING = 20.0


def widen(axes: Axes, costs_bps: Iterable[float]) -> None:
    """Make the vertical axis logarithmic, and its title say so, where costs above 0 lie more than 20 times apart."""
    costs = [float(cost) for cost in costs_bps]
    least, most = min(costs), max(costs)
    if least <= 0 or most < _FLATTENING * least:
        return
    axes.set_yscale("log")
    axes.set_ylim(bottom=least / 3)
    axes.set_title(f"{axes.get_title(loc='left')}, logarithmic")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if most < 100 * least else (1.0,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
