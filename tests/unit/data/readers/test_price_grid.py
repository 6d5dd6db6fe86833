"""Tick and lot are found in the first prices and sizes; later ones must fit, or are rounded and counted."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from nowake.data.readers.decimals import Decimals
from nowake.data.readers.price_grid import Grid
from nowake.domain.errors import BadData, BadParameter


def numbers(*units, places=0):
    """A column of decimals."""
    return Decimals(np.array(units, np.int64), places)


def found(tick=None, lot=None):
    """A grid that saw prices in steps of 0.5 and sizes in steps of 0.01."""
    grid = Grid(tick, lot)
    grid.see([numbers(100, 1005, places=1), numbers(3)], [numbers(1, 7, places=2), numbers(5)])
    return grid


def test_tick_and_lot_are_what_all_prices_and_sizes_are_multiples_of():
    assert (Decimal("0.5"), Decimal("0.01")) == (found().tick, found().lot)


def test_what_was_seen_first_stays():
    grid = found()
    grid.see([numbers(1, places=3)], [numbers(1, places=3)])

    assert (Decimal("0.5"), Decimal("0.01")) == (grid.tick, grid.lot)


def test_without_prices_and_sizes_a_cent_and_one():
    grid = Grid(None, None)
    grid.see([numbers()], [numbers(0, 0)])

    assert (Decimal("0.01"), Decimal(1)) == (grid.tick, grid.lot)


def test_a_later_price_between_ticks_is_refused_with_the_tick_that_fits():
    with pytest.raises(BadData, match=r"price 100\.25 is not a multiple of the tick 0\.5; give tick_size=0\.25"):
        found().ticks(numbers(10050, 10025, places=2))


def test_a_price_between_given_ticks_is_the_users_mistake():
    with pytest.raises(BadParameter, match=r"price 7 is not a multiple of the tick 2; give tick_size=1"):
        found(tick=Decimal(2)).ticks(numbers(7))


def test_a_price_beyond_what_an_event_can_hold_is_refused():
    with pytest.raises(BadData, match=r"price 1073741824 is more than 2,147,483,647 ticks of 0\.5"):
        found().ticks(numbers(2**30))


def test_sizes_between_lots_are_rounded_to_at_least_one_and_counted():
    grid = found()

    lots = grid.lots(numbers(10, 14, 16, 1, 0, places=3))

    assert [1, 1, 2, 1, 0] == lots.tolist()
    assert 3 == grid.rounded


def test_a_size_between_given_lots_is_the_users_mistake():
    with pytest.raises(BadParameter, match=r"size 0\.5 is not a multiple of the lot 1; give lot_size=0\.5"):
        found(lot=Decimal(1)).lots(numbers(20, 5, places=1))
