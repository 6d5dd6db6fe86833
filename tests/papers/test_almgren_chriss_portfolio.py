"""Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000, appendix A: many securities.

The paper prints the parameters of its two-security example (Table 3) but no numbers of its result, only that "the
trajectory of security 1 is almost identical to its trajectory in the absence of security 2". Its "annual variance"
(30 % 10 %; 10 % 10 %) cannot be variances, for security 1 is that of section 3.4 with a volatility of 30 %; it is read
here entry by entry as roots of variances, which gives a "moderate amount of correlation", 1/3.
"""

import math

import numpy as np
import pytest

from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.impact import CrossImpact, Linear
from nowake.models.market import MarketState
from nowake.schedules.almgren_chriss import Liquidation
from nowake.schedules.portfolio import Basket, Limits, Line, OptimalBasket
from nowake.schedules.solvers import solve

DAYS, STEPS = 5.0, 5
TAU = DAYS / STEPS
ROOTS = np.array([[0.30, 0.10], [0.10, 0.10]])
PRICES, VOLUMES, SHARES = np.array([50.0, 100.0]), np.array([5e6, 20e6]), 10_000_000
BID_ASK = 1 / 8
FREE = Limits(no_reversal=False)


def two(covariance: np.ndarray, *, shares: int = SHARES) -> Basket:
    """The example's basket; both sold."""
    volatilities = np.sqrt(np.diagonal(covariance))
    lines = tuple(
        Line(
            symbol=name,
            side=Side.SELL,
            lots=shares,
            market=MarketState.given(
                price=PRICES[i],
                daily_volatility=volatilities[i],
                daily_volume=VOLUMES[i],
                spread_bps=BID_ASK / PRICES[i] * 1e4,
            ),
            end_days=DAYS,
        )
        for i, name in enumerate(("first", "second"))
    )
    return Basket(lines=lines, covariance=Covariance.full(covariance))


TABLE_3 = ROOTS**2 / 250
C = np.outer(PRICES, PRICES) * TABLE_3
ETA, GAMMA = BID_ASK / (0.01 * VOLUMES), BID_ASK / (0.1 * VOLUMES)
H_TILDE = ETA * (1 - GAMMA * TAU / (2 * ETA))


def holdings(policy: OptimalBasket, basket: Basket) -> np.ndarray:
    """x_0 .. x_N of shares still held."""
    trades = solve(policy.programme(basket)).trades
    return -np.vstack((basket.quantities, basket.quantities - np.cumsum(trades, axis=0)))


def models(basket: Basket) -> dict[str, Linear]:
    return {
        name: Linear(gamma=GAMMA[i], eta=ETA[i], epsilon=0.0)  # Appendix A.3: where signs may change, epsilon = 0.
        for i, name in enumerate(basket.symbols)
    }


def explicit(covariance: np.ndarray, risk_aversion: float, initial: np.ndarray) -> np.ndarray:
    """Appendix A.3: eigenvectors of lambda H~^-1/2 C H~^-1/2, a hyperbolic sine in each."""
    root = np.diag(1 / np.sqrt(H_TILDE))
    squares, vectors = np.linalg.eigh(risk_aversion * root @ covariance @ root)
    kappa = np.arccosh(1 + squares * TAU**2 / 2) / TAU
    z0 = vectors.T @ np.diag(np.sqrt(H_TILDE)) @ initial
    left = DAYS - TAU * np.arange(STEPS + 1)
    z = np.sinh(np.outer(left, kappa)) / np.sinh(kappa * DAYS) * z0
    return z @ vectors.T @ root


@pytest.mark.parametrize("risk_aversion", [2e-6, 1e-6, 1e-7])
def test_two_securities_follow_the_explicit_solution(risk_aversion: float) -> None:
    basket = two(TABLE_3)
    policy = OptimalBasket(risk_aversion=risk_aversion, buckets=STEPS, limits=FREE, model=models(basket))
    expected = explicit(C, risk_aversion, np.full(2, float(SHARES)))
    np.testing.assert_allclose(expected, holdings(policy, basket), atol=1e-5 * SHARES)


