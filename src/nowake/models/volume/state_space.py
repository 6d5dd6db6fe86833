"""Log volume as a level of the day, a swing within it and noise: what each bucket tells of them.

    y[d, i] = phi[i] + level[d] + swing[d, i] + noise[d, i]

after Chen, Feng, Palomar 2016 ("Forecasting intraday trading volume: a Kalman filter approach"), whose Kalman filter
this is: the level is a first-order autoregression over days, the swing one over buckets, the noise is white. Two
departures: the swing starts anew each morning from its stationary law instead of going on from the last close, and
the noise may differ by bucket. So days are independent given their levels, the likelihood needs one pass over
the buckets with all days side by side (the level is concentrated out as in de Jong 1991, "The diffuse Kalman filter")
and one over the days; it is the restricted one, for phi comes from the same days.

Wrong where volume is often 0 (a logarithm knows no zero), and where shocks last over night."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Dynamics(NamedTuple):
    """Parameters of the state: standard deviations in log volume, of the stationary law."""

    level_memory: float  # rho, from one session to the next.
    level_sd: float
    swing_memory: float  # a, from one bucket to the next.
    swing_sd: float
    noise_sd: float


class Gaussian(NamedTuple):
    """Mean and variance of the level before or after a day."""

    mean: float
    variance: float


class DaySums(NamedTuple):
    """What the days say of their levels: arrays of one number a day."""

    level: Floats  # Least squares estimate of the level from the day alone.
    variance: Floats  # Of that estimate.
    log_likelihood: Floats  # Of the day given the best level, before the level's own law.


def day_sums(residual: Floats, noise_scale: Floats, dynamics: Dynamics) -> DaySums:
    """Each day's estimate of its level, and the likelihood of what is left.

    Parameters
    ----------
    residual
        float64[days, buckets] log volume less phi; NaN where it is not known.
    noise_scale
        float64[buckets]: variance of the noise relative to `noise_sd` squared.
    """
    known = ~np.isnan(residual)
    whole = bool(known.all())
    y = np.where(known, residual, 0.0)
    a, swing = dynamics.swing_memory, dynamics.swing_sd**2
    noise = noise_scale * dynamics.noise_sd**2
    rows = 1 if whole else len(y)
    P, of_one, of_y = np.full(rows, swing), np.zeros(rows), np.zeros(len(y))
    S, f, e = np.empty((y.shape[1], rows)), np.empty((y.shape[1], rows)), np.empty((y.shape[1], len(y)))
    for i in range(y.shape[1]):
        S[i] = P + noise[i]
        e[i] = y[:, i] - of_y
        f[i] = 1.0 - of_one
        gain = P / S[i] if whole else known[:, i] * (P / S[i])
        of_y = a * (of_y + gain * e[i])
        of_one = a * (of_one + gain * f[i])
        P = a * a * (P - gain * P) + (1 - a * a) * swing
    seen = np.ones((1, y.shape[1])).T if whole else known.T
    Sxx = np.sum(seen * f * f / S, axis=0)
    Sxy = np.sum(seen * f * e / S, axis=0)
    Syy = np.sum(seen * e * e / S, axis=0)
    logs = np.sum(seen * np.log(2 * math.pi * S), axis=0)
    level = Sxy / Sxx
    variance = np.broadcast_to(1 / Sxx, level.shape)
    return DaySums(level, variance, -0.5 * (logs + Syy - level * Sxy) + 0.5 * np.log(2 * math.pi * variance))


def filtered_levels(sums: DaySums, gaps: Ints, dynamics: Dynamics) -> list[Gaussian]:
    """The level after each day, from all days up to it.

    Parameters
    ----------
    gaps
        int64[days]: sessions since the day before; the first is not used.
    """
    after: list[Gaussian] = []
    state = Gaussian(0.0, dynamics.level_sd**2)
    for level, variance, gap in zip(sums.level.tolist(), sums.variance.tolist(), gaps.tolist(), strict=True):
        state = updated_level(ahead(state, gap, dynamics) if after else state, Gaussian(level, variance))
        after.append(state)
    return after


def ahead(state: Gaussian, sessions: int, dynamics: Dynamics) -> Gaussian:
    """The level some sessions later: it returns to 0, and what is known of it fades."""
    rho = dynamics.level_memory**sessions
    return Gaussian(rho * state.mean, rho**2 * state.variance + (1 - rho**2) * dynamics.level_sd**2)


def updated_level(state: Gaussian, seen: Gaussian) -> Gaussian:
    """The level after an unbiased look at it."""
    gain = state.variance / (state.variance + seen.variance)
    return Gaussian(state.mean + gain * (seen.mean - state.mean), (1 - gain) * state.variance)


def restricted_log_likelihood(residual: Floats, noise_scale: Floats, gaps: Ints, dynamics: Dynamics) -> float:
    """The likelihood of what does not depend on the mean of the levels (Patterson & Thompson 1971).

    phi was fitted to the same days, so that few and persistent levels lie nearer to their own mean than to the true
    one: the plain likelihood would find them too quiet.
    """
    sums = day_sums(residual, noise_scale, dynamics)
    fixed = sums.variance.tolist()
    S, of_level = _innovations(sums.level.tolist(), fixed, gaps.tolist(), dynamics)
    of_one = _innovations([1.0] * len(fixed), fixed, gaps.tolist(), dynamics)[1]
    A, B, Q = (float(np.sum(one * other / S)) for one, other in ((of_one, of_one), (of_one, of_level), (of_level,) * 2))
    return float(sums.log_likelihood.sum()) - 0.5 * (
        float(np.sum(np.log(2 * math.pi * S))) + Q - B**2 / A + math.log(A)
    )


def _innovations(
    levels: Sequence[float], variances: Sequence[float], gaps: Sequence[int], dynamics: Dynamics
) -> tuple[Floats, Floats]:
    """Variance of each day's look at the level before it, and how far it lay from what was expected."""
    state, spread, off = Gaussian(0.0, dynamics.level_sd**2), [], []
    for k, (level, variance, gap) in enumerate(zip(levels, variances, gaps, strict=True)):
        if k:
            state = ahead(state, gap, dynamics)
        spread.append(state.variance + variance)
        off.append(level - state.mean)
        state = updated_level(state, Gaussian(level, variance))
    return np.array(spread), np.array(off)
