"""The price levels of the compiled book: which of them display lots, and which is the best.

Levels lie in one array over the window of prices. Two bit maps beside it find the next one: in `words` a level is
*lit* while others display lots there, in `marks` it is *marked* while it needs a second look: orders of ours rest
there, or we took all that others displayed while history still has lots there. So our orders are told apart from the
market that wakes an algorithm, and levels beyond the `reach` of the data, which are stale, from those within."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.memory import at, leaf, tiny, top_bit
from nowake.kernels.state import BIDS, LEVEL, OURS, SHOWN, SIDE, WORD

_WORD_BYTES = WORD.itemsize


@tiny
def level_at(c: Any, row: int) -> Any:
    """The level of a row: side * window + rank."""
    return at(c.levels, row, LEVEL)


@tiny
def side_at(c: Any, side: int) -> Any:
    """One side of the book."""
    return at(c.sides, side, SIDE)


@tiny
def rank_of(c: Any, side: int, price_ticks: int) -> int:
    """Rank of a price on a side, higher is better; outside 0 .. window - 1 when the price is outside the window."""
    if side == BIDS:
        return price_ticks - c.lowest_ticks
    return c.lowest_ticks + c.window - 1 - price_ticks


@tiny
def price_of(c: Any, row: int) -> int:
    """Price in ticks of a row."""
    if row < c.window:
        return c.lowest_ticks + row
    return c.lowest_ticks + c.window - 1 - (row - c.window)


@tiny
def side_of(c: Any, row: int) -> int:
    """The side of a row."""
    return 1 if row >= c.window else 0


@leaf
def next_lit(c: Any, side: int, rank: int) -> int:
    """The best rank at or below `rank` at which others display lots, -1 when there is none."""
    words = c.words + side * c.words_a_side * _WORD_BYTES
    return _next_bit(words, words, rank, 0)


@leaf
def next_mark(c: Any, side: int, rank: int, floor: int) -> int:
    """The best marked rank at or below `rank`; -1 when there is none; below `floor` it may give up."""
    words = c.marks + side * c.words_a_side * _WORD_BYTES
    return _next_bit(words, words, rank, floor)


@leaf
def next_level(c: Any, side: int, rank: int, floor: int) -> int:
    """The best rank at or below `rank` that is lit or marked; -1 when there is none; below `floor` it may give up."""
    first = side * c.words_a_side * _WORD_BYTES
    return _next_bit(c.words + first, c.marks + first, rank, floor)


@tiny
def _next_bit(one: int, other: int, rank: int, floor: int) -> int:
    """The highest bit at or below `rank` set in one of two bit maps; the search ends with the word of `floor`."""
    if rank < 0:
        return -1
    word = rank >> 6
    last = max(floor, 0) >> 6
    bits = (at(one, word, WORD).bits | at(other, word, WORD).bits) & ((np.int64(2) << (rank & 63)) - 1)
    while bits == 0:
        word -= 1
        if word < last:
            return -1
        bits = at(one, word, WORD).bits | at(other, word, WORD).bits
    return (word << 6) + top_bit(bits)


@tiny
def show(c: Any, row: int, lots: int) -> None:
    """Others display `lots` more (or fewer) at a row."""
    level = level_at(c, row)
    before = level.shown
    after = before + lots
    level.shown = after
    if (before > 0) != (after > 0):
        flip(c, row, after > 0)


@leaf
def flip(c: Any, row: int, lit: bool) -> None:
    """Others begin or cease to display lots at a row: keep the bit map and the best price in step."""
    side = side_of(c, row)
    rank = row - side * c.window
    book = side_at(c, side)
    word = at(c.words, side * c.words_a_side + (rank >> 6), WORD)
    word.bits ^= np.int64(1) << (rank & 63)
    if lit:
        book.lit += 1
        book.best = max(book.best, rank)
        if book.marked > 0:
            mark(c, row)
    else:
        book.lit -= 1
        if book.best == rank:
            book.best = next_lit(c, side, rank - 1) if book.lit > 0 else -1
        if c.reach > 0 and level_at(c, row).hist > 0:
            mark(c, row)


@leaf
def show_own(c: Any, row: int, lots: int, orders: int) -> None:
    """Of ours, `lots` and `orders` more (or fewer) rest at a row."""
    at(c.ours, row, OURS).lots += lots
    if orders != 0:
        level_at(c, row).own += orders
        side_at(c, side_of(c, row)).own += orders
        mark(c, row)


@leaf
def mark(c: Any, row: int) -> None:
    """Mark a row, or take its mark away, as its level is now: keep the bit map and the best mark in step."""
    side = side_of(c, row)
    rank = row - side * c.window
    book = side_at(c, side)
    word = at(c.marks, side * c.words_a_side + (rank >> 6), WORD)
    bit = np.int64(1) << (rank & 63)
    level = level_at(c, row)
    marked = level.own > 0 or (c.reach > 0 and level.hist > 0 and level.shown == 0)
    if ((word.bits & bit) != 0) == marked:
        return
    word.bits ^= bit
    if marked:
        book.marked += 1
        book.top_mark = max(book.top_mark, rank)
    else:
        book.marked -= 1
        if book.top_mark == rank:
            book.top_mark = next_mark(c, side, rank - 1, 0) if book.marked > 0 else -1


@tiny
def within_reach(c: Any, row: int, passed: int) -> int:
    """How many levels of history were passed when a row is, -1 when the row lies beyond the last the data show."""
    if c.reach == 0 or level_at(c, row).hist == 0:
        return passed
    return passed + 1 if passed < c.reach else -1


@leaf
def touch(c: Any, side: int) -> int:
    """The best rank at which others display lots within reach, -1 when there is none."""
    best, rank = side_at(c, side).best, side_at(c, side).top_mark
    passed = np.int64(0)
    while rank > best and passed >= 0:
        passed = within_reach(c, side * c.window + rank, passed)
        rank = next_mark(c, side, rank - 1, best)
    return -1 if passed < 0 or passed == c.reach > 0 else best


@leaf
def look(c: Any) -> None:
    """Write the best displayed levels of both sides where Python reads them; 0 lots end a side.

    `depth` levels at which others display lots, with our lots in them, and what of ours stands alone above or between.
    """
    for side in range(2):
        book = side_at(c, side)
        rank = max(book.best, book.top_mark)
        first = side * c.rows_a_side
        count, others, passed = np.int64(0), np.int64(0), np.int64(0)
        while rank >= 0:
            row = side * c.window + rank
            level = level_at(c, row)
            passed = within_reach(c, row, passed)
            if passed < 0:
                break
            lots = level.shown
            others += lots > 0
            if level.own > 0:
                lots += at(c.ours, row, OURS).lots
            if lots > 0:
                shown = at(c.shown, first + count, SHOWN)
                shown.price_ticks = price_of(c, row)
                shown.lots = lots
                count += 1
            if others == c.depth:
                break
            rank = next_level(c, side, rank - 1, 0)
        if count < c.rows_a_side:
            at(c.shown, first + count, SHOWN).lots = 0
