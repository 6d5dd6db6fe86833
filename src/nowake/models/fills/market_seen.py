"""What an order could see when it was posted: touch, spread, imbalance, and how much the mid had moved.

The prevailing quote is the last one strictly before the instant, for within an instant a book is half changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_SECOND

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WINDOW_S = 60.0  # How far back volatility looks.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The market before each of n instants, from the side of an order: arrays of length n.

    `known` (bool) tells where there was a two-sided, uncrossed market; elsewhere the rest means nothing.
    """

    known: npt.NDArray[np.bool_]
    own_ticks: Ints
    own_lots: Ints
    other_ticks: Ints
    spread_ticks: Ints
    imbalance: Floats
    volatility: Floats


def market_seen(quotes: Quotes, time_ns: Ints, side: Ints) -> Seen:
    """What orders of a side saw just before they were posted."""
    row = np.searchsorted(quotes.time_ns, time_ns, side="left") - 1
    bid, ask, bid_lots, ask_lots = (
        column[np.maximum(row, 0)] if len(column) else np.zeros(len(row), np.int64)
        for column in (quotes.bid_ticks, quotes.ask_ticks, quotes.bid_lots, quotes.ask_lots)
    )
    known = (row >= 0) & (bid_lots > 0) & (ask_lots > 0) & (ask > bid)
    both = np.maximum(bid_lots + ask_lots, 1)
    is_bid = side > 0
    return Seen(
        known=known,
        own_ticks=np.where(is_bid, bid, ask),
        own_lots=np.where(is_bid, bid_lots, ask_lots),
        other_ticks=np.where(is_bid, ask, bid),
        spread_ticks=ask - bid,
        imbalance=side * (bid_lots - ask_lots) / both,
        volatility=_moved(quotes, time_ns),
    )


def _moved(quotes: Quotes, time_ns: Ints) -> Floats:
    """Root of the mid's summed squared moves in the window before each instant, per sqrt(second).

    At the start of the tape the window is what there is of it, a second at least.
    """
    times, mids = quotes.time_ns, quotes.mid_ticks
    good = np.isfinite(mids) & (quotes.ask_ticks > quotes.bid_ticks)
    times, mids = times[good], mids[good]
    if len(times) < 2:
        return np.zeros(len(time_ns))
    total = np.concatenate(([0.0, 0.0], np.cumsum(np.diff(mids) ** 2)))  # Before row k of the tape.
    window_ns = round(WINDOW_S * NS_PER_SECOND)
    now = np.searchsorted(times, time_ns, side="left")
    then = np.searchsorted(times, time_ns - window_ns, side="left")
    length_s = np.clip((time_ns - times[0]) / NS_PER_SECOND, 1.0, WINDOW_S)
    # The first move inside the window is that of row `then` against the row before it.
    squares = total[now] - total[then]
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / length_s))
