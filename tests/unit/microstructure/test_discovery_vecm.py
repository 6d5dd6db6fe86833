"""The model from cross-products: as regressions row by row, as statsmodels, and as a refit of resampled rows."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.adfvalues import mackinnoncrit
from statsmodels.tsa.stattools import adfuller
from statsmodels.tsa.vector_ar.vecm import VECM, coint_johansen
from tests.reference.discovery import regression_rows

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.discovery import Grid, correcting_markets
from nowake.microstructure.discovery.cointegration import dickey_fuller_critical, examine
from nowake.microstructure.discovery.vecm import choose_lags, cross_products, estimate

ALPHA = [[-0.05, -0.05], [0.1, 0.0], [0.02, 0.15]]
OMEGA = [[1e-8, 3e-9, 2e-9], [3e-9, 1.5e-8, 4e-9], [2e-9, 4e-9, 2e-8]]


@pytest.fixture(scope="module")
def three() -> Grid:
    return correcting_markets(ALPHA, OMEGA, rows=1_500, seed=4, basis=[0.02, 9.0])


@pytest.fixture(scope="module")
def two() -> Grid:
    return correcting_markets([[-0.05], [0.15]], [[1e-8, 4e-9], [4e-9, 2e-8]], rows=1_500, seed=5, basis=[0.5])


def test_it_is_least_squares_of_rows_whose_lags_lie_in_their_stretch(three: Grid) -> None:
    stretch = np.repeat([0, 1, 2], [400, 3, 1_097])
    sums, rows = cross_products(three.log_prices, stretch, lags=2)
    fit = estimate(sums[0], int(rows[0]), markets=3, lags=2, most_lags=2)
    causes, steps = (np.array(part) for part in regression_rows(three.log_prices, stretch, 2))
    assert len(steps) == rows[0] == 397 + 1_094
    weights, *_ = np.linalg.lstsq(causes, steps, rcond=None)
    np.testing.assert_allclose(fit.alpha, weights[1:3].T, rtol=1e-8)
    np.testing.assert_allclose(fit.gamma[0], weights[3:6].T, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(fit.gamma[1], weights[6:9].T, rtol=1e-7, atol=1e-10)
    left = steps - causes @ weights
    np.testing.assert_allclose(fit.omega, left.T @ left / len(steps), rtol=1e-8)


@pytest.mark.parametrize("lags", [0, 1, 4])
def test_it_is_the_error_correction_model_of_statsmodels(two: Grid, lags: int) -> None:
    """Its cointegrating vector (1, -b) is estimated; with the second price times b it is the one we know."""
    peer = VECM(two.log_prices, k_ar_diff=lags, coint_rank=1, deterministic="co").fit()
    b = -float(peer.beta[1, 0] / peer.beta[0, 0])
    scale = np.array([1.0, b])
    scaled = two.log_prices * scale
    sums, rows = cross_products(scaled, two.stretch, lags=lags)
    fit = estimate(sums[0], int(rows[0]), markets=2, lags=lags, most_lags=lags)
    np.testing.assert_allclose(fit.alpha[:, 0] / scale, peer.alpha[:, 0] * peer.beta[0, 0], rtol=1e-8)
    ours = np.concatenate([np.zeros((2, 0)), *(lag / scale[:, None] * scale for lag in fit.gamma)], axis=1)
    np.testing.assert_allclose(ours, peer.gamma, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.omega / np.outer(scale, scale), peer.sigma_u, rtol=1e-8)


def test_blocks_add_up_to_the_whole_and_fewer_lags_are_a_part_of_more(three: Grid) -> None:
    edges = np.array([0, 100, 101, 900, 1_490])
    parts, rows = cross_products(three.log_prices, three.stretch, lags=9, blocks=edges)
    whole, _ = cross_products(three.log_prices, three.stretch, lags=9)
    np.testing.assert_array_equal(np.diff(edges), rows)
    np.testing.assert_allclose(parts.sum(axis=0), whole[0], rtol=1e-11, atol=1e-18)
    late, _ = cross_products(three.log_prices[7:], three.stretch[7:], lags=2)
    ours = estimate(whole[0], 1_490, markets=3, lags=2, most_lags=9)
    np.testing.assert_allclose(ours.psi, estimate(late[0], 1_490, markets=3, lags=2, most_lags=2).psi, rtol=1e-9)


def test_a_resampled_sum_is_a_refit_of_resampled_rows(two: Grid) -> None:
    edges = np.linspace(0, 1_497, 13).astype(int)
    sums, rows = cross_products(two.log_prices, two.stretch, lags=2, blocks=edges)
    weights = np.random.default_rng(1).multinomial(12, np.full(12, 1 / 12)).astype(float)
    ours = estimate(np.tensordot(weights, sums, 1), weights @ rows, markets=2, lags=2, most_lags=2)
    causes, steps = (np.array(part) for part in regression_rows(two.log_prices, two.stretch, 2))
    drawn = np.concatenate(
        [np.tile(np.arange(a, b), int(w)) for a, b, w in zip(edges, edges[1:], weights, strict=False)]
    )
    refit, *_ = np.linalg.lstsq(causes[drawn], steps[drawn], rcond=None)
    np.testing.assert_allclose(ours.alpha[:, 0], refit[1], rtol=1e-8)


def test_many_at_once_are_each_alone(two: Grid) -> None:
    sums, rows = cross_products(two.log_prices, two.stretch, lags=1, blocks=np.array([0, 500, 1_000, 1_498]))
    together = estimate(sums, rows, markets=2, lags=1, most_lags=1)
    for at in range(3):
        alone = estimate(sums[at], int(rows[at]), markets=2, lags=1, most_lags=1)
        np.testing.assert_allclose(together.psi[at], alone.psi, rtol=1e-12)


def test_criteria_find_the_lags_that_made_the_prices() -> None:
    rng, x, step = np.random.default_rng(3), np.zeros(2), np.zeros((4_003, 2))
    prices = np.zeros((4_003, 2))
    gamma = [np.array([[0.2, 0.1], [0.0, 0.2]]), np.array([[0.0, 0.2], [0.2, 0.0]])]
    for t in range(2, 4_003):
        step[t] = np.array([-0.1, 0.1]) * (x[0] - x[1]) + gamma[0] @ step[t - 1] + gamma[1] @ step[t - 2]
        step[t] += rng.normal(0, 1e-4, 2)
        x = x + step[t]
        prices[t] = x
    sums, rows = cross_products(prices, np.zeros(len(prices), np.int64), lags=8)
    chosen = {c: choose_lags(sums[0], int(rows[0]), markets=2, most_lags=8, criterion=c) for c in ("bic", "aic")}
    assert chosen["bic"] == 2 <= chosen["aic"]
    with pytest.raises(BadParameter, match="criterion 'hqc'"):
        choose_lags(sums[0], int(rows[0]), markets=2, most_lags=8, criterion="hqc")  # type: ignore[arg-type]


def test_two_prices_that_are_the_same_are_refused(two: Grid) -> None:
    same = np.column_stack((two.log_prices[:, 0], two.log_prices[:, 0]))
    sums, rows = cross_products(same, two.stretch, lags=1)
    with pytest.raises(Unidentified):
        estimate(sums[0], int(rows[0]), markets=2, lags=1, most_lags=1)


@pytest.mark.parametrize("lags", [0, 3])
def test_dickey_fuller_is_that_of_statsmodels(three: Grid, lags: int) -> None:
    sums, rows = cross_products(three.log_prices, three.stretch, lags=lags)
    found = examine(sums[0], int(rows[0]), names=three.names, lags=lags, most_lags=lags, level=0.05)
    for other, statistic in enumerate(found.statistics, 1):
        basis = three.log_prices[:, 0] - three.log_prices[:, other]
        peer = adfuller(basis, maxlag=lags, autolag=None, regression="c", result_object=False)
        assert statistic == pytest.approx(peer[0], rel=1e-7)


@pytest.mark.parametrize("rows", [100, 5_000])
def test_critical_values_are_mackinnons(rows: int) -> None:
    wanted = mackinnoncrit(N=1, regression="c", nobs=rows)
    np.testing.assert_allclose([dickey_fuller_critical(rows, level) for level in (0.01, 0.05, 0.1)], wanted, rtol=1e-12)


def test_the_trace_is_johansens(three: Grid, two: Grid) -> None:
    """statsmodels takes means out before the lags, so the last digits differ."""
    for grid in (three, two):
        sums, rows = cross_products(grid.log_prices, grid.stretch, lags=2)
        found = examine(sums[0], int(rows[0]), names=grid.names, lags=2, most_lags=2, level=0.05)
        peer = coint_johansen(grid.log_prices, det_order=0, k_ar_diff=2)
        m = len(grid.names)
        assert found.trace == pytest.approx(peer.lr1[m - 2], rel=0.02)
        assert found.trace_critical == pytest.approx(peer.cvt[m - 2, 1], abs=1e-4)
