import itertools
import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.covariance import Covariance, shrinkage
from nowake.statistics.measurement import Measurement

TWO = [[0.0004, 0.0002], [0.0002, 0.0009]]


def drawn(sessions: int, assets: int, *, seed: int = 0, common: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.01, (sessions, 1))
    return math.sqrt(common) * market + math.sqrt(1 - common) * rng.normal(0, 0.01, (sessions, assets))


def test_a_full_matrix_is_kept() -> None:
    found = Covariance.full(TWO)
    np.testing.assert_allclose(found.matrix, TWO, rtol=1e-12)
    np.testing.assert_allclose(found.volatilities, [0.02, 0.03])
    assert found.correlations[0, 1] == pytest.approx(1 / 3)


def test_a_matrix_of_lower_rank_takes_as_many_factors_as_its_rank() -> None:
    root = np.array([[0.01], [0.02], [-0.01]])
    assert Covariance.full(root @ root.T).loadings.shape == (3, 1)


def test_factors_give_loadings_times_their_covariance_plus_specific() -> None:
    rng = np.random.default_rng(1)
    loadings, root = rng.normal(0, 1, (5, 2)), rng.normal(0, 0.01, (2, 2))
    found = Covariance.factors(loadings, root @ root.T, np.full(5, 1e-4))
    np.testing.assert_allclose(found.matrix, loadings @ root @ root.T @ loadings.T + 1e-4 * np.eye(5), rtol=1e-9)


def test_loadings_on_one_factor_may_be_a_plain_list() -> None:
    table = Covariance.factors(np.array([[1.0], [1.2]]), np.array([[1e-4]]), np.full(2, 1e-4)).matrix
    np.testing.assert_allclose(Covariance.factors(np.array([1.0, 1.2]), 1e-4, np.full(2, 1e-4)).matrix, table)
    with pytest.raises(BadParameter, match=r"loadings \(2, 1\) on 1 factors"):
        Covariance.factors(np.array([1.0, 1.2]), np.eye(2), np.full(2, 1e-4))
    with pytest.raises(BadParameter, match=r"loadings \(2, 3\) and specific variances \(3,\)"):
        Covariance.factors(np.ones((2, 3)), np.eye(3), np.ones(3))


def test_only_factor_models_have_factors() -> None:
    returns = drawn(30, 50)
    named = (Covariance.alike([0.1], 0.5), Covariance.one_factor([1.0], 0.01, [0.02]))
    assert all(each.has_factors for each in (*named, Covariance.from_returns(returns, factors=2)))
    roots = (Covariance.full(TWO), Covariance.repaired(TWO), Covariance.from_returns(returns))
    assert not any(each.has_factors for each in roots)
    assert not Covariance.full(TWO).with_volatilities([0.1, 0.1]).has_factors


def test_one_factor_keeps_each_volatility_and_correlates_by_beta() -> None:
    found = Covariance.one_factor([1.0, 0.5, -1.0], 0.01, [0.02, 0.03, 0.015])
    np.testing.assert_allclose(found.volatilities, [0.02, 0.03, 0.015])
    assert found.matrix[0, 1] == pytest.approx(0.5 * 1e-4)
    assert found.matrix[1, 2] == pytest.approx(-0.5 * 1e-4)


def test_alike_has_one_correlation_and_uncorrelated_has_none() -> None:
    np.testing.assert_allclose(
        Covariance.alike([0.01, 0.02, 0.03], 0.4).correlations, 0.4 + 0.6 * np.eye(3), atol=1e-12
    )
    np.testing.assert_allclose(Covariance.uncorrelated([0.01, 0.02]).matrix, np.diag([1e-4, 4e-4]))


def test_in_currency_scales_by_price() -> None:
    money = Covariance.full(TWO).in_currency([50, 100])
    worth = np.diag([50, 100])
    np.testing.assert_allclose(
        money.loadings @ money.loadings.T + np.diag(money.specific), worth @ np.array(TWO) @ worth
    )


