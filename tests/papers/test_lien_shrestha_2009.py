"""Lien & Shrestha 2009, "A new information share measure", Journal of Futures Markets 29.

No printed number could be confirmed; a case whose root is rational is worked by hand instead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from nowake.microstructure.discovery import information_shares, modified_shares


def test_two_markets_by_hand() -> None:
    """Correlation 24/25 has the root [[0.8, 0.6], [0.6, 0.8]]; psi V = (3, 2), so (3.6, 3.4)^2 over 24.52."""
    omega = np.array([[1.0, 1.92], [1.92, 4.0]])
    np.testing.assert_allclose(modified_shares(np.array([3.0, 1.0]), omega), [12.96 / 24.52, 11.56 / 24.52], rtol=1e-13)


@pytest.mark.parametrize("markets", [2, 3, 5])
def test_shares_are_those_of_the_root_of_the_correlation_not_of_the_covariance(markets: int) -> None:
    rng = np.random.default_rng(markets)
    root = rng.normal(size=(markets, markets + 1))
    psi, omega = rng.normal(size=markets), root @ root.T
    sd = np.sqrt(np.diag(omega))
    wanted = ((psi * sd) @ np.real(sqrtm(omega / np.outer(sd, sd)))) ** 2 / (psi @ omega @ psi)
    shares = modified_shares(psi, omega)
    np.testing.assert_allclose(shares, wanted, rtol=1e-9)
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert not np.allclose(shares, (psi @ np.real(sqrtm(omega))) ** 2 / (psi @ omega @ psi), rtol=1e-3)


def test_it_lies_within_the_bounds_of_two_markets_and_is_theirs_without_correlation() -> None:
    psi, omega = np.array([3.0, 1.0]), np.array([[1.0, 0.4], [0.4, 2.0]])
    bounds, shares = information_shares(psi, omega), modified_shares(psi, omega)
    assert np.all((bounds.low < shares) & (shares < bounds.high))
    apart = np.diag([1.0, 2.0])
    np.testing.assert_allclose(modified_shares(psi, apart), information_shares(psi, apart).mid, rtol=1e-13)
