"""What a folder holds: every recording a reader knows, found by content, and the one a name like "dbn:ESH4" means.

A recording is named FORMAT:SYMBOL, and where that is not enough FORMAT:SYMBOL:DETAIL or FORMAT:SYMBOL@VENUE or both;
DETAIL is the reader's word (levels, resolution) or the name of a folder the files lie in. There is no index to keep up
to date: the folder is the catalogue, and what it was found to hold is remembered only until a file in it changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nowake.data import remembered
from nowake.data.parquet import ABOUT, named
from nowake.data.readers.contract import Recording
from nowake.data.readers.registry import FORMATS, format_of, reader_of
from nowake.data.text import shortened
from nowake.domain.errors import BadData, BadParameter, NotFound, NowakeError

_FULLEST_WINS = {"lobster"}  # Depths of one day are cuts of the same messages: the longest, then the deepest, has all.
_LISTED = 12  # Names in a message.

Look = Callable[[int], None]  # Called with the number of files looked at so far.


@dataclasses.dataclass(frozen=True, slots=True)
class Catalogue:
    """Recordings under a folder, in a fixed order.

    Parameters
    ----------
    root
        The folder.
    recordings
        By format, symbol and date.
    faults
        Why files a reader knows are in no recording.
    file_count
        Files looked at.
    """

    root: Path
    recordings: tuple[Recording, ...]
    faults: tuple[Fault, ...] = ()
    file_count: int = 0


class Fault(NamedTuple):
    """Why files of a format are in no recording."""

    format: str
    error: NowakeError


class Choice(NamedTuple):
    """One day of one symbol in a recording; no date where the files and the caller say none."""

    recording: Recording
    symbol: str
    date: dt.date | None


class Name(NamedTuple):
    """What a caller says of a recording; empty where nothing is said."""

    symbol: str = ""
    detail: str = ""
    venue: str = ""


def look(root: Path, formats: Sequence[str] = (), *, progress: Look | None = None) -> Catalogue:
    """Everything under a folder, or in a file and those beside it that belong to it.

    Parameters
    ----------
    root
        A folder, walked to any depth but for names that begin with a dot; or a file.
    formats
        Only these; empty for all.
    progress
        Called after each file.

    Raises
    ------
    NotFound
        When there is no such file or folder.
    BadData
        When it is a file that is empty, or of no known format.
    """
    if root.is_file():
        return _beside(root)
    if not root.is_dir():
        raise NotFound(f"{root} is not there; set NOWAKE_DATA, or --root, to the folder that holds the data")
    files = list(_walk(root))
    seen, began_s = remembered.fingerprint(files), time.perf_counter()
    known_before = remembered.recall(root, formats, seen)
    if known_before is not None:
        found, faults = known_before
        return Catalogue(root, tuple(found), tuple(Fault(*fault) for fault in faults), len(files))
    by_format: dict[str, list[Path]] = {}
    for count, path in enumerate(files, start=1):
        name = _format_among(path, formats)
        if name is not None:
            by_format.setdefault(name, []).append(path)
        if progress is not None:
            progress(count)
    catalogue = Catalogue(root, *_recordings(by_format), len(files))
    if time.perf_counter() - began_s > remembered.WORTH_S:
        remembered.remember(root, formats, seen, catalogue.recordings, catalogue.faults)
    return catalogue


def choose(catalogue: Catalogue, name: Name, date: dt.date | None, *, format_name: str = "") -> Choice:
    """The one recording that a name and a date mean.

    Raises
    ------
    NotFound
        When none does, or several do for want of a date or a symbol; the message lists what is there.
    BadParameter
        When several do for want of a venue or detail; the message says what to write.
    """
    candidates = [each for each in catalogue.recordings if not format_name or each.format == format_name]
    if not candidates:
        raise _nothing_there(catalogue, format_name)
    symbol = name.symbol or _only_symbol(catalogue, candidates)
    of_symbol = [each for each in candidates if has(each, symbol)]
    if not of_symbol:
        raise _no_symbol(catalogue, symbol, candidates)
    wanted = [each for each in of_symbol if _fits(each, name, catalogue.root)]
    if not wanted:
        said = " ".join(filter(None, (name.detail, name.venue and f"at {name.venue}")))
        raise NotFound(f"{symbol} is not there as {said}; there is {_listed(specs(of_symbol, symbol))}")
    on_date = _on_date(wanted, symbol, date)
    if len(on_date) > 1:
        on_date = _resolved(on_date, symbol)
    (one,) = on_date
    return Choice(one, _spelled(one, symbol), date or one.first)


def names(text: str) -> Iterator[Name]:
    """What SYMBOL[:DETAIL][@VENUE] may mean, the plainest first: symbols may hold these signs themselves."""
    yield Name(text)
    rest, at, venue = text.rpartition("@")
    if at:
        yield Name(rest, "", venue)
    for body, where in ((rest, venue), (text, "")) if at else ((text, ""),):
        symbol, colon, detail = body.rpartition(":")
        if colon:
            yield Name(symbol, detail, where)


def chosen(catalogue: Catalogue, text: str, date: dt.date | None, *, format_name: str = "") -> Choice:
    """`choose` for SYMBOL[:DETAIL][@VENUE]; errors are of the reading whose symbol is there."""
    readings = list(names(text))
    there = [each for each in readings if any(has(recording, each.symbol) for recording in catalogue.recordings)]
    return choose(catalogue, (there or readings[-1:])[0], date, format_name=format_name)


def all_of(catalogue: Catalogue, text: str, *, format_name: str = "") -> tuple[list[Recording], str]:
    """Every recording SYMBOL[:DETAIL][@VENUE] may mean, whatever its dates, and the symbol; errors as for `choose`."""
    candidates = [each for each in catalogue.recordings if not format_name or each.format == format_name]
    for name in names(text):
        found = [each for each in candidates if has(each, name.symbol) and _fits(each, name, catalogue.root)]
        if found:
            return found if name.detail else fullest(found), _spelled(found[0], name.symbol)
    chosen(catalogue, text, None, format_name=format_name)  # Says what is there instead.
    raise AssertionError(text)


def fullest(recordings: Sequence[Recording]) -> list[Recording]:
    """Recordings without those that are cuts of another one given, which holds all they hold."""
    kept = []
    for each in recordings:
        same = [
            other
            for other in recordings
            if (other.format, other.venue, other.symbols, other.first)
            == (each.format, each.venue, each.symbols, each.first)
        ]
        if each.format not in _FULLEST_WINS or each == max(same, key=_fullness):
            kept.append(each)
    return kept


def specs(recordings: Sequence[Recording], symbol: str) -> list[str]:
    """The shortest names of recordings of a symbol that tell those apart that share a date; paths where none do."""
    several_venues = len({each.venue for each in recordings}) > 1
    plain = [_plain_spec(each, symbol) for each in recordings]
    placed = [f"@{each.venue}" if several_venues else "" for each in recordings]
    for detailed in (
        [""] * len(recordings),
        [f":{each.detail}" if each.detail else "" for each in recordings],
        [f":{each.files[0].parent.name}" for each in recordings],
    ):
        tried = [one + two + three for one, two, three in zip(plain, detailed, placed, strict=True)]
        pairs = itertools.combinations(zip(tried, recordings, strict=True), 2)
        if not any(one == other and _overlap(first, second) for (one, first), (other, second) in pairs):
            return tried
    return [str(each.files[0]) for each in recordings]


def _plain_spec(recording: Recording, symbol: str) -> str:
    """A day of a store is found through the store's folder."""
    if recording.format == "parquet":
        return f"parquet:{recording.files[0].parents[3]}:{symbol}"
    return f"{recording.format}:{symbol}"


