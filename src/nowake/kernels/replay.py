"""The replay loop: history goes by, message by message, with our own orders standing in its queues.

History does not react to us, but size is honest: lots we took of a displayed order stay gone, a print fills us by no
more than its size, and only lots ahead of us that move move us. Each rule is said at its function; the plain twin is
tests/reference/book.py.

Ignores: that others would have seen our orders and traded differently; that the lots we took might have been
replenished; hidden lots, except where a print shows them."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.layout import (
    ADD,
    CLEAR,
    DELETE,
    EVENT,
    EXECUTE,
    HALT,
    LEVEL,
    PRINT_CROSS,
    PRINT_HIDDEN,
    RESUME,
    RESYNC,
    SNAPSHOT,
    TRADE,
)
from nowake.kernels.levels import level_at, look, next_level, price_of, rank_of, side_at, touch, within_reach
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.queues import (
    count_print,
    cut,
    displayed,
    expect_entry,
    expect_order,
    fill_own,
    fill_own_above,
    fill_own_ahead,
    go_ahead_of_ours,
    has_room,
    join,
    order_at,
    shrink,
    slot_of,
    take_from,
    unname,
)
from nowake.kernels.state import (
    ANONYMOUS,
    ASKS,
    BIDS,
    CONTEXT,
    FILL,
    FULL_FILLS,
    FULL_ORDERS,
    NAMED,
    NO_PRINT,
    NOBODY,
    ON_PRICE,
    ON_TOUCH,
    OWN,
    TIME,
    TOO_MUCH,
    WAKE,
)

_BYTE = 255  # So that a kind below ADD is as large as one above EXECUTE.
_AHEAD = 8  # Events between asking for a table entry and needing it; half as many for the order.


def replay(address: int) -> int:
    """Apply events until `until_ns`, a wake condition, or a store is full; says which. Never half an instant."""
    c = at(address, 0, CONTEXT)
    if c.mark_touch != 0:
        mark_touch(c)
    i = c.next_event
    between_instants = i >= c.event_count or at(c.events, i, EVENT).time_ns > c.venue_ns
    status = _end_instant(c) if between_instants else TIME
    while status == TIME and i < c.event_count:
        event = at(c.events, i, EVENT)
        time_ns = event.time_ns
        if time_ns > c.until_ns:
            break
        if not has_room(c):
            status = FULL_ORDERS
            break
        if c.fill_count + side_at(c, BIDS).own + side_at(c, ASKS).own > c.fill_capacity:
            status = FULL_FILLS
            break
        c.venue_ns = time_ns
        if i + _AHEAD < c.event_count:
            expect_entry(c, at(c.events, i + _AHEAD, EVENT).order_id)
            expect_order(c, at(c.events, i + _AHEAD // 2, EVENT).order_id)
        apply(c, event)
        i += 1
        if i < c.event_count and at(c.events, i, EVENT).time_ns == time_ns:
            continue
        if is_crossed(c):
            c.crossed += 1
        status = _end_instant(c)
    c.next_event = i
    if status == TIME:
        c.venue_ns = max(c.venue_ns, c.until_ns)
    if status >= TIME:
        c.halted_told = c.halted
    look(c)
    return status


@tiny
def _end_instant(c: Any) -> int:
    """All of an instant is in the book: settle what crosses ours, and say whether to come back (WAKE) or to go on."""
    if c.halted == 0 and (may_cross(c, BIDS) or may_cross(c, ASKS)):
        if c.fill_count + c.orders_used > c.fill_capacity:  # They may meet every order there is.
            return FULL_FILLS
        _uncross(c, BIDS)
        _uncross(c, ASKS)
    return WAKE if wakes(c) else TIME


@leaf
def mark_touch(c: Any) -> None:
    """From now on a touch change is a difference from the best prices of others at this moment."""
    c.mark_touch = 0
    for side in range(2):
        side_at(c, side).touch = touch(c, side)


@leaf
def wakes(c: Any) -> bool:
    """Whether Python asked to be woken now; a change of halt it is always told, as it decides what can be done."""
    if c.volume >= c.volume_wake or c.halted != c.halted_told:
        return True
    if c.on_touch == 0:
        return False
    return _wakes_by(c, BIDS) or _wakes_by(c, ASKS)


@leaf
def _wakes_by(c: Any, side: int) -> bool:
    """Whether the best price of others on a side is another than the marked one, or reaches the one waited for."""
    best = touch(c, side)
    changed = best != side_at(c, side).touch and (c.on_touch & ON_TOUCH) != 0
    return changed or (best >= side_at(c, side).wake_rank and (c.on_touch & ON_PRICE) != 0)


@leaf
def is_crossed(c: Any) -> bool:
    """Whether history's best bid is at or above its best ask."""
    bid, ask = side_at(c, BIDS).best, side_at(c, ASKS).best
    return bid >= 0 and ask >= 0 and bid + ask >= c.window - 1


