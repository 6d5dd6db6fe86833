"""Keep a book made of messages equal to the book a venue displayed.

A feed of the L best levels drops what happens beyond them, so a level that comes back into sight may have changed
while it was out of it. After each message the displayed levels are compared with what the messages leave at each
price, and a RESYNC event is written wherever the two differ: adding up lots by price over the events then gives the
displayed book on every row, and no event ever takes more from a price than is there. `restate` then adds what a book
of single orders needs to come to the same totals.

Wrong when the rows are not the states after the messages one by one, which is how LOBSTER writes them.
Prices beyond the displayed levels keep what was last known of them."""

from __future__ import annotations

import numpy as np

from nowake.kernels.layout import ADD, DELETE, EXECUTE, REDUCE, RESYNC
from nowake.kernels.runtime import njit

FROM_MESSAGE = 0  # The event is the venue's own message.
FIRST_SIGHT = 1  # What stood before the first message.
REVEALED = 2  # The price was out of sight, or never seen: nobody told us what happened there.
UNEXPLAINED = 3  # The price was in sight and no message accounts for the change.
RESTATED = 4  # The level's total is right; said again because it is unsure which orders make it up.

FULL = -1  # Returned instead of a count when the output has no room left.


@njit
def resync(
    messages: np.ndarray,
    book: np.ndarray,
    grid: np.ndarray,
    message_levels: int,
    events: np.ndarray,
    causes: np.ndarray,
    notes: np.ndarray,
) -> int:
    """Write the messages and the RESYNC events they need, in order.

    Parameters
    ----------
    messages
        EVENT[n], the venue's messages.
    book
        int64[n, 4 * levels], C order: ask ticks, ask lots, bid ticks, bid lots of the best level, then of the next.
        Row k is the state after message k. A level with 0 lots is empty.
    grid
        int64[g], every price in `messages` and `book`, increasing.
    message_levels
        How many levels of the book the messages cover; at least the number of displayed levels.
    events, causes, notes
        Output of one length: EVENT, int8 (the constants above), int64[m, 2] (the row of the book an event belongs to,
        and what the messages had left at the price of a RESYNC).

    Returns
    -------
    int
        How many events were written, or FULL.
    """
    levels = book.shape[1] // 4
    held = np.zeros((2, grid.shape[0]), np.int64)  # Lots at each price; row 0 asks, row 1 bids.
    heard = np.zeros((2, grid.shape[0]), np.int8)  # What messages beyond the displayed levels make of a price:
    at_least, exactly = 1, 2  # 0 nothing, else that `held` is a lower bound or the very number of lots there.
    best = np.array([grid.shape[0] - 1, 0])  # At or better than the best occupied price of each side.
    edge = np.array([-1, grid.shape[0]])  # Nothing was heard of prices beyond this one.
    count = _first_sight(messages[0], book[0], grid, held, best, events, causes, notes)
    if count == FULL:
        return FULL
    for k in range(book.shape[0]):
        message = messages[k]
        touched = -1
        if ADD <= message["kind"] <= EXECUTE:
            touched = 1 if message["side"] > 0 else 0
            r = np.searchsorted(grid, message["price_ticks"])
            missing = message["lots"] - held[touched, r]
            if message["kind"] == ADD:
                if heard[touched, r] == 0 and held[touched, r] == 0:
                    heard[touched, r] = at_least
                    edge[touched] = min(edge[touched], r) if touched == 1 else max(edge[touched], r)
                held[touched, r] += message["lots"]
            else:
                if missing > 0:
                    if count == events.shape[0]:
                        return FULL
                    known = k > 0 and _in_sight(book[k - 1], touched, grid[r])
                    known = known or (message_levels > levels and heard[touched, r] == exactly)
                    causes[count] = UNEXPLAINED if known else REVEALED
                    notes[count, 0], notes[count, 1] = k, held[touched, r]
                    held[touched, r] = message["lots"]
                    _write(events[count], message["time_ns"], touched, grid[r], message["lots"])
                    count += 1
                held[touched, r] -= message["lots"]
            best[touched] = max(best[touched], r) if touched == 1 else min(best[touched], r)
        if count == events.shape[0]:
            return FULL
        events[count] = message
        causes[count] = FROM_MESSAGE
        notes[count, 0], notes[count, 1] = k, 0
        count += 1
        for side in range(2):
            if k > 0 and side != touched and _side_stood_still(book, k, side):
                continue
            step = 1 if side == 0 else -1
            level, column = 0, 2 * side
            top = best[side]
            if book[k, column + 1] > 0:
                best[side] = np.searchsorted(grid, book[k, column])
                top = min(top, best[side]) if side == 0 else max(top, best[side])
            last = grid.shape[0] - 1 if side == 0 else 0
            if book[k, 4 * (levels - 1) + column + 1] > 0:
                last = np.searchsorted(grid, book[k, 4 * (levels - 1) + column])
            for r in range(top, last + step, step):
                displayed = 0
                if level < levels and book[k, column + 1] > 0 and book[k, column] == grid[r]:
                    displayed = book[k, column + 1]
                    level += 1
                    column += 4
                if held[side, r] != displayed:
                    if count == events.shape[0]:
                        return FULL
                    known = k > 0 and _in_sight(book[k - 1], side, grid[r])
                    if message_levels > levels and not known:
                        fewer = displayed < held[side, r]
                        known = heard[side, r] == exactly or (heard[side, r] == at_least and fewer)
                    causes[count] = UNEXPLAINED if known else REVEALED
                    notes[count, 0], notes[count, 1] = k, held[side, r]
                    held[side, r] = displayed
                    _write(events[count], message["time_ns"], side, grid[r], displayed)
                    count += 1
                heard[side, r] = exactly
            if message_levels > levels:
                edge[side] = max(edge[side], last) if side == 0 else min(edge[side], last)
                edge[side] = _forget_beyond(held[side], heard[side], best[side], message_levels, edge[side], step)
    return int(count)


