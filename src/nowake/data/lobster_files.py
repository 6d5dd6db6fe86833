"""Finding LOBSTER files: which message file belongs to which book file, by their names and their number of rows.

Names are SYMBOL_DATE[_START_END]_{message,orderbook}_LEVELS[_NOTE].csv, as lobsterdata.com writes them (START and
END in milliseconds after midnight); samples often lack the times or carry a note. Row k of a book file is the state
after row k of its message file, so a pair must have one number of rows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nowake.data.day import levels_in_words
from nowake.domain.errors import BadData, NotFound

_NAME = re.compile(
    r"(?P<symbol>[A-Za-z0-9.\-]+)_(?P<date>\d{4}-\d{2}-\d{2})(?:_(?P<start>\d+)_(?P<end>\d+))?"
    r"_(?P<kind>message|orderbook)_(?P<levels>\d+)(?:_(?P<note>\w+))?\.csv"
)
_CHUNK_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class LobsterFile:
    """What a file's name says of it."""

    path: Path
    symbol: str
    date: dt.date
    span: str  # "34200000_57600000", empty when the name does not say.
    levels: int
    note: str
    is_message: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A message file, its book file, and how many levels the messages cover."""

    messages: LobsterFile
    book: LobsterFile


def list_files(folder: Path) -> list[LobsterFile]:
    """Every file of a folder whose name is LOBSTER's, by name; empty when the folder is not there."""
    return sorted(filter(None, map(_parse, folder.glob("*.csv"))), key=lambda file: file.path.name)


def pairs(files: list[LobsterFile]) -> Iterator[tuple[Pair, int]]:
    """Pairs of one number of rows, and that number.

    A message file goes with the book of exactly its name where that has its number of rows, else with the first of
    its symbol, date and levels that has.
    """
    for messages in (file for file in files if file.is_message):
        candidates = [
            book
            for book in files
            if not book.is_message
            and (book.symbol, book.date, book.levels) == (messages.symbol, messages.date, messages.levels)
        ]
        candidates.sort(key=lambda book: (book.span, book.note) != (messages.span, messages.note))
        rows = count_rows(messages.path) if candidates else 0
        for book in candidates:
            if count_rows(book.path) == rows:
                yield Pair(messages, book), rows
                break


def choose_pair(folder: Path, symbol: str, date: dt.date | None, levels: int | None = None) -> Pair:
    """The longest pair of a symbol and date (then the deepest).

    Raises
    ------
    NotFound
        When the symbol, the date or the book is not there, or several dates are and none was given; the message
        lists what there is.
    BadData
        When message and book files are there but none have the same number of rows.
    """
    files = list_files(folder)
    if not files:
        raise NotFound(
            f"{folder} holds no LOBSTER files (SYMBOL_DATE_..._message_LEVELS.csv); set NOWAKE_DATA to the data folder"
        )
    of_symbol = [file for file in files if file.symbol == symbol]
    if not of_symbol:
        raise NotFound(f"symbol {symbol!r} is not in {folder}; there are {_listed({f.symbol for f in files})}")
    dates = {file.date for file in of_symbol}
    if date is None and len(dates) > 1:
        raise NotFound(f"{symbol} is there for {_listed(map(str, dates))}; give one of these dates")
    date = date or dates.pop()
    of_date = [file for file in of_symbol if file.date == date and levels in {None, file.levels}]
    if not of_date:
        there = _listed({f"{file.date} with {levels_in_words(file.levels)}" for file in of_symbol})
        wanted = f"{date}" if levels is None else f"{date} with {levels_in_words(levels)}"
        raise NotFound(f"{symbol} has no files for {wanted}; there is {there}")
    found = list(pairs(of_date))
    if not found:
        raise _no_pair(of_date)
    return max(found, key=lambda pair: (pair[1], pair[0].messages.levels))[0]


def count_rows(path: Path) -> int:
    """Lines of a text file; a last line without its newline counts."""
    rows, last = 0, b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            rows += chunk.count(b"\n")
            last = chunk[-1:]
    return rows + (last != b"\n")


def _parse(path: Path) -> LobsterFile | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    try:
        date = dt.date.fromisoformat(match["date"])
    except ValueError:
        return None
    span = f"{match['start']}_{match['end']}" if match["start"] else ""
    kind = match["kind"] == "message"
    return LobsterFile(path, match["symbol"], date, span, int(match["levels"]), match["note"] or "", kind)


def _no_pair(files: list[LobsterFile]) -> NotFound | BadData:
    counts = "; ".join(f"{file.path.name} has {count_rows(file.path):,} rows" for file in files)
    kinds = {file.is_message for file in files}
    if len(kinds) == 1:
        missing = "orderbook" if kinds == {True} else "message"
        return NotFound(f"no {missing} file stands beside {files[0].path.name}; LOBSTER days need both")
    return BadData(f"no message and book file of one depth have the same number of rows: {counts}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
