"""Days whose volume runs otherwise than on most, known by the calendar: told apart before anything is averaged.

Rules, each of the dates alone: a session shorter or longer than the usual one; the third Friday of a month, when
options expire (of March, June, September and December index futures too, and the S&P indexes are rebalanced); the
fourth Friday of June, and from 2026 the second of November, when FTSE Russell reconstitutes the Russell US indexes; the
last session of a month; the session after a holiday. Where a Friday is a holiday, the session before it counts. A
market that trades at weekends, or around the clock, has only those for special days. The rules are those of US
exchanges: where others hold, the user's labels stand in place of them."""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter
from collections.abc import Mapping, Sequence

from nowake.domain.units import NS_PER_DAY
from nowake.models.volume.buckets import DayVolume

FRIDAY, SATURDAY = 4, 5
_SEMI_ANNUAL = 2026  # The first year of a second reconstitution (FTSE Russell, announcement of 2025).


class Kind(enum.StrEnum):
    """What kind of day it is; a day of several kinds is the first of them here."""

    OTHER_LENGTH = "session of another length"
    RECONSTITUTION = "index reconstitution"
    QUARTERLY_EXPIRY = "quarterly expiry"
    EXPIRY = "monthly expiry"
    MONTH_END = "month end"
    AFTER_HOLIDAY = "day after a holiday"
    WEEKEND = "weekend"
    NORMAL = "normal"


def kinds_of(
    days: Sequence[DayVolume],
    *,
    trading_dates: Sequence[dt.date] = (),
    labels: Mapping[dt.date, str] | None = None,
) -> dict[dt.date, str]:
    """What kind of day each is.

    Parameters
    ----------
    days
        In order of time.
    trading_dates
        All sessions of the venue from before the first day to after the last; without them the days themselves are
        taken for it, and one or two missing weekdays for a holiday.
    labels
        The user's own kinds ("earnings"), instead of what the rules say; `Kind.NORMAL` makes a day normal.
    """
    usual_ns = Counter(day.length_ns for day in days).most_common(1)[0][0] if days else 0
    dates = sorted({*trading_dates, *(day.date for day in days)})
    place = {date: k for k, date in enumerate(dates)}
    has_weekends = usual_ns >= NS_PER_DAY or any(date.weekday() >= SATURDAY for date in dates)
    labels = labels or {}
    kinds: dict[dt.date, str] = {}
    for day in days:
        k = place[day.date]
        beside = [dates[j] if 0 <= j < len(dates) and _is_near(day.date, dates[j]) else None for j in (k - 1, k + 1)]
        if day.date in labels:
            kinds[day.date] = labels[day.date]
        elif day.length_ns != usual_ns:
            kinds[day.date] = Kind.OTHER_LENGTH
        elif has_weekends:
            kinds[day.date] = Kind.WEEKEND if day.date.weekday() >= SATURDAY else Kind.NORMAL
        else:
            kinds[day.date] = kind_of_date(day.date, previous=beside[0], following=beside[1])
    return kinds


def kind_of_date(date: dt.date, *, previous: dt.date | None = None, following: dt.date | None = None) -> Kind:
    """The kind of a session of usual length on a venue closed at weekends.

    Parameters
    ----------
    previous, following
        The sessions beside it; without the one that follows, the next weekday is taken for it.
    """
    following = following or _next_weekday(date)
    # A Friday without a session is kept on the session before it.
    fridays = [each for each in _days_from(date, until=following) if each.weekday() == FRIDAY]
    for friday in fridays:
        if _is_reconstitution(friday):
            return Kind.RECONSTITUTION
        if _which_of_month(friday) == 3:
            return Kind.QUARTERLY_EXPIRY if friday.month % 3 == 0 else Kind.EXPIRY
    if following.month != date.month:
        return Kind.MONTH_END
    if previous is not None and 1 <= _weekdays_between(previous, date) <= 2:
        return Kind.AFTER_HOLIDAY
    return Kind.NORMAL


def _is_near(date: dt.date, other: dt.date) -> bool:
    """Whether two sessions can follow each other: a longer gap than holidays make is missing data."""
    return abs((other - date).days) <= 5


def _is_reconstitution(friday: dt.date) -> bool:
    which = _which_of_month(friday)
    return (friday.month == 6 and which == 4) or (friday.month == 11 and which == 2 and friday.year >= _SEMI_ANNUAL)


def _which_of_month(date: dt.date) -> int:
    return (date.day - 1) // 7 + 1


def _next_weekday(date: dt.date) -> dt.date:
    return date + dt.timedelta(7 - date.weekday() if date.weekday() >= FRIDAY else 1)


def _days_from(date: dt.date, *, until: dt.date) -> list[dt.date]:
    """The date and those after it up to the next session."""
    return [date + dt.timedelta(k) for k in range((until - date).days)]


def _weekdays_between(one: dt.date, other: dt.date) -> int:
    return sum((one + dt.timedelta(k)).weekday() < SATURDAY for k in range(1, (other - one).days))
