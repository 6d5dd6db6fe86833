"""Sizes as one number or as an array of them, and the checks all impact models share."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter

Floats = npt.NDArray[np.float64]
Size = TypeVar("Size", float, Floats)


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
