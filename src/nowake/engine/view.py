"""All that is known of one parent order and its market. Algorithms read it; `evolve` alone writes it."""

from __future__ import annotations

from collections import deque

import msgspec

from nowake.domain.book import BookSnapshot
from nowake.domain.decider import Reason
from nowake.domain.event import DenyReason, MarketPhase, RejectReason
from nowake.domain.fill import Fill
from nowake.domain.order import OrderState, ParentOrder, TimeInForce
from nowake.domain.side import Side


class Child(msgspec.Struct, kw_only=True):
    """One child order: what was sent, what is left of it, and why it exists."""

    child_id: int
    side: Side
    lots: int
    open_lots: int
    price_ticks: int
    time_in_force: TimeInForce
    reason: Reason
    placed_ns: int
    post_only: bool = False
    filled_lots: int = 0
    state: OrderState = OrderState.PENDING_NEW
    ended_ns: int | None = None


class View(msgspec.Struct, kw_only=True):
    """The state of one run.

    Parameters
    ----------
    order, seed
        What is worked, and the seed of every random draw.
    now_ns, book, phase, volume_lots, turnover
        The market as last seen.
    start_volume_lots, arrival
        Cumulative volume and book when the parent's window opened; `arrival` is None before.
    executed_lots
        Lots of all fills, each counted once.
    live, done
        Children that may still trade, by id, and those that may not.
    fills
        In the order we learned of them.
    sends_ns
        When the orders of the last second were sent, for the message-rate check.
    refusals, last_refusal
        How often each reason refused us, and the latest one since the last acceptance.
    refusals_in_a_row, refused_ns
        New orders refused since the last acceptance, and when the latest was.
    outrun_ns
        When the latest post-only order was refused because the market had come to its price, until the next acceptance;
        None where none was.
    breaches
        Facts that should never be: fills beyond an order's lots, or of an order known to be done.
    memo
        What the algorithm asked to remember.
    """

    order: ParentOrder
    seed: int
    now_ns: int = 0
    book: BookSnapshot = BookSnapshot()
    phase: MarketPhase = MarketPhase.CLOSED
    volume_lots: int = 0
    turnover: int = 0
    start_volume_lots: int = 0
    arrival: BookSnapshot | None = None
    arrival_ns: int = 0
    executed_lots: int = 0
    live: dict[int, Child] = {}
    done: dict[int, Child] = {}
    fills: list[Fill] = []
    seen_executions: set[int] = set()
    next_child_id: int = 1
    sends_ns: deque[int] = msgspec.field(default_factory=deque)
    refusals: dict[DenyReason | RejectReason, int] = {}
    last_refusal: DenyReason | RejectReason | None = None
    refusals_in_a_row: int = 0
    refused_ns: int = 0
    outrun_ns: int | None = None
    breaches: list[str] = []
    memo: object = None

    @property
    def remaining_lots(self) -> int:
        """Lots of the parent not yet executed."""
        return self.order.lots - self.executed_lots

    @property
    def exposed_lots(self) -> int:
        """Lots that could still execute: everything open, cancels on their way included."""
        return sum(child.open_lots for child in self.live.values())

    def child(self, child_id: int) -> Child | None:
        """A child by id, living or done."""
        return self.live.get(child_id) or self.done.get(child_id)
