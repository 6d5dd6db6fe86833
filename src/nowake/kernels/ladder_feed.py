"""The feed of levels and trades a venue would have published of an order-by-order tape.

The tape runs through the order-by-order book of `replay`, so what a level displays is what that book says, also where
messages are missing or ids unknown."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.ladder_state import FEED
from nowake.kernels.layout import ADD, CLEAR, EVENT, EXECUTE, LEVEL, PRINT_HIDDEN, RESYNC, TRADE
from nowake.kernels.levels import level_at, price_of, rank_of
from nowake.kernels.memory import at, leaf
from nowake.kernels.queues import has_room, order_at, slot_of
from nowake.kernels.replay import apply
from nowake.kernels.state import ASKS, BIDS, CONTEXT, FULL_ORDERS, NOBODY, TIME


def derive(address: int) -> int:
    """Write the feed of the book's remaining events behind `count` rows; TIME when done, FULL_ORDERS to go on."""
    f = at(address, 0, FEED)
    c = at(f.book, 0, CONTEXT)
    i = c.next_event
    while i < c.event_count:
        if not has_room(c):
            c.next_event = i
            return FULL_ORDERS
        event = at(c.events, i, EVENT)
        c.venue_ns = event.time_ns
        kind = event.kind
        if ADD <= kind <= EXECUTE or kind == RESYNC:
            _tell_row(f, c, event, _row_of(c, event))
        elif kind == PRINT_HIDDEN:
            _write(f, event, TRADE, event.lots, np.int64(event.price_ticks))
        else:
            if kind == CLEAR:
                apply(c, event)
            _write(f, event, kind, event.lots, np.int64(event.price_ticks))
        i += 1
    c.next_event = i
    return TIME


@leaf
def _row_of(c: Any, event: Any) -> int:
    """The row whose level an event changes: that of the order it names, else that of its price."""
    if ADD < event.kind <= EXECUTE:
        slot = slot_of(c, event.order_id)
        if slot != NOBODY:
            return np.int64(order_at(c, slot).row)
    side = BIDS if event.side > 0 else ASKS
    return side * c.window + rank_of(c, side, np.int64(event.price_ticks))


@leaf
def _tell_row(f: Any, c: Any, event: Any, row: int) -> None:
    """Apply an event and say what it did to its level, the trade first."""
    before = level_at(c, row).hist
    apply(c, event)
    if event.kind == EXECUTE:
        _write(f, event, TRADE, event.lots, price_of(c, row))
    if level_at(c, row).hist != before:
        _write(f, event, LEVEL, level_at(c, row).hist, price_of(c, row))


@leaf
def _write(f: Any, event: Any, kind: int, lots: int, price_ticks: int) -> None:
    """One message of the feed, at the time of the tape's."""
    out = at(f.out, f.count, EVENT)
    out.time_ns = event.time_ns
    out.order_id = 0
    out.lots = lots
    out.price_ticks = price_ticks
    out.kind = kind
    out.side = event.side
    out.flags = event.flags
    f.count += 1
