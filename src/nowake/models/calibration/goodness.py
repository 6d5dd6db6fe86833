"""How well a fit explains costs: in sample, on later days it did not see, and by size.

R² is 1 - sum w (cost - fitted)² / sum w (cost - mean)², w the inverse of the fitted noise variance, the mean weighted
alike. Costs of single orders are mostly the market's own move, so an R² of a few percent is usual and no fault of the
model; that the mean by size is right is what matters, which the buckets show.

Out of sample: days in five blocks in their order; each from the second on is predicted from the blocks before it
(`crossval`), and compared with the mean cost of those. Below 0 the model predicts worse than a constant."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import Unidentified
from nowake.models.calibration.crossval import cross_validate
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import Solution
from nowake.models.terms import Floats
from nowake.statistics.measurement import t_of

BLOCKS = 5


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of about one size.

    Parameters
    ----------
    share_of_day
        Median Q / V.
    orders, clusters
        How many.
    observed_bps, low_bps, high_bps
        Weighted mean cost, less the spread as fitted, and its clustered interval.
    fitted_bps
        Weighted mean of the model's impact.
    """

    share_of_day: float
    orders: int
    clusters: int
    observed_bps: float
    low_bps: float
    high_bps: float
    fitted_bps: float


def r_squared(cost_bps: Floats, fitted_bps: Floats, weights: Floats, mean_bps: float | None = None) -> float:
    """Share of the weighted variance explained, against a mean or their own."""
    mean = float(np.average(cost_bps, weights=weights)) if mean_bps is None else mean_bps
    return 1 - float(weights @ (cost_bps - fitted_bps) ** 2) / float(weights @ (cost_bps - mean) ** 2)


def forward_r2(problem: Problem, solution: Solution) -> float:
    """R² on later days not fitted to; NaN with fewer than five days, or where an early block identifies nothing."""
    try:
        return cross_validate(problem, blocks=BLOCKS - 1, first=1 / BLOCKS, embargo_days=0, loss=solution.loss).r2.value
    except Unidentified:
        return math.nan


def by_size(problem: Problem, solution: Solution, *, level: float, buckets: int = 10) -> tuple[Bucket, ...]:
    """Mean cost and fitted impact of orders in equal numbers by Q / V, small to large."""
    size = np.broadcast_to(problem.terms.share_of_day, len(problem))
    edges = np.quantile(size, np.linspace(0, 1, buckets + 1)[1:-1])
    place = np.searchsorted(edges, size, side="right")
    # The spread's own part is taken off both, so that what is left starts at 0.
    impact = np.asarray(problem.model_at(solution.values).total_bps(problem.terms))
    observed = impact + solution.residuals
    weights = 1 / solution.scale_bps**2
    return tuple(
        _bucket(problem.take(rows), observed[rows], impact[rows], weights[rows], level=level)
        for number in range(buckets)
        if len(rows := np.flatnonzero(place == number)) > 1
    )


def _bucket(part: Problem, observed: Floats, fitted: Floats, weights: Floats, *, level: float) -> Bucket:
    total = float(weights.sum())
    mean = float(weights @ observed) / total
    pulls = np.bincount(part.cell, weights * (observed - mean)) / total
    groups = len(pulls)
    factor = groups / (groups - 1) if groups > 1 else math.nan
    half = t_of(level, max(1, groups - 1)) * math.sqrt(factor * float(pulls @ pulls)) if groups > 1 else math.inf
    return Bucket(
        share_of_day=float(np.median(part.terms.share_of_day)),
        orders=len(part),
        clusters=groups,
        observed_bps=mean,
        low_bps=mean - half,
        high_bps=mean + half,
        fitted_bps=float(weights @ fitted) / total,
    )
