"""What urgency costs: expected cost with its interval, and risk, against the rate of participation."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nowake.models.estimate import CostEstimate
from nowake.models.pretrade.urgency import BestRate, UrgencyCurve
from nowake.reports.pictures import canvas
from nowake.reports.pictures.scales import widen


def urgency(
    curve: UrgencyCurve,
    *,
    own: CostEstimate | None = None,
    best: BestRate | None = None,
    level: float = 0.95,
    name: str = "",
) -> canvas.Picture:
    """Cost above, risk below; the order's own rate and the best one are marked. `name` is the model's."""
    rates = 100 * curve.participation
    low, high = curve.costs.expected_interval(level)

    def paint(panels: list[Axes]) -> None:
        cost, risk = panels
        cost.fill_between(rates, low, high, color=canvas.SKY, alpha=0.35, linewidth=0)
        cost.plot(rates, curve.costs.expected_bps, color=canvas.BLUE, label="expected")
        risk.plot(rates, curve.costs.timing_risk_bps, color=canvas.ORANGE)
        if best is not None and best.flat is not None:
            cost.axvspan(100 * best.flat[0], 100 * best.flat[1], color=canvas.GREEN, alpha=0.12, linewidth=0)
            at, expected = 100 * best.participation, best.expected_bps
            cost.plot([at], [expected], "D", color=canvas.GREEN, markersize=6, linestyle="none", label="best")
        if own is not None and np.isfinite(own.participation):
            at = 100 * own.participation
            cost.plot([at], [own.expected_bps], "s", color=canvas.PURPLE, linestyle="none", label="as ordered")
            risk.plot([at], [own.timing_risk_bps], "s", color=canvas.PURPLE, linestyle="none")
        cost.set_title(f"expected cost, bps, and its {100 * level:.4g}% interval")
        widen(cost, curve.costs.expected_bps)
        risk.set_title("risk of the cost, bps (one standard deviation)")
        risk.set_xscale("log")
        risk.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        risk.xaxis.set_minor_locator(NullLocator())
        risk.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        risk.set_xlabel("share of all volume, ours included")
        cost.legend(loc="upper left")  # Cost rises with the rate: this corner is empty.

    cheap = int(np.argmin(curve.costs.expected_bps))
    alt = (
        f"From {curve.costs.expected_bps[0]:,.1f} bps and {curve.costs.timing_risk_bps[0]:,.1f} bps risk at "
        f"{rates[0]:.1f}% of volume to {curve.costs.expected_bps[-1]:,.1f} and {curve.costs.timing_risk_bps[-1]:,.1f} "
        f"at {rates[-1]:.0f}%; the least expected cost is at {rates[cheap]:.1f}%."
    )
    return canvas.draw(f"What urgency costs{name and f': {name}'}", alt, paint, heights=(2.2, 1.6))
