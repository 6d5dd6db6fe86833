"""Replay a generated day order by order, deciding every 100 ms of market time: nowake against hftbacktest.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py replay_orders`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.measure import Record, Worker, emit, machine, spread, verdict
from benchmarks.peer_rows import peer_rows
from benchmarks.workload import HOUR_NS, LATENCY_NS, LOT_SIZE, STEP_NS, TICK_SIZE

from nowake.data.generated import generate_day
from nowake.kernels.layout import ADD

BOOKS = ("hash", "dense")  # The peer's two, its strategy compiled: the better counts.
MAIN = "watch 100ms"
CASES = {
    MAIN: ("watch", STEP_NS),
    "quote 100ms": ("quote", STEP_NS),
    "quote 1s": ("quote", 10 * STEP_NS),
    "watch 1h": ("watch", HOUR_NS),
}
FROM_PYTHON = "decided from Python"
LIKE_OURS = f"dense, {FROM_PYTHON}"
WARM_EVENTS = 20_000  # Replayed once before measuring, so that compiling is not measured.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    stream = prepare(arguments.folder, arguments.events)
    runs, memory = measure(arguments.folder, arguments.repetitions)
    emit(report(stream, runs, memory))


def prepare(folder: Path, count: int) -> Record:
    """Generate the day, write it in both layouts, and describe it."""
    print(f"generating {count:,} events ...", flush=True)
    events = generate_day(events=count).events
    rows = peer_rows(events, tick_size=TICK_SIZE, lot_size=LOT_SIZE, feed_ns=LATENCY_NS)
    np.save(folder / "events.npy", events)
    np.save(folder / "peer_rows.npy", rows)
    return {
        "events": len(events),
        "peer_rows": len(rows),
        "events_per_decision": round(len(events) * STEP_NS / int(events["time_ns"][-1] - events["time_ns"][0]), 1),
        "live_orders": live_orders(events),
    }


def live_orders(events: npt.NDArray[np.void]) -> Record:
    """How many orders rest in the book, on average and at most: the peer searches its queues one by one."""
    ids, last = np.unique(events["order_id"][::-1], return_index=True)
    last = len(events) - 1 - last[ids > 0]  # The last message of each order: few outlive the stream.
    change = (events["kind"] == ADD).astype(np.int64)
    np.subtract.at(change, last, 1)
    live = np.cumsum(change)
    return {"mean": int(live.mean()), "max": int(live.max())}


def measure(folder: Path, repetitions: int) -> tuple[dict[str, list[Record]], Record]:
    """Take turns: each repetition runs every variant of both engines once. Then what ours needs in memory."""
    ours, peer = Worker("benchmarks.replay_ours", folder), Worker("benchmarks.replay_peer", folder)
    runs: dict[str, list[Record]] = {}
    for repetition in range(-1, repetitions):
        limit = WARM_EVENTS if repetition < 0 else None
        for case, (strategy, step_ns) in CASES.items():
            common = {"strategy": strategy, "step_ns": step_ns, "limit": limit}
            answers = {
                f"ours {case}": ours.ask(compiled=True, **common),
                f"ours {case} {FROM_PYTHON}": ours.ask(compiled=False, **common),
            }
            for book in BOOKS:
                answers[f"peer {case} {book}"] = peer.ask(book=book, **common)
            answers[f"peer {case} {LIKE_OURS}"] = peer.ask(book="dense", compiled=False, **common)
            if repetition >= 0:
                for variant, answer in answers.items():
                    runs.setdefault(variant, []).append(answer)
                seconds = ", ".join(f"{name} {answer['cpu_seconds']:.2f}" for name, answer in answers.items())
                print(f"{repetition + 1}/{repetitions}  CPU-seconds: {seconds}", flush=True)
    memory = ours.ask(memory=True, limit=None)
    ours.close()
    peer.close()
    return runs, memory


def report(stream: Record, runs: dict[str, list[Record]], memory: Record) -> Record:
    """The verdict on the main case by median, and all cases beside it."""
    check_same_market(runs)
    check_same_fills(runs)
    seconds = {variant: spread([answer["cpu_seconds"] for answer in answers]) for variant, answers in runs.items()}
    rate = {variant: stream["events"] / 1e6 / figure["median"] for variant, figure in seconds.items()}
    best = {case: max(BOOKS, key=lambda book, case=case: rate[f"peer {case} {book}"]) for case in CASES}
    peer = {case: rate[f"peer {case} {book}"] for case, book in best.items()}
    last = {variant: answers[-1] for variant, answers in runs.items()}
    return verdict(
        "replay_orders",
        ours=rate[f"ours {MAIN}"],
        peer=peer[MAIN],
        peer_name=f"hftbacktest 2.4.4, level 3 FIFO, {best[MAIN]} book",
        unit=f"million events per CPU-second, {MAIN}",
        more_is_better=True,
        conditions={
            **stream,
            "decisions": last[f"ours {MAIN}"]["decisions"],
            "ratios": {case: round(rate[f"ours {case}"] / peer[case], 2) for case in CASES},
            "ratios_ours_decided_from_python": {
                case: round(rate[f"ours {case} {FROM_PYTHON}"] / peer[case], 2) for case in CASES
            },
            "ratios_both_decided_from_python": {
                case: round(rate[f"ours {case} {FROM_PYTHON}"] / rate[f"peer {case} {LIKE_OURS}"], 2) for case in CASES
            },
            "million_events_per_cpu_second": {variant: round(figure, 2) for variant, figure in rate.items()},
            "cpu_seconds": seconds,
            "fills": {variant: answer["fills"] for variant, answer in last.items() if "quote" in variant},
            "same_touch_at_every_decision": True,
            "decided_from": "code compiled with numba on both sides, but where a case says Python",
            "memory_bytes_per_event": memory,
            **machine(),
        },
    )


def check_same_market(runs: dict[str, list[Record]]) -> None:
    """Without orders of our own, all engines must have seen the same touch at each decision and at the end."""
    for case in (case for case, (strategy, _) in CASES.items() if strategy == "watch"):
        seen = {
            variant: (answer["decisions"], answer["touch_sum"], answer["final_touch"])
            for variant, answers in runs.items()
            for answer in answers
            if f" {case}" in variant
        }
        if any(what != seen[f"ours {case}"] for what in seen.values()):
            raise SystemExit(f"the engines disagree on decisions, sum of touches or final touch: {seen}")


def check_same_fills(runs: dict[str, list[Record]]) -> None:
    """Our strategy trades the same compiled and from Python."""
    for case in CASES:
        compiled, plain = runs[f"ours {case}"][-1], runs[f"ours {case} {FROM_PYTHON}"][-1]
        if any(compiled[name] != plain[name] for name in ("decisions", "touch_sum", "fills", "position_lots")):
            raise SystemExit(f"ours differs compiled and from Python in {case}: {compiled} and {plain}")


if __name__ == "__main__":
    main()
