"""Markets of order flow whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.domain.market import Quotes, Trades

Floats = np.ndarray[Any, np.dtype[np.float64]]
SECOND = 1_000_000_000


def quotes_of(mids: Any, bid_lots: Any, ask_lots: Any, *, step_ns: int = SECOND) -> Quotes:
    """A spread of two ticks around whole mids, a quote a step."""
    mid = np.asarray(mids)
    return Quotes(np.arange(len(mid)) * step_ns, mid - 1, np.asarray(bid_lots), mid + 1, np.asarray(ask_lots))


def trades_of(time_ns: Any, side: Any, lots: Any) -> Trades:
    flags = np.zeros(len(time_ns), np.bool_)
    return Trades(
        time_ns=np.asarray(time_ns),
        price_ticks=np.full(len(time_ns), 100),
        lots=np.asarray(lots),
        aggressor=np.asarray(side, np.int8),
        hidden=flags,
        auction=flags,
    )


def ruin(seed: int, steps: int, *, buckets: int, back: int) -> Quotes:
    """One tick of spread; the imbalance takes even steps between buckets, and past the last one the mid moves a tick
    and the imbalance begins again in bucket `back` (past the first one: in its mirror image).

    With u_i = (2 i - n + 1) / (n + 1) the chance of up less that of down, the first move is expected to be u_i, and
    what is left after it u_i times the adjustment of the bucket begun in: G_i = u_i / (1 - u_back).
    """
    rng = np.random.default_rng(seed)
    step = rng.choice([-1, 1], steps).tolist()
    bucket, bid, rows = buckets // 2, 10_000, []
    for each in step:
        bucket += each
        if not 0 <= bucket < buckets:
            bid += each
            bucket = back if each > 0 else buckets - 1 - back
        rows.append((bid, 2 * bucket + 1, 2 * (buckets - bucket) - 1))
    bids, bid_lots, ask_lots = np.array(rows).T
    return Quotes(np.arange(steps), bids, bid_lots, bids + 1, ask_lots)


def ruin_truth(*, buckets: int, back: int) -> Floats:
    u = (2 * np.arange(buckets) - buckets + 1) / (buckets + 1)
    return np.asarray(u / (1 - u[back]))


def gaussian(autocovariance: Floats, rng: np.random.Generator) -> Floats:
    """A stationary Gaussian series of that autocovariance, one shorter, by circulant embedding."""
    count = len(autocovariance) - 1
    spectrum = np.maximum(np.fft.fft(np.concatenate((autocovariance, autocovariance[-2:0:-1]))).real, 0)
    noise = rng.standard_normal(len(spectrum)) + 1j * rng.standard_normal(len(spectrum))
    return np.fft.fft(np.sqrt(spectrum / len(spectrum)) * noise).real[:count]


def fractional(d: float, count: int) -> Floats:
    """Autocovariance of fractional Gaussian noise of memory d."""
    k = np.arange(count + 1.0)
    h2 = 2 * d + 1
    return 0.5 * (np.abs(k + 1) ** h2 - 2 * np.abs(k) ** h2 + np.abs(k - 1) ** h2)
