"""Orders that live through one market are not independent: blocks of time, and what they are worth.

Orders posted within one block of time may depend on one another in any way, those of different blocks do not: the
variance of an estimate is the sum of squares of its influence added up by block (Liang and Zeger 1986, "Longitudinal
data analysis using generalized linear models": the empirical variance), times G / (G - 1), and the quantile is
Student's with G - 1 degrees of freedom. The design effect is that variance over the one of independent orders (Kish
1965, "Survey Sampling"), 1 at least; the effective sample size is the count over it.

Wrong where markets remember longer than a block: neighbouring blocks then agree, and intervals are too narrow."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.statistics.measurement import t_of, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHORTEST_S = 60.0  # Orders of one minute are never taken as independent.
LONGEST_S = 1e8  # Three years: a longer wait is a mistake in the unit.
FEWEST = 6  # Blocks below which nothing can be said of how blocks differ.


def check_horizon(horizon_s: float) -> None:
    """Refuse a time to be filled in that is not above 0, or that nanoseconds could not count."""
    if not 0 < horizon_s <= LONGEST_S:
        raise BadParameter(f"horizon of {horizon_s:g} s must be above 0 and finite, {LONGEST_S:g} at most")


def blocks_of(start_ns: Ints, horizon_s: float) -> Ints:
    """The block of each order: of a minute, or of two horizons where that is longer, counted from the first order.

    Raises
    ------
    BadParameter
        When the horizon is not above 0.
    """
    check_horizon(horizon_s)
    length_ns = round(max(SHORTEST_S, 2 * horizon_s) * NS_PER_SECOND)
    number = (start_ns - start_ns.min()) // length_ns
    return np.unique(number, return_inverse=True)[1].astype(np.int64)


class Clustered(NamedTuple):
    """The standard deviation of an estimate, the quantile that goes with it, and what the sample is worth.

    `sd` is that of blocks, and never below the one of independent orders; `design_effect` the ratio of their squares.
    """

    sd: float
    quantile: float
    design_effect: float
    blocks: int


def clustered(influence: Floats, block: Ints | None, level: float) -> Clustered:
    """How far an estimate may be off, from the influence of every order on it.

    Parameters
    ----------
    influence
        float64[n]: by how much each order moved the estimate; sums to about 0.
    block
        int64[n] counting from 0, or None where orders are independent.
    """
    alone = float(np.sum(influence**2))
    if block is None:
        return Clustered(math.sqrt(alone), z_of(level), 1.0, len(influence))
    sums = np.bincount(block, weights=influence)
    count = len(sums)
    if count < 2:
        return Clustered(math.inf, z_of(level), math.inf, count)
    together = float(np.sum(sums**2)) * count / (count - 1)
    variance = max(alone, together)
    return Clustered(math.sqrt(variance), t_of(level, count - 1), variance / alone if alone > 0 else 1.0, count)
