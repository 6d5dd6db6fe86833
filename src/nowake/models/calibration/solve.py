"""The search: parameters at which the weighted loss of a problem is least, and all that inference needs from there.

Levenberg-Marquardt on the model's own gradient (Marquardt 1963, damped by the curvature's diagonal, so that units do
not matter), inside the parameters' bounds, in turn with the noise scale until neither moves. A search over many rows
begins on a few of them. Deterministic: no random starts."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.loss import Huber, Loss, Student
from nowake.models.calibration.noise import Noise, degrees_of, fit_line
from nowake.models.calibration.problem import Ints, Problem
from nowake.models.terms import Floats

_FEW = 20_000  # Rows a search begins on.
_FOR_NOISE = 100_000  # Rows the noise scale is fitted to: its own error is then far below what matters.
_STEPS = 100
_ROUNDS = 30
_STILL = 1e-8  # Squared length of a step in standard errors at which a search rests.
_NEARLY_STILL = 1e-4
_DAMPED_OUT = 1e12
_A_HAIR = 1e-6

Residuals = tuple[Floats, Floats | None]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Where a search ended. With a second equation the standardised rows are those of both, one under the other.

    Parameters
    ----------
    names, values
        What was fitted.
    residuals, scale_bps
        (n,) cost less prediction, and its noise scale.
    z, slopes
        (m,), (m, p): residuals of unit scale, and slopes of the prediction in the same units.
    weights
        (m,) of the rows, or None.
    loss, noise
        With what was found for them.
    at_bound
        Names that ended at an end of their range, or of what the model allows them together.
    converged, steps
        Whether it rested, and evaluations.
    """

    names: tuple[str, ...]
    values: Floats
    residuals: Floats
    scale_bps: Floats
    z: Floats
    slopes: Floats
    weights: Floats | None
    loss: Loss
    noise: Noise
    at_bound: tuple[str, ...]
    converged: bool
    steps: int

    @property
    def jacobian(self) -> Floats:
        """(n, p) slopes of the expected cost in basis points."""
        n = len(self.residuals)
        return np.asarray(self.slopes[:n] * self.scale_bps[:, None])

    @property
    def scores(self) -> Floats:
        """(m, p) each row's pull on the parameters; they sum to 0."""
        pull = self.loss.psi(self.z)
        return np.asarray(self.slopes * (pull if self.weights is None else pull * self.weights)[:, None])

    @property
    def curvature(self) -> Floats:
        """(m,) each row's weight in the second derivative of the loss."""
        bend = self.loss.slope(self.z)
        return bend if self.weights is None else np.asarray(bend * self.weights)

    @property
    def objective(self) -> float:
        """The loss, summed."""
        return _total(self.loss.rho(self.z), self.weights)

    def named(self) -> dict[str, float]:
        """Values by name."""
        return dict(zip(self.names, map(float, self.values), strict=True))


def solve(
    problem: Problem,
    weights: Floats | None = None,
    *,
    loss: Loss | None = None,
    start: Floats | None = None,
    noise: Noise | None = None,
) -> Solution:
    """The parameters at which the loss is least.

    Parameters
    ----------
    problem
        Orders and a model.
    weights
        (n,) 0 or more: how often a row counts. None counts each once.
    loss
        Huber's by default.
    start
        Where to begin; by default the parameters' typical values, first on a few rows.
    noise
        The noise scale, to hold it; fitted by default.

    Raises
    ------
    Unidentified
        When no cost varies, or the search meets no finite loss.
    """
    loss = Huber() if loss is None else loss
    n = len(problem)
    if start is None and n > 2 * _FEW:
        some = spread_out(n, _FEW)
        first = solve(problem.take(some), None if weights is None else weights[some], loss=loss, noise=noise)
        start, loss = first.values, first.loss
        begun = first.noise
    else:
        start = problem.start if start is None else start
        begun = Noise()
    begin = np.clip(start, problem.low, problem.high)
    return _search(_Rows(problem, weights), begin, loss, begun if noise is None else noise, fit_scale=noise is None)


def spread_out(n: int, most: int) -> Ints:
    """At most so many of n places, in order, spread evenly and in step with nothing (multiples of the golden ratio)."""
    if n <= most:
        return np.arange(n)
    return np.unique((np.arange(most) * 0.6180339887498949 % 1.0 * n).astype(np.int64))


