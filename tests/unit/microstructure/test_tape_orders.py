import dataclasses

import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.classify.rules import tick_test
from nowake.microstructure.market_orders import read_tape

DAY = worlds.session(1_000)


def market(count: int = 300, *, aggressor: int | None = None) -> tuple[Quotes, Trades]:
    """A mid that steps up after each buy and down after each sell, one order a second."""
    side = np.where(np.arange(count) % 3 == 0, -1, 1)
    mid = 10_000 + np.cumsum(side)
    at = np.arange(1.0, count + 1)
    book = worlds.quotes(np.append(0.0, at), np.append(10_000, mid) - 2, np.append(10_000, mid) + 2)
    price = np.append(10_000, mid[:-1]) + 2 * side
    return book, worlds.trades(at, price, 5, side if aggressor is None else aggressor)


def test_an_order_meets_the_quote_strictly_before_its_stamp() -> None:
    tape = read_tape(*market(), DAY)
    assert tape.mid_ticks[:4].tolist() == [10_000, 9_999, 10_000, 10_001]
    assert tape.moves_ticks[:4].tolist() == [-1, 1, 1, -1]
    assert tape.settle_ns == 0


def test_moves_add_up_to_the_change_of_the_mid() -> None:
    tape = read_tape(*market(), DAY)
    assert tape.moves_ticks.sum() == tape.touch.mid_ticks[-1] - tape.mid_ticks[0]


def test_prints_of_one_stamp_and_side_are_one_order() -> None:
    book, tape = market()
    columns = {field.name: getattr(tape, field.name) for field in dataclasses.fields(tape)}
    twice = {name: np.repeat(column, 2) for name, column in columns.items() if column is not None}
    found = read_tape(book, Trades(**twice), DAY)
    assert len(found) == 300
    assert set(found.lots.tolist()) == {10}
    assert set(found.prints.tolist()) == {2}


def test_sides_are_guessed_from_the_prevailing_mid_where_the_feed_does_not_say() -> None:
    told = read_tape(*market(), DAY)
    guessed = read_tape(*market(aggressor=0), DAY)
    assert guessed.sign.tolist() == told.sign.tolist()
    assert told.signed_by == "the feed's aggressor"
    assert guessed.signed_by == "Lee-Ready on the quote strictly before"


def test_the_tick_test_takes_the_last_change_that_was_not_zero() -> None:
    assert [0, 0, 1, 1, 1, -1, -1] == tick_test(np.array([5, 5, 6, 6, 6, 4, 4])).tolist()


def test_auction_and_hidden_prints_and_those_outside_are_left_out_and_counted() -> None:
    book, tape = market()
    tape.auction[0], tape.hidden[1:4] = True, True
    found = read_tape(book, tape, DAY, end_ns=worlds.OPEN_NS + 290 * worlds.SECOND)
    assert (found.left_out.auction, found.left_out.hidden, found.left_out.outside) == (1, 3, 10)
    assert str(found.left_out) == "10 outside the window, 1 of auctions, 3 hidden"
    assert len(read_tape(book, tape, DAY, hidden=True)) == 299


def test_one_sided_and_crossed_states_are_passed_over() -> None:
    book, tape = market()
    book.bid_lots[10] = 0
    book.ask_ticks[20] = book.bid_ticks[20] - 5
    found = read_tape(book, tape, DAY)
    assert (found.touch.one_sided, found.touch.crossed) == (1, 1)
    assert found.mid_ticks[10] == found.mid_ticks[9]


def test_a_feed_whose_quotes_follow_late_says_by_how_much() -> None:
    book, tape = market()
    late = dataclasses.replace(book, time_ns=book.time_ns + 3_000_000)
    assert read_tape(late, tape, DAY).settle_ns == 5_000_000


def test_few_orders_are_refused() -> None:
    with pytest.raises(BadData, match=r"60 market orders .* are fewer than 100"):
        read_tape(*market(60), DAY)


def test_a_one_sided_tape_is_refused() -> None:
    with pytest.raises(BadData, match=r"one-sided: 100.0% of 300 market orders are buys"):
        read_tape(*market(aggressor=1), DAY)


def test_a_mid_that_never_moves_is_refused() -> None:
    _, tape = market()
    flat = dataclasses.replace(tape, price_ticks=10_000 + 2 * tape.aggressor.astype(np.int64))
    with pytest.raises(BadData, match="the mid never moved over 300 market orders"):
        read_tape(worlds.quotes([0.0, 500.0], 9_998, 10_002), flat, DAY)


def test_quotes_of_another_clock_or_instrument_are_refused() -> None:
    book, tape = market()
    other = dataclasses.replace(book, bid_ticks=book.bid_ticks + 50, ask_ticks=book.ask_ticks + 50)
    with pytest.raises(BadData, match="not of one clock or one instrument"):
        read_tape(other, tape, DAY)


def test_no_quotes_in_the_window_are_refused() -> None:
    book, tape = market()
    with pytest.raises(BadData, match="no two-sided quote"):
        read_tape(book, tape, DAY, start_ns=worlds.OPEN_NS + 500 * worlds.SECOND)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(BadParameter, match="is empty"):
        read_tape(*market(), DAY, start_ns=worlds.OPEN_NS + 20, end_ns=worlds.OPEN_NS + 10)
