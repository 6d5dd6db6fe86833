"""How the day's volume spreads over the day, with the interval of each share."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.order import ParentOrder
from nowake.models.volume import VolumeCurve
from nowake.reports import formats
from nowake.reports.pictures import canvas


def curve(measured: VolumeCurve, order: ParentOrder) -> canvas.Picture:
    """Share of the day's continuous volume in each bucket; the order's window is the darker part."""
    shares = 100 * np.array(measured.shares)
    session = order.instrument.session
    edges_ns = measured.edges_ns

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, session, edges_ns[0], edges_ns[-1])
        left = np.array([position(edge) for edge in edges_ns])
        width = np.diff(left) * 0.85
        inside = [order.start_ns <= start < order.end_ns for start in edges_ns[:-1]]
        colours = [canvas.BLUE if each else canvas.SKY for each in inside]
        axes.bar(left[:-1], shares, width, align="edge", color=colours)
        if measured.low:
            middle = left[:-1] + width / 2
            low, high = 100 * np.array(measured.low), 100 * np.array(measured.high)
            axes.vlines(middle, low, high, color=canvas.INK, linewidth=0.7)
        axes.set_title("share of the day's volume, %; lines are 95% intervals")

    most = int(np.argmax(shares))
    peak = f"{formats.percent(measured.shares[most])} of the day from {session.clock(edges_ns[most])[:5]}"
    alt = f"The fullest of {len(shares)} buckets holds {peak}; the order's window is drawn darker."
    return canvas.draw("When the volume trades", alt, paint, heights=(2.6,))
