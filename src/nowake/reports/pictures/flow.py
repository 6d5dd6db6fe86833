"""What the market told, drawn: mark-outs, toxicity through the day, the response to imbalance, regimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nowake.domain.instrument import Instrument
from nowake.reports.pictures import canvas
from nowake.reports.pictures.thinning import thin

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SLICES = 300


def markouts(curves: Mapping[str, canvas.Curve], *, title: str = "Mark-outs", unit: str = "bps") -> canvas.Picture:
    """What a trade was worth to the one who took it, by how long after; one curve a group, horizons in seconds."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, (name, curve) in enumerate(curves.items()):
            style = index % len(canvas.SERIES)
            canvas.banded(axes, curve, canvas.SERIES[style], name, dashes=canvas.DASHES[style])
        axes.axhline(0.0, color=canvas.MUTED, linewidth=0.8)
        axes.set_title(f"{unit}, positive where the taker was right")
        axes.set_xscale("log")
        canvas.plain_numbers(axes.xaxis)
        axes.set_xlabel("seconds after the trade")
        _within(axes, [value for curve in curves.values() for value in curve.value])
        canvas.legend(axes, columns=min(len(curves), 4))

    said = "; ".join(
        f"{name} {curve.value[0]:.3g} {unit} after {curve.at[0]:g} s and {curve.value[-1]:.3g} after {curve.at[-1]:g} s"
        for name, curve in curves.items()
    )
    return canvas.draw(title, f"{said}.", paint)


def toxicity(
    instrument: Instrument,
    vpin: tuple[Ints, Floats],
    price: tuple[Ints, Floats],
    *,
    alarms_ns: Sequence[int] | None = None,
) -> canvas.Picture:
    """VPIN through the day, and the price above it; upright lines are alarms."""
    start_ns, end_ns = int(min(price[0][0], vpin[0][0])), int(max(price[0][-1], vpin[0][-1]))

    def paint(panels: list[Axes]) -> None:
        above, below = panels
        position = canvas.time_axis(below, instrument.session, start_ns, end_ns)
        at, shown = thin(price[0], price[1], _SLICES)
        above.plot([position(int(each)) for each in at], shown, drawstyle="steps-post", color=canvas.BLUE, linewidth=1)
        above.set_title(f"{instrument.symbol}, {instrument.currency}")
        canvas.thousands(above)
        at, shown = thin(vpin[0], vpin[1], _SLICES)
        below.plot([position(int(each)) for each in at], shown, drawstyle="steps-post", color=canvas.ORANGE)
        below.set_ylim(0, max(0.05, 1.15 * float(np.nanmax(vpin[1]))))
        below.set_title("VPIN")
        for axes in panels:
            for alarm_ns in alarms_ns or ():
                axes.axvline(position(alarm_ns), color=canvas.PURPLE, linewidth=0.9)

    session = instrument.session
    top = int(np.nanargmax(vpin[1]))
    alt = (
        f"VPIN is {np.nanmin(vpin[1]):.3f} to {np.nanmax(vpin[1]):.3f}, highest at {session.clock(int(vpin[0][top]))}, "
        f"and {vpin[1][-1]:.3f} in the end{'' if alarms_ns is None else f'; {len(alarms_ns)} alarms'}."
    )
    return canvas.draw("Toxicity through the day", alt, paint, heights=(1.8, 1.8), left=0.8)


def imbalance(curve: canvas.Curve, *, title: str, what: str, over: str) -> canvas.Picture:
    """How something answers to the imbalance of queues or of flow."""

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        canvas.banded(axes, curve, canvas.BLUE)
        axes.plot(curve.at, curve.value, "o", color=canvas.BLUE, markersize=3.5)
        axes.set_title(what)
        axes.set_xlabel(over)

    alt = (
        f"{what}: {curve.value[0]:.3g} where {over} is {curve.at[0]:.2g}, {curve.value[-1]:.3g} where it is "
        f"{curve.at[-1]:.2g}."
    )
    return canvas.draw(title, alt, paint)


def regimes(
    instrument: Instrument, time_ns: Ints, probabilities: Floats, names: Sequence[str], price: Floats | None = None
) -> canvas.Picture:
    """The strip: how likely each regime was at each time, as far as was known then; the price above it.

    Parameters
    ----------
    time_ns
        int64[n], ends of bars.
    probabilities
        float64[n, k], rows sum to 1; NaN where nothing was known.
    price
        float64[n] in currency.
    """
    known = np.isfinite(probabilities).all(axis=1)
    at_ns, shares = time_ns[known], probabilities[known]

    def paint(panels: list[Axes]) -> None:
        below = panels[-1]
        position = canvas.time_axis(below, instrument.session, int(time_ns[0]), int(time_ns[-1]))
        where = [position(int(each)) for each in at_ns]
        colours = [canvas.SERIES[index % len(canvas.SERIES)] for index in range(len(names))]
        below.stackplot(where, shares.T, labels=names, colors=colours, step="post", alpha=0.75, linewidth=0)
        below.set_ylim(0, 1)
        below.set_title("probability of each regime, as known then")
        if price is not None:
            panels[0].plot(where, price[known], color=canvas.INK, linewidth=1)
            panels[0].set_title(f"{instrument.symbol}, {instrument.currency}")
            canvas.thousands(panels[0])
        canvas.legend_below(below, columns=3)

    mean = shares.mean(axis=0)
    alt = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, mean, strict=True)) + " of the time."
    heights = (2.0,) if price is None else (1.9, 1.9)
    return canvas.draw("Regimes", alt, paint, heights=heights, left=0.8, below=0.5)


def _within(axes: Axes, values: Sequence[float]) -> None:
    """A vertical range from the curves, not from bands that may be very wide at the last points."""
    finite = [value for value in values if np.isfinite(value)]
    if finite:
        low, high = min(*finite, 0.0), max(*finite, 0.0)
        room = 0.35 * (high - low) or 1.0
        axes.set_ylim(low - room, high + room)
