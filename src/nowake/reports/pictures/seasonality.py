"""How volume and volatility run over the day, with the interval of each bucket."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.instrument import Session
from nowake.models.volatility.diurnal import Diurnal
from nowake.models.volume.curve import VolumeCurve
from nowake.reports import formats
from nowake.reports.pictures import canvas


def seasonality(
    curve: VolumeCurve, session: Session, diurnal: Diurnal | None = None, *, source: str = ""
) -> canvas.Picture:
    """Shares of the day's volume above, factors of its volatility below (left away where there are none).

    `source` is for the title, by which a picture that is a file of its own is known.
    """
    edges_ns = curve.edges_ns
    shares = 100 * np.array(curve.shares)

    def paint(panels: list[Axes]) -> None:
        position = canvas.time_axis(panels[-1], session, edges_ns[0], edges_ns[-1])
        axis = panels[-1].get_xlabel().partition(",")[0]  # A mean over days has no date.
        panels[-1].set_xlabel(axis)
        left = np.array([position(edge) for edge in edges_ns])
        width = np.diff(left)
        middle = left[:-1] + width / 2
        panels[0].bar(left[:-1], shares, 0.85 * width, align="edge", color=canvas.SKY)
        if curve.low:
            low, high = 100 * np.array(curve.low), 100 * np.array(curve.high)
            panels[0].vlines(middle, low, high, color=canvas.INK, linewidth=0.7)
        panels[0].set_title(
            f"share of the day's volume, %, mean of {curve.days} days; lines are {curve.level:.0%} intervals"
        )
        if diurnal is None:
            return
        panels[0].set_xlabel("")
        ends = np.linspace(left[0], left[-1], len(diurnal.factor) + 1)
        centre = (ends[1:] + ends[:-1]) / 2
        panels[1].fill_between(centre, diurnal.low, diurnal.high, color=canvas.ORANGE, alpha=0.25, linewidth=0)
        panels[1].plot(centre, diurnal.factor, color=canvas.ORANGE)
        panels[1].axhline(1, color=canvas.MUTED, linewidth=0.8)
        panels[1].set_ylim(bottom=0)
        panels[1].set_title(f"volatility against its mean over the day, {diurnal.days} days")

    most = int(np.argmax(shares))
    peak = f"{formats.percent(curve.shares[most])} of volume from {session.clock(edges_ns[most])[:5]}"
    alt = f"{peak}, the fullest of {len(shares)} buckets"
    if diurnal is not None:
        alt += f"; volatility is at most {diurnal.factor.max():.2g} times its mean"
    title = "Volume and volatility over the day" + (f": {source}" if source else "")
    return canvas.draw(title, f"{alt}.", paint, heights=(2.2,) if diurnal is None else (2.0, 1.8))
