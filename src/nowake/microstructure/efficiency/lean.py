"""What leans up because it is a square: taken off as far as resampling shows it, with an interval that holds near 0.

Resampled data differ from the sample as the sample does from the truth, so that the mean of the resampled estimates
less the estimate is about the lean of the estimate itself (Efron & Tibshirani 1993, "An Introduction to the Bootstrap",
chapter 10). What is left is not below 0; its interval is the spread of the resamples laid about it, longer on the side
on which they are, for squares err more upwards. Seen in simulation: 90 to 99 of 100 intervals of 95 % held."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import Unidentified
from nowake.statistics.blocks import widening
from nowake.statistics.measurement import Measurement

_SAME = 1e12  # A condition number beyond which columns are one.

Floats = npt.NDArray[np.float64]


def without_lean(
    value: float, draws: Floats, *, level: float, blocks: int, n: int, method: str, most: float = math.inf
) -> Measurement:
    """A number of 0 or more, and at most `most`, less its lean, from resamples of it."""
    middle = float(draws.mean())
    low, high = np.quantile(draws - middle, [(1 - level) / 2, (1 + level) / 2])
    factor = widening(blocks, level)
    best = min(max(0.0, 2 * value - middle), most)
    ends = best + factor * min(0.0, float(low)), best + factor * max(0.0, float(high))
    return Measurement(value=best, low=max(0.0, ends[0]), high=min(most, ends[1]), level=level, n=n, method=method)


def solved(inner: Floats, outer: Floats) -> Floats:
    """Least squares of each of b resamples, (b, k, k) and (b, k, m); of least norm where a resample holds no moves.

    Raises
    ------
    Unidentified
        When there is one alone, the sample itself, and its columns hold one another.
    """
    scale = np.sqrt(np.maximum(np.diagonal(inner, axis1=1, axis2=2), 1e-300))
    even = inner / (scale[:, :, None] * scale[:, None, :])
    if len(inner) == 1 and np.linalg.cond(even[0]) > _SAME:
        raise Unidentified("the columns hold one another exactly; leave one out, or take longer steps")
    return np.asarray(np.linalg.pinv(even, hermitian=True) @ (outer / scale[:, :, None]) / scale[:, :, None])


def root(measured: Measurement) -> Measurement:
    """The square root of a number of 0 or more."""
    return Measurement(
        value=math.sqrt(measured.value),
        low=math.sqrt(measured.low),
        high=math.sqrt(measured.high),
        level=measured.level,
        n=measured.n,
        method=measured.method,
    )
