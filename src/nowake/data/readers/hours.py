"""Whose trading hours a table without a venue keeps, told from when it traded, and the sessions those hours make.

Four answers are told apart: round the clock with weekends ("24/7"); round the clock but for 16:15 to 17:00 Chicago
("CMES", Globex); 09:30 to 16:00 New York with little before ("XNYS"); and none of them, which takes the hours seen in
the file, the same on each of its dates. Where times name no zone, UTC, New York and Chicago are tried in this order.
It is a guess: say `calendar` and `timezone` where you know better. Holidays and half days come from the calendar."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.readers.bar_columns import placed
from nowake.domain.errors import BadData
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_DAY, NS_PER_MINUTE, midnight_ns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ALWAYS, GLOBEX, NEW_YORK = "24/7", "CMES", "XNYS"
_TIMEZONES = {ALWAYS: "UTC", GLOBEX: "America/Chicago", NEW_YORK: "America/New_York"}
_FRIDAY = 4
_GLOBEX_SHIFT_NS = 420 * NS_PER_MINUTE  # From 17:00 on, it is the next day's session.
_ZONES = ("UTC", "America/New_York", "America/Chicago")
_SATURDAY = 5
_MINUTES = 1440
_OPEN, _CLOSE = 570, 960  # 09:30 and 16:00, minutes after midnight.
_BREAK = 975  # 16:15 in Chicago; the break began then until 2015, at 16:00 since.
_A_DAY = dt.timedelta(days=1)
_A_WEEK_NS = 7 * NS_PER_DAY
_GRID_NS = 5 * NS_PER_MINUTE


class Hours(NamedTuple):
    """A calendar, or none where the hours are those seen; the time zone; and what to say of it, if it is a guess."""

    calendar: str
    timezone: str
    note: str


class Told(NamedTuple):
    """Whose hours a table keeps, and its times as instants."""

    hours: Hours
    time_ns: Ints


def multiplier_on(calendar: str) -> Decimal | None:
    """As `Instrument.multiplier`: 1 where shares and coins trade, unknown where contracts of futures do."""
    return None if calendar == GLOBEX else Decimal(1)


class Seen(NamedTuple):
    """The sessions of a table, whose hours they are, and its times as instants."""

    sessions: list[Session]
    hours: Hours
    time_ns: Ints


def told_by(time_ns: Ints, weight: Floats, *, is_wall: bool = False, says_utc: bool = False) -> Told:
    """Whose hours a table keeps.

    Parameters
    ----------
    time_ns
        int64[n], increasing; a wall clock's where `is_wall`.
    weight
        float64[n], what traded.
    is_wall, says_utc
        Whether the times name no zone, and whether they are UTC all the same.

    Raises
    ------
    BadData
        When there are no rows.
    """
    if not len(time_ns):
        raise BadData("there are no rows, so nothing says when it trades")
    is_open = is_wall and not says_utc
    for zone in _ZONES if is_open else _ZONES[:1]:
        times = _instants(time_ns, zone)
        calendar = _calendar_of(times, weight) if times is not None else ""
        if times is not None and calendar:
            note = (
                f"Times name no zone and are taken as those of {zone}, where the hours fit {calendar}"
                if is_open
                else ""
            )
            return Told(Hours(calendar, _TIMEZONES[calendar], note), times)
    zone_note = "; times name no zone and are taken as UTC" if is_open else ""
    note = f"No calendar fits the hours it trades, so each session is as long as those in the file{zone_note}"
    return Told(Hours("", "UTC", note), time_ns)


def sessions_of(
    time_ns: Ints, weight: Floats, *, is_wall: bool = False, says_utc: bool = False, length_ns: int = 0
) -> Seen:
    """The sessions a table's rows may belong to; `length_ns` is how long a row lasts, the rest as for `told_by`."""
    hours, times = told_by(time_ns, weight, is_wall=is_wall, says_utc=says_utc)
    sessions = sessions_in(hours.calendar, times) if hours.calendar else sessions_as_seen(times, length_ns)
    return Seen(sessions, hours, times)


def sessions_in(calendar: str, time_ns: Ints) -> list[Session]:
    """The sessions of a calendar that times, in order, may belong to; the round-the-clock one needs no library."""
    first, last = _date(int(time_ns[0])) - _A_DAY, _date(int(time_ns[-1])) + _A_DAY
    if calendar == ALWAYS:
        return [_whole_day(first + k * _A_DAY) for k in range((last - first).days + 1)]
    from nowake.domain.calendar import sessions_between  # noqa: PLC0415

    return sessions_between(calendar, first, last)


