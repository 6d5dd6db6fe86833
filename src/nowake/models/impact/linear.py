"""Linear permanent and temporary impact (Almgren & Chriss, "Optimal execution of portfolio transactions", December
2000, equations 6 and 7).

    g(v) = gamma v              permanent: each share traded moves the price by gamma, for good
    h(v) = epsilon + eta v      temporary: trading at v shares a day costs this much a share, at once gone

An order of X shares traded evenly over T days then costs, a share, epsilon + eta X / T + gamma X / 2 (their equation
10 for tau -> 0). `epsilon` is HALF the spread. Wrong for small and for very large orders: measured impact is concave
in size, so a linear model right at one size is too cheap below it and too dear above."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact, Parameter, as_covariance
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.market import MarketState
from nowake.models.terms import Size, Terms


class Linear(Impact, frozen=True, kw_only=True):
    """Impact proportional to size and to speed.

    Parameters
    ----------
    gamma
        Permanent impact, currency per share, per share traded.
    eta
        Temporary impact, currency per share, per (share per trading day).
    epsilon
        Half the spread, currency per share.
    """

    name: ClassVar[str] = "linear (Almgren-Chriss)"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gamma", "currency/share²", "permanent, per share traded", typical=1e-7),
        Parameter("eta", "currency·day/share²", "temporary, per share a day", typical=1e-6),
        Parameter("epsilon", "currency/share", "half the spread", typical=0.01),
    )

    gamma: float
    eta: float
    epsilon: float

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
        if not 0 <= relative_se < math.inf:
            raise BadParameter(f"relative_se {relative_se} must be 0 or more and finite")
        eta = market.spread / (0.01 * market.daily_volume)
        gamma = market.spread / (0.1 * market.daily_volume)
        line = cls(gamma=gamma, eta=eta, epsilon=market.spread / 2)
        epsilon_se = market.spread_bps.sd / 2e4 * market.price
        return line.known_to(gamma=relative_se * gamma, eta=relative_se * eta, epsilon=epsilon_se)

    def temporary_bps(self, terms: Terms) -> Size:
        """eta X / T; the half-spread is apart."""
        return self.eta * terms.rate / terms.price * 1e4

    def permanent_bps(self, terms: Terms) -> Size:
        """gamma X / 2: the order pays on average half of the move it leaves behind."""
        return self.gamma / 2 * terms.quantity / terms.price * 1e4

    def marginal_bps(self, terms: Terms) -> Size:
        """2 eta X / T + gamma X."""
        return 2 * self.total_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By gamma, eta and epsilon."""
        unit = 1e4 / terms.price
        return unit * terms.quantity / 2, unit * terms.rate, unit * np.ones_like(terms.quantity, dtype=np.float64)

    def half_spread_bps(self, terms: Terms) -> Size:
        """Epsilon in basis points of the price."""
        return self.epsilon / terms.price * 1e4

    def response(self, terms: Terms) -> Response:
        """The model itself, in basis points."""
        unit = 1e4 / terms.price
        return Response(permanent_bps_per_share=self.gamma * unit, temporary=Power(self.eta * unit, 1.0))

    def eta_tilde(self, tau: float) -> float:
        """eta - gamma tau / 2: what is left of eta when trading in steps of `tau` days (below equation 8)."""
        return self.eta - 0.5 * self.gamma * tau

    def __str__(self) -> str:
        return (
            f"g(v) = {self.gamma:.3g} v,  h(v) = {self.epsilon:.3g} + {self.eta:.3g} v   "
            "[currency a share; v in shares a day]\n"
            f"standard errors: gamma {self.se('gamma'):.2g}, epsilon {self.se('epsilon'):.2g}, eta {self.se('eta'):.2g}"
        )


def largest_step(model: Linear) -> float:
    """The step in days below which cost is convex, 2 eta / gamma; infinite without permanent impact."""
    return math.inf if model.gamma == 0 else 2 * model.eta / model.gamma


def linearised(model: Impact, terms: Terms) -> Linear:
    """The linear model with the same temporary and permanent cost as another for one order, for closed-form schedules.

    Right for this order traded evenly; how cost changes with speed is then the linear model's. The doubt of the model
    is kept in proportion: gamma and eta are as uncertain, together, as its total.

    Raises
    ------
    BadParameter
        When the quantity is 0: there is no slope to take.
    """
    if isinstance(model, Linear):
        return model
    if not terms.quantity > 0:
        raise BadParameter(f"quantity {terms.quantity} must be above 0 to take the slope of {model.name}")
    per_share = terms.price / 1e4 / terms.quantity
    gamma = float(2 * model.permanent_bps(terms) * per_share)
    eta = float(model.temporary_bps(terms) * per_share * terms.days)
    total = float(model.total_bps(terms))
    doubt = float(model.parameter_sd_bps(terms)) / total if total > 0 else 0.0
    direction = np.array([gamma, eta, 0.0]) * doubt
    return Linear(
        gamma=gamma,
        eta=eta,
        epsilon=float(model.half_spread_bps(terms) * terms.price / 1e4),
        covariance=as_covariance(np.outer(direction, direction)),
    )
