"""Quotes made of events are the touch a plain dictionary finds, whatever the events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import touch as reference
from tests.reference.streams import records

from nowake.data.generated import generate_day
from nowake.data.touch import Crossings, quotes_of_events
from nowake.kernels.layout import ADD, CLEAR, DELETE, HALT, LEVEL, PRINT_HIDDEN, RESUME, SNAPSHOT, TRADE

COLUMNS = ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
STEPS = st.tuples(
    st.integers(0, 1),  # Nanoseconds since the event before.
    st.integers(ADD, TRADE),
    st.sampled_from((1, -1)),
    st.integers(-3, 140) | st.sampled_from((10_000, 2**31 - 1, -(2**31))),
    st.integers(0, 5) | st.just(2**40),
)


def rows_of(events):
    quotes, crossings = quotes_of_events(events)
    return list(zip(*(getattr(quotes, name).tolist() for name in COLUMNS), strict=True)), crossings


def drawn(steps):
    time_ns, rows = 0, []
    for after, kind, side, price, lots in steps:
        time_ns += after
        rows.append((time_ns, 0, lots, price, kind, side, 0))
    return records(rows)


@given(st.lists(STEPS, max_size=60))
def test_the_touch_is_that_of_a_dictionary_of_lots(steps):
    events = drawn(steps)
    expected, counts = reference.touches(events)
    found, crossings = rows_of(events)
    assert counts == tuple(crossings)
    assert expected == found


def test_a_long_history_has_the_touch_of_a_dictionary_and_the_quotes_of_its_generator():
    day = generate_day(5, events=4_000)
    assert (reference.touches(day.events)[0], Crossings(0, 0, 0)) == rows_of(day.events)


def test_an_instant_makes_one_quote_however_many_events_it_has():
    levels = [(7, 0, 5, price, LEVEL, side, SNAPSHOT) for side, price in ((1, 99), (1, 98), (-1, 99), (-1, 101))]
    events = records([(7, 0, 0, 0, CLEAR, 0, SNAPSHOT), *levels, (7, 0, 0, 99, LEVEL, -1, 0)])
    assert ([(7, 99, 5, 101, 5)], Crossings(0, 0, 0)) == rows_of(events)


def test_a_crossed_book_is_counted_apart_while_trading_is_halted():
    add = [(time, time, 1, price, ADD, side, 0) for time, side, price in ((1, 1, 100), (3, -1, 100), (4, -1, 99))]
    events = records(
        [add[0], (2, 0, 0, 0, HALT, 0, 0), *add[1:], (5, 0, 0, 0, RESUME, 0, 0), (6, 4, 1, 99, DELETE, -1, 0)]
    )
    assert Crossings(crossed=1, locked=1, halted=2) == rows_of(events)[1]


def test_prints_alone_make_no_quote():
    quotes, _ = quotes_of_events(records([(1, 0, 5, 100, PRINT_HIDDEN, 1, 0), (2, 0, 5, 100, TRADE, 1, 0)]))
    assert 0 == len(quotes)


def test_prices_that_lie_far_apart_are_told_apart():
    rows = [(1, 1, 3, -(2**31), ADD, 1, 0), (2, 2, 4, 2**31 - 1, ADD, -1, 0), (3, 3, 5, 0, ADD, 1, 0)]
    assert [(1, -(2**31), 3, 0, 0), (2, -(2**31), 3, 2**31 - 1, 4), (3, 0, 5, 2**31 - 1, 4)] == rows_of(records(rows))[
        0
    ]
    assert np.int64 == quotes_of_events(records(rows))[0].bid_ticks.dtype
