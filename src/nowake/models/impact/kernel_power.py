"""Kernels that forget slowly, and one that forgets all at once.

    PowerLaw          G(t) = t^-g, 0 < g < 1           infinite at 0: no blocks, only rates
    ShiftedPowerLaw   G(t) = (1 + t / t0)^-g           finite at 0; Bouchaud, Gefen, Potters & Wyart 2004
    CappedLinear      G(t) = max(0, 1 - t / h)         all at once; Gatheral, Schied & Slynko 2012

All fall and are convex, so they are positive definite. A power law is the sum of exponentials of all rates,

    t^-g = 1 / Gamma(g) integral over u > 0 of exp(-u t) u^(g - 1) du,

and a trapezium rule in ln u (Beylkin & Monzon 2005, "On approximation of functions by exponential sums", Appl. Comput.
Harmon. Anal. 19) makes it a short sum with weights above 0: simulation then needs no history."""

from __future__ import annotations

import math

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Exponentials, Kernel
from nowake.models.terms import Size

SHORT = 0.5  # Of ln(1 + x): below it the closed form subtracts equal numbers, and eight nodes are exact.
NODES, WEIGHTS = (np.polynomial.legendre.leggauss(8) + np.array([[1.0], [0.0]])) / 2
STEP = 0.45  # Of ln u; the rule is wrong by about exp(-pi^2 / STEP), which is less than the 1e-6 promised.


