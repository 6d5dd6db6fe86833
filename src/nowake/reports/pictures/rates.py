"""How fast each schedule trades: its share of all volume expected in each bucket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.reports.pictures import canvas
from nowake.reports.plan_tables import volume_of
from nowake.schedules.schedule import Schedule


def rates(
    schedules: Sequence[Schedule], market: MarketState, curve: VolumeCurve | None = None
) -> canvas.Picture | None:
    """A step a bucket for each schedule of one order, in percent of the volume expected then, ours included.

    A bucket that trades against the order counts below 0. None where the curve has nothing to say of the window.
    """
    order = schedules[0].order
    volumes = [volume_of(schedule, market, curve) for schedule in schedules]
    shares = [
        _percent(schedule, volume) for schedule, volume in zip(schedules, volumes, strict=True) if volume is not None
    ]
    if len(shares) < len(schedules):
        return None

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, order.instrument.session, order.start_ns, order.end_ns)
        for index, (schedule, percent) in enumerate(zip(schedules, shares, strict=True)):
            axes.stairs(
                percent,
                [position(time_ns) for time_ns in schedule.times_ns],
                color=canvas.SERIES[index % len(canvas.SERIES)],
                linestyle=canvas.DASHES[index % len(canvas.DASHES)],
                label=schedule.name,
                baseline=None,
                linewidth=1.4,
            )
        axes.set_ylim(bottom=min(0.0, *(1.04 * float(percent.min()) for percent in shares)))
        axes.set_title("share of all volume expected, percent")
        canvas.legend_below(axes, columns=3)

    told = "; ".join(
        f"{schedule.name} at most {percent.max():.1f}%" for schedule, percent in zip(schedules, shares, strict=True)
    )
    return canvas.draw("How fast each schedule trades", f"{told}.", paint, heights=(3.6,), below=0.75)


def _percent(schedule: Schedule, volume: Floats) -> Floats:
    traded = np.array(schedule.lots, dtype=np.float64) * schedule.order.instrument.quantity(1)
    # Where nothing is expected whatever is traded is all there is.
    whole = np.abs(traded) + volume
    return np.asarray(100 * np.divide(traded, whole, out=np.zeros_like(traded), where=whole > 0))
