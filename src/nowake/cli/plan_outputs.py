"""What `nowake plan` writes beside what it shows: the page and the trade list, of one order as of a basket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import check_file
from nowake.cli.plan_given import refuse_overwriting
from nowake.cli.screen import say
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.reports.trade_list import Trade

_SCREEN = "-"


def check_outputs(options: dict[str, Any]) -> None:
    """Refuse files that cannot be written, before the work.

    Raises
    ------
    BadParameter
        When two answers are asked for on standard output, or a file would overwrite another of the command.
    OSError
        As `check_file`.
    """
    refuse_overwriting()
    check_file(options["html"], in_new_folder=True)
    if options["out"] != _SCREEN:
        check_file(options["out"])
    else:
        for name, asked in (("json", options["as_json"]), ("frontier", options["frontier"])):
            if asked:
                raise BadParameter(f"--out - and --{name} both answer on standard output; write the list to a file")


def write_list(options: dict[str, Any], rows: Iterable[Trade]) -> bool:
    """Write the trade list where it is asked for; whether that was standard output, which then has nothing else."""
    from nowake.reports.trade_list import trades_text, write_trades  # noqa: PLC0415

    if options["out"] == _SCREEN:
        click.echo(trades_text(rows), nl=False)
        return True
    if options["out"] is not None:
        write_trades(options["out"], rows)
    return False


def tell_written(options: dict[str, Any], *, of: str = "") -> None:
    """Say which files were written; `of` is the plan the trade list is of, where there are several."""
    for name, what in (("html", ""), ("out", f", the trades of {of}" if of else "")):
        if options[name] is not None:
            say(f"written to {options[name]}{what}")
