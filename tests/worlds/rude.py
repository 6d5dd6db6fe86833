"""A seeded world that does everything venues do to algorithms: late news, partial fills, fills before the
acknowledgement, cancels that lose the race, rejects, the same execution told twice, halts, thin and empty books."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.event import (
    AnyEvent,
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    Liquidity,
    MarketMoved,
    MarketPhase,
    RejectReason,
)
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND


class RudeWorld:
    """Implements the World port; every choice comes from one seeded generator."""

    name = "rude"
    assumptions = ("Everything that can go wrong does.",)

    def __init__(self, order: ParentOrder, seed: int, *, generous: bool = False) -> None:
        self.rng = random.Random(seed)
        self.order = order
        self.generous = generous
        self.now_ns = order.start_ns - NS_PER_SECOND
        self.queue: list[tuple[int, int, AnyEvent | AnyCommand]] = []
        self.sequence = 0
        self.open: dict[int, PlaceChild] = {}
        self.left: dict[int, int] = {}
        self.mid = 10_000
        self.volume = 0
        self.executions = 0
        self.sent: list[AnyCommand] = []
        self.filled = 0
        self.ended = False

    def _push(self, time_ns: int, item: AnyEvent | AnyCommand) -> None:
        self.sequence += 1
        heapq.heappush(self.queue, (time_ns, self.sequence, item))

    def _soon(self, most_ms: int = 40) -> int:
        return self.now_ns + self.rng.randint(1, most_ms * NS_PER_MS)

    def submit(self, command: AnyCommand) -> None:
        self.sent.append(command)
        self._push(self._soon(), command)

    def advance(self, wake: Wake) -> Sequence[AnyEvent]:
        if self.ended:
            return ()
        target = self.now_ns + self.rng.randint(1, 5 * NS_PER_SECOND)
        if wake.time_ns is not None:
            target = min(target, max(wake.time_ns, self.now_ns + 1))
        events: list[AnyEvent] = []
        while self.queue and self.queue[0][0] <= target and not events:
            self.now_ns, _, item = heapq.heappop(self.queue)
            if isinstance(item, PlaceChild | CancelChild | ReduceChild):
                self._arrive(item)
            else:
                events.append(item)
        if not events:
            self.now_ns = target
        self._trade_resting()
        close_ns = self.order.instrument.session.close_ns
        self.ended = self.now_ns >= close_ns
        self.mid += self.rng.choice((-1, 0, 0, 1))
        self.volume += self.rng.randint(0, 40)
        events.append(MarketMoved(self.now_ns, self._book(), self.volume, self.volume * self.mid, self._phase()))
        return events

    def _book(self) -> BookSnapshot:
        shape = 1.0 if self.generous else self.rng.random()
        bid, ask = Level(self.mid - 1, self.rng.randint(1, 60)), Level(self.mid + 1, self.rng.randint(1, 60))
        if shape < 0.03:
            return BookSnapshot()
        if shape < 0.06:
            return BookSnapshot((bid,), ())
        return BookSnapshot((bid,), (ask,))

    def _phase(self) -> MarketPhase:
        if self.ended:
            return MarketPhase.CLOSED
        return MarketPhase.HALTED if not self.generous and self.rng.random() < 0.02 else MarketPhase.CONTINUOUS

    def _arrive(self, command: AnyCommand) -> None:
        if isinstance(command, PlaceChild):
            self._place(command)
        elif self.left.get(command.child_id, 0) == 0:
            reason = RejectReason.ALREADY_DONE if command.child_id in self.left else RejectReason.UNKNOWN_ORDER
            self._push(self._soon(), CancelRejected(self.now_ns, command.child_id, reason))
        elif isinstance(command, CancelChild):
            lots, self.left[command.child_id] = self.left[command.child_id], 0
            self._tell(lambda t: ChildCancelled(t, command.child_id, lots))
        else:
            self.left[command.child_id] = min(self.left[command.child_id], command.lots)
            lots = self.left[command.child_id]
            self._tell(lambda t: ChildReduced(t, command.child_id, lots))

    def _place(self, command: PlaceChild) -> None:
        if not self.generous and self.rng.random() < 0.05:
            self._tell(lambda t: ChildRejected(t, command.child_id, RejectReason.VENUE_FAULT))
            return
        self.open[command.child_id], self.left[command.child_id] = command, command.lots
        marketable = command.side * (command.price_ticks - self.mid) >= 0
        if marketable and (self.generous or self.rng.random() < 0.8):
            self._fill(command.child_id, command.lots if self.generous else self.rng.randint(1, command.lots))
        if command.time_in_force is TimeInForce.IOC:
            lots, self.left[command.child_id] = self.left[command.child_id], 0
            if lots:
                self._tell(lambda t: ChildCancelled(t, command.child_id, lots))
        else:
            self._tell(lambda t: ChildAccepted(t, command.child_id))

    def _trade_resting(self) -> None:
        for child_id in [c for c, lots in self.left.items() if lots and self.open[c].time_in_force is TimeInForce.DAY]:
            if self.rng.random() < 0.05:
                self._fill(child_id, self.rng.randint(1, self.left[child_id]))

    def _fill(self, child_id: int, lots: int) -> None:
        self.left[child_id] -= lots
        self.filled += lots
        self.volume += lots
        self.executions += 1
        number, price = self.executions, self.open[child_id].price_ticks
        venue_ns = self.now_ns

        def fill(time_ns: int) -> ChildFilled:
            return ChildFilled(time_ns, child_id, number, lots, price, Liquidity.TAKER, venue_ns)

        last_ns = self._tell(fill)
        if not self.generous and self.rng.random() < 0.1:
            self._push(last_ns, fill(last_ns))  # The venue tells it twice.

    _told_ns = 0

    def _tell(self, make) -> int:  # type: ignore[no-untyped-def]
        """News of our orders travels one pipe: late, but in order."""
        self._told_ns = max(self._told_ns, self._soon())
        self._push(self._told_ns, make(self._told_ns))
        return self._told_ns
