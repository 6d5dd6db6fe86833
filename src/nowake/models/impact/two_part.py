"""Temporary impact by a power of size, permanent impact in proportion to it: the Almgren-Chriss form with a root.

    temporary(Q) = alpha sigma (Q / V)^beta        beta 1/2: the square root
    permanent(Q) = gamma sigma Q / ADV             the move that stays; the order pays half of it on average

(Almgren & Chriss 2000 with the power-law temporary impact of Almgren 2003, "Optimal execution with nonlinear impact
functions and trading-enhanced risk", Applied Mathematical Finance 10, scaled by volatility and volume as in Almgren,
Thum, Hauptmann, Li 2005.) Three things are called V in use, and they differ by orders of magnitude, so `reference`
names one: the market's volume in the window (a speed, so that trading slower is cheaper), in a day, or the average
trade. alpha belongs to its reference and cannot be carried to another. gamma is in volatilities of a session per
session's volume: one printed as a fraction of the price per day's volume is to be divided by sigma.

Wrong where the price recovers slowly, for the temporary part is gone at once; and with the reference of a day or a
trade it has no duration, so that urgency is free."""

from __future__ import annotations

import enum
from typing import ClassVar

from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.impact.slopes import log_or_zero
from nowake.models.terms import Size, Terms


class Reference(enum.Enum):
    """What an order's size is held against."""

    WINDOW = "the market's volume in the window"
    DAY = "a day's volume"
    TRADE = "the average trade"


class TwoPart(Impact, frozen=True, kw_only=True):
    """A temporary power of size and a permanent part in proportion to it.

    Parameters
    ----------
    alpha
        Temporary, in volatilities of a session at Q = V.
    beta
        Exponent of the temporary part, in [0, 2]; 1/2 is the square root.
    gamma
        Permanent: the move that stays, in volatilities of a session per session's volume.
    reference
        V. Taken as exact; `Reference.TRADE` needs the trade size of the market.

    Raises
    ------
    BadParameter
        When a parameter is out of range.

    Examples
    --------
    >>> market = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)
    >>> model = TwoPart(alpha=0.2, gamma=0.3)
    >>> round(float(model.temporary_bps(market)), 2), round(float(model.permanent_bps(market)), 2)
    (17.89, 3.0)
    """

    name: ClassVar[str] = "two-part (temporary power, permanent linear)"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("alpha", "", "temporary, in σ at Q = V", typical=0.2),
        Parameter("beta", "", "exponent of the temporary part", high=2.0, typical=0.5),
        Parameter("gamma", "", "permanent, in σ per day's volume", typical=0.3),
    )

    alpha: float
    beta: float = 0.5
    gamma: float
    reference: Reference = Reference.WINDOW

    def move_bps(self, terms: Terms) -> Size:
        """gamma sigma Q / ADV: the move that stays."""
        return self.gamma * 1e4 * terms.volatility * terms.share_of_day

    def permanent_bps(self, terms: Terms) -> Size:
        """Half of the move."""
        return self.move_bps(terms) / 2

    def temporary_bps(self, terms: Terms) -> Size:
        """alpha sigma (Q / V)^beta."""
        return self.alpha * 1e4 * terms.volatility * self._size(terms) ** self.beta

    def marginal_bps(self, terms: Terms) -> Size:
        """1 + beta times the temporary part, twice the permanent one."""
        return (1 + self.beta) * self.temporary_bps(terms) + 2 * self.permanent_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By alpha, beta and gamma."""
        unit = 1e4 * terms.volatility
        size = self._size(terms)
        power = unit * size**self.beta
        return power, self.alpha * power * log_or_zero(size), unit * terms.share_of_day / 2

    def response(self, terms: Terms) -> Response:
        """The permanent part share by share; the temporary one by the rate, exact for the reference of the window."""
        sigma_bps = 1e4 * terms.volatility
        # Size over V of one share a session, traded for the whole window.
        unit = terms.days / self._volume(terms)
        return Response(
            permanent_bps_per_share=float(self.gamma * sigma_bps / terms.daily_volume),
            temporary=Power(float(self.alpha * sigma_bps * unit**self.beta), self.beta),
        )

    def _size(self, terms: Terms) -> Size:
        return terms.quantity / self._volume(terms)

    def _volume(self, terms: Terms) -> Size:
        """V in shares."""
        if self.reference is Reference.WINDOW:
            return terms.market_volume
        if self.reference is Reference.DAY:
            return terms.daily_volume
        return terms.need("trade_size", self.name)

    def __str__(self) -> str:
        alpha, beta, gamma = (f"{getattr(self, name):.3g} ± {self.se(name):.2g}" for name in ("alpha", "beta", "gamma"))
        return (
            f"temporary ({alpha}) σ (Q/V)^({beta}),  permanent move ({gamma}) σ Q/ADV, half of it paid   "
            f"[V: {self.reference.value}]"
        )
