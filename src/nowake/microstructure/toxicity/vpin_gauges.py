"""VPIN beside a live market: the twins of `vpin` and `vpin_of_bars`, a print at a time.

A new value comes with each full bucket; between buckets it stays. What `vpin_of_bars` ends with, the last bar that is
not over, a gauge has not heard of either."""

from __future__ import annotations

import math

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.classify.bulk import MINUTE_NS, Sigma, Spread, check_bulk, share_bought
from nowake.microstructure.classify.gauges import SideGauge
from nowake.microstructure.toxicity.alarm import AlarmGauge, AlarmRule
from nowake.microstructure.toxicity.buckets import Filler, Rolling
from nowake.microstructure.whole import whole

_WINDOW = 50


class VpinGauge:
    """VPIN of prints as they come.

    Parameters
    ----------
    bucket_lots, window
        V and n.
    rule
        How a print is signed: "true" as the feed tells, or another rule of `SideGauge`.
    lag_ns, keep_true
        As there.

    Raises
    ------
    BadParameter
        When a parameter is out of range, or the rule looks ahead.
    """

    def __init__(
        self,
        *,
        bucket_lots: int,
        window: int = _WINDOW,
        rule: str = "true",
        lag_ns: int = 0,
        keep_true: bool = True,
    ) -> None:
        self._filler = Filler(bucket_lots)
        self._rolling = Rolling(bucket_lots, window)
        self._sides = SideGauge(rule, lag_ns=lag_ns, keep_true=keep_true)
        self.undecided_lots = 0

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these."""
        self._sides.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print.

        Raises
        ------
        BadData
            When it is earlier than what was told before, or its lots or side are none.
        """
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        if lots < 0:
            raise BadData(f"{lots} lots; volume is 0 or more")
        self._sides.on_trade(time_ns, price_ticks, lots, side)
        signed = self._sides.side
        if not signed:
            self.undecided_lots += lots
        self._rolling.add(self._filler.pour(lots, signed, at_most=self._rolling.window))

    @property
    def buckets(self) -> int:
        """How many are full."""
        return self._filler.filled

    @property
    def value(self) -> float:
        """VPIN of the last full buckets; NaN before the window is full."""
        return self._rolling.value


class FlowAlarmGauge:
    """The alarm on the imbalance of buckets, from prints as they come.

    Parameters
    ----------
    alarm
        From `calibrate_alarm` on `Vpin.imbalance` of quiet days, made with the same buckets and sides.
    bucket_lots, rule, lag_ns, keep_true
        As of `VpinGauge`.

    Raises
    ------
    BadParameter
        When a parameter is out of range, or the rule looks ahead.
    """

    def __init__(
        self, alarm: AlarmRule, *, bucket_lots: int, rule: str = "true", lag_ns: int = 0, keep_true: bool = True
    ) -> None:
        self.alarm = AlarmGauge(alarm)
        self._filler = Filler(bucket_lots)
        self._sides = SideGauge(rule, lag_ns=lag_ns, keep_true=keep_true)

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these."""
        self._sides.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print.

        Raises
        ------
        BadData
            When it is earlier than what was told before, or its lots or side are none.
        """
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        if lots < 0:
            raise BadData(f"{lots} lots; volume is 0 or more")
        self._sides.on_trade(time_ns, price_ticks, lots, side)
        for signed in self._filler.pour(lots, self._sides.side):
            self.alarm.update(abs(signed) / self._filler.bucket_lots)

    @property
    def is_raised(self) -> bool:
        """Whether an alarm stands."""
        return self.alarm.is_raised

    @property
    def value(self) -> float:
        """The alarm's cumulative sum; 0 before the first full bucket."""
        return self.alarm.value


class BulkVpinGauge:
    """VPIN of volume signed in bulk, over bars that are over.

    Parameters
    ----------
    bucket_lots, window
        V and n.
    bar_ns, bar_lots
        Bars of equal time (a minute by default) or of equal volume; one of them.
    sigma
        "running", or a number of ticks from earlier days. The papers' "sample" would look ahead.
    dof
        Student's degrees of freedom, None for the normal distribution.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    def __init__(
        self,
        *,
        bucket_lots: int,
        window: int = _WINDOW,
        bar_ns: int | None = None,
        bar_lots: int | None = None,
        sigma: Sigma = "running",
        dof: float | None = None,
    ) -> None:
        check_bulk(sigma, dof)
        if sigma == "sample":
            raise BadParameter("sigma 'sample' needs prices to come; take 'running', or a number of earlier days")
        if bar_ns is not None and bar_lots is not None:
            raise BadParameter(f"bar_ns {bar_ns} and bar_lots {bar_lots}; give one of them")
        if min(1 if bar_ns is None else bar_ns, 1 if bar_lots is None else bar_lots) <= 0:
            raise BadParameter(f"bar_ns {bar_ns} or bar_lots {bar_lots} must be above 0")
        self._filler = Filler(bucket_lots)
        self._rolling = Rolling(bucket_lots, window)
        self._bar_ns = MINUTE_NS if bar_ns is None else bar_ns
        self._bar_lots = bar_lots
        self._sigma, self._dof = sigma, dof
        self._spread = Spread()
        self._close: int | None = None  # Of the last bar that is over.
        self._price: int | None = None  # Of the last print.
        self._lots = 0  # Of the bar that is not over.
        self._time_ns: int | None = None

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """Quotes change nothing here."""

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002  # The contract's.
        """A print; its side is not asked.

        Raises
        ------
        BadData
            When it is earlier than the one before, or its lots are none.
        """
        time_ns, price_ticks, lots = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots)
        if lots < 0:
            raise BadData(f"{lots} lots; volume is 0 or more")
        if self._time_ns is not None and time_ns < self._time_ns:
            raise BadData(f"a print at {time_ns} is before the last one, at {self._time_ns}; sort by time")
        if self._bar_lots is None:
            self._in_time(time_ns, lots)
        else:
            self._in_volume(price_ticks, lots, self._bar_lots)
        self._time_ns, self._price = time_ns, price_ticks

    def _in_time(self, time_ns: int, lots: int) -> None:
        before = self._time_ns
        if before is not None and self._price is not None and time_ns // self._bar_ns != before // self._bar_ns:
            self._over(self._price, self._lots)
            self._lots = 0
        self._lots += lots

    def _in_volume(self, price_ticks: int, lots: int, bar_lots: int) -> None:
        full, self._lots = divmod(self._lots + lots, bar_lots)
        for _ in range(full):
            self._over(price_ticks, bar_lots)

    def _over(self, close: int, lots: int) -> None:
        """A bar is over."""
        change = 0.0 if self._close is None else float(close - self._close)
        sigma = 0.0
        if not isinstance(self._sigma, str):
            sigma = self._sigma
        elif self._close is not None:
            sigma = math.sqrt(self._spread.add(change))
        self._close = close
        bought = float(share_bought(change, sigma, self._dof))
        self._rolling.add(self._filler.pour(lots, 2 * bought - 1, at_most=self._rolling.window))

    @property
    def buckets(self) -> int:
        """How many are full."""
        return self._filler.filled

    @property
    def value(self) -> float:
        """VPIN of the last full buckets; NaN before the window is full."""
        return self._rolling.value
