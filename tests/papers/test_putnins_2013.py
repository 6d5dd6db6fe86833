"""Putnins 2013, "What do price discovery metrics really measure?", Journal of Empirical Finance 23.

The paper's simulated tables could not be confirmed here, so no number of them is repeated. What is: the definition
worked by hand (codes are about that write IL / (1 + IL) for ILS, which is 0.75 where the paper's is 0.9), its 0/0, and
what the measure is for: with noise that differs, the component share goes to the quiet market and the leadership share
to the first one."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.microstructure.discovery import delayed_markets, discover, leadership_shares


def test_two_markets_by_hand() -> None:
    """IL_1 = (0.75 / 0.25)(0.5 / 0.5) = 3 and IL_2 = 1/3, so 3 / (3 + 1/3) = 0.9."""
    np.testing.assert_allclose(leadership_shares(np.array([0.75, 0.25]), np.array([0.5, 0.5])), [0.9, 0.1], rtol=1e-14)
    np.testing.assert_allclose(leadership_shares(np.array([0.5, 0.5]), np.array([0.8, 0.2])), [1 / 17, 16 / 17])


def test_the_sign_of_a_component_share_does_not_matter() -> None:
    np.testing.assert_allclose(
        leadership_shares(np.array([0.7, 0.3]), np.array([1.2, -0.2])),
        leadership_shares(np.array([0.7, 0.3]), np.array([1.2, 0.2])),
    )


def test_a_market_without_any_part_leaves_nothing_to_divide() -> None:
    assert np.isnan(leadership_shares(np.array([1.0, 0.0]), np.array([1.0, 0.0]))).all()


def test_a_market_with_no_component_but_some_information_leads_wholly() -> None:
    np.testing.assert_array_equal([0, 1], leadership_shares(np.array([0.9, 0.1]), np.array([1.0, 0.0])))


def test_three_markets_have_none() -> None:
    with pytest.raises(BadParameter, match="exactly 2"):
        leadership_shares(np.full(3, 1 / 3), np.full(3, 1 / 3))


def test_the_quiet_late_market_gets_the_component_and_the_first_the_leadership() -> None:
    """The first hears at once but tells it with six times the noise; the second hears a step later, quietly."""
    grid = delayed_markets(delays=(0, 1), noise_sd=(6e-4, 1e-5), walk_sd=1e-4, rows=60_000, seed=3)
    first, second = discover(grid, lags=20).markets
    assert first.component.high < 0.5 < second.component.low
    assert first.leadership is not None
    assert first.leadership.low > 0.5
