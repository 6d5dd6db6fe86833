"""Fill curves: the probability that a limit order is filled by a horizon, by how far it stands from the touch and how
much queues before it.

Each cell is a survival estimate of its own (`survival`), so no shape is assumed over distance, queue or time. Orders
near in time are not independent, so intervals come from blocks of time (`blocks`); a horizon for which the data hold
fewer than six blocks of two horizons each is left out, and said to be.

Wrong where cells mix unlike states: spread, imbalance and volatility are averaged over as they came. `FillModel`
conditions on them, at the price of a shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.blocks import FEWEST, blocks_of
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED, Fill, Lifetimes
from nowake.models.fills.survival import ended, incidence, kaplan_meier
from nowake.statistics.measurement import Measurement, check_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HORIZONS_S = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
FEWEST_ORDERS = 20  # A cell of fewer says nothing.


class FillRate(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: orders like these, by one horizon.

    Parameters
    ----------
    distance_ticks
        Lowest and highest distance from the best price of its own side (below 0: improves it); None is no end.
    queue_lots
        Least and most lots before it at its price; None is no end.
    horizon_s
        Seconds after posting.
    standing
        Probability of a fill had nobody cancelled (Kaplan-Meier: who cancels would have fared as who stays).
    posted
        Share of those posted that were filled, as people cancel (Aalen-Johansen).
    highest
        With `posted.value` the bounds of the left-standing probability whatever cancels mean (Peterson 1976).
    orders, fills, cancels, at_risk
        In the cell; filled and cancelled by the horizon, and followed beyond it: few of these, and `standing` is shaky.
    n_effective
        As many independent orders would be as sure of `standing`.
    blocks
        Blocks of time behind the intervals.
    """

    distance_ticks: tuple[int | None, int | None]
    queue_lots: tuple[int | None, int | None]
    horizon_s: float
    standing: Measurement
    posted: Measurement
    highest: float
    orders: int
    fills: int
    cancels: int
    at_risk: int
    n_effective: float
    blocks: int


class FillCurves(msgspec.Struct, frozen=True, kw_only=True):
    """Fill probability by distance, queue and horizon.

    Parameters
    ----------
    rates
        One a cell and horizon: distances outermost, horizons innermost.
    fill
        What counts as filled: the "first" execution or the "full" order.
    orders, fills, cancels, censored
        All lives, and how they ended (the first fill is an end where `fill` is "first").
    left_out
        Orders that are in no cell: why -> how many.
    notes
        What to know before trusting it, one sentence each.
    """

    rates: tuple[FillRate, ...]
    fill: Fill
    level: float
    orders: int
    fills: int
    cancels: int
    censored: int
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()

    def at(self, distance_ticks: int, queue_lots: float, horizon_s: float) -> FillRate:
        """The cell that holds an order.

        Raises
        ------
        BadParameter
            When none does.
        """
        for rate in self.rates:
            inside = _within(distance_ticks, rate.distance_ticks) and _within(queue_lots, rate.queue_lots)
            if inside and rate.horizon_s == horizon_s:
                return rate
        horizons = ", ".join(f"{each:g}" for each in sorted({rate.horizon_s for rate in self.rates}))
        raise BadParameter(
            f"no cell holds an order {distance_ticks} ticks from the touch behind {queue_lots:g} lots for "
            f"{horizon_s:g} s; horizons are {horizons} s"
        )


def fill_curves(
    lives: Lifetimes,
    *,
    horizons_s: Sequence[float] = HORIZONS_S,
    distances: Sequence[int] | None = None,
    queues: Sequence[float] | int = 2,
    fill: Fill = "first",
    level: float = 0.95,
) -> FillCurves:
    """Estimate the curves of some lives.

    Parameters
    ----------
    lives
        Of a tape (`observed_lifetimes`) or imagined (`probed_lifetimes`).
    horizons_s
        Seconds, above 0.
    distances
        Lowest distance of each bucket in ticks, increasing; what is nearer than the first is a bucket too. None takes
        0, 1, 2, 5, 10, ... up to where nineteen fills of twenty were.
    queues
        Least lots of each bucket after the first, which begins with an empty queue, increasing; or, as a whole number,
        how many buckets of equal count the orders with a queue are cut into. Orders with an empty queue are one more.
        0 does not tell queues apart.
    fill
        What counts as filled.
    level
        Confidence of the intervals.

    Raises
    ------
    BadParameter
        When buckets do not increase, or a horizon or the level is out of range.
    BadData
        When no horizon has the blocks of time it needs, or no cell the orders.
    """
    check_level(level)
    wait_s, cause = lives.outcome(fill)
    usable, notes = _usable_horizons(lives.start_ns, horizons_s)
    if distances is None:
        distances = usual_distances(lives.distance_ticks[cause == FILLED])
    edges = _increasing("distances", distances)
    by_distance = np.searchsorted(edges, lives.distance_ticks, side="right")
    queue_edges = _queue_edges(lives.queue_lots, queues)
    by_queue = np.searchsorted(queue_edges, np.nan_to_num(lives.queue_lots), side="right")
    rates: list[FillRate] = []
    few = 0
    for i in range(len(edges) + 1):
        for j in range(len(queue_edges) + 1):
            cell = np.flatnonzero((by_distance == i) & (by_queue == j))
            if len(cell) < FEWEST_ORDERS:
                few += len(cell)
                continue
            ends = (_ends(edges, i), _ends(queue_edges, j, first=0))
            found = _Cell(*ends, lives.start_ns[cell], wait_s[cell], cause[cell])
            rates += [_rate(found, horizon_s, level) for horizon_s in usable]
    if not rates:
        raise BadData(f"no cell holds {FEWEST_ORDERS} orders; {len(lives):,} are too few for so many cells, take fewer")
    left_out = dict(lives.left_out) | ({f"in cells of fewer than {FEWEST_ORDERS}": few} if few else {})
    return FillCurves(
        rates=tuple(rates),
        fill=fill,
        level=level,
        orders=len(lives),
        fills=int(np.count_nonzero(cause == FILLED)),
        cancels=int(np.count_nonzero(cause == CANCELLED)),
        censored=int(np.count_nonzero(cause == CENSORED)),
        left_out=left_out,
        notes=(*lives.notes, *notes),
    )


