"""Raw Binance websocket streams (spot, USD-M and COIN-M futures) as recorders write them: one line a message,
`<local time> <json>`, plain or gzip (developers.binance.com; `nowake.data.readers.binance_json` has the fields).

What becomes what: a change of the book ("depthUpdate") gives LEVEL events, the answer to a request for the whole book
CLEAR and LEVEL events marked SNAPSHOT, a trade a TRADE event; "bookTicker" gives the quotes, where there is none the
rebuilt book does. Events carry the time of matching (T) where the venue tells it and the time of sending (E) else,
which is so for spot's changes of the book; spot's bookTicker has no stamp and gets the recorder's, corrected by the
skew of its clock. `nowake.data.readers.level_feed` says how they are ordered and where days begin and end.

Which market it is, is seen in the messages: COIN-M names the pair ("ps"), futures chain by "pu". The files of one
stream on consecutive days are one recording, as only the first need have a picture of the book. Days begin and end
at midnight UTC by the venue's clock; where the file was cut at midnight by a clock that is wrong, the seconds beyond
are left out.

A line that is no message is counted and left out; if it was a change of the book, the next one does not follow it.
A request gives the best 1,000 to 5,000 levels: what stands beyond is unknown until it changes."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from nowake.data.readers.binance_json import Message, kind_of, message_of, shown, to_ns
from nowake.data.readers.binance_stream import SymbolStream
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.level_feed import LevelFeed, Source, date_of, quoted_in
from nowake.data.readers.packed_lines import first_lines, last_lines, lines_of
from nowake.domain.errors import BadData

FORMAT = "binance"

_LOOK_BYTES = 1 << 16
_HEAD_BYTES = 1 << 20
_BATCH_MESSAGES = 100_000
_SPOT, _USDM, _COINM = "BINANCE", "BINANCE-USDM", "BINANCE-COINM"
_COIN_MARGINED = re.compile(r".+USD_(PERP|\d{6})")
_CONTRACTS = (
    "sizes are contracts of a fixed value in USD (100 for BTC, 10 for other coins), so price times size is no money"
)
_WAY_OUT = "read it together with the file before it, or record the answer to a request for the whole book"


@dataclasses.dataclass(frozen=True, slots=True)
class _File:
    """What the ends of a file say."""

    path: Path
    venue: str
    symbols: tuple[str, ...]
    first: dt.date
    last: dt.date
    begin_ns: int


def recognises(path: Path) -> bool:
    """Whether a file is of this format, by its first 64 KiB."""
    lines = first_lines(path, _LOOK_BYTES)[:100]
    return any(kind_of(message) for _, message in _messages(lines))


def recordings(files: Sequence[Path]) -> list[Recording]:
    """The streams in files, those of consecutive days as one.

    Raises
    ------
    BadData
        When a file holds no message with a venue's stamp.
    """
    found = sorted((_look(path) for path in files), key=lambda file: (file.venue, file.symbols, file.begin_ns))
    groups: list[list[_File]] = []
    for file in found:
        last = groups[-1][-1] if groups else None
        if last and (last.venue, last.symbols) == (file.venue, file.symbols) and (file.first - last.last).days <= 1:
            groups[-1].append(file)
        else:
            groups.append([file])
    return [
        Recording(
            FORMAT,
            group[0].venue,
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
        When a file is no sound gzip, or a price or size is no number or off the grid.
    """
    markets: dict[str, _Market] = {}
    apart = _Apart()
    for path, number, lines in _blocks(recording, wanted, apart):
        for offset, line in enumerate(lines):
            try:
                local_ns, message = message_of(line)
            except ValueError:
                if line:
                    apart.damaged.append(f"{path.name} line {number + offset}: {shown(line)!r}")
                continue
            kind = kind_of(message)
            market = markets.get(message.s) if kind else None
            if market is None:
                symbol = _whose(message, kind, recording)
                if not symbol:
                    apart.others["picture without a symbol" if kind else message.e or "other"] += 1
                    continue
                market = markets.get(symbol) or markets.setdefault(symbol, _market(symbol, recording, wanted))
            market.stream.take(kind, message, local_ns)
        for market in markets.values():
            if market.stream.messages >= _BATCH_MESSAGES:
                apart.tell(market.stream)
                yield from market.feed.take(market.stream.batch())
        if _all_past(markets.values(), wanted):
            break
    for market in markets.values():
        apart.tell(market.stream)
        yield from market.feed.take(market.stream.batch())
        yield from market.feed.finish()