def test_the_first_security_goes_almost_as_if_it_were_alone() -> None:
    basket = two(TABLE_3)
    policy = OptimalBasket(risk_aversion=2e-6, buckets=STEPS, limits=FREE, model=models(basket))
    alone = Liquidation(
        quantity=SHARES,
        days=DAYS,
        steps=STEPS,
        volatility=math.sqrt(C[0, 0]),
        impact=Linear(gamma=GAMMA[0], eta=ETA[0], epsilon=0),
        risk_aversion=2e-6,
    ).holdings()
    np.testing.assert_allclose(alone, holdings(policy, basket)[:, 0], atol=0.02 * SHARES)


def test_cost_and_variance_are_equations_29_and_30() -> None:
    basket = two(TABLE_3)
    plan = OptimalBasket(risk_aversion=2e-6, buckets=STEPS).plan(basket)
    n = plan.lots.astype(float)
    x = SHARES - np.cumsum(n, axis=0)
    full = np.full(2, float(SHARES))
    cost = (
        BID_ASK / 2 * full.sum()
        + full @ np.diag(GAMMA) @ full / 2
        + sum(n[k] @ np.diag(H_TILDE) @ n[k] / TAU for k in range(STEPS))
    )
    variance = sum(TAU * x[k] @ C @ x[k] for k in range(STEPS))
    assert plan.expected_cost == pytest.approx(cost, rel=1e-12)
    assert plan.costs.variance(basket.quantities, plan.trades) == pytest.approx(variance, rel=1e-12)


def test_the_naive_strategy_is_the_straight_line() -> None:
    basket = two(TABLE_3)
    plan = OptimalBasket(risk_aversion=0, buckets=STEPS).plan(basket)
    assert plan.lots.tolist() == [[SHARES // STEPS] * 2] * STEPS


def test_a_liquid_security_that_moves_with_an_illiquid_one_is_sold_short_on_the_way() -> None:
    """Appendix A.3: the optimal strategy directs us to rapidly go short in the liquid one to reduce risk."""
    correlated = np.array([[0.3**2, 0.95 * 0.3 * 0.1], [0.95 * 0.3 * 0.1, 0.1**2]]) / 250
    basket = two(correlated)
    policy = OptimalBasket(risk_aversion=1e-6, buckets=STEPS, limits=FREE, model=models(basket))
    found = holdings(policy, basket)
    expected = explicit(np.outer(PRICES, PRICES) * correlated, 1e-6, np.full(2, float(SHARES)))
    np.testing.assert_allclose(expected, found, atol=1e-5 * SHARES)
    assert found[2, 1] < 0 < found[2, 0]
    kept = holdings(OptimalBasket(risk_aversion=1e-6, buckets=STEPS, model=models(basket)), basket)
    assert kept.min() >= -1e-12 * SHARES  # Rounding of what is left at the end.


def test_full_matrices_of_impact_satisfy_equation_31() -> None:
    basket = two(TABLE_3)
    h = np.array([[ETA[0], 0.3e-6], [0.3e-6, ETA[1]]])
    gamma = np.array([[GAMMA[0], 0.5e-7], [0.5e-7, GAMMA[1]]])
    policy = OptimalBasket(
        risk_aversion=1e-6,
        buckets=STEPS,
        limits=FREE,
        model=models(basket),
        cross_impact=CrossImpact(assets=basket.symbols, slopes=gamma, prices=PRICES),
        cross_temporary=CrossImpact(assets=basket.symbols, slopes=h, prices=PRICES),
    )
    x = holdings(policy, basket)
    tilde = h - TAU * gamma / 2
    for k in range(1, STEPS):
        bend = (x[k - 1] - 2 * x[k] + x[k + 1]) / TAU**2
        np.testing.assert_allclose(1e-6 * np.linalg.solve(tilde, C @ x[k]), bend, atol=1e-5 * np.abs(x[0]).max())
    trades = -np.diff(x, axis=0)
    cost = x[0] @ gamma @ x[0] / 2 + sum(n @ tilde @ n / TAU for n in trades)
    costs = policy.costing(basket)
    found = costs.parts(basket.quantities, -trades)
    assert sum(float(part.sum()) for part in found.values()) == pytest.approx(cost, rel=1e-9)
