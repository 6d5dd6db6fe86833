"""How uncertain each order's cost is: variance = slope * risk² + floor, both fitted and never below 0.

risk² = sigma² T / 3 is what the price does while an order trades; the floor is what is left for an order of no
duration (rounding, stale mids, one print). The variance function is fitted by iterated weighted regression of squared
residuals on the two, which is maximum likelihood where noise is normal or Student's (Carroll & Ruppert 1988,
"Transformation and Weighting in Regression", section 3.3) and its robust version for other losses. Weights made of it
need not be right: standard errors are sandwiches, so a wrong variance function costs precision, not coverage."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import Unidentified
from nowake.models.calibration.loss import Loss, Student
from nowake.models.terms import Floats

_ROUNDS = 60
_CLOSE = 1e-5


class Noise(msgspec.Struct, frozen=True, kw_only=True):
    """Variance of a row's noise: slope times its own risk squared, plus a floor in bps squared.

    The move long after the order, where it is fitted too, has a variance of sigma² (later_slope T + later_floor), and
    its unit noise correlates with that of the cost by `correlation`.
    """

    slope: float = 1.0
    floor: float = 0.0
    later_slope: float = 1.0
    later_floor: float = 0.0
    correlation: float = 0.0

    def variance(self, risk_squared: Floats) -> Floats:
        """Of costs, in bps squared."""
        return np.asarray(self.slope * risk_squared + self.floor)

    def later_variance(self, days: Floats) -> Floats:
        """Of the later move, in units of sigma squared."""
        return np.asarray(self.later_slope * days + self.later_floor)


def fit_line(
    residuals: Floats, risk_squared: Floats, loss: Loss, *, weights: Floats | None, start: tuple[float, float]
) -> tuple[float, float]:
    """The slope and floor at which residuals have unit scale, as the loss sees it.

    Raises
    ------
    Unidentified
        When the residuals are all 0.
    """
    row_weights = np.ones_like(residuals) if weights is None else weights
    size = float(row_weights @ np.abs(residuals))
    if not size > 1e-10 * float(row_weights.sum()):
        raise Unidentified("the model explains every cost exactly: there is no noise to measure errors by")
    slope, floor = start
    variance = slope * risk_squared + floor
    for _ in range(_ROUNDS):
        target = variance * loss.chi(residuals / np.sqrt(variance))
        slope, floor = _two_term_line(target, risk_squared, row_weights / variance**2)
        before, variance = variance, slope * risk_squared + floor
        if np.max(np.abs(variance / before - 1)) < _CLOSE:
            break
    return slope, floor


def degrees_of(z: Floats, weights: Floats | None) -> float:
    """Degrees of freedom at which Student's density fits residuals of unit scale best, in [2.1, 200]."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    row_weights = np.ones_like(z) if weights is None else weights

    def badness(log_nu: float) -> float:
        loss = Student(degrees=math.exp(log_nu))
        # The density of z with the scale at its best for these degrees, in two short steps from 1.
        scale = 1.0
        for _ in range(8):
            scale *= math.sqrt(float(row_weights @ loss.chi(z / scale)) / float(row_weights.sum()))
        loglik = loss.log_constant() - math.log(scale) - float(row_weights @ loss.rho(z / scale)) / row_weights.sum()
        return float(-loglik)

    found = minimize_scalar(badness, bounds=(math.log(2.1), math.log(200.0)), method="bounded")
    return math.exp(float(found.x))


def _two_term_line(target: Floats, risk_squared: Floats, weights: Floats) -> tuple[float, float]:
    """Weighted least squares of the target on the risk and a constant, neither below 0."""
    s1, sx, sy = float(weights.sum()), float(weights @ risk_squared), float(weights @ target)
    weighted = weights * risk_squared
    sxx, sxy = float(weighted @ risk_squared), float(weighted @ target)
    determinant = sxx * s1 - sx * sx
    alone = (sxy / sxx, 0.0)
    # With one and the same risk in every row the two cannot be told apart; the slope alone then says it all.
    if determinant <= 1e-10 * sxx * s1:
        return alone
    slope, floor = (sxy * s1 - sx * sy) / determinant, (sxx * sy - sx * sxy) / determinant
    if floor < 0:
        return alone
    return (0.0, sy / s1) if slope < 0 else (slope, floor)
