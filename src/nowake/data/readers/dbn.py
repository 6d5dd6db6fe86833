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

from collections.abc import Iterator, Sequence
from pathlib import Path

from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.dbn_layout import MAGIC, MBO, Header
from nowake.data.readers.dbn_orders import Orders
from nowake.data.readers.dbn_reading import header_of, venue_of
from nowake.data.readers.dbn_tables import Tables
from nowake.data.readers.packed import each_that_opens, head
from nowake.data.readers.trading_dates import TradingDates

FORMAT = "dbn"


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
    found = sorted(each_that_opens(files, header_of), key=lambda one: (one[0].start_ns, one[1]))
    groups: list[list[tuple[Header, Path]]] = []
    for header, path in found:
        for group in groups:
            last = group[-1][0]
            if _kind(last) == _kind(header) and last.end_ns == header.start_ns:
                group.append((header, path))
                break
        else:
            groups.append([(header, path)])
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


def _recording(group: list[tuple[Header, Path]]) -> Recording:
    header, last = group[0][0], group[-1][0]
    days = TradingDates(header.dataset)
    names = {symbol for one, _ in group for spans in one.names.values() for *_, symbol in spans}
    first = days.session_at(header.start_ns).date if header.start_ns else None
    last_ns = max(last.end_ns - 1, last.start_ns)
    return Recording(
        format=FORMAT,
        venue=venue_of(header.dataset),
        symbols=tuple(sorted(names)),
        first=first,
        last=days.session_at(last_ns).date if first else None,
        files=tuple(path for _, path in group),
        detail="" if header.schema == MBO else header.schema,
    )
