"""nanobook's side of `matching`: a Rust engine with Python bindings, called message by message, its only public way.

It numbers orders itself, so a list holds its number for each of ours, and a modify gets a new one. Messages are turned
into Python numbers before the clock starts, and the results it answers with are kept, as reports."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import nanobook
import numpy as np

CANCEL, MODIFY = 1, 2


def rows_of(flow) -> list[tuple]:
    """(kind, number of the order, side, price, quantity, time in force) of each message."""
    _, number = np.unique(flow["order_id"], return_inverse=True)
    side = np.where(flow["side"] == 0, "buy", "sell").tolist()
    lasting = np.where(flow["ioc"] == 1, "ioc", "gtc").tolist()
    numbers = (flow["kind"].tolist(), number.tolist())
    return list(zip(*numbers, side, flow["price_ticks"].tolist(), flow["quantity"].tolist(), lasting, strict=True))


def match(rows: list[tuple], orders: int) -> tuple[nanobook.Exchange, list]:
    """Every message, and every answer."""
    exchange = nanobook.Exchange()
    submit, cancel, modify = exchange.submit_limit, exchange.cancel, exchange.modify
    known = [0] * orders  # 0 is no order's number.
    answers = []
    for kind, number, side, price, quantity, lasting in rows:
        if kind == CANCEL:
            answer = cancel(known[number])
        elif kind == MODIFY:
            answer = modify(known[number], price, quantity)
            if answer.success:
                known[number] = answer.new_order_id
        else:
            answer = submit(side, price, quantity, lasting)
            known[number] = answer.order_id
        answers.append(answer)
    return exchange, answers


def run(flow) -> dict[str, Any]:
    """Match a flow twice, as ours does; the second time counts."""
    rows = rows_of(flow)
    orders = len(np.unique(flow["order_id"]))
    first = timed(rows, orders)[0]
    cpu_seconds, exchange, answers = timed(rows, orders)
    trades = [trade for answer in answers if hasattr(answer, "trades") for trade in answer.trades]
    turnover = sum(trade.price * trade.quantity for trade in trades)
    return {
        "cpu_seconds": cpu_seconds,
        "first_cpu_seconds": first,
        "messages": len(flow),
        "same": [len(trades), turnover, exchange.best_bid(), exchange.best_ask()],
    }


def timed(rows: list[tuple], orders: int) -> tuple[float, nanobook.Exchange, list]:
    """CPU seconds, the exchange and its answers."""
    started = time.process_time()
    exchange, answers = match(rows, orders)
    return time.process_time() - started, exchange, answers


def main() -> None:
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(run(np.load(folder / f"{question['flow']}.npy")[: question["limit"]])), flush=True)


if __name__ == "__main__":
    main()
