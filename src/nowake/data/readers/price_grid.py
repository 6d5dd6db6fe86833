"""The tick and lot of a level feed, told by its own prices and sizes, and those in ticks and lots.

A venue's files rarely name them. All prices seen first are multiples of the tick and all sizes of the lot, so their
greatest common divisors are these, or coarser ones that serve these data as well. A later price between ticks is
refused, as a book of rounded prices would be another book. A later size between lots is rounded to the nearest lot
(at least one) and counted: a handful of displayed sizes in a hundred thousand lines of a real feed are finer than all
others, by a thousandth of the smallest trade."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from nowake.data.readers.decimals import Decimals, Ints, step_of, steps_of
from nowake.domain.errors import BadData, BadParameter

_HIGHEST_TICKS = 2**31 - 1  # An event has 32 bits for them.


class Grid:
    """Tick and lot of one feed: given, or found in what is seen first, and never changed. One writer."""

    def __init__(self, tick_size: Decimal | None, lot_size: Decimal | None) -> None:
        self._tick, self._lot = tick_size, lot_size
        self._given = tick_size is not None, lot_size is not None
        self.rounded = 0  # Sizes between lots.

    def see(self, prices: Sequence[Decimals], sizes: Sequence[Decimals]) -> None:
        """Find what is not known yet; without prices or sizes a cent and one."""
        self._tick = self._tick or step_of(prices) or Decimal("0.01")
        self._lot = self._lot or step_of(sizes) or Decimal(1)

    @property
    def tick(self) -> Decimal:
        """In currency."""
        assert self._tick is not None
        return self._tick

    @property
    def lot(self) -> Decimal:
        """In shares, contracts or coins."""
        assert self._lot is not None
        return self._lot

    def ticks(self, prices: Decimals) -> Ints:
        """Prices in ticks.

        Raises
        ------
        BadParameter
            When one lies between ticks that were given.
        BadData
            When one lies between ticks that were found, or is beyond 2**31 - 1 of them.
        """
        ticks, off = steps_of(prices, self.tick)
        if len(off):
            value, fits = _value(prices, off[0]), step_of([prices.take(off[:1]), _one(self.tick)])
            error = BadParameter if self._given[0] else BadData
            raise error(f"price {value} is not a multiple of the tick {self.tick}; give tick_size={fits}")
        if len(ticks) and ticks.max() > _HIGHEST_TICKS:
            highest = _value(prices, int(np.argmax(prices.units)))
            raise BadData(
                f"price {highest} is more than {_HIGHEST_TICKS:,} ticks of {self.tick}; give a coarser tick_size"
            )
        return ticks

    def lots(self, sizes: Decimals) -> Ints:
        """Sizes in lots, those between lots found here rounded and counted.

        Raises
        ------
        BadParameter
            When one lies between lots that were given.
        """
        lots, off = steps_of(sizes, self.lot)
        if len(off) and self._given[1]:
            value, fits = _value(sizes, off[0]), step_of([sizes.take(off[:1]), _one(self.lot)])
            raise BadParameter(f"size {value} is not a multiple of the lot {self.lot}; give lot_size={fits}")
        self.rounded += len(off)
        for row in off:
            lots[row] = max(int((_value(sizes, row) / self.lot).to_integral_value()), 1)
        return lots


def _value(numbers: Decimals, row: int | np.intp) -> Decimal:
    return Decimal(int(numbers.units[row])).scaleb(-numbers.places)


def _one(step: Decimal) -> Decimals:
    """A step as a column of itself."""
    exponent = step.as_tuple().exponent
    assert isinstance(exponent, int)
    places = max(-exponent, 0)
    return Decimals(np.array([int(step.scaleb(places))]), places)
