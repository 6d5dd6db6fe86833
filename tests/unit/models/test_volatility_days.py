"""Over the day, over night and tomorrow."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from tests.unit.models.makers import MINUTE, SECOND, session
from tests.unit.models.volume_days import bars_of

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volatility import Diurnal, bucket_returns, forecast, price_returns, whole_day
from nowake.models.volatility.forecast import _har
from nowake.models.volatility.whole_day import weights

HOUR = session(close_s=3600)
SHAPE = np.linspace(2, 0.6, 13)
SHAPE = SHAPE / math.sqrt(float(np.mean(SHAPE**2)))
Floats = npt.NDArray[np.float64]


def days(n: int, *, seed: int = 1, jumps: int = 0) -> Floats:
    """Returns with the shape, their own level each day, and jumps of twenty standard deviations in bucket 7."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.01, (n, 13)) * SHAPE * rng.lognormal(0, 0.4, (n, 1))
    returns[:jumps, 6] += 0.2
    return returns


def test_factor_is_the_shape_the_returns_were_made_with() -> None:
    found = Diurnal.fit(days(400))
    assert found.factor == pytest.approx(SHAPE, rel=0.12)
    assert np.mean(found.factor**2) == pytest.approx(1)


def test_interval_of_a_factor_holds_the_truth_as_often_as_it_says() -> None:
    found = [Diurnal.fit(days(60, seed=seed)) for seed in range(100)]
    assert 0.92 <= np.mean([(each.low <= SHAPE) & (SHAPE <= each.high) for each in found]) <= 0.97


def test_jumps_do_not_raise_the_factor_of_their_bucket() -> None:
    clean, jumped = Diurnal.fit(days(100)), Diurnal.fit(days(100, jumps=5))
    assert jumped.factor[6] == pytest.approx(clean.factor[6], rel=0.05)
    assert jumped.cut >= clean.cut + 4


def test_parts_of_the_day_add_up_to_the_whole_in_variance() -> None:
    found = Diurnal.fit(days(60))
    assert found.part_of_day(0, 13) == pytest.approx(1)
    assert found.part_of_day(0, 5) ** 2 + found.part_of_day(5, 13) ** 2 == pytest.approx(1)
    assert found.part_of_day(0, 1) == pytest.approx(found.factor[0] / math.sqrt(13))
    with pytest.raises(BadParameter, match="buckets 3 to 3"):
        found.part_of_day(3, 3)


def test_pause_of_the_venue_has_no_volatility_and_a_bucket_that_hardly_moves_is_refused() -> None:
    closed = np.insert(days(40), 5, 0.0, axis=1)
    found = Diurnal.fit(closed)
    assert (found.factor[5], found.low[5], found.high[5]) == (0, 0, 0)
    still = days(40)
    still[:30, 4] = 0.0
    with pytest.raises(BadData, match="bucket 5 does not move on half of the days"):
        Diurnal.fit(still)
    with pytest.raises(BadData, match="9 days"):
        Diurnal.fit(days(9))


def test_returns_of_a_day_begin_at_its_first_price_so_the_night_is_not_in_them() -> None:
    bars = bars_of(HOUR, [(-5, 50, 9), (0, 100, 1), (20, 102, 1), (40, 101, 1)], move=0.0)
    found = bucket_returns(bars, HOUR, bucket_ns=20 * MINUTE)
    assert found == pytest.approx([0, math.log(102 / 100), math.log(101 / 102)])
    times = np.array([-5, 0, 1500, 2700]) * SECOND
    by_price = price_returns(times, np.array([50.0, 100, 102, 101]), HOUR, bucket_ns=20 * MINUTE)
    assert by_price == pytest.approx([0, math.log(102 / 100), math.log(101 / 102)])
    assert np.isnan(price_returns(times[:1], np.array([5.0]), HOUR, bucket_ns=20 * MINUTE)).all()


