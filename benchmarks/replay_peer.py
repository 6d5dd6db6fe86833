"""hftbacktest's side of `replay_orders`: its level-3 FIFO backtest, driven as its own documents drive it.

The strategy is compiled with numba, which is the peer's fast way; ours decides from Python. The same strategy as plain
Python is there to compare like with like. Compiling happens in a run that is not measured."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.workload import LATENCY_NS, LOT_SIZE, TICK_SIZE, Answer
from hftbacktest import GTC, LIMIT, BacktestAsset, HashMapMarketDepthBacktest, ROIVectorMarketDepthBacktest
from numba import njit

BACKTESTS = {"hash": HashMapMarketDepthBacktest, "dense": ROIVectorMarketDepthBacktest}


def backtest(rows, book: str):
    """A backtest over rows in memory, its dense book wide enough for every price of the stream."""
    asset = (
        BacktestAsset()
        .data(rows)
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .l3_fifo_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK_SIZE)
        .lot_size(LOT_SIZE)
        .last_trades_capacity(0)
    )
    if book == "dense":
        asset = asset.roi_lb(float(rows["px"].min()) - TICK_SIZE).roi_ub(float(rows["px"].max()) + TICK_SIZE)
    return BACKTESTS[book]([asset])


@njit
def watch(hbt, step_ns):
    """Look at the best prices every step and do nothing."""
    decisions = 0
    touch_sum = 0
    while True:
        status = hbt.elapse(step_ns)
        if status != 0:
            return status, decisions, touch_sum
        decisions += 1
        depth = hbt.depth(0)
        touch_sum += depth.best_bid_tick + depth.best_ask_tick


@njit
def quote(hbt, step_ns):
    """Keep one lot at the best bid and one at the best ask, moving each when the best price has moved."""
    decisions = 0
    touch_sum = 0
    next_id = 1
    bid_id, bid_tick, ask_id, ask_tick = 0, 0, 0, 0
    while True:
        status = hbt.elapse(step_ns)
        if status != 0:
            return status, decisions, touch_sum
        decisions += 1
        depth = hbt.depth(0)
        best_bid, best_ask = depth.best_bid_tick, depth.best_ask_tick
        touch_sum += best_bid + best_ask
        hbt.clear_inactive_orders(0)
        orders = hbt.orders(0)
        if bid_id not in orders or bid_tick != best_bid:
            if bid_id in orders:
                hbt.cancel(0, bid_id, False)
            bid_id, bid_tick, next_id = next_id, best_bid, next_id + 1
            hbt.submit_buy_order(0, bid_id, bid_tick * TICK_SIZE, LOT_SIZE, GTC, LIMIT, False)
        if ask_id not in orders or ask_tick != best_ask:
            if ask_id in orders:
                hbt.cancel(0, ask_id, False)
            ask_id, ask_tick, next_id = next_id, best_ask, next_id + 1
            hbt.submit_sell_order(0, ask_id, ask_tick * TICK_SIZE, LOT_SIZE, GTC, LIMIT, False)


STRATEGIES = {"watch": watch, "quote": quote}


def run(rows, *, strategy: str, book: str, step_ns: int, compiled: bool = True) -> Answer:
    """One replay from first row to last, timed from building the backtest.

    The strategy runs compiled, or as plain Python that calls the peer's compiled methods.
    """
    decide = STRATEGIES[strategy] if compiled else STRATEGIES[strategy].py_func
    started = time.process_time()
    hbt = backtest(rows, book)
    status, decisions, touch_sum = decide(hbt, step_ns)
    cpu_seconds = time.process_time() - started
    if status != 1:  # 1 is the end of the data.
        raise SystemExit(f"the peer stopped with status {status} after {decisions} decisions")
    depth, state = hbt.depth(0), hbt.state_values(0)
    answer = Answer(
        cpu_seconds=cpu_seconds,
        decisions=decisions,
        touch_sum=int(touch_sum),
        final_touch=touch_of(depth),
        fills=int(state.num_trades),
        position_lots=round(state.position / LOT_SIZE),
    )
    hbt.close()
    return answer


def touch_of(depth) -> list[int]:
    """Best bid, its lots, best ask, its lots."""
    bid, ask = depth.best_bid_tick, depth.best_ask_tick
    return [
        int(bid),
        round(depth.bid_qty_at_tick(bid) / LOT_SIZE),
        int(ask),
        round(depth.ask_qty_at_tick(ask) / LOT_SIZE),
    ]


def main() -> None:
    rows = np.load(Path(sys.argv[1]) / "peer_rows.npy")
    for line in sys.stdin:
        question = json.loads(line)
        part = rows[: question.pop("limit")]
        print(json.dumps(run(part, **question)._asdict()), flush=True)


if __name__ == "__main__":
    main()
