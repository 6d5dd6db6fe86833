"""An order book fed by random orders around a wandering fair price: the loop behind generated days.

A zero-intelligence flow (Smith, Farmer, Gillemot, Krishnamurthy 2003, "Statistical theory of the continuous double
auction", section 2: limit orders, market orders and cancellations at random) with one addition: everybody sees a fair
price, limit orders are placed around it, market orders lean towards it and quotes it has run through are pulled or
taken. That keeps the spread at a few ticks and lets the price wander as the fair price does.

Wrong where the flow itself is the question: orders do not cluster or react, one market order takes at most the best
level, nobody hides, and what trades does not move the fair price (no impact)."""

from __future__ import annotations

import numpy as np

from nowake.kernels.layout import ADD, DELETE, EXECUTE, REDUCE
from nowake.kernels.runtime import njit

MARKET_SHARE = 0.05  # Of steps that are market orders while the fair price lies inside the touch.
CHASING_SHARE = 0.25  # The same when it has run through the best quote.
LEAN = 0.35  # How much likelier a market buy gets per tick the fair price lies above the mid.
STALE_SHARE = 0.75  # Of cancels that pull the newest quote the fair price has run through.
PARTIAL_SHARE = 0.06  # Of cancels that take back half of an order only.
HALF_SPREAD = 0.35  # Ticks between the fair price and the nearest price a limit order may take.
FEWEST = 4  # Orders a side keeps: below this nobody cancels or takes, somebody adds.

FULL = -1  # No more room for events or live orders.
OUT_OF_GRID = -2  # A price outside the grid.

# Columns of the table of live orders.
_SIDE, _PRICE, _LOTS, _ID, _NEXT, _PREVIOUS, _PLACE = 0, 1, 2, 3, 4, 5, 6
# Columns of the table of prices.
_HEAD, _TAIL, _TOTAL = 0, 1, 2
# Cells of the book's own counters.
_BID, _ASK, _LIVE, _BIDS, _ASKS = 0, 1, 2, 3, 4


@njit
def order_flow(
    width: int,
    opening: int,
    crowd: int,
    time_ns: np.ndarray,
    fair: np.ndarray,
    draws: np.ndarray,
    lots: np.ndarray,
    offsets: np.ndarray,
    seats: int,
    events: np.ndarray,
    touch: np.ndarray,
) -> int:
    """Run the steps and write what happens.

    Parameters
    ----------
    width
        Prices run from 0 to width - 1 ticks.
    opening
        The first steps are all limit orders, buy and sell in turn: the book that opens the day.
    crowd
        As many live orders make cancelling as likely as adding.
    time_ns, fair, draws, lots, offsets
        One per step: int64, float64 fair price in ticks, float64[n, 3] uniforms in [0, 1) (what happens, to which
        side, to which order), int64 size above 0, int64 ticks behind the nearest price.
    seats
        Capacity for live orders.
    events, touch
        Output of one length: EVENT and int32[m, 4], best bid ticks and lots, best ask ticks and lots after the event.

    Returns
    -------
    int
        How many events were written, or FULL or OUT_OF_GRID.
    """
    orders = np.zeros((seats, 7), np.int64)
    prices = np.full((width, 3), -1, np.int64)
    prices[:, _TOTAL] = 0
    live = np.arange(seats)  # The first `book[_LIVE]` entries are live orders, the others free seats.
    book = np.array([-1, width, 0, 0, 0])
    count = 0
    next_id = 1
    for i in range(time_ns.shape[0]):
        what, which_side, which = draws[i, 0], draws[i, 1], draws[i, 2]
        ahead = fair[i] > book[_ASK]  # The fair price has run through the best ask.
        behind = fair[i] < book[_BID]
        market = CHASING_SHARE if ahead or behind else MARKET_SHARE
        cancel = market + (1.0 - market) * book[_LIVE] / (book[_LIVE] + crowd)
        add_side = 0
        if i < opening:
            add_side = 1 if i % 2 == 0 else -1
        elif what < market:
            lean = 0.5 + LEAN * (fair[i] - 0.5 * (book[_BID] + book[_ASK]))
            resting = -1 if which_side < min(max(lean, 0.05), 0.95) else 1
            if book[_BIDS if resting == 1 else _ASKS] <= FEWEST:
                add_side = resting
            else:
                left = lots[i]
                price = book[_BID if resting == 1 else _ASK]
                while left > 0 and prices[price, _TOTAL] > 0:
                    seat = prices[price, _HEAD]
                    taken = min(left, orders[seat, _LOTS])
                    if taken == orders[seat, _LOTS] and book[_BIDS if resting == 1 else _ASKS] == 1:
                        break
                    left -= taken
                    identity = orders[seat, _ID]
                    _shrink(seat, taken, orders, prices, live, book)
                    if count == events.shape[0]:
                        return FULL
                    _write(events[count], time_ns[i], EXECUTE, identity, resting, price, taken)
                    _see(touch[count], prices, book)
                    count += 1
        elif what < cancel:
            seat = live[int(which * book[_LIVE])]
            if (ahead or behind) and which_side < STALE_SHARE:
                seat = prices[book[_ASK] if ahead else book[_BID], _TAIL]
            side = orders[seat, _SIDE]
            if book[_BIDS if side == 1 else _ASKS] <= FEWEST:
                add_side = side
            else:
                gone, kind = orders[seat, _LOTS], DELETE
                if which_side >= 1.0 - PARTIAL_SHARE and gone > 1:
                    gone, kind = gone // 2, REDUCE
                identity, price = orders[seat, _ID], orders[seat, _PRICE]
                _shrink(seat, gone, orders, prices, live, book)
                if count == events.shape[0]:
                    return FULL
                _write(events[count], time_ns[i], kind, identity, side, price, gone)
                _see(touch[count], prices, book)
                count += 1
        else:
            tilt = 0.25 * (book[_ASKS] - book[_BIDS]) / max(book[_LIVE], 1)
            add_side = 1 if which_side < 0.5 + tilt else -1
        if add_side != 0:
            if add_side == 1:
                price = min(int(np.floor(fair[i] - HALF_SPREAD)) - offsets[i], book[_ASK] - 1)
            else:
                price = max(int(np.ceil(fair[i] + HALF_SPREAD)) + offsets[i], book[_BID] + 1)
            if price < 0 or price >= width:
                return OUT_OF_GRID
            if count == events.shape[0] or book[_LIVE] == seats:
                return FULL
            _join(price, add_side, lots[i], next_id, orders, prices, live, book)
            _write(events[count], time_ns[i], ADD, next_id, add_side, price, lots[i])
            _see(touch[count], prices, book)
            count += 1
            next_id += 1
    return count


