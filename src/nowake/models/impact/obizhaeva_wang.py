"""Impact that comes back at one rate, the resilience of the book (Obizhaeva & Wang 2013, "Optimal trading strategy and
supply/demand dynamics", Journal of Financial Markets 16).

    D_t = permanent sigma Q_t / V  +  transient sigma / V integral over s < t of v_s exp(-rho (t - s)) ds

In their book of constant density q a share moves the price by 1/q at once, of which lambda stays and kappa = 1/q -
lambda decays at the rate rho. Here both are in volatilities per session's volume, so that symbols can be fitted
together: lambda = permanent sigma / V. An order of Q shares traded evenly over T sessions pays on average

    permanent sigma Q / 2V  +  transient sigma Q / V  (x - 1 + exp(-x)) / x^2,     x = rho T.

The cheapest way to trade X in a time T is a block of X / (rho T + 2) at both ends and an even rate between them, which
pays kappa X / (rho T + 2) a share for what decays (their proposition on the continuous limit).

Wrong for large orders, as impact is linear, and long after, as real impact is forgotten slower than at any one rate.
Windows much longer than 1 / rho tell only transient / rho, so both are then poorly known."""

from __future__ import annotations

import math
from typing import ClassVar

from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.kernel_exponential import Exponential, mean_left, mean_left_slope
from nowake.models.impact.response import Response
from nowake.models.impact.transient import PERMANENT, TRANSIENT, day_bps, linear_response
from nowake.models.terms import Size, Terms


class ObizhaevaWang(Impact, frozen=True, kw_only=True):
    """Linear impact, part of which decays exponentially.

    Parameters
    ----------
    permanent
        Displacement for good in volatilities, for an order of a session's volume; lambda, 0 or more.
    transient
        Displacement that decays, in the same unit; kappa, 0 or more.
    resilience
        Rate of decay a session, rho; `half_life_days` is ln 2 over it.

    Raises
    ------
    BadParameter
        When a parameter is out of range.

    Examples
    --------
    >>> model = ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
    >>> round(float(model.total_bps(Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6))), 2)
    8.4
    """

    name: ClassVar[str] = "Obizhaeva-Wang"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        PERMANENT,
        TRANSIENT,
        Parameter("resilience", "1/session", "ρ, rate at which impact decays", low=1e-3, high=1e6, typical=20.0),
    )

    permanent: float
    transient: float
    resilience: float

    @property
    def half_life_days(self) -> float:
        """Sessions after which half of what decays is gone."""
        return math.log(2) / self.resilience

    def temporary_bps(self, terms: Terms) -> Size:
        """What the order pays for what decays."""
        return self.transient * day_bps(terms) * mean_left(self.resilience * terms.days)

    def permanent_bps(self, terms: Terms) -> Size:
        """Half of the move that stays."""
        return self.permanent * day_bps(terms) / 2

    def marginal_bps(self, terms: Terms) -> Size:
        """Twice the average: impact is linear."""
        return 2 * self.total_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By permanent, transient and resilience."""
        day, x = day_bps(terms), self.resilience * terms.days
        return day / 2, day * mean_left(x), self.transient * day * terms.days * mean_left_slope(x)

    def response(self, terms: Terms) -> Response:
        """The model itself, in basis points a share."""
        kernel = Exponential(self.resilience)
        return linear_response(terms, permanent=self.permanent, transient=self.transient, kernel=kernel)

    def __str__(self) -> str:
        return (
            f"D = σ/V [{self.permanent:.3g} Q + {self.transient:.3g} ∫ v exp(-{self.resilience:.3g} t) ds]   "
            "[t in sessions]\n"
            f"standard errors: permanent {self.se('permanent'):.2g}, transient {self.se('transient'):.2g}, "
            f"resilience {self.se('resilience'):.2g}; half-life {self.half_life_days:.3g} sessions"
        )
