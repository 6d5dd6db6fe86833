"""A small made-up day, order, plan, run and cost report: literal numbers that every report test can draw."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.decider import Reason
from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.order import OrderState, ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND, local_ns, parse_time_of_day
from nowake.engine.run import ChildRecord, RunRecord
from nowake.schedules.almgren_chriss import FrontierPoint
from nowake.schedules.schedule import Schedule
from nowake.tca.result import CostReport

DATE, ZONE = dt.date(2012, 6, 21), "America/New_York"


def point(risk_aversion: float, expected_cost_bps: float, risk_bps: float) -> FrontierPoint:
    """A point of a frontier."""
    return FrontierPoint(risk_aversion=risk_aversion, expected_cost_bps=expected_cost_bps, risk_bps=risk_bps)


def at(text: str) -> int:
    """The instant of a local time of day."""
    return local_ns(DATE, ZONE, parse_time_of_day(text))


def instrument(**changes: object) -> Instrument:
    """A US stock on a full session."""
    session = Session(date=DATE, timezone=ZONE, open_ns=at("09:30"), close_ns=at("16:00"))
    return Instrument(**{"symbol": "WAKE", "venue": "XNAS", "session": session, **changes})  # type: ignore[arg-type]


def order(lots: int = 4_000, side: Side = Side.BUY, **changes: object) -> ParentOrder:
    """Buy 4,000 from 10:00 to 11:00."""
    made = {"instrument": instrument(), "side": side, "lots": lots, "start_ns": at("10:00"), "end_ns": at("11:00")}
    return ParentOrder(**{**made, **changes})  # type: ignore[arg-type]


def schedule(lots: tuple[int, ...] = (1_000, 1_000, 1_000, 1_000), name: str = "TWAP", **changes: object) -> Schedule:
    """Equal buckets over the order's window."""
    parent = order(sum(lots))
    step = parent.duration_ns // len(lots)
    times_ns = tuple(parent.start_ns + step * k for k in range(len(lots) + 1))
    return Schedule(name=name, order=parent, times_ns=times_ns, lots=lots, **changes)  # type: ignore[arg-type]


def fill(time: str, lots: int, price_ticks: int = 22_010, *, child_id: int = 1, is_maker: bool = False) -> Fill:
    """Lots of ours that traded at a local time."""
    return Fill(
        time_ns=at(time) + 100_000,
        venue_ns=at(time),
        child_id=child_id,
        execution_id=child_id,
        lots=lots,
        price_ticks=price_ticks,
        liquidity=Liquidity.MAKER if is_maker else Liquidity.TAKER,
        reason=Reason.ON_SCHEDULE if is_maker else Reason.BEHIND_SCHEDULE,
        tape_ticks=price_ticks if is_maker else None,
    )


FILLS = (
    fill("10:05", 600, 22_003, child_id=1, is_maker=True),
    fill("10:14:30", 400, 22_012, child_id=2),
    fill("10:25", 900, 22_008, child_id=3, is_maker=True),
    fill("10:41", 1_100, 22_021, child_id=4),
    fill("10:52", 500, 22_015, child_id=5, is_maker=True),
)


def run(fills: tuple[Fill, ...] = FILLS, algorithm: str = "twap", **changes: object) -> RunRecord:
    """A run that left 500 of 4,000 because its price limit bound."""
    parent = order()
    executed = sum(each.lots for each in fills)
    children = tuple(
        ChildRecord(
            child_id=each.child_id,
            side=parent.side,
            lots=each.lots,
            price_ticks=each.price_ticks,
            time_in_force=TimeInForce.DAY,
            reason=each.reason,
            placed_ns=each.time_ns - NS_PER_SECOND,
            ended_ns=each.time_ns,
            state=OrderState.FILLED,
            filled_lots=each.lots,
        )
        for each in fills
    )
    made = {
        "order": parent,
        "algorithm": algorithm,
        "parameters": {"bucket_s": 900, "max_pct_vol": 0.1},
        "seed": 7,
        "world": "replay of a made-up day",
        "assumptions": ("Our orders do not change what others do.", "Latency is 200 microseconds each way."),
        "fills": fills,
        "children": children,
        "residual_lots": parent.lots - executed,
        "residual_reason": Reason.PRICE_LIMIT if executed < parent.lots else None,
        "refusals": {"price_collar": 2},
        "arrival_ns": parent.start_ns,
        "arrival": BookSnapshot(bids=(Level(22_000, 300),), asks=(Level(22_004, 200),)),
        "ended_ns": parent.end_ns,
        "events": 12_345,
        "decisions": 321,
        "commands": 17,
        "journal_hash": "5f1d8a0c" * 8,
        "journal_path": None,
    }
    return RunRecord(**{**made, **changes})  # type: ignore[arg-type]