class _Rows:
    """The rows of a search in the shape it needs them: residuals, then residuals of unit scale, then slopes."""

    def __init__(self, problem: Problem, weights: Floats | None) -> None:
        self.problem = problem
        self.joint = problem.later_bps is not None
        self.risk_squared = problem.risk_bps**2
        self.row_weights = weights
        self.weights = np.tile(weights, 2) if self.joint and weights is not None else weights
        self.few = spread_out(len(problem), _FOR_NOISE)

    def residuals(self, values: Floats) -> Residuals | None:
        """Of both equations, in bps and in units of sigma; None where the model refuses the values."""
        try:
            cost = self.problem.cost_bps - self.problem.predict(values)
            if self.problem.later_bps is None:
                return cost, None
            moved = self.problem.later_bps - self.problem.predict_later(values)
        except BadParameter:
            return None
        return cost, moved / (1e4 * self.problem.terms.volatility)

    def z(self, residuals: Residuals, noise: Noise) -> Floats:
        """Residuals of unit scale, uncorrelated: the later move is taken less what the cost says of it."""
        cost, later = residuals
        z = np.asarray(cost / np.sqrt(noise.variance(self.risk_squared)))
        return z if later is None else np.concatenate((z, _apart(later / self._later_scale(noise), z, noise)))

    def slopes(self, values: Floats, noise: Noise) -> Floats:
        """(m, p) slopes of the predictions in the units of `z`."""
        cost = self.problem.jacobian(values)
        cost /= np.sqrt(noise.variance(self.risk_squared))[:, None]
        if self.problem.later_bps is None:
            return cost
        later = (
            self.problem.jacobian_later(values)
            / (1e4 * self.problem.terms.volatility * self._later_scale(noise))[:, None]
        )
        known = np.isfinite(self.problem.later_bps)[:, None]
        return np.concatenate((cost, np.where(known, _apart(later, cost, noise), 0.0)))

    def fit_noise(self, residuals: Residuals, noise: Noise, loss: Loss) -> Noise:
        """The noise at these residuals; the scale of costs from a hundred thousand rows at most."""
        few, (cost, later) = self.few, residuals
        weights = None if self.row_weights is None else self.row_weights[few]
        slope, floor = fit_line(
            cost[few], self.risk_squared[few], loss, weights=weights, start=(noise.slope, noise.floor)
        )
        noise = msgspec.structs.replace(noise, slope=slope, floor=floor)
        if later is None:
            return noise
        few = few[np.isfinite(later[few])]
        weights = None if self.row_weights is None else self.row_weights[few]
        days = np.broadcast_to(self.problem.terms.days, cost.shape)[few]
        slope, floor = fit_line(later[few], days, loss, weights=weights, start=(noise.later_slope, noise.later_floor))
        noise = msgspec.structs.replace(noise, later_slope=slope, later_floor=floor)
        one = loss.psi(cost[few] / np.sqrt(noise.variance(self.risk_squared[few])))
        two = loss.psi(later[few] / np.sqrt(noise.later_variance(days)))
        weights = np.ones(len(few)) if weights is None else weights
        both = float(weights @ (one * two)) / np.sqrt(float(weights @ one**2) * float(weights @ two**2))
        return msgspec.structs.replace(noise, correlation=float(np.clip(both, -0.95, 0.95)))

    def _later_scale(self, noise: Noise) -> Floats:
        return np.sqrt(noise.later_variance(np.asarray(self.problem.terms.days)))


def _search(rows: _Rows, start: Floats, loss: Loss, noise: Noise, *, fit_scale: bool) -> Solution:
    """Parameters and noise in turn until neither moves."""
    problem, values, steps = rows.problem, start, 0
    free_degrees = isinstance(loss, Student) and loss.degrees is None
    residuals = rows.residuals(values)
    if residuals is None or not np.isfinite(residuals[0]).all():
        raise Unidentified(f"{problem.prototype.name} has no finite cost where the search starts; give start=")
    converged = False
    for _ in range(_ROUNDS):
        if fit_scale:
            noise = rows.fit_noise(residuals, noise, loss)
        if free_degrees:
            weights = None if rows.row_weights is None else rows.row_weights[rows.few]
            loss = Student(degrees=degrees_of(rows.z(residuals, noise)[rows.few], weights))
        values, residuals, rested, taken = _descend(rows, values, residuals, loss, noise)
        steps += taken
        # A descent that rests at once met no news from the noise.
        converged = rested and (taken == 0 or not (fit_scale or free_degrees))
        if converged or not rested:
            break
    pull = loss.psi(rows.z(residuals, noise))
    downhill = rows.slopes(values, noise).T @ (pull if rows.weights is None else pull * rows.weights)
    ends = (values <= problem.low) | (values >= problem.high) | _refused_ahead(rows, values, downhill)
    return Solution(
        names=problem.names,
        values=values,
        residuals=residuals[0],
        scale_bps=np.sqrt(noise.variance(rows.risk_squared)),
        z=rows.z(residuals, noise),
        slopes=rows.slopes(values, noise),
        weights=rows.weights,
        loss=loss,
        noise=noise,
        at_bound=tuple(name for name, end in zip(problem.names, ends, strict=True) if end),
        converged=converged,
        steps=steps,
    )


