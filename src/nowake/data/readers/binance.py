"""Raw Binance websocket streams (spot, USD-M and COIN-M futures) as recorders write them: one line a message,
`<local time> <json>`, plain or gzip (developers.binance.com; `nowake.data.readers.binance_json` has the fields).

What becomes what: a change of the book ("depthUpdate") gives LEVEL events, the answer to a request for the whole book
CLEAR and LEVEL events marked SNAPSHOT, a trade a TRADE event; "bookTicker" gives the quotes, where there is none the
rebuilt book does. Events carry the time of matching (T) where the venue tells it and the time of sending (E) else,
which is so for spot's changes of the book; spot's bookTicker has no stamp and gets the recorder's, corrected by the
skew of its clock. `nowake.data.readers.level_feed` says how they are ordered and where days begin and end.

Which market it is, is seen in the messages: COIN-M names the pair ("ps"), futures chain by "pu". Files of consecutive
days are one recording, as only the first need have a picture of the book, and so are files of different streams
beside each other (`nowake.data.readers.level_files`). Days begin and end at midnight UTC by the venue's clock; where
the file was cut at midnight by a clock that is wrong, the seconds beyond are left out.

The answer to a request names no symbol on spot and USD-M. Where a file has several, it is of the one whose changes
reach over its update: on spot the ids of two symbols lie far apart. USD-M numbers the updates of all symbols
together, so there nothing tells whose it is.

A line that is no message is counted and left out; if it was a change of the book, the next one does not follow it.
A request gives the best 1,000 to 5,000 levels: what stands beyond is unknown until it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from nowake.data.readers.binance_files import COINM, Apart, Received, begin_ns, blocks, holds_messages, look
from nowake.data.readers.binance_json import Message, kind_of
from nowake.data.readers.binance_stream import SymbolStream
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.level_feed import LevelFeed, Source, quoted_in
from nowake.data.readers.level_files import BytesRead, Reading, as_received, recorded, together
from nowake.data.readers.packed import each_that_opens

FORMAT = "binance"

_BATCH_MESSAGES = 100_000
_MOST_PICTURES = 100  # Of no known symbol, kept until changes tell whose they are.
_CONTRACTS = (
    "sizes are contracts of a fixed value in USD (100 for BTC, 10 for other coins), so price times size is no money"
)
_WAY_OUT = "read it together with the file before it, or record the answer to a request for the whole book"


def recognises(path: Path) -> bool:
    """Whether a file is of this format, by its first 64 KiB."""
    return holds_messages(path)


def recordings(files: Sequence[Path]) -> list[Recording]:
    """The streams in files, those that belong together as one.

    Raises
    ------
    BadData
        When no file holds a message that names its symbol.
    """
    parts = [part for part, _ in each_that_opens(files, look)]
    groups = together(parts, rank=lambda part: "depth" not in part.kinds)
    return recorded(FORMAT, groups, str)


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a recording.

    Raises
    ------
    BadData
        When a file is no sound gzip, or a price or size is no number or off the grid.
    """
    apart, read = Apart(), BytesRead(recording.files, wanted)
    files = [Reading(begin_ns(path), blocks(path, apart, read.of(path))) for path in recording.files]
    markets = _Markets(recording, wanted, apart)
    for messages in as_received(files):
        markets.take(messages)
        yield from markets.pieces(_BATCH_MESSAGES)
        if markets.all_past:
            break
    yield from markets.finish()


class _Market(NamedTuple):
    stream: SymbolStream
    feed: LevelFeed


class _Markets:
    """Hands each message to the stream of its symbol. The one writer of all of them."""

    def __init__(self, recording: Recording, wanted: Wanted, apart: Apart) -> None:
        self._recording, self._wanted, self._apart = recording, wanted, apart
        self._of: dict[str, _Market] = {}
        self._unclaimed: list[Message] = []  # Pictures that do not say whose they are.

    def take(self, messages: Sequence[Received]) -> None:
        """The next messages received."""
        for local_ns, message in messages:
            kind = kind_of(message)
            if not kind:
                self._apart.others[message.e or "other"] += 1
            elif symbol := message.s or message.symbol or self._only_symbol:
                self._market(symbol).stream.take(kind, message, local_ns)
            else:
                self._unclaimed.append(message)
        self._unclaimed = [each for each in self._unclaimed if not self._is_claimed(each)][-_MOST_PICTURES:]

    def pieces(self, least_messages: int) -> Iterator[Piece]:
        """What the streams that took so many messages complete."""
        for market in self._of.values():
            if market.stream.messages >= least_messages:
                self._tell(market.stream)
                yield from market.feed.take(market.stream.batch())

    def finish(self) -> Iterator[Piece]:
        """What is left, and what the feeds held back."""
        if self._unclaimed:
            self._apart.others["picture without a symbol"] += len(self._unclaimed)
        yield from self.pieces(0)
        for market in self._of.values():
            yield from market.feed.finish()

    @property
    def all_past(self) -> bool:
        """Whether all that is wanted was read."""
        last, dates = self._wanted.last, [market.feed.newest_date for market in self._of.values()]
        return last is not None and bool(dates) and all(date and date > last for date in dates)

    @property
    def _only_symbol(self) -> str:
        return self._recording.symbols[0] if len(self._recording.symbols) == 1 else ""

    def _is_claimed(self, picture: Message) -> bool:
        """Give a picture to the one stream whose changes reach over it, where there is one."""
        streams = [each.stream for each in self._of.values() if each.stream.reaches(picture.lastUpdateId)]
        if len(streams) == 1:
            streams[0].take_picture(picture)
        return len(streams) == 1

    def _market(self, symbol: str) -> _Market:
        if symbol not in self._of:
            self._of[symbol] = _market(symbol, self._recording, self._wanted)
        return self._of[symbol]

    def _tell(self, stream: SymbolStream) -> None:
        """Have a stream notice what goes into no book, once."""
        apart = self._apart
        for example in apart.unreadable:
            stream.notice("unreadable", example)
        for name, count in apart.others.items():
            stream.notice("left_out", f"messages of kind {name!r}", count)
        for note in apart.notes:
            stream.note(note)
        apart.unreadable.clear()
        apart.others.clear()


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
        notes=(_CONTRACTS,) if recording.venue == COINM else (),
        multiplier=None if recording.venue == COINM else Decimal(1),
    )
    return _Market(SymbolStream(), LevelFeed(source))
