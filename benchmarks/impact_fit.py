"""A power law fitted to a million executed orders, its errors by 200 clustered bootstraps: seconds, and memory.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py impact_fit`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.measure import Record, Worker, emit, machine, spread, verdict
from benchmarks.read_rate import peak_bytes
from scipy.optimize import least_squares

from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact import PowerLaw

SEED, REPLICATES = 7, 200
TRUTH = PowerLaw(y=1.0, exponent=0.6)
HUBER = 1.345


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--peer-replicates", type=int, default=5, help="bootstraps the peer makes; scaled to 200")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # Of the workers, which start after this: both sides on one thread.
    orders = stored(arguments.folder, arguments.orders)
    emit(report(measure(orders, arguments.repetitions, arguments.peer_replicates), arguments.orders))


def stored(folder: Path, orders: int) -> Path:
    """Generated orders as a file, so that making them is in neither side's memory."""
    path = folder / f"orders-{orders}.npz"
    design = Design(orders=orders, days=250, symbols=200, tails=4.0, outliers=0.002)
    made = generate_orders(TRUTH, SEED, design)
    columns = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    np.savez(path, **{name: column for name, column in columns.items() if column is not None})
    return path


def measure(orders: Path, repetitions: int, peer_replicates: int) -> dict[str, list[Record]]:
    """Both sides in turn, each in a process of its own."""
    runs: dict[str, list[Record]] = {}
    workers = {side: Worker("benchmarks.impact_fit", orders) for side in SIDES}
    for repetition in range(repetitions):
        for side, worker in workers.items():
            answer = worker.ask(side=side, replicates=REPLICATES if side == "ours" else peer_replicates)
            runs.setdefault(side, []).append(answer)
            print(f"{repetition + 1}/{repetitions}  {side}: {answer['cpu_seconds']:.2f} CPU-s", flush=True)
    for worker in workers.values():
        worker.close()
    ours, peer = (runs[side][0] for side in ("ours", "scipy"))
    for mine, theirs, error in zip(ours["values"], peer["values"], peer["se"], strict=True):
        if abs(mine - theirs) > 0.25 * error:
            raise SystemExit(f"the sides do not agree: {ours['values']} and {peer['values']}, errors {peer['se']}")
    if not np.allclose(ours["se"], peer["se"], rtol=0.1):
        raise SystemExit(f"standard errors do not agree: {ours['se']} and {peer['se']}")
    return runs


def report(runs: dict[str, list[Record]], orders: int) -> Record:
    ours = spread([answer["cpu_seconds"] for answer in runs["ours"]])
    fits = spread([answer["fit_seconds"] for answer in runs["scipy"]])
    each = spread([answer["replicate_seconds"] for answer in runs["scipy"]])
    conditions = machine() | {
        "orders": orders,
        "clusters": runs["ours"][0]["clusters"],
        "replicates": REPLICATES,
        "replicates_the_peer_made": runs["scipy"][0]["replicates"],
        "ours_cpu_seconds": ours,
        "ours_wall_seconds": spread([answer["wall_seconds"] for answer in runs["ours"]]),
        "peer_fit_cpu_seconds": fits,
        "peer_cpu_seconds_a_replicate": each,
        "peer_over_ours_for_the_fit_alone": round(
            fits["median"] / spread([a["alone_seconds"] for a in runs["ours"]])["median"], 2
        ),
        "peak_megabytes_over_the_orders": {side: round(answers[0]["grown"] / 1e6) for side, answers in runs.items()},
        "values": {side: answers[0]["values"] for side, answers in runs.items()},
        "se": {side: answers[0]["se"] for side, answers in runs.items()},
    }
    return verdict(
        "impact_fit",
        ours=ours["median"],
        peer=fits["median"] + REPLICATES * each["median"],
        peer_name="scipy.optimize.least_squares, clustered errors and bootstrap by hand",
        unit="CPU-s",
        more_is_better=False,
        conditions=conditions,
    )


