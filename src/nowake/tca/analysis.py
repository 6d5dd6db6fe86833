"""The cost report of one order: its fills against every benchmark, and the shortfall in parts that sum.

Times are the venue's. Arrival and decision are the mids prevailing AT those instants, the mid a fill met is the one
just BEFORE it. Prices that need no quote fall back on prints and say so; what cannot be had is NaN with a note."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.domain.market import Quotes, Trades
from nowake.domain.order import ParentOrder
from nowake.tca.benchmarks import (
    Volume,
    closing_price,
    first_price,
    last_print,
    market_volume,
    prevailing_mid,
    prevailing_mids,
    twap_mid,
)
from nowake.tca.result import CostReport
from nowake.tca.shortfall import Parts, cost_bps, shortfall


class Activity(NamedTuple):
    """Lots the market traded in the whole window and until our last fill, ours included, and when that fill was."""

    window_lots: int
    active_lots: int
    last_fill_ns: int | None


def analyse(
    order: ParentOrder,
    fills: Sequence[Fill],
    quotes: Quotes,
    trades: Trades,
    *,
    decision_ns: int | None = None,
    fees: float = 0.0,
) -> CostReport:
    """What an order cost and why.

    Parameters
    ----------
    order, fills
        The parent and what of it traded.
    quotes, trades
        The market of the day; which of our fills its tape shows, and at which price, they say themselves.
    decision_ns
        When it was decided to trade; without it the decision price is the arrival price and there is no delay.
    fees
        Fees and commissions in currency, positive when paid, negative when earned.

    Raises
    ------
    BadParameter
        When fills exceed the order, fees are not finite, or the decision is after the order's start.
    """
    if not math.isfinite(fees):
        raise BadParameter(f"fees {fees} must be a finite number; give 0 where there are none")
    if decision_ns is not None and decision_ns > order.start_ns:
        raise BadParameter(f"decision at {decision_ns} is after the order's start at {order.start_ns}")
    notes: list[str] = []
    arrival = _arrival(order, quotes, trades, notes)
    if decision_ns is None:
        decision = arrival
        notes.append("No decision time was given: the decision price is the arrival price, so delay is nil.")
    else:
        decision = _price_at(quotes, trades, decision_ns, "decision", notes)
    executed = sum(fill.lots for fill in fills)
    end = _price_at(quotes, trades, order.end_ns, "end of window", notes if executed < order.lots else [])
    parts = shortfall(
        order.side,
        order.lots,
        [(fill.lots, fill.price_ticks) for fill in fills],
        decision_ticks=decision,
        arrival_ticks=arrival,
        end_ticks=end,
    )
    volume, others = market_volume(trades, fills, order.start_ns, order.end_ns)
    benchmarks = {
        "decision": decision,
        "arrival": arrival,
        **_interval(order, quotes, (volume, others), notes),
        "close": _close(order, trades, notes),
    }
    _note_fills(order, fills, trades, notes)
    trading = _trading(order, fills, quotes, parts, notes)
    activity = _activity(order, fills, trades, volume)
    return _report(
        order, fills, parts, benchmarks=benchmarks, trading=trading, fees=fees, activity=activity, notes=notes
    )


def _report(
    order: ParentOrder,
    fills: Sequence[Fill],
    parts: Parts,
    *,
    benchmarks: dict[str, float],
    trading: dict[str, float],
    fees: float,
    activity: Activity,
    notes: list[str],
) -> CostReport:
    """Everything in currency, in one record."""
    instrument = order.instrument
    executed = sum(fill.lots for fill in fills)
    average_ticks = sum(fill.lots * fill.price_ticks for fill in fills) / executed if executed else math.nan
    paper = order.lots * benchmarks["decision"]
    parts_bps = _parts_bps(order, parts, trading, fees=fees, benchmarks=benchmarks)
    total_bps = parts.total / paper * 1e4 + parts_bps["fees"] if paper > 0 else math.nan
    if instrument.no_value_because:
        notes.append(instrument.no_value_because)
    makers = sum(fill.lots for fill in fills if fill.liquidity is Liquidity.MAKER)
    return CostReport(
        order=order,
        executed_lots=executed,
        residual_lots=order.lots - executed,
        average_price=instrument.price(average_ticks),
        benchmarks={name: instrument.price(ticks) for name, ticks in benchmarks.items()},
        cost_bps={name: cost_bps(order.side, average_ticks, ticks) for name, ticks in benchmarks.items()},
        wagner={
            "delay": instrument.value(parts.delay),
            "trading": instrument.value(parts.trading),
            "opportunity": instrument.value(parts.opportunity),
            "fees": fees,
        },
        trading={name: instrument.value(amount) for name, amount in trading.items()},
        perold={
            "execution": instrument.value(parts.execution),
            "opportunity": instrument.value(parts.perold_opportunity),
            "fees": fees,
        },
        shortfall=instrument.value(parts.total) + fees,
        shortfall_bps=total_bps,
        parts_bps=parts_bps,
        market_lots=activity.window_lots,
        participation=executed / activity.window_lots if activity.window_lots > 0 else math.nan,
        last_fill_ns=activity.last_fill_ns,
        active_market_lots=activity.active_lots,
        active_participation=executed / activity.active_lots if activity.active_lots > 0 else math.nan,
        passive_share=makers / executed if executed else math.nan,
        notes=tuple(notes),
    )


def _parts_bps(
    order: ParentOrder, parts: Parts, trading: dict[str, float], *, fees: float, benchmarks: dict[str, float]
) -> dict[str, float]:
    """Parts of the shortfall in basis points of the paper value: ticks times lots of both, so no multiplier is needed.

    Fees are money, so of an instrument without a multiplier only no fees at all have basis points.
    """
    price = benchmarks["arrival"] if math.isnan(benchmarks["decision"]) else benchmarks["decision"]
    paper = abs(order.lots * price)
    amounts = {"delay": parts.delay, **trading, "opportunity": parts.opportunity}
    in_bps = {name: amount / paper * 1e4 if paper > 0 else math.nan for name, amount in amounts.items()}
    fees_bps = fees / order.instrument.value(paper) * 1e4 if paper > 0 else math.nan
    return {**in_bps, "fees": fees_bps if fees else 0.0}


def _activity(order: ParentOrder, fills: Sequence[Fill], trades: Trades, window: Volume) -> Activity:
    if not fills:
        return Activity(window.lots, 0, None)
    last_ns = max(fill.venue_ns for fill in fills)
    active, _ = market_volume(trades, fills, order.start_ns, last_ns)
    return Activity(window.lots, active.lots, last_ns)


def _arrival(order: ParentOrder, quotes: Quotes, trades: Trades, notes: list[str]) -> float:
    """Price at the order's start; where nothing was seen by then, the first thing seen in its window, with a note."""
    unseen: list[str] = []
    price = _price_at(quotes, trades, order.start_ns, "arrival", unseen)
    first = None if math.isfinite(price) else first_price(quotes, trades, order.start_ns, order.end_ns)
    if first is None:
        notes += unseen
        return price
    at = order.instrument.session.clock(first.time_ns, fraction=True)
    notes.append(f"No quote and no print by arrival: the first {first.what} after it, of {at}, is used.")
    return first.price_ticks


