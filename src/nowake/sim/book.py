"""An order-by-order book fed from recorded events, with our own orders in its queues: memory and calls, no numba.

The rules are in `replay` and `own`; this is the Python end of them. Times are the venue's: latency is the business of
whoever calls. Stores grow by doubling when a kernel says they are full, so capacity is never the user's concern."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.kernels import runtime
from nowake.kernels.layout import EVENT
from nowake.kernels.state import (
    ASKS,
    BIDS,
    CARRY,
    CONTEXT,
    ENTRY,
    FILL,
    FULL_FILLS,
    FULL_ORDERS,
    LEVEL,
    NEVER,
    NO_PRINT,
    ON_PRICE,
    ORDER,
    OURS,
    SIDE,
    TIME,
    TOO_MUCH,
    UNKNOWN,
    WORD,
)

MAX_WINDOW_TICKS = 1 << 26  # Levels of 2 sides take 80 bytes a tick of address space; memory only where prices are.
MAX_OWN_LOTS = 1 << 53  # Of one order: a thousand of them at one price still fit 64 bits.
_MIN_PADDING_TICKS = 1024

_FIELD = {name: number for number, name in enumerate(CONTEXT.names or ())}
_VENUE_NS, _UNTIL_NS = _FIELD["venue_ns"], _FIELD["until_ns"]
_ON_TOUCH, _MARK_TOUCH = _FIELD["on_touch"], _FIELD["mark_touch"]
_VOLUME_WAKE, _REPORT_LAG_NS, _FILL_COUNT = _FIELD["volume_wake"], _FIELD["report_lag_ns"], _FIELD["fill_count"]
_CHILD_ID, _SIDE, _PRICE_TICKS, _LOTS = (_FIELD[name] for name in ("child_id", "side", "price_ticks", "lots"))
_IMMEDIATE, _POST_ONLY = _FIELD["immediate"], _FIELD["post_only"]
_VOLUME, _HALTED = _FIELD["volume"], _FIELD["halted"]
_TURNOVER_LOW, _TURNOVER_HIGH = _FIELD["turnover_low"], _FIELD["turnover_high"]

_WORDS, _SIGHT = len(_FIELD), _FIELD["fill_count"]  # Words of the context, and the first of those read at once.
_SIGHT_AT = 8 * _SIGHT
_FULL = frozenset({FULL_ORDERS, FULL_FILLS})

# What `look` answers: where each number is, the levels last.
FILLS, VENUE_NS, HALTED, VOLUME, TURNOVER_LOW, TURNOVER_HIGH, LEVELS = range(_WORDS - _SIGHT + 1)
Sight = tuple[int, ...]
FillRow = tuple[int, int, int, int, int, int, int | None]  # See `Book.take_fills`.


class Book:
    """The book of one instrument at one venue, at `venue_ns`.

    Parameters
    ----------
    events
        EVENT records in time order. They are read where they lie and must not change while the book lives.
    depth
        At how many levels a side the lots of others are shown; levels where only ours rest come on top.
    reach
        How many levels a side the data keep exact; 0 for all. What lies beyond is neither shown nor traded with. A
        level counts while history has lots there, also when we took them all.
    padding_ticks
        How far beyond the prices in the data our own orders may be priced; a quarter of the highest price unless
        said.
    order_capacity
        Order slots to begin with; doubled when needed.

    Raises
    ------
    BadData
        When the array is not EVENT records, or not in time order.
    BadParameter
        When depth, reach, padding or capacity is out of range.
    OutOfCapacity
        When the prices in the data lie more than `MAX_WINDOW_TICKS` apart, or lots are so many that volume or
        turnover would not fit 64 bits.
    """

    def __init__(
        self,
        events: NDArray[np.void],
        *,
        depth: int = 1,
        reach: int = 0,
        padding_ticks: int | None = None,
        order_capacity: int = 1 << 14,
    ) -> None:
        _check(events, depth=depth, reach=reach, padding_ticks=padding_ticks, order_capacity=order_capacity)
        self._events = np.ascontiguousarray(events)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._hold_context(rows_a_side=depth)
        self._slots: dict[int, int] = {}
        self._replay, self._place = runtime.load("replay:replay"), runtime.load("own:place")
        self._reduce, self._withdraw = runtime.load("own:reduce"), runtime.load("own:withdraw")

        self._set("events", self._events.ctypes.data)
        self._set("event_count", len(self._events))
        self._open_window(padding_ticks)
        self._set("depth", depth)
        self._set("reach", reach)
        self._set("orders_used", 1)  # Slot 0 is nobody.
        self._set("volume_wake", NEVER)
        self._set("report_lag_ns", NEVER >> 1)
        self._set("venue_ns", -(NEVER >> 1))  # Before all time, until the first `run`.
        sides = np.zeros(2, SIDE)
        sides["best"] = sides["touch"] = sides["top_mark"] = -1
        self._hold("sides", sides)
        self._hold_orders(np.zeros(order_capacity, ORDER))
        self._hold_fills(256)

    # What is to be done.

    def run(
        self,
        until_ns: int,
        *,
        on_touch: bool = False,
        volume_lots: int | None = None,
        bid_at_least_ticks: int | None = None,
        ask_at_most_ticks: int | None = None,
    ) -> bool:
        """Let history go by up to and including `until_ns`, or to the first instant that wakes.

        Parameters
        ----------
        until_ns
            Venue time.
        on_touch
            Stop after the first instant at which the best bid or ask price of others differs from the marked one; see
            `mark_touch`.
        volume_lots
            Stop after the instant at which cumulative volume reaches this.
        bid_at_least_ticks, ask_at_most_ticks
            Stop after the instant at which the best bid of others is at or above the one, or their best ask at or
            below the other; at once where it is so.

        Returns
        -------
        bool
            Whether touch, volume, price or the begin or end of a halt stopped it. A fill of ours also stops it,
            `report_lag_ns` after the fill.
        """
        words = self._words
        words[_UNTIL_NS] = until_ns
        words[_ON_TOUCH] = on_touch  # ON_TOUCH or 0.
        if bid_at_least_ticks is not None or ask_at_most_ticks is not None:
            self._wake_on_price(bid_at_least_ticks, ask_at_most_ticks)
        words[_VOLUME_WAKE] = NEVER if volume_lots is None else volume_lots
        while (status := self._replay(self._address)) in _FULL:
            self._grow(status)
        return status != TIME

    def _wake_on_price(self, bid_at_least_ticks: int | None, ask_at_most_ticks: int | None) -> None:
        """Tell the kernel from which rank a touch wakes; a side without a touch never does."""
        lowest, highest = self.price_range_ticks
        self._words[_ON_TOUCH] |= ON_PRICE
        ranks = self._arrays["sides"]["wake_rank"]
        ranks[BIDS] = NEVER if bid_at_least_ticks is None else max(0, bid_at_least_ticks - lowest)
        ranks[ASKS] = NEVER if ask_at_most_ticks is None else max(0, highest - ask_at_most_ticks)

    def mark_touch(self) -> None:
        """From the next `run` on a touch change is a difference from the best prices of others when it begins."""
        self._words[_MARK_TOUCH] = 1

    def place(
        self,
        child_id: int,
        *,
        side: int,
        price_ticks: int,
        lots: int,
        immediate: bool = False,
        post_only: bool = False,
    ) -> tuple[int, int]:
        """A new order of ours arrives now: takes what it can, rests the remainder unless `immediate`.

        Where it would take, a `post_only` order is refused whole.

        Returns
        -------
        tuple
            A code of `nowake.kernels.state` (ACCEPTED, PRICE_OUT_OF_RANGE, WOULD_CROSS_SELF, NOT_CONTINUOUS,
            WOULD_TAKE), and the lots that were not executed.

        Raises
        ------
        BadParameter
            When the lots are not from 1 to below `MAX_OWN_LOTS`, or the child was placed before.
        """
        if lots <= 0:
            raise BadParameter(f"child {child_id} has {lots} lots; an order needs at least 1")
        if lots >= MAX_OWN_LOTS:
            raise BadParameter(f"child {child_id} has {lots:,} lots; an order must have fewer than 2**53")
        if child_id in self._slots:
            raise BadParameter(f"child {child_id} was placed before; give every order its own number")
        if not immediate:
            self._make_room_to_show_own()
        words = self._words
        words[_CHILD_ID], words[_SIDE] = child_id, BIDS if side > 0 else ASKS
        words[_PRICE_TICKS], words[_LOTS] = price_ticks, lots
        words[_IMMEDIATE], words[_POST_ONLY] = immediate, post_only
        while (code := self._place(self._address)) in (FULL_ORDERS, FULL_FILLS):
            self._grow(code)
        if code == 0:
            self._slots[child_id] = self._get("slot")
        return code, self._get("left")

    def reduce(self, child_id: int, lots: int) -> int:
        """Our order keeps at most `lots` (above 0), and its place; the lots it has then, or GONE or UNKNOWN."""
        if lots <= 0:
            raise BadParameter(f"child {child_id} cannot be reduced to {lots} lots; cancel it instead")
        return self._at_own_order(self._reduce, child_id, lots)

    def withdraw(self, child_id: int) -> int:
        """Our order leaves the book; the lots it still had, or GONE or UNKNOWN."""
        return self._at_own_order(self._withdraw, child_id, 0)

    def take_fills(self) -> list[FillRow]:
        """Our fills since the last call, in order.

        Returns
        -------
        list of tuple
            (venue_ns, child_id, lots, open_lots, price_ticks, maker, tape_ticks). `open_lots` are the child's after
            the fill; `tape_ticks` is the price of history's print that these lots are a share of, None where the
            tape does not show them: what we took, and what new lots brought to our resting orders.
        """
        count = self._words[_FILL_COUNT]
        if not count:
            return []
        self._words[_FILL_COUNT] = 0
        rows: list[FillRow] = self._arrays["fills"][:count].tolist()
        return [(*row[:6], None) if row[6] == NO_PRINT else row for row in rows]

    # What can be seen.

    @property
    def venue_ns(self) -> int:
        """The venue's time: every event up to here is in the book."""
        return self._words[_VENUE_NS]

    @property
    def report_lag_ns(self) -> int:
        """How long after a fill `run` comes back; never, unless set."""
        return self._words[_REPORT_LAG_NS]

    @report_lag_ns.setter
    def report_lag_ns(self, lag_ns: int) -> None:
        self._words[_REPORT_LAG_NS] = lag_ns

    def look(self) -> Sight:
        """All that changes from run to run, in one reading of memory.

        Returns
        -------
        tuple
            At FILLS the count of fills to take, at VENUE_NS the venue's time, at HALTED 0 or 1, at VOLUME lots, at
            TURNOVER_LOW and TURNOVER_HIGH (in units of CARRY) the turnover; from LEVELS on price and lots of each
            displayed bid, best first, up to one of 0 lots; then, as many numbers on, the same of asks.
        """
        return self._sight(self._words, _SIGHT_AT)

    def sides(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Displayed (price_ticks, lots) of bids and of asks, our own lots included, best first.

        At most `depth` levels a side at which others display lots; levels of ours alone come on top.
        """
        flat = self.look()[LEVELS:]
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        rows = len(pairs) // 2
        return _filled(pairs[:rows]), _filled(pairs[rows:])

    @property
    def volume_lots(self) -> int:
        """Lots of every print so far, ours included, each once."""
        return self._words[_VOLUME]

    @property
    def turnover(self) -> int:
        """Price in ticks times lots, summed over the same prints."""
        return self._words[_TURNOVER_HIGH] * CARRY + self._words[_TURNOVER_LOW]

    @property
    def is_halted(self) -> bool:
        """Whether trading is halted."""
        return self._words[_HALTED] != 0

    @property
    def phantoms(self) -> int:
        """Messages so far about orders or lots the book does not know."""
        return self._get("phantoms")

    @property
    def crossed_instants(self) -> int:
        """Instants so far after which history's best bid was at or above its best ask."""
        return self._get("crossed")

    @property
    def price_range_ticks(self) -> tuple[int, int]:
        """Lowest and highest price our orders may have."""
        lowest = self._get("lowest_ticks")
        return lowest, lowest + self._get("window") - 1

    def queue(self, side: int, price_ticks: int) -> list[tuple[int, int, int, int]]:
        """Who stands at a price, first in the queue first: (kind, id, hist, taken). For tests and for looking."""
        lowest, highest = self.price_range_ticks
        if not lowest <= price_ticks <= highest:
            return []
        row = price_ticks - lowest if side > 0 else self._get("window") + highest - price_ticks
        orders, slot, out = self._arrays["orders"], int(self._arrays["levels"]["head"][row]), []
        while slot:
            order = orders[slot]
            out.append((int(order["kind"]), int(order["id"]), int(order["hist"]), int(order["taken"])))
            slot = int(order["next"])
        return out

    # Memory.

    def _get(self, name: str) -> int:
        return self._words[_FIELD[name]]

    def _set(self, name: str, value: int) -> None:
        self._words[_FIELD[name]] = value

    def _hold(self, name: str, array: NDArray[np.void]) -> None:
        """Keep an array alive and tell the kernels where it is."""
        self._arrays[name] = array
        self._set(name, array.ctypes.data)

    def _hold_context(self, *, rows_a_side: int) -> None:
        """The context, and right behind it the displayed levels, so that both are read at once."""
        memory = np.zeros(_WORDS + 4 * rows_a_side, np.int64)
        before = self._arrays.get("context")
        if before is not None:
            memory[:_WORDS] = before[:_WORDS]
            levels = before[_WORDS:].reshape(2, -1, 2)
            memory[_WORDS:].reshape(2, -1, 2)[:, : levels.shape[1]] = levels
        self._arrays["context"] = memory
        self._address = memory.ctypes.data
        self._words = memory.data
        self._sight = struct.Struct(f"{_WORDS - _SIGHT + 4 * rows_a_side}q").unpack_from
        self._set("shown", self._address + 8 * _WORDS)
        self._set("rows_a_side", rows_a_side)

    def _make_room_to_show_own(self) -> None:
        """One more order of ours may stand alone at its price, beside the `depth` levels others make."""
        resting = int(self._arrays["sides"]["own"].sum())
        spare = self._get("rows_a_side") - self._get("depth")
        if resting >= spare:
            self._hold_context(rows_a_side=self._get("depth") + max(1, 2 * spare))

    def _at_own_order(self, kernel: runtime.Kernel, child_id: int, lots: int) -> int:
        slot = self._slots.get(child_id)
        if slot is None:
            return UNKNOWN
        self._set("child_id", child_id)
        self._set("slot", slot)
        self._set("lots", lots)
        return kernel(self._address)

    def _open_window(self, padding_ticks: int | None) -> None:
        disordered = runtime.load("replay:survey")(self._address)
        if disordered < len(self._events):
            before, after = self._events["time_ns"][disordered - 1 : disordered + 1].tolist()
            raise BadData(f"event {disordered} at {after} ns is earlier than the one before it, {before} ns; sort them")
        self._check_feed()
        lowest, window = self._get("lowest_ticks"), self._get("window")
        if window > MAX_WINDOW_TICKS:
            raise OutOfCapacity(
                f"prices from {lowest} to {lowest + window - 1} ticks span more than {MAX_WINDOW_TICKS} ticks; "
                "leave out stray prices or use a larger tick"
            )
        if padding_ticks is None:
            padding_ticks = max(_MIN_PADDING_TICKS, abs(lowest + window) // 4)
        padding_ticks = min(padding_ticks, (MAX_WINDOW_TICKS - window) // 2)
        first = max(1, lowest - padding_ticks) if lowest > 0 else lowest - padding_ticks
        window += lowest - first + padding_ticks
        self._check_sizes(max(abs(first), abs(first + window - 1), self._get("most_ticks")))
        self._set("lowest_ticks", first)
        self._set("window", window)
        self._set("words_a_side", window // 64 + 1)
        self._hold("levels", np.zeros(2 * window, LEVEL))
        self._hold("ours", np.zeros(2 * window, OURS))
        for bit_map in ("words", "marks"):
            self._hold(bit_map, np.zeros(2 * (window // 64 + 1), WORD))

    def _check_feed(self) -> None:
        """The events must say whose order came and went."""
        if self._get("level_events"):
            raise BadData(
                f"{self._get('level_events'):,} events tell levels and trades, not whose order came and went; replay "
                "them with nowake.sim.level_book.LevelBook and a queue model"
            )

    def _check_sizes(self, most_ticks: int) -> None:
        """No count may overflow: not a print's turnover at any price of the book, nor the volume of the day."""
        most_lots = self._get("most_lots")
        if most_lots * most_ticks >= TOO_MUCH:
            raise OutOfCapacity(
                f"{most_lots:,} lots in one event at prices up to {most_ticks:,} ticks: their product must stay below "
                "2**62; count in larger lots or ticks"
            )
        if self._get("sum_lots") >= TOO_MUCH:
            raise OutOfCapacity("the lots of all events sum to 2**62 or more; count in larger lots")

    def _hold_orders(self, orders: NDArray[np.void]) -> None:
        """Slots for orders, and a table that is at most half full."""
        self._hold("orders", orders)
        self._set("order_capacity", len(orders))
        bits = (2 * len(orders) - 1).bit_length()
        self._set("table_bits", bits)
        self._hold("table", np.zeros(1 << bits, ENTRY))

    def _hold_fills(self, capacity: int) -> None:
        self._hold("fills", np.zeros(capacity, FILL))
        self._set("fill_capacity", capacity)

    def _grow(self, full: int) -> None:
        if full == FULL_ORDERS:
            self._grow_orders()
        else:
            self._grow_fills()

    def _grow_orders(self) -> None:
        old = self._arrays["orders"]
        orders = np.zeros(2 * len(old), ORDER)
        orders[: len(old)] = old
        self._hold_orders(orders)
        runtime.load("own:rehash")(self._address)

    def _grow_fills(self) -> None:
        old = self._arrays["fills"]
        self._hold_fills(max(2 * len(old), self._get("fill_count") + self._get("orders_used")))
        self._arrays["fills"][: len(old)] = old


def _filled(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Levels up to the first without lots."""
    return list(itertools.takewhile(lambda row: row[1] > 0, rows))


def _check(events: NDArray[np.void], *, depth: int, reach: int, padding_ticks: int | None, order_capacity: int) -> None:
    if events.dtype != EVENT or events.ndim != 1:
        raise BadData(f"events are {events.dtype} of {events.ndim} dimensions; a row of kernels.layout.EVENT is needed")
    if depth < 1:
        raise BadParameter(f"depth {depth} must be at least 1 level")
    if reach < 0:
        raise BadParameter(f"reach {reach} must be 0 (all levels) or a count of levels")
    if padding_ticks is not None and padding_ticks < 0:
        raise BadParameter(f"padding of {padding_ticks} ticks must not be negative")
    if order_capacity < 2:
        raise BadParameter(f"order capacity {order_capacity} must be at least 2")