@tiny
def apply(c: Any, event: Any) -> None:
    """One event of history; the frequent kinds first."""
    kind = event.kind
    lots = event.lots
    if ((kind - ADD) & _BYTE) > EXECUTE - ADD or lots <= 0:
        _apply_rare(c, event)
        return
    side = BIDS if event.side > 0 else ASKS
    rank = rank_of(c, side, np.int64(event.price_ticks))
    slot = slot_of(c, event.order_id)
    if kind == ADD:
        if slot != NOBODY:  # The end of the id's former order was never told.
            c.phantoms += 1
            unname(c, slot)
        _add(c, side, rank, event, lots)
    elif kind == EXECUTE and slot != NOBODY:
        _execute(c, slot, lots)
    elif kind == EXECUTE:
        _execute_unknown(c, side, rank, lots)
    elif slot == NOBODY:
        _cancel_unknown(c, side * c.window + rank, lots)
    else:
        _cancel(c, slot, lots, kind == DELETE)


@leaf
def _apply_rare(c: Any, event: Any) -> None:
    """The kinds that name no order. Lots or kinds that cannot be are counted as phantoms and change nothing."""
    kind = event.kind
    lots = event.lots
    side = BIDS if event.side > 0 else ASKS
    rank = rank_of(c, side, np.int64(event.price_ticks))
    if kind == HALT:
        c.halted = 1
    elif kind == RESUME:
        c.halted = 0
    elif kind == RESYNC and lots >= 0:
        _resync(c, side, rank, lots)
    elif kind == DELETE and lots == 0:
        slot = slot_of(c, event.order_id)
        if slot == NOBODY:
            c.phantoms += 1
        else:
            shrink(c, slot, order_at(c, slot).hist)
    elif kind == PRINT_CROSS and lots > 0:
        count_print(c, np.int64(event.price_ticks), lots)
    elif kind == PRINT_HIDDEN and lots > 0:
        c.tape_ticks = event.price_ticks
        count_print(c, c.tape_ticks, lots)
        if event.side != 0:
            fill_own_above(c, side, rank - 1, lots)  # Displayed orders at its price go before hidden ones.
    elif kind == CLEAR:
        _clear(c)
    else:
        c.phantoms += 1


@leaf
def _add(c: Any, side: int, rank: int, event: Any, lots: int) -> None:
    """A new order trades with ours if it crosses them (extra prints, at our prices), then joins the tail.

    An order of a picture was there before we look: it takes nothing by itself and stands ahead of ours. Where in the
    queue ours would stand is not known, so this is the guess that flatters us least. What the whole picture displays
    at or through a price of ours fills it at the end of the instant, see `_uncross`.
    """
    is_seen = (event.flags & SNAPSHOT) != 0
    taken = 0 if is_seen else cross_own(c, side, rank, lots)
    row = side * c.window + rank
    slot = join(c, row, NAMED if event.order_id != 0 else ANONYMOUS, event.order_id, lots, taken)
    if is_seen and level_at(c, row).own > 0:
        go_ahead_of_ours(c, slot)


