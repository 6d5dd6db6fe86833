"""A table of live orders, found by id: open addressing with linear probing (Knuth, The Art of Computer Programming 3,
6.4, algorithms L and R), compiled into the readers' loops. Plain twin: tests/reference/tracking.py."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.tracking_state import REHASH_CONTEXT, TALLY, TOLD, TRACKED

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads neighbouring ids over the table.
_OTHER = np.uint64(0xD6E8FEB86659FD93)  # Odd, with as many ones as zeros: sets instruments apart.


@tiny
def tally_of(c: Any, owner: int) -> Any:
    """The counts of an instrument."""
    return at(c.tallies, owner, TALLY)


@tiny
def home(c: Any, order_id: int, owner: int) -> int:
    """Where in the table an order wants to be; the same id in two instruments in two places."""
    mixed = np.uint64(order_id) + np.uint64(owner) * _OTHER
    return np.int64((mixed * _SPREAD) >> np.uint64(64 - c.table_bits))


@tiny
def place_of(c: Any, order_id: int, owner: int) -> int:
    """Place of an order in the table, or of the free entry where it would go."""
    mask = (np.int64(1) << c.table_bits) - 1
    place = home(c, order_id, owner)
    entry = at(c.table, place, TRACKED)
    while entry.side != 0 and (entry.id != order_id or entry.owner != owner):
        place = (place + 1) & mask
        entry = at(c.table, place, TRACKED)
    return place


@leaf
def track(c: Any, place: int, order_id: int, owner: int, side: int, price: int, lots: int) -> None:
    """An order enters at the free place found for it."""
    entry = at(c.table, place, TRACKED)
    entry.id = order_id
    entry.owner = owner
    entry.side = side
    entry.price = price
    entry.lots = lots
    entry.executed = 0
    c.places += 1
    entry.place = c.places
    c.tracked += 1


@leaf
def untrack(c: Any, hole: int) -> None:
    """An order leaves; later entries of the same run move up, so that every one is still found."""
    mask = (np.int64(1) << c.table_bits) - 1
    place = hole
    while True:
        place = (place + 1) & mask
        entry = at(c.table, place, TRACKED)
        if entry.side == 0:
            break
        if ((place - home(c, entry.id, entry.owner)) & mask) >= ((place - hole) & mask):
            _copy(entry, at(c.table, hole, TRACKED))
            hole = place
    at(c.table, hole, TRACKED).side = 0
    c.tracked -= 1


@tiny
def is_full(c: Any) -> bool:
    """Whether the table is half full, beyond which runs grow long."""
    return (c.tracked << 1) >= (np.int64(1) << c.table_bits)


@leaf
def tell(
    c: Any, time_ns: int, owner: int, order_id: int, kind: int, side: int, price: int, lots: int, flags: int
) -> None:
    """Write down what a message says; there is room, for the loop asked before."""
    told = at(c.told, c.told_count, TOLD)
    told.time_ns = time_ns
    told.order_id = order_id
    told.lots = lots
    told.price = price
    told.owner = owner
    told.kind = kind
    told.side = side
    told.flags = flags
    c.told_count += 1


def rehash(address: int) -> int:
    """Move every order from the old table into the new one, which is empty and larger."""
    c = at(address, 0, REHASH_CONTEXT)
    c.tracked = 0
    for place in range(np.int64(1) << c.old_bits):
        entry = at(c.old_table, place, TRACKED)
        if entry.side != 0:
            _copy(entry, at(c.table, place_of(c, entry.id, entry.owner), TRACKED))
            c.tracked += 1
    return 0


@tiny
def _copy(entry: Any, target: Any) -> None:
    target.id = entry.id
    target.price = entry.price
    target.lots = entry.lots
    target.executed = entry.executed
    target.place = entry.place
    target.owner = entry.owner
    target.side = entry.side