def _refused_ahead(rows: _Rows, values: Floats, downhill: Floats) -> Any:
    """Which parameters the model refuses to move on downhill, alone: bounds that several of them share."""
    out = np.zeros(len(values), dtype=np.bool_)
    for place, value in enumerate(values):
        there = values.copy()
        there[place] += np.sign(downhill[place]) * _A_HAIR * (abs(value) or 1.0)
        out[place] = rows.residuals(there) is None
    return out


def _descend(
    rows: _Rows, values: Floats, residuals: Residuals, loss: Loss, noise: Noise
) -> tuple[Floats, Residuals, bool, int]:
    """Damped Newton steps at one noise scale: values, residuals, whether it rested, and steps taken."""
    low, high = rows.problem.low, rows.problem.high
    z = rows.z(residuals, noise)
    best, damping, stuck = _total(loss.rho(z), rows.weights), 0.0, np.zeros(len(values), dtype=np.bool_)
    for taken in range(_STEPS):
        slopes = rows.slopes(values, noise)
        pull, bend = loss.psi(z), np.maximum(loss.slope(z), 0.0)
        if rows.weights is not None:
            pull, bend = pull * rows.weights, bend * rows.weights
        gradient, curvature = slopes.T @ pull, (slopes * bend[:, None]).T @ slopes
        free = ~stuck & ~(((values <= low) & (gradient < 0)) | ((values >= high) & (gradient > 0)))
        if not free.any() or _length(gradient, curvature, free) < _STILL:
            return values, residuals, True, taken
        while True:
            moved = np.clip(values + _step(gradient, curvature, free, damping), low, high)
            tried = rows.residuals(moved)
            total = np.inf if tried is None else _total(loss.rho(rows.z(tried, noise)), rows.weights)
            if tried is not None and total <= best:
                break
            damping = max(damping * 10, 1e-3)
            if damping > _DAMPED_OUT and (ahead := free & _refused_ahead(rows, values, gradient)).any():
                stuck |= ahead  # The rest may still move along the bound.
                moved, tried, total, damping = values, residuals, best, 0.0
                break
            if damping > _DAMPED_OUT:
                # No step helps: at rest as far as numbers of this length can tell, or lost.
                return values, residuals, _length(gradient, curvature, free) < _NEARLY_STILL, taken
        damping = 0.0 if damping < 1e-4 else damping / 10
        values, residuals, best = moved, tried, total
        z = rows.z(residuals, noise)
    return values, residuals, False, _STEPS


def _step(gradient: Floats, curvature: Floats, free: Any, damping: float) -> Floats:
    """Newton's step in the free directions, damped in proportion to each one's own curvature."""
    out = np.zeros_like(gradient)
    part = curvature[np.ix_(free, free)]
    size = np.sqrt(np.maximum(np.diag(part), np.finfo(float).tiny))
    unit = part / np.outer(size, size) + damping * np.eye(len(size))
    with np.errstate(over="ignore"):  # A step without end is cut at the bounds.
        out[free] = np.linalg.lstsq(unit, gradient[free] / size, rcond=1e-13)[0] / size
    return out


def _length(gradient: Floats, curvature: Floats, free: Any) -> float:
    """Squared length of the undamped step in standard errors of unit noise."""
    return float(gradient @ _step(gradient, curvature, free, 0.0))


def _apart(later: Floats, cost: Floats, noise: Noise) -> Floats:
    """The later move's share that its correlation with the cost does not explain, of unit scale."""
    rest = (later - noise.correlation * cost) / np.sqrt(1 - noise.correlation**2)
    return np.where(np.isfinite(rest), rest, 0.0)


def _total(loss: Floats, weights: Floats | None) -> float:
    total = float(loss.sum() if weights is None else weights @ loss)
    return total if np.isfinite(total) else np.inf
