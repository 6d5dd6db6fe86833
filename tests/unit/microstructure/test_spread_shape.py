"""The shape of a book: small books worked by hand, states weighted by how long they stood, what a view cannot see."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth
from nowake.microstructure.spreads.shape import ShapeGauge, ShapePlan, book_shape, rows_of

PLAN = ShapePlan(within_ticks=(0, 2), within_bps=(150.0,), sizes_lots=(5, 30))


def books(*rows):
    """(time, bids, asks) each; sides are [(price, lots), ...], the best first."""
    levels = max(len(side) for _, *sides in rows for side in sides)
    table = np.zeros((4, len(rows), levels), np.int64)
    for k, (_, bids, asks) in enumerate(rows):
        for s, side in enumerate((bids, asks)):
            for level, (price, lots) in enumerate(side):
                table[2 * s, k, level], table[2 * s + 1, k, level] = price, lots
    return Depth(np.array([time for time, *_ in rows]), *table)


ONE = ((99, 10), (98, 5), (95, 20)), ((101, 4), (103, 6), (104, 10))


def row(book, plan=PLAN):
    values, reached = rows_of(books((0, *book)), plan)
    return {aspect[:3]: (value, ok) for aspect, value, ok in zip(plan.aspects(), values[0], reached[0], strict=True)}


def test_depth_within_ticks_counts_from_the_best_price_of_the_side():
    found = row(ONE)
    assert (10.0, True) == found["depth within ticks", "bid", 0]
    assert (15.0, True) == found["depth within ticks", "bid", 2]
    assert (4.0, True) == found["depth within ticks", "ask", 0]
    assert (10.0, True) == found["depth within ticks", "ask", 2]


def test_depth_within_basis_points_counts_from_the_mid():
    found = row(ONE)  # Mid 100: 150 bps is a tick and a half.
    assert (10.0, True) == found["depth within bps", "bid", 150]
    assert (4.0, True) == found["depth within bps", "ask", 150]


def test_sweeping_a_size_costs_its_average_distance_from_the_mid_on_both_sides():
    found = row(ONE)
    assert found["sweep cost", "bid", 5][0] == pytest.approx(100.0)  # 5 at 99.
    assert found["sweep cost", "ask", 5][0] == pytest.approx((4 * 100 + 1 * 300) / 5)
    assert found["sweep cost", "bid", 30][0] == pytest.approx((10 * 100 + 5 * 200 + 15 * 500) / 30)


def test_a_size_the_view_cannot_fill_has_no_cost():
    value, reached = row(ONE)["sweep cost", "ask", 30]
    assert np.isnan(value)
    assert not reached


def test_a_view_that_ends_too_early_says_so():
    near = ((99, 10), (98, 5)), ((101, 4), (102, 6))
    assert (15.0, False) == row(near)["depth within ticks", "bid", 2]
    # A third, empty level: there is no more to see.
    whole = ((99, 10), (98, 5)), ((101, 4), (102, 6), (110, 1))
    assert (15.0, True) == row(whole)["depth within ticks", "bid", 2]


def test_the_slope_of_naes_and_skjeltorp_worked_by_hand():
    # Shares 100, 150 on the bid at 99 and 98, mid 100; one level of 40 on the ask at 101.
    plan = ShapePlan(within_ticks=(), within_bps=(), sizes_lots=(), lot_size=10.0)
    found = row((((99, 10), (98, 5)), ((101, 4),)), plan)
    bid = (np.log(100) / 0.01 + (np.log(150) / np.log(100) - 1) / (1 / 99)) / 2
    assert found["slope", "bid", 0][0] == pytest.approx(bid, rel=1e-12)
    assert found["slope", "ask", 0][0] == pytest.approx(np.log(40) / 0.01, rel=1e-12)


def test_lots_a_tick_is_the_line_through_cumulative_depth():
    found = row(((((99, 10), (98, 10), (97, 10))), ((101, 4),)))
    assert found["lots a tick", "bid", 0][0] == pytest.approx(10.0)
    assert found["lots a tick", "ask", 0][0] == pytest.approx(4.0)


def test_at_a_locked_book_the_slope_is_not_known_and_sweeping_is_free():
    found = row((((100, 10),), ((100, 8),)))
    assert np.isnan(found["slope", "bid", 0][0])
    assert np.isnan(found["lots a tick", "bid", 0][0])
    assert 0.0 == found["sweep cost", "ask", 5][0]


def test_the_two_sides_mirror_each_other():
    mirrored = tuple((200 - price, lots) for price, lots in ONE[0])
    found = row((ONE[0], mirrored))
    for (name, side, at), (value, reached) in found.items():
        if side == "bid" and name != "slope":
            np.testing.assert_equal((value, reached), found[name, "ask", at])


def test_states_count_for_as_long_as_they_stand_until_the_next_one():
    thin, thick = (((99, 10),), ((101, 4),)), (((99, 70),), ((101, 4),))
    table = books((0, *thin), (90, *thick), (95, (), ((101, 4),)), (100, *thin))
    found = book_shape(table, PLAN, start_ns=0, end_ns=100)
    touch = found.of("depth within ticks", "bid", 0)
    assert (90 * 10 + 5 * 70) / 95 == pytest.approx(touch.mean.value)
    assert (2, 0.95) == (found.states, found.covered)


def test_the_window_cuts_states_at_both_ends():
    thin, thick = (((99, 10),), ((101, 4),)), (((99, 70),), ((101, 4),))
    found = book_shape(books((0, *thin), (50, *thick)), PLAN, start_ns=40, end_ns=80)
    assert (10 * 10 + 30 * 70) / 40 == pytest.approx(found.of("depth within ticks", "bid", 0).mean.value)


def random_books(seed, count=200):
    rng = np.random.default_rng(seed)
    time_ns = np.cumsum(rng.integers(0, 5, count))
    steps = np.cumsum(rng.integers(1, 3, (2, count, 4)), axis=2)
    bid = 10_000 + np.cumsum(rng.integers(-1, 2, count))[:, None] - steps[0]
    ask = bid[:, :1] + rng.integers(0, 4, (count, 1)) + steps[1] - steps[1][:, :1]
    lots = rng.integers(1, 60, (2, count, 4))
    lots[rng.random((2, count)) < 0.05] = 0
    return Depth(time_ns, bid, lots[0], ask, lots[1])


@pytest.mark.parametrize("seed", range(3))
def test_the_gauge_says_what_the_history_says(seed):
    depth = random_books(seed)
    gauge = ShapeGauge(PLAN)
    for k in range(len(depth)):
        gauge.on_depth(int(depth.time_ns[k]), *(getattr(depth, name)[k] for name in
                       ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")))  # fmt: skip
    found = book_shape(depth, PLAN, start_ns=int(depth.time_ns[0]), end_ns=int(depth.time_ns[-1]))
    wanted = [np.nan if shape.mean is None else shape.mean.value for shape in found.shapes]
    np.testing.assert_allclose(gauge.means, wanted, rtol=1e-12)
    assert gauge.value == gauge.means[0]
    assert all(0 <= shape.reached <= 1 for shape in found.shapes)


def test_a_gauge_refuses_a_book_from_before_and_is_as_it_was():
    gauge = ShapeGauge(PLAN)
    one = ([99], [5], [101], [5])
    gauge.on_depth(10, *one)
    gauge.on_depth(20, *one)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData, match="before"):
        gauge.on_depth(19, *one)
    with pytest.raises(BadData, match="above 0"):
        gauge.on_depth(30, [-5], [5], [1], [5])
    assert before == pickle.dumps(gauge)


def test_what_cannot_be_measured_is_refused():
    table = books((0, *ONE))
    with pytest.raises(BadParameter, match="empty"):
        book_shape(table, PLAN, start_ns=5, end_ns=5)
    with pytest.raises(BadData, match="two-sided"):
        book_shape(books((0, ((99, 1),), ())), PLAN, start_ns=0, end_ns=5)
    with pytest.raises(BadData, match="above 0"):
        book_shape(books((0, ((-9, 1),), ((1, 1),))), PLAN, start_ns=0, end_ns=5)
    with pytest.raises(BadParameter, match="not measured"):
        book_shape(table, PLAN, start_ns=0, end_ns=5).of("sweep cost", "bid", 7)
    for bad in ({"within_ticks": (-1,)}, {"within_bps": (np.nan,)}, {"sizes_lots": (0,)}, {"lot_size": 0.0}):
        with pytest.raises(BadParameter):
            ShapeGauge(ShapePlan(**bad))
