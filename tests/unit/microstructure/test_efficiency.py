"""Efficiency on processes of known truth, on columns that cannot be measured, and how often intervals hold."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.efficiency import (
    DecayedEfficiency,
    EfficiencyMonitor,
    RollingAutocorrelation,
    RollingHurst,
    RollingPriceDelay,
    RollingPricingError,
    RollingVarianceRatio,
    autocorrelations,
    decayed_efficiency,
    even_mids,
    fractional_noise,
    hurst_dfa,
    hurst_rescaled_range,
    hurst_whittle,
    price_delay,
    pricing_error,
    still,
    variance_ratios,
)
from nowake.microstructure.efficiency.hurst import _fluctuation
from nowake.microstructure.efficiency.lean import without_lean
from nowake.microstructure.efficiency.price_delay import delay_share
from nowake.microstructure.efficiency.variance_ratio import random_walk_se

Floats = np.ndarray[Any, np.dtype[np.float64]]
MEASURES: list[Callable[[Floats], object]] = [
    variance_ratios,
    autocorrelations,
    hurst_whittle,
    lambda x: hurst_dfa(x, repeats=20),
    lambda x: hurst_rescaled_range(x, repeats=20),
    pricing_error,
    lambda x: price_delay(x, np.random.default_rng(1).standard_normal(x.shape[-1])),
    lambda x: price_delay(np.random.default_rng(1).standard_normal(x.shape[-1]), x),
    lambda x: decayed_efficiency(x, halflife=50.0),
]
SEED = np.random.default_rng(20)
PLAIN = SEED.standard_normal(1_000)


def autoregression(phi: float, count: int, rng: np.random.Generator) -> Floats:
    return np.asarray(lfilter([1.0], [1.0, -phi], rng.standard_normal(count + 200))[200:])


def bursts(count: int, rng: np.random.Generator) -> Floats:
    """Returns that cannot be foretold, of volatility that can (GARCH(1, 1), a + b = 0.95)."""
    noise, variance, returns = rng.standard_normal(count + 200), 1.0, []
    for each in noise.tolist():
        returns.append(math.sqrt(variance) * each)
        variance = 0.05 + 0.15 * returns[-1] ** 2 + 0.8 * variance
    return np.array(returns[200:])


# --- What cannot be measured.


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("column", "says"),
    [
        (np.zeros(1_000), "never varies"),
        (np.full(1_000, 0.1), "never varies"),
        (np.where(np.arange(1_000) == 7, math.nan, PLAIN), "first nan at 7"),
        (np.where(np.arange(1_000) == 7, math.inf, PLAIN), "first inf at 7"),
        (PLAIN[:20], "fewer than"),
        (PLAIN[:0], "fewer than"),
        (PLAIN.reshape(2, -1), "dimensions"),
    ],
    ids=["nought", "constant", "nan", "infinite", "short", "empty", "table"],
)
def test_columns_that_tell_nothing_are_refused(measure: Callable[[Floats], object], column: Floats, says: str) -> None:
    with pytest.raises(BadData, match=says):
        measure(column)


@pytest.mark.parametrize("measure", MEASURES[:6])
def test_the_unit_and_the_side_of_returns_are_no_matter(measure: Callable[[Floats], Any]) -> None:
    def number(found: Any) -> float:
        for name in ("rows", "lags", "share"):
            inner = getattr(found, name, None)
            found = inner[0] if isinstance(inner, tuple) else found if isinstance(inner, int | None) else inner
        return float(getattr(found, "ratio", getattr(found, "correlation", found)).high)

    one = number(measure(PLAIN))
    assert one == pytest.approx(number(measure(-PLAIN)), rel=1e-9)
    assert one == pytest.approx(number(measure(1e-5 * PLAIN)), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: variance_ratios(PLAIN, aggregations=(1,)), "2 or more"),
        (lambda: variance_ratios(PLAIN, aggregations=()), "2 or more"),
        (lambda: variance_ratios(PLAIN, aggregations=(2, 2)), "different"),
        (lambda: autocorrelations(PLAIN, lags=(0,)), "1 or more"),
        (lambda: hurst_whittle(PLAIN, bandwidth=0.9), "bandwidth"),
        (lambda: hurst_dfa(PLAIN, repeats=3), "repeats 3"),
        (lambda: pricing_error(PLAIN, repeats=3), "repeats 3"),
        (lambda: pricing_error(PLAIN, lags=0), "lags 0"),
        (lambda: price_delay(PLAIN, PLAIN, lags=0), "lags 0"),
        (lambda: price_delay(PLAIN, PLAIN, repeats=1), "repeats 1"),
        (lambda: fractional_noise(10, 1.0, seed=0), "hurst 1"),
        (lambda: fractional_noise(0, 0.5, seed=0), "1 or more"),
        (lambda: RollingVarianceRatio(4, 20), "window 20"),
        (lambda: RollingAutocorrelation(0, 100), "lag 0"),
        (lambda: RollingHurst(100), "window 100"),
        (lambda: RollingHurst(200, bandwidth=0.0), "bandwidth"),
        (lambda: RollingPricingError(50), "window 50"),
        (lambda: RollingPricingError(500, lags=0), "lags 0"),
        (lambda: RollingPriceDelay(500, lags=0), "lags 0"),
        (lambda: DecayedEfficiency(0.0), "halflife 0"),
        (lambda: EfficiencyMonitor(40), "window 40"),
        (lambda: EfficiencyMonitor(100, lags=()), "lags"),
    ],
)
def test_parameters_out_of_range_are_refused(call: Callable[[], object], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        call()


def test_prices_given_for_returns_are_found_out() -> None:
    prices = 100 + np.cumsum(PLAIN)
    with pytest.raises(BadData, match="give returns, not prices"):
        hurst_whittle(np.cumsum(prices))
    with pytest.raises(Unidentified, match="give returns, not prices"):
        pricing_error(prices)


def test_a_market_that_explains_nothing_has_no_delay() -> None:
    with pytest.raises(Unidentified, match="explains nothing"):
        price_delay(PLAIN, np.random.default_rng(5).standard_normal(1_000))
    with pytest.raises(BadData, match="one for each step"):
        price_delay(PLAIN, PLAIN[:-1])
    with pytest.raises(BadData, match="one for each step"):
        pricing_error(PLAIN, np.sign(PLAIN[:-1]))
    with pytest.raises(BadData, match="signed trades are"):
        pricing_error(PLAIN, np.ones(1_000))


def sparse(seed: int, count: int = 6_000) -> Floats:
    """A price that moves in three short stretches and stands still all the rest."""
    column = np.zeros(count)
    for start in (500, 2_700, 5_100):
        column[start : start + 60] = np.random.default_rng(seed + start).standard_normal(60)
    return column


def test_resamples_without_a_move_do_no_harm() -> None:
    own, market = sparse(1), sparse(1) + 0.1 * sparse(2)
    assert pricing_error(own).random_walk_sd.high > 0.1
    assert price_delay(own, market).share.high < 0.2


def test_columns_that_are_one_are_refused() -> None:
    with pytest.raises(Unidentified, match="hold one another"):
        pricing_error(PLAIN, 2 * PLAIN)
    with pytest.raises(Unidentified, match="hold one another"):
        price_delay(PLAIN, np.tile([1.0, -1.0], 500) + 0)


# --- Other computations of the same.


def test_correlations_are_those_of_statsmodels() -> None:
    found = autocorrelations(PLAIN, lags=(1, 2, 7))
    theirs = acf(PLAIN, nlags=7)
    np.testing.assert_allclose([each.correlation.value for each in found.lags], theirs[[1, 2, 7]], rtol=1e-12)
    box = acorr_ljungbox(PLAIN, lags=[5], boxpierce=True)
    even = autocorrelations(PLAIN)
    # Of even returns the robust statistic is near Box and Pierce's.
    assert float(box["bp_stat"].iloc[0]) == pytest.approx(even.q, rel=0.15)


def test_fractional_noise_has_the_covariance_of_its_h() -> None:
    for hurst in (0.2, 0.5, 0.8):
        noise = fractional_noise(64, hurst, seed=1, series=20_001)
        assert (20_001, 64) == noise.shape
        products = noise[:, :1] * noise[:, :6]
        lag = np.arange(6.0)
        expected = 0.5 * ((lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + np.abs(lag - 1) ** (2 * hurst))
        error = products.std(axis=0) / math.sqrt(len(noise))
        assert (np.abs(products.mean(axis=0) - expected) < 4.5 * error).all()
        spread = noise.sum(axis=1).std() / 64**hurst
        assert 1.0 == pytest.approx(spread, abs=0.03)


def test_fluctuations_are_those_about_a_line_fitted_to_each_block() -> None:
    path = np.cumsum(PLAIN - PLAIN.mean())
    for size in (8, 50):
        step = np.arange(size)
        squares = []
        for start in range(0, 1_000 - size + 1, size):
            block = path[start : start + size]
            squares.append(np.mean((block - np.polyval(np.polyfit(step, block, 1), step)) ** 2))
        assert math.sqrt(np.mean(squares)) == pytest.approx(_fluctuation(path[None, :], size)[0], rel=1e-9)


def test_draws_are_the_same_of_the_same_seed() -> None:
    first, again, other = (hurst_dfa(PLAIN, repeats=20, seed=seed) for seed in (4, 4, 5))
    assert first == again != other
    assert pricing_error(PLAIN, seed=4) == pricing_error(PLAIN, seed=4)


# --- Known truth.


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.8])
def test_h_of_fractional_noise_is_found_by_each_way(hurst: float) -> None:
    column = fractional_noise(2_048, hurst, seed=17)[0]
    for found in (hurst_whittle(column), hurst_dfa(column, repeats=40), hurst_rescaled_range(column, repeats=40)):
        assert hurst == pytest.approx(found.value, abs=0.1)
        assert found.high - found.low < 0.3


def test_rescaled_ranges_of_a_random_walk_do_not_lean() -> None:
    """Over forty walks the mean is within three of its errors of a half, and of what few draws add."""
    walks = np.random.default_rng(6).standard_normal((40, 512))
    found = [hurst_rescaled_range(walk, repeats=20, seed=100 * place).value for place, walk in enumerate(walks)]
    assert abs(np.mean(found) - 0.5) < 3 * np.std(found) / math.sqrt(40) + 0.01


def test_z_of_bursts_is_right_where_that_of_even_returns_is_not() -> None:
    rng = np.random.default_rng(7)
    rows = [variance_ratios(bursts(500, rng), aggregations=(2,)).rows[0] for _ in range(200)]
    plain = np.mean([abs(row.z) > 1.96 for row in rows])
    robust = np.mean([abs(row.z_robust) > 1.96 for row in rows])
    assert robust < 0.1
    assert plain > robust + 0.02


def test_the_joint_test_rejects_a_random_walk_as_seldom_as_it_says_and_a_bounce_surely() -> None:
    rng = np.random.default_rng(8)
    walks = [variance_ratios(rng.standard_normal(500)).p_value for _ in range(200)]
    assert np.mean(np.array(walks) < 0.05) < 0.09
    bounce = rng.standard_normal(500) + np.diff(rng.choice([-1.0, 1.0], 501))
    found = variance_ratios(bounce)
    assert found.p_value < 1e-4
    assert all(row.ratio.high < 1 for row in found.rows)


def held(truths: Floats, repeats: int, make: Callable[[np.random.Generator], list[Any]]) -> Floats:
    """How often each interval holds its truth."""
    found = [make(np.random.default_rng(seed)) for seed in range(repeats)]
    return np.asarray(
        np.mean([[m.low <= t <= m.high for m, t in zip(row, truths, strict=True)] for row in found], axis=0)
    )


def ratios_of(phi: float, count: int) -> Callable[[np.random.Generator], list[Any]]:
    def make(rng: np.random.Generator) -> list[Any]:
        column = autoregression(phi, count, rng)
        rows = variance_ratios(column, aggregations=(2, 8)).rows
        lags = autocorrelations(column, lags=(1, 3)).lags
        return [*(row.ratio for row in rows), *(lag.correlation for lag in lags)]

    return make


def truths_of(phi: float) -> Floats:
    ratios = [1 + 2 * sum((1 - k / q) * phi**k for k in range(1, q)) for q in (2, 8)]
    return np.array([*ratios, phi, phi**3])


@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.3])
def test_ratios_and_correlations_hold_the_truth_of_an_autoregression(phi: float) -> None:
    assert (held(truths_of(phi), 150, ratios_of(phi, 600)) > 0.86).all()


@pytest.mark.study
@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.3])
def test_ratios_and_correlations_hold_at_the_rate_they_say(phi: float) -> None:
    rate = held(truths_of(phi), 600, ratios_of(phi, 2_000))
    assert ((rate > 0.91) & (rate < 0.98)).all(), rate


def test_intervals_of_h_hold() -> None:
    noise = fractional_noise(1_024, 0.7, seed=9, series=150)
    rate = np.mean([found.low < 0.7 < found.high for found in map(hurst_whittle, noise)])
    assert rate > 0.89


@pytest.mark.study
@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7, 0.85])
def test_intervals_of_h_hold_at_the_rate_they_say(hurst: float) -> None:
    noise = fractional_noise(1_024, hurst, seed=10, series=300)
    whittle = np.mean([found.low < hurst < found.high for found in map(hurst_whittle, noise)])
    assert 0.90 < whittle < 0.98, whittle
    for way in (hurst_dfa, hurst_rescaled_range):
        found = [way(row, repeats=60, seed=place) for place, row in enumerate(noise[:100])]
        rate = np.mean([each.low < hurst < each.high for each in found])
        assert rate > 0.87, (way.__name__, rate)


def test_what_resamples_lean_by_is_taken_off_but_not_below_nought() -> None:
    draws = np.linspace(2.0, 4.0, 201)  # Their mean is 1 above the estimate, so the estimate is 1 above the truth.
    found = without_lean(2.0, draws, level=0.95, blocks=10_000, n=1, method="")
    assert 1.0 == pytest.approx(found.value)
    assert (0.05, 1.95) == pytest.approx((found.low, found.high), abs=1e-3)
    assert 0.0 == without_lean(0.5, draws, level=0.95, blocks=60, n=1, method="").value
    assert 3.1 == without_lean(3.5, draws, level=0.95, blocks=60, n=1, method="", most=3.1).high


def rolls(half_spread: float, count: int) -> Callable[[np.random.Generator], list[Any]]:
    def make(rng: np.random.Generator) -> list[Any]:
        side = rng.choice([-1.0, 1.0], count + 1)
        returns = rng.standard_normal(count) + half_spread * np.diff(side)
        found = pricing_error(returns, side[1:], repeats=200)
        return [found.sd, found.random_walk_sd]

    return make


@pytest.mark.parametrize("half_spread", [0.0, 0.5])
def test_pricing_errors_hold_the_half_spread(half_spread: float) -> None:
    assert (held(np.array([half_spread, 1.0]), 60, rolls(half_spread, 800)) > 0.82).all()


@pytest.mark.study
@pytest.mark.parametrize("half_spread", [0.0, 0.3, 1.0])
def test_pricing_errors_hold_at_the_rate_they_say(half_spread: float) -> None:
    rate = held(np.array([half_spread, 1.0]), 400, rolls(half_spread, 2_000))
    assert (rate > 0.90).all(), rate


def delays(late: float, count: int) -> Callable[[np.random.Generator], list[Any]]:
    def make(rng: np.random.Generator) -> list[Any]:
        market = rng.standard_normal(count + 1)
        returns = market[1:] + late * market[:-1] + rng.standard_normal(count)
        found = price_delay(returns, market[1:], repeats=200)
        return [found.share, found.steps]

    return make


def test_delays_hold_the_truth() -> None:
    assert (held(np.array([0.2, 1 / 3]), 60, delays(0.5, 600)) > 0.82).all()


@pytest.mark.study
@pytest.mark.parametrize("late", [0.0, 0.2, 0.5])
def test_delays_hold_at_the_rate_they_say(late: float) -> None:
    rate = held(np.array([late**2 / (1 + late**2), late / (1 + late)]), 400, delays(late, 1_500))
    assert (rate > 0.88).all(), rate


# --- Beside a live market.


def test_the_delay_gauge_is_the_function_over_its_window() -> None:
    rng = np.random.default_rng(11)
    market = rng.standard_normal(400)
    own = market + 0.5 * np.roll(market, 1) + rng.standard_normal(400)
    gauge = RollingPriceDelay(200, lags=2)
    for place in range(400):
        gauge.on_market(float(market[place]))
        gauge.update(float(own[place]))
        if place in (50, 100, 199, 250, 399):
            first = max(0, place - 199)
            kept = slice(first, place + 1)
            try:
                expected = delay_share(own[kept], market[kept], lags=2)
            except BadData:
                expected = math.nan
            np.testing.assert_allclose(gauge.value, expected, rtol=1e-12)
    gauge.update(1.0)
    gauge.on_market(math.nan)
    gauge.update(1.0)
    assert 2 == gauge.passed_over


def test_a_panel_says_what_its_parts_do() -> None:
    monitor = EfficiencyMonitor(500)
    assert math.isnan(monitor.value)
    assert monitor.panel().ratios is None
    for number in PLAIN.tolist():
        monitor.update(number)
    monitor.update(math.nan)
    panel, kept = monitor.panel(), PLAIN[-500:]
    assert panel.ratios == variance_ratios(kept)
    assert panel.correlations == autocorrelations(kept)
    assert panel.hurst == hurst_whittle(kept)
    assert panel.pricing_error == pricing_error(kept)
    assert panel.ratios is not None
    assert panel.ratios.largest == monitor.value
    assert (500, 1, 0.0) == (panel.n, panel.passed_over, panel.still)
    assert 500 == pytest.approx(panel.n_effective, rel=0.2)
    assert "variance ratios of 500" in str(panel)


def test_bursts_make_fewer_returns_of_many() -> None:
    monitor = EfficiencyMonitor(1_000)
    for number in bursts(1_000, np.random.default_rng(12)).tolist():
        monitor.update(number)
    assert monitor.panel().n_effective < 700


def test_a_panel_of_a_price_that_stands_still_is_empty() -> None:
    monitor = EfficiencyMonitor(200)
    for _ in range(300):
        monitor.update(0.0)
    panel = monitor.panel()
    assert [None] * 4 == [panel.ratios, panel.correlations, panel.hurst, panel.pricing_error]
    assert 1.0 == panel.still
    assert math.isnan(monitor.value)


def test_fading_without_fading_is_lo_and_mackinlay_with_a_mean_of_nought() -> None:
    even = np.concatenate((PLAIN, -PLAIN))
    found = decayed_efficiency(even, halflife=1e15)
    rho = acf(even, nlags=15)
    for ours, row in zip(found.ratios, variance_ratios(even).rows, strict=True):
        q = ours.aggregation
        assert 1 + 2 * sum((1 - k / q) * rho[k] for k in range(1, q)) == pytest.approx(ours.ratio, rel=1e-9)
        # The same robust standard error, whatever the divisors of the two ratios.
        assert (row.ratio.value - 1) / row.z_robust == pytest.approx((ours.ratio - 1) / ours.z, rel=1e-9)
    assert random_walk_se(2, 2_000) == pytest.approx((found.ratios[0].ratio - 1) / found.ratios[0].z, rel=0.1)


def test_a_market_that_turned_is_seen_where_the_past_fades() -> None:
    rng = np.random.default_rng(13)
    turned = np.concatenate((rng.standard_normal(5_000), autoregression(-0.5, 300, rng)))
    panel = decayed_efficiency(turned, halflife=100.0)
    assert panel.z_correlation < -3
    assert panel.correlation == pytest.approx(-0.5, abs=0.15)
    assert panel.p_value < 0.01
    assert 100 < panel.n_effective < 400


# --- Even steps.


def quotes(*rows: tuple[int, int, int, int, int]) -> Quotes:
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    return Quotes(*columns)


def test_mids_at_even_steps_are_those_that_stood() -> None:
    told = quotes(
        (0, 99, 1, 101, 1), (10, 100, 1, 102, 1), (15, 103, 1, 102, 1), (20, 101, 0, 103, 1), (31, 102, 1, 104, 1)
    )
    np.testing.assert_array_equal([100, 101, 101, 101], even_mids(told, step_ns=10))
    np.testing.assert_array_equal([101, 103], even_mids(told, step_ns=20, start_ns=-9, end_ns=31))
    np.testing.assert_array_equal([100, 101], even_mids(told, step_ns=5, start_ns=5, end_ns=10))


def test_quotes_without_a_mid_are_refused() -> None:
    with pytest.raises(BadData, match="no two-sided"):
        even_mids(quotes(), step_ns=10)
    with pytest.raises(BadData, match="no two-sided"):
        even_mids(quotes((0, 99, 1, 98, 1), (5, 99, 0, 101, 1)), step_ns=10)
    with pytest.raises(BadParameter, match="step_ns 0"):
        even_mids(quotes((0, 99, 1, 101, 1)), step_ns=0)
    with pytest.raises(BadParameter, match="before the start"):
        even_mids(quotes((0, 99, 1, 101, 1)), step_ns=1, start_ns=5, end_ns=4)
    with pytest.raises(BadData, match="after the end"):
        even_mids(quotes((10, 99, 1, 101, 1)), step_ns=1, start_ns=0, end_ns=4)


def test_moves_of_nought_are_counted() -> None:
    assert 0.5 == still(np.array([0.0, 1.0, 0.0, 2.0]))
    assert 0.0 == still(np.empty(0))


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e-100, 1e80, 1e150, 1e300])
def test_what_has_no_unit_does_not_mind_returns_of_any_size(size: float) -> None:
    exponent = math.frexp(size)[1]
    plain = np.random.default_rng(1).standard_normal(500)
    other = plain + 0.5 * np.random.default_rng(2).standard_normal(500)
    scaled, market = np.ldexp(plain, exponent), np.ldexp(other, exponent)
    assert variance_ratios(plain) == variance_ratios(scaled)
    assert autocorrelations(plain) == autocorrelations(scaled)
    assert hurst_whittle(plain) == hurst_whittle(scaled)
    assert hurst_dfa(plain, repeats=20) == hurst_dfa(scaled, repeats=20)
    assert hurst_rescaled_range(plain, repeats=20) == hurst_rescaled_range(scaled, repeats=20)
    assert price_delay(plain, other, repeats=50) == price_delay(scaled, market, repeats=50)
    assert decayed_efficiency(plain, halflife=100.0) == decayed_efficiency(scaled, halflife=100.0)
    error, here = pricing_error(plain, repeats=50), pricing_error(scaled, repeats=50)
    assert error.share == here.share
    assert math.ldexp(error.sd.value, exponent) == here.sd.value
    gauge, same = DecayedEfficiency(100.0), DecayedEfficiency(100.0)
    for number in plain.tolist():
        gauge.update(number)
        same.update(math.ldexp(number, exponent))
    assert gauge.value == same.value


def test_a_return_out_of_all_proportion_is_refused_and_changes_nothing() -> None:
    gauge = DecayedEfficiency(100.0)
    for number in np.random.default_rng(1).standard_normal(100).tolist():
        gauge.update(number)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData, match=r"1e\+90 is out of all proportion"):
        gauge.update(1e90)
    assert before == pickle.dumps(gauge)
