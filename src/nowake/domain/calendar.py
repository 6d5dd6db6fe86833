"""Sessions from exchange_calendars: open and close of a venue's trading day, half days and time zone included."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

from nowake.domain.errors import BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import FIRST_DATE, check_date, epoch_ns


@functools.lru_cache(maxsize=1024)
def session_of(calendar: str, date: dt.date) -> Session:
    """The session of a calendar ("XNYS", "XNAS", "XLON", "CMES", "24/7") on a date.

    The library (and pandas under it) is imported here, on first use, for it takes over a second.

    Raises
    ------
    NotFound
        When the calendar is unknown.
    BadParameter
        When the venue is closed on that date (the message names the nearest sessions), or the date is outside
        1970-01-02 to 2200-12-31 or what the calendar knows.
    """
    check_date(date)
    import exchange_calendars as xcals  # noqa: PLC0415
    from exchange_calendars.errors import InvalidCalendarName  # noqa: PLC0415

    try:
        days = _around(date, functools.partial(xcals.get_calendar, calendar))
    except InvalidCalendarName:
        known = ", ".join(sorted(xcals.get_calendar_names(include_aliases=False))[:12])
        raise NotFound(f"calendar {calendar!r} is not known; use a MIC such as {known}, ...") from None
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise BadParameter(f"calendar {calendar} does not cover {date}: {reason}") from None
    label = date.isoformat()
    if not days.is_session(label):
        nearest = [*days.sessions[days.sessions < label][-1:], *days.sessions[days.sessions > label][:1]]
        listed = " and ".join(str(day.date()) for day in nearest)
        raise BadParameter(f"{calendar} is closed on {date}; its nearest sessions are {listed}")
    return Session(
        date=date,
        timezone=str(days.tz),
        open_ns=epoch_ns(days.session_open(label).to_pydatetime()),
        close_ns=epoch_ns(days.session_close(label).to_pydatetime()),
    )


def pause_of(calendar: str, date: dt.date) -> Session | None:
    """The part of a session in which its venue does not trade, the lunch break of Hong Kong or Tokyo; None without.

    Raises
    ------
    NotFound, BadParameter
        As for `session_of`.
    """
    session = session_of(calendar, date)
    import exchange_calendars as xcals  # noqa: PLC0415

    days, label = _around(date, functools.partial(xcals.get_calendar, calendar)), date.isoformat()
    if not days.session_has_break(label):
        return None
    starts, ends = (
        epoch_ns(each(label).to_pydatetime()) for each in (days.session_break_start, days.session_break_end)
    )
    return Session(date=date, timezone=session.timezone, open_ns=starts, close_ns=ends)


def sessions_between(calendar: str, first: dt.date, last: dt.date) -> list[Session]:
    """The sessions of a calendar from one date to another, both included: one look for many days.

    Raises
    ------
    NotFound
        When the calendar is unknown.
    BadParameter
        When a date is outside 1970-01-02 to 2200-12-31 or what the calendar knows.
    """
    check_date(first)
    check_date(last)
    years = range(first.year, last.year + 1)
    try:
        found = [session for year in years for session in _sessions_of_year(calendar, year)]
    except BadParameter:  # A calendar that does not cover a whole year may cover what is asked for.
        found = _sessions(calendar, first, last)
    return [session for session in found if first <= session.date <= last]


@functools.lru_cache(maxsize=64)
def _sessions_of_year(calendar: str, year: int) -> tuple[Session, ...]:
    return tuple(_sessions(calendar, max(dt.date(year, 1, 1), FIRST_DATE), dt.date(year, 12, 31)))


def _sessions(calendar: str, first: dt.date, last: dt.date) -> list[Session]:
    import exchange_calendars as xcals  # noqa: PLC0415
    from exchange_calendars.errors import InvalidCalendarName  # noqa: PLC0415

    try:
        days = xcals.get_calendar(calendar, start=first.isoformat(), end=last.isoformat())
    except InvalidCalendarName:
        raise NotFound(f"calendar {calendar!r} is not known; use a MIC such as XNYS, XLON, CMES") from None
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise BadParameter(f"calendar {calendar} does not cover {first} to {last}: {reason}") from None
    hours = days.schedule
    return [
        Session(
            date=label.date(),
            timezone=str(days.tz),
            open_ns=epoch_ns(opens.to_pydatetime()),
            close_ns=epoch_ns(closes.to_pydatetime()),
        )
        for label, opens, closes in zip(hours.index, hours["open"], hours["close"], strict=True)
    ]


def _around(date: dt.date, get_calendar: Callable[..., Any]) -> Any:
    """The calendar of a month before and after, or of less where holidays are not known that far ahead."""
    start, month = (date - dt.timedelta(days=30)).isoformat(), dt.timedelta(days=30)
    try:
        return get_calendar(start=start, end=(date + month).isoformat())
    except ValueError:
        return get_calendar(start=start, end=date.isoformat())
