"""The desk of a compiled strategy: from one decision to the next, without Python.

`step` makes so what the strategy wants (it keeps what already stands where it is wanted, with its place in the queue,
and cancels and places the rest), lets history go by until the strategy wants to be asked again, and writes down what
is known by then. The venue's clock is the book's; what happens there at x is known here at x + feed (market), x + fill
or x + ack (our orders), all constant and no report faster than the feed; what is decided at t is there decide and send
or cancel later. Messages of one direction do not overtake, and history goes first where a message of ours meets it at
the same nanosecond. All of this is `nowake.sim.replay`'s doing, and a test holds the two together; the plain twin
is tests/reference/desk.py.

A cancel and what replaces it travel together, so both may fill: `limit_lots` counts them both."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.calls import call
from nowake.kernels.desk_messages import deliver, due_ns, learn, next_arrival, report_fills, send
from nowake.kernels.desk_state import (
    BAD_WAKE,
    BAD_WANTED,
    BEGIN,
    CANCEL,
    DECIDE,
    DECIDED,
    DELIVERING,
    DESK,
    MARKET,
    MAX_AT_ONE_INSTANT,
    MAX_COMMANDS,
    MAX_OWN,
    MESSAGE,
    MOST_TICKS,
    OVER,
    OWN_ORDER,
    PAUSE,
    PAUSE_DECISIONS,
    PLACE,
    REDUCE,
    RUNNING,
    STUCK,
    TOO_MANY_MESSAGES,
    TOO_MANY_OWN,
    WAKE,
    WANTED,
)
from nowake.kernels.levels import rank_of, side_at
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.state import (
    ASKS,
    BIDS,
    CONTEXT,
    NEVER,
    ON_PRICE,
    ON_TOUCH,
    SHOWN,
)
from nowake.kernels.state import WAKE as WOKEN

_MOST_LOTS = 1 << 53  # Of one order, as `nowake.sim.book.MAX_OWN_LOTS`.


def step(address: int) -> int:  # noqa: PLR0911  (Each return is another reason.)
    """Act on what is wanted and go on until the strategy is to be asked; says DECIDE, or why it came back instead."""
    d = at(address, 0, DESK)
    c = at(d.book, 0, CONTEXT)
    if d.phase == BEGIN:
        return _ask(d, c) if c.venue_ns < d.close_ns else _close(d, c)
    if d.phase == DECIDED:
        status = _act(d, c)
        if status < 0:
            return status
        d.phase = RUNNING
        if d.decisions % PAUSE_DECISIONS == 0:
            return PAUSE
    while True:
        if d.phase == RUNNING:
            arrival_ns = next_arrival(d)
            stop_ns = min(d.stop_ns, due_ns(d))
            c.until_ns = min(stop_ns, arrival_ns)
            status = call(d.replay, d.book)
            if not report_fills(d, c):
                return TOO_MANY_MESSAGES
            if status < 0:
                return status
            if c.venue_ns >= d.close_ns:
                return _close(d, c)
            if c.venue_ns < arrival_ns:
                if status == WOKEN or c.venue_ns >= stop_ns or c.venue_ns >= due_ns(d):
                    break
                continue
            d.phase = DELIVERING
        status = deliver(d, c)
        if status < 0:
            return status
        d.phase = RUNNING
        if c.halted != d.halted:
            break
    return _ask(d, c)


@leaf
def _ask(d: Any, c: Any) -> int:
    """Our time moves on, what is known by now is learned and shown, and the records to be written are emptied."""
    now_ns = max(d.now_ns, c.venue_ns + d.feed_ns)
    d.at_one_instant = d.at_one_instant + 1 if now_ns == d.now_ns else 0
    if d.at_one_instant > MAX_AT_ONE_INSTANT:
        return STUCK
    d.now_ns = now_ns
    d.halted = c.halted
    learn(d, now_ns)
    _show(d, c)
    for row in range(d.rows):
        wish = at(d.wanted, row, WANTED)
        wish.side, wish.price_ticks, wish.lots, wish.immediate, wish.post_only = 0, 0, 0, 0, 0
    wake = at(d.wake, 0, WAKE)
    wake.time_ns, wake.on_touch, wake.volume_lots, wake.own_news = NEVER, 0, NEVER, 1
    wake.bid_at_least_ticks, wake.ask_at_most_ticks = NEVER, NEVER
    d.decisions += 1
    d.phase = DECIDED
    return DECIDE


@leaf
def _close(d: Any, c: Any) -> int:
    """The market or the data end: what of ours still rests is cancelled, what is under way is refused, all is known."""
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        c.child_id, c.slot = own.child_id, own.slot
        if own.slot != 0:
            call(d.withdraw, d.book)
        own.venue_lots = 0
    d.now_ns = max(d.now_ns, c.venue_ns + d.ack_ns, d.last_report_ns)
    learn(d, d.now_ns)
    for k in range(d.command_first, d.command_end):
        if at(d.commands, k & (MAX_COMMANDS - 1), MESSAGE).kind == PLACE:
            d.refused += 1
    _show(d, c)
    return OVER


# What is wanted becomes commands.


@leaf
def _act(d: Any, c: Any) -> int:
    """Send what brings our orders nearest to what is wanted, and set when to come back; 0 or a fault."""
    wake = at(d.wake, 0, WAKE)
    if wake.time_ns <= d.now_ns:
        return BAD_WAKE
    for k in range(d.own_count):
        at(d.own, k, OWN_ORDER).claimed = 0
    status = np.int64(0)
    for row in range(d.rows):
        wish = at(d.wanted, row, WANTED)
        if wish.lots != 0:
            status = min(status, _claim(d, wish, row))
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if own.claimed == 0 and own.leaving == 0 and own.immediate == 0 and own.open_lots > 0:
            own.leaving = 1
            d.cancelled += 1
            status = min(status, send(d, own, CANCEL, 0))
    for row in range(d.rows):
        wish = at(d.wanted, row, WANTED)
        if wish.lots > 0 and status == 0:
            status = _place_missing(d, wish)
    _set_stops(d, c, wake)
    return status


@leaf
def _claim(d: Any, wish: Any, row: int) -> int:
    """Orders that stand as wished keep standing, the oldest first, the last of them perhaps reduced.

    `wish.lots` is then what is missing.
    """
    legal = d.lowest_ticks <= wish.price_ticks < MOST_TICKS
    if wish.lots < 0 or wish.lots >= _MOST_LOTS or abs(wish.side) != 1 or not legal:
        d.fault_row = row
        return BAD_WANTED
    status = np.int64(0)
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if wish.lots == 0 or own.claimed == 1 or not _is_as_wished(own, wish):
            continue
        own.claimed = 1
        keep = min(own.open_lots, own.keep_lots)
        if wish.lots < keep and own.immediate == 0:
            own.keep_lots = wish.lots
            own.reducing += 1
            d.reduced += 1
            status = send(d, own, REDUCE, wish.lots)
        wish.lots -= min(wish.lots, keep)
    return status


@tiny
def _is_as_wished(own: Any, wish: Any) -> bool:
    """Whether an order that is not being cancelled stands where and how it is wished."""
    return (
        own.price_ticks == wish.price_ticks
        and own.side == wish.side
        and own.immediate == wish.immediate
        and own.post_only == wish.post_only
        and own.leaving == 0
        and own.open_lots > 0
    )


@leaf
def _place_missing(d: Any, wish: Any) -> int:
    """A new order for what is missing, cut to what the position limit leaves room for."""
    exposed = wish.side * d.position_lots
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if own.side == wish.side:
            exposed += own.open_lots
    lots = min(wish.lots, d.limit_lots - exposed)
    if lots <= 0:
        return 0
    if d.own_count == MAX_OWN:
        return TOO_MANY_OWN
    own = at(d.own, d.own_count, OWN_ORDER)
    d.own_count += 1
    d.orders_made += 1
    d.placed += 1
    own.child_id = 2 * d.orders_made + (1 if wish.side < 0 else 0)
    own.side, own.price_ticks, own.open_lots = wish.side, wish.price_ticks, lots
    own.immediate, own.post_only = wish.immediate, wish.post_only
    own.keep_lots = NEVER
    own.venue_lots, own.slot, own.under_way, own.reducing, own.leaving, own.claimed = 0, 0, 0, 0, 0, 1
    status = send(d, own, PLACE, lots)
    own.under_way = 0  # That it arrived is known by what comes of it.
    return status


@leaf
def _set_stops(d: Any, c: Any, wake: Any) -> None:
    """Tell the replay when to come back."""
    stop_ns = d.close_ns
    if c.venue_ns < d.open_ns < stop_ns:
        stop_ns = d.open_ns
    if wake.time_ns < NEVER:
        stop_ns = min(stop_ns, wake.time_ns - d.feed_ns)
    d.stop_ns = stop_ns
    c.mark_touch = c.on_touch = ON_TOUCH if wake.on_touch != 0 else 0
    if wake.bid_at_least_ticks != NEVER or wake.ask_at_most_ticks != NEVER:
        c.on_touch |= ON_PRICE
        _wake_at(c, BIDS, wake.bid_at_least_ticks)
        _wake_at(c, ASKS, wake.ask_at_most_ticks)
    c.volume_wake = wake.volume_lots
    c.report_lag_ns = d.fill_ns - d.feed_ns if wake.own_news != 0 else NEVER >> 1


@leaf
def _wake_at(c: Any, side: int, price_ticks: int) -> None:
    """Tell the replay from which price of others on a side to come back."""
    side_at(c, side).wake_rank = NEVER if price_ticks == NEVER else max(0, rank_of(c, side, price_ticks))


@leaf
def _show(d: Any, c: Any) -> None:
    """Write what is known where the strategy reads it."""
    market = at(d.market, 0, MARKET)
    market.now_ns = d.now_ns
    market.volume_lots = c.volume
    market.trading = 1 if c.halted == 0 and c.venue_ns >= d.open_ns else 0
    market.decisions = d.decisions
    market.position_lots, market.cash_ticks = d.position_lots, d.cash_ticks
    market.bought_lots, market.sold_lots = d.bought_lots, d.sold_lots
    market.fills, market.refusals = d.fills, d.refused
    open_bid, open_ask = np.int64(0), np.int64(0)
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if own.side > 0:
            open_bid += own.open_lots
        else:
            open_ask += own.open_lots
    market.open_bid_lots, market.open_ask_lots = open_bid, open_ask
    bid = at(c.shown, 0, SHOWN)
    ask = at(c.shown, c.rows_a_side, SHOWN)
    market.bid_lots, market.ask_lots = bid.lots, ask.lots
    market.bid_ticks = bid.price_ticks if bid.lots > 0 else 0
    market.ask_ticks = ask.price_ticks if ask.lots > 0 else 0
    _show_others(d, c, market)


@leaf
def _show_others(d: Any, c: Any, market: Any) -> None:
    """The last displayed level of a side holds the others' best: above it the book shows levels of ours alone."""
    market.others_bid_lots = market.others_ask_lots = market.others_bid_ticks = market.others_ask_ticks = 0
    if market.bid_lots > 0:
        bid = at(c.shown, _last_row(c, BIDS), SHOWN)
        market.others_bid_lots = bid.lots - _own_at(d, 1, bid.price_ticks)
        market.others_bid_ticks = bid.price_ticks if market.others_bid_lots > 0 else 0
    if market.ask_lots > 0:
        ask = at(c.shown, _last_row(c, ASKS), SHOWN)
        market.others_ask_lots = ask.lots - _own_at(d, -1, ask.price_ticks)
        market.others_ask_ticks = ask.price_ticks if market.others_ask_lots > 0 else 0


@leaf
def _last_row(c: Any, side: int) -> int:
    """The last displayed level of a side that has one."""
    row = side * c.rows_a_side
    end = row + c.rows_a_side
    while row + 1 < end and at(c.shown, row + 1, SHOWN).lots > 0:
        row += 1
    return row


@leaf
def _own_at(d: Any, side: int, price_ticks: int) -> int:
    """Lots of ours that rest at the venue at a price."""
    lots = np.int64(0)
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if own.side == side and own.price_ticks == price_ticks:
            lots += own.venue_lots
    return lots
