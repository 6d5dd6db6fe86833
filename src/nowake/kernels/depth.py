"""The best levels of both sides after each instant of recorded events, of orders or of levels.

`nowake.kernels.touch` with more than one level: lots by price, a bit for each price that has some, one row for each
instant after which any of the best levels is another. Wrong when events take lots at a price other than the one they
name, and beyond the levels a feed tells."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.depth_job import DEPTH
from nowake.kernels.layout import ADD, CLEAR, EVENT, EXECUTE, LEVEL, RESYNC
from nowake.kernels.memory import at, leaf
from nowake.kernels.touch import change_level, clear_levels, next_rank

_RANK = np.dtype([("rank", np.int32)])
_NUMBER = np.dtype([("value", np.int64)])


def levels(address: int) -> int:
    """Write rows until the events end or the room does; returns how many. The context is a DEPTH record."""
    c = at(address, 0, DEPTH)
    rows, width = 0, 1 + 4 * c.levels
    bids_touched, asks_touched = False, False
    while c.position < c.count and rows < c.capacity:
        event = at(c.events, c.position, EVENT)
        kind = event.kind
        if ADD <= kind <= EXECUTE or kind in (RESYNC, LEVEL):
            rank = np.int64(at(c.ranks, c.position, _RANK).rank)
            if event.side > 0:
                c.bid = change_level(c, 0, rank, kind, event.lots, c.bid)
                bids_touched = True
            else:
                c.ask = change_level(c, 1, c.price_count - 1 - rank, kind, event.lots, c.ask)
                asks_touched = True
        elif kind == CLEAR:
            clear_levels(c)
            c.bid, c.ask = -1, -1
            bids_touched, asks_touched = True, True
        c.position += 1
        if c.position < c.count and at(c.events, c.position, EVENT).time_ns == event.time_ns:
            continue
        changed = bids_touched and _show(c, 0, c.bid)
        if asks_touched and _show(c, 1, c.ask):
            changed = True
        bids_touched, asks_touched = False, False
        if changed:
            at(c.row, 0, _NUMBER).value = event.time_ns
            for k in range(width):
                at(c.out, rows * width + k, _NUMBER).value = at(c.row, k, _NUMBER).value
            rows += 1
    return rows


@leaf
def _show(c: Any, side: int, rank: int) -> bool:
    """Put the best levels of a side into the row; whether any is another than before."""
    changed = False
    first = 1 + 2 * side * c.levels
    for level in range(c.levels):
        price, lots = np.int64(0), np.int64(0)
        if rank >= 0:
            place = rank if side == 0 else c.price_count - 1 - rank
            price = at(c.prices, place, _NUMBER).value
            lots = at(c.held, side * c.price_count + rank, _NUMBER).value
            rank = next_rank(c, side, rank)
        shown_price, shown_lots = at(c.row, first + level, _NUMBER), at(c.row, first + c.levels + level, _NUMBER)
        if shown_price.value != price or shown_lots.value != lots:
            shown_price.value, shown_lots.value = price, lots
            changed = True
    return changed
