"""The market both sides of the replay benchmarks run, and what each reports of it."""

from __future__ import annotations

from typing import NamedTuple

TICK_SIZE = 0.01
LOT_SIZE = 1.0
LATENCY_NS = 200_000  # Feed, order entry and report alike, on both sides.
STEP_NS = 100_000_000  # A decision every 100 ms of market time.
HOUR_NS = 3_600_000_000_000


class Answer(NamedTuple):
    """One replay: its cost, and enough of what it saw to know that both engines saw the same market.

    `touch_sum` is the sum over all decisions of best bid plus best ask in ticks; `final_touch` is best bid, its
    lots, best ask, its lots after the last event.
    """

    cpu_seconds: float
    decisions: int
    touch_sum: int
    final_touch: list[int]
    fills: int
    position_lots: int
