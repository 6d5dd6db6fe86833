"""The last thing before a venue: nothing else can send. Fails closed for more risk, open for less.

Each check names the requirement it keeps (the R numbers of the project's promises)."""

from __future__ import annotations

import math
from typing import Self

import msgspec

from nowake.domain.command import AnyCommand, PlaceChild
from nowake.domain.errors import BadParameter
from nowake.domain.event import DenyReason
from nowake.domain.instrument import LARGEST_COUNT, Instrument
from nowake.domain.side import Side
from nowake.domain.units import BPS, NS_PER_SECOND
from nowake.engine.view import View


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a single order and a second of trading may be at most.

    Parameters
    ----------
    max_value
        Largest value of one child, in the instrument's currency (R04), or None. Where the instrument has no
        multiplier its value cannot be computed: `for_instrument` refuses such limits, and the gate every order.
    max_lots
        Largest child in lots, or None (R03).
    collar_bps
        How far through the opposite touch a price may be, in basis points of it (R05, R06).
    max_orders_per_second
        New orders in any second (R09). Cancels and reductions are never held back.
    max_live_children
        Children that may be alive at once (R12).
    """

    max_value: float | None = 250_000.0
    max_lots: int | None = None
    collar_bps: float = 500.0
    max_orders_per_second: int = 100
    max_live_children: int = 50

    def __post_init__(self) -> None:
        for name in ("max_value", "collar_bps"):
            value = getattr(self, name)
            if value is not None and (not math.isfinite(value) or value <= 0):
                raise BadParameter(f"{name} {value} must be a finite number above 0")
        for name in ("max_lots", "max_orders_per_second", "max_live_children"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise BadParameter(f"{name} {count} must be 1 or more")

    @classmethod
    def for_instrument(cls, instrument: Instrument, given: Self | None = None) -> Self:
        """The limits given, once they can be held; by default those of this class, without a bound on value where
        the instrument has none.

        Raises
        ------
        BadParameter
            When a value is to be limited that cannot be computed.
        """
        if given is None:
            return cls() if instrument.multiplier is not None else cls(max_value=None)
        if given.max_value is not None and instrument.multiplier is None:
            raise BadParameter(
                f"max_value {given.max_value:,g} cannot be held for {instrument.symbol}, whose multiplier is not "
                "known; load the day with one, or give Limits(max_value=None, max_lots=...)"
            )
        return given

    def max_child_lots(self, instrument: Instrument, price_ticks: int) -> int:
        """The largest child at a price that would pass, at least one lot."""
        value_of_lot = instrument.value(abs(price_ticks))
        bounds = [self.max_lots] if self.max_lots is not None else []
        if self.max_value is not None and value_of_lot > 0:
            bounds.append(int(self.max_value / value_of_lot))
        return max(1, min(bounds, default=LARGEST_COUNT))

    def room(self, view: View) -> int:
        """How many new orders would pass the checks of rate and of living children now."""
        recent = sum(1 for sent_ns in view.sends_ns if sent_ns > view.now_ns - NS_PER_SECOND)
        return max(0, min(self.max_live_children - len(view.live), self.max_orders_per_second - recent))


def check(command: AnyCommand, limits: Limits, view: View) -> DenyReason | None:
    """Why a command may not leave, or None. Cancels and reductions always may: they only take risk away."""
    if not isinstance(command, PlaceChild):
        return None
    order = view.order
    if command.lots <= 0 or (command.price_ticks <= 0 and not order.instrument.negative_prices):
        return DenyReason.BAD_NUMBER  # R37
    if command.side != order.side:
        return DenyReason.WRONG_SIDE
    if command.lots + view.exposed_lots > view.remaining_lots:
        return DenyReason.OVER_PARENT  # R02
    if not order.allows(command.price_ticks):
        return DenyReason.PARENT_LIMIT
    return _size(command, limits, view) or _price(command, limits, view) or _rate(limits, view)


def _size(command: PlaceChild, limits: Limits, view: View) -> DenyReason | None:
    if limits.max_lots is not None and command.lots > limits.max_lots:
        return DenyReason.MAX_LOTS  # R03
    if limits.max_value is not None:
        value = view.order.instrument.value(abs(command.price_ticks) * command.lots)
        if not value <= limits.max_value:  # NaN, a value that is not known, is not within any limit.
            return DenyReason.MAX_VALUE  # R04
    return None


def _price(command: PlaceChild, limits: Limits, view: View) -> DenyReason | None:
    reference = _reference(view, command.side)
    if reference is None:
        return DenyReason.NO_REFERENCE
    through = command.side * (command.price_ticks - reference)
    if through > abs(reference) * limits.collar_bps / BPS:
        return DenyReason.PRICE_COLLAR
    return None


def _rate(limits: Limits, view: View) -> DenyReason | None:
    if len(view.live) >= limits.max_live_children:
        return DenyReason.MAX_LIVE_CHILDREN  # R12
    return None if limits.room(view) > 0 else DenyReason.MESSAGE_RATE  # R09


def _reference(view: View, side: Side) -> int | None:
    """The touch an order would trade against; where that side is empty, the one it would join."""
    level = view.book.touch(Side(-side)) or view.book.touch(side)
    return None if level is None else level.price_ticks
