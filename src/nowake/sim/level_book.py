"""A book fed from displayed levels and trades, with our own orders estimated in its queues: memory and calls, no numba.

The twin in role of `nowake.sim.book.Book`, for feeds that never say whose order came or went. What it takes and answers
is the same; how it fills is in docs/queue-models.md and, rule by rule, in the kernels `ladder` and `ladder_queue`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData
from nowake.kernels import runtime
from nowake.kernels.ladder_state import AHEAD, LADDER, NO_LIMIT, WATCH
from nowake.kernels.state import OWN
from nowake.sim.book import Book
from nowake.sim.queue_models import DEFAULT, QueueModel, code_of


class LevelBook(Book):
    """The book of one instrument at one venue that publishes levels and trades, at `venue_ns`.

    Parameters
    ----------
    events
        EVENT records of LEVEL, TRADE, CLEAR, PRINT_CROSS, PRINT_HIDDEN, HALT and RESUME in time order; other kinds are
        counted as phantoms. Read where they lie: they must not change while the book lives.
    queue_model
        What cancels mean for our place (`nowake.sim.queue_models`); RiskAverse unless given.
    depth, reach, padding_ticks
        As `Book`.
    order_capacity
        Slots for orders of ours to begin with; doubled when needed.

    Raises
    ------
    BadData, BadParameter, OutOfCapacity
        As `Book`; BadParameter also for a queue model that is not one of ours.
    """

    def __init__(
        self,
        events: NDArray[np.void],
        *,
        queue_model: QueueModel | None = None,
        depth: int = 1,
        reach: int = 0,
        padding_ticks: int | None = None,
        order_capacity: int = 64,
    ) -> None:
        self.queue_model: QueueModel = DEFAULT if queue_model is None else queue_model
        model, exponent = code_of(self.queue_model)
        super().__init__(events, depth=depth, reach=reach, padding_ticks=padding_ticks, order_capacity=order_capacity)
        self._replay, self._place = runtime.load("ladder:replay"), runtime.load("ladder_own:place")
        self._set("reach", reach or NO_LIMIT)
        watches = np.zeros(2 * self._get("window"), WATCH)
        self._arrays["watches"] = watches
        ladder = np.zeros(1, LADDER)
        ladder["watches"], ladder["aheads"] = watches.ctypes.data, self._arrays["aheads"].ctypes.data
        ladder["model"], ladder["exponent"] = model, exponent
        self._hold("ladder", ladder)

    def lots_ahead(self, child_id: int) -> float | None:
        """Lots of others estimated to stand before an order of ours; None where it does not rest."""
        slot = self._slots.get(child_id, 0)
        order = self._arrays["orders"][slot]
        if not slot or order["kind"] != OWN or order["id"] != child_id:
            return None
        return float(self._arrays["aheads"]["lots"][slot])

    def _check_feed(self) -> None:
        """The events must tell levels and trades; one that names no price of the book may be of either feed."""
        if self._get("window") and not self._get("level_events"):
            raise BadData(
                "the events say whose order came and went, so queues need no estimate: replay them with "
                "nowake.sim.book.Book, or turn them into levels with nowake.sim.levels_of_orders"
            )

    def _hold_orders(self, orders: NDArray[Any]) -> None:
        """The estimates grow with the slots of our orders."""
        super()._hold_orders(orders)
        aheads = np.zeros(len(orders), AHEAD)
        before = self._arrays.get("aheads")
        if before is not None:
            aheads[: len(before)] = before
        self._arrays["aheads"] = aheads
        if "ladder" in self._arrays:
            self._arrays["ladder"]["aheads"] = aheads.ctypes.data
