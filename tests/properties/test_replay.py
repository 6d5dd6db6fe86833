"""The compiled book against its plain twin, on random histories with our orders in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.book import PlainBook
from tests.reference.streams import commands, records, rows, sensible_rows, wild

from nowake.kernels.state import GONE, OWN, UNKNOWN
from nowake.sim.book import Book

PRICES = range(97, 106)
RELAXED = settings(max_examples=100)


def twins(history, reach):
    fast = Book(records(history), depth=3, reach=reach, padding_ticks=2, order_capacity=2)
    fast._hold_fills(2)
    slow = PlainBook(history, reach=reach)
    slow.lowest_ticks, slow.highest_ticks = fast.price_range_ticks
    return fast, slow


def act(book, number, command):
    action, side, price, lots = command
    if action in ("place", "post", "take"):
        how = {"immediate": action == "take", "post_only": action == "post"}
        return book.place(number, side=side, price_ticks=price, lots=lots, **how)
    if action == "reduce":
        return book.reduce(number - 1 - price % 3, lots)
    return book.withdraw(number - 1 - price % 3)


def same(fast_answer, slow_answer):
    if slow_answer is None:
        return fast_answer in (GONE, UNKNOWN)
    return fast_answer == slow_answer


def marked(slow, side):
    """Levels that need a second look: ours rest there, or history has lots there none of which is displayed."""
    queues = [queue for queue in slow.queues[side].values() if queue]
    own = [any(order.kind == OWN for order in queue) for queue in queues]
    taken = [slow.reach > 0 and not any(order.displayed for order in queue) for queue in queues]
    return sum(ours or gone for ours, gone in zip(own, taken, strict=True))


def assert_equal(fast, slow):
    assert slow.fills == fast.take_fills()
    slow.fills.clear()
    assert slow.sides(depth=3) == fast.sides()
    for side in (1, -1):
        for price in PRICES:
            assert slow.queue(side, price) == fast.queue(side, price)
    assert [marked(slow, side) for side in (1, -1)] == fast._arrays["sides"]["marked"].tolist()
    names = ("volume_lots", "turnover", "phantoms", "crossed_instants", "is_halted", "venue_ns")
    assert [getattr(slow, name) for name in names] == [getattr(fast, name) for name in names]


def check_twins(history, orders, *, on_touch=False, volume_step=None, prices=(None, None), lag_ns=None, reach=0):
    fast, slow = twins(history, reach)
    if lag_ns is not None:
        fast.report_lag_ns = slow.report_lag_ns = lag_ns
    last_ns = max([200, *(row[0] for row in history)])
    until = [(time, command) for time, *command in orders] + [(last_ns, None)]
    for number, (time, command) in enumerate(until):
        stops = 0  # Where a price is reached every run stops at once: after some stops it is waited for no more.
        while True:
            volume = None if volume_step is None else slow.volume_lots + volume_step
            waits = {"bid_at_least_ticks": prices[0], "ask_at_most_ticks": prices[1]} if stops < 5 else {}
            woken = slow.run(time, on_touch=on_touch, volume_lots=volume, **waits)
            assert woken == fast.run(time, on_touch=on_touch, volume_lots=volume, **waits)
            stops += woken
            assert_equal(fast, slow)
            fast.mark_touch()
            slow.mark_touch()
            if not woken and slow.venue_ns >= time:
                break
        if command is not None:
            assert same(act(fast, number, command), act(slow, number, command))
    assert_equal(fast, slow)


@RELAXED
@given(rows(), commands, st.integers(0, 2))
def test_any_history_leaves_the_same_book_fills_and_volume_in_both_books(history, orders, reach):
    check_twins(history, orders, reach=reach)


@RELAXED
@given(sensible_rows(), commands)
def test_sensible_history_leaves_the_same_book_fills_and_volume_in_both_books(history, orders):
    check_twins(history, orders)


@RELAXED
@given(rows(), commands, st.integers(1, 20), st.integers(0, 5), st.integers(0, 2))
def test_both_books_wake_at_the_same_instants(history, orders, volume_step, lag_ns, reach):
    check_twins(history, orders, on_touch=True, volume_step=volume_step, lag_ns=lag_ns, reach=reach)


@pytest.mark.parametrize("seed", range(12))
def test_long_wild_history_leaves_the_same_book_at_every_touch_change(seed):
    history, orders = wild(seed)
    check_twins(history, orders, on_touch=True, lag_ns=1, reach=seed % 3)


@pytest.mark.parametrize("seed", range(20, 30))
def test_long_wild_history_with_halts_leaves_the_same_book_at_every_touch_change(seed):
    history, orders = wild(seed, halts=0.05)
    check_twins(history, orders, on_touch=True, lag_ns=1, reach=seed % 3)


price_or_none = st.none() | st.integers(96, 107)


@RELAXED
@given(rows(), commands, st.tuples(price_or_none, price_or_none), st.booleans(), st.integers(0, 2))
def test_both_books_wake_when_a_price_is_reached(history, orders, prices, on_touch, reach):
    check_twins(history, orders, on_touch=on_touch, prices=prices, reach=reach)


@pytest.mark.parametrize("seed", range(30, 40))
def test_long_wild_history_with_pictures_of_the_book_leaves_the_same_book(seed):
    history, orders = wild(seed, pictures=0.05, halts=0.02 * (seed % 2))
    check_twins(history, orders, on_touch=True, lag_ns=1, reach=seed % 3)


@pytest.mark.parametrize("seed", range(12, 20))
def test_long_wild_history_leaves_the_same_book_between_commands(seed):
    history, orders = wild(seed, size=800)
    check_twins(history, orders, reach=seed % 4)
