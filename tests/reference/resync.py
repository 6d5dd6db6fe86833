"""The slow, obvious twins of `nowake.kernels.resync`: dictionaries of lots by price, walked in full for every row.

`SingleOrders` is a book that knows orders by their ids, to see what events do to such a book."""

from __future__ import annotations

from collections.abc import Sequence

from nowake.kernels.layout import ADD, DELETE, EXECUTE, RESYNC
from nowake.kernels.resync import FIRST_SIGHT, FROM_MESSAGE, RESTATED, REVEALED, UNEXPLAINED

Message = tuple[int, int, int, int, int, int, int]  # The fields of EVENT, in order.
Levels = list[tuple[int, int]]  # (price, lots), best first.
Row = dict[int, Levels]  # Side (+1, -1) -> its displayed levels.
Written = tuple[Message, int, tuple[int, int]]  # Event, cause, (row, lots held before).


def resync(messages: Sequence[Message], rows: Sequence[Row], levels: int, message_levels: int) -> list[Written]:
    """(event, cause, (row, lots held before)) in order, as the kernel writes them into its three arrays."""
    held: dict[int, dict[int, int]] = {-1: {}, 1: {}}
    heard: dict[int, dict[int, str]] = {-1: {}, 1: {}}
    grid = {message[3] for message in messages if is_about_the_book(message)}
    grid |= {price for row in rows for side in row.values() for price, _ in side}
    out: list[Written] = []

    for side, price, lots in book_before(messages[0], rows[0]):
        held[side][price] = lots
        out.append((resync_event(messages[0], side, price, lots), FIRST_SIGHT, (0, 0)))

    for k, message in enumerate(messages):
        _, _, lots, price, kind, touched, _ = message
        if is_about_the_book(message):
            before = held[touched].get(price, 0)
            if kind == ADD:
                if before == 0 and price not in heard[touched]:
                    heard[touched][price] = "at least"
                held[touched][price] = before + lots
            else:
                if before < lots:
                    known = k > 0 and in_sight(rows[k - 1][touched], touched, price, levels)
                    known |= message_levels > levels and heard[touched].get(price) == "exactly"
                    out.append(
                        (resync_event(message, touched, price, lots), UNEXPLAINED if known else REVEALED, (k, before))
                    )
                    before = lots
                held[touched][price] = before - lots
        out.append((message, FROM_MESSAGE, (k, 0)))

        for side in (-1, 1):
            displayed = dict(rows[k][side])
            stands = [p for p, n in held[side].items() if n > 0]
            if is_about_the_book(message) and side == touched:
                stands.append(price)
            best = min([*displayed, *stands], key=lambda p: -side * p, default=None)
            span = [p for p in grid if best is not None and -side * p >= -side * best]
            span = sorted((p for p in span if in_sight(rows[k][side], side, p, levels)), key=lambda p: -side * p)
            for p in span:
                was, now = held[side].get(p, 0), displayed.get(p, 0)
                if was != now:
                    known = k > 0 and in_sight(rows[k - 1][side], side, p, levels)
                    if message_levels > levels:
                        known |= heard[side].get(p) == "exactly"
                        known |= heard[side].get(p) == "at least" and now < was
                    out.append((resync_event(message, side, p, now), UNEXPLAINED if known else REVEALED, (k, was)))
                    held[side][p] = now
                heard[side][p] = "exactly"
            forget_out_of_reach(held[side], heard[side], side, message_levels)
    return out


def is_about_the_book(message: Message) -> bool:
    return ADD <= message[4] <= EXECUTE


def book_before(message: Message, row: Row) -> list[tuple[int, int, int]]:
    """(side, price, lots) of a row with its message undone: asks first, prices increasing."""
    book = {(side, price): lots for side in row for price, lots in row[side]}
    if is_about_the_book(message):
        _, _, lots, price, kind, side, _ = message
        book[side, price] = book.get((side, price), 0) + (-lots if kind == ADD else lots)
    return [(side, price, lots) for (side, price), lots in sorted(book.items()) if lots > 0]