def cost(fills: tuple[Fill, ...] = FILLS, **changes: object) -> CostReport:
    """Costs worked out by hand-sized sums: arrival 220.02, paper value 880,080, residual marked at 220.18."""
    executed = sum(each.lots for each in fills)
    average = sum(each.lots * each.price_ticks for each in fills) / executed / 100 if executed else math.nan
    trading = executed * (average - 220.02) if executed else 0.0
    opportunity = (4_000 - executed) * (220.18 - 220.02)
    fees = 10.5
    shortfall = trading + opportunity + fees
    benchmarks = {
        "decision": math.nan,
        "arrival": 220.02,
        "interval_vwap": 220.10,
        "interval_vwap_ex_own": 220.095,
        "interval_twap": 220.11,
        "close": 221.0,
    }
    made = {
        "order": order(),
        "executed_lots": executed,
        "residual_lots": 4_000 - executed,
        "average_price": average,
        "benchmarks": benchmarks,
        "cost_bps": {name: 1e4 * (average - price) / price for name, price in benchmarks.items()},
        "wagner": {"delay": 0.0, "trading": trading, "opportunity": opportunity, "fees": fees},
        "trading": {"spread": -12.0, "drift": trading + 12.0},
        "perold": {"execution": trading, "opportunity": opportunity, "fees": fees},
        "shortfall": shortfall,
        "shortfall_bps": 1e4 * shortfall / (4_000 * 220.02),
        "parts_bps": {
            name: 1e4 * amount / (4_000 * 220.02)
            for name, amount in (
                ("delay", 0.0),
                ("spread", -12.0),
                ("drift", trading + 12.0),
                ("opportunity", opportunity),
                ("fees", fees),
            )
        },
        "market_lots": 50_000,
        "participation": executed / 50_000,
        "last_fill_ns": max((each.venue_ns for each in fills), default=None),
        "active_market_lots": 40_000 if fills else 0,
        "active_participation": executed / 40_000 if fills else math.nan,
        "passive_share": 2_000 / 3_500,
        "notes": ("No decision time was given, so delay is counted as zero.",),
    }
    return CostReport(**{**made, **changes})  # type: ignore[arg-type]


def quotes(count: int = 3_600, *, seed: int = 1) -> Quotes:
    """A random walk in ticks, a quote a second from 09:55, spread 1 to 6 ticks."""
    rng = np.random.default_rng(seed)
    time_ns = at("09:55") + np.arange(count, dtype=np.int64) * (70 * 60 * NS_PER_SECOND // count)
    bid = 22_000 + np.cumsum(rng.integers(-2, 3, count)) // 3
    ask = bid + rng.integers(1, 7, count)
    lots = np.full(count, 100, dtype=np.int64)
    return Quotes(time_ns=time_ns, bid_ticks=bid, bid_lots=lots, ask_ticks=ask, ask_lots=lots)


def trades(count: int = 900, *, seed: int = 2) -> Trades:
    """Prints between 09:55 and 11:05, busier at both ends."""
    rng = np.random.default_rng(seed)
    where = np.sort(rng.beta(0.7, 0.7, count))
    time_ns = at("09:55") + (where * 70 * 60 * NS_PER_SECOND).astype(np.int64)
    return Trades(
        time_ns=time_ns,
        price_ticks=22_000 + rng.integers(-5, 25, count),
        lots=rng.integers(1, 120, count),
        aggressor=rng.choice(np.array([-1, 1], dtype=np.int8), count),
        hidden=np.zeros(count, dtype=np.bool_),
        auction=np.zeros(count, dtype=np.bool_),
    )


def coin() -> Instrument:
    """A coin with an eight-decimal lot and a half-dollar tick."""
    return instrument(symbol="BTC-USD", venue="", tick_size=Decimal("0.5"), lot_size=Decimal("0.00000001"))
