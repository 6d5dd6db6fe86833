"""Hou & Moskowitz 2005: the delay of a price behind its market, on a market of known delay.

Their figures are of CRSP data that are not printed. With r_t = b R_t + d R_{t-1} + e and independent R the truth is
D1 = d^2 / (b^2 + d^2), whatever the noise, and D2 = d / (b + d). Coefficients and R^2 are compared with statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.microstructure.efficiency import price_delay

Column = "np.ndarray[tuple[int], np.dtype[np.float64]]"


def followers(count: int, late: float, seed: int, noise: float = 1.0) -> tuple[Column, Column]:
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(count + 1)
    return market[1:] + late * market[:-1] + noise * rng.standard_normal(count), market[1:]


@pytest.mark.parametrize("late", [0.3, 1.0])
def test_a_known_delay_is_found(late: float) -> None:
    returns, market = followers(20_000, late, seed=5)
    found = price_delay(returns, market)
    assert late**2 / (1 + late**2) == pytest.approx(found.share.value, abs=0.02)
    assert found.steps.low < late / (1 + late) < found.steps.high
    assert found.steps.high - found.steps.low < 0.2
    assert found.p_value < 1e-6


def test_no_delay_is_told_as_none() -> None:
    returns, market = followers(3_000, 0.0, seed=6)
    found = price_delay(returns, market)
    assert 0.0 == found.share.low
    assert found.share.value < 0.005
    assert found.p_value > 0.01
    assert 5 * (1 - found.r2) / (3_000 * found.r2) == pytest.approx(found.by_chance, rel=0.01)


def test_the_regressions_are_those_of_statsmodels() -> None:
    returns, market = followers(400, 0.5, seed=7)
    lagged = np.column_stack([market[3 - lag : len(market) - lag] for lag in range(4)])
    whole = sm.OLS(returns[3:], sm.add_constant(lagged)).fit()
    now = sm.OLS(returns[3:], sm.add_constant(lagged[:, :1])).fit()
    found = price_delay(returns, market, lags=3)
    np.testing.assert_allclose(found.coefficients, whole.params[1:], rtol=1e-9)
    assert whole.rsquared == pytest.approx(found.r2, rel=1e-10)
    assert now.rsquared == pytest.approx(found.r2_at_once, rel=1e-10)


def test_units_do_not_matter() -> None:
    returns, market = followers(1_000, 0.5, seed=8)
    one, other = price_delay(returns, market), price_delay(1e4 * returns + 3, -1e-3 * market)
    assert one.share.value == pytest.approx(other.share.value, rel=1e-9)
    assert one.steps.high == pytest.approx(other.steps.high, rel=1e-6)
