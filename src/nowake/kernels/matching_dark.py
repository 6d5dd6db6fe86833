"""Where orders stand: in a displayed or a hidden level, or in the queue of those pegged to the midpoint.

The midpoint is that of the displayed best bid and ask, exact to half a tick: `mid_ticks`, and `mid_half` 1 where it
lies half a tick above. Who takes sees it as it was when it began. A peg whose limit is worse sleeps; all do while a
side displays nothing."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching_book import (
    append,
    fill,
    leave,
    next_above,
    next_below,
    occupy,
    order_at,
    price_of,
    relink,
    rest,
    side_of,
    unlink,
    vacate,
)
from nowake.kernels.matching_state import (
    BUY,
    CANCEL_OLDEST,
    DETAILED,
    HIDDEN,
    LEVEL,
    MARKET,
    PEG,
    SELL,
    STOP,
    TRAIT,
)
from nowake.kernels.matching_stops import stop_waiting
from nowake.kernels.memory import at, leaf, tiny


@leaf
def total(c: Any, slot: int) -> int:
    """All lots of an order, shown or not."""
    order = order_at(c, slot)
    return order.open + (at(c.traits, slot, TRAIT).reserve if order.what & DETAILED else 0)


@leaf
def queue_of(c: Any, slot: int) -> Any:
    """The queue an order stands in."""
    order = order_at(c, slot)
    if order.what & PEG:
        return at(c.pegs, side_of(order), LEVEL)
    if order.what & HIDDEN:
        return at(c.dark_levels, np.int64(order.row), LEVEL)
    return at(c.levels, np.int64(order.row), LEVEL)


@leaf
def join(c: Any, slot: int) -> None:
    """An order that is in no queue joins the tail of its own."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    if order.what & PEG:
        append(c, queue_of(c, slot), slot)
        c.peg_count += 1
    elif order.what & HIDDEN:
        append(c, queue_of(c, slot), slot)
        _fill_dark(c, side_of(order), row)
    else:
        rest(c, slot)


@tiny
def _fill_dark(c: Any, side: int, row: int) -> None:
    """A hidden level is empty no more."""
    occupy(c.dark_words, c.dark_summary, row)
    if side == SELL:
        c.dark_ask = min(c.dark_ask, row)
    else:
        c.dark_bid = max(c.dark_bid, row)


@leaf
def quit_queue(c: Any, slot: int) -> None:
    """An order leaves its queue, or no longer waits for its stop."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    if order.what & STOP:
        stop_waiting(c, slot)
    elif order.what & PEG:
        unlink(c, queue_of(c, slot), slot)
        c.peg_count -= 1
    elif order.what & HIDDEN:
        unlink(c, queue_of(c, slot), slot)
        if queue_of(c, slot).head == 0:
            vacate(c.dark_words, c.dark_summary, row)
            if row == c.dark_ask:
                c.dark_ask = next_above(c.dark_words, c.dark_summary, row, c.rows)
            elif row == c.dark_bid:
                c.dark_bid = next_below(c.dark_words, c.dark_summary, row)
    else:
        leave(c, slot)


@leaf
def return_to_queue(c: Any, slot: int) -> None:
    """Undo `quit_queue` of a displayed or hidden order; nothing happened in between."""
    order = order_at(c, slot)
    relink(c, queue_of(c, slot), slot)
    if order.what & HIDDEN:
        _fill_dark(c, side_of(order), np.int64(order.row))
    else:
        fill(c, side_of(order), np.int64(order.row))


# The midpoint.


@leaf
def set_midpoint(c: Any) -> None:
    """The midpoint of what is displayed now. Halves are added, not prices: their sum may not fit."""
    c.mid_known = 0
    if c.best_bid >= 0 and c.best_ask < c.rows:
        bid, ask = price_of(c, c.best_bid), price_of(c, c.best_ask)
        c.mid_known = 1
        c.mid_ticks = (bid >> 1) + (ask >> 1) + (bid & ask & 1)
        c.mid_half = (bid ^ ask) & 1


@leaf
def is_eligible(c: Any, order: Any) -> bool:
    """Whether an order may trade at the midpoint."""
    if c.mid_known == 0:
        return False
    if order.what & MARKET:
        return True
    limit = price_of(c, np.int64(order.row))
    return limit >= c.mid_ticks + c.mid_half if side_of(order) == BUY else limit <= c.mid_ticks


# Whom a taker meets.


@leaf
def best_maker(c: Any, slot: int) -> int:
    """The resting order that the order in `slot` meets next, 0 where there is none within its limit."""
    taker = order_at(c, slot)
    side = side_of(taker)
    eligible = is_eligible(c, taker)
    if taker.what & PEG and not eligible:
        return 0
    row = _best_row(c, side, taker)
    if eligible and c.peg_count > 0 and (row < 0 or _is_midpoint_better(c, side, row)):
        peg = np.int64(at(c.pegs, 1 - side, LEVEL).head)
        while peg != 0:
            if is_eligible(c, order_at(c, peg)):
                return peg
            peg = np.int64(order_at(c, peg).next)
    if row < 0:
        return 0
    lit = np.int64(at(c.levels, row, LEVEL).head)
    return lit if lit != 0 else np.int64(at(c.dark_levels, row, LEVEL).head)


@leaf
def _best_row(c: Any, side: int, taker: Any) -> int:
    """The best row with displayed or hidden orders that a taker reaches, -1 where there is none."""
    if side == BUY:
        row = min(c.best_ask, c.dark_ask)
        within = row < c.rows and (taker.what & MARKET != 0 or row <= taker.row)
        if within and taker.what & PEG:
            within = price_of(c, row) <= c.mid_ticks
    else:
        row = max(c.best_bid, c.dark_bid)
        within = row >= 0 and (taker.what & MARKET != 0 or row >= taker.row)
        if within and taker.what & PEG:
            within = price_of(c, row) >= c.mid_ticks + c.mid_half
    return row if within else -1


@tiny
def _is_midpoint_better(c: Any, side: int, row: int) -> bool:
    """Whether the midpoint is a better price for a taker than a row's."""
    price = price_of(c, row)
    return c.mid_ticks < price if side == BUY else c.mid_ticks + c.mid_half > price


