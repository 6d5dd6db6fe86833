"""Sessions come from the calendar library: half days, holidays, time zones."""

from __future__ import annotations

import datetime as dt

import pytest

from nowake.domain.calendar import session_of
from nowake.domain.errors import BadParameter, NotFound


def test_a_full_day_and_a_half_day() -> None:
    full = session_of("XNAS", dt.date(2012, 6, 21))
    assert (full.clock(full.open_ns), full.clock(full.close_ns), full.timezone) == (
        "09:30:00",
        "16:00:00",
        "America/New_York",
    )
    half = session_of("XNYS", dt.date(2025, 12, 24))
    assert half.clock(half.close_ns) == "13:00:00"


def test_a_holiday_names_the_sessions_around_it() -> None:
    with pytest.raises(BadParameter, match=r"closed on 2012-07-04.*2012-07-03 and 2012-07-05"):
        session_of("XNAS", dt.date(2012, 7, 4))


def test_a_date_the_calendar_does_not_cover_is_refused() -> None:
    with pytest.raises(BadParameter, match="calendar XSAU does not cover 1990-01-03: The earliest date"):
        session_of("XSAU", dt.date(1990, 1, 3))
    with pytest.raises(BadParameter, match="must be from 1970-01-02"):
        session_of("XNAS", dt.date(1, 1, 1))


def test_an_unknown_calendar_is_not_found() -> None:
    with pytest.raises(NotFound, match="'XXXX'"):
        session_of("XXXX", dt.date(2012, 7, 4))
