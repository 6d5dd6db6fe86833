"""The square-root law: an order of Q shares costs I = Y sigma sqrt(Q / V), whatever its duration.

sigma and V are the volatility and the volume of the same period, here a session. Read as the average cost of an order
it is the desk's rule (Grinold & Kahn 2000, "Active Portfolio Management", chapter 16: a day's volume costs a day's
volatility; Torre 1997, BARRA Market Impact Model Handbook). Read as the price move from the first to the last fill it
is the empirical law (Toth, Lemperiere, Deremble, de Lataillade, Kockelkoren, Bouchaud 2011, "Anomalous price impact
and the critical nature of liquidity in financial markets", Phys. Rev. X 1, 021006), where Y is "of order unity" and
the average price paid is 2/3 of the way. `reading` names which; both have Y about 1, and the default standard error
of 0.3 is our judgement, wide enough for the prefactors of the two readings.

After the order the price relaxes, by fair pricing to 2/3 of the peak: to what was paid on average (`size_law`). It does
so slowly, by the square-root dynamic of Gatheral 2010 ("No-dynamic-arbitrage and market impact", Quantitative Finance
10, f(v) = sqrt(v), decay t^-1/2), whose peak does not depend on the duration either: z durations after the start
sqrt(z) - sqrt(z - 1) of what does not stay is left.

The square-root dynamic has schedules of negative cost on fine grids (`admissible`). What the order pays off the mid
makes up for them in schedules of about its own length, under fair pricing thirty times over; with little that stays it
does not, and the model then says so (`warnings`).

Wrong for very small orders, whose impact is nearer linear (Bucci, Benzaquen, Lillo, Bouchaud 2019, "Crossover from
linear to square-root market impact", Phys. Rev. Lett. 122), and for very fast or very slow ones: it has no duration."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from nowake.models.impact.admissible import fine_grid_warning
from nowake.models.impact.contract import Covariance, Parameter
from nowake.models.impact.kernel_power import PowerLaw
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power, Shape
from nowake.models.impact.size_law import Reading, SizeLaw
from nowake.models.impact.slopes import permanent_slope
from nowake.models.terms import Size, Terms

__all__ = ["Reading", "SquareRoot"]

ENOUGH_STAYS = 0.25  # Of the peak. The cheapest round trip of 800 slices we know of earns where less than 0.06 stays.


class SquareRoot(SizeLaw, frozen=True, kw_only=True):
    """Impact that grows with the square root of size.

    Parameters
    ----------
    y
        Prefactor, without unit, about 1. Its standard error is 0.3 unless a covariance is given.
    relaxed
        Share of the peak that stays, in [0, 1]; None for fair pricing, which is 2/3. Taken as exact.
    reading
        Whether the law gives the average cost (default) or the peak, of which the average cost is 2/3.

    Raises
    ------
    BadParameter
        When a parameter is out of range.

    Examples
    --------
    A tenth of a day's volume, in a market that moves 2 % a day:

    >>> market = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)
    >>> round(float(SquareRoot().total_bps(market)), 2)
    63.25
    """

    name: ClassVar[str] = "square root"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("y", "", "prefactor of σ √(Q/V)"),)

    y: float = 1.0
    covariance: Covariance = ((0.09,),)

    def law(self, x: Size) -> Size:
        """Y sqrt(x)."""
        return self.y * np.sqrt(x)

    def mean(self, x: Size) -> Size:
        """2/3 of the law."""
        return 2 / 3 * self.law(x)

    def steepness(self, x: Size) -> Size:
        """Half the law."""
        return self.law(x) / 2

    def law_slopes(self, x: Size) -> tuple[Size, ...]:
        """By y."""
        return (np.sqrt(x),)

    def mean_slopes(self, x: Size) -> tuple[Size, ...]:
        """By y."""
        return (2 / 3 * np.sqrt(x),)

    def shape(self, at_bps: float, terms: Terms) -> Shape:
        """The square root of the rate."""
        return Power(at_bps / float(np.sqrt(terms.rate)), 0.5)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a schedule made with this model may do that a desk would not want, one sentence each."""
        return () if self.relaxed is None or self.relaxed >= ENOUGH_STAYS else (fine_grid_warning(0.5, 0.5),)

    def response(self, terms: Terms) -> Response:
        """What stays, linear at the size of the order; what relaxes, by the square-root dynamic.

        An even order pays half of what stays and 2/3 of what relaxes; the rest of its cost (a sixth of what stays, as
        the law is concave and what stays is not) is paid off the mid.
        """
        stays = permanent_slope(self.permanent_bps(terms), terms)
        relaxes = float(self.peak_bps(terms)) - stays * terms.quantity
        left = float(self.temporary_bps(terms)) - 2 / 3 * relaxes
        return Response(
            permanent_bps_per_share=stays,
            temporary=self.shape(max(left, 0.0), terms),
            kernel=PowerLaw(0.5),
            # Traded evenly, the peak is twice the pressure times the root of the duration.
            pressure=Power(relaxes / 2 / math.sqrt(terms.quantity), 0.5),
        )

    def __str__(self) -> str:
        return f"I(Q) = ({self.y:.3g} ± {self.se('y'):.2g}) σ √(Q/V)   {self.reading_line()}"
