"""Our side of `replay_orders`: decisions in a compiled strategy, or in Python through the port of every engine run.

Both ways quote by the same rule and must trade exactly the same."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from benchmarks.workload import HOUR_NS, LATENCY_NS, STEP_NS, Answer

from nowake.domain.command import CancelChild, PlaceChild
from nowake.domain.decider import Wake
from nowake.domain.event import AnyEvent, ChildCancelled, ChildFilled, ChildRejected, MarketPhase
from nowake.domain.instrument import Instrument, Session
from nowake.domain.side import Side
from nowake.sim.compiled import run_compiled
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld
from nowake.sim.strategies import strategy


def instrument_of(events) -> Instrument:
    """An instrument whose session holds all events and the last decisions after them."""
    open_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
    date = dt.datetime.fromtimestamp(open_ns // 10**9, dt.UTC).date()
    session = Session(date=date, timezone="UTC", open_ns=open_ns, close_ns=last_ns + HOUR_NS)
    return Instrument(symbol="GEN", venue="XGEN", session=session)


def world_of(events) -> ReplayWorld:
    """A replay of events in memory."""
    latency = Latency.constant(LATENCY_NS)
    return ReplayWorld(events, instrument_of(events), name="benchmark", latency=latency, depth=1)


def watch(world: ReplayWorld, _quoter: Quoter, *, due_ns: range) -> Seen:
    """Look at the best prices at each instant due and do nothing."""
    decisions, touch_sum = 0, 0
    for time_ns in due_ns:
        book = world.advance(Wake(time_ns=time_ns))[-1].book
        decisions += 1
        if book.bids and book.asks:
            touch_sum += book.bids[0].price_ticks + book.asks[0].price_ticks
    return Seen(decisions, touch_sum)


def quote(world: ReplayWorld, quoter: Quoter, *, due_ns: range) -> Seen:
    """Keep one lot at the best bid and one at the best ask, moving each when the best price has moved."""
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
    return Seen(decisions, touch_sum)


class Seen(NamedTuple):
    """What a strategy has to tell at the end."""

    decisions: int
    touch_sum: int


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


@strategy(parameters=("step_ns", "latency_ns"), memo={"due_ns": int, "decisions": int, "touch_sum": int}, rows=2)
def watch_compiled(market, _wanted, wake, memo, parameters):
    """`watch`, compiled."""
    if memo.due_ns == 0:
        memo.due_ns = market.now_ns - int(parameters.latency_ns)  # When the first event happened.
    else:
        memo.decisions += 1
        if market.bid_lots > 0 and market.ask_lots > 0:
            memo.touch_sum += market.bid_ticks + market.ask_ticks
    memo.due_ns += int(parameters.step_ns)
    wake.time_ns = memo.due_ns
    wake.own_news = 0


@strategy(parameters=("step_ns", "latency_ns"), memo={"due_ns": int, "decisions": int, "touch_sum": int}, rows=2)
def quote_compiled(market, wanted, wake, memo, parameters):
    """`quote`, compiled."""
    if memo.due_ns == 0:
        memo.due_ns = market.now_ns - int(parameters.latency_ns)
    else:
        memo.decisions += 1
        if market.bid_lots > 0 and market.ask_lots > 0:
            memo.touch_sum += market.bid_ticks + market.ask_ticks
            wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, market.bid_ticks, 1
            wanted[1].side, wanted[1].price_ticks, wanted[1].lots = -1, market.ask_ticks, 1
    memo.due_ns += int(parameters.step_ns)
    wake.time_ns = memo.due_ns
    wake.own_news = 0


COMPILED = {"watch": watch_compiled, "quote": quote_compiled}


def run(events, *, strategy: str, step_ns: int, compiled: bool = False) -> Answer:
    """One replay from first event to last, timed from building the world."""
    return run_in_loop(events, strategy, step_ns) if compiled else run_from_python(events, strategy, step_ns)


def run_in_loop(events, strategy: str, step_ns: int) -> Answer:
    """The strategy compiled, inside the replay. Compiling it is not measured, as it is not on the peer's side."""
    chosen = COMPILED[strategy]
    _ = chosen.drive
    started = time.process_time()
    day = SimpleNamespace(events=events, instrument=instrument_of(events), depth=0, source="benchmark", warnings=())
    result = run_compiled(chosen, day, (step_ns, LATENCY_NS), latency=Latency.constant(LATENCY_NS))
    cpu_seconds = time.process_time() - started
    memo, last = result.memo, result.market
    touch = [last["bid_ticks"], last["bid_lots"], last["ask_ticks"], last["ask_lots"]]
    return Answer(cpu_seconds, memo["decisions"], memo["touch_sum"], touch, len(result.fills), result.position_lots)


def run_from_python(events, strategy: str, step_ns: int) -> Answer:
    """Each decision made in Python, through World.submit and World.advance."""
    first_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
    known_ns = last_ns + LATENCY_NS  # When we learn of the last event.
    started = time.process_time()
    world = world_of(events)
    quoter = Quoter(world)
    seen = STRATEGIES[strategy](world, quoter, due_ns=range(first_ns + step_ns, known_ns + 1, step_ns))
    final = final_touch(world, quoter, known_ns)
    cpu_seconds = time.process_time() - started
    return Answer(cpu_seconds, seen.decisions, seen.touch_sum, final, quoter.fills, quoter.position_lots)


def final_touch(world: ReplayWorld, quoter: Quoter, known_ns: int) -> list[int]:
    """Best bid, its lots, best ask, its lots once the last event is known."""
    while True:
        *news, moved = world.advance(Wake(time_ns=known_ns))
        for event in news:
            quoter.learn(event)
        if moved.time_ns >= known_ns or moved.phase is MarketPhase.CLOSED:
            bid, ask = moved.book.bids[0], moved.book.asks[0]
            return [bid.price_ticks, bid.lots, ask.price_ticks, ask.lots]


def memory(events) -> dict[str, float]:
    """Bytes an event takes: of itself, and of all that a quoting run allocates beside the events, at its peak."""
    tracemalloc.start()
    run_in_loop(events, "quote", STEP_NS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"event": events.itemsize, "everything_else": round(peak / len(events), 2)}


def main() -> None:
    events = np.load(Path(sys.argv[1]) / "events.npy")
    for line in sys.stdin:
        question = json.loads(line)
        part = events[: question.pop("limit")]
        answer = memory(part) if question.pop("memory", False) else run(part, **question)._asdict()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
