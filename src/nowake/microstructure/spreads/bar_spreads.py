"""Spreads read from bars: what the four estimators share. Each is a function of sums over neighbouring bars.

A term is what one run of neighbouring bars says (two of them, or three); an estimate is a function of sums of terms. So
one pass serves the whole history, every window of a rolling estimate, the gauge, and the bootstrap, which draws blocks
of terms with replacement (Kunsch 1989).

The squared spread such an estimator measures can come out below 0. It is then not known: `spread_bps` is None, and
`signed_bps` keeps the signed root, -sqrt(-s^2), with its interval, so that an average over many names or days is not
pushed up by leaving out or cutting off what chance made negative. Wrong, all of them, where bars have few terms: of
a month of days at 2 % of volatility a spread of 1 % is told with a standard error of a third of itself by EDGE, nine
tenths by Abdi-Ranaldo and one and a half by Roll; a spread of 5 bps not at all."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.units import BPS
from nowake.microstructure.market_orders import Flags, Floats
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level

MIN_TERMS = 12
_PER_BLOCK = 5
OPEN, HIGH, LOW, CLOSE = range(4)


class Estimator(NamedTuple):
    """One way to read a spread from bars.

    `terms` takes bars float64[n, 4] (open, high, low, close; NaN missing) and gives float64[n - reach + 1, k]; `signed`
    takes sums of terms float64[..., k] and gives the signed spread as a share of the price, NaN where it cannot be
    told. `counts` is the column of terms that counts those with something to say.
    """

    name: str
    reach: int
    terms: Callable[[Floats], Floats]
    signed: Callable[[Floats], Floats]
    counts: int


class BarSpread(msgspec.Struct, frozen=True, kw_only=True):
    """A spread read from bars, full (twice the half-spread), in basis points of the price.

    Parameters
    ----------
    method
        Whose estimator.
    spread_bps
        None where the squared spread came out at or below 0.
    signed_bps
        The signed root of the squared spread.
    bars, terms
        Bars given, and runs of neighbouring bars that had something to say.
    missing
        Bars with a price missing.
    """

    method: str
    spread_bps: Measurement | None
    signed_bps: Measurement
    bars: int
    terms: int
    missing: int

    @property
    def value(self) -> float:
        """The spread in basis points, NaN where it is not known."""
        return math.nan if self.spread_bps is None else self.spread_bps.value

    def __str__(self) -> str:
        what = f"signed {self.signed_bps.value:.3g}, so not known" if self.spread_bps is None else str(self.spread_bps)
        return f"{self.method}: {what} bps, from {self.bars:,} bars"


def bars_of(open_: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Four columns of prices as float64[n, 4]; NaN where a price is missing.

    Raises
    ------
    BadData
        When they differ in length, a price is not above 0 or not finite, or a high is below its low.
    """
    columns = [np.asarray(column, dtype=np.float64) for column in (open_, high, low, close)]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        raise BadData(f"prices are of shapes {[column.shape for column in columns]}; give four columns of one length")
    bars = np.column_stack(columns)
    wrong = np.argwhere((bars <= 0) | np.isinf(bars))
    if len(wrong):
        row, column = wrong[0]
        raise BadData(f"bar {row}: a price of {bars[row, column]:g}; prices must be above 0, or NaN where missing")
    upside_down = np.flatnonzero(bars[:, HIGH] < bars[:, LOW])
    if len(upside_down):
        row = upside_down[0]
        raise BadData(f"bar {row}: its high {bars[row, HIGH]:g} is below its low {bars[row, LOW]:g}; swap the columns?")
    return bars


def measured(
    estimator: Estimator,
    bars: Floats,
    *,
    breaks: Flags | None = None,
    level: float = 0.95,
    repeats: int = 500,
    seed: int = 0,
) -> BarSpread:
    """The spread over all bars, with the interval of resampled blocks.

    Parameters
    ----------
    bars
        float64[n, 4], see `bars_of`.
    breaks
        bool[n]: bars that do not follow the one before, as the first of a session; no term reaches across.
    repeats, seed
        Of the bootstrap.

    Raises
    ------
    Unidentified
        When there are fewer than 12 terms, or prices never move as the estimator needs.
    """
    check_level(level)
    if repeats < 100:
        raise BadParameter(f"repeats {repeats} must be 100 or more for the ends of an interval")
    terms = _terms(estimator, bars, breaks)
    used = int(terms[:, estimator.counts].sum()) if len(terms) else 0
    if used < MIN_TERMS:
        raise Unidentified(
            f"{estimator.name}: {used} runs of {estimator.reach} bars with all their prices are fewer than "
            f"{MIN_TERMS}; give more bars"
        )
    value = float(estimator.signed(terms.sum(axis=0)))
    if math.isnan(value):
        raise Unidentified(
            f"{estimator.name}: prices of {len(bars):,} bars hardly move; no spread can be told from them"
        )
    edges = block_edges(len(terms), _PER_BLOCK)
    sums = np.add.reduceat(terms, edges[:-1])
    drawn = estimator.signed(resampled(len(sums), repeats, seed) @ sums)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < repeats / 2:
        raise Unidentified(f"{estimator.name}: half of all resampled histories tell no spread; give more bars")
    how = f"{estimator.name}, {len(sums)} blocks of bars resampled {repeats} times"
    signed = with_interval(BPS * value, BPS * drawn, level=level, blocks=len(sums), n=used, method=how)
    return BarSpread(
        method=estimator.name,
        spread_bps=msgspec.structs.replace(signed, low=max(signed.low, 0.0)) if value > 0 else None,
        signed_bps=signed,
        bars=len(bars),
        terms=used,
        missing=int(np.isnan(bars).any(axis=1).sum()),
    )


