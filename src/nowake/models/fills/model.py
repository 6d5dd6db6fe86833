"""The probability that a limit order is filled by a horizon, given where it stands and what the market looks like.

    P(fill by h | x) = 1 - exp(-H_h exp(beta_h' x))

one Cox regression for each horizon, its lives stopped there (`cox`), cancels as censoring: the answer is for an order
that is left standing. x holds how far behind or inside the touch it stands, the queue before it, its size, the spread,
the imbalance of the touch and the volatility of the last minute, all but the imbalance on logarithmic scales (Lo,
MacKinlay and Zhang 2002, "Econometric models of limit-order executions", condition execution times on the same state by
an accelerated-failure-time model; a step function takes the place of their generalised gamma law here).

Between horizons the logarithm of the hazard goes straight in the logarithm of time. Outside the states and horizons
that were seen there is no answer: scalars are refused, arrays answer for the nearest state and say so.
Wrong where a state matters otherwise than by a power (a queue behind a large one), and where cancels tell of fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.blocks import blocks_of
from nowake.models.fills.cox import CoxFit, fit_cox, hazards_are_proportional
from nowake.models.fills.curves import HORIZONS_S
from nowake.models.fills.lifetimes import FILLED, Fill, Lifetimes
from nowake.statistics.measurement import Measurement, check_level, t_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Size = Any  # A number, or an array of them.

FILLS_A_COVARIATE = 10  # Peduzzi et al. 1995: with fewer, effects are biased and intervals too narrow.
BLOCKS = 10  # With fewer, a covariance of some eight numbers is a guess.
STILL_THERE = 50  # Orders followed beyond a horizon; with fewer, the baseline ends before it does.
COVARIATES = ("behind", "inside", "queue", "size", "spread", "imbalance", "volatility")
STATE = ("distance_ticks", "queue_lots", "lots", "spread_ticks", "imbalance", "volatility")


class AtHorizon(msgspec.Struct, frozen=True, kw_only=True):
    """The fit stopped at one horizon, over standardised covariates.

    Parameters
    ----------
    horizon_s
        Seconds after posting.
    log_hazard
        Logarithm of the cumulated hazard of the average order.
    coefficients
        Effect of one standard deviation of each covariate on it.
    covariance
        Of the coefficients and, last, `log_hazard`; from blocks of time.
    orders, fills, blocks
        Behind it; `fills` by the horizon.
    """

    horizon_s: float
    log_hazard: float
    coefficients: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    orders: int
    fills: int
    blocks: int


class Answers(NamedTuple):
    """Probabilities with their intervals, arrays of one shape; `nearest` where the state asked about was never seen."""

    value: Floats
    low: Floats
    high: Floats
    nearest: Bools


class FillModel(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model of fills: ask it for a probability or a time.

    Parameters
    ----------
    fill
        What counts as filled: the "first" execution or the "full" order.
    fits
        One a horizon, increasing.
    covariates
        Names of those that varied; the others are constants of the data.
    mean, scale
        Of each covariate: what standardises it.
    typical_lots
        Median size of an order: queues and sizes are counted in it.
    usual
        Median of each part of the state: what is assumed where the caller does not say.
    seen
        Least and most of each part of the state.
    level
        Of the intervals, unless asked for another.
    changes
        Probability of residuals such as these if effects did not change with time (Grambsch and Therneau 1994).
    orders, left_out
        Rows fitted to, and orders that were none: why -> how many.
    notes
        What to know before trusting it, one sentence each.
    """

    fill: Fill
    fits: tuple[AtHorizon, ...]
    covariates: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    typical_lots: float
    usual: dict[str, float]
    seen: dict[str, tuple[float, float]]
    level: float
    changes: float
    orders: int
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def horizons_s(self) -> tuple[float, ...]:
        """Seconds for which there is a fit."""
        return tuple(fit.horizon_s for fit in self.fits)

    def effect(self, covariate: str, horizon_s: float) -> Measurement:
        """By what factor one standard deviation of a covariate changes the rate of fills, in the fit of a horizon.

        Raises
        ------
        BadParameter
            When there is no such covariate or horizon.
        """
        if covariate not in self.covariates or horizon_s not in self.horizons_s:
            raise BadParameter(
                f"no effect of {covariate!r} by {horizon_s:g} s; covariates are {', '.join(self.covariates)}, horizons "
                f"{', '.join(f'{each:g}' for each in self.horizons_s)} s"
            )
        fit, place = self.fits[self.horizons_s.index(horizon_s)], self.covariates.index(covariate)
        beta, half = fit.coefficients[place], t_of(self.level, fit.blocks - 1) * fit.covariance[place][place] ** 0.5
        low, value, high = np.exp(np.clip([beta - half, beta, beta + half], -700, 700)).tolist()
        return Measurement(value=value, low=low, high=high, level=self.level, n=fit.orders, method="hazard ratio")

    def probability(
        self, distance_ticks: float, queue_lots: float, horizon_s: float, *, level: float | None = None, **state: float
    ) -> Measurement:
        """The probability that one order is filled by a horizon, if it is left standing.

        Parameters
        ----------
        distance_ticks
            From the best price of its side: 0 joins, above 0 is behind, below 0 improves.
        queue_lots
            Displayed lots at its price before it.
        horizon_s
            Seconds, within the fitted horizons.
        level
            Of the interval; the model's unless said.
        state
            lots, spread_ticks, imbalance (+1: all wait on its side), volatility (ticks per sqrt(second)); the
            median order's where not given.

        Raises
        ------
        BadParameter
            When the state or the horizon lies outside the data.
        """
        asked = {"distance_ticks": distance_ticks, "queue_lots": queue_lots, **state}
        self._refuse_unseen(asked, horizon_s)
        answer = self.probabilities(horizon_s=horizon_s, level=level, **asked)
        fit = self._fit_after(horizon_s)
        return Measurement(
            value=float(answer.value),
            low=float(answer.low),
            high=float(answer.high),
            level=level or self.level,
            n=fit.orders,
            method=f"Cox to {fit.horizon_s:g} s, {fit.fills:,} fills, {fit.blocks} blocks of time",
        )

    def probabilities(self, *, horizon_s: Size, level: float | None = None, **state: Size) -> Answers:
        """The same for arrays that broadcast; a state or horizon outside the data gets the nearest one's answer.

        Raises
        ------
        BadParameter
            When a part of the state has another name, or a number is NaN.
        """
        state = self._whole(state)
        shape = np.broadcast_shapes(np.shape(horizon_s), *(np.shape(each) for each in state.values()))
        horizons = np.broadcast_to(np.asarray(horizon_s, np.float64), shape).ravel()
        flat = {name: np.broadcast_to(np.asarray(each, np.float64), shape).ravel() for name, each in state.items()}
        nearest = (horizons < self.horizons_s[0]) | (horizons > self.horizons_s[-1])
        for name, (low, high) in self.seen.items():
            nearest |= (flat[name] < low) | (flat[name] > high)
            flat[name] = np.clip(flat[name], low, high)
        x = self._standardised(flat)
        curves = [self._log_hazards(fit, x, level or self.level) for fit in self.fits]
        # Fits of different horizons know nothing of each other, but no more can be filled sooner than later.
        hazards = np.maximum.accumulate(np.array(curves), axis=0)  # horizons, (value, low, high), orders
        value, low, high = -np.expm1(-np.exp(np.minimum(self._between(hazards, horizons), 700.0)))
        return Answers(value.reshape(shape), low.reshape(shape), high.reshape(shape), nearest.reshape(shape))

    def expected_time(
        self, distance_ticks: float, queue_lots: float, *, level: float | None = None, **state: float
    ) -> Measurement:
        """Mean seconds such an order waits until it is filled or the longest horizon is over, whichever is first.

        The area under the probability of not being filled yet. The interval is the area under its interval's ends,
        which is on the safe side: it takes the horizons' errors to have one sign.

        Raises
        ------
        BadParameter
            As for `probability`.
        """
        asked = {"distance_ticks": distance_ticks, "queue_lots": queue_lots, **state}
        self._refuse_unseen(asked, self.horizons_s[-1])
        first, last = self.horizons_s[0], self.horizons_s[-1]
        times = np.unique(np.concatenate((np.geomspace(first, last, 200), self.horizons_s)))
        answer = self.probabilities(horizon_s=times, level=level, **asked)
        # Before the first horizon nothing is known but that nobody had waited at 0.
        grid = np.concatenate(([0.0], times))
        areas = [
            float(np.trapezoid(np.concatenate(([1.0], 1 - each)), grid))
            for each in (answer.value, answer.high, answer.low)
        ]
        return Measurement(
            value=areas[0],
            low=areas[1],
            high=areas[2],
            level=level or self.level,
            n=self.orders,
            method=f"mean of the wait cut at {last:g} s, from the fill curve",
        )

    def _whole(self, state: dict[str, Size]) -> dict[str, Size]:
        """Every part of a state, the median order's where it was not given."""
        for name, each in state.items():
            if name not in STATE:
                raise BadParameter(f"{name!r} is no part of the state of an order; it has {', '.join(STATE)}")
            if np.isnan(each).any():
                raise BadParameter(f"{name} is NaN; leave it out for the median order's, {self.usual[name]:g}")
        return {**self.usual, **state}

    def _refuse_unseen(self, asked: dict[str, float], horizon_s: float) -> None:
        if not self.horizons_s[0] <= horizon_s <= self.horizons_s[-1]:
            raise BadParameter(
                f"horizon of {horizon_s:g} s is outside the fitted {self.horizons_s[0]:g} to "
                f"{self.horizons_s[-1]:g} s; fit with other horizons_s"
            )
        for name, value in self._whole(asked).items():
            low, high = self.seen[name]
            if not low <= value <= high:
                raise BadParameter(
                    f"{name} {value:g} is outside what was seen, {low:g} to {high:g}; the model does not extrapolate"
                )

    def _fit_after(self, horizon_s: float) -> AtHorizon:
        return next(fit for fit in self.fits if fit.horizon_s >= horizon_s)

    def _standardised(self, state: dict[str, Floats]) -> Floats:
        features = dict(zip(COVARIATES, _features(state, self.typical_lots).T, strict=True))
        chosen = np.stack([features[name] for name in self.covariates], axis=-1)
        return np.asarray((chosen - np.array(self.mean)) / np.array(self.scale))

    def _log_hazards(self, fit: AtHorizon, x: Floats, level: float) -> Floats:
        """float64[3, n]: the log of the cumulated hazard and the ends of its interval."""
        full = np.column_stack((x, np.ones(len(x))))
        middle = full @ np.array((*fit.coefficients, fit.log_hazard))
        sd = np.sqrt(np.sum((full @ np.array(fit.covariance)) * full, axis=1))
        half = t_of(level, fit.blocks - 1) * sd
        return np.array((middle, middle - half, middle + half))

    def _between(self, hazards: Floats, horizons_s: Floats) -> Floats:
        """Log hazards at any horizon, straight in the logarithm of time between those fitted."""
        known = np.log(self.horizons_s)
        at = np.clip(np.log(np.maximum(horizons_s, 1e-9)), known[0], known[-1])
        if len(known) == 1:
            return np.asarray(hazards[0])
        right = np.clip(np.searchsorted(known, at, side="left"), 1, len(known) - 1)
        share = (at - known[right - 1]) / (known[right] - known[right - 1])
        order = np.arange(len(at))
        return np.asarray((1 - share) * hazards[right - 1, :, order].T + share * hazards[right, :, order].T)


