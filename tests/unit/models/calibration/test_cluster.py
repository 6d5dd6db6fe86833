"""Clustered errors are those of statsmodels, of leaving clusters out by hand, and of the algebra written in full."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import Unidentified
from nowake.models.calibration.cluster import ClusterSums, Made, cluster_sums, corrected, doubt_of, jackknife, sandwich
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
    assert doubt_of(problem, solution, made="jackknife").se == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("made", ["corrected", "jackknife"])
def test_covariance_and_degrees_are_those_of_the_matrices_written_out(made: Made) -> None:
    """Bell & McCaffrey's n by n algebra: residuals of a cluster times (I - P_gg)^(-1/2), or ^-1 for the jackknife."""
    problem, solution = line()
    size = np.linalg.norm(solution.slopes, axis=0)
    x, codes = solution.slopes / size, problem.cell  # In units of the slopes, for the numbers' sake.
    n, groups = len(x), int(codes.max()) + 1
    hat = x @ np.linalg.inv(x.T @ x) @ x.T
    power, factor = {"corrected": (-0.5, 1.0), "jackknife": (-1.0, (groups - 1) / groups)}[made]
    rows = np.zeros((x.shape[1], groups, n))
    for group in range(groups):
        of = np.flatnonzero(codes == group)
        values, vectors = np.linalg.eigh(np.eye(len(of)) - hat[np.ix_(of, of)])
        bent = vectors @ np.diag(values**power) @ vectors.T
        rows[:, group, of] = np.linalg.inv(x.T @ x) @ x[of].T @ bent
    moved = rows @ solution.z / size[:, None]
    found = doubt_of(problem, solution, made=made)
    assert found.covariance == pytest.approx(factor * moved @ moved.T, rel=1e-6)
    for k in range(x.shape[1]):
        covariance = rows[k] @ (np.eye(n) - hat) @ rows[k].T
        assert found.degrees[k] == pytest.approx(
            np.trace(covariance) ** 2 / np.trace(covariance @ covariance), rel=1e-6
        )


def test_corrected_errors_are_right_on_average_when_noise_is_independent() -> None:
    """What CR2 promises: the mean of its variance is the variance, also with a cluster that tells most."""
    rng = np.random.default_rng(3)
    x = np.concatenate((rng.normal(size=(40, 1)), 4 * rng.normal(size=(10, 1))))
    codes = np.concatenate((np.repeat(np.arange(10), 4), np.full(10, 10)))
    curvatures = np.array([x[codes == group].T @ x[codes == group] for group in range(11)])
    found = {"corrected": 0.0, "sandwich": 0.0}
    for _ in range(4_000):
        noise = rng.normal(size=50)
        left = noise - x[:, 0] * (x[:, 0] @ noise) / (x[:, 0] @ x[:, 0])
        scores = np.array([[x[codes == group, 0] @ left[codes == group]] for group in range(11)])
        sums = ClusterSums(scores, curvatures, 50)
        for name, make in (("corrected", corrected), ("sandwich", sandwich)):
            found[name] += make(sums).covariance[0, 0] / 4_000
    truth = 1 / float(x[:, 0] @ x[:, 0])
    assert found["corrected"] == pytest.approx(truth, rel=0.05)
    assert found["sandwich"] < 0.8 * truth


def test_degrees_are_clusters_less_one_when_clusters_are_alike() -> None:
    sums = ClusterSums(np.random.default_rng(1).normal(size=(20, 1)), np.ones((20, 1, 1)), 200)
    for make in (corrected, jackknife):
        assert make(sums).degrees == pytest.approx([19.0])


def test_one_large_cluster_leaves_few_degrees() -> None:
    curvatures = np.ones((20, 1, 1))
    curvatures[0] = 200.0
    sums = ClusterSums(np.random.default_rng(1).normal(size=(20, 1)), curvatures, 200)
    for make in (corrected, jackknife):
        assert make(sums).degrees[0] < 3


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
    for make in (corrected, jackknife):
        with pytest.raises(Unidentified, match="one of the 10 clusters alone"):
            make(sums)


def test_one_cluster_is_refused() -> None:
    sums = ClusterSums(np.ones((1, 1)), np.ones((1, 1, 1)), 5)
    for make in (corrected, jackknife, sandwich):
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
