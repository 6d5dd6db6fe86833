"""Measures of order flow after each of a million events: ours beside numpy and pandas, on the same arrays, in one run.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py flow`."""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from benchmarks import flow_peer as peer
from benchmarks.measure import Record, emit, machine, spread, verdict

from nowake.domain.market import Depth, Quotes, Trades
from nowake.microstructure.flow import FlowMonitor, MicroPrice, fit_microprice, flow_history

SEED, WINDOW_NS, LAG, LEVELS = 7, 10_000_000_000, 1, 5
MEASURES = ("order_flow_lots", "queue_imbalance", "trade_imbalance", "micro_price_ticks", "autocorrelation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the environment is; nothing is kept there")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()
    book, trades = generated(arguments.events)
    best = Depth(book.time_ns, *(getattr(book, name)[:, :1] for name in peer.SIDES))
    table = fit_microprice(Quotes(book.time_ns, *(getattr(best, name)[:, 0] for name in peer.SIDES)), repeats=20)
    check_same(best, trades, table)
    emit(report(measure(best, book, trades, table=table, repetitions=arguments.repetitions), arguments.events))


def generated(events: int) -> tuple[Depth, Trades]:
    """Five levels that step by a tick now and then, four quotes to a print, a second of a hundred events."""
    rng = np.random.default_rng(SEED)
    quotes, prints = events - events // 5, events // 5
    stamps = np.cumsum(rng.integers(1, 20_000_000, events))  # No two alike: who comes first is the peer's question too.
    is_print = np.zeros(events, np.bool_)
    is_print[rng.permutation(events)[:prints]] = True
    bid = 100_000 + np.cumsum(rng.integers(-1, 2, quotes) * (rng.random(quotes) < 0.2))
    level = np.arange(LEVELS)
    lots = rng.integers(1, 500, (2, quotes, LEVELS))
    ask = bid + rng.choice([1, 1, 1, 2, 3], quotes)
    book = Depth(stamps[~is_print], bid[:, None] - level, lots[0], ask[:, None] + level, lots[1])
    flags = np.zeros(prints, np.bool_)
    trades = Trades(
        time_ns=stamps[is_print],
        price_ticks=np.full(prints, 100_000),
        lots=rng.integers(1, 500, prints),
        aggressor=np.cumprod(np.where(rng.random(prints) < 0.7, 1, -1)).astype(np.int8),
        hidden=flags,
        auction=flags,
    )
    return book, trades


def ours_of(book: Depth, trades: Trades, table: MicroPrice) -> Any:
    return flow_history(book, trades, window_ns=WINDOW_NS, lag=LAG, micro_price=table)


def check_same(book: Depth, trades: Trades, table: MicroPrice) -> None:
    """Both peers' numbers are ours, after every event."""
    found = ours_of(book, trades, table)
    for way in (peer.by_numpy, peer.by_pandas):
        theirs = way(book, trades, table, window_ns=WINDOW_NS, lag=LAG)
        for name, wanted in zip(MEASURES, theirs, strict=True):
            number = getattr(found, name).reshape(len(wanted), -1)[:, 0]
            if not np.allclose(number, wanted, rtol=1e-6, atol=1e-6, equal_nan=True):
                raise SystemExit(f"{way.__name__} has another {name} than ours")


def measure(best: Depth, book: Depth, trades: Trades, *, table: MicroPrice, repetitions: int) -> dict[str, list[float]]:
    """CPU seconds of each side, taking turns."""
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours_of(best, trades, table),
        "ours, five levels": lambda: ours_of(book, trades, table),
        "numpy": lambda: peer.by_numpy(best, trades, table, window_ns=WINDOW_NS, lag=LAG),
        "pandas": lambda: peer.by_pandas(best, trades, table, window_ns=WINDOW_NS, lag=LAG),
        "ours, told one by one from Python": lambda: told(best, table),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repetitions):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            way()
            seconds[name].append(time.process_time() - started)
    return seconds


def told(book: Depth, table: MicroPrice, events: int = 50_000) -> None:
    """The monitor beside a live market: that many quotes, each with one measure read."""
    monitor = FlowMonitor(WINDOW_NS, lag=LAG, micro_price=table)
    columns = (getattr(book, name)[:events, 0].tolist() for name in peer.SIDES)
    for row in zip(book.time_ns[:events].tolist(), *columns, strict=True):
        monitor.on_quote(*row)
        _ = monitor.micro_price_ticks


def report(seconds: dict[str, list[float]], events: int) -> Record:
    per_event = {
        name: round(float(np.median(each)) * 1e9 / (50_000 if "one by one" in name else events), 1)
        for name, each in seconds.items()
    }
    best = min(("numpy", "pandas"), key=per_event.__getitem__)
    return verdict(
        f"flow: five measures after each of {events:,} events",
        ours=per_event["ours"],
        peer=per_event[best],
        peer_name=best,
        unit="CPU-ns an event",
        more_is_better=False,
        conditions=machine()
        | {"ns_an_event": per_event, "seconds": {name: spread(each) for name, each in seconds.items()}},
    )


if __name__ == "__main__":
    main()
