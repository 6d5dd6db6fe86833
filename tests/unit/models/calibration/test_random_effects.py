from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nowake.models.calibration import random_effects
from nowake.models.calibration.random_effects import Between, Evidence, between_interval, fit_between, own_values

# Thirteen trials of the BCG vaccine (Colditz et al. 1994): cases and others, vaccinated, then cases and others, not.
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
        [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232],
        [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
    ],
    dtype=float,
)  # fmt: skip


def bcg() -> tuple[np.ndarray, np.ndarray]:
    """Log relative risks and their variances."""
    a, b, c, d = BCG.T
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def some_evidence(seed: int = 1, groups: int = 8) -> tuple[Evidence, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(groups, 2, 2)) * rng.uniform(0.3, 3, size=(groups, 1, 1))
    variances = roots @ np.swapaxes(roots, 1, 2) + 0.05 * np.eye(2)
    values = rng.normal(size=(groups, 2)) + rng.normal(size=(groups, 2)) * 0.2
    information = np.linalg.inv(variances)
    return Evidence(information, np.einsum("sij,sj->si", information, values)), values, variances


def test_the_interval_of_the_spread_over_groups_is_the_published_one() -> None:
    """metafor's `confint` (Viechtbauer 2010, J. Stat. Software 36) of these trials: tau² 0.1197 to 1.1115."""
    low, high = between_interval(*bcg(), 0.95)
    assert low**2 == pytest.approx(0.1197, abs=5e-5)
    assert high**2 == pytest.approx(1.1115, abs=5e-5)


def test_the_restricted_likelihood_is_highest_at_the_published_spread() -> None:
    """The same: tau² 0.3132 by restricted maximum likelihood."""
    values, variances = bcg()
    evidence = Evidence((1 / variances)[:, None, None], (values / variances)[:, None])
    squares = np.arange(0.25, 0.40, 1e-4)
    badness = [random_effects._minus_two_log(evidence, np.array([[np.sqrt(square)]])) for square in squares]
    assert squares[np.argmin(badness)] == pytest.approx(0.3132, abs=1.01e-4)


def test_the_penalty_keeps_the_spread_above_nothing_and_raises_it_a_little() -> None:
    values, variances = bcg()
    found = fit_between(Evidence((1 / variances)[:, None, None], (values / variances)[:, None]), (0,), correlated=False)
    assert 0.33 < found.covariance[0, 0] < 0.45
    alike = fit_between(Evidence(np.ones((6, 1, 1)), np.ones((6, 1))), (0,), correlated=False)
    # Six equal values known to 1 each: -2 log = 5 log(1 + tau²) - log tau² is least at tau² = 1 / 4.
    assert alike.covariance[0, 0] == pytest.approx(0.25, rel=1e-3)


def test_the_restricted_likelihood_is_that_of_the_whole_covariance_matrix() -> None:
    """Written out for all groups at once: y ~ N(X mu, V), restricted to what X does not explain."""
    evidence, values, variances = some_evidence()
    root_one, root_other = np.array([[0.5, 0.0], [0.2, 0.3]]), np.array([[1.0, 0.0], [-0.4, 0.1]])
    design, y = np.tile(np.eye(2), (8, 1)), values.ravel()

    def expected(root: np.ndarray) -> float:
        whole = np.zeros((16, 16))
        for group in range(8):
            at = slice(2 * group, 2 * group + 2)
            whole[at, at] = root @ root.T + variances[group]
        inner = design.T @ np.linalg.solve(whole, design)
        mean = np.linalg.solve(inner, design.T @ np.linalg.solve(whole, y))
        off = y - design @ mean
        return np.linalg.slogdet(whole)[1] + np.linalg.slogdet(inner)[1] + off @ np.linalg.solve(whole, off)

    difference = expected(root_one) - expected(root_other)
    found = random_effects._minus_two_log(evidence, root_one) - random_effects._minus_two_log(evidence, root_other)
    assert found == pytest.approx(difference)


def test_a_group_s_own_value_is_the_conditional_mean_of_normal_variables() -> None:
    """With a mean taken as known: conditioning the joint normal of phi and its estimate."""
    evidence, values, variances = some_evidence()
    root = np.array([[0.5, 0.0], [0.2, 0.3]])
    between = Between(mean=np.array([0.3, -0.2]), mean_covariance=np.zeros((2, 2)), root=root)
    own = own_values(evidence, between)
    omega = root @ root.T
    for group in range(8):
        gain = omega @ np.linalg.inv(omega + variances[group])
        np.testing.assert_allclose(between.mean + gain @ (values[group] - between.mean), own.values[group])
        np.testing.assert_allclose(omega - gain @ omega, own.covariance[group], atol=1e-12)
        np.testing.assert_allclose(1 - np.diag(gain), own.pool_share[group])


def test_a_group_that_knows_nothing_takes_the_mean_and_the_whole_spread() -> None:
    evidence, _, _ = some_evidence()
    blind = Evidence(
        np.concatenate([evidence.information, np.zeros((1, 2, 2))]), np.concatenate([evidence.pull, np.zeros((1, 2))])
    )
    between = fit_between(blind, (0, 1), correlated=True)
    own = own_values(blind, between)
    np.testing.assert_allclose(between.mean, own.values[-1])
    np.testing.assert_allclose(between.covariance + between.mean_covariance, own.covariance[-1])
    np.testing.assert_allclose([1, 1], own.pool_share[-1])


def test_a_parameter_that_does_not_vary_is_one_for_all_groups() -> None:
    evidence, _, _ = some_evidence()
    between = fit_between(evidence, (0,), correlated=False)
    own = own_values(evidence, between)
    assert between.covariance[1, 1] == 0
    np.testing.assert_allclose(between.mean[1], own.values[:, 1])


def test_the_unit_of_a_parameter_does_not_matter() -> None:
    evidence, _, _ = some_evidence()
    stretch = np.array([1e6, 1e-3])
    other = Evidence(evidence.information * np.outer(stretch, stretch), evidence.pull * stretch)
    one, two = (fit_between(each, (0, 1), correlated=True) for each in (evidence, other))
    np.testing.assert_allclose(one.mean, two.mean * stretch, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(one.covariance, two.covariance * np.outer(stretch, stretch), rtol=2e-2, atol=1e-4)


def test_the_interval_of_the_spread_holds_the_truth_95_times_of_100() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        variances = stats.uniform(0.1, 2).rvs(12, random_state=rng)
        values = rng.normal(size=12) * np.sqrt(0.5 + variances)
        low, high = between_interval(values, variances, 0.95)
        held += low**2 <= 0.5 <= high**2
    assert 0.92 <= held / 400 <= 0.98
