"""How a day's volume spreads over the day: the share of continuous trading in each bucket of the session.

A curve of one day describes that day; its interval (Wilson's, on Kish's 1965 effective number of prints,
(sum v)^2 / sum v^2) treats prints as independent, so it is too narrow as a forecast of another day. The average of
several days carries the day-to-day spread instead (Student's interval of the mean) and is the one to plan with.
Auction prints are counted apart: nobody can follow them with continuous orders."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Bars, Trades
from nowake.domain.units import NS_PER_MINUTE
from nowake.statistics.measurement import check_level, t_of, wilson


class VolumeCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of a day's continuous volume between instants.

    Parameters
    ----------
    edges_ns
        N+1 increasing instants, the session's open first and its close last.
    shares
        N shares, none negative, that sum to 1.
    low, high
        Interval of each share at `level`; empty where the curve was given, not measured.
    level
        Confidence of the intervals.
    volume_lots, auction_lots
        Lots behind the shares, and lots of auction prints left apart.
    days
        Trading days behind the curve; 0 where it was given.
    """

    edges_ns: tuple[int, ...]
    shares: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    level: float = 0.95
    volume_lots: int = 0
    auction_lots: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        check_level(self.level)
        if not self.shares or len(self.edges_ns) != len(self.shares) + 1:
            raise BadParameter(f"{len(self.shares)} shares need {len(self.shares) + 1} edges, not {len(self.edges_ns)}")
        if any(later <= earlier for earlier, later in zip(self.edges_ns, self.edges_ns[1:], strict=False)):
            raise BadParameter("edges of a volume curve must increase; two are equal or out of order")
        if any(not 0 <= share <= 1 for share in self.shares) or abs(math.fsum(self.shares) - 1) > 1e-9:
            raise BadParameter(
                f"shares of a volume curve sum to {math.fsum(self.shares):.12g} (smallest {min(self.shares)}); "
                "each must be 0 or more and they must sum to 1"
            )
        if any(ends and len(ends) != len(self.shares) for ends in (self.low, self.high)):
            raise BadParameter("intervals of a volume curve need one low and one high for each share, or none")

    @classmethod
    def from_trades(
        cls,
        trades: Trades,
        session: Session,
        *,
        bucket_ns: int = 5 * NS_PER_MINUTE,
        smoothing_passes: int = 0,
        level: float = 0.95,
    ) -> Self:
        """The curve of one day's prints inside its session.

        Parameters
        ----------
        trades
            Prints; those flagged `auction` are left apart, those outside the session ignored.
        session
            Open and close. The session is cut into equal buckets as near to `bucket_ns` as fits.
        smoothing_passes
            Passes of the (1, 2, 1)/4 kernel, reflected at open and close; 0 leaves the shares as measured.

        Raises
        ------
        BadData
            When no continuous print falls inside the session.
        BadParameter
            When the bucket or the passes are out of range.
        """
        edges = edges_of(session, bucket_ns)
        inside = (trades.time_ns >= session.open_ns) & (trades.time_ns <= session.close_ns)
        lots = trades.lots[inside & ~trades.auction].astype(np.float64)
        if not lots.sum() > 0:
            raise BadData(
                f"no continuous print between {session.clock(session.open_ns)} and {session.clock(session.close_ns)} "
                f"of {session.date} (of {len(trades)} prints); a volume curve needs a day with volume"
            )
        # A print at the close belongs to the last bucket.
        bucket = np.searchsorted(edges, trades.time_ns[inside & ~trades.auction], side="right") - 1
        volumes = np.bincount(np.minimum(bucket, len(edges) - 2), weights=lots, minlength=len(edges) - 1)
        shares = _smoothed(volumes / volumes.sum(), smoothing_passes)
        effective = float(lots.sum() ** 2 / (lots**2).sum())
        bounds = [wilson(float(share), effective, level) for share in shares]
        return cls(
            edges_ns=tuple(int(edge) for edge in edges),
            shares=tuple(float(share) for share in shares),
            low=tuple(low for low, _ in bounds),
            high=tuple(high for _, high in bounds),
            level=level,
            volume_lots=int(trades.lots[inside & ~trades.auction].sum()),
            auction_lots=int(trades.lots[trades.auction].sum()),
            days=1,
        )

    @classmethod
    def from_bars(
        cls, bars: Bars, session: Session, *, bucket_ns: int = 5 * NS_PER_MINUTE, lot_size: float = 1.0
    ) -> Self:
        """The curve of one day's bars inside its session; without an interval, for bars do not say what made them.

        Raises
        ------
        BadData
            When bars have no volume although their price moved, so that none of it is to be believed, or none at all.
        BadParameter
            When the bucket is out of range, or shorter than the bars.
        """
        from nowake.models.volume.buckets import DayVolume  # noqa: PLC0415

        day = DayVolume.from_bars(bars, session, bucket_ns=bucket_ns)
        if day.is_corrupt:
            raise BadData(
                f"{day.impossible_bars} of {day.bars:,} bars of {session.date} have no volume although the price "
                "moved; take another day, or average several and leave this one out"
            )
        if not day.total > 0:
            raise BadData(f"no bar of {session.date} has volume; a volume curve needs a day with volume")
        shares = day.volume / day.total
        return cls(
            edges_ns=tuple(int(edge) for edge in edges_of(session, bucket_ns)),
            shares=tuple(float(share) for share in shares / math.fsum(shares)),
            volume_lots=round(day.total / lot_size),
            days=1,
        )

    @classmethod
    def average(cls, curves: Sequence[Self], *, level: float = 0.95) -> Self:
        """The mean curve of several days, on the clock of the last one, with the interval of the mean.

        Days weigh the same whatever their volume. The interval is Student's, from the spread between days.

        Raises
        ------
        BadParameter
            With fewer than two curves, or with buckets or sessions of different length.
        """
        if len(curves) < 2:
            raise BadParameter(f"an average needs two or more curves, not {len(curves)}; one day is `from_trades`")
        last = curves[-1]
        for curve in curves:
            _check_same_buckets(curve, last)
        table = np.array([curve.shares for curve in curves])
        mean = table.mean(axis=0) / table.mean(axis=0).sum()
        half = t_of(level, len(curves) - 1) * table.std(axis=0, ddof=1) / math.sqrt(len(curves))
        return cls(
            edges_ns=last.edges_ns,
            shares=tuple(float(share) for share in mean),
            low=tuple(float(end) for end in np.maximum(mean - half, 0)),
            high=tuple(float(end) for end in np.minimum(mean + half, 1)),
            level=level,
            volume_lots=sum(curve.volume_lots for curve in curves),
            auction_lots=sum(curve.auction_lots for curve in curves),
            days=sum(curve.days for curve in curves),
        )

    def on(self, session: Session) -> Self:
        """The same curve on another day of the same length: yesterday's shares for today's order.

        Raises
        ------
        BadParameter
            When the sessions differ in length, as on a half day.
        """
        length, own = session.close_ns - session.open_ns, self.edges_ns[-1] - self.edges_ns[0]
        if length != own:
            raise BadParameter(
                f"session of {session.date} lasts {length / NS_PER_MINUTE:g} minutes and the curve "
                f"{own / NS_PER_MINUTE:g}; use the curve of a day of the same length"
            )
        shift = session.open_ns - self.edges_ns[0]
        return msgspec.structs.replace(self, edges_ns=tuple(edge + shift for edge in self.edges_ns))

    def seen_between(self, start_ns: int, end_ns: int) -> Self:
        """The curve of a day seen only between two instants: as seen there, and at the mean rate of it elsewhere.

        Of a day seen whole, or where nothing was seen between them, it is the curve itself.
        """
        opens, closes = self.edges_ns[0], self.edges_ns[-1]
        start, end = max(start_ns, opens), min(end_ns, closes)
        whole = self.share_between(start, end) if start < end else 0.0
        if not whole > 0 or (start, end) == (opens, closes):
            return self
        edges = sorted({*self.edges_ns, start, end})
        seen = (end - start) / (closes - opens)
        shares = [
            self.share_between(a, b) / whole * seen if start <= a and b <= end else (b - a) / (closes - opens)
            for a, b in itertools.pairwise(edges)
        ]
        total = math.fsum(shares)
        return type(self)(edges_ns=tuple(edges), shares=tuple(share / total for share in shares), days=self.days)

    @property
    def empty(self) -> int:
        """Buckets without volume: many of them say that the tape is thin, cut short or broken."""
        return sum(share == 0 for share in self.shares)

    def share_until(self, time_ns: int) -> float:
        """Share of the day's volume by an instant: linear inside a bucket, 0 before the open, 1 after the close."""
        if time_ns <= self.edges_ns[0]:
            return 0.0
        if time_ns >= self.edges_ns[-1]:
            return 1.0
        k = bisect.bisect_right(self.edges_ns, time_ns) - 1
        start, end = self.edges_ns[k], self.edges_ns[k + 1]
        return min(1.0, math.fsum(self.shares[:k]) + self.shares[k] * ((time_ns - start) / (end - start)))

    def share_between(self, start_ns: int, end_ns: int) -> float:
        """Share of the day's volume between two instants.

        Raises
        ------
        BadParameter
            When the end is before the start.
        """
        if end_ns < start_ns:
            raise BadParameter(f"end {end_ns} is before start {start_ns}; swap them")
        return max(0.0, self.share_until(end_ns) - self.share_until(start_ns))

    def inverse(self, share: float) -> int:
        """The earliest instant by which a share of the day's volume has traded, to the nanosecond.

        Raises
        ------
        BadParameter
            When the share is outside [0, 1].
        """
        if not 0 <= share <= 1:
            raise BadParameter(f"share {share} must be between 0 and 1")
        done = [0.0, *itertools.accumulate(self.shares)]
        k = min(bisect.bisect_left(done, share), len(self.shares))
        if k == 0:
            return self.edges_ns[0]
        start, end = self.edges_ns[k - 1], self.edges_ns[k]
        # A share of 1 may lie a rounding above the last sum.
        part = min(1.0, (share - done[k - 1]) / self.shares[k - 1]) if self.shares[k - 1] > 0 else 1.0
        return start + round((end - start) * part)

    def __str__(self) -> str:
        peak = max(range(len(self.shares)), key=self.shares.__getitem__)
        return (
            f"volume curve, {len(self.shares)} buckets of {(self.edges_ns[1] - self.edges_ns[0]) / NS_PER_MINUTE:g} "
            f"minutes, {self.days} day(s), {self.volume_lots:,} lots, largest share {self.shares[peak]:.2%} "
            f"in bucket {peak + 1}" + (f"; {self.empty} buckets without a print" if self.empty else "")
        )


