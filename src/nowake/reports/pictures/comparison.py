"""Algorithms side by side: the cost of each against the prices desks look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.summary import RunSummary

_AGAINST = (
    ("vs arrival", "cost_arrival_bps", canvas.BLUE, "o"),
    ("vs interval VWAP", "cost_vwap_bps", canvas.ORANGE, "D"),
    ("vs interval TWAP", "cost_twap_bps", canvas.GREEN, "^"),
)


def comparison(summaries: Sequence[RunSummary]) -> canvas.Picture:
    """A row for each run, a mark for each benchmark; left of zero is better than the benchmark."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        rows = list(range(len(summaries)))
        for row, summary in zip(rows, summaries, strict=True):
            costs = [cost for _, key, _, _ in _AGAINST if math.isfinite(cost := getattr(summary, key))]
            if costs:
                axes.plot([min(costs), max(costs)], [row, row], color=canvas.GRID, linewidth=3, zorder=1)
        for label, key, colour, mark in _AGAINST:
            costs = [getattr(summary, key) for summary in summaries]
            axes.plot(costs, rows, mark, color=colour, markersize=6, linestyle="none", label=label, zorder=3)
        shortfalls = [summary.shortfall_bps for summary in summaries]
        axes.plot(
            shortfalls,
            rows,
            "s",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=canvas.PURPLE,
            label="shortfall, all in",
        )  # Hollow, for it equals the cost against arrival where all is filled and nothing is charged.
        axes.axvline(0, color=canvas.MUTED, linewidth=0.8, zorder=2)
        axes.set_yticks(rows, [formats.algorithm(summary.name) for summary in summaries])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.margins(x=0.08)
        axes.set_xlabel("cost, bps; positive is bad")
        canvas.legend(axes)

    alt = "; ".join(
        f"{formats.algorithm(each.name)} {formats.bps(each.cost_arrival_bps)} bps against arrival" for each in summaries
    )
    return canvas.draw("What each algorithm cost", f"{alt}.", paint, heights=(1.4 + 0.36 * len(summaries),), left=1.1)
