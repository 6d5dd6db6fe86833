"""CSV files of tardis.dev: incremental_book_L2, trades, quotes (and book_ticker), book_snapshot_5 and _25.

What becomes what: a changed level a LEVEL event, a picture (`is_snapshot`) CLEAR and LEVEL events marked SNAPSHOT, a
trade a TRADE event; quotes are the quotes, where there are none the rebuilt book's. All files of a symbol on
consecutive days are one recording and are read side by side, by their local times; the best levels are used only
where there are no changes of the book. `nowake.data.readers.level_feed` says how events are ordered and where days
begin, `nowake.data.readers.tardis_stream` what makes a message.

Times are `timestamp`, the exchange's: of matching on some exchanges, of sending on others (docs.tardis.dev, "Historical
data details"). Where the exchange gives none the files repeat the recorder's, and that is said. Prices and sizes are
read as text, exactly."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.level_feed import LevelFeed, Source, date_of, quoted_in
from nowake.data.readers.packed_lines import first_lines, last_lines
from nowake.data.readers.tardis_csv import BEST_LEVELS, CHANGES, QUOTES, TRADES, Header, blocks_of, header_of, rows_of
from nowake.data.readers.tardis_stream import Tables, TardisStream
from nowake.data.text import shortened
from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_US

FORMAT = "tardis"

_LOOK_BYTES = 1 << 18
_VENUES = {"binance-futures": "BINANCE-USDM", "binance-delivery": "BINANCE-COINM"}
_WAY_OUT = "download the whole file again, or the one of the day before as well"


@dataclasses.dataclass(frozen=True, slots=True)
class _File:
    """What the ends of a file say. `symbols` is empty where there are several, which only all of it would tell."""

    path: Path
    header: Header
    exchange: str
    symbols: tuple[str, ...]
    first: dt.date
    last: dt.date
    begin_us: int


def recognises(path: Path) -> bool:
    """Whether a file is of this format, by its first line."""
    return header_of(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """The files of one exchange, symbol and row of days as one.

    Raises
    ------
    BadData
        When a file has no row that can be read.
    """
    found = sorted((_look(path) for path in files), key=lambda file: (file.exchange, file.symbols, file.first))
    groups: list[list[_File]] = []
    for file in found:
        group = groups[-1] if groups else []
        joins = group and (group[0].exchange, group[0].symbols) == (file.exchange, file.symbols)
        if joins and (file.first - max(other.last for other in group)).days <= 1:
            group.append(file)
        else:
            groups.append([file])
    return [
        Recording(
            FORMAT,
            _VENUES.get(group[0].exchange, group[0].exchange.upper()),
            group[0].symbols,
            group[0].first,
            max(file.last for file in group),
            tuple(file.path for file in group),
        )
        for group in groups
    ]


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a recording.

    Raises
    ------
    BadData
        When a file is no sound gzip, or a price or size is off the grid.
    """
    files = _one_of_a_kind([_look(path) for path in recording.files])
    depth, bytes_read = _depth(files), _BytesRead(recording, wanted)
    columns = [
        _Column(kind, [file for file in files if file.header.kind == kind], bytes_read)
        for kind in sorted({file.header.kind for file in files})
    ]
    markets: dict[str, _Market] = {}
    for tables in _side_by_side(columns):
        symbols = pl.concat([table["symbol"] for table in tables.values()]).unique(maintain_order=True)
        for symbol in symbols:
            if wanted.symbols and symbol not in wanted.symbols:
                continue
            if symbol not in markets:
                markets[symbol] = _market(symbol, recording, wanted, depth=depth)
            market = markets[symbol]
            for column in columns:
                column.tell(market.stream)
            yield from market.feed.take(market.stream.batch(_of(symbol, tables)))
        if wanted.last is not None and markets and all(_is_past(market, wanted.last) for market in markets.values()):
            break
    for market in markets.values():
        yield from market.feed.finish()


class _Market(NamedTuple):
    stream: TardisStream
    feed: LevelFeed


class _BytesRead:
    """Adds up what is read of several files for the caller's progress."""

    def __init__(self, recording: Recording, wanted: Wanted) -> None:
        self._progress, self._total = wanted.progress, recording.size_bytes
        self._of_file: dict[Path, int] = {}

    def of(self, path: Path) -> Callable[[int], None]:
        """What to call with the bytes read of one file."""

        def tell(count: int) -> None:
            self._of_file[path] = count
            if self._progress is not None:
                self._progress(sum(self._of_file.values()), self._total)

        return tell


