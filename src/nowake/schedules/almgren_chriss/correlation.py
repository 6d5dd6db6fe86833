"""Almgren-Chriss when price moves are correlated from one bucket to the next (their section 4.2).

With correlation rho between neighbours, and so rho^|j-k| between moves j and k of a first-order process, a schedule
fixed beforehand costs what it did and risks

    V = sigma^2 tau sum_jk rho^|j-k| x_j x_k

which is minimised here with E. Who looks at each move earns besides: after a move of xi standard deviations the price
is expected to go on by rho / (1 - rho) of it, and shifting

    shift = rho/(1-rho) sigma tau^(3/2) / (2 eta) xi shares     earns    (rho/(1-rho))^2 sigma^2 tau^2 / (4 eta)

a bucket, whatever the size of the order. This is the exact value that their Table 2 prints; their equation 28, without
the 1 / (1 - rho), is the heuristic for small rho. Wrong where correlation is bounce between bid and ask, which nobody
can trade on."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import Liquidation, check_risk_aversion
from nowake.schedules.almgren_chriss.policy import NAME, AlmgrenChriss, linear_note
from nowake.schedules.certificate import Certificate
from nowake.schedules.costing import EQUATION_5_NOTE
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.schedule import Schedule

_MOST_STEPS = 2_000
_NOTHING = 1e-9  # Of the largest trade after the first, or of the price of a share.
_LARGEST_RISK = 1e290  # Beside the cost of trading: beyond it what is left after the first bucket loses its digits.


class CorrelatedLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A liquidation whose price moves are correlated.

    Parameters
    ----------
    problem
        The same without correlation.
    correlation
        rho between neighbouring steps, above -1 and below 1.

    Raises
    ------
    BadParameter
        When the correlation is out of range, or there are more than 2,000 steps: the system is a full one.
    """

    problem: Liquidation
    correlation: float

    def __post_init__(self) -> None:
        if not -1 < self.correlation < 1:
            raise BadParameter(f"correlation {self.correlation} must be above -1 and below 1")
        if self.problem.steps > _MOST_STEPS:
            raise BadParameter(f"{self.problem.steps:,} correlated buckets are too many; use {_MOST_STEPS:,} or fewer")

    @property
    def shift(self) -> float:
        """Shares to move into the next step for each standard deviation that the price moved against the order."""
        return self._foreseen * self.problem.tau / (2 * self.problem.impact.eta)

    @property
    def gain(self) -> float:
        """Currency a step that shifting earns, on average and in a long window."""
        return self._foreseen**2 * self.problem.tau / (4 * self.problem.impact.eta)

    @property
    def heuristic_gain(self) -> float:
        """Equation 28: what shifting to the next step alone earns."""
        problem = self.problem
        return (self.correlation * problem.volatility * problem.tau) ** 2 / (4 * problem.impact.eta)

    @property
    def _foreseen(self) -> float:
        """What a price goes on by after a move of one standard deviation, in all."""
        rho = self.correlation
        return rho / (1 - rho) * self.problem.volatility * math.sqrt(self.problem.tau)

    def variance(self, trades: Floats) -> float:
        """V of N trades, currency^2."""
        total, earlier = 0.0, 0.0
        for x in (self.problem.quantity - np.cumsum(trades)[:-1]).tolist():
            total += x * (x + 2 * earlier)
            earlier = self.correlation * (earlier + x)
        return self.problem.volatility**2 * self.problem.tau * max(total, 0.0)

    def objective(self, trades: Floats) -> float:
        """E + lambda V of N trades, currency; infinite where one goes back."""
        if (trades < -1e-9 * self.problem.quantity).any():
            return math.inf
        return self.problem.expected_cost(trades) + self.problem.risk_aversion * self.variance(trades)

    def trades(self) -> Floats:
        """The optimal N trades, none below 0.

        Raises
        ------
        BadParameter
            When the method does not come to rest.
        """
        steps, quantity = self.problem.steps, self.problem.quantity
        if steps == 1:
            return np.array([quantity])
        hessian, free = self._hessian(), np.full(steps - 1, True)
        for _ in range(10 * steps):
            later = _on_free(hessian, free)
            margin = hessian @ later
            wrong = np.where(free, later < -_NOTHING * np.abs(later).max(), margin < 1 - _NOTHING)
            if not wrong.any():
                trades = np.append(1.0, np.maximum(later, 0.0) / max(1.0, self._risk))
                return np.asarray(trades * (quantity / trades.sum()))
            free = free ^ wrong
        raise BadParameter(f"no best schedule found at a correlation of {self.correlation}; use fewer buckets")

    def residual(self, trades: Floats) -> float:
        """How far N trades are from the first-order conditions, as a fraction of the largest term in them.

        One more share costs as much in all buckets that trade as in the first, and no less in those that do not.
        """
        if self.problem.steps == 1:
            return 0.0
        margin, price = self._hessian() @ trades[1:] * max(1.0, self._risk), trades[0]
        misses = np.where(trades[1:] > 0, np.abs(margin - price), np.maximum(price - margin, 0.0))
        return float(misses.max() / max(price, np.abs(margin).max()))

    @property
    def _risk(self) -> float:
        """lambda sigma^2 tau beside the cost of trading, eta~ / tau."""
        problem = self.problem
        cost = problem.eta_tilde / problem.tau
        return min(float(problem.risk_aversion) / cost * problem.volatility**2 * problem.tau, _LARGEST_RISK)

    def _hessian(self) -> Floats:
        """Of the objective in the trades after the first, which costs itself alone; scaled to numbers about 1.

        Holdings are what later trades take away, x = L n, so that no trade cancels another, however little is left.
        """
        steps, scale = self.problem.steps, max(1.0, self._risk)
        later = np.triu(np.ones((steps - 1, steps - 1)))
        return np.asarray(np.eye(steps - 1) / scale + self._risk / scale * later.T @ self._correlations() @ later)

    def _correlations(self) -> Floats:
        steps = np.arange(self.problem.steps - 1)
        by_lag = np.array([self.correlation**lag for lag in steps.tolist()])
        return np.asarray(by_lag[np.abs(steps[:, None] - steps[None, :])])


