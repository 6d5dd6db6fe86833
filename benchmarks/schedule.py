"""Optimal schedules of baskets: ours beside cvxpy and Clarabel, on the same arrays, in one run.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py schedule`."""

from __future__ import annotations

import argparse
import gc
import os
import time
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from benchmarks import schedule_peer as peer
from benchmarks.measure import Record, emit, machine, spread, verdict

from nowake.schedules.solvers.choose import solve
from nowake.schedules.solvers.programme import Programme

SEED = 7
FACTORS = 10
RISK = 2e-6
MAIN = "constrained 500 x 78"
SAME = 1e-6
KEPT = 1e-9
# Name: assets, buckets, exponent, limits or not, repetitions of the peer.
CASES: dict[str, tuple[int, int, float, bool, int]] = {
    "unconstrained 50 x 78": (50, 78, 2.0, False, 3),
    "unconstrained 500 x 78": (500, 78, 2.0, False, 1),
    "unconstrained 3000 x 26": (3_000, 26, 2.0, False, 1),
    "constrained 50 x 78": (50, 78, 2.0, True, 3),
    MAIN: (500, 78, 2.0, True, 1),
    "constrained 3000 x 26": (3_000, 26, 2.0, True, 1),
    "power 3/2 constrained 50 x 78": (50, 78, 1.5, True, 3),
    "power 3/2 constrained 200 x 78": (200, 78, 1.5, True, 1),
}
# The same for ours alone; the last number is the risk aversion.
ALONE = {
    "constrained 1000 x 78": (1_000, 78, 2.0, True, RISK),
    "urgent constrained 1000 x 78": (1_000, 78, 2.0, True, 50 * RISK),
    "power 3/2 constrained 1000 x 78": (1_000, 78, 1.5, True, RISK),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--only", choices=tuple(CASES), help="one case alone")
    arguments = parser.parse_args()
    names = (arguments.only,) if arguments.only else tuple(CASES)
    figures = {name: compared(*CASES[name], repetitions=arguments.repetitions) for name in names}
    alone = {name: ours_alone(*ALONE[name], repetitions=arguments.repetitions) for name in ALONE}
    emit(report(figures, alone, names[0] if arguments.only else MAIN))


def basket(assets: int, buckets: int, exponent: float, limited: bool, risk: float = RISK) -> dict[str, Any]:
    """Buys and sells in raw shares and currency, a volume profile, and with limits: no reversal, caps, a beta band."""
    draw = np.random.default_rng(SEED)
    price = 10 ** draw.uniform(0.5, 2.5, assets)
    value = 10 ** draw.uniform(5, 7, assets)
    x = np.rint(value / price) * draw.choice([-1.0, 1.0], assets)
    sigma = price * 0.02 * draw.uniform(0.5, 2, assets)
    beta = draw.uniform(0.5, 1.5, assets)
    loadings = sigma[:, None] * np.column_stack([0.6 * beta, draw.normal(0, 0.2, (assets, FACTORS - 1))])
    profile = 1 + 0.5 * np.cos(np.linspace(0, 2 * np.pi, buckets))
    profile /= profile.sum()
    daily = np.abs(x) * draw.uniform(5, 50, assets)
    case = {
        "quantities": x,
        "impact": sigma / (daily * profile[:, None]) ** (exponent - 1),
        "exponent": exponent,
        "risk_weights": np.full(buckets, risk / buckets),
        "loadings": loadings,
        "specific": (0.7 * sigma) ** 2,
    }
    if limited:
        cap = 2.0 * np.abs(x) * profile[:, None]
        path = 1 - np.cumsum(profile)
        rows = (price * beta)[None, :]
        middle, width = path[:, None] * (rows @ x), 0.01 * (rows @ np.abs(x))
        case |= {"lower": np.where(x > 0, 0.0, -cap), "upper": np.where(x > 0, cap, 0.0)}
        case |= {"bands": rows, "band_low": middle - width, "band_high": middle + width}
    return case


def compared(assets: int, buckets: int, exponent: float, limited: bool, peers: int, *, repetitions: int) -> Record:
    """Both sides' CPU seconds, taking turns, after one round of ours that is not counted."""
    case = basket(assets, buckets, exponent, limited)
    ours_of(case)
    ways = (True,) if exponent == 2 else (True, False)
    ours: list[float] = []
    theirs: dict[bool, list[float]] = {way: [] for way in ways}
    for round_ in range(max(repetitions, peers)):
        if round_ < peers:
            for way in ways:
                seconds, (value, trades) = cpu_seconds(lambda way=way: peer.optimum(case, approx=way))
                theirs[way].append(seconds)
        seconds, solution = cpu_seconds(lambda: ours_of(case))
        ours.append(seconds)
    check_same(case, solution, value, trades)
    best = min(theirs.values(), key=np.median)
    return {
        "ours": spread(ours) | {"median": float(f"{np.median(ours):.4g}"), "min": float(f"{min(ours):.4g}")},
        "peer": spread(best),
        "ratio": round(float(np.median(best) / np.median(ours)), 1),
        "objective_less_peers": float(f"{solution.certificate.objective / value - 1:.2g}"),
        "by": str(solution.certificate),
    }


def ours_alone(assets: int, buckets: int, exponent: float, limited: bool, risk: float, *, repetitions: int) -> Record:
    """A basket of a thousand orders, wall seconds too: the peer would take minutes."""
    case = basket(assets, buckets, exponent, limited, risk)
    started = time.perf_counter()
    timed = [cpu_seconds(lambda: ours_of(case)) for _ in range(repetitions)]
    wall = (time.perf_counter() - started) / repetitions
    return {
        "cpu": spread([seconds for seconds, _ in timed]),
        "wall": round(wall, 4),
        "by": str(timed[0][1].certificate),
    }


def ours_of(case: dict[str, Any]) -> Any:
    """From arrays to a certified solution: checks of what was given, choice of method, limits that bind included."""
    return solve(Programme(**case))


def cpu_seconds(work: Any) -> tuple[float, Any]:
    gc.collect()
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def check_same(case: dict[str, Any], solution: Any, value: float, trades: Any) -> None:
    """One problem on both sides, objectives equal to 1e-6, and limits kept by ours to 1e-9 of each order."""
    found = solution.certificate.objective
    if not abs(Programme(**case).objective(trades) / value - 1) <= SAME:
        raise SystemExit("the peer's objective is not that of its trades")
    size = np.abs(case["quantities"])
    if not abs(found / value - 1) <= SAME:
        raise SystemExit(f"objectives differ: ours {found:.9g}, the peer's {value:.9g}")
    breach = np.abs(solution.trades.sum(axis=0) - case["quantities"]) / size
    if "upper" in case:
        breach = np.maximum(breach, ((solution.trades - case["upper"]) / size).max(axis=0))
        breach = np.maximum(breach, ((case["lower"] - solution.trades) / size).max(axis=0))
        held = (case["quantities"] - np.cumsum(solution.trades, axis=0))[:-1] @ case["bands"].T
        over = np.maximum(case["band_low"][:-1] - held, held - case["band_high"][:-1])
        breach = np.append(breach, (over / (np.abs(case["bands"]) @ size)).max())
    if not breach.max() <= KEPT:
        raise SystemExit(f"ours crosses a limit or band by {breach.max():.2g} of the size")


def report(figures: dict[str, Record], alone: dict[str, Record], main_case: str) -> Record:
    return verdict(
        f"schedule: {main_case}",
        ours=figures[main_case]["ours"]["median"],
        peer=figures[main_case]["peer"]["median"],
        peer_name="cvxpy with Clarabel",
        unit="CPU-seconds",
        more_is_better=False,
        conditions=machine() | {"cases": figures, "thousand_orders": alone},
    )


if __name__ == "__main__":
    main()
