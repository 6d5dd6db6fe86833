"""The halt before a session opens is the same however the events come in pieces."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tests.reference.streams import records

from nowake.data.readers.preopen import PreOpen
from nowake.data.readers.touch import Touch
from nowake.kernels.layout import ADD, CLEAR, DELETE, EVENT, HALT, RESUME
from nowake.sim.book import Book


def flow(seed, count=400):
    """Adds and deletes around one price, so that the book is now crossed, now not."""
    rng, live, out, now = random.Random(seed), [], [], 0
    for order_id in range(1, count):
        now += rng.choice((0, 1, 7))
        if live and rng.random() < 0.55:
            out.append((now, *live.pop(rng.randrange(len(live))), DELETE))
        else:
            live.append((order_id, rng.randrange(1, 5), rng.randrange(98, 103), rng.choice((1, -1))))
            out.append((now, *live[-1], ADD))
    events = np.zeros(len(out), EVENT)
    for name, column in zip(
        ("time_ns", "order_id", "lots", "price_ticks", "side", "kind"), zip(*out, strict=True), strict=True
    ):
        events[name] = column
    return events


@pytest.mark.parametrize("seed", range(20))
def test_pieces_give_what_the_whole_gives(seed):
    events = flow(seed)
    open_ns = int(events["time_ns"][-1]) // 2
    whole, crossed = PreOpen(open_ns).apply(events)
    places = np.sort(np.random.default_rng(seed).integers(0, len(events), 3))
    places = np.searchsorted(events["time_ns"], events["time_ns"][places])  # Between instants.
    before = PreOpen(open_ns)
    parts = [before.apply(part) for part in np.split(events, places)]
    assert whole.tobytes() == np.concatenate([part for part, _ in parts]).tobytes()
    assert crossed == sum(count for _, count in parts)


@pytest.mark.parametrize("seed", range(20))
def test_trading_resumes_at_the_first_instant_from_the_open_that_leaves_the_book_uncrossed(seed):
    events = flow(seed)
    open_ns = int(events["time_ns"][-1]) // 2
    marked, crossed = PreOpen(open_ns).apply(events)
    assert HALT == marked["kind"][0]
    assert {HALT: 1, RESUME: 1} == {kind: int(np.count_nonzero(marked["kind"] == kind)) for kind in (HALT, RESUME)}
    resumed_ns = int(marked["time_ns"][marked["kind"] == RESUME][0])
    book, crossed_then, uncrossed_ns = Book(events), 0, None
    for time_ns in np.unique(events["time_ns"]).tolist():
        before = book.crossed_instants
        book.run(time_ns)
        if time_ns >= open_ns and book.crossed_instants == before:
            uncrossed_ns = time_ns
            break
        crossed_then += book.crossed_instants - before
    assert uncrossed_ns is not None
    assert resumed_ns in {open_ns, uncrossed_ns}
    assert crossed == crossed_then


def test_data_that_begin_after_the_open_are_not_halted():
    events = records([(10, 1, 5, 100, ADD, 1, 0)])
    marked, crossed = PreOpen(10).apply(events)
    assert (events.tobytes(), 0) == (marked.tobytes(), crossed)
    assert 1 == len(PreOpen(None).apply(events)[0])


def test_a_clear_uncrosses():
    rows = [(1, 1, 5, 101, ADD, 1, 0), (2, 2, 5, 100, ADD, -1, 0), (5, 0, 0, 0, CLEAR, 0, 0), (9, 3, 5, 100, ADD, 1, 0)]
    marked, crossed = PreOpen(4).apply(records(rows))
    assert ([HALT, ADD, ADD, CLEAR, RESUME, ADD], 1) == (marked["kind"].tolist(), crossed)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_prices_are_those_of_a_plain_dict(seed):
    rng, touch, plain = random.Random(seed), Touch(), {1: {}, -1: {}}
    for _ in range(500):
        side, price = rng.choice((1, -1)), rng.randrange(-5, 6)
        if rng.random() < 0.5:
            lots = rng.randrange(1, 4)
            touch.add(side, price, lots)
            plain[side][price] = plain[side].get(price, 0) + lots
        elif price in plain[side]:
            lots = rng.randrange(1, plain[side][price] + 1)
            touch.take(side, price, lots)
            plain[side][price] -= lots
            if not plain[side][price]:
                del plain[side][price]
        assert max(plain[1], default=None) == touch.best(1)
        assert min(plain[-1], default=None) == touch.best(-1)
