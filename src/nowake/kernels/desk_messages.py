"""Messages between the desk and the venue: commands on their way there, what becomes of them, news on its way back.

Messages of one direction do not overtake. An order of ours is kept in mind until nothing of it is under way."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.calls import call
from nowake.kernels.delays import delay_ns
from nowake.kernels.desk_state import (
    CANCEL,
    CANCELLED,
    CANCELLED_TOO_LATE,
    FILLED,
    MAX_COMMANDS,
    MAX_NEWS,
    MESSAGE,
    OWN_ORDER,
    PLACE,
    REDUCED,
    REDUCED_TOO_LATE,
    REJECTED,
    TOO_MANY_MESSAGES,
    WAKE,
)
from nowake.kernels.legs import CANCEL as CANCEL_LEG
from nowake.kernels.legs import DECIDE as DECIDE_LEG
from nowake.kernels.legs import LEG, SEND
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.state import ACCEPTED, ASKS, BIDS, FILL, GONE, NEVER, NOT_CONTINUOUS

# Commands leave, and reach the venue.


@leaf
def send(d: Any, own: Any, kind: int, lots: int) -> int:
    """A command about one of our orders sets out now; it does not overtake the one before."""
    if d.command_end - d.command_first == MAX_COMMANDS:
        return TOO_MANY_MESSAGES
    leaves_ns = d.now_ns + delay_ns(at(d.legs, DECIDE_LEG, LEG), d.now_ns, d.sent)
    leg = SEND if kind == PLACE else CANCEL_LEG
    arrives_ns = leaves_ns + delay_ns(at(d.legs, leg, LEG), leaves_ns, d.sent)
    d.sent += 1
    d.last_arrival_ns = max(d.last_arrival_ns, arrives_ns)
    command = at(d.commands, d.command_end & (MAX_COMMANDS - 1), MESSAGE)
    command.time_ns = d.last_arrival_ns
    command.kind, command.child_id, command.lots = kind, own.child_id, lots
    d.command_end += 1
    own.under_way += 1
    return 0


@tiny
def next_arrival(d: Any) -> int:
    """When the first command under way reaches the venue."""
    if d.command_first == d.command_end:
        return NEVER
    return at(d.commands, d.command_first & (MAX_COMMANDS - 1), MESSAGE).time_ns


@leaf
def deliver(d: Any, c: Any) -> int:
    """Commands that have arrived by the venue's time take effect; 0, or the store that was full before one of them."""
    while next_arrival(d) <= c.venue_ns:
        if d.news_end - d.news_first > MAX_NEWS // 2:
            return TOO_MANY_MESSAGES
        command = at(d.commands, d.command_first & (MAX_COMMANDS - 1), MESSAGE)
        own = _find(d, command.child_id)
        c.child_id, c.slot, c.lots = own.child_id, own.slot, command.lots
        if command.kind == PLACE:
            status = _enter(d, c, own)
            if status < 0:
                return status
        elif command.kind == CANCEL:
            lots = call(d.withdraw, d.book) if own.slot != 0 else np.int64(GONE)
            own.venue_lots, own.slot = 0, 0
            _report(d, CANCELLED_TOO_LATE if lots == GONE else CANCELLED, own.child_id, max(lots, 0), c.venue_ns)
        else:
            lots = call(d.reduce, d.book) if own.slot != 0 else np.int64(GONE)
            left = own.venue_lots if lots == GONE else lots
            kind = REDUCED_TOO_LATE if lots == GONE else REDUCED
            _report(d, kind, own.child_id, own.venue_lots - left, c.venue_ns)
            own.venue_lots = left
        d.command_first += 1
    return 0


@leaf
def _enter(d: Any, c: Any, own: Any) -> int:
    """A new order of ours at the venue: it trades, rests or is refused; 0, or the store that was full."""
    c.side = BIDS if own.side > 0 else ASKS
    c.price_ticks, c.immediate, c.post_only = own.price_ticks, own.immediate, own.post_only
    status = call(d.place, d.book) if c.venue_ns >= d.open_ns else np.int64(NOT_CONTINUOUS)
    if status < 0:
        return status
    if status != ACCEPTED:
        _report(d, REJECTED, own.child_id, 0, c.venue_ns)
        return 0
    d.last_report_ns = max(d.last_report_ns, c.venue_ns + d.ack_ns)  # That it was accepted; nobody waits for it.
    left, own.slot = np.int64(c.left), c.slot
    if not report_fills(d, c):
        return TOO_MANY_MESSAGES
    own.venue_lots = 0 if own.immediate != 0 else left
    if left > 0 and own.immediate != 0:
        _report(d, CANCELLED, own.child_id, left, c.venue_ns)
    return 0