def dates_of(told: Told) -> tuple[dt.date, dt.date]:
    """Dates of the first and the last session, without asking the calendar: quick, and right but for odd holidays."""
    shift_ns = _GLOBEX_SHIFT_NS if told.hours.calendar == GLOBEX else 0
    ends = pl.Series(told.time_ns[[0, -1]] + shift_ns).cast(pl.Datetime("ns", "UTC"))
    first, last = ends.dt.convert_time_zone(told.hours.timezone).dt.date().to_list()
    if told.hours.calendar == GLOBEX:  # What is quoted before Sunday's open is of no session.
        first += dt.timedelta(7 - first.weekday() if first.weekday() > _FRIDAY else 0)
        last -= dt.timedelta(max(0, last.weekday() - _FRIDAY))
    return first, max(first, last)


def assigned(sessions: list[Session], start_ns: Ints, end_ns: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The session of each row, and whether it is inside: overlaps it. A row that is not belongs to the nearest one."""
    opens = np.array([session.open_ns for session in sessions])
    closes = np.array([session.close_ns for session in sessions])
    index = np.maximum(np.searchsorted(opens, np.maximum(end_ns - 1, start_ns), side="right") - 1, 0)
    following = np.minimum(index + 1, len(sessions) - 1)
    is_nearer = (start_ns >= closes[index]) & (opens[following] - start_ns < start_ns - closes[index])
    index = np.where(is_nearer & (following > index), following, index)
    inside = (start_ns < closes[index]) & (np.maximum(end_ns, start_ns + 1) > opens[index])
    return index, inside


def _instants(time_ns: Ints, zone: str) -> Ints | None:
    """The times as instants of a zone, None where its clocks skip or repeat one of them."""
    if zone == "UTC":
        return time_ns
    times = placed(pl.Series(time_ns), zone)
    return None if times.has_nulls() else times.to_numpy()


def _calendar_of(time_ns: Ints, weight: Floats) -> str:
    """The calendar whose hours these are, empty where it is none that is known here."""
    minute, weekday = _local(time_ns, "America/Chicago")
    covered = len(np.unique(minute // 60))
    if covered >= 22:  # Noise does not fill a night.
        if np.mean(weekday == _SATURDAY) > 0.05:
            return ALWAYS
        if np.mean((minute >= _BREAK) & (minute < _BREAK + 45)) < 0.001:
            return GLOBEX
        return "" if int(time_ns[-1]) - int(time_ns[0]) > _A_WEEK_NS else ALWAYS
    minute, weekday = _local(time_ns, "America/New_York")
    inside = (minute >= _OPEN) & (minute < _CLOSE) & (weekday < _SATURDAY)
    before = (minute >= _OPEN - 30) & (minute < _OPEN)
    total = max(float(weight.sum()), 1e-300)
    share, early = float(weight[inside].sum()) / total, float(weight[before].sum()) / total
    is_quiet_before = early / 30 < 0.3 * share / (_CLOSE - _OPEN)
    begins = np.any(inside & (minute < _OPEN + 30))
    return NEW_YORK if share > 0.75 and is_quiet_before and begins else ""


def _local(time_ns: Ints, zone: str) -> tuple[Ints, Ints]:
    """Minutes after local midnight, and weekdays from Monday, 0."""
    local = pl.Series(time_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
    minute = local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute().cast(pl.Int64)
    return minute.to_numpy(), (local.dt.weekday().cast(pl.Int64) - 1).to_numpy()


def _whole_day(date: dt.date) -> Session:
    start = midnight_ns(date, "UTC")
    return Session(date=date, timezone="UTC", open_ns=start, close_ns=start + NS_PER_DAY)


def sessions_as_seen(time_ns: Ints, length_ns: int) -> list[Session]:
    """One session on each date there is, from the earliest beginning to the latest end, on a grid of five minutes."""
    since = time_ns % NS_PER_DAY
    opens = int(since.min()) // _GRID_NS * _GRID_NS
    closes = -(-(int(since.max()) + max(length_ns, 1)) // _GRID_NS) * _GRID_NS
    return [
        Session(date=_date(int(day) * NS_PER_DAY), timezone="UTC", open_ns=start + opens, close_ns=start + closes)
        for day in np.unique(time_ns // NS_PER_DAY)
        for start in (int(day) * NS_PER_DAY,)
    ]


def _date(time_ns: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=time_ns // NS_PER_DAY)