def test_contributions_sum_to_the_risk_and_are_its_slopes() -> None:
    found = Covariance.full(TWO)
    values = np.array([1e6, -4e5])
    risk = math.sqrt(values @ np.array(TWO) @ values)
    assert found.risk(values) == pytest.approx(risk)
    slopes = [
        (found.risk(values + step) - found.risk(values - step)) / 2 for step in (np.array([1, 0]), np.array([0, 1]))
    ]
    np.testing.assert_allclose(found.contributions(values), values * slopes, rtol=1e-6)
    assert found.contributions(values).sum() == pytest.approx(risk)


def test_rows_follow_the_symbols_asked_for() -> None:
    found = Covariance.full(TWO, symbols=("A", "B")).of(("B", "A"))
    np.testing.assert_allclose(found.matrix, np.array(TWO)[::-1, ::-1])
    with pytest.raises(BadParameter, match="has no C, D \\(2 of 3"):
        Covariance.full(TWO, symbols=("A", "B")).of(("A", "C", "D"))


def test_other_volatilities_keep_the_correlations() -> None:
    found = Covariance.full(TWO).with_volatilities([0.1, 0.2])
    np.testing.assert_allclose(found.volatilities, [0.1, 0.2])
    assert found.correlations[0, 1] == pytest.approx(1 / 3)


# Measured.


def loops(z: np.ndarray) -> tuple[float, float]:
    """Ledoit & Wolf 2004, appendix B, pair by pair as it is printed."""
    t, n = z.shape
    r = z.T @ z / t
    average = sum(r[i, j] for i, j in itertools.combinations(range(n), 2)) * 2 / (n * (n - 1))
    average = max(average, 0.0)
    pi = rho = gamma = 0.0
    for i in range(n):
        for j in range(n):
            asymptotic = float(((z[:, i] * z[:, j] - r[i, j]) ** 2).mean())
            pi += asymptotic
            if i == j:
                rho += asymptotic
                continue
            theta = float(((z[:, i] ** 2 - 1) * (z[:, i] * z[:, j] - r[i, j])).mean())
            other = float(((z[:, j] ** 2 - 1) * (z[:, i] * z[:, j] - r[i, j])).mean())
            rho += average / 2 * (theta + other)
            gamma += (average - r[i, j]) ** 2
    return average, min(max((pi - rho) / gamma / t, 0.0), 1.0)


@pytest.mark.parametrize(("sessions", "assets", "common"), [(30, 6, 0.5), (60, 4, 0.0), (25, 12, 0.8)])
def test_the_intensity_is_that_of_the_sums_over_pairs(sessions: int, assets: int, common: float) -> None:
    table = drawn(sessions, assets, seed=sessions, common=common) ** 3 * 1e4  # Fat tails, so that theta counts.
    z = table - table.mean(axis=0)
    z /= z.std(axis=0)
    assert shrinkage(z) == pytest.approx(loops(z), rel=1e-9)


def test_shrunk_correlations_are_nearer_the_truth_than_measured_ones() -> None:
    truth = 0.5 + 0.5 * np.eye(40)
    table = drawn(30, 40, seed=3)
    shrunk, raw = Covariance.from_returns(table), Covariance.from_returns(table, shrink=0.0)
    far = [float(np.linalg.norm(each.correlations - truth)) for each in (shrunk, raw)]
    assert far[0] < 0.6 * far[1]


@pytest.mark.parametrize("sessions", [25, 300])
def test_without_shrinking_the_covariance_is_the_measured_one(sessions: int) -> None:
    table = drawn(sessions, 30)
    np.testing.assert_allclose(
        Covariance.from_returns(table, shrink=0.0).matrix, np.cov(table, rowvar=False), atol=1e-15
    )


def test_shrunk_all_the_way_all_correlations_are_their_average() -> None:
    table = drawn(40, 8)
    measured = np.corrcoef(table, rowvar=False)
    average = float(measured[~np.eye(8, dtype=bool)].mean())
    found = Covariance.from_returns(table, shrink=1.0)
    np.testing.assert_allclose(found.correlations[~np.eye(8, dtype=bool)], average, rtol=1e-9)
    np.testing.assert_allclose(found.volatilities, table.std(axis=0, ddof=1))


