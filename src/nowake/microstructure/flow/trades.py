"""Trade imbalance: how much more was bought than sold by those who took, between -1 and 1.

    sum of s v / sum of v    over the last seconds, the last prints or the last lots; s = +1 where the buyer took.

Prints without a side count on neither side of the fraction, for nobody knows where they belong; auctions and prints of
hidden orders count like others, so leave out beforehand what should not be heard. NaN where the window holds no print
with a side, or, of windows of prints or lots, where it is not full yet.

Wrong as a measure of pressure: a trade is a small part of order flow, and which side quotes join and leave tells more
of the mid (Cont, Kukanov & Stoikov 2014, section 4); `flow.orderflow` is that. A side guessed by a classifier is wrong
most where it matters, inside the spread."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.microstructure.flow.orderflow import check_window, forward
from nowake.microstructure.tables import check_table
from nowake.microstructure.whole import whole

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def trade_imbalance(
    trades: Trades,
    at_ns: Ints,
    *,
    window_ns: int | None = None,
    prints: int | None = None,
    lots: int | None = None,
) -> Floats:
    """Trade imbalance at each instant, over one kind of window.

    Parameters
    ----------
    at_ns
        int64[k], in any order; prints of that very stamp count.
    window_ns
        The prints of (t - window, t].
    prints
        The last so many prints with a side.
    lots
        The last so many lots of prints with a side; the oldest print counts with what is left of the window.

    Returns
    -------
    float64[k]
        In [-1, 1], NaN where not known.

    Raises
    ------
    BadParameter
        When not exactly one window is given, or it is not above 0.
    BadData
        When a print has no lots, or a side other than +1, -1 and 0.
    """
    check_one(window_ns, prints, lots)
    check_prints(trades)
    told = trades.aggressor != 0
    time_ns, size = trades.time_ns[told], trades.lots[told]
    signed = np.append(0, np.cumsum(size * trades.aggressor[told].astype(np.int64)))
    volume = np.append(0, np.cumsum(size))
    last = np.searchsorted(time_ns, at_ns, side="right")
    if lots is not None:
        return _over_lots(signed, volume, last, lots)
    if prints is not None:
        before = last - prints
    else:
        before = np.searchsorted(time_ns, np.asarray(at_ns) - (window_ns or 0), side="right")
    known = (before >= 0) & (last > before)
    before = np.where(known, before, last)
    total = np.where(known, volume[last] - volume[before], 1)
    return np.where(known, (signed[last] - signed[before]) / total, np.nan)


class TradeImbalance:
    """`trade_imbalance` as of the last event, told one print at a time.

    Parameters
    ----------
    window_ns, prints, lots
        One of the three.

    Raises
    ------
    BadParameter
        When not exactly one is given, or it is not above 0.
    """

    def __init__(self, *, window_ns: int | None = None, prints: int | None = None, lots: int | None = None) -> None:
        check_one(window_ns, prints, lots)
        self.window_ns, self.prints, self.lots = window_ns, prints, lots
        self.unsigned = 0
        self._now_ns: int | None = None
        self._heard: deque[tuple[int, int]] = deque()  # Stamp and signed lots.
        self._signed = self._volume = 0

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:  # noqa: ARG002
        """A quote moves the clock alone."""
        self._advance(time_ns)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; one without a side is counted and passed over.

        Raises
        ------
        BadData
            When it has no lots, its side is none of +1, -1 and 0, or it is earlier than the event before.
        """
        time_ns, lots, side = whole(time_ns=time_ns, lots=lots, side=side)
        check_print(lots, side)
        self._advance(time_ns)
        if side == 0:
            self.unsigned += 1
            return
        self._heard.append((time_ns, side * lots))
        self._signed += side * lots
        self._volume += lots
        if self.prints is not None and len(self._heard) > self.prints:
            self._forget()
        while self.lots is not None and self._volume - abs(self._heard[0][1]) >= self.lots:
            self._forget()

    @property
    def value(self) -> float:
        """In [-1, 1]; NaN where the window is empty, or not full yet."""
        if self.lots is not None:
            if self._volume < self.lots:
                return float("nan")
            over, oldest = self._volume - self.lots, self._heard[0][1]
            return (self._signed - (over if oldest > 0 else -over)) / self.lots
        if not self._heard or (self.prints is not None and len(self._heard) < self.prints):
            return float("nan")
        return self._signed / self._volume

    def _advance(self, time_ns: int) -> None:
        self._now_ns = forward(self._now_ns, time_ns)
        if self.window_ns is not None:
            while self._heard and self._heard[0][0] <= time_ns - self.window_ns:
                self._forget()

    def _forget(self) -> None:
        signed = self._heard.popleft()[1]
        self._signed -= signed
        self._volume -= abs(signed)


def check_prints(trades: Trades) -> None:
    """Refuse prints without size, and sides that are none of +1, -1 and 0."""
    check_table(trades, Trades, "give prints, for example day.trades")
    wrong = np.flatnonzero((trades.lots <= 0) | (np.abs(trades.aggressor) > 1))
    if len(wrong):
        check_print(int(trades.lots[wrong[0]]), int(trades.aggressor[wrong[0]]))


def check_print(lots: int, side: int) -> None:
    """Refuse a print without size, or with a side that is none of +1, -1 and 0."""
    if lots <= 0:
        raise BadData(f"a print of {lots} lots; leave out prints without size")
    if not -1 <= side <= 1:
        raise BadData(f"a print of side {side}; +1 is a buyer who took, -1 a seller, 0 not known")


def check_one(window_ns: int | None, prints: int | None, lots: int | None) -> None:
    """Refuse no window, more than one, and one that is not above 0."""
    given = {
        name: value
        for name, value in (("window_ns", window_ns), ("prints", prints), ("lots", lots))
        if value is not None
    }
    if len(given) != 1:
        raise BadParameter(f"windows given: {given or 'none'}; give one of window_ns, prints and lots")
    if window_ns is not None:
        check_window(window_ns)
    elif min(given.values()) < 1:
        raise BadParameter(f"a window of {given} must be 1 or more")


def _over_lots(signed: Ints, volume: Ints, last: Ints, lots: int) -> Floats:
    """The last `lots` lots before each place, the oldest print split."""
    start = volume[last] - lots
    known = start >= 0
    start = np.where(known, start, 0)
    oldest = np.clip(np.searchsorted(volume, start, side="right") - 1, 0, max(len(volume) - 2, 0))
    if len(volume) < 2:
        return np.full(len(last), np.nan)
    side = np.sign(signed[oldest + 1] - signed[oldest])
    before = signed[oldest] + side * (start - volume[oldest])
    return np.where(known, (signed[last] - before) / lots, np.nan)
