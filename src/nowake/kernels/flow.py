"""The cheap measures of order flow, all of them updated by one quote or print at a time.

Order flow imbalance of each level and the imbalance of trades over a window of time, queue imbalance, micro-price from
a table, autocorrelation of market orders at one lag: what they are is said in `nowake.microstructure.flow`. Sums are
whole numbers, so that what leaves a window takes exactly what it brought. The rings are of a fixed size: where one is
full the kernel stops before the event that needs more, and goes on when it is called again with more room."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.flow_job import FLOW
from nowake.kernels.memory import at, leaf, tiny

FULL = -1  # Returned where a ring has no room for the next event.

_NUMBER = np.dtype([("value", np.int64)])
_REAL = np.dtype([("value", np.float64)])


def flow(address: int) -> int:
    """Take quotes and prints in time order, prints first within a stamp; returns 0, or FULL. The context is FLOW."""
    c = at(address, 0, FLOW)
    while c.quote_at < c.quote_count or c.trade_at < c.trade_count:
        is_print = c.trade_at < c.trade_count
        if is_print and c.quote_at < c.quote_count:
            is_print = at(c.trade_ns, c.trade_at, _NUMBER).value <= at(c.quote_ns, c.quote_at, _NUMBER).value
        if is_print:
            c.now_ns = at(c.trade_ns, c.trade_at, _NUMBER).value
        else:
            c.now_ns = at(c.quote_ns, c.quote_at, _NUMBER).value
        _expire(c)
        if is_print:
            if c.print_count == c.print_room:
                return FULL
            _take_print(c, c.trade_at)
            c.trade_at += 1
        else:
            if c.flow_count == c.flow_room:
                return FULL
            _take_quote(c, c.quote_at)
            c.quote_at += 1
        if c.out != 0:
            _write(c, c.quote_at + c.trade_at - 1)
    return 0


@tiny
def _expire(c: Any) -> None:
    """Let what is no longer inside the window go."""
    oldest, width = c.now_ns - c.window_ns, 1 + c.levels
    while c.flow_count > 0 and at(c.flows, c.flow_first * width, _NUMBER).value <= oldest:
        for level in range(c.levels):
            at(c.sums, level, _NUMBER).value -= at(c.flows, c.flow_first * width + 1 + level, _NUMBER).value
        c.flow_first = (c.flow_first + 1) & (c.flow_room - 1)
        c.flow_count -= 1
    while c.print_count > 0 and at(c.prints, 2 * c.print_first, _NUMBER).value <= oldest:
        signed = at(c.prints, 2 * c.print_first + 1, _NUMBER).value
        c.signed -= signed
        c.lots -= abs(signed)
        c.print_first = (c.print_first + 1) & (c.print_room - 1)
        c.print_count -= 1


@tiny
def _take_quote(c: Any, row: int) -> None:
    """Add a quote's order flow, level by level, to the window."""
    base, count = row * c.levels, c.levels
    bid, ask = at(c.bid_ticks, base, _NUMBER).value, at(c.ask_ticks, base, _NUMBER).value
    if at(c.bid_lots, base, _NUMBER).value <= 0 or at(c.ask_lots, base, _NUMBER).value <= 0 or bid > ask:
        c.passed_over += 1
        return
    place = ((c.flow_first + c.flow_count) & (c.flow_room - 1)) * (1 + count)
    any_flow = False
    for level in range(count):
        pushed = np.int64(0)
        bought = _pushed(c, level, 0, at(c.bid_ticks, base + level, _NUMBER).value, c.bid_lots, base)
        sold = _pushed(c, level, 2, at(c.ask_ticks, base + level, _NUMBER).value, c.ask_lots, base)
        if c.stands != 0:
            pushed = bought - sold
        any_flow = any_flow or pushed != 0
        at(c.flows, place + 1 + level, _NUMBER).value = pushed
        at(c.sums, level, _NUMBER).value += pushed
    c.stands = 1
    if any_flow:
        at(c.flows, place, _NUMBER).value = c.now_ns
        c.flow_count += 1