@leaf
def _report(d: Any, kind: int, child_id: int, lots: int, venue_ns: int) -> None:
    """The venue's answer leaves now; it does not overtake the news before it."""
    d.last_report_ns = max(d.last_report_ns, venue_ns + (d.fill_ns if kind == FILLED else d.ack_ns))
    news = at(d.news, d.news_end & (MAX_NEWS - 1), MESSAGE)
    news.time_ns = d.last_report_ns
    news.kind, news.child_id, news.lots = kind, child_id, lots
    d.news_end += 1


@leaf
def report_fills(d: Any, c: Any) -> bool:
    """News of the fills since we last looked leaves the venue; False where there is no room for it."""
    for k in range(d.fills_booked, c.fill_count):
        if d.news_end - d.news_first == MAX_NEWS:
            learn(d, max(d.now_ns, c.venue_ns + d.feed_ns))  # Nobody decides before that.
            if d.news_end - d.news_first == MAX_NEWS:
                return False
        fill = at(c.fills, k, FILL)
        _find(d, fill.child_id).venue_lots = fill.open_lots
        at(d.news, d.news_end & (MAX_NEWS - 1), MESSAGE).price_ticks = fill.price_ticks
        _report(d, FILLED, fill.child_id, fill.lots, fill.venue_ns)
    d.fills_booked = c.fill_count
    return True


@leaf
def _find(d: Any, child_id: int) -> Any:
    """Our order of this number. It is kept until nothing of it is under way, so it is there."""
    k = 0
    while at(d.own, k, OWN_ORDER).child_id != child_id:
        k += 1
    return at(d.own, k, OWN_ORDER)


# News reaches us.


@leaf
def due_ns(d: Any) -> int:
    """The venue's time when we learn the next news that wakes; never, where none is to."""
    if at(d.wake, 0, WAKE).own_news != 0:
        for k in range(d.news_first, d.news_end):
            news = at(d.news, k & (MAX_NEWS - 1), MESSAGE)
            if news.kind != REDUCED:
                return news.time_ns - d.feed_ns
    return NEVER


@leaf
def learn(d: Any, now_ns: int) -> None:
    """Learn the news that has reached us by now, and forget the orders of which nothing more can come."""
    while d.news_first < d.news_end:
        news = at(d.news, d.news_first & (MAX_NEWS - 1), MESSAGE)
        if news.time_ns > now_ns:
            break
        own = _find(d, news.child_id)
        if news.kind == FILLED:
            _learn_fill(d, own, news)
        else:
            _learn_answer(d, own, news)
        d.news_first += 1
    _forget(d)


@leaf
def _learn_fill(d: Any, own: Any, news: Any) -> None:
    """Lots of one of our orders traded."""
    own.open_lots -= news.lots
    d.position_lots += own.side * news.lots
    d.cash_ticks -= own.side * news.lots * news.price_ticks
    d.fills += 1
    if own.side > 0:
        d.bought_lots += news.lots
    else:
        d.sold_lots += news.lots


@leaf
def _learn_answer(d: Any, own: Any, news: Any) -> None:
    """What became of a command."""
    if news.kind == REJECTED:
        own.open_lots = 0
        d.refused += 1
        return
    own.open_lots -= news.lots
    if own.immediate != 0:
        return
    own.under_way -= 1
    if news.kind in (REDUCED, REDUCED_TOO_LATE):
        own.reducing -= 1
        if own.reducing == 0:
            own.keep_lots = NEVER
    if news.kind in (CANCELLED_TOO_LATE, REDUCED_TOO_LATE):
        d.too_late += 1


@leaf
def _forget(d: Any) -> None:
    """Orders that are done, with nothing of them under way, make room; the others stay in the order they were made."""
    kept = 0
    for k in range(d.own_count):
        own = at(d.own, k, OWN_ORDER)
        if own.open_lots == 0 and own.under_way == 0:
            continue
        if kept < k:
            _copy(own, at(d.own, kept, OWN_ORDER))
        kept += 1
    d.own_count = kept


@leaf
def _copy(own: Any, place: Any) -> None:
    """One record into another."""
    place.child_id, place.side, place.price_ticks = own.child_id, own.side, own.price_ticks
    place.open_lots, place.keep_lots, place.venue_lots = own.open_lots, own.keep_lots, own.venue_lots
    place.slot, place.immediate, place.post_only = own.slot, own.immediate, own.post_only
    place.under_way, place.reducing, place.leaving = own.under_way, own.reducing, own.leaving
