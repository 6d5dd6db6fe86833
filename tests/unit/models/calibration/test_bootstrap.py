"""One Newton step a replicate is as good as fitting again, for a thousandth of the work."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.bootstrap import one_step, refits
from nowake.models.calibration.cluster import ClusterSums, cluster_sums, sandwich
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact import PowerLaw, SquareRoot


@functools.cache
def power(orders: int = 2_000) -> tuple[Problem, Solution, ClusterSums]:
    desk = generate_orders(PowerLaw(exponent=0.6), 3, Design(orders=orders))
    problem = Problem.of(PowerLaw, desk, later=False)
    solution = solve(problem)
    return problem, solution, cluster_sums(solution, problem.cell)


@pytest.mark.parametrize(("orders", "apart"), [(2_000, 0.2), (20_000, 0.08)])
def test_one_step_is_near_the_full_refit_draw_by_draw_and_nearer_with_more_orders(orders: int, apart: float) -> None:
    problem, solution, sums = power(orders)
    quick = one_step(solution, sums, seed=5, replicates=30)
    full = refits(problem, solution, sums, problem.cell, seed=5, replicates=30)
    gap = (quick.draws - full.draws) / quick.spread
    assert np.sqrt((gap**2).mean(axis=0)).max() < apart
    assert full.spread == pytest.approx(quick.spread, rel=apart)


def test_one_step_is_the_full_refit_where_the_model_is_linear() -> None:
    """The square-root law by least squares with its weights held: a weighted mean of the clusters drawn."""
    problem = Problem.of(SquareRoot, generate_orders(SquareRoot(), 3, Design(orders=500)), later=False)
    solution = solve(problem, loss=Loss())
    sums = cluster_sums(solution, problem.cell)
    found = one_step(solution, sums, seed=2, replicates=3).draws[:, 0]
    rng, w = np.random.default_rng(2), 1 / solution.scale_bps**2
    x = solution.jacobian[:, 0]
    for draw in found:
        counts = np.bincount(rng.integers(0, len(sums), len(sums)), minlength=len(sums))[problem.cell]
        expected = (counts * w * x * problem.cost_bps).sum() / (counts * w * x * x).sum()
        assert draw == pytest.approx(expected, rel=1e-6)


def test_the_spread_of_replicates_is_the_standard_error() -> None:
    _, solution, sums = power()
    many = one_step(solution, sums, seed=1, replicates=2_000)
    assert many.spread == pytest.approx(sandwich(sums).se, rel=0.08)
    assert many.percentile(0.95) == pytest.approx(many.by_t(0.95), abs=float(many.spread.max()) * 0.5)


def test_replicates_have_a_t_of_mean_square_near_one() -> None:
    _, solution, sums = power()
    t = one_step(solution, sums, seed=1, replicates=2_000).t
    assert (t**2).mean(axis=0) == pytest.approx([1, 1], rel=0.1)


def test_a_seed_says_all() -> None:
    _, solution, sums = power()
    first, again, other = (one_step(solution, sums, seed=seed, replicates=5).draws for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_full_refits_have_no_interval_by_t() -> None:
    problem, solution, sums = power()
    few = refits(problem, solution, sums, problem.cell, seed=5, replicates=3)
    with pytest.raises(BadParameter, match="percentile"):
        few.by_t(0.95)


def test_clusters_too_few_to_draw_from_are_refused() -> None:
    _, solution, _ = power()
    curvatures = np.zeros((3, 2, 2))
    curvatures[0] = np.eye(2)
    curvatures[1:] = np.diag([1.0, 0.0])
    scores = np.random.default_rng(1).normal(size=(3, 2))
    lonely = ClusterSums(scores, curvatures, 30)
    found = one_step(solution, lonely, seed=1, replicates=100)
    assert 0 < found.lost < 50
    curvatures[0] = np.diag([1.0, 0.0])
    with pytest.raises(Unidentified, match="of 100 bootstrap replicates"):
        one_step(solution, ClusterSums(scores, curvatures, 30), seed=1, replicates=100)
    with pytest.raises(BadParameter, match="replicates 1"):
        one_step(solution, lonely, seed=1, replicates=1)


def test_a_replicates_t_is_its_move_over_its_own_clustered_error() -> None:
    """Written out for a mean of clusters: scores of the replicate are taken at the replicate's own estimate."""
    rng = np.random.default_rng(4)
    sizes, totals = rng.integers(1, 9, 15).astype(float), rng.normal(size=15)
    totals -= sizes * totals.sum() / sizes.sum()  # Scores at the estimate sum to 0.
    _, solution, _ = power()
    sums = ClusterSums(totals[:, None], sizes[:, None, None], 60)
    found = one_step(dataclasses.replace(solution, values=np.zeros(1)), sums, seed=3, replicates=4)
    again = np.random.default_rng(3)
    for draw, t in zip(found.draws[:, 0], found.t[:, 0], strict=True):
        picked = again.integers(0, 15, 15)
        mean = totals[picked].sum() / sizes[picked].sum()
        left = totals[picked] - sizes[picked] * mean
        error = np.sqrt(15 / 14 * (left**2).sum()) / sizes[picked].sum()
        assert draw == pytest.approx(mean)
        assert t == pytest.approx(mean / error)
