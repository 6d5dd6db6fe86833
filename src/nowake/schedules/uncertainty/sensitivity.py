"""What a plan stands on: how its cost and its risk move with each number it was made from, and what it costs to be
wrong.

For each doubted number, at both ends of its interval, the plan is kept and its objective recomputed; beside it stands
the objective of the plan one would have made had one known. The difference is the regret: what knowing the number is
worth. The optimum is flat, so regrets are far smaller than changes of cost: to first order a wrong number costs
nothing (envelope theorem)."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.policy import OptimalPolicy
from nowake.schedules.uncertainty.worlds import World, doubted, world


class End(msgspec.Struct, frozen=True, kw_only=True):
    """A plan where one number is not what it was thought to be. Objectives are in the policy's own unit.

    Parameters
    ----------
    at
        What the number is.
    objective
        Of the plan as made; NaN where the policy cannot serve such a market.
    regret
        How much of it the best plan for that number would have saved, 0 or more.
    shift
        Largest change of the share of the order done by any bucket, from the plan to that best one.
    """

    at: float
    objective: float
    regret: float
    shift: float


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """What one doubted number does to a plan, at both ends of its interval.

    `name` is a parameter of the model, or "volatility", "spread_bps", "daily_volume".
    """

    name: str
    value: float
    low: End
    high: End

    @property
    def regret(self) -> float:
        """The worse of the two ends; 0 where neither can be planned."""
        return max((end.regret for end in (self.low, self.high) if not math.isnan(end.regret)), default=0.0)


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's objective and what each doubted number does to it, the most expensive ignorance first."""

    objective: float
    level: float
    influences: tuple[Influence, ...]

    def __str__(self) -> str:
        rows = [f"objective {self.objective:,.6g}; at the ends of {self.level:.0%} intervals:"]
        rows += [
            f"  {each.name:<14} {end.at:>11.4g} -> {end.objective:,.6g}, regret {end.regret:,.3g}"
            for each in self.influences
            for end in (each.low, each.high)
        ]
        return "\n".join(rows)


def sensitivity(policy: OptimalPolicy, order: ParentOrder, market: MarketState, *, level: float = 0.95) -> Sensitivity:
    """How a policy's optimum for an order depends on each doubted number of its model and market.

    Raises
    ------
    BadParameter
        When nothing is doubted, or the policy cannot serve the order.
    """
    solved = policy.solved(order, market)
    influences = [
        Influence(
            name=number.name,
            value=number.value,
            low=_end(world(policy, market, {number.name: number.low}), number.low, order, solved.trades),
            high=_end(world(policy, market, {number.name: number.high}), number.high, order, solved.trades),
        )
        for number in doubted(policy, market, level=level)
    ]
    influences.sort(key=lambda each: -each.regret)
    return Sensitivity(objective=solved.certificate.objective, level=level, influences=tuple(influences))


def _end(other: World, at: float, order: ParentOrder, trades: Floats) -> End:
    try:
        best = other.policy.solved(order, other.market)
    except BadParameter:
        return End(at=at, objective=math.nan, regret=math.nan, shift=math.nan)
    if len(best.trades) != len(trades):
        raise BadParameter("the policy cuts the window differently in different worlds; give n or bucket_ns")
    kept = other.policy.objective(order, other.market, trades)
    least = other.policy.objective(order, other.market, best.trades)
    shift = float(np.abs(np.cumsum(best.trades) - np.cumsum(trades)).max()) / order.quantity
    return End(at=at, objective=kept, regret=max(0.0, kept - least), shift=shift)
