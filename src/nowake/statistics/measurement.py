"""A number measured from data, with the interval it is known to, how many observations made it, and how.

Student's quantile: Abramowitz & Stegun 1964, equation 26.7.5, relative error under 1e-5 from 30 degrees of freedom at
levels up to 0.9999; with fewer it starts Newton's steps on the finite sums of 26.7.3 and 26.7.4, which are exact."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Self

import msgspec

from nowake.domain.errors import BadParameter


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate and its uncertainty.

    Parameters
    ----------
    value
        The estimate, in the unit the field's name says.
    low, high
        Ends of the two-sided interval around it.
    level
        Confidence of the interval, between 0 and 1.
    n
        Observations behind it; 0 for a value that was given, not measured.
    method
        How it was made, in words.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    n: int = 0
    method: str = "given"

    def __post_init__(self) -> None:
        check_level(self.level)
        if not all(map(math.isfinite, (self.low, self.value, self.high))):
            raise BadParameter(f"{self.value} in [{self.low}, {self.high}] must be finite; give finite numbers")
        if not self.low <= self.value <= self.high:
            raise BadParameter(f"{self.value} is outside its interval [{self.low}, {self.high}]")

    @classmethod
    def given(cls, value: float, *, sd: float = 0.0, level: float = 0.95) -> Self:
        """A value taken from elsewhere, with its standard deviation (0: taken as exact)."""
        half = z_of(level) * sd
        return cls(value=float(value), low=float(value - half), high=float(value + half), level=level)

    @property
    def sd(self) -> float:
        """Standard deviation of the estimate: half the interval over the normal quantile of its level."""
        return (self.high - self.low) / (2 * z_of(self.level))

    def __str__(self) -> str:
        return f"{self.value:.6g} [{self.low:.6g}, {self.high:.6g}] at {self.level:.0%}, n = {self.n}, {self.method}"


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise BadParameter(f"level {level} must be between 0 and 1, for example 0.95")


def z_of(level: float) -> float:
    """Normal quantile of a two-sided level: 1.96 of 0.95."""
    check_level(level)
    return NormalDist().inv_cdf((1 + level) / 2)


def t_of(level: float, degrees: int) -> float:
    """Student's quantile of a two-sided level: 2.571 of 0.95 with 5 degrees of freedom."""
    if degrees < 1:
        raise BadParameter(f"{degrees} degrees of freedom must be 1 or more; two observations give one")
    z = z_of(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    t = z + math.fsum(term / float(degrees) ** (power + 1) for power, term in enumerate(terms))
    return t if degrees >= _MANY else _polished(t, level, degrees)


_MANY = 30  # Degrees of freedom from which the expansion alone is right to 1e-5.


def _polished(t: float, level: float, degrees: int) -> float:
    """The root of Student's level. It is concave in t, so that steps from below stay below, and one from above does."""
    for _ in range(100):
        level_of_t, density = _student(t, degrees)
        step = (level - level_of_t) / density
        t = max(t + step, t / 2)
        if abs(step) <= 1e-12 * t:
            break
    return t


def _student(t: float, degrees: int) -> tuple[float, float]:
    """The probability of [-t, t], and its slope."""
    angle = math.atan2(t, math.sqrt(degrees))
    cosine, odd = math.cos(angle), degrees % 2
    term, terms = (cosine if odd else 1.0), []
    for k in range(2 + odd, degrees + 1, 2):
        terms.append(term)
        term *= cosine * cosine * (k - 1) / k
    level = math.sin(angle) * math.fsum(terms)
    constant = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    return (2 / math.pi) * (angle + level) if odd else level, 2 * constant * cosine ** (degrees + 1)


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's interval of a share seen in n observations (Wilson 1927), inside [0, 1] always.

    `n` may be an effective, fractional count.
    """
    z = z_of(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At a share of 0 or 1 the formula touches the bound; rounding must not step over the share.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
