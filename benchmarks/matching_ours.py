"""Our side of `matching`: the compiled engine, in one call and message by message, and its plain twin."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from tests.reference.matching import PlainEngine

from nowake.sim import MatchingEngine


def in_one_call(flow) -> tuple[Any, Any]:
    """All messages at once."""
    engine = MatchingEngine()
    return engine, engine.match(flow)


def one_by_one(flow) -> tuple[Any, Any]:
    """A call for each message."""
    engine = MatchingEngine()
    return engine, np.concatenate([engine.match(flow[k : k + 1]) for k in range(len(flow))])


def on_the_venue_loop(flow) -> tuple[Any, Any]:
    """All at once, in an engine where a hidden order far away keeps the loop for special orders going."""
    engine = MatchingEngine()
    hidden = np.zeros(1, [*flow.dtype.descr, ("hidden", "u1")])
    hidden["order_id"], hidden["quantity"], hidden["price_ticks"], hidden["hidden"] = 1 << 60, 1, -1000, 1
    engine.match(hidden)
    return engine, engine.match(flow)


def by_the_twin(flow) -> tuple[Any, Any]:
    """The plain Python reference."""
    engine = PlainEngine()
    return engine, engine.match(flow)


WAYS = {"one call": in_one_call, "one by one": one_by_one, "venue": on_the_venue_loop, "twin": by_the_twin}


def run(flow, way: str) -> dict[str, Any]:
    """Match a flow from an empty book; the reports are made and kept, as a user would have them.

    Twice: the first time the operating system hands out memory that may never have been used, which on a virtual
    machine costs more than the matching. Both are told, the second counts.
    """
    first = timed(flow, way)[0]
    cpu_seconds, engine, reports = timed(flow, way)
    trades = reports[reports["type"] == 1]
    turnover = int((trades["price_ticks"] * trades["quantity"]).sum())
    return {
        "cpu_seconds": cpu_seconds,
        "first_cpu_seconds": first,
        "messages": len(flow),
        "reports": len(reports),
        "same": [len(trades), turnover, engine.best_bid, engine.best_ask],
    }


def timed(flow, way: str) -> tuple[float, Any, Any]:
    """CPU seconds, engine and reports."""
    started = time.process_time()
    engine, reports = WAYS[way](flow)
    return time.process_time() - started, engine, reports


def main() -> None:
    folder = Path(sys.argv[1])
    flows: dict[str, Any] = {}
    for line in sys.stdin:
        question = json.loads(line)
        name = question["flow"]
        if name not in flows:
            flows = {name: np.load(folder / f"{name}.npy")}
        print(json.dumps(run(flows[name][: question["limit"]], question["way"])), flush=True)


if __name__ == "__main__":
    main()
