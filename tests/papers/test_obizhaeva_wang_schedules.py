"""Obizhaeva & Wang 2013, "Optimal trading strategy and supply/demand dynamics", Journal of Financial Markets 16: the
schedules. Their printed tables were not at hand; the formulas are held against other ways to the same numbers: a
general quadratic solver, their book walked trade by trade, and dynamic programming over what is left and how the book
stands."""

import math

import cvxpy as cp
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernels import Exponential
from nowake.schedules.transient import ResilientBook, TransientLiquidation

X, T, KAPPA, SIGMA = 100_000.0, 1.0, 2e-5, 1.5
every_resilience = pytest.mark.parametrize("rho", [0.01, 2.0, 20.0, 300.0])
AVERSIONS = [0.0, 1e-7, 1e-6, 1e-5, 1e-3]


def book(rho: float, aversion: float = 0.0) -> ResilientBook:
    return ResilientBook(quantity=X, days=T, resilience=rho, transient=KAPPA, volatility=SIGMA, risk_aversion=aversion)


def mixed(rho: float, n: int, aversion: float = 0.0) -> TransientLiquidation:
    edges = np.linspace(0, T, n + 1)
    return TransientLiquidation(
        quantity=X,
        kernel=Exponential(rho),
        push=KAPPA,
        edges_days=edges,
        blocks_days=edges[[0, -1]],
        volatility=SIGMA,
        risk_aversion=aversion,
    )


def walked(trades: np.ndarray, rho: float) -> float:
    """What blocks at even instants pay in a book of depth 1 / kappa, one after the other."""
    gone, paid = math.exp(-rho * T / (len(trades) - 1)), 0.0
    stands = 0.0
    for trade in trades:
        paid += trade * (stands + KAPPA * trade / 2)
        stands = (stands + KAPPA * trade) * gone
    return paid


@every_resilience
def test_without_risk_aversion_the_ends_take_x_over_rho_t_plus_2_and_pay_kappa_times_it(rho: float) -> None:
    found = book(rho)
    assert found.first_block == pytest.approx(X / (rho * T + 2), rel=1e-12)
    assert found.last_block == pytest.approx(X / (rho * T + 2), rel=1e-12)
    assert found.expected_cost == pytest.approx(KAPPA * X**2 / (rho * T + 2), rel=1e-12)
    rates = -np.diff(found.holdings(np.linspace(0, T, 6))) * 5 / T
    assert rates.tolist() == pytest.approx([rho * X / (rho * T + 2)] * 5, rel=1e-9)


@every_resilience
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_even_blocks_are_what_a_general_solver_finds(rho: float, steps: int) -> None:
    lags = np.abs(np.subtract.outer(np.arange(steps + 1), np.arange(steps + 1))) * T / steps
    x = cp.Variable(steps + 1)
    problem = cp.Problem(cp.Minimize(cp.quad_form(x, cp.psd_wrap(np.exp(-rho * lags)))), [cp.sum(x) == 1])
    problem.solve(solver=cp.CLARABEL)
    blocks = book(rho).blocks(steps)
    assert blocks.sum() == pytest.approx(X)
    assert (X * x.value).tolist() == pytest.approx(blocks.tolist(), rel=1e-4, abs=1e-4 * X)
    assert walked(blocks, rho) == pytest.approx(X**2 * KAPPA / 2 * problem.value, rel=1e-6)


@every_resilience
def test_blocks_without_end_are_the_continuous_optimum(rho: float) -> None:
    blocks = book(rho).blocks(100_000)
    assert walked(blocks, rho) == pytest.approx(book(rho).expected_cost, rel=1e-2 if rho < 1 else 3e-3)
    assert blocks[0] == pytest.approx(book(rho).first_block, rel=3e-3)


