"""A matching engine: messages in, reports out, the book kept in between.

Price-time priority in whole ticks of any sign. The rules, in ten lines, are in docs/matching.md; the plain twin is
tests/reference/matching.py. It ignores time, fees, sessions and auctions: the order of messages is all it knows.

The loops are in `kernels.matching` (limit and immediate orders) and `kernels.matching_venue` (everything else); an
engine uses the second only for batches that hold special orders, and while any of them is in the book."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nowake.domain.errors import BadParameter
from nowake.kernels import matching_state as state
from nowake.kernels import runtime
from nowake.sim.matching_memory import Memory
from nowake.sim.matching_messages import Messages

REPORT = state.REPORT
SELF_MATCH = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")  # As numbered in matching_state.
_SMALL = 1 << 12  # Batches up to this size are reported from one buffer, and copied out.


def match(messages: ArrayLike) -> NDArray[np.void]:
    """Match messages from an empty book.

    Parameters
    ----------
    messages
        See `MatchingEngine.match`.

    Returns
    -------
    ndarray
        Reports, in order. See `MatchingEngine.match`.

    Examples
    --------
    >>> import numpy as np
    >>> fields = [("kind", "u1"), ("order_id", "u8"), ("sequence", "u8"), ("price_ticks", "i8"), ("quantity", "i8"),
    ...           ("side", "u1"), ("ioc", "u1")]
    >>> reports = match(np.array([(0, 1, 0, 100, 10, 1, 0), (0, 2, 1, 101, 4, 0, 0)], fields))
    >>> reports[["type", "price_ticks", "quantity", "maker_id", "taker_id"]].tolist()
    [(0, 100, 10, 0, 0), (0, 101, 4, 0, 0), (1, 100, 4, 1, 2)]
    """
    return MatchingEngine().match(messages)


class MatchingEngine:
    """The book of one instrument, and what matches orders in it.

    Parameters
    ----------
    self_match
        What happens when two orders of one owner would trade: one of `SELF_MATCH`.
    amend_down
        Whether a modify that lowers the quantity and nothing else keeps its place, as at most venues.

    Raises
    ------
    BadParameter
        When `self_match` is none of these.
    """

    def __init__(self, *, self_match: str = "cancel_newest", amend_down: bool = False) -> None:
        if self_match not in SELF_MATCH:
            raise BadParameter(f"self_match {self_match!r} must be one of {', '.join(SELF_MATCH)}")
        self._memory = Memory()
        self._memory["self_match"], self._memory["amend_down"] = SELF_MATCH.index(self_match), int(amend_down)
        self._buffer = self._report_into(np.empty(256, REPORT))
        self._most = 0  # The largest quantity an order ever had.

    def match(self, messages: ArrayLike) -> NDArray[np.void]:
        """Match messages one after the other, on the book as the last call left it.

        Parameters
        ----------
        messages
            Structured array of whole-number fields, of any width and order: `kind` (0 new, 1 cancel, 2 modify),
            `order_id`, `sequence`, `price_ticks`, `quantity` in lots, `side` (0 buy, 1 sell), and, where it is not 0
            throughout, `ioc`.

        Returns
        -------
        ndarray
            Of REPORT, in order: `type`, `side`, `reason`, `half`, `sequence`, `order_id`, `price_ticks`,
            `quantity`, `maker_id`, `taker_id`.

        Raises
        ------
        BadData
            When a message cannot be; none has been matched then.
        """
        memory = self._memory
        checked = Messages(messages, memory)
        if memory["priced"]:
            memory.reach(memory["lowest_ticks"], memory["highest_ticks"], checked.prices)
        self._most = max(self._most, memory["most_quantity"])
        reports = self._room_for(len(checked))
        memory["report_count"] = 0
        run = self._loop()
        for _ in checked.chunks():
            memory["next_message"] = 0
            while (full := run(memory.address)) != state.DONE:
                if full == state.FULL_ORDERS:
                    memory.grow_orders()
                else:
                    reports = self._more_room(reports)
        done = reports[: memory["report_count"]]
        if reports is self._buffer:
            return done.copy()
        self._report_into(self._buffer)  # What is handed out is the caller's alone.
        return done.copy() if 2 * len(done) < len(reports) else done

    def __len__(self) -> int:
        """How many orders are in the engine, those that wait for their stop among them."""
        return self._memory["live"]

    @property
    def best_bid(self) -> int | None:
        """The highest displayed bid in ticks, None where there is none."""
        row = self._memory["best_bid"]
        return None if row < 0 else self._memory.price_of(row)

    @property
    def best_ask(self) -> int | None:
        """The lowest displayed ask in ticks, None where there is none."""
        row = self._memory["best_ask"]
        return None if row >= self._memory["rows"] else self._memory.price_of(row)

    def depth(self, side: int, price_ticks: int) -> int:
        """Displayed lots at a price; 0 where the side has none there.

        Parameters
        ----------
        side
            0 for bids, 1 for asks.
        price_ticks
            Whole ticks.
        """
        _check_side(side)
        row = self._memory.row_of(_whole("price_ticks", price_ticks))
        return 0 if row is None or not self._is_on(side, row) else self._quantity(row)

    def levels(self, side: int, n: int = 10) -> list[tuple[int, int]]:
        """The `n` best displayed (price_ticks, lots) of a side, best first.

        Parameters
        ----------
        side
            0 for bids, 1 for asks.
        n
            At most how many levels.
        """
        _check_side(side)
        if _whole("n", n) < 0:
            raise BadParameter(f"{n} levels; ask for 0 or more")
        memory = self._memory
        row = memory["best_bid"] if side == state.BUY else memory["best_ask"]
        levels: list[tuple[int, int]] = []
        while len(levels) < n and 0 <= row < memory["rows"]:
            levels.append((memory.price_of(row), self._quantity(row)))
            memory["row"] = row
            row = runtime.load("matching:below" if side == state.BUY else "matching:above")(memory.address)
        return levels

    def _loop(self) -> runtime.Kernel:
        """The plain loop while nothing special is about."""
        memory = self._memory
        if not memory["special"] and not memory["specials"] and not memory["amend_down"]:
            return runtime.load("matching:run")
        memory.hold_special()
        return runtime.load("matching_venue:run")

    def _is_on(self, side: int, row: int) -> bool:
        return row <= self._memory["best_bid"] if side == state.BUY else row >= self._memory["best_ask"]

    def _quantity(self, row: int) -> int:
        """Lots at a row. The kernels sum modulo 2**64; where that may have wrapped, they are added up here."""
        level = self._memory.array("levels")[row]
        if len(self) * self._most < 1 << 63:
            return int(level["quantity"])
        orders, slot, total = self._memory.array("orders"), int(level["head"]), 0
        while slot:
            total += int(orders[slot]["open"])
            slot = int(orders[slot]["next"])
        return total

    def _room_for(self, messages: int) -> NDArray[np.void]:
        """Memory for reports. A kernel asks for room for one report an order in the book before each message."""
        wanted = messages + messages // 2 + len(self) + 64
        if messages > _SMALL:
            return self._report_into(np.empty(wanted, REPORT))
        if len(self._buffer) < wanted:
            self._buffer = self._report_into(np.empty(2 * wanted, REPORT))
        return self._buffer

    def _more_room(self, full: NDArray[np.void]) -> NDArray[np.void]:
        reports = np.empty(2 * len(full) + len(self), REPORT)
        reports[: len(full)] = full
        if full is self._buffer:
            self._buffer = reports
        return self._report_into(reports)

    def _report_into(self, reports: NDArray[np.void]) -> NDArray[np.void]:
        self._memory["report_capacity"] = len(reports)
        return self._memory.hold("reports", reports)


def _whole(name: str, value: int) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise BadParameter(f"{name} {value!r} must be a whole number") from None


def _check_side(side: int) -> None:
    if side not in (state.BUY, state.SELL):
        raise BadParameter(f"side {side} must be 0 (bids) or 1 (asks)")
