"""Prices of several markets on one grid: never ahead, never across a break, and it says how stale they are."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.discovery import previous_ticks

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Quotes, Trades
from nowake.microstructure.discovery import Grid, Market, align

S = 1_000_000_000


def walk(name: str, seed: int, *, count: int = 600, start: int = 0, step_ns: int = S) -> Market:
    rng = np.random.default_rng(seed)
    time_ns = start + np.cumsum(rng.integers(1, 2 * step_ns, count))
    return Market(name, time_ns, np.cumsum(rng.normal(0, 1e-4, count)))


def test_every_row_holds_the_last_price_told_by_then_and_nothing_later() -> None:
    markets = [walk("a", 1), walk("b", 2, start=5 * S)]
    grid = align(markets, every_ns=S)
    for j, market in enumerate(markets):
        rows = list(zip(market.time_ns.tolist(), market.log_price.tolist(), strict=True))
        np.testing.assert_array_equal(previous_ticks(rows, grid.time_ns.tolist()), grid.log_prices[:, j])


def test_the_grid_spans_what_both_cover_on_whole_steps() -> None:
    markets = [walk("a", 1), walk("b", 2, start=5 * S + 17)]
    grid = align(markets, every_ns=S)
    assert grid.time_ns[0] == -(-int(markets[1].time_ns[0]) // S) * S
    assert grid.time_ns[-1] <= min(int(market.time_ns[-1]) for market in markets)
    assert set(np.diff(grid.time_ns).tolist()) == {S}


def test_later_prices_change_no_earlier_row() -> None:
    whole = [walk("a", 1), walk("b", 2)]
    cut = [Market(m.name, m.time_ns[:300], m.log_price[:300]) for m in whole]
    short, long = align(cut, every_ns=S), align(whole, every_ns=S)
    np.testing.assert_array_equal(short.log_prices, long.log_prices[: len(short)])


def test_sessions_break_the_grid_and_prices_before_one_do_not_count_in_it() -> None:
    markets = [walk("a", 1), walk("b", 2)]
    grid = align(markets, every_ns=S, sessions=[(100 * S, 200 * S), (300 * S, 400 * S)])
    first = grid.time_ns < 250 * S
    assert len(set(grid.stretch[first])) == 1
    assert not set(grid.stretch[first]) & set(grid.stretch[~first])
    opening = int(grid.time_ns[~first][0])
    assert all(np.any((m.time_ns >= 300 * S) & (m.time_ns <= opening)) for m in markets)


def test_sessions_may_come_one_by_one_and_must_be_in_order() -> None:
    markets, spans = [walk("a", 1), walk("b", 2)], [(100 * S, 200 * S), (300 * S, 400 * S)]
    listed, told = (align(markets, every_ns=S, sessions=given) for given in (spans, iter(spans)))
    np.testing.assert_array_equal(listed.time_ns, told.time_ns)
    for wrong in (spans[::-1], [(100 * S, 300 * S), (200 * S, 400 * S)], [(200 * S, 100 * S)]):
        with pytest.raises(BadParameter, match="in time order"):
            align(markets, every_ns=S, sessions=wrong)


def test_a_feed_that_is_silent_too_long_breaks_the_grid() -> None:
    market, other = walk("a", 1), walk("b", 2)
    quiet = (market.time_ns < 200 * S) | (market.time_ns > 260 * S)
    grid = align([Market("a", market.time_ns[quiet], market.log_price[quiet]), other], every_ns=S, longest_age_ns=5 * S)
    assert not np.any((grid.time_ns > 210 * S) & (grid.time_ns < 255 * S))
    assert len(set(grid.stretch[grid.time_ns < 200 * S])) == 1
    assert grid.stretch[0] != grid.stretch[-1]


def test_staleness_is_told() -> None:
    fast, slow = walk("fast", 1, count=3_000, step_ns=S // 10), walk("slow", 2, count=60, step_ns=5 * S)
    told = {stale.market: stale for stale in align([fast, slow], every_ns=S).staleness}
    assert told["fast"].idle < 0.01
    assert told["slow"].idle > 0.7
    assert told["slow"].median_age_ns > 10 * told["fast"].median_age_ns


def test_mids_leave_out_one_sided_and_crossed_quotes_and_keep_locked_ones() -> None:
    times = np.arange(6, dtype=np.int64)
    quotes = Quotes(
        time_ns=np.array([0, 1, 2, 3, 3, 4]),
        bid_ticks=np.array([99, 99, 102, 100, 101, 101]),
        bid_lots=np.array([1, 0, 1, 1, 1, 1]),
        ask_ticks=np.array([101, 101, 100, 100, 103, 103]),
        ask_lots=np.ones(6, np.int64),
    )
    market = Market.of_quotes("m", quotes)
    assert len(times) == len(quotes)
    np.testing.assert_array_equal([0, 3, 4], market.time_ns)
    np.testing.assert_allclose(np.exp(market.log_price), [100, 102, 102])
    assert market.left_out == 3


def test_prints_of_one_stamp_are_the_last_of_them_and_auctions_and_hidden_ones_do_not_count() -> None:
    trades = Trades(
        time_ns=np.array([1, 1, 2, 3]),
        price_ticks=np.array([10, 11, 50, 60]),
        lots=np.ones(4, np.int64),
        aggressor=np.ones(4, np.int8),
        hidden=np.array([False, False, True, False]),
        auction=np.array([False, False, False, True]),
    )
    market = Market.of_trades("m", trades)
    np.testing.assert_array_equal([1], market.time_ns)
    assert np.exp(market.log_price[0]) == pytest.approx(11)
    assert market.left_out == 3


def test_a_bar_is_known_when_it_ends() -> None:
    ones = np.ones(2)
    bars = Bars(
        np.array([0, 60]),
        np.array([60, 120]),
        ones,
        ones,
        ones,
        np.array([5.0, np.nan]),
        ones,
        ones,
        np.ones(2, np.int64),
    )
    market = Market.of_bars("m", bars)
    np.testing.assert_array_equal([60], market.time_ns)
    assert market.left_out == 1


@pytest.mark.parametrize("price", [0.0, -37.63])
def test_a_price_that_has_no_log_is_refused(price: float) -> None:
    with pytest.raises(BadData, match="has no log"):
        Market.of_prices("m", np.arange(3), np.array([1.0, price, 2.0]))


def test_empty_tables_and_too_few_rows_are_refused_with_the_way_out() -> None:
    empty = Market("none", np.zeros(0, np.int64), np.zeros(0))
    with pytest.raises(BadData, match="none has no price at all"):
        align([walk("a", 1), empty], every_ns=S)
    with pytest.raises(BadData, match="fewer than 100; take a shorter step"):
        align([walk("a", 1), walk("b", 2)], every_ns=30 * S)
    with pytest.raises(BadData, match="0 instants"):
        align([walk("a", 1), walk("b", 2, start=10_000 * S)], every_ns=S)


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(BadParameter, match="every_ns 0"):
        align([walk("a", 1), walk("b", 2)], every_ns=0)
    with pytest.raises(BadParameter, match="2 different"):
        align([walk("a", 1), walk("a", 2)], every_ns=S)
    with pytest.raises(BadParameter, match="1 market"):
        align([walk("a", 1)], every_ns=S)
    with pytest.raises(BadParameter, match="at least 2 markets"):
        Grid.of_rows(np.zeros((5, 1)))


def test_times_that_repeat_or_go_back_are_refused() -> None:
    with pytest.raises(BadData, match="row 2 at 5 is not after 5"):
        Market("m", np.array([1, 5, 5]), np.zeros(3))
    with pytest.raises(BadData, match="row 1: log price nan"):
        Market("m", np.array([1, 5]), np.array([0.0, np.nan]))


def test_rows_with_nan_break_a_grid_of_given_rows() -> None:
    rows = np.arange(8.0).reshape(4, 2)
    rows[1, 0] = np.nan
    grid = Grid.of_rows(rows)
    np.testing.assert_array_equal([0, 2 * S, 3 * S], grid.time_ns)
    assert grid.stretch[0] != grid.stretch[1] == grid.stretch[2]
