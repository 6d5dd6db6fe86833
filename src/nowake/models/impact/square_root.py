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

import msgspec

from nowake.domain.errors import BadParameter
from nowake.models.impact.linear import Linear
from nowake.models.impact.sizes import Size, check_parameter, check_trade, root
from nowake.models.market import MarketState


class Reading(enum.Enum):
    """What Y sigma sqrt(Q / V) stands for."""

    COST = "average cost of the order"
    PEAK = "price move from first to last fill"


class SquareRoot(msgspec.Struct, frozen=True, kw_only=True):
    """Impact that grows with the square root of size.

    Parameters
    ----------
    y
        Prefactor, without unit, about 1.
    y_se
        Its standard error.
    relaxed
        Share of impact that stays, in [0, 1]; 2/3 by fair pricing.
    reading
        Whether the law gives the average cost (default) or the peak, of which the average cost is 2/3.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    y: float = 1.0
    y_se: float = 0.3
    relaxed: float = 2 / 3
    reading: Reading = Reading.COST

    def __post_init__(self) -> None:
        check_parameter("y", self.y)
        check_parameter("y_se", self.y_se)
        check_parameter("relaxed", self.relaxed, high=1.0)

    @property
    def name(self) -> str:
        """Name for tables."""
        return "square root"

    @property
    def version(self) -> str:
        """Changes whenever the same inputs would give another number."""
        return "1"

    def impact_bps(self, quantity: Size, market: MarketState) -> Size:
        """Y sigma sqrt(Q / V) in basis points, the law as it is written."""
        share = check_trade(quantity, 1.0) / market.daily_volume
        return root(share) * (self.y * market.daily_volatility.value * 1e4)

    def total_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """Average cost of the order: the law itself, or 2/3 of it where it is read as the peak."""
        check_trade(quantity, days)
        return self.impact_bps(quantity, market) * (2 / 3 if self.reading is Reading.PEAK else 1.0)

    def permanent_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """The share of the cost that stays after the price relaxed."""
        return self.total_bps(quantity, market, days=days) * self.relaxed

    def temporary_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """The share of the cost that relaxes."""
        return self.total_bps(quantity, market, days=days) * (1 - self.relaxed)

    def parameter_sd_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """One standard deviation from the standard error of Y."""
        unit = msgspec.structs.replace(self, y=1.0)
        return unit.total_bps(quantity, market, days=days) * self.y_se

    def half_spread_bps(self, market: MarketState) -> float:
        """Half of the quoted spread: the law is about mids."""
        return market.spread_bps.value / 2

    def linearised(self, quantity: float, market: MarketState, *, days: float) -> Linear:
        """The linear model with the same temporary and permanent cost at this size, over this duration.

        Right for this order traded evenly; how cost changes with speed is then the linear model's, not the law's. Its
        two standard errors count as independent where the law has one, so its doubt comes out smaller.

        Raises
        ------
        BadParameter
            When the quantity is 0: there is no slope to take.
        """
        if not check_trade(quantity, days) > 0:
            raise BadParameter(f"quantity {quantity} must be above 0 to take the slope of the square-root law")
        per_share = market.price / 1e4 / quantity
        gamma = 2 * self.permanent_bps(quantity, market, days=days) * per_share
        eta = self.temporary_bps(quantity, market, days=days) * per_share * days
        doubt = self.y_se / self.y if self.y else 0.0
        return Linear(
            gamma=gamma,
            eta=eta,
            epsilon=market.spread / 2,
            gamma_se=doubt * gamma,
            eta_se=doubt * eta,
            epsilon_se=market.spread_bps.sd / 2e4 * market.price,
        )

    def __str__(self) -> str:
        return (
            f"I(Q) = ({self.y:.3g} ± {self.y_se:.2g}) σ √(Q/V)   [{self.reading.value}]\n"
            f"{self.relaxed:.3g} of it stays, {1 - self.relaxed:.3g} relaxes"
        )
