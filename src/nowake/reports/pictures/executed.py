"""How much each of several runs had done by each instant: who was early, who was late, who stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.fill import Fill
from nowake.domain.order import ParentOrder
from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.pictures.thinning import Floats, Ints, thin


def executed(order: ParentOrder, runs: Sequence[tuple[str, Sequence[Fill]]]) -> canvas.Picture:
    """Executed share of one order over time, a step line for each named run; the first fill's time is the venue's."""
    steps = [(formats.algorithm(name), *_steps(order, fills)) for name, fills in runs]
    end_ns = max(order.end_ns, *(int(times_ns[-1]) for _, times_ns, _ in steps))

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, order.instrument.session, order.start_ns, end_ns)
        for index, (name, times_ns, share) in enumerate(steps):
            axes.plot(
                [position(int(time_ns)) for time_ns in times_ns],
                100 * share,
                drawstyle="steps-post",
                color=canvas.SERIES[index % len(canvas.SERIES)],
                linestyle=canvas.DASHES[index % len(canvas.DASHES)],
                label=name,
            )
        axes.set_ylim(0, 104)
        axes.set_title("executed, % of the order")
        canvas.legend_below(axes, columns=5)

    alt = "; ".join(_ended(order, name, fills) for name, fills in runs)
    return canvas.draw("What each algorithm had done by when", f"{alt}.", paint, heights=(3.2,), below=0.3)


def _steps(order: ParentOrder, fills: Sequence[Fill]) -> tuple[Ints, Floats]:
    """Instants and the share executed from each of them on, from the order's start to its end."""
    filled = sorted((fill.venue_ns, fill.lots) for fill in fills)
    times_ns = [order.start_ns, *(time_ns for time_ns, _ in filled)]
    done = np.cumsum([0, *(lots for _, lots in filled)], dtype=np.float64) / order.lots
    if times_ns[-1] < order.end_ns:
        times_ns, done = [*times_ns, order.end_ns], np.append(done, done[-1])
    return thin(np.array(times_ns, dtype=np.int64), done)


def _ended(order: ParentOrder, name: str, fills: Sequence[Fill]) -> str:
    share = formats.percent(sum(fill.lots for fill in fills) / order.lots)
    if not fills:
        return f"{formats.algorithm(name)} {share}"
    last_ns = max(fill.venue_ns for fill in fills)
    return f"{formats.algorithm(name)} {share} by {order.instrument.session.clock(last_ns)}"
