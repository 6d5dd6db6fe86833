from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from nowake.domain.errors import BadData
from nowake.models.fills.cox import fit_cox, hazards_are_proportional

TRUE = np.array([0.6, -0.4, 0.0])


def drawn(seed: int, count: int = 300, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    luck = np.random.default_rng(seed)
    x = luck.normal(size=(count, 3))
    fill, cancel = luck.exponential(np.exp(-x @ TRUE)), luck.exponential(1.5, count)
    wait_s = np.minimum(fill, cancel)
    return x, (np.ceil(wait_s * 10) / 10 if ties else wait_s), fill < cancel


@pytest.mark.parametrize("ties", [False, True])
def test_effects_and_likelihood_are_those_of_statsmodels(ties: bool) -> None:
    x, wait_s, filled = drawn(1, ties=ties)
    oracle = PHReg(wait_s, x, status=filled.astype(int), ties="efron").fit()
    found = fit_cox(x, wait_s, filled, block=None)
    assert oracle.params == pytest.approx(found.coefficients, abs=1e-6)
    assert oracle.llf == pytest.approx(found.likelihood)
    assert oracle.bse == pytest.approx(np.sqrt(np.diag(np.linalg.inv(found.information))), rel=1e-6)


def test_errors_by_block_are_lin_and_weis_sum_by_hand() -> None:
    """Lin and Wei 1989: score residuals by their double sum, added up by block between two inverse informations."""
    x, wait_s, filled = drawn(2, 120)
    group = np.arange(120) // 10
    found = fit_cox(x, wait_s, filled, block=group)
    weight = np.exp(x @ found.coefficients)
    residuals = np.zeros((120, 3))
    for k in range(120):
        for at in range(120):
            there = wait_s >= wait_s[at]
            total = weight[there].sum()
            mean = (weight[there, None] * x[there]).sum(axis=0) / total
            if filled[at] and at == k:
                residuals[k] += x[k] - mean
            if filled[at] and wait_s[k] >= wait_s[at]:
                residuals[k] -= weight[k] / total * (x[k] - mean)
    sums = np.array([residuals[group == block].sum(axis=0) for block in range(12)])
    inverse = np.linalg.inv(found.information)
    expected = inverse @ sums.T @ sums @ inverse * 12 / 11
    assert expected == pytest.approx(found.covariance[:3, :3], rel=1e-6)


def test_the_baseline_is_breslows_where_there_are_no_ties() -> None:
    x, wait_s, filled = drawn(3)
    found = fit_cox(x, wait_s, filled, horizon_s=0.5, block=None)
    weight = np.exp(x @ found.coefficients)
    stopped = filled & (wait_s <= 0.5)
    hazard = sum(1 / weight[wait_s >= at].sum() for at in wait_s[stopped])
    assert math.log(hazard) == pytest.approx(found.log_hazard)
    assert int(stopped.sum()) == found.fills


@pytest.mark.parametrize("ties", [False, True])
def test_influence_is_what_leaving_an_order_out_moves(ties: bool) -> None:
    x, wait_s, filled = drawn(4, 200, ties=ties)
    whole = fit_cox(x, wait_s, filled, horizon_s=0.8, block=None)
    moved = []
    for left_out in range(200):
        kept = np.arange(200) != left_out
        part = fit_cox(x[kept], wait_s[kept], filled[kept], horizon_s=0.8, block=None)
        moved.append([*part.coefficients, part.log_hazard])
    spread = np.cov(np.array(moved).T, ddof=0) * 199
    assert np.sqrt(np.diag(spread)) == pytest.approx(np.sqrt(np.diag(whole.covariance)), rel=0.06)


def test_the_order_of_rows_does_not_matter() -> None:
    x, wait_s, filled = drawn(5)
    block = np.arange(300) // 6
    mixed = np.random.default_rng(6).permutation(300)
    one, other = (fit_cox(x[rows], wait_s[rows], filled[rows], block=block[rows]) for rows in (np.arange(300), mixed))
    assert one.coefficients == pytest.approx(other.coefficients)
    assert one.covariance == pytest.approx(other.covariance)


def test_where_the_search_starts_does_not_matter() -> None:
    x, wait_s, filled = drawn(12)
    near, far = (fit_cox(x, wait_s, filled, block=None, start=start) for start in (None, np.array([1.0, 1.0, -1.0])))
    assert near.coefficients == pytest.approx(far.coefficients, abs=1e-6)


def test_intervals_of_effects_and_baseline_hold_the_truth_95_times_in_100() -> None:
    held, repeats = np.zeros(4), 800
    truth = np.array([*TRUE, math.log(0.7)])  # The baseline's hazard is 1 a second.
    for seed in range(repeats):
        x, wait_s, filled = drawn(seed, 250)
        found = fit_cox(x, wait_s, filled, horizon_s=0.7, block=np.arange(250) // 5)
        estimates = np.array([*found.coefficients, found.log_hazard])
        held += np.abs(estimates - truth) <= 2.0096 * np.sqrt(np.diag(found.covariance))  # Student's of 49.
    assert np.all(held / repeats >= 0.92)
    assert np.all(held / repeats <= 0.98)
    assert 0.93 <= held.mean() / repeats <= 0.97


def test_effects_that_change_with_time_are_seen_and_others_are_not() -> None:
    luck = np.random.default_rng(7)
    x = luck.choice([-1.0, 1.0], (1_500, 1))
    steady = luck.exponential(np.exp(-0.5 * x[:, 0]))
    crossing = luck.weibull(np.where(x[:, 0] > 0, 0.6, 1.6))
    filled = np.ones(1_500, bool)
    assert 0.01 < hazards_are_proportional(fit_cox(x, steady, filled, block=None))[0]
    assert 1e-6 > hazards_are_proportional(fit_cox(x, crossing, filled, block=None))[0]


def test_the_test_of_proportional_hazards_has_its_level() -> None:
    rejected = 0
    for seed in range(300):
        x, wait_s, filled = drawn(seed, 200)
        rejected += hazards_are_proportional(fit_cox(x, wait_s, filled, block=None))[0] < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


def test_too_few_fills_are_refused() -> None:
    x, wait_s, _ = drawn(8)
    with pytest.raises(BadData, match="0 fills cannot tell 3 effects"):
        fit_cox(x, wait_s, np.zeros(300, bool), block=None)


def test_a_covariate_that_is_a_sum_of_others_is_refused() -> None:
    x, wait_s, filled = drawn(9)
    with pytest.raises(BadData, match="a sum of others"):
        fit_cox(np.column_stack((x, x[:, 0] + x[:, 1])), wait_s, filled, block=None)


def test_a_covariate_that_parts_filled_from_unfilled_is_refused() -> None:
    luck = np.random.default_rng(10)
    x = np.where(np.arange(200) < 100, 1.0, -1.0)[:, None]
    filled = np.arange(200) < 100
    with pytest.raises(BadData, match="its effect has no end"):
        fit_cox(x, luck.exponential(1.0, 200), filled, block=None)


def test_one_block_of_time_is_refused() -> None:
    x, wait_s, filled = drawn(11)
    with pytest.raises(BadData, match="one block of time"):
        fit_cox(x, wait_s, filled, block=np.zeros(300, np.int64))
