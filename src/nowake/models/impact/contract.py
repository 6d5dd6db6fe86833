"""The contract of an impact model.

Every answer is the average cost per share of the whole order, against the price before it began, in basis points of
that price, positive when bad, for buys and sells alike. The half-spread is apart from impact. Quantities are shares,
as one number or as an array; time is in trading sessions; the order is taken to run evenly over it."""

from __future__ import annotations

from typing import Protocol

from nowake.models.impact.linear import Linear
from nowake.models.impact.sizes import Size
from nowake.models.market import MarketState


class ImpactModel(Protocol):
    """What the estimate and the schedules ask of a model."""

    @property
    def name(self) -> str:
        """Name for tables."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same inputs would give another number."""
        ...

    def temporary_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """Average cost of the part of impact that is gone after the order."""
        ...

    def permanent_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """Average cost of the part of impact that stays."""
        ...

    def total_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """Temporary and permanent together, without the half-spread."""
        ...

    def parameter_sd_bps(self, quantity: Size, market: MarketState, *, days: float) -> Size:
        """One standard deviation of `half_spread_bps` plus `total_bps`, from the model's own standard errors."""
        ...

    def half_spread_bps(self, market: MarketState) -> float:
        """Cost of crossing from the mid."""
        ...

    def linearised(self, quantity: float, market: MarketState, *, days: float) -> Linear:
        """The linear model that costs the same for this order, for closed-form schedules."""
        ...
