"""Parent orders, as the desk gives them, and child orders, as the engine works them."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Self

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.side import Side
from nowake.domain.units import plain_digits


class ParentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A large order to be worked over a window: what is to be done, never how.

    Make one with `ParentOrder.buy(...)` or `ParentOrder.sell(...)`, in shares and local times.

    Parameters
    ----------
    instrument
        What is traded.
    side
        +1 buy, -1 sell.
    lots
        Quantity in whole lots, above 0.
    start_ns, end_ns
        The window, nanoseconds UTC, inside the instrument's session.
    limit_ticks
        Worst acceptable price in ticks, or None.
    """

    instrument: Instrument
    side: Side
    lots: int
    start_ns: int
    end_ns: int
    limit_ticks: int | None = None

    def __post_init__(self) -> None:
        session = self.instrument.session
        if self.lots <= 0:
            raise BadParameter(f"quantity {self.lots} must be above 0")
        if self.end_ns <= self.start_ns:
            end, start = session.moment(self.end_ns), session.moment(self.start_ns)
            raise BadParameter(f"end {end} is not after start {start}; give a later end")
        if self.start_ns < session.open_ns or self.end_ns > session.close_ns:
            raise BadParameter(
                f"window {session.moment(self.start_ns)}-{session.moment(self.end_ns)} leaves the session of "
                f"{session.date}, {session.moment(session.open_ns)} to {session.moment(session.close_ns)} "
                f"{session.timezone}; choose times inside it"
            )
        if self.limit_ticks is not None and self.limit_ticks <= 0 and not self.instrument.negative_prices:
            raise BadParameter(f"limit {self.limit_ticks} ticks must be above 0")

    @classmethod
    def buy(
        cls,
        instrument: Instrument,
        quantity: float | str | Decimal,
        *,
        start: str | dt.datetime | int,
        end: str | dt.datetime | int,
        limit: float | str | Decimal | None = None,
    ) -> Self:
        """A buy order: quantity in shares, start and end as for `Session.at` and `Session.until`, limit in currency.

        Raises
        ------
        BadParameter
            When the quantity is not a positive multiple of the lot, the limit not a multiple of the tick, or
            the window is empty or outside the session.
        """
        return cls._of(Side.BUY, instrument, quantity, start=start, end=end, limit=limit)

    @classmethod
    def sell(
        cls,
        instrument: Instrument,
        quantity: float | str | Decimal,
        *,
        start: str | dt.datetime | int,
        end: str | dt.datetime | int,
        limit: float | str | Decimal | None = None,
    ) -> Self:
        """A sell order; parameters and errors as for `buy`."""
        return cls._of(Side.SELL, instrument, quantity, start=start, end=end, limit=limit)

    @classmethod
    def _of(
        cls,
        side: Side,
        instrument: Instrument,
        quantity: float | str | Decimal,
        *,
        start: str | dt.datetime | int,
        end: str | dt.datetime | int,
        limit: float | str | Decimal | None,
    ) -> Self:
        return cls(
            instrument=instrument,
            side=side,
            lots=instrument.lots(quantity),
            start_ns=instrument.session.at(start),
            end_ns=instrument.session.until(end),
            limit_ticks=None if limit is None else instrument.ticks(limit),
        )

    @property
    def quantity(self) -> float:
        """Quantity in shares."""
        return self.instrument.quantity(self.lots)

    @property
    def duration_ns(self) -> int:
        """Length of the window."""
        return self.end_ns - self.start_ns

    def allows(self, price_ticks: int) -> bool:
        """Whether a price is at or better than the limit."""
        return self.limit_ticks is None or self.side * (self.limit_ticks - price_ticks) >= 0

    def __str__(self) -> str:
        session = self.instrument.session
        limit = ""
        if self.limit_ticks is not None:
            limit = f", limit {plain_digits(self.limit_ticks * self.instrument.tick_size)}"
        quantity = plain_digits(self.lots * self.instrument.lot_size)
        return (
            f"{self.side.name.lower()} {quantity} {self.instrument.symbol} {session.date} "
            f"{session.moment(self.start_ns)}-{session.moment(self.end_ns)} {session.timezone}{limit}"
        )


class TimeInForce(enum.Enum):
    """How long a child lives: DAY rests in the book, IOC takes what is there and cancels the rest."""

    DAY = "day"
    IOC = "ioc"


class OrderState(enum.Enum):
    """Where a child is in its life. FILLED, CANCELLED, REJECTED and DENIED are terminal.

    UNKNOWN is a state, not a guess: the venue says it has no such order, and its end has not been told. It counts
    as exposed until news of it comes.
    """

    PENDING_NEW = "pending_new"
    WORKING = "working"
    PENDING_REDUCE = "pending_reduce"
    PENDING_CANCEL = "pending_cancel"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DENIED = "denied"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is expected to happen to the child."""
        return self in _TERMINAL


_TERMINAL = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.DENIED})
