"""The trade list of a plan as CSV: a row a symbol and bucket, for whatever works it elsewhere."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND
from nowake.schedules.portfolio import BasketPlan
from nowake.schedules.schedule import Schedule


class Trade(NamedTuple):
    """One row: what to trade between two instants, told in the venue's time with its offset.

    `left` is what is left of the line after it, in shares; quantities are exact decimals.
    """

    symbol: str
    side: str
    start: str
    end: str
    lots: int
    quantity: str
    left: str


def trades_of_schedule(schedule: Schedule) -> list[Trade]:
    """Every bucket of a schedule, those without a trade too."""
    order, instrument = schedule.order, schedule.order.instrument
    rows, left = [], order.lots
    for start_ns, end_ns, lots in zip(schedule.times_ns, schedule.times_ns[1:], schedule.lots, strict=False):
        left -= lots
        rows.append(
            Trade(
                symbol=instrument.symbol,
                side=order.side.name.lower(),
                start=instant(start_ns, instrument.session),
                end=instant(end_ns, instrument.session),
                lots=lots,
                quantity=f"{lots * instrument.lot_size:f}",
                left=f"{left * instrument.lot_size:f}",
            )
        )
    return rows


def trades_of_basket(plan: BasketPlan) -> list[Trade]:
    """Every trade of every line; without a session times are in sessions from the basket's start."""
    if all(line.order is not None for line in plan.basket.lines):
        return [trade for schedule in plan.schedules for trade in trades_of_schedule(schedule) if trade.lots]
    times, rows = plan.times_days, []
    for place, line in enumerate(plan.basket.lines):
        size, left = Decimal(str(line.lot_size)), line.lots
        for bucket, lots in enumerate(plan.lots[:, place].tolist()):
            left -= lots
            if lots:
                start, end = plan.timeline.starts_days[bucket], times[bucket + 1]
                quantity, rest = f"{lots * size:f}", f"{left * size:f}"
                side = line.side.name.lower()
                rows.append(Trade(line.symbol, side, f"{start:.6g}", f"{end:.6g}", lots, quantity, rest))
    return rows


def write_trades(path: str, rows: Iterable[Trade]) -> None:
    """Write rows under a header, whole: a file of the same name is replaced."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(trades_text(rows))


def trades_text(rows: Iterable[Trade]) -> str:
    """Rows under a header as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Trade._fields)
    writer.writerows(rows)
    return text.getvalue()


def instant(time_ns: int, session: Session) -> str:
    """An instant as ISO 8601 in the session's time zone, with decimals of a second only where there are any."""
    seconds, rest = divmod(time_ns, NS_PER_SECOND)
    local = dt.datetime.fromtimestamp(seconds, ZoneInfo(session.timezone)).isoformat()
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{local[:19]}{fraction}{local[19:]}"
