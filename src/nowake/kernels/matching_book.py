"""The parts of the matching engine: orders in price levels, first in first out, found by id; occupied rows in bit maps.

Small functions of the context record and whole numbers, compiled into the loops of `matching` and `matching_venue`.

An order is found by its id in an open-addressing table (Knuth, The Art of Computer Programming 3, 6.4, algorithms L
and R). An entry keeps 32 bits of the id's hash beside the slot, so that looking past the wrong entries touches no
order. The next occupied row is found in a bit map and its summary, 64 rows and 4,096 rows a step."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching_state import ENTRY, LEVEL, ORDER, REPORT, SELL, SIDE_BIT, WORD
from nowake.kernels.memory import at, leaf, prefetch, tiny, top_bit

_ORDER_BYTES, _ENTRY_BYTES = ORDER.itemsize, ENTRY.itemsize
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads neighbouring ids over the table.
_NOBODY = 0


@tiny
def order_at(c: Any, slot: int) -> Any:
    """The order in a slot."""
    return at(c.orders, slot, ORDER)


@tiny
def price_of(c: Any, row: int) -> int:
    """Price in ticks of a row."""
    if c.grid != 0:
        return at(c.grid, row, WORD).bits
    return c.base_ticks + row


@tiny
def side_of(order: Any) -> int:
    """BUY or SELL."""
    return np.int64((order.what & SIDE_BIT) != 0)


# Ids.


@tiny
def tag_of(order_id: int) -> int:
    """The upper 32 bits of an id's hash; the upper bits of these say where in the table it wants to be."""
    return np.int64((np.uint64(order_id) * _SPREAD) >> np.uint64(32))


@tiny
def find(c: Any, order_id: int) -> int:
    """Place in the table of an id, or of the free entry where it would go (its slot is 0)."""
    mask = (np.int64(1) << c.table_bits) - 1
    tag = tag_of(order_id)
    place = tag >> (32 - c.table_bits)
    entry = at(c.table, place, ENTRY)
    while entry.slot != _NOBODY:
        if np.int64(entry.tag) == tag and order_at(c, np.int64(entry.slot)).id == order_id:
            return place
        place = (place + 1) & mask
        entry = at(c.table, place, ENTRY)
    return place


@tiny
def slot_of(c: Any, order_id: int) -> int:
    """The slot of an id, 0 where it is not in the book."""
    return np.int64(at(c.table, find(c, order_id), ENTRY).slot)


@tiny
def enter(c: Any, place: int, order_id: int, slot: int) -> None:
    """Write an id into the free entry that `find` gave."""
    entry = at(c.table, place, ENTRY)
    entry.tag = tag_of(order_id)
    entry.slot = slot


@leaf
def forget(c: Any, order_id: int, slot: int) -> None:
    """Take an id out of the table, moving later entries of the same run up so that every id is still found."""
    mask = (np.int64(1) << c.table_bits) - 1
    shift = 32 - c.table_bits
    hole = tag_of(order_id) >> shift
    while at(c.table, hole, ENTRY).slot != slot:
        hole = (hole + 1) & mask
    place = hole
    while True:
        place = (place + 1) & mask
        entry = at(c.table, place, ENTRY)
        if entry.slot == _NOBODY:
            break
        home = np.int64(entry.tag) >> shift
        if ((place - home) & mask) >= ((place - hole) & mask):
            target = at(c.table, hole, ENTRY)
            target.tag = entry.tag
            target.slot = entry.slot
            hole = place
    at(c.table, hole, ENTRY).slot = _NOBODY


@tiny
def expect_entry(c: Any, order_id: int) -> None:
    """Bring the table's entry of an id near, for a message soon to come."""
    prefetch(c.table + (tag_of(order_id) >> (32 - c.table_bits)) * _ENTRY_BYTES)


@tiny
def expect_order(c: Any, order_id: int) -> None:
    """Bring the order near that the first look into the table names; most ids are found at the first look."""
    slot = np.int64(at(c.table, tag_of(order_id) >> (32 - c.table_bits), ENTRY).slot)
    prefetch(c.orders + slot * _ORDER_BYTES)


# Slots.


@tiny
def has_room(c: Any) -> bool:
    """Whether one more order fits."""
    return c.free_slot != _NOBODY or c.orders_used < c.order_capacity


@tiny
def take_slot(c: Any) -> int:
    """A free slot; `has_room` was asked before."""
    slot = np.int64(c.free_slot)
    if slot == _NOBODY:
        slot = np.int64(c.orders_used)
        c.orders_used += 1
    else:
        c.free_slot = order_at(c, slot).next
    c.live += 1
    return slot


@tiny
def free(c: Any, slot: int) -> None:
    """Give a slot back; the order left its queue and the table before."""
    order_at(c, slot).next = c.free_slot
    c.free_slot = slot
    c.live -= 1


# Occupied rows. `words` has a bit for each row, `summary` one for each of its words.


@tiny
def occupy(words: int, summary: int, row: int) -> None:
    """Set the bit of a row."""
    at(words, row >> 6, WORD).bits |= np.int64(1) << (row & 63)
    at(summary, row >> 12, WORD).bits |= np.int64(1) << ((row >> 6) & 63)


