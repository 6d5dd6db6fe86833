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
        # The touch is told once an instant, so each message is made one.
        numbered = updates._replace(time_ns=np.arange(len(updates.kind)))
        messages, _ = update_events(numbered, price_ticks, lots, knows_book=True)
        events = np.concatenate([picture_events(-1, self.levels), messages])
        quotes, _ = quotes_of_events(events)
        self.levels = _left_after(events)
        rows = np.column_stack([quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots])
        rows = np.concatenate([np.zeros((1, 4), np.int64), rows])
        touch: Ints = rows[np.searchsorted(quotes.time_ns, numbered.time_ns, side="right")]
        return touch


def _left_after(events: Events) -> Ints:
    """What each level says last, of those since the book was cleared last that are not gone."""
    begin = int(np.flatnonzero(events["kind"] == CLEAR)[-1])
    said = events[begin:][events["kind"][begin:] == LEVEL]
    key = said["price_ticks"].astype(np.int64) * 2 + (said["side"] > 0)
    order: npt.NDArray[np.intp] = np.argsort(key, kind="stable")
    last = order[np.flatnonzero(np.diff(key[order], append=key[order[-1]] + 1))] if len(order) else order
    standing = said[last][said["lots"][last] > 0]
    return np.column_stack([standing["side"], standing["price_ticks"], standing["lots"]]).astype(np.int64)
