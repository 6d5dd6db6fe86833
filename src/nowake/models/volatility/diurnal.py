"""How volatility runs over the day: a factor for each bucket, robust to jumps.

Weighted standard deviation of Boudt, Croux, Laurent 2011 ("Robust estimation of intraweek periodicity in volatility
and jump detection"): returns are divided by their day's bipower volatility; the shortest half of each bucket's returns
gives a first factor; the mean square of those within the 99 % range of it gives the second. (Their 1.081, for what the
cut takes off a normal, is the same in every bucket and falls out.) The factors' mean square is 1, so that

    volatility of a bucket = factor * daily volatility / sqrt(buckets).

The interval is Student's on the logarithm, its error by drawing days anew (Efron 1979): the cut hangs on the first
factor, so that no formula of a mean holds. A return's own day is measured by its other returns. Wrong where a bucket
hardly ever moves by a tick."""

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
from nowake.models.volume.curve import edges_of
from nowake.statistics.measurement import t_of

LEAST_DAYS = 10
_DRAWS = 199
_CUT = 6.635  # The 99 % point of chi-squared at one degree of freedom.

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
    def fit(cls, returns: Floats, *, level: float = 0.95, seed: int = 0) -> Self:
        """Fit to days of one kind.

        Parameters
        ----------
        returns
            float64[days, buckets] log returns within the buckets (`bucket_returns`); NaN where there is none.
        seed
            Of the days drawn for the intervals.

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
        standard = _standardised(moving)
        factor, keep = _weighted(standard)
        rng = np.random.default_rng(seed)
        draws = [_weighted(standard[rng.integers(0, len(returns), len(returns))])[0] for _ in range(_DRAWS)]
        # By quartiles: the shortest half of a drawn sample has ties, which now and then throw it far.
        ends = np.quantile(np.log(np.maximum(draws, 1e-12)), (0.25, 0.75), axis=0)
        error = (ends[1] - ends[0]) / 1.349
        wide = np.exp(np.array([t_of(level, int(n) - 1) for n in known]) * error)
        factors = np.zeros((3, len(closed)))
        factors[:, ~closed] = factor, factor / wide, factor * wide
        factors /= math.sqrt(float(np.mean(factors[0] ** 2)))
        return cls(
            factor=factors[0],
            low=factors[1],
            high=factors[2],
            level=level,
            days=len(returns),
            returns=int(known.sum()),
            cut=int(known.sum() - keep.sum()),
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


def _standardised(returns: Floats) -> Floats:
    """Returns over the volatility of their day, which is told better once the factor is out of the others."""
    factor = _weighted(returns / _scale_of_others(returns))[0]
    for _ in range(2):
        if not np.all(factor > 0):
            bucket = int(np.argmin(factor)) + 1
            raise BadData(f"bucket {bucket} does not move on half of the days; take longer buckets")
        standard = returns / _scale_of_others(returns / factor)
        factor = _weighted(standard)[0]
    return standard


def _weighted(standard: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Factor of each bucket with mean square 1, and which returns it is made of."""
    first = _shortest_half(standard)
    keep = np.abs(standard) <= math.sqrt(_CUT) * first  # False where either is NaN.
    count = np.maximum(keep.sum(axis=0), 1)
    factor = np.sqrt(np.where(keep, standard**2, 0.0).sum(axis=0) / count)
    mean = math.sqrt(float(np.mean(factor**2)))
    return factor / mean if mean > 0 else factor, keep


def _scale_of_others(returns: Floats) -> Floats:
    """For each return the bipower volatility of the others of its day; NaN where they never moved in a row.

    A return is not measured by itself: in a day of few buckets the largest would hide in its own shadow.
    """
    a = np.abs(returns)
    pairs = a[:, 1:] * a[:, :-1]
    known = ~np.isnan(pairs)
    amount, count = np.where(known, pairs, 0.0), known.astype(np.float64)
    edge = np.zeros((len(a), 1))
    around = [np.hstack((edge, each)) + np.hstack((each, edge)) for each in (amount, count)]
    left = [each.sum(axis=1, keepdims=True) - own for each, own in zip((amount, count), around, strict=True)]
    mean = np.divide(left[0], left[1], out=np.zeros_like(a), where=left[1] > 0)
    return np.where(mean > 0, np.sqrt(math.pi / 2 * mean), np.nan)


def _shortest_half(standard: Floats) -> Floats:
    """Scale of each column by the length of the shortest half of its values, 0.741 times it (Rousseeuw, Leroy 1988)."""
    values = np.sort(standard, axis=0)  # NaN comes last.
    known = np.count_nonzero(~np.isnan(values), axis=0)
    if known.min() == known.max():
        half = int(known[0]) // 2 + 1
        return np.asarray(0.741 * np.min(values[half - 1 : known[0]] - values[: known[0] - half + 1], axis=0))
    columns = [_shortest_half(column[~np.isnan(column), None]) for column in standard.T]
    return np.concatenate(columns)
