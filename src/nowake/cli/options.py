"""Options that several commands share: which day, which order, how to answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.domain.order import ParentOrder

Function = TypeVar("Function", bound=Callable[..., Any])


def day_options(function: Function) -> Function:
    """SOURCE, --date, --symbol, --root and --multiplier: the day. The command is handed `day`, loaded."""

    @click.argument("source", default="", metavar="[SOURCE]")
    @click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
    @click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
    @click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
    @click.option("--multiplier", help="What one unit of quantity is worth for one unit of price: 50 for ES futures.")
    @functools.wraps(function)
    def wrapper(
        *args: Any,
        source: str,
        date: str | None,
        symbol: str,
        root: str | None,
        multiplier: str | None,
        **options: Any,
    ) -> Any:
        return function(*args, day=load(source, date, root, symbol=symbol, multiplier=multiplier), **options)

    return wrapper  # type: ignore[return-value]


def order_options(function: Function) -> Function:
    """--buy or --sell, --start, --end and --limit. The command is handed `order`, made for its `day`."""

    @click.option("--buy", metavar="QUANTITY", help="Buy this many shares.")
    @click.option("--sell", metavar="QUANTITY", help="Sell this many shares.")
    @click.option(
        "--start",
        metavar="HH:MM",
        help="When to begin, local time of the venue, or YYYY-MM-DDTHH:MM. Default: the open.",
    )
    @click.option("--end", metavar="HH:MM", help="When to be done. Default: the close.")
    @click.option("--limit", metavar="PRICE", help="Worst acceptable price.")
    @functools.wraps(function)
    def wrapper(
        *args: Any,
        day: Day,
        buy: str | None,
        sell: str | None,
        start: str | None,
        end: str | None,
        limit: str | None,
        **options: Any,
    ) -> Any:
        order = _order(day, buy, sell, start=start, end=end, limit=limit)
        return function(*args, day=day, order=order, **options)

    return wrapper  # type: ignore[return-value]


def json_option(function: Function) -> Function:
    """--json: answer with one JSON document instead of tables."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")(function)


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


def _order(
    day: Day, buy: str | None, sell: str | None, *, start: str | None, end: str | None, limit: str | None
) -> ParentOrder:
    from nowake.domain.order import ParentOrder  # noqa: PLC0415

    if (buy is None) == (sell is None):
        given = "both --buy and --sell" if buy is not None else "neither --buy nor --sell"
        raise BadParameter(f"{given} given; give one of them with a quantity, for example --buy 20000")
    make, quantity = (ParentOrder.buy, buy) if buy is not None else (ParentOrder.sell, sell)
    assert quantity is not None
    session = day.instrument.session
    return make(
        day.instrument,
        quantity.replace("_", "").replace(",", ""),
        start=session.open_ns if start is None else start,
        end=session.close_ns if end is None else end,
        limit=limit,
    )
