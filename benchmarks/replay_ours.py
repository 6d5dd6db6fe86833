"""Our side of `replay_orders`: the decisions are made in Python, through the port every engine run goes through."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.workload import HOUR_NS, LATENCY_NS, Answer
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld

from nowake.domain.book import BookSnapshot
from nowake.domain.command import CancelChild, PlaceChild
from nowake.domain.decider import Wake
from nowake.domain.event import ChildCancelled, ChildFilled, ChildRejected, MarketMoved, MarketPhase
from nowake.domain.instrument import Instrument, Session
from nowake.domain.side import Side


def world_of(events) -> ReplayWorld:
    """A replay of events in memory, whose session holds all of them and the last decisions after them."""
    open_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
    date = dt.datetime.fromtimestamp(open_ns // 10**9, dt.UTC).date()
    session = Session(date=date, timezone="UTC", open_ns=open_ns, close_ns=last_ns + HOUR_NS)
    instrument = Instrument(symbol="GEN", venue="XGEN", session=session)
    latency = Latency(feed_ns=LATENCY_NS, order_ns=LATENCY_NS, report_ns=LATENCY_NS)
    return ReplayWorld(events, instrument, name="benchmark", latency=latency, depth=1)


class Watcher:
    """Looks at the best prices and does nothing."""

    fills = 0
    position_lots = 0

    def learn(self, event) -> None:
        """Nothing of ours ever happens."""

    def decide(self, world: ReplayWorld, book: BookSnapshot) -> None:
        """Nothing is wanted."""


class Quoter:
    """Keeps one lot at the best bid and one at the best ask, moving each when the best price has moved."""

    def __init__(self) -> None:
        self.fills = 0
        self.position_lots = 0
        self._next_id = 1
        self._live: dict[int, Side] = {}
        self._quote = {Side.BUY: (0, 0), Side.SELL: (0, 0)}  # Child id and price of the latest quote of a side.

    def learn(self, event) -> None:
        """Keep account of what became of our quotes."""
        kind = type(event)
        if kind is ChildFilled:
            self.fills += 1
            self.position_lots += event.lots * self._live[event.child_id]
        if kind in {ChildFilled, ChildCancelled, ChildRejected}:
            self._live.pop(event.child_id, None)

    def decide(self, world: ReplayWorld, book: BookSnapshot) -> None:
        """Move each quote to the touch it should be at."""
        if book.bids:
            self._keep(world, Side.BUY, book.bids[0].price_ticks)
        if book.asks:
            self._keep(world, Side.SELL, book.asks[0].price_ticks)

    def _keep(self, world: ReplayWorld, side: Side, price_ticks: int) -> None:
        child_id, was_ticks = self._quote[side]
        alive = child_id in self._live
        if alive and was_ticks == price_ticks:
            return
        if alive:
            world.submit(CancelChild(child_id))
        child_id, self._next_id = self._next_id, self._next_id + 1
        world.submit(PlaceChild(child_id, side, 1, price_ticks))
        self._live[child_id] = side
        self._quote[side] = (child_id, price_ticks)


STRATEGIES: dict[str, Callable[[], Watcher | Quoter]] = {"watch": Watcher, "quote": Quoter}


def run(events, *, strategy: str, step_ns: int) -> Answer:
    """One replay from first event to last, timed from building the world."""
    last_ns = int(events["time_ns"][-1]) + LATENCY_NS  # When we learn of the last event.
    started = time.process_time()
    world = world_of(events)
    trader = STRATEGIES[strategy]()
    decisions, touch_sum = 0, 0
    due_ns = int(events["time_ns"][0]) + step_ns
    moved: MarketMoved | None = None
    while due_ns <= last_ns:
        *news, moved = world.advance(Wake(time_ns=due_ns))
        for event in news:
            trader.learn(event)
        if moved.time_ns < due_ns:  # Woken by news of our own order; it is not yet time to decide.
            continue
        decisions += 1
        due_ns += step_ns
        book = moved.book
        if book.bids and book.asks:
            touch_sum += book.bids[0].price_ticks + book.asks[0].price_ticks
        trader.decide(world, book)
    final = final_touch(world, last_ns)
    cpu_seconds = time.process_time() - started
    return Answer(cpu_seconds, decisions, touch_sum, final, trader.fills, trader.position_lots)


def final_touch(world: ReplayWorld, last_ns: int) -> list[int]:
    """Best bid, its lots, best ask, its lots once the last event is known."""
    while True:
        moved = world.advance(Wake(time_ns=last_ns))[-1]
        if moved.time_ns >= last_ns or moved.phase is MarketPhase.CLOSED:
            return [*moved.book.bids[0], *moved.book.asks[0]]


def main() -> None:
    events = np.load(Path(sys.argv[1]) / "events.npy")
    for line in sys.stdin:
        question = json.loads(line)
        part = events[: question.pop("limit")]
        print(json.dumps(run(part, **question)._asdict()), flush=True)


if __name__ == "__main__":
    main()
