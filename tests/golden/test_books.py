"""Books drawn as tables: each rule of the replay in a picture a trader can check by eye.

Best ask on top. `17:100` is order 17 with 100 lots, `o7:20` is our child 7, `*:50` fifty lots of nobody we know,
`17:100(40)` shows only 40 of its 100 because we took the rest."""

from __future__ import annotations

import inspect

import pytest
from tests.reference.streams import drawn, history

from nowake.domain.errors import BadData
from nowake.kernels.state import ACCEPTED, WOULD_TAKE
from nowake.sim.book import Book


def book_of(text, **options):
    return Book(history(text), padding_ticks=3, **options)


def table(text):
    return inspect.cleandoc(text)


def test_orders_queue_by_price_then_time():
    book = book_of("""
        1 add bid 1 100 99
        1 add bid 2  50 98
        1 add ask 3  70 101
        2 add bid 4  30 99
    """)
    book.run(2)
    assert drawn(book) == table("""
        ask  101 | 3:70
        bid   99 | 1:100 4:30
        bid   98 | 2:50
    """)


def test_partial_cancel_keeps_its_place_and_our_order_stays_behind_it():
    book = book_of("""
        1 add bid 1 100 99
        5 reduce bid 1 60 99
        6 add bid 2 10 99
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(6)
    assert drawn(book) == table("""
        bid   99 | 1:40 o7:20 2:10
    """)


def test_cancel_of_a_stranger_behind_us_does_not_move_us():
    book = book_of("""
        1 add bid 1 100 99
        3 add bid 2 50 99
        4 delete bid 2 50 99
        5 execute bid 1 100 99
    """)
    book.run(2)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(4)
    assert drawn(book) == table("""
        bid   99 | 1:100 o7:20
    """)
    book.run(5)
    assert book.take_fills() == []


def test_cancel_of_a_stranger_ahead_of_us_brings_us_exactly_its_lots_forward():
    book = book_of("""
        1 add bid 1 100 99
        1 add bid 2 50 99
        4 delete bid 1 100 99
        5 execute bid 2 50 99
        6 add bid 3 30 99
        7 execute bid 3 30 99
    """)
    book.run(2)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(4)
    assert drawn(book) == table("""
        bid   99 | 2:50 o7:20
    """)
    book.run(5)
    assert book.take_fills() == []
    book.run(7)
    assert book.take_fills() == [(7, 7, 20, 0, 99, 1, 99)]
    assert book.volume_lots == 80


def test_taken_lots_stay_gone_until_history_removes_the_order():
    book = book_of("""
        1 add ask 1 100 101
        1 add ask 2  50 102
        5 reduce ask 1 50 101
        6 delete ask 1 50 101
    """)
    book.run(1)
    assert book.place(7, side=1, price_ticks=101, lots=60, immediate=True) == (0, 0)
    assert drawn(book) == table("""
        ask  102 | 2:50
        ask  101 | 1:100(40)
    """)
    book.run(5)
    assert drawn(book) == table("""
        ask  102 | 2:50
        ask  101 | 1:50(0)
    """)
    assert book.sides() == ([], [(102, 50)])
    book.run(6)
    assert drawn(book) == table("""
        ask  102 | 2:50
    """)


def test_print_fills_better_prices_then_the_queue_ahead_and_never_more_than_its_size():
    book = book_of("""
        1 add bid 1 10 99
        1 add bid 2 10 98
        5 execute bid 1 10 99
        6 execute bid 2 4 98
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=100, lots=6)
    book.place(8, side=1, price_ticks=99, lots=9)
    book.run(5)
    assert book.take_fills() == [(5, 7, 6, 0, 100, 1, 99)]
    assert drawn(book) == table("""
        bid   99 | o8:9
        bid   98 | 2:10
    """)
    book.run(6)
    assert book.take_fills() == [(6, 8, 4, 5, 99, 1, 98)]
    assert drawn(book) == table("""
        bid   99 | o8:5
        bid   98 | 2:6
    """)


