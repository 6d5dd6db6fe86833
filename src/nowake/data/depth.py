"""The best levels of the book after each change of any of them, from what a day's feed said."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nowake.data.day import Day, Events, levels_in_words
from nowake.data.touch import numbered
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth
from nowake.kernels import runtime
from nowake.kernels.depth_job import DEPTH
from nowake.kernels.layout import ADD, EXECUTE, LEVEL, RESYNC

_ROWS = 1 << 16  # Written at a time, so that a long day of few changes needs little memory.


def depth_of_day(day: Day, levels: int) -> Depth:
    """The best `levels` levels a side of a day.

    Made of the events where there are any, else of the quotes, which tell one level. Snapshots, CLEAR and RESYNC count
    as they do for quotes; the book of a halt is shown too, crossed as it may be.

    Raises
    ------
    BadParameter
        When levels are fewer than 1, or more than the day's events keep exact.
    BadData
        When the day has neither events nor quotes that could tell as many levels.
    """
    if levels < 1:
        raise BadParameter(f"levels {levels} must be 1 or more")
    if not len(day.events):
        if levels > 1:
            raise BadData(f"{day.source!r} tells best quotes and no levels behind them; ask for 1 level, not {levels}")
        return Depth.of_quotes(day.quotes)
    if day.depth and levels > day.depth:
        raise BadParameter(
            f"levels {levels} are more than the {levels_in_words(day.depth)} that {day.source!r} keeps exact; "
            "depth_of_events shows what its messages say of the others"
        )
    return depth_of_events(day.events, levels)


def depth_of_events(events: Events, levels: int) -> Depth:
    """The best levels after each instant that changed any of them, from lots by price; see `nowake.kernels.depth`."""
    kind = events["kind"]
    moves_book = ((kind >= ADD) & (kind <= EXECUTE)) | (kind == RESYNC) | (kind == LEVEL)
    width = 1 + 4 * levels
    if not moves_book.any():
        return _table(np.zeros((0, width), np.int64), levels)
    prices, ranks = numbered(events["price_ticks"], moves_book)
    words_a_side = len(prices) // 64 + 1
    room = min(_ROWS, len(events))
    arrays: dict[str, npt.NDArray[Any]] = {
        "events": np.ascontiguousarray(events),
        "ranks": ranks,
        "prices": prices,
        "held": np.zeros(2 * len(prices), np.int64),
        "words": np.zeros(2 * words_a_side, np.int64),
        "row": np.zeros(width, np.int64),
        "out": np.empty((room, width), np.int64),
    }
    job = np.zeros(1, DEPTH)
    for name, array in arrays.items():
        job[name] = array.ctypes.data
    job["count"], job["price_count"], job["words_a_side"] = len(events), len(prices), words_a_side
    job["levels"], job["capacity"], job["bid"], job["ask"] = levels, room, -1, -1
    kernel, parts = runtime.load("depth:levels"), []
    while int(job["position"][0]) < len(events):
        parts.append(arrays["out"][: kernel(job.ctypes.data)].copy())
    return _table(np.concatenate(parts), levels)


def _table(rows: npt.NDArray[np.int64], levels: int) -> Depth:
    columns = (np.ascontiguousarray(rows[:, 1 + k * levels : 1 + (k + 1) * levels]) for k in range(4))
    return Depth(rows[:, 0].copy(), *columns)
