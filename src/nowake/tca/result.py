"""The result of a cost analysis: one record, parts that sum to the whole, cost positive when bad."""

from __future__ import annotations

import msgspec

from nowake.domain.order import ParentOrder


class CostReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one parent order cost and why.

    Parameters
    ----------
    order
        The parent.
    executed_lots, residual_lots
        They sum to the parent's lots.
    average_price
        Currency; NaN when nothing was executed.
    benchmarks
        Name -> price in currency (NaN where it cannot be computed): decision, arrival, interval_vwap (own
        volume in), interval_vwap_ex_own, interval_twap, close.
    cost_bps
        Same names -> side * (average - benchmark) / benchmark * 1e4.
    wagner
        delay, trading, opportunity, fees, in currency; they sum to `shortfall` to 1e-9 relative.
    trading
        The trading part split further: spread (paid or earned against the mid prevailing at each fill) and
        drift (mid at each fill against arrival), in currency; they sum to wagner["trading"].
    perold
        execution, opportunity, fees, in currency; they sum to `shortfall` as well.
    shortfall
        Implementation shortfall in currency (Perold 1988).
    shortfall_bps
        The same in basis points of the paper value, lots * decision price.
    parts_bps
        delay, spread, drift, opportunity, fees in basis points of the paper value (at arrival where no decision price
        is known); they sum to `shortfall_bps`. Amounts in currency are NaN for an instrument without a multiplier,
        these are not.
    market_lots
        Prints between start and end (arrival to end of the window), ours included.
    participation
        executed_lots / market_lots: our share of the whole window. Two runs that complete have nearly the same.
    last_fill_ns
        When the last lot traded, by the venue's clock; None without fills.
    active_market_lots
        Prints between the start and the last fill, ours included.
    active_participation
        executed_lots / active_market_lots: our share while we traded, what others could notice; NaN without fills.
    passive_share
        Share of executed lots that added liquidity.
    notes
        What could not be computed and why, one sentence each.
    """

    order: ParentOrder
    executed_lots: int
    residual_lots: int
    average_price: float
    benchmarks: dict[str, float]
    cost_bps: dict[str, float]
    wagner: dict[str, float]
    trading: dict[str, float]
    perold: dict[str, float]
    shortfall: float
    shortfall_bps: float
    parts_bps: dict[str, float]
    market_lots: int
    participation: float
    last_fill_ns: int | None
    active_market_lots: int
    active_participation: float
    passive_share: float
    notes: tuple[str, ...] = ()
