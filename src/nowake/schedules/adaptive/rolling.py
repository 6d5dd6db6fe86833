"""Re-plan at every wake with the volume and volatility of now: the rolling-horizon policy.

Almgren, "Optimal trading with stochastic liquidity and volatility", SIAM Journal on Financial Mathematics 3, 2012.
Where temporary impact eta and volatility sigma move at random, an order can be worked as if they stayed as they are:

    v = x kappa coth(kappa (T - t)),   kappa^2 = lambda sigma_now^2 / eta_now,   eta_now = eta mean_rate / market_rate

which is Almgren & Chriss 2000 where both are constant. It is not the optimum of his model, for it does not know that a
lull may end (`StochasticLiquidity` does), but it needs no model of how they move. Wrong where the measured volume or
volatility is mostly noise, and where volume has a shape over the day: a quiet noon is no lull."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Size
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.expected import start_of
from nowake.schedules.adaptive.linear_rate import MOST, LinearRate, check_numbers, need


class RollingHorizon(LinearRate, frozen=True, kw_only=True):
    """Policy: Almgren-Chriss of what is left, in the market of now.

    Parameters
    ----------
    risk_aversion
        lambda, per unit of price times shares; `RollingHorizon.of(order, market, model, risk_aversion=...)` sets it.
    mean_rate
        Shares per session others trade where temporary impact is `eta`; it is in proportion to 1 / their rate.
    eta, gamma, bucket_ns, n
        As for `LinearRate`. The order must be done: there is no terminal penalty.
    """

    title: ClassVar[str] = "Rolling horizon"

    risk_aversion: float
    mean_rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, risk_aversion=self.risk_aversion)
        if not 0 < float(self.mean_rate) <= MOST:
            raise BadParameter(f"mean_rate {self.mean_rate} must be above 0 and finite, shares per session")
        if self.terminal_penalty is not None:
            raise BadParameter(
                f"terminal_penalty {self.terminal_penalty} means nothing to RollingHorizon; leave it out"
            )

    @classmethod
    def _of_market(cls, order: ParentOrder, market: MarketState, risk_aversion: float) -> dict[str, float]:
        return {"risk_aversion": risk_aversion, "mean_rate": start_of(order, market).market_rate}

    def _speed(self, state: State) -> Size:
        volume, volatility = need(self, "market_rate", state.market_rate), need(self, "volatility", state.volatility)
        # Where nobody trades, impact is infinite and risk matters no more: even in time.
        kappa = volatility * np.sqrt(self.risk_aversion * np.maximum(volume, 0.0) / (self.eta * self.mean_rate))
        x = kappa * state.left_days
        small = x < 1e-4
        safe = np.where(small, 1.0, x)
        return state.left / state.left_days * np.where(small, 1 + x**2 / 3, safe / np.tanh(safe))
