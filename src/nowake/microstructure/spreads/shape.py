"""The shape of a book: how much stands how far away, how steeply it fills, and what a size costs to trade now.

Each state counts for as long as it stands, until the NEXT one; intervals as for the quoted spread (`quoted`). For each
side:

- depth within k ticks of its own best price (k = 0: the touch), and within k basis points of the mid;
- the cost of sweeping a size: how far the average price is from the mid, in basis points, positive for both sides;
- lots a tick: cumulative depth on distance from the mid, least squares through the origin;
- the slope of Naes & Skjeltorp (2006, "Order book characteristics and the volume-volatility relation", Journal of
  Financial Markets 9): with v_i the log of the shares up to level i, p_0 the mid and p_1 the best price,
      (1/N) { v_1 / |p_1/p_0 - 1| + sum_i (v_{i+1}/v_i - 1) / |p_{i+1}/p_i - 1| },
  an elasticity that depends on the unit of a share, so only compare it within one.

A view of L levels ends somewhere: depth within k is then what is seen at least, and `reached` says for which share of
the time the view went as far as k. A size that the view cannot fill has no cost then, NaN and not a guess; `reached`
says how often it could. One-sided and crossed states are left out; at a locked one the slope of Naes & Skjeltorp is not
known. Wrong where much of the depth is hidden, or leaves when it is come for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth
from nowake.domain.units import BPS
from nowake.microstructure.market_orders import Flags, Floats, Ints
from nowake.microstructure.spreads.quoted import BATCHES, time_mean
from nowake.statistics.measurement import Measurement, check_level


class Aspect(NamedTuple):
    """One thing measured: "depth within ticks", "depth within bps", "sweep cost", "lots a tick" or "slope".

    `side` is "bid" or "ask", `at` the ticks, basis points or lots asked for, 0 where there is none to ask.
    """

    name: str
    side: str
    at: float
    unit: str


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One aspect of the book over a window.

    Parameters
    ----------
    aspect
        What.
    mean
        Time-weighted; None where it was never known.
    reached
        Share of the time with a two-sided book at which the view went far enough to know it.
    """

    aspect: Aspect
    mean: Measurement | None
    reached: float


