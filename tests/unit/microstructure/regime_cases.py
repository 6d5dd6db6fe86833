"""Gauges of regimes for the battery of `tests/contracts/test_gauges.py`."""

from __future__ import annotations

import math

import numpy as np

from nowake.domain.market import Quotes, Trades
from nowake.microstructure.regimes import (
    Chain,
    ChangePoint,
    Emission,
    HiddenMarkov,
    HmmFilter,
    LiveFeatures,
    SegmentPrior,
    change_points,
    tape_features,
)

BAR_NS = 9_000_000
MODEL = HiddenMarkov(
    Chain(np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]])),
    Emission(np.array([[0.0], [2.0]]), np.array([[[1.0]], [[0.5]]]), np.array([np.inf, 4.0])),
    ("volatility",),
)
PRIOR = SegmentPrior(np.zeros(1), 0.5, 2.0, np.ones(1))
WAYS = {"hazards": (0.01, 0.1), "outliers": 0.02}


def volatility(quotes: Quotes, trades: Trades) -> float:
    """Of the last bar that ended by the last print."""
    bars = int(trades.time_ns[-1]) // BAR_NS
    if bars < 1:
        return math.nan
    return float(tape_features(quotes, trades, start_ns=0, end_ns=bars * BAR_NS, bar_ns=BAR_NS).values[-1, 0])


def numbers(rng: np.random.Generator) -> np.ndarray:
    """A shift, and some that are missing."""
    told = rng.normal(size=60) + 3 * (np.arange(60) > 30)
    return np.where(rng.random(60) < 0.1, math.nan, told)


TAPE = [("volatility of bars", lambda: LiveFeatures(0, bar_ns=BAR_NS), volatility)]
SERIES = [
    (
        "hidden Markov filter",
        lambda: HmmFilter(MODEL),
        lambda told: float(MODEL.filter(told).probability[-1, -1]),
        numbers,
    ),
    (
        "change point",
        lambda: ChangePoint(PRIOR, **WAYS),
        lambda told: float(change_points(told, PRIOR, **WAYS).probability[-1]),
        numbers,
    ),
]
