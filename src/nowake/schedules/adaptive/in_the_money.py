"""Lorenz & Almgren's policy as a record of the numbers it is made from, which an algorithm and its journal can hold.

`LorenzAlmgren` carries tables that take a moment to make and that no journal should keep. This is its problem alone;
the tables are made when it is first asked. What it does, its papers and when it is wrong: `lorenz_almgren`."""

from __future__ import annotations

import functools
from typing import Self

import msgspec

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.market import MarketState
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.lorenz_almgren import LorenzAlmgren
from nowake.schedules.almgren_chriss import Liquidation


class AggressiveInTheMoney(msgspec.Struct, frozen=True, kw_only=True, tag=True, dict=True):
    """Policy: spend gains on being done sooner.

    Parameters
    ----------
    quantity, days, steps
        Shares, length of the window in sessions, and how often the policy looks at the price.
    volatility
        Currency per share per sqrt(session), above 0.
    eta, gamma, epsilon
        Temporary and permanent impact and half the spread, as in `Linear`.
    risk_aversion
        lambda, per unit of price times shares.
    """

    quantity: float
    days: float
    steps: int
    volatility: float
    eta: float
    risk_aversion: float
    gamma: float = 0.0
    epsilon: float = 0.0

    @classmethod
    def of(
        cls, order: ParentOrder, market: MarketState, model: Impact, *, risk_aversion: float, steps: int = 30
    ) -> Self:
        """The policy of one order; parameters and errors as for `LorenzAlmgren.calibrated`."""
        made = LorenzAlmgren.calibrated(order, market, model, risk_aversion=risk_aversion, steps=steps)
        problem = made.problem
        policy = cls(
            quantity=problem.quantity,
            days=problem.days,
            steps=problem.steps,
            volatility=problem.volatility,
            eta=problem.impact.eta,
            gamma=problem.impact.gamma,
            epsilon=problem.impact.epsilon,
            risk_aversion=problem.risk_aversion,
        )
        policy.__dict__["tables"] = made  # Made already: `tables` need not make them again.
        return policy

    @functools.cached_property
    def tables(self) -> LorenzAlmgren:
        """The policy with its tables.

        Raises
        ------
        BadParameter
            When a number is out of range.
        """
        return LorenzAlmgren.of(
            Liquidation(
                quantity=self.quantity,
                days=self.days,
                steps=self.steps,
                volatility=self.volatility,
                impact=Linear(eta=self.eta, gamma=self.gamma, epsilon=self.epsilon),
                risk_aversion=self.risk_aversion,
            )
        )

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction, never below 0; infinite at the end where shares are left."""
        return self.tables.rate(situation)
