"""Where the price is made, drawn: shares by sampling interval with bands, and who leads whom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from nowake.reports.pictures import canvas

_WIDE = 30.0  # Shifts that differ by more are drawn on a logarithmic axis each way.


def shares(curves: Mapping[str, canvas.Curve], *, measure: str) -> canvas.Picture:
    """The share of each market over sampling intervals in seconds; bands are the intervals of the estimates."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, (name, curve) in enumerate(curves.items()):
            style = index % len(canvas.SERIES)
            canvas.banded(axes, curve, canvas.SERIES[style], name, dashes=canvas.DASHES[style])
            axes.plot(curve.at, curve.value, "o", color=canvas.SERIES[style], markersize=3.5)
        axes.set_title(measure)
        axes.set_xscale("log")
        axes.set_xticks(next(iter(curves.values())).at, minor=False)
        axes.set_xticks([], minor=True)
        canvas.plain_numbers(axes.xaxis)
        axes.set_xlabel("seconds between samples")
        values = [value for curve in curves.values() for value in curve.value]
        axes.set_ylim(min(-0.02, 1.1 * min(values)), max(1.02, 1.1 * max(values)))
        canvas.legend(axes, columns=min(len(curves), 4))

    said = "; ".join(
        f"{name} {curve.value[0]:.0%} sampled every {curve.at[0]:g} s, {curve.value[-1]:.0%} every {curve.at[-1]:g} s"
        for name, curve in curves.items()
    )
    return canvas.draw(f"{measure} by sampling interval", f"{said}.", paint)


def lead_lag(curves: Mapping[str, canvas.Curve]) -> canvas.Picture:
    """Correlation of each pair of markets over shifts in seconds: a peak right of 0 says that the first leads."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, (name, curve) in enumerate(curves.items()):
            style = index % len(canvas.SERIES)
            canvas.banded(axes, curve, canvas.SERIES[style], name, dashes=canvas.DASHES[style])
        axes.axvline(0.0, color=canvas.MUTED, linewidth=0.8)
        axes.axhline(0.0, color=canvas.MUTED, linewidth=0.8)
        axes.set_title("correlation of returns (Hayashi-Yoshida)")
        near = min(abs(at) for curve in curves.values() for at in curve.at if at)
        if max(abs(at) for curve in curves.values() for at in curve.at) > _WIDE * near:
            axes.set_xscale("symlog", linthresh=near)
            far = axes.get_xlim()[1]
            ticks = [near * 10.0**power for power in range(12) if near * 10.0**power <= far]
            axes.set_xticks([*(-tick for tick in reversed(ticks)), 0.0, *ticks])
            axes.set_xticks([], minor=True)
        canvas.plain_numbers(axes.xaxis)
        axes.set_xlabel("seconds by which the second market is moved back; a peak right of 0: the first leads")
        canvas.legend_below(axes, columns=min(len(curves), 3))

    said = "; ".join(
        f"{name} peaks at {curve.at[int(np.nanargmax(curve.value))]:.3g} s with {np.nanmax(curve.value):.2f}"
        for name, curve in curves.items()
    )
    return canvas.draw("Who leads whom", f"{said}.", paint, below=0.3)
