"""The battery every schedule policy is held to, ours or one of your own.

>>> check_schedule(AlmgrenChriss(Linear.from_market(market), 1e-6), market)

It plans orders of many sizes and windows and says the first fact that does not hold. An optimal policy must besides
beat every small and large change of its own answer, cost more and risk less the more risk-averse it is, and refuse
what nobody can plan with."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.policy import OptimalPolicy, SchedulePolicy, Solved

_DAY_S = 23_400
_LOTS = (1, 3, 100, 99_991)
_WINDOWS_S = ((0, _DAY_S), (3_601, 7_202), (100, 131))
_TRIES = 200
_AVERSIONS = (1e-3, 1e-1, 1.0, 10.0, 1e3)  # Times the policy's own.


def check_schedule(
    policy: SchedulePolicy,
    market: MarketState,
    *,
    instrument: Instrument | None = None,
    symmetric: bool = True,
    reverses: bool = False,
    seed: int = 1,
) -> tuple[str, ...]:
    """Hold a policy to what every schedule must do; the facts that were seen.

    Parameters
    ----------
    policy
        Any; one with `solved` and `objective` is held to optimality too.
    market
        To plan in.
    instrument
        Whose session the policy's volume curve covers; by default a made-up one of 6.5 hours.
    symmetric
        Whether a sale is planned as a purchase: not where there is a view on the price.
    reverses
        Whether trades against the order are allowed.
    seed
        Of the changes that are tried.

    Raises
    ------
    AssertionError
        With the fact that does not hold and the numbers.
    """
    of = instrument or _made_up()
    return tuple(
        itertools.chain(
            _lots_facts(policy, market, of, symmetric=symmetric, reverses=reverses),
            _optimal_facts(policy, market, of, seed=seed, reverses=reverses)
            if isinstance(policy, OptimalPolicy)
            else (),
        )
    )


def _lots_facts(
    policy: SchedulePolicy, market: MarketState, of: Instrument, *, symmetric: bool, reverses: bool
) -> Iterator[str]:
    for lots, window in itertools.product(_LOTS, _WINDOWS_S):
        order = _order(of, lots, window)
        plan = policy.plan(order, market)
        _hold(sum(plan.lots) == lots, f"{plan.lots} sum to {sum(plan.lots)}, not to {lots} lots")
        _hold(reverses or min(plan.lots) >= 0, f"a bucket of {min(plan.lots)} lots trades against the order")
        inside = order.start_ns <= plan.times_ns[0] and plan.times_ns[-1] <= order.end_ns
        _hold(inside, f"{plan.times_ns[0]}..{plan.times_ns[-1]} leaves the window {order.start_ns}..{order.end_ns}")
        _hold(plan.order == order, f"the plan is of {plan.order}, not of {order}")
    yield "lots sum to the order exactly, inside its window"
    order = _order(of, 9_973, (0, _DAY_S))
    _hold(policy.plan(order, market) == policy.plan(order, market), "the same inputs give two schedules")
    yield "the same inputs give the same schedule"
    if symmetric:
        sale = policy.plan(msgspec.structs.replace(order, side=Side.SELL), market)
        _hold(sale.lots == policy.plan(order, market).lots, "a sale is planned otherwise than a purchase")
        yield "a sale is planned like a purchase"


def _optimal_facts(
    policy: OptimalPolicy, market: MarketState, of: Instrument, *, seed: int, reverses: bool
) -> Iterator[str]:
    order = _order(of, 99_991, (0, _DAY_S))
    solved = policy.solved(order, market)
    _hold(
        abs(float(solved.trades.sum()) - order.quantity) <= 1e-9 * order.quantity,
        f"trades sum to {solved.trades.sum()}, not to {order.quantity}",
    )
    plan = policy.plan(order, market)
    strays = np.abs(np.cumsum(plan.lots) * float(of.lot_size) - np.cumsum(solved.trades)).max()
    _hold(strays <= 0.5001 * float(of.lot_size), f"rounding strays {strays} shares from the optimum")
    yield "rounded running totals stay within half a lot of the optimum"
    value = policy.objective(order, market, solved.trades)
    _hold(
        abs(value - solved.certificate.objective) <= 1e-6 * abs(value),
        f"the certificate's objective is {solved.certificate.objective}, that of the trades {value}",
    )
    _beats_every_change(lambda trades: policy.objective(order, market, trades), solved, seed=seed, reverses=reverses)
    yield f"none of {3 * _TRIES} changes of the optimum is better"
    if hasattr(policy, "risk_aversion"):
        yield from _aversion_facts(policy, order, market)


def _beats_every_change(objective: Callable[[Floats], float], solved: Solved, *, seed: int, reverses: bool) -> None:
    """Move shares between two buckets, a little or a lot, and mix with whole other schedules."""
    luck, trades = np.random.default_rng(seed), solved.trades
    best, whole, n = objective(trades), float(trades.sum()), len(trades)
    for _ in range(_TRIES if n > 1 else 0):
        give, take = luck.choice(n, 2, replace=False)
        room = whole if reverses else max(float(trades[give]), 0.0)
        for size in (1e-3 * room, luck.uniform() * room):
            other = trades.copy()
            other[give] -= size
            other[take] += size
            _no_better(objective(other), best, f"moving {size:.6g} shares from bucket {give} to {take}")
        mixed = luck.dirichlet(np.full(n, 0.5)) * whole
        share = luck.uniform() ** 3
        _no_better(objective((1 - share) * trades + share * mixed), best, f"mixing in {share:.3g} of other trades")


def _aversion_facts(policy: OptimalPolicy, order: ParentOrder, market: MarketState) -> Iterator[str]:
    given: Any = policy
    own = given.risk_aversion or 1e-6
    plans = [msgspec.structs.replace(given, risk_aversion=own * factor).plan(order, market) for factor in _AVERSIONS]
    if all(plan.cost_risk_bps is not None and plan.expected_cost_bps is not None for plan in plans):
        for calm, urgent in itertools.pairwise(plans):
            slack = 1e-3 * abs(urgent.expected_cost_bps) + 1e-3  # Plans are rounded to lots.
            risks = calm.cost_risk_bps, urgent.cost_risk_bps
            costs = calm.expected_cost_bps, urgent.expected_cost_bps
            _hold(risks[1] <= risks[0] * (1 + 1e-3) + 1e-3, f"more risk aversion risks more, bps: {risks}")
            _hold(costs[1] >= costs[0] - slack, f"more risk aversion costs less, bps: {costs}")
        yield "the more risk-averse, the dearer and the safer"
    for extreme in (0.0, own * 1e12):
        msgspec.structs.replace(given, risk_aversion=extreme).plan(order, market)
    yield "no risk aversion, and risk aversion beyond all measure, are planned too"
    for wrong in (float("nan"), -1e-6):
        try:
            msgspec.structs.replace(given, risk_aversion=wrong).plan(order, market)
        except BadParameter:
            continue
        raise AssertionError(f"a risk aversion of {wrong} is planned with")
    yield "a risk aversion below 0 or NaN is refused"


def _no_better(value: float, best: float, change: str) -> None:
    _hold(not value < best - 1e-9 * abs(best), f"{change} is better: {value} against {best}")


def _hold(fact: bool, otherwise: str) -> None:
    if not fact:
        raise AssertionError(otherwise)


def _made_up() -> Instrument:
    day = Session(date=dt.date(2026, 3, 2), timezone="UTC", open_ns=0, close_ns=_DAY_S * NS_PER_SECOND)
    return Instrument(symbol="ABC", venue="XNAS", session=day, tick_size=Decimal("0.01"), lot_size=Decimal(1))


def _order(of: Instrument, lots: int, window_s: tuple[int, int]) -> ParentOrder:
    opens = of.session.open_ns
    start, end = (opens + second * NS_PER_SECOND for second in window_s)
    return ParentOrder(instrument=of, side=Side.BUY, lots=lots, start_ns=start, end_ns=end)
