"""Whether orders of one day share luck over symbols, as when the whole market moves while a desk buys.

Errors clustered by day and symbol miss that, and intervals are then far too short. Told by products over pairs of
clusters of one day (a pair of one cluster with itself left out):

    z = sum_{c != c'} x_c x_c' / sqrt(2 sum_{c != c'} x_c² x_c'²),       standard normal where clusters are independent

where x_c is the pull of cluster c on the predicted cost of small, middling or large orders (the thirds by Q / V); the
largest z of the three is held against 2.4, one in 40 for three tests. In the spirit of Breusch & Pagan 1980, "The
Lagrange multiplier test and its applications to model specification in econometrics", Review of Economic Studies 47,
whose pairs are regressions.

With fewer than eight days a shared shock is itself fitted and hard to see in what is left. Flow that is on one side
within days more than chance (the same z, of signs) is then taken for sharing, for it would carry any shock to cost."""

from __future__ import annotations

import math

import numpy as np

from nowake.models.calibration.cluster import Doubt, Made, at_least, cluster_sums, doubt_of
from nowake.models.calibration.problem import Ints, Problem
from nowake.models.calibration.refusals import FEWEST_CLUSTERS
from nowake.models.calibration.solve import Solution
from nowake.models.terms import Floats

_FAR = 2.4
_ONE_SIDED = 1.64


def days_share(problem: Problem, solution: Solution, side: Ints) -> bool:
    """Whether errors of a day are to be taken as shared over symbols; `side` (n,) of the orders."""
    day = np.zeros(int(problem.cell.max()) + 1, dtype=np.int64)
    day[problem.cell] = problem.day
    few = int(problem.day.max()) + 1 < FEWEST_CLUSTERS
    if few and pairs_z(np.bincount(problem.cell, side).astype(np.float64), day) > _ONE_SIDED:
        return True
    sums = cluster_sums(solution, problem.cell)
    pull = sums.scores @ np.linalg.inv(sums.curvature) @ _thirds(problem, solution).T
    return max(pairs_z(each, day) for each in pull.T) > _FAR


def doubt_by_day(problem: Problem, solution: Solution, made: Made) -> Doubt:
    """How sure a solution is when days share: by day, and nowhere surer than by day and symbol.

    Raises
    ------
    Unidentified
        When one day alone tells a parameter.
    """
    days, cells = (doubt_of(problem, solution, by, made) for by in ("day", "day-symbol"))
    return Doubt(at_least(days.covariance, cells.covariance), days.degrees, days.clusters)


def pairs_z(x: Floats, group: Ints) -> float:
    """How many standard errors the products of different members of a group lie above 0; 0 without such pairs."""

    def over_pairs(each: Floats) -> float:
        return float((np.bincount(group, each) ** 2).sum() - (each**2).sum())

    spread = over_pairs(x**2)
    return over_pairs(x) / math.sqrt(2 * spread) if spread > 0 else 0.0


def _thirds(problem: Problem, solution: Solution) -> Floats:
    """(3, p) slopes of the predicted cost of small, middling and large orders, in units of their noise."""
    n = len(problem)
    order = np.argsort(np.broadcast_to(problem.terms.share_of_day, n), kind="stable")
    return np.stack([solution.slopes[:n][rows].mean(axis=0) for rows in np.array_split(order, 3)])
