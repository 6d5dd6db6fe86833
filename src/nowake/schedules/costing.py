"""What any schedule is expected to cost and what it risks, by one rule, so that schedules of an order can be compared.

A linear model is costed by equation 8 of Almgren & Chriss 2000, summed over buckets of length tau_k that need
not be even:

    E = gamma X^2/2 + epsilon sum|n_k| + sum (eta/tau_k - gamma/2) n_k^2

in which a bucket does not pay its own permanent move. Any other model is costed by its `response`, each bucket traded
evenly: what is temporary by the rate, what decays by its kernel, half of what stays.

The risk is that of trading evenly inside each bucket, so that a plan in few buckets does not look safer than it is:

    V = sigma^2 integral of x(t)^2 dt = sigma^2 sum tau_k (x_{k-1}^2 + x_{k-1} x_k + x_k^2) / 3

where equation 5 counts what is left after each trade only, as if it came at once: 0 for a single bucket. Optima weigh
equation 5, as published."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.market import MarketState
from nowake.models.terms import Floats, Terms
from nowake.models.volume import VolumeCurve
from nowake.schedules.clock import days_until, edge_days
from nowake.schedules.schedule import Schedule

EQUATION_5_NOTE = "risk counts what is left after each trade only (equation 5): few buckets understate it"


class PlanCost(NamedTuple):
    """Expected cost and one standard deviation of it, in basis points of the arrival price, of any schedule.

    `cost_parts` name what the expected cost is made of, in the same unit: "spread", "temporary", "permanent".
    """

    expected_cost_bps: float
    cost_risk_bps: float
    cost_parts: dict[str, float]


def cost_of(
    schedule: Schedule,
    market: MarketState,
    model: Impact,
    *,
    curve: VolumeCurve | None = None,
    adverse_drift: float = 0.0,
) -> PlanCost:
    """What any schedule is expected to cost and risks by one model, whatever it was made to minimise.

    The model answers for the order traded evenly over its own window, the same for all its schedules. A schedule that
    begins after its order's start carries the whole order's risk until then.

    Parameters
    ----------
    schedule
        TWAP, VWAP, or any other; one that trades back is costed too.
    market, model
        Volatility and price; impact.
    curve
        The clock: even in time without it, in the curve's volume with it, as for `AlmgrenChriss`.
    adverse_drift
        Expected move of the price against the order, currency per share per session: what is left pays it. Adds a part
        "drift" where it is not 0.

    Raises
    ------
    BadParameter
        When the drift is not finite, the curve does not fit the order or has no volume in a bucket that trades, or the
        model does not write how the price answers a schedule.
    """
    order = schedule.order
    edges = edge_days(order, schedule.times_ns, curve)
    trades = np.array(schedule.lots, dtype=np.float64) * order.instrument.quantity(1)
    if not (np.diff(edges)[trades != 0] > 0).all():
        raise BadParameter("the curve has no volume in a bucket that trades; use a smoothed curve")
    terms = market.terms(order.quantity, days_until(order, order.end_ns, curve))
    parts = cost_parts_bps(model, terms, trades, edges)
    tau = np.concatenate((edges[:1], np.diff(edges)))  # From the order's start to the first edge, then each bucket.
    shares = np.concatenate(([0.0], trades))
    if adverse_drift:
        if not math.isfinite(adverse_drift):
            raise BadParameter(f"adverse_drift {adverse_drift} must be finite, currency per share per session")
        waited = float(tau @ (order.quantity - np.cumsum(shares) + shares / 2))
        parts["drift"] = adverse_drift * waited / order.quantity / market.price * 1e4
    return PlanCost(sum(parts.values()), risk_bps(market, order.quantity, shares, tau), parts)


def risk_bps(market: MarketState, quantity: float, trades: Floats, days: Floats) -> float:
    """One standard deviation of the cost of (N,) trades, even inside buckets of (N,) sessions, in bps of the order."""
    after = quantity - np.cumsum(trades)
    return market.daily_volatility.value * math.sqrt(held(after + trades, after, days)) / quantity * 1e4


def held(before: Floats, after: Floats, weights: Floats) -> float:
    """Integral of the square of shares that run evenly from `before` to `after` in each of (N,) weighted buckets."""
    return float(weights @ (before**2 + before * after + after**2)) / 3


def cost_parts_bps(model: Impact, terms: Terms, trades: Floats, edges_days: Floats) -> dict[str, float]:
    """What the expected cost of (N,) trades in the order's direction is made of, in bps of the order's value.

    Parameters
    ----------
    terms
        The order evenly traded over its own window; its quantity is the order's.
    edges_days
        (N+1,) edges in sessions, not decreasing; a bucket of no length must not trade.

    Raises
    ------
    BadParameter
        When the model does not write a response, or nothing is traded.
    """
    turns = float(np.abs(trades).sum()) / terms.quantity  # Shares traded for one of the order; above 1 with reversals.
    spread = float(model.half_spread_bps(terms)) * turns
    tau = np.diff(edges_days)
    traded = tau > 0
    if isinstance(model, Linear):
        unit, n = 1e4 / terms.price / terms.quantity, trades[traded]
        temporary = model.eta * float((n**2 / tau[traded]).sum()) * unit
        permanent = model.gamma / 2 * float(terms.quantity**2 - (n**2).sum()) * unit
        return {"spread": spread, "temporary": temporary, "permanent": permanent}
    edges = np.concatenate((edges_days[:1], edges_days[1:][traded]))
    cost = model.response(terms).cost_of(trades[traded], edges)
    return {"spread": spread, "temporary": turns * cost.temporary_bps, "permanent": turns * cost.permanent_bps}
