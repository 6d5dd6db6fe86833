"""How well a model forecasts the cost of orders it has not seen: cross-validation in the order of time.

Days are cut into blocks. Each block is forecast by a fit to orders that had ended before it, less an embargo (of a day
at least where the price after an order is fitted to), and never by a later one: weights, noise scale and the benchmark
of R2 come from the same past. Errors of one day share their luck, so intervals are clustered by day, by the delta
method for a ratio of sums over days.

    R2 = 1 - sum w (cost - forecast)² / sum w (cost - mean cost of the past)²

(Campbell & Thompson 2008, "Predicting excess stock returns out of sample", Review of Financial Studies 21, equation 1,
with weights 1 / noise variance.) It is small for single orders even when the model is right, for the market moves
more than impact does; 0 is what the past mean scores. Wrong where impact changes for good inside the data: then late
blocks are worse than early ones, which `blocks` shows."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Ints, Problem
from nowake.models.calibration.solve import Solution, solve, spread_out
from nowake.models.terms import Floats
from nowake.statistics.measurement import Measurement, t_of

_LARGE = 100_000  # Rows a block is forecast from at most: its error is then far below the noise.
_METHOD = "forecasts of later days, clustered by day"


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """One block of days that was forecast: its orders, the orders fitted to, and how well it went."""

    fitted: int
    forecast: int
    r2: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Forecasts of orders by fits to earlier days.

    Parameters
    ----------
    r2
        Share of the weighted variance of cost that the forecasts explain, against the mean of the past.
    error_bps
        Weighted root mean square of the errors.
    bias_bps
        Weighted mean of cost less forecast; above 0 where the model is too cheap.
    blocks
        The blocks in time order.
    rows
        (m,) rows of the problem that were forecast, in order.
    error, variance, day
        (m,) cost less forecast in bps, its noise variance as the past says it, and codes of days.
    """

    r2: Measurement
    error_bps: Measurement
    bias_bps: Measurement
    blocks: tuple[Block, ...]
    rows: Ints
    error: Floats
    variance: Floats
    day: Ints

    def __str__(self) -> str:
        blocks = ", ".join(f"{block.r2:.3f}" for block in self.blocks)
        return (
            f"R²         {self.r2}\nerror bps  {self.error_bps}\nbias bps   {self.bias_bps}\n"
            f"R² of blocks in time order: {blocks}"
        )


def cross_validate(
    problem: Problem,
    *,
    blocks: int = 5,
    first: float = 1 / 3,
    embargo_days: int = 1,
    loss: Loss | None = None,
    level: float = 0.95,
) -> CrossValidation:
    """Forecast later orders from earlier ones.

    Parameters
    ----------
    problem
        Orders and a model.
    blocks
        How many times to fit again; each block is forecast by all days before it.
    first
        Share of the days that is only fitted to.
    embargo_days
        Days of orders between the end of the last fitted to and the first forecast.
    loss
        Of the fits, as for `solve`.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    Unidentified
        When there are too few days, or the first of them cannot tell the parameters.
    """
    cuts = _cuts(int(problem.day.max()) + 1 if len(problem) else 0, blocks, first, embargo_days)
    known = _known_by(problem, embargo_days)
    found, parts, last = [], [], None
    for begin, end in itertools.pairwise(cuts):
        past = np.flatnonzero(known < begin - embargo_days)
        if not len(past):
            raise Unidentified("no order had ended before the days to forecast; give more days or shorter orders")
        rows = np.flatnonzero((problem.day >= begin) & (problem.day < end))
        trained = problem.take(past[spread_out(len(past), _LARGE)])
        last = solve(trained, loss=loss, start=None if last is None else last.values)
        part = _forecast(problem.take(rows), trained, last)
        parts.append((rows, *part))
        found.append(Block(fitted=len(trained), forecast=len(rows), r2=_r2(*part)))
    rows, error, variance, naive = (np.concatenate(column) for column in zip(*parts, strict=True))
    day = problem.day[rows]
    return CrossValidation(
        r2=_of_ratio(error**2 / variance, naive**2 / variance, day, level, lambda ratio: 1 - ratio),
        error_bps=_of_ratio(error**2 / variance, 1 / variance, day, level, lambda ratio: math.sqrt(max(ratio, 0.0))),
        bias_bps=_of_ratio(error / variance, 1 / variance, day, level, lambda ratio: ratio),
        blocks=tuple(found),
        rows=rows,
        error=error,
        variance=variance,
        day=day,
    )


def _known_by(problem: Problem, embargo_days: int) -> Ints:
    """(n,) codes of the days by whose end orders, begun at any hour, had ended, and their later prices were seen."""
    sessions = np.broadcast_to(problem.terms.days, len(problem))
    end = problem.day + np.where(sessions > 1, np.ceil(sessions), 0).astype(np.int64)
    if problem.later_bps is None or embargo_days > 0:
        return end
    return end + np.isfinite(problem.later_bps)


def _cuts(days: int, blocks: int, first: float, embargo_days: int) -> list[int]:
    """The day codes at which blocks begin, and the end."""
    if blocks < 1 or embargo_days < 0 or not 0 < first < 1:
        raise BadParameter(
            f"blocks {blocks} must be 1 or more, first {first} between 0 and 1, embargo_days {embargo_days} 0 or more"
        )
    begin = max(math.ceil(first * days), embargo_days + 1)
    if days - begin < max(blocks, 2):
        raise Unidentified(
            f"{days} days of orders are too few to forecast {blocks} blocks of later ones; give more days or fewer "
            "blocks"
        )
    return [begin + (days - begin) * block // blocks for block in range(blocks + 1)]


def _forecast(block: Problem, trained: Problem, solution: Solution) -> tuple[Floats, Floats, Floats]:
    """Errors of a block, their variance, and the errors of the past mean; all by what was known before it."""
    error = block.cost_bps - block.predict(solution.values)
    variance = solution.noise.variance(block.risk_bps**2)
    past_mean = np.average(trained.cost_bps, weights=1 / solution.scale_bps**2)
    return error, variance, block.cost_bps - past_mean


def _r2(error: Floats, variance: Floats, naive: Floats) -> float:
    return 1 - float((error**2 / variance).sum() / (naive**2 / variance).sum())


def _of_ratio(over: Floats, under: Floats, day: Ints, level: float, bend: Callable[[float], float]) -> Measurement:
    """A monotone function of a ratio of sums, its interval that of the ratio, by the delta method over days."""
    ratio, se, days = ratio_of_sums(over, under, day)
    half = t_of(level, days - 1) * se
    ends = bend(ratio - half), bend(ratio + half)
    return Measurement(value=bend(ratio), low=min(ends), high=max(ends), level=level, n=len(over), method=_METHOD)


def ratio_of_sums(over: Floats, under: Floats, codes: Ints) -> tuple[float, float, int]:
    """sum(over) / sum(under), its standard error clustered by codes, and how many of them there are.

    Each cluster's pull is (A_g - ratio B_g) / B (Cochran 1977, "Sampling Techniques", section 6.3).
    """
    names, place = np.unique(codes, return_inverse=True)
    tops, bottoms = (np.bincount(place, each, len(names)) for each in (over, under))
    ratio = float(tops.sum() / bottoms.sum())
    pull = (tops - ratio * bottoms) / bottoms.sum()
    groups = len(names)
    return ratio, math.sqrt(groups / (groups - 1) * float(pull @ pull)), groups