def in_sight(shown: Levels, side: int, price: int, levels: int) -> bool:
    """Whether a row shows everything up to a price."""
    return len(shown) < levels or -side * price <= -side * shown[-1][0]


def resync_event(message: Message, side: int, price: int, lots: int) -> Message:
    return (message[0], 0, lots, price, RESYNC, side, 0)


def forget_out_of_reach(held: dict[int, int], heard: dict[int, str], side: int, message_levels: int) -> None:
    occupied = sorted((p for p, n in held.items() if n > 0), key=lambda p: -side * p)
    if len(occupied) >= message_levels:
        last = occupied[message_levels - 1]
        for price in [p for p in heard if -side * p > -side * last]:
            del heard[price]


def restate(written: Sequence[Written]) -> list[Written]:
    """The same events with a RESYNC after each removal that leaves a level's orders unsure."""
    out: list[Written] = []
    held: dict[tuple[int, int], int] = {}
    unnamed: dict[tuple[int, int], int] = {}
    unsure: set[tuple[int, int]] = set()
    orders: dict[tuple[int, int], dict[int, int]] = {}  # Place -> order id -> lots, since the place was last empty.
    for event, cause, (row, before) in written:
        out.append((event, cause, (row, before)))
        _, identity, lots, price, kind, side, _ = event
        place, total = (side, price), held.get((side, price), 0)
        here = orders.setdefault(place, {})
        if kind == RESYNC:
            unnamed[place] = unnamed.get(place, 0) + max(lots - total, 0)
            if lots < total:
                unsure.add(place)
            held[place] = lots
        elif kind == ADD:
            held[place] = total + lots
            here[identity] = lots
        elif is_about_the_book(event):
            held[place] = total - lots
            mine = here.get(identity, 0)
            if mine == lots or (mine > lots and kind != DELETE):
                here[identity] = mine - lots
            elif mine == 0 and unnamed.get(place, 0) >= lots:
                unnamed[place] -= lots
            else:
                here[identity] = 0
                unsure.add(place)
            if place in unsure:
                out.append((resync_event(event, side, price, held[place]), RESTATED, (row, held[place])))
        if held.get(place, 0) == 0:
            unnamed[place] = 0
            unsure.discard(place)
            here.clear()
    return out


class SingleOrders:
    """Queues of orders by price. An id that never came can only take lots whose ids nobody told."""

    def __init__(self) -> None:
        self.queues: dict[tuple[int, int], list[list[int]]] = {}  # (side, price) -> [id, lots], 0 for no id.

    def apply(self, event: Message) -> None:
        _, identity, lots, price, kind, side, _ = event
        queue = self.queues.setdefault((side, price), [])
        if kind == ADD:
            queue.append([identity, lots])
        elif kind == RESYNC:
            queue.append([0, max(lots - self.total(side, price), 0)])
            self._take(queue[::-1], self.total(side, price) - lots)
        elif is_about_the_book(event):
            named = [order for order in queue if order[0] == identity]
            if named and kind == DELETE:
                named[0][1] = 0
            else:
                self._take(named or [order for order in queue if order[0] == 0], lots)
        self.queues[side, price] = [order for order in queue if order[1] > 0]

    def total(self, side: int, price: int) -> int:
        return sum(lots for _, lots in self.queues.get((side, price), []))

    def best_levels(self, side: int, levels: int) -> Levels:
        prices = sorted((p for (s, p), q in self.queues.items() if s == side and q), key=lambda p: -side * p)
        return [(price, self.total(side, price)) for price in prices[:levels]]

    @staticmethod
    def _take(orders: list[list[int]], lots: int) -> None:
        for order in orders:
            cut = min(order[1], max(lots, 0))
            order[1] -= cut
            lots -= cut
