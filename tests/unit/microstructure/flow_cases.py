"""Gauges of order flow and the functions they must agree with, for the battery of streaming measures."""

from __future__ import annotations

import math

import numpy as np

from nowake.domain.market import Depth, Quotes, Trades
from nowake.microstructure.flow import (
    FlowMonitor,
    MicroPrice,
    MicroPriceGauge,
    OrderFlow,
    QueueImbalance,
    SignAutocorrelation,
    TradeImbalance,
    VolumeAutocorrelation,
    fit_microprice,
    flow_history,
    market_orders,
    order_flow,
    queue_imbalance,
    sample_autocorrelation,
    trade_imbalance,
)

WINDOW_NS = 20_000_000


def table() -> MicroPrice:
    """Fitted to a market of its own."""
    rng = np.random.default_rng(42)
    bid = 10_000 + np.cumsum(rng.integers(-1, 2, 4_000))
    lots = rng.integers(1, 100, (2, 4_000))
    quotes = Quotes(np.arange(4_000), bid, lots[0], bid + rng.integers(1, 5, 4_000), lots[1])
    return fit_microprice(quotes, spread_ticks=(1, 2), buckets=5, repeats=20)


TABLE = table()


def _flow(quotes: Quotes, trades: Trades) -> float:
    return float(order_flow(quotes, trades.time_ns[-1:], window_ns=WINDOW_NS)[0])


def _traded(trades: Trades, **window: int) -> float:
    return float(trade_imbalance(trades, trades.time_ns[-1:], **window)[0])


def _last(values: np.ndarray, quotes: Quotes) -> float:
    good = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (quotes.bid_ticks <= quotes.ask_ticks)
    return float(values[good][-1]) if good.any() else math.nan


def _autocorrelation(trades: Trades, lag: int, by_lots: bool) -> float:
    _, sign, lots = market_orders(trades)
    return sample_autocorrelation(sign * lots if by_lots else sign, lag)


TAPE = [
    ("order flow", lambda: OrderFlow(WINDOW_NS), _flow),
    (
        "order flow, compiled",
        lambda: FlowMonitor(WINDOW_NS),
        lambda q, t: float(flow_history(Depth.of_quotes(q), t, window_ns=WINDOW_NS).order_flow_lots[-1, 0]),
    ),
    ("order flow, compiled as plain", lambda: FlowMonitor(WINDOW_NS), _flow),
    (
        "trade imbalance of a time",
        lambda: TradeImbalance(window_ns=WINDOW_NS),
        lambda q, t: _traded(t, window_ns=WINDOW_NS),
    ),
    ("trade imbalance of prints", lambda: TradeImbalance(prints=7), lambda q, t: _traded(t, prints=7)),
    ("trade imbalance of lots", lambda: TradeImbalance(lots=2_000), lambda q, t: _traded(t, lots=2_000)),
    ("queue imbalance", QueueImbalance, lambda q, t: _last(queue_imbalance(q.bid_lots, q.ask_lots), q)),
    ("micro-price", lambda: MicroPriceGauge(TABLE), lambda q, t: _last(TABLE.prices(q), q)),
    ("sign autocorrelation", lambda: SignAutocorrelation(2), lambda q, t: _autocorrelation(t, 2, False)),
    ("volume autocorrelation", lambda: VolumeAutocorrelation(1), lambda q, t: _autocorrelation(t, 1, True)),
]
