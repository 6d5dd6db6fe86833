"""The contracts of a schedule policy: a frozen record of parameters that turns an order into a schedule.

Every policy plans. An optimal one also says, in plain shares before rounding, what it found (`solved`) and what it
minimised (`objective`), so that anyone can try to do better: `check_schedule` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.cautions import size_cautions
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.rounding import round_cumulative, round_path
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


def needed(market: MarketState | None, schedule: str) -> MarketState:
    """The market a schedule cannot do without; refused where there is none."""
    if market is None:
        raise BadParameter(f"{schedule} needs the market; pass a MarketState (price, volatility, volume)")
    return market


class Solved(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An optimum before rounding.

    Parameters
    ----------
    edges_ns
        N+1 bucket edges.
    trades
        (N,) shares of each bucket in the order's direction; they sum to the order's quantity.
    certificate
        How it is known to be the optimum.
    """

    edges_ns: tuple[int, ...]
    trades: Floats
    certificate: Certificate


@runtime_checkable
class OptimalPolicy(SchedulePolicy, Protocol):
    """A policy that minimises something it can name."""

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum of one order before rounding to lots; errors as for `plan`."""
        ...

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """What `solved` minimises, of any (N,) trades on its grid, in its own unit; infinite outside its limits."""
        ...


def rounded(
    name: str,
    order: ParentOrder,
    solved: Solved,
    *,
    cost_parts: Mapping[str, float] | None = None,
    cost_risk_bps: float | None = None,
    inputs: Mapping[str, float],
    notes: tuple[str, ...] = (),
    market: MarketState | None = None,
) -> Schedule:
    """The schedule of a solved problem: running totals rounded to whole lots; `inputs` gets the count of buckets.

    `cost_parts` are in basis points of the arrival price, name -> value, and the expected cost is their sum. Given the
    market, an order that is much of its volume is noted.
    """
    large = () if market is None else size_cautions(market, order.quantity, days_of(order))
    return Schedule(
        name=name,
        order=order,
        times_ns=solved.edges_ns,
        lots=lots_of(order, solved.trades),
        expected_cost_bps=None if cost_parts is None else sum(cost_parts.values()),
        cost_risk_bps=cost_risk_bps,
        cost_parts=dict(cost_parts or {}),
        certificate=solved.certificate,
        inputs={**inputs, "buckets": float(len(solved.trades))},
        notes=(*notes, *large),
    )


def lots_of(order: ParentOrder, trades: Floats) -> tuple[int, ...]:
    """Whole lots of (N,) shares that sum to the order exactly; no bucket trades back unless the shares do."""
    done = trades.cumsum() / trades.sum()
    if (trades < 0).any():
        return round_path([float(value) for value in done], order.lots)
    return round_cumulative([float(value) for value in done.clip(0.0, 1.0)], order.lots)
