"""Levels made of events are those a plain dictionary finds, whatever the events."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import depth as reference
from tests.reference.streams import records
from tests.unit.data.test_touch import STEPS, drawn

from nowake.data import depth as depth_module
from nowake.data.day import Day, no_events
from nowake.data.depth import depth_of_day, depth_of_events
from nowake.data.load import load_day
from nowake.data.touch import quotes_of_events
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import ADD, CLEAR, HALT, LEVEL, RESUME, SNAPSHOT


def rows_of(events, levels):
    book = depth_of_events(events, levels)
    sides = (
        [list(zip(prices, lots, strict=True)) for prices, lots in zip(ticks.tolist(), sizes.tolist(), strict=True)]
        for ticks, sizes in ((book.bid_ticks, book.bid_lots), (book.ask_ticks, book.ask_lots))
    )
    return list(zip(book.time_ns.tolist(), *sides, strict=True))


@given(st.lists(STEPS, max_size=60), st.integers(1, 6))
def test_the_levels_are_those_of_a_dictionary_of_lots(steps, levels):
    events = drawn(steps)
    assert reference.depths(events, levels) == rows_of(events, levels)


def test_a_long_history_has_the_levels_of_a_dictionary(generated_day):
    events = generated_day.events[:6_000]
    assert reference.depths(events, 5) == rows_of(events, 5)


def test_one_level_is_the_quotes(generated_day):
    book, (quotes, _) = depth_of_events(generated_day.events, 1), quotes_of_events(generated_day.events)
    np.testing.assert_array_equal(quotes.time_ns, book.time_ns)
    for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"):
        np.testing.assert_array_equal(getattr(quotes, name), getattr(book, name)[:, 0])


def test_rows_are_the_same_however_many_are_written_at_a_time(generated_day, monkeypatch):
    events = generated_day.events[:5_000]
    whole = rows_of(events, 3)
    monkeypatch.setattr(depth_module, "_ROWS", 7)
    assert whole == rows_of(events, 3)


def test_a_cleared_book_is_empty_and_a_halted_one_is_shown():
    levels = [(1, 0, 5, price, LEVEL, side, SNAPSHOT) for side, price in ((1, 99), (1, 98), (-1, 101))]
    halt = [(2, 0, 0, 0, HALT, 0, 0), (3, 0, 4, 102, LEVEL, -1, 0), (4, 0, 0, 0, RESUME, 0, 0)]
    expected = [
        (1, [(99, 5), (98, 5)], [(101, 5), (0, 0)]),
        (3, [(99, 5), (98, 5)], [(101, 5), (102, 4)]),
        (5, [(0, 0), (0, 0)], [(0, 0), (0, 0)]),
    ]
    assert expected == rows_of(records([*levels, *halt, (5, 0, 0, 0, CLEAR, 0, 0)]), 2)


def test_what_happens_behind_the_last_level_makes_no_row():
    events = records([(time, time, 1, price, ADD, 1, 0) for time, price in ((1, 100), (2, 99), (3, 98), (4, 101))])
    assert [1, 2, 4] == [row[0] for row in rows_of(events, 2)]


def test_no_events_make_no_rows():
    assert (0, 3) == (len(depth_of_events(no_events(), 3)), depth_of_events(no_events(), 3).levels)


def test_more_levels_than_a_day_keeps_exact_are_refused(generated_day):
    with pytest.raises(BadParameter, match="levels 6 are more than the 5 levels"):
        depth_of_day(dataclasses.replace(generated_day, depth=5), 6)
    with pytest.raises(BadParameter, match="levels 0"):
        depth_of_day(generated_day, 0)


def test_a_day_of_quotes_alone_tells_one_level(generated_day):
    day = dataclasses.replace(generated_day, events=no_events())
    np.testing.assert_array_equal(day.quotes.ask_lots, depth_of_day(day, 1).ask_lots[:, 0])
    with pytest.raises(BadData, match="ask for 1 level, not 2"):
        depth_of_day(day, 2)


SOURCES = [
    ("lobster:AMZN:5", None),
    ("lobster:AAPL:10", None),
    ("dbn:ESH4", None),
    ("bitstamp:BTCUSD", None),
    ("binance:BTCUSDT@BINANCE-USDM", "2024-08-08"),
]


@pytest.mark.parametrize(("spec", "date"), SOURCES)
def test_every_source_of_levels_gives_its_own_quotes_and_levels_in_order(
    spec: str, date: str | None, data_root: Path
) -> None:
    try:
        day: Day = load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    book = depth_of_day(day, 5)
    there = (book.bid_lots[:, 1:] > 0) & (book.bid_lots[:, :-1] > 0)
    assert (np.diff(book.bid_ticks, axis=1)[there] < 0).all()
    there = (book.ask_lots[:, 1:] > 0) & (book.ask_lots[:, :-1] > 0)
    assert (np.diff(book.ask_ticks, axis=1)[there] > 0).all()
    assert ((book.bid_lots[:, 1:] == 0) | (book.bid_lots[:, :-1] > 0)).all()
    touch, _ = quotes_of_events(day.events)
    row = np.searchsorted(book.time_ns, touch.time_ns, side="right") - 1
    np.testing.assert_array_equal(touch.bid_lots, book.bid_lots[row, 0])
    np.testing.assert_array_equal(touch.ask_lots, book.ask_lots[row, 0])
