"""From trades to what they leave, and from prices of what is left to prices of trades: sums along the buckets.

Written as one addition a bucket: numpy's cumulative sum along the first axis takes some twenty times as long."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats


def left_after(quantities: Floats, trades: Floats) -> Floats:
    """What is left after each bucket but the last: (T-1, ...) of (T, ...) trades."""
    left = np.empty((len(trades) - 1, *trades.shape[1:]))
    rest = quantities
    for row, trade in zip(left, trades, strict=False):
        rest = np.subtract(rest, trade, out=row)
    return left


def prices_of_trades(prices: Floats) -> Floats:
    """(T, ...) price of a trade from (T-1, ...) prices of what is left: a trade lowers all that is left after it."""
    found = np.zeros((len(prices) + 1, *prices.shape[1:]))
    for t in range(len(prices) - 1, -1, -1):
        np.subtract(found[t + 1], prices[t], out=found[t])
    return found


def running_sums(rows: Floats) -> Floats:
    """Sums of the rows up to and with each."""
    sums = np.array(rows)
    for t in range(1, len(rows)):
        sums[t] += sums[t - 1]
    return sums
