"""Almgren-Chriss optimal schedule: the least of expected cost plus risk aversion times its variance.

Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000, equations 8, 5 and 17 (`liquidation`).
With a volume curve the clock is volume: even steps of it, volatility and impact even in it. Wrong where impact decays
rather than being gone at once (`schedules.transient`), and where it is far from linear (`PowerLawSchedule`)."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import Liquidation, check_risk_aversion
from nowake.schedules.buckets import bucket_count, check_covers, even_edges, even_volume_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.clock import multiplier_of
from nowake.schedules.costing import risk_bps
from nowake.schedules.policy import Solved, needed, rounded
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule

NAME = "an Almgren-Chriss schedule"  # In refusals.


class AlmgrenChriss(msgspec.Struct, frozen=True):
    """Policy: trade faster the more risk costs.

    Parameters
    ----------
    model
        Impact; a model that is not linear is replaced by the linear one that costs the same for the order.
    risk_aversion
        lambda, per unit of currency: currency of expected cost one accepts to lose one currency^2 of variance. 0 gives
        TWAP (VWAP where a curve is given). Of an instrument without a multiplier, per unit of price times quantity.
    bucket_ns, n
        Longest a bucket may be, or how many; by default one minute, or a tenth of a shorter window. Buckets are even.
    curve
        Volume curve of the day: buckets then hold even volume instead of even time.
    """

    model: Impact
    risk_aversion: float
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when cost is not convex (too few buckets for the permanent impact), or when the curve
            does not fit the order.
        """
        return planned(self.solved(order, needed(market, NAME)), order, needed(market, NAME), self)

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The closed form before rounding; errors as for `plan`."""
        problem = self.problem(order, market)
        return solution(problem, self.edges(order), problem.trades())

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """E + lambda V of any (N,) trades in shares, in units of price times quantity."""
        return self.problem(order, market).objective(trades)

    def problem(self, order: ParentOrder, market: MarketState) -> Liquidation:
        """The paper's problem of one order; errors as for `plan`."""
        if self.curve is None:
            days = days_of(order)
        else:
            check_covers(order, self.curve)
            days = self.curve.share_between(order.start_ns, order.end_ns)
        return Liquidation(
            quantity=order.quantity,
            days=days,
            steps=bucket_count(order, bucket_ns=self.bucket_ns, n=self.n),
            volatility=market.volatility,
            impact=linearised(self.model, market.terms(order.quantity, days)),
            risk_aversion=self.risk_aversion * multiplier_of(order),
        )

    def edges(self, order: ParentOrder) -> tuple[int, ...]:
        """Edges of even time, or of even volume with a curve."""
        steps = bucket_count(order, bucket_ns=self.bucket_ns, n=self.n)
        return even_edges(order, steps) if self.curve is None else even_volume_edges(order, self.curve, steps)


def solution(problem: Liquidation, edges_ns: tuple[int, ...], trades: Floats) -> Solved:
    """Trades of a closed form with the residual of its first-order conditions."""
    certificate = Certificate(
        method="closed form", kind="closed form", value=problem.residual(trades), objective=problem.objective(trades)
    )
    return Solved(edges_ns=edges_ns, trades=trades, certificate=certificate)


def planned(solved: Solved, order: ParentOrder, market: MarketState, policy: AlmgrenChriss) -> Schedule:
    """The schedule in lots, with the cost of its lots by equation 8 and their risk as `cost_of` counts it."""
    problem = policy.problem(order, market)
    bps = 1e4 / (problem.quantity * market.price)
    inputs = {
        "risk_aversion": policy.risk_aversion,
        **problem.inputs(),
        "kappa": problem.kappa,
    }
    lots = round_cumulative(problem.done(), order.lots)  # Of the holdings themselves, so that ties round as TWAP's.
    trades = np.array(lots, dtype=np.float64) * order.instrument.quantity(1)
    parts = {name: value * bps for name, value in problem.cost_parts(trades).items()}
    return msgspec.structs.replace(
        rounded("Almgren-Chriss", order, solved, inputs=inputs, notes=linear_note(policy.model), market=market),
        lots=lots,
        expected_cost_bps=sum(parts.values()),
        cost_parts=parts,
        cost_risk_bps=risk_bps(market, order.quantity, trades, np.full(problem.steps, problem.tau)),
    )


def linear_note(model: Impact) -> tuple[str, ...]:
    """What is said where a model was replaced by a line."""
    if isinstance(model, Linear):
        return ()
    return (f"impact by the line that costs what {model.name} says of this order traded evenly; cost by that line too",)
