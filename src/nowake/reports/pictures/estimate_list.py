"""A list of orders: expected cost of each against its size."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nowake.models.pretrade.order_list import ListCosts
from nowake.reports.pictures import canvas

_MOST_LINES = 200  # With more marks the intervals would hide them.
_MOST_MARKS = 2_000  # More would make a page of megabytes, and show no more.


def estimate_list(done: ListCosts, *, level: float = 0.95) -> canvas.Picture:
    """A mark an order, a colour a model, a line the interval of the expectation."""
    sizes = np.array([100 * order.quantity / order.market.daily_volume for order in done.orders])
    drawn = np.linspace(0, len(sizes) - 1, min(len(sizes), _MOST_MARKS)).astype(int)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, (name, cost) in enumerate(zip(done.models, done.costs, strict=True)):
            colour = canvas.SERIES[index % len(canvas.SERIES)]
            low, high = cost.expected_interval(level)
            if len(sizes) <= _MOST_LINES:
                axes.vlines(sizes, low, high, color=colour, linewidth=0.8, alpha=0.6)
            axes.plot(
                sizes[drawn], cost.expected_bps[drawn], "o", color=colour, markersize=3.5, linestyle="none", label=name
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        axes.set_title("expected cost, bps of the arrival price")
        axes.set_xlabel("order over a day's volume")
        canvas.legend(axes, columns=3)

    least, most = (f"{size:,.0f}" if size >= 100 else f"{size:.2g}" for size in (sizes.min(), sizes.max()))
    alt = f"{len(done.orders):,} orders from {least}% to {most}% of a day's volume"
    if len(drawn) < len(sizes):
        alt += f", {len(drawn):,} of them drawn, evenly taken"
    return canvas.draw("Cost by size", f"{alt}, by {', '.join(done.models)}.", paint)
