"""Databento's market by order, record by record (Databento, "Market by order (MBO)" and "DBN encoding", 2023-2025).

A trade is told by a T record of the aggressor, F records of the orders that were filled, and then, of each of them, a
C (gone) or M (amended) record that changes the book. An F of the aggressor's own side is an order that was amended
into the market: it took, so only its C or M counts. How it is told: A is ADD. F is EXECUTE of the resting order, and
the C or M that follows tells only what the fills had not. C is DELETE, or REDUCE where lots stay. M is REDUCE where
only lots went, else DELETE and ADD, for the place in the queue is lost. R is CLEAR, and so is the begin of a picture
while orders stand. Lots of a T that no F explains are PRINT_HIDDEN (implied by other instruments, or hidden); a T
without a side is PRINT_CROSS where F records say whose orders met, else PRINT_HIDDEN by nobody knows whom.

A stamp of the venue further ahead of the recorder's than `far_ns` is unreadable: the record is taken to be of the last
one that can be, of any instrument, and tells no receipt. A new trading date begins only when both clocks say so.

Plain twin: tests/reference/dbn.py."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, PRINT_CROSS, PRINT_HIDDEN, REDUCE, SNAPSHOT
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.tracking import is_full, place_of, tally_of, tell, track, untrack
from nowake.kernels.tracking_state import (
    BAD_LENGTH,
    BOUNDARY,
    BYTE,
    DBN_CONTEXT,
    DBN_MBO,
    DIRECTORY,
    FULL_TABLE,
    FULL_TOLD,
    OWNER,
    READ,
    RECEIPT,
    TRACKED,
)

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_MBO_TYPE, _MBO_BYTES, _HEADER_BYTES = 160, 56, 16
_UNDEFINED = (1 << 63) - 1  # A price that is not there.
_LAST, _PICTURE, _BAD_RECEIPT, _GAP = 128, 32, 8, 4  # Bits of a record's flags.
_A, _C, _F, _M, _R, _T, _B = ord("A"), ord("C"), ord("F"), ord("M"), ord("R"), ord("T"), ord("B")
_ROOM = 6  # Most that one record tells.


def translate(address: int) -> int:
    """Read whole records from `start` up to `end` and tell those of wanted instruments; says why it stopped."""
    c = at(address, 0, DBN_CONTEXT)
    status = READ
    while c.start + 2 <= c.end:
        length = 4 * np.int64(at(c.start, 0, BYTE).value)
        if c.start + length > c.end:
            break
        is_mbo = np.int64(at(c.start, 1, BYTE).value) == _MBO_TYPE
        if length < (_MBO_BYTES if is_mbo else _HEADER_BYTES):
            status = BAD_LENGTH
            break
        if is_mbo:
            status = _record(c)
            if status != READ:
                break
        c.start += length
    return status


@leaf
def _record(c: Any) -> int:
    """One MBO record, unless something must be done about it first."""
    record = at(c.start, 0, DBN_MBO)
    received_ns = record.ts_recv if record.ts_recv > 0 else record.ts_event
    is_stray = record.ts_event - received_ns > c.far_ns
    if not is_stray:
        c.latest_ns = max(c.latest_ns, record.ts_event)
    key = (np.int64(record.publisher_id) + 1) << 32 | np.int64(record.instrument_id)
    place = _owner_place(c, key)
    known = at(c.owners, place, OWNER)
    if known.key == 0:
        c.key, c.place = key, place
        return DIRECTORY
    if known.owner < 0:
        return READ
    time_ns = record.ts_event
    if record.flags & _PICTURE != 0 or time_ns < 0:  # A picture is of when it was taken, not of when orders came.
        time_ns = record.ts_recv
    elif is_stray:
        time_ns = c.latest_ns if c.latest_ns > 0 else received_ns
    if time_ns >= c.boundary_ns and received_ns >= c.boundary_ns:
        return BOUNDARY
    if c.told_count + _ROOM > c.told_capacity:
        return FULL_TOLD
    if is_full(c):
        return FULL_TABLE
    if is_stray:
        tally_of(c, known.owner).unreadable += 1
        time_ns = max(time_ns, known.latest_ns)
    elif time_ns < known.latest_ns:
        tally_of(c, known.owner).clock_reversals += 1
        time_ns = known.latest_ns
    known.latest_ns = time_ns
    _tell_record(c, record, known, time_ns)
    is_last = record.flags & _LAST != 0 and record.flags & (_PICTURE | _BAD_RECEIPT) == 0
    if is_last and not is_stray and record.ts_event >= 0:
        tell(c, time_ns, known.owner, 0, RECEIPT, 0, 0, record.ts_recv, 0)
    return READ


@tiny
def _owner_place(c: Any, key: int) -> int:
    mask = (np.int64(1) << c.owner_bits) - 1
    place = np.int64((np.uint64(key) * _SPREAD) >> np.uint64(64 - c.owner_bits))
    known = at(c.owners, place, OWNER)
    while known.key not in (0, key):
        place = (place + 1) & mask
        known = at(c.owners, place, OWNER)
    return place


@leaf
def _tell_record(c: Any, record: Any, known: Any, time_ns: int) -> None:
    owner, action = known.owner, np.int64(record.action)
    flags = np.int64(record.flags)
    pictured = flags & _PICTURE != 0
    if flags & _GAP != 0 and known.gap == 0:
        tally_of(c, owner).sequence_gaps += 1
    known.gap = flags & _GAP
    if c.trade_on != 0 and (action != _F or owner != c.trade_owner):
        _end_trade(c)
    if pictured and known.pictured == 0 and action != _R:
        _clear(c, known, time_ns)
    known.pictured = 1 if pictured and flags & _LAST == 0 else 0
    side = 1 if record.side == _B else (-1 if record.side == _A else 0)
    if action == _R:
        _clear(c, known, time_ns)
    elif record.price == _UNDEFINED and action != _C:
        tally_of(c, owner).unreadable += 1
    elif action == _A:
        _add(c, record, known, side, time_ns, SNAPSHOT if pictured else 0)
    elif action == _C:
        _cancel(c, record, known, time_ns)
    elif action == _M:
        _amend(c, record, known, side, time_ns)
    elif action == _T:
        c.trade_on, c.trade_owner, c.trade_left, c.trade_side = 1, owner, np.int64(record.size), side
        c.trade_price, c.trade_id, c.trade_ns = record.price, record.order_id, time_ns
    elif action == _F:
        _fill(c, record, owner, side, time_ns)
    elif action != ord("N"):
        tally_of(c, owner).unreadable += 1


@leaf
def _clear(c: Any, known: Any, time_ns: int) -> None:
    """All orders of an instrument leave; nothing is told where none stood."""
    if known.orders == 0:
        return
    tell(c, time_ns, known.owner, 0, CLEAR, 0, 0, 0, 0)
    place = np.int64(0)
    while place < np.int64(1) << c.table_bits:
        entry = at(c.table, place, TRACKED)
        if entry.side != 0 and entry.owner == known.owner:
            untrack(c, place)  # Another may have moved here: the same place is looked at again.
        else:
            place += 1
    known.orders = 0


@leaf
def _add(c: Any, record: Any, known: Any, side: int, time_ns: int, flags: int) -> None:
    owner = known.owner
    place = place_of(c, record.order_id, owner)
    entry = at(c.table, place, TRACKED)
    if entry.side != 0:
        tally_of(c, owner).reused_ids += 1
        if entry.lots > 0:
            tell(c, time_ns, owner, record.order_id, DELETE, entry.side, entry.price, entry.lots, 0)
        untrack(c, place)
        known.orders -= 1
        place = place_of(c, record.order_id, owner)
    if side == 0 or record.size == 0:
        tally_of(c, owner).unreadable += 1
        return
    track(c, place, record.order_id, owner, side, record.price, np.int64(record.size))
    known.orders += 1
    tell(c, time_ns, owner, record.order_id, ADD, side, record.price, np.int64(record.size), flags)


@leaf
def _cancel(c: Any, record: Any, known: Any, time_ns: int) -> None:
    """Lots leave an order; those that were executed were told."""
    owner = known.owner
    place = place_of(c, record.order_id, owner)
    entry = at(c.table, place, TRACKED)
    if entry.side == 0:
        tally_of(c, owner).unknown_orders += 1
        return
    told_before = min(entry.executed, np.int64(record.size))
    entry.executed -= told_before
    gone = np.int64(record.size) - told_before
    if gone > entry.lots:
        tally_of(c, owner).overdrawn_orders += 1
        gone = entry.lots
    entry.lots -= gone
    if gone > 0:
        kind = DELETE if entry.lots == 0 else REDUCE
        tell(c, time_ns, owner, record.order_id, kind, entry.side, entry.price, gone, 0)
    if entry.lots == 0:
        untrack(c, place)
        known.orders -= 1


@leaf
def _amend(c: Any, record: Any, known: Any, side: int, time_ns: int) -> None:
    """An order has a new price or size. One that was never told comes with all that is needed: it joins now."""
    owner, lots = known.owner, np.int64(record.size)
    place = place_of(c, record.order_id, owner)
    entry = at(c.table, place, TRACKED)
    if entry.side == 0:
        tally_of(c, owner).unknown_orders += 1
        _add(c, record, known, side, time_ns, 0)
        return
    entry.executed = 0
    if record.price == entry.price and 0 < lots <= entry.lots:
        gone = entry.lots - lots
        entry.lots = lots
        if gone > 0:
            tell(c, time_ns, owner, record.order_id, REDUCE, entry.side, entry.price, gone, 0)
        return
    if entry.lots > 0:
        tell(c, time_ns, owner, record.order_id, DELETE, entry.side, entry.price, entry.lots, 0)
    same_side = np.int64(entry.side)
    untrack(c, place)
    known.orders -= 1
    _add(c, record, known, same_side if side == 0 else side, time_ns, 0)


@leaf
def _fill(c: Any, record: Any, owner: int, side: int, time_ns: int) -> None:
    """An order was filled: a resting one is executed, one of the aggressor's side or of an auction is not told here."""
    lots = np.int64(record.size)
    if c.trade_on != 0 and c.trade_side == 0:  # Orders of both sides met: an auction.
        if c.trade_left > 0:
            tell(c, time_ns, owner, 0, PRINT_CROSS, 0, c.trade_price, c.trade_left, 0)
        c.trade_left = 0
        return
    if side == 0 or (c.trade_on != 0 and (side == c.trade_side or record.order_id == c.trade_id)):
        return
    if lots == 0:
        tally_of(c, owner).unreadable += 1
        return
    if c.trade_on != 0:
        c.trade_left -= min(lots, c.trade_left)
    place = place_of(c, record.order_id, owner)
    entry = at(c.table, place, TRACKED)
    if entry.side == 0:
        tally_of(c, owner).unknown_orders += 1
        tell(c, time_ns, owner, record.order_id, PRINT_HIDDEN, side, record.price, lots, 0)
        return
    executed = min(lots, entry.lots)
    entry.lots -= executed
    entry.executed += executed
    if executed > 0 and record.price == entry.price:
        tell(c, time_ns, owner, record.order_id, EXECUTE, entry.side, entry.price, executed, 0)
    elif executed > 0:  # Not at the price it displays.
        kind = DELETE if entry.lots == 0 else REDUCE
        tell(c, time_ns, owner, record.order_id, kind, entry.side, entry.price, executed, 0)
        tell(c, time_ns, owner, record.order_id, PRINT_HIDDEN, entry.side, record.price, executed, 0)
    if executed < lots:  # The reserve of an iceberg, shown by the M that follows.
        tell(c, time_ns, owner, record.order_id, PRINT_HIDDEN, side, record.price, lots - executed, 0)


@leaf
def _end_trade(c: Any) -> None:
    """What of a trade no fill explained."""
    if c.trade_left > 0:
        tell(c, c.trade_ns, c.trade_owner, 0, PRINT_HIDDEN, -c.trade_side, c.trade_price, c.trade_left, 0)
    c.trade_on = 0
