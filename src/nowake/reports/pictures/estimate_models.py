"""One order by several models: expected cost of each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from nowake.models.estimate import CostEstimate
from nowake.reports.pictures import canvas


def estimate_models(estimates: Sequence[CostEstimate], *, level: float = 0.95) -> canvas.Picture:
    """A row a model: the expectation, its interval, and the parts it is made of."""
    parts = (
        ("half-spread", "spread_bps", canvas.SKY),
        ("temporary", "temporary_bps", canvas.BLUE),
        ("permanent", "permanent_bps", canvas.GREEN),
        ("fees", "fees_bps", canvas.YELLOW),
    )

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        rows = list(range(len(estimates)))
        left = [0.0] * len(estimates)
        for label, key, colour in parts:
            widths = [getattr(each, key) for each in estimates]
            if any(widths):
                axes.barh(rows, widths, left=left, height=0.5, color=colour, label=label)
                left = [start + width for start, width in zip(left, widths, strict=True)]
        for row, each in zip(rows, estimates, strict=True):
            low, high = each.expected_interval(level)
            axes.plot([low, high], [row, row], color=canvas.INK, linewidth=1.4, zorder=3)
            axes.plot([each.expected_bps], [row], "o", color=canvas.INK, markersize=4, zorder=4)
        axes.axvline(0, color=canvas.MUTED, linewidth=0.8)
        axes.set_yticks(rows, [_short(each.model) for each in estimates])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.set_xlabel(f"bps of the arrival price; the line is the {100 * level:.4g}% interval of the expectation")
        canvas.legend(axes)

    alt = "; ".join(f"{each.model} {each.expected_bps:,.1f} bps" for each in estimates)
    return canvas.draw("What each model expects", f"{alt}.", paint, heights=(1.3 + 0.34 * len(estimates),), left=1.75)


def _short(name: str) -> str:
    """A model's name without what stands in brackets, to fit beside a bar."""
    return name.partition(" (")[0]
