"""Trade faster the dearer what is left: the policy of Gatheral & Schied 2011 ("Optimal trade execution under geometric
Brownian motion in the Almgren and Chriss framework", International Journal of Theoretical and Applied Finance 14).

    v = x / (T - t) + lambda (T - t) S / (4 eta)

is the best rate of all that know the price S, for a price that is a geometric Brownian motion and a price of waiting of
lambda x S a session (`schedules.gatheral_schied` has the problem, the expected path and the value). Volatility is not
in it. A seller speeds up as the price rises and slows down as it falls; a buyer too, whose rising price is bad news.

Near the end of a very risk-averse order the paper trades through 0 and comes back. Nothing is left to trade then, so
the order ends; `stop_at_zero` also slows down on the way there, as if the price stood still: the window is cut to
2 sqrt(eta x / (lambda S)) where that is shorter, and the rate is sqrt(lambda S x / eta). Nobody has shown that to be
the best of all policies that stop."""

from __future__ import annotations

import math
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats, Size
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.crowd import Crowd, State
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.gatheral_schied import GatheralSchied


class GatheralSchiedFeedback(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Rate by what is left, the time left, and the price.

    Parameters
    ----------
    eta
        Temporary impact, currency per share per (share per session), above 0.
    risk_aversion
        lambda, a session: the fraction of its value that holding a position for a session is worth. 0 or more.
    stop_at_zero
        Whether to slow down before nothing is left rather than to hit it at speed.
    """

    eta: float
    risk_aversion: float
    stop_at_zero: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.eta < math.inf:
            raise BadParameter(f"eta {self.eta} must be finite and above 0: without temporary impact a block is best")
        check_risk_aversion(self.risk_aversion)

    @classmethod
    def of(cls, order: ParentOrder, market: MarketState, policy: GatheralSchied) -> Self:
        """The same policy that looks at the price, with the impact of one order in one market.

        Raises
        ------
        BadParameter
            When temporary impact is 0.
        """
        eta = policy.problem(order, market).eta
        return cls(eta=eta, risk_aversion=policy.risk_aversion, stop_at_zero=policy.stop_at_zero)

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction; infinite at the end where shares are left.

        Raises
        ------
        BadParameter
            When the price is not above 0, which a geometric Brownian motion never is.
        """
        if situation.left == 0:
            return 0.0
        return math.inf if situation.left_days == 0 else float(self._speed(situation))

    def rates(self, crowd: Crowd) -> Floats:
        """(M,) rates of many paths at once; errors as for `rate`."""
        if crowd.left_days == 0:
            return np.where(crowd.left > 0, np.inf, 0.0)
        working = msgspec.structs.replace(crowd, left=np.where(crowd.left > 0, crowd.left, 1.0))
        return np.where(crowd.left > 0, self._speed(working), 0.0)

    def _speed(self, state: State) -> Size:
        """The rate while there are shares and time left."""
        if not np.all(np.asarray(state.price) > 0):
            raise BadParameter(f"price {np.min(state.price)} must be above 0 for Gatheral-Schied; use another policy")
        pull = self.risk_aversion * state.price / (4 * self.eta)
        window: Size = state.left_days
        if self.stop_at_zero and self.risk_aversion > 0:
            window = np.minimum(window, np.sqrt(state.left / pull))
        return state.left / window + pull * window
