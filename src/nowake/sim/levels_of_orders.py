"""The feed of levels and trades that a venue would have published of an order-by-order tape.

To know how wrong a queue estimated from levels is, one needs a tape where the queue is known: this makes the poorer
feed of the richer one. Ignores that a venue may publish fewer levels than there are, and that its trades and levels
may come by separate channels, late against one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadParameter
from nowake.kernels import layout, runtime
from nowake.kernels.ladder_state import FEED
from nowake.kernels.state import FULL_ORDERS
from nowake.sim.book import Book

Events = NDArray[np.void]


def levels_of_orders(events: Events, *, every_ns: int = 0) -> Events:
    """LEVEL and TRADE messages of an order-by-order tape.

    A level is told whenever its total changes, behind the trade that changed it. Executions of hidden orders are
    trades that change no level. HALT, RESUME, CLEAR and PRINT_CROSS stay.

    Parameters
    ----------
    events
        EVENT records of orders in time order.
    every_ns
        0: levels are told at once. Above: as venues do that publish a book every 100 ms, what changed since is told at
        the next multiple of it, each level once; trades still at once.

    Returns
    -------
    array
        EVENT records in time order.

    Raises
    ------
    BadParameter
        When `every_ns` is negative.
    BadData, OutOfCapacity
        As `nowake.sim.book.Book`.
    """
    if every_ns < 0:
        raise BadParameter(f"levels are told every {every_ns} ns; that must be 0 (at once) or more")
    book = _TapeBook(events)
    out = np.zeros(2 * len(events), layout.EVENT)
    feed = np.zeros(1, FEED)
    feed["book"], feed["out"] = book.address, out.ctypes.data
    derive = runtime.load("ladder_feed:derive")
    while derive(feed.ctypes.data) == FULL_ORDERS:
        book.grow()
        feed["book"] = book.address
    told = out[: int(feed["count"][0])]
    return _conflated(told, every_ns) if every_ns else told.copy()


class _TapeBook(Book):
    """A book whose tape another kernel runs."""

    @property
    def address(self) -> int:
        """Where its context lies."""
        return self._address

    def grow(self) -> None:
        """Make room for more orders."""
        self._grow(FULL_ORDERS)


def _conflated(told: Events, every_ns: int) -> Events:
    """Each level's last message of an interval, at the end of the interval; nothing of before a CLEAR in between."""
    is_level = told["kind"] == layout.LEVEL
    levels = told[is_level].copy()
    clears = np.cumsum(told["kind"] == layout.CLEAR)
    clears_then = clears[is_level]
    levels["time_ns"] = -(-levels["time_ns"] // every_ns) * every_ns
    until = np.searchsorted(told["time_ns"], levels["time_ns"], side="right") - 1
    levels = levels[clears_then == clears[until]] if len(levels) else levels
    name = np.rec.fromarrays([levels["time_ns"], levels["side"], levels["price_ticks"]])
    _, last = np.unique(name[::-1], return_index=True)
    levels = levels[np.sort(len(levels) - 1 - last)]
    every = np.concatenate([told[~is_level], levels])
    return every[np.argsort(every["time_ns"], kind="stable")]