class PowerLaw(Kernel, frozen=True):
    """t^-exponent, t in sessions.

    Parameters
    ----------
    exponent
        Above 0 and below 1: at 0 nothing decays, from 1 on even a rate costs infinitely much.
    """

    exponent: float

    def __post_init__(self) -> None:
        if not 0 < self.exponent < 1:
            raise BadParameter(f"exponent {self.exponent} of a power-law kernel must be above 0 and below 1")

    def __call__(self, lag_days: Size) -> Size:
        """t^-exponent; infinite at 0."""
        lag = np.asarray(lag_days, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return lag**-self.exponent

    def first(self, lag_days: Size) -> Size:
        """t^(1 - g) / (1 - g)."""
        return lag_days ** (1 - self.exponent) / (1 - self.exponent)

    def second(self, lag_days: Size) -> Size:
        """t^(2 - g) / ((1 - g) (2 - g))."""
        return lag_days ** (2 - self.exponent) / ((1 - self.exponent) * (2 - self.exponent))

    @property
    def bursts(self) -> bool:
        """Always."""
        return True

    @property
    def convex(self) -> bool:
        """Always."""
        return True

    def exponentials(self, *, shortest_days: float, longest_days: float) -> Exponentials:
        """A sum within 1e-6 of the power law between two lags; below the shortest it stays finite."""
        return _of_power(self.exponent, shortest_days, longest_days)

    def __str__(self) -> str:
        return f"t^-{self.exponent:.4g}"


class ShiftedPowerLaw(Kernel, frozen=True):
    """(1 + t / cutoff_days)^-exponent.

    Parameters
    ----------
    exponent
        Above 0 and at most 3; what falls faster is better said by exponentials.
    cutoff_days
        Lag in sessions before which little decays, t0; above 0.
    """

    exponent: float
    cutoff_days: float

    def __post_init__(self) -> None:
        if not 0 < self.exponent <= 3:
            raise BadParameter(f"exponent {self.exponent} of a shifted power law must be above 0 and at most 3")
        if not 0 < self.cutoff_days < math.inf:
            raise BadParameter(f"cutoff_days {self.cutoff_days} must be above 0 and finite, in sessions")

    def __call__(self, lag_days: Size) -> Size:
        """(1 + t / t0)^-g."""
        return (1 + np.asarray(lag_days, dtype=np.float64) / self.cutoff_days) ** -self.exponent

    def first(self, lag_days: Size) -> Size:
        """t0 ((1 + t / t0)^(1 - g) - 1) / (1 - g), the logarithm where g is 1."""
        log = np.log1p(np.asarray(lag_days, dtype=np.float64) / self.cutoff_days)
        return self.cutoff_days * _grown(1 - self.exponent, log)

    def second(self, lag_days: Size) -> Size:
        """t0^2 ((e(2 - g) - e(1)) / (1 - g), e(a) = ((1 + t / t0)^a - 1) / a; the limit where g is 1."""
        log = np.log1p(np.asarray(lag_days, dtype=np.float64) / self.cutoff_days)
        return self.cutoff_days**2 * _grown_twice(1 - self.exponent, log)

    @property
    def convex(self) -> bool:
        """Always."""
        return True

    def exponentials(self, *, shortest_days: float, longest_days: float) -> Exponentials:  # noqa: ARG002
        """A sum within 1e-6 of the kernel from lag 0 to the longest."""
        weights, rates = _of_power(self.exponent, self.cutoff_days, self.cutoff_days + longest_days)
        return Exponentials(weights * self.cutoff_days**self.exponent * np.exp(-rates * self.cutoff_days), rates)

    def __str__(self) -> str:
        return f"(1 + t/{self.cutoff_days:.4g})^-{self.exponent:.4g}"


class CappedLinear(Kernel, frozen=True):
    """max(0, 1 - t / horizon_days): impact is gone after a horizon, evenly.

    Parameters
    ----------
    horizon_days
        In sessions, above 0.
    """

    horizon_days: float

    def __post_init__(self) -> None:
        if not 0 < self.horizon_days < math.inf:
            raise BadParameter(f"horizon_days {self.horizon_days} of a capped linear kernel must be above 0 and finite")

    def __call__(self, lag_days: Size) -> Size:
        """max(0, 1 - t / h)."""
        return 1 - self._share(lag_days)

    def first(self, lag_days: Size) -> Size:
        """t - t^2 / 2h, and h / 2 beyond the horizon."""
        share = self._share(lag_days)
        return self.horizon_days * (share - share**2 / 2)

    def second(self, lag_days: Size) -> Size:
        """t^2 / 2 - t^3 / 6h, growing by h / 2 a session beyond the horizon."""
        share = self._share(lag_days)
        beyond = np.maximum(np.asarray(lag_days, dtype=np.float64) / self.horizon_days - 1, 0.0)
        return self.horizon_days**2 * (share**2 / 2 - share**3 / 6 + beyond / 2)

    @property
    def convex(self) -> bool:
        """Always."""
        return True

    def _share(self, lag_days: Size) -> Size:
        return np.minimum(np.asarray(lag_days, dtype=np.float64) / self.horizon_days, 1.0)

    def __str__(self) -> str:
        return f"max(0, 1 - t/{self.horizon_days:.4g})"


def _of_power(exponent: float, shortest_days: float, longest_days: float) -> Exponentials:
    """t^-exponent between two lags as exponentials; rates too slow to be seen are one of the same weight and mean."""
    if not 0 < shortest_days < longest_days:
        raise BadParameter(f"lags must be 0 < shortest_days < longest_days, not {shortest_days} and {longest_days}")
    logs = np.arange(math.log(1e-3 / longest_days), math.log((25 + exponent) / shortest_days) + STEP, STEP)
    rates = np.exp(logs)
    weights = STEP / math.gamma(exponent) * rates**exponent
    # Geometric sums of all rates at and below the first.
    slow_weight = weights[0] / -math.expm1(-exponent * STEP)
    slow_pull = weights[0] * rates[0] / -math.expm1(-(exponent + 1) * STEP)
    weights[0], rates[0] = slow_weight, slow_pull / slow_weight
    return Exponentials(weights, rates)


def _grown(power: float, log: Size) -> Size:
    """((1 + x)^power - 1) / power from ln(1 + x); the logarithm itself at 0."""
    return log if power == 0 else np.expm1(power * log) / power


def _grown_twice(away: float, log: Size) -> Size:
    """(e(1 + a) - e(1)) / a, e(p) = ((1 + x)^p - 1) / p, from ln(1 + x) to the last digits, also where a or x is small.

    It is the integral of exp(s) e_a(s) ds up to the logarithm, e_a(s) = (exp(a s) - 1) / a.
    """
    if abs(away) > 0.5:
        closed = (_grown(1 + away, log) - _grown(1.0, log)) / away
    else:
        closed = (np.exp(log) * _grown(away, log) - np.expm1(log)) / (1 + away)
    short = np.minimum(log, SHORT)[..., None]
    summed = np.exp(short * NODES) * _grown(away, short * NODES)
    return np.where(log > SHORT, closed, short[..., 0] * (summed @ WEIGHTS))
