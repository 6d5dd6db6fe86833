"""Concave laws of size: linear for small orders, and ever flatter for blocks.

    Logarithmic   I = a sigma log(1 + Q / (b V))        grows by the same amount each time a large order doubles
    Saturating    I = a sigma (1 - exp(-Q / (b V)))     never above a sigma

The logarithm is what Zarinelli, Treccani, Farmer, Lillo 2015 ("Beyond the square root: evidence for logarithmic
dependence of market impact on size and participation rate", Market Microstructure and Liquidity 1; arXiv 1412.2152)
found to fit better than a square root, over almost five orders of magnitude of size; theirs is the peak of the price
(`Reading.PEAK`). The saturating form says that at some price there is liquidity for any block: the guard against a law
that charges blocks without bound.

Below Q = b V both are linear, with slope a sigma / (b V): the crossover that Bucci, Benzaquen, Lillo, Bouchaud 2019
(Phys. Rev. Lett. 122) see for small orders. Wrong where orders never reach b V, where a and b cannot be told apart, and
as `size_law` says."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nowake.models.impact.contract import Parameter
from nowake.models.impact.shapes import LogShape, SaturatingShape, Shape
from nowake.models.impact.size_law import SizeLaw
from nowake.models.terms import Size, Terms

SMALL = 1e-4  # Below it a mean over an order is taken from its series: the closed form subtracts equal numbers.


class _Concave(SizeLaw, frozen=True, kw_only=True):
    """What both laws share: a height a, a scale b, and functions of u = x / b."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("a", "", "height, in volatilities of a session", typical=0.1),
        Parameter("b", "", "where it bends, in sessions of volume", low=1e-9, typical=0.01),
    )

    a: float
    b: float

    def _form(self, u: Size) -> Size:
        raise NotImplementedError

    def _form_mean(self, u: Size) -> Size:
        raise NotImplementedError

    def _form_steepness(self, u: Size) -> Size:
        raise NotImplementedError

    def law(self, x: Size) -> Size:
        """a times the form at x / b."""
        return self.a * self._form(x / self.b)

    def mean(self, x: Size) -> Size:
        """a times the mean of the form up to x / b."""
        return self.a * self._form_mean(x / self.b)

    def steepness(self, x: Size) -> Size:
        """a u times the slope of the form."""
        return self.a * self._form_steepness(x / self.b)

    def law_slopes(self, x: Size) -> tuple[Size, ...]:
        """By a and b; u falls as b grows."""
        u = x / self.b
        return self._form(u), -self.a / self.b * self._form_steepness(u)

    def mean_slopes(self, x: Size) -> tuple[Size, ...]:
        """By a and b; u d(mean)/du is the form less its mean."""
        u = x / self.b
        mean = self._form_mean(u)
        return mean, -self.a / self.b * (self._form(u) - mean)


class Logarithmic(_Concave, frozen=True, kw_only=True):
    """Impact that grows with the logarithm of size.

    Parameters
    ----------
    a
        Height, without unit: what each factor e = 2.718 of size adds, in volatilities of a session. A prefactor
        printed for logarithms to base 10 is to be divided by log(10) = 2.303.
    b
        Sessions of volume below which impact is linear, 1e-9 or more. A paper's 1 + b x is 1 + x / b here.
    relaxed, reading
        As for `SizeLaw`.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    name: ClassVar[str] = "logarithmic"
    version: ClassVar[str] = "1"

    def _form(self, u: Size) -> Size:
        return np.log1p(u)

    def _form_mean(self, u: Size) -> Size:
        """(1 + 1/u) log(1 + u) - 1."""
        large = np.where(u > SMALL, u, 1.0)
        return np.where(u > SMALL, (1 + 1 / large) * np.log1p(large) - 1, u / 2 - u**2 / 6 + u**3 / 12)

    def _form_steepness(self, u: Size) -> Size:
        return u / (1 + u)

    def shape(self, at_bps: float, terms: Terms) -> Shape:
        """The logarithm of the rate that would trade b V in the window."""
        return LogShape(at_bps / float(np.log1p(terms.share_of_day / self.b)), _bend(self.b, terms))

    def __str__(self) -> str:
        a, b = f"{self.a:.3g} ± {self.se('a'):.2g}", f"{self.b:.3g} ± {self.se('b'):.2g}"
        return f"I(Q) = ({a}) σ log(1 + Q / (({b}) V))   {self.reading_line()}"


class Saturating(_Concave, frozen=True, kw_only=True):
    """Impact that grows up to a bound.

    Parameters
    ----------
    a
        The bound, in volatilities of a session.
    b
        Sessions of volume that bring it to 63 % of the bound, 1e-9 or more.
    relaxed, reading
        As for `SizeLaw`.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    name: ClassVar[str] = "saturating"
    version: ClassVar[str] = "1"

    def _form(self, u: Size) -> Size:
        return -np.expm1(-u)

    def _form_mean(self, u: Size) -> Size:
        """1 - (1 - exp(-u)) / u."""
        large = np.where(u > SMALL, u, 1.0)
        return np.where(u > SMALL, 1 + np.expm1(-large) / large, u / 2 - u**2 / 6 + u**3 / 24)

    def _form_steepness(self, u: Size) -> Size:
        return u * np.exp(-u)

    def shape(self, at_bps: float, terms: Terms) -> Shape:
        """Saturating in the rate that would trade b V in the window."""
        return SaturatingShape(-at_bps / float(np.expm1(-terms.share_of_day / self.b)), _bend(self.b, terms))

    def __str__(self) -> str:
        a, b = f"{self.a:.3g} ± {self.se('a'):.2g}", f"{self.b:.3g} ± {self.se('b'):.2g}"
        return f"I(Q) = ({a}) σ (1 - exp(-Q / (({b}) V)))   {self.reading_line()}"


def _bend(b: float, terms: Terms) -> float:
    """The rate in shares a session at which an order of b days' volume would trade in the window."""
    return float(b * terms.daily_volume / terms.days)
