"""What an order log says happened, as events of a book: who rested, who took, what is left.

The log of a venue that tells orders but not trades (Bitstamp's, as kept by Stubbings 2016, R package obAnalytics) has
a row for every order that is created, changed or deleted, with the volume it has left. A trade is then two rows: the
taker shrinks and the maker shrinks by the same lots, in either order, within 50 ms; the taker was created at a price
that crossed, some 120 ms before. Both rows are put together again, the older id is the maker and is executed, and a
new order joins the book with what its trades leave of it, once they are all told.

Wrong where it must guess: rows that lack their mate count as an execution of the order that shrank; where the maker is
older than the log, the trade is a print beside the book; an order that stands in the way of a newer one for five
seconds must have left without a word, so it is taken away; so must one whose id is created again. An id created within
three seconds of its deletion is a creation told late, one created later a new order."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nowake.data.readers.touch import Touch
from nowake.kernels.layout import ADD, DELETE, EXECUTE, PRINT_HIDDEN, REDUCE, SNAPSHOT

CREATED, CHANGED, DELETED = 0, 1, 2

MATES_MS = 500  # The rows of one trade lie this close together at most (0 to 50 ms were seen, once 180).
HELD_MS = 3_000  # Rows are held back this long, so that a taker's trades are known when it is created.
STALE_MS = 5_000  # Nobody stands in the way of a newer order for longer.
GONE_MS = 60_000  # Rows of an order that come after its deletion are known as such for this long.
DAY_MS = 86_400_000
SAME_LOTS = 10  # Maker and taker may differ by a rounding of the venue's (1 satoshi was seen).


class Row(NamedTuple):
    """One row of the log; `lots` is what the order has left, `action` one of the three above."""

    order_id: int
    time_ms: int
    price: int
    lots: int
    action: int
    side: int


Told = tuple[int, int, int, int, int, int, int]  # time_ms, order_id, lots, price, kind, side, flags.


@dataclasses.dataclass(slots=True, eq=False)
class _Fill:
    """An order shrank because it traded. `lots` is None where what it had before is not known."""

    row: Row
    lots: int | None
    mate: _Fill | None = None

    @property
    def took(self) -> bool:
        """Whether it is the taker's half of a trade: its id is the younger one."""
        return self.mate is not None and self.row.order_id > self.mate.row.order_id


