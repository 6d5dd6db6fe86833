"""A basket on its way: what is left of it, what it is exposed to, and where its risk sits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nowake.models.terms import Floats
from nowake.reports.basket_tables import gross_left, groups, half_days, moment, session_of
from nowake.reports.pictures import canvas
from nowake.schedules.portfolio import BasketPlan, Exposure

_MOST = 6  # Lines of one panel that can be told apart.
_PANELS = 3


class _Unit(NamedTuple):
    """Money in thousands, millions or whole, for an axis."""

    size: float
    word: str

    @classmethod
    def of(cls, largest: float, currency: str) -> _Unit:
        """The unit in which the largest amount has a few digits."""
        size, word = next((each for each in ((1e9, "bn "), (1e6, "m "), (1e3, "k ")) if largest >= each[0]), (1.0, ""))
        return cls(size, f"{word}{currency}")


def basket_paths(plan: BasketPlan, even: BasketPlan | None = None) -> canvas.Picture:
    """What is left of the whole, of buys and of sells, in money; the even plan's whole beside it."""
    left = gross_left(plan)
    unit = _Unit.of(float(left[0].sum()), plan.basket.currency)
    sides = {name: inside for name, inside in groups(plan).items() if name in {"buys", "sells"}}
    shown = {"all": np.ones(len(plan.basket), dtype=bool)} | (sides if len(sides) > 1 else {})

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = _time_axis(axes, plan)
        if even is not None:
            at = [position(days) for days in even.times_days]
            axes.plot(at, gross_left(even).sum(axis=1) / unit.size, color=canvas.MUTED, linewidth=1, label=even.name)
        _lines(axes, {name: left[:, inside].sum(axis=1) / unit.size for name, inside in shown.items()}, plan, position)
        axes.set_ylim(bottom=0)
        axes.set_title(f"left to trade, {unit.word}")
        canvas.legend_below(axes, columns=4)

    told = ", ".join(f"{name} at {moment(plan, half_days(plan, inside))}" for name, inside in shown.items())
    return canvas.draw("What is left", f"Half is done: {told}.", paint, heights=(3.4,), below=0.5)


def basket_sectors(plan: BasketPlan) -> canvas.Picture | None:
    """What is left of each sector as a share of it; None where there are not several sectors."""
    left = gross_left(plan)
    sectors = {name: inside for name, inside in groups(plan).items() if name not in {"buys", "sells"}}
    if not sectors:
        return None
    largest = sorted(sectors, key=lambda name: -float(left[0, sectors[name]].sum()))[:_MOST]

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = _time_axis(axes, plan)
        shares = {name: _share_left(left[:, sectors[name]]) for name in largest}
        _lines(axes, shares, plan, position)
        axes.set_ylim(0, 104)
        axes.set_title("left of each sector, percent of its value")
        canvas.legend_below(axes, columns=3)

    more = f" The {_MOST} largest of {len(sectors)}." if len(sectors) > _MOST else ""
    told = ", ".join(f"{name} {moment(plan, half_days(plan, sectors[name]))}" for name in largest)
    return canvas.draw("What is left by sector", f"Half is done: {told}.{more}", paint, heights=(3.6,), below=0.75)


def basket_exposures(plan: BasketPlan) -> tuple[canvas.Picture, ...]:
    """Net value, beta, cash and the sectors that move most, a panel each, with their bands; three panels a picture."""
    chosen = _to_show(plan)
    values = {each.name: each.values(plan.basket.quantities, plan.left) for each in chosen}
    unit = _Unit.of(max(float(np.abs(path).max()) for path in values.values()), plan.basket.currency)
    parts = [chosen[first : first + _PANELS] for first in range(0, len(chosen), _PANELS)]
    titles = ("What it is exposed to", "What else it is exposed to")
    return tuple(_exposures(plan, part, values, unit, title) for title, part in zip(titles, parts, strict=False))


