"""A world that stands still: the same thin book at every look, and a script of which orders it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.event import (
    AnyEvent,
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


class StillWorld:
    """Displays `displayed` lots a side, afresh at each look; an order that crosses gets at most those.

    `refused` are the numbers, from 0, of the orders the venue rejects. Resting orders fill only when `fills_resting`.
    """

    name = "still"
    assumptions = ()

    def __init__(
        self, order: ParentOrder, *, displayed: int, refused: Sequence[int] = (), fills_resting: bool = False
    ) -> None:
        self.order, self.displayed, self.refused, self.fills_resting = order, displayed, refused, fills_resting
        self.now_ns = order.start_ns
        self.news: list[AnyEvent] = []
        self.resting: dict[int, PlaceChild] = {}
        self.placed = self.executions = self.volume = 0

    def submit(self, command: AnyCommand) -> None:
        told_ns = self.now_ns + NS_PER_MS
        if isinstance(command, PlaceChild):
            self.placed += 1
            if self.placed - 1 in self.refused:
                self.news.append(ChildRejected(told_ns, command.child_id, RejectReason.VENUE_FAULT))
                return
            self.news.append(ChildAccepted(told_ns, command.child_id))
            crosses = command.side * (command.price_ticks - 10_000) > 0
            left = command.lots - self._fill(command, min(command.lots, self.displayed) if crosses else 0)
            if left and command.time_in_force is TimeInForce.IOC:
                self.news.append(ChildCancelled(told_ns, command.child_id, left))
            elif left:
                self.resting[command.child_id] = command
        elif isinstance(command, CancelChild):
            self.news.append(ChildCancelled(told_ns, command.child_id, self.resting.pop(command.child_id).lots))
        elif isinstance(command, ReduceChild):
            self.news.append(ChildReduced(told_ns, command.child_id, command.lots))

    def _fill(self, command: PlaceChild, lots: int) -> int:
        if lots:
            self.executions += 1
            self.volume += lots
            price = command.price_ticks
            told_ns = self.now_ns + NS_PER_MS
            taker = Liquidity.TAKER
            fill = ChildFilled(told_ns, command.child_id, self.executions, lots, price, taker, self.now_ns)
            self.news.append(fill)
        return lots

    def advance(self, wake: Wake) -> Sequence[AnyEvent]:
        target_ns = wake.time_ns or self.now_ns + NS_PER_SECOND
        self.now_ns = min(target_ns, self.now_ns + NS_PER_MS) if self.news else max(target_ns, self.now_ns + 1)
        if self.fills_resting:
            for child in self.resting.values():
                self._fill(child, child.lots)
            self.resting.clear()
        events, self.news = self.news, []
        told = [event for event in events if event.time_ns <= self.now_ns]
        self.news = [event for event in events if event.time_ns > self.now_ns] + self.news
        book = BookSnapshot((Level(9_999, self.displayed),), (Level(10_001, self.displayed),))
        return [*told, MarketMoved(self.now_ns, book, self.volume, 0, MarketPhase.CONTINUOUS)]
