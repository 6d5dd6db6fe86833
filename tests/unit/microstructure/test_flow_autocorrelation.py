"""Autocorrelation of signs: the plain one is statsmodels', intervals hold the truth under long memory."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.stattools import acf
from tests.unit.microstructure import flow_worlds as worlds

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.flow import SignAutocorrelation, autocorrelation, market_orders, sample_autocorrelation
from nowake.microstructure.flow.autocorrelation import variance_of_mean
from nowake.microstructure.flow.memory import memory_exponent

LAGS = (1, 5, 20, 80)


def test_the_plain_one_is_that_of_statsmodels() -> None:
    x = np.random.default_rng(1).standard_normal(300).cumsum()
    theirs = acf(x, nlags=9, fft=False)
    np.testing.assert_allclose(theirs[1:], [sample_autocorrelation(x, lag) for lag in range(1, 10)], rtol=1e-12)
    assert np.isnan([sample_autocorrelation([1, 1, 1], 1), sample_autocorrelation([1, -1], 2)]).all()


@pytest.mark.parametrize("unit", [2.0**1_000, 2.0**-1_000, 1e300, 1e-300])
def test_the_unit_of_the_series_changes_nothing_however_large_or_small(unit: float) -> None:
    x = np.random.default_rng(2).standard_normal(400).cumsum()
    ours, theirs = autocorrelation(x, (1, 7)), autocorrelation(unit * x, (1, 7))
    np.testing.assert_allclose([e.value for e in theirs], [e.value for e in ours], rtol=1e-12)
    np.testing.assert_allclose([e.low for e in theirs], [e.low for e in ours], rtol=1e-9)
    assert sample_autocorrelation(unit * x, 7) == pytest.approx(sample_autocorrelation(x, 7), rel=1e-12)


def test_three_signs_have_no_memory_exponent() -> None:
    with pytest.raises(BadData, match="3 signs are fewer than 100"):
        memory_exponent(np.array([1.0, -1.0, 1.0]))


def test_prints_of_one_stamp_and_side_are_one_market_order() -> None:
    trades = worlds.trades_of([1, 1, 1, 1, 2, 2, 3], [1, 1, 0, -1, -1, -1, 1], [2, 3, 9, 4, 5, 6, 7])
    time_ns, sign, lots = market_orders(trades)
    assert ([1, 1, 2, 3], [1, -1, -1, 1], [5, 4, 11, 7]) == (time_ns.tolist(), sign.tolist(), lots.tolist())
    assert [0, 0, 0] == [len(each) for each in market_orders(worlds.trades_of([1], [0], [2]))]


def held(seed: int, d: float, count: int) -> list[bool]:
    """Signs of fractional Gaussian noise: their autocorrelation is 2 / pi asin of its."""
    covariance = worlds.fractional(d, count)
    signs = np.sign(worlds.gaussian(covariance, np.random.default_rng(seed)))
    truth = 2 / np.pi * np.arcsin(covariance[list(LAGS)])
    return [each.low <= rho <= each.high for each, rho in zip(autocorrelation(signs, LAGS), truth, strict=True)]


@pytest.mark.parametrize("d", [0.0, 0.25, 0.35])
def test_intervals_hold_the_autocorrelation_of_signs_that_remember(d: float) -> None:
    assert (np.mean([held(seed, d, 3_000) for seed in range(40)], axis=0) >= 0.85).all()


@pytest.mark.study
@pytest.mark.parametrize("d", [0.0, 0.15, 0.25, 0.35])
def test_intervals_hold_the_autocorrelation_at_their_level_over_five_hundred_days(d: float) -> None:
    share = np.mean([held(seed, d, 5_000) for seed in range(500)], axis=0)
    assert (share > 0.925).all()
    assert (share < 0.995).all()


def test_the_textbook_interval_would_not_hold() -> None:
    covariance = worlds.fractional(0.35, 5_000)
    truth, missed = 2 / np.pi * np.arcsin(covariance[1]), 0
    for seed in range(40):
        signs = np.sign(worlds.gaussian(covariance, np.random.default_rng(seed)))
        missed += abs(sample_autocorrelation(signs, 1) - truth) > 1.96 / np.sqrt(5_000)
    assert missed > 12


def test_the_variance_of_a_mean_is_that_of_many_means() -> None:
    for d, count in ((0.0, 2_000), (0.3, 2_000)):
        covariance = worlds.fractional(d, count)
        series = [worlds.gaussian(covariance, np.random.default_rng(seed)) for seed in range(60)]
        said = np.median([variance_of_mean(each) for each in series])
        assert count ** (2 * d - 1) == pytest.approx(said, rel=0.25)  # Exact for this noise.


def test_flipping_every_sign_and_another_lot_change_nothing() -> None:
    x = np.random.default_rng(3).choice([-1.0, 1.0], 500) * 7
    ours, theirs = (autocorrelation(each, (1, 3)) for each in (x, -3 * x))
    assert [each.value for each in ours] == pytest.approx([each.value for each in theirs])
    assert [each.low for each in ours] == pytest.approx([each.low for each in theirs])


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(BadData, match="99 market orders are fewer than 100"):
        autocorrelation(np.ones(99), (1,))
    with pytest.raises(Unidentified, match="all of 200 numbers are 1"):
        autocorrelation(np.ones(200), (1,))
    with pytest.raises(BadParameter, match="lag 21 must be from 1 to 20"):
        autocorrelation(np.arange(200.0), (21,))
    with pytest.raises(BadData, match="1 of 200 numbers are not finite"):
        autocorrelation(np.append(np.arange(199.0), np.nan), (1,))
    with pytest.raises(BadParameter, match="lag 0"):
        SignAutocorrelation(0)
