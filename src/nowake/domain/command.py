"""Commands: what is to be done, in the imperative. Only the engine makes them, only the gate lets them out."""

from __future__ import annotations

import msgspec

from nowake.domain.order import TimeInForce
from nowake.domain.side import Side


class Command(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An instruction to a venue about one child."""

    child_id: int


class PlaceChild(Command, frozen=True, gc=False, tag=True):
    """Send a new limit order. There is no market order: the worst acceptable price is always stated.

    A `post_only` order is to rest: where it would take on arrival the venue refuses it whole.
    """

    side: Side
    lots: int
    price_ticks: int
    time_in_force: TimeInForce = TimeInForce.DAY
    post_only: bool = False


class ReduceChild(Command, frozen=True, gc=False, tag=True):
    """Amend the open quantity down to `lots`, keeping the place in the queue."""

    lots: int


class CancelChild(Command, frozen=True, gc=False, tag=True):
    """Take the order back."""


AnyCommand = PlaceChild | ReduceChild | CancelChild