def fit_fill_model(
    lives: Lifetimes, *, horizons_s: Sequence[float] = HORIZONS_S, fill: Fill = "first", level: float = 0.95
) -> FillModel:
    """Fit fills to lives.

    Parameters
    ----------
    lives
        Of a tape (`observed_lifetimes`). Rows whose queue is not known are left out.
    horizons_s
        Seconds, increasing; those with too few fills or blocks of time are left out, and said to be.
    fill
        What counts as filled.
    level
        Of the intervals, unless asked for another.

    Raises
    ------
    BadData
        When no horizon has ten fills for each covariate, ten blocks of time and fifty orders followed beyond it, or the
        covariates cannot be told apart.
    BadParameter
        When horizons do not increase, or the level is out of range.
    """
    check_level(level)
    if not len(horizons_s) or np.any(np.diff([0.0, *horizons_s]) <= 0) or not np.all(np.isfinite(horizons_s)):
        raise BadParameter(f"horizons_s {tuple(horizons_s)} must be above 0 and increase, for example 1, 10, 60")
    known = np.isfinite(lives.queue_lots)
    rows = lives.only(known)
    left_out = dict(lives.left_out) | ({"queue not known": int(np.sum(~known))} if not known.all() else {})
    if not len(rows):
        raise BadData(f"none of {len(lives):,} orders has a known queue; fit to observed_lifetimes of an order tape")
    state = {name: getattr(rows, name).astype(np.float64) for name in STATE}
    typical = float(np.median(rows.lots))
    features = _features(state, typical)
    varied = features.std(axis=0) > 1e-9
    x = features[:, varied]
    mean, scale = x.mean(axis=0), x.std(axis=0)
    names = tuple(name for name, varies in zip(COVARIATES, varied, strict=True) if varies)
    fits, changes, notes = _fits((x - mean) / scale, rows, horizons_s=horizons_s, fill=fill)
    constant = ", ".join(name for name, varies in zip(COVARIATES, varied, strict=True) if not varies)
    return FillModel(
        fill=fill,
        fits=fits,
        covariates=names,
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        typical_lots=typical,
        usual={name: float(np.median(column)) for name, column in state.items()},
        seen={name: (float(column.min()), float(column.max())) for name, column in state.items()},
        level=level,
        changes=changes,
        orders=len(rows),
        left_out=left_out,
        notes=(*lives.notes, *notes, *((f"Constant in these data, so not told: {constant}.",) if constant else ())),
    )