def rolling(estimator: Estimator, bars: Floats, *, window: int, breaks: Flags | None = None) -> Floats:
    """float64[n]: the signed spread in basis points of the window of bars that ends with each; NaN where not known."""
    _check_window(window, estimator)
    values = np.full(len(bars), np.nan)
    if len(bars) < window:
        return values
    wide = np.lib.stride_tricks.sliding_window_view(
        _terms(estimator, bars, breaks), window - estimator.reach + 1, axis=0
    )
    values[window - 1 :] = BPS * estimator.signed(wide.sum(axis=-1))
    return values


class BarSpreadGauge:
    """A spread beside a live market, told one bar at a time. `value` is signed, in basis points, NaN where not known.

    Parameters
    ----------
    estimator
        Which.
    window
        How many of the last bars count; None for all.
    """

    def __init__(self, estimator: Estimator, *, window: int | None = None) -> None:
        if window is not None:
            _check_window(window, estimator)
        self._estimator = estimator
        self._last: deque[tuple[float, float, float, float]] = deque(maxlen=estimator.reach)
        self._since_break = 0
        self._window: deque[Floats] | None = None if window is None else deque(maxlen=window - estimator.reach + 1)
        self._sums: Floats | None = None
        self.bars = 0

    def on_bar(self, open_: float, high: float, low: float, close: float, *, fresh: bool = False) -> None:
        """The next bar; `fresh` where it does not follow the one before, as the first of a session.

        Raises
        ------
        BadData
            As for `bars_of`; nothing is changed then.
        """
        one = bars_of(*(np.array([price]) for price in (open_, high, low, close)))
        self.bars += 1
        self._since_break = 1 if fresh else self._since_break + 1
        self._last.append(tuple(one[0].tolist()))
        if len(self._last) < self._estimator.reach:
            return
        with np.errstate(invalid="ignore"):
            terms = self._estimator.terms(np.array(self._last))[0]
        terms = terms if self._since_break >= self._estimator.reach else np.zeros_like(terms)
        if self._window is not None:
            self._window.append(terms)
        else:
            self._sums = terms if self._sums is None else self._sums + terms

    @property
    def value(self) -> float:
        """The signed spread in basis points, as of the last bar; NaN where it cannot be told."""
        if self._window is not None:
            if len(self._window) < (self._window.maxlen or 0):
                return math.nan
            return float(BPS * self._estimator.signed(np.sum(self._window, axis=0)))
        return math.nan if self._sums is None else float(BPS * self._estimator.signed(self._sums))


def _terms(estimator: Estimator, bars: Floats, breaks: Flags | None) -> Floats:
    """Terms of all runs of neighbouring bars, zeros where a run reaches across a break."""
    if breaks is not None and np.shape(breaks) != (len(bars),):
        raise BadData(f"breaks are of shape {np.shape(breaks)}; give one for each of {len(bars)} bars")
    if len(bars) < estimator.reach:
        return np.zeros((0, estimator.counts + 1))
    terms = estimator.terms(bars)
    for back in range(estimator.reach - 1 if breaks is not None else 0):
        across = np.asarray(breaks)[estimator.reach - 1 - back : len(bars) - back]
        terms = np.where(across[:, None], 0.0, terms)
    return terms


def _check_window(window: int, estimator: Estimator) -> None:
    if window <= estimator.reach:
        raise BadParameter(f"window {window} must be above {estimator.reach} bars, which one term alone takes")


def signed_root(squared: Floats) -> Floats:
    """sign(x) sqrt(|x|)."""
    return np.asarray(np.sign(squared) * np.sqrt(np.abs(squared)))
