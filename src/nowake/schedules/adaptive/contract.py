"""The contract of an adaptive policy: what is known when an algorithm wakes -> how fast to trade.

A policy is a frozen record of parameters that were calibrated beforehand; all that changes while the order is worked
comes in as a `Situation`. The same situation always gives the same rate."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

from nowake.domain.errors import BadParameter


class Situation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an order stands at an instant.

    Parameters
    ----------
    elapsed_days, left_days
        Trading sessions since the order's start and until its end, 0 or more.
    left
        Shares still to trade, 0 or more.
    side
        +1 buy, -1 sell.
    arrival, price
        Mid at the order's start and now, currency per share.
    gained
        Currency gained so far against the arrival price on what was traded: above 0 is good for either side.
    signal
        Expected drift of the price now, currency per share per session (or what the policy's parameters say a signal
        is, such as net order flow in shares per session); 0 where there is none. Above 0 the price rises.
    market_rate
        Shares per session the market is trading now, without us.
    market_volume
        Shares the market has traded since the order's start, without us.
    volatility
        Standard deviation of the price now, currency per share per sqrt(session).
    """

    elapsed_days: float
    left_days: float
    left: float
    side: int
    arrival: float
    price: float
    gained: float = 0.0
    signal: float = 0.0
    market_rate: float = math.nan
    market_volume: float = math.nan
    volatility: float = math.nan

    def __post_init__(self) -> None:
        for name in ("elapsed_days", "left_days", "left"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise BadParameter(f"{name} {value} of a situation must be 0 or more and finite")
        for name in ("arrival", "price", "gained", "signal"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} of a situation must be finite")
        if self.side not in (1, -1):
            raise BadParameter(f"side {self.side} of a situation must be +1 or -1")

    @property
    def adverse(self) -> float:
        """Currency per share by which the price has moved against the order since its arrival."""
        return self.side * (self.price - self.arrival)


class RatePolicy(Protocol):
    """How fast to trade, asked whenever the algorithm wakes."""

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction; below 0 asks to trade back.

        At or after the end of the window it is infinite where shares are left that must be done, else 0.

        Raises
        ------
        BadParameter
            When the policy needs something of the situation that is NaN.
        """
        ...
