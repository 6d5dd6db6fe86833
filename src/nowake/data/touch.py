"""Quotes made from events, for sources that tell orders or levels and no quotes; and how often the book crossed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events, no_quotes
from nowake.domain.market import Quotes
from nowake.kernels import runtime
from nowake.kernels.jobs import TOUCH, TOUCH_ROW
from nowake.kernels.layout import ADD, EXECUTE, LEVEL, RESYNC

_DENSE_TICKS = 1 << 26  # Prices closer together than this are numbered through a table, others by sorting.


class Crossings(NamedTuple):
    """Instants after which the best bid was above, or equal to, the best ask; and either of them in a halt."""

    crossed: int
    locked: int
    halted: int


def quotes_of_events(events: Events) -> tuple[Quotes, Crossings]:
    """The touch after each instant that changed it, from lots by price; see `nowake.kernels.touch`."""
    kind = events["kind"]
    moves_book = ((kind >= ADD) & (kind <= EXECUTE)) | (kind == RESYNC) | (kind == LEVEL)
    if not moves_book.any():
        return no_quotes(), Crossings(0, 0, 0)
    prices, ranks = numbered(events["price_ticks"], moves_book)
    words_a_side = len(prices) // 64 + 1
    arrays: dict[str, npt.NDArray[Any]] = {
        "events": np.ascontiguousarray(events),
        "ranks": ranks,
        "prices": prices,
        "held": np.zeros(2 * len(prices), np.int64),
        "words": np.zeros(2 * words_a_side, np.int64),
        "out": np.empty(len(events), TOUCH_ROW),
    }
    job = np.zeros(1, TOUCH)
    for name, array in arrays.items():
        job[name] = array.ctypes.data
    job["count"], job["price_count"], job["words_a_side"] = len(events), len(prices), words_a_side
    count = runtime.load("touch:touches")(job.ctypes.data)
    rows = arrays["out"][:count]
    crossings = Crossings(int(job["crossed"][0]), int(job["locked"][0]), int(job["halted_crossed"][0]))
    return Quotes(*(rows[name].copy() for name in TOUCH_ROW.names or ())), crossings


def numbered(
    price: npt.NDArray[np.int32], used: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Every price in use, increasing, and for each event the number of its price; of unused ones any."""
    shown = price[used]
    lowest, highest = int(shown.min()), int(shown.max())
    if highest - lowest >= _DENSE_TICKS:
        prices = np.unique(shown)
        return prices.astype(np.int64), np.searchsorted(prices, price).astype(np.int32)
    there = np.zeros(highest - lowest + 1, np.bool_)
    there[shown - lowest] = True
    numbers = np.cumsum(there, dtype=np.int32) - 1
    offset = np.clip(price.astype(np.int64) - lowest, 0, highest - lowest)
    return np.flatnonzero(there) + lowest, numbers[offset]
