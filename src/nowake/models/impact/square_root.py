"""The square-root law: an order of Q shares costs I = Y sigma sqrt(Q / V), whatever its duration.

sigma and V are the volatility and the volume of the same period, here a session. Read as the average cost of an order
it is the desk's rule (Grinold & Kahn 2000, "Active Portfolio Management", chapter 16: a day's volume costs a day's
volatility; Torre 1997, BARRA Market Impact Model Handbook). Read as the price move from the first to the last fill it
is the empirical law (Toth, Lemperiere, Deremble, de Lataillade, Kockelkoren, Bouchaud 2011, "Anomalous price impact
and the critical nature of liquidity in financial markets", Phys. Rev. X 1, 021006), where Y is "of order unity" and
the average price paid is 2/3 of the way. `reading` names which; both have Y about 1, and the default standard error
of 0.3 is our judgement, wide enough for the prefactors of the two readings.

After the order the price relaxes; fair pricing (Farmer, Gerig, Lillo, Waelbroeck 2013, "How efficiency shapes market
impact", Quantitative Finance 13) puts the level it relaxes to at 2/3 of the peak for an exponent of 1/2. That is the
share of the cost called permanent here (`relaxed`).

Wrong for very small orders, whose impact is nearer linear (Bucci, Benzaquen, Lillo, Bouchaud 2019, "Crossover from
linear to square-root market impact", Phys. Rev. Lett. 122), and for very fast or very slow ones: it has no duration."""

from __future__ import annotations

import enum
from typing import ClassVar

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Covariance, Impact, Parameter
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.terms import Size, Terms


class Reading(enum.Enum):
    """What Y sigma sqrt(Q / V) stands for."""

    COST = "average cost of the order"
    PEAK = "price move from first to last fill"


class SquareRoot(Impact, frozen=True, kw_only=True):
    """Impact that grows with the square root of size.

    Parameters
    ----------
    y
        Prefactor, without unit, about 1. Its standard error is 0.3 unless a covariance is given.
    relaxed
        Share of impact that stays, in [0, 1]; 2/3 by fair pricing. Taken as exact.
    reading
        Whether the law gives the average cost (default) or the peak, of which the average cost is 2/3.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    name: ClassVar[str] = "square root"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("y", "", "prefactor of σ √(Q/V)"),)

    y: float = 1.0
    relaxed: float = 2 / 3
    reading: Reading = Reading.COST
    covariance: Covariance = ((0.09,),)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.relaxed <= 1:
            raise BadParameter(f"relaxed {self.relaxed} must be between 0 and 1: the share of impact that stays")

    def impact_bps(self, terms: Terms) -> Size:
        """Y sigma sqrt(Q / V), the law as it is written."""
        return self.y * 1e4 * terms.volatility * np.sqrt(terms.share_of_day)

    def total_bps(self, terms: Terms) -> Size:
        """Average cost of the order: the law itself, or 2/3 of it where it is read as the peak."""
        return self.impact_bps(terms) * (2 / 3 if self.reading is Reading.PEAK else 1.0)

    def permanent_bps(self, terms: Terms) -> Size:
        """The share of the cost that stays after the price relaxed."""
        return self.total_bps(terms) * self.relaxed

    def temporary_bps(self, terms: Terms) -> Size:
        """The share of the cost that relaxes."""
        return self.total_bps(terms) * (1 - self.relaxed)

    def marginal_bps(self, terms: Terms) -> Size:
        """3/2 of the average."""
        return 1.5 * self.total_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By y."""
        unit = 1e4 * terms.volatility * np.sqrt(terms.share_of_day)
        return (unit * (2 / 3 if self.reading is Reading.PEAK else 1.0),)

    def response(self, terms: Terms) -> Response:
        """What stays, linear at the size of the order; what relaxes, by the square root of the rate."""
        if not terms.quantity > 0:
            raise BadParameter(f"quantity {terms.quantity} must be above 0: the response is that to one order")
        return Response(
            permanent_bps_per_share=float(2 * self.permanent_bps(terms) / terms.quantity),
            temporary=Power(float(self.temporary_bps(terms) / np.sqrt(terms.rate)), 0.5),
        )

    def __str__(self) -> str:
        return (
            f"I(Q) = ({self.y:.3g} ± {self.se('y'):.2g}) σ √(Q/V)   [{self.reading.value}]\n"
            f"{self.relaxed:.3g} of it stays, {1 - self.relaxed:.3g} relaxes"
        )