@leaf
def _clear(c: Any) -> None:
    """Everything history displays is gone; ours stay, and count as first in their queues until a picture comes."""
    for slot in range(1, c.orders_used):
        order = order_at(c, slot)
        if order.kind in (NAMED, ANONYMOUS):
            shrink(c, slot, order.hist)


@leaf
def cross_own(c: Any, side: int, rank: int, lots: int) -> int:
    """Fill our orders of the other side that a new order of this side reaches; returns the lots traded."""
    opposite = 1 - side
    if side_at(c, opposite).own == 0:
        return 0
    first = c.fill_count
    c.tape_ticks = NO_PRINT
    left = fill_own_above(c, opposite, c.window - 2 - rank, lots)  # At our price or through it.
    for k in range(first, c.fill_count):
        fill = at(c.fills, k, FILL)
        count_print(c, fill.price_ticks, fill.lots)
    return lots - left


@tiny
def may_cross(c: Any, side: int) -> bool:
    """Whether an order of ours on a side could be at or through what others display on the other."""
    book = side_at(c, side)
    return book.own > 0 and book.top_mark + side_at(c, 1 - side).best >= c.window - 1


@leaf
def _uncross(c: Any, side: int) -> None:
    """What a side displays within reach fills our orders of the other side that it crosses, at our prices.

    Only a halt brings this about, when lots arrive that cannot trade yet, lots that come within reach, or a picture of
    the book.
    """
    rank = max(side_at(c, side).best, side_at(c, side).top_mark)
    passed = np.int64(0)
    while rank + side_at(c, 1 - side).top_mark >= c.window - 1:
        row = side * c.window + rank
        passed = within_reach(c, row, passed)
        if passed < 0:
            break
        slot = np.int64(level_at(c, row).head)
        while slot != NOBODY:
            order = order_at(c, slot)
            if order.kind != OWN:
                take_from(c, slot, cross_own(c, side, rank, displayed(order)))
            slot = np.int64(order.next)
        rank = next_level(c, side, rank - 1, 0)


@leaf
def _cancel(c: Any, slot: int, lots: int, gone: bool) -> None:
    """An order loses `lots` in place. Whatever it is called, the level loses exactly `lots`.

    An order that had more and is gone leaves the difference to nobody we know; where it had less, others lose it.
    Feeds of limited depth drop messages, and readers put levels right by their totals, not by their members.
    """
    order = order_at(c, slot)
    row, hist = np.int64(order.row), order.hist
    shrink(c, slot, min(lots, hist))
    if lots > hist:
        _cancel_unknown(c, row, lots - hist)
    elif gone and lots < hist:
        unname(c, slot)


@leaf
def _cancel_unknown(c: Any, row: int, lots: int) -> None:
    """A cancel of an order we do not know: the last anonymous lots of its level go, then the last others."""
    if level_at(c, row).anonymous > 0:
        lots = cut(c, row, ANONYMOUS, lots, True)
    if lots > 0:
        c.phantoms += 1
        cut(c, row, NAMED, lots, True)


@leaf
def _execute(c: Any, slot: int, lots: int) -> None:
    """A taker of `lots` at the order's price: ours at better prices, ours ahead of it, the order, then down the queue.

    Down the queue go only lots the taker misses because we had taken them; not those the order had unknown to us.
    """
    order = order_at(c, slot)
    row = np.int64(order.row)
    c.tape_ticks = price_of(c, row)
    count_print(c, c.tape_ticks, lots)
    side = 1 if row >= c.window else 0
    rest = fill_own_above(c, side, row - side * c.window, lots)
    rest = _meet(c, slot, rest)
    executed = min(lots, order.hist)
    behind = np.int64(order.next)
    shrink(c, slot, executed)
    _down_the_queue(c, behind, rest - (lots - executed))
    if executed < lots:
        _cancel_unknown(c, row, lots - executed)


