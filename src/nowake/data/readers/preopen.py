"""Before a session opens orders may cross, for nobody trades: trading is halted there, until the auction is over.

Feeds of orders do not tell the state of the market, but the calendar says when it opens, and the book when it is
uncrossed: the first instant from the open on after which the best bid is below the best ask."""

from __future__ import annotations

import itertools

import numpy as np

from nowake.data.day import Events
from nowake.data.readers.touch import Touch
from nowake.kernels.layout import ADD, CLEAR, DELETE, EVENT, EXECUTE, HALT, REDUCE, RESUME


class PreOpen:
    """Follows the events of a trading date up to the begin of trading.

    Parameters
    ----------
    open_ns
        When the session opens; None where nothing is known of it, so that nothing is done.
    """

    def __init__(self, open_ns: int | None) -> None:
        self._open_ns = open_ns
        self._begun = False
        self._book = Touch()

    def apply(self, events: Events) -> tuple[Events, int]:
        """Events of the date that come next, HALT and RESUME among them, and how many instants were crossed."""
        if self._open_ns is None or not len(events):
            return events, 0
        first_ns = int(events["time_ns"][0])
        halts = []
        if not self._begun:
            self._begun = True
            if first_ns >= self._open_ns:
                self._open_ns = None
                return events, 0
            halts.append((0, _mark(first_ns, HALT)))
        crossed, resumed = self._until_trading(events)
        if resumed is not None:
            halts.append(resumed)
            self._open_ns = None
        places, marks = [place for place, _ in halts], [mark for _, mark in halts]
        if not halts:
            return events, crossed
        merged: Events = np.insert(events, places, np.concatenate(marks))
        return merged, crossed

    def _until_trading(self, events: Events) -> tuple[int, tuple[int, Events] | None]:
        """Crossed instants of the auction, and where and when trading resumes, if it does."""
        open_ns, crossed, place = self._open_ns or 0, 0, 0
        for time_ns, instant in itertools.groupby(_rows(events), key=lambda row: row[0]):
            if time_ns >= open_ns and not self._book.is_crossed() and time_ns > open_ns:
                return crossed, (place, _mark(open_ns, RESUME))
            for _, lots, price, kind, side in instant:
                place += 1
                self._follow(lots, price, kind, side)
            if self._book.is_crossed():
                crossed += 1
            elif time_ns >= open_ns:
                return crossed, (place, _mark(time_ns, RESUME))
        return crossed, None

    def _follow(self, lots: int, price: int, kind: int, side: int) -> None:
        if kind == ADD:
            self._book.add(side, price, lots)
        elif kind in {REDUCE, DELETE, EXECUTE}:
            self._book.take(side, price, lots)
        elif kind == CLEAR:
            self._book.clear()


def _rows(events: Events) -> itertools.chain[tuple[int, ...]]:
    """Events as tuples, some thousand at a time: trading mostly begins long before the last."""
    names = ["time_ns", "lots", "price_ticks", "kind", "side"]
    parts = range(0, len(events), 1 << 12)
    return itertools.chain.from_iterable(events[names][k : k + (1 << 12)].tolist() for k in parts)


def _mark(time_ns: int, kind: int) -> Events:
    mark = np.zeros(1, EVENT)
    mark["time_ns"], mark["kind"] = time_ns, kind
    return mark
