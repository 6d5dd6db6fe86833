"""Hasbrouck 1995, "One security, many markets: determining the contributions to price discovery", J. of Finance 50.

The paper's own tables are of 1993 quotes that are not public; no printed number of it is repeated here. What is: its
definition worked by hand, its statement that shares add up to one within an order, and the model in which
the second market only repeats the first, whose shares are 1 and 0."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from nowake.microstructure.discovery import discover, information_shares, shares_in_order
from nowake.microstructure.discovery.simulated import correcting_markets
from nowake.microstructure.discovery.vecm import common_weights

PSI = np.array([3.0, 1.0])
OMEGA = np.array([[1.0, 0.4], [0.4, 2.0]])
WALK = 9 + 2 * 3 * 0.4 + 2  # psi Omega psi' = 13.4


def test_bounds_of_two_markets_by_hand() -> None:
    """First in line: (3 + 0.4)^2 and (3 * 0.4 + 2)^2 / 2; last in line: 9 (1 - 0.08) and 2 (1 - 0.08)."""
    shares = information_shares(PSI, OMEGA)
    np.testing.assert_allclose(shares.high, [11.56 / WALK, 5.12 / WALK], rtol=1e-14)
    np.testing.assert_allclose(shares.low, [8.28 / WALK, 1.84 / WALK], rtol=1e-14)
    np.testing.assert_allclose(shares.mid, [9.92 / WALK, 3.48 / WALK], rtol=1e-14)


def test_weights_of_two_markets_by_hand() -> None:
    """alpha = (-1/20, 3/20) without lags: the market that adjusts less weighs more, psi = (3, 1) / 4."""
    psi = common_weights(np.array([[-0.05], [0.15]]), np.zeros((0, 2, 2)))
    np.testing.assert_allclose(psi, [0.75, 0.25], rtol=1e-14)


def test_shares_add_up_to_one_within_an_order_and_their_mean_over_all_orders_does_too() -> None:
    rng = np.random.default_rng(5)
    root = rng.normal(size=(4, 4))
    psi, omega = rng.normal(size=4), root @ root.T
    assert shares_in_order(psi, omega).sum() == pytest.approx(1, abs=1e-12)
    shares = information_shares(psi, omega)
    assert shares.mean.sum() == pytest.approx(1, abs=1e-12)
    assert shares.low.sum() < 1 < shares.high.sum()


@pytest.mark.parametrize("markets", [2, 3, 4, 5])
def test_bounds_are_those_over_every_order_one_by_one(markets: int) -> None:
    rng = np.random.default_rng(markets)
    root = rng.normal(size=(markets, markets + 1))
    psi, omega = rng.normal(size=markets), root @ root.T
    found = []
    for order in map(list, permutations(range(markets))):
        one = np.empty(markets)
        one[order] = (psi[order] @ np.linalg.cholesky(omega[np.ix_(order, order)])) ** 2 / (psi @ omega @ psi)
        found.append(one)
    shares = information_shares(psi, omega)
    np.testing.assert_allclose(shares.low, np.min(found, axis=0), rtol=1e-9)
    np.testing.assert_allclose(shares.high, np.max(found, axis=0), rtol=1e-9)
    np.testing.assert_allclose(shares.mean, np.mean(found, axis=0), rtol=1e-9)


def test_news_without_correlation_has_one_share_whatever_the_order() -> None:
    shares = information_shares(np.array([1.0, 1.0, 2.0]), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(shares.low, np.array([1, 2, 12]) / 15, rtol=1e-14)
    np.testing.assert_allclose(shares.high, shares.low, rtol=1e-14)


def test_a_market_that_repeats_the_other_a_step_later_has_no_share() -> None:
    """p_1 a walk, p_2 = p_1 of a step before and noise: dp_2 = (p_1 - p_2)_{t-1} + e_2, alpha = (0, 1)."""
    grid = correcting_markets([[0.0], [1.0]], [[1e-8, 0], [0, 4e-8]], rows=20_000, seed=2)
    leader, follower = discover(grid, lags=1).markets
    assert leader.information_low.value > 0.995
    assert follower.information_high.value < 0.005
    assert follower.component.low < 0 < follower.component.high
