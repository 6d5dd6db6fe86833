from __future__ import annotations

import dataclasses
import functools

import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.crossval import cross_validate, ratio_of_sums
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve
from nowake.models.impact import SquareRoot


@functools.cache
def problem(orders: int = 2_000, days: int = 60, seed: int = 1) -> Problem:
    return Problem.of(SquareRoot, generate_orders(SquareRoot(y=1.0), seed, Design(orders=orders, days=days)))


def test_every_forecast_is_made_by_a_fit_to_the_days_before_the_block_less_the_embargo() -> None:
    whole = problem()
    found = cross_validate(whole, blocks=4, first=0.5, embargo_days=2)
    begins = [30, 37, 45, 52]
    for begin, end, block in zip(begins, [*begins[1:], 60], found.blocks, strict=True):
        past = whole.take(whole.day < begin - 2)
        rows = np.flatnonzero((whole.day >= begin) & (whole.day < end))
        assert block.fitted == len(past)
        assert block.forecast == len(rows)
        solution = solve(past)
        errors = whole.cost_bps - whole.predict(solution.values)
        np.testing.assert_allclose(errors[rows], found.error[np.isin(found.rows, rows)], atol=1e-3)


def test_an_order_of_several_days_is_fitted_to_when_it_has_ended() -> None:
    whole = dataclasses.replace(problem(), later_bps=None)
    long = np.arange(len(whole)) % 3 == 0
    sessions = np.where(long, 4.5, whole.terms.days)
    terms = msgspec.structs.replace(whole.terms, days=sessions)
    found = cross_validate(dataclasses.replace(whole, terms=terms), blocks=1, first=0.5, embargo_days=0)
    assert found.blocks[0].fitted == int((np.where(long, whole.day + 5, whole.day) < 30).sum())


def test_the_price_after_an_order_is_fitted_to_a_day_later() -> None:
    whole = problem()
    assert whole.later_bps is not None
    at_once = cross_validate(whole, blocks=1, first=0.5, embargo_days=0)
    assert at_once.blocks[0].fitted == int((whole.day < 29).sum())


def test_no_forecast_changes_when_later_costs_do() -> None:
    whole = problem()
    before = cross_validate(whole, blocks=3)
    cut = before.blocks[0].forecast + before.blocks[1].forecast
    cost = whole.cost_bps.copy()
    last = before.rows[cut:]
    cost[last] += 500.0
    after = cross_validate(dataclasses.replace(whole, cost_bps=cost), blocks=3)
    np.testing.assert_array_equal(before.error[:cut], after.error[:cut])
    np.testing.assert_array_equal(before.variance, after.variance)
    np.testing.assert_allclose(before.error[cut:] + 500, after.error[cut:])


def test_the_numbers_are_those_of_their_formulas() -> None:
    whole = dataclasses.replace(problem(), later_bps=None, names=("y",))
    found = cross_validate(whole, blocks=1, first=0.5, embargo_days=0, loss=Loss())
    past = whole.take(whole.day < 30)
    solution = solve(past, loss=Loss())
    later = whole.take(whole.day >= 30)
    weight = 1 / solution.noise.variance(later.risk_bps**2)
    error = later.cost_bps - later.predict(solution.values)
    naive = later.cost_bps - np.average(past.cost_bps, weights=1 / solution.scale_bps**2)
    assert found.r2.value == pytest.approx(1 - (weight @ error**2) / (weight @ naive**2))
    assert found.error_bps.value == pytest.approx(np.sqrt((weight @ error**2) / weight.sum()))
    assert found.bias_bps.value == pytest.approx((weight @ error) / weight.sum())
    assert found.blocks[0].r2 == pytest.approx(found.r2.value)


def test_a_right_model_forecasts_without_bias_and_as_well_as_noise_allows() -> None:
    found = cross_validate(problem(orders=8_000, days=200))
    assert found.bias_bps.low < 0 < found.bias_bps.high
    assert found.r2.low > 0.1
    unit = float(np.mean(found.error**2 / found.variance))
    assert unit == pytest.approx(1.0, abs=0.1)


def test_costs_that_have_nothing_to_do_with_size_score_nothing() -> None:
    whole = problem()
    noise = np.random.default_rng(5).normal(size=len(whole)) * whole.risk_bps
    found = cross_validate(dataclasses.replace(whole, cost_bps=noise))
    assert found.r2.low < 0.01
    assert found.r2.high < 0.05


def test_a_ratio_of_sums_has_the_cluster_jackknife_s_error() -> None:
    """An independent computation: leave out each cluster and see how far the ratio moves."""
    rng = np.random.default_rng(2)
    codes = np.sort(rng.integers(0, 200, 3_000))
    under = rng.uniform(1, 2, len(codes))
    over = under * 3 + rng.normal(size=200)[codes] + rng.normal(size=len(codes))
    ratio, se, groups = ratio_of_sums(over, under, codes)
    left_out = np.array([over[codes != g].sum() / under[codes != g].sum() for g in range(200)])
    jackknife = np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum())
    assert groups == 200
    assert ratio == pytest.approx(over.sum() / under.sum())
    assert se == pytest.approx(jackknife, rel=0.02)


@pytest.mark.study
def test_ninety_five_percent_intervals_of_the_bias_hold_no_bias_95_times_of_100() -> None:
    held = 0
    for seed in range(400):
        cost = generate_orders(SquareRoot(y=1.0), seed, Design(orders=800, days=60, shared=0.3, market=0.1))
        held += (found := cross_validate(Problem.of(SquareRoot(y=1.0), cost)).bias_bps).low < 0 < found.high
    assert 0.92 <= held / 400 <= 0.98


def test_too_few_days_and_senseless_settings_are_refused() -> None:
    with pytest.raises(Unidentified, match="7 days of orders are too few to forecast 5 blocks"):
        cross_validate(problem(orders=200, days=7))
    with pytest.raises(BadParameter, match=r"first 1\.5 between 0 and 1"):
        cross_validate(problem(), first=1.5)


def test_it_prints_its_numbers_and_the_blocks_in_time_order() -> None:
    found = cross_validate(problem(), blocks=2)
    lines = str(found).split("\n")
    assert lines[0].startswith(f"R²         {found.r2.value:.6g} [")
    assert lines[-1] == f"R² of blocks in time order: {found.blocks[0].r2:.3f}, {found.blocks[1].r2:.3f}"
