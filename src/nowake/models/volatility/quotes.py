"""Realised volatility of the mid, as a fraction of the price per square root of a trading session.

Sum of squared 5-minute log returns of the prevailing mid, averaged over five grids one minute apart (Zhang, Mykland,
Ait-Sahalia 2005, "A tale of two time scales", subsampling and averaging): mids do not bounce between bid and ask, and
five minutes let what noise is left die out. The interval is Barndorff-Nielsen & Shephard's (2002): the logarithm of the
realised variance has variance (2/3) sum r^4 / (sum r^2)^2; one grid's, so slightly too wide for the average of five.

Wrong where: the overnight move is not in it; an opening hour scaled to a day overstates, a lunch hour understates."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.statistics.measurement import Measurement, z_of

GRIDS = 5
MIN_RETURNS = 6

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def realised_volatility(
    quotes: Quotes,
    session: Session,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    step_ns: int | None = None,
    level: float = 0.95,
) -> Measurement:
    """Volatility of the mid between two instants, scaled to the whole session.

    Parameters
    ----------
    quotes
        Best bid and ask; one-sided and crossed states are passed over for the state before them.
    start_ns, end_ns
        What to look at, by default the session; cut to where two-sided quotes exist.
    step_ns
        Length of a return, by default 5 minutes, or a twelfth of what is looked at if that is shorter.
    level
        Confidence of the interval.

    Returns
    -------
    Measurement
        Fraction of the price per sqrt(session); `n` counts the returns of one grid.

    Raises
    ------
    BadData
        When there are too few quotes, a mid is not positive, or the mid never moved.
    BadParameter
        When the step is not positive or leaves fewer than 6 returns.
    """
    start = session.open_ns if start_ns is None else start_ns
    end = session.close_ns if end_ns is None else end_ns
    times, mids = two_sided(quotes)
    seen = times[times <= end]
    if not len(seen) or end <= start:
        raise BadData(f"no two-sided quote up to {session.clock(end)}; volatility needs quotes on both sides")
    # After its last row a table says nothing: a still mid there would be invented.
    start, end = max(start, int(seen[0])), min(end, int(seen[-1]))
    step = min(5 * NS_PER_MINUTE, (end - start) // 12) if step_ns is None else step_ns
    if step <= 0 or (end - start) // step < MIN_RETURNS:
        raise BadParameter(
            f"{(end - start) / NS_PER_SECOND:g} s of quotes hold fewer than {MIN_RETURNS} returns of "
            f"{step / NS_PER_SECOND:g} s; look at a longer time or take a shorter step"
        )
    grids = [_returns(times, mids, np.arange(start + k * step // GRIDS, end + 1, step)) for k in range(GRIDS)]
    square = float(np.mean([np.sum(r**2) / len(r) for r in grids]))
    if square == 0:
        raise BadData(
            f"the mid never moved between {session.clock(start)} and {session.clock(end)}; "
            "look at a longer time, or give the volatility"
        )
    fourth = float(np.mean([np.sum(r**4) / len(r) for r in grids]))
    value = math.sqrt(square * (session.close_ns - session.open_ns) / step)
    # Half of the standard error of log variance is that of log volatility.
    spread = math.exp(0.5 * z_of(level) * math.sqrt(2 / 3 * fourth / (square**2 * len(grids[0]))))
    method = f"{step / NS_PER_SECOND:g}-second mid returns, {GRIDS} grids, {session.clock(start)}-{session.clock(end)}"
    return Measurement(
        value=value, low=value / spread, high=value * spread, level=level, n=len(grids[0]), method=method
    )


def two_sided(quotes: Quotes) -> tuple[Ints, Floats]:
    """Times and mids, in ticks, of the quotes with both sides and a spread of 0 or more."""
    good = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (quotes.ask_ticks >= quotes.bid_ticks)
    return quotes.time_ns[good], (quotes.bid_ticks[good] + quotes.ask_ticks[good]) / 2.0


def _returns(times: Ints, mids: Floats, grid: Ints) -> Floats:
    prevailing = mids[np.searchsorted(times, grid, side="right") - 1]
    if not np.all(prevailing > 0):
        raise BadData(f"a mid of {prevailing.min():g} ticks has no log return; volatility needs prices above 0")
    return np.diff(np.log(prevailing))
