"""A feed of levels and trades as hftbacktest's level-2 rows, so that both engines replay the same market.

Trades are marked for the exchange side alone: the peer's local side has no use for them here, and ours counts volume
from them all the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from benchmarks.peer_rows import BUY_FLAG, EXCHANGE_FLAG, LOCAL_FLAG, PEER_ROW, SELL_FLAG

from nowake.domain.errors import BadData
from nowake.kernels.layout import LEVEL, TRADE

PEER_DEPTH, PEER_TRADE = 1, 2


def level_rows(
    events: npt.NDArray[np.void], *, tick_size: float, lot_size: float, feed_ns: int
) -> npt.NDArray[np.void]:
    """hftbacktest rows of a feed: exchange time is ours, local time is `feed_ns` later.

    The side of a level is the side it rests on; of a trade, the peer wants the taker's, ours is the one it took from.

    Raises
    ------
    BadData
        When the feed holds a kind the peer cannot express.
    """
    is_level, is_trade = events["kind"] == LEVEL, events["kind"] == TRADE
    foreign = ~(is_level | is_trade)
    if foreign.any():
        row = int(np.flatnonzero(foreign)[0])
        raise BadData(f"event {row} is of kind {events['kind'][row]}, which the peer cannot express; use a level feed")
    rows = np.zeros(len(events), PEER_ROW)
    is_buy = np.where(is_level, events["side"] > 0, events["side"] < 0)
    kind = np.where(is_level, PEER_DEPTH | LOCAL_FLAG, PEER_TRADE).astype(np.uint64)
    rows["ev"] = kind | np.where(is_buy, BUY_FLAG, SELL_FLAG).astype(np.uint64) | np.uint64(EXCHANGE_FLAG)
    rows["exch_ts"] = events["time_ns"]
    rows["local_ts"] = events["time_ns"] + feed_ns
    rows["px"] = events["price_ticks"] * tick_size
    rows["qty"] = events["lots"] * lot_size
    return rows
