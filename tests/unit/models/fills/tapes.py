"""Small tapes for the tests of fills: rows of seconds, kind, id, lots, side and price, and touches."""

from __future__ import annotations

import datetime as dt

import numpy as np
from scipy.special import ndtr

from nowake.domain.instrument import Session
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import EVENT
from nowake.models.fills.lifetimes import FILLED, Lifetimes

OPEN_NS = 1_000_000_000 * NS_PER_SECOND
SESSION = Session(date=dt.date(2001, 9, 9), timezone="UTC", open_ns=OPEN_NS, close_ns=OPEN_NS + 100 * NS_PER_SECOND)


def shared_waits(luck: np.random.Generator, blocks: int, each: int, *, share: float) -> np.ndarray:
    """Waits that are exponential one by one, and alike within a block: a Gaussian copula with one factor a block.

    `share` is the correlation of two normal scores of a block. What is true of one order is known exactly.
    """
    common = np.repeat(luck.normal(size=blocks), each)
    score = np.sqrt(share) * common + np.sqrt(1 - share) * luck.normal(size=blocks * each)
    return np.asarray(-np.log(ndtr(score)))


def tape(*rows: tuple[float, int, int, int, int, int]) -> np.ndarray:
    """EVENT records of (seconds after the open, kind, id, lots, side, price)."""
    events = np.zeros(len(rows), EVENT)
    for event, (seconds, kind, order_id, lots, side, price) in zip(events, rows, strict=True):
        event["time_ns"] = OPEN_NS + round(seconds * NS_PER_SECOND)
        event["kind"], event["order_id"], event["lots"] = kind, order_id, lots
        event["side"], event["price_ticks"] = side, price
    return events


def touches(*rows: tuple[float, int, int, int, int]) -> Quotes:
    """Quotes of (seconds after the open, bid, bid lots, ask, ask lots)."""
    table = np.array(rows)
    times = OPEN_NS + np.round(table[:, 0] * NS_PER_SECOND).astype(np.int64)
    return Quotes(times, *table[:, 1:].astype(np.int64).T)


def lives_of(
    wait_s: np.ndarray, end: np.ndarray, *, every_s: float = 1.0, side: int | np.ndarray = 1, **columns: np.ndarray
) -> Lifetimes:
    """Lives with given ends, posted one after another; what is not said is that of a plain order."""
    count = len(wait_s)
    plain: dict[str, np.ndarray] = {
        "start_ns": OPEN_NS + np.round(np.arange(count) * every_s * NS_PER_SECOND).astype(np.int64),
        "side": np.broadcast_to(np.int64(side), count),
        "distance_ticks": np.zeros(count, np.int64),
        "queue_lots": np.zeros(count),
        "lots": np.ones(count),
        "spread_ticks": np.ones(count, np.int64),
        "imbalance": np.zeros(count),
        "volatility": np.zeros(count),
    }
    first = np.where(end == FILLED, wait_s, np.nan)
    return Lifetimes(**(plain | columns), first_fill_s=first, end_s=wait_s, end=end.astype(np.int8))
