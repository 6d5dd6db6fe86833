"""A number measured from data, with the interval it is known to, how many observations made it, and how.

Student's quantile: Abramowitz & Stegun 1964, equation 26.7.5 (relative error under 0.2 % from 3 degrees of freedom
at levels up to 95 %), exact for 1 and 2 degrees of freedom."""

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
    if degrees == 1:
        return math.tan(math.pi * level / 2)
    if degrees == 2:
        return level * math.sqrt(2 / (1 - level * level))
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / float(degrees) ** (power + 1) for power, term in enumerate(terms))


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's interval of a share seen in n observations (Wilson 1927), inside [0, 1] always.

    `n` may be an effective, fractional count.
    """
    z = z_of(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At a share of 0 or 1 the formula touches the bound; rounding must not step over the share.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
