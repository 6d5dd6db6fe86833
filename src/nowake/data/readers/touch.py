"""Lots at each price of both sides and where the best lie: a book without queues, in dicts and heaps."""

from __future__ import annotations

import heapq


class Touch:
    """Prices are whole numbers of any unit; side is +1 for bids and -1 for asks."""

    def __init__(self) -> None:
        self._lots: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._best: dict[int, list[int]] = {1: [], -1: []}  # Heaps of -side * price; emptied prices lie on.

    def add(self, side: int, price: int, lots: int) -> None:
        """Lots join a price."""
        if price not in self._lots[side]:
            self._lots[side][price] = 0
            heapq.heappush(self._best[side], -side * price)
        self._lots[side][price] += lots

    def take(self, side: int, price: int, lots: int) -> None:
        """Lots leave a price; more than it has empty it."""
        left = self._lots[side].get(price, 0) - lots
        if left > 0:
            self._lots[side][price] = left
        else:
            self._lots[side].pop(price, None)

    def best(self, side: int) -> int | None:
        """The best price of a side, None where it is empty."""
        heap = self._best[side]
        while heap and -side * heap[0] not in self._lots[side]:
            heapq.heappop(heap)
        return -side * heap[0] if heap else None

    def crosses(self, side: int, price: int) -> bool:
        """Whether an order of a side at a price meets the other side."""
        other = self.best(-side)
        return other is not None and side * (price - other) >= 0

    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        bid = self.best(1)
        return bid is not None and self.crosses(1, bid)

    def clear(self) -> None:
        """Nothing is left."""
        for side in (1, -1):
            self._lots[side].clear()
            self._best[side].clear()
