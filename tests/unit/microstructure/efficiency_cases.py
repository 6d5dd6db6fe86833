"""Gauges of efficiency and of reliability, with the functions over a history they must agree with, for the battery."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nowake.domain.errors import BadData
from nowake.microstructure.contract import SeriesGauge
from nowake.microstructure.efficiency import (
    DecayedEfficiency,
    EfficiencyMonitor,
    RollingAutocorrelation,
    RollingHurst,
    RollingPricingError,
    RollingVarianceRatio,
    autocorrelations,
    decayed_efficiency,
    hurst_whittle,
    variance_ratios,
)
from nowake.microstructure.efficiency.pricing_error import pricing_error_sd
from nowake.microstructure.fusion import HitRate, VarianceFactor, hit_rate, variance_factor

Floats = np.ndarray[Any, np.dtype[np.float64]]
Case = tuple[str, Callable[[], SeriesGauge], Callable[[Floats], float], Callable[[np.random.Generator], Floats]]

WINDOW = 140


def returns(rng: np.random.Generator) -> Floats:
    """Bursts, stretches without a move, and gaps."""
    moves = rng.standard_t(3, 180) * np.exp(np.cumsum(0.2 * rng.standard_normal(180)))
    moves[rng.random(180) < 0.3] = 0.0
    moves[rng.random(180) < 0.05] = math.nan
    return np.asarray(moves)


def errors(rng: np.random.Generator) -> Floats:
    return np.where(rng.random(80) < 0.1, math.nan, 2 * rng.standard_normal(80))


def hits(rng: np.random.Generator) -> Floats:
    return np.where(rng.random(80) < 0.1, math.nan, rng.choice([0.0, 0.5, 1.0], 80))


def heard(measure: Callable[[Floats], float], last: int | None = None) -> Callable[[Floats], float]:
    """A function over the last numbers that are numbers; NaN where it refuses."""

    def of(numbers: Floats) -> float:
        kept = numbers[np.isfinite(numbers)]
        try:
            return measure(kept if last is None else kept[-last:])
        except BadData:
            return math.nan

    return of


SERIES: list[Case] = [
    (
        "variance ratio",
        lambda: RollingVarianceRatio(4, WINDOW),
        heard(lambda x: variance_ratios(x, aggregations=[4]).rows[0].ratio.value, WINDOW),
        returns,
    ),
    (
        "autocorrelation",
        lambda: RollingAutocorrelation(2, WINDOW),
        heard(lambda x: autocorrelations(x, lags=[2]).lags[0].correlation.value, WINDOW),
        returns,
    ),
    ("hurst", lambda: RollingHurst(WINDOW), heard(lambda x: hurst_whittle(x).value, WINDOW), returns),
    (
        "pricing error",
        lambda: RollingPricingError(WINDOW, lags=2),
        heard(lambda x: pricing_error_sd(x, lags=2), WINDOW),
        returns,
    ),
    (
        "efficiency",
        lambda: EfficiencyMonitor(WINDOW),
        heard(lambda x: variance_ratios(x).largest, WINDOW),
        returns,
    ),
    (
        "fading efficiency",
        lambda: DecayedEfficiency(40.0),
        heard(lambda x: decayed_efficiency(x, halflife=40.0).largest),
        returns,
    ),
    (
        "variance factor",
        lambda: VarianceFactor(20.0),
        heard(lambda x: variance_factor(x, halflife=20.0).value),
        errors,
    ),
    ("hit rate", lambda: HitRate(20.0), heard(lambda x: hit_rate(x, halflife=20.0).value), hits),
]