class AlmgrenChrissCorrelated(msgspec.Struct, frozen=True):
    """Policy: the best schedule fixed beforehand when price moves are correlated from bucket to bucket.

    Parameters
    ----------
    model, risk_aversion, bucket_ns, n, curve
        As for `AlmgrenChriss`.
    correlation
        Of the price moves of neighbouring buckets, above -1 and below 1. Above 0 risk counts for more.
    """

    model: Impact
    risk_aversion: float
    correlation: float
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        if not -1 < self.correlation < 1:
            raise BadParameter(f"correlation {self.correlation} must be above -1 and below 1")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule; errors as for `AlmgrenChriss.plan`."""
        market = needed(market, NAME)
        correlated, solved = self.problem(order, market), self.solved(order, market)
        problem, bps = correlated.problem, 1e4 / (order.quantity * market.price)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        return rounded(
            "Almgren-Chriss, correlated",
            order,
            solved,
            market=market,
            cost_parts={name: value * bps for name, value in problem.cost_parts(trades).items()},
            cost_risk_bps=math.sqrt(correlated.variance(trades)) * bps,
            inputs={
                "risk_aversion": self.risk_aversion,
                "correlation": self.correlation,
                "shift_shares_per_sd": correlated.shift,
                "gain_bps_per_bucket": correlated.gain * bps,
                **problem.inputs(),
            },
            notes=(
                *linear_note(self.model),
                "fixed beforehand: what looking at each move would earn is not in it",
                EQUATION_5_NOTE,
            ),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        correlated = self.problem(order, market)
        trades = correlated.trades()
        certificate = Certificate(
            method="linear system, active set",
            kind="optimality residual",
            value=correlated.residual(trades),
            objective=correlated.objective(trades),
        )
        edges = AlmgrenChriss(self.model, 0.0, self.bucket_ns, self.n, self.curve).edges(order)
        return Solved(edges_ns=edges, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """E + lambda V of any (N,) trades in shares, in units of price times quantity."""
        return self.problem(order, market).objective(trades)

    def problem(self, order: ParentOrder, market: MarketState) -> CorrelatedLiquidation:
        """The problem of one order; errors as for `plan`."""
        calm = AlmgrenChriss(self.model, self.risk_aversion, bucket_ns=self.bucket_ns, n=self.n, curve=self.curve)
        return CorrelatedLiquidation(problem=calm.problem(order, market), correlation=self.correlation)


def _on_free(hessian: Floats, free: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """The optimum over some of the buckets after the first, the others 0, at a price of 1."""
    trades = np.zeros(len(free))
    if free.any():
        trades[free] = np.linalg.solve(hessian[np.ix_(free, free)], np.ones(int(free.sum())))
    return trades
