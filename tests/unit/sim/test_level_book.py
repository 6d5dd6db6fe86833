"""Each rule of the level book in a few messages that can be checked by hand: fills, queues, and what is refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from tests.reference.streams import history, records

from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.kernels import layout
from nowake.kernels.state import ACCEPTED, NOT_CONTINUOUS, WOULD_TAKE
from nowake.sim.level_book import LevelBook
from nowake.sim.queue_models import ALL, LogProbability, PowerProbability, Proportional, RiskAverse


def book_of(text, **options):
    return LevelBook(history(text), padding_ticks=3, **options)


def joined(text, model, *, lots=5, price=99, at=1):
    """A book in which our order 7 bids behind what is displayed at time 1; run on to the end."""
    book = book_of(text, queue_model=model)
    book.run(at)
    book.place(7, side=1, price_ticks=price, lots=lots)
    book.run(10**6)
    return book


def fills(book):
    return [(time, lots, price) for time, _, lots, _, price, _, _ in book.take_fills()]


BASE = "1 level bid 0 10 99\n1 level ask 0 10 101\n"

# Queues.


@pytest.mark.parametrize("model", ALL, ids=str)
def test_our_order_joins_behind_what_is_displayed(model):
    assert 10.0 == joined(BASE, model).lots_ahead(7)


@pytest.mark.parametrize("model", ALL, ids=str)
def test_lots_that_come_later_stand_behind_us(model):
    assert 10.0 == joined(BASE + "2 level bid 0 90 99", model).lots_ahead(7)


@pytest.mark.parametrize("model", ALL, ids=str)
def test_a_trade_takes_from_the_front_and_then_fills_us_by_what_is_left_of_it(model):
    book = joined(BASE + "2 trade bid 0 8 99\n3 trade bid 0 4 99", model)
    assert [(3, 2, 99)] == fills(book)
    assert 0.0 == book.lots_ahead(7)


@pytest.mark.parametrize(
    ("model", "ahead"),
    [
        (RiskAverse(), 10.0),
        (Proportional(), 10 - 10 / 40 * 20),
        (PowerProbability(2), 10 - 0.1 * 20),
        (LogProbability(), 10 - (1 - np.log(31) / (np.log(31) + np.log(11))) * 20),
    ],
    ids=str,
)
def test_a_cancel_of_20_lots_with_10_ahead_and_30_behind_moves_us_by_the_models_share(model, ahead):
    book = joined(BASE + "2 level bid 0 40 99\n3 level bid 0 20 99", model)
    assert ahead == pytest.approx(book.lots_ahead(7))


@pytest.mark.parametrize("model", ALL, ids=str)
def test_a_level_smaller_than_our_estimate_caps_it(model):
    assert joined(BASE + "2 level bid 0 3 99", model).lots_ahead(7) == 3.0


@pytest.mark.parametrize("model", [PowerProbability(3), PowerProbability(20), LogProbability()], ids=str)
def test_a_cancel_never_fills_us_however_large_its_share_ahead(model):
    """60 ahead, 40 behind, 90 gone: the published formula leaves the estimate below 0 for a power of 3."""
    book = joined("1 level bid 0 60 99\n2 level bid 0 100 99\n3 level bid 0 10 99\n4 trade bid 0 1 99", model)
    assert book.lots_ahead(7) >= 0
    assert sum(lots for _, lots, _ in fills(book)) <= 1


@pytest.mark.parametrize(
    "order", ["3 trade bid 0 4 99\n3 level bid 0 36 99", "3 level bid 0 36 99\n3 trade bid 0 4 99"]
)
@pytest.mark.parametrize("model", ALL, ids=str)
def test_a_trade_and_the_level_that_shows_it_count_once_in_either_order_of_one_instant(model, order):
    """30 more behind us, so that a second count would show."""
    book = joined(BASE + "2 level bid 0 40 99\n" + order, model)
    assert 6.0 == book.lots_ahead(7)


@pytest.mark.parametrize(
    "order", ["3 trade bid 0 4 99\n3 level bid 0 10 99", "3 level bid 0 10 99\n3 trade bid 0 4 99"]
)
def test_a_trade_whose_lots_came_again_in_its_instant_nets_no_later_cancel_in_either_order(order):
    """10 lots are there after the trade: 5 that go later are cancels, 3 of 5 from ahead of our 6 with 4 behind."""
    assert 6 - 5 * 0.6 == pytest.approx(joined(BASE + order + "\n5 level bid 0 5 99", Proportional()).lots_ahead(7))
    free = book_of(BASE + order + "\n5 level bid 0 9 99")
    free.run(2)
    free.place(1, side=1, price_ticks=99, lots=1)
    free.run(3)
    free.withdraw(1)
    free.place(2, side=-1, price_ticks=99, lots=20, immediate=True)
    assert [(3, 10, 99)] == fills(free)


def test_an_instant_of_many_trades_after_its_levels_is_no_slower_an_event_than_a_short_one():
    """Trades that each looked back over their instant would take a minute here."""
    count = 200_000
    events = np.zeros(2 * count, layout.EVENT)
    events["time_ns"], events["lots"], events["side"] = 5, 7, 1
    events["kind"][:count], events["kind"][count:] = layout.LEVEL, layout.TRADE
    events["price_ticks"] = 100
    events["price_ticks"][1:count] = 99
    book = LevelBook(events)
    began = time.process_time()
    book.run(10)
    assert 7 * count == book.volume_lots
    assert time.process_time() - began < 2


@pytest.mark.parametrize("model", ALL, ids=str)
def test_a_level_told_some_messages_after_its_trades_nets_all_of_them(model):
    text = (
        BASE + "2 level bid 0 40 99\n3 trade bid 0 2 99\n4 trade bid 0 2 99\n5 level ask 0 9 101\n6 level bid 0 36 99"
    )
    assert 6.0 == joined(BASE + text, model).lots_ahead(7)


@pytest.mark.parametrize("model", ALL, ids=str)
def test_one_trade_shown_by_three_level_messages_is_netted_against_all_three(model):
    text = (
        BASE + "2 level bid 0 40 99\n3 trade bid 0 9 99\n3 level bid 0 38 99\n3 level bid 0 35 99\n3 level bid 0 31 99"
    )
    assert 1.0 == joined(text, model).lots_ahead(7)


def test_a_trade_credit_that_a_level_message_has_answered_nets_no_later_cancel():
    """9 traded, 9 came: the level says 40 as before. The 20 that go later are cancels."""
    text = BASE + "2 level bid 0 40 99\n3 trade bid 0 5 99\n4 level bid 0 40 99\n5 level bid 0 20 99"
    assert 5 - 5 / 40 * 20 == pytest.approx(joined(text, Proportional()).lots_ahead(7))


def test_lots_gone_beyond_what_traded_are_cancels_though_the_trade_came_in_the_same_instant():
    """5 of the 15 lots traded, and of the 10 cancelled 5 in 35 were ahead of us."""
    text = BASE + "2 level bid 0 40 99\n3 trade bid 0 5 99\n3 level bid 0 35 99\n3 level bid 0 25 99"
    assert 5 - 5 / 35 * 10 == pytest.approx(joined(text, Proportional()).lots_ahead(7))


def test_a_print_through_our_price_fills_us_at_our_price_up_to_its_size_best_price_first():
    book = book_of(BASE + "2 trade bid 0 7 97", queue_model=RiskAverse())
    book.run(1)
    book.place(1, side=1, price_ticks=98, lots=5)
    book.place(2, side=1, price_ticks=99, lots=5)
    book.run(2)
    assert [(2, 5, 99), (1, 2, 98)] == [(row[1], row[2], row[4]) for row in book.take_fills()]


def test_two_of_ours_at_a_price_share_one_print_first_in_first_out():
    book = book_of(BASE + "2 level bid 0 16 99\n3 trade bid 0 14 99", queue_model=RiskAverse())
    book.run(1)
    book.place(1, side=1, price_ticks=99, lots=2)
    book.run(2)
    book.place(2, side=1, price_ticks=99, lots=5)
    book.run(3)
    assert [(1, 2)] == [(row[1], row[2]) for row in book.take_fills()]
    assert 2.0 == book.lots_ahead(2)


def test_a_trade_of_unknown_side_is_taken_from_the_side_whose_best_price_it_reached():
    rows = [(1, 0, 10, 99, 11, 1, 0), (1, 0, 10, 101, 11, -1, 0), (2, 0, 12, 99, 12, 0, 0), (3, 0, 9, 100, 12, 0, 0)]
    book = LevelBook(records(rows), padding_ticks=3)
    book.run(1)
    book.place(7, side=1, price_ticks=99, lots=5)
    book.run(3)
    assert [(2, 2, 99)] == fills(book)
    assert 21 == book.volume_lots


def test_an_opposite_level_at_our_price_fills_us_once_by_what_it_displays():
    book = joined(
        BASE + "2 level bid 0 0 99\n2 level ask 0 3 99\n3 level ask 0 3 99\n4 level ask 0 4 99", Proportional()
    )
    assert [(2, 3, 99), (4, 1, 99)] == fills(book)


def test_beyond_the_reach_of_the_data_the_queue_is_unknown_until_the_level_is_told():
    text = BASE + "2 trade bid 0 50 98\n3 level bid 0 0 99\n3 level bid 0 20 98\n4 trade bid 0 21 98"
    book = book_of(text, reach=1, queue_model=Proportional())
    book.run(1)
    book.place(7, side=1, price_ticks=98, lots=5)
    book.run(2)
    assert float("inf") == book.lots_ahead(7)
    book.run(3)
    assert 20.0 == book.lots_ahead(7)
    book.run(4)
    assert [(4, 1, 98)] == fills(book)


def test_a_clear_and_a_snapshot_keep_our_place_and_what_we_took():
    book = book_of(BASE + "5 clear bid 0 0 0\n5 level bid 0 30 99\n5 level ask 0 10 101", queue_model=Proportional())
    book.run(1)
    book.place(1, side=1, price_ticks=101, lots=4, immediate=True)
    book.place(7, side=1, price_ticks=99, lots=5)
    book.run(5)
    assert 10.0 == book.lots_ahead(7)
    assert ([(99, 35)], [(101, 6)]) == book.sides()


# Takes.


def test_ten_takes_of_one_lot_get_the_lots_there_are():
    book = book_of(BASE.replace("10 101", "3 101"))
    book.run(1)
    for child in range(10):
        book.place(child, side=1, price_ticks=101, lots=1, immediate=True)
    assert [1, 1, 1] == [lots for _, lots, _ in fills(book)]


@pytest.mark.parametrize(("told", "left"), [(10, 6), (12, 8), (7, 3), (3, 0)])
def test_what_we_took_stays_gone_and_what_comes_new_is_all_there(told, left):
    book = book_of(BASE + f"2 level ask 0 {told} 101")
    book.run(1)
    book.place(1, side=1, price_ticks=101, lots=4, immediate=True)
    book.run(2)
    assert ([(101, left)] if left else []) == book.sides()[1]


def test_a_level_that_went_and_came_again_owes_us_nothing():
    book = book_of(BASE + "2 level ask 0 0 101\n3 level ask 0 10 101")
    book.run(1)
    book.place(1, side=1, price_ticks=101, lots=10, immediate=True)
    book.run(3)
    assert [(101, 10)] == book.sides()[1]


def test_lots_known_to_have_traded_are_displayed_but_not_to_be_had():
    book = book_of(BASE + "2 trade ask 0 7 101\n3 level ask 0 3 101")
    book.run(2)
    assert [(101, 10)] == book.sides()[1]
    assert (ACCEPTED, 5) == book.place(1, side=1, price_ticks=101, lots=8, immediate=True)
    book.run(3)
    assert [] == book.sides()[1]


def test_post_only_is_refused_where_it_would_take_and_everything_while_halted():
    book = book_of(BASE + "2 halt bid 0 0 0")
    book.run(1)
    assert (WOULD_TAKE, 1) == book.place(1, side=1, price_ticks=101, lots=1, post_only=True)
    while book.run(2):
        pass
    assert (NOT_CONTINUOUS, 1) == book.place(2, side=1, price_ticks=99, lots=1)


# Sizes.


def test_lots_beyond_32_bits_and_negative_prices_are_counted_exactly():
    lots = 2**40 + 1
    book = book_of(f"1 level bid 0 {lots} -5\n2 trade bid 0 {lots} -5\n3 trade bid 0 {lots} -5")
    book.run(1)
    book.place(1, side=1, price_ticks=-5, lots=lots)
    book.run(3)
    assert [(3, lots, -5)] == fills(book)
    assert (2 * lots, -10 * lots) == (book.volume_lots, book.turnover)


def test_ten_thousand_levels_a_side_are_all_shown_best_first():
    rows = [(1, 0, k + 1, 100_000 - k, layout.LEVEL, 1, 0) for k in range(10_000)]
    rows += [(1, 0, k + 1, 100_001 + k, layout.LEVEL, -1, 0) for k in range(10_000)]
    book = LevelBook(records(rows), depth=10_000)
    book.run(1)
    bids, asks = book.sides()
    assert [(100_000 - k, k + 1) for k in range(10_000)] == bids
    assert [(100_001 + k, k + 1) for k in range(10_000)] == asks
    assert (ACCEPTED, 0) == book.place(1, side=1, price_ticks=120_000, lots=10_000 * 10_001 // 2)
    assert 10_000 == len(book.take_fills())


def test_a_window_too_wide_is_refused_with_its_width():
    with pytest.raises(OutOfCapacity, match="span more than"):
        book_of("1 level bid 0 1 1\n2 level ask 0 1 99999999")


def test_events_that_tell_orders_are_refused_with_the_way_out():
    with pytest.raises(BadData, match=r"nowake\.sim\.book\.Book"):
        book_of("1 add bid 1 10 99")


def test_a_queue_model_that_is_none_of_ours_is_refused():
    with pytest.raises(BadParameter, match="RiskAverse"):
        book_of(BASE, queue_model="fifo")


def test_no_events_make_an_empty_book():
    book = LevelBook(np.zeros(0, layout.EVENT))
    assert not book.run(10)
    assert ([], []) == book.sides()
    assert book.lots_ahead(1) is None
