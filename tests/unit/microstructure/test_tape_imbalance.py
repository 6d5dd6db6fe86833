import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.flow.slope import imbalance, orderflow_slope
from nowake.microstructure.market_orders import read_tape


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [  # (price, lots) before and after; by Cont, Kukanov & Stoikov's e_n, worked by hand.
        ([(99, 5), (99, 8)], [(101, 4), (101, 4)], 3),
        ([(99, 5), (99, 2)], [(101, 4), (101, 4)], -3),
        ([(99, 5), (100, 2)], [(101, 4), (101, 4)], 2),
        ([(99, 5), (98, 7)], [(101, 4), (101, 4)], -5),
        ([(99, 5), (99, 5)], [(101, 4), (101, 9)], -5),
        ([(99, 5), (99, 5)], [(101, 4), (100, 3)], -3),
        ([(99, 5), (99, 5)], [(101, 4), (102, 6)], 4),
        ([(99, 5), (100, 1)], [(101, 4), (102, 6)], 5),
    ],
)
def test_each_change_of_the_best_quotes_counts_as_in_the_paper(
    bid: list[tuple[int, int]], ask: list[tuple[int, int]], expected: int
) -> None:
    (bid_ticks, bid_lots), (ask_ticks, ask_lots) = (np.array(side).T for side in (bid, ask))
    assert expected == imbalance(bid_ticks, bid_lots, ask_ticks, ask_lots)[0]


def test_a_book_of_even_depth_moves_by_half_a_tick_over_its_depth() -> None:
    book, trades = worlds.even_book(3, [20] * 6)
    tape = read_tape(book, trades, worlds.session(10_800))
    found = orderflow_slope(tape, book)
    assert found.against_depth.low < 1 < found.against_depth.high
    assert found.slope.value == pytest.approx(1 / 40, rel=0.03)
    assert [window.depth_lots for window in found.windows] == pytest.approx([20] * 8)
    assert found.r2 > found.trade_r2


def test_the_slope_falls_with_the_depth_as_its_inverse() -> None:
    depths = [10, 14, 20, 28, 40, 56, 12, 16, 24, 32]
    book, trades = worlds.even_book(4, depths)
    found = orderflow_slope(read_tape(book, trades, worlds.session(18_000)), book)
    assert found.depth_exponent is not None
    assert found.depth_constant is not None
    assert found.depth_exponent.low < 1 < found.depth_exponent.high
    assert found.depth_exponent.high - found.depth_exponent.low < 0.3
    assert found.depth_constant.low < 0.5 < found.depth_constant.high


def test_the_law_of_depth_is_left_out_where_depth_hardly_differs() -> None:
    book, trades = worlds.even_book(3, [20] * 8)
    found = orderflow_slope(read_tape(book, trades, worlds.session(14_400)), book)
    assert (found.depth_exponent, found.depth_constant) == (None, None)


def test_too_short_a_tape_is_refused() -> None:
    book, trades = worlds.even_book(3, [20])
    tape = read_tape(book, trades, worlds.session(1_800), end_ns=worlds.OPEN_NS + 600 * worlds.SECOND)
    with pytest.raises(BadData, match="of 2 windows of 300 s 2 could be fitted, 3 are needed"):
        orderflow_slope(tape, book)


def test_bars_too_long_for_a_window_are_refused() -> None:
    book, trades = worlds.even_book(3, [20])
    with pytest.raises(BadParameter, match="bar_s 60"):
        orderflow_slope(read_tape(book, trades, worlds.session(1_800)), book, bar_s=60, window_s=600)


def test_intervals_of_the_slope_times_twice_the_depth_hold_one() -> None:
    held = []
    for seed in range(100):
        book, trades = worlds.even_book(seed, [20] * 3, window_s=900)
        found = orderflow_slope(read_tape(book, trades, worlds.session(2_700)), book)
        held.append(found.against_depth.low <= 1 <= found.against_depth.high)
    assert 0.9 <= np.mean(held) <= 0.99
