"""Best bid and best ask after each instant of recorded events, of orders or of levels.

Only lots by price are kept, not who queues there, which is all a touch needs. One row is written for each instant
(all events of one time) after which the touch is another: within an instant a book is often half changed. Wrong when
events take lots at a price other than the one they name."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.jobs import TOUCH, TOUCH_ROW
from nowake.kernels.layout import ADD, CLEAR, EVENT, EXECUTE, HALT, LEVEL, RESUME, RESYNC
from nowake.kernels.memory import at, leaf, tiny, top_bit

_RANK = np.dtype([("rank", np.int32)])
_NUMBER = np.dtype([("value", np.int64)])


def touches(address: int) -> int:
    """Write a TOUCH_ROW for each instant that changed the touch; returns how many. The context is a TOUCH record."""
    c = at(address, 0, TOUCH)
    rows, halted = 0, False
    bid_ticks, bid_lots, ask_ticks, ask_lots = 0, 0, 0, 0
    bid, ask = -1, -1  # Best ranks; an ask's counts from the highest price, so that higher is better on both sides.
    for i in range(c.count):
        event = at(c.events, i, EVENT)
        kind = event.kind
        if ADD <= kind <= EXECUTE or kind in (RESYNC, LEVEL):
            rank = np.int64(at(c.ranks, i, _RANK).rank)
            if event.side > 0:
                bid = change_level(c, 0, rank, kind, event.lots, bid)
            else:
                ask = change_level(c, 1, c.price_count - 1 - rank, kind, event.lots, ask)
        elif kind == CLEAR:
            clear_levels(c)
            bid, ask = -1, -1
        elif kind == HALT:
            halted = True
        elif kind == RESUME:
            halted = False
        if i + 1 < c.count and at(c.events, i + 1, EVENT).time_ns == event.time_ns:
            continue
        new_bid_ticks, new_bid_lots, new_ask_ticks, new_ask_lots = 0, 0, 0, 0
        if bid >= 0:
            new_bid_ticks = at(c.prices, bid, _NUMBER).value
            new_bid_lots = at(c.held, bid, _NUMBER).value
        if ask >= 0:
            new_ask_ticks = at(c.prices, c.price_count - 1 - ask, _NUMBER).value
            new_ask_lots = at(c.held, c.price_count + ask, _NUMBER).value
        if bid >= 0 and ask >= 0 and new_bid_ticks >= new_ask_ticks:
            if halted:
                c.halted_crossed += 1
            elif new_bid_ticks > new_ask_ticks:
                c.crossed += 1
            else:
                c.locked += 1
        same_bid = new_bid_ticks == bid_ticks and new_bid_lots == bid_lots
        if same_bid and new_ask_ticks == ask_ticks and new_ask_lots == ask_lots:
            continue
        bid_ticks, bid_lots, ask_ticks, ask_lots = new_bid_ticks, new_bid_lots, new_ask_ticks, new_ask_lots
        row = at(c.out, rows, TOUCH_ROW)
        row.time_ns = event.time_ns
        row.bid_ticks, row.bid_lots = bid_ticks, bid_lots
        row.ask_ticks, row.ask_lots = ask_ticks, ask_lots
        rows += 1
    return rows


@leaf
def change_level(c: Any, side: int, rank: int, kind: int, lots: int, best: int) -> int:
    """One event at one price; returns the best rank of its side after it."""
    level = at(c.held, side * c.price_count + rank, _NUMBER)
    before = level.value
    if kind == ADD:
        after = before + lots
    elif kind <= EXECUTE:
        after = before - min(lots, before)
    else:
        after = lots
    level.value = after
    if (before > 0) == (after > 0):
        return best
    word = at(c.words, side * c.words_a_side + (rank >> 6), _NUMBER)
    word.value ^= np.int64(1) << (rank & 63)
    if after > 0:
        return max(best, rank)
    return best if best != rank else next_rank(c, side, rank)


@tiny
def next_rank(c: Any, side: int, rank: int) -> int:
    """The best rank below `rank` that has lots, -1 when there is none."""
    word = rank >> 6
    bits = at(c.words, side * c.words_a_side + word, _NUMBER).value & ((np.int64(1) << (rank & 63)) - 1)
    while bits == 0:
        word -= 1
        if word < 0:
            return -1
        bits = at(c.words, side * c.words_a_side + word, _NUMBER).value
    return (word << 6) + top_bit(bits)


@leaf
def clear_levels(c: Any) -> None:
    """Nothing rests anywhere."""
    for i in range(2 * c.price_count):
        at(c.held, i, _NUMBER).value = 0
    for i in range(2 * c.words_a_side):
        at(c.words, i, _NUMBER).value = 0
