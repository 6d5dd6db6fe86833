"""Small markets for tests: an instrument whose day opens at 0, quotes and trades from plain rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from nowake.domain.decider import Reason
from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND

SECOND = NS_PER_SECOND
MINUTE = 60 * SECOND
DAY_SECONDS = 6 * 3600 + 1800


def session(*, date: dt.date = dt.date(2026, 3, 2), open_s: int = 0, close_s: int = DAY_SECONDS) -> Session:
    return Session(date=date, timezone="UTC", open_ns=open_s * SECOND, close_ns=close_s * SECOND)


def instrument(*, tick: str = "0.01", lot: str = "1", day: Session | None = None) -> Instrument:
    return Instrument(
        symbol="ABC",
        venue="XNAS",
        session=day or session(),
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        currency="USD",
    )


def order(
    lots: int = 1_000, *, side: Side = Side.BUY, start_s: int = 0, end_s: int = 3600, of: Instrument | None = None
) -> ParentOrder:
    return ParentOrder(
        instrument=of or instrument(), side=side, lots=lots, start_ns=start_s * SECOND, end_ns=end_s * SECOND
    )


def quotes(rows: Iterable[tuple[float, int, int]], *, lots: int = 100) -> Quotes:
    """Rows of (seconds, bid ticks, ask ticks); a price of 0 is an empty side."""
    table = list(rows)
    bids = np.array([bid for _, bid, _ in table], dtype=np.int64)
    asks = np.array([ask for _, _, ask in table], dtype=np.int64)
    return Quotes(
        time_ns=np.array([round(s * SECOND) for s, _, _ in table], dtype=np.int64),
        bid_ticks=bids,
        bid_lots=np.where(bids > 0, lots, 0),
        ask_ticks=asks,
        ask_lots=np.where(asks > 0, lots, 0),
    )


def trades(rows: Iterable[tuple[float, int, int]], *, auctions: Iterable[int] = ()) -> Trades:
    """Rows of (seconds, price ticks, lots); `auctions` are the rows printed by one."""
    table = list(rows)
    auction = np.zeros(len(table), dtype=bool)
    auction[list(auctions)] = True
    return Trades(
        time_ns=np.array([round(s * SECOND) for s, _, _ in table], dtype=np.int64),
        price_ticks=np.array([price for _, price, _ in table], dtype=np.int64),
        lots=np.array([lots for _, _, lots in table], dtype=np.int64),
        aggressor=np.zeros(len(table), dtype=np.int8),
        hidden=np.zeros(len(table), dtype=bool),
        auction=auction,
    )


def fill(
    seconds: float, price_ticks: int, lots: int, *, maker: bool = False, number: int = 1, tape_ticks: int | None = None
) -> Fill:
    """A fill; `tape_ticks` is the price at which the tape shows it."""
    time_ns = round(seconds * SECOND)
    return Fill(
        time_ns=time_ns,
        venue_ns=time_ns,
        child_id=number,
        execution_id=number,
        lots=lots,
        price_ticks=price_ticks,
        liquidity=Liquidity.MAKER if maker else Liquidity.TAKER,
        reason=Reason.ON_SCHEDULE,
        tape_ticks=tape_ticks,
    )


def walk(
    *, seed: int = 1, step_s: float = 1.0, daily_volatility: float = 0.02, price_ticks: int = 1_000_000, spread: int = 2
) -> Quotes:
    """A day of quotes around a Gaussian random walk, on ticks so fine that rounding does not matter."""
    n = round(DAY_SECONDS / step_s)
    steps = np.random.default_rng(seed).normal(0, daily_volatility / n**0.5, n)
    mids = np.rint(price_ticks * np.exp(np.concatenate(([0.0], np.cumsum(steps)))))
    return quotes((k * step_s, int(mid) - spread // 2, int(mid) + spread // 2) for k, mid in enumerate(mids))
