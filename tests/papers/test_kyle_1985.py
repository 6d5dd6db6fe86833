"""Kyle 1985, "Continuous auctions and insider trading", Econometrica 53: theorem 1 (one auction), theorem 2 (N
auctions) and theorem 3 (the continuous limit)."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from nowake.domain.errors import BadParameter
from nowake.models.impact import KyleEquilibrium, kyle_equilibrium

SIGMA0, SIGMA_U = 0.49, 3_000.0


def test_one_auction_has_lambda_half_of_price_sd_over_noise_sd() -> None:
    one = kyle_equilibrium(sigma0=SIGMA0, sigma_u=SIGMA_U)
    assert math.sqrt(SIGMA0) / (2 * SIGMA_U) == pytest.approx(one.lambdas[0], rel=1e-14)
    assert SIGMA_U / math.sqrt(SIGMA0) == pytest.approx(one.betas[0], rel=1e-14)
    assert SIGMA0 / 2 == pytest.approx(one.variances[1], rel=1e-14)
    assert SIGMA_U * math.sqrt(SIGMA0) / 2 == pytest.approx(one.expected_profit, rel=1e-14)


@pytest.mark.parametrize("periods", [1, 2, 3, 10, 137, 2_000])
def test_all_equations_of_theorem_2_hold(periods: int) -> None:
    found = kyle_equilibrium(sigma0=SIGMA0, sigma_u=SIGMA_U, periods=periods)
    dt, noise = 1 / periods, SIGMA_U**2
    lam, beta = found.lambdas, found.betas
    alpha, alpha_before, delta = found.alphas[1:], found.alphas[:-1], found.deltas
    assert (alpha[-1], delta[-1], found.variances[0]) == (0.0, 0.0, pytest.approx(SIGMA0, rel=1e-15))
    exact = {"rtol": 1e-12, "atol": 0.0}
    np.testing.assert_allclose(alpha_before, 1 / (4 * lam * (1 - alpha * lam)), **exact)
    np.testing.assert_allclose(delta[:-1], delta[1:] + alpha * lam**2 * noise * dt, **exact)
    np.testing.assert_allclose(beta * dt, (1 - 2 * alpha * lam) / (2 * lam * (1 - alpha * lam)), **exact)
    np.testing.assert_allclose(lam, beta * found.variances[1:] / noise, **exact)
    np.testing.assert_allclose(found.variances[1:], (1 - beta * lam * dt) * found.variances[:-1], **exact)
    assert np.all(lam * (1 - alpha * lam) > 0)
    assert np.all(alpha * lam < 0.5)


def test_many_auctions_come_to_the_continuous_limit() -> None:
    found = kyle_equilibrium(sigma0=SIGMA0, sigma_u=SIGMA_U, periods=20_000)
    middle = slice(0, 10_000)
    limit = math.sqrt(SIGMA0) / SIGMA_U
    assert found.lambdas[middle] == pytest.approx(limit, rel=1e-3)
    time = np.arange(20_001) / 20_000
    assert found.variances[:10_001] == pytest.approx(SIGMA0 * (1 - time[:10_001]), rel=1e-3)
    assert found.betas[middle] == pytest.approx(SIGMA_U / math.sqrt(SIGMA0) / (1 - time[:10_000]), rel=2e-3)
    assert SIGMA_U * math.sqrt(SIGMA0) == pytest.approx(found.expected_profit, rel=1e-3)


def test_the_insider_has_no_better_strategy_against_these_prices() -> None:
    """His profit for any intensities, by the moments of v - p; an optimiser that starts elsewhere finds his."""
    found = kyle_equilibrium(sigma0=1.0, sigma_u=1.0, periods=5)

    def loss(betas: np.ndarray) -> float:
        left, profit = 1.0, 0.0
        for lam, beta in zip(found.lambdas, betas, strict=True):
            kept = 1 - lam * beta / 5
            profit += beta / 5 * kept * left
            left = kept**2 * left + lam**2 / 5
        return -profit

    best = minimize(loss, np.full(5, 0.5), method="BFGS", options={"gtol": 1e-10})
    assert best.x == pytest.approx(found.betas, rel=1e-4)
    assert -best.fun == pytest.approx(found.expected_profit, rel=1e-9)


def test_prices_of_a_simulated_market_are_what_the_value_is_expected_to_be() -> None:
    """Regression of the value on what market makers see gives lambda back, and the insider earns what he expects."""
    found = kyle_equilibrium(sigma0=1.0, sigma_u=1.0, periods=4)
    rng = np.random.default_rng(11)
    runs = 400_000
    value, price, profit = rng.normal(size=runs), np.zeros(runs), np.zeros(runs)
    for n in range(4):
        wrong = value - price
        insider = found.betas[n] * wrong / 4
        flow = insider + rng.normal(0, 0.5, runs)
        assert float(wrong @ flow / (flow @ flow)) == pytest.approx(found.lambdas[n], rel=0.01)
        price = price + found.lambdas[n] * flow
        profit += insider * (value - price)
        assert float(np.var(value - price)) == pytest.approx(found.variances[n + 1], rel=0.01)
    assert float(profit.mean()) == pytest.approx(found.expected_profit, rel=0.01)


def test_lambda_scales_with_the_sd_of_value_and_against_noise() -> None:
    one = kyle_equilibrium(sigma0=1.0, sigma_u=1.0, periods=7)
    other = kyle_equilibrium(sigma0=4.0, sigma_u=10.0, periods=7)
    assert other.lambdas == pytest.approx(one.lambdas * 2 / 10, rel=1e-13)
    assert other.expected_profit == pytest.approx(one.expected_profit * 2 * 10, rel=1e-13)


def test_more_auctions_pay_the_insider_more_and_let_out_more_information() -> None:
    def each(periods: int) -> KyleEquilibrium:
        return kyle_equilibrium(sigma0=1.0, sigma_u=1.0, periods=periods)

    found = [each(periods) for periods in (1, 2, 5, 20, 100)]
    assert np.all(np.diff([one.expected_profit for one in found]) > 0)
    assert np.all(np.diff([one.variances[-1] for one in found]) < 0)


def test_it_prints_what_happens_to_the_information() -> None:
    assert str(kyle_equilibrium(sigma0=1.0, sigma_u=1.0, periods=1)) == (
        "1 auction: lambda from 0.5 to 0.5, 50.0% of the information in the price at the end, profit 0.5"
    )


@pytest.mark.parametrize(
    "wrong", [{"sigma0": 0.0}, {"sigma0": math.nan}, {"sigma_u": -1.0}, {"periods": 0}, {"periods": 2.5}]
)
def test_a_market_that_cannot_be_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=next(iter(wrong))):
        kyle_equilibrium(**({"sigma0": 1.0, "sigma_u": 1.0, "periods": 2} | wrong))


def test_the_number_of_auctions_is_a_whole_number_of_any_kind_and_no_flag() -> None:
    assert kyle_equilibrium(sigma0=SIGMA0, sigma_u=SIGMA_U, periods=np.int64(3)).periods == 3
    for periods in (True, 2.0, 0):
        with pytest.raises(BadParameter, match="periods"):
            kyle_equilibrium(sigma0=SIGMA0, sigma_u=SIGMA_U, periods=periods)
