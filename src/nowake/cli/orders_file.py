"""How a file of executed orders is read, for all commands that take one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.data.orders import OrdersRead

Function = TypeVar("Function", bound=Callable[..., Any])


def orders_file(function: Function) -> Function:
    """--column, --calendar, --timezone, --time-unit, --volatility-in, --strict, --keep-going: for `read_file`."""
    decorators = (
        click.option("--column", "columns", multiple=True, metavar="YOURS=OURS", help="What a column of the file is."),
        click.option("--calendar", default="XNYS", show_default=True, help="Whose sessions count an order's days."),
        click.option("--timezone", help="Of times that name none. Default: the calendar's."),
        click.option("--time-unit", default="iso", show_default=True, help="iso, or ns, us, ms, s since the epoch."),
        click.option(
            "--volatility-in",
            type=click.Choice(["fraction", "percent"]),
            default="fraction",
            show_default=True,
            help="Unit of the file's volatility: 0.02 or 2 for 2 % a day.",
        ),
        click.option("--strict", is_flag=True, help="Refuse the file at its first order that cannot be used."),
        click.option("--keep-going", is_flag=True, help="Leave such orders out, also when they are many."),
    )
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def read_file(path: str, options: dict[str, Any]) -> OrdersRead:
    """The orders of a file; what was left out is told on standard error."""
    from nowake.data.column_names import MissingColumns  # noqa: PLC0415
    from nowake.data.orders import read_orders  # noqa: PLC0415

    try:
        found = read_orders(
            path,
            pairs("--column", options["columns"], "YOURS=OURS"),
            calendar=options["calendar"],
            timezone=options["timezone"],
            time_unit=options["time_unit"],
            volatility_in=options["volatility_in"],
            strict=True if options["strict"] else False if options["keep_going"] else None,
        )
    except MissingColumns as error:
        raise BadParameter(error.in_shell()) from None
    if found.message:
        click.echo(f"nowake: {found.message}", err=True)
    return found


def pairs(option: str, texts: tuple[str, ...], form: str) -> dict[str, str]:
    """NAME=VALUE of an option that may be repeated."""
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise BadParameter(f"{option} {text!r} is not of the form {form}")
        found[name] = value
    return found
