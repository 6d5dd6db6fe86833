"""Events: what happened, in the past tense. Every one carries the time we learned it; nothing else tells the time.

Between two instants the engine may receive several events; each batch ends with exactly one `MarketMoved`,
and a decision follows every `MarketMoved`."""

from __future__ import annotations

import enum

import msgspec

from nowake.domain.book import BookSnapshot


class MarketPhase(enum.Enum):
    """What the venue is doing; only CONTINUOUS takes our orders, and unknown counts as CLOSED."""

    CONTINUOUS = "continuous"
    HALTED = "halted"
    CLOSED = "closed"
    ENDED = "ended"  # The recorded data are over, well before the session is.


class Liquidity(enum.Enum):
    """Whether a fill added liquidity (our order rested) or removed it."""

    MAKER = "maker"
    TAKER = "taker"


class RejectReason(enum.Enum):
    """Why a venue refused a child."""

    PRICE_OUT_OF_RANGE = "price_out_of_range"  # Outside the prices the venue or simulation covers.
    WOULD_CROSS_SELF = "would_cross_self"  # It would trade with our own resting order.
    NOT_CONTINUOUS = "not_continuous"  # Halted or closed.
    WOULD_TAKE = "would_take"  # It was to rest only, and the market had come to its price: news, not a fault.
    UNKNOWN_ORDER = "unknown_order"  # A cancel or reduce of an order the venue does not have.
    ALREADY_DONE = "already_done"  # A cancel or reduce that lost the race with a fill.
    VENUE_FAULT = "venue_fault"  # The venue could not, for reasons of its own.


class DenyReason(enum.Enum):
    """Why our own gate refused a command before it left."""

    OVER_PARENT = "over_parent"  # R02: executed + could still execute would exceed the parent.
    MAX_LOTS = "max_lots"  # R03.
    MAX_VALUE = "max_value"  # R04.
    PRICE_COLLAR = "price_collar"  # R05: too far from the touch.
    NO_REFERENCE = "no_reference"  # R05: no usable touch to hold the price against; fails closed.
    PARENT_LIMIT = "parent_limit"  # Through the parent's own limit price.
    MESSAGE_RATE = "message_rate"  # R09.
    MAX_LIVE_CHILDREN = "max_live_children"  # R12.
    BAD_NUMBER = "bad_number"  # R37: lots or price not positive.
    WRONG_SIDE = "wrong_side"  # Not the parent's side.


class Event(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Something that happened, and when we learned it (nanoseconds UTC)."""

    time_ns: int


class MarketMoved(Event, frozen=True, gc=False, tag=True):
    """The market as we see it now. Volume and turnover are cumulative since the start of the data.

    `volume_lots` and `turnover` (sum of price in ticks times lots) count every print, hidden ones and our own
    included, each once.
    """

    book: BookSnapshot
    volume_lots: int
    turnover: int
    phase: MarketPhase = MarketPhase.CONTINUOUS


class ChildAccepted(Event, frozen=True, gc=False, tag=True):
    """The venue has the order working."""

    child_id: int


class ChildFilled(Event, frozen=True, gc=False, tag=True):
    """Lots of ours traded. `execution_id` is the venue's and counts once however often it arrives.

    `venue_ns` is when it traded at the venue, `time_ns` when we learned of it. `tape_ticks` is the price at which the
    market's own tape shows these lots, None where it does not show them: live it is our price, in a replay the price
    of the historic print our resting order had a share of.
    """

    child_id: int
    execution_id: int
    lots: int
    price_ticks: int
    liquidity: Liquidity
    venue_ns: int
    tape_ticks: int | None = None


class ChildReduced(Event, frozen=True, gc=False, tag=True):
    """The open quantity is now `lots` (its place in the queue kept)."""

    child_id: int
    lots: int


class ChildCancelled(Event, frozen=True, gc=False, tag=True):
    """Nothing of the order works any more; `lots` were taken back unexecuted."""

    child_id: int
    lots: int


class ChildRejected(Event, frozen=True, gc=False, tag=True):
    """The venue refused the order; nothing of it ever worked."""

    child_id: int
    reason: RejectReason


class ChildDenied(Event, frozen=True, gc=False, tag=True):
    """Our gate refused the order; it never left."""

    child_id: int
    reason: DenyReason


class CancelRejected(Event, frozen=True, gc=False, tag=True):
    """The venue refused a cancel or reduce; the order is as it was, or already done."""

    child_id: int
    reason: RejectReason


OwnEvent = ChildAccepted | ChildFilled | ChildReduced | ChildCancelled | ChildRejected | ChildDenied | CancelRejected
AnyEvent = MarketMoved | OwnEvent
