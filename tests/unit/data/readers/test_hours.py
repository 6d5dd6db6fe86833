"""Whose hours a table keeps, told from when it trades; and to which session a row belongs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from nowake.data.readers.hours import GLOBEX, Hours, Told, assigned, dates_of, sessions_of
from nowake.domain.calendar import session_of, sessions_between
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.units import NS_PER_MINUTE, epoch_ns

MONDAY = epoch_ns(dt.datetime(2024, 1, 8, tzinfo=dt.UTC))
DAY = 1440 * NS_PER_MINUTE


def every_minute(days, keep):
    """Instants of the minutes of days from Monday 2024-01-08, UTC, of which `keep(day, minute)`."""
    return np.array(
        [MONDAY + day * DAY + k * NS_PER_MINUTE for day in range(days) for k in range(1440) if keep(day, k)]
    )


def calendar_of(times, **keywords):
    return sessions_of(times, np.ones(len(times)), **keywords).hours


def test_weekends_mean_round_the_clock() -> None:
    hours = calendar_of(every_minute(7, lambda day, minute: True))
    assert ("24/7", "UTC") == (hours.calendar, hours.timezone)


@pytest.mark.parametrize("break_minutes", [45, 60])
def test_a_break_at_the_end_of_chicagos_day_means_globex(break_minutes) -> None:
    # 17:00 Chicago is 23:00 UTC in January.
    hours = calendar_of(every_minute(5, lambda day, k: not 1380 - break_minutes <= k < 1380))
    assert ("CMES", "America/Chicago") == (hours.calendar, hours.timezone)


def test_new_york_hours_are_told_from_those_of_a_market_that_trades_before_them() -> None:
    inside = every_minute(3, lambda day, k: 870 <= k < 1260)  # 14:30 to 21:00 UTC.
    assert "XNYS" == calendar_of(inside).calendar
    longer = every_minute(3, lambda day, k: 840 <= k < 1260)
    assert "" == calendar_of(longer).calendar


def test_a_wall_clock_is_placed_where_its_hours_fit() -> None:
    local = every_minute(3, lambda day, k: 570 <= k < 960)  # 09:30 to 16:00 on the wall.
    seen = sessions_of(local, np.ones(len(local)), is_wall=True)
    assert ("XNYS", "America/New_York") == (seen.hours.calendar, seen.hours.timezone)
    assert MONDAY + 870 * NS_PER_MINUTE == seen.time_ns[0]
    assert "taken as those of America/New_York" in seen.hours.note


def test_a_wall_clock_that_says_utc_is_not_moved() -> None:
    local = every_minute(3, lambda day, k: 570 <= k < 960)
    seen = sessions_of(local, np.ones(len(local)), is_wall=True, says_utc=True)
    assert ("", MONDAY + 570 * NS_PER_MINUTE) == (seen.hours.calendar, seen.time_ns[0])


def test_other_hours_are_taken_as_they_are_the_same_each_day() -> None:
    times = every_minute(2, lambda day, k: (482 if day else 480) <= k < 1000)
    sessions = sessions_of(times, np.ones(len(times)), length_ns=NS_PER_MINUTE).sessions
    assert [(480, 1000), (480, 1000)] == [
        ((s.open_ns - MONDAY) % DAY // NS_PER_MINUTE, (s.close_ns - MONDAY) % DAY // NS_PER_MINUTE) for s in sessions
    ]


def test_no_rows_have_no_hours() -> None:
    with pytest.raises(BadData, match="no rows"):
        calendar_of(np.zeros(0, np.int64))


def test_a_row_outside_belongs_to_the_nearest_session() -> None:
    sessions = sessions_between("XNYS", dt.date(2024, 1, 8), dt.date(2024, 1, 9))
    first, second = sessions
    starts = np.array([first.open_ns - 1, first.open_ns, first.close_ns - 1, first.close_ns, second.open_ns - 2, 2**62])
    index, inside = assigned(sessions, starts, starts + 1)
    assert [0, 0, 0, 0, 1, 1] == index.tolist()
    assert [False, True, True, False, False, False] == inside.tolist()


def test_sessions_between_are_those_asked_for_one_by_one() -> None:
    found = sessions_between("XNYS", dt.date(2025, 12, 23), dt.date(2025, 12, 26))
    dates = [dt.date(2025, 12, day) for day in (23, 24, 26)]
    assert [session_of("XNYS", date) for date in dates] == found


def test_sessions_of_an_unknown_calendar_or_beyond_it_are_refused() -> None:
    with pytest.raises(NotFound, match="XXXX"):
        sessions_between("XXXX", dt.date(2024, 1, 1), dt.date(2024, 1, 2))
    with pytest.raises(BadParameter, match="does not cover"):
        sessions_between("XSAU", dt.date(1990, 1, 3), dt.date(1990, 1, 5))


def test_a_weekend_is_no_session_of_globex() -> None:
    sunday, saturday = (int(dt.datetime(2013, 10, day, 15, tzinfo=dt.UTC).timestamp()) * 10**9 for day in (6, 12))
    told = Told(Hours(GLOBEX, "America/Chicago", ""), np.array([sunday, saturday]))
    assert (dt.date(2013, 10, 7), dt.date(2013, 10, 11)) == dates_of(told)
