"""The compiled level book against its plain twin, and what must hold of it whatever history does and we send."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.level_book import PlainLevelBook
from tests.reference.streams import commands, records

from nowake.kernels import layout
from nowake.kernels.state import GONE, OWN, UNKNOWN
from nowake.sim.level_book import LevelBook
from nowake.sim.queue_models import ALL, LogProbability, PowerProbability, Proportional, RiskAverse

PRICES = range(97, 106)
RELAXED = settings(max_examples=100)
models = st.sampled_from(ALL) | st.floats(0.1, 20).map(PowerProbability)

KINDS = [layout.LEVEL] * 6 + [layout.TRADE] * 4
KINDS += [layout.PRINT_HIDDEN, layout.PRINT_CROSS, layout.HALT, layout.RESUME, layout.RESUME, layout.CLEAR, 0, 1, 14]


@st.composite
def level_rows(draw, *, size=40):
    """A hostile history over few prices: any message at any level, instants shared, sides unknown, lots below 0."""
    event = st.tuples(
        st.integers(0, 2),
        st.integers(0, 9) | st.integers(-1, 30),
        st.integers(98, 103),
        st.sampled_from(KINDS),
        st.sampled_from([1, -1, 1, -1, 0]),
    )
    out, time = [(9, 0, 5, 100, layout.LEVEL, 1, 0), (9, 0, 5, 101, layout.LEVEL, -1, 0)], 10
    for gap, lots, price, kind, side in draw(st.lists(event, max_size=size)):
        time += gap
        out.append((time, 0, lots, price, kind, side, 0))
    return out


def market(seed, size=600, halts=0.0, pictures=0.0):
    """A history as a venue would publish it, with commands: bids below asks most of the time, trades before, in and
    after the instant that shows them gone."""
    random = Random(seed)
    levels, rows, orders, time = {}, [], [], 10
    for _ in range(size):
        time += random.choice([0, 0, 1, 2])
        side = random.choice([1, -1])
        price = random.randint(98, 101) if side > 0 else random.randint(100, 103)
        lots = levels.get((side, price), 0)
        if random.random() < 0.35 and lots:
            traded = random.randint(1, lots + 2)
            told = (time + random.choice([0, 0, 1]), 0, max(0, lots - traded), price, layout.LEVEL, side, 0)
            trade = (time, 0, traded, price, layout.TRADE, random.choice([side, side, 0]), 0)
            rows += random.choice([[trade, told], [trade, told], [told, trade], [trade]])
            levels[side, price] = told[2]
        else:
            levels[side, price] = max(0, lots + random.randint(-8, 9))
            rows.append((time, 0, levels[side, price], price, layout.LEVEL, side, 0))
        if random.random() < pictures:
            rows.append((time, 0, 0, 0, layout.CLEAR, 0, 0))
            told = random.sample(sorted(levels), len(levels) // 2)
            rows += [(time, 0, levels[s, p], p, layout.LEVEL, s, layout.SNAPSHOT) for s, p in told]
        if random.random() < halts:
            rows.append((time, 0, 0, 0, random.choice([8, 9, 9]), 0, 0))
        if random.random() < 0.15:
            action = random.choice(["place", "place", "post", "take", "reduce", "cancel"])
            orders.append((time, action, random.choice([1, -1]), random.randint(98, 103), random.randint(1, 25)))
    return sorted(rows, key=lambda row: row[0]), orders


def twins(history, model, reach):
    fast = LevelBook(records(history), queue_model=model, depth=3, reach=reach, padding_ticks=2, order_capacity=2)
    fast._hold_fills(2)
    slow = PlainLevelBook(history, reach=reach, model=model)
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


def assert_equal(fast, slow, children):
    assert slow.fills == fast.take_fills()
    slow.fills.clear()
    assert slow.sides(depth=3) == fast.sides()
    for side in (1, -1):
        for price in PRICES:
            assert slow.queue(side, price) == fast.queue(side, price)
    for child in range(children):
        place = slow.lots_ahead(child)
        assert (None if place is None else pytest.approx(place, rel=1e-12, abs=1e-12)) == fast.lots_ahead(child)
    names = ("volume_lots", "turnover", "phantoms", "crossed_instants", "is_halted", "venue_ns")
    assert [getattr(slow, name) for name in names] == [getattr(fast, name) for name in names]


def check_twins(history, orders, model, *, on_touch=False, volume_step=None, prices=(None, None), lag_ns=None, reach=0):
    fast, slow = twins(history, model, reach)
    if lag_ns is not None:
        fast.report_lag_ns = slow.report_lag_ns = lag_ns
    last_ns = max(200, history[-1][0])
    for number, (time, *command) in enumerate([*orders, (last_ns,)]):
        woken_at = []  # Where a price is reached every run stops at once: after some stops it is waited for no more.
        while True:
            volume = None if volume_step is None else slow.volume_lots + volume_step
            waits = {"bid_at_least_ticks": prices[0], "ask_at_most_ticks": prices[1]} if len(woken_at) < 5 else {}
            woken = slow.run(time, on_touch=on_touch, volume_lots=volume, **waits)
            assert woken == fast.run(time, on_touch=on_touch, volume_lots=volume, **waits)
            woken_at += [slow.venue_ns] if woken else []
            assert_equal(fast, slow, number)
            fast.mark_touch()
            slow.mark_touch()
            if not woken and slow.venue_ns >= time:
                break
        if command:
            answers = act(fast, number, command), act(slow, number, command)
            assert answers[0] == answers[1] or (answers[1] is None and answers[0] in (GONE, UNKNOWN))
    assert_equal(fast, slow, len(orders))


@RELAXED
@given(level_rows(), commands, models, st.integers(0, 2))
def test_any_history_leaves_the_same_book_fills_and_places_in_both_books(history, orders, model, reach):
    check_twins(history, orders, model, reach=reach)


@RELAXED
@given(level_rows(), commands, models, st.tuples(st.integers(1, 20), st.integers(0, 5)), st.integers(0, 2))
def test_both_books_wake_at_the_same_instants(history, orders, model, step_and_lag, reach):
    volume_step, lag_ns = step_and_lag
    check_twins(history, orders, model, on_touch=True, volume_step=volume_step, lag_ns=lag_ns, reach=reach)


price_or_none = st.none() | st.integers(96, 107)


@settings(max_examples=50)
@given(level_rows(), commands, st.tuples(price_or_none, price_or_none), st.booleans())
def test_both_books_wake_when_a_price_is_reached(history, orders, prices, on_touch):
    check_twins(history, orders, Proportional(), on_touch=on_touch, prices=prices)


@pytest.mark.parametrize("seed", range(24))
def test_long_history_leaves_the_same_book_and_places_at_every_touch_change(seed):
    history, orders = market(seed, halts=0.02 * (seed % 2), pictures=0.02 * (seed % 3))
    check_twins(history, orders, ALL[seed % len(ALL)], on_touch=True, lag_ns=1, reach=seed % 4)


# What must hold.


def replay_with(history, orders, look, model, reach=0):
    """Step through a history instant by instant; `look` is called after each with our new fills, and after orders."""
    book = LevelBook(records(history), queue_model=model, depth=10, reach=reach, padding_ticks=3)
    orders, child = list(orders), 0
    for time in sorted({row[0] for row in history} | {order[0] for order in orders}):
        book.run(time)
        look(book, time, book.take_fills(), None)
        while orders and orders[0][0] <= time:
            _, action, side, price, lots = orders.pop(0)
            if action in ("place", "post", "take"):
                child += 1
                book.place(
                    child,
                    side=side,
                    price_ticks=price,
                    lots=lots,
                    immediate=action == "take",
                    post_only=action == "post",
                )
                look(book, time, book.take_fills(), (child, side, price, lots))


def ours_resting(book):
    return [member for side in (1, -1) for price in PRICES for member in book.queue(side, price)]


@RELAXED
@given(level_rows(), commands, models)
def test_our_fills_at_one_instant_never_exceed_what_printed_or_was_displayed_then(history, orders, model):
    could_come = Counter()
    for time, _, lots, _, kind, *_ in history:
        could_come[time] += max(0, lots) if kind in (layout.TRADE, layout.PRINT_HIDDEN) else 0

    def look(book, time, fills, placed):
        of_prints = sum(lots for _, _, lots, _, _, _, tape_ticks in fills if tape_ticks is not None)
        assert of_prints <= could_come[time]

    replay_with(history, orders, look, model)


@RELAXED
@given(level_rows(), commands, models, st.integers(0, 2))
def test_what_a_child_was_filled_and_what_is_open_add_up_to_what_was_sent(history, orders, model, reach):
    sent, filled = {}, Counter()

    def look(book, time, fills, placed):
        if placed:
            sent[placed[0]] = placed[3]
        for _, child, lots, open_lots, *_ in fills:
            assert lots > 0
            filled[child] += lots
            assert sent[child] == filled[child] + open_lots
        for kind, child, lots, _ in ours_resting(book):
            assert kind == OWN
            assert sent[child] == filled[child] + lots
        bids, asks = book.sides()
        assert min([lots for _, lots in bids + asks], default=1) > 0

    replay_with(history, orders, look, model, reach)


@RELAXED
@given(level_rows(), st.integers(1, 30), models)
def test_takes_of_one_lot_never_get_more_than_the_level_ever_gained(history, takes, model):
    """Shares in are shares out: what we take of a level is at most the sum of its increases."""
    gained, hist = Counter(), Counter()
    for _, _, lots, price, kind, side, _ in history:
        if kind == layout.LEVEL and lots >= 0 and side <= 0:
            gained[price] += max(0, lots - hist[price])
            hist[price] = lots
    got, book = Counter(), LevelBook(records(history), queue_model=model, padding_ticks=3)
    child = 0
    for time in sorted({row[0] for row in history}):
        book.run(time)
        for _ in range(takes):
            child += 1
            book.place(child, side=1, price_ticks=103, lots=1, immediate=True)
        for _, _, lots, _, price, *_ in book.take_fills():
            got[price] += lots
    assert all(got[price] <= gained[price] for price in got)


@RELAXED
@given(level_rows(), commands, models)
def test_the_estimate_is_never_negative_never_beyond_the_level_and_keeps_the_order_of_arrival(history, orders, model):
    def look(book, time, fills, placed):
        for side in (1, -1):
            for price in PRICES:
                places = [book.lots_ahead(child) for _, child, _, _ in book.queue(side, price)]
                assert places == sorted(places)
                assert all(place >= 0 for place in places)

    replay_with(history, orders, look, model)


@RELAXED
@given(level_rows(), commands)
def test_risk_averse_is_filled_no_earlier_than_any_other_model(history, orders):
    """With one order alone: with several, one that waits may leave a print to another."""
    first = [order for order in orders if order[1] == "place"][:1]

    def filled(model):
        done = []
        replay_with(history, first, lambda book, time, fills, placed: done.extend((f[0], f[2]) for f in fills), model)
        return done

    careful = filled(RiskAverse())
    for model in (Proportional(), PowerProbability(2), LogProbability()):
        other = filled(model)
        for time in {time for time, _ in careful + other}:
            total = [sum(lots for at, lots in done if at <= time) for done in (careful, other)]
            assert total[0] <= total[1]
