"""Quotes, trades, bars and receipts of one day as columns: what models and cost analysis read."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Best bid and ask after each change, in time order. A side without quotes has 0 lots.

    `time_ns`, `bid_ticks`, `bid_lots`, `ask_ticks`, `ask_lots`: int64 arrays of one length.
    """

    time_ns: Ints
    bid_ticks: Ints
    bid_lots: Ints
    ask_ticks: Ints
    ask_lots: Ints

    def __post_init__(self) -> None:
        _check_columns(self)

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def mid_ticks(self) -> npt.NDArray[np.float64]:
        """Half-way between bid and ask, NaN where a side is empty."""
        mid = (self.bid_ticks + self.ask_ticks) / 2.0
        return np.where((self.bid_lots > 0) & (self.ask_lots > 0), mid, np.nan)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Prints in time order.

    `time_ns`, `price_ticks`, `lots`: int64 arrays. `aggressor`: int8, +1 buyer, -1 seller, 0 unknown.
    `hidden`, `auction`: bool arrays. `venue`: texts, the feed's short name of the place of each print, empty where it
    names none; None where the feed names no places at all.
    """

    time_ns: Ints
    price_ticks: Ints
    lots: Ints
    aggressor: npt.NDArray[np.int8]
    hidden: npt.NDArray[np.bool_]
    auction: npt.NDArray[np.bool_]
    venue: npt.NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "venue", _places(self.venue))
        _check_columns(self)

    def __len__(self) -> int:
        return len(self.time_ns)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """The best L levels of both sides after each change of any of them, in time order.

    `time_ns`: int64[n]. `bid_ticks`, `bid_lots`, `ask_ticks`, `ask_lots`: int64[n, L], the best level first; a level
    that is not there has 0 lots, and its price means nothing.
    """

    time_ns: Ints
    bid_ticks: Ints
    bid_lots: Ints
    ask_ticks: Ints
    ask_lots: Ints

    def __post_init__(self) -> None:
        _check_columns(self)
        shapes = {self.bid_ticks.shape, self.bid_lots.shape, self.ask_ticks.shape, self.ask_lots.shape}
        if len(shapes) != 1 or self.bid_ticks.ndim != 2:
            raise BadData(f"levels of a book are of shapes {sorted(shapes)}; give four tables of one shape, (n, L)")

    def __len__(self) -> int:
        return len(self.time_ns)

    @classmethod
    def of_quotes(cls, quotes: Quotes) -> Depth:
        """Quotes as a book of one level."""
        columns = (quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
        return cls(quotes.time_ns, *(column[:, None] for column in columns))

    @property
    def levels(self) -> int:
        """How many levels a side."""
        return int(self.bid_ticks.shape[1])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What happened from `time_ns` up to, not including, `end_ns`, in time order.

    `time_ns`, `end_ns`, `trades` (-1 unknown): int64 arrays. `open`, `high`, `low`, `close`, `vwap` (NaN unknown):
    float64 arrays in currency, for bars are averaged and adjusted and need not lie on ticks. `volume`: float64, in
    shares, contracts or coins.
    """

    time_ns: Ints
    end_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    trades: Ints

    def __post_init__(self) -> None:
        _check_columns(self)

    def __len__(self) -> int:
        return len(self.time_ns)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Receipts:
    """When messages left the venue and when the recorder had them: what a feed's latency is measured on.

    `venue_ns`, `local_ns`: int64 arrays in the order received. `local_ns` is corrected for the skew of the recorder's
    clock, so that the least difference is what the correction assumed, and never negative.
    """

    venue_ns: Ints
    local_ns: Ints

    def __post_init__(self) -> None:
        _check_lengths(self)

    def __len__(self) -> int:
        return len(self.venue_ns)


def _places(venue: npt.NDArray[Any] | None) -> npt.NDArray[np.str_] | None:
    """Names in the narrowest type that holds them, so that the same texts are the same bytes; None where all are empty.

    Raises
    ------
    BadData
        When one is neither a text nor None.
    """
    if venue is None:
        return None
    column = np.asarray(venue)
    if column.dtype.kind == "O":
        odd = [each for each in column if not isinstance(each, str | None)]
        if odd:
            raise BadData(f"venue {odd[0]!r} is no text; name places by short texts, empty where there is no name")
        column = np.array(["" if each is None else each for each in column], dtype=np.str_)
    if column.dtype.kind != "U":
        raise BadData(f"venues are {column.dtype}; name places by short texts, empty where there is no name")
    longest = int(np.char.str_len(column).max()) if len(column) else 0
    return column.astype(f"<U{longest}") if longest else None


_Table = TypeVar("_Table", Quotes, Trades, Depth, Bars, Receipts)


def columns_of(table: Quotes | Trades | Depth | Bars | Receipts) -> dict[str, npt.NDArray[Any]]:
    """Name -> column, of those that are there."""
    every = {field.name: getattr(table, field.name) for field in dataclasses.fields(table)}
    return {name: column for name, column in every.items() if column is not None}


def select(table: _Table, rows: npt.NDArray[np.bool_] | Ints | slice) -> _Table:
    """Some rows of a table: a mask, places in increasing order, or a slice."""
    return type(table)(**{name: column[rows] for name, column in columns_of(table).items()})


def _check_columns(table: Quotes | Trades | Depth | Bars) -> None:
    _check_lengths(table)
    back = np.flatnonzero(np.diff(table.time_ns) < 0)
    if len(back):
        row = int(back[0]) + 1
        raise BadData(
            f"row {row}: time {table.time_ns[row]} is before {table.time_ns[row - 1]} in the row above; "
            "sort the rows by time"
        )


def _check_lengths(table: Quotes | Trades | Depth | Bars | Receipts) -> None:
    lengths = {name: len(column) for name, column in columns_of(table).items()}
    if len(set(lengths.values())) != 1:
        raise BadData(f"columns differ in length: {lengths}")
