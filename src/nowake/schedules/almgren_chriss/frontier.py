"""The efficient frontier of one order: the least expected cost for each risk (Almgren & Chriss 2000, section 2).

Exact for linear impact and for temporary impact that is a power of the rate. Where impact decays, or is another
function of the rate, the schedules are those of the power, or the line, that costs the same, costed by the model itself
as `cost_of` does: what is dominated among them is left out, and a schedule made for decay may lie below the curve."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import Liquidation
from nowake.schedules.almgren_chriss.policy import AlmgrenChriss
from nowake.schedules.clock import multiplier_of
from nowake.schedules.costing import cost_parts_bps, risk_bps
from nowake.schedules.power_costs import PowerCosts
from nowake.schedules.tracking import Tracking


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
        Points, 2 or more, evenly spaced in the logarithm of urgency after the first. Of a model whose impact decays
        there may be fewer: hurrying can then cost less, and what is dominated is left out.
    buckets
        Steps of the schedules; by default one a minute, ten at least.

    Raises
    ------
    BadParameter
        When the volatility is 0 (there is no risk to trade against cost), a number is out of range, or the model does
        not say how the price answers a schedule.
    """
    if n < 2:
        raise BadParameter(f"a frontier of {n} points must have 2 or more")
    calm = AlmgrenChriss(model, 0.0, n=buckets).problem(order, market)
    if calm.volatility == 0 or calm.steps < 2:
        raise BadParameter(
            f"volatility {calm.volatility:g} and {calm.steps} bucket(s) leave nothing to choose; "
            "a frontier needs volatility above 0 and two or more buckets"
        )
    power = _power_of(model, market, calm)
    points = []
    for aversion in _aversions(calm, n):
        problem = msgspec.structs.replace(calm, risk_aversion=aversion)
        trades = problem.trades() if power is None else _power_trades(power, problem)
        points.append(
            FrontierPoint(
                risk_aversion=aversion / multiplier_of(order),
                expected_cost_bps=_cost_bps(model, market, problem, trades),
                risk_bps=risk_bps(market, problem.quantity, trades, np.full(problem.steps, problem.tau)),
            )
        )
    return _undominated(points)


def _aversions(calm: Liquidation, n: int) -> tuple[float, ...]:
    """None, then from kappa T of 0.1, where the path is all but straight, to kappa tau of 5, 99 % in the first step."""
    parts = np.linspace(1.0, 0.0, n - 1)[::-1]  # The last alone for two points.
    urgencies = (0.1 * (50 * calm.steps) ** float(part) / calm.days for part in parts)
    curvatures = ((2 * math.sinh(0.5 * urgency * calm.tau) / calm.tau) ** 2 for urgency in urgencies)
    return (0.0, *(curvature * calm.eta_tilde / calm.volatility**2 for curvature in curvatures))


def _power_of(model: Impact, market: MarketState, calm: Liquidation) -> PowerCosts | None:
    """The power that temporary impact is; None where it is a line, or no power at all."""
    if isinstance(model, Linear):
        return None
    try:
        return PowerCosts.of(model, market.terms(calm.quantity, calm.days))
    except BadParameter:
        return None


def _power_trades(power: PowerCosts, problem: Liquidation) -> Floats:
    tau = np.full(problem.steps, problem.tau)
    trades, _ = Tracking(
        quantity=problem.quantity,
        costs=power.of_buckets(tau),
        risks=problem.risk_aversion * problem.volatility**2 * tau,
        path=np.zeros(problem.steps),
        power=1 + power.exponent,
    ).solve()
    return trades


def _cost_bps(model: Impact, market: MarketState, problem: Liquidation, trades: Floats) -> float:
    """By the one rule of `cost_of`."""
    terms = market.terms(problem.quantity, problem.days)
    edges = np.linspace(0.0, problem.days, problem.steps + 1)
    return sum(cost_parts_bps(model, terms, trades, edges).values(), 0.0)


def _undominated(points: list[FrontierPoint]) -> tuple[FrontierPoint, ...]:
    """Points, of ever less risk, than which no later one costs less."""
    kept: list[FrontierPoint] = []
    for point in reversed(points):
        if not kept or point.expected_cost_bps < kept[-1].expected_cost_bps:
            kept.append(point)
    return tuple(reversed(kept))
