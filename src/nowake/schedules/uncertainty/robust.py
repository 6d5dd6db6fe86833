"""Plans for someone who does not know the market's numbers exactly.

`Robust` minimises the worst objective over the intervals of all doubted numbers: for an objective that is monotone in
each of them the worst is at a corner of the box, and the plan is the best reply to the corners (Ben-Tal, El Ghaoui,
Nemirovski 2009, "Robust Optimization", chapter 1). `Averaged` minimises the mean over draws from their distributions,
the choice of one who will trade many such orders. Where the objective is linear in what is doubted (Almgren-Chriss:
eta, gamma and sigma^2) the averaged plan is that of the mean numbers, so that doubt about eta changes nothing and doubt
about sigma hastens a little: mean of sigma^2 > (mean of sigma)^2.

Wrong for someone who learns while trading: the plan does not adapt. The box ignores correlation between numbers, so the
robust plan guards against corners that a joint fit makes all but impossible."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.costing import cost_of
from nowake.schedules.policy import OptimalPolicy, Solved, needed, rounded
from nowake.schedules.schedule import Schedule
from nowake.schedules.uncertainty.simplex import Function, least_of_worst
from nowake.schedules.uncertainty.worlds import World, check_draws, corners, draws, model_of, plannable
from nowake.statistics.measurement import check_level


class Robust(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: the least worst case over the intervals of everything that is doubted.

    Parameters
    ----------
    policy
        Any optimal policy; its `model`, where it has one, and the market say what is doubted.
    level
        Of the intervals, 0.95.
    """

    policy: Any
    level: float = 0.95

    def __post_init__(self) -> None:
        _check_optimal(self.policy)
        check_level(self.level)

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The least worst case before rounding.

        Raises
        ------
        BadParameter
            When nothing is doubted, no corner can be planned, or there are more than 150 buckets and no corner is
            worst throughout. Corners the policy refuses (no temporary impact left, say) are left out.
        """
        worlds = self._worlds(order, market)
        return _saddle(worlds, order) or _least(worlds, order, self.name, worst=True)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """The policy's objective in the worst corner."""
        return max(each.policy.objective(order, each.market, trades) for each in self._worlds(order, market))

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule; its cost and risk are those of the numbers as estimated, the worst case is in `inputs`."""
        market = needed(market, f"a {self.name} schedule")
        solved = self.solved(order, market)
        worst = solved.certificate.objective
        return _plan(self, order, market, solved, {"level": self.level, "worst_objective": worst})

    def _worlds(self, order: ParentOrder, market: MarketState) -> tuple[World, ...]:
        return plannable(corners(self.policy, market, level=self.level), order)

    @property
    def name(self) -> str:
        """Of the schedule."""
        return f"robust {_spelt(self.policy)}"


class Averaged(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: the least mean over draws of everything that is doubted.

    Parameters
    ----------
    policy
        As for `Robust`.
    worlds
        Draws, an even number: half of them mirror the other half.
    seed
        Of the draws.
    """

    policy: Any
    worlds: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        _check_optimal(self.policy)
        check_draws(self.worlds, self.seed)

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The least mean before rounding; errors as for `Robust.solved`."""
        return _least(self._worlds(order, market), order, self.name, worst=False)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """The mean of the policy's objective over the draws."""
        return _mean(self._worlds(order, market), order, trades)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule; its cost and risk are those of the numbers as estimated, the mean is in `inputs`."""
        market = needed(market, f"a {self.name} schedule")
        solved = self.solved(order, market)
        inputs = {
            "worlds": float(self.worlds),
            "seed": float(self.seed),
            "mean_objective": solved.certificate.objective,
        }
        return _plan(self, order, market, solved, inputs)

    def _worlds(self, order: ParentOrder, market: MarketState) -> tuple[World, ...]:
        return plannable(draws(self.policy, market, n=self.worlds, seed=self.seed), order)

    @property
    def name(self) -> str:
        """Of the schedule."""
        return f"averaged {_spelt(self.policy)}"


def _spelt(policy: object) -> str:
    """The name of a policy as people write it: "Almgren-Chriss"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(policy).__name__)


def _saddle(worlds: tuple[World, ...], order: ParentOrder) -> Solved | None:
    """The optimum of the one corner that is the worst at its own optimum, where there is one: a saddle point."""
    plans = [each.policy.solved(order, each.market) for each in worlds]
    hardest = int(np.argmax([plan.certificate.objective for plan in plans]))
    solved = plans[hardest]
    _same_buckets(plans)
    values = [each.policy.objective(order, each.market, solved.trades) for each in worlds]
    if max(values) > values[hardest] * (1 + 1e-12):
        return None
    return Solved(
        edges_ns=solved.edges_ns,
        trades=solved.trades,
        certificate=msgspec.structs.replace(
            solved.certificate, method=f"saddle point at one of {len(worlds)} corners; {solved.certificate.method}"
        ),
    )


def _least(worlds: tuple[World, ...], order: ParentOrder, name: str, *, worst: bool) -> Solved:
    """The least worst case or the least mean, from the mean of the worlds' own optima."""
    plans = [each.policy.solved(order, each.market) for each in worlds]
    _same_buckets(plans)
    quantity = order.quantity
    start = np.mean([plan.trades for plan in plans], axis=0).clip(0.0) / quantity

    def of(some: tuple[World, ...]) -> Function:
        return lambda shares: _mean(some, order, quantity * shares)

    functions = [of((each,)) for each in worlds] if worst else [of(worlds)]
    found = least_of_worst(functions, start)
    return Solved(
        edges_ns=plans[0].edges_ns,
        trades=quantity * found.shares,
        certificate=Certificate(
            method=f"{name} over {len(worlds)} worlds, sequential quadratic programming",
            kind="duality gap",
            value=found.gap,
            objective=found.value,
            iterations=found.iterations,
        ),
    )


def _mean(worlds: tuple[World, ...], order: ParentOrder, trades: Floats) -> float:
    return sum(each.policy.objective(order, each.market, trades) for each in worlds) / len(worlds)


def _plan(
    cautious: Robust | Averaged, order: ParentOrder, market: MarketState, solved: Solved, inputs: dict[str, float]
) -> Schedule:
    """Rounded to lots and costed at the estimates, with what caution costs where they are right after all."""
    policy: OptimalPolicy = cautious.policy
    sure, best = policy.plan(order, market), policy.solved(order, market)
    at_estimates = policy.objective(order, market, solved.trades)
    extra = at_estimates - policy.objective(order, market, best.trades)
    inputs = {**sure.inputs, **inputs, "objective_at_estimates": at_estimates, "price_of_caution": extra}
    plan = rounded(cautious.name, order, solved, inputs=inputs, notes=sure.notes)
    model = model_of(policy)
    if model is None:
        return plan
    cost = cost_of(plan, market, model, curve=getattr(policy, "curve", None))
    return msgspec.structs.replace(
        plan, expected_cost_bps=cost.expected_cost_bps, cost_risk_bps=cost.cost_risk_bps, cost_parts=cost.cost_parts
    )


def _same_buckets(plans: list[Solved]) -> None:
    if any(plan.edges_ns != plans[0].edges_ns for plan in plans):
        raise BadParameter("the policy cuts the window differently in different worlds; give n or bucket_ns")


def _check_optimal(policy: object) -> None:
    if not isinstance(policy, OptimalPolicy):
        raise BadParameter(
            f"{type(policy).__name__} minimises nothing; give an optimal policy, as AlmgrenChriss(model, 1e-6)"
        )