def by_nowake(orders: Metaorders, replicates: int) -> Record:
    """The fit with everything it says, but the comparison of outlier policies and the later move."""
    started = time.process_time()
    found = fit(
        PowerLaw,
        orders,
        interval="bootstrap",
        replicates=replicates,
        later=False,
        compare_outliers=False,
        spread="paid",
    )
    seconds = time.process_time() - started
    started = time.process_time()
    fit(PowerLaw, orders, interval="sandwich", later=False, compare_outliers=False, spread="paid")
    alone = time.process_time() - started
    names = ("y", "exponent")
    return {
        "cpu_seconds": seconds,
        "alone_seconds": alone,
        "clusters": found.clusters,
        "values": [found.estimates[name].value for name in names],
        "se": [found.standard_errors[name] for name in names],
    }


def by_scipy(orders: Metaorders, replicates: int) -> Record:
    """What one would write: Huber's loss at a scale from the residuals' median, and clusters drawn by their rows."""
    started = time.process_time()
    unit = 1e4 * orders.volatility
    risk = unit * np.sqrt(orders.days / 3)
    assert orders.spread_paid_bps is not None
    cost, unit = (orders.cost_bps - orders.spread_paid_bps) / risk, unit / risk
    log_size = np.log(orders.quantity / orders.daily_volume)

    def search(start: np.ndarray, scale: float, rows: np.ndarray | slice) -> np.ndarray:
        y, a, x = cost[rows], unit[rows], log_size[rows]
        return least_squares(
            lambda at: y - at[0] * a * np.exp(at[1] * x),
            start,
            jac=lambda at: -np.stack((power := a * np.exp(at[1] * x), at[0] * power * x), axis=1),
            loss="huber",
            f_scale=HUBER * scale,
            bounds=([0, 0], [np.inf, 2]),
            x_scale="jac",
        ).x

    everything = slice(None)
    first = search(np.array([1.0, 0.5]), 1.0, everything)
    left = cost - first[0] * unit * np.exp(first[1] * log_size)
    scale = float(np.median(np.abs(left)) / 0.6745)
    found = search(first, scale, everything)
    cell = np.unique(orders.day * len(orders.symbols) + orders.symbol, return_inverse=True)[1]
    se = sandwich_by_hand(found, scale, (cost, unit, log_size), cell)
    fit_seconds = time.process_time() - started
    started = time.process_time()
    by_cluster = np.split(np.argsort(cell, kind="stable"), np.cumsum(np.bincount(cell))[:-1])
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(replicates):
        drawn = rng.integers(0, len(by_cluster), len(by_cluster))
        draws.append(search(found, scale, np.concatenate([by_cluster[each] for each in drawn])))
    seconds = time.process_time() - started
    return {
        "cpu_seconds": fit_seconds + seconds,
        "fit_seconds": fit_seconds,
        "replicate_seconds": seconds / replicates,
        "replicates": replicates,
        "clusters": len(by_cluster),
        "values": found.tolist(),
        "se": se.tolist(),
        "bootstrap_se": np.std(draws, axis=0, ddof=1).tolist(),
    }


def sandwich_by_hand(
    at: np.ndarray, scale: float, columns: tuple[np.ndarray, np.ndarray, np.ndarray], cell: np.ndarray
) -> np.ndarray:
    cost, unit, log_size = columns
    power = unit * np.exp(at[1] * log_size)
    slopes = np.stack((power, at[0] * power * log_size), axis=1) / scale
    z = (cost - at[0] * power) / scale
    pulls = slopes * np.clip(z, -HUBER, HUBER)[:, None]
    scores = np.stack([np.bincount(cell, column) for column in pulls.T], axis=1)
    bread = np.linalg.inv((slopes * (np.abs(z) <= HUBER)[:, None]).T @ slopes)
    groups = len(scores)
    return np.sqrt(groups / (groups - 1) * np.diag(bread @ scores.T @ scores @ bread))


SIDES: dict[str, Callable[[Metaorders, int], Record]] = {"ours": by_nowake, "scipy": by_scipy}


def serve() -> None:
    with np.load(sys.argv[1]) as columns:
        orders = Metaorders(
            symbols=tuple(columns["symbols"].tolist()), **{n: columns[n] for n in columns if n != "symbols"}
        )
    for line in sys.stdin:
        question = json.loads(line)
        before, wall = peak_bytes(), time.perf_counter()
        answer = SIDES[question["side"]](orders, question["replicates"])
        answer |= {"wall_seconds": time.perf_counter() - wall, "grown": peak_bytes() - before}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main() if "--folder" in sys.argv else serve()
