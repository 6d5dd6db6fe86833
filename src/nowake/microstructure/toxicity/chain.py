"""Trades in a chain, each with the one before it, as whole numbers: what regressions of spread components read.

Prints of one stamp and one side are one market order that met several resting ones; its price is the last one. A row
links an order with those just before it. Where a print without a side, or a break, stands between, there is no row:
what it did to the price is not known, and passing over it would be a guess.

Sums of products of whole numbers are exact, so that a gauge which adds one trade at a time and a function over the day
end with the very same numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.domain.market import Trades
from nowake.microstructure.tables import check_table
from nowake.microstructure.whole import whole

Ints = npt.NDArray[np.int64]
Sums = tuple[int, ...]

_EXACT = 2**62
_PAIRS = tuple(tuple(combinations_with_replacement(range(columns), 2)) for columns in range(8))
_DEPENDENT = 1e12  # Condition of regressors from which they cannot be told apart.


class Orders(NamedTuple):
    """Market orders in time order: int64[n] columns; `side` is 0 where nobody says."""

    time_ns: Ints
    price_ticks: Ints
    lots: Ints
    side: Ints


def orders_of(trades: Trades, *, merge: bool = True) -> Orders:
    """Prints as market orders.

    Parameters
    ----------
    merge
        Whether prints of one stamp and one side are one order, at its last price.

    Raises
    ------
    BadData
        When a print has less than one lot.
    """
    check_table(trades, Trades, "give prints, for example day.trades")
    if (trades.lots <= 0).any():
        row = int(np.argmax(trades.lots <= 0))
        raise BadData(f"print {row} is of {trades.lots[row]} lots; it must be of 1 or more")
    side = trades.aggressor.astype(np.int64)
    if not len(trades) or not merge:
        return Orders(trades.time_ns, trades.price_ticks, trades.lots, side)
    new = (np.diff(trades.time_ns) != 0) | (np.diff(side) != 0) | (side[1:] == 0)
    first = np.flatnonzero(np.append(True, new))
    last = np.append(first[1:], len(side)) - 1
    return Orders(trades.time_ns[first], trades.price_ticks[last], np.add.reduceat(trades.lots, first), side[first])


class Order(NamedTuple):
    """One market order."""

    time_ns: int
    price_ticks: int
    lots: int
    side: int


class OrderChain(ABC):
    """Exact sums over the rows of orders told print by print: what gauges of components share.

    The last order counts as it is so far: prints of its stamp and side may still come.
    """

    def __init__(self, columns: int, *, merge: bool = True) -> None:
        self.merge = merge
        self.rows = self.unsigned = 0
        self._sums = no_sums(columns)
        self._before: Order | None = None
        self._last: Order | None = None
        self._now_ns: int | None = None

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:  # noqa: ARG002
        """Time goes by; quotes do not enter.

        Raises
        ------
        BadData
            When it goes back.
        """
        self._tick(time_ns)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print; one without a side breaks the chain and is counted.

        Raises
        ------
        BadData
            When time goes back, or it has less than one lot.
        """
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        if lots <= 0:
            raise BadData(f"a print at {time_ns} is of {lots} lots; it must be of 1 or more")
        self._tick(time_ns)
        last = self._last
        if self.merge and side and last is not None and (last.time_ns, last.side) == (time_ns, side):
            self._last = last._replace(price_ticks=price_ticks, lots=last.lots + lots)
            return
        self._sums, self.rows = self._counted()
        self._before, self._last = last, Order(time_ns, price_ticks, lots, side)
        self.unsigned += side == 0

    def new_session(self) -> None:
        """The next print has none before it: call between days."""
        self._sums, self.rows = self._counted()
        self._before = self._last = None

    @abstractmethod
    def _row(self, before: Order, now: Order) -> tuple[int, ...]:
        """What one order and the one before it add."""

    def _counted(self) -> tuple[Sums, int]:
        """Sums and rows, the last order as it is so far included."""
        before, last = self._before, self._last
        if before is None or last is None or not (before.side and last.side):
            return self._sums, self.rows
        return added(self._sums, self._row(before, last)), self.rows + 1

    def _tick(self, time_ns: int) -> None:
        if self._now_ns is not None and time_ns < self._now_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._now_ns}; sort by time")
        self._now_ns = time_ns


def linked(side: Ints, *, back: int = 1) -> Ints:
    """Rows whose side and those of the `back` rows before are all known."""
    known = side != 0
    whole = known[back:].copy()
    for step in range(1, back + 1):
        whole &= known[back - step : len(side) - step]
    return np.flatnonzero(whole) + back


def sums_of(columns: Sequence[Ints]) -> Sums:
    """Sums of products of every pair of columns, exactly: (0, 0), (0, 1), ... (1, 1), ... of k columns."""
    return tuple(_dot(columns[i], columns[j]) for i, j in _PAIRS[len(columns)])


def added(sums: Sums, row: Sequence[int]) -> Sums:
    """The sums with one more row."""
    return tuple(total + row[i] * row[j] for total, (i, j) in zip(sums, _PAIRS[len(row)], strict=True))


def no_sums(columns: int) -> Sums:
    """The sums of no rows."""
    return (0,) * (columns * (columns + 1) // 2)


def product(sums: Sums, columns: int, i: int, j: int) -> int:
    """Sum of the products of two of k columns."""
    low, high = min(i, j), max(i, j)
    return sums[low * columns - low * (low - 1) // 2 + high - low]


def solve(sums: Sums, columns: int, explains: Sequence[int], explained: int) -> npt.NDArray[np.float64] | None:
    """Least squares of one column on others from their sums; None where the others depend on each other.

    Columns are scaled to one size first, whatever their units.
    """
    size = np.sqrt([float(product(sums, columns, i, i)) for i in explains])
    if size.min() == 0:
        return None
    gram = np.array([[float(product(sums, columns, i, j)) for j in explains] for i in explains]) / np.outer(size, size)
    if np.linalg.cond(gram) > _DEPENDENT:
        return None
    right = np.array([float(product(sums, columns, i, explained)) for i in explains]) / size
    return np.asarray(np.linalg.solve(gram, right) / size)


def _dot(a: Ints, b: Ints) -> int:
    """Exact, in parts that fit into 64 bits."""
    if not len(a):
        return 0
    most = int(np.abs(a).max()) * int(np.abs(b).max())
    if most >= _EXACT // 64:
        return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    rows = _EXACT // max(most, 1)
    return sum(int(a[at : at + rows] @ b[at : at + rows]) for at in range(0, len(a), rows))
