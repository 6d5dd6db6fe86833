"""Amihud 2002, equation 1. The paper prints averages over stocks only, so the definition is worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.spreads.amihud import AmihudGauge, amihud, ratios_of
from nowake.statistics.regression import default_lags

CLOSE = np.array([10.0, 11.0, 11.0, 9.9, 9.9, 10.89, 10.89])
VOLUME = np.array([1e6, 1e6, 2e6, 5e5, 0.0, 1e6, 1e5])


def test_it_is_the_mean_of_ratios_and_not_the_ratio_of_means():
    # Returns 10 %, 0, -10 %, 0 (no volume), 10 %, 0 on 11, 22, 4.95, 0, 10.89 and 1.089 million.
    wanted = np.mean([0.1 / 11, 0.0, 0.1 / 4.95, 0.1 / 10.89, 0.0])
    found = amihud(CLOSE, VOLUME)
    assert wanted == pytest.approx(found.per_million.value, rel=1e-12)
    assert 1e4 * wanted == pytest.approx(found.bps_per_million, rel=1e-12)
    of_means = (0.3 / 6) / ((11 + 22 + 4.95 + 0 + 10.89 + 1.089) / 6)
    assert abs(of_means - found.per_million.value) > 0.2 * of_means
    assert (7, 1, 1, 5) == (found.bars, found.without_volume, found.missing, found.per_million.n)


def test_the_interval_is_newey_wests():
    rng = np.random.default_rng(0)
    close = np.exp(np.cumsum(rng.normal(0, 0.01, 300)))
    volume = rng.lognormal(14, 0.5, 300)
    found = amihud(close, volume).per_million
    ratios = ratios_of(close, volume)[1:]
    fitted = sm.OLS(ratios, np.ones(len(ratios))).fit(
        cov_type="HAC", cov_kwds={"maxlags": default_lags(len(ratios)), "use_correction": True}
    )
    low, high = fitted.conf_int(0.05)[0]
    # statsmodels takes the normal quantile.
    assert (high - low) / (found.high - found.low) == pytest.approx(1.959964 / 1.967957, rel=1e-4)


def test_twice_the_volume_halves_it_and_the_multiplier_is_part_of_the_value():
    whole = amihud(CLOSE, VOLUME).per_million.value
    assert whole / 2 == pytest.approx(amihud(CLOSE, 2 * VOLUME).per_million.value, rel=1e-12)
    assert whole / 50 == pytest.approx(amihud(CLOSE, VOLUME, multiplier=50).per_million.value, rel=1e-12)


def test_the_gauge_says_what_the_history_says():
    rng = np.random.default_rng(1)
    close = np.exp(np.cumsum(rng.normal(0, 0.01, 80)))
    volume = rng.lognormal(14, 0.5, 80) * (rng.random(80) > 0.2)
    close[[20, 41]] = np.nan
    breaks = np.isin(np.arange(80), (0, 30, 60))
    ratios = ratios_of(close, volume, breaks=breaks)
    whole, window = AmihudGauge(), AmihudGauge(window=10)
    for k in range(80):
        for gauge in (whole, window):
            gauge.on_bar(close[k], volume[k], fresh=bool(breaks[k]))
        so_far = ratios[: k + 1][np.isfinite(ratios[: k + 1])]
        if len(so_far):
            assert whole.value == pytest.approx(so_far.mean(), rel=1e-12)
            assert window.value == pytest.approx(so_far[-10:].mean(), rel=1e-12)
    assert whole.value == pytest.approx(amihud(close, volume, breaks=breaks).per_million.value, rel=1e-12)
    assert (volume == 0).sum() == whole.without_volume


def test_bad_bars_are_refused():
    with pytest.raises(BadData, match="bar 1"):
        amihud(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    with pytest.raises(BadData, match="bar 0"):
        amihud(np.array([1.0, 1.0]), np.array([-1.0, 1.0]))
    with pytest.raises(BadData, match="one of each"):
        amihud(np.ones(2), np.ones(3))
    with pytest.raises(BadData, match="breaks"):
        amihud(CLOSE, VOLUME, breaks=np.zeros(2, np.bool_))
    with pytest.raises(Unidentified, match="0 of 7"):
        amihud(CLOSE, np.zeros(7))
    with pytest.raises(BadParameter, match="multiplier"):
        amihud(CLOSE, VOLUME, multiplier=0)
    with pytest.raises(BadParameter, match="window"):
        AmihudGauge(window=0)
    with pytest.raises(BadParameter, match="multiplier"):
        AmihudGauge(multiplier=-1)


@pytest.mark.parametrize("volume", [5e-324, 1e308])
def test_volume_that_leaves_no_ratio_is_refused_and_changes_nothing(volume):
    close = np.array([100.0, 101.0, 100.5])
    with pytest.raises(BadData, match=r"bar 1: .* million; no ratio holds that"):
        amihud(close, np.array([1e3, volume, 1e3]))
    gauge = AmihudGauge()
    for price in close:
        gauge.on_bar(price, 1e3)
    before = gauge.value
    with pytest.raises(BadData, match="no ratio holds that"):
        gauge.on_bar(102.0, volume)
    assert before == gauge.value
    gauge.on_bar(101.5, 1e3)
    assert ratios_of(np.array([*close, 101.5]), np.full(4, 1e3))[1:].mean() == pytest.approx(gauge.value, rel=1e-12)
