"""Sessions from exchange_calendars: open and close of a venue's trading day, half days and time zone included."""

from __future__ import annotations

import datetime as dt
import functools

from nowake.domain.errors import BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import epoch_ns


@functools.lru_cache(maxsize=1024)
def session_of(calendar: str, date: dt.date) -> Session:
    """The session of a calendar ("XNYS", "XNAS", "XLON", "CMES", "24/7") on a date.

    The library (and pandas under it) is imported here, on first use, for it takes over a second.

    Raises
    ------
    NotFound
        When the calendar is unknown.
    BadParameter
        When the venue is closed on that date; the message names the nearest sessions.
    """
    import exchange_calendars as xcals  # noqa: PLC0415
    from exchange_calendars.errors import InvalidCalendarName  # noqa: PLC0415

    start, end = date - dt.timedelta(days=30), date + dt.timedelta(days=30)
    try:
        days = xcals.get_calendar(calendar, start=start.isoformat(), end=end.isoformat())
    except InvalidCalendarName:
        known = ", ".join(sorted(xcals.get_calendar_names(include_aliases=False))[:12])
        raise NotFound(f"calendar {calendar!r} is not known; use a MIC such as {known}, ...") from None
    label = date.isoformat()
    if not days.is_session(label):
        before = days.date_to_session(label, "previous").date()
        after = days.date_to_session(label, "next").date()
        raise BadParameter(f"{calendar} is closed on {date}; its nearest sessions are {before} and {after}")
    return Session(
        date=date,
        timezone=str(days.tz),
        open_ns=epoch_ns(days.session_open(label).to_pydatetime()),
        close_ns=epoch_ns(days.session_close(label).to_pydatetime()),
    )
