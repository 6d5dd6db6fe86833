"""A straight line through two columns in time order, with errors that neither unequal noise nor its memory fools.

    y_t = a + b x_t + u_t,    Var(a, b) = (X'X)^-1 [S_0 + sum_k (1 - k / (K+1)) (S_k + S_k')] (X'X)^-1

S_k sums s_t s_{t-k}', s_t = x_t u_t: Newey & West 1987 ("A simple, positive semi-definite, heteroskedasticity and
autocorrelation consistent covariance matrix", Econometrica 55) with their 1994 rule of thumb for the lags,
K = 4 (n / 100)^(2/9). Residuals are first divided by 1 - h_t, h_t the leverage of the row, so that K = 0 is HC3
(MacKinnon & White 1985, Journal of Econometrics 29), which keeps what it promises in small samples. Intervals use
Student's quantile. Wrong where the noise remembers longer than K rows: they are too narrow then."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.statistics.measurement import Measurement, t_of

Floats = npt.NDArray[np.float64]

MIN_ROWS = 30


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted line.

    Parameters
    ----------
    slope, intercept
        With Newey-West intervals, in units of y over x, and of y.
    slope_se, slope_hc3_se
        Standard error of the slope: Newey-West's, and the one for noise without memory.
    r2
        Share of the variance of y explained.
    rows, lags
        Rows fitted to, and lags of memory allowed for.
    """

    slope: Measurement
    intercept: Measurement
    slope_se: float
    slope_hc3_se: float
    r2: float
    rows: int
    lags: int


def line(x: Floats, y: Floats, *, level: float = 0.95, lags: int | None = None, least: int = MIN_ROWS) -> Line:
    """Least squares of y on x with an intercept.

    Parameters
    ----------
    x, y
        (n,) in time order; rows where either is not finite are left out.
    lags
        Rows the noise may remember; by default the rule of thumb.
    least
        Rows below which it refuses.

    Raises
    ------
    BadData
        When there are fewer rows than `least`, or x or y never changes.
    """
    use = np.isfinite(x) & np.isfinite(y)
    x, y = x[use], y[use]
    rows = len(x)
    if rows < least:
        raise BadData(f"{rows} rows are fewer than {least}; take shorter bars or look at a longer time")
    for name, column in (("explains", x), ("is explained", y)):
        if np.ptp(column) == 0:
            raise BadData(f"what {name} is {column[0]:g} in all of {rows} rows; nothing can be told from it")
    lags = default_lags(rows) if lags is None else lags
    centre = float(x.mean())  # Squares of a column far from 0 would eat its variance.
    x = x - centre
    scale = float(x.std())  # So that the two columns are of one size, whatever the unit of x.
    design = np.column_stack((np.ones(rows), x / scale))
    inverse = np.linalg.inv(design.T @ design)
    middle, slope = inverse @ (design.T @ y)
    residuals = y - design @ np.array([middle, slope])
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    scores = design * (residuals / (1 - np.minimum(leverage, 1 - 1e-9)))[:, None]
    covariance = inverse @ long_run(scores, lags) @ inverse
    at_zero = np.array([1.0, -centre / scale])  # From the middle of x, where the line was fitted, to x = 0.
    slope_error, intercept_error = math.sqrt(covariance[1, 1]), math.sqrt(max(0.0, at_zero @ covariance @ at_zero))
    intercept = float(at_zero @ np.array([middle, slope]))
    hc3 = float(np.sqrt((inverse @ long_run(scores, 0) @ inverse)[1, 1]))
    quantile = t_of(level, rows - 2)
    how = f"least squares, Newey-West errors of {lags} lags"
    return Line(
        slope=_measured(slope / scale, quantile * slope_error / scale, level=level, n=rows, method=how),
        intercept=_measured(intercept, quantile * intercept_error, level=level, n=rows, method=how),
        slope_se=slope_error / scale,
        slope_hc3_se=hc3 / scale,
        r2=float(1 - residuals.var() / y.var()),
        rows=rows,
        lags=lags,
    )


def long_run(scores: Floats, lags: int) -> Floats:
    """Newey & West's sum of the products of scores (n, k) with those up to `lags` rows before, (k, k)."""
    total = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        product = scores[lag:].T @ scores[:-lag]
        total = total + (1 - lag / (lags + 1)) * (product + product.T)
    return np.asarray(total)


def default_lags(rows: int) -> int:
    """4 (n / 100)^(2/9), rounded down."""
    return int(4 * (rows / 100) ** (2 / 9))


def mean_of(values: Floats, *, level: float, method: str) -> Measurement:
    """Mean of values that are nearly independent, with Student's interval.

    Raises
    ------
    BadData
        When there are fewer than three.
    """
    if len(values) < 3:
        raise BadData(f"{len(values)} windows are too few for an interval; look at a longer time")
    half = t_of(level, len(values) - 1) * float(values.std(ddof=1)) / np.sqrt(len(values))
    return _measured(float(values.mean()), half, level=level, n=len(values), method=method)


def scaled(measured: Measurement, factor: float) -> Measurement:
    """The same measurement in another unit; the factor is above 0."""
    return msgspec.structs.replace(
        measured, value=measured.value * factor, low=measured.low * factor, high=measured.high * factor
    )


def _measured(value: float, half: float, *, level: float, n: int, method: str) -> Measurement:
    value, half = float(value), float(half)
    return Measurement(value=value, low=value - half, high=value + half, level=level, n=n, method=method)
