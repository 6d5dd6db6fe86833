"""What an algorithm meant to have done at each time, as a schedule to hold its fills against."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from nowake.algos import Adaptive, Algorithm, Follow, Iceberg, Participate, Post, Shortfall, Twap, Vwap
from nowake.domain.fill import Fill
from nowake.domain.market import Trades
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.schedules.schedule import Schedule


def intended(algorithm: Algorithm, fills: Sequence[Fill], trades: Trades) -> Schedule | None:
    """The schedule behind an algorithm: its curve, or for a rate the volume that came; None for an iceberg, and where
    a policy is asked as it goes.

    None as well where a rate would not have completed the order: it then meant to leave a residual, and no schedule
    sums to that.
    """
    if isinstance(algorithm, Iceberg | Adaptive | Post):
        return None
    if isinstance(algorithm, Follow):
        return algorithm.schedule
    edges = _minutes(algorithm.order)
    if isinstance(algorithm, Participate):
        return _at_rate(algorithm, edges, fills, trades)
    return _from_curve(algorithm, edges)


def _minutes(order: ParentOrder) -> list[int]:
    """The window's start, every whole minute after it, and its end."""
    return [*range(order.start_ns, order.end_ns, NS_PER_MINUTE), order.end_ns]


def _from_curve(algorithm: Twap | Vwap | Shortfall, edges: list[int]) -> Schedule:
    done = [round(algorithm.target_lots(edge)) for edge in edges]
    return _schedule(algorithm, edges, [*done[:-1], algorithm.order.lots])


def _at_rate(algorithm: Participate, edges: list[int], fills: Sequence[Fill], trades: Trades) -> Schedule | None:
    """The rate applied to the volume that had passed by each minute, what of ours the tape does not show included."""
    own = [fill for fill in fills if fill.tape_ticks is None]  # The tape has the others.
    times = np.concatenate((trades.time_ns, np.array([fill.venue_ns for fill in own], dtype=np.int64)))
    lots = np.concatenate((trades.lots, np.array([fill.lots for fill in own], dtype=np.int64)))
    order = np.argsort(times, kind="stable")
    volume = np.concatenate(([0], np.cumsum(lots[order])))
    passed = volume[np.searchsorted(times[order], np.array(edges), side="right")]
    total = algorithm.order.lots
    done = [min(total, int(algorithm.rate * float(count - passed[0]))) for count in passed]
    return _schedule(algorithm, edges, done) if done[-1] == total else None


def _schedule(algorithm: Twap | Vwap | Shortfall | Participate, edges: list[int], done: list[int]) -> Schedule:
    lots = tuple(after - before for before, after in itertools.pairwise(done))
    return Schedule(name=type(algorithm).__name__, order=algorithm.order, times_ns=tuple(edges), lots=lots)
