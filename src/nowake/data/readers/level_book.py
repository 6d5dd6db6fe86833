"""The book of a level feed while it is read: the best levels after each message, and all of it at midnight."""

from __future__ import annotations

import numpy as np

from nowake.data.readers.level_messages import DIFF, Ints, Updates
from nowake.kernels.level_touch import touch_after_each


class RunningBook:
    """Levels of both sides. One writer; the memory grows with the book."""

    def __init__(self) -> None:
        self._levels = np.zeros((2, 4096, 2), np.int64)
        self._used = np.zeros(2, np.int64)

    def apply(self, updates: Updates, price_ticks: Ints, lots: Ints) -> Ints:
        """Best bid, its lots, best ask and its lots after each message: int64[n, 4], 0 where a side is empty."""
        touch = np.zeros((len(updates.kind), 4), np.int64)
        done, clears = np.zeros(2, np.int64), updates.kind != DIFF
        arguments = updates.rows, clears, updates.side, price_ticks, lots, done
        while not touch_after_each(*arguments, self._levels, self._used, touch):
            room = int(self._used.max() + updates.rows[done[0]])
            grown = np.zeros((2, 2 * room, 2), np.int64)
            grown[:, : self._levels.shape[1]] = self._levels
            self._levels = grown
        return touch

    def levels(self) -> Ints:
        """All levels as rows of side, ticks and lots, the best of a side last."""
        bids, asks = (self._levels[which, : self._used[which]] for which in (0, 1))
        sides = np.repeat(np.array([1, -1]), self._used)
        return np.column_stack([sides, np.concatenate([bids, asks])])
