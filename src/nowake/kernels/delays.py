"""How long a message takes, in compiled code. The plain twin is `nowake.sim.legs`.

Draws are those of `nowake.domain.randomness` (SplitMix64; Steele, Lea, Flood 2014, figure 14), bit for bit."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.legs import CONSTANT, DRAWS, STEPS, WHOLE
from nowake.kernels.memory import at, leaf, tiny

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@leaf
def delay_ns(leg: Any, time_ns: int, number: int) -> int:
    """Nanoseconds that message `number` of a leg (a LEG record) takes when it leaves at `time_ns`."""
    if leg.kind == CONSTANT:
        return leg.delay_ns
    if leg.kind == DRAWS:
        return at(leg.delays, np.int64(_draw(leg.seed, leg.number, number) * leg.count), WHOLE).value
    row = _last_at_or_before(leg.times, leg.count, time_ns)
    if row < 0:
        return leg.delay_ns
    delay = at(leg.delays, row, WHOLE).value
    if leg.least_ns == STEPS:
        return delay
    return max(delay - (time_ns - at(leg.times, row, WHOLE).value), leg.least_ns)


@leaf
def _last_at_or_before(times: int, count: int, time_ns: int) -> int:
    """The last row of sorted times that is not later, -1 when there is none."""
    low, high = np.int64(0), np.int64(count)
    while low < high:
        middle = (low + high) >> 1
        if at(times, middle, WHOLE).value <= time_ns:
            low = middle + 1
        else:
            high = middle
    return low - 1


@tiny
def _draw(seed: int, leg: int, number: int) -> float:
    """`nowake.domain.randomness.draw(seed, leg, number)`."""
    state = _mix(np.uint64(seed))
    state = _mix(state ^ np.uint64(leg))
    state = _mix(state ^ np.uint64(number))
    return np.float64(state >> _11) * 2.0**-53


@tiny
def _mix(state: int) -> int:
    z = state + _GAMMA
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)