@leaf
def available(c: Any, slot: int, enough: int) -> int:
    """Lots the order in `slot` would trade at once, counted no further than `enough`.

    What stands behind an order of its own owner does not count, unless the venue cancels that one and goes on.
    """
    taker = order_at(c, slot)
    side = side_of(taker)
    step = 1 if side == BUY else -1
    owner = at(c.traits, slot, TRAIT).owner
    count, stopped = np.int64(0), False
    lit, dark = (c.best_ask, c.dark_ask) if side == BUY else (c.best_bid, c.dark_bid)
    with_pegs = c.peg_count > 0 and is_eligible(c, taker)
    while count < enough and not stopped:
        row = min(lit, dark) if side == BUY else max(lit, dark)
        within = 0 <= row < c.rows and (taker.what & MARKET != 0 or (taker.row - row) * step >= 0)
        if within and taker.what & PEG:
            price = price_of(c, row)
            within = price <= c.mid_ticks if side == BUY else price >= c.mid_ticks + c.mid_half
        if with_pegs and (not within or _is_midpoint_better(c, side, row)):
            with_pegs = False
            count, stopped = _count(c, at(c.pegs, 1 - side, LEVEL), owner, count, enough)
            continue
        if not within or (taker.what & PEG and not is_eligible(c, taker)):
            break
        if row == lit:
            count, stopped = _count(c, at(c.levels, row, LEVEL), owner, count, enough)
            lit = _next(c.words, c.summary, row, c.rows, side)
        elif row == dark:
            count, stopped = _count(c, at(c.dark_levels, row, LEVEL), owner, count, enough)
            dark = _next(c.dark_words, c.dark_summary, row, c.rows, side)
    return min(count, enough)


@tiny
def _next(words: int, summary: int, row: int, rows: int, side: int) -> int:
    return next_above(words, summary, row, rows) if side == BUY else next_below(words, summary, row)


@leaf
def _count(c: Any, queue: Any, owner: int, count: int, enough: int) -> tuple[Any, bool]:
    """Add the lots of a queue to a count; and whether an order of the owner's ends it.

    An iceberg's reserve comes after everybody who stands behind it, so it counts only where nobody ends the count.
    """
    later: Any = np.int64(0)
    slot = np.int64(queue.head)
    while slot != 0 and count < enough:
        order = order_at(c, slot)
        detailed = order.what & DETAILED != 0
        awake = order.what & PEG == 0 or is_eligible(c, order)
        own = detailed and owner != 0 and at(c.traits, slot, TRAIT).owner == owner
        if own and awake and c.self_match != CANCEL_OLDEST:
            return count, True
        if awake and not own:
            count += min(order.open, enough - count)
            if detailed:
                later += min(at(c.traits, slot, TRAIT).reserve, enough - later)
        slot = np.int64(order.next)
    return count + min(later, enough - count), False
