"""How volatility runs over the day: a factor for each bucket, robust to jumps.

Weighted standard deviation of Boudt, Croux, Laurent 2011 ("Robust estimation of intraweek periodicity in volatility
and jump detection", equations 2.9 to 2.12): returns are divided by their day's bipower volatility; the shortest half
of each bucket's returns gives a first factor; the mean square of those within the 99 % range of it, times 1.081 for
what the cut takes off a normal, gives the second. The factors' mean square is 1, so that

    volatility of a bucket = factor * daily volatility / sqrt(buckets).

The interval is Student's, of the logarithm of a mean over days. Wrong where a bucket hardly ever moves by a tick."""

from __future__ import annotations

import dataclasses
import math
from typing import Self

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Bars
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.measurement import t_of
from nowake.models.volume.curve import edges_of

LEAST_DAYS = 10
_CUT, _CONSISTENT = 6.635, 1.081  # The 99 % point of chi-squared at one degree, and what makes the mean unbiased.

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Diurnal:
    """Factor of each bucket with its interval: float64[buckets] each, 0 where the venue pauses.

    `cut` returns of `returns` were taken as jumps.
    """

    factor: Floats
    low: Floats
    high: Floats
    level: float
    days: int
    returns: int
    cut: int

    @classmethod
    def fit(cls, returns: Floats, *, level: float = 0.95) -> Self:
        """Fit to days of one kind.

        Parameters
        ----------
        returns
            float64[days, buckets] log returns within the buckets (`bucket_returns`); NaN where there is none.

        Raises
        ------
        BadData
            With fewer than ten days, or where a bucket has fewer than ten returns or never moves.
        """
        closed = np.nanmax(np.abs(returns), axis=0, initial=0.0) == 0
        moving = returns[:, ~closed]
        known = np.count_nonzero(~np.isnan(moving), axis=0)
        if len(returns) < LEAST_DAYS or known.min(initial=0 if closed.all() else len(returns)) < LEAST_DAYS:
            raise BadData(f"{len(returns)} days, some bucket moving on none or few; a factor needs {LEAST_DAYS}")
        standard, keep = _standardised(moving)
        count = keep.sum(axis=0)
        mean = np.where(keep, standard**2, 0.0).sum(axis=0) / count
        error = np.sqrt(np.where(keep, (standard**2 - mean) ** 2, 0.0).sum(axis=0) / (count - 1) / count) / mean
        wide = np.exp(0.5 * np.array([t_of(level, int(n) - 1) for n in count]) * error)
        factor = np.zeros(len(closed))
        factor[~closed] = np.sqrt(_CONSISTENT * mean)
        factor /= math.sqrt(float(np.mean(factor**2)))
        low, high = factor.copy(), factor.copy()
        low[~closed], high[~closed] = factor[~closed] / wide, factor[~closed] * wide
        return cls(
            factor=factor,
            low=low,
            high=high,
            level=level,
            days=len(returns),
            returns=int(known.sum()),
            cut=int(known.sum() - count.sum()),
        )

    def part_of_day(self, first: int, end: int) -> float:
        """Volatility of buckets first up to, not including, end as a part of the whole session's.

        Raises
        ------
        BadParameter
            When there are no such buckets.
        """
        if not 0 <= first < end <= len(self.factor):
            raise BadParameter(f"buckets {first} to {end} are none of {len(self.factor)}; count from 0, the end after")
        return math.sqrt(float(np.sum(self.factor[first:end] ** 2)) / len(self.factor))


def bucket_returns(bars: Bars, session: Session, *, bucket_ns: int = 5 * NS_PER_MINUTE) -> Floats:
    """float64[buckets] log returns of one day, from the first open inside the session: the night is not in them.

    A bucket in which no bar ends continues the last price; all NaN on a day without two bars.
    """
    edges = edges_of(session, bucket_ns)
    inside = (bars.time_ns >= session.open_ns) & (bars.end_ns <= session.close_ns) & (bars.close > 0) & (bars.open > 0)
    if np.count_nonzero(inside) < 2:
        return np.full(len(edges) - 1, np.nan)
    closes, ends = bars.close[inside], bars.end_ns[inside]
    row = np.searchsorted(ends, edges, side="right") - 1
    price = np.where(row >= 0, closes[np.maximum(row, 0)], bars.open[inside][0])
    return np.asarray(np.diff(np.log(price)))


def price_returns(
    time_ns: npt.NDArray[np.int64], price: Floats, session: Session, *, bucket_ns: int = 5 * NS_PER_MINUTE
) -> Floats:
    """The same from prices as they came (mids, prints): the prevailing one at each edge, the first one before it."""
    edges = edges_of(session, bucket_ns)
    inside = (time_ns >= session.open_ns) & (time_ns <= session.close_ns) & (price > 0)
    if np.count_nonzero(inside) < 2:
        return np.full(len(edges) - 1, np.nan)
    row = np.searchsorted(time_ns[inside], edges, side="right") - 1
    return np.asarray(np.diff(np.log(price[inside][np.maximum(row, 0)])))


def _standardised(returns: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Returns over their day's volatility, and which lie inside the 99 % range of a first, robust factor."""
    standard = returns / _daily_scale(returns)[:, None]
    first = _shortest_half(standard)
    if not np.all(first > 0):
        raise BadData(f"bucket {int(np.argmin(first)) + 1} does not move on half of the days; take longer buckets")
    # The days' own volatility leaves a common scale, which is no bucket's.
    scale = float(np.nanmedian(np.abs(standard / first))) / 0.6745
    return standard, ~np.isnan(standard) & ((standard / (first * scale)) ** 2 <= _CUT)


def _daily_scale(returns: Floats) -> Floats:
    """Bipower volatility of each day's bucket, NaN where it is 0."""
    a = np.abs(returns)
    pairs = a[:, 1:] * a[:, :-1]
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(math.pi / 2 * np.nanmean(pairs, axis=1))
    return np.where(scale > 0, scale, np.nan)


def _shortest_half(standard: Floats) -> Floats:
    """Scale of each column by the length of the shortest half of its values, 0.741 times it (Rousseeuw, Leroy 1988)."""
    scales = []
    for column in standard.T:
        values = np.sort(column[~np.isnan(column)])
        half = len(values) // 2 + 1
        scales.append(0.741 * float(np.min(values[half - 1 :] - values[: len(values) - half + 1])))
    return np.array(scales)
