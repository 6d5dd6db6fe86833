"""Our event stream as hftbacktest's order-by-order rows, so that both engines replay the same market.

hftbacktest follows the market-by-order convention of exchanges' own feeds: a fill row names the resting order
and moves no book, and the row after it says what is left of the order. So one EXECUTE of ours becomes two rows of
theirs, and a REDUCE, which says how much went, becomes a MODIFY, which says how much is left.

The local side of the peer needs no fill rows (its own converter sends them, its local book skips them), so they
are marked for the exchange side alone: the fewest rows that describe the same market. Trade prints are left out
for the same reason, although our side counts volume from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.kernels.layout import ADD, DELETE, EXECUTE, PRINT_HIDDEN, REDUCE

# The layout and the flags of hftbacktest 2.4.4, in its types.py.
PEER_ROW = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ],
    align=True,
)
PEER_ADD, PEER_CANCEL, PEER_MODIFY, PEER_FILL = 10, 11, 12, 13
BUY_FLAG, SELL_FLAG = 1 << 29, 1 << 28
EXCHANGE_FLAG, LOCAL_FLAG = 1 << 31, 1 << 30

_BOOK_KINDS = (ADD, REDUCE, DELETE, EXECUTE)


def remaining_lots(events: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Lots left of each event's own order after the event; 0 once it is gone.

    Parameters
    ----------
    events
        Array of EVENT holding ADD, REDUCE, DELETE and EXECUTE only; each order_id is added at most once.

    Raises
    ------
    BadData
        When an order is taken below 0 or touched before it was added.
    """
    change = np.where(events["kind"] == ADD, events["lots"], -events["lots"])
    by_order = np.argsort(events["order_id"], kind="stable")
    running = np.cumsum(change[by_order])
    ids = events["order_id"][by_order]
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    before_order = np.r_[0, running[first[1:] - 1]]
    left = np.empty(len(events), np.int64)
    left[by_order] = running - np.repeat(before_order, np.diff(np.r_[first, len(events)]))
    left[events["kind"] == DELETE] = 0
    if (left < 0).any():
        row = int(np.flatnonzero(left < 0)[0])
        raise BadData(f"event {row}: order {events['order_id'][row]} falls to {left[row]} lots; its ADD is missing")
    return left


def peer_rows(events: npt.NDArray[np.void], *, tick_size: float, lot_size: float, feed_ns: int) -> npt.NDArray[np.void]:
    """hftbacktest rows of a stream: exchange time is ours, local time is `feed_ns` later.

    Hidden prints move no displayed book and are dropped. Other kinds than orders' own (RESYNC, HALT ...) have no
    counterpart in the peer.

    Raises
    ------
    BadData
        When the stream holds a kind the peer cannot express.
    """
    foreign = ~np.isin(events["kind"], (*_BOOK_KINDS, PRINT_HIDDEN))
    if foreign.any():
        row = int(np.flatnonzero(foreign)[0])
        raise BadData(f"event {row} is of kind {events['kind'][row]}, which the peer cannot express; use order events")
    events = events[events["kind"] != PRINT_HIDDEN]
    left = remaining_lots(events)
    execute = events["kind"] == EXECUTE
    repeat = np.where(execute, 2, 1)
    rows = np.zeros(int(repeat.sum()), PEER_ROW)
    last = np.cumsum(repeat) - 1  # Where the row that moves the book goes; a fill row stands just before it.
    side = np.where(events["side"] > 0, BUY_FLAG, SELL_FLAG).astype(np.uint64)
    what = np.where(events["kind"] == ADD, PEER_ADD, np.where(left > 0, PEER_MODIFY, PEER_CANCEL)).astype(np.uint64)
    rows["ev"][last] = what | side | np.uint64(EXCHANGE_FLAG | LOCAL_FLAG)
    rows["qty"][last] = left * lot_size
    fill = last[execute] - 1
    rows["ev"][fill] = side[execute] | np.uint64(PEER_FILL | EXCHANGE_FLAG)
    rows["qty"][fill] = events["lots"][execute] * lot_size
    rows["exch_ts"] = np.repeat(events["time_ns"], repeat)
    rows["local_ts"] = rows["exch_ts"] + feed_ns
    rows["px"] = np.repeat(events["price_ticks"], repeat) * tick_size
    rows["order_id"] = np.repeat(events["order_id"], repeat).astype(np.uint64)
    return rows
