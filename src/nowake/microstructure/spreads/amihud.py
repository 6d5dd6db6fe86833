"""How far the price moves for a million traded (Amihud 2002, "Illiquidity and stock returns: cross-section and
time-series effects", Journal of Financial Markets 5, equation 1).

    ILLIQ = mean of |r_t| / value_t,    r_t = c_t / c_{t-1} - 1,    value_t = c_t x volume_t, in millions of currency

The MEAN OF RATIOS, each bar once: not the ratio of the mean return to the mean value, which one busy day decides. The
interval allows for neighbours that are alike (Newey-West, over 4 (n / 100)^(2/9) of them: illiquidity that stays for
longer than that many bars makes it too narrow). Bars without volume have no ratio; they are left out and
counted, as are those with a price or a volume missing. Wrong where: prices move without trading (news, a dividend taken
out of the price), the bar is so short that most have no trade, or one tiny value_t decides the mean: look at the
interval."""

from __future__ import annotations

import math
from collections import deque

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.market_orders import Flags, Floats
from nowake.statistics.measurement import Measurement, check_level, t_of
from nowake.statistics.regression import default_lags, long_run

MILLION = 1e6
MIN_RATIOS = 5


class Amihud(msgspec.Struct, frozen=True, kw_only=True):
    """Amihud's illiquidity.

    Parameters
    ----------
    per_million
        Absolute return, as a share of the price, for a million of currency traded.
    bars
        Bars given.
    without_volume, missing
        Bars left out: nothing traded, or a price or volume unknown (the first bar of a session has no return).
    """

    per_million: Measurement
    bars: int
    without_volume: int
    missing: int

    @property
    def bps_per_million(self) -> float:
        """Basis points for a million traded."""
        return 1e4 * self.per_million.value


def ratios_of(close: Floats, volume: Floats, *, multiplier: float = 1.0, breaks: Flags | None = None) -> Floats:
    """float64[n]: |r_t| for a million of currency of each bar; NaN without a return, inf never: NaN without volume.

    Raises
    ------
    BadData
        When columns differ in length, a price is not above 0, or a volume is below 0, or so small or large that no
        number holds what was traded.
    """
    close, volume = np.asarray(close, dtype=np.float64), np.asarray(volume, dtype=np.float64)
    if close.shape != volume.shape or close.ndim != 1:
        raise BadData(f"{close.shape} closes and {volume.shape} volumes; give one of each for every bar")
    if not 0 < multiplier < math.inf:
        raise BadParameter(f"multiplier {multiplier} must be above 0 and finite: currency for one unit of price")
    wrong = np.flatnonzero((close <= 0) | np.isinf(close) | (volume < 0) | np.isinf(volume))
    if len(wrong):
        row = wrong[0]
        raise BadData(f"bar {row}: close {close[row]:g}, volume {volume[row]:g}; prices above 0, volumes 0 or more")
    change = np.full(len(close), np.nan)
    change[1:] = np.abs(close[1:] / close[:-1] - 1)
    if breaks is not None:
        if np.shape(breaks) != close.shape:
            raise BadData(f"breaks are of shape {np.shape(breaks)}; give one for each of {len(close)} bars")
        change[np.asarray(breaks)] = np.nan
    with np.errstate(over="ignore"):
        value = np.where(volume > 0, close * volume * multiplier / MILLION, np.nan)
        ratios = np.asarray(change / np.where(value == 0, np.nan, value))
    wrong = np.flatnonzero((value == 0) | np.isinf(value) | np.isinf(ratios))
    if len(wrong):
        row = wrong[0]
        raise BadData(f"bar {row}: {volume[row]:g} at {close[row]:g} are {value[row]:g} million; no ratio holds that")
    return ratios


def amihud(
    close: Floats,
    volume: Floats,
    *,
    multiplier: float = 1.0,
    breaks: Flags | None = None,
    level: float = 0.95,
) -> Amihud:
    """Amihud's illiquidity of a history of bars.

    Parameters
    ----------
    close, volume
        float64[n]: in currency, and in shares, contracts or coins; NaN where missing.
    multiplier
        Currency that one unit of quantity is worth for one unit of price.
    breaks
        bool[n]: bars that do not follow the one before, so that their return is none.

    Raises
    ------
    Unidentified
        When fewer than five bars have a return and volume.
    """
    check_level(level)
    ratios = ratios_of(close, volume, multiplier=multiplier, breaks=breaks)
    used = ratios[np.isfinite(ratios)]
    if len(used) < MIN_RATIOS:
        raise Unidentified(f"{len(used)} of {len(ratios)} bars have a return and volume; give {MIN_RATIOS} or more")
    mean, lags = float(used.mean()), default_lags(len(used))
    error = math.sqrt(float(long_run((used - mean)[:, None], lags)[0, 0]) / (len(used) - 1) / len(used))
    half = t_of(level, len(used) - 1) * error
    without = int((np.asarray(volume) == 0).sum())
    return Amihud(
        per_million=Measurement(
            value=mean,
            low=max(0.0, mean - half),
            high=mean + half,
            level=level,
            n=len(used),
            method=f"mean of ratios, Newey-West error of {lags} lags",
        ),
        bars=len(ratios),
        without_volume=without,
        missing=len(ratios) - len(used) - without,
    )


class AmihudGauge:
    """Amihud's illiquidity, told one bar at a time. `value` is for a million of currency; NaN until there is a ratio.

    Parameters
    ----------
    multiplier
        See `amihud`.
    window
        How many of the last ratios count; None for all.
    """

    def __init__(self, *, multiplier: float = 1.0, window: int | None = None) -> None:
        if window is not None and window < 1:
            raise BadParameter(f"window {window} must be 1 or more ratios, or None for all")
        if not 0 < multiplier < math.inf:
            raise BadParameter(f"multiplier {multiplier} must be above 0 and finite: currency for one unit of price")
        self.multiplier = multiplier
        self.without_volume = 0
        self._close = math.nan
        self._window: deque[float] | None = None if window is None else deque(maxlen=window)
        self._sum, self._count = 0.0, 0

    def on_bar(self, close: float, volume: float, *, fresh: bool = False) -> None:
        """The next bar; `fresh` where it does not follow the one before. Errors as for `ratios_of`."""
        before = math.nan if fresh else self._close
        pair = np.array([before, close]), np.array([0.0, volume])
        ratio = float(ratios_of(*pair, multiplier=self.multiplier)[1])
        self.without_volume += volume == 0
        self._close = close
        if math.isnan(ratio):
            return
        if self._window is not None:
            self._window.append(ratio)
        self._sum += ratio
        self._count += 1

    @property
    def value(self) -> float:
        """Absolute return for a million of currency, as of the last bar."""
        if self._window is not None:
            return math.fsum(self._window) / len(self._window) if self._window else math.nan
        return self._sum / self._count if self._count else math.nan