def _fits(
    x: Floats, rows: Lifetimes, *, horizons_s: Sequence[float], fill: Fill
) -> tuple[tuple[AtHorizon, ...], float, tuple[str, ...]]:
    """A fit for each horizon that can bear one, whether effects change with time, and what was left out."""
    wait_s, cause = rows.outcome(fill)
    filled = cause == FILLED
    wanted = FILLS_A_COVARIATE * max(x.shape[1], 1)
    fits: list[CoxFit] = []
    used: list[float] = []
    poor: list[str] = []
    for horizon_s in horizons_s:
        block = blocks_of(rows.start_ns, horizon_s)
        fills, blocks = int(np.count_nonzero(filled & (wait_s <= horizon_s))), int(block.max()) + 1
        there = int(np.count_nonzero(wait_s > horizon_s))
        if fills < wanted or blocks < BLOCKS or there < STILL_THERE:
            poor.append(f"{horizon_s:g} s ({fills} fills, {blocks} blocks, {there} followed beyond it)")
            continue
        start = fits[-1].coefficients if fits else None  # Effects change little from one horizon to the next.
        fits.append(fit_cox(x, wait_s, filled, horizon_s=horizon_s, block=block, start=start))
        used.append(horizon_s)
    reason = (
        f"{wanted} fills ({FILLS_A_COVARIATE} a covariate), {BLOCKS} blocks of time and {STILL_THERE} orders followed "
        "beyond it are needed: "
    )
    if not fits:
        raise BadData(f"no horizon can bear a fit; {reason}{', '.join(poor)}; take a longer day")
    changes, _ = hazards_are_proportional(fits[-1])
    notes = [f"Horizons left out, {reason}{', '.join(poor)}."] if poor else []
    if changes < 0.01:
        notes.append(
            f"Effects change with time (Grambsch-Therneau, probability {changes:.2g}), so each horizon has its own."
        )
    return tuple(map(_kept, used, fits)), changes, tuple(notes)


def _kept(horizon_s: float, fit: CoxFit) -> AtHorizon:
    return AtHorizon(
        horizon_s=horizon_s,
        log_hazard=fit.log_hazard,
        coefficients=tuple(fit.coefficients.tolist()),
        covariance=tuple(map(tuple, fit.covariance.tolist())),
        orders=fit.orders,
        fills=fit.fills,
        blocks=fit.blocks,
    )


def _features(state: dict[str, Floats], typical_lots: float) -> Floats:
    """float64[n, 7], the columns of COVARIATES."""
    distance = state["distance_ticks"]
    return np.column_stack(
        (
            np.log1p(np.maximum(distance, 0)),
            np.log1p(np.maximum(-distance, 0)),
            np.log1p(state["queue_lots"] / typical_lots),
            np.log(state["lots"] / typical_lots),
            np.log(state["spread_ticks"]),
            state["imbalance"],
            np.log1p(state["volatility"]),
        )
    )
