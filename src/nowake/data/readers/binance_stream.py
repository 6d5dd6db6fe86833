"""One symbol's Binance streams: which messages follow which, and when the book is known.

The venue's rules (developers.binance.com, "How to manage a local order book correctly"): a book begins with the
answer to a request, whole up to update L. Spot: changes up to L are dropped, the first one used has U <= L+1 <= u, and
so each that follows, where L is then the u of the one before it. Futures: the first one used reaches over L, and then
each pu is the previous u. The ids of futures count updates of other symbols, too, so "over L" is asked of the range
(pu, u], which has no holes.

Where a change does not follow, updates are missing: the book is unknown until a request was answered again. A change
or trade that was told already is left out. Trades come one by one ("trade"), or as sums of one taker's fills
("aggTrade", which names the ids in it); where a recorder has both, what is known already is left out by its ids."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.data.readers.binance_json import Message, all_ns, to_ns
from nowake.data.readers.clock_skew import TwoClocks, clock_notes, corrected
from nowake.data.readers.decimals import columns
from nowake.data.readers.level_messages import (
    BREAK,
    DIFF,
    PICTURE,
    Batch,
    Ints,
    Noticed,
    Prints,
    Tickers,
    Updates,
)
from nowake.domain.errors import BadData
from nowake.domain.market import Receipts
from nowake.domain.units import NS_PER_MS

_MOST_WAITING = 20_000  # Changes kept while no picture of the book is there; requests are answered within seconds.


class _Change(NamedTuple):
    """A message about the book, its levels still text."""

    time_ns: int
    first_id: int
    last_id: int
    previous_id: int  # -1 on spot.
    bids: bytes
    asks: bytes


class _Picture(NamedTuple):
    last_id: int
    time_ns: int  # 0 where the venue does not say.
    bids: bytes
    asks: bytes


class SymbolStream:
    """Takes messages in the order received, gives batches. The one writer of what chains them."""

    def __init__(self) -> None:
        self._picture: _Picture | None = None
        self._waiting: deque[_Change] = deque(maxlen=_MOST_WAITING)
        self._known_id = -1  # The last update in the book, -1 while it is unknown.
        self._first_id, self._newest_id = -1, -1  # Of all changes taken.
        self._local_ns = 0
        self._times = {"depth": 0, "trade": 0, "bookTicker": 0}  # The newest of each.
        self._trade_id, self._ticker_id = -1, -1
        self._clocks = TwoClocks()
        self._notes: tuple[str, ...] = ()
        self._start_batch()

    def _start_batch(self) -> None:
        self.messages = 0  # In this batch.
        self._begin_ns = 0  # The venue's first stamp in it.
        self._kinds: list[int] = []
        self._update_times: list[int] = []
        self._update_ids: list[int] = []
        self._levels: list[bytes] = []  # Bids and asks in turn.
        self._print_times: list[int] = []
        self._print_sides: list[int] = []
        self._print_prices: list[msgspec.Raw] = []
        self._print_sizes: list[msgspec.Raw] = []
        self._ticker_stamps: list[int] = []  # As they are written, 0 for none.
        self._ticker_locals: list[int] = []
        self._ticker_ids: list[int] = []
        self._ticker_prices: list[msgspec.Raw] = []
        self._ticker_sizes: list[msgspec.Raw] = []
        self._stamps: list[int] = []  # Sent, matched and received of each message in turn, as they are written.
        self._noticed: list[Noticed] = []

    def take(self, kind: str, message: Message, local_ns: int) -> None:
        """The next message, of a kind as `nowake.data.readers.binance_json.kind_of` says."""
        self.messages += 1
        stamp = message.T or message.E
        if local_ns < self._local_ns:
            behind_ms = (self._local_ns - local_ns) / NS_PER_MS
            self.notice("clock_reversals", f"the recorder's clock went back by {behind_ms:,.1f} ms at {local_ns} ns")
        self._local_ns = local_ns
        self._begin_ns = self._begin_ns or to_ns(stamp)
        if kind == "bookTicker":
            self._take_ticker(message, stamp, local_ns)
        elif kind == "depth":
            if self._first_id < 0:
                self._first_id = message.U
                self._lose_book(self._begin_ns)  # Unknown from where the stream begins.
            self._newest_id = max(self._newest_id, message.u)
            self._take_change(self._change_of(message, self._in_order("depth", to_ns(stamp))))
        elif kind == "trade":
            self._take_trade(message, self._in_order("trade", to_ns(stamp)), message.t, message.t)
        elif kind == "aggTrade":
            self._take_trade(message, self._in_order("trade", to_ns(stamp)), message.f, message.l)
        else:
            self.take_picture(message)
            return
        if stamp:
            self._stamps += (message.E, stamp, local_ns)

    def take_picture(self, message: Message) -> None:
        """The answer to a request for the whole book, which may come later than it was received."""
        stamp = to_ns(message.T or message.E)
        self._picture = _Picture(message.lastUpdateId, stamp, bytes(message.bids), bytes(message.asks))
        self._join()

    def reaches(self, update_id: int) -> bool:
        """Whether a picture up to an update can be of this book, by the changes taken so far."""
        return 0 <= self._first_id <= update_id + 1 and update_id <= self._newest_id

    def notice(self, name: str, example: str, count: int = 1) -> None:
        """Count something at the time of the newest message."""
        self._noticed.append(Noticed(max(self._times.values()), name, example, count))

    def note(self, sentence: str) -> None:
        """Say something with all batches from here on, as `nowake.data.findings.Findings` has notes."""
        self._notes = tuple(dict.fromkeys((*self._notes, sentence)))

    def batch(self) -> Batch:
        """All since the last batch.

        Raises
        ------
        BadData
            When a price or size is no number.
        """
        sent_ns, matched_ns, local_ns = (all_ns(self._stamps[column::3]) for column in range(3))
        measures = self._clocks.see(sent_ns, matched_ns, local_ns)
        clocks = self._clocks.envelope
        batch = Batch(
            updates=self._updates(),
            prints=self._prints(),
            tickers=self._tickers(),
            receipts=Receipts(matched_ns, local_ns if clocks is None else corrected(matched_ns, local_ns, clocks)),
            noticed=tuple(self._noticed),
            measures=measures,
            notes=(*self._notes, *clock_notes(clocks)),
        )
        self._start_batch()
        return batch

    def _in_order(self, kind: str, time_ns: int) -> int:
        """The time, or that of the message of the same kind before where it went back."""
        before_ns = self._times[kind]
        if time_ns < before_ns:
            example = f"{kind} at {time_ns} ns, {(before_ns - time_ns) / NS_PER_MS:,.0f} ms before the {kind} before it"
            self._noticed.append(Noticed(time_ns, "clock_reversals", example))
            return before_ns
        self._times[kind] = time_ns
        return time_ns

    def _change_of(self, message: Message, time_ns: int) -> _Change:
        return _Change(time_ns, message.U, message.u, message.pu, bytes(message.b), bytes(message.a))

    def _take_change(self, change: _Change) -> None:
        if self._known_id < 0:
            self._wait(change)
            self._join()
        elif change.last_id <= self._known_id:
            self._noticed.append(Noticed(change.time_ns, "duplicates", f"update {change.last_id} of the book again"))
        elif _follows(change, self._known_id):
            self._append(DIFF, change.time_ns, change.last_id, change.bids, change.asks)
            self._known_id = change.last_id
        else:
            example = f"update {change.first_id} after {self._known_id}"
            self._noticed.append(Noticed(change.time_ns, "sequence_gaps", example))
            self._lose_book(change.time_ns)
            self._wait(change)
            self._join()

    def _wait(self, change: _Change) -> None:
        """Keep a change until there is a picture; of two that do not follow only the later can be used."""
        if self._waiting and change.last_id <= self._waiting[-1].last_id:
            return
        if self._waiting and not _follows(change, self._waiting[-1].last_id):
            self._waiting.clear()
        self._waiting.append(change)

    def _lose_book(self, time_ns: int) -> None:
        self._known_id = -1
        self._append(BREAK, time_ns, 0, b"", b"")

    def _join(self) -> None:
        """Begin the book where a picture and the changes after it fit together."""
        picture = self._picture
        if picture is None or self._known_id >= 0:
            return
        contained = 0
        while self._waiting and _is_within(self._waiting[0], picture.last_id):
            self._waiting.popleft()
            contained += 1
        if contained:
            example = f"changes up to update {picture.last_id}, which the picture of the book contains"
            self.notice("left_out", example, contained)
        if not self._waiting:
            return
        self._picture = None
        first = self._waiting[0]
        if not _reaches_over(first, picture.last_id):
            return  # The picture is older than the changes that are left.
        time_ns = min(picture.time_ns or first.time_ns, first.time_ns)
        self._append(PICTURE, time_ns, picture.last_id, picture.bids, picture.asks)
        self._append(DIFF, first.time_ns, first.last_id, first.bids, first.asks)
        self._known_id = first.last_id
        rest, self._waiting = list(self._waiting)[1:], deque(maxlen=_MOST_WAITING)
        for change in rest:
            self._take_change(change)

    def _append(self, kind: int, time_ns: int, update_id: int, bids: bytes, asks: bytes) -> None:
        self._kinds.append(kind)
        self._update_times.append(max(time_ns, self._update_times[-1]) if self._update_times else time_ns)
        self._update_ids.append(update_id)
        self._levels.append(bids)
        self._levels.append(asks)

    def _take_trade(self, message: Message, time_ns: int, first_id: int, last_id: int) -> None:
        if first_id <= self._trade_id:
            self._noticed.append(Noticed(time_ns, "duplicates", f"trade {first_id} again"))
            return
        self._trade_id = last_id
        if message.X != "MARKET" or not bytes(message.q).strip(b'"0.'):
            example = f"trade {first_id} of kind {message.X}, which is no trade on the market"
            self._noticed.append(Noticed(time_ns, "left_out", example))
            return
        self._print_times.append(time_ns)
        self._print_sides.append(1 if message.m else -1)
        self._print_prices.append(message.p)
        self._print_sizes.append(message.q)

    def _take_ticker(self, message: Message, stamp: int, local_ns: int) -> None:
        if message.u <= self._ticker_id:
            self.notice("duplicates", f"best bid and ask after update {message.u} again")
            return
        self._ticker_id = message.u
        self._ticker_stamps.append(stamp)
        self._ticker_locals.append(local_ns)
        self._ticker_ids.append(message.u)
        self._ticker_prices += (message.b, message.a)
        self._ticker_sizes += (message.B, message.A)

    def _updates(self) -> Updates:
        counts = np.array([part.count(b'"') // 4 for part in self._levels], np.int64)
        price, size = columns(self._levels, 2)
        _must_agree(len(price.units), int(counts.sum()))
        sides = np.tile(np.array([1, -1], np.int8), len(counts) // 2)
        return Updates(
            np.array(self._kinds, np.int8),
            np.array(self._update_times, np.int64),
            np.array(self._update_ids, np.int64),
            counts.reshape(-1, 2).sum(axis=1),
            np.repeat(sides, counts),
            price,
            size,
        )

    def _prints(self) -> Prints:
        (price,), (size,) = columns(self._print_prices, 1), columns(self._print_sizes, 1)
        _must_agree(len(price.units), len(self._print_sides))
        _must_agree(len(size.units), len(self._print_sides))
        return Prints(np.array(self._print_times, np.int64), np.array(self._print_sides, np.int8), price, size)

    def _tickers(self) -> Tickers:
        bid, ask = columns(self._ticker_prices, 2)
        bid_size, ask_size = columns(self._ticker_sizes, 2)
        for column in (bid, ask, bid_size, ask_size):
            _must_agree(len(column.units), len(self._ticker_ids))
        return Tickers(self._ticker_times(), np.array(self._ticker_ids, np.int64), bid, bid_size, ask, ask_size)

    def _ticker_times(self) -> Ints:
        times = all_ns(self._ticker_stamps)
        if np.any(times == 0):  # Spot does not stamp them: they left when they came, less what messages take at least.
            local_ns = np.array(self._ticker_locals, np.int64)
            envelope = self._clocks.envelope
            times = local_ns if envelope is None else local_ns - envelope.at(local_ns)
        times = np.maximum.accumulate(np.maximum(times, self._times["bookTicker"]))
        if len(times):
            self._times["bookTicker"] = int(times[-1])
        return times


def _follows(change: _Change, known_id: int) -> bool:
    """Whether a change that goes beyond an update is the next after it, with none missing."""
    return change.previous_id == known_id if change.previous_id >= 0 else change.first_id <= known_id + 1


def _is_within(change: _Change, picture_id: int) -> bool:
    """Whether a picture contains a change."""
    return change.last_id < picture_id if change.previous_id >= 0 else change.last_id <= picture_id


def _reaches_over(change: _Change, picture_id: int) -> bool:
    """Whether no update is missing between a picture and a change that it does not contain."""
    if change.previous_id >= 0:
        return change.previous_id <= picture_id
    return change.first_id <= picture_id + 1


def _must_agree(found: int, expected: int) -> None:
    if found != expected:
        raise BadData(f"{found:,} numbers where {expected:,} must be; the stream is damaged, record it again")
