"""The same measures after each event as an analyst writes them, in numpy and in pandas. Nothing of nowake is called.

The numpy way sums once and looks the window's begin up, which is the quickest there is without a loop; the pandas way
uses its rolling windows of time. Stamps are all different and every book stands, which spares both the checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Array = Any
SIDES = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")


def by_numpy(book: Any, trades: Any, table: Any, *, window_ns: int, lag: int) -> tuple[Array, ...]:
    """Order flow and trade imbalance of the window, queue imbalance, micro-price, autocorrelation of signs."""
    time_ns, quotes, prints = _merged(book, trades)
    flows = np.append(0, np.cumsum(_flows(book)))
    begin = time_ns - window_ns
    flow = flows[quotes].astype(np.float64) - flows[np.searchsorted(book.time_ns, begin, side="right")]
    signed = np.append(0, np.cumsum(trades.lots * trades.aggressor.astype(np.int64)))
    lots = np.append(0, np.cumsum(trades.lots))
    first = np.searchsorted(trades.time_ns, begin, side="right")
    with np.errstate(divide="ignore", invalid="ignore"):
        traded = (signed[prints] - signed[first]) / (lots[prints] - lots[first])
    none = quotes == 0
    queue, micro = (np.where(none, np.nan, each[quotes - 1]) for each in _of_quotes(book, table))
    return np.where(none, np.nan, flow), queue, traded, micro, _autocorrelation(trades, lag)[prints]


def by_pandas(book: Any, trades: Any, table: Any, *, window_ns: int, lag: int) -> tuple[Array, ...]:
    """The same through frames on a clock: join, fill forward, rolling sums."""
    window = pd.Timedelta(window_ns, "ns")
    queue, micro = _of_quotes(book, table)
    told = pd.DataFrame(
        {"flow": _flows(book).astype(np.float64), "queue": queue, "micro": micro}, index=pd.to_datetime(book.time_ns)
    )
    lots = trades.lots.astype(np.float64)
    heard = pd.DataFrame(
        {"signed": lots * trades.aggressor, "lots": lots, "rho": _autocorrelation(trades, lag)[1:]},
        index=pd.to_datetime(trades.time_ns),
    )
    both = pd.concat((told, heard)).sort_index()
    sums = both[["flow", "signed", "lots"]].fillna(0.0).rolling(window).sum()
    state = both[["queue", "micro", "rho"]].ffill()
    known = both["flow"].notna().cummax()
    with np.errstate(divide="ignore", invalid="ignore"):
        traded = np.where(sums["lots"] > 0.5, sums["signed"] / sums["lots"], np.nan)
    return (
        sums["flow"].where(known).to_numpy(),
        state["queue"].to_numpy(),
        traded,
        state["micro"].to_numpy(),
        (state["rho"].to_numpy()),
    )


def _merged(book: Any, trades: Any) -> tuple[Array, Array, Array]:
    """Stamps of all events, and how many quotes and prints there were up to each."""
    time_ns = np.concatenate((trades.time_ns, book.time_ns))
    order = np.argsort(time_ns, kind="stable")
    is_print = order < len(trades.time_ns)
    return time_ns[order], np.cumsum(~is_print), np.cumsum(is_print)


def _flows(book: Any) -> Array:
    bid, bid_lots, ask, ask_lots = (getattr(book, name)[:, 0] for name in SIDES)
    up, down = np.diff(bid), np.diff(ask)
    flows = np.zeros(len(bid), np.int64)
    flows[1:] = (up >= 0) * bid_lots[1:] - (up <= 0) * bid_lots[:-1]
    flows[1:] -= (down <= 0) * ask_lots[1:] - (down >= 0) * ask_lots[:-1]
    return flows


def _of_quotes(book: Any, table: Any) -> tuple[Array, Array]:
    bid, bid_lots, ask, ask_lots = (getattr(book, name)[:, 0] for name in SIDES)
    total, buckets = bid_lots + ask_lots, table.grid.buckets
    kind = np.searchsorted(table.grid.bounds, ask - bid)
    low = buckets * np.minimum(bid_lots, ask_lots) // total
    bucket = np.where(bid_lots > ask_lots, buckets - 1 - low, low)
    return (bid_lots - ask_lots) / total, (bid + ask) / 2 + table.adjustment_ticks[kind, bucket]


def _autocorrelation(trades: Any, lag: int) -> Array:
    """Sample autocorrelation of the signs after each print, NaN before any; every print is an order of its own."""
    x = trades.aggressor.astype(np.float64)
    n, total, products = np.arange(1, len(x) + 1), np.cumsum(x), np.zeros(len(x))
    products[lag:] = np.cumsum(x[lag:] * x[:-lag])
    early = np.where(n <= lag, total, total[lag - 1])
    late = total - np.append(np.zeros(lag), total[:-lag])
    mean = total / n
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = (products - mean * (2 * total - early - late) + (n - lag) * mean**2) / (n - mean * total)
    rho[:lag] = np.nan
    return np.append(np.nan, np.where(n - mean * total > 0, rho, np.nan))
