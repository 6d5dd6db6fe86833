"""Order flow imbalance: what came to the bids and left the asks, less the reverse, in lots.

At the best quotes it is that of Cont, Kukanov & Stoikov 2014 (see `flow.slope`): on an unchanged price both indicators
fire, and the change of the queue counts. Level by level it is the vector of Xu, Gould & Howison 2018 ("Multi-level
order-flow imbalance in a limit order book", Market Microstructure and Liquidity 4): the same rule for the m-th best
price of each side, so a step of the best price shifts all levels and counts in each of them. A level that is not there
stands for no lots at a price behind all others.

Positive when buyers press: size added to bids, taken from or pulled off asks. States with an empty best side or crossed
prices are passed over; the flow across them is counted when the book stands again. Locked ones stay.

Wrong where much is hidden, where a feed tells only every so many milliseconds what stood (what came and went in
between is netted), and at deeper levels where the feed drops what is beyond its last level."""

from __future__ import annotations

import dataclasses
from collections import deque

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth, Quotes
from nowake.microstructure.tables import check_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MOST_LOTS = 2**62


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FlowBars:
    """Order flow, and what the mid did, bar by bar.

    Parameters
    ----------
    edges_ns
        int64[n + 1]: where each bar begins and ends.
    flows_lots
        float64[n, L]: order flow imbalance of each level, best first.
    moves_ticks
        float64[n]: mid at the end of a bar less mid at its begin.
    depth_lots
        float64[n]: mean queue of a level and side over the states of a bar, the state it began with included.
    passed_over
        States of the book that were one-sided or crossed.
    """

    edges_ns: Ints
    flows_lots: Floats
    moves_ticks: Floats
    depth_lots: Floats
    passed_over: int

    def __len__(self) -> int:
        return len(self.moves_ticks)


def order_flow(quotes: Quotes, at_ns: Ints, *, window_ns: int) -> Floats:
    """Order flow imbalance at the best quotes over (t - window, t] of each instant t, lots.

    Parameters
    ----------
    at_ns
        int64[k], in any order.

    Returns
    -------
    float64[k]
        NaN where no quote stood up to the instant.

    Raises
    ------
    BadParameter
        When the window is not above 0.
    """
    check_window(window_ns)
    check_table(quotes, Quotes, "give best bids and asks, for example day.quotes")
    book = Depth.of_quotes(quotes)
    stands = standing(book)
    time_ns = book.time_ns[stands]
    running = _running(level_flows(book, stands)[:, 0])
    last = np.searchsorted(time_ns, at_ns, side="right")
    before = np.searchsorted(time_ns, np.asarray(at_ns) - window_ns, side="right")
    return np.where(last > 0, running[last] - running[before], np.nan)


class OrderFlow:
    """`order_flow` of the last `window_ns`, told one quote at a time.

    Raises
    ------
    BadParameter
        When the window is not above 0.
    """

    def __init__(self, window_ns: int) -> None:
        check_window(window_ns)
        self.window_ns = window_ns
        self.passed_over = 0
        self._now_ns: int | None = None
        self._last: tuple[int, int, int, int] | None = None
        self._flows: deque[tuple[int, int]] = deque()
        self._sum = 0

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these; one-sided and crossed ones are counted and passed over."""
        self._advance(time_ns)
        if bid_lots <= 0 or ask_lots <= 0 or bid_ticks > ask_ticks:
            self.passed_over += 1
            return
        if self._last is not None:
            old_bid, old_bid_lots, old_ask, old_ask_lots = self._last
            pushed = (bid_lots if bid_ticks >= old_bid else 0) - (old_bid_lots if bid_ticks <= old_bid else 0)
            pushed -= (ask_lots if ask_ticks <= old_ask else 0) - (old_ask_lots if ask_ticks >= old_ask else 0)
            self._flows.append((time_ns, pushed))
            self._sum += pushed
        self._last = (bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print moves the clock alone: the quote it leaves behind tells what it took."""
        self._advance(time_ns)

    @property
    def value(self) -> float:
        """Lots; NaN before the first quote that stands."""
        return float("nan") if self._last is None else float(self._sum)

    def _advance(self, time_ns: int) -> None:
        self._now_ns = forward(self._now_ns, time_ns)
        while self._flows and self._flows[0][0] <= time_ns - self.window_ns:
            self._sum -= self._flows.popleft()[1]


