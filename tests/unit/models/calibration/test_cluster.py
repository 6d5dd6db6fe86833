"""Clustered errors are those of statsmodels, of leaving clusters out by hand, and of the algebra written in full."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import Unidentified
from nowake.models.calibration.cluster import ClusterSums, cluster_sums, doubt_of, jackknife, sandwich
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.noise import Noise
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact import Linear, PowerLaw

LINE = Linear(gamma=5e-7, eta=1e-7, epsilon=0.02)
FEW = Design(orders=300, days=12, symbols=1, shared=0.4)


@functools.cache
def line() -> tuple[Problem, Solution]:
    problem = Problem.of(Linear, generate_orders(LINE, 3, FEW), later=False)
    return problem, solve(problem, loss=Loss(), noise=Noise())


def test_the_sandwich_is_that_of_statsmodels() -> None:
    problem, solution = line()
    peer = sm.WLS(problem.cost_bps, solution.jacobian, weights=1 / problem.risk_bps**2).fit(
        cov_type="cluster", cov_kwds={"groups": problem.cell, "use_correction": True}
    )
    assert sandwich(cluster_sums(solution, problem.cell)).covariance == pytest.approx(peer.cov_params(), rel=1e-6)


def test_the_jackknife_is_the_fit_without_each_cluster_in_turn() -> None:
    problem, solution = line()
    groups = int(problem.cell.max()) + 1
    without = [
        solve(problem.take(problem.cell != group), loss=Loss(), noise=Noise(), start=solution.values).values
        for group in range(groups)
    ]
    moved = np.array(without) - solution.values
    expected = (groups - 1) / groups * moved.T @ moved
    assert jackknife(cluster_sums(solution, problem.cell)).covariance == pytest.approx(expected, rel=1e-6)


def test_the_jackknife_of_a_power_law_is_near_the_full_one() -> None:
    """One Newton step instead of a whole fit: right to a few percent where the model bends."""
    problem = Problem.of(PowerLaw, generate_orders(PowerLaw(exponent=0.6), 3, FEW), later=False)
    solution = solve(problem)
    moved = (
        np.array(
            [
                solve(problem.take(problem.cell != group), start=solution.values, noise=solution.noise).values
                for group in range(12)
            ]
        )
        - solution.values
    )
    expected = np.sqrt(np.diag(11 / 12 * moved.T @ moved))
    assert doubt_of(problem, solution).se == pytest.approx(expected, rel=0.1)


def test_degrees_of_freedom_are_satterthwaites_with_every_matrix_written_out() -> None:
    problem, solution = line()
    x, codes = solution.slopes, problem.cell
    size = np.linalg.norm(x, axis=0)
    x = x / size  # The degrees do not depend on units.
    n, groups = len(x), int(codes.max()) + 1
    residual_maker = np.eye(n) - x @ np.linalg.inv(x.T @ x) @ x.T
    found = doubt_of(problem, solution).degrees
    for k in range(x.shape[1]):
        rows = np.zeros((groups, n))
        for group in range(groups):
            of = codes == group
            left = np.linalg.inv(x[~of].T @ x[~of])
            rows[group, of] = x[of] @ left[:, k]
        covariance = rows @ residual_maker @ rows.T
        assert found[k] == pytest.approx(np.trace(covariance) ** 2 / np.trace(covariance @ covariance), rel=1e-6)


def test_degrees_are_clusters_less_one_when_clusters_are_alike() -> None:
    sums = ClusterSums(np.random.default_rng(1).normal(size=(20, 1)), np.ones((20, 1, 1)), 200)
    assert jackknife(sums).degrees == pytest.approx([19.0])


def test_one_large_cluster_leaves_few_degrees() -> None:
    curvatures = np.ones((20, 1, 1))
    curvatures[0] = 200.0
    sums = ClusterSums(np.random.default_rng(1).normal(size=(20, 1)), curvatures, 200)
    assert jackknife(sums).degrees[0] < 3


def test_two_ways_are_days_and_symbols_less_what_both_count() -> None:
    desk = generate_orders(PowerLaw(exponent=0.6), 3, Design(orders=3_000, days=40, symbols=40, market=0.3))
    problem = Problem.of(PowerLaw, desk, later=False)
    solution = solve(problem)
    both, day, symbol, cell = (doubt_of(problem, solution, by) for by in ("two-way", "day", "symbol", "day-symbol"))
    floor = np.diag(cell.covariance)
    assert (np.diag(both.covariance) >= floor * (1 - 1e-9)).all()
    assert both.clusters == 40
    plain = day.covariance + symbol.covariance - cell.covariance
    if np.linalg.eigvalsh(plain - cell.covariance).min() > 0:
        assert both.covariance == pytest.approx(plain)


def test_a_parameter_that_stands_on_one_cluster_is_refused() -> None:
    curvatures = np.tile(np.diag([1.0, 0.0]), (10, 1, 1))
    curvatures[0] = np.eye(2)
    sums = ClusterSums(np.ones((10, 2)), curvatures, 100)
    with pytest.raises(Unidentified, match="one of the 10 clusters alone"):
        jackknife(sums)


def test_one_cluster_is_refused() -> None:
    sums = ClusterSums(np.ones((1, 1)), np.ones((1, 1, 1)), 5)
    for make in (jackknife, sandwich):
        with pytest.raises(Unidentified, match="one cluster"):
            make(sums)


def test_rows_of_both_equations_share_their_orders_cluster() -> None:
    desk = generate_orders(PowerLaw(exponent=0.6), 3, FEW)
    problem = Problem.of(PowerLaw, desk)
    solution = solve(problem)
    sums = cluster_sums(solution, problem.cell)
    of = np.tile(problem.cell == 2, 2)
    assert sums.scores[2] == pytest.approx(solution.scores[of].sum(axis=0))
    assert sums.rows == len(problem)
