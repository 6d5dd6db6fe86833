"""How uncertain the measured inputs of an estimate are."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Size


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """One standard deviation of each measured input: a number, or an array that fits the orders. 0 is exact.

    `daily_volume` moves the volume of the window with it, in proportion; its logarithm is taken as normal.

    Raises
    ------
    BadParameter
        When one is negative or not finite.
    """

    volatility: Size = 0.0
    spread_bps: Size = 0.0
    daily_volume: Size = 0.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = np.asarray(getattr(self, name))
            if not np.all((value >= 0) & (value < np.inf)):
                raise BadParameter(f"doubt about {name} {getattr(self, name)} must be 0 or more and finite")


EXACT = Doubt()
