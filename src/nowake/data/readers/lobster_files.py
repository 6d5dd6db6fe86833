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
    return sorted(filter(None, map(parsed, folder.glob("*.csv"))), key=lambda file: file.path.name)


def pairs_of(files: Iterable[LobsterFile]) -> Iterator[Pair]:
    """Each message file with its book file, which lies in the same folder.

    That is the book of exactly its name, where it is the only book of its symbol, date and levels; else the first of
    those, its own name first, that has its number of rows.
    """
    of_day: dict[tuple[object, ...], list[LobsterFile]] = {}
    for file in files:
        of_day.setdefault((file.path.parent, file.symbol, file.date, file.levels), []).append(file)
    for same_day in of_day.values():
        books = [file for file in same_day if not file.is_message]
        for messages in (file for file in same_day if file.is_message):
            book = _book_of(messages, books)
            if book is not None:
                yield Pair(messages, book)


def pair_of(messages: Path, book: Path) -> Pair:
    """Two files of a recording as a pair."""
    message_file, book_file = parsed(messages), parsed(book)
    assert message_file is not None
    assert book_file is not None
    return Pair(message_file, book_file)


def _book_of(messages: LobsterFile, books: list[LobsterFile]) -> LobsterFile | None:
    candidates = sorted(books, key=lambda book: (book.span, book.note) != (messages.span, messages.note))
    if len(candidates) == 1 and (candidates[0].span, candidates[0].note) == (messages.span, messages.note):
        return candidates[0]
    rows = count_rows(messages.path) if candidates else 0
    return next((book for book in candidates if count_rows(book.path) == rows), None)


def count_rows(path: Path) -> int:
    """Lines of a text file; a last line without its newline counts."""
    rows, last = 0, b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            rows += chunk.count(b"\n")
            last = chunk[-1:]
    return rows + (last != b"\n")


def parsed(path: Path) -> LobsterFile | None:
    """What the name of a file says, None where it is not LOBSTER's."""
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


def why_unpaired(files: list[LobsterFile]) -> NotFound | BadData:
    """The error for files of which no two belong together, about the first and those of its day that lie beside it."""
    one = files[0]
    beside = list_files(one.path.parent)
    same = [f for f in beside if (f.symbol, f.date, f.levels) == (one.symbol, one.date, one.levels)]
    if len({file.is_message for file in same}) == 1:
        missing = "orderbook" if one.is_message else "message"
        return NotFound(f"no {missing} file stands beside {one.path.name}; LOBSTER days need both")
    counts = "; ".join(f"{file.path.name} has {count_rows(file.path):,} rows" for file in same)
    return BadData(f"no message and book file of one depth have the same number of rows: {counts}")
