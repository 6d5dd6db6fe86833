"""Errors of a fitted Hawkes process by drawing from it and fitting again (parametric bootstrap; Efron & Tibshirani
1993, "An introduction to the bootstrap", chapter 6).

It sees what the normal approximation does not: bias in short windows and numbers near their border. Wrong where the
fitted process is not what made the data: it only ever sees itself."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.fit import climb_from
from nowake.microstructure.hawkes.model import Hawkes
from nowake.microstructure.hawkes.result import HawkesFit
from nowake.microstructure.hawkes.simulate import simulate_hawkes
from nowake.statistics.measurement import Measurement, check_level

_NOTHING = 1e-12  # A ratio of 0, but for rounding.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HawkesBootstrap:
    """Intervals from refits.

    Parameters
    ----------
    branching_ratio
        Its interval: quantiles of the refits, turned around the estimate on the scale of roots, cut off at 0. Where
        refits are 0 it begins there, and ends no lower than theirs.
    branching
        [D][D], the same of each entry.
    bias
        Mean of the refits' branching ratios less the one they were drawn with.
    models
        The refits.
    failed
        Draws that could not be fitted.
    """

    branching_ratio: Measurement
    branching: tuple[tuple[Measurement, ...], ...]
    bias: float
    models: tuple[Hawkes, ...]
    failed: int


def bootstrap_hawkes(fit: HawkesFit, *, repeats: int = 200, seed: int, level: float = 0.95) -> HawkesBootstrap:
    """Draw as many windows as were fitted, fit them alike, and look at the scatter.

    Raises
    ------
    BadParameter
        When fewer than 20 repeats are asked for, or the fit explodes: there is nothing to draw then.
    """
    check_level(level)
    if repeats < 20:
        raise BadParameter(f"repeats {repeats} must be 20 or more")
    found = [model for model, _ in refits(fit, repeats=repeats, seed=seed) if model is not None]
    if len(found) < repeats // 2:
        raise BadParameter(f"{repeats - len(found)} of {repeats} draws could not be fitted; use fewer terms")
    ratios = np.array([model.branching_ratio for model in found])
    matrices = np.array([model.branching for model in found])
    how = f"{len(found)} simulated refits"
    value, tails = fit.model.branching_ratio, [(1 - level) / 2, (1 + level) / 2]
    lows, highs = np.quantile(matrices, tails, axis=0)
    low, high = np.quantile(ratios, tails).tolist()
    ratio = _turned(value, low, high, level=level, n=fit.events, how=how)
    entries = tuple(
        tuple(
            _turned(entry, float(lows[i, j]), float(highs[i, j]), level=level, n=fit.events, how=how)
            for j, entry in enumerate(row)
        )
        for i, row in enumerate(fit.model.branching.tolist())
    )
    return HawkesBootstrap(ratio, entries, float(ratios.mean() - value), tuple(found), repeats - len(found))


def refits(fit: HawkesFit, *, repeats: int, seed: int) -> Iterator[tuple[Hawkes | None, tuple[HawkesEvents, ...]]]:
    """Windows drawn from a fit, one set after another, with the process fitted to each; None where that fails."""
    if fit.model.branching_ratio >= 1:
        raise BadParameter(
            f"a branching ratio of {fit.model.branching_ratio:.4g} is not below 1: there is nothing to draw from; "
            "try pieces of the baseline"
        )
    for stream in np.random.SeedSequence(seed).spawn(repeats):
        seeds = stream.generate_state(len(fit.windows), np.uint64).tolist()
        drawn = tuple(
            simulate_hawkes(fit.model, end_s=window.end_s, seed=each, history=window)
            for window, each in zip(fit.windows, seeds, strict=True)
        )
        found = climb_from(fit.layout, drawn, fit.model)
        yield (fit.layout.model(found.at) if found.converged else None), drawn


def _turned(value: float, low: float, high: float, *, level: float, n: int, how: str) -> Measurement:
    """Quantiles of refits turned around the estimate."""
    twice = 2 * math.sqrt(value)
    begin, end = max(twice - math.sqrt(high), 0.0) ** 2, (twice - math.sqrt(low)) ** 2
    if low <= _NOTHING:
        begin, end = 0.0, max(end, high)
    return Measurement(value=value, low=min(begin, value), high=max(end, value), level=level, n=n, method=how)
