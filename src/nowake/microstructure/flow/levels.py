"""How much of the mid's moves the flow at each level of the book explains.

    dP = a + sum over m of beta_m OFI_m + u        (Xu, Gould & Howison 2018, section 5)

for the best 1, 2, ... L levels, ticks a lot. Levels move together, so that single slopes beyond the first are poorly
known. One number in their place is the integrated flow of Cont, Cucuringu & Zhang 2023 ("Cross-impact of order flow
imbalance in equity markets", Quantitative Finance 23): flows over the mean queue of the bar, weighed by the first
principal component, whose weights are scaled to a sum of sizes of 1. A book of one depth at all prices gives it the
slope 1/2, for a tick is moved by twice a queue.

What more levels explain within a day they were fitted to can only grow, so each is also judged on parts of the day it
was not fitted to: five stretches in turn, the rest of the day as teacher (the components, too, are the teacher's).

Wrong where feed and bar are at odds: a feed sampled every 100 ms nets what happens in between, and bars so short that
the mid stands still in most of them are explained by when it moves, not how far."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.flow.orderflow import Floats, FlowBars
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level, t_of
from nowake.statistics.regression import default_lags, long_run

MIN_BARS = 60
_REPEATS = 500


class LevelFit(msgspec.Struct, frozen=True, kw_only=True):
    """What the best `levels` levels explain of the moves.

    Parameters
    ----------
    r2
        Share of variance in the day fitted to, adjusted for the number of levels.
    r2_out
        Share of the squared error of the mean that is saved where it was not fitted; below 0 where worse than it.
    """

    levels: int
    r2: float
    r2_out: Measurement


class LevelResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Moves of the mid against order flow at several levels.

    Parameters
    ----------
    fits
        For 1, 2, ... L levels.
    slopes
        beta_m of the fit to all levels, ticks a lot.
    integrated
        Slope of the integrated flow, ticks for a flow of one mean queue; 1/2 in a book of even depth.
    integrated_fit
        What that one number explains.
    weights
        Of the levels in it, best first; their sizes sum to 1.
    first_component
        Share of the variance of the levels' flows that it holds.
    bars
        Bars fitted to.
    """

    fits: tuple[LevelFit, ...]
    slopes: tuple[Measurement, ...]
    integrated: Measurement
    integrated_fit: LevelFit
    weights: tuple[float, ...]
    first_component: float
    bars: int

    def __str__(self) -> str:
        rows = [f"{'levels':<12}{'ticks a lot':>40}{'R2':>8}{'R2 elsewhere':>30}"]
        for fit, slope in zip(self.fits, self.slopes, strict=True):
            rows.append(f"{fit.levels:<12}{_in_words(slope):>40}{fit.r2:>8.3f}{_in_words(fit.r2_out):>30}")
        fit = self.integrated_fit
        rows.append(f"{'integrated':<12}{_in_words(self.integrated):>40}{fit.r2:>8.3f}{_in_words(fit.r2_out):>30}")
        return "\n".join(rows)


def level_response(bars: FlowBars, *, folds: int = 5, level: float = 0.95, seed: int = 0) -> LevelResponse:
    """The response of the mid to order flow at each level, within the day and out of the sample.

    Parameters
    ----------
    bars
        From `orderflow.flow_bars`.
    folds
        Stretches of the day that are left out in turn.
    seed
        Of the blocks resampled for the intervals of what is explained out of the sample.

    Raises
    ------
    BadParameter
        When there are fewer than two folds, or the level is not between 0 and 1.
    BadData
        When there are fewer than 60 bars.
    Unidentified
        When the mid never moved, or the flows of some levels cannot be told apart.
    """
    check_level(level)
    if folds < 2:
        raise BadParameter(f"folds {folds} must be 2 or more, else nothing is left to learn from")
    if len(bars) < MIN_BARS:
        raise BadData(f"{len(bars)} bars are fewer than {MIN_BARS}; take shorter bars or look at a longer time")
    y, flows = bars.moves_ticks, bars.flows_lots
    if np.ptp(y) == 0:
        raise Unidentified(f"the mid moved by {y[0]:g} ticks in every one of {len(y)} bars; look at a longer time")
    scaled = flows / bars.depth_lots[:, None]
    fits = []
    for count in range(1, flows.shape[1] + 1):
        whole = _fit(flows[:, :count], y, level)
        saved = _out_of_sample(flows[:, :count], y, folds=folds, level=level, seed=seed, integrate=False)
        fits.append(LevelFit(levels=count, r2=whole.r2, r2_out=saved))
    weights, share = first_component(scaled)
    integrated = _fit((scaled @ weights)[:, None], y, level)
    saved = _out_of_sample(scaled, y, folds=folds, level=level, seed=seed, integrate=True)
    return LevelResponse(
        fits=tuple(fits),
        slopes=whole.slopes,
        integrated=integrated.slopes[0],
        integrated_fit=LevelFit(levels=flows.shape[1], r2=integrated.r2, r2_out=saved),
        weights=tuple(weights.tolist()),
        first_component=share,
        bars=len(y),
    )