@njit
def _join(
    price: int,
    side: int,
    lots: int,
    identity: int,
    orders: np.ndarray,
    prices: np.ndarray,
    live: np.ndarray,
    book: np.ndarray,
) -> None:
    """Put a new order at the end of the queue of its price."""
    seat = live[book[_LIVE]]
    behind = prices[price, _TAIL]
    orders[seat, _SIDE] = side
    orders[seat, _PRICE] = price
    orders[seat, _LOTS] = lots
    orders[seat, _ID] = identity
    orders[seat, _NEXT] = -1
    orders[seat, _PREVIOUS] = behind
    orders[seat, _PLACE] = book[_LIVE]
    if behind == -1:
        prices[price, _HEAD] = seat
    else:
        orders[behind, _NEXT] = seat
    prices[price, _TAIL] = seat
    prices[price, _TOTAL] += lots
    book[_LIVE] += 1
    if side == 1:
        book[_BIDS] += 1
        book[_BID] = max(book[_BID], price)
    else:
        book[_ASKS] += 1
        book[_ASK] = min(book[_ASK], price)


@njit
def _shrink(seat: int, lots: int, orders: np.ndarray, prices: np.ndarray, live: np.ndarray, book: np.ndarray) -> None:
    """Take lots from an order; with none left it leaves, and the touch moves when its price is empty."""
    price, side = orders[seat, _PRICE], orders[seat, _SIDE]
    orders[seat, _LOTS] -= lots
    prices[price, _TOTAL] -= lots
    if orders[seat, _LOTS] > 0:
        return
    before, after = orders[seat, _PREVIOUS], orders[seat, _NEXT]
    if before == -1:
        prices[price, _HEAD] = after
    else:
        orders[before, _NEXT] = after
    if after == -1:
        prices[price, _TAIL] = before
    else:
        orders[after, _PREVIOUS] = before
    book[_LIVE] -= 1
    place, last = orders[seat, _PLACE], live[book[_LIVE]]
    live[place], live[book[_LIVE]] = last, seat
    orders[last, _PLACE] = place
    book[_BIDS if side == 1 else _ASKS] -= 1
    best = _BID if side == 1 else _ASK
    while prices[book[best], _TOTAL] == 0:
        book[best] -= side


@njit
def _write(event: np.ndarray, time_ns: int, kind: int, identity: int, side: int, price_ticks: int, lots: int) -> None:
    event["time_ns"] = time_ns
    event["order_id"] = identity
    event["lots"] = lots
    event["price_ticks"] = price_ticks
    event["kind"] = kind
    event["side"] = side
    event["flags"] = 0


@njit
def _see(row: np.ndarray, prices: np.ndarray, book: np.ndarray) -> None:
    """The touch after an event. While the opening book has one side only, the other shows 0 lots at 0."""
    row[:] = 0
    if book[_BIDS] > 0:
        row[0], row[1] = book[_BID], prices[book[_BID], _TOTAL]
    if book[_ASKS] > 0:
        row[2], row[3] = book[_ASK], prices[book[_ASK], _TOTAL]
