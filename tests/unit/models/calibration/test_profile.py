"""Profile intervals end where the loss, minimised by scipy over the rest, has risen by what is allowed."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from nowake.domain.errors import BadParameter
from nowake.models.calibration.cluster import Doubt, doubt_of
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.profile import LowerLoss, profile_interval
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact import PowerLaw, SquareRoot
from nowake.statistics.measurement import t_of


@functools.cache
def power(orders: int = 300) -> tuple[Problem, Solution, Doubt]:
    desk = generate_orders(PowerLaw(exponent=0.6), 3, Design(orders=orders))
    problem = Problem.of(PowerLaw, desk, later=False)
    solution = solve(problem)
    return problem, solution, doubt_of(problem, solution)


def test_both_ends_of_an_exponent_have_risen_by_the_threshold() -> None:
    problem, solution, doubt = power()
    low, high = profile_interval(problem, solution, doubt, "exponent")
    naive = np.linalg.inv((solution.slopes * solution.curvature[:, None]).T @ solution.slopes)
    expected = t_of(0.95, int(doubt.degrees[1])) ** 2 * doubt.covariance[1, 1] / naive[1, 1]

    def loss(y: float, exponent: float) -> float:
        z = (problem.cost_bps - problem.predict(np.array([y, exponent]))) / solution.scale_bps
        return float(solution.loss.rho(z).sum())

    for end in (low, high):
        least = minimize_scalar(lambda y, end=end: loss(y, end), bounds=(0.01, 10), method="bounded").fun
        assert 2 * (least - solution.objective) == pytest.approx(expected, rel=2e-3)


def test_a_linear_parameter_by_least_squares_has_the_interval_of_its_standard_error() -> None:
    problem = Problem.of(SquareRoot, generate_orders(SquareRoot(), 3, Design(orders=500)), later=False)
    solution = solve(problem, loss=Loss())
    doubt = doubt_of(problem, solution)
    half = t_of(0.95, int(doubt.degrees[0])) * doubt.se[0]
    expected = (solution.values[0] - half, solution.values[0] + half)
    assert profile_interval(problem, solution, doubt, "y") == pytest.approx(expected, rel=2e-4)


def test_few_orders_leave_a_prefactor_open_upwards_and_many_leave_it_even() -> None:
    skews = []
    for orders in (300, 30_000):
        problem, solution, doubt = power(orders)
        low, high = profile_interval(problem, solution, doubt, "y")
        skews.append((high - solution.values[0]) / (solution.values[0] - low))
    assert skews[0] > 1.2
    assert skews[1] == pytest.approx(1, abs=0.1)


def test_only_parameters_of_the_model_have_a_profile() -> None:
    problem, solution, doubt = power()
    with pytest.raises(BadParameter, match="'spread' has no profile"):
        profile_interval(problem, solution, doubt, "spread")


def test_an_interval_ends_where_the_range_does_and_is_never_refused() -> None:
    problem, solution, doubt = power()
    loose = Doubt(doubt.covariance * 2_500, doubt.degrees, doubt.clusters)
    assert profile_interval(problem, solution, loose, "exponent")[1] == 2.0
    low, high = profile_interval(problem, solution, Doubt(doubt.covariance * 1e6, doubt.degrees, 9), "y")
    assert low == 0
    assert high > 1e4


def test_an_end_many_standard_errors_away_is_found() -> None:
    """The prefactor of a hardly known law ended sixty of its standard errors up, where the search had given up."""
    problem, solution, doubt = power(60)
    at = Doubt(doubt.covariance * np.outer([0.05, 1], [0.05, 1]), doubt.degrees, doubt.clusters)
    naive = np.linalg.inv((solution.slopes * solution.curvature[:, None]).T @ solution.slopes)
    target = t_of(0.95, int(doubt.degrees[0])) ** 2 * doubt.covariance[0, 0] / naive[0, 0] * 0.05**2
    _, high = profile_interval(problem, solution, at, "y")
    held = solve(problem.holding("y", high), loss=solution.loss, noise=solution.noise)
    assert 2 * (held.objective - solution.objective) == pytest.approx(target, rel=5e-3)


def test_values_that_fit_better_than_the_estimate_are_told() -> None:
    problem, solution, doubt = power()
    off = solve(problem.holding("y", solution.values[0] * 1.3), loss=solution.loss, noise=solution.noise)
    wrong = dataclasses.replace(
        solution, values=np.array([solution.values[0] * 1.3, off.values[0]]), residuals=off.residuals, z=off.z
    )
    with pytest.raises(LowerLoss, match="several minima") as told:
        profile_interval(problem, wrong, Doubt(doubt.covariance * 0.01, doubt.degrees, 9), "y")
    again = solve(problem, start=told.value.values)
    np.testing.assert_allclose(again.values, solution.values, rtol=1e-3)
