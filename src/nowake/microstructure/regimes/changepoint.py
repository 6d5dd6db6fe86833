"""Has the market changed just now? Bayesian online change-point detection (Adams & MacKay 2007, "Bayesian online
changepoint detection", arXiv:0710.3742, algorithm 1) for rows of features that are independent and normal within a
segment, with mean and variance unknown.

Between any two rows a new segment begins with probability H (the hazard). Within a segment each feature is normal
with a mean and a precision drawn anew from a normal-gamma prior; so the next number, given the rows of the segment so
far, is Student's t with 2 alpha degrees of freedom, centre mu and squared scale beta (kappa + 1) / (alpha kappa)
(Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", section 3). With w_n the probability that the
running segment has n rows,

    w_{n+1} proportional to w_n (1 - H) p(x | its n rows),      w_1 proportional to H p(x | prior)

This row counts to the segment that begins with it, so that w_1 has seen it. (Adams & MacKay let the change come AFTER
the row: their run length of 0 then always has probability H; shifted by one row the two are the same.)

Several hazards may be given: each keeps its own w, and data say which is likely; that is exact. With `outliers` a
share of numbers comes from a distribution ten times as wide, and a number counts in its segment by the probability that
it is none of these: right to first order (an assumed density filter), and calm where tails are heavy. A missing feature
says nothing. Segments less likely than `prune`, or beyond the `most` likeliest, are dropped; what was dropped is summed
up in `lost`: how much was given up, row by row, not what it could have become. Wrong where rows depend on each other
within a segment (overlapping windows): every wave is then a change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.regimes.emission import Floats, check_rows

_WIDER = 10.0
_MOST = 1e140


class SegmentPrior(NamedTuple):
    """What a segment is expected to be before it is seen: normal-gamma for each feature.

    `mean`: (d,), where means lie. `rows`: kappa, how many rows that knowledge is worth; a mean varies between segments
    with the variance within them over this. `shape`: alpha, half the rows the knowledge of the variance is worth.
    `variance`: (d,), usual variance within a segment, beta / alpha.
    """

    mean: Floats
    rows: float
    shape: float
    variance: Floats

    @classmethod
    def scaled(cls, features: int) -> SegmentPrior:
        """For features scaled to typical 0 and width 1: segments about as wide as half of all, means all over it."""
        return cls(np.zeros(features), 0.5, 2.0, np.full(features, 0.5))


class ChangePath(NamedTuple):
    """What was known of changes at each row, from the rows up to it.

    Parameters
    ----------
    probability
        float64[n], that the running segment began within the last `within` rows (and not with the first row of all).
    segment_rows
        float64[n], expected rows of the running segment so far.
    log_density
        float64[n], of each row given those before.
    hazard
        float64[n], expected chance of a change between two rows.
    lost
        Probability dropped by pruning, summed over all rows.
    """

    probability: Floats
    segment_rows: Floats
    log_density: Floats
    hazard: Floats
    lost: float


class _Segments(NamedTuple):
    """The segments that may be running: how likely, how long, and what each knows.

    `weight`: (hazards, R). `length`: (R,). `kappa`, `alpha`, `mu`, `beta`: (R, d).
    """

    weight: Floats
    length: npt.NDArray[np.int64]
    kappa: Floats
    alpha: Floats
    mu: Floats
    beta: Floats


class ChangePoint:
    """Changes told one row at a time.

    Parameters
    ----------
    prior
        Of a segment; `SegmentPrior.scaled(d)` for scaled features.
    hazards
        Chances of a change between two rows, each in (0, 1); several are weighed by the data, equal at first.
    within
        Rows back over which a change is asked for, 1 or more.
    outliers
        Share of numbers from ten times as wide a distribution, 0 to below 0.5; 0 is exact.
    prune, most
        Segments kept: those at least as likely as `prune`, at most `most`.

    Raises
    ------
    BadParameter
        When one is out of its range.
    """

    def __init__(
        self,
        prior: SegmentPrior,
        *,
        hazards: Sequence[float] = (1 / 250,),
        within: int = 5,
        outliers: float = 0.0,
        prune: float = 1e-9,
        most: int = 1_000,
    ) -> None:
        _check(prior, hazards=hazards, within=within, outliers=outliers, prune=prune, most=most)
        self.prior, self.within, self.outliers, self.prune, self.most = prior, within, outliers, prune, most
        self._hazards = np.asarray(hazards, np.float64)
        self._rows = 0
        self._segments: _Segments | None = None
        self._fresh = self._of_prior()
        self.lost = 0.0
        self.log_evidence = 0.0

    def update(self, row: float | Sequence[float] | Floats) -> float:
        """The next row, NaN where missing; the probability of a change within the last rows.

        Raises
        ------
        BadData
            When it is infinite, above 1e140 in size, or of another length; nothing has changed then.
        """
        told = np.atleast_1d(np.asarray(row, np.float64))
        if told.shape != self.prior.mean.shape:
            raise BadData(f"a row of shape {told.shape} is not one number for each of {len(self.prior.mean)} features")
        told = check_rows(told[None, :], len(told))[0]
        if np.any(np.abs(told) > _MOST):
            raise BadData(
                f"a row holds {told[np.abs(told) > _MOST][0]:g}, whose square is no number; look at its values"
            )
        opened, opened_density = self._extended(self._fresh, told)
        if self._segments is None:
            weight = np.full((len(self._hazards), 1), 1 / len(self._hazards))
            self._segments, gained = opened._replace(weight=weight), float(opened_density[0])
        else:
            grown, density = self._extended(self._segments, told)
            joined, gained = self._joined(grown, density, opened, float(opened_density[0]))
            self._segments = self._pruned(joined)
        self._rows += 1
        self.log_evidence += gained
        return self.value

    @property
    def value(self) -> float:
        """Probability that the running segment began within the last `within` rows, and not with the first of all."""
        if self._segments is None:
            return math.nan
        recent = (self._segments.length <= self.within) & (self._segments.length < self._rows)
        return min(1.0, float(self._segments.weight[:, recent].sum()))

    @property
    def segment_rows(self) -> float:
        """Expected rows of the running segment so far; NaN before the first."""
        if self._segments is None:
            return math.nan
        return float(self._segments.weight.sum(axis=0) @ self._segments.length)

    @property
    def hazard(self) -> float:
        """Expected chance of a change between two rows."""
        if self._segments is None:
            return float(self._hazards.mean())
        return float(self._segments.weight.sum(axis=1) @ self._hazards)

    @property
    def lengths(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Rows the running segment may have, and how likely each is."""
        if self._segments is None:
            return np.empty(0, np.int64), np.empty(0)
        return self._segments.length.copy(), self._segments.weight.sum(axis=0)

    def _of_prior(self) -> _Segments:
        """A segment that has not begun."""
        mean, kappa, alpha, variance = self.prior
        ones = np.ones((1, len(mean)))
        return _Segments(
            np.ones((1, 1)), np.zeros(1, np.int64), kappa * ones, alpha * ones, mean * ones, alpha * variance * ones
        )

    def _extended(self, segments: _Segments, told: Floats) -> tuple[_Segments, Floats]:
        """Each segment with one row more, and the log density each gave that row, (R,)."""
        _, length, kappa, alpha, mu, beta = segments
        known = ~np.isnan(told)
        error = np.where(known, told, 0.0) - mu
        each = _log_student(error, kappa, alpha, beta)
        share = np.broadcast_to(known, mu.shape).astype(np.float64)
        if self.outliers > 0:
            inside = math.log1p(-self.outliers) + each
            outside = math.log(self.outliers) + _log_student(error, kappa, alpha, beta, wider=_WIDER)
            each = np.logaddexp(inside, outside)
            share = share * np.exp(inside - each)
        density = np.zeros(len(length))
        for column in np.flatnonzero(known):
            density = density + each[:, column]
        after = kappa + share
        return segments._replace(
            length=length + 1,
            kappa=after,
            alpha=alpha + share / 2,
            mu=mu + share * error / after,
            beta=beta + share * kappa * error * error / (2 * after),
        ), density

    def _joined(
        self, grown: _Segments, density: Floats, opened: _Segments, opened_density: float
    ) -> tuple[_Segments, float]:
        """All segments that may run now, the new one first, with their probabilities; and the row's log density."""
        highest = max(float(density.max()), opened_density)
        grow = grown.weight * (1 - self._hazards[:, None]) * np.exp(density - highest)
        change = grown.weight.sum(axis=1) * self._hazards * math.exp(opened_density - highest)
        weight = np.column_stack((change, grow))
        total = float(weight.sum())
        parts = (np.concatenate(pair) for pair in zip(opened[1:], grown[1:], strict=True))
        return _Segments(weight / total, *parts), math.log(total) + highest

    def _pruned(self, segments: _Segments) -> _Segments:
        """Only the likely segments; what is dropped is counted."""
        chance = segments.weight.sum(axis=0)
        keep = chance >= min(self.prune, float(chance.max()))
        if keep.sum() > self.most:
            keep &= chance >= np.partition(chance[keep], -self.most)[-self.most]
        if keep.all():
            return segments
        kept = float(chance[keep].sum())
        self.lost += max(0.0, 1.0 - kept)
        return _Segments(segments.weight[:, keep] / kept, *(part[keep] for part in segments[1:]))


