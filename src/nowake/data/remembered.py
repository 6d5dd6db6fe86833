"""What a folder was found to hold, kept until a file in it changes: some formats must be read to say their dates.

A file beside the compiled code for each folder, named by a hash of the readers' sources, the folder and the formats
asked for; in it a hash of every path, size and time of change, and the recordings. Only looks that took long are kept.
Where nothing can be read or written, the folder is looked at anew, as if this module were not there."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nowake.data.readers.contract import Recording
from nowake.domain import errors
from nowake.domain.errors import NowakeError
from nowake.kernels.runtime import cache_folder

WORTH_S = 0.3  # A look that took less is not kept.


class _Row(msgspec.Struct, frozen=True, array_like=True):
    format: str
    venue: str
    symbols: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    files: tuple[str, ...]
    detail: str
    spans: tuple[tuple[dt.date, dt.date], ...]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    fingerprint: str
    rows: tuple[_Row, ...]
    faults: tuple[tuple[str, str, str, str], ...]  # Format, path, class of the error, its message.


def fingerprint(files: Sequence[Path]) -> str:
    """A hash that changes when a file comes, goes or changes."""
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def recall(
    root: Path, formats: Sequence[str], seen: str
) -> tuple[list[Recording], list[tuple[str, Path, NowakeError]]] | None:
    """Recordings, and files with errors, as they were when the fingerprint was this; None where nobody knows."""
    try:
        kept = msgspec.json.decode(_file(root, formats).read_bytes(), type=_Kept)
        if kept.fingerprint != seen:
            return None
        faults = [(name, Path(path), getattr(errors, kind)(message)) for name, path, kind, message in kept.faults]
    except (OSError, msgspec.MsgspecError, AttributeError):
        return None
    return [_recording(row) for row in kept.rows], faults


def remember(
    root: Path,
    formats: Sequence[str],
    seen: str,
    recordings: Sequence[Recording],
    faults: Sequence[tuple[str, Path, NowakeError]],
) -> None:
    """Keep what a folder was found to hold."""
    rows = tuple(_row(each) for each in recordings)
    reasons = tuple((name, str(path), type(error).__name__, str(error)) for name, path, error in faults)
    kept = _Kept(seen, rows, reasons)
    path = _file(root, formats)
    with contextlib.suppress(OSError, UnicodeEncodeError):  # A name of a file need not be Unicode; JSON is.
        content = msgspec.json.encode(kept)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)


def _row(of: Recording) -> _Row:
    return _Row(of.format, of.venue, of.symbols, of.first, of.last, tuple(map(str, of.files)), of.detail, of.spans)


def _recording(row: _Row) -> Recording:
    files = tuple(map(Path, row.files))
    return Recording(row.format, row.venue, row.symbols, row.first, row.last, files, row.detail, row.spans)


def _file(root: Path, formats: Sequence[str]) -> Path:
    asked = "\0".join((_hash_of_readers(), os.path.abspath(root), str(root), *formats))
    name = hashlib.sha256(asked.encode(errors="surrogateescape")).hexdigest()[:32]
    return cache_folder().parent / "catalogues" / f"{name}.json"


@functools.cache
def _hash_of_readers() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
