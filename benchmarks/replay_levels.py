"""Replay by price level against hftbacktest's level-2 backtest; what is measured is in README.md.

The feed is the one a venue would have published of a generated day of orders."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from benchmarks.level_rows import level_rows
from benchmarks.measure import Record, Worker, emit, machine, spread, verdict
from benchmarks.replay_orders import BOOKS, CASES, FROM_PYTHON, LIKE_OURS, MAIN, WARM_EVENTS, check_same_market
from benchmarks.workload import LATENCY_NS, LOT_SIZE, STEP_NS, TICK_SIZE

from nowake.data.generated import generate_day
from nowake.kernels.layout import TRADE
from nowake.sim.levels_of_orders import levels_of_orders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    feed = prepare(arguments.folder, arguments.events)
    runs, memory = measure(arguments.folder, arguments.repetitions)
    emit(report(feed, runs, memory))


def prepare(folder: Path, count: int) -> Record:
    """Generate the day, publish its levels, write them in both layouts, and describe them."""
    print(f"generating {count:,} events ...", flush=True)
    events = levels_of_orders(generate_day(events=count).events)[:count]
    np.save(folder / "events.npy", events)
    np.save(folder / "peer_rows.npy", level_rows(events, tick_size=TICK_SIZE, lot_size=LOT_SIZE, feed_ns=LATENCY_NS))
    return {
        "events": len(events),
        "trades": int((events["kind"] == TRADE).sum()),
        "events_per_decision": round(len(events) * STEP_NS / int(events["time_ns"][-1] - events["time_ns"][0]), 1),
        "prices": len(np.unique(events["price_ticks"])),
    }


def measure(folder: Path, repetitions: int) -> tuple[dict[str, list[Record]], Record]:
    """Take turns: each repetition runs every variant of both engines once. Then what ours needs in memory."""
    ours, peer = Worker("benchmarks.replay_ours", folder), Worker("benchmarks.replay_levels_peer", folder)
    runs: dict[str, list[Record]] = {}
    for repetition in range(-1, repetitions):
        for case, (strategy, step_ns) in CASES.items():
            common = {"strategy": strategy, "step_ns": step_ns, "limit": WARM_EVENTS if repetition < 0 else None}
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


def report(feed: Record, runs: dict[str, list[Record]], memory: Record) -> Record:
    """The verdict on the main case by median, and all cases beside it."""
    check_same_market(runs)
    seconds = {variant: spread([answer["cpu_seconds"] for answer in answers]) for variant, answers in runs.items()}
    rate = {variant: feed["events"] / 1e6 / figure["median"] for variant, figure in seconds.items()}
    best = {case: max(BOOKS, key=lambda book, case=case: rate[f"peer {case} {book}"]) for case in CASES}
    peer = {case: rate[f"peer {case} {book}"] for case, book in best.items()}
    python = {case: rate[f"ours {case} {FROM_PYTHON}"] for case in CASES}
    last = {variant: answers[-1] for variant, answers in runs.items()}
    return verdict(
        "replay_levels",
        ours=rate[f"ours {MAIN}"],
        peer=peer[MAIN],
        peer_name=f"hftbacktest 2.4.4, level 2, proportional queue, {best[MAIN]} book",
        unit=f"million events per CPU-second, {MAIN}",
        more_is_better=True,
        conditions={
            **feed,
            "decisions": last[f"ours {MAIN}"]["decisions"],
            "ratios": {case: round(rate[f"ours {case}"] / peer[case], 2) for case in CASES},
            "ratios_ours_decided_from_python": {case: round(python[case] / peer[case], 2) for case in CASES},
            "ratios_both_decided_from_python": {
                case: round(python[case] / rate[f"peer {case} {LIKE_OURS}"], 2) for case in CASES
            },
            "million_events_per_cpu_second": {variant: round(figure, 2) for variant, figure in rate.items()},
            "cpu_seconds": seconds,
            "fills": {variant: answer["fills"] for variant, answer in last.items() if "quote" in variant},
            "bytes_per_event": memory,
            "same_touch_at_every_decision": True,
            "decided_from": "code compiled with numba on both sides, but where a case says Python",
            **machine(),
        },
    )


if __name__ == "__main__":
    main()
