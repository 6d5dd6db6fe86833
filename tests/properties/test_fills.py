"""Lives and probes against their slow twins, on random tapes."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import lifetimes as slow

from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import ADD, CLEAR, DELETE, EVENT, EXECUTE, HALT, REDUCE, RESUME, RESYNC
from nowake.models.fills.crossings import first_at_or_below
from nowake.models.fills.observed import observed_lifetimes
from nowake.models.fills.probes import probed_lifetimes

DAY_NS = 1_000_000_000_000_000_000
OPEN_NS, CLOSE_NS = DAY_NS, DAY_NS + 60 * NS_PER_SECOND
SESSION = Session(date=dt.date(2001, 9, 9), timezone="UTC", open_ns=OPEN_NS, close_ns=CLOSE_NS)


def random_tape(seed: int, count: int = 150) -> tuple[list[slow.Event], list[slow.Quote]]:
    """A book of orders that come and go around 100 ticks, with all that may happen to it, and its touch."""
    luck = np.random.default_rng(seed)
    alive: dict[int, list[int]] = {}
    shown: dict[tuple[int, int], int] = {}
    events: list[slow.Event] = []
    quotes: list[slow.Quote] = []
    time_ns, next_id = OPEN_NS - 3 * NS_PER_SECOND, 1
    for _ in range(count):
        time_ns += int(luck.integers(0, NS_PER_SECOND)) * int(luck.random() < 0.9)
        what = luck.random()
        if what < 0.55 or not alive:
            side = 1 if luck.random() < 0.5 else -1
            price, lots = 100 - side * int(luck.integers(-1, 4)), int(luck.integers(1, 6))
            order_id = next_id if luck.random() < 0.95 or next_id < 3 else 1
            next_id += 1
            if order_id in alive:
                continue
            alive[order_id] = [side, price, lots]
            shown[side, price] = shown.get((side, price), 0) + lots
            events.append((time_ns, order_id, lots, price, ADD, side, int(luck.random() < 0.03)))
        elif what < 0.95:
            order_id = int(luck.choice(list(alive)))
            side, price, left = alive[order_id]
            kind = int(luck.choice([REDUCE, DELETE, EXECUTE, EXECUTE]))
            lots = left if kind == DELETE else int(luck.integers(1, left + 1))
            alive[order_id][2] -= lots
            shown[side, price] -= lots
            if alive[order_id][2] == 0:
                del alive[order_id]
            events.append((time_ns, order_id, lots, price, kind, side, 0))
        elif what < 0.97:
            side, price = int(luck.choice([1, -1])), int(luck.integers(98, 103))
            lots = sum(order[2] for order in alive.values() if order[:2] == [side, price]) + int(luck.integers(0, 3))
            shown[side, price] = lots
            events.append((time_ns, 0, lots, price, RESYNC, side, 0))
        elif what < 0.99:
            events += [(time_ns, 0, 0, 0, kind, 0, 0) for kind in (HALT, RESUME)[: int(luck.integers(1, 3))]]
        else:
            alive, shown = {}, {}
            events.append((time_ns, 0, 0, 0, CLEAR, 0, 0))
        best = [max((side * price for (s, price), lots in shown.items() if s == side and lots > 0), default=None)
                for side in (1, -1)]  # fmt: skip
        row = [time_ns]
        for side, price in zip((1, -1), best, strict=True):
            row += [0, 0] if price is None else [side * price, shown[side, side * price]]
        quotes.append((row[0], row[1], row[2], row[3], row[4]))
    return events, quotes


def columns(quotes: list[slow.Quote]) -> Quotes:
    return Quotes(*np.array(quotes, np.int64).T)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_lives_are_those_of_a_pass_with_dictionaries(seed: int) -> None:
    events, quotes = random_tape(seed)
    expected = slow.lives(events, quotes, OPEN_NS, CLOSE_NS)
    if not any(event[4] == ADD and event[1] for event in events) or not expected:
        return
    # Behind the touch there is always somebody, or the tape would be taken for one of the best level alone.
    found = observed_lifetimes(np.array(events, EVENT), columns(quotes), SESSION)
    if any("best level alone" in note for note in found.notes):
        return
    got = [
        (*whole, None if math.isnan(fill) else round(fill * NS_PER_SECOND), round(end * NS_PER_SECOND), how)
        for *whole, fill, end, how in zip(
            *(each.tolist() for each in (found.start_ns, found.side, found.distance_ticks, found.queue_lots)),
            *(each.tolist() for each in (found.lots, found.spread_ticks, found.first_fill_s, found.end_s, found.end)),
            strict=True,
        )
    ]
    assert expected == got


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_probes_are_filled_as_a_plain_loop_fills_them(seed: int) -> None:
    luck = np.random.default_rng(seed)
    times = np.sort(luck.integers(OPEN_NS, CLOSE_NS, 60))
    mid = 100 + np.cumsum(luck.integers(-1, 2, 60))
    one_sided = luck.random(60) < 0.05
    quotes = Quotes(times, mid - 1, np.where(one_sided, 0, luck.integers(1, 5, 60)), mid + 1, luck.integers(1, 5, 60))
    when = np.sort(luck.integers(OPEN_NS, CLOSE_NS, 50))
    ticks, lots = 100 + np.cumsum(luck.integers(-1, 2, 50)), luck.integers(1, 4, 50)
    aggressor = luck.integers(-1, 2, 50).astype(np.int8)
    trades = Trades(when, ticks, lots, aggressor, np.zeros(50, bool), np.zeros(50, bool))
    bracket = probed_lifetimes(quotes, trades, SESSION, every_s=5.0, follow_s=20.0, distances=(0, 1, 3))
    rows = list(zip(*(column.tolist() for column in (quotes.time_ns, quotes.bid_ticks, quotes.bid_lots,
                                                    quotes.ask_ticks, quotes.ask_lots)), strict=True))  # fmt: skip
    prints = list(zip(when.tolist(), ticks.tolist(), lots.tolist(), aggressor.tolist(), strict=True))
    lives = bracket.optimistic
    for k in range(len(lives)):
        start, side = int(lives.start_ns[k]), int(lives.side[k])
        before = [row for row in rows if row[0] < start][-1]
        own, shown = (before[1], before[2]) if side > 0 else (before[3], before[4])
        distance = int(lives.distance_ticks[k])
        waits = slow.probe_waits(
            rows, prints, start_ns=start, side=side, price=own - side * distance, queue=math.inf if distance else shown
        )
        for wait_ns, found in zip(waits, (bracket.optimistic, bracket.pessimistic), strict=True):
            expected = wait_ns / NS_PER_SECOND if wait_ns <= 20 * NS_PER_SECOND else math.nan
            assert expected == pytest.approx(float(found.first_fill_s[k]), nan_ok=True)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_first_value_reached_is_that_of_a_plain_search(seed: int) -> None:
    luck = np.random.default_rng(seed)
    times, series = np.sort(luck.integers(0, 40, 30)), luck.integers(-9, 10, 30)
    starts, levels = np.sort(luck.integers(-5, 45, 20)), luck.integers(-12, 12, 20)
    expected = [
        next((k for k in range(30) if times[k] > start and series[k] <= level), -1)
        for start, level in zip(starts, levels, strict=True)
    ]
    assert expected == first_at_or_below(times, series, starts, levels).tolist()
