"""Schedules for the kernels of Gatheral, Schied & Slynko 2012, "Transient linear price impact and Fredholm integral
equations", Mathematical Finance 22, and of Alfonsi, Schied & Slynko 2012, "Order book resilience, price manipulation,
and the positive portfolio problem", SIAM J. Financial Math. 3. No table of theirs was at hand: closed forms are
tested."""

import itertools
import math

import cvxpy as cp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betainc, erf, gamma

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.kernels import CappedLinear, Exponential, MultiExponential, PowerLaw, ShiftedPowerLaw
from nowake.schedules.transient import ResilientBook, TransientLiquidation

X, PUSH = 100_000.0, 1e-5


class Gaussian(Kernel, frozen=True):
    """exp(-(t / width)^2): positive definite, but not convex."""

    width: float = 0.2

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.exp(-((np.asarray(lag_days) / self.width) ** 2))

    def first(self, lag_days: np.ndarray) -> np.ndarray:
        return self.width * math.sqrt(math.pi) / 2 * erf(np.asarray(lag_days) / self.width)

    def second(self, lag_days: np.ndarray) -> np.ndarray:
        u = np.asarray(lag_days) / self.width
        return self.width**2 * (u * math.sqrt(math.pi) / 2 * erf(u) + np.expm1(-(u**2)) / 2)


class Parabola(Kernel, frozen=True):
    """max(0, 1 - (t / reach)^2): not positive definite."""

    reach: float = 0.3

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.maximum(0.0, 1 - (np.asarray(lag_days) / self.reach) ** 2)


def buckets(kernel: Kernel, n: int, *, aversion: float = 0.0, temporary: float = 0.0) -> TransientLiquidation:
    return TransientLiquidation(
        quantity=X,
        kernel=kernel,
        push=PUSH,
        edges_days=np.linspace(0, 1, n + 1),
        temporary=temporary,
        volatility=2.0,
        risk_aversion=aversion,
    )


def blocks(kernel: Kernel, times: np.ndarray, *, aversion: float = 0.0) -> TransientLiquidation:
    return TransientLiquidation(
        quantity=X, kernel=kernel, push=PUSH, blocks_days=times, volatility=2.0, risk_aversion=aversion
    )


def oracle(problem: TransientLiquidation, *, both_ways: bool = False) -> tuple[np.ndarray, float]:
    """The same by a general solver, built of pairs of trades one at a time and of holdings as variables."""
    starts, lengths, n = problem.starts_days, problem.lengths_days, len(problem.starts_days)
    own = np.empty((n, n))
    for i, j in itertools.product(range(n), range(n)):
        own[i, j] = mean_of(problem.kernel, (starts[i], lengths[i]), (starts[j], lengths[j]))
    root = np.linalg.cholesky(own + 1e-13 * np.eye(n))
    x = cp.Variable(n)
    left = 1 - cp.cumsum(x)
    cost = PUSH * X**2 / 2 * cp.sum_squares(root.T @ x)
    limits = [cp.sum(x) == 1] + ([] if both_ways else [x >= 0])
    before = [1.0, *(left[k] for k in range(n - 1))]
    risk = 0.0
    for k in range(n):
        gap = starts[k + 1] - starts[k] - lengths[k] if k + 1 < n else 0.0
        # Simpson's rule is exact for the square of a line.
        middle = (before[k] + left[k]) / 2
        risk += lengths[k] / 6 * (cp.square(before[k]) + 4 * cp.square(middle) + cp.square(left[k]))
        risk += gap * cp.square(left[k])
    found = cp.Problem(cp.Minimize(cost + problem.risk_aversion * 4.0 * X**2 * risk), limits)
    found.solve(solver=cp.CLARABEL, tol_gap_rel=1e-11, tol_gap_abs=1e-11, tol_feas=1e-11)
    return X * x.value, float(found.value)