@tiny
def _pushed(c: Any, level: int, side: int, price: int, lots_column: int, base: int) -> int:
    """Lots that came, less lots that went, at a level of bids (side 0) or asks (side 2), which is remembered."""
    lots = at(lots_column, base + level, _NUMBER).value
    old_price, old_lots = (
        at(c.last, side * c.levels + level, _NUMBER),
        at(c.last, (side + 1) * c.levels + level, _NUMBER),
    )
    better = price - old_price.value if side == 0 else old_price.value - price
    pushed = np.int64(0)
    # A level that is not there has no lots, whatever its price says.
    if lots > 0 and (old_lots.value <= 0 or better >= 0):
        pushed += lots
    if old_lots.value > 0 and (lots <= 0 or better <= 0):
        pushed -= old_lots.value
    old_price.value, old_lots.value = price, lots
    return pushed


@tiny
def _take_print(c: Any, row: int) -> None:
    """Add a print with a side to the window and to the market orders."""
    side, lots = at(c.trade_side, row, _NUMBER).value, at(c.trade_lots, row, _NUMBER).value
    if side == 0:
        c.unsigned += 1
        return
    place = 2 * ((c.print_first + c.print_count) & (c.print_room - 1))
    at(c.prints, place, _NUMBER).value = c.now_ns
    at(c.prints, place + 1, _NUMBER).value = side * lots
    c.print_count += 1
    c.signed += side * lots
    c.lots += lots
    _take_order(c, side, lots)


@leaf
def _take_order(c: Any, side: int, lots: int) -> None:
    """A new market order, or more of the last one: prints of one stamp and side are one order."""
    more = c.orders > 0 and c.order_ns == c.now_ns and c.order_side == side
    if more and c.by_lots == 0:
        return
    number = float(side * lots) if c.by_lots != 0 else float(side)
    if not more:
        c.orders += 1
        c.order_ns, c.order_side = c.now_ns, side
    own = (c.orders - 1) % (c.lag + 1)
    ago = c.orders % (c.lag + 1)  # The place after it holds what came `lag` orders before.
    before = at(c.recent, own, _REAL).value if more else 0.0
    at(c.recent, own, _REAL).value = before + number
    c.total += number
    c.squares += number * (2 * before + number)
    if c.orders <= c.lag:
        c.early += number
    else:
        c.products += number * at(c.recent, ago, _REAL).value


@leaf
def _write(c: Any, row: int) -> None:
    """Every measure after an event."""
    width = c.levels + 4
    for level in range(c.levels):
        at(c.out, row * width + level, _REAL).value = (
            float(at(c.sums, level, _NUMBER).value) if c.stands != 0 else np.nan
        )
    place = row * width + c.levels
    queue, micro = np.nan, np.nan
    if c.stands != 0:
        bid, ask = at(c.last, c.levels, _NUMBER).value, at(c.last, 3 * c.levels, _NUMBER).value
        queue = float(bid - ask) / float(bid + ask)
        micro = _micro(c, bid, ask)
    at(c.out, place, _REAL).value = queue
    at(c.out, place + 1, _REAL).value = float(c.signed) / float(c.lots) if c.lots > 0 else np.nan
    at(c.out, place + 2, _REAL).value = micro
    at(c.out, place + 3, _REAL).value = _autocorrelation(c)


@tiny
def _micro(c: Any, bid_lots: int, ask_lots: int) -> float:
    """The mid and what the table adds to it; a locked book has no state."""
    bid, ask = at(c.last, 0, _NUMBER).value, at(c.last, 2 * c.levels, _NUMBER).value
    if c.table == 0 or bid == ask:
        return np.nan
    kind = 0
    while kind < c.classes and ask - bid > at(c.bounds, kind, _NUMBER).value:
        kind += 1
    bucket = c.buckets * min(bid_lots, ask_lots) // (bid_lots + ask_lots)
    if bid_lots > ask_lots:
        bucket = c.buckets - 1 - bucket
    return 0.5 * float(bid + ask) + at(c.table, kind * c.buckets + bucket, _REAL).value


@tiny
def _autocorrelation(c: Any) -> float:
    """Sample autocorrelation at the lag, from sums."""
    if c.orders <= c.lag:
        return np.nan
    mean = c.total / float(c.orders)
    spread = c.squares - mean * c.total
    if not spread > 0.0:
        return np.nan
    late = 0.0
    for k in range(c.lag):
        late += at(c.recent, (c.orders - 1 - k) % (c.lag + 1), _REAL).value
    pairs = float(c.orders - c.lag)
    return (c.products - mean * (2.0 * c.total - c.early - late) + pairs * mean * mean) / spread
