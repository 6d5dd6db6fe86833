"""The efficient frontier of one order: the least expected cost for each risk (Almgren & Chriss 2000, section 2)."""

from __future__ import annotations

import math

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.schedules.almgren_chriss.policy import AlmgrenChriss
from nowake.schedules.clock import multiplier_of


class FrontierPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One efficient schedule: no other costs less at this risk. Basis points of the arrival price."""

    risk_aversion: float
    expected_cost_bps: float
    risk_bps: float


def frontier(
    order: ParentOrder, market: MarketState, model: Impact, *, n: int = 20, buckets: int | None = None
) -> tuple[FrontierPoint, ...]:
    """The efficient frontier of an order, from no risk aversion to nearly all in the first bucket.

    Parameters
    ----------
    n
        Points, 2 or more, evenly spaced in the logarithm of urgency after the first.
    buckets
        Steps of the schedules; by default one a minute, ten at least.

    Raises
    ------
    BadParameter
        When the volatility is 0 (there is no risk to trade against cost), or a number is out of range.
    """
    if n < 2:
        raise BadParameter(f"a frontier of {n} points must have 2 or more")
    calm = AlmgrenChriss(model, 0.0, n=buckets).problem(order, market)
    if calm.volatility == 0 or calm.steps < 2:
        raise BadParameter(
            f"volatility {calm.volatility:g} and {calm.steps} bucket(s) leave nothing to choose; "
            "a frontier needs volatility above 0 and two or more buckets"
        )
    points = []
    for k in range(n):
        # kappa T from 0.1, where the path is all but straight, to kappa tau = 5, where 99 % is in the first step.
        urgency = 0.1 * (50 * calm.steps) ** ((k - 1) / max(1, n - 2)) / calm.days if k else 0.0
        curvature = (2 * math.sinh(0.5 * urgency * calm.tau) / calm.tau) ** 2
        aversion = curvature * calm.eta_tilde / calm.volatility**2
        problem = msgspec.structs.replace(calm, risk_aversion=aversion)
        value = problem.quantity * market.price / 1e4
        points.append(
            FrontierPoint(
                risk_aversion=aversion / multiplier_of(order),
                expected_cost_bps=problem.expected_cost() / value,
                risk_bps=math.sqrt(problem.variance()) / value,
            )
        )
    return tuple(points)
