"""The spread from closes against the middles of the ranges around them (Abdi & Ranaldo 2017, "A simple estimation of
bid-ask spreads from daily close, high, and low prices", Review of Financial Studies 30).

    S^2 = 4 E[(c_t - m_t) (c_t - m_{t+1})],    m = (h + l) / 2, all in logs

A close is half a spread from where the market is, and the middles of the two days around it stand for that. The mean
may come out below 0, and no spread is then known; `two_day` instead takes the root of each product, with 0 for those
below it, and then the mean (their two-day corrected form), which is biased up where spreads are small. Wrong where few
trades a day make high, low and close one price: it is then too low."""

from __future__ import annotations

from functools import partial

import numpy as np

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
    signed_root,
)


def _terms(bars: Floats, *, two_day: bool) -> Floats:
    log = np.log(bars)
    middle, close = (log[:, HIGH] + log[:, LOW]) / 2, log[:-1, CLOSE]
    squared = 4 * (close - middle[:-1]) * (close - middle[1:])
    use = np.isfinite(squared)
    known = np.where(use, squared, 0.0)
    return np.column_stack((np.sqrt(np.maximum(known, 0.0)) if two_day else known, use.astype(np.float64)))


def _signed(sums: Floats, *, two_day: bool) -> Floats:
    total, count = np.moveaxis(np.asarray(sums), -1, 0)
    mean = total / np.maximum(count, 1)
    # Prices that stand still say nothing of a spread.
    return np.where((count > 0) & (mean != 0), mean if two_day else signed_root(mean), np.nan)


def _estimator(*, two_day: bool) -> Estimator:
    name = "Abdi-Ranaldo, two-day" if two_day else "Abdi-Ranaldo"
    return Estimator(name, 2, partial(_terms, two_day=two_day), partial(_signed, two_day=two_day), 1)


def abdi_ranaldo(
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    two_day: bool = False,
    breaks: Flags | None = None,
    level: float = 0.95,
    repeats: int = 500,
    seed: int = 0,
) -> BarSpread:
    """Abdi and Ranaldo's spread.

    Parameters
    ----------
    high, low, close
        float64[n]; NaN where missing.
    two_day
        Whether each two bars' squared spread is cut off at 0 and its root taken before the mean.
    others
        See `bar_spreads.measured`, whose errors these are, and `bars_of`.
    """
    estimator = _estimator(two_day=two_day)
    bars = bars_of(close, high, low, close)
    return measured(estimator, bars, breaks=breaks, level=level, repeats=repeats, seed=seed)


def abdi_ranaldo_rolling(
    high: Floats, low: Floats, close: Floats, *, window: int, two_day: bool = False, breaks: Flags | None = None
) -> Floats:
    """float64[n]: the signed spread in basis points of each window of bars; NaN where not known."""
    return rolling(_estimator(two_day=two_day), bars_of(close, high, low, close), window=window, breaks=breaks)


class AbdiRanaldoGauge(BarSpreadGauge):
    """Abdi and Ranaldo's spread, told one bar at a time.

    Parameters
    ----------
    two_day
        See `abdi_ranaldo`.
    window
        How many of the last bars count; None for all.
    """

    def __init__(self, *, two_day: bool = False, window: int | None = None) -> None:
        super().__init__(_estimator(two_day=two_day), window=window)
