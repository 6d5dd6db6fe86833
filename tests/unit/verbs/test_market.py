"""The market an order meets: given numbers come first, and bars tell all but the spread."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import msgspec
import numpy as np
import pytest

import nowake as nw
from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Quotes, Trades, select
from nowake.models.market import MarketState
from nowake.verbs.market import Given, market_of

MINUTE = 60 * 10**9
ALL = Given(price=50.0, volatility=0.02, daily_volume=1e6, spread_bps=4.0)


@pytest.fixture(scope="module")
def order(generated_day: Day) -> nw.ParentOrder:
    return nw.ParentOrder.buy(generated_day.instrument, 2_000, start="10:00", end="11:00")


def none_of(table: Quotes | Trades) -> Quotes | Trades:
    return select(table, slice(0))


@pytest.fixture(scope="module")
def bars_only(generated_day: Day) -> Day:
    """Bars of a random walk of 2 % a session, 1,000 shares a minute, 3,000 in the order's hour."""
    session = generated_day.instrument.session
    n = (session.close_ns - session.open_ns) // MINUTE
    start = session.open_ns + np.arange(n, dtype=np.int64) * MINUTE
    path = 40 * np.exp(np.concatenate(([0.0], np.cumsum(np.random.default_rng(4).normal(0, 0.02 / n**0.5, n)))))
    volume = np.where((np.arange(n) >= 30) & (np.arange(n) < 90), 3_000.0, 1_000.0)
    bars = Bars(
        time_ns=start, end_ns=start + MINUTE, open=path[:-1], close=path[1:], high=np.maximum(path[:-1], path[1:]),
        low=np.minimum(path[:-1], path[1:]), volume=volume, vwap=path[1:], trades=np.full(n, -1),
    )  # fmt: skip
    return dataclasses.replace(
        generated_day, quotes=none_of(generated_day.quotes), trades=none_of(generated_day.trades), bars=bars
    )


def test_what_is_given_in_full_needs_no_data(order: nw.ParentOrder, bars_only: Day) -> None:
    given = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0)
    assert market_of(order, bars_only, given=ALL) == given
    assert market_of(order, dataclasses.replace(bars_only, bars=None), given=ALL) == given


def test_what_is_given_comes_before_what_is_measured(order: nw.ParentOrder, generated_day: Day) -> None:
    measured = market_of(order, generated_day)
    changed = market_of(order, generated_day, given=Given(daily_volume=2 * measured.daily_volume, spread_bps=9.0))
    assert (changed.price, changed.daily_volatility) == (measured.price, measured.daily_volatility)
    assert (changed.spread_bps.value, changed.spread_bps.sd) == (9.0, 0.0)
    assert changed.daily_volume == 2 * measured.daily_volume
    assert changed.window_volume == pytest.approx(2 * measured.window_volume)


def test_bars_tell_price_volatility_and_volume_and_the_spread_is_asked_for(
    order: nw.ParentOrder, bars_only: Day
) -> None:
    with pytest.raises(BadData, match=r"has bars and no quotes.*--spread-bps"):
        market_of(order, bars_only)
    market = market_of(order, bars_only, given=Given(spread_bps=5.0))
    assert bars_only.bars is not None
    assert market.daily_volume == 330 * 1_000 + 60 * 3_000
    assert market.window_volume == 60 * 3_000
    assert market.price == bars_only.bars.close[29]
    assert market.daily_volatility.low < 0.02 < market.daily_volatility.high
    returns = np.diff(np.log(np.concatenate(([40.0], bars_only.bars.close[4::5]))))
    assert market.daily_volatility.value == pytest.approx(float(np.sqrt(np.sum(returns**2))))
    assert market.look_ahead


def test_bars_without_volume_ask_for_it_and_tell_the_rest(order: nw.ParentOrder, bars_only: Day) -> None:
    assert bars_only.bars is not None
    empty = dataclasses.replace(bars_only.bars, volume=np.zeros(len(bars_only.bars)))
    day = dataclasses.replace(bars_only, bars=empty)
    with pytest.raises(BadData, match=r"390 of 390 bars .* have no volume although the price moved.*--daily-volume"):
        market_of(order, day, given=Given(spread_bps=5.0))
    market = market_of(order, day, given=Given(spread_bps=5.0, daily_volume=1e6))
    assert market.daily_volume == 1e6
    assert market.window_volume == pytest.approx(1e6 * 60 / 390)
    assert market.daily_volatility == market_of(order, bars_only, given=Given(spread_bps=5.0)).daily_volatility


def test_a_forecast_looks_at_bars_before_the_start_only(order: nw.ParentOrder, bars_only: Day) -> None:
    market = market_of(order, bars_only, look_ahead=False, given=Given(spread_bps=5.0))
    assert market.daily_volume == pytest.approx(390 * 1_000)
    assert market.window_volume == pytest.approx(60 * 1_000)
    assert not market.look_ahead
    assert "bars cover 8% of the session only" in " ".join(market.notes)


def test_the_interval_of_volatility_from_bars_holds_the_truth_as_often_as_it_says() -> None:
    """A sum of n squares of normals: the interval of its root in logs is 1.96 / sqrt(2 n) wide each way."""
    n = 78
    sums = np.random.default_rng(1).normal(size=(20_000, n)) ** 2
    root, factor = np.sqrt(sums.mean(axis=1)), np.exp(1.959964 / np.sqrt(2 * n))
    assert 0.94 < np.mean((root / factor < 1) & (root * factor > 1)) < 0.96


def test_prints_without_quotes_ask_for_the_market_and_so_does_a_start_at_the_open(generated_day: Day) -> None:
    parent = nw.ParentOrder.buy(generated_day.instrument, 2_000, start="09:30", end="11:00")
    prints = dataclasses.replace(generated_day, quotes=none_of(generated_day.quotes))
    with pytest.raises(BadData, match=r"has prints and no quotes.*--price, --volatility, --daily-volume and --spread"):
        market_of(parent, prints, given=Given(spread_bps=4.0))
    with pytest.raises(BadData, match=r"starts at 09:30:00, and nothing of the day comes before that.*--price"):
        market_of(parent, generated_day, look_ahead=False)
    for day in (prints, generated_day):
        assert market_of(parent, day, look_ahead=False, given=ALL).price == 50.0


def test_an_order_of_the_day_but_not_of_the_same_instrument_is_told_what_differs(generated_day: Day) -> None:
    other = msgspec.structs.replace(generated_day.instrument, venue="XLON", lot_size=Decimal(5))
    parent = nw.ParentOrder.buy(other, 2_000, start="10:00", end="11:00")
    with pytest.raises(BadParameter, match=r"which differ in venue \(XLON and .*\), lot size \(5 and 1\); build"):
        nw.plan(parent, generated_day)
