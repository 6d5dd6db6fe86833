"""hftbacktest's side of `replay_levels`: its level-2 backtest with its proportional queue model.

Driven as in its documents, with the strategies of `replay_peer`, compiled with numba: the peer's fast way."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.replay_peer import BACKTESTS, STRATEGIES, touch_of
from benchmarks.workload import LATENCY_NS, LOT_SIZE, TICK_SIZE, Answer
from hftbacktest import BacktestAsset


def backtest(rows, book: str):
    """A backtest over rows in memory, its dense book wide enough for every price of the feed."""
    asset = (
        BacktestAsset()
        .data(rows)
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .power_prob_queue_model(1.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK_SIZE)
        .lot_size(LOT_SIZE)
        .last_trades_capacity(0)
    )
    if book == "dense":
        asset = asset.roi_lb(float(rows["px"].min()) - TICK_SIZE).roi_ub(float(rows["px"].max()) + TICK_SIZE)
    return BACKTESTS[book]([asset])


def run(rows, *, strategy: str, book: str, step_ns: int, compiled: bool = True) -> Answer:
    """One replay from first row to last, timed from building the backtest."""
    decide = STRATEGIES[strategy] if compiled else STRATEGIES[strategy].py_func
    started = time.process_time()
    hbt = backtest(rows, book)
    status, decisions, touch_sum = decide(hbt, step_ns)
    cpu_seconds = time.process_time() - started
    if status != 1:  # 1 is the end of the data.
        raise SystemExit(f"the peer stopped with status {status} after {decisions} decisions")
    state = hbt.state_values(0)
    fills, position_lots = int(state.num_trades), round(state.position / LOT_SIZE)
    answer = Answer(cpu_seconds, decisions, int(touch_sum), touch_of(hbt.depth(0)), fills, position_lots)
    hbt.close()
    return answer


def main() -> None:
    rows = np.load(Path(sys.argv[1]) / "peer_rows.npy")
    for line in sys.stdin:
        question = json.loads(line)
        part = rows[: question.pop("limit")]
        print(json.dumps(run(part, **question)._asdict()), flush=True)


if __name__ == "__main__":
    main()
