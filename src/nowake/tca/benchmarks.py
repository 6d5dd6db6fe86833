"""The prices an order is measured against: prevailing mids, interval VWAP, interval TWAP, the close.

The prevailing quote of an instant is the latest one at or before it; `strictly_before=True` takes the latest one
before, which is right where stamps are coarser than a microsecond (a trade and the quote it caused share a stamp), and
for the quote a fill met. A quote stands until the NEXT one, never since the one before. What cannot be had is NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.fill import Fill
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_MINUTE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLOSING_NS = 5 * NS_PER_MINUTE  # An auction print this close to the close, or later, is the closing auction's.


class Volume(NamedTuple):
    """Exact totals of prints: lots, and the sum of price in ticks times lots."""

    lots: int
    ticks_lots: int

    @property
    def vwap_ticks(self) -> float:
        """Volume-weighted average price in ticks, NaN without volume."""
        return self.ticks_lots / self.lots if self.lots > 0 else math.nan


class Close(NamedTuple):
    """The close in ticks, when it printed, and whether an auction made it."""

    price_ticks: float
    time_ns: int
    auction: bool


def prevailing_mids(
    quotes: Quotes, times_ns: Ints, *, strictly_before: bool = False, max_age_ns: int | None = None
) -> Floats:
    """Mid in ticks at each of many instants.

    Parameters
    ----------
    times_ns
        Instants, shape (n,), in any order.
    strictly_before
        Whether a quote stamped with the very instant is not yet to be seen.
    max_age_ns
        A quote older than this counts as none; None for no limit.

    Returns
    -------
    array of float64, shape (n,)
        NaN before the first quote, where a side was empty, or where the quote was too old.
    """
    times = np.asarray(times_ns, dtype=np.int64)
    rows = np.searchsorted(quotes.time_ns, times, side="left" if strictly_before else "right") - 1
    if not len(quotes):
        return np.full(len(times), np.nan)
    usable = rows >= 0
    if max_age_ns is not None:
        usable &= times - quotes.time_ns[np.maximum(rows, 0)] <= max_age_ns
    mids: Floats = np.where(usable, quotes.mid_ticks[np.maximum(rows, 0)], np.nan)
    return mids


def prevailing_mid(
    quotes: Quotes, time_ns: int, *, strictly_before: bool = False, max_age_ns: int | None = None
) -> float:
    """Mid in ticks at one instant; see `prevailing_mids`."""
    times = np.array([time_ns], dtype=np.int64)
    return float(prevailing_mids(quotes, times, strictly_before=strictly_before, max_age_ns=max_age_ns)[0])


def twap_mid(quotes: Quotes, start_ns: int, end_ns: int) -> tuple[float, float]:
    """Time-weighted average of the prevailing mid, and the share of the time it could be seen.

    Each mid weighs until the next quote: 100 at :00, 101 at :01, 110 at :59 over the minute average 101.13.
    Times with an empty side are left out of the average.

    Returns
    -------
    mid_ticks, covered
        NaN and 0 where no two-sided quote stood in the interval.

    Raises
    ------
    BadParameter
        When the interval is empty.
    """
    if end_ns <= start_ns:
        raise BadParameter(f"interval from {start_ns} to {end_ns} is empty; give a later end")
    if not len(quotes):
        return math.nan, 0.0
    begins = np.clip(quotes.time_ns, start_ns, end_ns)
    stood = np.append(begins[1:], end_ns) - begins
    mids = quotes.mid_ticks
    seen = (stood > 0) & np.isfinite(mids)
    if not seen.any():
        return math.nan, 0.0
    weights = stood[seen].astype(np.float64)
    return float(np.average(mids[seen], weights=weights)), float(weights.sum() / (end_ns - start_ns))


def tape_volume(trades: Trades, start_ns: int, end_ns: int) -> Volume:
    """Lots and price times lots of the continuous prints of an interval, both ends included, hidden ones too."""
    inside = (trades.time_ns >= start_ns) & (trades.time_ns <= end_ns) & ~trades.auction
    prices, lots = trades.price_ticks[inside], trades.lots[inside]
    if not len(lots):
        return Volume(0, 0)
    bound = int(np.abs(prices).max()) * int(lots.max()) * len(lots)
    if bound < 2**62:
        return Volume(int(lots.sum()), int(prices @ lots))
    # Coins in fine lots overflow 64 bits; Python's integers do not.
    pairs = zip(prices.tolist(), lots.tolist(), strict=True)
    return Volume(sum(lots.tolist()), sum(price * count for price, count in pairs))


def market_volume(trades: Trades, fills: Iterable[Fill], start_ns: int, end_ns: int) -> tuple[Volume, Volume]:
    """Volume of an interval with our own fills in it, and without them.

    Each fill says by its `tape_ticks` whether the tape shows its lots, and at which price. With = tape + fills it does
    not show, at our price; without = tape - fills it shows, at its price.

    Returns
    -------
    with_own, without_own
        The second has negative lots where the tape lacks prints it should have.
    """
    lots, ticks_lots = tape_volume(trades, start_ns, end_ns)
    inside = [fill for fill in fills if start_ns <= fill.venue_ns <= end_ns]
    absent = [(fill.lots, fill.price_ticks) for fill in inside if fill.tape_ticks is None]
    present = [(fill.lots, fill.tape_ticks) for fill in inside if fill.tape_ticks is not None]
    return (
        Volume(lots + sum(size for size, _ in absent), ticks_lots + sum(size * price for size, price in absent)),
        Volume(lots - sum(size for size, _ in present), ticks_lots - sum(size * price for size, price in present)),
    )


def closing_price(trades: Trades, session: Session) -> Close:
    """The last print of the closing auction, else the last continuous print by the close, to be flagged.

    An auction print counts from five minutes before the session's close on; an opening or midday one never does.
    NaN without prints.
    """
    auction = trades.auction & (trades.time_ns >= session.close_ns - CLOSING_NS)
    if auction.any():
        return Close(float(trades.price_ticks[auction][-1]), int(trades.time_ns[auction][-1]), True)
    continuous = ~trades.auction & (trades.time_ns >= session.open_ns) & (trades.time_ns <= session.close_ns)
    if not continuous.any():
        return Close(math.nan, session.close_ns, False)
    return Close(float(trades.price_ticks[continuous][-1]), int(trades.time_ns[continuous][-1]), False)


class FirstPrice(NamedTuple):
    """The first thing seen after an instant: "mid" or "print", its price in ticks and its time."""

    what: str
    price_ticks: float
    time_ns: int


def first_price(quotes: Quotes, trades: Trades, after_ns: int, until_ns: int) -> FirstPrice | None:
    """The first two-sided mid after an instant and by another, else the first print, else None."""
    seen = np.flatnonzero((quotes.time_ns > after_ns) & (quotes.time_ns <= until_ns) & np.isfinite(quotes.mid_ticks))
    if len(seen):
        row = int(seen[0])
        return FirstPrice("mid", float(quotes.mid_ticks[row]), int(quotes.time_ns[row]))
    row = int(np.searchsorted(trades.time_ns, after_ns, side="right"))
    if row < len(trades) and trades.time_ns[row] <= until_ns:
        return FirstPrice("print", float(trades.price_ticks[row]), int(trades.time_ns[row]))
    return None


def last_print(trades: Trades, time_ns: int) -> float:
    """Price in ticks of the latest print at or before an instant, NaN without one."""
    row = int(np.searchsorted(trades.time_ns, time_ns, side="right")) - 1
    return float(trades.price_ticks[row]) if row >= 0 else math.nan
