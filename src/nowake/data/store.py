"""Writing days as they come, piece by piece, into a folder of stored days (`nowake.data.parquet` says how they lie).

Rows wait in memory until a part is full, or until all that waits is more than a budget: then the longest tables are
written, so that a file of thousands of symbols needs no more memory than the budget. Everything is written into a
folder aside, whose name begins with `.writing-`, and moved in place day by day when a recording is done: a conversion
that is stopped leaves whole days or none. What a killed one left aside is taken away by the next, which knows by a lock
that nobody writes there any more."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

import msgspec
import polars as pl

from nowake.data import parquet, schema
from nowake.data.assemble import Key, key_of
from nowake.data.day import Day, Resyncs
from nowake.data.findings import NOTHING_FOUND, Findings
from nowake.data.parquet import ABOUT, TABLES, MadeOf, Stored
from nowake.data.readers.contract import PIECE_EVENTS, Piece
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument

BUDGET_BYTES = 256 << 20
_ASIDE = ".writing-"
_LOCK = "lock"

Fate = Literal["written", "unchanged"]


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A day that is now in the store: where, the rows of its tables, and whether it was there before."""

    key: Key
    folder: Path
    rows: dict[str, int]
    size_bytes: int
    fate: Fate


@dataclasses.dataclass(slots=True, eq=False)
class _Open:
    """A day that is being written: rows that wait, and rows of the parts on disk."""

    folder: Path
    instrument: Instrument
    origin: Origin
    depth: int = 0
    findings: Findings = NOTHING_FOUND
    resyncs: Resyncs | None = None
    waiting: dict[str, list[pl.DataFrame]] = dataclasses.field(default_factory=dict)
    parts: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    last_ns: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where days come from: what they are called, the files, and the tick, lot and multiplier asked for."""

    source: str
    made_of: tuple[MadeOf, ...] = ()
    asked: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        names = [each.name for each in self.made_of]
        return (
            f"{self.source} ({names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''})"
            if names
            else self.source
        )


class Writer:
    """Days on their way into a store. Use it as a context; what is not published when it ends is thrown away.

    Parameters
    ----------
    root
        The store's folder, made if it is not there.
    overwrite
        Whether days that are there, made of something else, give way.
    budget_bytes
        How much may wait in memory.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """

    def __init__(self, root: str | Path, *, overwrite: bool = False, budget_bytes: int = BUDGET_BYTES) -> None:
        self._root, self._overwrite, self._budget_bytes = Path(root), overwrite, budget_bytes
        self._open: dict[Key, _Open] = {}
        self._unchanged: dict[Key, Kept] = {}
        self._published: dict[Path, str] = {}
        self._waiting_bytes = 0

    def __enter__(self) -> Writer:
        self._root.mkdir(parents=True, exist_ok=True)
        _sweep(self._root)
        self._aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self._root))
        self._lock = _locked(self._aside)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        self._lock.close()

    def add(self, piece: Piece, origin: Origin) -> None:
        """Take in a piece.

        Raises
        ------
        BadParameter
            When its day is there already, made of something else, and is not to be overwritten.
        BadData
            When it is earlier than the piece before it.
        """
        key = key_of(piece)
        if key in self._unchanged:
            return
        if key not in self._open:
            there = self._kept(piece.instrument, origin)
            if there is not None:
                self._unchanged[key] = there
                return
            self._open[key] = _Open(self._aside / str(len(self._open)), piece.instrument, origin)
        day = self._open[key]
        day.depth = max(day.depth, piece.depth)
        day.findings = day.findings.merged(piece.findings)
        day.resyncs = day.resyncs or piece.resyncs
        for which in TABLES:
            table = getattr(piece, which)
            if table is not None:
                self._wait(day, which, schema.frame(table, which))
        if self._waiting_bytes > self._budget_bytes:
            self._write_longest()

    def publish(self) -> list[Kept]:
        """Put every whole day in its place; what was there and is the same stays as it is."""
        kept = list(self._unchanged.values())
        for day in self._open.values():
            for which in list(day.waiting):
                self._write_part(day, which)
            kept.append(self._publish(day))
        self._open.clear()
        self._unchanged.clear()
        return sorted(kept, key=lambda each: (each.key[2], each.key[:2]))

    def discard(self) -> None:
        """Forget what is not published: its source turned out to be damaged."""
        for day in self._open.values():
            shutil.rmtree(day.folder, ignore_errors=True)
        self._open.clear()
        self._unchanged.clear()
        self._waiting_bytes = 0

    def _kept(self, instrument: Instrument, origin: Origin) -> Kept | None:
        """The day as it is there, when it is the same; None when it may be written."""
        folder = parquet.folder_of(instrument, self._root)
        name = f"{instrument.symbol} of {instrument.session.date} at {instrument.venue}"
        if folder in self._published:
            raise BadParameter(
                f"{name} was made from {self._published[folder]} just now, and {origin} holds it too; convert one of "
                "them, or each into a folder of its own"
            )
        if not (folder / ABOUT).is_file() or self._overwrite:
            return None
        about = parquet.read_about(folder)
        if origin.made_of and (about.made_of, about.asked) == (origin.made_of, dict(origin.asked)):
            return _as_kept(folder, about, "unchanged")
        there = Origin(about.source, about.made_of)
        raise BadParameter(f"{name} is in {self._root} already, from {there}; overwrite it, or use another folder")

    def _wait(self, day: _Open, which: str, frame: pl.DataFrame) -> None:
        day.parts.setdefault(which, [])
        if not frame.height:
            return
        time = frame[frame.columns[0]]
        if which != "receipts":
            if int(time[0]) < day.last_ns.get(which, int(time[0])):
                raise BadData(f"{day.origin}: {which} go back in time to {time[0]} ns between two pieces")
            day.last_ns[which] = int(time[-1])
        day.waiting.setdefault(which, []).append(frame)
        self._waiting_bytes += int(frame.estimated_size())
        if sum(each.height for each in day.waiting[which]) >= PIECE_EVENTS:
            self._write_part(day, which)

    def _write_longest(self) -> None:
        """Half of what waits goes to disk, the longest tables first."""
        sizes = [
            (sum(frame.estimated_size() for frame in frames), number, which)
            for number, day in enumerate(self._open.values())
            for which, frames in day.waiting.items()
        ]
        days = list(self._open.values())
        for _, number, which in sorted(sizes, reverse=True):
            if self._waiting_bytes <= self._budget_bytes // 2:
                return
            self._write_part(days[number], which)

    def _write_part(self, day: _Open, which: str) -> None:
        frames = day.waiting.pop(which)
        self._waiting_bytes -= sum(int(frame.estimated_size()) for frame in frames)
        day.folder.mkdir(exist_ok=True)
        for part in parquet.stacked(frames).iter_slices(PIECE_EVENTS):
            parquet.write_part(part, parquet.part_path(day.folder, which, len(day.parts[which])), day.instrument)
            day.parts[which].append(part.height)

    def _publish(self, day: _Open) -> Kept:
        about = Stored(
            version=parquet.VERSION,
            source=day.origin.source,
            instrument=day.instrument,
            depth=day.depth,
            findings=day.findings,
            resyncs=day.resyncs,
            tables={which: tuple(counts) for which, counts in day.parts.items()},
            made_of=day.origin.made_of,
            asked=dict(day.origin.asked),
        )
        day.folder.mkdir(exist_ok=True)
        with (day.folder / ABOUT).open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(about)))
            file.flush()
            os.fsync(file.fileno())
        target = parquet.folder_of(day.instrument, self._root)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(self._aside / f"old-{day.folder.name}-{len(self._published)}")
        day.folder.rename(target)
        self._published[target] = str(day.origin)
        return _as_kept(target, about, "written")


def write_day(day: Day, root: str | Path, *, overwrite: bool = False) -> Path:
    """Keep a day in a store; returns its folder there, which `nowake.data.parquet.read_day` reads.

    Its warnings become notes of its findings.

    Raises
    ------
    BadParameter
        When the day is there already and is not to be overwritten.
    OSError
        When the folder cannot be written.
    """
    notes = tuple(dict.fromkeys((*day.findings.notes, *day.warnings)))
    piece = Piece(
        instrument=day.instrument,
        events=day.events if len(day.events) else None,
        quotes=day.quotes,
        trades=day.trades,
        bars=day.bars,
        receipts=day.receipts,
        depth=day.depth,
        findings=msgspec.structs.replace(day.findings, notes=notes),
        resyncs=day.resyncs,
    )
    with Writer(root, overwrite=overwrite) as writer:
        writer.add(piece, Origin(day.source))
        return writer.publish()[0].folder


def _as_kept(folder: Path, about: Stored, fate: Fate) -> Kept:
    instrument = about.instrument
    return Kept(
        key=(instrument.symbol, instrument.venue, instrument.session.date),
        folder=folder,
        rows={which: sum(counts) for which, counts in about.tables.items()},
        size_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        fate=fate,
    )


def _locked(folder: Path) -> IO[Any]:
    """A file held open, and locked where the system knows how, for as long as somebody writes beside it."""
    file = (folder / _LOCK).open("wb")
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _sweep(root: Path) -> None:
    """Take away what killed conversions left; where nothing can be locked, leave it."""
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:
        return
    for folder in root.glob(f"{_ASIDE}*"):
        with contextlib.suppress(OSError), (folder / _LOCK).open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