def _in_words(measured: Measurement) -> str:
    return f"{measured.value:.4g} [{measured.low:.4g}, {measured.high:.4g}]"


def first_component(flows: Floats) -> tuple[Floats, float]:
    """(L,) weights of the first principal component, sizes summing to 1 and the sum above 0; its share of variance.

    Raises
    ------
    Unidentified
        When no flow ever changes.
    """
    values, vectors = np.linalg.eigh(np.cov(flows, rowvar=False).reshape(flows.shape[1], flows.shape[1]))
    if not values[-1] > 0:
        raise Unidentified(f"order flow is the same in all of {len(flows)} bars; look at a longer time")
    weights = vectors[:, -1] * (1.0 if vectors[:, -1].sum() >= 0 else -1.0)
    return weights / np.abs(weights).sum(), float(values[-1] / values.sum())


class _Fit(NamedTuple):
    slopes: tuple[Measurement, ...]
    r2: float


def _fit(x: Floats, y: Floats, level: float) -> _Fit:
    """Least squares with an intercept, slopes with Newey-West errors of residuals over 1 - leverage."""
    rows, columns = x.shape
    inverse, design, scale = _normal_equations(x)
    curve = inverse @ (design.T @ y)
    residuals = y - design @ curve
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    scores = design * (residuals / (1 - np.minimum(leverage, 1 - 1e-9)))[:, None]
    errors = np.sqrt(np.diag(inverse @ long_run(scores, default_lags(rows)) @ inverse))
    quantile = t_of(level, rows - columns - 1)
    how = f"least squares, Newey-West errors of {default_lags(rows)} lags"
    slopes = tuple(
        Measurement(value=value, low=value - half, high=value + half, level=level, n=rows, method=how)
        for value, half in zip((curve[1:] / scale).tolist(), (quantile * errors[1:] / scale).tolist(), strict=True)
    )
    missed = float(residuals @ residuals) / (rows - columns - 1)
    return _Fit(slopes, 1 - missed / float(y.var(ddof=1)))


def _normal_equations(x: Floats) -> tuple[Floats, Floats, Floats]:
    """(X'X)^-1, X with an intercept and columns of unit size, and their sizes."""
    scale = x.std(axis=0)
    if not scale.all():
        dead = int(np.flatnonzero(scale == 0)[0]) + 1
        raise Unidentified(
            f"no flow came to level {dead} of {x.shape[1]} in {len(x)} bars; if the book stood "
            "still, as before an open, give flow_bars the session's start_ns and end_ns; else ask for fewer levels"
        )
    design = np.column_stack((np.ones(len(x)), x / scale))
    product = design.T @ design
    if np.linalg.cond(product) > 1e12:
        raise Unidentified(f"flows of {x.shape[1]} levels cannot be told apart in {len(x)} bars; ask for fewer levels")
    return np.linalg.inv(product), design, scale


def _out_of_sample(x: Floats, y: Floats, *, folds: int, level: float, seed: int, integrate: bool) -> Measurement:
    """1 - squared error over that of the mean, each stretch foretold by the others."""
    missed, plain = np.zeros(len(y)), np.zeros(len(y))
    for rows in np.array_split(np.arange(len(y)), folds):
        learn = np.ones(len(y), np.bool_)
        learn[rows] = False
        columns = (x @ first_component(x[learn])[0])[:, None] if integrate else x
        inverse, design, scale = _normal_equations(columns[learn])
        curve = inverse @ (design.T @ y[learn])
        missed[rows] = (y[rows] - curve[0] - columns[rows] @ (curve[1:] / scale)) ** 2
        plain[rows] = (y[rows] - y[learn].mean()) ** 2
    edges = block_edges(len(y))
    lost, whole = np.add.reduceat(missed, edges[:-1]), np.add.reduceat(plain, edges[:-1])
    weights = resampled(len(lost), _REPEATS, seed)
    return with_interval(
        1 - float(missed.sum() / plain.sum()),
        1 - (weights @ lost) / np.maximum(weights @ whole, 1e-300),
        level=level,
        blocks=len(lost),
        n=len(y),
        method=f"{folds} stretches left out in turn, blocks of bars resampled",
    )
