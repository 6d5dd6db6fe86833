"""Databento's DBN files: market by order as events, market by price of one level and trades as tables; packed or plain,
several files that follow one another as one recording. `dbn_layout` knows the bytes, `nowake.kernels.dbn` what
market-by-order records mean.

`ts_event` is the venue's time, `ts_recv` the recorder's; both stand in the receipts. Prices are in units of 1e-9; the
tick is the greatest that divides all prices of an instrument, which a first look at all records tells (`dbn_survey`).
A stamp of the venue more than a second further ahead of the recorder's than is usual is unreadable: its record stays,
at the time of the one before it. A day is a trading date of the venue's calendar; at CME it begins in the break of the
afternoon before, and before the session opens the book may be crossed as in any auction: trading is halted there
(HALT) until the first instant after the open at which it is not (RESUME), for market by order does not tell the state
of the market. Where no calendar is known, days are UTC days.

Sequence numbers count the messages of a channel, of which a file holds some instruments, so that they skip says
nothing; a gap is where the flag "maybe bad book" says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.dbn_layout import MAGIC, MBO, Header
from nowake.data.readers.dbn_orders import Orders
from nowake.data.readers.dbn_reading import first_record_ns, header_of, venue_of
from nowake.data.readers.dbn_tables import Tables
from nowake.data.readers.packed import each_that_opens, head
from nowake.data.readers.trading_dates import TradingDates
from nowake.domain.errors import BadData, BadParameter

FORMAT = "dbn"


class _File(NamedTuple):
    """A file, what it says of itself, and its first and last trading date where it says any."""

    header: Header
    path: Path
    first: dt.date | None
    last: dt.date | None

    @property
    def order(self) -> tuple[int, Path]:
        """What files are sorted by."""
        return self.header.start_ns, self.path


def recognises(path: Path) -> bool:
    """Whether a file, unpacked, begins as DBN does."""
    return head(path).startswith(MAGIC)


def recordings(files: Sequence[Path]) -> list[Recording]:
    """Files of one dataset, schema and set of symbols that follow one another without a gap, as one recording.

    Damaged files, and those of other schemas, are left out where others are not.

    Raises
    ------
    BadData
        When the header of every file is damaged, or its schema none that can be read.
    """
    groups: list[list[_File]] = []
    for file in sorted((found for found, _ in each_that_opens(files, _file)), key=lambda one: one.order):
        for group in groups:
            last = group[-1].header
            if _kind(last) == _kind(file.header) and last.end_ns == file.header.start_ns:
                group.append(file)
                break
        else:
            groups.append([file])
    return [_recording(group) for group in groups]


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a recording, in one pass and bounded memory.

    Raises
    ------
    BadData
        When a file is cut short or damaged: shows the byte.
    BadParameter
        When a tick or lot does not fit the data.
    """
    header = header_of(recording.files[0])
    feed = Orders(recording, wanted, header) if header.schema == MBO else Tables(recording, wanted, header)
    yield from feed.pieces()


def _kind(header: Header) -> tuple[str, str, tuple[str, ...]]:
    return header.dataset, header.schema, header.symbols


def _file(path: Path) -> _File:
    """The header of a file, and the trading dates of its first record and of the end of what was asked for."""
    header = header_of(path)
    if not header.start_ns:
        return _File(header, path, None, None)
    days, begins_ns = TradingDates(header.dataset), first_record_ns(path, header)
    if not header.start_ns <= begins_ns < max(header.end_ns, header.start_ns + 1):
        begins_ns = header.start_ns
    try:
        dates = (days.session_at(ns).date for ns in (begins_ns, max(header.end_ns - 1, begins_ns)))
        return _File(header, path, *dates)
    except BadParameter as unknown:
        raise BadData(f"{path.name} says when it begins and ends, but {unknown}; copy it again") from None


def _recording(group: list[_File]) -> Recording:
    header = group[0].header
    names = {symbol for one in group for spans in one.header.names.values() for *_, symbol in spans}
    return Recording(
        format=FORMAT,
        venue=venue_of(header.dataset),
        symbols=tuple(sorted(names)),
        first=group[0].first,
        last=group[-1].last,
        files=tuple(one.path for one in group),
        detail="" if header.schema == MBO else header.schema,
    )
