"""What a level feed says, before it has ticks and lots: changes of the book, trades and quotes as columns.

The readers of such feeds make these; `nowake.data.readers.level_feed` makes pieces of days from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.readers.decimals import Decimals
from nowake.domain.market import Receipts
from nowake.kernels.layout import CLEAR, EVENT, HALT, LEVEL, RESUME, SNAPSHOT, TRADE

Ints = npt.NDArray[np.int64]
Sides = npt.NDArray[np.int8]

DIFF = 0  # Levels that changed.
PICTURE = 1  # All levels: what was known before is void.
BREAK = 2  # From here on the book is unknown; no rows.

QUOTE = np.dtype([(name, np.int64) for name in ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")])


class Updates(NamedTuple):
    """Messages about the book in the order of the feed, n of them with m rows.

    `kind` int8[n] (DIFF, PICTURE, BREAK), `time_ns` int64[n], never decreasing, `update_id` int64[n] (0 unknown) and
    `rows` int64[n]; `side` int8[m], `price` and `size` of m.
    """

    kind: npt.NDArray[np.int8]
    time_ns: Ints
    update_id: Ints
    rows: Ints
    side: Sides
    price: Decimals
    size: Decimals


class Prints(NamedTuple):
    """Trades in the order of the feed. `time_ns` int64; `side` int8, of the resting order, 0 unknown."""

    time_ns: Ints
    side: Sides
    price: Decimals
    size: Decimals


class Tickers(NamedTuple):
    """The venue's own best bid and ask in the order of the feed. `time_ns`, `update_id` int64 (0 unknown)."""

    time_ns: Ints
    update_id: Ints
    bid: Decimals
    bid_size: Decimals
    ask: Decimals
    ask_size: Decimals


class Noticed(NamedTuple):
    """A finding: when, its name in `nowake.data.findings.KINDS`, an example, and how many."""

    time_ns: int
    name: str
    example: str
    number: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive messages of one symbol.

    `measures` and `notes` are as in `nowake.data.findings.Findings`.
    """

    updates: Updates
    prints: Prints
    tickers: Tickers
    receipts: Receipts
    noticed: tuple[Noticed, ...] = ()
    measures: dict[str, float] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def prices(self) -> tuple[Decimals, ...]:
        """All columns of prices."""
        return self.updates.price, self.prints.price, self.tickers.bid, self.tickers.ask

    @property
    def sizes(self) -> tuple[Decimals, ...]:
        """All columns of sizes."""
        return self.updates.size, self.prints.size, self.tickers.bid_size, self.tickers.ask_size

    @property
    def times(self) -> tuple[Ints, Ints, Ints]:
        """When the book, trades and quotes speak."""
        return self.updates.time_ns, self.prints.time_ns, self.tickers.time_ns


def some_updates(updates: Updates, start: int, end: int) -> tuple[Updates, slice]:
    """Messages `start` to `end` (not included), and which rows are theirs."""
    first = int(updates.rows[:start].sum())
    rows = slice(first, first + int(updates.rows[start:end].sum()))
    part = Updates(
        updates.kind[start:end],
        updates.time_ns[start:end],
        updates.update_id[start:end],
        updates.rows[start:end],
        updates.side[rows],
        updates.price.take(rows),
        updates.size.take(rows),
    )
    return part, rows


def update_events(updates: Updates, price_ticks: Ints, lots: Ints, *, knows_book: bool) -> tuple[Events, bool]:
    """EVENT records of messages about the book, and whether the book is known after them.

    A picture is CLEAR and its levels, and RESUME where the book was unknown; a break is HALT and CLEAR.
    """
    message = np.repeat(np.arange(len(updates.rows)), updates.rows)
    events = np.zeros(len(message), EVENT)
    events["kind"] = LEVEL
    events["time_ns"], events["side"] = updates.time_ns[message], updates.side
    events["price_ticks"], events["lots"] = price_ticks, lots
    events["flags"] = np.where(updates.kind[message] == PICTURE, SNAPSHOT, 0)
    ends = np.cumsum(updates.rows)
    places: list[int] = []
    controls: list[tuple[int, int, int]] = []
    for number in np.flatnonzero(updates.kind != DIFF):
        for place, kind, flags in _controls(int(updates.kind[number]), knows_book=knows_book):
            places.append(int(ends[number] - (updates.rows[number] if place < 0 else 0)))
            controls.append((int(updates.time_ns[number]), kind, flags))
        knows_book = bool(updates.kind[number] == PICTURE)
    return np.insert(events, places, _control_events(controls)), knows_book


def print_events(prints: Prints, price_ticks: Ints, lots: Ints) -> Events:
    """EVENT records of trades."""
    events = np.zeros(len(prints.side), EVENT)
    events["kind"] = TRADE
    events["time_ns"], events["side"] = prints.time_ns, prints.side
    events["price_ticks"], events["lots"] = price_ticks, lots
    return events


def picture_events(time_ns: int, levels: Ints) -> Events:
    """CLEAR and a picture of the book; levels are rows of side, ticks and lots."""
    events = np.zeros(len(levels) + 1, EVENT)
    events["time_ns"], events["flags"] = time_ns, SNAPSHOT
    events["kind"][0], events["kind"][1:] = CLEAR, LEVEL
    events["side"][1:], events["price_ticks"][1:], events["lots"][1:] = levels.T
    return events


def break_events(time_ns: int) -> Events:
    """HALT and CLEAR: the book is unknown."""
    return _control_events([(time_ns, HALT, 0), (time_ns, CLEAR, 0)])


def ticker_quotes(tickers: Tickers, bid: Ints, bid_lots: Ints, ask: Ints, ask_lots: Ints) -> npt.NDArray[np.void]:
    """QUOTE records of the venue's own best bid and ask, given in ticks and lots."""
    quotes = np.zeros(len(tickers.update_id), QUOTE)
    for name, column in zip(QUOTE.names or (), (tickers.time_ns, bid, bid_lots, ask, ask_lots), strict=True):
        quotes[name] = column
    return quotes


