"""Rows of the CSV files of tardis.dev (docs.tardis.dev, "Downloadable CSV files"), plain or gzip.

Every file begins with `exchange,symbol,timestamp,local_timestamp` (microseconds since the epoch, UTC; the rows come
in the order of the local one) and says by its other columns what it holds: changes of the book, trades, quotes, or
the best levels again and again."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from nowake.data.readers.packed_lines import first_lines, lines_of

CHANGES, TRADES, QUOTES, BEST_LEVELS = "incremental_book_L2", "trades", "quotes", "book_snapshot"

_ALL = ("exchange", "symbol", "timestamp", "local_timestamp")
_OWN = {
    CHANGES: ("is_snapshot", "side", "price", "amount"),
    TRADES: ("id", "side", "price", "amount"),
    QUOTES: ("ask_amount", "ask_price", "bid_price", "bid_amount"),
}
_FIRST_LEVEL = ("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount")
_LEVEL_COLUMN = re.compile(r"(asks|bids)\[\d+\]\.(price|amount)")
_NUMBER = r"^[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
_EARLIEST_US, _LATEST_US = 946_684_800 * 10**6, 4_102_444_799 * 10**6  # The years 2000 to 2099.
_BLOCK_BYTES = 1 << 22


class Header(NamedTuple):
    """The columns of a file, and which of the kinds above they are."""

    names: tuple[str, ...]
    kind: str

    @property
    def levels(self) -> int:
        """How many levels a side each row has; 0 for other kinds."""
        return sum(bool(_LEVEL_COLUMN.fullmatch(name)) for name in self.names) // 4


def header_of(path: Path) -> Header | None:
    """What a file's first line says, None where it is of another format."""
    lines = first_lines(path, 1 << 16)
    names = tuple(lines[0].decode("utf-8-sig", errors="replace").strip().split(",")) if lines else ()
    if names[:4] != _ALL:
        return None
    for kind, own in _OWN.items():
        if set(own) <= set(names):
            return Header(names, kind)
    return Header(names, BEST_LEVELS) if set(_FIRST_LEVEL) <= set(names) else None


def rows_of(lines: Sequence[bytes], header: Header) -> tuple[pl.DataFrame, list[int]]:
    """The rows that can be read, and the numbers (from 0) of those that cannot.

    A row cannot be read when it has a field too few or too many, one that is no number where one must be, or a time
    outside the years 2000 to 2099. The frame has all columns as text, null where a quote or level is not there, but
    `timestamp` and `local_timestamp` as int64, microseconds.
    """
    table = _fields(lines, header.names)
    stamps = [pl.col(name).cast(pl.Int64, strict=False) for name in _ALL[2:]]
    numbers = [pl.col(name).str.contains(_NUMBER) for name in header.names if name in {"price", "amount"}]
    may_miss = [name for name in header.names if name in _OWN[QUOTES] or _LEVEL_COLUMN.fullmatch(name)]
    numbers += [pl.col(name).str.contains(_NUMBER).fill_null(value=True) for name in may_miss]
    words = {"is_snapshot": ["true", "false"], "side": ["bid", "ask"]} if header.kind == CHANGES else {}
    there = [pl.col("symbol").is_not_null(), *(pl.col(name).is_in(known) for name, known in words.items())]
    in_this_age = [stamp.is_between(_EARLIEST_US, _LATEST_US) for stamp in stamps]
    sound = pl.all_horizontal(*there, *in_this_age, *numbers).fill_null(value=False)
    is_sound = table.select(sound).to_series()
    return table.filter(is_sound).with_columns(stamps), (~is_sound).arg_true().to_list()


def blocks_of(path: Path, progress: Callable[[int], None]) -> Iterator[tuple[int, list[bytes]]]:
    """Line number of the first row and the rows of a file, without its header, some megabytes at a time.

    Raises
    ------
    BadData, EOFError
        As `nowake.data.readers.packed_lines.lines_of`, after all that can be read.
    """
    held: list[bytes] = []
    number, size, cut_short = 1, 0, None
    blocks = lines_of(path, progress)
    while True:
        try:
            lines = next(blocks, None)
        except EOFError as error:
            lines, cut_short = None, error
        if lines is not None:
            held += lines
            size += sum(map(len, lines))
        if held and (lines is None or size >= _BLOCK_BYTES):
            header_rows = 1 if number == 1 else 0
            yield number + header_rows, held[header_rows:]
            number, held, size = number + len(held), [], 0
        if lines is None:
            break
    if cut_short is not None:
        raise cut_short


def _fields(lines: Sequence[bytes], names: Sequence[str]) -> pl.DataFrame:
    """Fields as text, null where a line has too few, all null where it has too many."""
    text = b"\n".join(line.rstrip(b"\r") for line in lines)
    try:
        schema = dict.fromkeys(names, pl.String)
        table = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema, quote_char=None, encoding="utf8-lossy")
        if table.height == len(lines):
            return table
    except pl.exceptions.PolarsError:
        pass
    rows = pl.Series(text.decode("utf-8", errors="replace").split("\n"), dtype=pl.String)
    whole = rows.str.count_matches(",", literal=True) == len(names) - 1
    fields = rows.str.split_exact(",", len(names) - 1).struct.rename_fields(list(names)).struct.unnest()
    return fields.select(pl.when(whole & (pl.col(name) != "")).then(pl.col(name)).alias(name) for name in names)
