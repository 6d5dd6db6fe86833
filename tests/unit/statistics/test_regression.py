import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import BadData
from nowake.statistics import regression


def columns(seed: int, rows: int = 200, *, memory: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """y = 2 + 3 x + noise, larger where x is, with memory."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(5, rows) * 1e-6
    shocks = rng.normal(size=rows) * (1 + np.abs(x) * 1e6)
    noise = np.zeros(rows)
    for k in range(rows):
        noise[k] = shocks[k] + memory * noise[k - 1] if k else shocks[k]
    return x, 2 + 3e6 * x + noise


def test_hc3_errors_are_those_of_statsmodels() -> None:
    x, y = columns(1)
    theirs = sm.OLS(y, sm.add_constant(x * 1e6)).fit(cov_type="HC3")
    ours = regression.line(x, y, lags=0)
    assert theirs.bse[1] * 1e6 == pytest.approx(ours.slope_se, rel=1e-9)
    assert theirs.bse[1] * 1e6 == pytest.approx(ours.slope_hc3_se, rel=1e-9)
    assert theirs.params[1] * 1e6 == pytest.approx(ours.slope.value, rel=1e-9)
    assert theirs.rsquared == pytest.approx(ours.r2, rel=1e-9)


def test_the_long_run_sum_is_that_of_statsmodels() -> None:
    x, y = columns(2, memory=0.5)
    design = sm.add_constant(x * 1e6)
    theirs = sm.OLS(y, design).fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False})
    scores = design * theirs.resid[:, None]
    inverse = np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(theirs.cov_params(), inverse @ regression.long_run(scores, 5) @ inverse, rtol=1e-9)


@pytest.mark.parametrize("memory", [0.0, 0.3])
def test_intervals_hold_the_slope_under_unequal_noise_with_memory(memory: float) -> None:
    fits = [regression.line(*columns(seed, 150, memory=memory)) for seed in range(400)]
    held = np.mean([fit.slope.low <= 3e6 <= fit.slope.high for fit in fits])
    assert 0.93 <= held <= 0.97


def test_rows_that_are_not_finite_are_left_out() -> None:
    x, y = columns(3)
    y[5] = np.nan
    assert regression.line(x, y).rows == 199


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.arange(10.0), np.arange(10.0), "10 rows are fewer than 30"),
        (np.ones(40), np.arange(40.0), "what explains is 1 in all of 40 rows"),
        (np.arange(40.0), np.zeros(40), "what is explained is 0 in all of 40 rows"),
    ],
)
def test_columns_that_cannot_tell_are_refused(x: np.ndarray, y: np.ndarray, message: str) -> None:
    with pytest.raises(BadData, match=message):
        regression.line(x, y)


def test_the_rule_of_thumb_for_lags() -> None:
    assert [regression.default_lags(rows) for rows in (50, 100, 1_000, 2_340)] == [3, 4, 6, 8]


@pytest.mark.parametrize("far", [0.0, 1e5, 1e8])
def test_a_column_far_from_zero_is_fitted_as_well_as_one_about_it(far: float) -> None:
    """Against numpy's least squares on the centred column, which loses nothing."""
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, 300)
    y = 2 * x + rng.normal(0, 0.5, 300)
    near, moved = regression.line(x, y), regression.line(x + far, y)
    assert moved.slope.value == pytest.approx(near.slope.value, rel=1e-6)
    assert moved.slope_se == pytest.approx(near.slope_se, rel=1e-6)
    assert moved.intercept.value == pytest.approx(near.intercept.value - far * near.slope.value, rel=1e-6)