def usual_distances(distance_ticks: Ints) -> tuple[int, ...]:
    """0, 1, 2, 5, 10, 20, 50, ... up to where nineteen fills of twenty were."""
    most = max(float(np.quantile(distance_ticks, 0.95)), 1.0) if len(distance_ticks) else 1.0
    steps = (step * 10**power for power in range(7) for step in (1, 2, 5))
    return (0, *itertools.takewhile(lambda step: step <= most, steps))


class _Cell(NamedTuple):
    """Orders alike: the ends of their buckets, and their lives."""

    distance_ticks: tuple[int | None, int | None]
    queue_lots: tuple[int | None, int | None]
    start_ns: Ints
    wait_s: Floats
    cause: npt.NDArray[np.int8]


def _rate(cell: _Cell, horizon_s: float, level: float) -> FillRate:
    """A cell at a horizon, with the blocks of time that the horizon needs."""
    block = blocks_of(cell.start_ns, horizon_s)
    (standing,) = kaplan_meier(cell.wait_s, cell.cause, [horizon_s], block=block, level=level)
    (posted,) = incidence(cell.wait_s, cell.cause, [horizon_s], block=block, level=level)
    (either,) = ended(cell.wait_s, cell.cause, [horizon_s])
    return FillRate(
        distance_ticks=cell.distance_ticks,
        queue_lots=cell.queue_lots,
        horizon_s=horizon_s,
        standing=standing.filled,
        posted=posted.filled,
        highest=either.filled.value,
        orders=len(cell.wait_s),
        fills=standing.fills,
        cancels=int(np.count_nonzero((cell.cause == CANCELLED) & (cell.wait_s <= horizon_s))),
        at_risk=standing.at_risk,
        n_effective=standing.n_effective,
        blocks=standing.blocks,
    )


def _usable_horizons(start_ns: Ints, horizons_s: Sequence[float]) -> tuple[list[float], tuple[str, ...]]:
    """The horizons for which there are blocks enough, and a sentence on the others."""
    blocks = {horizon_s: int(blocks_of(start_ns, horizon_s).max()) + 1 for horizon_s in horizons_s}
    usable = [horizon_s for horizon_s, count in blocks.items() if count >= FEWEST]
    short = ", ".join(f"{horizon_s:g} s ({count})" for horizon_s, count in blocks.items() if count < FEWEST)
    if not usable:
        raise BadData(
            f"the orders span too few blocks of two horizons: {short}; {FEWEST} are needed, so take a longer day "
            "or shorter horizons"
        )
    return usable, (f"Left out for fewer than {FEWEST} blocks of time: {short}.",) if short else ()


def _increasing(name: str, edges: Sequence[float]) -> Floats:
    array = np.asarray(edges, np.float64)
    if not len(array) or not np.all(np.isfinite(array)) or np.any(np.diff(array) <= 0):
        raise BadParameter(f"{name} {tuple(edges)} must be finite and increase, for example 0, 1, 2, 5")
    return array


def _queue_edges(queue_lots: Floats, queues: Sequence[float] | int) -> Floats:
    """Least lots of every bucket but the first; none where a queue is not known, for then no bucket holds it."""
    if not isinstance(queues, int):
        edges = _increasing("queues", queues)
        if edges[0] <= 0:
            raise BadParameter(f"queues {tuple(queues)} must be above 0; the first bucket begins with an empty queue")
        return edges
    if queues < 0:
        raise BadParameter(f"queues {queues} must be 0 or more buckets")
    waiting = queue_lots[queue_lots > 0]
    if queues == 0 or np.isnan(queue_lots).any() or not len(waiting):
        return np.zeros(0)
    inner = np.quantile(waiting, np.arange(1, queues) / queues)
    # An edge is a count of lots: whole, so that a bucket can be said.
    return np.unique(np.concatenate(([1.0], np.ceil(inner))))


def _ends(edges: Floats, bucket: int, *, first: int | None = None) -> tuple[int | None, int | None]:
    """First and last whole number of a bucket, `first` being the least of all; None is no end."""
    if not len(edges):
        return None, None
    low = first if bucket == 0 else math.ceil(edges[bucket - 1])
    return low, None if bucket == len(edges) else math.ceil(edges[bucket]) - 1


def _within(value: float, ends: tuple[int | None, int | None]) -> bool:
    low, high = ends
    return (low is None or value >= low) and (high is None or value <= high)
