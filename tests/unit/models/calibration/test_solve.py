"""The search ends where scipy's own minimisers do, whatever the loss."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize
from scipy.stats import t as student

from nowake.domain.errors import Unidentified
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Huber, Loss, SoftL1, Student
from nowake.models.calibration.noise import Noise
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve, spread_out
from nowake.models.impact import Linear, PowerLaw, SquareRoot

TAILED = Design(orders=800, days=40, tails=3.0, outliers=0.02)
LINE = Linear(gamma=2e-8, eta=2e-7, epsilon=0.02)
POWER = PowerLaw(y=1.0, exponent=0.6)


def power(spread: str = "estimate", later: bool = False) -> Problem:
    return Problem.of(PowerLaw, generate_orders(POWER, 4, TAILED), spread=spread, later=later)  # type: ignore[arg-type]


def test_a_linear_model_by_least_squares_is_the_weighted_regression() -> None:
    problem = Problem.of(Linear, generate_orders(LINE, 3, TAILED), later=False)
    held = dataclasses.replace(problem, prototype=Linear(gamma=0.0, eta=0.0, epsilon=0.0))
    x = held.jacobian(np.zeros(3)) / problem.risk_bps[:, None]
    size = np.linalg.norm(x, axis=0)
    expected = np.linalg.lstsq(x / size, problem.cost_bps / problem.risk_bps, rcond=None)[0] / size
    assert (expected > 0).all()
    assert solve(problem, loss=Loss(), noise=Noise()).values == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("loss", "named", "scale"), [(Loss(), "linear", 1.0), (Huber(), "huber", 1.345), (SoftL1(), "soft_l1", 1.287)]
)
def test_a_power_law_ends_where_scipys_least_squares_does(loss: Loss, named: str, scale: float) -> None:
    problem = power()
    peer = least_squares(
        lambda values: (problem.cost_bps - problem.predict(values)) / (1.2 * problem.risk_bps),
        x0=[0.5, 0.5, 0.5],
        loss=named,
        f_scale=scale,
        bounds=([0, 0, -np.inf], [np.inf, 2, np.inf]),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-12,
    )
    found = solve(problem, loss=loss, noise=Noise(slope=1.44))
    assert found.converged
    assert found.values == pytest.approx(peer.x, rel=2e-4)
    assert 2 * found.objective == pytest.approx(2 * peer.cost, rel=1e-8)


def test_students_loss_is_maximum_likelihood_with_the_scale_and_the_degrees() -> None:
    problem = power()

    def badness(at: np.ndarray) -> float:
        scale = np.sqrt(np.exp(at[3]) * problem.risk_bps**2 + np.exp(at[4]))
        residuals = problem.cost_bps - problem.predict(at[:3])
        return -float((student.logpdf(residuals / scale, np.exp(at[5])) - np.log(scale)).sum())

    found = solve(problem, loss=Student())
    assert isinstance(found.loss, Student)
    here = [*found.values, np.log(found.noise.slope), np.log(max(found.noise.floor, 1e-9)), np.log(found.loss.nu)]
    peer = minimize(badness, here, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxfev": 6000})
    assert badness(np.array(here)) == pytest.approx(peer.fun, abs=0.02)
    assert found.values == pytest.approx(peer.x[:3], rel=0.01)


def test_normal_noise_is_scaled_by_maximum_likelihood() -> None:
    desk = generate_orders(POWER, 6, Design(orders=3_000, days=40))
    extra = 3.0 * np.random.default_rng(1).standard_normal(len(desk))
    problem = Problem.of(PowerLaw, desk, later=False)
    problem = dataclasses.replace(problem, cost_bps=problem.cost_bps + extra)
    found = solve(problem, loss=Loss())

    def badness(at: np.ndarray) -> float:
        variance = np.exp(at[0]) * problem.risk_bps**2 + np.exp(at[1])
        return float((np.log(variance) + found.residuals**2 / variance).sum())

    peer = minimize(badness, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8})
    assert [found.noise.slope, found.noise.floor] == pytest.approx(np.exp(peer.x), rel=1e-3)
    assert [found.noise.slope, found.noise.floor] == pytest.approx([1.0, 9.0], rel=0.15)


def test_a_row_that_counts_twice_is_two_rows() -> None:
    problem = power()
    counts = np.random.default_rng(2).integers(0, 3, len(problem)).astype(np.float64)
    rows = np.repeat(np.arange(len(problem)), counts.astype(int))
    weighted, repeated = solve(problem, counts), solve(problem.take(rows))
    assert weighted.values == pytest.approx(repeated.values, rel=1e-4)
    assert weighted.noise.slope == pytest.approx(repeated.noise.slope, rel=1e-3)


def test_scores_sum_to_nothing_at_the_solution() -> None:
    for later in (False, True):
        found = solve(power(later=later))
        curvature = (found.slopes * found.curvature[:, None]).T @ found.slopes
        assert np.abs(found.scores.sum(axis=0) / np.sqrt(np.diag(curvature))).max() < 1e-3


def test_a_search_that_begins_on_few_rows_ends_where_a_whole_one_does() -> None:
    problem = Problem.of(PowerLaw, generate_orders(POWER, 5, Design(orders=50_000, days=100)), later=False)
    few_first, whole = solve(problem), solve(problem, start=np.array([0.3, 0.9]))
    assert few_first.values == pytest.approx(whole.values, rel=1e-5)
    assert solve(problem).values.tobytes() == few_first.values.tobytes()


def test_the_later_move_tells_what_stays() -> None:
    held = Problem.of(SquareRoot, generate_orders(SquareRoot(y=1.0, relaxed=0.4), 7, Design(orders=30_000, days=200)))
    found = solve(held).named()
    assert found["relaxed"] == pytest.approx(0.4, abs=0.06)
    assert found["y"] == pytest.approx(1.0, abs=0.05)


def test_a_later_move_that_some_rows_do_not_know_is_used_where_they_do() -> None:
    desk = generate_orders(SquareRoot(y=1.0, relaxed=0.4), 7, Design(orders=4_000))
    later = desk.later_price.copy()  # type: ignore[union-attr]
    later[::2] = np.nan
    some = solve(Problem.of(SquareRoot, dataclasses.replace(desk, later_price=later)))
    whole, none = solve(Problem.of(SquareRoot, desk)), solve(Problem.of(SquareRoot, desk, later=False))
    assert some.z[len(desk) :][::2].tolist() == [0.0] * 2_000
    assert some.values[1] == pytest.approx(whole.values[1], abs=0.3)
    assert none.names == ("y",)


def test_a_cost_without_noise_is_refused() -> None:
    problem = power()
    exact = dataclasses.replace(problem, cost_bps=problem.predict(problem.start))
    with pytest.raises(Unidentified, match="no noise"):
        solve(exact)


def test_rows_picked_to_begin_on_are_in_step_with_nothing() -> None:
    picked = spread_out(1_000_000, 10_000)
    assert len(picked) == 10_000
    assert (np.diff(picked) > 0).all()
    assert np.bincount(picked % 10, minlength=10) == pytest.approx(1_000, rel=0.05)
    assert spread_out(5, 10).tolist() == [0, 1, 2, 3, 4]


def test_the_two_equations_are_made_uncorrelated_and_of_unit_scale() -> None:
    """The later move shares the order's own path: what is left of it, given the cost, is news."""
    desk = generate_orders(
        SquareRoot(y=1.0, relaxed=0.4), 7, Design(orders=20_000, days=200, relax_days=0.05, shared=0.0)
    )
    found = solve(Problem.of(SquareRoot, desk), loss=Loss())
    cost, later = found.z[: len(desk)], found.z[len(desk) :]
    assert found.noise.correlation > 0.5
    assert float((cost * later).mean()) == pytest.approx(0, abs=0.03)
    assert float((later**2).mean()) == pytest.approx(1, abs=0.03)
