"""R² is the share of weighted variance; out of sample the past alone predicts; buckets hold what they say."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.goodness import by_size, forward_r2, r_squared
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve
from nowake.models.impact import SquareRoot
from nowake.statistics.measurement import t_of


def problem(**changed: object) -> Problem:
    design = Design(**({"orders": 3_000, "days": 50} | changed))  # type: ignore[arg-type]
    return Problem.of(SquareRoot, generate_orders(SquareRoot(y=0.8), 2, design), later=False)


def test_r_squared_is_the_share_of_weighted_variance() -> None:
    cost, fitted, weights = np.array([1.0, 2.0, 6.0]), np.array([1.0, 3.0, 5.0]), np.array([2.0, 1.0, 1.0])
    # The weighted mean is 2.5; squares around it 2 * 2.25 + 0.25 + 12.25 = 17; what is left 1 + 1.
    assert r_squared(cost, fitted, weights) == pytest.approx(1 - 2 / 17)


def test_forward_r_squared_is_near_that_in_sample_for_a_true_model() -> None:
    whole = problem(orders=30_000)
    solution = solve(whole)
    inside = r_squared(whole.cost_bps, whole.cost_bps - solution.residuals, 1 / solution.scale_bps**2)
    assert forward_r2(whole, solution) == pytest.approx(inside, abs=0.02)
    assert inside > 0.05


def test_forward_r_squared_is_below_0_when_the_future_is_another() -> None:
    whole = problem(orders=30_000)
    turned = np.where(whole.day >= 25, -whole.cost_bps, whole.cost_bps)
    changed = dataclasses.replace(whole, cost_bps=turned)
    assert forward_r2(changed, solve(whole)) < 0


def test_fewer_than_five_days_have_no_forward_r_squared() -> None:
    few = problem(days=4)
    assert math.isnan(forward_r2(few, solve(few)))


def test_buckets_hold_equal_numbers_small_to_large_and_the_weighted_means() -> None:
    whole = problem()
    solution = solve(whole)
    buckets = by_size(whole, solution, level=0.95)
    assert [bucket.orders for bucket in buckets] == [300] * 10
    assert (np.diff([bucket.share_of_day for bucket in buckets]) > 0).all()
    size = whole.terms.share_of_day
    rows = np.argsort(size)[-300:]
    weights = 1 / solution.scale_bps[rows] ** 2
    assert buckets[-1].observed_bps == pytest.approx(np.average(whole.cost_bps[rows], weights=weights))
    assert buckets[-1].fitted_bps == pytest.approx(np.average(whole.predict(solution.values)[rows], weights=weights))


def test_buckets_of_a_true_model_hold_the_fit_in_their_intervals() -> None:
    whole = problem(orders=30_000)
    buckets = by_size(whole, solve(whole), level=0.99)
    assert sum(bucket.low_bps <= bucket.fitted_bps <= bucket.high_bps for bucket in buckets) >= 9


def test_a_bucket_of_one_cluster_has_no_interval() -> None:
    whole = problem(orders=100, days=1, symbols=1)
    buckets = by_size(whole, solve(whole), level=0.95)
    assert buckets[0].clusters == 1
    assert math.isinf(buckets[0].high_bps)


def test_the_interval_of_a_bucket_is_the_clustered_one_of_a_weighted_mean() -> None:
    whole = problem()
    solution = solve(whole)
    last = by_size(whole, solution, level=0.95)[-1]
    rows = np.argsort(whole.terms.share_of_day)[-300:]
    weights, cost, cell = 1 / solution.scale_bps[rows] ** 2, whole.cost_bps[rows], whole.cell[rows]
    mean = np.average(cost, weights=weights)
    pulls = [(weights * (cost - mean))[cell == each].sum() / weights.sum() for each in np.unique(cell)]
    groups = len(pulls)
    half = t_of(0.95, groups - 1) * np.sqrt(groups / (groups - 1) * np.square(pulls).sum())
    assert (last.low_bps, last.high_bps) == pytest.approx((mean - half, mean + half))
