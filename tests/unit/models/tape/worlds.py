"""Markets with a known truth, to find it again: each generator says what is true in it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades

Floats = npt.NDArray[np.float64]
SECOND = 1_000_000_000
OPEN_NS = 1_340_285_400_000_000_000


def session(seconds: float = 23_400) -> Session:
    return Session(
        date=dt.date(2012, 6, 21),
        timezone="America/New_York",
        open_ns=OPEN_NS,
        close_ns=OPEN_NS + int(seconds * SECOND),
    )


def quotes(
    seconds: npt.ArrayLike,
    bid: npt.ArrayLike,
    ask: npt.ArrayLike,
    bid_lots: npt.ArrayLike = 100,
    ask_lots: npt.ArrayLike = 100,
) -> Quotes:
    times = stamps(seconds)
    columns = (
        np.broadcast_to(np.asarray(column, dtype=np.int64), times.shape) for column in (bid, bid_lots, ask, ask_lots)
    )
    return Quotes(times, *(column.copy() for column in columns))


def trades(
    seconds: npt.ArrayLike, price: npt.ArrayLike, lots: npt.ArrayLike = 1, aggressor: npt.ArrayLike = 0
) -> Trades:
    times = stamps(seconds)
    none = np.zeros(len(times), np.bool_)
    price_ticks, many = (
        np.broadcast_to(np.asarray(column, dtype=np.int64), times.shape).copy() for column in (price, lots)
    )
    side = np.broadcast_to(np.asarray(aggressor, dtype=np.int8), times.shape).copy()
    return Trades(time_ns=times, price_ticks=price_ticks, lots=many, aggressor=side, hidden=none, auction=none.copy())


def stamps(seconds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return OPEN_NS + np.round(np.asarray(seconds, dtype=np.float64) * SECOND).astype(np.int64)


def recovering_market(
    seed: int, *, spread_half_life_s: float, depth_half_life_s: float, seconds: float = 3_000, gap_s: float = 10
) -> tuple[Quotes, Trades]:
    """Every tick of excess spread, and every lot of depth, goes by itself after its own exponential time.

    So an excess decays as one exponential, exactly (a queue with infinitely many servers). Shocks come at random, one
    in `gap_s` seconds: half of them take all that is displayed and leave the spread four ticks wider, half of them take
    half of it. The depth behind is the same process, so that a shock of the spread does not touch it.
    """
    rng = np.random.default_rng(seed)
    shocks = np.sort(rng.uniform(1, seconds, rng.poisson(seconds / gap_s)))
    on_ask, widens = rng.random(len(shocks)) < 0.5, rng.random(len(shocks)) < 0.5
    ticks, depths, taken = [], [], np.zeros(len(shocks), np.int64)
    for side in (False, True):
        begins = np.repeat(shocks[(on_ask == side) & widens], 4)
        ticks.append((begins, begins + rng.exponential(spread_half_life_s / np.log(2), len(begins))))
        lots = _lots(rng, 40, depth_half_life_s / np.log(2), seconds)
        for k in np.flatnonzero(on_ask == side):
            alive = np.flatnonzero((lots[0] < shocks[k]) & (lots[1] >= shocks[k]))
            taken[k] = len(alive) if widens[k] else (len(alive) + 1) // 2
            if not widens[k]:
                lots[1][rng.permutation(alive)[: taken[k]]] = shocks[k]
        depths.append(lots)
    at = np.unique(np.concatenate([[0.0], shocks, *(ends for pair in (*ticks, *depths) for ends in pair)]))
    at = at[at < seconds]
    wide, shown = ([_alive(pair, at) for pair in pairs] for pairs in (ticks, depths))
    before = np.searchsorted(at, shocks) - 1
    price = np.where(on_ask, 1_000 + wide[1][before], 999 - wide[0][before])
    book = quotes(at, 999 - wide[0], 1_000 + wide[1], np.maximum(shown[0], 1), np.maximum(shown[1], 1))
    return book, trades(shocks, price, np.maximum(taken, 1), np.where(on_ask, 1, -1))


def _lots(rng: np.random.Generator, mean: int, life_s: float, seconds: float) -> tuple[Floats, Floats]:
    """When each lot comes and goes, in a state of balance from the start."""
    begins = np.concatenate(
        (np.zeros(rng.poisson(mean)), rng.uniform(0, seconds, rng.poisson(mean * seconds / life_s)))
    )
    return begins, begins + rng.exponential(life_s, len(begins))


def _alive(pair: tuple[Floats, Floats], at: Floats) -> npt.NDArray[np.int64]:
    begins, ends = (np.sort(each) for each in pair)
    return np.searchsorted(begins, at, side="right") - np.searchsorted(ends, at, side="right")


def long_memory_signs(rng: np.random.Generator, count: int, gamma: float) -> Floats:
    """Signs of fractional Gaussian noise (Davies & Harte 1987), whose correlations fall as l^-gamma."""
    hurst, k = 1 - gamma / 2, np.arange(count + 1.0)
    covariance = (np.abs(k - 1) ** (2 * hurst) - 2 * k ** (2 * hurst) + (k + 1) ** (2 * hurst)) / 2
    spectrum = np.fft.fft(np.concatenate((covariance, covariance[-2:0:-1]))).real
    noise = rng.normal(size=len(spectrum)) + 1j * rng.normal(size=len(spectrum))
    series = np.fft.fft(np.sqrt(np.maximum(spectrum, 0.0) / len(spectrum)) * noise).real[:count]
    return np.where(series >= 0, 1.0, -1.0)


def propagating_market(
    seed: int, *, orders: int = 5_000, gamma: float = 0.5, beta: float = 0.2, noise_ticks: float = 20.0
) -> tuple[Quotes, Trades]:
    """Each order moves the mid by 10 ticks l^-beta, l orders later; noise is a random walk; a mid of 100,000 ticks.

    So G(l) is one basis point l^-beta, while signs remember as l^-gamma. Half a second from order to order.
    """
    rng = np.random.default_rng(seed)
    before = 1_000
    signs = long_memory_signs(rng, orders + before, gamma)
    kernel = np.append(0.0, 10 * np.arange(1.0, orders + before) ** -beta)
    size = 1 << (2 * len(signs)).bit_length()
    moved = np.fft.irfft(np.fft.rfft(signs, size) * np.fft.rfft(kernel, size), size)[: len(signs)]
    mid = np.round(100_000 + moved + noise_ticks * np.cumsum(rng.normal(size=len(signs)))).astype(np.int64)[before:]
    at = 1 + 0.5 * np.arange(orders)
    side = signs[before:]
    return quotes(at - 0.2, mid - 1, mid + 1), trades(at, mid + side.astype(np.int64), 1, side)


def flowing_market(
    seed: int, *, ticks_per_lot: float, seconds: int = 7_200, noise_ticks: float = 3.0
) -> tuple[Quotes, Trades]:
    """An order a second of a random size (heavy-tailed) moves the mid by so many ticks a lot, for good.

    Noise is three times as large in the first half hour as in the last: unequal, as in a day.
    """
    rng = np.random.default_rng(seed)
    side = np.where(rng.random(seconds) < 0.5, 1, -1)
    lots = np.minimum(np.ceil(10 * rng.pareto(2.5, seconds) + 1), 500).astype(np.int64)
    noise = noise_ticks * np.linspace(3, 1, seconds) * rng.normal(size=seconds)
    mid = np.round(100_000 + np.cumsum(ticks_per_lot * side * lots + noise)).astype(np.int64)
    before = np.append(100_000, mid[:-1])
    at = np.arange(1.0, seconds + 1)
    book = quotes(np.append(0.0, at + 0.001), np.append(100_000, mid) - 1, np.append(100_000, mid) + 1)
    return book, trades(at, before + side, lots, side)


def even_book(seed: int, depths: npt.ArrayLike, *, window_s: int = 1_800) -> tuple[Quotes, Trades]:
    """A book of the same depth at all prices, another one in each window, hit and refilled a lot at a time.

    Each side is one number: it counts the lots that came in, so that its best price is its whole part by the depth and
    its queue the rest. A queue that is longer than the depth of the next window is cut to it.
    """
    rng = np.random.default_rng(seed)
    rows = []
    price, queue = np.array([10_000, -10_400]), np.array([1, 1])  # The ask counts from the other end.
    for window, depth in enumerate(np.asarray(depths, dtype=np.int64)):
        count = 12 * window_s
        came = np.minimum(queue, depth) - 1 + np.cumsum(rng.choice([-1, 0, 1], (count, 2)), axis=0)
        best, queues = price + came // depth, came % depth + 1
        price, queue = best[-1], queues[-1]
        at = window_s * (window + np.arange(count) / count)
        rows.append(np.column_stack((at, best[:, 0], queues[:, 0], -best[:, 1], queues[:, 1])))
    table = np.vstack(rows)
    made = quotes(table[:, 0], table[:, 1], table[:, 3], table[:, 2], table[:, 4])
    at = 1.0 + 3 * np.arange(200)
    side = np.where(rng.random(200) < 0.5, 1, -1)
    row = np.searchsorted(made.time_ns, stamps(at), side="left") - 1
    return made, trades(at, np.where(side > 0, made.ask_ticks[row], made.bid_ticks[row]), 1, side)