@tiny
def vacate(words: int, summary: int, row: int) -> None:
    """Clear the bit of a row."""
    word = at(words, row >> 6, WORD)
    word.bits &= ~(np.int64(1) << (row & 63))
    if word.bits == 0:
        at(summary, row >> 12, WORD).bits &= ~(np.int64(1) << ((row >> 6) & 63))


@leaf
def next_below(words: int, summary: int, row: int) -> int:
    """The highest occupied row below a row, -1 when there is none."""
    word = row >> 6
    bits = at(words, word, WORD).bits & ((np.int64(1) << (row & 63)) - 1)
    if bits == 0:
        group = word >> 6
        full = at(summary, group, WORD).bits & ((np.int64(1) << (word & 63)) - 1)
        while full == 0:
            group -= 1
            if group < 0:
                return -1
            full = at(summary, group, WORD).bits
        word = (group << 6) + top_bit(full)
        bits = at(words, word, WORD).bits
    return (word << 6) + top_bit(bits)


@leaf
def next_above(words: int, summary: int, row: int, rows: int) -> int:
    """The lowest occupied row above a row, `rows` when there is none."""
    word = row >> 6
    bits = at(words, word, WORD).bits & (np.int64(-2) << (row & 63))
    if bits == 0:
        group = word >> 6
        full = at(summary, group, WORD).bits & (np.int64(-2) << (word & 63))
        while full == 0:
            group += 1
            if group << 12 >= rows:
                return rows
            full = at(summary, group, WORD).bits
        word = (group << 6) + top_bit(full & -full)
        bits = at(words, word, WORD).bits
    return (word << 6) + top_bit(bits & -bits)


# Queues.


@tiny
def append(c: Any, level: Any, slot: int) -> None:
    """Put an order at the tail of a queue."""
    order = order_at(c, slot)
    order.next = _NOBODY
    order.prev = level.tail
    if level.tail == _NOBODY:
        level.head = slot
    else:
        order_at(c, np.int64(level.tail)).next = slot
    level.tail = slot
    level.quantity += order.open


@tiny
def relink(c: Any, level: Any, slot: int) -> None:
    """Undo `unlink`: the order still knows its neighbours (Knuth 2000, "Dancing links")."""
    order = order_at(c, slot)
    if order.prev == _NOBODY:
        level.head = slot
    else:
        order_at(c, np.int64(order.prev)).next = slot
    if order.next == _NOBODY:
        level.tail = slot
    else:
        order_at(c, np.int64(order.next)).prev = slot
    level.quantity += order.open


@tiny
def unlink(c: Any, level: Any, slot: int) -> None:
    """Take an order out of a queue, with what it has open."""
    order = order_at(c, slot)
    if order.prev == _NOBODY:
        level.head = order.next
    else:
        order_at(c, np.int64(order.prev)).next = order.next
    if order.next == _NOBODY:
        level.tail = order.prev
    else:
        order_at(c, np.int64(order.next)).prev = order.prev
    level.quantity -= order.open


@tiny
def rest(c: Any, slot: int) -> None:
    """A displayed order joins the tail at its row; the best prices follow."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    level = at(c.levels, row, LEVEL)
    if level.head == _NOBODY:
        fill(c, side_of(order), row)
    append(c, level, slot)


@tiny
def leave(c: Any, slot: int) -> None:
    """A displayed order leaves its queue; the best prices follow."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    level = at(c.levels, row, LEVEL)
    unlink(c, level, slot)
    if level.head == _NOBODY:
        empty(c, row)


@tiny
def fill(c: Any, side: int, row: int) -> None:
    """A displayed level is empty no more."""
    occupy(c.words, c.summary, row)
    if side == SELL:
        c.best_ask = min(c.best_ask, row)
    else:
        c.best_bid = max(c.best_bid, row)


@tiny
def empty(c: Any, row: int) -> None:
    """A displayed level became empty."""
    vacate(c.words, c.summary, row)
    if row == c.best_ask:
        c.best_ask = next_above(c.words, c.summary, row, c.rows)
    elif row == c.best_bid:
        c.best_bid = next_below(c.words, c.summary, row)


# Reports.


@tiny
def report(c: Any, kind: int, side: int, sequence: int, order_id: int) -> Any:
    """Begin a report; what is not set afterwards is 0."""
    row = at(c.reports, c.report_count, REPORT)
    c.report_count += 1
    row.type = kind
    row.side = side
    row.reason = 0
    row.half = 0
    row.sequence = np.uint64(sequence)
    row.order_id = np.uint64(order_id)
    row.price_ticks = 0
    row.quantity = 0
    row.maker_id = 0
    row.taker_id = 0
    return row


@tiny
def report_trade(c: Any, side: int, sequence: int, taker_id: int, maker_id: int, row: int, quantity: int) -> None:
    """A trade at a resting order's row."""
    trade = report(c, 1, side, sequence, taker_id)
    trade.price_ticks = price_of(c, row)
    trade.quantity = quantity
    trade.maker_id = np.uint64(maker_id)
    trade.taker_id = np.uint64(taker_id)
