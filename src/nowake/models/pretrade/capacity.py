"""Capacity: the size at which the expected cost reaches so many basis points.

The root of cost(Q) = limit in Q, at a fixed rate of participation or in a fixed window. Its interval is the set of
sizes at which the limit is inside the interval of the expected cost (the inversion of a test), so that it is as
lopsided as it should be; its upper end is open where even the most hopeful parameters never reach the limit within
the sizes looked at. Impact laws were fitted to orders far below a day's volume: a capacity above that is a guess."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import Costs, costs
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.terms import Floats, Size, Terms

LARGEST_DAYS_OF_VOLUME = 10.0
_GRID = 400
_ZOOMS = 4


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How much can be traded for at most so many basis points.

    Parameters
    ----------
    limit_bps
        Of expected cost: half-spread, impact and fees.
    quantity
        The largest size that costs no more; 0 where the smallest does, None where all sizes looked at stay below.
    low, high
        Its interval at `level`, from parameters and measured inputs; `high` None where it is open.
    participation, days
        What was held fixed; the other is None.
    share_of_day
        `quantity` over the day's volume.
    largest
        The largest size looked at.
    """

    limit_bps: float
    quantity: float | None
    low: float | None
    high: float | None
    level: float
    participation: float | None
    days: float | None
    share_of_day: float | None
    largest: float

    def __str__(self) -> str:
        held = f"{self.participation:.1%} of volume" if self.days is None else in_sessions(self.days)
        if self.quantity is None:
            return f"{self.limit_bps:g} bps are not reached at {held} up to {self.largest:,.0f}, ten days' volume"
        if self.quantity == 0:
            return f"the smallest order already costs more than {self.limit_bps:g} bps at {held}"
        ends = [f"{'open' if end is None else format(end, ',.0f')}" for end in (self.low, self.high)]
        return (
            f"{self.quantity:,.0f} at {held} cost {self.limit_bps:g} bps ({self.share_of_day:.1%} of a day's volume); "
            f"{ends[0]} to {ends[1]} at {self.level:.0%}"
        )


def capacity(
    model: Impact,
    market: MarketState,
    limit_bps: float,
    *,
    participation: float | None = None,
    days: float | None = None,
    window_days: float | None = None,
    smallest: float = 1.0,
    fees: Fees = NO_FEES,
    multiplier: float = 1.0,
    level: float = 0.95,
) -> Capacity:
    """The largest size whose expected cost stays at or below a limit.

    Parameters
    ----------
    limit_bps
        Above 0.
    participation, days
        Give one: a share of all volume, so that a larger order takes longer, or a window in sessions.
    window_days
        Sessions of the window the market's `window_volume` is of. It counts for a window of that length alone; any
        other has the day's volume, spread evenly, as a fixed rate has.
    smallest
        Least size that can be traded, in shares.

    Raises
    ------
    BadParameter
        When both or neither of participation and days are given, or a number is out of its range.
    """
    if not 0 < limit_bps < float("inf"):
        raise BadParameter(f"a limit of {limit_bps} bps must be above 0 and finite")
    if (participation is None) == (days is None):
        raise BadParameter(f"give participation or days, one of them; got {participation} and {days}")
    largest = LARGEST_DAYS_OF_VOLUME * market.daily_volume
    if not 0 < smallest < largest:
        raise BadParameter(f"smallest size {smallest} must be above 0 and below {largest:g}, ten days' volume")
    even = market if days == window_days else msgspec.structs.replace(market, window_volume=None)

    def terms(sizes: Floats) -> Terms:
        if participation is not None:
            return market.at_participation(sizes, participation)
        return even.terms(sizes, np.full(sizes.shape, days))

    def costing(read: Callable[[Costs], Size]) -> float | None:
        """The largest size at which a reading of the expected cost is not above the limit."""

        def cost(sizes: Floats) -> Floats:
            (done,) = costs([model], terms(sizes), doubt=market.doubt, fees=fees, multiplier=multiplier)
            return np.asarray(read(done))

        return _largest(cost, limit_bps, smallest, largest)

    low = costing(lambda done: done.expected_interval(level)[1])
    size = costing(lambda done: done.expected_bps)
    high = costing(lambda done: done.expected_interval(level)[0])
    return Capacity(
        limit_bps=limit_bps,
        quantity=size,
        low=low,
        high=high,
        level=level,
        participation=participation,
        days=days,
        share_of_day=None if size is None else size / market.daily_volume,
        largest=largest,
    )


def in_sessions(days: float) -> str:
    """A length in words."""
    return "1 session" if days == 1 else f"{days:.3g} sessions"


def _largest(cost: Callable[[Floats], Floats], limit: float, smallest: float, largest: float) -> float | None:
    """The last size on a grid, then on finer ones, at which the cost is not above the limit; None where all are not.

    The last, for a least fee makes small orders dear: there the cost falls with size before it rises.
    """
    sizes = np.geomspace(smallest, largest, _GRID)
    for _ in range(_ZOOMS):
        good = np.flatnonzero(cost(sizes) <= limit)
        if not len(good):
            return 0.0
        last = int(good[-1])
        if last == len(sizes) - 1:
            return None
        sizes = np.geomspace(sizes[last], sizes[last + 1], 65)
    return float(sizes[0])