def _overlap(one: Recording, other: Recording) -> bool:
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return True
    return one.first <= other.last and other.first <= one.last


def _walk(root: Path) -> Iterator[Path]:
    """Files in the order of their names; folders reached twice through links are walked once."""
    seen: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith("."))
        names = sorted(files)
        if ABOUT in files and named(Path(folder)) is not None:
            names = [ABOUT]  # The parts of a stored day are not looked at one by one.
        if real not in seen:
            yield from (Path(folder, name) for name in names if not name.startswith("."))
        seen.add(real)


def _format_among(path: Path, formats: Sequence[str]) -> str | None:
    if not formats:
        return format_of(path)
    return next((name for name in formats if reader_of(name).recognises(path)), None)


def _recordings(by_format: dict[str, list[Path]]) -> tuple[tuple[Recording, ...], tuple[Fault, ...]]:
    found: list[Recording] = []
    faults: list[Fault] = []
    for name, paths in by_format.items():
        try:
            found += reader_of(name).recordings(paths)
        except (NowakeError, OSError) as error:
            faults.append(Fault(name, _ours(error)))
            continue
        used = {path for each in found for path in each.files}
        left = [path for path in paths if path not in used]
        if left:
            faults.append(Fault(name, _why_left(name, left)))
    order = list(FORMATS)
    found.sort(key=lambda each: (order.index(each.format), each.symbols, each.first or dt.date.min, each.files))
    return tuple(found), tuple(faults)


def _ours(error: NowakeError | OSError) -> NowakeError:
    return error if isinstance(error, NowakeError) else BadData(f"{error.filename}: {error.strerror}")


def _why_left(name: str, left: list[Path]) -> NowakeError:
    """What the reader says of files on their own that it put into no recording."""
    try:
        reader_of(name).recordings(left)
    except (NowakeError, OSError) as error:
        return _ours(error)
    others = f", nor are {len(left) - 1} others" if len(left) > 1 else ""
    return BadData(f"{left[0].name} is in no recording{others}")


