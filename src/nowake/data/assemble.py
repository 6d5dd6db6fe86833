"""Pieces of days, as readers hand them out, put together into days."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nowake.data.day import Day, Events, no_events, no_quotes, outside_data, trades_of_events
from nowake.data.findings import NOTHING_FOUND, Findings
from nowake.data.readers.contract import Piece
from nowake.data.touch import quotes_of_events
from nowake.domain.errors import BadData
from nowake.domain.market import Bars, Quotes, Receipts, Trades, columns_of

_Table = TypeVar("_Table", Quotes, Trades, Bars, Receipts)
Key = tuple[str, str, dt.date]  # Symbol, venue, date.


def key_of(piece: Piece) -> Key:
    """Which day a piece is part of."""
    return piece.instrument.symbol, piece.instrument.venue, piece.instrument.session.date


def days(pieces: Iterable[Piece], *, source: Callable[[Piece], str]) -> Iterator[Day]:
    """Whole days, each as soon as its symbol moves on to another date, the others at the end.

    Parameters
    ----------
    pieces
        As a reader hands them out.
    source
        What the day of a piece is called.
    """
    held: dict[Key, list[Piece]] = {}
    for piece in pieces:
        key = key_of(piece)
        for earlier in [other for other in held if other[:2] == key[:2] and other[2] < key[2]]:
            yield day_of(held.pop(earlier), source=source(piece))
        held.setdefault(key, []).append(piece)
    for same_day in held.values():
        yield day_of(same_day, source=source(same_day[0]))


def day_of(pieces: Sequence[Piece], *, source: str) -> Day:
    """The day that pieces of one day of one symbol make; quotes and trades come from events where they are missing.

    Raises
    ------
    BadData
        When the pieces are not in time order, or do not agree on the instrument.
    """
    first = pieces[0]
    for piece in pieces:
        if piece.instrument != first.instrument:
            raise BadData(f"{source}: parts of one day say {first.instrument} and {piece.instrument}; convert it anew")
    events = _events(pieces)
    quotes = joined([piece.quotes for piece in pieces])
    if quotes is None:
        quotes = quotes_of_events(events)[0] if len(events) else no_quotes()
    trades = joined([piece.trades for piece in pieces])
    if trades is None:
        trades = trades_of_events(events)
    bars = joined([piece.bars for piece in pieces])
    findings = functools.reduce(Findings.merged, (piece.findings for piece in pieces), NOTHING_FOUND)
    return Day(
        instrument=first.instrument,
        source=source,
        events=events,
        quotes=quotes,
        trades=trades,
        depth=max(piece.depth for piece in pieces),
        warnings=tuple(dict.fromkeys((*findings.notes, *_missing_hours(first, events, quotes, trades, bars)))),
        resyncs=next((piece.resyncs for piece in pieces if piece.resyncs is not None), None),
        bars=bars,
        receipts=joined([piece.receipts for piece in pieces]),
        findings=findings,
    )


def joined(tables: Sequence[_Table | None]) -> _Table | None:
    """Tables that follow each other as one; None where there is none at all."""
    there = [table for table in tables if table is not None]
    if len(there) <= 1:
        return there[0] if there else None
    parts = [columns_of(table) for table in there]
    columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):  # Only places may be missing, of some parts.
        pairs = zip(parts, there, strict=True)
        columns[name] = np.concatenate([part.get(name, _unnamed(table)) for part, table in pairs])
    return type(there[0])(**columns)


def _unnamed(table: Quotes | Trades | Bars | Receipts) -> npt.NDArray[np.str_]:
    return np.zeros(len(table), "<U1")


def _events(pieces: Sequence[Piece]) -> Events:
    there = [piece.events for piece in pieces if piece.events is not None]
    if len(there) <= 1:
        return there[0] if there else no_events()
    return np.concatenate(there)


def _missing_hours(first: Piece, events: Events, quotes: Quotes, trades: Trades, bars: Bars | None) -> tuple[str, ...]:
    """Sentences on a session of which a part is missing in every table."""
    times = [events["time_ns"], quotes.time_ns, trades.time_ns]
    if bars is not None:
        times += [bars.time_ns, bars.end_ns]
    ends = [each for time in times if len(time) for each in (int(time[0]), int(time[-1]))]
    return outside_data(first.instrument.session, np.array(ends, np.int64))
