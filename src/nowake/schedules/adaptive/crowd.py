"""Many orders at one instant, each on its own path: what a Monte Carlo asks a policy at once.

A policy that has `rates(crowd)` besides `rate(situation)` is asked once a step instead of once a path."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import RatePolicy, Situation


class Crowd(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """As `Situation`, with an (M,) array for each number that differs between the paths."""

    elapsed_days: float
    left_days: float
    left: Floats
    side: int
    arrival: float
    price: Floats
    gained: Floats
    signal: Floats
    market_rate: Floats
    market_volume: Floats
    volatility: Floats

    def each(self) -> list[Situation]:
        """The paths one by one."""
        return [
            Situation(
                elapsed_days=self.elapsed_days,
                left_days=self.left_days,
                left=float(self.left[k]),
                side=self.side,
                arrival=self.arrival,
                price=float(self.price[k]),
                gained=float(self.gained[k]),
                signal=float(self.signal[k]),
                market_rate=float(self.market_rate[k]),
                market_volume=float(self.market_volume[k]),
                volatility=float(self.volatility[k]),
            )
            for k in range(len(self.left))
        ]


State = Situation | Crowd


@runtime_checkable
class CrowdPolicy(RatePolicy, Protocol):
    """A policy that answers for many paths at once, with the very rates it gives each of them alone."""

    def rates(self, crowd: Crowd) -> Floats:
        """(M,) shares per session in the order's direction; errors as for `rate`."""
        ...
