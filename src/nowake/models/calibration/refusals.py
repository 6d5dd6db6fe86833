"""When the data cannot identify a model, and what is said instead of a number that means nothing.

The limits are judgement, stated here once: about ten orders a parameter, eight clusters, two days, sizes that differ
by half, and no parameter whose variance the others inflate more than a thousand times."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import Unidentified
from nowake.models.calibration.problem import Clusters, Problem
from nowake.models.calibration.solve import Solution
from nowake.models.terms import Floats

FEWEST_ORDERS = 20
ORDERS_A_PARAMETER = 10
FEWEST_CLUSTERS = 8
FEWEST_DAYS = 2
LEAST_SPREAD_OF_SIZES = 1.5  # 95 % point of Q / V over its 5 % point.
MOST_INFLATION = 1_000.0


def check_problem(problem: Problem, by: Clusters) -> None:
    """Refuse orders that are too few or too much alike, before a search.

    Raises
    ------
    Unidentified
        With the count or ratio it rests on.
    """
    n, p, name = len(problem), len(problem.names), problem.prototype.name
    least = max(FEWEST_ORDERS, ORDERS_A_PARAMETER * p)
    if n < least:
        raise Unidentified(f"{n} orders are too few for the {p} numbers of a fit of {name}; give {least} or more")
    if (days := int(problem.day.max()) + 1) < FEWEST_DAYS:
        raise Unidentified(f"all {n} orders are of {days} day, whose luck they share; give more days")
    ways: tuple[Clusters, ...] = ("day", "symbol") if by == "two-way" else (by,)
    for way in ways:
        if (groups := int(problem.clusters(way).max()) + 1) < FEWEST_CLUSTERS:
            raise Unidentified(
                f"{groups} clusters by {way} are too few to tell luck from cost; "
                f"{FEWEST_CLUSTERS} or more are needed: give more days or symbols, or another cluster="
            )
    if np.ptp(problem.cost_bps) <= 1e-9 * max(1.0, float(np.abs(problem.cost_bps).max())):
        raise Unidentified(f"all {n} orders cost the same, {problem.cost_bps[0]:.6g} bps: there is nothing to explain")
    small, large = np.quantile(problem.terms.share_of_day, [0.05, 0.95])
    if large < LEAST_SPREAD_OF_SIZES * small:
        raise Unidentified(
            f"sizes hardly differ: from {small:.3g} to {large:.3g} of a day's volume (5 % to 95 % of orders); "
            f"a law of size needs a factor of {LEAST_SPREAD_OF_SIZES:g} or more"
        )


def check_solution(problem: Problem, solution: Solution) -> None:
    """Refuse an answer at the edge of the possible, and parameters that cannot be told apart.

    Raises
    ------
    Unidentified
        With the bound, or the two parameters and how alike they are.
    """
    name = problem.prototype.name
    inflation, partner = inflation_of(solution)
    worst = int(np.argmax(inflation))
    # A prefactor of 0 hides its exponent: that is told by the bound below.
    if np.isfinite(solution.slopes).all() and solution.slopes.any(axis=0).all() and inflation[worst] > MOST_INFLATION:
        one, other = solution.names[worst], solution.names[int(partner[worst])]
        also = "vary the duration of orders, give later_price, " if problem.later_bps is None else ""
        raise Unidentified(
            f"{one} and {other} of {name} cannot be told apart in these orders: they inflate each other's variance "
            f"{inflation[worst]:.3g} times ({MOST_INFLATION:g} is the most taken); {also}"
            f"or hold one with hold={{{other!r}: ...}}"
        )
    if solution.at_bound:
        at = solution.at_bound[0]
        raise Unidentified(
            f"{at} of {name} ends at {solution.named()[at]:g}, the edge of its range: the data do not show it; "
            f"hold it with hold={{{at!r}: ...}}, or fit a model without it"
        )
    if not solution.converged:
        raise Unidentified(
            f"the search for {name} did not rest after {solution.steps} steps at {_listed(solution)}; "
            "many values fit alike: hold a parameter, or fit a simpler model"
        )


def inflation_of(solution: Solution) -> tuple[Floats, Floats]:
    """(p,) variance inflation of each parameter by the others, and (p,) the place of the one it is most alike.

    1 is independent; the inverse of 1 - R² of its slope on the others'. Infinite where nothing depends on it.
    """
    curvature = (solution.slopes * solution.curvature[:, None]).T @ solution.slopes
    size = np.sqrt(np.diag(curvature))
    if len(size) == 1:
        return np.ones(1) if size[0] > 0 else np.full(1, np.inf), np.zeros(1)
    if not (size > 0).all():
        return np.where(size > 0, 1.0, np.inf), np.roll(np.arange(len(size)), 1)
    alike = curvature / np.outer(size, size)
    values = np.linalg.eigvalsh(alike)
    inflation = np.full(len(size), np.inf) if values[0] < 1e-14 else np.diag(np.linalg.inv(alike))
    return np.asarray(inflation), np.argmax(np.abs(alike) - np.eye(len(size)), axis=0)


def _listed(solution: Solution) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in solution.named().items())
