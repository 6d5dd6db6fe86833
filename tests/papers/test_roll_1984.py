"""Roll 1984. No printed sample could be found to repeat, so: the model's own covariance, by hand, and a closed form.

In the model, changes of price along a path ask, bid, ask, bid ... of half-spread c have covariance -4 c^2 of neighbours
about a mean of 0 (every change is 2 c, against the one before); with sides at random it is -c^2, and the spread 2 c."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.spreads.roll import ROLL, RollGauge, roll, roll_rolling


def signed(close) -> float:
    bars = np.column_stack([np.asarray(close, dtype=np.float64)] * 4)
    return float(ROLL.signed(ROLL.terms(bars).sum(axis=0)))


def test_three_changes_worked_by_hand():
    # Logs 0, 2, 1, 3: changes 2, -1, 2. Pairs (-1, 2) and (2, -1): products -2, -2; means 0.5 and 0.5.
    # cov = (-4 - 2 * 0.5 * 0.5) / (2 - 1) = -4.5, S = sqrt(18).
    assert np.sqrt(18) == pytest.approx(signed(np.exp([0.0, 2.0, 1.0, 3.0])), rel=1e-12)


def test_all_sides_in_turn_give_the_closed_form():
    c, changes = 0.001, 40
    close = np.exp(c * np.array([1, -1] * (changes // 2) + [1]))
    pairs = changes - 1
    # Pair products are all -4 c^2; of the 39 first members 20 are 2 c, 19 -2 c, and of the second likewise.
    mean = 2 * c / pairs
    covariance = (-4 * c**2 * pairs + pairs * mean**2) / (pairs - 1)
    assert np.sqrt(-4 * covariance) == pytest.approx(signed(close), rel=1e-9)


def test_sides_at_random_give_the_spread():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 0.0005, 40_000))
    found = roll(np.exp(walk + 0.001 * rng.choice([-1, 1], 40_000)))
    assert 20.0 == pytest.approx(found.value, abs=4 * found.spread_bps.sd)
    assert 0.15 > found.spread_bps.sd / 20.0


def test_a_covariance_above_zero_gives_no_spread_and_the_signed_root_beside():
    rng = np.random.default_rng(1)
    steps = rng.normal(0, 0.001, 300)
    trending = roll(np.exp(np.cumsum(steps + np.append(0, steps[:-1]))))
    assert trending.spread_bps is None
    assert np.isnan(trending.value)
    assert 0 > trending.signed_bps.value


def test_prices_that_stand_still_tell_nothing():
    assert np.isnan(signed(np.full(50, 10.0)))


def test_the_gauge_told_prices_is_the_window():
    rng = np.random.default_rng(2)
    close = np.exp(0.01 * rng.normal(size=60))
    gauge = RollGauge(window=20)
    values = []
    for price in close.tolist():
        gauge.update(price)
        values.append(gauge.value)
    np.testing.assert_allclose(values, roll_rolling(close, window=20), rtol=1e-12)
