"""What a folder holds: every recording a reader knows, found by content, and why other files of its format are none.

There is no index to keep up to date: the folder is the catalogue, and what it was found to hold is remembered only
until a file in it changes. One damaged file costs itself: the reader is asked again about the others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nowake.data import remembered
from nowake.data.parquet import ABOUT, named
from nowake.data.readers.contract import Recording
from nowake.data.readers.registry import FORMATS, format_of, reader_of
from nowake.data.text import shortened
from nowake.domain.errors import BadData, NotFound, NowakeError

Look = Callable[[int], None]  # Called with the number of files looked at so far.


class Fault(NamedTuple):
    """Why a file of a format is in no recording."""

    format: str
    path: Path
    error: NowakeError

    def __str__(self) -> str:
        return blamed(self.path, str(self.error))

    def is_about(self, symbol: str) -> bool:
        """Whether the file may be of a symbol, for its name or that of its folder says it; of no symbol, any file."""
        return any(symbol.casefold() in part.casefold() for part in self.path.parts[-2:])


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
        The files a reader knows that are in no recording.
    file_count
        Files looked at.
    """

    root: Path
    recordings: tuple[Recording, ...]
    faults: tuple[Fault, ...] = ()
    file_count: int = 0


def blamed(path: Path, reason: str) -> str:
    """What is wrong with a file, its name and folder said once."""
    rest = reason.removeprefix(str(path)).removeprefix(path.name).removeprefix(":").strip()
    shown = path.parts[-4:-1] if path.name == ABOUT else path.parts[-2:]  # A stored day is its folders.
    return f"{'/'.join(shown)}: {rest}"


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
    catalogue = Catalogue(root, *_all_recordings(by_format), len(files))
    if time.perf_counter() - began_s > remembered.WORTH_S:
        remembered.remember(root, formats, seen, catalogue.recordings, catalogue.faults)
    return catalogue


def _walk(root: Path) -> Iterator[Path]:
    """Regular files in the order of their names; folders reached twice through links are walked once."""
    seen: set[str] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith("."))
        names = sorted(files)
        if ABOUT in files and named(Path(folder)) is not None:
            names = [ABOUT]  # The parts of a stored day are not looked at one by one.
        if real not in seen:
            paths = (Path(folder, name) for name in names if not name.startswith("."))
            yield from (path for path in paths if path.is_file())  # No pipe, and no link to nowhere.
        seen.add(real)


def _format_among(path: Path, formats: Sequence[str]) -> str | None:
    if not formats:
        return format_of(path)
    return next((name for name in formats if reader_of(name).recognises(path)), None)


def _all_recordings(by_format: dict[str, list[Path]]) -> tuple[tuple[Recording, ...], tuple[Fault, ...]]:
    found: list[Recording] = []
    faults: list[Fault] = []
    for name, paths in by_format.items():
        of_format, left_out = _recordings(name, paths)
        found += of_format
        faults += left_out
    order = list(FORMATS)
    found.sort(key=lambda each: (order.index(each.format), each.symbols, each.first or dt.date.min, each.files))
    return tuple(found), tuple(faults)


def _recordings(name: str, paths: Sequence[Path]) -> tuple[list[Recording], list[Fault]]:
    """What a reader finds in files of its format, and what it says of each file it leaves out."""
    found, error = _tried(name, paths)
    if error is not None:
        readable = [path for path in paths if _tried(name, [path])[1] is None]
        found, error = _tried(name, readable) if readable else ([], error)
    used = {path for each in found for path in each.files}
    faults: dict[str, Fault] = {}
    for path in paths:
        if path not in used:
            why = _tried(name, [path])[1] or error or BadData(f"{path} is in no recording; another file holds the same")
            faults.setdefault(str(why), Fault(name, path, why))  # One reason may be that of two files that go together.
    return found, list(faults.values())


def _tried(name: str, paths: Sequence[Path]) -> tuple[list[Recording], NowakeError | None]:
    try:
        return reader_of(name).recordings(paths), None
    except NowakeError as error:
        return [], error
    except OSError as error:
        return [], BadData(f"{error.filename}: {error.strerror}")


def _beside(path: Path) -> Catalogue:
    """What a file is part of, together with files of its format in its folder."""
    name = format_of(path)
    if name is None:
        raise _unknown(path)
    reader = reader_of(name)
    siblings = sorted(each for each in path.parent.iterdir() if each.is_file() and reader.recognises(each))
    found = [each for each in _recordings(name, siblings)[0] if path in each.files]
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
