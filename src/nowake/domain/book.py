"""What can be seen of a book at one instant. Row 0 is the best level; an empty side has no levels."""

from __future__ import annotations

import msgspec

from nowake.domain.side import Side


class Level(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A price and the lots displayed there, our own included, as a feed shows them."""

    price_ticks: int
    lots: int


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Displayed levels of both sides, best first. Sides may be empty; an auction's book may be crossed."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    def touch(self, side: Side) -> Level | None:
        """Best level of one side: where an order of that side would join a queue."""
        levels = self.bids if side == Side.BUY else self.asks
        return levels[0] if levels else None

    @property
    def mid_ticks(self) -> float | None:
        """Half-way between best bid and best ask, None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0].price_ticks + self.asks[0].price_ticks) / 2

    @property
    def spread_ticks(self) -> int | None:
        """Best ask less best bid, None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return self.asks[0].price_ticks - self.bids[0].price_ticks