class _Market(NamedTuple):
    stream: SymbolStream
    feed: LevelFeed


@dataclasses.dataclass(slots=True)
class _Apart:
    """Lines that go into no book, until a stream tells of them."""

    damaged: list[str] = dataclasses.field(default_factory=list)
    others: Counter[str] = dataclasses.field(default_factory=Counter)

    def tell(self, stream: SymbolStream) -> None:
        """Have a stream notice them, once."""
        for example in self.damaged:
            stream.notice("unreadable", example)
        for name, count in self.others.items():
            stream.notice("left_out", f"messages of kind {name!r}", count)
        self.damaged.clear()
        self.others.clear()


def _market(symbol: str, recording: Recording, wanted: Wanted) -> _Market:
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
        notes=(_CONTRACTS,) if recording.venue == _COINM else (),
        multiplier=None if recording.venue == _COINM else Decimal(1),
    )
    return _Market(SymbolStream(), LevelFeed(source))


def _whose(message: Message, kind: str, recording: Recording) -> str:
    """The symbol of a message; empty for one of no use, or where it does not say and there are several."""
    if not kind:
        return ""
    if kind == "picture" and not message.symbol:
        return recording.symbols[0] if len(recording.symbols) == 1 else ""
    return message.symbol or message.s


def _all_past(markets: Iterable[_Market], wanted: Wanted) -> bool:
    dates = [market.feed.newest_date for market in markets]
    return wanted.last is not None and bool(dates) and all(date and date > wanted.last for date in dates)


def _blocks(recording: Recording, wanted: Wanted, apart: _Apart) -> Iterator[tuple[Path, int, list[bytes]]]:
    """File, number of the first line, and lines of each block of a recording."""
    before, total = 0, recording.size_bytes
    for path in recording.files:
        number, size = 1, path.stat().st_size
        start = before

        def progress(done: int, start: int = start) -> None:
            if wanted.progress is not None:
                wanted.progress(start + done, total)

        try:
            for lines in lines_of(path, progress):
                yield path, number, lines
                number += len(lines)
        except EOFError as error:
            apart.damaged.append(f"{error} after line {number - 1}")
        before += size


def _look(path: Path) -> _File:
    head, tail = list(_messages(first_lines(path, _HEAD_BYTES))), list(_messages(last_lines(path, _LOOK_BYTES * 4)))
    told = [(local_ns, message) for local_ns, message in head + tail if kind_of(message)]
    symbols = tuple(sorted({message.symbol or message.s for _, message in told} - {""}))
    if not symbols:
        raise BadData(f"{path.name} holds no message of a Binance stream that names its symbol; record it again")
    first, last = _days_of(*told[0]), _days_of(*told[-1])
    return _File(
        path,
        _venue_of([message for _, message in told], symbols),
        symbols,
        first=max(first),
        last=max(min(last), *first),
        begin_ns=told[0][0],
    )


def _days_of(local_ns: int, message: Message) -> tuple[dt.date, dt.date]:
    """The UTC dates of a message by the recorder's clock and by the venue's."""
    venue_ns = to_ns(message.E) if message.E else local_ns
    return date_of(local_ns), date_of(venue_ns)


def _venue_of(messages: Sequence[Message], symbols: tuple[str, ...]) -> str:
    """Which of the three markets: COIN-M names the pair, futures chain by `pu`, stamp T and give trades a kind."""
    if any(message.ps or message.pair for message in messages):
        return _COINM
    if all(_COIN_MARGINED.fullmatch(symbol) for symbol in symbols):
        return _COINM
    futures = any(
        message.pu >= 0 or (message.e == "bookTicker") or (message.e in {"trade", "aggTrade"} and not len(message.M))
        for message in messages
    )
    return _USDM if futures else _SPOT


def _messages(lines: Iterable[bytes]) -> Iterator[tuple[int, Message]]:
    """What can be read of lines."""
    for line in lines:
        with contextlib.suppress(ValueError):
            yield message_of(line)
