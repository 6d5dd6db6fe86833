"""Quotes and prints written out by hand, for tests of spreads and mark-outs."""

from __future__ import annotations

import numpy as np

from nowake.domain.market import Quotes, Trades

SECOND = 1_000_000_000


def quotes_of(*rows: tuple[float, int, int], lots: int = 100) -> Quotes:
    """(seconds, bid, ask) each."""
    time_s, bid, ask = zip(*rows, strict=True) if rows else ((), (), ())
    size = np.full(len(rows), lots, dtype=np.int64)
    return Quotes(
        time_ns=(np.array(time_s, dtype=np.float64) * SECOND).astype(np.int64),
        bid_ticks=np.array(bid, dtype=np.int64),
        bid_lots=size,
        ask_ticks=np.array(ask, dtype=np.int64),
        ask_lots=size,
    )


def trades_of(*rows: tuple[float, int, int, int]) -> Trades:
    """(seconds, price, lots, aggressor) each."""
    time_s, price, lots, side = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Trades(
        time_ns=(np.array(time_s, dtype=np.float64) * SECOND).astype(np.int64),
        price_ticks=np.array(price, dtype=np.int64),
        lots=np.array(lots, dtype=np.int64),
        aggressor=np.array(side, dtype=np.int8),
        hidden=np.zeros(len(rows), np.bool_),
        auction=np.zeros(len(rows), np.bool_),
    )


def walk(seed: int, prints: int = 3_000, *, seconds: int = 20_000, half_spread: int = 3, impact: float = 0.0):
    """A market of known truth: prints at the touch, and a mid that moves `impact` ticks a print with its side, soon.

    Returns quotes and prints; the mid is a whole number of ticks, the spread `2 half_spread`.
    """
    rng = np.random.default_rng(seed)
    at = np.sort(rng.choice(np.arange(1, seconds * 1_000), prints, replace=False)) * 1_000_000
    side = rng.choice([-1, 1], prints)
    noise_ns = np.arange(0, seconds, 2) * SECOND + 1
    steps = np.concatenate((rng.integers(-1, 2, len(noise_ns)), side * (rng.random(prints) < impact)))
    times = np.concatenate((noise_ns, at + 1_000))
    order = np.argsort(times, kind="stable")
    times, mid = times[order], 20_000 + np.cumsum(steps[order])
    keep = np.append(np.diff(times) > 0, True)
    times, mid = times[keep], mid[keep]
    size = np.full(len(times), 100, dtype=np.int64)
    quotes = Quotes(
        time_ns=times, bid_ticks=mid - half_spread, bid_lots=size, ask_ticks=mid + half_spread, ask_lots=size
    )
    price = mid[np.searchsorted(times, at, side="left") - 1] + side * half_spread
    flags = np.zeros(prints, np.bool_)
    trades = Trades(
        time_ns=at,
        price_ticks=price,
        lots=rng.integers(1, 500, prints),
        aggressor=side.astype(np.int8),
        hidden=flags,
        auction=flags,
    )
    return quotes, trades
