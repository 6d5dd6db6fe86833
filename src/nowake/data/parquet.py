"""Days kept as Parquet files in the canonical columns, one folder a day, and what else a day is in `day.json`.

    FOLDER/date=2012-06-21/symbol=AMZN/venue=XNAS/events-00000.parquet, quotes-00000.parquet, ..., day.json

Signs of a symbol that a folder's name may not have are written as in addresses on the web (BRK/B is BRK%2FB). A table
may be in several parts, in time order. `day.json` names every part with its number of rows and is written last: a
folder without it is no day. Quotes and trades the source did not have are not stored but made when a day is read. A day
written and read back is the same bytes."""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec
import numpy as np
import polars as pl

from nowake.data import schema
from nowake.data.day import Day, Events, Resyncs
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece
from nowake.data.schema import COLUMNS, Table
from nowake.domain.errors import BadData, NotFound
from nowake.domain.instrument import Instrument
from nowake.domain.market import Bars, Quotes, Receipts, Trades
from nowake.kernels import runtime
from nowake.kernels.jobs import INTERLEAVE
from nowake.kernels.layout import EVENT

VERSION = 3
ABOUT = "day.json"
TABLES: tuple[Table, ...] = ("events", "quotes", "trades", "bars", "receipts")
ROW_GROUP = 1 << 18  # Rows that are decoded together; with the compression below the quickest to read, measured.
_COMPRESSION_LEVEL = 1


class MadeOf(msgspec.Struct, frozen=True):
    """A file a day was converted from: enough to see later whether it is the same one."""

    name: str
    size_bytes: int
    digest: str  # Half of its SHA-256.


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What `day.json` says of a day.

    Parameters
    ----------
    version
        Of this layout.
    source
        Where the day first came from: "lobster:AMZN".
    instrument, depth, findings, resyncs
        As in `nowake.data.day.Day`.
    tables
        Name -> rows of each part, in order; tables that are not there are made of the events, or are nothing.
    made_of
        The files it was converted from, and the tick, lot and multiplier asked for.
    """

    version: int
    source: str
    instrument: Instrument
    depth: int
    findings: Findings
    resyncs: Resyncs | None
    tables: dict[str, tuple[int, ...]]
    made_of: tuple[MadeOf, ...] = ()
    asked: dict[str, str] = {}


def folder_of(instrument: Instrument, root: Path) -> Path:
    """Where a day of an instrument is kept."""
    symbol, venue = quote(instrument.symbol, safe=""), quote(instrument.venue, safe="")
    return root / f"date={instrument.session.date}" / f"symbol={symbol}" / f"venue={venue}"


def named(folder: Path) -> tuple[str, str, dt.date] | None:
    """Symbol, venue and date a folder's name says, None where it is not named as `folder_of` names them."""
    parts = []
    for name, part in zip(("date", "symbol", "venue"), folder.parts[-3:], strict=False):
        key, _, value = part.partition("=")
        if key != name or not value:
            return None
        parts.append(unquote(value))
    try:
        return parts[1], parts[2], dt.date.fromisoformat(parts[0])
    except (IndexError, ValueError):
        return None


def part_path(folder: Path, which: str, number: int) -> Path:
    """The file of one part of a table."""
    return folder / f"{which}-{number:05}.parquet"


def write_part(frame: pl.DataFrame, path: Path, instrument: Instrument) -> None:
    """Write rows in the canonical columns; tick, lot, multiplier and who it is travel in the file.

    Raises
    ------
    OSError
        When the disk is full or may not be written.
    """
    names = ("symbol", "venue", "tick_size", "lot_size", "multiplier")
    about = {f"nowake.{name}": str(getattr(instrument, name)) for name in names}
    try:
        frame.write_parquet(
            path, compression="zstd", compression_level=_COMPRESSION_LEVEL, row_group_size=ROW_GROUP, metadata=about
        )
    except pl.exceptions.PolarsError as error:
        number = re.search(r"os error (\d+)", str(error))  # All that polars keeps of it.
        code = int(number[1]) if number else errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from None


