"""From starting Python to the result of a tiny replay, in a fresh process each time: nowake against hftbacktest.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py cold_start`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from benchmarks.measure import Record, emit, machine, process_seconds, spread, verdict
from benchmarks.peer_rows import peer_rows
from benchmarks.workload import LATENCY_NS, LOT_SIZE, TICK_SIZE

from nowake.data.generated import generate_day

TINY_EVENTS = 500
STRATEGIES = ("watch", "quote")
WAYS = ("compiled", "interpreted")  # How the peer runs its strategy.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    prepare(arguments.folder)
    emit(report(measure(arguments.folder, arguments.repetitions)))


def prepare(folder: Path) -> None:
    """The first few hundred events of a generated day, in both layouts."""
    events = generate_day().events[:TINY_EVENTS]
    np.save(folder / "tiny.npy", events)
    np.save(folder / "tiny_rows.npy", peer_rows(events, tick_size=TICK_SIZE, lot_size=LOT_SIZE, feed_ns=LATENCY_NS))


def measure(folder: Path, repetitions: int) -> dict[str, list[tuple[float, float]]]:
    """CPU and wall seconds of whole processes, sides taking turns; `ours quote cold` compiles its kernels anew."""
    warm, cold = with_cache(folder / "cache" / "warm"), with_cache(folder / "cache" / "cold")
    ours = [sys.executable, "-m", "benchmarks.cold_ours", str(folder / "tiny.npy")]
    peer = [sys.executable, "-m", "benchmarks.cold_peer", str(folder / "tiny_rows.npy")]
    sides = {"ours quote cold": ([*ours, "quote"], cold)}
    for strategy in STRATEGIES:
        sides[f"ours {strategy}"] = ([*ours, strategy], warm)
        for way in WAYS:
            sides[f"peer {strategy} {way}"] = ([*peer, strategy, way], warm)
    runs: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for repetition in range(-1, repetitions):  # The first round fills caches and is not counted.
        for side, (command, environment) in sides.items():
            shutil.rmtree(folder / "cache" / "cold", ignore_errors=True)
            cpu, wall = process_seconds(command, environment)
            if repetition >= 0:
                runs[side].append((cpu, wall))
                print(f"{repetition + 1}/{repetitions}  {side}: {cpu:.2f} CPU-seconds, {wall:.2f} wall", flush=True)
    return runs


def with_cache(folder: Path) -> dict[str, str]:
    """An environment whose user cache is in this folder, whatever the operating system calls it."""
    return os.environ | dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(folder))


def report(runs: dict[str, list[tuple[float, float]]]) -> Record:
    """The verdict on CPU seconds of quoting with warm caches, by median; the peer's quicker way counts."""
    cpu = {side: spread([cpu for cpu, _ in pairs]) for side, pairs in runs.items()}
    wall = {side: spread([wall for _, wall in pairs]) for side, pairs in runs.items()}
    peer = {
        strategy: min((f"peer {strategy} {way}" for way in WAYS), key=lambda side: cpu[side]["median"])
        for strategy in STRATEGIES
    }
    return verdict(
        "cold_start",
        ours=cpu["ours quote"]["median"],
        peer=cpu[peer["quote"]]["median"],
        peer_name=f"hftbacktest 2.4.4 ({peer['quote'].removeprefix('peer ')})",
        unit="CPU-seconds of a fresh process that quotes, warm caches",
        more_is_better=False,
        conditions={
            "events": TINY_EVENTS,
            "ratio_watch": round(cpu[peer["watch"]]["median"] / cpu["ours watch"]["median"], 2),
            "ratio_with_our_cache_cold": round(cpu[peer["quote"]]["median"] / cpu["ours quote cold"]["median"], 2),
            "ratio_wall": round(wall[peer["quote"]]["median"] / wall["ours quote"]["median"], 2),
            "cpu_seconds": cpu,
            "wall_seconds": wall,
            **machine(),
        },
    )


if __name__ == "__main__":
    main()
