"""Kernels that decay at one rate, or at several.

    Exponential        G(t) = exp(-rho t)                  Obizhaeva & Wang 2013, resilience rho
    MultiExponential   G(t) = sum_k w_k exp(-rho_k t)

Completely monotone where all weights are 0 or more, so positive definite and convex. With a negative weight it is
positive definite exactly where its spectrum sum_k w_k rho_k / (rho_k^2 + omega^2) is nowhere negative (Bochner), which
the roots of a polynomial in omega^2 decide. Wrong over very long times: measured impact is forgotten slower than at any
one rate."""

from __future__ import annotations

import math

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Exponentials, Kernel
from nowake.models.terms import Floats, Size

ROUNDING = 1e-9  # Of the sum of the sizes of the spectrum's terms: below this its sign is noise.


class Exponential(Kernel, frozen=True):
    """exp(-rate t).

    Parameters
    ----------
    rate
        Resilience rho, a session; the half-life is ln 2 / rate. Above 0.
    """

    rate: float

    def __post_init__(self) -> None:
        _check_rate(self.rate)

    @classmethod
    def of_half_life(cls, days: float) -> Exponential:
        """The kernel of which half is left after some sessions."""
        if not 0 < days < math.inf:
            raise BadParameter(f"half-life {days} must be above 0 and finite, in sessions")
        return cls(math.log(2) / days)

    def __call__(self, lag_days: Size) -> Size:
        """exp(-rate t)."""
        return np.exp(-self.rate * np.asarray(lag_days, dtype=np.float64))

    def first(self, lag_days: Size) -> Size:
        """(1 - exp(-rate t)) / rate."""
        return -np.expm1(-self.rate * np.asarray(lag_days, dtype=np.float64)) / self.rate

    def second(self, lag_days: Size) -> Size:
        """(rate t - 1 + exp(-rate t)) / rate^2."""
        lag = np.asarray(lag_days, dtype=np.float64)
        return lag**2 * mean_left(self.rate * lag)

    @property
    def convex(self) -> bool:
        """Always."""
        return True

    def exponentials(self, *, shortest_days: float, longest_days: float) -> Exponentials:  # noqa: ARG002
        """Itself."""
        return Exponentials(np.array([1.0]), np.array([self.rate]))

    def __str__(self) -> str:
        return f"exp(-{self.rate:.4g} t)"


class MultiExponential(Kernel, frozen=True):
    """sum_k weights[k] exp(-rates[k] t).

    Parameters
    ----------
    weights
        What each rate carries; their sum is G(0), above 0. One may be negative where the whole stays admissible.
    rates
        Resiliences, a session, above 0 and all different.
    """

    weights: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.rates):
            raise BadParameter(f"{len(self.weights)} weights and {len(self.rates)} rates; give as many, at least one")
        for rate in self.rates:
            _check_rate(rate)
        if len(set(self.rates)) < len(self.rates):
            raise BadParameter(f"rates {self.rates} must all be different; add the weights of equal ones")
        if not (all(map(math.isfinite, self.weights)) and sum(self.weights) > 0):
            raise BadParameter(f"weights {self.weights} must be finite with a sum above 0: the kernel at lag 0")

    def __call__(self, lag_days: Size) -> Size:
        """The sum at lags."""
        return sum(w * Exponential(rate)(lag_days) for w, rate in zip(self.weights, self.rates, strict=True))

    def first(self, lag_days: Size) -> Size:
        """The sum of first antiderivatives."""
        return sum(w * Exponential(rate).first(lag_days) for w, rate in zip(self.weights, self.rates, strict=True))

    def second(self, lag_days: Size) -> Size:
        """The sum of second antiderivatives."""
        return sum(w * Exponential(rate).second(lag_days) for w, rate in zip(self.weights, self.rates, strict=True))

    @property
    def convex(self) -> bool:
        """Where no weight is negative."""
        return min(self.weights) >= 0

    @property
    def positive_definite(self) -> bool:
        """Whether the spectrum is nowhere negative; one that touches 0 within rounding is not."""
        return self.convex or bool(self._spectrum_between_its_roots().min() >= -ROUNDING)

    def _spectrum_between_its_roots(self) -> Floats:
        """The spectrum over the sum of its terms' sizes at 0, at infinity, and once between any two of its roots.

        Over the product of all rho_k^2 + u, u = omega^2, it is a polynomial in u, which changes sign at roots only.
        """
        rates = np.array(self.rates) / math.exp(float(np.mean(np.log(self.rates))))
        pull, squares = np.array(self.weights) * rates, rates**2
        top = sum((each * np.poly(-np.delete(squares, k)) for k, each in enumerate(pull)), start=np.zeros(len(squares)))
        ends = np.roots(top).real
        ends = np.sort(np.concatenate((ends[ends > 0], squares)))
        between = np.sqrt(ends[1:] * ends[:-1])
        # Far below the slowest rate and far above the fastest it is what it is at 0 and at infinity.
        u = np.concatenate(([0.0, ends[0] / 2, 2 * ends[-1], 1e12 * squares.max()], between))[:, None]
        terms = pull / (squares + u)
        return np.asarray(terms.sum(axis=1) / np.abs(terms).sum(axis=1))

    def exponentials(self, *, shortest_days: float, longest_days: float) -> Exponentials:  # noqa: ARG002
        """Itself."""
        return Exponentials(np.array(self.weights), np.array(self.rates))

    def __str__(self) -> str:
        terms = (f"{w:.4g} exp(-{rate:.4g} t)" for w, rate in zip(self.weights, self.rates, strict=True))
        return " + ".join(terms).replace("+ -", "- ")


def mean_left(x: Size) -> Size:
    """(x - 1 + exp(-x)) / x^2: half at 0, then 1 / x; the share of its impact an even order of length x pays."""
    x = np.asarray(x, dtype=np.float64)
    small = x < 1e-2
    if not small.any():
        return (x + np.expm1(-x)) / x**2
    # The closed form loses all digits near 0.
    safe = np.where(small, 1.0, x)
    series = 1 / 2 + x * (-1 / 6 + x * (1 / 24 + x * (-1 / 120 + x / 720)))
    return np.where(small, series, (safe + np.expm1(-safe)) / safe**2)


def mean_left_slope(x: Size) -> Size:
    """Derivative of `mean_left`: (2 - x - (2 + x) exp(-x)) / x^3."""
    x = np.asarray(x, dtype=np.float64)
    small = x < 0.1
    if not small.any():
        return (2 - x - (2 + x) * np.exp(-x)) / x**3
    safe = np.where(small, 1.0, x)
    coefficients = (-1 / 6, 1 / 12, -1 / 40, 1 / 180, -1 / 1008, 1 / 6720, -1 / 51840)
    series: Floats = np.polynomial.polynomial.polyval(x, np.array(coefficients))
    return np.where(small, series, (2 - safe - (2 + safe) * np.exp(-safe)) / safe**3)


def _check_rate(rate: float) -> None:
    if not 0 < rate < math.inf:
        raise BadParameter(f"rate {rate} must be above 0 and finite, a session; ln 2 / rate is the half-life")