def _beside(path: Path) -> Catalogue:
    """What a file is part of, together with files of its format in its folder."""
    name = format_of(path)
    if name is None:
        raise _unknown(path)
    reader = reader_of(name)
    siblings = sorted(each for each in path.parent.iterdir() if each.is_file() and reader.recognises(each))
    try:
        found = [each for each in reader.recordings(siblings) if path in each.files]
    except BadData:
        found = []  # Another file may be the damaged one.
    return Catalogue(path, tuple(found or reader.recordings([path])), (), 1)


def _unknown(path: Path) -> BadData:
    with path.open("rb") as stream:
        head = stream.read(24)
    if not head:
        return BadData(f"{path} is empty; copy it again")
    shown = shortened(head.decode("latin-1"), 24)
    return BadData(
        f"{path} is of no format that is known ({', '.join(FORMATS)}): it begins with {shown!r}; a table of your own "
        "is read by nowake.data.tables and checked with --table"
    )


def has(recording: Recording, symbol: str) -> bool:
    """Whether a symbol is, or may be, in a recording; upper and lower case are one."""
    return not recording.symbols or symbol.casefold() in {each.casefold() for each in recording.symbols}


def _spelled(recording: Recording, symbol: str) -> str:
    """A symbol as the recording spells it."""
    if symbol in recording.symbols:
        return symbol
    return next((each for each in recording.symbols if each.casefold() == symbol.casefold()), symbol)


def _fits(recording: Recording, name: Name, root: Path) -> bool:
    if name.venue and name.venue.casefold() != recording.venue.casefold():
        return False
    return not name.detail or name.detail in {recording.detail, *_folders(recording, root)}


def _folders(recording: Recording, root: Path) -> tuple[str, ...]:
    """Names of the folders between the root and the files."""
    path = recording.files[0]
    return path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()


def _on_date(recordings: list[Recording], symbol: str, date: dt.date | None) -> list[Recording]:
    if date is not None:
        found = [
            each
            for each in recordings
            if each.first is None or (each.first <= date and (each.last is None or date <= each.last))
        ]
        if not found:
            raise NotFound(f"{symbol} has nothing on {date}; there is {_listed(_spans(recordings))}")
        return found
    dated = {(each.first, each.last) for each in recordings if each.first is not None}
    if len(dated) > 1 or any(first != last for first, last in dated):
        raise NotFound(f"{symbol} is there for {_listed(_spans(recordings))}; give one of these dates")
    return recordings


def _spans(recordings: Iterable[Recording]) -> list[str]:
    """Dates, and spans of dates, in order."""
    spans = {(each.first, each.last) for each in recordings if each.first is not None}
    return [f"{first}" if first == last else f"{first} to {last}" for first, last in sorted(spans, key=str)]


def _resolved(several: list[Recording], symbol: str) -> list[Recording]:
    """The one that holds the others, where one does."""
    alike = {(each.format, each.venue) for each in several}
    if len(alike) == 1 and several[0].format in _FULLEST_WINS:
        return [max(several, key=_fullness)]
    raise BadParameter(f"{symbol} is there {len(several)} times; write {' or '.join(specs(several, symbol))}")


def _fullness(recording: Recording) -> tuple[int, int]:
    return recording.files[0].stat().st_size, int(recording.detail or 0)


def _only_symbol(catalogue: Catalogue, recordings: list[Recording]) -> str:
    symbols = sorted({symbol for each in recordings for symbol in each.symbols})
    if len(symbols) == 1 and all(each.symbols for each in recordings):
        return symbols[0]
    there = f"holds {len(symbols):,} symbols, {_listed(symbols)}" if symbols else "does not name its symbols"
    raise NotFound(f"{catalogue.root} {there}; say which, with --symbol or as {catalogue.root}:SYMBOL")


def _no_symbol(catalogue: Catalogue, symbol: str, candidates: list[Recording]) -> NotFound:
    formats = {each.format for each in candidates}
    symbols = sorted({one for each in candidates for one in each.symbols})
    faults = "".join(f"; {fault.error}" for fault in catalogue.faults if fault.format in formats)
    return NotFound(f"symbol {symbol!r} is not in {catalogue.root}; there are {_listed(symbols)}{faults}")


def _nothing_there(catalogue: Catalogue, format_name: str) -> NowakeError:
    for fault in catalogue.faults:
        if format_name in {"", fault.format}:
            return fault.error
    what = f"{format_name} files" if format_name else "market data of a format that is known"
    seen = f"{catalogue.file_count:,} files were looked at; " if catalogue.file_count else ""
    return NotFound(
        f"{catalogue.root} holds no {what}; {seen}set NOWAKE_DATA, or --root, to the folder that holds them"
    )


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _LISTED:,} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more