class BookShape(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a book over a window.

    Parameters
    ----------
    shapes
        One an aspect.
    states
        Two-sided, uncrossed states that stood for some of the window.
    covered
        Share of the window with one.
    """

    shapes: tuple[Shape, ...]
    states: int
    covered: float

    def of(self, name: str, side: str, at: float = 0) -> Shape:
        """One aspect.

        Raises
        ------
        BadParameter
            When it was not measured.
        """
        for shape in self.shapes:
            if shape.aspect[:3] == (name, side, at):
                return shape
        known = sorted({shape.aspect.name for shape in self.shapes})
        raise BadParameter(f"{name!r} at {at:g} on the {side} side was not measured; measured are {known}")


class ShapePlan(NamedTuple):
    """What to measure: distances in whole ticks and in basis points, sizes in lots, and shares a lot."""

    within_ticks: tuple[int, ...] = (0, 4, 9)
    within_bps: tuple[float, ...] = (5.0, 20.0)
    sizes_lots: tuple[int, ...] = (100, 1_000)
    lot_size: float = 1.0

    def aspects(self) -> tuple[Aspect, ...]:
        """What the columns of `rows_of` are."""
        one = [
            *(("depth within ticks", k, "lots") for k in self.within_ticks),
            *(("depth within bps", k, "lots") for k in self.within_bps),
            *(("sweep cost", k, "bps") for k in self.sizes_lots),
            ("lots a tick", 0, "lots"),
            ("slope", 0, "log shares over share of the price"),
        ]
        return tuple(Aspect(name, side, float(at), unit) for side in ("bid", "ask") for name, at, unit in one)

    def check(self) -> None:
        """Refuse distances and sizes that are none."""
        for name in ("within_ticks", "within_bps"):
            if any(not 0 <= k < math.inf for k in getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} must be 0 or more")
        if any(not 0 < size < math.inf for size in self.sizes_lots):
            raise BadParameter(f"sizes_lots {self.sizes_lots} must be above 0")
        if not 0 < self.lot_size < math.inf:
            raise BadParameter(f"lot_size {self.lot_size} must be above 0: shares a lot")


def book_shape(
    depth: Depth, plan: ShapePlan | None = None, *, start_ns: int, end_ns: int, level: float = 0.95
) -> BookShape:
    """Time-weighted shape of the book between two instants.

    Raises
    ------
    BadParameter
        When the window is empty, or the plan asks for what cannot be.
    BadData
        When no two-sided state stood in it, or a mid is not above 0.
    """
    plan = plan or ShapePlan()
    plan.check()
    check_level(level)
    if end_ns <= start_ns:
        raise BadParameter(f"window from {start_ns} to {end_ns} is empty; give a later end")
    begins = np.clip(depth.time_ns, start_ns, end_ns)
    ends = np.append(begins[1:], end_ns) if len(begins) else begins
    use = (ends > begins) & _two_sided(depth)
    if not use.any():
        raise BadData(f"no two-sided book stood between {start_ns} and {end_ns}; look at another time")
    values, reached = rows_of(_rows(depth, use), plan)
    begins, ends = begins[use], ends[use]
    weight = (ends - begins).astype(np.float64)
    borders = np.array([start_ns + (end_ns - start_ns) * k // BATCHES for k in range(BATCHES + 1)])
    shapes = []
    for column, aspect in enumerate(plan.aspects()):
        known = np.isfinite(values[:, column])
        mean = time_mean(values[known, column], begins[known], ends[known], borders, level) if known.any() else None
        shapes.append(Shape(aspect=aspect, mean=mean, reached=float(np.average(reached[:, column], weights=weight))))
    return BookShape(shapes=tuple(shapes), states=int(use.sum()), covered=float(weight.sum() / (end_ns - start_ns)))


def rows_of(depth: Depth, plan: ShapePlan) -> tuple[Floats, Flags]:
    """Every aspect of each two-sided state, float64[n, k], NaN where not known; and whether the view reached it.

    Raises
    ------
    BadData
        When a mid is not above 0.
    """
    mid = (depth.bid_ticks[:, 0] + depth.ask_ticks[:, 0]) / 2.0
    if not np.all(mid > 0):
        raise BadData(f"a mid of {mid.min():g} ticks gives no basis points; prices must be above 0")
    sides = (
        _one_side(depth.bid_ticks, depth.bid_lots, mid, plan),
        _one_side(depth.ask_ticks, depth.ask_lots, mid, plan),
    )
    return np.hstack([values for values, _ in sides]), np.hstack([reached for _, reached in sides])


class ShapeGauge:
    """The shape of the book beside a live market, time-weighted over all states that have ended.

    `means` float64[k] are the aspects of the plan; `value` is the first of them.

    Parameters
    ----------
    plan
        What to measure.
    """

    def __init__(self, plan: ShapePlan | None = None) -> None:
        self.plan = plan or ShapePlan()
        self.plan.check()
        self.aspects = self.plan.aspects()
        self._since_ns: int | None = None
        self._now: Floats | None = None
        self._area = np.zeros(len(self.aspects))
        self._time_ns = np.zeros(len(self.aspects))

    def on_depth(self, time_ns: int, bid_ticks: Ints, bid_lots: Ints, ask_ticks: Ints, ask_lots: Ints) -> None:
        """The levels of the book became these, the best first, each (L,).

        Raises
        ------
        BadData
            When it is earlier than the one before, or a mid is not above 0; nothing is changed then.
        """
        if self._since_ns is not None and time_ns < self._since_ns:
            raise BadData(f"a book at {time_ns} is before the last one, at {self._since_ns}; sort by time")
        columns = (
            np.atleast_2d(np.asarray(each, dtype=np.int64)) for each in (bid_ticks, bid_lots, ask_ticks, ask_lots)
        )
        one = Depth(np.array([time_ns]), *columns)
        now = rows_of(one, self.plan)[0][0] if _two_sided(one)[0] else None
        if self._now is not None and self._since_ns is not None:
            known, stood = np.isfinite(self._now), time_ns - self._since_ns
            self._area[known] += self._now[known] * stood
            self._time_ns[known] += stood
        self._since_ns, self._now = time_ns, now

    @property
    def means(self) -> Floats:
        """float64[k]: time-weighted means up to the last book; NaN where never known."""
        return np.where(self._time_ns > 0, self._area / np.maximum(self._time_ns, 1), np.nan)

    @property
    def value(self) -> float:
        """The first aspect's mean."""
        return float(self.means[0])


def _one_side(ticks: Ints, lots: Ints, mid: Floats, plan: ShapePlan) -> tuple[Floats, Flags]:
    """Aspects of one side, in the order of the plan."""
    shown = np.logical_and.accumulate(lots > 0, axis=1)
    size = np.where(shown, lots, 0).astype(np.float64)
    # An empty level has no price; far away it is within nothing.
    from_best = np.where(shown, np.abs(ticks - ticks[:, :1]), np.inf)
    away = np.where(shown, np.abs(ticks - mid[:, None]), np.inf)
    bps = away / mid[:, None] * BPS
    cumulative = np.cumsum(size, axis=1)
    whole = ~shown[:, -1]  # Fewer levels than the view has room for: all there is is seen.
    columns, reached = [], []
    for distance, limits in ((from_best, plan.within_ticks), (bps, plan.within_bps)):
        for limit in limits:
            columns.append((size * (distance <= limit)).sum(axis=1))
            reached.append(whole | (distance[:, -1] > limit))
    for wanted in plan.sizes_lots:
        taken = np.clip(wanted - (cumulative - size), 0.0, size)
        filled = cumulative[:, -1] >= wanted
        cost = np.where(shown, taken * np.where(shown, bps, 0.0), 0.0).sum(axis=1) / wanted
        columns.append(np.where(filled, cost, np.nan))
        reached.append(filled)
    seen = np.where(shown, away, 0.0)
    square = (seen**2).sum(axis=1)
    columns.append(np.where(square > 0, (seen * cumulative).sum(axis=1) / np.where(square > 0, square, 1.0), np.nan))
    columns.append(_naes_skjeltorp(ticks, cumulative * plan.lot_size, shown, mid))
    reached += [np.isfinite(columns[-2]), np.isfinite(columns[-1])]
    return np.column_stack(columns), np.column_stack(reached)


def _naes_skjeltorp(ticks: Ints, shares: Floats, shown: Flags, mid: Floats) -> Floats:
    """The slope of Naes & Skjeltorp; NaN where a log of shares is 0, or the best price is the mid."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(shares)
        first = log[:, 0] / np.abs(ticks[:, 0] / mid - 1)
        steps = (log[:, 1:] / log[:, :-1] - 1) / np.abs(ticks[:, 1:] / ticks[:, :-1] - 1)
    total = first + np.where(shown[:, 1:], steps, 0.0).sum(axis=1)
    return np.where(np.isfinite(total), total / shown.sum(axis=1), np.nan)


def _two_sided(depth: Depth) -> Flags:
    both = (depth.bid_lots[:, 0] > 0) & (depth.ask_lots[:, 0] > 0)
    return np.asarray(both & (depth.ask_ticks[:, 0] >= depth.bid_ticks[:, 0]))


def _rows(depth: Depth, use: Flags) -> Depth:
    names: Sequence[str] = ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    return Depth(*(getattr(depth, name)[use] for name in names))
