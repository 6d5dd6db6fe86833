"""What must hold of the book whatever history does and whatever we send."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.streams import records, sensible_rows, wild

from nowake.kernels import layout
from nowake.kernels.state import OWN
from nowake.sim.book import Book

PRICES = range(96, 107)
QUICK = settings(max_examples=60)


def members(book, side):
    return [(price, *member) for price in PRICES for member in book.queue(side, price)]


def replay_with(history, orders, look, reach=0):
    """Step through a history instant by instant; `look` is called after each with the book and our new fills."""
    book = Book(records(history), depth=10, reach=reach, padding_ticks=3)
    orders, child = list(orders), 0
    for time in sorted({row[0] for row in history} | {order[0] for order in orders}):
        book.run(time)
        fills = book.take_fills()
        look(book, time, fills, None)
        while orders and orders[0][0] <= time:
            _, action, side, price, lots = orders.pop(0)
            if action in ("place", "post", "take"):
                child += 1
                book.place(child, side=side, price_ticks=price, lots=lots, immediate=action == "take")
                look(book, time, book.take_fills(), (child, side, price, lots))


@pytest.mark.parametrize("seed", range(8))
def test_displayed_sizes_are_the_sum_of_the_queues_and_never_negative(seed):
    def look(book, time, fills, placed):
        for side, shown in zip((1, -1), book.sides(), strict=True):
            sizes = Counter()
            for price, kind, _, hist, taken in members(book, side):
                assert hist > 0
                assert taken >= 0
                assert not (kind == OWN and taken)
                sizes[price] += max(0, hist - taken)
            assert dict(shown) == {price: lots for price, lots in sizes.items() if lots}

    replay_with(*wild(seed), look)


@pytest.mark.parametrize("seed", range(8))
def test_our_fills_at_one_instant_never_exceed_what_arrived_or_printed_then(seed):
    history, orders = wild(seed)
    coming = (layout.ADD, layout.EXECUTE, layout.PRINT_HIDDEN, layout.RESYNC)
    arrived = Counter()
    for time, _, lots, _, kind, *_ in history:
        arrived[time] += lots if kind in coming else 0

    def look(book, time, fills, placed):
        maker_lots = sum(lots for _, _, lots, _, _, maker, _ in fills if maker)
        assert maker_lots <= arrived[time]

    replay_with(history, orders, look)


@pytest.mark.parametrize("seed", range(8))
def test_what_a_child_was_filled_and_what_is_open_add_up_to_what_was_sent(seed):
    sent, filled = {}, Counter()

    def look(book, time, fills, placed):
        if placed:
            sent[placed[0]] = placed[3]
        for _, child, lots, open_lots, *_ in fills:
            filled[child] += lots
            assert sent[child] == filled[child] + open_lots
        open_now = {
            order_id: hist for side in (1, -1) for _, kind, order_id, hist, _ in members(book, side) if kind == OWN
        }
        for child, lots in open_now.items():
            assert sent[child] == filled[child] + lots

    replay_with(*wild(seed), look)


@QUICK
@given(
    sensible_rows(),
    st.lists(
        st.tuples(st.integers(10, 60), st.sampled_from([1, -1]), st.integers(98, 103), st.integers(1, 25)), max_size=10
    ),
    st.integers(0, 2),
)
def test_uncrossed_history_stays_uncrossed_with_our_orders_in_it(history, sent, reach):
    def look(book, time, fills, placed):
        bids, asks = book.sides()
        if bids and asks:
            assert bids[0][0] < asks[0][0]

    orders = sorted(((time, "place", side, price, lots) for time, side, price, lots in sent), key=lambda row: row[0])
    replay_with(history, orders, look, reach)


@QUICK
@given(sensible_rows())
def test_without_orders_of_ours_shares_in_are_shares_out_plus_resting(history):
    book = Book(records(history), depth=10, padding_ticks=3)
    book.run(10**9)
    lots_of = Counter()
    for _, _, lots, _, kind, *_ in history:
        lots_of[kind] += lots
    gone = lots_of[layout.REDUCE] + lots_of[layout.DELETE] + lots_of[layout.EXECUTE]
    resting = sum(lots for side in book.sides() for _, lots in side)
    assert lots_of[layout.ADD] == gone + resting
    assert book.volume_lots == lots_of[layout.EXECUTE] + lots_of[layout.PRINT_HIDDEN]
    assert (book.phantoms, book.crossed_instants) == (0, 0)


@pytest.mark.parametrize("seed", range(8))
def test_orders_of_ours_at_one_price_fill_in_the_order_they_were_sent(seed):
    history, orders = wild(seed)
    place_of = {}

    def look(book, time, fills, placed):
        if placed:
            place_of[placed[0]] = placed[1:3]
        for side in (1, -1):
            queued = [(price, order_id) for price, kind, order_id, *_ in members(book, side) if kind == OWN]
            assert sorted(queued) == queued
        done = [child for _, child, _, open_lots, _, maker, _ in fills if maker and not open_lots]
        for child in done:
            waiting = [other for _, other in ((p, o) for s in (1, -1) for p, k, o, *_ in members(book, s) if k == OWN)]
            assert not [other for other in waiting if other < child and place_of[other] == place_of[child]]

    replay_with(history, orders, look)
