"""Where the cost came from: parts that sum to the shortfall, each starting where the last one ended."""

from __future__ import annotations

from matplotlib.axes import Axes

from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.summary import cost_parts
from nowake.tca.result import CostReport


def decomposition(name: str, cost: CostReport) -> canvas.Picture:
    """A waterfall in basis points of the paper value: delay, spread, drift, opportunity, fees, and their sum."""
    parts = [(part, amount_bps) for part, _, _, amount_bps in cost_parts(cost)]
    starts, running = [], 0.0
    for _, amount_bps in parts:
        starts.append(running)
        running += amount_bps
    labels = [*(part for part, _ in parts), "shortfall"]
    amounts = [*(amount_bps for _, amount_bps in parts), cost.shortfall_bps]
    starts.append(0.0)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        colours = [canvas.ORANGE if amount > 0 else canvas.GREEN for amount in amounts[:-1]] + [canvas.BLUE]
        rows = range(len(labels))
        axes.barh(rows, amounts, left=starts, color=colours, height=0.62, zorder=2)
        edges = [edge for start, amount in zip(starts, amounts, strict=True) for edge in (start, start + amount)]
        span = max(edges) - min(edges) or 1.0
        for row, (start, amount) in enumerate(zip(starts, amounts, strict=True)):
            is_gain = amount < 0
            outside = (start + amount) + (-0.012 if is_gain else 0.012) * span
            label = formats.bps(amount)
            axes.annotate(label, (outside, row), va="center", ha="right" if is_gain else "left", color=canvas.INK)
        for row, (start, amount) in enumerate(zip(starts[:-1], amounts[:-1], strict=True)):
            axes.plot([start + amount] * 2, [row - 0.31, row + 1.31], color=canvas.MUTED, linewidth=0.7, zorder=3)
        axes.set_yticks(rows, labels)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.axvline(0, color=canvas.MUTED, linewidth=0.8, zorder=1)
        axes.set_xlim(min(edges) - (0.12 if min(amounts) < 0 else 0.03) * span, max(edges) + 0.12 * span)
        axes.set_xlabel("bps of the paper value; positive is bad")

    alt = "; ".join(f"{part} {formats.bps(amount)}" for part, amount in zip(labels, amounts, strict=True))
    return canvas.draw(f"{name}: where the cost came from", f"{alt} bps.", paint, heights=(2.7,), left=1.0)
