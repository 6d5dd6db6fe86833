"""Linear permanent and temporary impact (Almgren & Chriss, "Optimal execution of portfolio transactions", December
2000, equations 6 and 7).

    g(v) = gamma v              permanent: each share traded moves the price by gamma, for good
    h(v) = epsilon + eta v      temporary: trading at v shares a day costs this much a share, at once gone

An order of X shares traded evenly over T days then costs, a share, epsilon + eta X / T + gamma X / 2 (their equation
10 for tau -> 0). `epsilon` is HALF the spread. Wrong for small and for very large orders: measured impact is concave
in size, so a linear model right at one size is too cheap below it and too dear above."""

from __future__ import annotations

import math
from typing import Self

import msgspec

from nowake.models.impact.sizes import Size, check_parameter, check_trade, root
from nowake.models.market import MarketState


class Linear(msgspec.Struct, frozen=True, kw_only=True):
    """Impact proportional to size and to speed.

    Parameters
    ----------
    gamma
        Permanent impact, currency per share, per share traded.
    eta
        Temporary impact, currency per share, per (share per trading day).
    epsilon
        Half the spread, currency per share.
    gamma_se, eta_se, epsilon_se
        Standard errors of the three, taken as independent; 0 for known.

    Raises
    ------
    BadParameter
        When one is negative or not finite.
    """

    gamma: float
    eta: float
    epsilon: float
    gamma_se: float = 0.0
    eta_se: float = 0.0
    epsilon_se: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            check_parameter(name, getattr(self, name))

    @classmethod
    def from_market(cls, market: MarketState, *, relative_se: float = 0.5) -> Self:
        """Coefficients by the rule of thumb of Almgren & Chriss 2000, section 3.4.

        Trading at 1 % of the daily volume costs one spread on top of half the spread; selling 10 % of the daily
        volume moves the price by one spread: eta = spread / (0.01 V), gamma = spread / (0.1 V).

        Parameters
        ----------
        market
            Its spread and daily volume are used.
        relative_se
            Standard error of eta and gamma as a fraction of them. The paper gives none; one half says that a rule
            of thumb may be wrong by a factor of two, and is our judgement.
        """
        check_parameter("relative_se", relative_se)
        eta = market.spread / (0.01 * market.daily_volume)
        gamma = market.spread / (0.1 * market.daily_volume)
        return cls(
            gamma=gamma,
            eta=eta,
            epsilon=market.spread / 2,
            gamma_se=relative_se * gamma,
            eta_se=relative_se * eta,
            epsilon_se=market.spread_bps.sd / 2e4 * market.price,
        )

    @property
    def name(self) -> str:
        """Name for tables."""
        return "linear (Almgren-Chriss)"

    @property
    def version(self) -> str:
        """Changes whenever the same inputs would give another number."""
        return "1"

    def temporary_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """eta X / T, in basis points of the price; the half-spread is apart."""
        return check_trade(quantity, days) * (self.eta / days / market.price * 1e4)

    def permanent_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """gamma X / 2: the order pays on average half of the move it leaves behind."""
        return check_trade(quantity, days) * (self.gamma / 2 / market.price * 1e4)

    def total_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """Temporary and permanent together, without the half-spread."""
        return self.temporary_bps(quantity, market, days=days) + self.permanent_bps(quantity, market, days=days)

    def parameter_sd_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """One standard deviation from the three standard errors."""
        per_share = (self.eta_se / days) ** 2 + (self.gamma_se / 2) ** 2
        variance = check_trade(quantity, days) ** 2 * per_share + self.epsilon_se**2
        return root(variance) * (1e4 / market.price)

    def half_spread_bps(self, market: MarketState) -> float:
        """Epsilon in basis points of the price."""
        return self.epsilon / market.price * 1e4

    def linearised(self, quantity: float, market: MarketState, *, days: float) -> Linear:  # noqa: ARG002
        """Itself."""
        check_trade(quantity, days)
        return self

    def eta_tilde(self, tau: float) -> float:
        """eta - gamma tau / 2: what is left of eta when trading in steps of `tau` days (below equation 8)."""
        return self.eta - 0.5 * self.gamma * tau

    def __str__(self) -> str:
        return (
            f"g(v) = {self.gamma:.3g} v,  h(v) = {self.epsilon:.3g} + {self.eta:.3g} v   "
            "[currency a share; v in shares a day]\n"
            f"standard errors: gamma {self.gamma_se:.2g}, epsilon {self.epsilon_se:.2g}, eta {self.eta_se:.2g}"
        )


def largest_step(model: Linear) -> float:
    """The step in days below which cost is convex, 2 eta / gamma; infinite without permanent impact."""
    return math.inf if model.gamma == 0 else 2 * model.eta / model.gamma
