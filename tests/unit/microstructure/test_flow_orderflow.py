"""Order flow over windows and bars: worked by hand, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.microstructure.test_flow_monitor import market

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth, Quotes
from nowake.microstructure.flow import OrderFlow, flow_bars, imbalance, level_flows, order_flow

NAMES = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
QUOTES = Quotes(
    time_ns=np.array([10, 20, 30, 30, 40, 50]),
    bid_ticks=np.array([99, 99, 0, 100, 100, 102]),
    bid_lots=np.array([5, 8, 0, 2, 2, 4]),
    ask_ticks=np.array([101, 101, 101, 101, 100, 101]),
    ask_lots=np.array([4, 4, 4, 4, 3, 4]),
)  # Grows by 3; one-sided; a better bid of 2 beside the same ask; locked by an ask of 3; crossed.


def test_a_window_counts_what_came_after_its_begin_up_to_its_end() -> None:
    at = np.array([9, 10, 20, 30, 40, 50, 60, 1_000])
    assert [0, 3, 5, -1, -3, 0, 0] == order_flow(QUOTES, at, window_ns=20)[1:].tolist()
    assert np.isnan(order_flow(QUOTES, at, window_ns=20)[0])


def test_one_sided_and_crossed_quotes_are_passed_over_and_counted() -> None:
    gauge = OrderFlow(1_000)
    for row in zip(
        *(column.tolist() for column in (QUOTES.time_ns, QUOTES.bid_ticks, QUOTES.bid_lots)),
        *(column.tolist() for column in (QUOTES.ask_ticks, QUOTES.ask_lots)),
        strict=True,
    ):
        gauge.on_quote(*row)
    assert (2.0, 2) == (gauge.value, gauge.passed_over)


def test_no_quotes_are_not_known() -> None:
    nothing = np.zeros(0, np.int64)
    found = order_flow(Quotes(nothing, nothing, nothing, nothing, nothing), np.array([5]), window_ns=1)
    assert np.isnan(found).tolist() == [True]
    assert np.isnan(OrderFlow(1).value)


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(BadParameter, match="window_ns 0 must be above 0"):
        order_flow(QUOTES, np.array([5]), window_ns=0)
    with pytest.raises(BadParameter, match="window_ns -1"):
        OrderFlow(-1)


@given(st.integers(0, 2**32))
def test_levels_flip_with_the_sides_grow_with_the_sizes_and_know_no_price(seed: int) -> None:
    book, _ = market(seed, levels=3)
    flows = level_flows(book)
    flipped = Depth(book.time_ns, -book.ask_ticks, book.ask_lots, -book.bid_ticks, book.bid_lots)
    np.testing.assert_array_equal(-flows, level_flows(flipped))
    larger = Depth(book.time_ns, book.bid_ticks, 7 * book.bid_lots, book.ask_ticks, 7 * book.ask_lots)
    np.testing.assert_array_equal(7 * flows, level_flows(larger))
    dearer = Depth(book.time_ns, book.bid_ticks - 5_000, book.bid_lots, book.ask_ticks - 5_000, book.ask_lots)
    np.testing.assert_array_equal(flows, level_flows(dearer))


@given(st.integers(0, 2**32))
def test_the_first_level_is_the_best_quotes_order_flow(seed: int) -> None:
    book, _ = market(seed, levels=2)
    best = [column[:, 0] for column in (book.bid_ticks, book.bid_lots, book.ask_ticks, book.ask_lots)]
    good = (best[1] > 0) & (best[3] > 0) & (best[0] <= best[2])
    wanted = imbalance(*(column[good] for column in best))
    np.testing.assert_array_equal(wanted, level_flows(book)[1:, 0])


def test_bars_add_up_to_the_day_whatever_their_length() -> None:
    book, _ = market(3, levels=3, quotes=2_000)
    for length in ({"bar_s": 1e-7}, {"bar_s": 3e-8}, {"bar_quotes": 13}, {"bar_quotes": 1}):
        bars = flow_bars(book, **length)
        if "bar_s" in length:
            begin, end = bars.edges_ns[0], bars.edges_ns[-1:]
            best = Quotes(book.time_ns, *(getattr(book, name)[:, 0] for name in NAMES))
            assert order_flow(best, end, window_ns=int(end[0] - begin))[0] == bars.flows_lots[:, 0].sum()
        assert len(bars) == len(bars.depth_lots) == len(bars.edges_ns) - 1
        assert (bars.depth_lots > 0).all()


def test_a_bar_has_the_move_flow_and_mean_queue_worked_by_hand() -> None:
    book = Depth.of_quotes(QUOTES)
    bars = flow_bars(book, bar_s=2e-8)
    assert [10, 30] == bars.edges_ns.tolist()
    assert [5.0] == bars.flows_lots[:1, 0].tolist()
    assert [0.5] == bars.moves_ticks[:1].tolist()
    # Standing states of the bar: 5 and 4 at its begin, 8 and 4, 2 and 4.
    assert [pytest.approx((4.5 + 6 + 3) / 3)] == bars.depth_lots[:1].tolist()


def test_bars_end_with_the_book_whatever_end_is_asked_for() -> None:
    book = Depth.of_quotes(QUOTES)
    bars = flow_bars(book, bar_s=1e-8, start_ns=-50, end_ns=5_000)
    assert [10, 20, 30, 40] == bars.edges_ns.tolist()
    assert [20, 30] == flow_bars(book, bar_s=1e-8, start_ns=20, end_ns=35).edges_ns.tolist()
    with pytest.raises(BadData, match="shorter than one bar"):
        flow_bars(book, bar_s=1e-8, start_ns=500, end_ns=600)


def test_a_bar_is_as_long_as_asked_to_the_nanosecond() -> None:
    second = 1_000_000_000
    quotes = Quotes(np.arange(9) * second, *(np.full(9, each) for each in (99, 5, 101, 4)))
    bars = flow_bars(Depth.of_quotes(quotes), bar_s=2.01)
    assert [0, 2_010_000_000, 4_020_000_000, 6_030_000_000] == bars.edges_ns.tolist()


def test_queues_whose_sums_would_wrap_are_refused() -> None:
    quotes = Quotes(np.arange(3), *(np.full(3, each) for each in (99, 5, 101, 2**62)))
    with pytest.raises(BadData, match="count in larger lots"):
        flow_bars(Depth.of_quotes(quotes), bar_quotes=1)
    largest = Quotes(np.arange(2), *(np.array(each) for each in ([99, 99], [1, 2**62 - 1], [101, 100], [1, 2**62 - 1])))
    assert [0, -1] == level_flows(Depth.of_quotes(largest))[:, 0].tolist()


def test_bars_without_a_length_with_two_or_without_a_book_are_refused() -> None:
    book = Depth.of_quotes(QUOTES)
    with pytest.raises(BadParameter, match="give one of the two"):
        flow_bars(book)
    with pytest.raises(BadParameter, match="give one of the two"):
        flow_bars(book, bar_s=1, bar_quotes=1)
    with pytest.raises(BadParameter, match="a bar of 0 must be above 0"):
        flow_bars(book, bar_s=0)
    with pytest.raises(BadParameter, match=r"bar_quotes 1\.5 must be a whole number"):
        flow_bars(book, bar_quotes=1.5)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="a bar of nan"):
        flow_bars(book, bar_s=float("nan"))
    with pytest.raises(BadData, match="shorter than one bar"):
        flow_bars(book, bar_s=1)
    nothing = np.zeros((0, 2), np.int64)
    with pytest.raises(BadData, match="none of 0 states of the book"):
        flow_bars(Depth(np.zeros(0, np.int64), nothing, nothing, nothing, nothing), bar_s=1)
