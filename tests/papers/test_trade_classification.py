"""Trade classification rules as printed.

Lee & Ready 1991 (p. 735: the zero tick takes the last price that differs; p. 745: quotes first, ticks at the mid),
Ellis, Michaely & O'Hara 2000 (p. 535-536) and Chakrabarty, Li, Nguyen & Van Ness 2007 (p. 3811-3812: three outer
deciles of the spread on each side by the quotes, the fourth to the seventh by the ticks, as is what lies outside), as
quoted with these pages in the documentation of tclf (github.com/KarelZe/tclf, docs/rules.md). The papers' accuracies
are of samples that nobody here has, so they are not repeated; the prints below are worked by hand from the rules."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.microstructure.test_classify import prints, quotes

from nowake.microstructure.classify import classify, reverse_tick_test, tick_test

UPTICK, DOWNTICK = 900, 1_200


def side(rule: str, price: int, before: int) -> int:
    return int(classify(prints((5, before), (6, price)), quotes((1, 1_000, 1_100)), rule=rule).side[-1])


@pytest.mark.parametrize("before", [UPTICK, DOWNTICK])
@pytest.mark.parametrize("decile", range(1, 11))
def test_chakrabarty_and_others_ask_the_quotes_in_the_outer_three_deciles(decile: int, before: int) -> None:
    ticks = 1 if before == UPTICK else -1
    wanted = -1 if decile <= 3 else 1 if decile >= 8 else ticks
    assert wanted == side("clnv", 1_000 + 10 * decile - 5, before)


@pytest.mark.parametrize(("before", "ticks"), [(UPTICK, 1), (DOWNTICK, -1)])
def test_ellis_and_others_ask_the_quotes_at_the_quotes_alone(before: int, ticks: int) -> None:
    off_the_quotes = (999, 1_001, 1_050, 1_099, 1_101)
    assert (-1, 1) == (side("emo", 1_000, before), side("emo", 1_100, before))
    assert {ticks} == {side("emo", price, before) for price in off_the_quotes}


@pytest.mark.parametrize(("before", "ticks"), [(UPTICK, 1), (DOWNTICK, -1)])
def test_lee_and_ready_ask_the_ticks_at_the_mid_alone(before: int, ticks: int) -> None:
    assert ticks == side("lee-ready", 1_050, before)
    assert [-1, -1, 1, 1] == [side("lee-ready", price, before) for price in (999, 1_049, 1_051, 1_101)]


def test_a_zero_tick_takes_the_last_price_that_differs() -> None:
    # Up, zero-up, down, zero-down, zero-down, up: Lee & Ready's four kinds of tick.
    price = np.array([10, 11, 11, 9, 9, 9, 10])
    assert [0, 1, 1, -1, -1, -1, 1] == tick_test(price).tolist()
    # The reverse test: followed by a higher price (or zero up) a seller, by a lower one a buyer.
    assert [-1, 1, 1, -1, -1, -1, 0] == reverse_tick_test(price).tolist()
