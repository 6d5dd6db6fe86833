"""What people see: tables on standard output, progress on standard error, JSON for machines."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import click
import msgspec

if TYPE_CHECKING:
    from nowake.reports.table import Table

_PLAIN = {
    "\u00a0": " ",
    "─": "-",
    "━": "-",
    "–": "-",
    "−": "-",
    "±": "+-",
    "·": ".",
    "’": "'",
    "√": "sqrt",
    "σ": "sigma",
    "λ": "lambda",
}
_LEAD = re.compile(r"- |\S+(?: \S+)? {2,}| +")


def show(*tables: Table) -> None:
    """Print tables, each with its notes, one blank line apart; into a pipe without colours and trailing blanks."""
    from nowake.reports.tables import render, rich_table  # noqa: PLC0415

    if not sys.stdout.isatty():
        for table in tables:
            click.echo(f"{render(table, width=width())}\n")
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    for table in tables:
        console.print(rich_table(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))
        console.print()


def say(text: str) -> None:
    """Print text, its long lines broken between words; what follows "- " or a name in a column stays beside it."""
    for line in text.split("\n"):
        click.echo(_broken(line, width()))


def width() -> int:
    """Characters in a line: as many as the terminal has, else as the variable COLUMNS says, else 110."""
    return shutil.get_terminal_size((110, 24)).columns


def _broken(line: str, most: int) -> str:
    """A line in as many as it takes, the later ones indented to where the first one's words begin."""
    lead = _LEAD.match(line)
    indent = " " * (lead.end() if lead else 0)
    parts = textwrap.wrap(
        line, max(most, len(indent) + 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True, replace_whitespace=False,
    )  # fmt: skip
    return "\n".join(parts)


def show_json(value: object) -> None:
    """Print one JSON document; what cannot be computed is null."""
    try:
        encoded = msgspec.json.encode(value, enc_hook=_of_numpy)
    except UnicodeEncodeError:  # The name of a file need not be Unicode.
        encoded = msgspec.json.encode(_printable(msgspec.to_builtins(value, enc_hook=_of_numpy)))
    text = msgspec.json.format(encoded, indent=2).decode()
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # JSON has its own spelling of what a screen's encoding lacks.
        text = json.dumps(json.loads(text), indent=2)
    click.echo(text)


def spell_out(*streams: TextIO | None) -> None:
    """What a stream's encoding lacks (that of a pipe on Windows, say) becomes a plain character, not an error."""
    codecs.register_error("nowake", _spelt)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="nowake")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError), "nothing is read"
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in text), error.end


def _of_numpy(value: object) -> object:
    """Numbers of numpy as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} has no form in JSON")


def _printable(plain: object) -> object:
    if isinstance(plain, str):
        return plain.encode(errors="backslashreplace").decode()
    if isinstance(plain, dict):
        return {_printable(key): _printable(value) for key, value in plain.items()}
    return [_printable(each) for each in plain] if isinstance(plain, list | tuple) else plain


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A spinner on standard error that says what is being done; nothing where nobody looks."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: click.echo(f"{text} ...", err=True)
        return
    with console.status("") as status:
        yield lambda text: status.update(f"{text} ...")


@contextlib.contextmanager
def waiting(text: str) -> Iterator[None]:
    """A spinner on standard error while one thing is done that may take long; nothing where nobody looks."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status(f"{text} ...") if console.is_terminal else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def progress_bar(text: str, start: int, end: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error from `start` to `end`; nothing where nobody looks."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn(text), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=end - start)
        yield lambda at: bar.update(task, completed=at - start)


@contextlib.contextmanager
def counted(text: str) -> Iterator[Callable[[int], None]]:
    """A growing count on standard error; nothing where nobody looks."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield lambda count: status.update(f"{count:,} {text}") if count % 50 == 0 else None


@contextlib.contextmanager
def bytes_bar(text: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error of bytes read, with their rate and what is left; nothing where nobody looks.

    It is handed the bytes read so far and the bytes in all, which may become known only then.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _, __: None
        return
    columns = (TextColumn(text), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)
