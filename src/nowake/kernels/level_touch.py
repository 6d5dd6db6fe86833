"""The best levels after each message of a feed that tells levels, and the book it leaves.

Each side is kept sorted from worst to best, so a change near the touch moves few levels. A level that is set to 0 and
was not there is no fault: venues also tell the end of levels they never told."""

from __future__ import annotations

import numpy as np

from nowake.kernels.runtime import njit


@njit
def touch_after_each(
    counts: np.ndarray,
    clears: np.ndarray,
    sides: np.ndarray,
    prices: np.ndarray,
    lots: np.ndarray,
    progress: np.ndarray,
    levels: np.ndarray,
    used: np.ndarray,
    touch: np.ndarray,
) -> bool:
    """Apply messages to the book, writing the best levels after each.

    Parameters
    ----------
    counts, clears
        int64[n], bool[n]: how many rows belong to each message, and whether it empties the book first.
    sides, prices, lots
        int8[m], int64[m], int64[m]: the rows; a level displays exactly `lots`, 0 = gone.
    progress
        int64[2]: messages and rows that are done; carried on from there.
    levels, used
        int64[2, capacity, 2], int64[2]: the book, bids first: price and lots from worst to best, and how many levels.
    touch
        int64[n, 4], output: bid, its lots, ask, its lots; 0 where a side is empty.

    Returns
    -------
    bool
        Whether all is done; if not, `levels` had no room for the next message.
    """
    row = progress[1]
    for message in range(progress[0], len(counts)):
        if clears[message]:
            used[:] = 0
        if max(used[0], used[1]) + counts[message] > levels.shape[1]:
            progress[0], progress[1] = message, row
            return False
        for _ in range(counts[message]):
            which = 0 if sides[row] > 0 else 1
            used[which] = _set(levels[which], used[which], sides[row], prices[row], lots[row])
            row += 1
        for which in range(2):
            best = used[which] - 1
            touch[message, 2 * which] = levels[which, best, 0] if best >= 0 else 0
            touch[message, 2 * which + 1] = levels[which, best, 1] if best >= 0 else 0
    progress[0], progress[1] = len(counts), row
    return True


@njit
def _set(levels: np.ndarray, used: int, side: int, price: int, lots: int) -> int:
    """Set one level of a side; returns how many levels the side has then."""
    low, high = 0, used
    while low < high:
        middle = (low + high) // 2
        if side * levels[middle, 0] < side * price:
            low = middle + 1
        else:
            high = middle
    known = low < used and levels[low, 0] == price
    if lots == 0:
        if not known:
            return used
        for place in range(low, used - 1):
            levels[place, 0], levels[place, 1] = levels[place + 1, 0], levels[place + 1, 1]
        return used - 1
    if not known:
        for place in range(used, low, -1):
            levels[place, 0], levels[place, 1] = levels[place - 1, 0], levels[place - 1, 1]
        used += 1
        levels[low, 0] = price
    levels[low, 1] = lots
    return used