def touch_quotes(time_ns: Ints, touch: Ints) -> npt.NDArray[np.void]:
    """QUOTE records of the rebuilt book; `touch` is int64[n, 4]."""
    quotes = np.zeros(len(time_ns), QUOTE)
    quotes["time_ns"] = time_ns
    for number, name in enumerate((QUOTE.names or ())[1:]):
        quotes[name] = touch[:, number]
    return quotes


def agreement(updates: Updates, touch: Ints, tickers: Tickers, quotes: npt.NDArray[np.void]) -> tuple[int, int]:
    """Of how many updates the venue told its own best bid and ask too, and how many of the rebuilt ones equal it.

    The two are compared where they state one update id: between two of its messages the venue's best bid and ask
    may have changed and changed again.
    """
    _, ours, theirs = np.intersect1d(updates.update_id, tickers.update_id, return_indices=True)
    told = updates.update_id[ours] > 0
    rebuilt = touch_quotes(tickers.time_ns[theirs], touch[ours])
    return int(told.sum()), int(np.sum(told & (rebuilt == quotes[theirs])))


def crossings(updates: Updates, touch: Ints) -> Iterator[Noticed]:
    """How often the rebuilt book is crossed, or locked, after a message."""
    both = (touch[:, 1] > 0) & (touch[:, 3] > 0)
    for name, wrong in (
        ("crossed_instants", touch[:, 0] > touch[:, 2]),
        ("locked_instants", touch[:, 0] == touch[:, 2]),
    ):
        found = np.flatnonzero(both & wrong)
        if len(found):
            first = int(found[0])
            example = f"bid {touch[first, 0]} and ask {touch[first, 2]} ticks after update {updates.update_id[first]}"
            yield Noticed(int(updates.time_ns[first]), name, example, len(found))


def _controls(kind: int, *, knows_book: bool) -> Iterator[tuple[int, int, int]]:
    """(-1 before or +1 behind the levels, kind of event, flags) around a message that is more than its levels."""
    if kind == BREAK:
        yield from ((-1, HALT, 0), (-1, CLEAR, 0))
        return
    yield -1, CLEAR, SNAPSHOT
    if not knows_book:
        yield 1, RESUME, 0


def _control_events(controls: list[tuple[int, int, int]]) -> Events:
    events = np.zeros(len(controls), EVENT)
    for row, (time_ns, kind, flags) in enumerate(controls):
        events[row]["time_ns"], events[row]["kind"], events[row]["flags"] = time_ns, kind, flags
    return events