@dataclasses.dataclass(slots=True, eq=False)
class _Order:
    side: int
    price: int
    left: int
    since_ms: int
    seated: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class OrderLog:
    """Reads rows in the order of the log; says what happened, some seconds of log later.

    Counts, under names of `nowake.data.findings.KINDS`, what it could not take at its word.
    """

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    matched: int = 0  # Trades of which both halves are in the log.
    unmatched: int = 0  # Fills whose other half is not.
    _told: dict[int, Row] = dataclasses.field(default_factory=dict)  # Id -> the last row read of it.
    _gone: dict[int, int] = dataclasses.field(default_factory=dict)  # Id -> when it was deleted, oldest first.
    _lone: deque[_Fill] = dataclasses.field(default_factory=deque)  # Fills whose mate may still come.
    _held: deque[Row | _Fill] = dataclasses.field(default_factory=deque)
    _takes: dict[int, int] = dataclasses.field(default_factory=dict)  # Id -> halves of its trades still held.
    _orders: dict[int, _Order] = dataclasses.field(default_factory=dict)
    _waiting: dict[int, _Order] = dataclasses.field(default_factory=dict)
    _day: int | None = None
    _book: Touch = dataclasses.field(default_factory=Touch)

    def read(self, rows: Iterable[Row]) -> Iterator[Told]:
        """What the rows, and those held back before, say happened up to `HELD_MS` before the last."""
        for row in rows:
            self._hear(row)
            while self._held and _time_of(self._held[0]) <= row.time_ms - HELD_MS:
                yield from self._next()

    def close(self) -> Iterator[Told]:
        """What is still held back."""
        while self._held:
            yield from self._next()

    def _next(self) -> Iterator[Told]:
        """The oldest row held; the first of a UTC day brings a picture of the book at its midnight."""
        act = self._held.popleft()
        day = _time_of(act) // DAY_MS
        if self._day not in {None, day}:
            yield from self._standing(day * DAY_MS)
        self._day = day
        yield from self._happen(act)

    def _standing(self, time_ms: int) -> Iterator[Told]:
        """Every order in the book, those first in the queue first."""
        for order_id, order in self._orders.items():
            if order.seated:
                yield time_ms, order_id, order.left, order.price, ADD, order.side, SNAPSHOT

    # First hearing: what a row means for its order, and which row is its mate.

    def _hear(self, row: Row) -> None:
        self._forget(row.time_ms)
        gone_ms = self._gone.get(row.order_id)
        if row.action == CREATED and gone_ms is not None and row.time_ms - gone_ms > HELD_MS:
            del self._gone[row.order_id]
            self._count("reused_ids")
        elif gone_ms is not None:
            self._count("out_of_order" if row.action == CREATED else "duplicates")
            return
        before = self._told.get(row.order_id)
        if row.action == DELETED:
            self._gone[row.order_id] = row.time_ms
            self._told.pop(row.order_id, None)
        if row.action == CREATED:
            if row == before:
                self._count("duplicates")
                return
            if before is not None:  # The end of the former order was not told.
                self._count("reused_ids")
                self._held.append(before._replace(time_ms=row.time_ms, action=DELETED))
            self._told[row.order_id] = row
            self._held.append(row)
        elif before is None:
            self._count("unknown_orders")
            if row.lots == 0 or row.action == CHANGED:
                self._pair(_Fill(row, None))
        else:
            self._hear_known(row, before)

    def _hear_known(self, row: Row, before: Row) -> None:
        """Fewer lots at the same price are a trade; a market order that moves on to the next price is cut to fit."""
        if row.action == CHANGED:
            self._told[row.order_id] = row
        elif row.lots > 0:
            self._held.append(row)
            return
        if row.lots < before.lots and row.price == before.price:
            self._pair(_Fill(row, before.lots - row.lots))
        else:
            self._held.append(row)

    def _pair(self, fill: _Fill) -> None:
        """Put a fill beside the one of the other side that is likest in lots, the latest of equals."""
        self._held.append(fill)
        while self._lone and fill.row.time_ms - self._lone[0].row.time_ms > MATES_MS:
            self._lone.popleft()
        likely = [(_unlike(other, fill), -k) for k, other in enumerate(self._lone) if _may_be_mates(other, fill)]
        if not likely:
            self._lone.append(fill)
            return
        mate = self._lone[-min(likely)[1]]
        self._lone.remove(mate)
        fill.mate, mate.mate = mate, fill
        self.matched += 1
        taker = max(fill.row.order_id, mate.row.order_id)
        self._takes[taker] = self._takes.get(taker, 0) + 2

    def _forget(self, now_ms: int) -> None:
        while self._gone:
            order_id = next(iter(self._gone))
            if now_ms - self._gone[order_id] <= GONE_MS:
                break
            del self._gone[order_id]

    # Second hearing: what that does to the book.

    def _happen(self, act: Row | _Fill) -> Iterator[Told]:
        if isinstance(act, _Fill):
            yield from self._fill(act)
        elif act.action == CREATED:
            self._orders[act.order_id] = self._waiting[act.order_id] = _Order(
                act.side, act.price, act.lots, act.time_ms
            )
        elif act.action == CHANGED:
            yield from self._change(act)
        else:
            yield from self._leave(act.time_ms, act.order_id, DELETE)
        if self._waiting:
            yield from self._seat(_time_of(act))

    def _fill(self, fill: _Fill) -> Iterator[Told]:
        row, mate, order = fill.row, fill.mate, self._orders.get(fill.row.order_id)
        if mate is not None:
            taker = max(row.order_id, mate.row.order_id)
            self._takes[taker] -= 1
            if not self._takes[taker]:
                del self._takes[taker]
        else:
            self.unmatched += 1
        lots = fill.lots if fill.lots is not None else mate.lots if mate is not None else None
        if lots is None:
            return
        if order is None or not order.seated:
            if order is not None:
                order.left -= min(lots, order.left)
                self._drop_if_empty(row.order_id, order)
            if mate is not None and not fill.took:  # A trade with an order that the book does not show.
                yield row.time_ms, row.order_id, lots, row.price, PRINT_HIDDEN, row.side, 0
            return
        yield from self._leave(row.time_ms, row.order_id, REDUCE if fill.took else EXECUTE, lots)

    def _change(self, row: Row) -> Iterator[Told]:
        """A new price, or more lots than before: a new place in the queue."""
        order = self._orders.get(row.order_id)
        if order is None or (row.price == order.price and row.lots == order.left):
            return
        if order.seated:
            yield from self._leave(row.time_ms, row.order_id, DELETE)
        moved = _Order(row.side, row.price, row.lots, row.time_ms)
        self._orders[row.order_id] = self._waiting[row.order_id] = moved

    def _leave(self, time_ms: int, order_id: int, kind: int, lots: int | None = None) -> Iterator[Told]:
        """An order loses lots, all by default."""
        order = self._orders.get(order_id)
        if order is None:
            return
        gone = order.left if lots is None else min(lots, order.left)
        order.left -= gone
        if order.seated:
            self._book.take(order.side, order.price, gone)
            if kind == REDUCE and order.left == 0:
                kind = DELETE
            yield time_ms, order_id, gone, order.price, kind, order.side, 0
        self._drop_if_empty(order_id, order)

    def _drop_if_empty(self, order_id: int, order: _Order) -> None:
        if order.left == 0:
            del self._orders[order_id]
            self._waiting.pop(order_id, None)

    def _seat(self, now_ms: int) -> Iterator[Told]:
        """Those whose trades are all told, and who cross nobody, join the book."""
        for order_id, order in list(self._waiting.items()):
            if order_id in self._takes:
                continue
            if self._book.crosses(order.side, order.price):
                if now_ms - order.since_ms <= STALE_MS:
                    continue
                yield from self._make_way(now_ms, order)
            del self._waiting[order_id]
            order.seated = True
            self._orders[order_id] = self._orders.pop(order_id)  # Behind everybody seated before.
            self._book.add(order.side, order.price, order.left)
            yield now_ms, order_id, order.left, order.price, ADD, order.side, 0

    def _make_way(self, now_ms: int, newer: _Order) -> Iterator[Told]:
        for order_id, order in list(self._orders.items()):
            in_the_way = order.seated and order.side == -newer.side
            if in_the_way and newer.side * (newer.price - order.price) >= 0:
                self._count("stale_levels")
                yield from self._leave(now_ms, order_id, DELETE)

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def _time_of(act: Row | _Fill) -> int:
    return act.row.time_ms if isinstance(act, _Fill) else act.time_ms


def _may_be_mates(one: _Fill, other: _Fill) -> bool:
    if one.row.side == other.row.side or one.row.order_id == other.row.order_id:
        return False
    if one.lots is None or other.lots is None:
        return one.lots is not other.lots  # Two unknowns make no trade.
    return abs(one.lots - other.lots) <= SAME_LOTS


def _unlike(one: _Fill, other: _Fill) -> int:
    """How far two fills are from being one trade's: a fill of known lots is liker than one of unknown."""
    return SAME_LOTS + 1 if one.lots is None or other.lots is None else abs(one.lots - other.lots)
