"""A day's volume forecast while it happens: the usual curve, how busy these days are, how busy this hour is.

The model is that of `state_space` (Chen, Feng, Palomar 2016), fitted by maximum likelihood to the logarithms of clean
days of one kind. Buckets that trade on no day are closed (a pause of the venue). phi is the mean over days after
cells beyond four robust standard deviations were drawn in; during the day a surprise beyond three is drawn in too,
which is the paper's sparse outlier under the lasso.

Ignored: news, the calendar within a kind, other stocks. Refused: fewer than ten days, and markets so thin that more
than a tenth of the buckets is empty, where longer buckets are the way out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.live import Law, LiveVolume
from nowake.models.volume.state_space import (
    Dynamics,
    Gaussian,
    ahead,
    day_sums,
    filtered_levels,
    restricted_log_likelihood,
    updated_level,
)
from nowake.statistics.measurement import Measurement, z_of

LEAST_DAYS = 10
MOST_EMPTY = 0.1
_FAR_OUT = 4.0
_LOOKS = 6  # At a day, to see how far sums to come are off.
_BORROWED_DAYS = 20.0  # Of the mean variance, in each bucket's own.

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DynamicVolume:
    """What was learnt of a market's volume, and where its level stood after the last day.

    Parameters
    ----------
    law
        phi, its variance, the noise of each bucket and the dynamics: what a day's forecast needs.
    estimates
        The dynamics with their intervals, by name: memories from one session or bucket to the next, standard
        deviations in logarithms (0.3 is about 30 %).
    level
        Mean and variance of the level after the last day.
    last_date, days, clipped, empty
        The last day fitted or folded in, days behind it, cells drawn in, cells without volume.
    length_ns
        Length of the sessions it holds for.
    notes
        What a user must know to trust it, one sentence each.
    """

    law: Law
    estimates: Mapping[str, Measurement]
    level: Gaussian
    last_date: dt.date
    days: int
    clipped: int
    empty: int
    length_ns: int
    notes: tuple[str, ...] = ()

    @classmethod
    def fit(cls, days: Sequence[DayVolume], *, gaps: Sequence[int] = (), level: float = 0.95) -> Self:
        """Fit to days of one kind, in order of time.

        Parameters
        ----------
        days
            Clean days (`screening.screened`) of one length and bucket.
        gaps
            Sessions since the day before, for each day; by default 1.
        level
            Confidence of the intervals.

        Raises
        ------
        BadData
            With fewer than ten days, or when more than a tenth of the cells is empty.
        BadParameter
            When the days differ in length or buckets, or are out of order.
        """
        table, steps = _table(days), _gaps(days, gaps)
        with np.errstate(divide="ignore"):
            logs = np.where(table > 0, np.log(table), np.nan)
        closed = np.nanmax(table, axis=0, initial=0.0) == 0
        _check_empty(table[:, ~closed], days[-1])
        phi, scale = np.zeros(len(closed)), np.ones(len(closed))
        residual = np.full(logs.shape, np.nan)
        phi[~closed], residual[:, ~closed], clipped = _seasonal(logs[:, ~closed])
        scale[~closed] = _noise_scale(residual[:, ~closed])
        # Each bucket's own mean was taken off: what is left varies less than it did about the true one.
        wider = math.sqrt(len(days) / (len(days) - 1))
        dynamics, estimates, notes = _most_likely(residual * wider, scale, steps, level)
        known = np.maximum(np.count_nonzero(~np.isnan(residual), axis=0), 1)
        within = dynamics.swing_sd**2 + scale * dynamics.noise_sd**2
        law = Law(
            phi=phi,
            phi_variance=within / known,
            noise=scale * dynamics.noise_sd**2,
            traded=np.nanmean(np.where(np.isnan(table), np.nan, table > 0), axis=0) * ~closed,
            dynamics=dynamics,
            days=len(days),
        )
        levels = filtered_levels(day_sums(residual, scale, dynamics), steps, dynamics)
        law = dataclasses.replace(law, stretch=_stretch(law, days, levels, steps))
        return cls(
            law=law,
            estimates=estimates,
            level=levels[-1],
            last_date=days[-1].date,
            days=len(days),
            clipped=clipped,
            empty=int(np.count_nonzero(table[:, ~closed] == 0)),
            length_ns=days[-1].length_ns,
            notes=notes,
        )

    def start(self, session: Session, *, sessions_ahead: int = 1) -> LiveVolume:
        """The forecast of a day before its open.

        Parameters
        ----------
        sessions_ahead
            Sessions from the last day folded in to this one.

        Raises
        ------
        BadParameter
            When the session is of another length, or not after the last day.
        """
        if session.close_ns - session.open_ns != self.length_ns:
            raise BadParameter(
                f"session of {session.date} lasts {(session.close_ns - session.open_ns) / NS_PER_MINUTE:g} minutes and "
                f"the model's days {self.length_ns / NS_PER_MINUTE:g}; fit one to days of that length"
            )
        if session.date <= self.last_date:
            raise BadParameter(
                f"session of {session.date} is not after {self.last_date}, the last day the model knows; "
                "fit to earlier days"
            )
        before = ahead(self.level, _check_ahead(sessions_ahead), self.law.dynamics)
        return LiveVolume.before_open(self.law, session, before)

    def folded(self, day: DayVolume, *, sessions_ahead: int = 1) -> Self:
        """The same model after one more day: the level moves, the parameters stay as they were fitted.

        Raises
        ------
        BadParameter
            As `start`, and when the buckets differ.
        """
        live = self.start(day.session, sessions_ahead=sessions_ahead)
        if len(day.volume) != len(self.law.phi):
            raise BadParameter(f"{len(day.volume)} buckets and a model of {len(self.law.phi)}; cut the day alike")
        with np.errstate(divide="ignore"):
            logs = np.where(day.volume > 0, np.log(day.volume), np.nan)
        if np.isnan(logs).all():
            raise BadData(f"{day.date} has no volume; leave it out and raise sessions_ahead by one")
        limit = _FAR_OUT * np.sqrt(self.law.dynamics.swing_sd**2 + self.law.noise)
        residual = logs - self.law.phi
        centre = float(np.nanmedian(residual))
        drawn = centre + np.clip(residual - centre, -limit, limit)
        sums = day_sums(drawn[None, :], self.law.noise / self.law.dynamics.noise_sd**2, self.law.dynamics)
        seen = Gaussian(float(sums.level[0]), float(sums.variance[0]))
        return dataclasses.replace(self, level=updated_level(live.before, seen), last_date=day.date, days=self.days + 1)

    def __str__(self) -> str:
        rows = [f"dynamic volume, {len(self.law.phi)} buckets, {self.days} days to {self.last_date}"]
        rows += [
            f"{name.replace('_', ' '):<14} {each.value:.3f} [{each.low:.3f}, {each.high:.3f}]"
            for name, each in self.estimates.items()
        ]
        return "\n".join([*rows, *self.notes])


def _stretch(law: Law, days: Sequence[DayVolume], levels: Sequence[Gaussian], gaps: Ints) -> float:
    """Root mean square of the standardised errors of sums to come, on the days fitted to; 1 where it is less."""
    surprises = []
    step = max(1, len(law.phi) // _LOOKS)
    for k in range(1, len(days)):
        live = LiveVolume.before_open(law, days[k].session, ahead(levels[k - 1], int(gaps[k]), law.dynamics))
        rest = np.cumsum(np.nan_to_num(days[k].volume)[::-1])[::-1]
        for bucket, traded in enumerate(days[k].volume.tolist()[: step * _LOOKS]):
            if bucket % step == 0 and rest[bucket] > 0 and live.next_share() > 0:
                surprises.append(live.surprise_of_rest(float(rest[bucket])))
            live = live.update(bucket, traded)
    return max(1.0, float(np.sqrt(np.mean(np.square(surprises))))) if surprises else 1.0


def _table(days: Sequence[DayVolume]) -> Floats:
    if len(days) < LEAST_DAYS:
        raise BadData(f"{len(days)} clean days; a dynamic forecast needs {LEAST_DAYS} or more, take the average curve")
    for before, day in itertools.pairwise(days):
        if day.date <= before.date:
            raise BadParameter(f"day {day.date} follows {before.date}; give the days in order of time, each once")
        if (day.length_ns, len(day.volume)) != (before.length_ns, len(before.volume)):
            raise BadParameter(
                f"{day.date} has {len(day.volume)} buckets in {day.length_ns / NS_PER_MINUTE:g} minutes and "
                f"{before.date} {len(before.volume)} in {before.length_ns / NS_PER_MINUTE:g}; fit days of one kind"
            )
    return np.array([day.volume for day in days])


def _gaps(days: Sequence[DayVolume], gaps: Sequence[int]) -> Ints:
    if not len(gaps):
        return np.ones(len(days), np.int64)
    if len(gaps) != len(days):
        raise BadParameter(f"{len(gaps)} gaps for {len(days)} days; give one a day")
    return np.array([_check_ahead(gap) for gap in gaps], np.int64)


def _check_ahead(sessions: int) -> int:
    if sessions < 1:
        raise BadParameter(f"{sessions} sessions ahead; it is 1 or more, for a day follows the one before it")
    return sessions


def _check_empty(table: Floats, last: DayVolume) -> None:
    empty = int(np.count_nonzero(table == 0)) / max(int(np.count_nonzero(~np.isnan(table))), 1)
    minutes = last.length_ns / len(last.volume) / NS_PER_MINUTE
    if empty > MOST_EMPTY:
        longer = minutes * max(2, round(empty / MOST_EMPTY))
        raise BadData(
            f"{empty:.0%} of the buckets of {minutes:g} minutes are empty; take buckets of {longer:g} minutes or more, "
            "or the average curve"
        )


def _seasonal(logs: Floats) -> tuple[Floats, Floats, int]:
    """phi, log volume less phi with outliers drawn in, and how many were. Medians first, then means."""
    phi = np.nanmedian(logs - np.nanmedian(logs, axis=1, keepdims=True), axis=0)
    for _ in range(3):
        level = np.nanmedian(logs - phi, axis=1, keepdims=True)
        phi = np.nanmedian(logs - level, axis=0)
    within = logs - phi - level
    spread = 1.4826 * np.nanmedian(np.abs(within), axis=0)
    limit = _FAR_OUT * np.maximum(spread, 0.5 * np.median(spread))
    clipped = int(np.count_nonzero(np.abs(within) > limit))
    drawn = level + np.clip(within, -limit, limit)
    # A mean that a missing cell does not bias towards the days that have it.
    mean = np.nanmean(drawn - level, axis=0) + float(np.mean(level))
    return phi + mean, drawn - mean, clipped


def _noise_scale(residual: Floats) -> Floats:
    """Variance of each bucket within the day relative to the mean, drawn towards 1 as if by twenty more days."""
    within = residual - np.nanmean(residual, axis=1, keepdims=True)
    variance = np.nanmean(within**2, axis=0)
    days = np.count_nonzero(~np.isnan(residual), axis=0)
    relative = variance / variance.mean()
    return np.asarray((days * relative + _BORROWED_DAYS) / (days + _BORROWED_DAYS))


_NAMES = Dynamics._fields
_LOW = np.array([-3.0, -6.0, -3.0, -6.0, -6.0])
_HIGH = np.array([6.0, 2.0, 6.0, 2.0, 2.0])


def _most_likely(
    residual: Floats, scale: Floats, gaps: Ints, level: float
) -> tuple[Dynamics, dict[str, Measurement], tuple[str, ...]]:
    """Restricted maximum likelihood on an unbounded scale, with intervals from the curvature there."""
    from scipy.optimize import minimize  # noqa: PLC0415

    def cost(x: Floats) -> float:
        return -restricted_log_likelihood(residual, scale, gaps, _dynamics(x))

    start = _moments(residual)
    found = minimize(cost, start, method="L-BFGS-B", bounds=list(zip(_LOW, _HIGH, strict=True)))
    x = np.asarray(found.x)
    sd = _standard_errors(cost, x)
    half = np.minimum(z_of(level) * sd, 6.0)
    value, low, high = _dynamics(x), _dynamics(x - half), _dynamics(x + half)
    cells = int(np.count_nonzero(~np.isnan(residual)))
    n = (len(residual), len(residual), cells, cells, cells)
    method = "restricted maximum likelihood, interval from its curvature on the logit or log scale"
    estimates = {
        name: Measurement(value=value[k], low=low[k], high=high[k], level=level, n=n[k], method=method)
        for k, name in enumerate(_NAMES)
    }
    return value, estimates, _notes(x, len(residual))


def _notes(x: Floats, days: int) -> tuple[str, ...]:
    at_bound = [name.replace("_", " ") for name, each, low, high in zip(_NAMES, x, _LOW, _HIGH, strict=True)
                if not low + 1e-3 < each < high - 1e-3]  # fmt: skip
    notes = []
    if at_bound:
        notes.append(
            f"The {' and the '.join(at_bound)} went to the end of the range looked at: the data do not say it."
        )
    if days < 30:
        notes.append(f"{days} days tell little of how the level of one day bears on the next.")
    return tuple(notes)


def _dynamics(x: Floats) -> Dynamics:
    rho, a = 1 / (1 + np.exp(-x[0])), 1 / (1 + np.exp(-x[2]))
    return Dynamics(float(rho), float(np.exp(x[1])), float(a), float(np.exp(x[3])), float(np.exp(x[4])))


def _moments(residual: Floats) -> Floats:
    """Where to begin: the variances between and within days, halves of it swing and noise."""
    level = np.nanmean(residual, axis=1)
    within = float(np.nanstd(residual - level[:, None]))
    between = max(float(np.std(level)), 0.02)
    return np.asarray(
        np.clip(
            np.array([1.0, np.log(between), 1.0, np.log(0.6 * within), np.log(0.8 * within)]), _LOW + 0.1, _HIGH - 0.1
        )
    )


def _standard_errors(cost: Callable[[Floats], float], x: Floats) -> Floats:
    """Square roots of the diagonal of the inverse of the second differences; large where the surface is flat."""
    n, h = len(x), 0.02
    steps = np.eye(n) * h
    centre = cost(x)
    single = [(cost(x + steps[i]), cost(x - steps[i])) for i in range(n)]
    H = np.empty((n, n))
    for i in range(n):
        H[i, i] = (single[i][0] - 2 * centre + single[i][1]) / h**2
        for j in range(i):
            both = cost(x + steps[i] + steps[j]) + cost(x - steps[i] - steps[j])
            H[i, j] = H[j, i] = (both - sum(single[i]) - sum(single[j]) + 2 * centre) / (2 * h**2)
    values, vectors = np.linalg.eigh(H)
    return np.asarray(np.sqrt(np.sum(vectors**2 / np.maximum(values, 1e-2), axis=1)))
