"""Almgren-Chriss through an event at a known time whose outcome is not known (their section 4.3).

Until the event one path is followed, from X to X*; after it, the path that is best for what came out. With outcome j of
probability P_j

    E = E_0 + sum P_j E_j,    V = V_0 + sum P_j V_j + 1/2 sum_ij P_i P_j (E_i - E_j)^2

and both paths are sums of exponentials for any X*, so that E + lambda V is a polynomial of X* of fourth degree, whose
least value is found exactly. As in the paper each leg is the best for itself: that other legs could bring the E_j a
little closer together is left out. Wrong where the event also moves the price by an amount one
could foresee, or where it is not known at once which outcome it was."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import Liquidation, check_risk_aversion
from nowake.schedules.almgren_chriss.policy import NAME, linear_note
from nowake.schedules.buckets import bucket_count, even_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.clock import multiplier_of
from nowake.schedules.costing import EQUATION_5_NOTE
from nowake.schedules.policy import Solved, needed, rounded
from nowake.schedules.schedule import Schedule


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an event may do to the market.

    Parameters
    ----------
    probability
        Above 0 and up to 1; those of all outcomes sum to 1.
    volatility_factor, impact_factor
        What volatility, and temporary and permanent impact, are multiplied by after it; 0 or more, above 0.
    """

    probability: float
    volatility_factor: float = 1.0
    impact_factor: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.probability <= 1:
            raise BadParameter(f"probability {self.probability} of an outcome must be above 0 and up to 1")
        if not 0 <= self.volatility_factor < math.inf:
            raise BadParameter(f"volatility_factor {self.volatility_factor} must be 0 or more and finite")
        if not 0 < self.impact_factor < math.inf:
            raise BadParameter(f"impact_factor {self.impact_factor} must be above 0 and finite")


class NewsLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A liquidation through an event.

    Parameters
    ----------
    problem
        As if nothing were to happen.
    steps_before
        s: steps until the event, at least one and fewer than all.
    outcomes
        What may come out.

    Raises
    ------
    BadParameter
        When the event is not inside the window, or probabilities do not sum to 1.
    """

    problem: Liquidation
    steps_before: int
    outcomes: tuple[Outcome, ...]

    def __post_init__(self) -> None:
        _check_outcomes(self.outcomes)
        if not 1 <= self.steps_before < self.problem.steps:
            raise BadParameter(
                f"the event is after step {self.steps_before} of {self.problem.steps}; it must lie inside the window, "
                "with a step before it and one after"
            )

    @property
    def at_event(self) -> float:
        """X*: shares left at the event."""
        # E_j and V_j are quadratic in X*, so three points tell them and the objective is a quartic, exactly.
        grid = np.linspace(0.0, 1.0, 5)
        with np.errstate(over="ignore", invalid="ignore"):
            values = [self._weighed(u * self.problem.quantity) for u in grid]
        scale = float(np.abs(values).max())
        if not scale < math.inf:
            raise BadParameter(
                "cost or risk of this order is beyond all numbers, so that nothing can be weighed; give a smaller "
                "impact, volatility or quantity"
            )
        quartic = np.polynomial.Polynomial.fit(grid, np.array(values) / scale, 4, domain=[0, 1], window=[0, 1])
        roots = np.asarray(quartic.deriv().roots(), dtype=np.complex128)
        flat = roots.real[(np.abs(roots.imag) < 1e-6) & (roots.real > 0) & (roots.real < 1)]
        return self.problem.quantity * min((0.0, 1.0, *map(float, flat)), key=lambda u: float(quartic(u)))

    def before(self, at_event: float) -> Floats:
        """x_0 .. x_s: from X to X*."""
        leg = self._leg(self.problem, self.steps_before, 1.0).holdings()
        return self.problem.quantity * leg + at_event * leg[::-1]

    def after(self, at_event: float, outcome: Outcome) -> Floats:
        """x_s .. x_N of one outcome."""
        return at_event * self._leg(self._shifted(outcome), self.problem.steps - self.steps_before, 1.0).holdings()

    def expected_path(self) -> Floats:
        """x_0 .. x_N on average over the outcomes."""
        at = self.at_event
        mean = sum(outcome.probability * self.after(at, outcome) for outcome in self.outcomes)
        return np.concatenate((self.before(at), np.asarray(mean)[1:]))

    def cost_parts(self, at_event: float) -> dict[str, float]:
        """What E of the whole is made of, on average over the outcomes, in currency."""
        gone = self.problem.quantity - at_event
        parts = self.problem.cost_parts(-np.diff(self.before(at_event)))
        parts["spread"] = self.problem.impact.epsilon * gone
        # The other half of the move of what is traded before is paid by what is traded after.
        parts["permanent"] -= 0.5 * self.problem.impact.gamma * at_event**2
        for outcome in self.outcomes if at_event > 0 else ():
            leg = self._later(at_event, outcome)
            for name, value in leg.cost_parts(leg.trades()).items():
                parts[name] += outcome.probability * value
        return parts

    def costs(self, at_event: float) -> tuple[float, float]:
        """E and V of the whole, currency and currency^2."""
        problem, x = self.problem, self.before(at_event)[1:]
        variance = problem.volatility**2 * problem.tau * float((x**2).sum())
        if at_event > 0:
            shares = np.array([outcome.probability for outcome in self.outcomes])
            legs = [self._later(at_event, outcome) for outcome in self.outcomes]
            later = np.array([(leg.expected_cost(), leg.variance()) for leg in legs])
            doubt = later[:, 0] - float(shares @ later[:, 0])  # Its mean square is half the paper's double sum.
            doubt[np.abs(doubt) < 1e-12 * np.abs(later[:, 0]).max()] = 0.0  # What is rounding is not to be squared.
            variance += float(shares @ (later[:, 1] + doubt**2))
        return sum(self.cost_parts(at_event).values()), variance

    def value_at(self, at_event: float) -> float:
        """E + lambda V with so much left at the event."""
        cost, variance = self.costs(at_event)
        return cost + self.problem.risk_aversion * variance

    def residual(self) -> float:
        """Slope of the objective at X*, as a fraction of what a change of all of X makes of it."""
        at, whole = self.at_event, self.problem.quantity
        if at in (0.0, whole):
            return 0.0
        step = 1e-4 * whole
        slope = (self._weighed(at + step) - self._weighed(at - step)) / (2 * step) * whole
        return abs(slope) / max(abs(self._weighed(0.0)), abs(self._weighed(whole)))

    def _weighed(self, at_event: float) -> float:
        """The same over lambda where that is above 1, so that none is too large."""
        aversion = self.problem.risk_aversion
        cost, variance = self.costs(at_event)
        return cost / max(1.0, aversion) + min(1.0, aversion) * variance

    def _later(self, at_event: float, outcome: Outcome) -> Liquidation:
        return self._leg(self._shifted(outcome), self.problem.steps - self.steps_before, at_event)

    def _shifted(self, outcome: Outcome) -> Liquidation:
        impact = self.problem.impact
        changed = Linear(
            gamma=impact.gamma * outcome.impact_factor, eta=impact.eta * outcome.impact_factor, epsilon=impact.epsilon
        )
        return msgspec.structs.replace(
            self.problem, impact=changed, volatility=self.problem.volatility * outcome.volatility_factor
        )

    @staticmethod
    def _leg(problem: Liquidation, steps: int, quantity: float) -> Liquidation:
        return msgspec.structs.replace(problem, quantity=quantity, days=problem.tau * steps, steps=steps)


class AlmgrenChrissNews(msgspec.Struct, frozen=True):
    """Policy: trade towards an event, knowing that what follows depends on what comes out.

    `plan` is the expected path; `branches` are the schedules to follow once the outcome is known, the same until then.

    Parameters
    ----------
    model, risk_aversion, bucket_ns, n
        As for `AlmgrenChriss`.
    event_ns
        When; moved to the nearest edge of a bucket.
    outcomes
        What may come out.
    """

    model: Impact
    risk_aversion: float
    event_ns: int
    outcomes: tuple[Outcome, ...]
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        _check_outcomes(self.outcomes)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The expected path; errors as for `AlmgrenChriss.plan`, and when the event is not inside the window."""
        problem = self.problem(order, needed(market, NAME))
        note = "the path expected; once the outcome of the event is known, follow its branch"
        return self._schedule(order, needed(market, NAME), problem.expected_path(), note)

    def branches(self, order: ParentOrder, market: MarketState | None = None) -> tuple[Schedule, ...]:
        """One schedule for each outcome, the same until the event."""
        problem = self.problem(order, needed(market, NAME))
        at = problem.at_event
        return tuple(
            self._schedule(
                order,
                needed(market, NAME),
                np.concatenate((problem.before(at), problem.after(at, outcome)[1:])),
                f"the path for an outcome of probability {outcome.probability:g}",
            )
            for outcome in self.outcomes
        )

    def problem(self, order: ParentOrder, market: MarketState) -> NewsLiquidation:
        """The paper's problem of one order; errors as for `plan`."""
        steps, days = bucket_count(order, bucket_ns=self.bucket_ns, n=self.n), days_of(order)
        if not order.start_ns < self.event_ns < order.end_ns:
            clock = order.instrument.session.clock
            raise BadParameter(
                f"the event at {clock(self.event_ns)} is not inside the order's window "
                f"{clock(order.start_ns)}-{clock(order.end_ns)}; use AlmgrenChriss"
            )
        share = (self.event_ns - order.start_ns) / order.duration_ns
        problem = Liquidation(
            quantity=order.quantity,
            days=days,
            steps=steps,
            volatility=market.volatility,
            impact=linearised(self.model, market.terms(order.quantity, days)),
            risk_aversion=self.risk_aversion * multiplier_of(order),
        )
        before = min(max(round(share * steps), 1), steps - 1)
        return NewsLiquidation(problem=problem, steps_before=before, outcomes=self.outcomes)

    def _schedule(self, order: ParentOrder, market: MarketState, path: Floats, note: str) -> Schedule:
        problem = self.problem(order, market)
        at, bps = problem.at_event, 1e4 / (order.quantity * market.price)
        _, variance = problem.costs(at)
        trades = np.maximum(-np.diff(path), 0.0)
        certificate = Certificate(
            method="closed form, roots of a cubic",
            kind="optimality residual",
            value=problem.residual(),
            objective=problem.value_at(at),
        )
        edges = even_edges(order, problem.problem.steps)
        return rounded(
            "Almgren-Chriss with news",
            order,
            Solved(edges_ns=edges, trades=trades, certificate=certificate),
            market=market,
            cost_parts={name: value * bps for name, value in problem.cost_parts(at).items()},
            cost_risk_bps=math.sqrt(variance) * bps,
            inputs={
                "risk_aversion": self.risk_aversion,
                "left_at_event": at,
                "steps_before": float(problem.steps_before),
                "outcomes": float(len(self.outcomes)),
            },
            notes=(
                *linear_note(self.model),
                note,
                "cost and risk are of the whole plan, over all outcomes",
                EQUATION_5_NOTE,
            ),
        )


def _check_outcomes(outcomes: tuple[Outcome, ...]) -> None:
    total = sum(outcome.probability for outcome in outcomes)
    if not abs(total - 1) < 1e-9:
        raise BadParameter(f"probabilities of {len(outcomes)} outcomes sum to {total:g}; they must sum to 1")
