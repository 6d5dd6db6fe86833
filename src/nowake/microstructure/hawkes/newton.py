"""The maximum of a smooth function inside bounds by damped Newton steps on what is free to move (Bertsekas 1982,
"Projected Newton methods for optimization problems with simple constraints", SIAM Journal on Control and Optimization
20). Exact second slopes make it a dozen passes where a quasi-Newton method takes a hundred, and leave a slope of about
nothing, so that the curvature found there is what standard errors need.

It finds a summit near its start, not the highest of several."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nowake.microstructure.hawkes.likelihood import Likelihood
from nowake.microstructure.hawkes.model import Floats

_STEPS = 200
_GAIN = 1e-9  # A Newton step that promises less than this of log-likelihood is the last one.
_FLAT = 1e-10  # Of the greatest curvature, after scaling: below it nothing can be told.


class Summit(NamedTuple):
    """Where the climb ended, the likelihood there, which numbers lie on a bound, and whether it is a summit."""

    at: Floats
    likelihood: Likelihood
    bound: np.ndarray
    converged: bool


def climb(evaluate: Callable[[Floats], Likelihood], start: Floats, low: Floats, high: Floats) -> Summit:
    """Climb from a start inside the bounds to a maximum.

    Parameters
    ----------
    evaluate
        Value and slopes at a point.
    start, low, high
        float64[p].
    """
    at = np.clip(start, low, high)
    here = evaluate(at)
    damping = 0.0
    for _ in range(_STEPS):
        bound = _bound(at, here.slope, low, high)
        free = np.flatnonzero(~bound)
        if not len(free):
            return Summit(at, here, bound, converged=True)
        step, damping = _step(here, free, damping)
        promised = float(here.slope[free] @ step)
        if promised < _GAIN and damping < 1e-3:
            return Summit(at, here, bound, converged=True)
        whole = np.zeros(len(at))
        whole[free] = step
        moved = _search(evaluate, at, here, functools.partial(_along, at, whole, low, high))
        if moved is None:
            if damping > 1e8:
                return Summit(at, here, bound, converged=False)
            damping = max(10 * damping, 1e-3)
            continue
        at, here = moved
        damping = 0.0 if damping < 1e-6 else damping / 10
    return Summit(at, here, _bound(at, here.slope, low, high), converged=False)


def _bound(at: Floats, slope: Floats, low: Floats, high: Floats) -> np.ndarray:
    """Which numbers lie on a bound and want to go beyond."""
    return np.asarray(((at <= low) & (slope <= 0)) | ((at >= high) & (slope >= 0)))


def _step(here: Likelihood, free: np.ndarray, damping: float) -> tuple[Floats, float]:
    """The Newton step of the free numbers, damped until the curvature it uses is downwards; and that damping."""
    fisher = -here.curvature[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.abs(np.diag(fisher)), 1e-300))
    scale = np.maximum(scale, 1e-8 * scale.max())
    scaled = fisher / np.outer(scale, scale)
    while True:
        try:
            root = np.linalg.cholesky(scaled + (damping + _FLAT) * np.eye(len(free)))
        except np.linalg.LinAlgError:
            damping = max(4 * damping, 1e-3)
            continue
        half = np.linalg.solve(root, here.slope[free] / scale)
        return np.asarray(np.linalg.solve(root.T, half) / scale), damping


def _along(at: Floats, step: Floats, low: Floats, high: Floats, length: float) -> Floats:
    """A part of a step, cut off at the bounds."""
    return np.asarray(np.clip(at + length * step, low, high))


def _search(
    evaluate: Callable[[Floats], Likelihood], at: Floats, here: Likelihood, along: Callable[[float], Floats]
) -> tuple[Floats, Likelihood] | None:
    """The first of ever shorter steps, cut off at the bounds, that climbs as it should; None where none does."""
    length = 1.0
    for _ in range(12):
        there = along(length)
        found = evaluate(there)
        promised = float(here.slope @ (there - at))
        if np.isfinite(found.value) and found.value >= here.value + 1e-4 * promised and not np.array_equal(there, at):
            return there, found
        length /= 4.0
    return None
