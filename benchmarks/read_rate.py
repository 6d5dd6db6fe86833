"""From a stored day on disk to a replayed book: events a second on the wall clock, and memory an event.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py read_rate`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.measure import Record, Worker, emit, machine, spread, verdict

from nowake.data.generated import generate_day
from nowake.data.parquet import VERSION, part_path, read_about, read_events
from nowake.data.store import write_day
from nowake.kernels.layout import EVENT
from nowake.sim.book import Book

SEED = 7
END_NS = 1 << 62
STATUS = Path("/proc/self/status")  # Of Linux: elsewhere memory is not measured.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    day = stored(arguments.folder, arguments.events)
    emit(report(measure(day, arguments.repetitions), day))


def stored(folder: Path, events: int) -> Path:
    """A generated day in a store; made once."""
    store = folder / f"store-{VERSION}-{events}"
    there = list(store.glob("date=*/symbol=*/venue=*"))
    return there[0] if there else write_day(generate_day(SEED, events=events), store)


def measure(day: Path, repetitions: int) -> dict[str, list[Record]]:
    """Both sides in turn, each in a process of its own; a last one of each for its memory."""
    runs: dict[str, list[Record]] = {}
    workers = {side: Worker("benchmarks.read_rate", day) for side in SIDES}
    for repetition in range(-1, repetitions):  # The first round brings the file into the page cache.
        for side, worker in workers.items():
            answer = worker.ask(side=side)
            if repetition >= 0:
                runs.setdefault(side, []).append(answer)
                rate = answer["events"] / answer["wall_seconds"] / 1e6
                print(f"{repetition + 1}/{repetitions}  {side}: {rate:.1f} M events/s", flush=True)
    for worker in workers.values():
        worker.close()
    seen = {json.dumps(answer["touch"]) for answers in runs.values() for answer in answers}
    if len(seen) != 1:
        raise SystemExit(f"the sides did not replay the same market: {seen}")
    return runs


def report(runs: dict[str, list[Record]], day: Path) -> Record:
    walls = {side: spread([answer["wall_seconds"] for answer in answers]) for side, answers in runs.items()}
    cpus = {side: spread([answer["cpu_seconds"] for answer in answers]) for side, answers in runs.items()}
    events = runs["ours"][0]["events"]
    ours, peer = (events / walls[side]["median"] / 1e6 for side in ("ours", "polars and numpy"))
    conditions = machine() | {
        "events": events,
        "bytes_an_event_on_disk": round(sum(path.stat().st_size for path in day.glob("events-*")) / events, 1),
        "bytes_an_event_in_core": {side: answers[0]["bytes_an_event"] for side, answers in runs.items()},
        "wall_seconds": walls,
        "cpu_seconds": cpus,
        "reading_alone_seconds": {
            side: spread([answer["read_seconds"] for answer in answers]) for side, answers in runs.items()
        },
    }
    return verdict(
        "read_rate",
        ours=ours,
        peer=peer,
        peer_name="the same files through polars and numpy",
        unit="M events/s",
        more_is_better=True,
        conditions=conditions,
    )


def read_through_numpy(day: Path) -> np.ndarray:
    """What one would write without a kernel: all columns at once, then one strided copy a column."""
    count = len(read_about(day).tables["events"])
    frame = pl.read_parquet([part_path(day, "events", number) for number in range(count)])
    events = np.empty(frame.height, EVENT)
    for name in EVENT.names:
        events[name] = frame[name].to_numpy()
    return events


def read(day: Path) -> np.ndarray:
    return read_events(day, read_about(day))


SIDES: dict[str, Callable[[Path], np.ndarray]] = {"ours": read, "polars and numpy": read_through_numpy}


def run(day: Path, side: str) -> Record:
    """Read a day and replay it to its end."""
    before = peak_bytes()
    wall, cpu = time.perf_counter(), time.process_time()
    events = SIDES[side](day)
    read_seconds = time.perf_counter() - wall
    book = Book(events)
    book.run(END_NS)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = peak_bytes() - before
    return {
        "events": len(events),
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "read_seconds": read_seconds,
        "bytes_an_event": round(grown / len(events), 1),
        "touch": book.sides(),
    }


def peak_bytes() -> int:
    """The most memory this process has had at once."""
    lines = STATUS.read_text().splitlines() if STATUS.exists() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def serve() -> None:
    day = Path(sys.argv[1])
    first: dict[str, float] = {}
    for line in sys.stdin:
        question = json.loads(line)
        answer = run(day, question["side"])
        answer["bytes_an_event"] = first.setdefault("bytes", answer["bytes_an_event"])  # Later runs reuse the memory.
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main() if "--folder" in sys.argv else serve()