def test_blocks_are_what_dynamic_programming_over_the_state_of_the_book_finds() -> None:
    """Backwards over the two states, what is left x and where the book stands d: the value is quadratic in both."""
    rho, steps = 5.0, 6
    gone = math.exp(-rho * T / steps)
    # Value of the last trade: x (d + kappa x / 2), as a quadratic form of (x, d).
    value = np.array([[KAPPA / 2, 0.5], [0.5, 0.0]])
    gains = []
    for _ in range(steps):
        # A trade u pays u (d + kappa u / 2) and leads to (x - u, (d + kappa u) gone).
        state, push = np.array([[1.0, 0.0], [0.0, gone]]), np.array([-1.0, KAPPA * gone])
        curvature = KAPPA / 2 + push @ value @ push
        pull = np.array([0.0, 1.0]) / 2 + push @ value @ state
        gains.append(-pull / curvature)
        value = state.T @ value @ state - np.outer(pull, pull) / curvature
    now, trades = np.array([X, 0.0]), []
    for gain in reversed(gains):
        u = float(gain @ now)
        trades.append(u)
        now = np.array([now[0] - u, (now[1] + KAPPA * u) * gone])
    trades.append(float(now[0]))
    assert book(rho).blocks(steps).tolist() == pytest.approx(trades, rel=1e-9)


@pytest.mark.parametrize("rho", [0.5, 20.0])
@pytest.mark.parametrize("aversion", AVERSIONS)
def test_the_risk_averse_closed_form_is_the_limit_of_ever_finer_quadratic_programmes(
    rho: float, aversion: float
) -> None:
    exact = book(rho, aversion)
    least = exact.expected_cost + aversion * exact.variance
    values = []
    for n in (100, 200, 400):
        problem = mixed(rho, n, aversion)
        found = problem.optimum(both_ways=True)
        values.append(found.certificate.objective)
        left = X - np.cumsum(found.trades)[:-1]
        assert left.tolist() == pytest.approx(exact.holdings(np.linspace(0, T, n + 1)).tolist(), abs=2e-3 * X)
    assert all(value >= least * (1 - 1e-9) for value in values)
    assert values[-1] == pytest.approx(least, rel=1e-4)
    assert problem.cost(found.trades) == pytest.approx(exact.expected_cost, rel=2e-3)
    assert problem.variance(found.trades) == pytest.approx(exact.variance, rel=2e-3, abs=1e-9 * X**2)


@pytest.mark.parametrize("aversion", AVERSIONS)
def test_no_other_path_between_blocks_costs_and_risks_less(aversion: float) -> None:
    """The cost as an integral over the path of what the book is pushed by, by the trapezium rule."""
    rho, n = 8.0, 20_000
    times = np.linspace(0, T, n + 1)

    def total(left: np.ndarray) -> float:
        stands = np.empty(n + 1)
        stands[0] = KAPPA * (X - left[0])
        kept, rates = math.exp(-rho * T / n), -np.diff(left) * n / T
        grown = KAPPA * rates * (1 - kept) / rho
        for k in range(n):
            stands[k + 1] = stands[k] * kept + grown[k]
        end = (stands[-1] + KAPPA * left[-1]) ** 2 / (2 * KAPPA)
        risk = aversion * SIGMA**2 * np.trapezoid(left**2, times)
        return end + rho / KAPPA * np.trapezoid(stands**2, times) + risk

    exact = book(rho, aversion)
    best = exact.holdings(times)
    assert total(best) == pytest.approx(exact.expected_cost + aversion * exact.variance, rel=1e-6)
    for bump in (np.sin(np.pi * times), times, 1 - times, np.cos(3 * times), np.ones(n + 1)):
        for size in (0.02, -0.02):
            assert total(best + size * X * bump) > total(best)


@every_resilience
def test_risk_aversion_beyond_all_measure_does_all_at_once_and_pays_half_of_its_own_push(rho: float) -> None:
    urgent = book(rho, 1e9)
    assert urgent.first_block == pytest.approx(X)
    assert urgent.expected_cost == pytest.approx(KAPPA * X**2 / 2)
    assert urgent.variance == pytest.approx(0.0, abs=1e-6 * X)


