"""The first time a series falls to or below a level, for many levels that begin to wait at different instants.

All waiting levels lie in a heap, the highest on top; each value of the series takes from it what it reaches."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def first_at_or_below(time_ns: Ints, series: Ints, start_ns: Ints, level: Ints) -> Ints:
    """Row of the first value at or below each level, strictly after it began to wait; -1 where there is none.

    Parameters
    ----------
    time_ns, series
        int64[m], times never going back.
    start_ns, level
        int64[n], starts never going back.
    """
    found = np.full(len(level), -1, np.int64)
    waiting: list[tuple[int, int]] = []  # Minus the level, and whose it is.
    joins = np.searchsorted(time_ns, start_ns, side="right").tolist()  # From which row on each of them waits.
    levels, next_one = level.tolist(), 0
    for row, value in enumerate(series.tolist()):
        while next_one < len(joins) and joins[next_one] <= row:
            heapq.heappush(waiting, (-levels[next_one], next_one))
            next_one += 1
        while waiting and -waiting[0][0] >= value:
            found[heapq.heappop(waiting)[1]] = row
    return found


def first_below(time_ns: Ints, series: Ints, start_ns: Ints, level: Ints) -> Ints:
    """The same, strictly below."""
    return first_at_or_below(time_ns, series, start_ns, level - 1)
