"""The record of one run: what was asked, what was sent, what traded, what is left and why."""

from __future__ import annotations

import msgspec

from nowake.domain.book import BookSnapshot
from nowake.domain.decider import Reason
from nowake.domain.fill import Fill
from nowake.domain.order import OrderState, ParentOrder, TimeInForce
from nowake.domain.side import Side


class ChildRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One child from birth to end: why it existed and what became of it. `ended_ns` is None while it lives."""

    child_id: int
    side: Side
    lots: int
    price_ticks: int
    time_in_force: TimeInForce
    reason: Reason
    placed_ns: int
    ended_ns: int | None
    state: OrderState
    filled_lots: int


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report needs to know of one run. executed + residual = parent, always.

    Parameters
    ----------
    order, algorithm, parameters, seed
        What was run: the algorithm's name and its parameters as plain values.
    world, assumptions
        Where it ran, and each simplification made there.
    fills, children
        In time order.
    residual_lots, residual_reason
        What was not executed, and why not (None when nothing is left).
    refusals
        Reason -> how many commands the gate or the venue refused.
    arrival_ns, arrival
        When the parent's window opened as we saw it, and the book then.
    ended_ns
        When the last child was known to be done.
    events, decisions, commands
        Counts.
    journal_hash, journal_path
        The hash that the same seed and commit always give; the path is None for an in-memory journal.
    data_source, data_fingerprint
        Where the market data came from, and their hash; empty where the world had none.
    complete
        False when the record was made again from a journal that a crash cut short: it shows what had happened by then.
    """

    order: ParentOrder
    algorithm: str
    parameters: dict[str, object]
    seed: int
    world: str
    assumptions: tuple[str, ...]
    fills: tuple[Fill, ...]
    children: tuple[ChildRecord, ...]
    residual_lots: int
    residual_reason: Reason | None
    refusals: dict[str, int]
    arrival_ns: int
    arrival: BookSnapshot
    ended_ns: int
    events: int
    decisions: int
    commands: int
    journal_hash: str
    journal_path: str | None
    complete: bool = True
    data_source: str = ""
    data_fingerprint: str = ""

    @property
    def executed_lots(self) -> int:
        """Lots that traded."""
        return sum(fill.lots for fill in self.fills)
