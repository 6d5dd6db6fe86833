"""The one-dimensional minimisations against a fine search, and trades put onto limits and totals against cvxpy."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from tests.reference.programmes import random_programme

from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import violation
from nowake.schedules.solvers.paths import left_after, prices_of_trades, running_sums
from nowake.schedules.solvers.polish import with_bands_kept
from nowake.schedules.solvers.totals import best_answer, exactly, nearest_with_totals
from nowake.schedules.solvers.trading import TradingCost

EXPONENTS = [1.05, 1.2, 1.5, 1.8, 2.0]


def cost_of(seed: int, exponent: float, *, spread: bool = True, limits: bool = True) -> TradingCost:
    draw = np.random.default_rng(seed)
    shape = (5, 4)
    return TradingCost(
        impact=draw.uniform(0.1, 3, shape),
        exponent=exponent,
        spread=draw.uniform(0, 1, shape) if spread else None,
        lower=-draw.uniform(0, 1, shape) if limits else None,
        upper=draw.uniform(0, 1, shape) if limits else None,
    )


def searched(cost: TradingCost, extra: Floats) -> Floats:
    """The best of 8,001 sizes from -4 to 4 for `cost + extra`, extra of shape (T, N, 8001)."""
    v = np.linspace(-4, 4, 8_001)
    value = cost.impact[..., None] * np.abs(v) ** cost.exponent + extra
    if cost.spread is not None:
        value = value + cost.spread[..., None] * np.abs(v)
    if cost.lower is not None and cost.upper is not None:
        value = np.where((v < cost.lower[..., None]) | (v > cost.upper[..., None]), np.inf, value)
    return v[value.argmin(axis=-1)]


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize(("spread", "limits"), [(False, False), (True, False), (True, True)])
def test_the_nearest_trade_is_the_best_of_a_fine_search(exponent: float, spread: bool, limits: bool) -> None:
    cost = cost_of(1, exponent, spread=spread, limits=limits)
    draw = np.random.default_rng(2)
    wish, weight = draw.normal(size=(5, 4)), draw.uniform(0.1, 3, (5, 4))
    v = np.linspace(-4, 4, 8_001)
    expected = searched(cost, weight[..., None] / 2 * (v - wish[..., None]) ** 2)
    assert cost.nearest(wish, weight) == pytest.approx(expected, abs=1.01e-3)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize(("spread", "limits"), [(False, False), (True, False), (True, True)])
def test_the_answer_to_a_price_is_the_best_of_a_fine_search(exponent: float, spread: bool, limits: bool) -> None:
    cost = cost_of(3, exponent, spread=spread, limits=limits)
    urge = np.random.default_rng(4).normal(size=(5, 4)) * 0.8
    v = np.linspace(-4, 4, 8_001)
    expected = searched(cost, -urge[..., None] * v)
    found, _ = cost.answer(urge)
    assert np.where(np.abs(found) > 4, expected, found) == pytest.approx(expected, abs=1.01e-3)


@pytest.mark.parametrize("exponent", [1.2, 1.5, 2.0])
def test_the_slope_of_the_answer_is_its_difference(exponent: float) -> None:
    cost = cost_of(5, exponent)
    urge = np.random.default_rng(6).normal(size=(5, 4))
    step = 1e-6
    (up, _), (down, _) = cost.answer(urge + step), cost.answer(urge - step)
    _, slope = cost.answer(urge)
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.0])
def test_answers_add_up_to_the_totals_at_one_price_an_asset(exponent: float) -> None:
    cost = cost_of(7, exponent)
    prices = np.random.default_rng(8).normal(size=(5, 4))
    totals = np.array([0.5, -0.7, 0.0, 1.5])
    trades, psi = best_answer(cost, prices, totals, np.zeros(4))
    assert trades.sum(axis=0) == pytest.approx(totals, abs=1e-9)
    assert trades == pytest.approx(cost.answer(psi - prices)[0], abs=1e-9)


def test_the_projection_onto_limits_and_totals_is_that_of_cvxpy() -> None:
    cost = cost_of(9, 1.5)
    draw = np.random.default_rng(10)
    wish, weight, totals = draw.normal(size=(5, 4)), draw.uniform(0.1, 3, (5, 4)), np.array([0.5, -0.7, 0.0, 1.5])
    v = cp.Variable((5, 4))
    limits = [cp.sum(v, axis=0) == totals, v >= cost.lower, v <= cost.upper]
    cp.Problem(cp.Minimize(cp.sum(cp.multiply(weight, cp.square(v - wish)))), limits).solve(solver=cp.CLARABEL)
    assert nearest_with_totals(wish, weight, totals, cost) == pytest.approx(v.value, abs=1e-6)


def test_rounding_errors_go_where_there_is_room() -> None:
    cost = TradingCost(impact=np.ones((3, 1)), lower=np.zeros((3, 1)), upper=np.array([[1.0], [2.0], [5.0]]))
    trades = exactly(np.array([[1.0], [2.0], [0.5]]), np.array([3.5 + 1e-9]), cost)
    assert trades[:2, 0].tolist() == [1.0, 2.0]
    assert trades.sum() == pytest.approx(3.5 + 1e-9, abs=1e-15)


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 7])
def test_trades_near_the_bands_are_put_inside_them(seed: int) -> None:
    programme = random_programme(seed, assets=6, buckets=10, bands=3, deadlines=seed % 2 == 0)
    trading = TradingCost(impact=programme.impact, lower=programme.lower, upper=programme.upper)
    weight = 2 * programme.impact
    draw = np.random.default_rng(seed)
    wish = programme.quantities / 10 * (1 + 0.5 * draw.normal(size=programme.shape))
    trades = nearest_with_totals(wish, weight, programme.quantities, trading)
    assert violation(programme, trades) > 1e-6
    kept = with_bands_kept(programme, trading, trades, weight)
    assert kept is not None
    assert violation(programme, kept) <= 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_what_is_put_inside_the_bands_moves_no_further_than_needed(seed: int) -> None:
    programme = random_programme(seed, assets=4, buckets=6, bands=2)
    trading = TradingCost(impact=programme.impact, lower=programme.lower, upper=programme.upper)
    size = np.abs(programme.quantities)
    weight = np.tile(1 / size**2, (6, 1))
    wish = programme.quantities / 6 * (1 + 0.6 * np.random.default_rng(seed).normal(size=(6, 4)))
    trades = nearest_with_totals(wish, weight, programme.quantities, trading)
    u = cp.Variable((6, 4))
    held = [programme.quantities / size - cp.sum(u[: k + 1], axis=0) for k in range(5)]
    reach = np.abs(programme.bands) @ size
    limits = [
        cp.sum(u, axis=0) == programme.quantities / size,
        u >= programme.lower / size,
        u <= programme.upper / size,
    ]
    for k in range(5):
        exposure = (programme.bands * size / reach[:, None]) @ held[k]
        limits += [exposure >= programme.band_low[k] / reach, exposure <= programme.band_high[k] / reach]
    cp.Problem(cp.Minimize(cp.sum_squares(u - trades / size)), limits).solve(solver=cp.CLARABEL)
    kept = with_bands_kept(programme, trading, trades, weight)
    assert kept is not None
    assert ((kept - trades) ** 2 * weight).sum() == pytest.approx(
        float(((u.value - trades / size) ** 2).sum()), rel=1e-4, abs=1e-9
    )


def test_a_price_of_what_is_left_is_a_price_of_the_trades_before() -> None:
    """The same sum either way: prices of holdings times holdings, up to what was there at the start."""
    draw = np.random.default_rng(1)
    trades, prices, start = draw.normal(size=(6, 3)), draw.normal(size=(5, 3)), draw.normal(size=3)
    left = left_after(start, trades)
    assert left == pytest.approx((start - np.cumsum(trades, axis=0))[:-1], abs=1e-12)
    expected = (prices * left).sum()
    assert (prices_of_trades(prices) * trades).sum() + prices.sum(axis=0) @ start == pytest.approx(expected)


def test_running_sums_are_cumulative_sums() -> None:
    rows = np.random.default_rng(2).normal(size=(5, 4))
    assert running_sums(rows) == pytest.approx(np.cumsum(rows, axis=0))
