"""Features of bars: worked by hand, told event by event, blind to what comes later, and what is refused."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from tests.contracts.test_gauges import market

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Depth, Quotes, Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.contract import play
from nowake.microstructure.regimes import Features, LiveFeatures, bar_features, tape_features

S = NS_PER_SECOND


def quotes(*rows: tuple[float, int, int, int, int]) -> Quotes:
    """Rows of seconds, bid, bid lots, ask, ask lots."""
    table = np.array(rows).reshape(-1, 5)
    columns = [np.asarray(table[:, k], np.int64) for k in range(1, 5)]
    return Quotes(
        time_ns=np.asarray(table[:, 0] * S, np.int64),
        bid_ticks=columns[0],
        bid_lots=columns[1],
        ask_ticks=columns[2],
        ask_lots=columns[3],
    )


def trades(*rows: tuple[float, int, int]) -> Trades:
    """Rows of seconds, lots, side."""
    table = np.array(rows).reshape(-1, 3)
    flags = np.zeros(len(table), np.bool_)
    return Trades(
        time_ns=np.asarray(table[:, 0] * S, np.int64),
        price_ticks=np.full(len(table), 1_000),
        lots=np.asarray(table[:, 1], np.int64),
        aggressor=np.asarray(table[:, 2], np.int8),
        hidden=flags,
        auction=flags,
    )


def bars(*rows: tuple[float, float, float, float]) -> Bars:
    """Rows of open, high, low, close, a minute each."""
    table, start = np.array(rows, np.float64), np.arange(len(rows)) * 60 * S
    return Bars(
        time_ns=start,
        end_ns=start + 60 * S,
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
        volume=np.ones(len(rows)),
        vwap=np.full(len(rows), np.nan),
        trades=np.full(len(rows), -1),
    )


def column(features: Features, name: str) -> np.ndarray:
    return features.values[:, features.names.index(name)]


def test_a_bar_worked_by_hand() -> None:
    """12 seconds, a part a second. The mid goes from 1000 to 1002 at 3.5 s; the spread from 2 to 4 ticks at 6 s."""
    told = quotes((-1, 999, 10, 1001, 30), (3.5, 1001, 10, 1003, 30), (6, 1000, 20, 1004, 40))
    prints = trades((1, 30, 1), (2, 10, -1), (3, 99, 0))
    found = tape_features(told, prints, start_ns=0, end_ns=12 * S, bar_ns=12 * S)
    np.testing.assert_array_equal([12 * S], found.time_ns)
    move_bps = 1e4 * np.log(1002 / 1000)
    spread_bps = 1e4 * (3.5 * 2 / 1000 + 2.5 * 2 / 1002 + 6 * 4 / 1002) / 12
    wanted = [0.5 * np.log(move_bps**2 + 0.01), np.nan, 0.5 * np.log(spread_bps**2 + 0.01), np.log(25), 20 / 40]
    np.testing.assert_allclose(found.values[0], wanted, rtol=1e-9)


def test_a_trend_worked_by_hand_is_told_when_its_window_ends() -> None:
    closes = [1000.0, 1010.0, 1005.0, 1020.0]
    rows = [(a, max(a, b), min(a, b), b) for a, b in zip([1000.0, *closes], closes, strict=False)]
    found = bar_features(bars(*rows[1:]), trend_bars=3, floor_bps=1e-6)
    steps = np.diff(np.log(closes))
    wanted = abs(steps.sum()) / np.sqrt((steps**2).sum())
    np.testing.assert_allclose(column(found, "trend"), [np.nan, np.nan, wanted], rtol=1e-9)
    np.testing.assert_array_equal([0, 0, 1], found.direction)


def test_the_volatility_of_a_bar_is_parkinsons_range() -> None:
    found = bar_features(bars((100, 102, 99, 101)), floor_bps=1e-6)
    assert np.log(1e4 * np.log(102 / 99) / np.sqrt(4 * np.log(2))) == pytest.approx(column(found, "volatility")[0])


def test_what_happened_over_night_is_no_trend() -> None:
    rows = [(100.0, 100.5, 99.5, 100.0)] * 6 + [(150.0, 150.5, 149.5, 150.0)] * 6
    found = bar_features(bars(*rows), begins=np.array([0, 6]))
    np.testing.assert_allclose(column(found, "trend")[[5, 11]], 0.0, atol=1e-9)


def test_a_price_that_is_a_hundred_times_as_high_gives_the_same_bar_features() -> None:
    rows = np.exp(np.random.default_rng(0).normal(0, 0.01, (30, 1))) * [100.0, 101.0, 99.0, 100.5]
    one, other = bar_features(bars(*rows)), bar_features(bars(*(100 * rows)))
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9)


def test_flipping_every_side_changes_no_feature() -> None:
    told, prints = market(3)
    flipped = Trades(
        time_ns=prints.time_ns,
        price_ticks=prints.price_ticks,
        lots=prints.lots,
        aggressor=-prints.aggressor,
        hidden=prints.hidden,
        auction=prints.auction,
    )
    ways = [tape_features(told, each, start_ns=0, end_ns=300_000_000, bar_ns=12_000_000) for each in (prints, flipped)]
    np.testing.assert_array_equal(ways[0].values, ways[1].values)


def test_a_constant_price_has_the_volatility_of_the_floor_and_no_trend() -> None:
    found = tape_features(quotes((0, 999, 1, 1001, 1)), start_ns=S, end_ns=61 * S, bar_ns=S * 6)
    np.testing.assert_allclose(column(found, "volatility"), np.log(0.1))
    told = column(found, "trend")
    np.testing.assert_array_equal([5], np.flatnonzero(~np.isnan(told)))
    assert 0.0 == told[5]


def test_without_quotes_or_prints_nothing_is_known_and_nothing_guessed() -> None:
    found = tape_features(quotes(), trades(), start_ns=0, end_ns=60 * S, bar_ns=12 * S)
    assert 5 == len(found)
    assert np.isnan(found.values).all()


def test_one_sided_and_crossed_quotes_are_not_known_and_locked_ones_have_no_spread() -> None:
    told = quotes((0, 999, 1, 1001, 1), (12, 999, 0, 1001, 5), (24, 1002, 1, 1001, 1), (36, 1000, 7, 1000, 7))
    found = tape_features(told, start_ns=0, end_ns=48 * S, bar_ns=12 * S)
    floor = np.log(0.1)
    np.testing.assert_allclose(column(found, "spread")[[1, 2, 3]], [np.nan, np.nan, floor])
    np.testing.assert_allclose(column(found, "depth"), [0.0, np.nan, np.nan, np.log(7)])
    # The last mid that was known stands on.
    np.testing.assert_allclose(column(found, "volatility")[[1, 2]], floor)


def test_depth_of_levels_counts_all_of_them() -> None:
    told = quotes((0, 999, 3, 1001, 5))
    levels = np.array([[3, 10]]), np.array([[5, 22]])
    depth = Depth(
        time_ns=np.zeros(1, np.int64),
        bid_ticks=np.array([[999, 998]]),
        bid_lots=levels[0],
        ask_ticks=np.array([[1001, 1002]]),
        ask_lots=levels[1],
    )
    found = tape_features(told, start_ns=0, end_ns=12 * S, bar_ns=12 * S, depth=depth)
    assert np.log(20) == pytest.approx(column(found, "depth")[0])


@pytest.mark.parametrize("seed", range(4))
def test_the_past_of_features_never_changes_when_the_future_is_added(seed: int) -> None:
    told, prints = market(seed)
    bar = 12_000_000
    whole = tape_features(told, prints, start_ns=0, end_ns=25 * bar, bar_ns=bar)
    for rows in (1, 7, 18):
        early, before = told.time_ns < rows * bar, prints.time_ns < rows * bar
        known = Quotes(
            **{
                name: getattr(told, name)[early]
                for name in ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
            }
        )
        names = ("time_ns", "price_ticks", "lots", "aggressor", "hidden", "auction")
        heard = Trades(**{name: getattr(prints, name)[before] for name in names})
        found = tape_features(known, heard, start_ns=0, end_ns=rows * bar, bar_ns=bar)
        np.testing.assert_array_equal(whole.values[:rows], found.values)
        np.testing.assert_array_equal(whole.direction[:rows], found.direction)


@pytest.mark.parametrize("seed", range(4))
def test_told_event_by_event_the_rows_are_those_of_the_history(seed: int) -> None:
    told, prints = market(seed)
    bar = 12_000_000
    start = 20_000_000
    last = max(int(told.time_ns[-1]), int(prints.time_ns[-1]))
    end = start + (last - start) // bar * bar
    whole = tape_features(told, prints, start_ns=start, end_ns=end, bar_ns=bar, trend_bars=3)
    gauge = LiveFeatures(start, bar_ns=bar, trend_bars=3)
    play(gauge, told, prints)
    gauge.until(last)
    rows = gauge.take()
    assert [] == gauge.take()
    np.testing.assert_array_equal(whole.time_ns, [row.time_ns for row in rows])
    np.testing.assert_allclose(whole.values, [row.values for row in rows], rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(whole.direction, [row.direction for row in rows])
    assert gauge.value == whole.values[-1, 0]


def test_a_live_day_refuses_to_go_back_and_prices_below_zero_and_stays_as_it_was() -> None:
    gauge = LiveFeatures(0, bar_ns=12 * S)
    gauge.on_quote(20 * S, 99, 1, 101, 1)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData, match="before the last"):
        gauge.on_trade(19 * S, 100, 1, 1)
    with pytest.raises(BadData, match="above 0"):
        gauge.on_quote(30 * S, -5, 1, 101, 1)
    assert before == pickle.dumps(gauge)


def test_what_is_no_market_is_refused() -> None:
    with pytest.raises(BadData, match="above 0"):
        tape_features(quotes((0, -3, 1, 4, 1)), start_ns=0, end_ns=S, bar_ns=S)
    with pytest.raises(BadParameter, match="fits no bar"):
        tape_features(quotes(), start_ns=0, end_ns=S, bar_ns=2 * S)
    for wrong in ({"bar_ns": 3}, {"trend_bars": 1}, {"floor_bps": 0.0}):
        with pytest.raises(BadParameter):
            tape_features(quotes(), **({"start_ns": 0, "end_ns": S, "bar_ns": S // 2} | wrong))
    with pytest.raises(BadData, match="bar 1"):
        bar_features(bars((1, 2, 1, 1), (1, 1, 2, 1)))
    over = bars((1, 1, 1, 1), (1, 1, 1, 1))
    with pytest.raises(BadData, match="begins before bar 0 ends"):
        bar_features(dataclasses.replace(over, end_ns=over.end_ns + 30 * S))
    with pytest.raises(BadData, match="bar 0"):
        bar_features(bars((0, 2, 0, 1)))


def test_days_are_put_one_after_another() -> None:
    first = bar_features(bars((100, 101, 99, 100), (100, 102, 99, 101)))
    later = Features(first.time_ns + 10**15, first.values, first.names, first.begins, first.direction)
    both = Features.of_days([first, later])
    np.testing.assert_array_equal([0, 2], both.begins)
    np.testing.assert_array_equal(first.values, both.head(2).values)
    assert ("volatility",) == both.only(["volatility"]).names
    with pytest.raises(BadData, match="not later"):
        Features.of_days([later, first])
    with pytest.raises(BadData, match="no days"):
        Features.of_days([])
    with pytest.raises(BadData, match="different features"):
        Features.of_days([first, later.only(["trend"])])
    with pytest.raises(BadParameter, match="flow"):
        both.only(["flow"])


def test_days_put_together_keep_when_each_opened() -> None:
    days = [
        bar_features(bars((100, 101, 99, 100), (100, 102, 99, 101)), opens_ns=np.array([-7])),
        tape_features(quotes((0, 999, 1, 1001, 1)), start_ns=10**15, end_ns=10**15 + 24 * S, open_ns=17, bar_ns=6 * S),
    ]
    both = Features.of_days([day.only(["volatility", "trend"]) for day in days])
    np.testing.assert_array_equal([-7, 17], both.opens_ns)
    np.testing.assert_array_equal([-7], both.head(2).opens_ns)
