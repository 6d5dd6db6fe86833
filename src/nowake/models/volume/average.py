"""The usual day: average shares by kind of day, the usual total and the auctions, each with its interval.

Days that cannot be believed are left out (`screening`), special days are kept apart (`special`) and get a curve of
their own where there are two or more of a kind. The intervals are Student's, of the mean over days: they say how well
the average is known, not how far one day lies from it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadData
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.curve import VolumeCurve
from nowake.models.volume.screening import LeftOut, screened
from nowake.models.volume.special import Kind, kinds_of
from nowake.statistics.measurement import Measurement, t_of

LEAST_DAYS = 2


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AverageVolume:
    """What a venue's days have been like.

    Parameters
    ----------
    curves
        Kind of day -> its average curve, on the clock of its last day; `Kind.NORMAL` is always there.
    total
        Continuous volume of a normal day: geometric mean, with the interval of the mean.
    opening_auction, closing_auction
        Share of a normal day's whole volume, auctions included; None where the source does not tell them apart.
    kinds
        Each day that was used -> its kind.
    left_out
        The days that were not used, and why.
    notes
        One sentence each on what was kept apart.
    """

    curves: Mapping[str, VolumeCurve]
    total: Measurement
    opening_auction: Measurement | None
    closing_auction: Measurement | None
    kinds: Mapping[dt.date, str]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        days: Sequence[DayVolume],
        *,
        bad: Mapping[dt.date, str] | None = None,
        labels: Mapping[dt.date, str] | None = None,
        trading_dates: Sequence[dt.date] = (),
        level: float = 0.95,
    ) -> Self:
        """Average days in order of time.

        Parameters
        ----------
        bad
            Dates known to be wrong, and why; more are found by their numbers.
        labels, trading_dates
            As for `special.kinds_of`.

        Raises
        ------
        BadData
            With fewer than two normal days that can be believed; the message says what became of the others.
        """
        kept, left_out = screened(days, bad=bad)
        kinds = kinds_of(kept, trading_dates=trading_dates, labels=labels)
        by_kind: dict[str, list[DayVolume]] = {}
        for day in kept:
            by_kind.setdefault(kinds[day.date], []).append(day)
        normal = by_kind.get(Kind.NORMAL, [])
        if len(normal) < LEAST_DAYS:
            reasons = "".join(f"; {each}" for each in left_out[:3])
            raise BadData(
                f"{len(normal)} of {len(days)} days are normal and clean, an average needs {LEAST_DAYS}{reasons}"
            )
        curves = {
            str(kind): average_curve(alike, level=level)
            for kind, alike in by_kind.items()
            if len(alike) >= LEAST_DAYS and len({day.length_ns for day in alike}) == 1
        }
        return cls(
            curves=curves,
            total=_geometric_mean([day.total for day in normal], level),
            opening_auction=_auction([(day.opening_auction, day) for day in normal], level),
            closing_auction=_auction([(day.closing_auction, day) for day in normal], level),
            kinds=kinds,
            left_out=tuple(left_out),
            notes=_notes(by_kind, curves),
        )

    def curve_on(self, session: Session, kind: str = Kind.NORMAL) -> tuple[VolumeCurve, str]:
        """The curve for a session of a kind, and a sentence where it is not of its own kind.

        A kind without a curve gets that of normal days; a session of another length gets it stretched or shortened,
        so that the open and the close keep their shares.
        """
        length_ns = session.close_ns - session.open_ns
        own = self.curves.get(str(kind))
        if own is not None and own.edges_ns[-1] - own.edges_ns[0] == length_ns:
            return own.on(session), ""
        normal = self.curves[Kind.NORMAL]
        if normal.edges_ns[-1] - normal.edges_ns[0] == length_ns:
            return normal.on(session), f"no curve of its own for {kind}: that of normal days stands in"
        return stretched(normal, session), (
            f"no days of {length_ns / NS_PER_MINUTE:g} minutes to average: the curve of normal days is fitted to that "
            "length"
        )


def average_curve(days: Sequence[DayVolume], *, level: float = 0.95) -> VolumeCurve:
    """Mean shares of days of one length with Student's interval; a bucket not known on a day counts on the others.

    Raises
    ------
    BadData
        When a bucket is known on fewer than two days.
    """
    shares = np.array([day.shares for day in days])
    known = np.count_nonzero(~np.isnan(shares), axis=0)
    if known.min() < LEAST_DAYS:
        raise BadData(f"bucket {int(known.argmin()) + 1} is known on {known.min()} days; an average needs {LEAST_DAYS}")
    mean = np.nanmean(shares, axis=0)
    quantiles = np.array([t_of(level, int(n) - 1) for n in known])
    half = quantiles * np.nanstd(shares, axis=0, ddof=1) / np.sqrt(known)
    whole = math.fsum(mean)
    last = days[-1]
    return VolumeCurve(
        edges_ns=tuple(int(edge) for edge in last.edges_ns),
        shares=tuple(float(share) for share in mean / whole),
        low=tuple(float(end) for end in np.maximum(mean - half, 0) / whole),
        high=tuple(float(end) for end in np.minimum((mean + half) / whole, 1)),
        level=level,
        volume_lots=round(sum(day.total for day in days)),
        auction_lots=round(float(np.nansum([[day.opening_auction, day.closing_auction] for day in days]))),
        days=len(days),
    )


def stretched(curve: VolumeCurve, session: Session) -> VolumeCurve:
    """The same shares over a session of another length, every edge moved in proportion. The interval is given up."""
    first, length = curve.edges_ns[0], curve.edges_ns[-1] - curve.edges_ns[0]
    own = session.close_ns - session.open_ns
    edges = tuple(session.open_ns + (edge - first) * own // length for edge in curve.edges_ns)
    return msgspec.structs.replace(curve, edges_ns=edges, low=(), high=())


def _geometric_mean(totals: Sequence[float], level: float) -> Measurement:
    logs = np.log(totals)
    half = t_of(level, len(logs) - 1) * float(np.std(logs, ddof=1)) / math.sqrt(len(logs))
    centre = float(np.mean(logs))
    return Measurement(
        value=math.exp(centre),
        low=math.exp(centre - half),
        high=math.exp(centre + half),
        level=level,
        n=len(logs),
        method="geometric mean over normal days, Student's interval of its logarithm",
    )


def _auction(volumes: Sequence[tuple[float, DayVolume]], level: float) -> Measurement | None:
    """Mean share of an auction in the whole day's volume, its interval Student's and inside [0, 1]."""
    shares = [
        volume / (day.total + float(np.nansum((day.opening_auction, day.closing_auction))))
        for volume, day in volumes
        if not math.isnan(volume)
    ]
    # A source without a flag for this auction shows none on any day.
    if len(shares) < LEAST_DAYS or not any(shares):
        return None
    mean, sd = float(np.mean(shares)), float(np.std(shares, ddof=1))
    half = t_of(level, len(shares) - 1) * sd / math.sqrt(len(shares))
    return Measurement(
        value=mean,
        low=max(mean - half, 0.0),
        high=min(mean + half, 1.0),
        level=level,
        n=len(shares),
        method="mean share of the day over normal days, Student's interval",
    )


def _notes(by_kind: Mapping[str, Sequence[DayVolume]], curves: Mapping[str, VolumeCurve]) -> tuple[str, ...]:
    notes = []
    for kind, alike in by_kind.items():
        if kind == Kind.NORMAL:
            continue
        dates = ", ".join(str(day.date) for day in alike[:4]) + (", ..." if len(alike) > 4 else "")
        what = "with a curve of their own" if str(kind) in curves else "too few for a curve of their own"
        notes.append(f"Kept apart as {kind}: {dates} ({len(alike)}, {what})")
    return tuple(notes)
