"""I-star: what the order would cost at once, shared out by how fast it is traded (Kissell & Glantz 2003, "Optimal
Trading Strategies"; Kissell & Malamut; Kissell 2013, "The Science of Algorithmic Trading and Portfolio Management").

    I* = a1 (Q / ADV)^a2 sigma^a3                      basis points
    MI = b1 I* POV^a4  +  (1 - b1) I*                  temporary + permanent
    TR = sigma sqrt(1/3 1/250 Q/ADV (1 - POV) / POV)   timing risk, here in basis points

sigma is ANNUAL and a fraction, 0.30 for 30 %; the sessions in a year are a field. POV = Q / (Q + c V) with V the
market's volume in the window, and c = 1 (`counted_volume`).

The trap: Kissell & Glantz 2003 print their parameters for size in PERCENT of ADV and volatility of a day in BASIS
POINTS, and hold the order against half of the market's volume, that of the demanders on its own side (c = 1/2,
a4 = 1): eta^-1 = Q / (Q + V / 2). `from_percent_and_bps` takes such parameters. The exponents keep their values, but
a1 does not: a1' = a1 100^a2 (1e4 sqrt(m / 250))^a3 for a volatility of m sessions.

No parameters are given by default: those printed belong to their books' markets and years. The permanent part is
concave in size, which no schedule may use (`size_law` says why), so the response is linear at the size of the order.
Wrong where (1 - b1) I* is taken for a fact about information: no speed tells it from the rest unless orders of one
size were traded at very different rates."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import CrowdShape
from nowake.models.impact.slopes import log_or_zero, permanent_slope
from nowake.models.terms import Size, Terms


class IStar(Impact, frozen=True, kw_only=True):
    """Instantaneous cost by size and volatility, dissipated by participation.

    Parameters
    ----------
    a1
        Basis points of a day's volume traded at once in a market of 100 % annual volatility.
    a2, a3
        Exponents of size and of volatility, in [0, 2].
    a4
        Exponent of the share of volume, in [0, 2].
    b1
        Share of the instantaneous cost that is temporary, in [0, 1].
    sessions_per_year
        What makes a session's volatility annual, above 0. Taken as exact.
    counted_volume
        c, the share of the market's volume the order is held against, in (0, 1]. Taken as exact.

    Raises
    ------
    BadParameter
        When a parameter is out of range.

    Examples
    --------
    >>> market = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)
    >>> model = IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95)
    >>> round(float(model.instant_bps(market)), 1), round(float(model.total_bps(market)), 1)
    (88.1, 38.6)
    """

    name: ClassVar[str] = "I-star"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("a1", "bps", "a day's volume at once, 100 % volatility", typical=700.0),
        Parameter("a2", "", "exponent of size over daily volume", high=2.0, typical=0.55),
        Parameter("a3", "", "exponent of annual volatility", high=2.0, typical=0.7),
        Parameter("a4", "", "exponent of the share of volume", high=2.0, typical=0.5),
        Parameter("b1", "", "part of it that is temporary", high=1.0, typical=0.95),
    )

    a1: float
    a2: float
    a3: float
    a4: float
    b1: float
    sessions_per_year: float = 250.0
    counted_volume: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_year(self.sessions_per_year)
        if not 0 < self.counted_volume <= 1:
            raise BadParameter(
                f"counted_volume {self.counted_volume} must be above 0 and at most 1: "
                "1 counts all of the market's volume, 0.5 one side"
            )

    @classmethod
    def from_percent_and_bps(
        cls,
        *,
        a1: float,
        a2: float,
        a3: float,
        a4: float = 1.0,
        b1: float = 0.95,
        volatility_sessions: float = 1.0,
        sessions_per_year: float = 250.0,
        counted_volume: float = 0.5,
    ) -> Self:
        """The model from parameters printed for size in percent of ADV and volatility in basis points.

        Parameters
        ----------
        a1, a2, a3
            As printed: I* = a1 (size in percent)^a2 (volatility in basis points)^a3.
        a4, b1, counted_volume
            By default what Kissell & Glantz 2003 use.
        volatility_sessions
            Sessions the printed volatility is of: 1 for a day's, 250 for annual basis points.

        Raises
        ------
        BadParameter
            When a parameter is out of range.

        Examples
        --------
        Their power function, 25 Z^0.38 sigma^0.28, in decimals:

        >>> round(IStar.from_percent_and_bps(a1=25, a2=0.38, a3=0.28).a1, 1)
        875.4
        """
        if not 0 < volatility_sessions < math.inf:
            raise BadParameter(f"volatility_sessions {volatility_sessions} must be above 0 and finite; 1 is a day's")
        _check_year(sessions_per_year)
        printed = 1e4 * math.sqrt(volatility_sessions / sessions_per_year)
        return cls(
            a1=a1 * 100**a2 * printed**a3,
            a2=a2,
            a3=a3,
            a4=a4,
            b1=b1,
            sessions_per_year=sessions_per_year,
            counted_volume=counted_volume,
        )

    def instant_bps(self, terms: Terms) -> Size:
        """I*: the cost if all of it were traded at once."""
        return self.a1 * self._per_a1(terms)

    def participation(self, terms: Terms) -> Size:
        """POV: the order's share of the volume it is held against, its own included."""
        return terms.quantity / (terms.quantity + self.counted_volume * terms.market_volume)

    def temporary_bps(self, terms: Terms) -> Size:
        """b1 I* POV^a4."""
        return self.b1 * self.instant_bps(terms) * self.participation(terms) ** self.a4

    def permanent_bps(self, terms: Terms) -> Size:
        """(1 - b1) I*."""
        return (1 - self.b1) * self.instant_bps(terms)

    def marginal_bps(self, terms: Terms) -> Size:
        """1 + a2 times the cost, and what the larger share of volume adds."""
        crowding = self.a4 * (1 - self.participation(terms)) * self.temporary_bps(terms)
        return (1 + self.a2) * self.total_bps(terms) + crowding

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By a1, a2, a3, a4 and b1."""
        instant, pov = self.instant_bps(terms), self.participation(terms)
        spread = pov**self.a4
        left = self.b1 * spread + 1 - self.b1
        return (
            self._per_a1(terms) * left,
            instant * left * log_or_zero(terms.share_of_day),
            instant * left * log_or_zero(self._annual(terms)),
            instant * self.b1 * spread * log_or_zero(pov),
            instant * (spread - 1),
        )

    def response(self, terms: Terms) -> Response:
        """What stays, linear at the size of the order; what relaxes, by our share of volume at each rate."""
        return Response(
            permanent_bps_per_share=permanent_slope(self.permanent_bps(terms), terms),
            temporary=CrowdShape(
                coefficient=float(self.b1 * self.instant_bps(terms)),
                market_rate=float(self.counted_volume * terms.market_volume / terms.days),
                exponent=self.a4,
            ),
        )

    def timing_risk_bps(self, terms: Terms) -> Size:
        """TR: one standard deviation of the cost from the market's moves while trading.

        Q / ADV (1 - POV) / POV is the window in days of volume, so it is sigma sqrt(T / 3) of an even schedule, T in
        volume time.
        """
        days = terms.market_volume / terms.daily_volume
        return 1e4 * self._annual(terms) * np.sqrt(days / (3 * self.sessions_per_year))

    def _annual(self, terms: Terms) -> Size:
        return terms.volatility * math.sqrt(self.sessions_per_year)

    def _per_a1(self, terms: Terms) -> Size:
        return terms.share_of_day**self.a2 * self._annual(terms) ** self.a3

    def __str__(self) -> str:
        a1, a2, a3, a4, b1 = (f"{value:.3g} ± {self.se(name):.2g}" for name, value in self._named())
        return (
            f"I* = ({a1}) (Q/ADV)^({a2}) σ^({a3}) bps,  MI = b1 I* POV^({a4}) + (1 - b1) I*,  b1 = {b1}   "
            f"[σ annual, {self.sessions_per_year:g} sessions]"
        )

    def _named(self) -> list[tuple[str, float]]:
        return [(parameter.name, value) for parameter, value in zip(self.parameters, self.values, strict=True)]


def _check_year(sessions: float) -> None:
    if not 0 < sessions < math.inf:
        raise BadParameter(f"sessions_per_year {sessions} must be above 0 and finite; 250 is usual")
