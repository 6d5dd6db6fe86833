"""Gonzalo & Granger 1995, "Estimation of common long-memory components in cointegrated systems", JBES 13.

No printed number is repeated: their examples' data are not here. The definition is: the common component is
alpha_perp' x, so weights are orthogonal to alpha and depend on nothing else; by hand for two markets, and by a null
space."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import null_space

from nowake.microstructure.discovery import component_shares
from nowake.microstructure.discovery.vecm import common_weights


@pytest.mark.parametrize(
    ("alpha", "shares"),
    [((-0.05, 0.15), (0.75, 0.25)), ((0.0, 0.2), (1.0, 0.0)), ((-0.1, 0.1), (0.5, 0.5)), ((0.05, 0.15), (1.5, -0.5))],
)
def test_two_markets_by_hand(alpha: tuple[float, float], shares: tuple[float, float]) -> None:
    """alpha_2 / (alpha_2 - alpha_1) and the rest; negative where a market runs away from the other."""
    psi = common_weights(np.array(alpha)[:, None], np.zeros((0, 2, 2)))
    np.testing.assert_allclose(component_shares(psi), shares, atol=1e-14)


@pytest.mark.parametrize("markets", [2, 3, 4, 6])
def test_weights_span_what_alpha_does_not(markets: int) -> None:
    rng = np.random.default_rng(markets)
    alpha, gamma = rng.normal(size=(markets, markets - 1)), 0.1 * rng.normal(size=(2, markets, markets))
    perpendicular = null_space(alpha.T)[:, 0]
    np.testing.assert_allclose(
        component_shares(common_weights(alpha, gamma)), perpendicular / perpendicular.sum(), rtol=1e-9
    )


def test_weights_are_what_a_unit_of_news_leaves_for_good() -> None:
    """Run the model on by hand after one unit of news in each market: all prices end where psi says."""
    alpha, gamma = np.array([[-0.2, 0.05], [0.1, -0.02], [0.1, 0.3]]), np.zeros((1, 3, 3))
    gamma[0] = [[0.1, 0.05, 0.0], [0.0, -0.1, 0.1], [0.05, 0.0, 0.1]]
    psi = common_weights(alpha, gamma)
    for market in range(3):
        x, step = np.eye(3)[market], np.eye(3)[market]
        for _ in range(2_000):
            step = alpha @ (x[0] - x[1:]) + gamma[0] @ step
            x = x + step
        np.testing.assert_allclose(x, np.full(3, psi[market]), atol=1e-10)
