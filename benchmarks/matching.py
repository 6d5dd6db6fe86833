"""Match messages with reports on: nowake's engine, its plain twin, and nanobook (Rust).

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py matching`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
from benchmarks import matching_flow
from benchmarks.cold_start import with_cache
from benchmarks.matching_ours import run as run_ours
from benchmarks.measure import Record, Worker, emit, machine, process_seconds, spread, verdict

from nowake import sim

FLOWS = (*matching_flow.SCENARIOS, "busy")
PARTS = {"one call": None, "venue": None, "one by one": 50_000, "twin": 5_000}  # Messages of a flow, None for all.
PEER_MESSAGES = 500_000
PEER_FLOWS = tuple(matching_flow.SCENARIOS)  # In `busy` the peer never returns from a message; see README.md.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    proven = prepare(arguments.folder)
    runs = measure(arguments.folder, arguments.repetitions)
    emit(report(runs, proven, cold_starts(arguments.folder, arguments.repetitions)))


def prepare(folder: Path) -> dict[str, bool]:
    """Generate the flows; whether the reports of each published scenario have the published hash."""
    proven = {}
    for name in FLOWS:
        print(f"generating {name} ...", flush=True)
        flow = matching_flow.busy() if name == "busy" else matching_flow.scenario(name)
        np.save(folder / f"{name}.npy", flow)
        if name in matching_flow.PUBLISHED_SHA256:
            digest = matching_flow.sha256_of(sim.match(flow))
            proven[name] = digest == matching_flow.PUBLISHED_SHA256[name]
            if not proven[name]:
                raise SystemExit(f"{name}: our reports hash to {digest}, not to the published one")
    return proven


def measure(folder: Path, repetitions: int) -> dict[tuple[str, str], list[Record]]:
    """Take turns: each repetition runs every flow on both sides; each part of a flow is one that both sides ran."""
    ours, peer = Worker("benchmarks.matching_ours", folder), Worker("benchmarks.matching_peer", folder)
    runs: dict[tuple[str, str], list[Record]] = {}
    for repetition in range(-1, repetitions):
        for flow in FLOWS:
            limit = 2_000 if repetition < 0 else None
            answers = {way: ours.ask(flow=flow, way=way, limit=limit or part) for way, part in PARTS.items()}
            if flow in PEER_FLOWS:
                answers["peer"] = peer.ask(flow=flow, limit=limit or PEER_MESSAGES)
            if repetition >= 0:
                for way, answer in answers.items():
                    runs.setdefault((flow, way), []).append(answer)
                seconds = ", ".join(f"{way} {answer['cpu_seconds']:.3f}" for way, answer in answers.items())
                print(f"{repetition + 1}/{repetitions}  {flow}, CPU-seconds: {seconds}", flush=True)
    ours.close()
    peer.close()
    check_same_work(folder, runs)
    return runs


def check_same_work(folder: Path, runs: dict[tuple[str, str], list[Record]]) -> None:
    """Trades, turnover and final best prices of each way must be those of our engine over the same messages."""
    for (flow, way), answers in runs.items():
        part = np.load(folder / f"{flow}.npy")[: answers[0]["messages"]]
        expected = run_ours(part, "one call")["same"]
        if any(answer["same"] != expected for answer in answers):
            raise SystemExit(f"{flow}, {way}: {answers[0]['same']} where ours has {expected}")


def cold_starts(folder: Path, repetitions: int) -> Record:
    """CPU seconds of a whole process that matches two messages; ours with its cache of compiled code full and empty."""
    warm, cold = with_cache(folder / "cache" / "warm"), with_cache(folder / "cache" / "cold")
    command = [sys.executable, "-m", "benchmarks.matching_cold"]
    sides = {"ours": (["ours"], warm), "ours, cache empty": (["ours"], cold), "peer": (["peer"], warm)}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for repetition in range(-1, repetitions):
        for side, (which, environment) in sides.items():
            shutil.rmtree(folder / "cache" / "cold", ignore_errors=True)
            cpu, _ = process_seconds([*command, *which], environment)
            if repetition >= 0:
                seconds[side].append(cpu)
    return {side: spread(values) for side, values in seconds.items()}


def report(runs: dict[tuple[str, str], list[Record]], proven: dict[str, bool], cold: Record) -> Record:
    """The verdict on the scenario that is our worst of the published five."""
    seconds = {key: spread([answer["cpu_seconds"] for answer in answers]) for key, answers in runs.items()}
    rate = {key: runs[key][0]["messages"] / 1e6 / figure["median"] for key, figure in seconds.items()}
    worst = min(matching_flow.SCENARIOS, key=lambda flow: rate[flow, "one call"])
    return verdict(
        "matching",
        ours=rate[worst, "one call"],
        peer=rate[worst, "peer"],
        peer_name="nanobook 0.19.2",
        unit=f"million messages per CPU-second with reports, {worst} (our worst of five)",
        more_is_better=True,
        conditions={
            "reports_have_the_published_hash": proven,
            "messages": {flow: runs[flow, "one call"][0]["messages"] for flow in FLOWS},
            "reports": {flow: runs[flow, "one call"][0]["reports"] for flow in FLOWS},
            "parts": {**PARTS, "peer": PEER_MESSAGES},
            "million_messages_per_cpu_second": {
                flow: {way: float(f"{rate[flow, way]:.3g}") for way in (*PARTS, "peer") if (flow, way) in rate}
                for flow in FLOWS
            },
            "one_call_in_fresh_memory": {flow: float(f"{rate_of_first(runs[flow, 'one call']):.3g}") for flow in FLOWS},
            "cpu_seconds": {f"{flow}, {way}": figure for (flow, way), figure in seconds.items()},
            "cpu_seconds_of_a_process_with_two_messages": cold,
            **machine(),
        },
    )


def rate_of_first(answers: list[Record]) -> float:
    """Million messages a CPU-second of the first of each pair of runs."""
    return answers[0]["messages"] / 1e6 / spread([answer["first_cpu_seconds"] for answer in answers])["median"]


if __name__ == "__main__":
    main()