def test_lots_a_taker_misses_because_we_took_them_it_takes_further_down_the_queue():
    book = book_of("""
        1 add ask 1 50 101
        2 add ask 2 50 101
        5 execute ask 1 50 101
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=101, lots=30, immediate=True)
    book.place(8, side=-1, price_ticks=101, lots=10)
    book.run(2)
    assert drawn(book) == table("""
        ask  101 | 1:50(20) o8:10 2:50
    """)
    book.take_fills()
    book.run(5)
    assert book.take_fills() == [(5, 8, 10, 0, 101, 1, 101)]
    assert drawn(book) == table("""
        ask  101 | 2:50(30)
    """)
    assert book.volume_lots == 80


def test_new_order_that_reaches_ours_fills_us_at_our_price_before_it_rests():
    book = book_of("""
        1 add bid 1 10 97
        5 add bid 2 50 100
    """)
    book.run(1)
    book.place(7, side=-1, price_ticks=99, lots=20)
    book.place(8, side=-1, price_ticks=100, lots=5)
    book.run(5)
    assert book.take_fills() == [(5, 7, 20, 0, 99, 1, None), (5, 8, 5, 0, 100, 1, None)]
    assert drawn(book) == table("""
        bid  100 | 2:50(25)
        bid   97 | 1:10
    """)
    assert (book.volume_lots, book.turnover) == (25, 20 * 99 + 5 * 100)


def test_sweep_through_two_levels_leaves_no_crossed_book():
    book = book_of("""
        1 add ask 1 10 101
        1 add ask 2 20 102
        1 add ask 3 30 103
    """)
    book.run(1)
    assert book.place(7, side=1, price_ticks=102, lots=50) == (0, 20)
    assert drawn(book) == table("""
        ask  103 | 3:30
        ask  102 | 2:20(0)
        ask  101 | 1:10(0)
        bid  102 | o7:20
    """)
    assert book.sides() == ([(102, 20)], [(103, 30)])


def test_resync_takes_lots_behind_us_before_lots_ahead_of_us():
    book = book_of("""
        1 add bid 1 40 99
        3 add bid 2 30 99
        5 resync bid 0 50 99
        6 resync bid 0 25 99
        7 resync bid 0 60 99
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(5)
    assert drawn(book) == table("""
        bid   99 | 1:40 o7:20 2:10
    """)
    book.run(6)
    assert drawn(book) == table("""
        bid   99 | 1:25 o7:20
    """)
    book.run(7)
    assert drawn(book) == table("""
        bid   99 | 1:25 o7:20 *:35
    """)


def test_execution_of_an_unknown_order_eats_anonymous_lots_from_the_front():
    book = book_of("""
        1 resync bid 0 40 99
        5 execute bid 77 25 99
        6 execute bid 78 25 99
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(5)
    assert drawn(book) == table("""
        bid   99 | *:15 o7:20
    """)
    book.run(6)
    assert book.phantoms == 1
    assert book.take_fills() == []
    assert drawn(book) == table("""
        bid   99 | o7:20
    """)


def test_hidden_print_fills_our_displayed_order_at_its_price_or_better():
    book = book_of("""
        1 add ask 1 10 102
        5 hidden ask 0 15 100
        6 hidden ask 0 15 101
    """)
    book.run(1)
    book.place(7, side=-1, price_ticks=101, lots=20)
    book.run(5)
    assert book.take_fills() == []
    book.run(6)
    assert book.take_fills() == [(6, 7, 15, 5, 101, 1, 101)]
    assert (book.volume_lots, book.turnover) == (30, 15 * 100 + 15 * 101)


def test_touch_change_is_seen_through_our_own_better_order():
    book = book_of("""
        1 add bid 1 10 99
        1 add bid 2 10 98
        1 add ask 3 10 102
        5 reduce bid 1 4 99
        6 delete bid 1 6 99
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=100, lots=20)
    book.mark_touch()
    assert book.run(9, on_touch=True)
    assert drawn(book) == table("""
        ask  102 | 3:10
        bid  100 | o7:20
        bid   98 | 2:10
    """)
    assert (book.venue_ns, book.sides()) == (6, ([(100, 20), (98, 10)], [(102, 10)]))


SHALLOW = """
    1 add ask 1 10 101
    1 add ask 2 99 102
    1 add ask 3 99 103
    1 add bid 4 10 98
    5 delete ask 1 10 101
    5 resync ask 0 7 102
"""


def test_order_through_level_one_data_takes_what_is_displayed_there_and_no_stale_level():
    book = book_of(SHALLOW, reach=1)
    book.run(1)
    assert book.place(7, side=1, price_ticks=103, lots=50, immediate=True) == (0, 40)
    assert book.take_fills() == [(1, 7, 10, 40, 101, 0, None)]
    assert drawn(book) == table("""
        ask  103 | 3:99
        ask  102 | 2:99
        ask  101 | 1:10(0)
        bid   98 | 4:10
    """)


def test_side_of_level_one_data_shows_nothing_after_we_took_its_touch_until_history_moves():
    book = book_of(SHALLOW, reach=1)
    book.run(1)
    book.place(7, side=1, price_ticks=101, lots=10, immediate=True)
    book.mark_touch()
    assert book.sides() == ([(98, 10)], [])
    assert book.place(8, side=1, price_ticks=103, lots=5, immediate=True) == (0, 5)
    assert book.run(9, on_touch=True)
    assert (book.venue_ns, book.sides()) == (5, ([(98, 10)], [(102, 7)]))


def test_reach_counts_levels_from_the_best_and_bounds_the_depth_shown():
    book = book_of(SHALLOW, reach=2, depth=5)
    book.run(1)
    assert book.sides() == ([(98, 10)], [(101, 10), (102, 99)])
    assert book.place(7, side=1, price_ticks=103, lots=500, immediate=True) == (0, 500 - 109)
    assert book.sides() == ([(98, 10)], [])


@pytest.mark.parametrize(
    ("event", "tape_ticks"),
    [("add ask 3 9 99", None), ("hidden bid 0 9 98", 98), ("execute bid 1 9 98", 98), ("resync ask 0 9 99", None)],
)
def test_nothing_of_ours_fills_while_trading_is_halted(event, tape_ticks):
    text = "1 add bid 1 10 98\n1 add ask 2 10 102\n5 halt bid 0 0 0"
    fills = []
    for halt in (text, text.replace("halt", "resume")):
        book = book_of(f"{halt}\n6 {event}")
        book.run(1)
        book.place(7, side=1, price_ticks=99, lots=20)
        book.run(5)
        book.run(6)
        fills.append(book.take_fills())
    assert fills == [[], [(6, 7, 9, 11, 99, 1, tape_ticks)]]


def test_order_that_history_crossed_in_a_halt_fills_at_its_price_when_trading_resumes():
    book = book_of("""
        1 add bid 1 10 98
        5 halt bid 0 0 0
        6 add ask 2 12 99
        7 add ask 3 12 100
        8 resume bid 0 0 0
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=100, lots=20)
    book.run(7)
    book.run(7)
    assert book.take_fills() == []
    book.run(8)
    assert book.take_fills() == [(8, 7, 12, 8, 100, 1, None), (8, 7, 8, 0, 100, 1, None)]
    assert drawn(book) == table("""
        ask  100 | 3:12(4)
        ask   99 | 2:12(0)
        bid   98 | 1:10
    """)
    assert (book.volume_lots, book.turnover) == (20, 2000)


def test_remainder_of_an_order_through_level_one_data_fills_as_levels_come_within_reach():
    book = book_of(SHALLOW, reach=1)
    book.run(1)
    assert book.place(7, side=1, price_ticks=102, lots=14) == (0, 4)
    assert book.sides() == ([(102, 4), (98, 10)], [])
    book.run(5)
    assert book.take_fills() == [(1, 7, 10, 4, 101, 0, None), (5, 7, 4, 0, 102, 1, None)]
    assert book.sides() == ([(98, 10)], [(102, 3)])


def test_clear_leaves_ours_alone_and_a_picture_stands_ahead_of_them():
    book = book_of("""
        1 add bid 1 100 99
        1 add ask 3  70 101
        5 clear bid 0 0 0
        6 seen bid 8 30 99
        6 seen bid 9 40 99
        6 seen ask 3 60 101
        7 add bid 10 5 99
    """)
    book.run(2)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(5)
    assert drawn(book) == table("""
        bid   99 | o7:20
    """)
    book.run(7)
    assert drawn(book) == table("""
        ask  101 | 3:60
        bid   99 | 8:30 9:40 o7:20 10:5
    """)
    assert (book.phantoms, book.take_fills()) == (0, [])


def test_picture_that_crosses_ours_fills_it_when_it_is_whole_best_price_first():
    book = book_of("""
        1 add bid 1 100 99
        1 add ask 3  70 101
        5 clear bid 0 0 0
        5 seen ask 8 30 99
        5 seen ask 9 15 98
        5 seen bid 4 10 97
    """)
    book.run(2)
    book.place(7, side=1, price_ticks=99, lots=20)
    book.run(5)
    assert drawn(book) == table("""
        ask   99 | 8:30(25)
        ask   98 | 9:15(0)
        bid   97 | 4:10
    """)
    assert [(5, 7, 15, 5, 99, 1, None), (5, 7, 5, 0, 99, 1, None)] == book.take_fills()


def test_post_only_order_that_would_take_is_refused_whole_and_one_that_would_not_rests():
    book = book_of("""
        1 add bid 1 100 99
        1 add ask 3  70 101
    """)
    book.run(1)
    assert (WOULD_TAKE, 20) == book.place(7, side=1, price_ticks=101, lots=20, post_only=True)
    assert (ACCEPTED, 20) == book.place(8, side=1, price_ticks=100, lots=20, post_only=True)
    assert drawn(book) == table("""
        ask  101 | 3:70
        bid  100 | o8:20
        bid   99 | 1:100
    """)


def test_post_only_order_may_stand_where_all_that_was_displayed_is_taken():
    book = book_of("""
        1 add ask 3  70 101
        1 add bid 1 100 99
    """)
    book.run(1)
    book.place(7, side=1, price_ticks=101, lots=70)
    assert (ACCEPTED, 5) == book.place(8, side=1, price_ticks=101, lots=5, post_only=True)


@pytest.mark.parametrize("kind", ["level", "trade"])
def test_feed_of_levels_is_refused_by_the_order_by_order_book(kind):
    with pytest.raises(BadData, match=r"^1 events tell levels and trades, not whose order .*LevelBook"):
        book_of(f"1 {kind} bid 0 100 99")
