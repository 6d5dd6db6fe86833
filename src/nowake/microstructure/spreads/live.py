"""Spreads beside a live market: later mids are filled in as time passes, and means follow.

The streaming twin of `later.mids_around` and `effective.print_spreads` (clock "before"). A mid due at t + h is known as
soon as anything later than that is told. A trade waits in one queue a horizon, so an event costs a comparison, a trade
an entry a horizon; what is held is the trades of the longest horizon."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import BPS
from nowake.microstructure.prevailing import Prevailing
from nowake.microstructure.spreads.later import check_clock, check_horizons
from nowake.microstructure.whole import whole


class Print(NamedTuple):
    """A print that waits for what the mid will be."""

    time_ns: int
    price_ticks: int
    lots: int
    side: int
    mid_ticks: float


class Resolved(NamedTuple):
    """The mid of one print at one horizon: `place` among the horizons, NaN where the quote was too old."""

    place: int
    print: Print
    later_ticks: float


class LaterMids:
    """Prints that wait for the mids after them.

    Parameters
    ----------
    horizons_ns
        How much later to look, rising, in nanoseconds.
    stale_ns
        The oldest a quote may be where it is used; None for any age.

    Raises
    ------
    BadParameter
        When a horizon or the limit is none.
    """

    def __init__(self, horizons_ns: Sequence[int], *, stale_ns: int | None = None) -> None:
        check_horizons(horizons_ns)
        check_clock("before", stale_ns)
        if not horizons_ns:
            raise BadParameter("horizons_ns () is empty; give one or more, for example (1_000_000_000,)")
        self.horizons_ns = tuple(int(horizon) for horizon in horizons_ns)
        self.stale_ns = stale_ns
        self.without_quote = 0
        self.unsigned = 0
        self._prevailing = Prevailing()
        self._waiting: tuple[deque[Print], ...] = tuple(deque() for _ in self.horizons_ns)
        self._due_ns: float = math.inf
        self._last_ns: float = -math.inf

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> list[Resolved]:
        """The best quotes became these; returns the mids that are now known."""
        resolved = self._until(time_ns)
        self._prevailing.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)
        return resolved

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> list[Resolved]:
        """A print, which waits where it has a side and a quote; returns the mids that are now known."""
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        if side not in (-1, 0, 1) or lots <= 0 or price_ticks <= 0:
            raise BadData(
                f"a print of {lots} lots at {price_ticks} ticks, side {side}: give a size and a price above 0, and a "
                "side of +1, -1, or 0 for unknown"
            )
        resolved = self._until(time_ns)
        mid = self._mid(time_ns, strictly=True)
        if math.isnan(mid):
            self.without_quote += 1
        elif side == 0:
            self.unsigned += 1
        else:
            waiting = Print(time_ns, price_ticks, lots, side, mid)
            for queue in self._waiting:
                queue.append(waiting)
            self._due_ns = min(self._due_ns, time_ns + self.horizons_ns[0])
        return resolved

    def _until(self, time_ns: int) -> list[Resolved]:
        """Mids that were due before an instant."""
        if time_ns < self._last_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._last_ns:.0f}; sort by time")
        self._last_ns = time_ns
        resolved: list[Resolved] = []
        if time_ns <= self._due_ns:
            return resolved
        for place, (horizon, queue) in enumerate(zip(self.horizons_ns, self._waiting, strict=True)):
            while queue and queue[0].time_ns + horizon < time_ns:
                first = queue.popleft()
                resolved.append(Resolved(place, first, self._mid(first.time_ns + horizon, strictly=False)))
        heads = (
            queue[0].time_ns + horizon for horizon, queue in zip(self.horizons_ns, self._waiting, strict=True) if queue
        )
        self._due_ns = min(heads, default=math.inf)
        return resolved

    def _mid(self, time_ns: int, *, strictly: bool) -> float:
        quote = self._prevailing.before(time_ns if strictly else time_ns + 1)
        if quote is None or (self.stale_ns is not None and time_ns - quote.time_ns > self.stale_ns):
            return math.nan
        return (quote.bid_ticks + quote.ask_ticks) / 2


class SpreadGauge:
    """Mean effective spread, realised spread and impact of the prints so far, at one horizon.

    All three are over the prints whose later mid is known, so that the first is the sum of the others. `value` is the
    realised spread in basis points.

    Parameters
    ----------
    horizon_ns
        How much later the mid is looked at.
    weighted_by_size
        Whether a print counts by its lots; else each once.
    stale_ns
        See `LaterMids`.
    """

    def __init__(self, horizon_ns: int, *, weighted_by_size: bool = True, stale_ns: int | None = None) -> None:
        self._later = LaterMids((horizon_ns,), stale_ns=stale_ns)
        self.weighted_by_size = weighted_by_size
        self.prints = 0
        self._weight = 0.0
        self._effective = 0.0
        self._impact = 0.0

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these."""
        self._take(self._later.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots))

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print."""
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        self._take(self._later.on_trade(time_ns, price_ticks, lots, side))

    @property
    def value(self) -> float:
        """Mean realised spread in basis points; NaN until a later mid is known."""
        return self.effective_bps - self.impact_bps

    @property
    def effective_bps(self) -> float:
        """Mean effective spread of the same prints."""
        return 2 * BPS * self._effective / self._weight if self.prints else math.nan

    @property
    def impact_bps(self) -> float:
        """Mean impact of the same prints."""
        return 2 * BPS * self._impact / self._weight if self.prints else math.nan

    def _take(self, resolved: list[Resolved]) -> None:
        for _, traded, later in resolved:
            if math.isnan(later):
                continue
            weight = traded.lots if self.weighted_by_size else 1
            self.prints += 1
            self._weight += weight
            self._effective += weight * traded.side * (traded.price_ticks - traded.mid_ticks) / traded.mid_ticks
            self._impact += weight * traded.side * (later - traded.mid_ticks) / traded.mid_ticks
