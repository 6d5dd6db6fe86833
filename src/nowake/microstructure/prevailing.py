"""Which quote stood when something happened, told event by event: the twin of `market_orders.Touch`.

The quote that counts is the latest two-sided, uncrossed one, the last of its stamp, strictly before the instant, for
within one stamp the order is not known. A lag looks that much earlier (Lee & Ready 1991 used five seconds on the stamps
of their time)."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from nowake.domain.errors import BadData, BadParameter


class Quote(NamedTuple):
    """Best bid and ask since an instant."""

    time_ns: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int

    @property
    def stands(self) -> bool:
        """Whether both sides are there and do not cross."""
        return self.bid_lots > 0 and self.ask_lots > 0 and self.bid_ticks <= self.ask_ticks


class Prevailing:
    """The quotes of the last `lag_ns`, and the one before them.

    Parameters
    ----------
    lag_ns
        How much earlier than asked to look, 0 or more.

    Raises
    ------
    BadParameter
        When the lag is negative, or no whole number.
    """

    def __init__(self, lag_ns: int = 0) -> None:
        if not lag_ns >= 0 or lag_ns % 1:
            raise BadParameter(
                f"lag_ns {lag_ns} must be whole nanoseconds, 0 or more; a quote of the future tells nothing"
            )
        self.lag_ns = lag_ns
        self._pending: Quote | None = None
        self._stood: deque[Quote] = deque()

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these.

        Raises
        ------
        BadData
            When it is earlier than the one before.
        """
        if self._pending is not None:
            if time_ns < self._pending.time_ns:
                raise BadData(f"a quote at {time_ns} is before the last one, at {self._pending.time_ns}; sort by time")
            if time_ns > self._pending.time_ns and self._pending.stands:
                self._stood.append(self._pending)
        self._pending = Quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)
        oldest = time_ns - self.lag_ns
        while len(self._stood) > 1 and self._stood[1].time_ns < oldest:
            self._stood.popleft()

    def before(self, time_ns: int) -> Quote | None:
        """The quote that stood just before `time_ns` less the lag, strictly; None where there was none.

        `time_ns` is not before the last quote told, so that all quotes that could count are known. (A quote of that
        very stamp is not: the feed may still change it.)
        """
        instant = time_ns - self.lag_ns
        pending = self._pending
        if pending is not None and pending.stands and pending.time_ns < instant:
            return pending
        return next((quote for quote in reversed(self._stood) if quote.time_ns < instant), None)
