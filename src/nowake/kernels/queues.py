"""The parts of the compiled book: orders in price levels, first in first out, found by id.

Small functions of the context record and whole numbers, compiled into the loops of `replay` and `own`; the levels
themselves are in `levels`. The same rules in plain lists are in tests/reference/book.py.

An order is found by its id in an open-addressing table (Knuth, The Art of Computer Programming 3, 6.4, algorithms L
and R)."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.levels import level_at, mark, next_mark, price_of, show, show_own, side_at
from nowake.kernels.memory import at, leaf, prefetch, tiny
from nowake.kernels.state import ANONYMOUS, CARRY, CARRY_BITS, ENTRY, FILL, NAMED, NOBODY, ORDER, OWN

_ORDER_BYTES, _ENTRY_BYTES = ORDER.itemsize, ENTRY.itemsize
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads neighbouring ids over the table.


@tiny
def order_at(c: Any, slot: int) -> Any:
    """The order in a slot."""
    return at(c.orders, slot, ORDER)


@tiny
def displayed(order: Any) -> int:
    """Lots an order displays: what we took of it stays gone until history removes the order."""
    return max(0, order.hist - order.taken)


@tiny
def count_print(c: Any, price_ticks: int, lots: int) -> None:
    """Add a trade to volume and turnover."""
    c.volume += lots
    c.turnover_low += price_ticks * lots
    c.turnover_high += c.turnover_low >> CARRY_BITS
    c.turnover_low &= CARRY - 1


@tiny
def home(c: Any, order_id: int) -> int:
    """Where in the table an id wants to be."""
    return np.int64((np.uint64(order_id) * _SPREAD) >> np.uint64(64 - c.table_bits))


@tiny
def find(c: Any, order_id: int) -> int:
    """Place in the table of an id, or of the free entry where it would go (its slot is 0)."""
    mask = (np.int64(1) << c.table_bits) - 1
    place = home(c, order_id)
    entry = at(c.table, place, ENTRY)
    while entry.slot != NOBODY and entry.id != order_id:
        place = (place + 1) & mask
        entry = at(c.table, place, ENTRY)
    return place


@tiny
def slot_of(c: Any, order_id: int) -> int:
    """The slot of a historic order, NOBODY where the id is not in the book (0 never is)."""
    return np.int64(at(c.table, find(c, order_id), ENTRY).slot)


@tiny
def expect_entry(c: Any, order_id: int) -> None:
    """Bring the table's entry of an id near, for an event soon to come."""
    prefetch(c.table + home(c, order_id) * _ENTRY_BYTES)


@tiny
def expect_order(c: Any, order_id: int) -> None:
    """Bring the order near that the first look into the table names; most ids are found at the first look."""
    slot = at(c.table, home(c, order_id), ENTRY).slot
    prefetch(c.orders + slot * _ORDER_BYTES)


@leaf
def forget(c: Any, order_id: int) -> None:
    """Take an id out of the table, moving later entries of the same run up so that every id is still found."""
    mask = (np.int64(1) << c.table_bits) - 1
    hole = find(c, order_id)
    place = hole
    while True:
        place = (place + 1) & mask
        entry = at(c.table, place, ENTRY)
        if entry.slot == NOBODY:
            break
        if ((place - home(c, entry.id)) & mask) >= ((place - hole) & mask):
            target = at(c.table, hole, ENTRY)
            target.id = entry.id
            target.slot = entry.slot
            hole = place
    at(c.table, hole, ENTRY).slot = NOBODY


@tiny
def has_room(c: Any) -> bool:
    """Whether one more order fits."""
    return c.free_slot != NOBODY or c.orders_used < c.order_capacity


@leaf
def join(c: Any, row: int, kind: int, order_id: int, lots: int, taken: int) -> int:
    """Put a new order at the tail of a row's queue and return its slot; `has_room` was asked before."""
    slot = np.int64(c.free_slot)
    if slot == NOBODY:
        slot = np.int64(c.orders_used)
        c.orders_used += 1
    else:
        c.free_slot = order_at(c, slot).next
    level = level_at(c, row)
    order = order_at(c, slot)
    order.id = order_id
    order.hist = lots
    order.taken = taken
    order.row = row
    order.kind = kind
    order.next = NOBODY
    order.prev = level.tail
    if level.tail == NOBODY:
        level.head = slot
    else:
        order_at(c, np.int64(level.tail)).next = slot
    level.tail = slot
    if kind == OWN:
        show_own(c, row, lots, 1)
        return slot
    level.hist += lots
    if kind == ANONYMOUS:
        level.anonymous += 1
    else:
        entry = at(c.table, find(c, order_id), ENTRY)
        entry.id = order_id
        entry.slot = slot
    if taken < lots:
        show(c, row, lots - taken)
    else:
        mark(c, row)
    return slot


