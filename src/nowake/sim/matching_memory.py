"""The matching engine's memory: stores that grow by doubling, and a window of prices that moves where prices go.

Near prices share a dense window: one row a tick. Where they lie further apart than `MAX_DENSE_ROWS` the window holds
only prices that occur, so that neither a spread of 10**12 ticks nor a book of one price a decade costs memory. Between
and beyond these it has spare rows, most of them near, which prices to come may claim: only where none is left is the
window made anew, with every order's row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nowake.kernels import matching_state as state
from nowake.kernels import runtime

MAX_DENSE_ROWS = 1 << 22  # A level is 16 bytes of address space; memory only where prices are.
_MIN_PADDING_ROWS = 512
_SPARE_PRICES = 4096  # A grid may name this many prices that no order has.
_SPARE_ROWS = 1 << 16  # Rows a grid has beyond its prices, about thrice as many.
_MOST_SPARES = 1 << 10  # On either side of a price.
_MOST_CLAIMS = 64  # New prices a batch may claim one by one; more are sorted in together.
CHUNK = 4096  # Messages the kernels hold at a time, so that what is converted is read again from the cache.
_FIELD = {name: number for number, name in enumerate(state.CONTEXT.names or ())}
_SIDES = ("", "dark_")  # Displayed levels, and hidden ones.
_BEST = ("best_bid", "best_ask", "dark_bid", "dark_ask")

Prices = Callable[[], NDArray[np.int64]]


class Memory:
    """All arrays of one engine, and the context record that tells the kernels where they are."""

    def __init__(self) -> None:
        self._context = np.zeros(1, state.CONTEXT)
        self._words = self._context.view(np.int64).data
        self.address = self._context.ctypes.data
        self._arrays: dict[str, NDArray[Any]] = {}
        self._claimed = np.zeros(0, bool)  # Which rows of the grid are of prices that came; the others are spare.
        self["orders_used"] = 1  # Slot 0 is nobody.
        self.hold("messages", np.zeros(CHUNK, state.MESSAGE))
        self._hold_orders(1 << 10)
        self._open(base_ticks=0, rows=64)

    def __getitem__(self, name: str) -> int:
        """A word of the context."""
        return self._words[_FIELD[name]]

    def __setitem__(self, name: str, value: int) -> None:
        self._words[_FIELD[name]] = value

    def hold(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array alive and tell the kernels where it is."""
        self._arrays[name] = array
        self[name] = array.ctypes.data
        return array

    def array(self, name: str) -> NDArray[Any]:
        """An array by the name the context has for its address."""
        return self._arrays[name]

    # Orders.

    def grow_orders(self) -> None:
        """Twice the slots, and a table that fits them."""
        old, table = self._arrays["orders"], self._arrays["table"]
        traits, stops = self._arrays.get("traits"), self._arrays.get("stops")
        self._hold_orders(2 * len(old))
        self._arrays["orders"][: len(old)] = old
        self["old_table"], self["old_entries"] = table.ctypes.data, len(table)
        runtime.load("matching:rehash")(self.address)
        if traits is not None and stops is not None:
            self._hold_traits()
            self._arrays["traits"][: len(old)] = traits
            self._arrays["stops"][:, : len(old)] = stops

    def hold_special(self) -> None:
        """Room for what only special orders need, if it is not there yet."""
        if "traits" in self._arrays:
            return
        self._hold_traits()
        self._hold_levels("dark_")
        self.hold("pegs", np.zeros(2, state.LEVEL))
        self.hold("stop_counts", np.zeros(2, np.int64))
        self.hold("details", np.zeros(len(self._arrays["messages"]), state.DETAIL))

    def _hold_traits(self) -> None:
        capacity = self["order_capacity"]
        self.hold("traits", np.zeros(capacity, state.TRAIT))
        self.hold("stops", np.zeros((2, capacity), np.int64))
        self.hold("triggered", np.zeros(capacity, np.int64))

    def _hold_orders(self, capacity: int) -> None:
        self.hold("orders", np.zeros(capacity, state.ORDER))
        self["order_capacity"] = capacity
        bits = (2 * capacity - 1).bit_length()
        self["table_bits"] = bits
        self.hold("table", np.zeros(1 << bits, state.ENTRY))

    # The window.

    def price_of(self, row: int) -> int:
        """Price in ticks of a row."""
        return int(self._arrays["grid"][row]) if self["grid"] else self["base_ticks"] + row

    def row_of(self, price_ticks: int) -> int | None:
        """The row of a price, None where it is outside the window."""
        if not self["grid"]:
            row = price_ticks - self["base_ticks"]
            return row if 0 <= row < self["rows"] else None
        grid = self._arrays["grid"]
        if not int(grid[0]) <= price_ticks <= int(grid[-1]):
            return None
        row = int(np.searchsorted(grid, price_ticks))
        return row if int(grid[row]) == price_ticks else None

    def reach(self, lowest_ticks: int, highest_ticks: int, prices: Prices) -> None:
        """Have a row for every price to come: these are between the two, and `prices` names them one by one."""
        base, rows = self["base_ticks"], self["rows"]
        if not self["grid"] and base <= lowest_ticks and highest_ticks < base + rows:
            return
        wanted = np.unique(prices()) if self["grid"] else None
        if wanted is not None and self._claim(wanted):
            return
        held = self._held_prices()
        if len(held):
            lowest_ticks, highest_ticks = min(lowest_ticks, int(held[0])), max(highest_ticks, int(held[-1]))
        span = highest_ticks - lowest_ticks + 1
        if span <= MAX_DENSE_ROWS:
            padding = max(_MIN_PADDING_ROWS, span // 2)
            first = max(lowest_ticks - padding, -(1 << 63))
            last = min(highest_ticks + padding, (1 << 63) - 1)
            self._move(lambda before: before - first, base_ticks=first, rows=last - first + 1)
            return
        if wanted is None:
            wanted = np.unique(prices())
        elif np.count_nonzero(self._claimed) <= 4 * len(held) + _SPARE_PRICES:
            held = self._arrays["grid"][self._claimed]  # Prices nobody has now may come back.
        named = np.union1d(held, wanted)
        grid = _with_spares(named)
        self._move(lambda before: np.searchsorted(grid, before), grid=grid)
        self._claimed = np.zeros(len(grid), bool)
        self._claimed[np.searchsorted(grid, named)] = True

    def _claim(self, wanted: NDArray[np.int64]) -> bool:
        """Find a row of the grid for each price: its own, or a spare one beside which it lies; whether all have one."""
        grid, claimed = self._arrays["grid"], self._claimed
        rows = np.minimum(np.searchsorted(grid, wanted), len(grid) - 1)
        known = grid[rows] == wanted
        claimed[rows[known]] = True
        new = wanted[~known].tolist()
        if len(new) > _MOST_CLAIMS:
            return False
        for price in new:
            above = int(np.searchsorted(grid, price))
            spare = [row for row in (above - 1, above) if 0 <= row < len(grid) and not claimed[row]]
            if not spare:
                return False
            grid[spare[0]], claimed[spare[0]] = price, True
        return True

    def _held_prices(self) -> NDArray[np.int64]:
        """Every price an order in the engine has, increasing."""
        return np.unique(self._prices_of_rows(self._arrays["orders"]["row"][self._priced_slots()]))

    def _prices_of_rows(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        prices: NDArray[np.int64]
        prices = self._arrays["grid"][rows] if self["grid"] else rows.astype(np.int64) + self["base_ticks"]
        return prices

    def _priced_slots(self) -> NDArray[np.int64]:
        """Slots of all orders but market orders: what row these have means nothing."""
        slots: NDArray[np.int64] = self._arrays["table"]["slot"].astype(np.int64)
        has_price = self._arrays["orders"]["what"][slots] & state.MARKET == 0
        priced: NDArray[np.int64] = slots[(slots > 0) & has_price]
        return priced

    def _move(
        self,
        new_rows: Callable[[NDArray[np.int64]], NDArray[Any]],
        *,
        base_ticks: int = 0,
        rows: int = 0,
        grid: NDArray[np.int64] | None = None,
    ) -> None:
        """Open another window and bring every order and level over."""
        orders, priced = self._arrays["orders"], self._priced_slots()
        moved = new_rows(self._prices_of_rows(orders["row"][priced]))
        before = self["rows"]
        best = {name: self._prices_of_rows(np.array([self[name]])) for name in _BEST if 0 <= self[name] < before}
        levels = {side: self._occupied(side) for side in _SIDES if f"{side}levels" in self._arrays}
        self._open(base_ticks=base_ticks, rows=rows, grid=grid)
        orders["row"][priced] = moved
        for name, price in best.items():
            self[name] = int(new_rows(price)[0])
        for side, (prices, content) in levels.items():
            self._hold_levels(side)
            self._arrays[f"{side}levels"][new_rows(prices)] = content
            self._occupy(side, new_rows(prices))

    def _occupied(self, side: str) -> tuple[NDArray[np.int64], NDArray[np.void]]:
        """Prices and contents of the levels that hold orders."""
        levels = self._arrays[f"{side}levels"]
        rows = np.flatnonzero(levels["head"])
        return self._prices_of_rows(rows), levels[rows]

    def _open(self, *, base_ticks: int, rows: int, grid: NDArray[np.int64] | None = None) -> None:
        """An empty window: `rows` ticks from `base_ticks` up, or the prices of a grid."""
        if grid is None:
            self._arrays.pop("grid", None)
            self["grid"] = 0
        else:
            self.hold("grid", np.ascontiguousarray(grid, np.int64))
            rows = len(grid)
        self["base_ticks"], self["rows"] = base_ticks, rows
        for name in _BEST:
            self[name] = rows if name.endswith("ask") else -1
        self._hold_levels("")

    def _hold_levels(self, side: str) -> None:
        """Empty levels and bit maps, displayed ("") or hidden ("dark_")."""
        words = (self["rows"] >> 6) + 1
        self.hold(f"{side}levels", np.zeros(self["rows"], state.LEVEL))
        self.hold(f"{side}words", np.zeros(words, np.int64))
        self.hold(f"{side}summary", np.zeros((words >> 6) + 1, np.int64))

    def _occupy(self, side: str, rows: NDArray[Any]) -> None:
        for name, shift in (("words", 6), ("summary", 12)):
            bits = np.left_shift(np.uint64(1), (rows >> (shift - 6)).astype(np.uint64) & np.uint64(63))
            np.bitwise_or.at(self._arrays[f"{side}{name}"].view(np.uint64), rows >> shift, bits)


def _with_spares(prices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Increasing prices and spare ones: next to each that has room, and evenly over the gap to its neighbour."""
    gaps = np.diff(prices.view(np.uint64))  # Unsigned: a gap may be wider than 2**63.
    is_wide = gaps > 1
    below, above = prices[np.append(is_wide, True)], prices[np.append(True, is_wide)]
    each = max(1, min(_MOST_SPARES, _SPARE_ROWS // len(below)))
    steps = np.arange(1, each + 1)
    up, down = below[:, None] + steps, above[:, None] - steps
    apart = gaps[is_wide] // np.uint64(each + 1)
    between = below[:-1].view(np.uint64)[:, None] + apart[:, None] * steps.astype(np.uint64)
    inside = (up[up > below[:, None]], down[down < above[:, None]])  # Beyond the last number they come round.
    grid: NDArray[np.int64] = np.concatenate([prices, *inside, between.view(np.int64).ravel()])
    grid.sort(kind="stable")  # Merges what comes in order, far faster than `np.unique`.
    return np.compress(np.append(True, grid[1:] != grid[:-1]), grid)
