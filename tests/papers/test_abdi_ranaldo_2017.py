"""Abdi & Ranaldo 2017. No printed sample could be confirmed, so: by hand, and the model's own limit.

In the model, without volatility, every day's middle is the market and every close half a spread off: S exactly."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.spreads.abdi_ranaldo import abdi_ranaldo


def test_without_volatility_the_spread_is_exact():
    rng = np.random.default_rng(0)
    count, half = 50, 0.003
    high, low = np.full(count, np.exp(half)), np.full(count, np.exp(-half))
    close = np.exp(half * rng.choice([-1, 1], count))
    assert 2e4 * half == pytest.approx(abdi_ranaldo(high, low, close).value, rel=1e-9)
    assert 2e4 * half == pytest.approx(abdi_ranaldo(high, low, close, two_day=True).value, rel=1e-9)


def test_thirteen_bars_worked_by_hand():
    # Logs: middles 0 and 2 in turn, closes at 1 in all: each product is (1 - 0)(1 - 2) = -1, S^2 = -4.
    middle = np.array([0.0, 2.0] * 6 + [0.0])
    high, low, close = np.exp(middle + 1.5), np.exp(middle - 1.5), np.exp(np.ones(13))
    found = abdi_ranaldo(high, low, close)
    assert -2e4 == pytest.approx(found.signed_bps.value, rel=1e-12)
    assert found.spread_bps is None
    # Closes at 3 and -1: products (3 - 0)(3 - 2) = 3 and (-1 - 2)(-1 - 0) = 3, S^2 = 12.
    close = np.exp(np.array([3.0, -1.0] * 6 + [3.0]))
    high, low = np.exp(middle + 3.5), np.exp(middle - 3.5)
    assert 1e4 * np.sqrt(12) == pytest.approx(abdi_ranaldo(high, low, close).value, rel=1e-12)


def test_the_two_day_form_is_the_mean_of_roots_and_never_below_zero():
    rng = np.random.default_rng(3)
    middle = np.cumsum(rng.normal(0, 0.02, 100))
    close = middle + rng.normal(0, 0.005, 100)
    high, low = np.exp(middle + 0.02), np.exp(middle - 0.02)
    products = 4 * (close[:-1] - middle[:-1]) * (close[:-1] - middle[1:])
    found = abdi_ranaldo(high, low, np.exp(close), two_day=True)
    assert 1e4 * np.sqrt(np.maximum(products, 0)).mean() == pytest.approx(found.value, rel=1e-10)