def mean_of(kernel: Kernel, one: tuple[float, float], other: tuple[float, float]) -> float:
    """Mean of the kernel between two trades by Gauss-Legendre in each, halved where they overlap."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    (a, la), (b, lb) = one, other
    if la == lb == 0:
        return float(kernel(np.array(abs(a - b))))
    if one == other:
        # Over the lag, which has density 2 (1 - u).
        u = (nodes + 1) / 2
        return float(weights / 2 @ (2 * (1 - u) * kernel(la * u)))
    t, s = a + la * (nodes + 1) / 2, b + lb * (nodes + 1) / 2
    return float(weights / 2 @ kernel(np.abs(np.subtract.outer(t, s))) @ weights / 2)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 0.8])
def test_a_power_law_is_traded_by_the_beta_distribution(exponent: float) -> None:
    """Density ~ (t (1 - t))^((g - 1) / 2): done by t is I_t((1 + g) / 2, (1 + g) / 2)."""
    at = np.arange(1, 391) / 390
    found = buckets(PowerLaw(exponent), 390).optimum()
    expected = betainc((1 + exponent) / 2, (1 + exponent) / 2, at)
    assert (np.cumsum(found.trades) / X).tolist() == pytest.approx(expected.tolist(), abs=1e-3)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.7])
def test_a_power_law_costs_what_fredholms_equation_says(exponent: float) -> None:
    """The integral of |t - s|^-g (s (1 - s))^((g - 1) / 2) over s is pi / cos(pi g / 2) at every t (by quadrature)."""
    a = (1 + exponent) / 2
    beta = gamma(a) ** 2 / gamma(2 * a)
    at = 0.3
    met = sum(
        quad(f, *span, weight="alg", wvar=powers)[0]
        for f, span, powers in (
            (lambda s: (1 - s) ** (a - 1), (0, at), (a - 1, -exponent)),
            (lambda s: s ** (a - 1), (at, 1), (-exponent, a - 1)),
        )
    )
    assert met == pytest.approx(math.pi / math.cos(math.pi * exponent / 2))
    least = met / beta
    costs = [buckets(PowerLaw(exponent), n).optimum().certificate.objective for n in (100, 200, 400)]
    assert costs[0] > costs[1] > costs[2] > PUSH * X**2 / 2 * least
    assert costs[2] == pytest.approx(PUSH * X**2 / 2 * least, rel=2e-3)


@pytest.mark.parametrize("horizons", [1, 2, 4])
def test_capped_linear_decay_is_traded_in_equal_blocks_a_horizon_apart(horizons: int) -> None:
    found = blocks(CappedLinear(1 / horizons), np.linspace(0, 1, 6 * horizons + 1)).optimum()
    expected = np.zeros(6 * horizons + 1)
    expected[::6] = X / (horizons + 1)
    assert found.trades.tolist() == pytest.approx(expected.tolist(), abs=1e-6 * X)
    assert found.certificate.objective == pytest.approx(PUSH * X**2 / 2 / (horizons + 1))


@pytest.mark.parametrize("rate", [0.5, 20.0, 300.0])
def test_exponential_decay_is_traded_as_by_obizhaeva_and_wang(rate: float) -> None:
    book = ResilientBook(quantity=X, days=1.0, resilience=rate, transient=PUSH)
    found = blocks(Exponential(rate), np.linspace(0, 1, 14)).optimum()
    assert found.trades.tolist() == pytest.approx(book.blocks(13).tolist(), rel=1e-8)
    edges = np.linspace(0, 1, 40)
    mixed = TransientLiquidation(
        quantity=X, kernel=Exponential(rate), push=PUSH, edges_days=edges, blocks_days=edges[[0, -1]]
    ).optimum()
    assert mixed.trades[0] == pytest.approx(book.first_block)
    assert mixed.trades[1:-1].tolist() == pytest.approx([rate * book.first_block / 39] * 39)
    assert mixed.certificate.objective == pytest.approx(book.expected_cost)


KERNELS = [
    Exponential(8.0),
    ShiftedPowerLaw(0.5, 0.02),
    CappedLinear(0.3),
    MultiExponential(weights=(0.7, 0.3), rates=(40.0, 2.0)),
    Gaussian(),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("aversion", [0.0, 1e-6])
@pytest.mark.parametrize("both_ways", [True, False])
def test_blocks_at_uneven_instants_are_what_a_general_solver_finds(
    kernel: Kernel, aversion: float, both_ways: bool
) -> None:
    problem = blocks(kernel, np.array([0.0, 0.05, 0.2, 0.35, 0.6, 0.7, 0.96]), aversion=aversion)
    found = problem.optimum(both_ways=both_ways)
    trades, least = oracle(problem, both_ways=both_ways)
    assert found.certificate.objective == pytest.approx(least, rel=1e-7)
    assert found.trades.tolist() == pytest.approx(trades.tolist(), abs=2e-3 * X)
    assert found.trades.sum() == pytest.approx(X)


@pytest.mark.parametrize("kernel", [Exponential(8.0), ShiftedPowerLaw(0.5, 0.02), Gaussian()], ids=str)
@pytest.mark.parametrize("aversion", [0.0, 1e-6])
@pytest.mark.parametrize("ends", [True, False])
def test_uneven_buckets_and_blocks_at_their_ends_are_what_a_general_solver_finds(
    kernel: Kernel, aversion: float, ends: bool
) -> None:
    edges = np.array([0.0, 0.1, 0.15, 0.4, 0.55, 0.8, 1.0])
    problem = TransientLiquidation(
        quantity=X,
        kernel=kernel,
        push=PUSH,
        edges_days=edges,
        blocks_days=edges[[0, -1]] if ends else np.zeros(0),
        volatility=2.0,
        risk_aversion=aversion,
    )
    found = problem.optimum()
    trades, least = oracle(problem)
    assert found.certificate.objective == pytest.approx(least, rel=1e-7)
    assert found.trades.tolist() == pytest.approx(trades.tolist(), abs=2e-3 * X)


@pytest.mark.parametrize("kernel", [Exponential(5.0), ShiftedPowerLaw(0.4, 0.01), PowerLaw(0.5)], ids=str)
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_kernels_that_fall_and_are_convex_never_trade_back_on_grids_they_can_tell_apart(kernel: Kernel, n: int) -> None:
    if not kernel.bursts:
        assert blocks(kernel, np.linspace(0, 1, n + 1)).optimum(both_ways=True).trades.min() > 0
    assert buckets(kernel, n).optimum(both_ways=True).trades.min() > 0


def test_gaussian_decay_swings_and_is_kept_from_it_for_little() -> None:
    problem = blocks(Gaussian(), np.linspace(0, 1, 11))
    free, kept = problem.optimum(both_ways=True), problem.optimum()
    assert free.trades.min() < -0.1 * X
    assert free.trades.tolist() == pytest.approx(free.trades[::-1].tolist(), abs=1e-3 * X)
    assert kept.trades.min() == 0
    assert free.certificate.objective < kept.certificate.objective < 1.1 * free.certificate.objective
    assert kept.certificate.kind == "duality gap"
    assert kept.certificate.value < 1e-9


def test_a_grid_so_fine_that_trades_look_alike_is_damped_and_keeps_its_proof() -> None:
    found = blocks(Gaussian(), np.linspace(0, 1, 100)).optimum()
    assert found.damping > 0
    assert found.trades.min() == 0
    assert found.certificate.value < 1e-7
    # On a grid ten times as fine nothing is gained that the proof did not allow for.
    assert blocks(Gaussian(), np.linspace(0, 1, 991)).optimum().certificate.objective == pytest.approx(
        found.certificate.objective, rel=1e-3
    )


def test_decay_that_is_not_positive_definite_is_refused_with_what_a_round_trip_earns() -> None:
    with pytest.raises(BadParameter, match=r"round trip of 12 trades that buys and sells 100000 earns \d"):
        blocks(Parabola(), np.linspace(0, 1, 12)).optimum()


def test_what_the_refused_round_trip_is_said_to_earn_it_earns() -> None:
    problem = blocks(Parabola(), np.linspace(0, 1, 12))
    with pytest.raises(BadParameter) as refused:
        problem.optimum()
    said = float(str(refused.value).split("earns ")[1].split(";")[0])
    gram = Parabola().gram(np.linspace(0, 1, 12))
    # No round trip of that turnover can earn more than the least eigenvalue times the longest vector of it.
    least = -np.linalg.eigvalsh(gram)[0] * PUSH / 2
    assert 0 < said <= least * (2 * X) ** 2 / 2
    assert said > least * (2 * X) ** 2 / 12 * 0.5


def test_without_decay_worth_the_name_speed_alone_decides() -> None:
    """A temporary cost beside a kernel that is gone at once: even trading, eta X^2 / T."""
    found = buckets(Exponential(1e9), 13, temporary=1e-4).optimum()
    assert found.trades.tolist() == pytest.approx([X / 13] * 13, rel=1e-6)
    assert found.certificate.objective == pytest.approx(1e-4 * X**2, rel=1e-3)