def _price_at(quotes: Quotes, trades: Trades, time_ns: int, what: str, notes: list[str]) -> float:
    """Mid prevailing at an instant, else the last print by then with a note, else NaN with a note."""
    mid = prevailing_mid(quotes, time_ns)
    if math.isfinite(mid):
        return mid
    price = last_print(trades, time_ns)
    if math.isfinite(price):
        notes.append(f"No two-sided quote stood at {what}: the last print before it is used.")
    else:
        notes.append(f"No quote and no print by {what}: its price is unknown.")
    return price


def _interval(order: ParentOrder, quotes: Quotes, volumes: tuple[Volume, Volume], notes: list[str]) -> dict[str, float]:
    """VWAP with and without our volume, and TWAP of the mid, from start to end of the window."""
    volume, others = volumes
    if volume.lots == 0:
        notes.append("Nothing printed between start and end: the interval has no VWAP.")
    elif others.lots <= 0:
        notes.append("Take our own fills away and nothing is left on the tape: the VWAP without us is unknown.")
    twap, covered = twap_mid(quotes, order.start_ns, order.end_ns)
    if covered < 0.99:
        notes.append(f"Two-sided quotes stood for {covered:.0%} of the window: the TWAP averages over that.")
    return {"interval_vwap": volume.vwap_ticks, "interval_vwap_ex_own": others.vwap_ticks, "interval_twap": twap}


def _close(order: ParentOrder, trades: Trades, notes: list[str]) -> float:
    session = order.instrument.session
    close = closing_price(trades, session)
    if math.isnan(close.price_ticks):
        notes.append("Nothing printed in the session: the close is unknown.")
    elif not close.auction:
        at = session.clock(close.time_ns)
        notes.append(f"The tape has no closing auction: the close is the last print of the session, of {at}.")
    return close.price_ticks


def _trading(
    order: ParentOrder, fills: Sequence[Fill], quotes: Quotes, parts: Parts, notes: list[str]
) -> dict[str, float]:
    """The trading part in two, in ticks times lots: spread against the mid each fill met, and how far that mid had
    gone from arrival."""
    if not fills:
        return {"spread": 0.0, "drift": 0.0}
    mids = prevailing_mids(quotes, np.array([fill.venue_ns for fill in fills], dtype=np.int64), strictly_before=True)
    blind = int(np.isnan(mids).sum())
    if blind:
        notes.append(f"{blind} of {len(fills)} fills met no two-sided quote: spread and drift are unknown.")
        return {"spread": math.nan, "drift": math.nan}
    halves = [round(2 * mid) for mid in mids.tolist()]
    paid = order.side * sum(fill.lots * (2 * fill.price_ticks - mid) for fill, mid in zip(fills, halves, strict=True))
    return {"spread": paid / 2, "drift": parts.trading - paid / 2}


def _note_fills(order: ParentOrder, fills: Sequence[Fill], trades: Trades, notes: list[str]) -> None:
    outside = sum(not order.start_ns <= fill.venue_ns <= order.end_ns for fill in fills)
    if outside:
        notes.append(f"{outside} of {len(fills)} fills lie outside the window: interval volume leaves them out.")
    window = (trades.time_ns >= order.start_ns) & (trades.time_ns <= order.end_ns)
    auctions = int(trades.lots[window & trades.auction].sum())
    if auctions:
        notes.append(f"{auctions:,} lots of auction prints in the window are left out of its volume and VWAP.")
