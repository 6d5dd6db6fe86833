"""Almgren-Chriss with a view on the price (their section 4.1, equations 23 to 27).

    E gets - alpha tau sum x_k,   xbar = alpha / (2 lambda sigma^2)
    x_j = [17] + [1 - (sinh kappa (T - t_j) + sinh kappa t_j) / sinh kappa T] xbar

A view worth waiting for holds about xbar for most of the window; one that hurts sells beyond 0 where it may. Without
risk aversion the correction is the parabola alpha t (T - t) / (4 eta~). The correction does not depend on the size of
the order, so that a view matters for small orders and hardly for large ones. Wrong when the view is: what a drift adds
is certain only on paper, and its error is not in the risk."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import LEAST, Liquidation, check_risk_aversion
from nowake.schedules.almgren_chriss.policy import NAME, AlmgrenChriss, linear_note
from nowake.schedules.certificate import Certificate
from nowake.schedules.costing import risk_bps
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.schedule import Schedule


class DriftingLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A liquidation whose price is expected to drift.

    Parameters
    ----------
    problem
        The same without drift.
    drift
        alpha, currency per share per day: above 0 the drift is in favour of what is still held.
    may_reverse
        Whether trades against the order are allowed, as in the paper's closed form. Without them the optimum waits at
        first where xbar is above X, and is done before the end where it is below 0.

    Raises
    ------
    BadParameter
        When the drift is not finite.
    """

    problem: Liquidation
    drift: float
    may_reverse: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.drift):
            raise BadParameter(f"drift {self.drift} must be finite, in currency per share per session")

    @property
    def resting_holdings(self) -> float:
        """xbar, equation 25: what one would hold for ever; infinite without risk aversion, 0 without drift."""
        risk = self.problem.risk_aversion * self.problem.volatility**2
        if self.drift == 0:
            return 0.0
        return self.drift / (2 * risk) if risk > 0 else math.copysign(math.inf, self.drift)

    @property
    def gain_bound(self) -> float:
        """The most that knowing the drift is worth (below equation 27), currency: what its correction earns."""
        return self.drift * self.problem.tau * float(self._correction(self.problem.steps)[1:].sum())

    def holdings(self) -> Floats:
        """x_0 .. x_N."""
        steps, rest = self.problem.steps, self.resting_holdings
        if self.may_reverse or 0 <= rest <= self.problem.quantity:
            return self._path(steps)
        if rest > 0:
            # Wait as long as the first trade would go the other way.
            waits = _first(lambda late: self._path(steps - late)[1] <= self.problem.quantity, steps - 1)
            return np.concatenate((np.full(waits, self.problem.quantity), self._path(steps - waits)))
        early = _first(lambda early: self._path(steps - early)[-2] >= 0, steps - 1)
        return np.concatenate((self._path(steps - early), np.zeros(early)))

    def trades(self) -> Floats:
        """n_1 .. n_N, shares."""
        trades = -np.diff(self.holdings())
        return np.asarray(trades) if self.may_reverse else np.maximum(trades, 0.0)

    def earned(self, trades: Floats) -> float:
        """alpha tau sum x_k of N trades, currency: what the drift is expected to bring."""
        left = self.problem.quantity - np.cumsum(trades)[:-1]
        return self.drift * self.problem.tau * float(left.sum())

    def objective(self, trades: Floats) -> float:
        """E + lambda V of N trades, currency (equations 24 and 5); infinite where a trade may not reverse and does.

        Where it may, the spread of the way there and back is not weighed, as in the paper's closed form.
        """
        if not self.may_reverse and (trades < -1e-9 * self.problem.quantity).any():
            return math.inf
        there_and_back = float(np.abs(trades).sum()) - self.problem.quantity
        return self.problem.objective(trades) - self.problem.impact.epsilon * there_and_back - self.earned(trades)

    def residual(self, trades: Floats) -> float:
        """How far N trades are from the first-order conditions, as a fraction of the largest term in them.

        One more share in a bucket costs the same in all that trade, and no less in those that do not.
        """
        problem = self.problem
        weight = problem.risk_aversion * problem.volatility**2 * problem.tau
        left = np.append(np.cumsum(trades[::-1])[::-1][1:], 0.0)  # From the end, where it may be tiny.
        if problem.steps > 1 and problem.eta_tilde < LEAST * problem.tau * weight:
            # Beside such risk speed costs nothing: one holds what one would for ever.
            rest = self.resting_holdings
            rest = rest if self.may_reverse else min(max(rest, 0.0), problem.quantity)
            return float(np.abs(left[:-1] - rest).max()) / max(problem.quantity, abs(rest))
        risked, drifts = 2 * weight * left[:-1], self.drift * problem.tau
        speed = 2 * problem.eta_tilde / problem.tau * trades
        margin = speed - np.append(np.cumsum((risked - drifts)[::-1])[::-1], 0.0)
        works = trades > 1e-12 * problem.quantity if not self.may_reverse else np.full(len(trades), True)
        price = float(margin[works].mean())
        misses = np.where(works, np.abs(margin - price), np.maximum(price - margin, 0.0))
        terms = (np.abs(speed).max(), np.abs(risked).sum(), abs(drifts) * (problem.steps - 1))
        return float(misses.max()) / float(max(terms))

    def _path(self, steps: int) -> Floats:
        """Equation 26 over the first steps alone."""
        problem = msgspec.structs.replace(self.problem, days=self.problem.tau * steps, steps=steps)
        return problem.holdings() + self._correction(steps)

    def _correction(self, steps: int) -> Floats:
        """What the drift adds to the holdings, by exponentials so that nothing overflows."""
        k, days = self.problem.kappa, self.problem.tau * steps
        t = self.problem.tau * np.arange(steps + 1)
        if k * days < 1e-6:
            return np.asarray(self.drift * t * (days - t) / (4 * self.problem.eta_tilde))
        part = np.expm1(-k * t) * np.expm1(-k * (days - t)) / (1 + math.exp(-k * days))
        return np.asarray(self.resting_holdings * part)


