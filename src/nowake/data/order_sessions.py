"""Time counted in trading sessions: how long an order lasted, nights and holidays left out, and its trading date.

Breaks inside a session (Tokyo's lunch) count as trading."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.columns import Source, TimeUnit
from nowake.domain.calendar import sessions_between
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import LATEST_NS, NS_PER_DAY

Ints = npt.NDArray[np.int64]
_EPOCH = dt.date(1970, 1, 1)
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SessionClock:
    """Sessions of a calendar, (n,) each, in order: opens and closes in nanoseconds, dates in days since 1970-01-01."""

    calendar: str
    opens: Ints
    closes: Ints
    dates: Ints

    @classmethod
    def of(cls, calendar: str, parents: pl.DataFrame) -> Self:
        """The sessions that the starts and ends of orders may lie in.

        Raises
        ------
        NotFound
            When the calendar is not known.
        BadData
            When the calendar has no session near any of the orders.
        """
        moments = pl.concat([parents["start_ns"], parents["end_ns"]]).drop_nulls().to_numpy()
        sessions = _sessions(calendar, moments) if len(moments) else []
        if not sessions:
            raise BadData(f"calendar {calendar} has no session near the orders; give calendar=... or a column days")
        return cls(
            calendar=calendar,
            opens=np.array([session.open_ns for session in sessions]),
            closes=np.array([session.close_ns for session in sessions]),
            dates=np.array([(session.date - _EPOCH).days for session in sessions]),
        )

    def between(self, start_ns: Ints, end_ns: Ints) -> npt.NDArray[np.float64]:
        """Sessions from one instant to another, half a session 0.5."""
        # Two edges a session, counted from the first so that floats hold nanoseconds of years to a microsecond.
        edges = np.stack([self.opens, self.closes], axis=1).ravel() - self.opens[0]
        done = np.repeat(np.arange(len(self.opens) + 1, dtype=np.float64), 2)[1:-1]
        begun, ended = (np.interp(moment - self.opens[0], edges, done) for moment in (start_ns, end_ns))
        return np.asarray(ended - begun)

    def date(self, time_ns: Ints) -> Ints:
        """Trading date of an instant: of its session, or of the next one where it lies before its open."""
        place = np.searchsorted(self.closes, time_ns, side="right")
        return self.dates[np.minimum(place, len(self.dates) - 1)]


def zone_of(source: Source, calendar: str, unit: TimeUnit) -> str:
    """The zone of times that name none; the calendar is asked only where there are such."""
    columns = [source.frame[name] for name in ("start", "end", "fill_time") if name in source.frame.columns]
    if unit != "iso" or all(_says_zone(column) for column in columns):
        return "UTC"
    return sessions_between(calendar, dt.date(2024, 3, 1), dt.date(2024, 3, 31))[0].timezone


def _says_zone(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return bool((column.str.contains(_OFFSET) | (column == "")).all())
    return getattr(column.dtype, "time_zone", None) is not None


def _sessions(calendar: str, moments: Ints) -> list[Session]:
    """Year by year, so that one date the calendar does not reach does not lose all the others."""
    days = np.unique(np.clip(moments, NS_PER_DAY, LATEST_NS) // NS_PER_DAY)
    dates = [_EPOCH + dt.timedelta(days=int(day)) for day in days]
    found: list[Session] = []
    for year in sorted({date.year for date in dates}):
        inside = [date for date in dates if date.year == year]
        try:
            found += sessions_between(calendar, max(dt.date(year, 1, 1), dt.date(1970, 1, 2)), dt.date(year, 12, 31))
        except BadParameter:
            found += _sessions_near(calendar, inside)
    return found


def _sessions_near(calendar: str, dates: list[dt.date]) -> list[Session]:
    try:
        return sessions_between(calendar, dates[0], dates[-1])
    except BadParameter:
        return []
