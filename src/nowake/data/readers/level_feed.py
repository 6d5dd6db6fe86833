"""From the messages of a level feed to pieces of days: what the readers of such feeds share.

Order. Venues batch changes of the book and tell trades at once, so a trade is received before the change it caused,
often also before older changes. Events are therefore ordered by the venue's time; at one time trades come first,
because a change of the book stamped T contains the trades up to T. The queue at a price then shrinks by the trade
when it happened and is never told an older size afterwards. Messages are held back for two seconds of venue time to
do this; what is later still takes the time of what went before and counts as a clock reversal, and where it is later
by more than ten seconds the day is refused.

Days are UTC calendar days, as these markets never close. The book is carried over midnight, and a day that begins
with a known book begins with a picture of it, so that it can be replayed alone. While the book is unknown, trading is
halted in the events, and a day that ends so is refused. A feed that never speaks of the book gives tables, no events.

Tick and lot are told by the first hundreds of thousands of levels, trades and quotes, or all there are
(`nowake.data.readers.price_grid`). Wrong where a venue's stamps are wrong, and within their resolution, mostly a
millisecond."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.findings import EXAMPLES, NOTHING_FOUND, Findings
from nowake.data.readers.contract import Piece, Wanted
from nowake.data.readers.decimals import Decimals
from nowake.data.readers.level_book import RunningBook
from nowake.data.readers.level_messages import (
    BREAK,
    PICTURE,
    QUOTE,
    Batch,
    Ints,
    Noticed,
    Tickers,
    Updates,
    agreement,
    break_events,
    crossings,
    picture_events,
    print_events,
    some_updates,
    ticker_quotes,
    touch_quotes,
    update_events,
)
from nowake.data.readers.price_grid import Grid
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Quotes, Receipts, Trades
from nowake.domain.units import NS_PER_DAY, NS_PER_SECOND, midnight_ns
from nowake.kernels.layout import EVENT, TRADE

_HOLD_NS = 2 * NS_PER_SECOND
_TOO_LATE_NS = 10 * NS_PER_SECOND  # More than that is no latency.
_ENOUGH_ROWS = 300_000  # To tell tick and lot by; fewer where there are no more.
_ALL_NS = 2**62
# What comes before it is the coin; what follows a sign, the kind of contract.
_QUOTED_IN = re.compile(r".+?(USDT|USDC|FDUSD|TUSD|BUSD|DAI|BTC|ETH|BNB|EUR|GBP|TRY|BRL|JPY|KRW|USD)([-_].*)?")
_RECEIPT = np.dtype([("time_ns", np.int64), ("local_ns", np.int64)])
_NO_EVENTS, _NO_QUOTES, _NO_RECEIPTS = np.zeros(0, EVENT), np.zeros(0, QUOTE), np.zeros(0, _RECEIPT)


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """What is the same for all days: whose feed it is, and what to do where its book is unknown.

    `first` and `last` bound the days that are handed out. `way_out` ends the sentence of a refusal. `notes` go to every
    day; `depth` is as in `nowake.data.day.Day`.
    """

    symbol: str
    venue: str
    currency: str
    wanted: Wanted
    first: dt.date
    last: dt.date
    way_out: str
    notes: tuple[str, ...] = ()
    depth: int = 0
    multiplier: Decimal | None = Decimal(1)


class LevelFeed:
    """Pieces of one symbol's days, made from batches in the order of the feed.

    The one writer of what lasts between batches: tick and lot, the book, and what is held back.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._grid = Grid(source.wanted.tick_size, source.wanted.lot_size)
        self._early: list[Batch] = []
        self._early_rows, self._enough_rows = 0, _ENOUGH_ROWS
        self._book = RunningBook()
        self._speaks_of_book, self._knows_book, self._had_picture, self._lost_ns = False, False, False, 0
        self._date: dt.date | None = None  # The newest the book has seen.
        self._has_tickers = False
        self._held = _Held(_NO_EVENTS, _NO_QUOTES, _NO_RECEIPTS, ())
        self._handed_ns = 0  # Nothing handed out is later.
        self._unclosed: Piece | None = None  # The newest piece, until it is sure whether its day ends with it.
        self._refused: dict[dt.date, Findings] = {}
        self._compared: dict[dt.date, tuple[int, int]] = {}
        self._last_quote = _NO_QUOTES  # Handed out.
        self._measures: dict[str, float] = {}
        self._notes = source.notes

    @property
    def newest_date(self) -> dt.date | None:
        """Of the newest message taken, None before the first."""
        return self._date

    def take(self, batch: Batch) -> Iterator[Piece]:
        """The pieces that these messages complete."""
        self._early.append(batch)
        self._early_rows += len(batch.updates.side) + len(batch.prints.side) + len(batch.tickers.update_id)
        if self._early_rows >= self._enough_rows:
            yield from self._take_early()

    def finish(self) -> Iterator[Piece]:
        """What was held back, once there is no more to come."""
        yield from self._take_early()
        self._end_day()
        yield from self._hand_out(_ALL_NS)
        if self._unclosed is not None:
            yield self._closed(self._unclosed)
            self._unclosed = None

    def _take_early(self) -> Iterator[Piece]:
        """Batches that waited until there are enough of them to tell tick and lot."""
        self._grid.see(
            [price for batch in self._early for price in batch.prices],
            [size for batch in self._early for size in batch.sizes],
        )
        batches, self._early, self._early_rows, self._enough_rows = self._early, [], 0, 0
        for batch in batches:
            self._hold(batch)
            newest_ns = max((int(times[-1]) for times in batch.times if len(times)), default=0)
            yield from self._hand_out(newest_ns - _HOLD_NS)

    def _hold(self, batch: Batch) -> None:
        """Turn messages into ticks and lots and put them behind what is held."""
        self._measures, self._notes = self._measures | batch.measures, (*batch.notes, *self._source.notes)
        begin_ns = min((int(times[0]) for times in batch.times if len(times)), default=0)
        quotes = self._ticker_quotes(batch.tickers)
        self._has_tickers = self._has_tickers or len(quotes) > 0
        prints = print_events(batch.prints, *self._steps(batch.prints.price, batch.prints.size))
        noticed = tuple(item._replace(time_ns=max(item.time_ns, begin_ns)) for item in batch.noticed)
        self._held.add(prints, quotes, _receipt_rows(batch.receipts), noticed)
        price_ticks, lots = self._steps(batch.updates.price, batch.updates.size)
        for date in _dates(*batch.times):
            self._begin_day(date)
            midnight = midnight_ns(date, "UTC")
            start, end = np.searchsorted(batch.updates.time_ns, [midnight, midnight + NS_PER_DAY])
            part, rows = some_updates(batch.updates, int(start), int(end))
            touch = self._hold_updates(part, price_ticks[rows], lots[rows])
            told, equal = agreement(part, touch, batch.tickers, quotes)
            before = self._compared.get(date, (0, 0))
            self._compared[date] = (before[0] + told, before[1] + equal)

    def _hold_updates(self, updates: Updates, price_ticks: Ints, lots: Ints) -> Ints:
        """Apply messages about the book of one day and hold their events; gives the touch after each."""
        self._speaks_of_book = self._speaks_of_book or len(updates.kind) > 0
        touch = self._book.apply(updates, price_ticks, lots)
        events, self._knows_book = update_events(updates, price_ticks, lots, knows_book=self._knows_book)
        self._had_picture = self._had_picture or bool(np.any(updates.kind == PICTURE))
        self._lost_ns = int(updates.time_ns[updates.kind == BREAK].max(initial=self._lost_ns))
        quotes = _NO_QUOTES if self._has_tickers else touch_quotes(updates.time_ns, touch)
        self._held.add(events, quotes, _NO_RECEIPTS, tuple(crossings(updates, touch)))
        return touch

    def _ticker_quotes(self, tickers: Tickers) -> npt.NDArray[np.void]:
        bid, bid_lots = self._steps(tickers.bid, tickers.bid_size)
        return ticker_quotes(tickers, bid, bid_lots, *self._steps(tickers.ask, tickers.ask_size))

    def _steps(self, price: Decimals, size: Decimals) -> tuple[Ints, Ints]:
        return self._grid.ticks(price), self._grid.lots(size)

    def _begin_day(self, date: dt.date) -> None:
        """The first messages of a later date: what the book was at midnight opens it."""
        if self._date is not None and date > self._date:
            self._end_day()
            midnight = midnight_ns(date, "UTC")
            if self._speaks_of_book:
                opening = picture_events(midnight, self._book.levels) if self._knows_book else break_events(midnight)
                self._held.add(opening, _NO_QUOTES, _NO_RECEIPTS, ())
        self._date = date if self._date is None else max(date, self._date)

    def _end_day(self) -> None:
        if self._date is not None and self._speaks_of_book and not self._knows_book:
            counts = {} if self._had_picture else {"missing_snapshots": 1}
            self._refuse(self._date, Findings(counts=counts, refusal=self._why_unknown()))

    def _refuse(self, date: dt.date, why: Findings) -> None:
        self._refused[date] = self._refused.get(date, NOTHING_FOUND).merged(why)

    def _why_unknown(self) -> str:
        if not self._had_picture:
            return (
                f"no picture of the whole book comes before or among the changes of {self._source.symbol}, so what "
                f"stood at most prices is unknown; {self._source.way_out}"
            )
        lost = dt.datetime.fromtimestamp(self._lost_ns // NS_PER_SECOND, dt.UTC)
        return (
            f"messages about the book of {self._source.symbol} are missing at {lost:%H:%M:%S} UTC and no picture of "
            f"the whole book came after them, so it is unknown from there on; {self._source.way_out}"
        )

    def _hand_out(self, until_ns: int) -> Iterator[Piece]:
        self._refuse_late()
        ready = self._held.release(until_ns, self._handed_ns)
        self._handed_ns = max(self._handed_ns, int(ready.events["time_ns"][-1]) if len(ready.events) else 0)
        for date in _dates(*(table["time_ns"] for table in (ready.events, ready.quotes))):
            if not self._source.first <= date <= self._source.last:
                continue
            if self._source.wanted.includes(self._source.symbol, date):
                begin = midnight_ns(date, "UTC")
                piece = self._piece(date, ready.between(begin, begin + NS_PER_DAY))
                if self._unclosed is not None:
                    same_day = self._unclosed.instrument == piece.instrument
                    yield self._unclosed if same_day else self._closed(self._unclosed)
                self._unclosed = piece

    def _refuse_late(self) -> None:
        """Refuse the days of what is told so late that it can only stand at a wrong time."""
        times = self._held.events["time_ns"]
        late_ns = self._handed_ns - int(times.min(initial=self._handed_ns))
        if late_ns > _TOO_LATE_NS:
            refusal = (
                f"messages of {self._source.symbol} come up to {late_ns / NS_PER_SECOND:,.0f} s after later ones, so "
                "what happened first is unknown; put into one folder only files that were recorded together"
            )
            for date in _dates(times[times < self._handed_ns], np.array([self._handed_ns])):
                self._refuse(date, Findings(refusal=refusal))

    def _piece(self, date: dt.date, tables: _Held) -> Piece:
        midnight = midnight_ns(date, "UTC")
        session = Session(date=date, timezone="UTC", open_ns=midnight, close_ns=midnight + NS_PER_DAY)
        source = self._source
        return Piece(
            Instrument(
                symbol=source.symbol,
                venue=source.venue,
                session=session,
                tick_size=self._grid.tick,
                lot_size=self._grid.lot,
                currency=source.currency,
                multiplier=source.multiplier,
            ),
            events=tables.events if self._speaks_of_book else _NO_EVENTS,
            quotes=_quotes(self._new_quotes(date, tables.quotes)),
            trades=_trades(tables.events),
            receipts=Receipts(
                np.ascontiguousarray(tables.receipts["time_ns"]), np.ascontiguousarray(tables.receipts["local_ns"])
            ),
            depth=source.depth,
            findings=tables.findings().merged(Findings(measures=self._measures, notes=self._notes)),
        )

    def _new_quotes(self, date: dt.date, rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """The rows that differ from the one before, also when that went out with an earlier piece of the day."""
        before = _between(self._last_quote, midnight_ns(date, "UTC"), _ALL_NS)
        new = rows[_changed(rows, before)]
        self._last_quote = rows[-1:] if len(rows) else self._last_quote
        return new

    def _closed(self, piece: Piece) -> Piece:
        """The last piece of a day, with what only the whole day tells."""
        date = piece.instrument.session.date
        told, equal = self._compared.get(date, (0, 0))
        measures = {"touch_agreement_pct": 100.0 * equal / told, "touches_compared": float(told)} if told else {}
        notes: tuple[str, ...] = ()
        if self._grid.rounded:
            notes = (
                f"some sizes lie between lots of {self._grid.lot} and are rounded; give lot_size to have them exactly",
            )
        of_day = Findings(measures=measures, notes=notes).merged(self._refused.get(date, NOTHING_FOUND))
        return dataclasses.replace(piece, findings=piece.findings.merged(of_day))


@dataclasses.dataclass(slots=True)
class _Held:
    """Tables of what is not handed out yet, each in the order of its time."""

    events: Events
    quotes: npt.NDArray[np.void]
    receipts: npt.NDArray[np.void]
    noticed: tuple[Noticed, ...]

    def add(
        self,
        events: Events,
        quotes: npt.NDArray[np.void],
        receipts: npt.NDArray[np.void],
        noticed: tuple[Noticed, ...],
    ) -> None:
        """Put more behind what is there; `release` brings it in order."""
        self.events = np.concatenate([self.events, events])
        self.quotes = np.concatenate([self.quotes, quotes])
        self.receipts = np.concatenate([self.receipts, receipts])
        self.noticed = (*self.noticed, *noticed)

    def release(self, until_ns: int, handed_ns: int) -> _Held:
        """Take out what is not after `until_ns`, in order of time, none before `handed_ns`."""
        self.events = self.events[_in_order(self.events)]
        late = int(np.searchsorted(self.events["time_ns"], handed_ns))
        if late:
            apart_ms = (handed_ns - int(self.events["time_ns"][0])) / 1e6
            example = f"messages come up to {apart_ms:,.0f} ms after later ones"
            self.noticed = (*self.noticed, Noticed(handed_ns, "clock_reversals", example, late))
            self.events["time_ns"][:late] = handed_ns
        ready, rest = self.between(0, until_ns + 1), self.between(until_ns + 1, _ALL_NS)
        self.events, self.quotes, self.receipts, self.noticed = rest.events, rest.quotes, rest.receipts, rest.noticed
        return ready

    def between(self, begin_ns: int, end_ns: int) -> _Held:
        """What is not before `begin_ns` and before `end_ns`."""
        return _Held(
            _between(self.events, begin_ns, end_ns),
            _between(self.quotes, begin_ns, end_ns),
            _between(self.receipts, begin_ns, end_ns),
            tuple(item for item in self.noticed if begin_ns <= item.time_ns < end_ns),
        )

    def findings(self) -> Findings:
        """What was noticed, counted."""
        counts: dict[str, int] = {}
        examples: dict[str, tuple[str, ...]] = {}
        for item in self.noticed:
            counts[item.name] = counts.get(item.name, 0) + item.number
            examples[item.name] = (*examples.get(item.name, ()), item.example)[:EXAMPLES]
        return Findings(counts=counts, examples=examples)


def quoted_in(symbol: str) -> str:
    """The coin or currency prices of a pair are in, by how its symbol ends; USD where that says nothing."""
    match = _QUOTED_IN.fullmatch(symbol.upper())
    return match[1] if match else "USD"


def date_of(time_ns: int) -> dt.date:
    """The UTC date of an instant."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=time_ns // NS_PER_DAY)


def _between(table: npt.NDArray[np.void], begin_ns: int, end_ns: int) -> npt.NDArray[np.void]:
    return table[(table["time_ns"] >= begin_ns) & (table["time_ns"] < end_ns)]


def _in_order(events: Events) -> npt.NDArray[np.intp]:
    """By time; at one time trades first, but at midnight last, behind the picture that opens the day."""
    at_midnight = events["time_ns"] % NS_PER_DAY == 0
    return np.lexsort(((events["kind"] == TRADE) == at_midnight, events["time_ns"]))


def _dates(*times: Ints) -> list[dt.date]:
    """The UTC dates of times, increasing."""
    days: set[int] = set()
    for column in times:
        of_rows = column // NS_PER_DAY
        days.update(of_rows[np.flatnonzero(np.diff(of_rows, prepend=-1))].tolist())
    return [date_of(day * NS_PER_DAY) for day in sorted(days)]


def _receipt_rows(receipts: Receipts) -> npt.NDArray[np.void]:
    rows = np.zeros(len(receipts), _RECEIPT)
    rows["time_ns"], rows["local_ns"] = receipts.venue_ns, receipts.local_ns
    return rows


def _quotes(rows: npt.NDArray[np.void]) -> Quotes:
    time_ns, *columns = (np.ascontiguousarray(rows[name]) for name in QUOTE.names or ())
    return Quotes(np.maximum.accumulate(time_ns), *columns)


def _changed(rows: npt.NDArray[np.void], before: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Which rows differ from the one above; above the first stands the last of `before`."""
    touch = np.concatenate([before[-1:], rows])[list(QUOTE.names or ())[1:]]
    changed: npt.NDArray[np.bool_] = touch[1:] != touch[:-1]
    return changed if len(before) else np.r_[np.ones(min(len(rows), 1), np.bool_), changed]


def _trades(events: Events) -> Trades:
    """The prints among events; the aggressor is opposite to the resting order."""
    prints = events[events["kind"] == TRADE]
    no = np.zeros(len(prints), np.bool_)
    return Trades(
        time_ns=prints["time_ns"].copy(),
        price_ticks=prints["price_ticks"].astype(np.int64),
        lots=prints["lots"].copy(),
        aggressor=-prints["side"],
        hidden=no,
        auction=no,
    )
