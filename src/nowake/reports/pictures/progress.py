"""Plan against execution: what should have been done by each instant, and what was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.fill import Fill
from nowake.domain.order import ParentOrder
from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.pictures.thinning import thin
from nowake.reports.summary import worst_deviation
from nowake.schedules.schedule import Schedule


def progress(name: str, order: ParentOrder, fills: Sequence[Fill], schedule: Schedule | None) -> canvas.Picture:
    """Cumulative executed quantity as a step, the plan (where there is one) as a line, and the widest gap marked."""
    instrument = order.instrument
    filled = sorted((fill.venue_ns, fill.lots) for fill in fills)
    end_ns = max([order.end_ns, *(time_ns for time_ns, _ in filled[-1:])])
    times_ns = np.array([order.start_ns, *(time_ns for time_ns, _ in filled), end_ns], dtype=np.int64)
    done = np.concatenate(([0], np.cumsum([lots for _, lots in filled], dtype=np.int64)))
    quantity = np.array([instrument.quantity(float(lots)) for lots in [*done, done[-1]]])
    times_ns, quantity = thin(times_ns, quantity)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, instrument.session, order.start_ns, end_ns)
        where = [position(int(time_ns)) for time_ns in times_ns]
        axes.plot(where, quantity, drawstyle="steps-post", color=canvas.BLUE, label="executed", zorder=3)
        axes.axhline(order.quantity, color=canvas.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), label="whole order")
        if schedule is not None:
            planned = [instrument.quantity(sum(schedule.lots[:k])) for k in range(len(schedule.lots) + 1)]
            axes.plot(
                [position(time_ns) for time_ns in schedule.times_ns],
                planned,
                color=canvas.ORANGE,
                linewidth=1.1,
                zorder=4,
                label=f"plan ({formats.algorithm(schedule.name)})",
            )
            _mark_worst(axes, position(worst_deviation(schedule, fills).time_ns), schedule, fills)
        axes.set_title(f"{instrument.symbol}, cumulative quantity")
        axes.set_ylim(0, 1.08 * order.quantity)
        canvas.thousands(axes)
        canvas.legend(axes)

    shown = formats.percent(sum(lots for _, lots in filled) / order.lots)
    return canvas.draw(
        f"{name}: plan and execution", f"{shown} of the order was executed. {_worst(schedule, fills)}", paint
    )


def _mark_worst(axes: Axes, where: float, schedule: Schedule, fills: Sequence[Fill]) -> None:
    worst = worst_deviation(schedule, fills)
    if worst.lots == 0:
        return
    quantity = schedule.order.instrument.quantity
    target = schedule.target_lots(worst.time_ns)
    low, high = sorted((quantity(target), quantity(target + worst.lots)))
    axes.plot([where, where], [low, high], color=canvas.PURPLE, linewidth=2.4, solid_capstyle="butt", zorder=5)
    is_late = where > sum(axes.get_xlim()) / 2
    axes.annotate(
        _gap(worst.fraction),
        (where, (low + high) / 2),
        xytext=(-6 if is_late else 6, 0),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="center",
        color=canvas.PURPLE,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": canvas.PAPER, "edgecolor": "none"},
        zorder=6,
    )


def _worst(schedule: Schedule | None, fills: Sequence[Fill]) -> str:
    if schedule is None:
        return "There was no plan to follow."
    worst = worst_deviation(schedule, fills)
    clock = schedule.order.instrument.session.clock(worst.time_ns)
    return f"The widest gap to the plan was {_gap(worst.fraction)} at {clock}."


def _gap(fraction: float) -> str:
    return f"{formats.percent(abs(fraction))} {'ahead' if fraction > 0 else 'behind'}"
