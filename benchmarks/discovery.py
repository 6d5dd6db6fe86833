"""Information shares with intervals: ours, whole, beside ONE fit of the same model by statsmodels, in one run.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py discovery`."""

from __future__ import annotations

import argparse
import gc
import os
import time
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from benchmarks import discovery_peer as peer
from benchmarks.measure import Record, emit, machine, spread, verdict

from nowake.microstructure.discovery import Discovery, Grid, SharesGauge, correcting_markets, discover

SEED = 7
ROWS = 100_000
LAGS = 10
REPEATS = 200
SAME = 1e-6
STREAMED = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()
    grid = prices(arguments.rows)
    check_same(grid)
    cases = {
        "ours": lambda: ours_of(grid),
        "ours, 20 lags tried and one chosen by BIC": lambda: discover(grid, repeats=REPEATS),
        "peer": lambda: peer.fit(grid.log_prices, LAGS),
    }
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(arguments.repetitions):
        for name, work in cases.items():
            figures[name].append(cpu_seconds(work))
    emit(report(figures, grid, streaming_us(grid)))


def prices(rows: int) -> Grid:
    """Two markets of known shares, a second a row."""
    return correcting_markets([[-0.05], [0.15]], [[1e-8, 4e-9], [4e-9, 2e-8]], rows=rows, seed=SEED, basis=[0.002])


def ours_of(grid: Grid) -> Discovery:
    """Cointegration tested, every share of both markets, each with its interval from 200 repeats."""
    return discover(grid, lags=LAGS, repeats=REPEATS)


def check_same(grid: Grid) -> None:
    """The same bounds on both sides, ours of prices in which the peer's cointegrating vector is the difference."""
    found = peer.fit(grid.log_prices, LAGS)
    b = -float(found["beta"][1, 0] / found["beta"][0, 0])
    scale = np.array([1.0, b])
    ours = ours_of(Grid.of_rows(grid.log_prices * scale)).markets
    scaled = found | {"alpha": found["alpha"] * scale[:, None], "omega": found["omega"] * np.outer(scale, scale)}
    bounds = peer.shares(scaled)
    for market, low, high in zip(ours, bounds.min(axis=0), bounds.max(axis=0), strict=True):
        for mine, theirs in ((market.information_low.value, low), (market.information_high.value, high)):
            if not abs(mine - theirs) <= SAME:
                raise SystemExit(f"shares differ: ours {mine:.9g}, the peer's {theirs:.9g}")


def streaming_us(grid: Grid) -> Record:
    """CPU-microseconds of one row told to the gauge, and of asking it for its shares."""
    gauge = SharesGauge(2, lags=LAGS, window=2_000)
    rows = list(zip(grid.time_ns[:STREAMED].tolist(), grid.log_prices[:STREAMED], strict=True))

    def tell() -> None:
        for row in rows:
            gauge.on_prices(*row)

    told = cpu_seconds(tell)
    asked = cpu_seconds(lambda: [gauge.shares for _ in range(200)])
    return {"row_us": round(1e6 * told / len(rows), 2), "shares_us": round(1e6 * asked / 200, 1)}


def cpu_seconds(work: Any) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def report(figures: dict[str, list[float]], grid: Grid, streaming: Record) -> Record:
    medians = {name: spread(seconds) for name, seconds in figures.items()}
    shown = ours_of(grid).markets[0].information_mid
    return verdict(
        f"discovery: {len(grid):,} seconds, {LAGS} lags, {REPEATS} repeats, beside one fit without any",
        ours=medians["ours"]["median"],
        peer=medians["peer"]["median"],
        peer_name="statsmodels VECM, one fit",
        unit="CPU-seconds",
        more_is_better=False,
        conditions=machine() | {"cases": medians, "streaming": streaming, "information_mid": str(shown)},
    )


if __name__ == "__main__":
    main()
