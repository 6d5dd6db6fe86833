"""VPIN of ten million prints: ours beside pandas, and beside the same in numpy, plain numba and plain Python.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py vpin`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.measure import Record, emit, machine, spread, verdict

from nowake.domain.market import Trades
from nowake.microstructure.toxicity import vpin

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SEED, WINDOW, BUCKETS = 7, 50, 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the environment is; nothing is kept there")
    parser.add_argument("--prints", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--python-repetitions", type=int, default=1, help="of the plain Python loop, which is slow")
    arguments = parser.parse_args()
    trades = generated(arguments.prints)
    bucket_lots = int(trades.lots.sum()) // BUCKETS
    check_same(trades, bucket_lots)
    emit(report(measure(trades, bucket_lots, arguments.repetitions, arguments.python_repetitions), len(trades)))


def generated(prints: int) -> Trades:
    """Prints of 1 to 499 lots whose sides come in runs."""
    rng = np.random.default_rng(SEED)
    side = np.cumprod(np.where(rng.random(prints) < 0.7, 1, -1)).astype(np.int8)
    flags = np.zeros(prints, np.bool_)
    return Trades(
        time_ns=np.arange(prints, dtype=np.int64),
        price_ticks=np.full(prints, 10_000, np.int64),
        lots=rng.integers(1, 500, prints),
        aggressor=side,
        hidden=flags,
        auction=flags,
    )


def by_nowake(trades: Trades, bucket_lots: int) -> Floats:
    """With what it says beside: when each bucket was full, intervals, what is undecided."""
    return vpin(trades, bucket_lots=bucket_lots, window=WINDOW).value


def by_pandas(trades: Trades, bucket_lots: int) -> Floats:
    """Prints grouped by the bucket they begin in; of those that straddle, what is over is moved to the next one.

    Right where no print fills two buckets, which is checked; the general case is slower still.
    """
    frame = pd.DataFrame({"lots": trades.lots, "side": trades.aggressor})
    total = frame["lots"].cumsum()
    bucket = (total - frame["lots"]) // bucket_lots
    over = total - (bucket + 1) * bucket_lots
    assert over.max() < bucket_lots
    signed = (frame["lots"] * frame["side"]).groupby(bucket).sum()
    straddling = over > 0
    moved = pd.Series((over * frame["side"])[straddling].to_numpy(), index=bucket[straddling].to_numpy())
    signed = signed.sub(moved, fill_value=0).add(moved.rename(lambda row: row + 1), fill_value=0)
    full = signed.iloc[: int(total.iloc[-1]) // bucket_lots]
    return (full.abs().rolling(WINDOW).sum() / (WINDOW * bucket_lots)).to_numpy()


def by_numpy(trades: Trades, bucket_lots: int) -> Floats:
    """Sums up to each print, interpolated at the edges of buckets."""
    total = np.cumsum(trades.lots)
    edge = bucket_lots * np.arange(1, int(total[-1]) // bucket_lots + 1)
    by = np.searchsorted(total, edge)
    signed = np.cumsum(trades.lots * trades.aggressor)[by] - (total[by] - edge) * trades.aggressor[by]
    return rolled(np.diff(signed, prepend=0), bucket_lots)


def by_numba(trades: Trades, bucket_lots: int) -> Floats:
    """The loop one would write, over arrays; compiled before it is timed."""
    signed = np.empty(int(trades.lots.sum()) // bucket_lots, np.int64)
    _pour(trades.lots, trades.aggressor, bucket_lots, signed)
    return rolled(signed, bucket_lots)


@numba.njit(error_model="numpy")
def _pour(lots: Ints, side: npt.NDArray[np.int8], bucket_lots: int, signed: Ints) -> None:
    held, flow, row = 0, 0, 0
    for i in range(len(lots)):
        held += lots[i]
        flow += lots[i] * side[i]
        while held >= bucket_lots:
            held -= bucket_lots
            signed[row] = flow - held * side[i]
            flow = held * side[i]
            row += 1


def by_python(trades: Trades, bucket_lots: int) -> Floats:
    """The same loop over lists."""
    signed, held, flow = [], 0, 0
    for lots, side in zip(trades.lots.tolist(), trades.aggressor.tolist(), strict=True):
        held += lots
        flow += lots * side
        while held >= bucket_lots:
            held -= bucket_lots
            signed.append(flow - held * side)
            flow = held * side
    return rolled(np.array(signed, np.int64), bucket_lots)


def rolled(signed: Ints, bucket_lots: int) -> Floats:
    total = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.abs(signed))))
    value = np.full(len(signed), np.nan)
    value[WINDOW - 1 :] = (total[WINDOW:] - total[:-WINDOW]) / (WINDOW * bucket_lots)
    return value


SIDES: dict[str, Callable[[Trades, int], Floats]] = {
    "ours": by_nowake,
    "pandas": by_pandas,
    "numpy": by_numpy,
    "numba": by_numba,
    "python": by_python,
}


def check_same(trades: Trades, bucket_lots: int) -> None:
    """End where a side does not have the VPIN of ours in every bucket."""
    part = Trades(
        **{
            name: getattr(trades, name)[:1_000_000]
            for name in ("time_ns", "price_ticks", "lots", "aggressor", "hidden", "auction")
        }
    )
    lots = max(1, bucket_lots * len(part) // len(trades))
    wanted = by_nowake(part, lots)
    for name, side in SIDES.items():
        if not np.allclose(side(part, lots), wanted, rtol=1e-12, equal_nan=True):
            raise SystemExit(f"{name} and ours do not agree")


def measure(trades: Trades, bucket_lots: int, repetitions: int, python_repetitions: int) -> dict[str, list[float]]:
    """CPU-seconds, the sides in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in SIDES}
    for repetition in range(repetitions):
        for name, side in SIDES.items():
            if name == "python" and repetition >= python_repetitions:
                continue
            started = time.process_time()
            side(trades, bucket_lots)
            seconds[name].append(time.process_time() - started)
            print(f"{repetition + 1}/{repetitions}  {name}: {seconds[name][-1]:.4f} CPU-s", flush=True)
    return seconds


def report(seconds: dict[str, list[float]], prints: int) -> Record:
    found = {name: spread(each) for name, each in seconds.items()}
    conditions = machine() | {
        "prints": prints,
        "buckets": BUCKETS,
        "window": WINDOW,
        "cpu_seconds": found,
        "times_ours": {name: round(each["median"] / found["ours"]["median"], 1) for name, each in found.items()},
    }
    return verdict(
        "vpin",
        ours=found["ours"]["median"],
        peer=found["pandas"]["median"],
        peer_name=f"pandas {pd.__version__}, cumulative volume and groupby",
        unit="CPU-s",
        more_is_better=False,
        conditions=conditions,
    )


if __name__ == "__main__":
    main()
