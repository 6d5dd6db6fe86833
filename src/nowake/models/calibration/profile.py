"""Profile likelihood: the values of one parameter that the data do not speak against, the others always at their best.

    D(v) = 2 [L(v, others at their best) - L(estimate)] / a,      a = clustered variance / naive variance

and the interval is where D(v) is at most the squared quantile of Student's t. Dividing by a makes up for noise that is
clustered and no true density (Kent 1982, Biometrika 69; Rotnitzky & Jewell 1990, Biometrika 77; Pace, Salvan & Sartori
2011, Statistica Sinica 21). For an exponent it may be wider to one side, and does not change when parameters are
written another way. With many orders it is the interval by standard errors. The noise scale is held at its estimate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.cluster import Doubt
from nowake.models.calibration.problem import RELAXED, SPREAD, Problem
from nowake.models.calibration.solve import Solution, solve
from nowake.models.terms import Floats
from nowake.statistics.measurement import t_of

_HALVINGS = 12  # Of a stride, to where the model refuses: a four thousandth of it.
_OUTWARD = 60  # Strides tried on a side before it is taken for open.
_FACTOR = 4.0  # A prefactor's longest step up.
_LOWER = 1e-3  # Fall of D by which another minimum is better than the estimate.


class LowerLoss(Unidentified):
    """Other values fit better than the estimate, one minimum of several; `values` are where to start again."""

    def __init__(self, message: str, values: Floats) -> None:
        super().__init__(message)
        self.values = values


def profile_interval(
    problem: Problem, solution: Solution, doubt: Doubt, name: str, *, level: float = 0.95
) -> tuple[float, float]:
    """The interval of one parameter of the model; it ends where its range does, at infinity where nothing bounds it.

    Raises
    ------
    BadParameter
        When the name is no parameter of the model.
    LowerLoss
        When the estimate turns out not to be the best.
    """
    if name not in problem.names or name in (SPREAD, RELAXED):
        raise BadParameter(f"{name!r} has no profile; take one of the fitted parameters of {problem.prototype.name}")
    place = problem.names.index(name)
    target = float(t_of(level, max(1, int(doubt.degrees[place])))) ** 2
    whole = (solution.slopes * solution.curvature[:, None]).T @ solution.slopes
    excess = float(doubt.covariance[place, place] / np.linalg.inv(whole)[place, place])
    value, stride = float(solution.values[place]), float(doubt.se[place]) * math.sqrt(target)
    # Whatever is held stands beside what was found, not beside typical values it may not go with.
    found_at = dataclasses.replace(problem, prototype=problem.model_at(solution.values))
    near = np.delete(solution.values, place)
    slope = np.delete(doubt.covariance[:, place], place) / doubt.covariance[place, place]

    def above(at: float) -> float:
        """How far D lies above its threshold; infinite where the model has no cost."""
        if len(problem.names) == 1:
            return _alone(problem, solution, at) / excess - target
        try:
            held = found_at.holding(name, at)
            start = near + slope * (at - value)
            found = solve(held, solution.weights, loss=solution.loss, start=start, noise=solution.noise)
        except (BadParameter, Unidentified):
            return math.inf
        rise = 2 * (found.objective - solution.objective) / excess
        if rise < -_LOWER:
            raise LowerLoss(
                f"{name} = {at:.4g} fits better than {value:.4g}: the loss has several minima",
                np.insert(found.values, place, at),
            )
        return rise - target

    bounds = float(problem.low[place]), float(problem.high[place])
    low = _end(above, _evenly(value, -stride, bounds[0]), value, stride)
    # A prefactor goes up by factors: by steps it would take as many as it has standard errors.
    outward = _by_factors if bounds == (0, math.inf) else _evenly
    return low, _end(above, outward(value, stride, bounds[1]), value, stride)


def _evenly(value: float, stride: float, bound: float) -> Iterator[float]:
    """Steps from a value to the end of its range."""
    for number in range(1, _OUTWARD + 1):
        outside = value + stride * number
        if (stride < 0 and outside <= bound) or (stride > 0 and outside >= bound):
            yield bound
            return
        yield outside
    yield bound


def _by_factors(value: float, stride: float, bound: float) -> Iterator[float]:
    """Steps from a value above 0, each as many times as large as the first; to the end of its range."""
    for number in range(1, _OUTWARD + 1):
        yield value * min(1 + stride / value, _FACTOR) ** number
    yield bound


def _alone(problem: Problem, solution: Solution, at: float) -> float:
    """Twice the loss above the least, when there is nothing else to fit."""
    z = (problem.cost_bps - problem.predict(np.array([at]))) / solution.scale_bps
    loss = solution.loss.rho(z)
    total = float(loss.sum() if solution.weights is None else solution.weights @ loss)
    return 2 * (total - solution.objective)


def _end(above: Callable[[float], float], outward: Iterator[float], value: float, stride: float) -> float:
    """Where D crosses its threshold on the way out, or where that ends."""
    from scipy.optimize import brentq  # noqa: PLC0415

    inside = value
    for outside in outward:
        if math.isinf(outside):
            return outside
        rise = above(outside)
        if rise > 0:
            if not math.isfinite(rise):
                outside = _edge(above, inside, outside)  # noqa: PLW2901
                rise = above(outside)
            return outside if rise <= 0 else float(brentq(above, inside, outside, xtol=1e-4 * stride))
        inside = outside
    return inside


def _edge(above: Callable[[float], float], inside: float, outside: float) -> float:
    """The last value on the way out at which the model has a cost."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if math.isfinite(above(middle)) else (inside, middle)
    return inside
