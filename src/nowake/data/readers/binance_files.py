"""Files of Binance streams: what is in one, told by its ends and its symbols, and its messages block by block.

A stamp in the future (`nowake.data.readers.clock_skew.beyond`) would put what it is on beyond all that follows. The
message itself is as good as any, so it takes the time of the one of its kind before it, and its stamp counts as
unreadable."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from nowake.data.readers.binance_json import Message, all_ns, kind_of, message_of, shown, to_ns
from nowake.data.readers.clock_skew import beyond
from nowake.data.readers.level_feed import date_of
from nowake.data.readers.level_files import Part
from nowake.data.readers.packed_lines import first_lines, lines_of, samples
from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_MINUTE

SPOT, USDM, COINM = "BINANCE", "BINANCE-USDM", "BINANCE-COINM"

_LOOK_BYTES = 1 << 16
_HEAD_BYTES, _TAIL_BYTES = 1 << 20, 1 << 18
_SAMPLES = 64  # Blocks of a plain file that tell its symbols; a packed one has to be unpacked anyway.
_COIN_MARGINED = re.compile(r".+USD_(PERP|\d{6})")
_SYMBOL = re.compile(rb'"s": ?"([^"\n]{1,40})"')

Received = tuple[int, Message]  # Local time in nanoseconds, and what came.


@dataclasses.dataclass(slots=True)
class Apart:
    """What goes into no book, until a stream tells of it."""

    unreadable: list[str] = dataclasses.field(default_factory=list)
    others: Counter[str] = dataclasses.field(default_factory=Counter)
    notes: list[str] = dataclasses.field(default_factory=list)


def holds_messages(path: Path) -> bool:
    """Whether there is a message of use in the first 64 KiB."""
    return any(kind_of(message) for _, message in _received(first_lines(path, _LOOK_BYTES)[:100]))


def look(path: Path) -> Part:
    """What a file holds; its market is the venue and the symbols.

    Raises
    ------
    BadData
        When no message names its symbol.
    """
    head, tail, symbols = _ends(path)
    told = [each for each in head + tail if kind_of(each[1])]
    symbols |= {message.symbol or message.s for _, message in told} - {""}
    if not symbols:
        raise BadData(f"{path.name} holds no message of a Binance stream that names its symbol; record it again")
    first, last = _days_of(*told[0]), _days_of(*told[-1])
    return Part(
        path,
        (_venue_of([message for _, message in told], symbols), *sorted(symbols)),
        frozenset(kind_of(message) for _, message in told) - {"picture"} or frozenset({"picture"}),
        told[0][0],
        told[-1][0],
        first=max(first),
        last=max(min(last), *first),
    )


def begin_ns(path: Path) -> int:
    """When the first message was received, 0 where none can be read."""
    return next((local_ns for local_ns, _ in _received(first_lines(path, _LOOK_BYTES))), 0)


def blocks(path: Path, apart: Apart, progress: Callable[[int], None]) -> Iterator[list[Received]]:
    """The messages of a file, some thousands at a time; `apart` is told what cannot be read.

    Raises
    ------
    BadData
        As `nowake.data.readers.packed_lines.lines_of`; a gzip that was cut short gives what it has.
    """
    number = 1
    try:
        for lines in lines_of(path, progress):
            received: list[Received] = []
            places: list[int] = []
            for place, line in enumerate(lines, start=number):
                try:
                    received.append(message_of(line))
                    places.append(place)
                except ValueError:
                    if line:
                        apart.unreadable.append(f"{path.name} line {place}: {shown(line)!r}")
            for row, stamp in _mended(received):
                on = dt.datetime.fromtimestamp(to_ns(stamp) // 10**9, dt.UTC)
                apart.unreadable.append(f"{path.name} line {places[row]} is stamped {on:%Y-%m-%d %H:%M:%S}, too late")
            yield received
            number += len(lines)
    except EOFError as error:
        apart.unreadable.append(f"{error} after line {number - 1}")
        apart.notes.append(f"{error}: what came after its line {number - 1:,} is missing; copy it again")


def _mended(received: Sequence[Received]) -> list[tuple[int, int]]:
    """Which messages were stamped in the future, and how; they now carry the stamps of the one of their kind before."""
    stamped = [row for row, (_, message) in enumerate(received) if message.E]
    messages = [received[row][1] for row in stamped]
    sent_ns, matched_ns = all_ns([message.E for message in messages]), all_ns([message.T for message in messages])
    false = beyond(sent_ns, np.array([received[row][0] for row in stamped], np.int64))
    false |= matched_ns - sent_ns > NS_PER_MINUTE  # Nothing is sent before it happens.
    found = []
    for place in np.flatnonzero(false):
        message = messages[place]
        found.append((stamped[place], max(message.E, message.T)))
        sound = [*np.flatnonzero(~false[:place])[::-1], *(place + np.flatnonzero(~false[place:]))]
        alike = [messages[row] for row in sound if messages[row].e == message.e]
        like = next(iter(alike), messages[sound[0]] if sound else message)
        message.E, message.T = like.E, message.T and (like.T or like.E)
    return found


def _ends(path: Path) -> tuple[list[Received], list[Received], set[str]]:
    """The messages of the first and last bytes, and the symbols also between; what cannot be unpacked is passed."""
    head, tail, symbols = b"", b"", set[str]()
    with contextlib.suppress(BadData, EOFError, OSError):
        for text in samples(path, _HEAD_BYTES, _SAMPLES):
            head = head if len(head) >= _HEAD_BYTES else head + text
            tail = (tail + text)[-_TAIL_BYTES:]
            new = {each.decode("utf-8", errors="replace") for each in set(_SYMBOL.findall(text))} - symbols
            symbols |= {symbol for symbol in new if _speaks_of(text, symbol)}
    ends = [list(_received(text.split(b"\n"))) for text in (head[:_HEAD_BYTES], tail)]
    for received in ends:
        _mended(received)
    return ends[0], ends[1], symbols


def _speaks_of(text: bytes, symbol: str) -> bool:
    """Whether a message of use is about a symbol: liquidations and others name symbols, too."""
    lines = (line for line in text.split(b"\n") if symbol.encode() in line)
    return any(message.s == symbol and kind_of(message) for _, message in _received(lines))


def _days_of(local_ns: int, message: Message) -> tuple[dt.date, dt.date]:
    """The UTC dates of a message by the recorder's clock and by the venue's."""
    venue_ns = to_ns(message.E) if message.E else local_ns
    return date_of(local_ns), date_of(venue_ns)


def _venue_of(messages: Sequence[Message], symbols: Iterable[str]) -> str:
    """Which of the three markets: COIN-M names the pair, futures chain by `pu`, stamp T and give trades a kind."""
    if any(message.ps or message.pair for message in messages):
        return COINM
    if all(_COIN_MARGINED.fullmatch(symbol) for symbol in symbols):
        return COINM
    futures = any(
        message.pu >= 0 or (message.e == "bookTicker") or (message.e in {"trade", "aggTrade"} and not len(message.M))
        for message in messages
    )
    return USDM if futures else SPOT


def _received(lines: Iterable[bytes]) -> Iterator[Received]:
    """What can be read of lines."""
    for line in lines:
        with contextlib.suppress(ValueError):
            yield message_of(line)
