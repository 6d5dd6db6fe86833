"""Small literal orders and instruments for tests; nothing here touches a disk or a calendar."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.instrument import Instrument, Session
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND, epoch_ns

OPEN_NS = epoch_ns(dt.datetime(2026, 1, 5, 14, 30, tzinfo=dt.UTC))
CLOSE_NS = OPEN_NS + 23_400 * NS_PER_SECOND
SESSION = Session(date=dt.date(2026, 1, 5), timezone="America/New_York", open_ns=OPEN_NS, close_ns=CLOSE_NS)


def instrument(**changes: Any) -> Instrument:
    fields: dict[str, Any] = {"symbol": "TEST", "venue": "XTST", "session": SESSION}
    if "lot_size" in changes:
        changes["lot_size"] = Decimal(str(changes["lot_size"]))
    return Instrument(**(fields | changes))


def parent(
    lots: int = 1_000, *, side: Side = Side.BUY, seconds: int = 600, limit_ticks: int | None = None
) -> ParentOrder:
    return ParentOrder(
        instrument=instrument(),
        side=side,
        lots=lots,
        start_ns=OPEN_NS + 60 * NS_PER_SECOND,
        end_ns=OPEN_NS + (60 + seconds) * NS_PER_SECOND,
        limit_ticks=limit_ticks,
    )


def book(bid: int = 9_999, ask: int = 10_001, lots: int = 100) -> BookSnapshot:
    return BookSnapshot((Level(bid, lots),), (Level(ask, lots),))
