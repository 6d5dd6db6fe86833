"""What a tape tells about impact, drawn: the response to a market order, recovery after a large one, the order flow."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from nowake.microstructure.flow.slope import OrderFlowSlope
from nowake.microstructure.spreads.resilience import Recovery, Resilience
from nowake.models.tape.calibration import TapeCalibration
from nowake.models.tape.propagator import Curve, PropagatorFit
from nowake.reports.pictures import canvas


def pictures(found: TapeCalibration) -> dict[str, canvas.Picture]:
    """Every picture there is something for, by a name fit for a file."""
    drawn = {}
    if found.propagator is not None:
        drawn["response"] = response(found.propagator)
    if found.orderflow is not None:
        drawn["orderflow"] = orderflow(found.orderflow)
    if found.resilience is not None and (found.resilience.spread or found.resilience.depth):
        drawn["resilience"] = recovery(found.resilience)
    return drawn


def response(fit: PropagatorFit) -> canvas.Picture:
    """The mid after a market order, its followers included and taken out, and what signs remember."""

    def paint(panels: list[Axes]) -> None:
        above, below = panels
        canvas.banded(above, _with_band(fit.response_bps), canvas.BLUE, "response, followers included")
        canvas.banded(
            above, _with_band(fit.kernel_bps), canvas.ORANGE, "kernel: one order alone", dashes=canvas.DASHES[1]
        )
        above.axhline(0.0, color=canvas.MUTED, linewidth=0.8)
        above.set_title("move of the mid, bps")
        canvas.legend(above, columns=2)
        canvas.banded(below, _with_band(fit.memory), canvas.GREEN)
        below.axhline(0.0, color=canvas.MUTED, linewidth=0.8)
        below.set_title("autocorrelation of signs")
        below.set_xscale("log")
        canvas.plain_numbers(below.xaxis)
        below.set_xlabel("market orders later")

    last = fit.horizon
    alt = (
        f"Behind a market order the mid moves {fit.response_bps.value[0]:.3g} bps at once and "
        f"{fit.response_bps.value[-1]:.3g} bps within {last} orders; one order alone leaves "
        f"{fit.kernel_bps.value[0]:.3g} bps at once and {fit.kernel_bps.value[-1]:.3g} bps after {last} orders. "
        f"Bands hold {fit.level:.0%}."
    )
    return canvas.draw("What the mid does after a market order", alt, paint, heights=(3.0, 1.7))


def recovery(found: Resilience) -> canvas.Picture:
    """The share of the excess left after a large order, for spread and depth, as far as each could be followed."""
    parts = [(name, part) for name, part in (("spread", found.spread), ("depth", found.depth)) if part is not None]

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for index, (name, part) in enumerate(parts):
            curve = Curve(lags=(), value=part.left, low=part.low, high=part.high)
            canvas.banded(axes, _with_band(curve, part.lags_s), canvas.SERIES[index], name, dashes=canvas.DASHES[index])
            axes.axvline(part.half_life_s.value, color=canvas.SERIES[index], linewidth=0.8, linestyle=(0, (2, 2)))
        axes.axhline(0.0, color=canvas.MUTED, linewidth=0.8)
        axes.set_title("share of the excess still there")
        axes.set_xscale("log")
        canvas.plain_numbers(axes.xaxis)
        axes.set_xlabel("seconds after the order, until the next large one; dotted: half-lives")
        _keep_in_sight(axes, [part for _, part in parts])
        canvas.legend(axes, columns=2)

    alt = " ".join(
        f"The {name} has a half-life of {part.half_life_s.value:.3g} s "
        f"({part.half_life_s.low:.3g} to {part.half_life_s.high:.3g}), after {part.shocks:,} large orders."
        for name, part in parts
    )
    return canvas.draw("How spread and depth come back", alt, paint, heights=(3.0,))


def orderflow(found: OrderFlowSlope) -> canvas.Picture:
    """The slope of each window over its depth, beside the law of an even book."""
    depth = np.array([window.depth_lots for window in found.windows])
    slope = np.array([window.slope for window in found.windows])
    error = np.array([window.slope_se for window in found.windows])

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        line = np.linspace(depth.min() / 1.1, depth.max() * 1.1, 60)
        axes.plot(line, 1 / (2 * line), color=canvas.MUTED, linestyle=(0, (4, 2)), label="1 / (2 depth)")
        axes.errorbar(
            depth, slope, yerr=2 * error, fmt="o", color=canvas.BLUE, markersize=4, linewidth=1, label="measured"
        )
        axes.grid(visible=True, axis="both")
        axes.set_title("ticks a lot, with two standard errors")
        axes.set_xlabel("depth at the best quotes where prices change, lots")
        canvas.plain_numbers(axes.xaxis)
        canvas.legend(axes, columns=2)

    alt = (
        f"{len(found.windows)} windows; order flow explains {found.r2:.0%} of moves on average, trades "
        f"{found.trade_r2:.0%}; "
        f"the slope times twice the depth is {found.against_depth.value:.2f} "
        f"({found.against_depth.low:.2f} to {found.against_depth.high:.2f})."
    )
    return canvas.draw("Order flow against depth", alt, paint, heights=(3.0,), left=0.8)


def _with_band(curve: Curve, at: tuple[float, ...] | None = None) -> canvas.Curve:
    return canvas.Curve(curve.lags if at is None else at, curve.value, curve.low, curve.high)


def _keep_in_sight(axes: Axes, parts: list[Recovery]) -> None:
    """A vertical range from the curves, not from the bands, which may be very wide at the last lags."""
    values = np.concatenate([part.left for part in parts])
    axes.set_ylim(min(-0.3, float(values.min()) - 0.2), max(1.2, float(values.max()) + 0.2))
