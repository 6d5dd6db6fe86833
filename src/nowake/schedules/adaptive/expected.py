"""The path a policy expects when it starts, and what it costs: nothing moves but by the policy's own forecast.

Where the rate is linear in the state this is the mean of all paths; else it is the path of the mean state. A step is
made by the midpoint rule, which is exact for an even rate and keeps to second order for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np

from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.cautions import size_cautions
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import RatePolicy, Situation
from nowake.schedules.costing import risk_bps
from nowake.schedules.policy import lots_of
from nowake.schedules.schedule import Schedule

FEWEST_STEPS = 400  # Of a whole path, so that few buckets are no coarser.


class Costs(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What makes a path dear: linear impact, and the drift of the price (above 0 upwards) that the policy expects."""

    eta: float
    gamma: float
    drift: Callable[[Floats], Floats]


def shares_ahead(policy: RatePolicy, situation: Situation, days: float, *, steps: int = 16) -> float:
    """Shares the policy would trade over some time if nothing moved but the clock and the order; below 0 trades back.

    Never more than are left. Time beyond the order's end is not counted; at the end, what must be done is.
    """
    h = min(days, situation.left_days) / steps
    now, start = situation, situation.left
    for k in range(steps):
        if now.left == 0:
            break
        at_end = k + 1 == steps and days >= situation.left_days
        left = max(0.0, now.left - _in_step(policy, now, h))
        now = _moved(situation, (k + 1) * h, left, at_end=at_end)
        if at_end and left > 0 and policy.rate(now) == math.inf:
            now = _moved(situation, (k + 1) * h, 0.0, at_end=True)
    return start - now.left


def _in_step(policy: RatePolicy, now: Situation, h: float) -> float:
    rate = policy.rate(now)
    if rate == math.inf:
        return now.left
    half = now.left - rate * h / 2
    if half <= 0:  # So fast that most of it is done: as if it went on in proportion to what is left.
        return -now.left * math.expm1(-rate * h / now.left)
    middle = _moved(now, h / 2, half, at_end=False)
    return policy.rate(middle) * h


def _moved(now: Situation, days: float, left: float, *, at_end: bool) -> Situation:
    rest = 0.0 if at_end else max(0.0, now.left_days - days)
    volume = now.market_volume + now.market_rate * days
    return msgspec.structs.replace(
        now, elapsed_days=now.elapsed_days + days, left_days=rest, left=left, market_volume=volume
    )


def expected_trades(policy: RatePolicy, start: Situation, days: Floats) -> Floats:
    """(N,) shares the policy expects to trade in steps of `days`, from where it stands."""
    steps = max(2, -(-FEWEST_STEPS // len(days)))
    ends = np.cumsum(days)
    now, trades = start, np.zeros(len(days))
    for k, length in enumerate(days):
        is_last = k + 1 == len(days)
        trades[k] = shares_ahead(policy, now, math.inf if is_last else float(length), steps=steps)
        now = _moved(start, float(ends[k]), max(0.0, now.left - float(trades[k])), at_end=is_last)
    return trades


def start_of(order: ParentOrder, market: MarketState) -> Situation:
    """Where an order stands when it begins."""
    days = days_of(order)
    rate = market.window_volume / days if market.window_volume else market.daily_volume  # 0: unknown, as for `Grid`.
    return Situation(
        elapsed_days=0.0,
        left_days=days,
        left=order.quantity,
        side=int(order.side),
        arrival=market.price,
        price=market.price,
        market_rate=rate,
        market_volume=0.0,
        volatility=market.volatility,
    )


def lengths_days(order: ParentOrder, edges_ns: tuple[int, ...]) -> Floats:
    """(N,) lengths of buckets in trading sessions."""
    session = order.instrument.session
    return np.diff(np.array(edges_ns)) / (session.close_ns - session.open_ns)


def expected_plan(
    order: ParentOrder,
    market: MarketState,
    edges_ns: tuple[int, ...],
    trades: Floats,
    *,
    name: str,
    costs: Costs | None,
    inputs: dict[str, float],
) -> Schedule:
    """A path of (N,) shares as a schedule. What it leaves at the end is put into the last bucket."""
    days, trades = lengths_days(order, edges_ns), trades.copy()
    notes = ["the path expected at the start; asked while it trades, the policy answers what happens"]
    rest = order.quantity - float(trades.sum())
    if rest > 1e-9 * order.quantity:
        trades[-1] += rest
        notes.append(f"the policy would leave {rest / order.quantity:.1%} of the order; the last bucket trades it")
    lots = lots_of(order, trades)
    whole = np.array(lots, dtype=np.float64) * order.instrument.quantity(1)
    parts, risk = _priced(order, market, whole, days, costs)
    return Schedule(
        name=name,
        order=order,
        times_ns=edges_ns,
        lots=lots,
        expected_cost_bps=sum(parts.values()) if parts else None,
        cost_risk_bps=risk,
        cost_parts=parts,
        inputs={**inputs, "buckets": float(len(lots))},
        notes=(*notes, *size_cautions(market, order.quantity, days_of(order))),
    )


def _priced(
    order: ParentOrder, market: MarketState, trades: Floats, days: Floats, costs: Costs | None
) -> tuple[dict[str, float], float]:
    """Parts of the cost and the risk in basis points: equation 8 of Almgren & Chriss 2000, and the drift."""
    value = order.quantity * market.price / 1e4
    held = order.quantity - np.cumsum(trades) + trades / 2  # On average in each bucket, traded evenly.
    risk = risk_bps(market, order.quantity, trades, days)
    if costs is None:
        return {}, risk
    ends = np.cumsum(days)
    drift = float((order.side * costs.drift(ends - days / 2) * days * held).sum())
    parts = {
        "spread": market.spread / 2 * float(np.abs(trades).sum()),
        "temporary": costs.eta * float((trades**2 / days).sum()),
        "permanent": costs.gamma / 2 * float(order.quantity**2 - (trades**2).sum()),
    }
    if drift:
        parts["drift"] = drift
    return {name: part / value for name, part in parts.items()}, risk
