"""The contract between an algorithm and the engine.

An algorithm says which orders it wants working now, and why. It never sends, cancels, counts or times
anything: over-fills are born in private bookkeeping."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Protocol

import msgspec

from nowake.domain.book import BookSnapshot
from nowake.domain.event import DenyReason, MarketPhase, RejectReason
from nowake.domain.order import OrderState, ParentOrder, TimeInForce
from nowake.domain.side import Side


class Reason(enum.Enum):
    """Why a child exists, or why nothing more is wanted. Shown to people and charged with cost."""

    ON_SCHEDULE = "on_schedule"  # Resting for the slice that is due next.
    BEHIND_SCHEDULE = "behind_schedule"  # Taking what the schedule wanted done already.
    BEHIND_MIN_RATE = "behind_min_rate"  # Taking to keep the minimum participation.
    PARTICIPATING = "participating"  # Following market volume at the chosen rate.
    DISPLAYING = "displaying"  # The visible tip of an iceberg.
    COMPLETING = "completing"  # Taking the rest before the end.
    NOT_STARTED = "not_started"  # The window has not opened.
    AHEAD = "ahead"  # Nothing is due yet.
    RATE_CAP = "rate_cap"  # The maximum participation binds.
    PRICE_LIMIT = "price_limit"  # The market is beyond the parent's limit.
    EMPTY_BOOK = "empty_book"  # No price to work against.
    HALTED = "halted"  # The venue does not trade.
    MARKET_CLOSED = "market_closed"  # The session is over.
    DATA_ENDED = "data_ended"  # The recorded data end before the window does.
    REFUSED = "refused"  # The gate or the venue refused the last attempt.
    COMPLETE = "complete"  # All lots are executed.
    WINDOW_OVER = "window_over"  # The end came first.


class Intent(msgspec.Struct, frozen=True, gc=False):
    """An order that should be working now, and the reason it exists. A `post_only` order rests or is refused."""

    side: Side
    lots: int
    price_ticks: int
    reason: Reason
    time_in_force: TimeInForce = TimeInForce.DAY
    post_only: bool = False


class Wake(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """When to ask the algorithm again: the earliest of these. Own fills, cancels and rejects always wake.

    Parameters
    ----------
    time_ns
        At this instant at the latest; None for no timer.
    on_touch
        When the best bid or best ask price changes.
    volume_lots
        When cumulative market volume reaches this count; None for no volume wake.
    bid_at_least_ticks, ask_at_most_ticks
        When the best bid of others is at or above the one, or their best ask at or below the other: at once where it
        is so already; None for no price wake.
    """

    time_ns: int | None = None
    on_touch: bool = False
    volume_lots: int | None = None
    bid_at_least_ticks: int | None = None
    ask_at_most_ticks: int | None = None


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Orders wanted working now, when to ask again, why, and what to remember (any msgpack value)."""

    working: tuple[Intent, ...] = ()
    wake: Wake = Wake()
    reason: Reason
    memo: object = None
    done: bool = False


class Child(Protocol):
    """A child order as an algorithm may see it."""

    @property
    def child_id(self) -> int: ...
    @property
    def side(self) -> Side: ...
    @property
    def lots(self) -> int: ...
    @property
    def open_lots(self) -> int: ...
    @property
    def filled_lots(self) -> int: ...
    @property
    def price_ticks(self) -> int: ...
    @property
    def time_in_force(self) -> TimeInForce: ...
    @property
    def state(self) -> OrderState: ...
    @property
    def reason(self) -> Reason: ...
    @property
    def placed_ns(self) -> int: ...
    @property
    def post_only(self) -> bool: ...


class View(Protocol):
    """All an algorithm may know. The engine is its only writer.

    `executed_lots` counts fills of this parent; `volume_lots` all prints since the data began, ours included;
    `start_volume_lots` the same count when the parent's window opened. `seed` feeds
    `nowake.domain.randomness.draw`.
    """

    @property
    def now_ns(self) -> int: ...
    @property
    def order(self) -> ParentOrder: ...
    @property
    def book(self) -> BookSnapshot: ...
    @property
    def phase(self) -> MarketPhase: ...
    @property
    def volume_lots(self) -> int: ...
    @property
    def start_volume_lots(self) -> int: ...
    @property
    def executed_lots(self) -> int: ...
    @property
    def remaining_lots(self) -> int: ...
    @property
    def live(self) -> Mapping[int, Child]: ...
    @property
    def last_refusal(self) -> DenyReason | RejectReason | None: ...
    @property
    def seed(self) -> int: ...
    @property
    def memo(self) -> object: ...


class Decider(Protocol):
    """An algorithm: a frozen record of parameters with one pure method. It is asked after every `MarketMoved`."""

    @property
    def order(self) -> ParentOrder: ...

    def decide(self, view: View) -> Decision:
        """The orders wanted working now. No I/O, clock, randomness or mutation."""
        ...
