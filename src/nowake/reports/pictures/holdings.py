"""What each schedule would still have to trade at each instant."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from nowake.reports.pictures import canvas
from nowake.schedules.schedule import Schedule


def holdings(schedules: Sequence[Schedule]) -> canvas.Picture:
    """Remaining quantity of several schedules of one order, each a line of its own colour and dash."""
    order = schedules[0].order
    quantity = order.instrument.quantity

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, order.instrument.session, order.start_ns, order.end_ns)
        reaches = [0, order.lots]
        for index, schedule in enumerate(schedules):
            left = [order.lots - sum(schedule.lots[:k]) for k in range(len(schedule.lots) + 1)]
            reaches += [min(left), max(left)]
            axes.plot(
                [position(time_ns) for time_ns in schedule.times_ns],
                [quantity(lots) for lots in left],
                color=canvas.SERIES[index % len(canvas.SERIES)],
                linestyle=canvas.DASHES[index % len(canvas.DASHES)],
                label=schedule.name,
            )
        # A schedule that trades back goes beyond the order or below nothing.
        axes.set_ylim(1.04 * quantity(min(reaches)), 1.04 * quantity(max(reaches)))
        axes.set_title(f"{order.instrument.symbol}, quantity left")
        canvas.thousands(axes)
        canvas.legend_below(axes, columns=3)

    names = ", ".join(schedule.name for schedule in schedules)
    return canvas.draw(
        "What each schedule leaves to trade",
        f"Remaining quantity over time: {names}.",
        paint,
        heights=(3.4,),
        below=0.5,
    )
