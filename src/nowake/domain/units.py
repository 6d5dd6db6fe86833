"""Units and the few conversions between them. Time is integer nanoseconds since the epoch, UTC."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from nowake.domain.errors import BadParameter

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND
NS_PER_DAY = 1_440 * NS_PER_MINUTE
BPS = 10_000.0  # Basis points in one.

# Nanoseconds of these days, and of the days around them, fit 64 bits; so do those of every market that keeps records.
FIRST_DATE = dt.date(1970, 1, 2)
LAST_DATE = dt.date(2200, 12, 31)
LATEST_NS = ((LAST_DATE - dt.date(1970, 1, 1)).days + 1) * NS_PER_DAY - 1  # The end of the last date, UTC.

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?")
_DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]([^Z+-]+)(?:(Z)|([+-])(\d{2}):?(\d{2}))?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|s|m|min|h)")
_DURATION_NS = {
    "ns": 1,
    "us": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_SECOND,
    "m": NS_PER_MINUTE,
    "min": NS_PER_MINUTE,
    "h": 60 * NS_PER_MINUTE,
}


def epoch_ns(moment: dt.datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime, exactly (no float seconds in between)."""
    if moment.tzinfo is None:
        raise BadParameter(f"datetime {moment.isoformat()} has no time zone; give one, for example +00:00")
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_SECOND + since.microseconds * NS_PER_US


def check_date(date: dt.date) -> dt.date:
    """The date itself, when nanoseconds can count it.

    Raises
    ------
    BadParameter
        When it is before 1970-01-02 or after 2200-12-31.
    """
    if not FIRST_DATE <= dt.date(date.year, date.month, date.day) <= LAST_DATE:
        raise BadParameter(f"date {date} must be from {FIRST_DATE} to {LAST_DATE}")
    return date


def midnight_ns(date: dt.date, timezone: str) -> int:
    """The instant a local calendar day begins; the date as for `check_date`."""
    check_date(date)
    return epoch_ns(dt.datetime.combine(date, dt.time(), ZoneInfo(timezone)))


def local_ns(date: dt.date, timezone: str, time_of_day_ns: int) -> int:
    """The instant a local wall clock shows a time of day, also on the days clocks change; dates as `check_date`."""
    check_date(date)
    seconds, rest = divmod(time_of_day_ns, NS_PER_SECOND)
    wall = dt.datetime.combine(date, dt.time()) + dt.timedelta(seconds=seconds)
    return epoch_ns(wall.replace(tzinfo=ZoneInfo(timezone))) + rest


def parse_time_of_day(text: str) -> int:
    """Nanoseconds after local midnight of "10:00", "10:00:30" or "10:00:30.000000001".

    Raises
    ------
    BadParameter
        When the text is not a time of day.
    """
    match = _TIME_OF_DAY.fullmatch(text.strip())
    if match is None:
        raise BadParameter(
            f"time {text!r} is not a time of day; write HH:MM, HH:MM:SS or HH:MM:SS.fraction, with YYYY-MM-DDT before "
            "it where the date matters"
        )
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise BadParameter(f"time {text!r} is outside 00:00:00 to 23:59:59")
    fraction = int((match[4] or "").ljust(9, "0")) if match[4] else 0
    return ((hour * 60 + minute) * 60 + second) * NS_PER_SECOND + fraction


def is_date_time(text: str) -> bool:
    """Whether a text looks like a date and a time, rather than a time alone."""
    return _DATE_TIME.fullmatch(text.strip()) is not None


def parse_date_time(text: str, timezone: str) -> int:
    """The instant of "2023-12-25T17:05", on the clock of a time zone unless it ends in Z or an offset as -06:00.

    Raises
    ------
    BadParameter
        When the text is not a date and a time of day, or the date as for `check_date`.
    """
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        raise BadParameter(f"time {text!r} is not a date and a time; write YYYY-MM-DDTHH:MM")
    try:
        date = dt.date.fromisoformat(match[1])
    except ValueError:
        raise BadParameter(f"time {text!r} has a date that is none; write YYYY-MM-DDTHH:MM") from None
    time_of_day_ns = parse_time_of_day(match[2])
    if not (match[3] or match[4]):
        return local_ns(date, timezone, time_of_day_ns)
    ahead_ns = (int(match[5] or 0) * 60 + int(match[6] or 0)) * NS_PER_MINUTE
    return local_ns(date, "UTC", time_of_day_ns) - (-ahead_ns if match[4] == "-" else ahead_ns)


def parse_duration(text: str) -> int:
    """Nanoseconds of "250us" (or "250µs"), "1.5s", "5m", "2h" or "0".

    Raises
    ------
    BadParameter
        When the text is not a number with a unit, or longer than nanoseconds can count.
    """
    plain = text.strip().lower().replace("µ", "u").replace("μ", "u")  # Micro sign and Greek mu.
    if plain == "0":
        return 0
    match = _DURATION.fullmatch(plain)
    if match is None:
        raise BadParameter(f"duration {text!r} is not a number with a unit; write for example 200us, 5s or 15m")
    duration_ns = round(Decimal(match[1]) * _DURATION_NS[match[2]])
    if duration_ns > LATEST_NS:
        raise BadParameter(f"duration {text!r} is longer than two hundred years; give a shorter one")
    return duration_ns


def plain_digits(number: Decimal) -> str:
    """A number with separators, all its digits and no exponent: "20,000", "0.00001"."""
    return f"{number.normalize():,f}"


def clock(time_ns: int, timezone: str = "UTC", *, fraction: bool = False) -> str:
    """The local time of day of an instant, for people: "10:00:00" or "10:00:00.000000001"."""
    seconds, rest = divmod(time_ns, NS_PER_SECOND)
    local = dt.datetime.fromtimestamp(seconds, ZoneInfo(timezone))
    text = local.strftime("%H:%M:%S")
    return f"{text}.{rest:09d}" if fraction else text
