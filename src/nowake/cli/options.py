"""Options that several commands share: which day, which order, how to answer."""

from __future__ import annotations

import datetime as dt
import errno
import functools
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.domain.order import ParentOrder

Function = TypeVar("Function", bound=Callable[..., Any])
Check = Callable[[dict[str, Any]], None]


def day_and_order(check: Check | None = None, *, unless: str = "") -> Callable[[Function], Function]:
    """SOURCE, --date, --symbol, --root, --multiplier: the day; --buy or --sell, --start, --end, --limit: the order.

    The command is handed `day`, loaded, and `order`, made for it. What can be seen to be wrong without the day is told
    before it is loaded; `check` is handed the command's other options for that. Where the option named `unless` is
    given there is no one order: the command is handed None for both, and `date`. Such a command is handed `load_source`
    too, which loads another day of the same root and date, and `root`.
    """

    def decorate(function: Function) -> Function:
        @click.argument("source", default="", metavar="[SOURCE]")
        @click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
        @click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
        @click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
        @click.option(
            "--multiplier", help="What one unit of quantity is worth for one unit of price: 50 for ES futures."
        )
        @click.option("--buy", metavar="QUANTITY", help="Buy this many shares, contracts or coins.")
        @click.option("--sell", metavar="QUANTITY", help="Sell this many.")
        @click.option(
            "--start",
            metavar="HH:MM",
            help="When to begin, local time of the venue, or YYYY-MM-DDTHH:MM. Default: the open.",
        )
        @click.option("--end", metavar="HH:MM", help="When to be done. Default: the close.")
        @click.option("--limit", metavar="PRICE", help="Worst acceptable price.")
        @functools.wraps(function)
        def wrapper(*args: Any, **options: Any) -> Any:
            asked = Asked(*(options.pop(name) for name in Asked._fields))
            named = {name: options.pop(name) for name in ("source", "date", "symbol", "root", "multiplier")}
            if unless:
                options["load_source"] = functools.partial(load, date=named["date"], root=named["root"])
                options["root"] = named["root"]
            if unless and options[unless]:
                _refuse_one_order(unless, asked, named)
                return function(*args, day=None, order=None, date=named["date"], **options)
            _check_asked(asked)
            if check is not None:
                check(options)
            day = load(named["source"], named["date"], named["root"], **_only(named, "symbol", "multiplier"))
            return function(*args, day=day, order=_order(day, asked), **options)

        return wrapper  # type: ignore[return-value]

    return decorate


class Asked(NamedTuple):
    """An order as it is written on the command line."""

    buy: str | None
    sell: str | None
    start: str | None
    end: str | None
    limit: str | None

    @property
    def quantity(self) -> str:
        """How much, without separators."""
        from nowake.domain.instrument import without_separators  # noqa: PLC0415

        return without_separators(self.buy if self.buy is not None else self.sell or "", "quantity")


def json_option(function: Function) -> Function:
    """--json: answer with one JSON document instead of tables."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")(function)


def typed() -> str:
    """The command as it was typed, for the foot of a page."""
    return shlex.join(("nowake", *sys.argv[1:]))


def load(source: str, date: str | None, root: str | None, *, symbol: str = "", multiplier: str | None = None) -> Day:
    """The day named on the command line; without a name the demo's."""
    from nowake.data.load import default_day, load_day  # noqa: PLC0415

    if date and not source:
        raise BadParameter(f"--date {date} needs a SOURCE; write for example lobster:AMZN --date {date}")
    if symbol and not source:
        raise BadParameter(f"--symbol {symbol} needs a SOURCE; write for example lobster:{symbol}")
    if multiplier and not source:
        raise BadParameter(f"--multiplier {multiplier} needs a SOURCE; the demo's day is of shares")
    return load_day(source, date, root=root, symbol=symbol, multiplier=multiplier) if source else default_day(root)


def check_writable(path: str | None) -> None:
    """Refuse a file that could not be written in the end, before the work for it is done.

    Raises
    ------
    OSError
        When what would be its folder is a file, or may not be written.
    """
    if path is None:
        return
    place = Path(path)
    if not (path.endswith(os.sep) or place.is_dir()):
        place = place.parent
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def check_file(path: str | None, *, in_new_folder: bool = False) -> None:
    """The same of a file that is written whole; also a folder, and a file that everybody is kept from writing.

    Raises
    ------
    OSError
        As `check_writable`; also when its folder is not there, unless it is made.
    """
    if path is None:
        return
    target = Path(path)
    if target.is_dir() or path.endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if target.exists() and not (target.stat().st_mode & 0o222 and os.access(target, os.W_OK)):
        raise PermissionError(errno.EACCES, "it may only be read", path)
    if not in_new_folder and not target.parent.exists():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {target.parent}", path)
    if not target.exists():
        check_writable(path)


def check_date(option: str, text: str | None) -> None:
    """Refuse a date that is none before the work.

    Raises
    ------
    BadParameter
        When it is no YYYY-MM-DD.
    """
    try:
        dt.date.fromisoformat(text or "2000-01-01")
    except ValueError:
        raise BadParameter(f"{option} {text!r} is not a date; write YYYY-MM-DD") from None


def _only(named: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: named[name] for name in names}


def _refuse_one_order(unless: str, asked: Asked, named: dict[str, Any]) -> None:
    given = [f"--{name}" for name, value in asked._asdict().items() if value is not None]
    given += [f"SOURCE {named['source']}"] if named["source"] else []
    if given:
        raise BadParameter(f"{given[0]} is for one order, and --{unless} has its own; leave one of them out")
    for name in ("multiplier", "symbol"):
        if named[name]:
            raise BadParameter(f"--{name} is of one order; write a column {name} into the file of --{unless}")


def _check_asked(asked: Asked) -> None:
    """What is wrong with an order whatever the day."""
    from nowake.domain.instrument import parse_number  # noqa: PLC0415

    if (asked.buy is None) == (asked.sell is None):
        given = "both --buy and --sell" if asked.buy is not None else "neither --buy nor --sell"
        raise BadParameter(f"{given} given; give one of them with a quantity, for example --buy 20000")
    quantity = parse_number(asked.quantity, "quantity")
    if not (quantity.is_finite() and quantity > 0):
        raise BadParameter(f"quantity {asked.quantity} must be above 0 and finite")
    if asked.limit is not None:
        parse_number(asked.limit, "limit")
    check_moments(asked.start, asked.end)


def check_moments(*moments: str | None) -> None:
    """Refuse what is neither a time of day nor a date and a time.

    Raises
    ------
    BadParameter
        With what is wrong with the first such.
    """
    from nowake.domain.units import is_date_time, parse_date_time, parse_time_of_day  # noqa: PLC0415

    for moment in filter(None, moments):
        if is_date_time(moment):
            parse_date_time(moment, "UTC")
        else:
            parse_time_of_day(moment)


def _order(day: Day, asked: Asked) -> ParentOrder:
    from nowake.domain.order import ParentOrder  # noqa: PLC0415

    session = day.instrument.session
    make = ParentOrder.buy if asked.buy is not None else ParentOrder.sell
    return make(
        day.instrument,
        asked.quantity,
        start=session.open_ns if asked.start is None else asked.start,
        end=session.close_ns if asked.end is None else asked.end,
        limit=asked.limit,
    )
