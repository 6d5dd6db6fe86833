"""Almgren-Chriss for the least value at risk (their section 3.2): minimise E + z sqrt(V), z of a level of confidence.

The minimum lies on the efficient frontier, where lambda = z / (2 sqrt(V)). V falls as lambda grows, so that there is
one such lambda, found by bisection; E + z sqrt(V) is convex. Where even the first move away from trading all at once
risks more than it saves, z sigma sqrt(tau) >= 2 eta~ X / tau, all is done in the first bucket.

The least value is what the paper calls L-VaR, "liquidity-adjusted". It needs no risk aversion, and larger orders are
traded more slowly. Wrong when one means to look again half way: what then is best is another path than the one begun,
because z stays and lambda moves (section 3.2)."""

from __future__ import annotations

import math
import statistics

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import Liquidation
from nowake.schedules.almgren_chriss.policy import NAME, AlmgrenChriss, planned
from nowake.schedules.certificate import Certificate
from nowake.schedules.clock import multiplier_of
from nowake.schedules.policy import Solved, needed
from nowake.schedules.schedule import Schedule

_MOST_AVERSE = 1e300


class LeastValueAtRisk(msgspec.Struct, frozen=True):
    """Policy: the least loss that is not exceeded with some confidence, prices being normal.

    Parameters
    ----------
    model, bucket_ns, n, curve
        As for `AlmgrenChriss`.
    confidence
        Between 0.5 (which is no risk aversion) and 1; 0.95 is z = 1.645.
    """

    model: Impact
    confidence: float = 0.95
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise BadParameter(f"confidence {self.confidence} must be 0.5 or more and below 1; 0.95 is customary")

    @property
    def z(self) -> float:
        """lambda_v: standard deviations at the level of confidence."""
        return statistics.NormalDist().inv_cdf(self.confidence) if self.confidence > 0.5 else 0.0

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule; errors as for `AlmgrenChriss.plan`."""
        market = needed(market, NAME)
        problem = self.problem(order, market)
        policy = AlmgrenChriss(
            self.model,
            problem.risk_aversion / multiplier_of(order),
            bucket_ns=self.bucket_ns,
            n=self.n,
            curve=self.curve,
        )
        made = planned(self.solved(order, market), order, market, policy)
        assert made.expected_cost_bps is not None
        assert made.cost_risk_bps is not None
        at_risk = made.expected_cost_bps + self.z * made.cost_risk_bps
        inputs = {"confidence": self.confidence, "z": self.z, "value_at_risk_bps": at_risk, **made.inputs}
        return msgspec.structs.replace(made, name="least value at risk", inputs=inputs)

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        problem = self.problem(order, market)
        trades = problem.trades()
        certificate = Certificate(
            method="closed form, bisection for the risk aversion",
            kind="optimality residual",
            value=residual(problem, self.z),
            objective=self._value(problem, trades),
        )
        edges = AlmgrenChriss(self.model, 0.0, self.bucket_ns, self.n, self.curve).edges(order)
        return Solved(edges_ns=edges, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """E + z sqrt(V) of any (N,) trades in shares, in units of price times quantity."""
        return self._value(self._neutral(order, market), trades)

    def problem(self, order: ParentOrder, market: MarketState) -> Liquidation:
        """The paper's problem at the risk aversion whose optimum has the least value at risk."""
        return least_value_at_risk(self._neutral(order, market), self.z)

    def _neutral(self, order: ParentOrder, market: MarketState) -> Liquidation:
        return AlmgrenChriss(self.model, 0.0, self.bucket_ns, self.n, self.curve).problem(order, market)

    def _value(self, problem: Liquidation, trades: Floats) -> float:
        return problem.expected_cost(trades) + self.z * math.sqrt(problem.variance(trades))


def least_value_at_risk(problem: Liquidation, z: float) -> Liquidation:
    """The same problem at the risk aversion whose optimum has the least E + z sqrt(V)."""
    if z == 0 or problem.volatility == 0 or problem.steps == 1:
        return msgspec.structs.replace(problem, risk_aversion=0.0)
    if _at_once(problem, z):
        # Beyond any: kappa tau of 700 leaves nothing after the first bucket that a number could hold.
        curvature = math.exp(700) / problem.tau**2
        urgent = curvature * problem.eta_tilde / problem.volatility / problem.volatility
        return msgspec.structs.replace(problem, risk_aversion=min(urgent, _MOST_AVERSE))
    # In logarithms: lambda grows and z / (2 sqrt V) grows more slowly, so they meet once.
    unit = z / (2 * math.sqrt(msgspec.structs.replace(problem, risk_aversion=0.0).variance()))
    low, high = math.log(unit) - 1.0, math.log(unit) + 1.0
    while _excess(problem, z, high) < 0 and high < math.log(_MOST_AVERSE):
        low, high = high, high + 2 * (high - low)
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if _excess(problem, z, middle) > 0 else (middle, high)
    return msgspec.structs.replace(problem, risk_aversion=math.exp(min(high, math.log(_MOST_AVERSE))))


def residual(problem: Liquidation, z: float) -> float:
    """How far lambda is from z / (2 sqrt V), as a fraction: 0 at the least value at risk."""
    variance = problem.variance()
    if z == 0 or variance == 0 or problem.steps == 1 or _at_once(problem, z):
        return 0.0
    return abs(1 - z / (2 * math.sqrt(variance)) / problem.risk_aversion)


def _at_once(problem: Liquidation, z: float) -> bool:
    """Whether the first share kept past the first bucket risks more than it saves."""
    saves = 2 * problem.eta_tilde * problem.quantity / problem.tau
    return z * problem.volatility * math.sqrt(problem.tau) >= saves


def _excess(problem: Liquidation, z: float, log_aversion: float) -> float:
    aversion = math.exp(min(log_aversion, math.log(_MOST_AVERSE)))
    variance = msgspec.structs.replace(problem, risk_aversion=aversion).variance()
    return log_aversion - math.log(z / 2) + 0.5 * math.log(max(variance, 1e-300))
