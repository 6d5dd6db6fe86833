"""Bars of a market with a known spread, as Ardia, Guidotti and Kroencke simulate them (their section 4)."""

from __future__ import annotations

import numpy as np


def simulated_bars(
    seed: int, bars: int = 250, *, trades: int = 390, seen: float = 1.0, spread: float = 0.01, volatility: float = 0.03
) -> np.ndarray:
    """float64[n, 4]: a random walk in `trades` steps a bar, each at bid or ask, each seen with a probability."""
    rng = np.random.default_rng(seed)
    size = bars, trades
    walk = np.cumsum(rng.normal(0, volatility / np.sqrt(trades), size).ravel()).reshape(size)
    price = np.exp(walk) * (1 + spread * (rng.integers(0, 2, size) - 0.5))
    shown = rng.random(size) < seen
    rows, before = [], price[0, 0]
    for row, kept in zip(price, shown, strict=True):
        here = row[kept] if kept.any() else np.array([before])
        rows.append((here[0], here.max(), here.min(), here[-1]))
        before = here[-1]
    return np.array(rows)
