"""The matching loop for limit and immediate orders: price, then time.

A new order is acknowledged, trades with the best opposite prices at the resting orders' prices, first come first
served, and joins the tail at its own price; what an immediate one could not trade is cancelled. A modify cancels and
inserts anew. The plain twin is tests/reference/matching.py; everything special is in `matching_venue`."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching_book import (
    empty,
    enter,
    expect_entry,
    expect_order,
    find,
    forget,
    free,
    has_room,
    leave,
    next_above,
    next_below,
    order_at,
    price_of,
    report,
    report_trade,
    rest,
    side_of,
    slot_of,
    take_slot,
)
from nowake.kernels.matching_state import (
    ACKNOWLEDGED,
    BUY,
    CANCEL,
    CANCEL_REJECTED,
    CANCELLED,
    CONTEXT,
    DONE,
    DUPLICATE_ID,
    ENTRY,
    FULL_ORDERS,
    FULL_REPORTS,
    IMMEDIATE,
    IOC,
    KIND_BITS,
    LEVEL,
    MESSAGE,
    MODIFIED,
    MODIFY_REJECTED,
    NEW,
    NOT_RESTING,
    REJECTED,
    SIDE_BIT,
)
from nowake.kernels.memory import at, leaf, tiny

_AHEAD = 12  # Messages between asking for a table entry and needing it; half as many for the order.
OWN_REPORTS = 3  # Of a message: acknowledgement, and cancel of the residual; every trade but one removes an order.


def run(address: int) -> int:
    """Match the messages from `next_message` on; DONE, or which store is full. Stops between two messages only."""
    c = at(address, 0, CONTEXT)
    i = c.next_message
    count = c.message_count
    status = np.int64(DONE)
    while i < count:
        if c.report_count + c.live + OWN_REPORTS > c.report_capacity:
            status = FULL_REPORTS
            break
        if not has_room(c):
            status = FULL_ORDERS
            break
        expect(c, i)
        message = at(c.messages, i, MESSAGE)
        kind = message.what & KIND_BITS
        if kind == NEW:
            new_plain(c, message)
        elif kind == CANCEL:
            cancel_plain(c, message)
        else:
            modify_plain(c, message)
        i += 1
    c.next_message = i
    return status


@tiny
def expect(c: Any, i: int) -> None:
    """Bring near what the messages soon to come will ask for; i is the number of the message at hand."""
    if i + _AHEAD < c.message_count:
        expect_entry(c, at(c.messages, i + _AHEAD, MESSAGE).order_id)
        expect_order(c, at(c.messages, i + _AHEAD // 2, MESSAGE).order_id)


def rehash(address: int) -> int:
    """Enter every slot of the old table into the new, empty one; returns how many."""
    c = at(address, 0, CONTEXT)
    mask = (np.int64(1) << c.table_bits) - 1
    entered = 0
    for k in range(c.old_entries):
        old = at(c.old_table, k, ENTRY)
        if old.slot != 0:
            place = np.int64(old.tag) >> (32 - c.table_bits)
            while at(c.table, place, ENTRY).slot != 0:
                place = (place + 1) & mask
            entry = at(c.table, place, ENTRY)
            entry.tag = old.tag
            entry.slot = old.slot
            entered += 1
    return entered


def below(address: int) -> int:
    """The next displayed row below `row`, -1 when there is none."""
    c = at(address, 0, CONTEXT)
    return next_below(c.words, c.summary, c.row)


def above(address: int) -> int:
    """The next displayed row above `row`, `rows` when there is none."""
    c = at(address, 0, CONTEXT)
    return next_above(c.words, c.summary, c.row, c.rows)


@tiny
def new_plain(c: Any, message: Any) -> None:
    """A limit order, immediate or not."""
    order_id, quantity, row = message.order_id, message.quantity, np.int64(message.row)
    what = np.int64(message.what)
    side = np.int64((what & SIDE_BIT) != 0)
    place = find(c, order_id)
    if at(c.table, place, ENTRY).slot != 0:
        refused = report(c, REJECTED, side, message.sequence, order_id)
        refused.reason = DUPLICATE_ID
        refused.price_ticks = price_of(c, row)
        refused.quantity = quantity
        return
    taken_in = report(c, ACKNOWLEDGED, side, message.sequence, order_id)
    taken_in.price_ticks = price_of(c, row)
    taken_in.quantity = quantity
    left = quantity
    if row >= c.best_ask if side == BUY else row <= c.best_bid:
        left = _take(c, message, side)
        place = find(c, order_id)  # Those who left may have moved the free entry.
    if left == 0:
        return
    if what & IOC:
        gone = report(c, CANCELLED, side, message.sequence, order_id)
        gone.reason = IMMEDIATE
        gone.price_ticks = price_of(c, row)
        gone.quantity = left
        return
    slot = take_slot(c)
    order = order_at(c, slot)
    order.id = order_id
    order.open = left
    order.row = row
    order.what = what & SIDE_BIT
    enter(c, place, order_id, slot)
    rest(c, slot)


@tiny
def cancel_plain(c: Any, message: Any) -> None:
    """Take a displayed order out."""
    slot = slot_of(c, message.order_id)
    if slot == 0:
        refused = report(c, CANCEL_REJECTED, BUY, message.sequence, message.order_id)
        refused.reason = NOT_RESTING
        return
    order = order_at(c, slot)
    gone = report(c, CANCELLED, side_of(order), message.sequence, message.order_id)
    gone.price_ticks = price_of(c, np.int64(order.row))
    gone.quantity = order.open
    leave(c, slot)
    forget(c, message.order_id, slot)
    free(c, slot)


@tiny
def modify_plain(c: Any, message: Any) -> None:
    """Take a displayed order out and insert it anew, under its id."""
    order_id, row = message.order_id, np.int64(message.row)
    slot = slot_of(c, order_id)
    if slot == 0:
        refused = report(c, MODIFY_REJECTED, BUY, message.sequence, order_id)
        refused.reason = NOT_RESTING
        return
    side = np.int64((message.what & SIDE_BIT) != 0)
    changed = report(c, MODIFIED, side, message.sequence, order_id)
    changed.price_ticks = price_of(c, row)
    changed.quantity = message.quantity
    leave(c, slot)
    left = message.quantity
    if row >= c.best_ask if side == BUY else row <= c.best_bid:
        left = _take(c, message, side)
    if left == 0:
        forget(c, order_id, slot)
        free(c, slot)
        return
    order = order_at(c, slot)
    order.open = left
    order.row = row
    order.what = message.what & SIDE_BIT
    rest(c, slot)


@leaf
def _take(c: Any, message: Any, side: int) -> int:
    """Trade a message that reaches the best price, best price first, down to its own; what it could not trade."""
    left = np.int64(message.quantity)
    limit = np.int64(message.row)
    last = np.int64(0)
    while left > 0:
        row = c.best_ask if side == BUY else c.best_bid
        if row > limit if side == BUY else row < limit:
            break
        level = at(c.levels, row, LEVEL)
        slot = np.int64(level.head)
        while left > 0 and slot != 0:
            order = order_at(c, slot)
            traded = min(left, order.open)
            report_trade(c, side, message.sequence, message.order_id, order.id, row, traded)
            left -= traded
            order.open -= traded
            level.quantity -= traded
            if order.open == 0:
                behind = np.int64(order.next)
                forget(c, order.id, slot)
                free(c, slot)
                slot = behind
        level.head = slot
        if slot == 0:
            level.tail = 0
            empty(c, row)
        else:
            order_at(c, slot).prev = 0
        last = row
    c.last_known, c.last_ticks, c.last_half = 1, price_of(c, last), 0
    return left
