"""The efficient frontier: what less risk costs, and where the chosen plans stand on it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nowake.reports.pictures import canvas
from nowake.reports.plan_tables import Mark
from nowake.reports.tables import Point
from nowake.schedules.almgren_chriss import FrontierPoint
from nowake.schedules.schedule import Schedule

_FLATTENING = 20.0
_FARTHEST = 1.5  # Of the dearest point of the frontier; a plan beyond would flatten all that is to be seen.
_FEW, _IN_A_ROW = 3, 3  # So many marks leave the corner empty, and so many names stand side by side below.
_MARKS = ("D", "s", "^", "v", "P", "X")


def frontier(
    points: Sequence[FrontierPoint], plans: Sequence[Schedule] = (), *, is_first_chosen: bool = False
) -> canvas.Picture:
    """Expected cost over risk; plans that know both of theirs are marked by name, the chosen one with a ring."""
    chosen = [mark for mark in map(Mark.of, plans) if mark is not None]
    return drawn(points, chosen, is_first_chosen=is_first_chosen, unit="bps of the arrival price")


def drawn(points: Sequence[Point], chosen: Sequence[Mark], *, is_first_chosen: bool, unit: str) -> canvas.Picture:
    """The same of anything that has a cost and a risk; `unit` says what costs are counted in."""
    ordered = sorted(points, key=lambda point: point.risk_bps)
    dearest = max(point.expected_cost_bps for point in points)
    most = dearest + (_FARTHEST - 1) * abs(dearest)
    beyond = [mark for mark in chosen if mark.cost_bps > most]
    first = chosen[0] if is_first_chosen and chosen else None
    within = [mark for mark in chosen if mark.cost_bps <= most]
    chosen = within[: len(_MARKS)]
    rows = -(-(1 + len(chosen)) // _IN_A_ROW) if len(chosen) > _FEW else 0

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        axes.plot(
            [point.risk_bps for point in ordered],
            [point.expected_cost_bps for point in ordered],
            color=canvas.MUTED,  # Colours are the plans', the same as in the other pictures of a page.
            marker="o",
            markersize=2.6,
            label="cheapest for its risk",
        )
        if first in chosen:
            axes.plot(
                [chosen[0].risk_bps],
                [chosen[0].cost_bps],
                "o",
                color=canvas.INK,
                markersize=15,
                fillstyle="none",
                zorder=4,
            )
        for index, (name, risk_bps, cost_bps, _) in enumerate(chosen):
            colour, mark = canvas.SERIES[index % len(canvas.SERIES)], _MARKS[index % len(_MARKS)]
            axes.plot([risk_bps], [cost_bps], mark, color=colour, markersize=7, linestyle="none", label=name, zorder=4)
        axes.margins(0.08, 0.12)
        axes.set_title(f"expected cost, {unit}")
        _scale(axes, [point.expected_cost_bps for point in ordered])
        axes.grid(visible=True, axis="both")
        axes.set_xlabel("risk of the cost, bps (one standard deviation)")
        if rows:
            canvas.legend_below(axes, columns=_IN_A_ROW)
        else:
            axes.legend(loc="upper right")  # The curve is convex: this corner is empty.

    urgent, last = ordered[0], ordered[-1]
    alt = (
        f"{len(ordered)} optimal schedules from {urgent.expected_cost_bps:,.1f} bps at {urgent.risk_bps:.1f} bps risk "
        f"to {last.expected_cost_bps:,.1f} bps at {last.risk_bps:.1f} bps risk."
    )
    if first is not None:
        ring = ", in the ring" if first in chosen else ""
        alt += f" The chosen plan, {first.name}{ring}: {first.cost_bps:,.1f} bps at {first.risk_bps:.1f} bps risk."
    if beyond:
        told = ", ".join(f"{mark.name} {mark.cost_bps:,.1f} bps at {mark.risk_bps:.1f} bps risk" for mark in beyond)
        alt += f" Too dear for the picture: {told}."
    if len(within) > len(chosen):
        alt += f" {len(within) - len(chosen)} more plans are in the table."
    below = 0.2 * rows
    return canvas.draw("What less risk costs", alt, paint, heights=(3.2 + below,), below=below)


def _scale(axes: Axes, costs_bps: list[float]) -> None:
    """A logarithmic axis where the dearest schedule would flatten all the others; it says so."""
    if min(costs_bps) <= 0 or max(costs_bps) < _FLATTENING * min(costs_bps):
        return
    axes.set_yscale("log")
    axes.set_title(f"{axes.get_title(loc='left')}, logarithmic")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
