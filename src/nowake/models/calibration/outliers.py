"""What outliers do to a fit: the same model under four policies, side by side, with how many rows each touched.

Nothing is left out silently: the headline keeps every row and counts far ones less (`loss`). Beside it stand least
squares on all rows, which is the mean cost a desk paid; the same after costs further than 3 noise scales from the
fit were pulled in to 3 (winsorised); and after those further than 5 were dropped. Far is judged from the headline, by
each order's own noise scale. Where they differ by more than their errors, a few orders make the answer: look at
them."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np

from nowake.models.calibration.cluster import Doubt, doubt_of
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Clusters, Problem
from nowake.models.calibration.solve import Solution, solve

PULLED_IN = 3.0
DROPPED = 5.0


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy's answer.

    Parameters
    ----------
    name
        What was done.
    values, se
        Estimates and clustered standard errors, by name.
    orders
        Rows fitted to.
    touched
        Rows it treated otherwise than least squares would.
    """

    name: str
    values: dict[str, float]
    se: dict[str, float]
    orders: int
    touched: int


def policies(problem: Problem, solution: Solution, doubt: Doubt, by: Clusters) -> tuple[Policy, ...]:
    """The headline and the three beside it."""
    z = solution.residuals / solution.scale_bps
    far, farther = np.abs(z) > PULLED_IN, np.abs(z) > DROPPED
    pulled = problem.cost_bps - solution.residuals + np.clip(z, -PULLED_IN, PULLED_IN) * solution.scale_bps
    whole = _by_least_squares("least squares, every order", problem, solution, by)
    return (
        _policy(f"headline: {solution.loss.name}", solution, doubt, _counted_less(solution)),
        whole,
        _by_least_squares(
            f"beyond {PULLED_IN:g} scales pulled in",
            dataclasses.replace(problem, cost_bps=pulled),
            solution,
            by,
            touched=int(far.sum()),
        ),
        _by_least_squares(
            f"beyond {DROPPED:g} scales dropped", problem.take(~farther), solution, by, touched=int(farther.sum())
        )
        if farther.any()
        else msgspec.structs.replace(whole, name=f"beyond {DROPPED:g} scales dropped"),
    )


def _by_least_squares(name: str, problem: Problem, near: Solution, by: Clusters, touched: int = 0) -> Policy:
    found = solve(problem, loss=Loss(), start=near.values)
    return _policy(name, found, doubt_of(problem, found, by), touched)


def _policy(name: str, solution: Solution, doubt: Doubt, touched: int) -> Policy:
    se = dict(zip(solution.names, map(float, doubt.se), strict=True))
    return Policy(name=name, values=solution.named(), se=se, orders=len(solution.residuals), touched=touched)


def _counted_less(solution: Solution) -> int:
    """Rows whose pull is less than their residual by more than a hundredth."""
    z = solution.z[: len(solution.residuals)]
    return int((np.abs(solution.loss.psi(z)) < 0.99 * np.abs(z)).sum())
