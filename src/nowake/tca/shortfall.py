"""Implementation shortfall: what the order cost against the paper portfolio that traded all of it at the decision.

    Perold 1988 ("The implementation shortfall: paper versus reality", Journal of Portfolio Management 14, 3):
        IS = s [sum q_j p_j - Q P_d]  +  s (S - Q)(P_n - P_d)  +  fees
             execution                   opportunity
    Wagner & Edwards 1993, expanded ("Best execution", Financial Analysts Journal 49, 1):
        IS = s S (P_0 - P_d)  +  s [sum q_j p_j - Q P_0]  +  s (S - Q)(P_n - P_0)  +  fees
             delay               trading                     opportunity

Two ways to cut one number: they agree exactly, for sums are kept in whole half-ticks times lots (a mid is a whole
number of half-ticks). P_n is the mid at the end of the window. The CFA Institute's variant charges delay on executed
shares only and opportunity from P_d: same total, other parts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side


class Parts(NamedTuple):
    """Perold's and Wagner's parts in ticks times lots, positive when bad, fees apart; NaN where a price is."""

    execution: float
    perold_opportunity: float
    delay: float
    trading: float
    opportunity: float
    total: float


def shortfall(
    side: Side,
    order_lots: int,
    fills: Iterable[tuple[int, int]],
    *,
    decision_ticks: float,
    arrival_ticks: float,
    end_ticks: float,
) -> Parts:
    """Both decompositions of one order's shortfall.

    Parameters
    ----------
    side, order_lots
        The parent.
    fills
        (lots, price in ticks) of each fill.
    decision_ticks, arrival_ticks, end_ticks
        P_d, P_0 and P_n: mids or prints, so whole or half ticks; NaN for unknown. P_n is not needed when nothing is
        left.

    Raises
    ------
    BadParameter
        When fills exceed the order, or a price is not a whole number of half-ticks.
    """
    pairs = list(fills)
    executed = sum(lots for lots, _ in pairs)
    residual = order_lots - executed
    if residual < 0 or any(lots <= 0 for lots, _ in pairs):
        raise BadParameter(f"fills of {executed} lots do not fit an order of {order_lots}; each must be above 0")
    paid = 2 * sum(lots * price for lots, price in pairs)
    decision, arrival, end = (_half_ticks(price) for price in (decision_ticks, arrival_ticks, end_ticks))
    cost = {
        "execution": _times(side, paid, executed, decision),
        "perold_opportunity": _move(side, residual, decision, end),
        "delay": _move(side, order_lots, decision, arrival),
        "trading": _times(side, paid, executed, arrival),
        "opportunity": _move(side, residual, arrival, end),
    }
    execution, missed = cost["execution"], cost["perold_opportunity"]
    total = None if execution is None or missed is None else execution + missed
    return Parts(*(math.nan if value is None else value / 2 for value in (*cost.values(), total)))


def cost_bps(side: Side, average: float, benchmark: float) -> float:
    """side * (average - benchmark) / benchmark * 1e4; NaN where either is, or the benchmark is not positive."""
    return side * (average - benchmark) / benchmark * 1e4 if benchmark > 0 else math.nan


def _half_ticks(price_ticks: float) -> int | None:
    if math.isnan(price_ticks):
        return None
    halves = round(2 * price_ticks)
    if halves != 2 * price_ticks:
        raise BadParameter(f"price of {price_ticks} ticks is not a whole number of half-ticks; give a mid or a print")
    return halves


def _times(side: Side, paid: int, lots: int, benchmark: int | None) -> int | None:
    """s (paid - lots * benchmark), in half-ticks times lots; nothing done costs nothing whatever the benchmark."""
    if lots == 0:
        return 0
    return None if benchmark is None else side * (paid - lots * benchmark)


def _move(side: Side, lots: int, start: int | None, end: int | None) -> int | None:
    """s lots (end - start), in half-ticks times lots."""
    if lots == 0:
        return 0
    return None if start is None or end is None else side * lots * (end - start)
