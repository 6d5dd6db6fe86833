"""The replay loop of feeds that tell levels and trades: history goes by with our own orders estimated in its queues.

Who queues at a level is not told, so our place is an estimate: lots ahead of ours, a fraction in general. Trades move
it by their lots, what else a level loses moves it as the queue model says (`ladder_queue`). History does not react,
size is honest: lots we took of a level stay gone until the level itself has lost them, and a print fills ours by no
more than its size. The plain twin is tests/reference/level_book.py.

All messages of one instant are taken together: a trade and the level message that shows it may come in any order in
it. Over several instants a trade must come first; the other way round it moves us twice."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.ladder_queue import advance, available, is_told_next, settle, was_told, watch, watch_at
from nowake.kernels.ladder_state import LADDER, LONG_AGO
from nowake.kernels.layout import CLEAR, EVENT, HALT, LEVEL, PRINT_CROSS, PRINT_HIDDEN, RESUME, TRADE
from nowake.kernels.levels import level_at, look, mark, next_level, rank_of, show, side_at, within_reach
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.queues import count_print, fill_own_above
from nowake.kernels.replay import cross_own, is_crossed, mark_touch, may_cross, wakes
from nowake.kernels.state import ASKS, BIDS, CONTEXT, FULL_FILLS, TIME, WAKE


def replay(address: int) -> int:
    """Apply events until `until_ns`, a wake condition, or a store is full; says which. Never half an instant."""
    c = at(address, 0, CONTEXT)
    if c.mark_touch != 0:
        mark_touch(c)
    i, count = c.next_event, c.event_count
    between_instants = i >= count or at(c.events, i, EVENT).time_ns > c.venue_ns
    status = _end_instant(c) if between_instants else TIME
    while status == TIME and i < count:
        event = at(c.events, i, EVENT)
        time_ns = event.time_ns
        if time_ns > c.until_ns:
            break
        if c.fill_count + side_at(c, BIDS).own + side_at(c, ASKS).own > c.fill_capacity:
            status = FULL_FILLS
            break
        c.venue_ns = time_ns
        _apply(c, i, event)
        i += 1
        if i < count and at(c.events, i, EVENT).time_ns == time_ns:
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
    """All of an instant is told: place ours anew, settle what crosses ours, and say whether to come back (WAKE)."""
    if at(c.ladder, 0, LADDER).unsettled != 0:
        settle(c)
    if c.halted == 0 and (may_cross(c, BIDS) or may_cross(c, ASKS)):
        # Each fill ends an order of ours or what a level has to give.
        if c.fill_count + c.orders_used + side_at(c, BIDS).lit + side_at(c, ASKS).lit > c.fill_capacity:
            return FULL_FILLS
        _uncross(c, BIDS)
        _uncross(c, ASKS)
    return WAKE if wakes(c) else TIME


@tiny
def _apply(c: Any, number: int, event: Any) -> None:
    """One event of history; the frequent kinds first."""
    side = BIDS if event.side > 0 else ASKS
    if event.kind == LEVEL and event.lots >= 0:
        row = side * c.window + rank_of(c, side, np.int64(event.price_ticks))
        if level_at(c, row).anonymous != 0:
            _tell_watched(c, row, event.lots)
        else:
            _tell(c, row, event.lots)
    else:
        _apply_rare(c, number, event)


@leaf
def _apply_rare(c: Any, number: int, event: Any) -> None:
    """Trades, and what no level says. Lots or kinds that cannot be are counted as phantoms and change nothing."""
    kind, lots, price_ticks = event.kind, event.lots, np.int64(event.price_ticks)
    if kind == TRADE and lots > 0:
        count_print(c, price_ticks, lots)
        c.tape_ticks = price_ticks
        side = _traded_side(c, event)
        if side >= 0:
            _trade(c, number, side, rank_of(c, side, price_ticks), lots)
    elif kind == HALT:
        c.halted = 1
    elif kind == RESUME:
        c.halted = 0
    elif kind == CLEAR:
        _clear(c)
    elif kind == PRINT_CROSS and lots > 0:
        count_print(c, price_ticks, lots)
    elif kind == PRINT_HIDDEN and lots > 0:
        c.tape_ticks = price_ticks
        count_print(c, price_ticks, lots)
        if event.side != 0:
            side = BIDS if event.side > 0 else ASKS
            fill_own_above(c, side, rank_of(c, side, price_ticks) - 1, lots)  # Ours at its price go before hidden ones.
    else:
        c.phantoms += 1


@tiny
def _tell(c: Any, row: int, lots: int) -> None:
    """History displays `lots` at a level of which nothing else is known; what we took stays gone, at most all."""
    level = level_at(c, row)
    taken = min(level.hist - level.shown, lots)
    level.hist = lots
    show(c, row, lots - taken - level.shown)
    if taken > 0:
        mark(c, row)


@leaf
def _tell_watched(c: Any, row: int, lots: int) -> None:
    """The same at a watched level: what it loses was traded before, or is gone for a reason not yet told."""
    level, told = level_at(c, row), watch_at(c, row)
    if told.told_ns != c.venue_ns:
        told.traded -= told.stale
        told.down = 0
        told.told_ns = c.venue_ns
    lost = level.hist - lots
    if lost > 0:
        explained = min(lost, told.traded)
        told.traded -= explained
        told.down += lost - explained
    told.stale = told.traded
    taken = min(level.hist - level.shown + told.kept, lots)
    told.kept = 0
    level.hist = lots
    show(c, row, lots - taken - level.shown)
    mark(c, row)
    if level.own > 0:
        at(c.ladder, 0, LADDER).unsettled = 1
    else:  # Nobody there whose place depends on which lots went.
        level.anonymous = 0


@leaf
def _trade(c: Any, number: int, side: int, rank: int, lots: int) -> None:
    """A taker of `lots`: ours at better prices first, then ours at its price by what those ahead leave of it."""
    rest = fill_own_above(c, side, rank, lots)
    if rank < 0 or rank >= c.window:
        return
    row = side * c.window + rank
    level, told = level_at(c, row), watch_at(c, row)
    if level.anonymous == 0:
        if is_told_next(c, number, row):
            return
        watch(c, row)
        if was_told(c, number, row):
            told.told_ns = c.venue_ns
    unexplained = lots
    if told.told_ns == c.venue_ns:
        explained = min(told.down, lots)
        told.down -= explained
        unexplained -= explained
    else:
        told.traded -= told.stale
        told.stale = 0
    told.traded += unexplained
    if told.told_ns == c.venue_ns:
        told.stale = told.traded
    if level.own > 0:
        advance(c, row, lots, rest)


@leaf
def _traded_side(c: Any, event: Any) -> int:
    """The side a trade took from; where the feed does not say, the side whose best price it reached; -1 if neither."""
    if event.side != 0:
        return BIDS if event.side > 0 else ASKS
    price_ticks = np.int64(event.price_ticks)
    bid, ask = side_at(c, BIDS).best, side_at(c, ASKS).best
    hits_bid = bid >= 0 and rank_of(c, BIDS, price_ticks) <= bid
    hits_ask = ask >= 0 and rank_of(c, ASKS, price_ticks) <= ask
    if hits_bid == hits_ask:
        return -1
    return BIDS if hits_bid else ASKS


@leaf
def _clear(c: Any) -> None:
    """History displays nothing until it is told again. What we took stays taken, and ours keep their estimates."""
    settle(c)
    for side in range(2):
        rank = max(side_at(c, side).best, side_at(c, side).top_mark)
        while rank >= 0:
            row = side * c.window + rank
            level = level_at(c, row)
            taken = level.hist - level.shown
            if taken > 0 and level.anonymous == 0:
                watch(c, row)
            if level.anonymous != 0:
                told = watch_at(c, row)
                told.kept += taken
                told.traded -= told.stale
                told.stale, told.down, told.told_ns = 0, 0, LONG_AGO
            level.hist = 0
            show(c, row, -level.shown)
            mark(c, row)
            rank = next_level(c, side, rank - 1, 0)


@leaf
def _uncross(c: Any, side: int) -> None:
    """What a side displays within reach fills our orders of the other side that it crosses, once, at our prices."""
    rank = max(side_at(c, side).best, side_at(c, side).top_mark)
    passed = np.int64(0)
    while rank >= 0 and rank + side_at(c, 1 - side).top_mark >= c.window - 1:
        row = side * c.window + rank
        passed = within_reach(c, row, passed)
        if passed < 0:
            break
        lots = available(c, row)
        if lots > 0:
            show(c, row, -cross_own(c, side, rank, lots))
        rank = next_level(c, side, rank - 1, 0)
