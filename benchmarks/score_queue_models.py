"""How wrong is a queue estimated from displayed levels? Each model against the exact queues of the same tape.

Any day of orders can be named: `python benchmarks/score_queue_models.py lobster:AMZN`, or with a date and with how
often levels are told: `... dbn:ESH4 --date 2023-12-26 --every-ms 100`. docs/queue-models.md has tables of several."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from nowake.data.day import Day
from nowake.domain.errors import BadData, NowakeError
from nowake.kernels.layout import LEVEL
from nowake.sim.queue_scores import QueueScore, queue_score
from nowake.verbs.load import load_day


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", nargs="?", default="generated", help="as nowake.load_day takes it")
    parser.add_argument("--date", default=None)
    parser.add_argument("--probes", type=int, default=2_000)
    parser.add_argument("--horizon-s", type=float, default=60.0)
    parser.add_argument("--every-ms", type=float, default=0.0, help="levels are told every so often, 0 at once")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args(arguments)
    try:
        print(score(load_day(asked.spec, asked.date), asked))
    except NowakeError as error:
        sys.exit(f"score_queue_models: {error}")


def score(day: Day, asked: argparse.Namespace) -> QueueScore:
    """Of a day that says whose orders came and went; any other has no truth to hold a model against."""
    if not day.can_replay:
        raise BadData(day.cannot_replay_because)
    if np.any(day.events["kind"] == LEVEL):
        raise BadData(
            f"{day.source!r} tells levels, not whose order came and went, so no true queues are known; name a day that "
            "gives orders (`nowake data info` lists them)"
        )
    times, session = day.events["time_ns"], day.instrument.session
    return queue_score(
        day.events,
        name=f"{day.source} {session.date}",
        probes=asked.probes,
        horizon_s=asked.horizon_s,
        deepest=min(2, day.depth - 1) if day.depth else 2,
        reach=day.depth,
        every_ns=round(asked.every_ms * 1e6),
        between_ns=(max(session.open_ns, int(times[0])), min(session.close_ns, int(times[-1]))),
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