def change_points(
    rows: npt.ArrayLike,
    prior: SegmentPrior | None = None,
    *,
    hazards: Sequence[float] = (1 / 250,),
    within: int = 5,
    outliers: float = 0.0,
    prune: float = 1e-9,
    most: int = 1_000,
) -> ChangePath:
    """Changes along a history, each row's from the rows up to it.

    Parameters
    ----------
    rows
        float64[n, d], NaN where a feature is missing.
    prior
        By default that of scaled features.
    hazards, within, outliers, prune, most
        As for `ChangePoint`.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When rows are no table of numbers.
    """
    table = check_rows(rows)
    gauge = ChangePoint(
        prior or SegmentPrior.scaled(table.shape[1]),
        hazards=hazards,
        within=within,
        outliers=outliers,
        prune=prune,
        most=most,
    )
    told = np.empty((len(table), 4))
    for at, row in enumerate(table):
        before = gauge.log_evidence
        told[at] = gauge.update(row), gauge.segment_rows, gauge.log_evidence - before, gauge.hazard
    return ChangePath(*told.T.copy(), lost=gauge.lost)  # type: ignore[misc]


def _log_student(error: Floats, kappa: Floats, alpha: Floats, beta: Floats, wider: float = 1.0) -> Floats:
    """Log density of the next number of a segment, its scale so many times the real one."""
    from scipy.special import gammaln  # noqa: PLC0415

    spread = 2 * beta * (kappa + 1) / kappa * wider**2  # Degrees of freedom times squared scale.
    return np.asarray(
        gammaln(alpha + 0.5)
        - gammaln(alpha)
        - 0.5 * np.log(np.pi * spread)
        - (alpha + 0.5) * np.log1p(error * error / spread)
    )


def _check(
    prior: SegmentPrior, *, hazards: Sequence[float], within: int, outliers: float, prune: float, most: int
) -> None:
    if prior.mean.ndim != 1 or prior.mean.shape != prior.variance.shape or not np.all(np.isfinite(prior.mean)):
        raise BadParameter(
            f"prior mean {prior.mean} and variance {prior.variance} must be finite, one for each feature"
        )
    if not (prior.rows > 0 and prior.shape > 0 and np.all(prior.variance > 0)):
        raise BadParameter(f"prior rows {prior.rows}, shape {prior.shape}, variance {prior.variance} must be above 0")
    if not len(hazards) or not all(0 < hazard < 1 for hazard in hazards):
        raise BadParameter(f"hazards {list(hazards)} must lie between 0 and 1; 1/250 is a change in 250 rows")
    if within < 1 or most < 2:
        raise BadParameter(f"within {within} must be 1 or more, and most {most} 2 or more")
    if not 0 <= outliers < 0.5 or not 0 <= prune < 1:
        raise BadParameter(f"outliers {outliers} must be 0 to below 0.5, and prune {prune} 0 to below 1")
