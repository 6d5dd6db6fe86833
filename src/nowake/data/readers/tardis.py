"""CSV files of tardis.dev: incremental_book_L2, trades, quotes (and book_ticker), book_snapshot_5 and _25.

What becomes what: a changed level a LEVEL event, a picture (`is_snapshot`) CLEAR and LEVEL events marked SNAPSHOT, a
trade a TRADE event; quotes are the quotes, where there are none the rebuilt book's. The files of a symbol on
consecutive days are one recording and are read side by side, by their local times; two of one kind and time are two
recordings (`nowake.data.readers.level_files`). The best levels are used only where there are no changes of the book,
and the deepest of them. `nowake.data.readers.level_feed` says how events are ordered and where days
begin, `nowake.data.readers.tardis_stream` what makes a message.

Times are `timestamp`, the exchange's: of matching on some exchanges, of sending on others (docs.tardis.dev, "Historical
data details"). Where the exchange gives none the files repeat the recorder's, and that is said. A stamp in the future
is unreadable, and its row takes that of the row before. Prices and sizes are read as text, exactly."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from nowake.data.readers.clock_skew import Ints, beyond
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.level_feed import LevelFeed, Source, date_of, quoted_in
from nowake.data.readers.level_files import BytesRead, Part, recorded, together
from nowake.data.readers.packed import each_that_opens
from nowake.data.readers.packed_lines import first_lines, last_lines
from nowake.data.readers.tardis_csv import BEST_LEVELS, CHANGES, QUOTES, TRADES, Header, blocks_of, header_of, rows_of
from nowake.data.readers.tardis_stream import Tables, TardisStream
from nowake.data.text import shortened
from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_US

FORMAT = "tardis"

_LOOK_BYTES = 1 << 18
_VENUES = {"binance-futures": "BINANCE-USDM", "binance-delivery": "BINANCE-COINM"}
# Where amounts are coins, so that price times amount is money; elsewhere they are contracts of this or that size.
_LINEAR = frozenset({"BINANCE", "BINANCE-US", "BINANCE-USDM", "BITFINEX", "BITSTAMP", "BYBIT-SPOT", "COINBASE"})
_LINEAR |= {"CRYPTO-COM", "GEMINI", "HUOBI", "KRAKEN", "KUCOIN", "OKEX", "UPBIT"}
_RANK = (CHANGES, BEST_LEVELS, TRADES, QUOTES)  # Others are put beside those that tell the book.
_WAY_OUT = "download the whole file again, or the one of the day before as well"


@dataclasses.dataclass(frozen=True, slots=True)
class _File(Part):
    """What the ends of a file say. The market is the exchange and the symbol, where the file has but one."""

    header: Header


def recognises(path: Path) -> bool:
    """Whether a file is of this format, by its first line."""
    return header_of(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """The files of one exchange, symbol and row of days as one.

    Raises
    ------
    BadData
        When no file has a row that can be read.
    """
    parts = [file for file, _ in each_that_opens(files, _look)]
    groups = together(parts, rank=lambda file: _RANK.index(file.header.kind))
    return recorded(FORMAT, groups, lambda exchange: _VENUES.get(exchange, exchange.upper()))


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a recording.

    Raises
    ------
    BadData
        When a file is no sound gzip, or a price or size is off the grid.
    """
    files = _best([_look(path) for path in recording.files])
    depth, bytes_read = _depth(files), BytesRead(recording.files, wanted)
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


