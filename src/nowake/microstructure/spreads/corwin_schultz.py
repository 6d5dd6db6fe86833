"""The spread from highs and lows of two days (Corwin & Schultz 2012, "A simple way to estimate bid-ask spreads from
daily high and low prices", Journal of Finance 67, equations 14 and 18).

    S = 2 (e^alpha - 1) / (1 + e^alpha),   alpha = (sqrt(2 beta) - sqrt(beta)) / k - sqrt(gamma / k),   k = 3 - 2 sqrt 2
    beta = sum of (log H/L)^2 of both days,   gamma = (log H/L)^2 of the two days taken together

Highs are at the ask and lows at the bid, and a range grows with the square root of time while a spread does not. The
overnight move is taken out of gamma (their page 726): where all of a day lies above, or below, the close before, it is
shifted to touch it. Two-day estimates below 0 count as 0 ("zero", what they do), are kept ("keep", so that chance does
not push the mean up) or left out ("drop"). Wrong where: trades are few (the range then is too narrow, and the estimate
too low); the spread is small against the day's range, for cutting off at 0 then makes a spread out of noise."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.microstructure.market_orders import Flags, Floats
from nowake.microstructure.spreads.bar_spreads import (
    CLOSE,
    HIGH,
    LOW,
    BarSpread,
    BarSpreadGauge,
    Estimator,
    bars_of,
    measured,
    rolling,
)

Negative = Literal["zero", "keep", "drop"]
_K = 3 - 2 * np.sqrt(2)


def two_day_spreads(bars: Floats, *, overnight: bool = True) -> Floats:
    """float64[n - 1]: the spread each two bars in a row tell, as a share of the price; may be below 0."""
    log = np.log(bars)
    high, low = log[:, HIGH], log[:, LOW]
    second_high, second_low = high[1:], low[1:]
    if overnight:
        before = bars[:-1, CLOSE]
        shift = np.maximum(before - bars[1:, HIGH], 0.0) + np.minimum(before - bars[1:, LOW], 0.0)
        second_high, second_low = np.log(bars[1:, HIGH] + shift), np.log(bars[1:, LOW] + shift)
    beta = (high[:-1] - low[:-1]) ** 2 + (high[1:] - low[1:]) ** 2
    gamma = (np.maximum(high[:-1], second_high) - np.minimum(low[:-1], second_low)) ** 2
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / _K - np.sqrt(gamma / _K)
    return np.asarray(2 * np.tanh(alpha / 2))


def _terms(bars: Floats, *, overnight: bool, negative: Negative) -> Floats:
    spreads = two_day_spreads(bars, overnight=overnight)
    use = np.isfinite(spreads) & ((spreads >= 0) | (negative != "drop"))
    spreads = np.where(use, np.maximum(spreads, 0.0) if negative == "zero" else spreads, 0.0)
    return np.column_stack((spreads, use.astype(np.float64)))


def _signed(sums: Floats) -> Floats:
    total, count = np.moveaxis(np.asarray(sums), -1, 0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _estimator(negative: Negative, *, overnight: bool) -> Estimator:
    if negative not in ("zero", "keep", "drop"):
        raise BadParameter(f"negative {negative!r} is none; use 'zero', 'keep' or 'drop'")
    return Estimator("Corwin-Schultz", 2, partial(_terms, overnight=overnight, negative=negative), _signed, 1)


def corwin_schultz(
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    negative: Negative = "zero",
    overnight: bool = True,
    breaks: Flags | None = None,
    level: float = 0.95,
    repeats: int = 500,
    seed: int = 0,
) -> BarSpread:
    """Corwin and Schultz's spread.

    Parameters
    ----------
    high, low, close
        float64[n] of days; NaN where missing. Only the overnight shift looks at the close.
    negative
        What two-day estimates below 0 count as.
    overnight
        Whether moves between the bars are taken out.
    others
        See `bar_spreads.measured`, whose errors these are, and `bars_of`.
    """
    estimator = _estimator(negative, overnight=overnight)
    bars = bars_of(close, high, low, close)
    return measured(estimator, bars, breaks=breaks, level=level, repeats=repeats, seed=seed)


def corwin_schultz_rolling(
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    window: int,
    negative: Negative = "zero",
    overnight: bool = True,
    breaks: Flags | None = None,
) -> Floats:
    """float64[n]: the spread in basis points of each window of bars; NaN where not known."""
    estimator = _estimator(negative, overnight=overnight)
    return rolling(estimator, bars_of(close, high, low, close), window=window, breaks=breaks)


class CorwinSchultzGauge(BarSpreadGauge):
    """Corwin and Schultz's spread, told one bar at a time.

    Parameters
    ----------
    negative, overnight
        See `corwin_schultz`.
    window
        How many of the last bars count; None for all.
    """

    def __init__(self, *, negative: Negative = "zero", overnight: bool = True, window: int | None = None) -> None:
        super().__init__(_estimator(negative, overnight=overnight), window=window)