def test_principal_factors_keep_variances_and_the_nearest_correlations() -> None:
    table = drawn(400, 10, common=0.6)
    found = Covariance.from_returns(table, factors=1)
    assert found.loadings.shape == (10, 1)
    np.testing.assert_allclose(found.volatilities, table.std(axis=0, ddof=1))
    values, vectors = np.linalg.eigh(np.corrcoef(table, rowvar=False))
    first = values[-1] * np.outer(vectors[:, -1], vectors[:, -1])
    off = ~np.eye(10, dtype=bool)
    np.testing.assert_allclose(found.correlations[off], first[off], rtol=1e-9)


def test_thousands_of_assets_make_no_matrix_of_them() -> None:
    found = Covariance.from_returns(drawn(60, 3_000))
    assert found.loadings.shape == (3_000, 61)
    assert Covariance.from_returns(drawn(60, 3_000), factors=5).loadings.shape == (3_000, 5)


# Refused.


def test_thousands_of_assets_with_two_observations_are_refused_saying_how_many_are_needed() -> None:
    with pytest.raises(BadParameter, match=r"2 session\(s\).*3,000 asset\(s\).*give 20 or more.*one_factor"):
        Covariance.from_returns(drawn(2, 3_000))
    with pytest.raises(BadParameter, match="give 55 or more"):
        Covariance.from_returns(drawn(40, 50), factors=10)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1, 2], [2, 1]], r"positive semi-definite.*smallest eigenvalue of its correlations is -1.*repaired"),
        ([[1, 0.5], [0.4, 1]], "symmetric: row asset 1 of asset 2 is 0.5"),
        ([[1, 0], [0, 0]], "variance 0 of asset 2 must be above 0"),
        ([[1, math.nan], [math.nan, 1]], r"covariance of asset 1, asset 2 holds NaN"),
        ([[1, 0, 0], [0, 1, 0]], "square"),
    ],
)
def test_what_is_no_covariance_is_refused(matrix: list[list[float]], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        Covariance.full(np.array(matrix, dtype=float))


def test_a_repaired_matrix_is_a_covariance_with_the_same_variances() -> None:
    bad = np.array([[1, 0.9, -0.9], [0.9, 4 * 0.25, 0.9], [-0.9, 0.9, 1]]) * 1e-4
    with pytest.raises(BadParameter):
        Covariance.full(bad)
    found = Covariance.repaired(bad)
    np.testing.assert_allclose(np.diagonal(found.matrix), np.diagonal(bad))
    assert np.linalg.eigvalsh(found.matrix).min() > -1e-18
    assert "1 eigenvalue(s) cut" in found.method


def test_numbers_out_of_range_are_refused_with_the_asset() -> None:
    with pytest.raises(BadParameter, match=r"beta of B makes it move 0.02 a session.*volatility of 0.015"):
        Covariance.one_factor([1, 2], 0.01, [0.02, 0.015], symbols=("A", "B"))
    with pytest.raises(BadParameter, match=r"number 2 of 2 is -0.1"):
        Covariance.uncorrelated([0.1, -0.1])
    with pytest.raises(BadParameter, match=r"correlation 1.2"):
        Covariance.alike([0.1, 0.1], 1.2)
    with pytest.raises(BadParameter, match="B never moved"):
        Covariance.from_returns(np.column_stack((drawn(30, 1), np.full(30, 0.0))), symbols=("A", "B"))
    gaps = drawn(30, 3)
    gaps[4, 1] = np.nan
    with pytest.raises(BadParameter, match=r"return of B holds NaN or infinity \(1 of 3 assets"):
        Covariance.from_returns(gaps, symbols=("A", "B", "C"))
    with pytest.raises(BadParameter, match="factors or shrink, not both"):
        Covariance.from_returns(drawn(30, 3), factors=1, shrink=0.5)
    with pytest.raises(BadParameter, match=r"volatilities must be numbers.* there is Measurement .*; give its .value$"):
        Covariance.alike([Measurement.given(0.02)] * 2, 0.5)
    with pytest.raises(BadParameter, match=r"covariance must be numbers.* there is str x$"):
        Covariance.full([["x", 0.0], [0.0, 1.0]])
    with pytest.raises(BadParameter, match="different symbols"):
        Covariance.uncorrelated([0.1, 0.1], symbols=("A", "A"))
