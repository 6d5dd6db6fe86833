"""Markets whose spread components are known: what tests of them are fed."""

from __future__ import annotations

import numpy as np

from nowake.domain.market import Quotes, Trades


def trades_of(price, side, lots=None, time_ns=None) -> Trades:
    """Prints a millisecond apart."""
    count = len(price)
    flags = np.zeros(count, np.bool_)
    return Trades(
        time_ns=1_000_000 * np.arange(1, count + 1) if time_ns is None else np.asarray(time_ns, np.int64),
        price_ticks=np.asarray(price, np.int64),
        lots=np.ones(count, np.int64) if lots is None else np.asarray(lots, np.int64),
        aggressor=np.asarray(side, np.int8),
        hidden=flags,
        auction=flags,
    )


def sides(count: int, *, reversal: float, rng: np.random.Generator) -> np.ndarray:
    """Sides of a chain whose next is of the other one with a probability."""
    turns = np.where(rng.random(count) < reversal, -1, 1)
    return np.cumprod(turns)


def glosten_harris_market(
    seed: int, *, c0=200.0, c1=4.0, z0=100.0, z1=8.0, count=3_000, noise=400.0, reversal=0.5
) -> Trades:
    """Prices in hundredths of a tick's usual size, so that rounding is small beside the components."""
    rng = np.random.default_rng(seed)
    side, lots = sides(count, reversal=reversal, rng=rng), rng.integers(1, 30, count)
    # News comes by turns in quiet and busy stretches, so that plain errors would be wrong.
    busy = 1 + (np.arange(count) // 200 % 2)
    value = 1_000_000 + np.cumsum(side * (z0 + z1 * lots) + noise * busy * rng.standard_normal(count))
    return trades_of(np.round(value + side * (c0 + c1 * lots)), side, lots)


def madhavan_market(seed: int, *, theta=120.0, phi=180.0, reversal=0.35, count=3_000, noise=300.0) -> Trades:
    """The surprise in a side moves the value."""
    rng = np.random.default_rng(seed)
    side = sides(count, reversal=reversal, rng=rng)
    surprise = side - (1 - 2 * reversal) * np.append(0, side[:-1])
    value = 1_000_000 + np.cumsum(theta * surprise + noise * rng.standard_normal(count))
    return trades_of(np.round(value + phi * side), side)


def huang_stoll_market(
    seed: int, *, alpha=0.3, beta=0.2, reversal=0.7, count=3_000, half=1_000, noise=400.0
) -> tuple[Quotes, Trades]:
    """Quotes move by alpha of the surprise in the last side and beta of it, times the half-spread it met."""
    rng = np.random.default_rng(seed)
    side = sides(count, reversal=reversal, rng=rng)
    halves = rng.integers(half // 2, half + half // 2, count)
    push = halves * side
    moves = noise * rng.standard_normal(count)
    moves[1:] += (alpha + beta) * push[:-1]
    moves[2:] -= alpha * (1 - 2 * reversal) * push[:-2]
    mid = np.round(1_000_000 + np.cumsum(moves)).astype(np.int64)
    time_ns = 1_000_000 * np.arange(1, count + 1)
    lots = np.full(count, 5)
    quotes = Quotes(
        time_ns=time_ns - 500_000, bid_ticks=mid - halves, bid_lots=lots, ask_ticks=mid + halves, ask_lots=lots
    )
    return quotes, trades_of(mid + push, side, time_ns=time_ns)