def read_about(folder: Path) -> Stored:
    """What `day.json` of a folder says.

    Raises
    ------
    NotFound
        When it is not there, so that the folder is no day or was not written to its end.
    BadData
        When it cannot be read, or is of another version.
    """
    path = folder / ABOUT
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            f"{path} is not there, so {folder} is no stored day; convert it with nowake data convert"
        ) from None
    try:
        version = msgspec.json.decode(text, type=dict[str, object]).get("version")
        if version != VERSION:
            raise BadData(f"{path} has layout {version!r}, not {VERSION}; convert the day anew")
        return msgspec.json.decode(text, type=Stored)
    except msgspec.MsgspecError as error:
        raise BadData(f"{path} cannot be read: {error}; convert the day anew") from None


def read_piece(folder: Path) -> Piece:
    """All of a stored day.

    Raises
    ------
    NotFound
        When it is no stored day.
    BadData
        When a part is missing, damaged, has other columns or another number of rows than `day.json` says.
    """
    about = read_about(folder)
    kinds: dict[Table, Any] = {"quotes": Quotes, "trades": Trades, "bars": Bars, "receipts": Receipts}
    tables = {which: kinds[which](**_arrays(folder, which, about)) for which in kinds if which in about.tables}
    return Piece(
        instrument=about.instrument,
        events=read_events(folder, about) if "events" in about.tables else None,
        depth=about.depth,
        findings=about.findings,
        resyncs=about.resyncs,
        **tables,
    )


def read_day(folder: str | Path) -> Day:
    """The day a folder holds, under the name of its first source; errors as for `read_piece`."""
    from nowake.data.assemble import day_of  # noqa: PLC0415

    folder = Path(folder)
    return day_of([read_piece(folder)], source=read_about(folder).source)


def read_events(folder: Path, about: Stored) -> Events:
    """The events of a stored day, part by part into one table of records: 32 bytes an event, and one part."""
    counts = about.tables["events"]
    events = np.empty(sum(counts), EVENT)
    end = 0
    for number, count in enumerate(counts):
        frame = _part(folder, "events", number, count)
        columns = [frame[name].get_chunks() for name in COLUMNS["events"]]
        for chunks in zip(*columns, strict=True):  # Row groups lie apart in memory, alike in every column.
            begin, end = end, end + len(chunks[0])
            _interleave(chunks, events[begin:end])
    return events


def _interleave(columns: Sequence[pl.Series], out: Events) -> None:
    """Columns of one length into records."""
    job = np.zeros(1, INTERLEAVE)
    arrays = [np.ascontiguousarray(column.to_numpy()) for column in columns]
    for column, array in zip(columns, arrays, strict=True):
        job[column.name] = array.ctypes.data
    job["out"], job["count"] = out.ctypes.data, len(out)
    runtime.load("interleave:interleave")(job.ctypes.data)


def _arrays(folder: Path, which: Table, about: Stored) -> dict[str, np.ndarray]:
    counts = about.tables[which]
    parts = [_part(folder, which, number, count) for number, count in enumerate(counts)]
    table = stacked(parts) if parts else pl.DataFrame(schema=schema.dtypes(which))
    return {
        name: table[name].to_numpy().astype(np.str_) if kind == pl.String else table[name].to_numpy(writable=True)
        for name, kind in table.schema.items()
    }


def stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several frames; an optional column that some lack is empty there."""
    return pl.concat(frames, how="diagonal").with_columns(pl.col(pl.String).fill_null(""))


def _part(folder: Path, which: Table, number: int, count: int) -> pl.DataFrame:
    path = part_path(folder, which, number)
    if not path.is_file():
        raise BadData(f"{path} is not there, and {ABOUT} names it; convert the day anew")
    try:
        frame = pl.read_parquet(path, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadData(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from None
    if dict(frame.schema) != schema.dtypes(which, frame.columns):
        got = ", ".join(f"{name} {kind}" for name, kind in frame.schema.items())
        raise BadData(f"{path} has columns {got}; the canonical ones are in nowake.data.schema.COLUMNS")
    if frame.height != count:
        raise BadData(f"{path} has {frame.height:,} rows, and {ABOUT} says {count:,}; convert the day anew")
    return frame
