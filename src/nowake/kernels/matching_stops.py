"""Orders that wait for a price: two heaps of slots, buys with the lowest stop on top, sells with the highest.

A trade at or through a stop moves the order to the tail of the triggered ones: buys before sells, nearest stop first,
equal stops in the order they came. A heap is a binary heap in an array (Williams, Algorithm 232, 1964); an order knows
its place in it, so that it can be taken out of the middle."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching_book import order_at, side_of
from nowake.kernels.matching_state import BUY, TRAIT, WORD
from nowake.kernels.memory import at, leaf, tiny

_WORD_BYTES = WORD.itemsize


@leaf
def reaches_stop(c: Any, slot: int) -> bool:
    """Whether the last trade was at or through an order's stop. The trade may be half a tick above `last_ticks`."""
    if c.last_known == 0:
        return False
    stop = at(c.traits, slot, TRAIT).stop_ticks
    if side_of(order_at(c, slot)) == BUY:
        return stop <= c.last_ticks
    return stop >= c.last_ticks + c.last_half


@leaf
def wait_for_stop(c: Any, slot: int) -> None:
    """Put an order into the heap of its side."""
    side = side_of(order_at(c, slot))
    count = at(c.stop_counts, side, WORD)
    _put(c, side, count.bits, slot)
    count.bits += 1
    _rise(c, side, count.bits - 1)


@leaf
def stop_waiting(c: Any, slot: int) -> None:
    """Take an order out of the heap of its side."""
    side = side_of(order_at(c, slot))
    count = at(c.stop_counts, side, WORD)
    count.bits -= 1
    place = np.int64(order_at(c, slot).prev)
    if place < count.bits:
        _put(c, side, place, _slot(c, side, count.bits))
        _sink(c, side, _rise(c, side, place), count.bits)


@leaf
def trigger(c: Any) -> None:
    """Line up every order whose stop the last trade reached."""
    for side in range(2):
        count = at(c.stop_counts, side, WORD)
        while count.bits > 0:
            slot = _slot(c, side, 0)
            if not reaches_stop(c, slot):
                break
            stop_waiting(c, slot)
            at(c.triggered, c.triggered_end, WORD).bits = slot
            c.triggered_end += 1


@leaf
def next_triggered(c: Any) -> int:
    """The order triggered first among those lined up, 0 where there is none."""
    if c.triggered_first == c.triggered_end:
        c.triggered_first = c.triggered_end = 0
        return 0
    slot = at(c.triggered, c.triggered_first, WORD).bits
    c.triggered_first += 1
    return slot


@tiny
def _slot(c: Any, side: int, place: int) -> int:
    return at(c.stops, side * c.order_capacity + place, WORD).bits


@tiny
def _put(c: Any, side: int, place: int, slot: int) -> None:
    at(c.stops, side * c.order_capacity + place, WORD).bits = slot
    order_at(c, slot).prev = place


@tiny
def _is_before(c: Any, side: int, one: int, other: int) -> bool:
    """Whether the order at one place of a heap is to be triggered before the one at another."""
    a, b = at(c.traits, _slot(c, side, one), TRAIT), at(c.traits, _slot(c, side, other), TRAIT)
    if a.stop_ticks != b.stop_ticks:
        return (a.stop_ticks < b.stop_ticks) == (side == BUY)
    return a.age < b.age


@tiny
def _swap(c: Any, side: int, one: int, other: int) -> None:
    slot = _slot(c, side, one)
    _put(c, side, one, _slot(c, side, other))
    _put(c, side, other, slot)


@leaf
def _rise(c: Any, side: int, place: int) -> int:
    while place > 0 and _is_before(c, side, place, (place - 1) >> 1):
        _swap(c, side, place, (place - 1) >> 1)
        place = (place - 1) >> 1
    return place


@leaf
def _sink(c: Any, side: int, place: int, count: int) -> None:
    while True:
        child = 2 * place + 1
        if child >= count:
            return
        if child + 1 < count and _is_before(c, side, child + 1, child):
            child += 1
        if not _is_before(c, side, child, place):
            return
        _swap(c, side, place, child)
        place = child