def _exposures(
    plan: BasketPlan, chosen: list[Exposure], values: dict[str, Floats], unit: _Unit, title: str
) -> canvas.Picture:
    def paint(panels: list[Axes]) -> None:
        for axes, each in zip(panels, chosen, strict=True):
            position = _time_axis(axes, plan, is_last=axes is panels[-1])
            at = [position(days) for days in plan.times_days]
            low, high = (np.where(np.isfinite(end), end, np.nan) / unit.size for end in (each.low, each.high))
            if np.isfinite(low).any() and np.isfinite(high).any():
                axes.fill_between(at[1:], low, high, color=canvas.SKY, alpha=0.3, linewidth=0)
            for end in (low, high):
                axes.plot(at[1:], end, color=canvas.SKY, linewidth=1)
            axes.plot(at, values[each.name] / unit.size, color=canvas.BLUE)
            axes.axhline(0, color=canvas.MUTED, linewidth=0.7)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.set_title(f"{each.name}, {unit.word}{', shaded where it may be' if each.is_limited else ''}")

    told = "; ".join(
        f"{each.name} from {values[each.name][0] / unit.size:,.2f} at the start, at most "
        f"{np.abs(values[each.name]).max() / unit.size:,.2f} {unit.word}"
        for each in chosen
    )
    return canvas.draw(title, f"{told}.", paint, heights=(1.6,) * len(chosen), left=0.75)


def basket_risk(plan: BasketPlan, even: BasketPlan | None = None) -> canvas.Picture:
    """Above the risk a session of what is left; below how much of it each side or sector brings, in percent."""
    by_line = plan.risk_left
    total = by_line.sum(axis=1)
    unit = _Unit.of(float(total.max()), plan.basket.currency)
    named = groups(plan)
    sectors = {name: inside for name, inside in named.items() if name not in {"buys", "sells"}}
    parts = sectors or named
    largest = sorted(parts, key=lambda name: -float(np.abs(by_line[:, parts[name]].sum(axis=1)).max()))[:_MOST]

    def paint(panels: list[Axes]) -> None:
        whole, shares = panels
        position = _time_axis(whole, plan, is_last=False)
        if even is not None:
            at = [position(days) for days in even.times_days]
            whole.plot(at, even.risk_left.sum(axis=1) / unit.size, color=canvas.MUTED, linewidth=1, label=even.name)
        _lines(whole, {plan.name: total / unit.size}, plan, position)
        whole.set_ylim(bottom=0)
        whole.set_title(f"risk a session of what is left, {unit.word}")
        canvas.legend(whole)
        position = _time_axis(shares, plan)
        percent = {name: 100 * _ratio(by_line[:, parts[name]].sum(axis=1), total) for name in largest}
        _lines(shares, percent, plan, position)
        shares.axhline(0, color=canvas.MUTED, linewidth=0.7)
        shares.set_title("of which, percent: below 0 it hedges the rest")
        canvas.legend_below(shares, columns=3)

    first = ", ".join(f"{name} {100 * by_line[0, parts[name]].sum() / total[0]:.0f}%" for name in largest)
    alt = f"At the start {total[0] / unit.size:,.2f} {unit.word} a session, one standard deviation, of which {first}."
    return canvas.draw("Where the risk sits", alt, paint, heights=(2.0, 2.8), below=0.75)


def _lines(axes: Axes, paths: dict[str, Floats], plan: BasketPlan, position: Callable[[float], float]) -> None:
    at = [position(days) for days in plan.times_days]
    for index, (name, values) in enumerate(paths.items()):
        axes.plot(
            at, values, color=canvas.SERIES[index % len(canvas.SERIES)],
            linestyle=canvas.DASHES[index % len(canvas.DASHES)], label=name,
        )  # fmt: skip


def _time_axis(axes: Axes, plan: BasketPlan, *, is_last: bool = True) -> Callable[[float], float]:
    """The session's clock where the whole basket lies in one, else sessions; positions of sessions from the start."""
    session, start_ns = session_of(plan), plan.basket.start_ns
    if session is None or start_ns is None:
        axes.set_xlim(0, float(plan.times_days[-1]))
        axes.set_xlabel("sessions from the start" if is_last else "")
        return lambda days: days
    length = session.close_ns - session.open_ns
    place = canvas.time_axis(axes, session, start_ns, start_ns + round(float(plan.times_days[-1]) * length))
    if not is_last:
        axes.set_xlabel("")
    return lambda days: place(start_ns + round(days * length))


def _to_show(plan: BasketPlan) -> list[Exposure]:
    """Those with a band first, then those that are largest; dollar first of all."""

    def size(each: Exposure) -> tuple[bool, bool, float]:
        largest = float(np.abs(each.values(plan.basket.quantities, plan.left)).max())
        return each.name != "dollar", not each.is_limited, -largest

    return sorted(plan.exposures, key=size)[: 2 * _PANELS]


def _share_left(left: Floats) -> Floats:
    total = left.sum(axis=1)
    return np.asarray(100 * total / total[0])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN, which is not drawn, where next to nothing is left."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 1e-6 * whole[0])
