"""Drawing whole clusters again: how estimates would have varied, without a formula for their error.

A replicate draws as many clusters as there are, with replacement, and estimates again. Small data are fitted again in
full. Large data take one Newton step from the estimate,

    theta* = theta + (sum w_g H_g)^-1 sum w_g S_g,     w_g: how often cluster g was drawn,

which needs the clusters' sums alone, so that hundreds of replicates cost less than one fit (Davidson & MacKinnon 1999,
"Bootstrap testing in nonlinear models", International Economic Review 40; Andrews 2002, "Higher-order improvements of
a computationally attractive k-step bootstrap", Econometrica 70). A day and symbol drawn together is the block.

Wrong with few clusters, as any bootstrap of pairs is; the interval by percentiles is short then, the one by t
less so."""

from __future__ import annotations

import dataclasses

import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.cluster import ClusterSums
from nowake.models.calibration.problem import Ints, Problem
from nowake.models.calibration.solve import Solution, solve
from nowake.models.terms import Floats
from nowake.statistics.measurement import check_level


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Estimates of the replicates.

    Parameters
    ----------
    values
        (p,) the estimate itself.
    draws
        (B, p) one row a replicate.
    t
        (B, p) how many of its own standard errors each replicate lies from the estimate; NaN after full refits.
    se
        (p,) standard errors the intervals by t are scaled with: of the estimate, by the clustered sandwich.
    lost
        Replicates that identified nothing and were left out.
    """

    values: Floats
    draws: Floats
    t: Floats
    se: Floats
    lost: int = 0

    @property
    def spread(self) -> Floats:
        """(p,) standard deviation of the replicates."""
        return np.asarray(self.draws.std(axis=0, ddof=1))

    def percentile(self, level: float) -> Floats:
        """(p, 2) ends between which `level` of the replicates lie."""
        check_level(level)
        return np.asarray(np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2], axis=0).T)

    def by_t(self, level: float) -> Floats:
        """(p, 2) the estimate and as many standard errors to both sides as hold `level` of the replicates' |t|."""
        check_level(level)
        if not np.isfinite(self.t).all():
            raise BadParameter("full refits have no t of their own; use percentile, or one-step replicates")
        half = np.quantile(np.abs(self.t), level, axis=0) * self.se
        return np.stack((self.values - half, self.values + half), axis=1)


def one_step(solution: Solution, sums: ClusterSums, *, seed: int, replicates: int = 200) -> Bootstrap:
    """Replicates one Newton step from the estimate.

    Parameters
    ----------
    solution, sums
        The estimate and its clusters.
    seed
        The same seed gives the same draws.
    replicates
        At least 2; 200 tell a standard error to 5 %, 1,000 are better for the ends of an interval.

    Raises
    ------
    BadParameter
        With fewer than 2 replicates.
    Unidentified
        When most replicates identify nothing.
    """
    _check(replicates)
    rng = np.random.default_rng(seed)
    groups, p = sums.scores.shape
    flat = np.concatenate((sums.scores, sums.curvatures.reshape(groups, p * p)), axis=1)
    factor = groups / (groups - 1)
    draws, t = [], []
    for _ in range(replicates):
        drawn = _draw(rng, groups)
        total = drawn @ flat
        bread = _inverse(total[p:].reshape(p, p))
        if bread is None:
            continue
        moved = bread @ total[:p]
        left = sums.scores - sums.curvatures @ moved
        meat = (left * drawn[:, None]).T @ left
        own = np.sqrt(factor * np.diag(bread @ meat @ bread))
        if not (own > 0).all():  # One cluster drawn every time explains itself.
            continue
        draws.append(solution.values + moved)
        t.append(moved / own)
    return _gathered(solution, sums, draws, t, asked=replicates)


def refits(
    problem: Problem, solution: Solution, sums: ClusterSums, codes: Ints, *, seed: int, replicates: int = 200
) -> Bootstrap:
    """Replicates fitted again in full, each from the estimate; draws the same clusters as `one_step` of that seed.

    Raises
    ------
    BadParameter, Unidentified
        As `one_step`.
    """
    _check(replicates)
    rng = np.random.default_rng(seed)
    groups = len(sums)
    draws = []
    for _ in range(replicates):
        drawn = _draw(rng, groups)
        again = solve(problem, drawn[codes], loss=solution.loss, start=solution.values)
        if again.converged:
            draws.append(again.values)
    nothing = [np.full(len(solution.values), np.nan)] * len(draws)
    return _gathered(solution, sums, draws, nothing, asked=replicates)


def _own_se(sums: ClusterSums) -> Floats:
    """(p,) standard errors of the estimate made as a replicate makes its own."""
    groups, bread = len(sums), np.linalg.inv(sums.curvature)
    meat = sums.scores.T @ sums.scores
    return np.asarray(np.sqrt(groups / (groups - 1) * np.diag(bread @ meat @ bread)))


def _draw(rng: np.random.Generator, groups: int) -> Floats:
    """How often each cluster comes up in as many draws as there are clusters."""
    return np.bincount(rng.integers(0, groups, groups), minlength=groups).astype(np.float64)


def _inverse(curvature: Floats) -> Floats | None:
    """The inverse, or None where a replicate's clusters cannot tell the parameters apart."""
    size = np.sqrt(np.abs(np.diag(curvature)))
    if not (size > 0).all() or np.linalg.cond(curvature / np.outer(size, size)) > 1e12:
        return None
    return np.asarray(np.linalg.inv(curvature), dtype=np.float64)


def _gathered(solution: Solution, sums: ClusterSums, draws: list[Floats], t: list[Floats], *, asked: int) -> Bootstrap:
    if len(draws) < max(2, asked / 2):
        raise Unidentified(
            f"only {len(draws)} of {asked} bootstrap replicates identify the parameters: "
            "too few clusters carry the information; give more days or symbols"
        )
    return Bootstrap(solution.values, np.array(draws), np.array(t), _own_se(sums), asked - len(draws))


def _check(replicates: int) -> None:
    if replicates < 2:
        raise BadParameter(f"replicates {replicates} must be 2 or more; 200 is usual")
