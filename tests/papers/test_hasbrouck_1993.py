"""Hasbrouck 1993 on Roll's market, which the paper works out: p = m + c q, q a coin, r = u + c (q_t - q_{t-1}).

With signed trades the pricing error is c itself. Returns alone are a moving average r_t = e_t - theta e_{t-1} with
theta s^2 = c^2, whose bound is theta s = c sqrt(theta): less than c. His figures for NYSE stocks need data that are not
printed. The infinite sums are checked against the moving-average form worked out term by term."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nowake.microstructure.efficiency import pricing_error
from nowake.microstructure.efficiency.pricing_error import _columns, _decomposed, _products

Pair = tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", "np.ndarray[tuple[int], np.dtype[np.float64]]"]


def roll(count: int, half_spread: float, seed: int) -> Pair:
    rng = np.random.default_rng(seed)
    side = rng.choice([-1.0, 1.0], count + 1)
    return rng.standard_normal(count) + half_spread * np.diff(side), side[1:]


@pytest.mark.parametrize("half_spread", [0.3, 1.0, 2.0])
def test_signed_trades_find_the_half_spread(half_spread: float) -> None:
    returns, side = roll(40_000, half_spread, seed=11)
    found = pricing_error(returns, side, lags=3)
    assert half_spread == pytest.approx(found.sd.value, rel=0.05)
    assert found.sd.low < half_spread < found.sd.high
    assert found.random_walk_sd.low < 1.0 < found.random_walk_sd.high
    assert half_spread**2 == pytest.approx(found.share.value, rel=0.1)


def test_returns_alone_find_less() -> None:
    c = 1.0
    returns, _ = roll(40_000, c, seed=2)
    rho = -(c**2) / (1 + 2 * c**2)
    theta = (-1 + math.sqrt(1 - 4 * rho**2)) / (2 * rho)
    found = pricing_error(returns, lags=12)
    assert 0.618 == pytest.approx(c * math.sqrt(theta), abs=1e-3)
    assert c * math.sqrt(theta) == pytest.approx(found.sd.value, rel=0.05)


def test_the_sums_are_those_of_the_moving_average_term_by_term() -> None:
    returns, side = roll(500, 1.0, seed=3)
    lags, rows = 2, 498
    x = np.column_stack([np.ones(rows), returns[1:-1], side[1:-1], returns[:-2], side[:-2]])
    y = np.column_stack([returns[2:], side[2:]])
    coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
    residuals = y - x @ coefficients
    omega = residuals.T @ residuals / (rows - 5)
    phi = [coefficients[1:3].T, coefficients[3:5].T]
    psi = [np.eye(2)]
    for k in range(1, 400):
        psi.append(sum(phi[j] @ psi[k - 1 - j] for j in range(min(lags, k))))
    tails = np.cumsum(np.array(psi)[::-1, 0, :], axis=0)[::-1]
    variance = sum(tail @ omega @ tail for tail in -tails[1:])
    # The estimate before its lean is taken off is the plain one.
    columns, unit = _columns(returns, side, lags)
    products, _ = _products(columns, lags)
    plain = _decomposed(products.sum(axis=0)[None], 2, lags)[0] * unit**2
    assert variance == pytest.approx(plain[0], rel=1e-9)
    assert tails[0] @ omega @ tails[0] == pytest.approx(plain[1], rel=1e-9)


def test_prices_in_other_units_and_sides_the_other_way_round() -> None:
    returns, side = roll(2_000, 1.0, seed=4)
    found = pricing_error(returns, side)
    for scale, way in ((100.0, 1.0), (1.0, -1.0), (1e-6, 1000.0)):
        again = pricing_error(returns * scale, side * way)
        assert found.sd.value * scale == pytest.approx(again.sd.value, rel=1e-9)
        assert found.share.high == pytest.approx(again.share.high, rel=1e-9)
    flipped = pricing_error(-returns, -side)
    assert found.sd.value == pytest.approx(flipped.sd.value, rel=1e-9)
