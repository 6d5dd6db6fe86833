"""Our side of `replay_orders`: the decisions are made in Python, through the port every engine run goes through."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.workload import HOUR_NS, LATENCY_NS, Answer

from nowake.domain.command import CancelChild, PlaceChild
from nowake.domain.decider import Wake
from nowake.domain.event import AnyEvent, ChildCancelled, ChildFilled, ChildRejected, MarketPhase
from nowake.domain.instrument import Instrument, Session
from nowake.domain.side import Side
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld


def world_of(events) -> ReplayWorld:
    """A replay of events in memory, whose session holds all of them and the last decisions after them."""
    open_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
    date = dt.datetime.fromtimestamp(open_ns // 10**9, dt.UTC).date()
    session = Session(date=date, timezone="UTC", open_ns=open_ns, close_ns=last_ns + HOUR_NS)
    instrument = Instrument(symbol="GEN", venue="XGEN", session=session)
    latency = Latency(feed_ns=LATENCY_NS, order_ns=LATENCY_NS, report_ns=LATENCY_NS)
    return ReplayWorld(events, instrument, name="benchmark", latency=latency, depth=1)


def watch(world: ReplayWorld, *, due_ns: range) -> Seen:
    """Look at the best prices at each instant due and do nothing."""
    decisions, touch_sum = 0, 0
    for time_ns in due_ns:
        book = world.advance(Wake(time_ns=time_ns))[-1].book
        decisions += 1
        if book.bids and book.asks:
            touch_sum += book.bids[0].price_ticks + book.asks[0].price_ticks
    return Seen(decisions, touch_sum, 0, 0)


def quote(world: ReplayWorld, *, due_ns: range) -> Seen:
    """Keep one lot at the best bid and one at the best ask, moving each when the best price has moved."""
    quoter = Quoter(world)
    decisions, touch_sum = 0, 0
    for time_ns in due_ns:
        while True:
            *news, moved = world.advance(Wake(time_ns=time_ns))
            for event in news:
                quoter.learn(event)
            if moved.time_ns >= time_ns:  # Else woken by news of our own orders; it is not yet time to decide.
                break
        decisions += 1
        book = moved.book
        if book.bids and book.asks:
            touch_sum += book.bids[0].price_ticks + book.asks[0].price_ticks
            quoter.keep(Side.BUY, book.bids[0].price_ticks)
            quoter.keep(Side.SELL, book.asks[0].price_ticks)
    return Seen(decisions, touch_sum, quoter.fills, quoter.position_lots)


class Seen(NamedTuple):
    """What a strategy has to tell at the end."""

    decisions: int
    touch_sum: int
    fills: int
    position_lots: int


class Quoter:
    """The bookkeeping of two quotes."""

    def __init__(self, world: ReplayWorld) -> None:
        self.fills = 0
        self.position_lots = 0
        self._world = world
        self._next_id = 1
        self._live: dict[int, Side] = {}
        self._quote = {Side.BUY: (0, 0), Side.SELL: (0, 0)}  # Child id and price of the latest quote of a side.

    def learn(self, event: AnyEvent) -> None:
        """Keep account of what became of our quotes."""
        kind = type(event)
        if kind is ChildFilled:
            self.fills += 1
            self.position_lots += event.lots * self._live.pop(event.child_id)
        elif kind is ChildCancelled or kind is ChildRejected:
            del self._live[event.child_id]

    def keep(self, side: Side, price_ticks: int) -> None:
        """Have a quote at this price, the former one taken back."""
        child_id, was_ticks = self._quote[side]
        if child_id in self._live:
            if was_ticks == price_ticks:
                return
            self._world.submit(CancelChild(child_id))
        child_id, self._next_id = self._next_id, self._next_id + 1
        self._world.submit(PlaceChild(child_id, side, 1, price_ticks))
        self._live[child_id] = side
        self._quote[side] = (child_id, price_ticks)


STRATEGIES = {"watch": watch, "quote": quote}


def run(events, *, strategy: str, step_ns: int) -> Answer:
    """One replay from first event to last, timed from building the world."""
    first_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
    known_ns = last_ns + LATENCY_NS  # When we learn of the last event.
    started = time.process_time()
    world = world_of(events)
    seen = STRATEGIES[strategy](world, due_ns=range(first_ns + step_ns, known_ns + 1, step_ns))
    final = final_touch(world, known_ns)
    cpu_seconds = time.process_time() - started
    return Answer(cpu_seconds, seen.decisions, seen.touch_sum, final, seen.fills, seen.position_lots)


def final_touch(world: ReplayWorld, known_ns: int) -> list[int]:
    """Best bid, its lots, best ask, its lots once the last event is known."""
    while True:
        moved = world.advance(Wake(time_ns=known_ns))[-1]
        if moved.time_ns >= known_ns or moved.phase is MarketPhase.CLOSED:
            bid, ask = moved.book.bids[0], moved.book.asks[0]
            return [bid.price_ticks, bid.lots, ask.price_ticks, ask.lots]


def main() -> None:
    events = np.load(Path(sys.argv[1]) / "events.npy")
    for line in sys.stdin:
        question = json.loads(line)
        part = events[: question.pop("limit")]
        print(json.dumps(run(part, **question)._asdict()), flush=True)


if __name__ == "__main__":
    main()
