"""All cheap measures of order flow beside a live market at once, by one compiled kernel.

`FlowMonitor` is told quotes or levels and prints one at a time; `flow_history` runs the same kernel over a whole
history and gives every measure after every event. What each measure is: order flow imbalance of each level and trade
imbalance over a window of time (`flow.orderflow`, `flow.trades`), queue imbalance (`flow.queue`), micro-price from a
fitted table (`flow.microprice`), autocorrelation of market orders at one lag (`flow.autocorrelation`). Prints come
before quotes of the same stamp. Sums of signed volume are floats: beyond 2^53 lots squared they round."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.market import Depth, Trades
from nowake.kernels import runtime
from nowake.kernels.flow_job import FLOW
from nowake.microstructure.flow.microprice import MicroPrice
from nowake.microstructure.flow.orderflow import check_window, forward
from nowake.microstructure.flow.trades import check_print, check_prints
from nowake.microstructure.whole import whole

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_QUOTE_COUNT, _QUOTE_AT, _TRADE_COUNT, _TRADE_AT = (
    list(FLOW.names or ()).index(name) for name in ("quote_count", "quote_at", "trade_count", "trade_at")
)
_ROOM = 256  # Entries of a ring at first; it doubles whenever it is full.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FlowHistory:
    """Every measure after every event, in time order, prints before quotes of one stamp.

    `time_ns`: int64[n]. `is_print`: bool[n]. `order_flow_lots`: float64[n, L]. `queue_imbalance`, `trade_imbalance`,
    `micro_price_ticks`, `autocorrelation`: float64[n]. NaN where not known.
    """

    time_ns: Ints
    is_print: npt.NDArray[np.bool_]
    order_flow_lots: Floats
    queue_imbalance: Floats
    trade_imbalance: Floats
    micro_price_ticks: Floats
    autocorrelation: Floats


class FlowMonitor:
    """Order flow measures as of the last event.

    Parameters
    ----------
    window_ns
        Of order flow and trade imbalance.
    levels
        Levels a side.
    lag
        Of the autocorrelation, in market orders.
    by_lots
        Whether it is of signed lots; by default of signs.
    micro_price
        A fitted table; the micro-price is NaN without one.

    Raises
    ------
    BadParameter
        When the window, levels or lag are not above 0.
    """

    def __init__(
        self,
        window_ns: int,
        *,
        levels: int = 1,
        lag: int = 1,
        by_lots: bool = False,
        micro_price: MicroPrice | None = None,
    ) -> None:
        check_window(window_ns)
        if levels < 1 or lag < 1:
            raise BadParameter(f"levels {levels} and lag {lag} must be 1 or more")
        self.levels = levels
        self._job = np.zeros(1, FLOW)
        self._arrays: dict[str, npt.NDArray[Any]] = {
            "last": np.zeros((4, levels), np.int64),
            "sums": np.zeros(levels, np.int64),
            "recent": np.zeros(lag + 1),
            "flows": np.zeros((_ROOM, 1 + levels), np.int64),
            "prints": np.zeros((_ROOM, 2), np.int64),
        }
        for name, number in (
            *(("levels", levels), ("window_ns", window_ns), ("lag", lag), ("by_lots", int(by_lots))),
            *(("flow_room", _ROOM), ("print_room", _ROOM)),
        ):
            self._job[name] = number
        if micro_price is not None:
            self._arrays["table"] = np.ascontiguousarray(micro_price.adjustment_ticks)
            self._arrays["bounds"] = np.array(micro_price.grid.bounds, np.int64)
            self._job["classes"], self._job["buckets"] = len(micro_price.grid.bounds), micro_price.grid.buckets
        self._now_ns: int | None = None
        self._quote = np.zeros((5, levels), np.int64)
        self._print = np.zeros(3, np.int64)
        self._out = np.full(levels + 4, np.nan)
        self._bind()

    def __getstate__(self) -> dict[str, Any]:
        """Addresses and views are made anew where the state is taken up."""
        return {name: value for name, value in self.__dict__.items() if name not in {"_numbers", "_flat", "_kernel"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._bind()

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these, of a monitor of one level.

        Raises
        ------
        BadParameter
            When the monitor has more levels than one.
        """
        if self.levels != 1:
            raise BadParameter(f"a monitor of {self.levels} levels is told all of them: call on_depth")
        self.on_depth(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_depth(
        self,
        time_ns: int,
        bid_ticks: npt.ArrayLike,
        bid_lots: npt.ArrayLike,
        ask_ticks: npt.ArrayLike,
        ask_lots: npt.ArrayLike,
    ) -> None:
        """The best levels became these, (L,) each, best first, 0 lots where there is none."""
        self._now_ns = forward(self._now_ns, time_ns)
        quote = self._flat
        quote[0] = time_ns
        if self.levels == 1:
            quote[1], quote[2], quote[3], quote[4] = bid_ticks, bid_lots, ask_ticks, ask_lots
        else:
            for row, column in enumerate((bid_ticks, bid_lots, ask_ticks, ask_lots), 1):
                self._quote[row] = column
        self._tell(_QUOTE_COUNT)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; one without a side moves the clock alone.

        Raises
        ------
        BadData
            When it has no lots, its side is none of +1, -1 and 0, or it is earlier than the event before.
        """
        time_ns, lots, side = whole(time_ns=time_ns, lots=lots, side=side)
        check_print(lots, side)
        self._now_ns = forward(self._now_ns, time_ns)
        heard = self._print
        heard[0], heard[1], heard[2] = time_ns, lots, side
        self._tell(_TRADE_COUNT)

    @property
    def order_flow_lots(self) -> Floats:
        """(L,) order flow imbalance of the window; NaN before the first book that stands."""
        return self._out[: self.levels].copy()

    @property
    def value(self) -> float:
        """Order flow imbalance at the best quotes, lots."""
        return float(self._out[0])

    @property
    def queue_imbalance(self) -> float:
        """Of the last quote that stood."""
        return float(self._out[self.levels])

    @property
    def trade_imbalance(self) -> float:
        """Of the window."""
        return float(self._out[self.levels + 1])

    @property
    def micro_price_ticks(self) -> float:
        """Of the last quote that stood."""
        return float(self._out[self.levels + 2])

    @property
    def autocorrelation(self) -> float:
        """Of market orders, at the lag."""
        return float(self._out[self.levels + 3])

    @property
    def passed_over(self) -> int:
        """Books that were one-sided or crossed."""
        return int(self._job["passed_over"][0])

    @property
    def unsigned(self) -> int:
        """Prints without a side."""
        return int(self._job["unsigned"][0])

    def _bind(self) -> None:
        """Tell the kernel where everything lies."""
        job = self._job
        for name, array in self._arrays.items():
            job[name] = array.ctypes.data
        for name, row in zip(("quote_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots"), self._quote, strict=True):
            job[name] = row.ctypes.data
        first, size = self._print.ctypes.data, self._print.itemsize
        job["trade_ns"], job["trade_lots"], job["trade_side"] = first, first + size, first + 2 * size
        job["out"] = self._out.ctypes.data
        self._numbers, self._flat = job.view(np.int64), self._quote.reshape(-1) if self.levels == 1 else self._quote[0]
        self._kernel = functools.partial(runtime.load("flow:flow"), job.ctypes.data)

    def _tell(self, kind: int) -> None:
        """One event, of the kind whose count is at that place of the record."""
        numbers = self._numbers
        numbers[_QUOTE_COUNT] = numbers[_QUOTE_AT] = numbers[_TRADE_COUNT] = numbers[_TRADE_AT] = 0
        numbers[kind] = 1
        self._run()

    def _run(self) -> None:
        """The kernel, with room made whenever a ring is full."""
        while self._kernel() != 0:
            for ring, kind in (("flows", "flow"), ("prints", "print")):
                if int(self._job[f"{kind}_count"][0]) == int(self._job[f"{kind}_room"][0]):
                    self._widen(ring, kind)

    def _widen(self, ring: str, kind: str) -> None:
        old, first = self._arrays[ring], int(self._job[f"{kind}_first"][0])
        straight = np.concatenate((old[first:], old[:first]))
        self._arrays[ring] = np.concatenate((straight, np.zeros_like(old)))
        self._job[f"{kind}_first"], self._job[f"{kind}_room"] = 0, 2 * len(old)
        self._job[ring] = self._arrays[ring].ctypes.data


def flow_history(
    book: Depth,
    trades: Trades,
    *,
    window_ns: int,
    lag: int = 1,
    by_lots: bool = False,
    micro_price: MicroPrice | None = None,
) -> FlowHistory:
    """Every measure after every event of a history; parameters as of `FlowMonitor`.

    Raises
    ------
    BadData
        When a print has no lots, or a side other than +1, -1 and 0.
    """
    check_prints(trades)
    monitor = FlowMonitor(window_ns, levels=book.levels, lag=lag, by_lots=by_lots, micro_price=micro_price)
    columns = {
        "quote_ns": book.time_ns,
        **{name: getattr(book, name) for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")},
        "trade_ns": trades.time_ns,
        "trade_lots": trades.lots,
        "trade_side": trades.aggressor,
    }
    kept = {name: np.ascontiguousarray(column, np.int64) for name, column in columns.items()}
    for name, column in kept.items():
        monitor._job[name] = column.ctypes.data
    monitor._job["quote_count"], monitor._job["trade_count"] = len(book), len(trades)
    out = np.empty((len(book) + len(trades), book.levels + 4))
    monitor._job["out"] = out.ctypes.data
    monitor._run()
    time_ns = np.concatenate((trades.time_ns, book.time_ns))
    order = np.argsort(time_ns, kind="stable")
    levels = book.levels
    return FlowHistory(
        time_ns=time_ns[order],
        is_print=order < len(trades),
        order_flow_lots=out[:, :levels].copy(),
        queue_imbalance=out[:, levels].copy(),
        trade_imbalance=out[:, levels + 1].copy(),
        micro_price_ticks=out[:, levels + 2].copy(),
        autocorrelation=out[:, levels + 3].copy(),
    )