@leaf
def go_ahead_of_ours(c: Any, slot: int) -> None:
    """The last of a queue moves ahead of our first order there; the level holds one of ours."""
    order = order_at(c, slot)
    level = level_at(c, np.int64(order.row))
    behind = np.int64(level.head)
    while order_at(c, behind).kind != OWN:
        behind = np.int64(order_at(c, behind).next)
    level.tail = order.prev
    order_at(c, np.int64(order.prev)).next = NOBODY
    ahead = np.int64(order_at(c, behind).prev)
    order.prev = ahead
    order.next = behind
    order_at(c, behind).prev = slot
    if ahead == NOBODY:
        level.head = slot
    else:
        order_at(c, ahead).next = slot


@leaf
def leave(c: Any, slot: int) -> None:
    """Take an order that has no lots left out of its queue and free its slot."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    level = level_at(c, row)
    if order.prev == NOBODY:
        level.head = order.next
    else:
        order_at(c, np.int64(order.prev)).next = order.next
    if order.next == NOBODY:
        level.tail = order.prev
    else:
        order_at(c, np.int64(order.next)).prev = order.prev
    if order.kind == NAMED:
        forget(c, order.id)
    elif order.kind == ANONYMOUS:
        level.anonymous -= 1
    else:
        show_own(c, row, 0, -1)
    order.kind = NOBODY
    order.next = c.free_slot
    c.free_slot = slot


@leaf
def shrink(c: Any, slot: int, lots: int) -> None:
    """History takes `lots` (at most what it has) off one of its orders, in place; at 0 the order is gone."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    before = displayed(order)
    order.hist -= lots
    level_at(c, row).hist -= lots
    if before > 0:
        show(c, row, displayed(order) - before)
    else:
        mark(c, row)
    if order.hist == 0:
        leave(c, slot)


@leaf
def unname(c: Any, slot: int) -> None:
    """An order keeps its place and loses its name: history no longer says whose lots they are."""
    order = order_at(c, slot)
    forget(c, order.id)
    order.id = 0
    order.kind = ANONYMOUS
    level_at(c, np.int64(order.row)).anonymous += 1


@leaf
def cut(c: Any, row: int, kind: int, lots: int, from_tail: bool) -> int:
    """History takes up to `lots` off orders of a kind (NOBODY: of any) at a row, from one end; what it did not find."""
    level = level_at(c, row)
    slot = np.int64(level.tail) if from_tail else np.int64(level.head)
    while lots > 0 and slot != NOBODY:
        order = order_at(c, slot)
        following = np.int64(order.prev) if from_tail else np.int64(order.next)
        if order.kind == kind or (kind == NOBODY and order.kind != OWN):
            found = min(lots, order.hist)
            shrink(c, slot, found)
            lots -= found
        slot = following
    return lots


@leaf
def take_from(c: Any, slot: int, lots: int) -> int:
    """Consume up to `lots` of what a historic order displays; returns how many. History does not notice."""
    order = order_at(c, slot)
    traded = min(lots, displayed(order))
    if traded > 0:
        order.taken += traded
        show(c, np.int64(order.row), -traded)
    return traded


@leaf
def report_fill(c: Any, child_id: int, price_ticks: int, lots: int, open_lots: int, maker: int) -> None:
    """Write down a fill of ours, and come back to Python when we would learn of it."""
    fill = at(c.fills, c.fill_count, FILL)
    fill.venue_ns = c.venue_ns
    fill.child_id = child_id
    fill.lots = lots
    fill.open_lots = open_lots
    fill.price_ticks = price_ticks
    fill.maker = maker
    fill.tape_ticks = c.tape_ticks
    c.fill_count += 1
    c.until_ns = min(c.until_ns, c.venue_ns + c.report_lag_ns)


@leaf
def fill_own(c: Any, slot: int, lots: int) -> int:
    """Fill a resting order of ours by up to `lots`, none while trading is halted; returns how many."""
    if c.halted != 0:
        return 0
    order = order_at(c, slot)
    row = np.int64(order.row)
    traded = min(lots, order.hist)
    order.hist -= traded
    show_own(c, row, -traded, 0)
    report_fill(c, order.id, price_of(c, row), traded, order.hist, 1)
    if order.hist == 0:
        leave(c, slot)
    return traded


@leaf
def fill_own_ahead(c: Any, row: int, until_slot: int, lots: int) -> int:
    """A taker of `lots` meets our orders of a queue that stand ahead of a slot (0: all); returns what is left of it."""
    slot = np.int64(level_at(c, row).head)
    while lots > 0 and slot != until_slot:
        order = order_at(c, slot)
        behind = np.int64(order.next)
        if order.kind == OWN:
            lots -= fill_own(c, slot, lots)
        slot = behind
    return lots


@leaf
def fill_own_above(c: Any, side: int, rank: int, lots: int) -> int:
    """A taker of `lots` meets our orders priced better than a rank, best price first; returns what is left of it."""
    if side_at(c, side).own == 0:
        return lots
    best = side_at(c, side).top_mark
    while lots > 0 and best > rank:
        row = side * c.window + best
        if level_at(c, row).own > 0:
            lots = fill_own_ahead(c, row, NOBODY, lots)
        best = next_mark(c, side, best - 1, rank)
    return lots
