"""The quoted spread and the depth at the touch, each state weighted by how long it stood.

Each quote counts from its own time until the NEXT quote. One-sided and crossed states are left out and counted;
locked ones (spread 0) count. The interval of the mean comes from twelve equal parts of the window (batch means), for
neighbouring quotes are far from independent."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes
from nowake.microstructure.tables import check_table
from nowake.statistics.measurement import Measurement, t_of

BATCHES = 12

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class QuotedSpread(msgspec.Struct, frozen=True, kw_only=True):
    """Time-weighted spread and depth of one window.

    Parameters
    ----------
    ticks, bps
        Best ask less best bid, in ticks and in basis points of the mid.
    bid_lots, ask_lots
        Average depth at the best bid and the best ask.
    quotes
        Two-sided states that stood for some of the window.
    covered
        Share of the window with a two-sided, uncrossed market.
    one_sided, crossed
        States left out.
    """

    ticks: Measurement
    bps: Measurement
    bid_lots: float
    ask_lots: float
    quotes: int
    covered: float
    one_sided: int
    crossed: int


def quoted_spread(quotes: Quotes, *, start_ns: int, end_ns: int, level: float = 0.95) -> QuotedSpread:
    """Time-weighted quoted spread between two instants.

    Raises
    ------
    BadParameter
        When the window is empty.
    BadData
        When no two-sided quote stood in it.
    """
    check_table(quotes, Quotes, "give best bids and asks, for example day.quotes")
    if end_ns <= start_ns:
        raise BadParameter(f"window from {start_ns} to {end_ns} is empty; give a later end")
    begins = np.clip(quotes.time_ns, start_ns, end_ns)
    ends = np.append(begins[1:], end_ns) if len(begins) else begins
    stood = ends > begins
    both = (quotes.bid_lots > 0) & (quotes.ask_lots > 0)
    crossed = both & (quotes.ask_ticks < quotes.bid_ticks)
    use = stood & both & ~crossed
    if not use.any():
        raise BadData(
            f"no two-sided quote stood in the {(end_ns - start_ns) / 1e9:,.6g} s asked for: "
            f"{int(stood.sum())} states, all of them one-sided or crossed"
        )
    begins, ends = begins[use], ends[use]
    weight = (ends - begins).astype(np.float64)
    ticks = (quotes.ask_ticks[use] - quotes.bid_ticks[use]).astype(np.float64)
    mids = (quotes.ask_ticks[use] + quotes.bid_ticks[use]) / 2.0
    if not np.all(mids > 0):
        raise BadData(f"a mid of {mids.min():g} ticks gives no spread in basis points; prices must be above 0")
    borders = np.array([start_ns + (end_ns - start_ns) * k // BATCHES for k in range(BATCHES + 1)])
    return QuotedSpread(
        ticks=time_mean(ticks, begins, ends, borders, level),
        bps=time_mean(ticks / mids * 1e4, begins, ends, borders, level),
        bid_lots=float(np.average(quotes.bid_lots[use], weights=weight)),
        ask_lots=float(np.average(quotes.ask_lots[use], weights=weight)),
        quotes=int(use.sum()),
        covered=float(weight.sum() / (end_ns - start_ns)),
        one_sided=int((stood & ~both).sum()),
        crossed=int((stood & crossed).sum()),
    )


def time_mean(values: Floats, begins: Ints, ends: Ints, borders: Ints, level: float) -> Measurement:
    """Time-weighted mean, never below 0, of a step function; its interval from the means of parts between borders."""
    time = np.diff(_integral(np.ones_like(values), begins, ends, borders))
    area = np.diff(_integral(values, begins, ends, borders))
    mean = float(np.average(values, weights=ends - begins))
    # A part with next to no quotes says next to nothing, and would divide by rounding.
    used = time > 0.01 * np.diff(borders)
    means = area[used] / time[used]
    if len(means) < 2:
        low, high = min(mean, float(values.min())), max(mean, float(values.max()))
    else:
        half = t_of(level, len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
        low, high = max(0.0, mean - half), mean + half
    return Measurement(value=mean, low=low, high=high, level=level, n=len(values), method="time-weighted, batch means")


def _integral(values: Floats, begins: Ints, ends: Ints, at: Ints) -> Floats:
    """The integral up to each instant `at` of a function that is `values` between begins and ends, else 0."""
    origin = begins[0]
    knots = np.column_stack((begins - origin, ends - origin)).ravel().astype(np.float64)
    done = np.cumsum(values * (ends - begins))
    heights = np.column_stack((np.append(0.0, done[:-1]), done)).ravel()
    result: Floats = np.interp((at - origin).astype(np.float64), knots, heights)
    return result