@njit
def restate(
    events: np.ndarray,
    orders: np.ndarray,
    ranks: np.ndarray,
    causes: np.ndarray,
    notes: np.ndarray,
    out: np.ndarray,
    out_causes: np.ndarray,
    out_notes: np.ndarray,
) -> int:
    """Say a level's total again where a book of single orders could not know it.

    Out of sight orders come and go unheard, so a message may take away an order the events never brought, while one
    they did bring is long gone. By lots nothing is wrong; a book of single orders is left with the wrong ones. After
    such a message, and after each further removal until the level is empty, a RESYNC restates what it displays.

    Parameters
    ----------
    events, causes, notes
        What `resync` wrote.
    orders
        int64[n], a number from 0 for each order id, -1 for events without one.
    ranks
        int64[n], a number from 0 for each price.
    out, out_causes, out_notes
        Output, twice as long as `events` at least.

    Returns
    -------
    int
        How many events were written.
    """
    places = 2 * (ranks.max() + 1)  # A place is a side of a price.
    held = np.zeros(places, np.int64)
    unnamed = np.zeros(places, np.int64)  # Lots there of orders whose ids nobody told.
    unsure = np.zeros(places, np.bool_)  # Whether the totals, but not the orders there, are known.
    epoch = np.zeros(places, np.int64)  # Counts how often the place was emptied.
    left = np.zeros(orders.max() + 2, np.int64)  # Lots of each order; the last entry is for events without one.
    stands = np.full(orders.max() + 2, -1)
    born = np.zeros(orders.max() + 2, np.int64)
    count = 0
    for i in range(events.shape[0]):
        event, order = events[i], orders[i]
        out[count], out_causes[count], out_notes[count] = event, causes[i], notes[i]
        count += 1
        place, lots, kind = 2 * ranks[i] + (1 if event["side"] > 0 else 0), event["lots"], event["kind"]
        if kind == RESYNC:
            unnamed[place] += max(lots - held[place], 0)
            unsure[place] |= lots < held[place]
            held[place] = lots
        elif kind == ADD:
            held[place] += lots
            if order < 0:
                unnamed[place] += lots
            left[order], stands[order], born[order] = lots, place, epoch[place]
        elif REDUCE <= kind <= EXECUTE:
            held[place] -= lots
            known = order >= 0 and stands[order] == place and born[order] == epoch[place] and left[order] > 0
            if known and left[order] >= lots and (kind != DELETE or left[order] == lots):
                left[order] -= lots
            elif not known and unnamed[place] >= lots:
                unnamed[place] -= lots
            else:
                left[order] = 0
                unsure[place] = True
            if unsure[place]:
                _write(out[count], event["time_ns"], event["side"] > 0, event["price_ticks"], held[place])
                out_causes[count] = RESTATED
                out_notes[count, 0], out_notes[count, 1] = notes[i, 0], held[place]
                count += 1
        if held[place] == 0:
            unnamed[place], unsure[place] = 0, False
            epoch[place] += 1
    return count


