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