@every_resilience
def test_a_breath_of_risk_aversion_changes_nothing(rho: float) -> None:
    calm, breath = book(rho), book(rho, 1e-25)
    for name in ("first_block", "last_block", "expected_cost", "variance"):
        assert getattr(breath, name) == pytest.approx(getattr(calm, name), rel=1e-10)


@pytest.mark.parametrize("span", [1e-6, 1e-3, 9.9e-3, 1.01e-2, 0.5])
def test_cost_and_variance_are_the_path_integrated_on_both_sides_of_where_series_take_over(span: float) -> None:
    """`span` is twice beta T; risk aversion is chosen to meet it."""
    rho = 3.0
    ratio = (span / 2 / (rho * T)) ** 2
    found = book(rho, KAPPA * rho * ratio / (1 - ratio) / SIGMA**2)
    assert 2 * found.urgency * T == pytest.approx(span, rel=1e-6)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    times, weights = (nodes + 1) / 2 * T, weights / 2 * T
    left = found.holdings(times)
    assert found.variance == pytest.approx(SIGMA**2 * float(weights @ left**2), rel=1e-10)
    # The book is pushed by what was traded and did not come back: D = kappa (X - y) - rho integral of D.
    fine = np.polynomial.legendre.leggauss(60)
    stands = []
    for t in times:
        s = (fine[0] + 1) / 2 * t
        kept = np.exp(-rho * (t - s)) * (X - found.holdings(s))
        stands.append(KAPPA * (X - found.holdings(np.array([t]))[0] - rho * float(fine[1] @ kept) * t / 2))
    s = (fine[0] + 1) / 2 * T
    end = KAPPA * (X - rho * float(fine[1] @ (np.exp(-rho * (T - s)) * (X - found.holdings(s)))) * T / 2)
    cost = end**2 / (2 * KAPPA) + rho / KAPPA * float(weights @ np.array(stands) ** 2)
    assert found.expected_cost == pytest.approx(cost, rel=1e-10)


def test_a_book_that_refills_at_once_or_a_window_without_end_does_not_overflow() -> None:
    fast = ResilientBook(quantity=X, days=1e3, resilience=1e6, transient=KAPPA, volatility=SIGMA, risk_aversion=1e-6)
    assert math.isfinite(fast.expected_cost)
    assert math.isfinite(fast.variance)
    assert fast.last_block == 0.0
    assert np.isfinite(fast.holdings(np.linspace(0, 1e3, 7))).all()


@pytest.mark.parametrize("aversion", AVERSIONS)
def test_what_is_left_only_falls_and_the_more_risk_averse_the_faster(aversion: float) -> None:
    times = np.linspace(0, T, 501)
    left = book(20.0, aversion).holdings(times)
    assert (np.diff(left) < 0).all()
    assert left[0] < X
    assert left[-1] > 0
    assert (book(20.0, 3 * aversion + 1e-8).holdings(times) < left).all()


def test_what_stays_is_paid_by_every_schedule_alike() -> None:
    with_it = ResilientBook(quantity=X, days=T, resilience=5.0, transient=KAPPA, permanent=1e-5)
    without = ResilientBook(quantity=X, days=T, resilience=5.0, transient=KAPPA)
    assert with_it.first_block == without.first_block
    assert with_it.expected_cost - without.expected_cost == pytest.approx(1e-5 * X**2 / 2)


def test_even_blocks_with_risk_aversion_have_no_closed_form_here() -> None:
    with pytest.raises(BadParameter, match="solve a TransientLiquidation"):
        book(5.0, 1e-6).blocks(10)
    with pytest.raises(BadParameter, match="give 1 or more steps"):
        book(5.0).blocks(0)


@pytest.mark.parametrize("name", ["quantity", "days", "resilience", "transient", "volatility", "risk_aversion"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_numbers_no_book_has_are_refused(name: str, value: float) -> None:
    numbers = {"quantity": X, "days": T, "resilience": 5.0, "transient": KAPPA} | {name: value}
    with pytest.raises(BadParameter, match=name):
        ResilientBook(**numbers)