class AlmgrenChrissDrift(msgspec.Struct, frozen=True):
    """Policy: `AlmgrenChriss` with a view on where the price goes.

    Parameters
    ----------
    model, risk_aversion, bucket_ns, n, curve
        As for `AlmgrenChriss`.
    adverse_drift
        How fast the price is expected to move against the order, currency per share per session: above 0 it rises for
        a buyer, falls for a seller, and the order hurries.
    may_reverse
        Whether trades against the order are allowed. No algorithm works them.
    """

    model: Impact
    risk_aversion: float
    adverse_drift: float
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None
    may_reverse: bool = False

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        if not math.isfinite(self.adverse_drift):
            raise BadParameter(f"adverse_drift {self.adverse_drift} must be finite, in currency per share per session")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule; errors as for `AlmgrenChriss.plan`."""
        market = needed(market, NAME)
        drifting, solved = self.problem(order, market), self.solved(order, market)
        problem, bps = drifting.problem, 1e4 / (order.quantity * market.price)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        parts = {**problem.cost_parts(trades), "drift": -drifting.earned(trades)}
        return rounded(
            "Almgren-Chriss with drift",
            order,
            solved,
            market=market,
            cost_parts={name: value * bps for name, value in parts.items()},
            cost_risk_bps=risk_bps(market, order.quantity, trades, np.full(problem.steps, problem.tau)),
            inputs={
                "risk_aversion": self.risk_aversion,
                "adverse_drift": self.adverse_drift,
                "resting_holdings": drifting.resting_holdings,
                **problem.inputs(),
                "kappa": problem.kappa,
            },
            notes=(*linear_note(self.model), *self._notes()),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The closed form before rounding; errors as for `plan`."""
        drifting = self.problem(order, market)
        trades = drifting.trades()
        certificate = Certificate(
            method="closed form",
            kind="closed form",
            value=drifting.residual(trades),
            objective=drifting.objective(trades),
        )
        return Solved(edges_ns=self._calm().edges(order), trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """E + lambda V of any (N,) trades in shares, in units of price times quantity."""
        return self.problem(order, market).objective(trades)

    def problem(self, order: ParentOrder, market: MarketState) -> DriftingLiquidation:
        """The paper's problem of one order; errors as for `plan`."""
        return DriftingLiquidation(
            problem=self._calm().problem(order, market), drift=-self.adverse_drift, may_reverse=self.may_reverse
        )

    def _notes(self) -> tuple[str, ...]:
        certain = "the drift is taken as certain: its error is not in the risk"
        back = "trades may go back; the spread they then pay twice is in the cost, but was not weighed"
        return (certain, back) if self.may_reverse else (certain,)

    def _calm(self) -> AlmgrenChriss:
        return AlmgrenChriss(self.model, self.risk_aversion, bucket_ns=self.bucket_ns, n=self.n, curve=self.curve)


def _first(holds: Callable[[int], bool], last: int) -> int:
    """The least whole number up to the last from which on something holds; the last where it never does before."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
