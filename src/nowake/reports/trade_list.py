"""The trade list of a plan as CSV: a row a symbol and bucket, for whatever works it elsewhere."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND
from nowake.schedules.portfolio import BasketPlan
from nowake.schedules.portfolio.timeline import available
from nowake.schedules.schedule import Schedule

_ROUNDING = 1e-12


class Trade(NamedTuple):
    """One row: what to trade between two instants, told in the venue's time with its offset.

    `left` is what is left of the line after it, in shares; quantities are exact decimals. `auction` names the one it is
    meant for, whose last nanosecond it then has; it is empty where trading is continuous.
    """

    symbol: str
    side: str
    start: str
    end: str
    lots: int
    quantity: str
    left: str
    auction: str = ""


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
    """Every trade of every line.

    Without a session times are in sessions from the basket's start; with one those beyond it are, and say so.
    """
    names = plan.timeline.names
    if all(line.order is not None for line in plan.basket.lines):
        return [
            trade._replace(auction=names[bucket])
            for schedule, line in zip(plan.schedules, plan.basket.lines, strict=True)
            # A schedule has the buckets in which its line may trade.
            for trade, bucket in zip(
                trades_of_schedule(schedule), np.flatnonzero(available(plan.timeline, (line,))), strict=False
            )
            if trade.lots
        ]
    sessions = [line.order.instrument.session for line in plan.basket.lines if line.order is not None]
    session = sessions[0] if sessions else None
    times, rows = plan.times_days, []
    for place, line in enumerate(plan.basket.lines):
        size, left = Decimal(f"{line.lot_size!r}".removesuffix(".0")), line.lots
        for bucket, lots in enumerate(plan.lots[:, place].tolist()):
            left -= lots
            if lots:
                # An auction begins when it ends, at the close maybe.
                start = _moment(plan, float(plan.timeline.starts_days[bucket]), session, ends=bool(names[bucket]))
                end = _moment(plan, float(times[bucket + 1]), session, ends=True)
                quantity, rest = f"{lots * size:f}", f"{left * size:f}"
                side = line.side.name.lower()
                rows.append(Trade(line.symbol, side, start, end, lots, quantity, rest, names[bucket]))
    return rows


def _moment(plan: BasketPlan, days: float, session: Session | None, *, ends: bool) -> str:
    """Sessions from a basket's start as an instant where they lie in its session."""
    if session is None:
        return f"{days:.6g}"
    part = plan.basket.offset_days + days
    if part > 1 + _ROUNDING if ends else part >= 1 - _ROUNDING:
        return f"{days:.6g} sessions from the start"
    return instant(session.open_ns + round(part * (session.close_ns - session.open_ns)), session)


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
