"""The power law of size: an order of Q shares costs I = Y sigma (Q / V)^delta, whatever its duration.

The square-root law with its exponent set free (Torre 1997, BARRA; Almgren, Thum, Hauptmann, Li 2005; Toth et al. 2011;
Bershova & Rakhlin 2013, "The non-linear market impact of large trades: evidence from buy-side order flow",
Quantitative Finance 13). Exponents measured lie between about 0.4 and 0.7. Read as the peak, the order pays
1 / (1 + delta) of it on average, which is also the level it relaxes to by fair pricing (Farmer, Gerig, Lillo,
Waelbroeck 2013).

Prefactor and exponent of a fit are strongly correlated where the orders it saw are far from a day's volume, so the
covariance must carry both: away from those sizes the doubt about the exponent is the larger one. Wrong as
`square_root` is."""

from __future__ import annotations

from typing import ClassVar

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Parameter
from nowake.models.impact.shapes import Power, Shape
from nowake.models.impact.size_law import SizeLaw
from nowake.models.impact.slopes import log_or_zero
from nowake.models.terms import Size, Terms


class PowerLaw(SizeLaw, frozen=True, kw_only=True):
    """Impact that grows with a power of size.

    Parameters
    ----------
    y
        Prefactor, without unit: volatilities of a session that a session's volume costs.
    exponent
        delta, in [0, 2]; 1/2 is the square-root law, 1 linear.
    relaxed
        Share of the peak that stays, in [0, 1]; None for fair pricing, 1 / (1 + delta). Taken as exact.
    reading
        Whether the law gives the average cost (default) or the peak.

    Raises
    ------
    BadParameter
        When a parameter is out of range, or more of the peak would stay than the order costs.

    Examples
    --------
    >>> market = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)
    >>> round(float(PowerLaw(y=0.8, exponent=0.6).total_bps(market)), 2)
    40.19
    """

    name: ClassVar[str] = "power law"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("y", "", "prefactor of σ (Q/V)^δ"),
        Parameter("exponent", "", "δ, of size over the day's volume", high=2.0, typical=0.5),
    )

    y: float = 1.0
    exponent: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.relaxed is not None and self.relaxed * (1 + self.exponent) > 2:
            raise BadParameter(
                f"relaxed {self.relaxed} of the peak of a power law with exponent {self.exponent} is more than the "
                f"order pays; it can be at most {2 / (1 + self.exponent):.4g}"
            )

    def law(self, x: Size) -> Size:
        """Y x^delta."""
        return self.y * x**self.exponent

    def mean(self, x: Size) -> Size:
        """1 / (1 + delta) of the law."""
        return self.law(x) / (1 + self.exponent)

    def steepness(self, x: Size) -> Size:
        """Delta times the law."""
        return self.exponent * self.law(x)

    def law_slopes(self, x: Size) -> tuple[Size, ...]:
        """By y and the exponent."""
        power = x**self.exponent
        return power, self.y * power * log_or_zero(x)

    def mean_slopes(self, x: Size) -> tuple[Size, ...]:
        """By y and the exponent."""
        power = x**self.exponent / (1 + self.exponent)
        return power, self.y * power * (log_or_zero(x) - 1 / (1 + self.exponent))

    def shape(self, at_bps: float, terms: Terms) -> Shape:
        """The same power of the rate."""
        return Power(at_bps / terms.rate**self.exponent, self.exponent)

    def __str__(self) -> str:
        return (
            f"I(Q) = ({self.y:.3g} ± {self.se('y'):.2g}) σ (Q/V)^({self.exponent:.3g} ± {self.se('exponent'):.2g})   "
            f"{self.reading_line()}"
        )