def level_flows(book: Depth, stands: Flags | None = None) -> Ints:
    """(m, L) order flow imbalance that each standing state of the book brought, level by level; 0 for the first.

    Parameters
    ----------
    stands
        Rows to look at, by default those of `standing`.

    Raises
    ------
    BadData
        When a queue is of 2^62 lots or more, for then sums wrap.
    """
    for lots in (book.bid_lots, book.ask_lots):
        if lots.max(initial=0) >= _MOST_LOTS:
            raise BadData(f"a queue of {lots.max():,} lots is 2^62 or more; count in larger lots")
    rows = standing(book) if stands is None else stands
    flows = np.zeros((int(rows.sum()), book.levels), np.int64)
    flows[1:] = _pushed(book.bid_ticks[rows], book.bid_lots[rows]) - _pushed(-book.ask_ticks[rows], book.ask_lots[rows])
    return flows


def flow_bars(
    book: Depth,
    *,
    bar_s: float | None = None,
    bar_quotes: int | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> FlowBars:
    """Order flow in bars of so many seconds, or of so many changes of the book.

    Parameters
    ----------
    bar_s, bar_quotes
        One of the two.
    start_ns, end_ns
        The time to look at, cut to where there are states that stand; by default all of it, so give the session's open
        and close where the book is told from before the open. A last bar that is not full is left out.

    Raises
    ------
    BadParameter
        When both or neither of the lengths are given, one is not above 0, bar_quotes is no whole
        number, or `book` is none.
    BadData
        When no state stands in the time, or it is shorter than a bar.
    """
    if (bar_s is None) == (bar_quotes is None):
        raise BadParameter(f"bar_s {bar_s} and bar_quotes {bar_quotes}: give one of the two")
    check_table(book, Depth, "give depth_of_day(day, levels), or Depth.of_quotes(day.quotes)")
    length = bar_s if bar_s is not None else bar_quotes
    if not (length is not None and 0 < length < float("inf")):
        raise BadParameter(f"a bar of {length} must be above 0")
    if bar_quotes is not None and bar_quotes != int(bar_quotes):
        raise BadParameter(f"bar_quotes {bar_quotes} must be a whole number; a change of the book has no parts")
    stands = standing(book)
    time_ns = book.time_ns[stands]
    if not len(time_ns):
        raise BadData(f"none of {len(book):,} states of the book has two sides that do not cross")
    start = int(time_ns[0]) if start_ns is None else max(start_ns, int(time_ns[0]))
    end = int(time_ns[-1]) if end_ns is None else min(end_ns, int(time_ns[-1]))
    if bar_s is not None:
        edges_ns = np.arange(start, end + 1, max(round(bar_s * 1e9), 1))
        rows = np.searchsorted(time_ns, edges_ns, side="right") - 1
    else:
        first, stop = np.searchsorted(time_ns, [start, end], side="right")
        rows = np.arange(first - 1, stop, int(length))
        edges_ns = time_ns[rows]
    if len(rows) < 2:
        raise BadData(f"the time asked for is shorter than one bar of {length}; take shorter bars")
    running = _running(level_flows(book, stands))[1:]
    queues = _running((book.bid_lots[stands] + book.ask_lots[stands]).mean(axis=1) / 2.0)
    mids = (book.bid_ticks[stands, 0] + book.ask_ticks[stands, 0]) / 2.0
    return FlowBars(
        edges_ns=edges_ns,
        flows_lots=np.diff(running[rows], axis=0),
        moves_ticks=np.diff(mids[rows]),
        depth_lots=(queues[rows[1:] + 1] - queues[rows[:-1]]) / (np.diff(rows) + 1),
        passed_over=int((~stands).sum()),
    )


def standing(book: Depth) -> Flags:
    """(n,) states whose best side is there on both sides and does not cross."""
    there = (book.bid_lots[:, 0] > 0) & (book.ask_lots[:, 0] > 0)
    return np.asarray(there & (book.bid_ticks[:, 0] <= book.ask_ticks[:, 0]))


def check_window(window_ns: int) -> None:
    """Refuse a window that is not above 0."""
    if not window_ns > 0:
        raise BadParameter(f"window_ns {window_ns} must be above 0; 10 seconds are 10_000_000_000")


def forward(now_ns: int | None, time_ns: int) -> int:
    """The time of the next event.

    Raises
    ------
    BadData
        When it is before the one of the last.
    """
    if now_ns is not None and time_ns < now_ns:
        raise BadData(f"an event at {time_ns} is before the last one, at {now_ns}; sort by time")
    return time_ns


def _pushed(better_ticks: Ints, lots: Ints) -> Ints:
    """(m - 1, L) lots that came to each level of a side less those that went; higher is better, 0 lots are no level."""
    step = np.diff(better_ticks, axis=0)
    came = (lots[1:] > 0) & ((lots[:-1] <= 0) | (step >= 0))
    went = (lots[:-1] > 0) & ((lots[1:] <= 0) | (step <= 0))
    return np.asarray(came * lots[1:] - went * lots[:-1])


def _running(amounts: npt.NDArray[np.generic]) -> Floats:
    """Sums up to each row, and 0 before the first."""
    values = np.asarray(amounts, np.float64)
    return np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)))