class _Column:
    """Files of one kind, one after the other, and the rows read of them that wait for those of other kinds."""

    def __init__(self, kind: str, files: Sequence[_File], bytes_read: BytesRead) -> None:
        self.kind = kind
        self.held = pl.DataFrame()
        self.is_over = False
        self._damaged: list[str] = []
        self._notes: list[str] = []
        self._tables = self._read(sorted(files, key=lambda file: file.begin_ns), bytes_read)

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
        for note in self._notes:
            stream.note(note)
        self._damaged.clear()

    def _read(self, files: Sequence[_File], bytes_read: BytesRead) -> Iterator[pl.DataFrame]:
        for file in files:
            try:
                for number, lines in blocks_of(file.path, bytes_read.of(file.path)):
                    table, unreadable = rows_of(lines, file.header)
                    table, late = _mended(table)
                    places = np.delete(np.arange(len(lines)), unreadable)[late]
                    self._damaged += [
                        f"{file.path.name} line {number + row}: {_shown(lines[row])}" for row in unreadable
                    ]
                    self._damaged += [
                        f"{file.path.name} line {number + row} is stamped too late: {_shown(lines[row])}"
                        for row in places.tolist()
                    ]
                    if len(table):
                        yield table
            except EOFError as error:
                self._damaged.append(str(error))
                self._notes.append(f"{error}: what came after its last row is missing; download it again")


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
        multiplier=Decimal(1) if recording.venue in _LINEAR else None,
    )
    return _Market(TardisStream(), LevelFeed(source))


def _is_past(market: _Market, date: dt.date) -> bool:
    return market.feed.newest_date is not None and market.feed.newest_date > date


def _mended(table: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    """Rows with the stamp of the message before where theirs lies in the future; and where such messages begin."""
    venue_us, local_us = (table[name].to_numpy() for name in ("timestamp", "local_timestamp"))
    begins = np.flatnonzero((np.diff(venue_us, prepend=0) != 0) | (np.diff(local_us, prepend=0) != 0))
    false = beyond(venue_us[begins] * NS_PER_US, local_us[begins] * NS_PER_US)
    if not false.any():
        return table, begins[:0]
    sound = np.flatnonzero(~false)
    before = sound[np.maximum(np.searchsorted(sound, np.arange(len(begins)), side="right") - 1, 0)]
    stamps = np.repeat(venue_us[begins[before]], np.diff(begins, append=len(table)))
    return table.with_columns(pl.Series("timestamp", stamps)), begins[false]


def _best(files: Sequence[_File]) -> list[_File]:
    """Files without the best levels where there are changes of the book, and of the best levels the deepest a day."""
    if any(file.header.kind == CHANGES for file in files):
        return [file for file in files if file.header.kind != BEST_LEVELS]
    deepest: dict[dt.date, int] = {}
    for file in files:
        deepest[file.first] = max(file.header.levels, deepest.get(file.first, 0))
    return [file for file in files if file.header.levels in {0, deepest[file.first]}]


def _depth(files: Sequence[_File]) -> int:
    """Levels a side that are exact, 0 for all."""
    return min((file.header.levels for file in files if file.header.kind == BEST_LEVELS), default=0)


def _look(path: Path) -> _File:
    header = header_of(path)
    if header is None:
        raise BadData(f"{path.name} does not begin with the columns of a tardis.dev file; download it again")
    head, _ = rows_of([line for line in first_lines(path, _LOOK_BYTES)[1:] if line], header)
    tail, _ = rows_of([line for line in last_lines(path, _LOOK_BYTES) if line], header)
    rows, _ = _mended(pl.concat([head, tail]))
    if rows.is_empty():
        raise BadData(f"{path.name} has no row that can be read: nothing happened, or it has to be downloaded again")
    symbols = tuple(sorted(rows["symbol"].unique()))
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    return _File(
        path,
        (str(first["exchange"]), *(symbols if len(symbols) == 1 else ())),
        frozenset({f"{header.kind} {header.levels}"}),
        int(first["local_timestamp"]) * NS_PER_US,
        int(last["local_timestamp"]) * NS_PER_US,
        first=max(_dates(first)),
        last=max(min(_dates(last)), *_dates(first)),
        header=header,
    )


def _dates(row: dict[str, object]) -> tuple[dt.date, dt.date]:
    """The UTC dates of a row by the exchange's clock and the recorder's."""
    stamps = row["timestamp"], row["local_timestamp"]
    exchange, local = (date_of(int(str(stamp)) * NS_PER_US) for stamp in stamps)
    return exchange, local


def _shown(line: bytes) -> str:
    return repr(shortened(line.decode("utf-8", errors="replace")))