@njit
def _first_sight(
    message: np.ndarray,
    row: np.ndarray,
    grid: np.ndarray,
    held: np.ndarray,
    best: np.ndarray,
    events: np.ndarray,
    causes: np.ndarray,
    notes: np.ndarray,
) -> int:
    """Write the first row with its own message undone: the book that stood when the file begins."""
    if events.shape[0] < row.shape[0] // 2 + 1:
        return FULL
    touched = -1
    if ADD <= message["kind"] <= EXECUTE:
        touched = 1 if message["side"] > 0 else 0
        undone = message["lots"] if message["kind"] != ADD else -message["lots"]
        held[touched, np.searchsorted(grid, message["price_ticks"])] = undone
    for column in range(0, row.shape[0], 2):
        if row[column + 1] > 0:
            held[(column // 2) % 2, np.searchsorted(grid, row[column])] += row[column + 1]
    count = 0
    for side in range(2):
        for r in range(grid.shape[0]):
            held[side, r] = max(held[side, r], 0)
            if held[side, r] > 0:
                _write(events[count], message["time_ns"], side, grid[r], held[side, r])
                causes[count] = FIRST_SIGHT
                notes[count, 0], notes[count, 1] = 0, 0
                best[side] = max(best[side], r) if side == 1 else min(best[side], r)
                count += 1
    return count


@njit
def _write(event: np.ndarray, time_ns: int, side: int, price_ticks: int, lots: int) -> None:
    event["time_ns"] = time_ns
    event["order_id"] = 0
    event["lots"] = lots
    event["price_ticks"] = price_ticks
    event["kind"] = RESYNC
    event["side"] = 1 if side else -1
    event["flags"] = 0


@njit
def _in_sight(row: np.ndarray, side: int, price_ticks: int) -> bool:
    """Whether a row shows everything up to this price: it is no worse than the last level, or levels are spare."""
    last = row.shape[0] - 4 + 2 * side
    if row[last + 1] == 0:
        return True
    return bool(price_ticks <= row[last] if side == 0 else price_ticks >= row[last])


@njit
def _forget_beyond(held: np.ndarray, heard: np.ndarray, best: int, message_levels: int, edge: int, step: int) -> int:
    """Forget the prices the messages no longer reach, those beyond `message_levels` levels; return the new edge."""
    reached = 0
    for r in range(best, edge + step, step):
        if reached == message_levels:
            heard[r] = 0
        elif held[r] > 0:
            reached += 1
            if reached == message_levels:
                last = r
    return last if reached == message_levels else edge


@njit
def _side_stood_still(book: np.ndarray, k: int, side: int) -> bool:
    """Whether a side of the displayed book is the same in row k as in the row before."""
    for column in range(2 * side, book.shape[1], 4):
        if book[k, column + 1] != book[k - 1, column + 1]:
            return False
        if book[k, column] != book[k - 1, column]:
            return False
    return True
