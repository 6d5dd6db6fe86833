"""The compiled monitor says what the whole history says, whatever the events."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import flow as reference

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth, Trades
from nowake.microstructure.flow.microprice import MicroPrice
from nowake.microstructure.flow.microprice_counts import Grid
from nowake.microstructure.flow.monitor import FlowMonitor, flow_history

BOUNDS, BUCKETS = (1, 3), 5
ADJUSTMENTS = np.array([[-0.4, -0.1, 0.0, 0.1, 0.4], [-0.9, np.nan, 0.0, np.nan, 0.9], [-2.0, -1.0, 0.0, 1.0, 2.0]])


def table() -> MicroPrice:
    visits = np.full(ADJUSTMENTS.shape, 9)
    numbers = (ADJUSTMENTS,) * 4
    return MicroPrice(Grid(BOUNDS, BUCKETS), *numbers, visits, 0.95, 100, 50, 0.5)


def market(seed: int, *, levels: int = 3, quotes: int = 60, prints: int = 40) -> tuple[Depth, Trades]:
    """Levels that come and go, lock, cross and tie in time."""
    rng = np.random.default_rng(seed)
    time_ns = np.cumsum(rng.integers(0, 3, quotes))
    bid = 1_000 + np.cumsum(rng.integers(-1, 2, quotes))[:, None] - np.cumsum(rng.integers(1, 3, (quotes, levels)), 1)
    ask = bid[:, :1] + rng.choice([-1, 0, 1, 1, 2, 5], (quotes, 1)) + np.cumsum(rng.integers(1, 3, (quotes, levels)), 1)
    lots = rng.integers(1, 30, (2, quotes, levels)) * (rng.random((2, quotes, levels)) > 0.1)
    book = Depth(time_ns, bid, lots[0], ask - 1, lots[1])
    at = np.sort(rng.integers(0, time_ns[-1] + 1, prints))
    flags = np.zeros(prints, np.bool_)
    trades = Trades(
        time_ns=at,
        price_ticks=np.full(prints, 1_000),
        lots=rng.integers(1, 50, prints),
        aggressor=rng.choice([-1, 1, 0], prints).astype(np.int8),
        hidden=flags,
        auction=flags,
    )
    return book, trades


def columns(found):
    names = ("queue_imbalance", "trade_imbalance", "micro_price_ticks", "autocorrelation")
    return np.column_stack((found.order_flow_lots, *(getattr(found, name) for name in names)))


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 20), st.integers(1, 5), st.booleans())
def test_every_measure_after_every_event_is_that_of_the_history(seed, levels, window_ns, lag, by_lots):
    book, trades = market(seed, levels=levels, quotes=40, prints=25)
    found = flow_history(book, trades, window_ns=window_ns, lag=lag, by_lots=by_lots, micro_price=table())
    adjustments = (BOUNDS, ADJUSTMENTS.tolist())
    wanted = reference.rows(book, trades, window_ns=window_ns, lag=lag, by_lots=by_lots, table=adjustments)
    np.testing.assert_allclose(columns(found), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_told_one_by_one_it_ends_where_the_history_does_and_each_step_is_a_row(seed: int) -> None:
    book, trades = market(seed, quotes=300, prints=200)
    whole = columns(flow_history(book, trades, window_ns=9, lag=2, micro_price=table()))
    monitor = FlowMonitor(9, levels=3, lag=2, micro_price=table())
    told = [(t, 0, k) for k, t in enumerate(trades.time_ns.tolist())]
    told += [(t, 1, k) for k, t in enumerate(book.time_ns.tolist())]
    for row, (time_ns, is_quote, k) in enumerate(sorted(told)):
        if is_quote:
            monitor.on_depth(time_ns, book.bid_ticks[k], book.bid_lots[k], book.ask_ticks[k], book.ask_lots[k])
        else:
            monitor.on_trade(time_ns, 0, int(trades.lots[k]), int(trades.aggressor[k]))
        if row == 250:
            monitor = copy.deepcopy(pickle.loads(pickle.dumps(monitor)))
        said = (monitor.queue_imbalance, monitor.trade_imbalance, monitor.micro_price_ticks, monitor.autocorrelation)
        np.testing.assert_array_equal([*monitor.order_flow_lots, *said], whole[row])
    crossed = (book.bid_lots[:, 0] == 0) | (book.ask_lots[:, 0] == 0) | (book.bid_ticks > book.ask_ticks)[:, 0]
    assert (int(crossed.sum()), int((trades.aggressor == 0).sum())) == (monitor.passed_over, monitor.unsigned)


def test_a_window_longer_than_its_room_makes_room() -> None:
    book, trades = market(5, quotes=3_000, prints=3_000)
    found = flow_history(book, trades, window_ns=10**9)
    signed = trades.aggressor * trades.lots
    assert float(signed.sum() / trades.lots[trades.aggressor != 0].sum()) == pytest.approx(found.trade_imbalance[-1])
    short = flow_history(book, trades, window_ns=1)
    assert not np.array_equal(short.order_flow_lots, found.order_flow_lots)


def test_time_that_goes_back_is_refused_and_changes_nothing() -> None:
    monitor = FlowMonitor(5)
    monitor.on_quote(10, 99, 5, 100, 5)
    before = pickle.dumps(monitor)
    with pytest.raises(BadData, match="an event at 9 is before the last one, at 10"):
        monitor.on_trade(9, 100, 1, 1)
    assert before == pickle.dumps(monitor)


def test_bad_parameters_and_prints_of_nothing_are_refused() -> None:
    with pytest.raises(BadParameter, match="window_ns 0"):
        FlowMonitor(0)
    with pytest.raises(BadParameter, match="levels 0"):
        FlowMonitor(1, levels=0)
    with pytest.raises(BadParameter, match="call on_depth"):
        FlowMonitor(1, levels=2).on_quote(1, 99, 5, 100, 5)
    with pytest.raises(BadData, match="a print of 0 lots"):
        FlowMonitor(1).on_trade(1, 100, 0, 1)
