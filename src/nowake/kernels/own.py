"""Our own commands at the book: place, reduce, take back. And the table's move into larger memory.

A new order takes displayed lots best price first, first in first out, up to its limit and size; what is left rests at
the tail or, when immediate-or-cancel, is gone. It never trades with ourselves; a post-only order takes nothing, it is
refused where it would."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.levels import (
    level_at,
    look,
    next_level,
    next_mark,
    price_of,
    rank_of,
    show_own,
    side_at,
    touch,
    within_reach,
)
from nowake.kernels.memory import at, leaf
from nowake.kernels.queues import (
    count_print,
    find,
    has_room,
    join,
    leave,
    order_at,
    report_fill,
    take_from,
)
from nowake.kernels.state import (
    ACCEPTED,
    CONTEXT,
    ENTRY,
    FULL_FILLS,
    FULL_ORDERS,
    GONE,
    NAMED,
    NO_PRINT,
    NOBODY,
    NOT_CONTINUOUS,
    OWN,
    PRICE_OUT_OF_RANGE,
    WOULD_CROSS_SELF,
    WOULD_TAKE,
)


def place(address: int) -> int:
    """A new order of ours: `child_id`, `side`, `price_ticks`, `lots`, `immediate`, `post_only`.

    Returns ACCEPTED, why not, or which store is full; writes `slot` (0 when it does not rest) and `left`, the lots not
    executed.
    """
    c = at(address, 0, CONTEXT)
    c.slot = NOBODY
    c.left = c.lots
    rank = rank_of(c, c.side, c.price_ticks)
    refusal = _refusal(c, rank)
    if refusal != ACCEPTED:
        return refusal
    if not has_room(c):
        return FULL_ORDERS
    if c.fill_count + c.orders_used > c.fill_capacity:  # It may meet every order there is.
        return FULL_FILLS
    c.tape_ticks = NO_PRINT
    c.left = _take(c, 1 - c.side, c.window - 1 - rank)
    if c.left > 0 and c.immediate == 0:
        c.slot = join(c, c.side * c.window + rank, OWN, c.child_id, c.left, 0)
    look(c)
    return ACCEPTED


def reduce(address: int) -> int:
    """Our order in `slot` keeps at most `lots`, and its place; returns the lots it has then, or GONE."""
    c = at(address, 0, CONTEXT)
    order = order_at(c, c.slot)
    if not _is_ours(c, order):
        return GONE
    excess = order.hist - c.lots
    if excess > 0:
        order.hist -= excess
        show_own(c, np.int64(order.row), -excess, 0)
        look(c)
    return order.hist


def withdraw(address: int) -> int:
    """Our order in `slot` leaves the book; returns the lots it still had, or GONE."""
    c = at(address, 0, CONTEXT)
    order = order_at(c, c.slot)
    if not _is_ours(c, order):
        return GONE
    lots = order.hist
    show_own(c, np.int64(order.row), -lots, 0)
    order.hist = 0
    leave(c, c.slot)
    look(c)
    return lots


def rehash(address: int) -> int:
    """Enter every named order into a new, empty table; returns how many."""
    c = at(address, 0, CONTEXT)
    count = 0
    for slot in range(1, c.orders_used):
        order = order_at(c, slot)
        if order.kind == NAMED:
            entry = at(c.table, find(c, order.id), ENTRY)
            entry.id = order.id
            entry.slot = slot
            count += 1
    return count


@leaf
def _refusal(c: Any, rank: int) -> int:
    """Why a new order at a rank is not taken, or ACCEPTED."""
    if c.halted != 0:
        return NOT_CONTINUOUS
    if rank < 0 or rank >= c.window:
        return PRICE_OUT_OF_RANGE
    reached = c.window - 1 - rank  # The worst rank of the other side that it trades with.
    if reaches_own(c, 1 - c.side, reached):
        return WOULD_CROSS_SELF
    return WOULD_TAKE if c.post_only != 0 and touch(c, 1 - c.side) >= reached else ACCEPTED


@leaf
def _is_ours(c: Any, order: Any) -> bool:
    """Whether the slot still holds `child_id`: after its last fill the slot may be anybody's."""
    return order.kind == OWN and order.id == c.child_id


@leaf
def reaches_own(c: Any, side: int, rank: int) -> bool:
    """Whether an order of ours rests on a side at a rank or better."""
    if side_at(c, side).own == 0:
        return False
    best = side_at(c, side).top_mark
    while best >= rank:
        if level_at(c, side * c.window + best).own > 0:
            return True
        best = next_mark(c, side, best - 1, rank)
    return False


@leaf
def _take(c: Any, side: int, rank: int) -> int:
    """Take `lots` for `child_id` from a side down to a rank, within reach; returns what could not be had."""
    left, passed = np.int64(c.lots), np.int64(0)
    best = max(side_at(c, side).best, side_at(c, side).top_mark)
    while left > 0 and best >= rank:
        row = side * c.window + best
        passed = within_reach(c, row, passed)
        if passed < 0:
            break
        price_ticks = price_of(c, row)
        slot = np.int64(level_at(c, row).head)
        while left > 0 and slot != NOBODY:
            traded = take_from(c, slot, left)
            if traded > 0:
                left -= traded
                count_print(c, price_ticks, traded)
                report_fill(c, c.child_id, price_ticks, traded, left, 0)
            slot = np.int64(order_at(c, slot).next)
        best = next_level(c, side, best - 1, rank)
    return left