def edges_of(session: Session, bucket_ns: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Edges of equal buckets of a session, as near to a length as fits.

    Raises
    ------
    BadParameter
        When the bucket is longer than the session, or so short that there would be more than 100,000.
    """
    length = session.close_ns - session.open_ns
    if not 0 < bucket_ns <= length:
        raise BadParameter(f"bucket of {bucket_ns} ns must be above 0 and within the session of {length} ns")
    n = max(1, round(length / bucket_ns))
    if n > 100_000:
        raise BadParameter(f"bucket of {bucket_ns} ns makes {n} buckets; use {length // 100_000 + 1} ns or more")
    return np.array([session.open_ns + length * k // n for k in range(n + 1)], dtype=np.int64)


def _smoothed(
    shares: np.ndarray[tuple[int], np.dtype[np.float64]], passes: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if passes < 0:
        raise BadParameter(f"smoothing passes {passes} must be 0 or more")
    for _ in range(passes):
        padded = np.concatenate((shares[:1], shares, shares[-1:]))
        shares = (padded[:-2] + 2 * shares + padded[2:]) / 4
    return shares


def _check_same_buckets(curve: VolumeCurve, other: VolumeCurve) -> None:
    offsets = [tuple(edge - each.edges_ns[0] for edge in each.edges_ns) for each in (curve, other)]
    if offsets[0] != offsets[1]:
        raise BadParameter(
            f"curves of {len(curve.shares)} and {len(other.shares)} buckets do not share their edges; "
            "average days of the same length with the same buckets"
        )
