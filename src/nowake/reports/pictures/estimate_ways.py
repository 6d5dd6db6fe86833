"""Ways to trade one order: what each costs against what it risks."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from nowake.models.pretrade.strategies import StrategyCost
from nowake.reports.pictures import canvas
from nowake.reports.pictures.scales import widen
from nowake.statistics.measurement import z_of

_MARKS = ("o", "D", "s", "^", "v", "P", "X", "<", ">")


def estimate_ways(ways: Sequence[StrategyCost], *, level: float = 0.95, name: str = "") -> canvas.Picture:
    """A mark for each way, with the interval of its expected cost from the parameters of the model of that name."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, way in enumerate(ways):
            colour = canvas.SERIES[index % len(canvas.SERIES)]
            half = z_of(level) * way.parameter_sd_bps
            ends = [max(way.expected_bps - half, 1e-3), way.expected_bps + half]
            axes.plot([way.timing_risk_bps] * 2, ends, color=colour, linewidth=1)
            axes.plot(
                [way.timing_risk_bps], [way.expected_bps], _MARKS[index % len(_MARKS)], color=colour, markersize=6,
                linestyle="none", label=way.name,
            )  # fmt: skip
        axes.set_title(f"expected cost, bps, with its {100 * level:.4g}% interval from the parameters")
        widen(axes, [way.expected_bps for way in ways])
        axes.set_xlabel("risk of the cost, bps (one standard deviation)")
        axes.grid(visible=True, axis="both")
        axes.margins(0.06, 0.1)
        canvas.legend_below(axes, columns=3)

    alt = "; ".join(f"{way.name} {way.expected_bps:,.1f} bps at {way.timing_risk_bps:,.1f} bps risk" for way in ways)
    return canvas.draw(f"Ways to trade{name and f': {name}'}", f"{alt}.", paint, heights=(3.6,), below=0.75)