class _Column:
    """Files of one kind, one after the other, and the rows read of them that wait for those of other kinds."""

    def __init__(self, kind: str, files: Sequence[_File], bytes_read: _BytesRead) -> None:
        self.kind = kind
        self.held = pl.DataFrame()
        self.is_over = False
        self._damaged: list[str] = []
        self._tables = self._read(sorted(files, key=lambda file: file.begin_us), bytes_read)

    def read_on(self) -> None:
        """Hold one block of rows more, or be over."""
        table = next(self._tables, None)
        self.is_over = table is None
        if table is not None:
            self.held = pl.concat([self.held, table]) if len(self.held) else table

    @property
    def newest_us(self) -> int:
        """The local time of the last row held."""
        return int(self.held["local_timestamp"][-1])

    def take_before(self, end_us: int | None) -> pl.DataFrame:
        """The rows received before a local time, all for None."""
        if end_us is None or self.held.is_empty():
            taken, self.held = self.held, self.held.clear()
            return taken
        count = int(self.held["local_timestamp"].search_sorted(end_us, side="left"))
        taken, self.held = self.held.head(count), self.held.tail(-count) if count else self.held
        return taken

    def tell(self, stream: TardisStream) -> None:
        """Have a stream notice the rows that could not be read, once."""
        for example in self._damaged:
            stream.notice("unreadable", example)
        self._damaged.clear()

    def _read(self, files: Sequence[_File], bytes_read: _BytesRead) -> Iterator[pl.DataFrame]:
        for file in files:
            try:
                for number, lines in blocks_of(file.path, bytes_read.of(file.path)):
                    table, damaged = rows_of(lines, file.header)
                    self._damaged += [f"{file.path.name} line {number + row}: {_shown(lines[row])}" for row in damaged]
                    if len(table):
                        yield table
            except EOFError as error:
                self._damaged.append(str(error))


def _side_by_side(columns: Sequence[_Column]) -> Iterator[dict[str, pl.DataFrame]]:
    """The rows of all kinds in spans of local time, so that no message is split and none is early."""
    while True:
        for column in columns:
            if column.held.is_empty() and not column.is_over:
                column.read_on()
        going_on = [column for column in columns if not column.is_over]
        end_us = min((column.newest_us for column in going_on), default=None)
        tables = {column.kind: column.take_before(end_us) for column in columns}
        if any(len(table) for table in tables.values()):
            yield {kind: table for kind, table in tables.items() if len(table)}
        elif not going_on:
            return
        for column in going_on:
            if column.newest_us == end_us:
                column.read_on()


def _of(symbol: str, tables: dict[str, pl.DataFrame]) -> Tables:
    return Tables(
        *(
            tables[kind].filter(pl.col("symbol") == symbol) if kind in tables else _no_rows(kind)
            for kind in (CHANGES, TRADES, QUOTES, BEST_LEVELS)
        )
    )


def _no_rows(kind: str) -> pl.DataFrame:
    names = {
        CHANGES: ("is_snapshot", "side", "price", "amount"),
        TRADES: ("id", "side", "price", "amount"),
        QUOTES: ("ask_amount", "ask_price", "bid_price", "bid_amount"),
        BEST_LEVELS: (),
    }[kind]
    return pl.DataFrame(schema={"timestamp": pl.Int64, "local_timestamp": pl.Int64, **dict.fromkeys(names, pl.String)})


def _market(symbol: str, recording: Recording, wanted: Wanted, *, depth: int) -> _Market:
    assert recording.first is not None
    assert recording.last is not None
    source = Source(
        symbol=symbol,
        venue=recording.venue,
        currency=quoted_in(symbol),
        wanted=wanted,
        first=recording.first,
        last=recording.last,
        way_out=_WAY_OUT,
        depth=depth,
    )
    return _Market(TardisStream(), LevelFeed(source))


def _is_past(market: _Market, date: dt.date) -> bool:
    return market.feed.newest_date is not None and market.feed.newest_date > date


def _one_of_a_kind(files: Sequence[_File]) -> list[_File]:
    """One file of each kind a day, the deepest; the best levels only where there are no changes of the book."""
    has_changes = any(file.header.kind == CHANGES for file in files)
    chosen: dict[tuple[str, dt.date], _File] = {}
    for file in sorted(files, key=lambda file: (-file.header.levels, file.path.name)):
        if not (has_changes and file.header.kind == BEST_LEVELS):
            chosen.setdefault((file.header.kind, file.first), file)
    return list(chosen.values())


def _depth(files: Sequence[_File]) -> int:
    """Levels a side that are exact, 0 for all."""
    return min((file.header.levels for file in files if file.header.kind == BEST_LEVELS), default=0)


def _look(path: Path) -> _File:
    header = header_of(path)
    if header is None:
        raise BadData(f"{path.name} does not begin with the columns of a tardis.dev file; download it again")
    head, _ = rows_of([line for line in first_lines(path, _LOOK_BYTES)[1:] if line], header)
    tail, _ = rows_of([line for line in last_lines(path, _LOOK_BYTES) if line], header)
    rows = pl.concat([head, tail])
    if rows.is_empty():
        raise BadData(f"{path.name} has no row that can be read; download it again")
    symbols = tuple(sorted(rows["symbol"].unique()))
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    return _File(
        path,
        header,
        str(first["exchange"]),
        symbols if len(symbols) == 1 else (),
        first=max(_dates(first)),
        last=max(min(_dates(last)), *_dates(first)),
        begin_us=int(first["local_timestamp"]),
    )


def _dates(row: dict[str, object]) -> tuple[dt.date, dt.date]:
    """The UTC dates of a row by the exchange's clock and the recorder's."""
    stamps = row["timestamp"], row["local_timestamp"]
    exchange, local = (date_of(int(str(stamp)) * NS_PER_US) for stamp in stamps)
    return exchange, local


def _shown(line: bytes) -> str:
    return repr(shortened(line.decode("utf-8", errors="replace")))
