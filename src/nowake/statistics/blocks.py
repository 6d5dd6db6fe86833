"""Intervals from resampling blocks of a day (Kunsch 1989, "The jackknife and the bootstrap for general stationary
observations", Annals of Statistics 17), for orders next to each other are far from independent.

A statistic that is a function of sums over blocks is recomputed from resampled sums: the data are passed over once,
whatever the number of repeats. Blocks do not overlap. Wrong where dependence outlasts a block, and for fewer than
about twenty blocks the interval is too narrow by itself; it is widened by Student's quantile over the normal one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.statistics.measurement import Measurement, t_of, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST, LEAST = 60, 12


def block_edges(count: int, least_length: int = 1) -> Ints:
    """Edges of equal blocks of `count` rows: 60 of them, fewer where they would be shorter than `least_length`.

    At least 12, though blocks then are shorter than asked for.
    """
    number = int(np.clip(count // max(least_length, 1), LEAST, MOST))
    return np.linspace(0, count, number + 1).astype(np.int64)


def resampled(blocks: int, repeats: int, seed: int) -> Floats:
    """float64[repeats, blocks]: how often each block is drawn, with replacement, in each repeat."""
    draws = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=repeats)
    return draws.astype(np.float64)


def widening(blocks: int, level: float) -> float:
    """What makes up for few blocks: Student's over the normal quantile, and the n / (n - 1) of a variance."""
    return t_of(level, blocks - 1) / z_of(level) * float(np.sqrt(blocks / (blocks - 1)))


def with_interval(value: float, repeats: Floats, *, level: float, blocks: int, n: int, method: str) -> Measurement:
    """A value with the interval of its repeats: their percentiles, shifted and widened about the value."""
    low, high = ends(np.array([value]), repeats[:, None], level=level, blocks=blocks)
    return Measurement(value=value, low=float(low[0]), high=float(high[0]), level=level, n=n, method=method)


def ends(values: Floats, repeats: Floats, *, level: float, blocks: int) -> tuple[Floats, Floats]:
    """Low and high of each of k values from repeats of (B, k)."""
    low, high = np.quantile(repeats, [(1 - level) / 2, (1 + level) / 2], axis=0)
    factor = widening(blocks, level)
    return values - factor * np.maximum(values - low, 0.0), values + factor * np.maximum(high - values, 0.0)
