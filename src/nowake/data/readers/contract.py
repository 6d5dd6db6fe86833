"""What every reader of recorded markets offers, and what it hands out: pieces of days, in time order, of bounded size.

A reader is a module of this folder with the four names of `Reader`. It knows a file by what is in it, wherever it
lies and whatever it is called, except where only the name says the date or the symbol."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from nowake.data.day import Events, Resyncs
from nowake.data.findings import NOTHING_FOUND, Findings
from nowake.domain.instrument import Instrument
from nowake.domain.market import Bars, Quotes, Receipts, Trades

PIECE_EVENTS = 1 << 20  # A reader hands out a piece when it holds about as many events of a symbol, or earlier.

Progress = Callable[[int, int], None]  # Bytes read so far, bytes in all.


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """Files that are read together in one pass, and what is in them.

    Parameters
    ----------
    format
        Name of the reader: "lobster", "itch", "dbn", "bitstamp", "binance", "tardis", "lean", "bars", "trades".
    venue
        A MIC where there is one, else a name in capitals: "XNAS", "BITSTAMP", "BINANCE", "BINANCE-USDM".
    symbols
        As the venue spells them, in order; empty where only reading the whole file would tell.
    first, last
        Dates of the first and the last session in the files; equal where there is one. None where nothing in or on
        the files says, so that the user must.
    files
        In the order they are read.
    detail
        What a user adds to the symbol to tell recordings of one symbol and date apart: "10" levels, "tick", "5m";
        empty where the reader has no word for it.
    spans
        The dates of the first and the last session of each symbol, in their order, where those of some are others;
        else empty.
    """

    format: str
    venue: str
    symbols: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    files: tuple[Path, ...]
    detail: str = ""
    spans: tuple[tuple[dt.date, dt.date], ...] = ()

    def of_symbol(self, symbol: str) -> Recording:
        """The same with the dates of one symbol."""
        if not self.spans or symbol not in self.symbols:
            return self
        first, last = self.spans[self.symbols.index(symbol)]
        return dataclasses.replace(self, symbols=(symbol,), first=first, last=last, spans=())

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.files)


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of a recording.

    Parameters
    ----------
    symbols
        Only these; empty for all.
    first, last
        Only sessions from `first` to `last`; None for all. Where a recording has no date, `first` is its date.
    tick_size, lot_size
        Instead of what the reader finds out for itself.
    multiplier
        The same of `Instrument.multiplier`; `registry.pieces` sees to it, whatever the reader says.
    progress
        Called now and then with the bytes read and the bytes in all.
    """

    symbols: frozenset[str] = frozenset()
    first: dt.date | None = None
    last: dt.date | None = None
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    multiplier: Decimal | None = None
    progress: Progress | None = None

    def includes(self, symbol: str, date: dt.date) -> bool:
        """Whether a day of a symbol is wanted."""
        return (
            (not self.symbols or symbol in self.symbols)
            and (self.first is None or self.first <= date)
            and (self.last is None or date <= self.last)
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part of one day of one symbol; what is not there is None.

    The pieces of a day come in time order and carry equal instruments. `depth` and `resyncs` are as in
    `nowake.data.day.Day`. Quotes and trades that are None in every piece of a day are made from its events.
    """

    instrument: Instrument
    events: Events | None = None
    quotes: Quotes | None = None
    trades: Trades | None = None
    bars: Bars | None = None
    receipts: Receipts | None = None
    depth: int = 0
    findings: Findings = NOTHING_FOUND
    resyncs: Resyncs | None = None


class Reader(Protocol):
    """The four names of a reader's module."""

    FORMAT: str

    def recognises(self, path: Path) -> bool:
        """Whether a file is of this format. Looks at its name and its first 64 KiB (unpacked), and never raises."""
        ...

    def recordings(self, files: Sequence[Path]) -> list[Recording]:
        """What is in files of this format, those that belong together as one; opens each as briefly as it can.

        Raises
        ------
        BadData
            When a file is damaged where it says what it holds.
        """
        ...

    def pieces(self, recording: Recording, wanted: Wanted) -> Iterator[Piece]:
        """All that is wanted of a recording, in one pass and bounded memory.

        Raises
        ------
        BadData
            When the files are damaged: shows file, row or byte, value and the way out.
        BadParameter
            When a date is needed and missing, or a tick or lot does not fit the data.
        """
        ...
