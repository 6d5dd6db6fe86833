"""Generated days: the same seed gives the same bytes, the book is lawful and the day looks like one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nowake.data.generated import generate_day, session_without_calendar
from nowake.domain.calendar import session_of
from nowake.domain.errors import BadParameter
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels.layout import ADD, DELETE, EXECUTE, REDUCE

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def days():
    return [generate_day(seed, events=100_000) for seed in SEEDS]


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.015, 0.1]))
def test_replaying_the_events_through_queues_never_crosses_or_goes_negative(seed, daily_volatility):
    day = generate_day(seed, events=2_000, daily_volatility=daily_volatility)
    queues, lots_of, seen = defaultdict(deque), {}, []
    best = {1: None, -1: None}
    for time_ns, identity, lots, price, kind, side, _ in day.events.tolist():
        assert lots > 0
        if kind == ADD:
            assert identity not in lots_of
            queues[side, price].append(identity)
            lots_of[identity] = lots
        else:
            assert identity in queues[side, price]
            if kind == EXECUTE:
                assert identity == queues[side, price][0], "executed out of turn"
                assert price == best[side], "executed behind the touch"
            lots_of[identity] -= lots
            assert lots_of[identity] >= (1 if kind == REDUCE else 0)
            assert kind != DELETE or lots_of[identity] == 0
            if lots_of[identity] == 0:
                queues[side, price].remove(identity)
        occupied = {s: [p for (t, p), queue in queues.items() if t == s and queue] for s in (1, -1)}
        best = {1: max(occupied[1], default=None), -1: min(occupied[-1], default=None)}
        if best[1] is not None and best[-1] is not None:
            assert best[1] < best[-1]
        row = [time_ns]
        for s in (1, -1):
            row += [best[s] or 0, sum(lots_of[i] for i in queues[s, best[s]]) if best[s] else 0]
        if not seen or seen[-1][1:] != row[1:]:
            seen.append(row)
    quotes = day.quotes
    columns = (quotes.time_ns, quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
    assert seen == np.column_stack(columns).tolist()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert generate_day(5, events=5_000).fingerprint == generate_day(5, events=5_000).fingerprint
    assert generate_day(5, events=5_000).fingerprint != generate_day(6, events=5_000).fingerprint


def test_the_session_needs_no_calendar_and_agrees_with_it():
    for date in (dt.date(2026, 1, 5), dt.date(2026, 7, 6)):
        assert session_of("XNAS", date) == session_without_calendar(date)


def test_events_lie_in_the_session_and_number_about_what_was_asked(days):
    for day in days:
        assert 100_000 == pytest.approx(len(day.events), rel=0.05)
        session = day.instrument.session
        assert session.open_ns <= day.events["time_ns"][0]
        assert day.events["time_ns"][-1] <= session.close_ns


def test_the_spread_is_one_to_three_ticks_nearly_all_the_time(days):
    for day in days:
        spread = (day.quotes.ask_ticks - day.quotes.bid_ticks)[1:-1]
        lasts = np.diff(day.quotes.time_ns)[1:]
        assert (spread > 0).all()
        assert np.average(spread <= 3, weights=lasts) > 0.95
        assert np.average(spread == 1, weights=lasts) < 0.9


def test_the_book_behind_the_touch_is_deeper_than_a_trade(days):
    for day in days:
        assert np.median(day.quotes.bid_lots) > 2 * np.median(day.trades.lots)


def test_volume_follows_a_u_over_the_day(days):
    for day in days:
        session = day.instrument.session
        edges = np.linspace(session.open_ns, session.close_ns, 14)  # Half-hours.
        volume, _ = np.histogram(day.trades.time_ns, bins=edges, weights=day.trades.lots)
        noon = volume[5:8].mean()
        assert volume[0] > 2 * noon
        assert volume[-1] > 2 * noon


def test_the_price_moves_by_one_to_two_percent_a_day():
    """Realised volatility of five-minute mids against the 1.5 % asked, over eight days of 78 returns each."""
    variances = []
    for seed in range(8):
        quotes = generate_day(seed, events=50_000).quotes
        grid = np.arange(quotes.time_ns[0] + NS_PER_MINUTE, quotes.time_ns[-1], 5 * NS_PER_MINUTE)
        mids = quotes.mid_ticks[np.searchsorted(quotes.time_ns, grid, side="right") - 1]
        variances.append(np.sum(np.diff(np.log(mids)) ** 2))
    assert 0.015 == pytest.approx(np.sqrt(np.mean(variances)), rel=0.15)  # Standard error 1 / √(2·8·77) = 3 %.


def test_prints_are_the_executions_and_the_taker_is_on_the_other_side(days):
    for day in days:
        executed = day.events[day.events["kind"] == EXECUTE]
        assert executed["lots"].tolist() == day.trades.lots.tolist()
        assert (-executed["side"]).tolist() == day.trades.aggressor.tolist()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seed": -1}, "seed -1 must be 0 or more"),
        ({"events": 10}, "events 10 must be from 1,000 to 20,000,000"),
        ({"daily_volatility": 0.5}, "daily_volatility 0.5 must be from 0 to 0.1"),
        ({"price": "1.00"}, "could reach zero; raise the price"),
        ({"price": "40.001"}, "40.001 is not a multiple of tick size 0.01"),
    ],
)
def test_a_parameter_out_of_range_is_refused(options, text):
    with pytest.raises(BadParameter, match=text):
        generate_day(**options)


def test_a_weekend_is_refused_and_an_unknown_weekday_warns_of_holidays():
    for date in (dt.date(2026, 1, 3), dt.date(2026, 1, 4)):
        with pytest.raises(BadParameter, match=f"date {date} is a S.*; a generated day needs a weekday.* 2026-01-02"):
            generate_day(1, events=2_000, date=date)
    (warning,) = generate_day(1, events=2_000, date=dt.date(2026, 12, 25)).warnings
    assert "knows no holidays and no half days" in warning
    assert () == generate_day(1, events=2_000).warnings
