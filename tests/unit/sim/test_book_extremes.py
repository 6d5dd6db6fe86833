"""Days at the edges of what can be counted: prices below 0, sizes beyond 32 bits, many levels, ids used twice."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.streams import history, records

from nowake.kernels import layout
from nowake.kernels.state import ACCEPTED
from nowake.sim.book import Book


def test_negative_prices_trade_like_any_others():
    book = Book(history("1 add bid 1 10 -40\n1 add ask 2 10 -38\n5 execute bid 1 10 -40\n6 add ask 3 5 -39"))
    book.run(1)
    assert (ACCEPTED, 5) == book.place(1, side=1, price_ticks=-39, lots=5)
    assert ([(-39, 5), (-40, 10)], [(-38, 10)]) == sides(book, 3)
    book.run(6)
    assert [(5, 1, 5, 0, -39, 1, -40)] == book.take_fills()
    assert (10, -400) == (book.volume_lots, book.turnover)


def sides(book, until_ns):
    book.run(until_ns)
    return book.sides()


def test_lots_beyond_32_bits_are_counted_exactly():
    lots = 2**33 + 7
    book = Book(history(f"1 add bid 1 {lots} 99\n2 add bid 2 {lots} 99\n3 reduce bid 1 5 99\n4 execute bid 1 1 99"))
    book.run(2)
    book.place(1, side=1, price_ticks=99, lots=lots)
    assert ([(99, 3 * lots)], []) == book.sides()
    book.run(4)
    assert [(layout.ADD, 1, lots - 6, 0), (layout.ADD, 2, lots, 0)] == book.queue(1, 99)[:2]
    book.withdraw(1)
    book.place(2, side=-1, price_ticks=98, lots=2**32)
    assert (layout.ADD, 1, lots - 6, 2**32) == book.queue(1, 99)[0]


def test_ten_thousand_levels_are_shown_taken_and_cleared():
    count = 10_000
    rows = [(1, k + 1, k + 1, 100_000 - k, layout.ADD, 1, 0) for k in range(count)]
    rows += [(2, 0, 0, 0, layout.CLEAR, 0, 0)]
    book = Book(records(rows), depth=count)
    book.run(1)
    assert [(100_000 - k, k + 1) for k in range(count)] == book.sides()[0]
    book.place(1, side=-1, price_ticks=90_001, lots=count * (count + 1) // 2 - 1)
    fills = book.take_fills()
    assert (count, count - 1) == (len(fills), fills[-1][2])
    assert [(90_001, 1)] == book.sides()[0]
    book.run(2)
    assert ([], [], 0) == (*book.sides(), book.phantoms)


def test_id_that_is_used_again_after_its_end_is_another_order():
    book = Book(history("1 add bid 1 10 99\n2 delete bid 1 10 99\n3 add bid 1 7 98\n4 execute bid 1 7 98"))
    assert ([(98, 7)], []) == sides(book, 3)
    assert ([], []) == sides(book, 4)
    assert 0 == book.phantoms


def test_id_that_is_used_again_before_its_end_leaves_the_old_lots_to_nobody_we_know():
    book = Book(history("1 add bid 1 10 99\n2 add bid 1 7 98\n3 delete bid 1 7 98"))
    assert ([(99, 10)], []) == sides(book, 3)
    assert 1 == book.phantoms


def test_day_of_one_message_and_day_of_none_can_be_run():
    assert ([(99, 1)], []) == sides(Book(history("1 add bid 1 1 99")), 9)
    assert ([], []) == sides(Book(np.zeros(0, layout.EVENT)), 9)


def test_clear_and_messages_about_what_it_took_change_nothing_more():
    book = Book(history("1 add bid 1 10 99\n2 clear bid 0 0 0\n3 delete bid 1 10 99\n4 execute bid 1 10 99"))
    assert ([], []) == sides(book, 4)
    assert (10, 2) == (book.volume_lots, book.phantoms)


@pytest.mark.parametrize("kind", [layout.TRADE + 1, 100, -3])
def test_kind_nobody_knows_is_counted_and_changes_nothing(kind):
    book = Book(records([(1, 1, 10, 99, layout.ADD, 1, 0), (2, 1, 10, 99, kind, 1, 0)]))
    assert ([(99, 10)], []) == sides(book, 2)
    assert 1 == book.phantoms