def test_weights_of_night_and_session_are_those_that_a_search_finds() -> None:
    rng = np.random.default_rng(4)
    level = rng.lognormal(0, 0.5, 5_000)
    night, day = level * rng.chisquare(1, 5_000) * 0.3, level * rng.lognormal(-0.02, 0.2, 5_000)
    a, b = weights(night, day)
    far = np.abs(np.log(night + day) - np.median(np.log(night + day)))
    keep = far <= 5 * 1.4826 * np.median(far)
    night, day = night[keep], day[keep]
    whole = np.mean(night + day)
    found = min(
        (float(np.var(share * whole / night.mean() * night + (1 - share) * whole / day.mean() * day)), share)
        for share in np.linspace(0, 1, 2_001)
    )[1]
    assert a == pytest.approx(found * whole / night.mean(), abs=0.01)
    assert b == pytest.approx((1 - found) * whole / day.mean(), abs=0.01)
    assert a * night.mean() + b * day.mean() == pytest.approx(whole)


def test_whole_day_has_the_night_and_the_session_in_it() -> None:
    rng = np.random.default_rng(5)
    found = whole_day(rng.normal(0, 0.01, 500), np.full(500, 0.02**2) * rng.lognormal(-0.02, 0.2, 500))
    assert found.overnight.value == pytest.approx(0.01, rel=0.1)
    assert found.session.value == pytest.approx(0.02, rel=0.05)
    assert found.whole.value == pytest.approx(math.sqrt(0.01**2 + 0.02**2), rel=0.03)
    assert found.overnight_weight < 0.5


def test_market_that_never_closes_has_no_night_to_weigh() -> None:
    rng = np.random.default_rng(6)
    found = whole_day(rng.normal(0, 1e-5, 60), rng.lognormal(-8, 0.3, 60))
    assert (found.overnight_weight, found.session_weight) == (1.0, 1.0)
    continuous = whole_day(np.zeros(60), rng.lognormal(-8, 0.3, 60))
    assert (continuous.overnight.value, continuous.whole.value) == (0.0, continuous.session.value)
    with pytest.raises(BadData, match="never moved inside 60 sessions"):
        whole_day(np.ones(60), np.zeros(60))
    with pytest.raises(BadData, match="19 days with a night before them"):
        whole_day(np.append(np.full(41, np.nan), rng.normal(0, 1, 19)), np.ones(60))


def _levels(n: int, seed: int, memory: float = 0.9) -> Floats:
    rng = np.random.default_rng(seed)
    h = np.zeros(n)
    for k in range(1, n):
        h[k] = memory * h[k - 1] + rng.normal(0, 0.2)
    return 0.015 * np.exp(h + rng.normal(0, 0.1, n))


def test_forecast_interval_holds_the_next_day_as_often_as_it_says() -> None:
    held, off = [], []
    for seed in range(120):
        series = _levels(81, seed)
        found = forecast(series[:80])
        held.append(found.next.low <= series[80] <= found.next.high)
        off.append(found.next.value / series[80])
    assert 0.90 <= np.mean(held) <= 0.99
    assert np.mean(off) == pytest.approx(1, abs=0.1)


def test_forecast_of_a_calm_series_beats_the_last_day() -> None:
    found = forecast(_levels(200, 3, memory=0.3))
    assert found.ways[0].name != "last day"
    assert {way.name for way in found.ways} == {"last day", "EWMA", "HAR"}
    assert found.ways[0].error < next(way.error for way in found.ways if way.name == "last day")


def test_har_is_least_squares_on_day_week_and_month() -> None:
    logs = np.log(_levels(120, 9))
    rows = np.array([[1, logs[k - 1], logs[k - 5 : k].mean(), logs[k - 22 : k].mean()] for k in range(22, 121)])
    X, y = rows[:-1], logs[22:]
    beta = np.linalg.solve(X.T @ X, X.T @ y)
    assert _har(logs) == pytest.approx(float(beta @ rows[-1]), rel=1e-9)


def test_few_days_are_refused_and_a_short_series_is_forecast_without_a_month() -> None:
    with pytest.raises(BadData, match="14 days of volatility"):
        forecast(_levels(14, 1))
    with pytest.raises(BadData, match="volatility 0 must be finite and above 0"):
        forecast([0.01] * 14 + [0.0])
    assert forecast(_levels(20, 1)).ways[0].name in {"last day", "EWMA"}
