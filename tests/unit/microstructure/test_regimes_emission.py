"""Densities against scipy's, missing features against margins, expected sums against their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.regimes.emission import (
    Emission,
    check_emission,
    check_rows,
    digamma,
    expected,
    log_density,
)

MEANS = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.5]])
SCALES = np.array(
    [[[1.0, 0.3, 0.1], [0.3, 0.5, -0.2], [0.1, -0.2, 2.0]], [[0.2, 0.0, 0.0], [0.0, 3.0, 1.0], [0.0, 1.0, 1.0]]]
)
MIXED = Emission(MEANS, SCALES, np.array([np.inf, 4.5]))


def law(state: int, columns: list[int]):
    mean, scale = MEANS[state, columns], SCALES[state][np.ix_(columns, columns)]
    return stats.multivariate_normal(mean, scale) if state == 0 else stats.multivariate_t(mean, scale, df=4.5)


def rows(seed: int, count: int = 50) -> np.ndarray:
    table = np.random.default_rng(seed).normal(size=(count, 3)) * 2
    table[np.random.default_rng(seed + 1).random(table.shape) < 0.3] = np.nan
    return table


def test_densities_are_scipys_also_where_features_are_missing() -> None:
    table = rows(2)
    found = log_density(MIXED, table)
    for row, densities in zip(table, found, strict=True):
        seen = np.flatnonzero(~np.isnan(row)).tolist()
        wanted = [float(law(state, seen).logpdf(row[seen])) if seen else 0.0 for state in (0, 1)]
        np.testing.assert_allclose(wanted, densities, rtol=1e-10, atol=1e-12)


def test_a_rows_density_does_not_depend_on_its_neighbours_to_the_last_bit() -> None:
    table = rows(9, 200)
    whole = log_density(MIXED, table)
    for row in range(0, 200, 17):
        np.testing.assert_array_equal(whole[: row + 1], log_density(MIXED, table[: row + 1]))
        np.testing.assert_array_equal(whole[row : row + 1], log_density(MIXED, table[row : row + 1]))


def test_digamma_is_scipys() -> None:
    for x in (0.01, 0.5, 1.0, 3.3, 9.99, 10.01, 250.0):
        assert special.digamma(x) == pytest.approx(digamma(x), rel=1e-12)


def test_expected_mixing_is_what_integrating_over_the_gamma_gives() -> None:
    """One row, one feature missing: moments of u and of the whole row, by drawing them given what is seen."""
    told = np.array([[2.5, np.nan, 1.4]])
    sums = expected(MIXED, told, np.array([[0.0, 1.0]]))
    nu, seen = 4.5, [0, 2]
    inverse = np.linalg.inv(SCALES[1][np.ix_(seen, seen)])
    rest = told[0, seen] - MEANS[1, seen]
    delta = float(rest @ inverse @ rest)
    u = np.random.default_rng(0).gamma((nu + 2) / 2, 2 / (nu + delta), 400_000)
    slope = SCALES[1][1, seen] @ inverse
    mean = MEANS[1, 1] + slope @ rest
    left = SCALES[1][1, 1] - slope @ SCALES[1][seen, 1]
    filled = mean + np.random.default_rng(1).normal(size=len(u)) * np.sqrt(left / u)
    assert u.mean() == pytest.approx(sums.weight[1], rel=0.01)
    assert (np.log(u) - u).mean() == pytest.approx(sums.tail[1], rel=0.01)
    assert (u * filled).mean() == pytest.approx(sums.first[1, 1], rel=0.02)
    assert (u * filled**2).mean() == pytest.approx(sums.second[1, 1, 1], rel=0.02)
    assert (u * filled * 2.5).mean() == pytest.approx(sums.second[1, 0, 1], rel=0.02)


def test_expected_sums_of_a_normal_without_gaps_are_plain_sums() -> None:
    table = np.random.default_rng(4).normal(size=(30, 3))
    share = np.random.default_rng(5).dirichlet([1, 1], 30)
    normal = MIXED._replace(degrees=np.full(2, np.inf))
    sums = expected(normal, table, share)
    np.testing.assert_allclose(share.T @ table, sums.first, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("nk,ni,nj->kij", share, table, table), sums.second, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(sums.rows, sums.weight)


def test_tables_that_are_none_are_refused() -> None:
    np.testing.assert_array_equal([[1.0], [math.nan]], check_rows([1.0, math.nan]))
    with pytest.raises(BadData, match="no table"):
        check_rows(np.zeros((3, 2)), 3)
    with pytest.raises(BadData, match="row 1: feature 0 is inf"):
        check_rows([[0.0], [math.inf]])


def test_parameters_that_are_no_distributions_are_refused() -> None:
    check_emission(MIXED)
    with pytest.raises(BadParameter, match="eigenvalues"):
        check_emission(MIXED._replace(scales=-SCALES))
    with pytest.raises(BadParameter, match="degrees of freedom"):
        check_emission(MIXED._replace(degrees=np.array([3.0, 0.0])))
    with pytest.raises(BadParameter, match="do not fit"):
        check_emission(MIXED._replace(degrees=np.array([3.0])))
