"""Shares told row by row are those of the whole grid, whatever the window, and nothing later changes them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.discovery import Grid, SharesGauge, correcting_markets, discover, recent_shares

S = 1_000_000_000
FIELDS = ("information_low", "information_high", "component", "modified")
WAYS = [{}, {"window": 120}, {"half_life": 100.0}]


@pytest.fixture(scope="module")
def grid() -> Grid:
    omega = 1e-8 * np.array([[1.0, 0.3, 0.2], [0.3, 1.5, 0.4], [0.2, 0.4, 2.0]])
    made = correcting_markets([[-0.05, -0.05], [0.1, 0.0], [0.02, 0.15]], omega.tolist(), rows=420, seed=4)
    rows = made.log_prices + np.array([10.0, 9.5, 0.0])
    rows[150, 1] = np.nan  # One market is silent: a break.
    return Grid.of_rows(rows)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("lags", [0, 2])
def test_the_gauge_says_what_the_history_says_after_every_row(grid: Grid, way: dict[str, float], lags: int) -> None:
    gauge = SharesGauge(3, lags=lags, **way)  # type: ignore[arg-type]
    told = 0
    for count in range(1, len(grid) + 1):
        gauge.on_prices(int(grid.time_ns[count - 1]), grid.log_prices[count - 1])
        if count % 7 and count < len(grid):
            continue
        cut = Grid(grid.names, grid.time_ns[:count], grid.log_prices[:count], grid.stretch[:count], S)
        wanted, now = recent_shares(cut, lags=lags, **way), gauge.shares  # type: ignore[arg-type]
        for name in FIELDS:
            np.testing.assert_allclose(getattr(now, name), getattr(wanted, name), rtol=1e-12, atol=1e-13, err_msg=name)
        assert now.rows == pytest.approx(wanted.rows, rel=1e-12)
        told += bool(np.isfinite(now.modified).all())
        np.testing.assert_equal(gauge.value, (now.information_low[0] + now.information_high[0]) / 2)
    assert told > 30


def test_a_window_forgets_what_left_it_to_the_last_digit(grid: Grid) -> None:
    """Wild rows that are long gone leave no rounding behind."""
    clean, dirty = SharesGauge(3, lags=1, window=100), SharesGauge(3, lags=1, window=100)
    wild = np.random.default_rng(1).normal(0, 1e3, (50, 3))
    start = 100 * S
    for at, row in enumerate([grid.log_prices[0], *wild]):
        dirty.on_prices(at * S, row)
    clean.on_prices(0, grid.log_prices[0])
    for at, row in enumerate(grid.log_prices[151:]):
        clean.on_prices(start + at * S, row)
        dirty.on_prices(start + at * S, row)
    np.testing.assert_allclose(dirty.shares.modified, clean.shares.modified, rtol=1e-9)


def test_the_whole_history_without_weights_is_discover(grid: Grid) -> None:
    found, recent = discover(grid, lags=2, repeats=50), recent_shares(grid, lags=2)
    np.testing.assert_allclose([market.modified.value for market in found.markets], recent.modified, rtol=1e-10)
    np.testing.assert_allclose([m.information_low.value for m in found.markets], recent.information_low, rtol=1e-9)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_gauge_killed_and_continued_ends_the_same(grid: Grid, way: dict[str, float]) -> None:
    whole = SharesGauge(3, lags=1, **way)  # type: ignore[arg-type]
    rows = list(zip(grid.time_ns.tolist(), grid.log_prices, strict=True))
    for row in rows[:200]:
        whole.on_prices(*row)
    others = [pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole)]
    for gauge in (whole, *others):
        for row in rows[200:]:
            gauge.on_prices(*row)
    for other in others:
        np.testing.assert_array_equal(whole.shares.modified, other.shares.modified)


def test_it_is_unknown_until_there_are_rows_enough_and_where_a_price_stands_still(grid: Grid) -> None:
    gauge = SharesGauge(3, lags=0)
    for row in range(30):
        gauge.on_prices(row * S, grid.log_prices[row])
        assert np.isnan(gauge.value)
    still = SharesGauge(2, lags=0)
    for row in range(200):
        still.on_prices(row * S, [grid.log_prices[row % 140, 0], 1.0])
    assert np.isnan(still.value)


def test_a_nan_or_a_gap_breaks_the_lags(grid: Grid) -> None:
    gauge, gap = SharesGauge(3, lags=1), SharesGauge(3, lags=1)
    for row in range(100):
        gauge.on_prices(row * S, grid.log_prices[row] if row != 50 else np.full(3, np.nan))
        if row != 50:
            gap.on_prices(row * S, grid.log_prices[row])
    assert gauge.shares.rows == gap.shares.rows == 100 - 2 - 3
    np.testing.assert_array_equal(gauge.shares.modified, gap.shares.modified)


def test_time_that_goes_back_or_falls_between_rows_is_refused_and_changes_nothing(grid: Grid) -> None:
    gauge = SharesGauge(3, lags=1)
    for row in range(80):
        gauge.on_prices(row * S, grid.log_prices[row])
    before = pickle.dumps(gauge)
    for time_ns in (78 * S, 79 * S, 79 * S + S // 2):
        with pytest.raises(BadData, match="less than a step"):
            gauge.on_prices(time_ns, grid.log_prices[80])
    with pytest.raises(BadData, match="2 prices is not of 3 markets"):
        gauge.on_prices(80 * S, [1.0, 2.0])
    assert before == pickle.dumps(gauge)


def test_wrong_parameters_are_refused() -> None:
    for wrong, words in (
        ({"lags": -1}, "lags -1"),
        ({"lags": 2, "window": 20}, "window 20 must be 60"),
        ({"lags": 2, "half_life": 5.0}, "half_life 5 must be 42"),
        ({"lags": 2, "half_life": 50.0, "window": 100}, "exclude"),
        ({"lags": 2, "every_ns": 0}, "every_ns 0"),
    ):
        with pytest.raises(BadParameter, match=words):
            SharesGauge(2, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="1 markets"):
        SharesGauge(1, lags=0)
