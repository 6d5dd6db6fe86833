"""Events made by the resync kernel add up to the displayed book, and say why they were needed."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import resync as reference

from nowake.kernels import resync as kernel
from nowake.kernels.layout import ADD, DELETE, EVENT, EXECUTE, PRINT_HIDDEN, REDUCE, RESYNC


def run(messages, rows, levels, message_levels, capacity=10_000):
    """The kernel's answer in the twin's shape."""
    book = np.zeros((len(rows), 4 * levels), np.int64)
    for k, row in enumerate(rows):
        for offset, side in ((0, -1), (2, 1)):
            for level, (price, lots) in enumerate(row[side]):
                book[k, 4 * level + offset : 4 * level + offset + 2] = price, lots
    records = np.array(messages, EVENT)
    of_book = records["price_ticks"][(records["kind"] >= ADD) & (records["kind"] <= EXECUTE)]
    grid = np.unique(np.concatenate([of_book.astype(np.int64), book[:, ::2][book[:, 1::2] > 0]]))
    events, causes = np.zeros(capacity, EVENT), np.zeros(capacity, np.int8)
    notes = np.zeros((capacity, 2), np.int64)
    count = kernel.resync(records, book, grid, message_levels, events, causes, notes)
    if count == kernel.FULL:
        return None
    return list(zip(events[:count].tolist(), causes[:count].tolist(), map(tuple, notes[:count].tolist()), strict=True))


def run_restate(written):
    """The second kernel's answer to what the first wrote, in the twin's shape."""
    events = np.array([event for event, _, _ in written], EVENT)
    causes, notes = np.array([cause for _, cause, _ in written], np.int8), np.array([note for _, _, note in written])
    orders = np.unique(events["order_id"], return_inverse=True)[1]
    orders[events["order_id"] == 0] = -1
    ranks = np.unique(events["price_ticks"], return_inverse=True)[1]
    out, out_causes = np.zeros(2 * len(events), EVENT), np.zeros(2 * len(events), np.int8)
    out_notes = np.zeros((2 * len(events), 2), np.int64)
    n = kernel.restate(events, orders, ranks, causes, notes, out, out_causes, out_notes)
    return list(zip(out[:n].tolist(), out_causes[:n].tolist(), map(tuple, out_notes[:n].tolist()), strict=True))


def feed(seed, steps, levels, message_levels, silent=0.0):
    """Messages and rows of a random book as a feed of limited depth shows it.

    Messages beyond `message_levels` are left out, as LOBSTER does; with probability `silent` an order leaves
    and another grows without a message.
    """
    rng = random.Random(seed)
    orders = {i: [1 if i % 2 else -1, 100 - i if i % 2 else 101 + i, rng.randint(1, 5)] for i in range(1, 13)}
    messages, rows, next_id = [], [], 100

    def depth(side):
        prices = sorted({price for s, price, _ in orders.values() if s == side}, key=lambda p: -side * p)
        return [(p, sum(n for s, q, n in orders.values() if s == side and q == p)) for p in prices]

    while len(messages) < steps:
        if silent and len(orders) > 2 and rng.random() < silent:
            del orders[rng.choice(list(orders))]
            orders[rng.choice(list(orders))][2] += 1
        side = rng.choice((1, -1))
        before = depth(side)
        mine = [i for i, order in orders.items() if order[0] == side]
        if rng.random() < 0.5 or len(mine) < 2:
            other = depth(-side)
            touch = other[0][0] if other else 100
            price, lots, kind, identity = touch - side * rng.randint(1, 12), rng.randint(1, 5), ADD, next_id
            orders[next_id] = [side, price, lots]
            next_id += 1
        else:
            identity = rng.choice(mine)
            price, lots = orders[identity][1:]
            kind = EXECUTE if price == before[0][0] and rng.random() < 0.5 else DELETE
            if lots > 1 and rng.random() < 0.3:
                kind, lots = REDUCE, 1
            orders[identity][2] -= lots
            if orders[identity][2] == 0:
                del orders[identity]
        near = {p for p, _ in before[:message_levels]} | {p for p, _ in depth(side)[:message_levels]}
        if price in near:
            messages.append((len(messages), identity, lots, price, kind, side, 0))
            rows.append({s: depth(s)[:levels] for s in (1, -1)})
    return messages, rows


seeds = st.integers(0, 10_000)
depths = st.sampled_from([(1, 1), (2, 2), (3, 3), (1, 4), (2, 5)])


@settings(max_examples=50)
@given(seeds, depths, st.sampled_from([0.0, 0.05]))
def test_kernel_and_twin_write_the_same_events(seed, depth, silent):
    messages, rows = feed(seed, 70, *depth, silent)
    assert reference.resync(messages, rows, *depth) == run(messages, rows, *depth)


@settings(max_examples=40)
@given(seeds, depths, st.sampled_from([0.0, 0.05]))
def test_adding_up_the_events_gives_every_row_and_never_less_than_nothing(seed, depth, silent):
    messages, rows = feed(seed, 70, *depth, silent)
    held = Counter()
    for k, of_row in itertools.groupby(run(messages, rows, *depth), key=lambda written: written[0][0]):
        for (_, _, lots, price, kind, side, _), _, _ in of_row:
            if kind == RESYNC:
                held[side, price] = lots
            else:
                held[side, price] += lots if kind == ADD else -lots
            assert held[side, price] >= 0
        assert rows[k] == {side: best_levels(held, side, depth[0]) for side in (1, -1)}


@settings(max_examples=50)
@given(seeds, depths, st.sampled_from([0.0, 0.05]))
def test_restating_kernel_and_twin_write_the_same_events(seed, depth, silent):
    messages, rows = feed(seed, 70, *depth, silent)
    written = reference.resync(messages, rows, *depth)
    assert reference.restate(written) == run_restate(written)


@settings(max_examples=40)
@given(seeds, depths, st.sampled_from([0.0, 0.05]))
def test_a_book_of_single_orders_shows_every_row_too(seed, depth, silent):
    messages, rows = feed(seed, 70, *depth, silent)
    book = reference.SingleOrders()
    for k, of_row in itertools.groupby(run_restate(run(messages, rows, *depth)), key=lambda written: written[0][0]):
        for event, _, _ in of_row:
            book.apply(event)
        assert rows[k] == {side: book.best_levels(side, depth[0]) for side in (1, -1)}


def test_an_order_that_came_unseen_where_another_left_unseen_is_restated():
    """Order 1 stands at 99, goes out of sight and leaves; order 3 takes its place unseen, then executes."""
    messages = [
        (0, 1, 5, 99, ADD, 1, 0),
        (1, 2, 5, 100, ADD, 1, 0),
        (2, 2, 5, 100, DELETE, 1, 0),
        (3, 3, 5, 99, EXECUTE, 1, 0),
    ]
    rows = [{1: [(p, 5)], -1: []} for p in (99, 100, 99)] + [{1: [], -1: []}]
    answer = run_restate(run(messages, rows, 1, 1))
    assert ((3, 0, 0, 99, RESYNC, 1, 0), kernel.RESTATED, (3, 0)) == answer[-1]
    assert 5 == len(answer)


def best_levels(held, side, levels):
    prices = sorted((p for (s, p), n in held.items() if s == side and n > 0), key=lambda p: -side * p)
    return [(p, held[side, p]) for p in prices[:levels]]


def test_an_honest_feed_leaves_nothing_unexplained():
    for seed in range(5):
        for depth in ((1, 1), (3, 3), (5, 5)):
            messages, rows = feed(seed, 120, *depth)
            assert kernel.UNEXPLAINED not in {cause for _, cause, _ in run(messages, rows, *depth)}


def test_a_level_that_leaves_without_a_message_is_unexplained():
    messages = [(0, 1, 5, 100, ADD, 1, 0), (1, 9, 1, 103, PRINT_HIDDEN, -1, 0)]
    rows = [{1: [(100, 5), (99, 2)], -1: [(104, 7)]}, {1: [(99, 2)], -1: [(104, 7)]}]
    answer = run(messages, rows, 2, 2)
    assert ((1, 0, 0, 100, RESYNC, 1, 0), kernel.UNEXPLAINED, (1, 5)) in answer


def test_a_level_that_comes_back_changed_from_out_of_sight_is_revealed():
    messages = [(0, 1, 5, 99, ADD, 1, 0), (1, 2, 5, 100, ADD, 1, 0), (2, 2, 5, 100, DELETE, 1, 0)]
    rows = [{1: [(99, 5)], -1: []}, {1: [(100, 5)], -1: []}, {1: [(99, 8)], -1: []}]
    answer = run(messages, rows, 1, 1)
    assert ((2, 0, 8, 99, RESYNC, 1, 0), kernel.REVEALED, (2, 5)) == answer[-1]


def test_the_book_that_opened_the_day_is_written_before_the_first_message():
    messages = [(7, 3, 2, 100, EXECUTE, 1, 0)]
    rows = [{1: [(100, 3)], -1: [(101, 4)]}]
    expected = [(7, 0, 4, 101, RESYNC, -1, 0), (7, 0, 5, 100, RESYNC, 1, 0), (7, 3, 2, 100, EXECUTE, 1, 0)]
    assert expected == [event for event, _, _ in run(messages, rows, 1, 1)]


def test_deep_messages_tell_a_phantom_from_a_level_out_of_reach():
    """Messages of three levels beside rows of one: what stands within reach and is not shown is unexplained."""
    messages = [
        (0, 1, 5, 100, ADD, 1, 0),
        (1, 2, 5, 99, ADD, 1, 0),  # Behind the touch: only the message tells of it.
        (2, 1, 5, 100, DELETE, 1, 0),  # 99 should show now, and does not.
    ]
    rows = [{1: [(100, 5)], -1: []}, {1: [(100, 5)], -1: []}, {1: [(98, 1)], -1: []}]
    answer = run(messages, rows, 1, 3)
    assert ((2, 0, 0, 99, RESYNC, 1, 0), kernel.UNEXPLAINED, (2, 5)) in answer
    assert ((2, 0, 1, 98, RESYNC, 1, 0), kernel.REVEALED, (2, 0)) in answer


@pytest.mark.parametrize("capacity", [0, 5, 50])
def test_a_full_output_is_reported_and_not_overrun(capacity):
    messages, rows = feed(1, 120, 2, 2)
    assert run(messages, rows, 2, 2, capacity=capacity) is None
