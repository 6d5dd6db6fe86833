"""The contract of an impact model, and the checks all models share.

Every answer is the average cost per share of the whole order, against the price before it began, in basis points of
that price, positive when bad, for buys and sells alike. The half-spread is apart from impact. Quantities are shares,
as one number or as an array; time is in trading sessions; the order is taken to run evenly over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.market import MarketState

if TYPE_CHECKING:
    from nowake.models.impact.linear import Linear

Floats = npt.NDArray[np.float64]
Size = TypeVar("Size", float, Floats)


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


def check_trade(quantity: Size, days: float) -> Size:
    """Refuse a quantity below 0 or not finite, and a duration not above 0."""
    if not np.all(np.isfinite(quantity)) or np.any(np.asarray(quantity) < 0):
        raise BadParameter(f"quantity {quantity} must be finite and 0 or more; the side is not part of it")
    if not 0 < days < float("inf"):
        raise BadParameter(f"duration of {days} trading days must be above 0")
    return quantity


def root(value: Size) -> Size:
    """Square root of a number or of each of an array."""
    result: Size = value**0.5
    return result


def check_parameter(name: str, value: float, *, low: float = 0.0, high: float = float("inf")) -> None:
    """Refuse a parameter that is not finite or outside [low, high]."""
    if not (low <= value <= high) or value == float("inf"):
        bound = f"{low:g} or more" if high == float("inf") else f"between {low:g} and {high:g}"
        raise BadParameter(f"{name} {value} must be {bound} and finite")
