"""Anis & Lloyd 1976: the mean rescaled range of independent normal numbers.

The paper's table was not at hand: small cases are worked by hand (the range of two numbers over their standard
deviation is always 1; of three it is an integral), others are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from nowake.domain.errors import BadParameter
from nowake.microstructure.efficiency import expected_rescaled_range


def test_of_two_numbers_it_is_one() -> None:
    assert 1.0 == pytest.approx(expected_rescaled_range(2), rel=1e-14)


def test_of_three_numbers_it_is_the_integral_over_a_circle() -> None:
    """Three deviations are a point of a circle: only its angle matters, and the angle is even."""

    def ratio(angle: float) -> float:
        e1, e2 = np.array([1, -1, 0]) / math.sqrt(2), np.array([1, 1, -2]) / math.sqrt(6)
        away = math.cos(angle) * e1 + math.sin(angle) * e2
        path = np.concatenate(([0.0], np.cumsum(away)))
        return float(np.ptp(path) / np.sqrt(np.mean(away**2)))

    corners = [k * math.pi / 6 for k in range(1, 12)]
    mean = quad(ratio, 0, 2 * math.pi, points=corners, limit=200)[0] / (2 * math.pi)
    assert mean == pytest.approx(expected_rescaled_range(3), rel=1e-6)


@pytest.mark.parametrize("size", [8, 40])
def test_of_more_numbers_it_is_what_draws_give(size: int) -> None:
    x = np.random.default_rng(size).standard_normal((40_000, size))
    away = x - x.mean(axis=1, keepdims=True)
    path = np.column_stack([np.zeros(len(x)), np.cumsum(away, axis=1)])
    ratios = np.ptp(path, axis=1) / np.sqrt(np.mean(away**2, axis=1))
    assert abs(ratios.mean() - expected_rescaled_range(size)) < 4 * ratios.std() / math.sqrt(len(x))


def test_far_out_it_grows_as_the_root() -> None:
    """Feller 1951: R/S of n steps goes to sqrt(pi n / 2)."""
    assert math.sqrt(math.pi * 1e6 / 2) == pytest.approx(expected_rescaled_range(1_000_000), rel=2e-3)


def test_one_number_has_no_range() -> None:
    with pytest.raises(BadParameter, match="2 or more"):
        expected_rescaled_range(1)
