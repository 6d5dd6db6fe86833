"""The feed of levels made of a tape of orders: what it tells, and that it is the same book."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.streams import history, records, wild

from nowake.domain.errors import BadParameter
from nowake.kernels import layout
from nowake.sim.book import Book
from nowake.sim.level_book import LevelBook
from nowake.sim.levels_of_orders import levels_of_orders

TAPE = """
    1 add bid 1 100 99
    1 add ask 2  70 101
    2 add bid 3  30 99
    3 execute bid 1 40 99
    4 hidden ask 0 5 100
    5 delete bid 3 30 99
    6 delete ask 2 70 101
"""


def told(feed):
    names = {layout.LEVEL: "level", layout.TRADE: "trade", layout.HALT: "halt", layout.CLEAR: "clear"}
    return [(int(e["time_ns"]), names[int(e["kind"])], int(e["lots"]), int(e["price_ticks"])) for e in feed]


def test_trades_come_before_the_level_they_change_and_hidden_ones_change_none():
    assert [
        (1, "level", 100, 99),
        (1, "level", 70, 101),
        (2, "level", 130, 99),
        (3, "trade", 40, 99),
        (3, "level", 90, 99),
        (4, "trade", 5, 100),
        (5, "level", 60, 99),
        (6, "level", 0, 101),
    ] == told(levels_of_orders(history(TAPE)))


def test_a_level_told_every_4_ns_is_told_once_at_the_end_and_trades_at_once():
    assert [
        (3, "trade", 40, 99),
        (4, "trade", 5, 100),
        (4, "level", 70, 101),
        (4, "level", 90, 99),
        (8, "level", 60, 99),
        (8, "level", 0, 101),
    ] == told(levels_of_orders(history(TAPE), every_ns=4))


def test_nothing_told_before_a_clear_comes_after_it():
    feed = levels_of_orders(history("1 add bid 1 100 99\n2 clear bid 0 0 0\n3 add bid 2 7 98"), every_ns=10)
    assert [(2, "clear", 0, 0), (10, "level", 7, 98)] == told(feed)


@pytest.mark.parametrize("seed", range(4))
def test_the_feed_displays_what_the_orders_display_after_every_instant(seed):
    rows, _ = wild(seed, size=2_000)
    events = records(rows)
    orders, levels = Book(events, depth=6, order_capacity=2), LevelBook(levels_of_orders(events), depth=6)
    for time in np.unique(events["time_ns"]).tolist():
        orders.run(time)
        levels.run(time)
        assert orders.sides() == levels.sides()
    assert (orders.volume_lots, orders.turnover) == (levels.volume_lots, levels.turnover)


def test_negative_interval_is_refused():
    with pytest.raises(BadParameter, match="-1 ns"):
        levels_of_orders(history(TAPE), every_ns=-1)


def test_no_events_make_no_feed():
    assert len(levels_of_orders(np.zeros(0, layout.EVENT), every_ns=5)) == 0
