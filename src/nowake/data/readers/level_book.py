"""The book of a level feed while it is read: the best levels after each message, and all of it at midnight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.readers.level_messages import Ints, Updates, picture_events, update_events
from nowake.data.touch import quotes_of_events
from nowake.kernels.layout import CLEAR, LEVEL


class RunningBook:
    """All levels after the messages so far. One writer."""

    def __init__(self) -> None:
        self.levels: Ints = np.zeros((0, 3), np.int64)  # Rows of side, ticks and lots.

    def apply(self, updates: Updates, price_ticks: Ints, lots: Ints) -> Ints:
        """Best bid, its lots, best ask and its lots after each message: int64[n, 4], 0 where a side is empty."""
        # The best levels are told once an instant, so each message is made one. Prices are numbered, because a few
        # orders stand at prices millions of ticks away, and a table of all ticks between would be mostly empty.
        numbered = updates._replace(time_ns=np.arange(len(updates.kind)))
        messages, _ = update_events(numbered, price_ticks, lots, knows_book=True)
        events = np.concatenate([picture_events(-1, self.levels), messages])
        prices, numbers = np.unique(events["price_ticks"], return_inverse=True)
        events["price_ticks"] = numbers
        quotes, _ = quotes_of_events(events)
        self.levels = _left_after(events, prices.astype(np.int64))
        bids, asks = (
            np.where(size > 0, prices[best], 0)
            for best, size in ((quotes.bid_ticks, quotes.bid_lots), (quotes.ask_ticks, quotes.ask_lots))
        )
        rows = np.column_stack([bids, quotes.bid_lots, asks, quotes.ask_lots])
        rows = np.concatenate([np.zeros((1, 4), np.int64), rows])  # Before the first change of the best levels.
        touch: Ints = rows[np.searchsorted(quotes.time_ns, numbered.time_ns, side="right")]
        return touch


def _left_after(events: Events, prices: Ints) -> Ints:
    """What each level says last, of those since the book was cleared last that are not gone."""
    begin = int(np.flatnonzero(events["kind"] == CLEAR)[-1])
    said = events[begin:][events["kind"][begin:] == LEVEL]
    last = np.full(2 * len(prices), -1)
    last[2 * said["price_ticks"].astype(np.int64) + (said["side"] > 0)] = np.arange(len(said))  # The last one stays.
    left = said[last[last >= 0]]
    standing: npt.NDArray[np.void] = left[left["lots"] > 0]
    return np.column_stack([standing["side"], prices[standing["price_ticks"]], standing["lots"]]).astype(np.int64)
