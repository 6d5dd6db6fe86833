"""Days of a source between two dates, for commands that look at several."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from nowake.cli.options import load
from nowake.cli.screen import progress_bar
from nowake.domain.errors import BadParameter, NotFound

if TYPE_CHECKING:
    from nowake.data.day import Day

_MOST_DAYS = 400


def days_between(source: str, first: dt.date, last: dt.date, root: str | None, symbol: str = "") -> list[Day]:
    """Every day there is from one date to another, both included, in the order of time.

    Raises
    ------
    BadParameter
        When the dates are the wrong way round, or too far apart.
    NotFound
        When there is no day between them.
    """
    if last < first:
        raise BadParameter(f"there is no day from {first} to {last}; give the earlier date first")
    if (last - first).days >= _MOST_DAYS:
        raise BadParameter(f"{(last - first).days + 1} days from {first} to {last} are more than {_MOST_DAYS} at once")
    found, count = [], (last - first).days + 1
    with progress_bar(f"loading {source}", 0, count) as tell:
        for number in range(count):
            with contextlib.suppress(NotFound):  # A weekend, a holiday, or a day nobody recorded.
                found.append(load(source, f"{first + dt.timedelta(days=number)}", root, symbol=symbol))
            tell(number + 1)
    if not found:
        raise NotFound(f"{source} has no day from {first} to {last}; `nowake data info` lists what there is")
    return found


def days_before(source: str, date: dt.date, since: str, root: str | None, symbol: str = "") -> list[Day]:
    """Every day from a date up to, not including, the day asked for; errors as `days_between`."""
    if not source:
        raise BadParameter(f"--since {since} needs a SOURCE with several days; the demo has one")
    if dt.date.fromisoformat(since) >= date:
        raise BadParameter(f"--since {since} is no day before {date}; give an earlier one")
    return days_between(source, dt.date.fromisoformat(since), date - dt.timedelta(days=1), root, symbol)