@leaf
def _meet(c: Any, slot: int, rest: int) -> int:
    """A taker meets ours ahead of an order and what the order displays; returns what is left of the taker."""
    order = order_at(c, slot)
    row = np.int64(order.row)
    if level_at(c, row).own > 0:
        rest = fill_own_ahead(c, row, slot, rest)
    return rest - min(rest, displayed(order))


@leaf
def _execute_unknown(c: Any, side: int, rank: int, lots: int) -> None:
    """A taker of `lots` met an order we do not know: it is looked for in the anonymous lots, first in the queue first.

    Lots not found there were in the place of orders whose end we missed: the first others go, filling none of ours.
    """
    row = side * c.window + rank
    level = level_at(c, row)
    c.tape_ticks = price_of(c, row)
    count_print(c, c.tape_ticks, lots)
    rest = fill_own_above(c, side, rank, lots)
    slot = np.int64(level.head) if level.anonymous > 0 else np.int64(NOBODY)
    behind = np.int64(NOBODY)
    while lots > 0 and slot != NOBODY:
        order = order_at(c, slot)
        following = np.int64(order.next)
        if order.kind == ANONYMOUS:
            rest = _meet(c, slot, rest)
            executed = min(lots, order.hist)
            lots -= executed
            behind = following
            shrink(c, slot, executed)
        slot = following
    _down_the_queue(c, behind, rest - lots)
    if lots > 0:
        c.phantoms += 1
        cut(c, row, NAMED, lots, False)


@leaf
def _down_the_queue(c: Any, slot: int, rest: int) -> None:
    """What a taker missed because we had taken it, it takes from the orders behind."""
    while rest > 0 and slot != NOBODY:
        order = order_at(c, slot)
        behind = np.int64(order.next)
        if order.kind == OWN:
            rest -= fill_own(c, slot, rest)
        else:
            rest -= take_from(c, slot, rest)
        slot = behind


@leaf
def _resync(c: Any, side: int, rank: int, lots: int) -> None:
    """History's total at a level becomes `lots`: more than recorded joins the tail, less leaves from the tail.

    Leaving from the tail takes lots behind ours first, which is the cautious guess about our place.
    """
    row = side * c.window + rank
    excess = level_at(c, row).hist - lots
    if excess < 0:
        taken = cross_own(c, side, rank, -excess)
        join(c, row, ANONYMOUS, 0, -excess, taken)
        return
    cut(c, row, NOBODY, excess, True)


def survey(address: int) -> int:
    """Look over the events once: lowest and highest price that touches the book, into `lowest_ticks` and `window`.

    Also the largest lots and absolute price of one event, the sum of all lots that come or go, at most TOO_MUCH, and
    how many events are of a feed of levels. Returns the number of the first event that is earlier than the one before
    it, or `event_count`. Where no event touches the book the window is 0.
    """
    c = at(address, 0, CONTEXT)
    lowest, highest = np.int64(1) << 62, -(np.int64(1) << 62)
    previous_ns = -(np.int64(1) << 62)
    c.window = c.level_events = 0
    most_lots, most_ticks, sum_lots, enough = np.int64(0), np.int64(0), np.int64(0), np.int64(TOO_MUCH)
    for i in range(c.event_count):
        event = at(c.events, i, EVENT)
        if event.time_ns < previous_ns:
            return i
        previous_ns = event.time_ns
        most_lots = max(most_lots, event.lots)
        most_ticks = max(most_ticks, abs(np.int64(event.price_ticks)))
        if event.kind != LEVEL:  # A level's lots are all that rest there, not more of them.
            sum_lots = min(sum_lots + min(max(event.lots, 0), enough), enough)
        c.level_events += LEVEL <= event.kind <= TRADE
        if ADD <= event.kind <= RESYNC or event.kind == LEVEL:
            lowest = min(lowest, np.int64(event.price_ticks))
            highest = max(highest, np.int64(event.price_ticks))
    c.most_lots, c.most_ticks, c.sum_lots = most_lots, most_ticks, sum_lots
    if highest >= lowest:
        c.lowest_ticks = lowest
        c.window = highest - lowest + 1
    return c.event_count
