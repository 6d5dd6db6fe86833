"""A day as a market to compare with, and its books looked at evenly through a window."""

from __future__ import annotations

import functools

import numpy as np

from nowake.data.day import Day
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.models.liquidity import Books
from nowake.models.market import MarketState

LOOKS = 360
_LEVELS = 50


def market_of_day(day: Day) -> MarketState:
    """A whole day as a market, to compare others with."""
    session = day.instrument.session
    whole = ParentOrder(
        instrument=day.instrument, side=Side.BUY, lots=1, start_ns=session.open_ns, end_ns=session.close_ns
    )
    return MarketState.measure(whole, day.quotes, day.trades)


def books_of(day: Day, *, start_ns: int, end_ns: int, looks: int = LOOKS) -> Books | None:
    """Books at even instants between two, None where the day does not tell what its book displays.

    The first look is after the first of `looks` equal parts, the last at the end.
    """
    if not day.can_replay:
        return None
    from nowake.sim.book import Book  # noqa: PLC0415
    from nowake.sim.level_book import LevelBook  # noqa: PLC0415

    shown = min(day.depth or _LEVELS, _LEVELS)
    make = Book if day.tells_orders else LevelBook
    book = functools.partial(make, depth=shown, reach=day.depth)(day.events)
    times = np.array([start_ns + (end_ns - start_ns) * k // looks for k in range(1, looks + 1)], dtype=np.int64)
    ticks, lots = np.zeros((2, looks, shown), np.int64), np.zeros((2, looks, shown), np.int64)
    for k, time_ns in enumerate(times):
        while book.run(int(time_ns)):
            pass
        for side, levels in enumerate(book.sides()):
            for place, (price, size) in enumerate(levels[:shown]):
                ticks[side, k, place], lots[side, k, place] = price, size
    return Books(time_ns=times, bid_ticks=ticks[0], bid_lots=lots[0], ask_ticks=ticks[1], ask_lots=lots[1], shown=shown)
