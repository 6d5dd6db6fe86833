"""The contract of a schedule policy: a frozen record of parameters that turns an order into a schedule."""

from __future__ import annotations

from typing import Protocol

from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.schedules.schedule import Schedule


class SchedulePolicy(Protocol):
    """How to plan any order. The same order, market and policy always give the same schedule."""

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """When to trade how much of an order.

        Raises
        ------
        BadParameter
            When the policy needs the market and got none, or cannot serve this order.
        """
        ...
