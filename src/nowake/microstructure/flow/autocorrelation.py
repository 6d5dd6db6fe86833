"""Autocorrelation of the signs, or signed volumes, of market orders, with intervals that allow for long memory.

    rho_l = c_l / c_0,   c_l = 1/(n - l) sum over t of (x_t - m)(x_{t+l} - m),   m the mean of x

Signs remember for so long (Lillo & Farmer 2004) that the textbook interval 1.96 / sqrt(n) does not hold: the products
x_t x_{t+l} remember too, and the mean m is itself so unsure that every c_l is too low by its variance, c_0 included.
Here the variance of a mean is Abadir, Distaso & Giraitis' 2009 ("Two estimators of the long-run variance: beyond short
memory", Journal of Econometrics 150; the MAC estimator of Robinson 2005),

    Var(mean) = n^(2d - 1) p(d) b,   p(d) = 2 Gamma(1 - 2d) sin(pi d) / (d (1 + 2d)),
    b = mean of lambda_j^2d I(lambda_j)

over the lowest n^0.6 frequencies, d of the local Whittle likelihood, at least 0. Var(m) is added back to c_l and c_0;
the interval is that of the mean of (x_t - m)(x_{t+l} - m) - rho x_t^2, the products less what their size explains.

The gauge gives the plain sample rho_l, whose c_l is the sum over n, not n - l. Prints of one stamp and sign are one
market order.

Wrong where buying and selling shift within the day: that looks like memory, here as everywhere. With d near 1/2 the
intervals are still too narrow (see the coverage in the documents), for the mean then hardly settles at all."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Trades
from nowake.microstructure.flow.memory import local_whittle
from nowake.microstructure.flow.orderflow import forward
from nowake.microstructure.flow.trades import check_print
from nowake.microstructure.tables import check_table
from nowake.microstructure.whole import whole
from nowake.statistics.measurement import Measurement, check_level, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_ORDERS = 100
_BANDWIDTH = 0.6


def autocorrelation(series: Floats, lags: tuple[int, ...], *, level: float = 0.95) -> tuple[Measurement, ...]:
    """Autocorrelation of a series at some lags.

    Parameters
    ----------
    series
        (n,) signs or signed lots of market orders, in time order.
    lags
        In orders, each from 1 to a tenth of n.

    Raises
    ------
    BadParameter
        When a lag is out of range.
    BadData
        When there are fewer than 100 orders, or a number among them is not finite.
    Unidentified
        When the series never changes.
    """
    check_level(level)
    x, n = np.asarray(series, np.float64), len(series)
    if n < MIN_ORDERS:
        raise BadData(f"{n} market orders are fewer than {MIN_ORDERS}; look at a longer time")
    if not np.isfinite(x).all():
        raise BadData(f"{int((~np.isfinite(x)).sum())} of {n} numbers are not finite; leave them out beforehand")
    if np.ptp(x) == 0:
        raise Unidentified(f"all of {n} numbers are {x[0]:g}; nothing can be told from what never changes")
    for lag in lags:
        if not 1 <= lag <= n // 10:
            raise BadParameter(f"lag {lag} must be from 1 to {n // 10}, a tenth of {n} orders")
    x = _in_reach(x)
    x = (x - x.mean()) / x.std()
    unsure = min(variance_of_mean(x), 0.5)
    return tuple(_at(x, lag, unsure, level) for lag in lags)


def sample_autocorrelation(series: npt.ArrayLike, lag: int) -> float:
    """Plain rho_l; NaN with no more numbers than the lag, or where they never change."""
    x = np.asarray(series, np.float64)
    if len(x) <= lag or np.ptp(x) == 0:
        return float("nan")
    x = _in_reach(x)
    x = x - x.mean()
    return float(x[lag:] @ x[:-lag] / (x @ x))


class MarketOrders(NamedTuple):
    """Market orders in time order: stamp, +1 or -1, lots executed."""

    time_ns: Ints
    sign: Ints
    lots: Ints


def market_orders(trades: Trades) -> MarketOrders:
    """Prints of one stamp and one sign, one after another, are one order; those without a side are left out.

    No quotes are needed and no session is cut out; `market_orders.read_tape` does that, and guesses sides.
    """
    check_table(trades, Trades, "give prints, for example day.trades")
    told = trades.aggressor != 0
    time_ns, side, lots = trades.time_ns[told], trades.aggressor[told].astype(np.int64), trades.lots[told]
    if not len(side):
        return MarketOrders(time_ns, side, lots)
    first = np.flatnonzero(np.append(True, (np.diff(time_ns) != 0) | (np.diff(side) != 0)))
    return MarketOrders(time_ns[first], side[first], np.add.reduceat(lots, first))


def variance_of_mean(x: Floats) -> float:
    """Variance of the mean of a series with memory, short or long."""
    n = len(x)
    d, _, frequencies = local_whittle(x, bandwidth=_BANDWIDTH)
    d = min(max(d, 0.0), 0.49)
    frequency = 2 * np.pi * np.arange(1, frequencies + 1) / n
    power = np.abs(np.fft.rfft(x - x.mean())[1 : frequencies + 1]) ** 2 / (2 * np.pi * n)
    b = float(np.mean(frequency ** (2 * d) * power))
    p = 2 * math.pi if d == 0 else 2 * math.gamma(1 - 2 * d) * math.sin(math.pi * d) / (d * (1 + 2 * d))
    return float(n ** (2 * d - 1)) * p * b


class SignAutocorrelation:
    """Sample autocorrelation of the signs of market orders at one lag, told one print at a time.

    Parameters
    ----------
    lag
        In market orders, 1 or more.

    Raises
    ------
    BadParameter
        When the lag is less than 1.
    """

    by_lots = False

    def __init__(self, lag: int) -> None:
        if lag < 1:
            raise BadParameter(f"lag {lag} must be 1 or more; an order always resembles itself")
        self.lag = lag
        self.unsigned = 0
        self._now_ns: int | None = None
        self._order: tuple[int, int] | None = None
        self._recent: deque[int] = deque(maxlen=lag + 1)
        self._orders = self._total = self._early = self._squares = self._products = 0

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:  # noqa: ARG002
        """A quote moves the clock alone."""
        self._now_ns = forward(self._now_ns, time_ns)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; one without a side is counted and passed over.

        Raises
        ------
        BadData
            When it has no lots, its side is none of +1, -1 and 0, or it is earlier than the event before.
        """
        time_ns, lots, side = whole(time_ns=time_ns, lots=lots, side=side)
        check_print(lots, side)
        self._now_ns = forward(self._now_ns, time_ns)
        if side == 0:
            self.unsigned += 1
            return
        more = self._order == (time_ns, side)
        if not more:
            self._order = (time_ns, side)
            self._recent.append(0)
            self._orders += 1
        number = side * lots if self.by_lots else side * (not more)
        before = self._recent[-1]
        self._recent[-1] += number
        self._total += number
        self._squares += number * (2 * before + number)
        if self._orders <= self.lag:
            self._early += number
        else:
            self._products += number * self._recent[0]

    @property
    def value(self) -> float:
        """In [-1, 1]; NaN with no more orders than the lag, or while they are all alike."""
        n, total = self._orders, self._total
        spread = n * self._squares - total * total
        if n <= self.lag or spread <= 0:
            return float("nan")
        late = sum(self._recent) - self._recent[0]
        # Whole numbers of any size: nothing is lost however long it runs.
        return (n * n * self._products - n * total * (2 * total - self._early - late) + (n - self.lag) * total**2) / (
            n * spread
        )


class VolumeAutocorrelation(SignAutocorrelation):
    """The same of signed lots: a print that goes on with a market order makes it larger."""

    by_lots = True


def _in_reach(x: Floats) -> Floats:
    """x in units of a power of two near its largest, so that no square is beyond floats or lost: exact."""
    return np.asarray(np.ldexp(x, -np.frexp(np.abs(x).max())[1]))


def _at(x: Floats, lag: int, unsure: float, level: float) -> Measurement:
    """rho at a lag of a series of mean 0 and size 1."""
    n = len(x)
    products = x[lag:] * x[:-lag]
    rho = float((products.mean() + unsure) / (1 + unsure))
    rho = min(max(rho, -1.0), 1.0)
    noise = products - rho * (x[lag:] ** 2 + x[:-lag] ** 2) / 2
    half = z_of(level) * math.sqrt(variance_of_mean(noise) + unsure**2)
    return Measurement(
        value=rho,
        low=max(-1.0, rho - half),
        high=min(1.0, rho + half),
        level=level,
        n=n,
        method="sample autocorrelation, errors that allow for long memory",
    )
