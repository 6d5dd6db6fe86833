"""The features of `features.tape_features` told one event at a time: a row when each bar ends (`take`).

A bar ends when an event at or after its end is told (or `until` says that time has passed), for only then is it known
that nothing more comes before it. What is kept is the last quote and the sums of the running bar."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.regimes.chain import Floats
from nowake.microstructure.regimes.features import FLOOR_BPS, PARTS, TREND_BARS, check_bars


class FeatureRow(NamedTuple):
    """One bar: when it ended, and its features (volatility, trend, spread, depth, flow), NaN where not known."""

    time_ns: int
    values: Floats
    direction: int


class _Mean:
    """A time-weighted mean over the running bar, of a step function that is NaN where not known."""

    def __init__(self) -> None:
        self.standing = math.nan
        self.since_ns = 0
        self.area, self.seconds = 0.0, 0.0

    def advance(self, time_ns: int) -> None:
        """What stood, stood until now."""
        if not math.isnan(self.standing) and time_ns > self.since_ns:
            seconds = (time_ns - self.since_ns) / NS_PER_SECOND
            self.seconds += seconds
            self.area += seconds * self.standing
        self.since_ns = time_ns

    def close(self, end_ns: int) -> float:
        """The mean of the bar that ends here; the next one begins."""
        self.advance(end_ns)
        mean = self.area / self.seconds if self.seconds > 0 else math.nan
        self.area, self.seconds = 0.0, 0.0
        return mean


class LiveFeatures:
    """Features of one day as it goes.

    Parameters
    ----------
    start_ns
        When the first bar begins, usually the open.
    bar_ns, trend_bars, floor_bps
        As for `tape_features`.

    Raises
    ------
    BadParameter
        When one is out of its range.
    """

    def __init__(
        self, start_ns: int, *, bar_ns: int, trend_bars: int = TREND_BARS, floor_bps: float = FLOOR_BPS
    ) -> None:
        check_bars(bar_ns=bar_ns, trend_bars=trend_bars, floor_bps=floor_bps)
        self._start_ns, self._bar_ns, self._floor_bps = start_ns, bar_ns, floor_bps
        self._last_ns: int | None = None
        self._parts = 0  # Edges of parts passed; the first is the start itself.
        self._spread, self._depth = _Mean(), _Mean()
        self._spread.since_ns = self._depth.since_ns = start_ns
        self._log_mid = math.nan
        self._at_part = math.nan
        self._moves: list[float] = []
        self._trend_bars = trend_bars
        self._steps: list[float] = []
        self._direction = 0
        self._signed, self._lots = 0.0, 0.0
        self._ready: list[FeatureRow] = []
        self._volatility = math.nan

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these.

        Raises
        ------
        BadData
            When it goes back in time, or prices are not above 0; nothing has changed then.
        """
        stands = bid_lots > 0 and ask_lots > 0 and bid_ticks <= ask_ticks
        if stands and bid_ticks <= 0:
            raise BadData(f"a best bid of {bid_ticks} ticks gives no basis points; prices must be above 0")
        self.until(time_ns)
        now = max(time_ns, self._start_ns)
        self._spread.advance(now)
        self._depth.advance(now)
        self._spread.standing = 2.0 * (ask_ticks - bid_ticks) / (ask_ticks + bid_ticks) if stands else math.nan
        self._depth.standing = (bid_lots + ask_lots) / 2.0 if stands else math.nan
        if stands:
            self._log_mid = float(np.log((bid_ticks + ask_ticks) / 2.0))

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print and who took, +1, -1, or 0 where nobody says. Auctions and hidden prints are not told.

        Raises
        ------
        BadData
            When it goes back in time; nothing has changed then.
        """
        self.until(time_ns)
        if time_ns >= self._start_ns and side != 0:
            self._signed += side * float(lots)
            self._lots += float(lots)

    def until(self, time_ns: int) -> None:
        """All that is stamped before this has been told: bars that ended by then are ready.

        Raises
        ------
        BadData
            When it goes back in time; nothing has changed then.
        """
        if self._last_ns is not None and time_ns < self._last_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._last_ns}; sort by time")
        self._last_ns = time_ns
        while time_ns >= (edge := self._edge()):
            move = self._log_mid - self._at_part
            if self._parts > 0:
                self._moves.append(move)
            self._at_part = self._log_mid
            self._parts += 1
            if len(self._moves) == PARTS:
                self._ready.append(self._closed(edge))

    def take(self) -> list[FeatureRow]:
        """The bars that are ready and were not taken yet, in the order of time."""
        taken, self._ready = self._ready, []
        return taken

    @property
    def value(self) -> float:
        """Volatility of the last bar that ended, log of bp; NaN before the first."""
        return self._volatility

    def _edge(self) -> int:
        """The end of the running part of a bar; first of all the start itself."""
        return self._start_ns + self._parts * self._bar_ns // PARTS

    def _closed(self, end_ns: int) -> FeatureRow:
        """The bar that ends here."""
        moves = np.array(self._moves)
        self._steps.append(float(moves.sum()))
        trend = self._trend()
        spread, depth = self._spread.close(end_ns), self._depth.close(end_ns)
        values = np.array(
            [
                self._log_bps(float(np.sqrt((moves**2).sum()))),
                trend,
                self._log_bps(spread),
                float(np.log(depth)),
                abs(self._signed) / self._lots if self._lots > 0 else math.nan,
            ]
        )
        self._moves, self._signed, self._lots = [], 0.0, 0.0
        self._volatility = float(values[0])
        return FeatureRow(end_ns, values, self._direction)

    def _trend(self) -> float:
        """Of the window that ends with this bar, NaN inside one."""
        if len(self._steps) < self._trend_bars:
            return math.nan
        net, squares = 0.0, (self._floor_bps / 1e4) ** 2
        for step in self._steps:
            net, squares = net + step, squares + step**2
        self._steps = []
        self._direction = 0 if math.isnan(net) else int(np.sign(net))
        return abs(net) / math.sqrt(squares)

    def _log_bps(self, part: float) -> float:
        return float(0.5 * np.log((1e4 * part) ** 2 + self._floor_bps**2))
