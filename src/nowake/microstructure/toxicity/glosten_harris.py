"""What a trade moves for good and what comes back, growing with its size (Glosten & Harris 1988, "Estimating the
components of the bid/ask spread", Journal of Financial Economics 21, equation 5).

    P_t - P_{t-1} = c0 (Q_t - Q_{t-1}) + c1 (Q_t V_t - Q_{t-1} V_{t-1}) + z0 Q_t + z1 Q_t V_t + u_t

Q is +1 for a buy and -1 for a sell, V its size. The half-spread of a trade of V is C + Z: Z = z0 + z1 V stays, which is
adverse selection, and C = c0 + c1 V comes back. Shares of the half-spread at one size sum to 1 and are never clamped:
one outside [0, 1] says that the model does not hold. Prices are those of trades, in ticks, sizes in lots; sides must be
known. Errors are Newey-West's, those of shares by the delta method.

Wrong where: signs follow each other (orders in slices), for then part of what a trade moves was expected, and Z is too
small (see `huang_stoll` and `madhavan`); the tick is wide beside the spread, for rounding bounces like C; sides are
guessed by the tick test, which makes them of the price change itself."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.market import Trades
from nowake.microstructure.toxicity.chain import (
    Ints,
    Order,
    OrderChain,
    Orders,
    Sums,
    linked,
    orders_of,
    product,
    solve,
    sums_of,
)
from nowake.microstructure.toxicity.moments import Floats, Stacked, check_half_spread, ratio
from nowake.statistics.measurement import Measurement, check_level

MIN_ROWS = 100
_STEP, _SIDE, _SIDE_BEFORE, _SIGNED, _SIGNED_BEFORE, _LOTS, _ONE = range(7)
_COLUMNS = 7
_EXPLAIN = (_SIDE, _SIDE_BEFORE, _SIGNED, _SIGNED_BEFORE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GlostenHarris:
    """The components.

    Parameters
    ----------
    c0_ticks, z0_ticks
        What comes back and what stays, whatever the size.
    c1_ticks_per_lot, z1_ticks_per_lot
        The same for each lot; None where the model was fitted without sizes.
    at_lots
        The size at which what follows is told: by default the mean.
    half_spread_ticks
        C + Z: what a trade of that size pays beside the efficient price.
    transitory_share, adverse_share
        C and Z as shares of it; they sum to 1.
    rows, lags
        Pairs of orders fitted to, and rows that noise may remember.
    unsigned
        Orders without a side, which broke the chain.
    """

    c0_ticks: Measurement
    c1_ticks_per_lot: Measurement | None
    z0_ticks: Measurement
    z1_ticks_per_lot: Measurement | None
    at_lots: float
    half_spread_ticks: Measurement
    transitory_share: Measurement
    adverse_share: Measurement
    rows: int
    lags: int
    unsigned: int

    @property
    def sensible(self) -> bool:
        """Whether both shares are in [0, 1]."""
        return 0 <= self.adverse_share.value <= 1


def glosten_harris(
    trades: Trades,
    *,
    by_size: bool = True,
    at_lots: float | None = None,
    merge: bool = True,
    level: float = 0.95,
    lags: int | None = None,
    least: int = MIN_ROWS,
) -> GlostenHarris:
    """Components of the spread from prices, sizes and sides of trades.

    Parameters
    ----------
    by_size
        Whether c1 and z1 are fitted, or taken as 0.
    at_lots
        Size at which shares are told; by default the mean of the orders.
    merge
        Whether prints of one stamp and one side are one order.
    lags
        Rows that noise may remember; by default the rule of thumb.
    least
        Pairs of orders below which it refuses.

    Raises
    ------
    BadParameter
        When `at_lots` is not above 0.
    BadData
        When a print has less than one lot.
    Unidentified
        When there are too few pairs, sides or sizes or prices never change, or the half-spread is not surely above 0.
    """
    check_level(level)
    _check_size(at_lots)
    orders = orders_of(trades, merge=merge)
    columns = _columns(orders)
    rows, sums = len(columns[_STEP]), sums_of(columns)
    if rows < least:
        raise Unidentified(f"{rows} pairs of orders with sides are fewer than {least}; look at a longer time")
    if not columns[_STEP].any():
        raise Unidentified(f"the price never changed over {rows:,} pairs of orders; look at a longer time")
    found = _fit(sums, by_size=by_size)
    if found is None:
        raise Unidentified(
            f"sides{' or sizes' if by_size else ''} hardly change over {rows:,} pairs of orders; "
            f"are the sides right?{' by_size=False takes sizes out' if by_size else ''}"
        )
    design = np.column_stack([columns[at] for at in _EXPLAIN[: len(found)]]).astype(np.float64)
    stacked = Stacked([(design, columns[_STEP] - design @ found)], level=level, lags=lags)
    size = _mean_lots(sums) if at_lots is None else at_lots
    return _result(found, stacked, at_lots=size, unsigned=int((orders.side == 0).sum()))


def glosten_harris_share(
    trades: Trades, *, by_size: bool = True, at_lots: float | None = None, merge: bool = True, least: int = MIN_ROWS
) -> float:
    """The share that stays, without its interval; NaN where it cannot be known. Parameters as for `glosten_harris`."""
    _check_size(at_lots)
    sums = sums_of(_columns(orders_of(trades, merge=merge)))
    return _share(sums, by_size=by_size, at_lots=at_lots, least=least)


class GlostenHarrisGauge(OrderChain):
    """The share that stays, print by print: `glosten_harris_share`, to the last digit, for its sums are whole numbers.

    Parameters and errors as for `glosten_harris`; NaN until `least` pairs, and where the half-spread is not above 0.
    """

    def __init__(
        self, *, by_size: bool = True, at_lots: float | None = None, merge: bool = True, least: int = MIN_ROWS
    ) -> None:
        _check_size(at_lots)
        super().__init__(_COLUMNS, merge=merge)
        self.by_size, self.at_lots, self.least = by_size, at_lots, least

    @property
    def value(self) -> float:
        """Adverse selection as a share of the half-spread."""
        sums, _ = self._counted()
        return _share(sums, by_size=self.by_size, at_lots=self.at_lots, least=self.least)

    def _row(self, before: Order, now: Order) -> tuple[int, ...]:
        step = now.price_ticks - before.price_ticks
        return step, now.side, before.side, now.side * now.lots, before.side * before.lots, now.lots, 1


def _columns(orders: Orders) -> tuple[Ints, ...]:
    """The change of price, sides, signed sizes, size and 1, of each pair: int64[n] each."""
    at = linked(orders.side)
    signed = orders.side * orders.lots
    step = orders.price_ticks[at] - orders.price_ticks[at - 1]
    pairs = orders.side[at], orders.side[at - 1], signed[at], signed[at - 1]
    return step, *pairs, orders.lots[at], np.ones(len(at), np.int64)


def _fit(sums: Sums, *, by_size: bool) -> Floats | None:
    """Coefficients of Q, Q before and, by size, QV and QV before: c0 + z0, -c0, c1 + z1, -c1."""
    return solve(sums, _COLUMNS, _EXPLAIN if by_size else _EXPLAIN[:2], _STEP)


def _share(sums: Sums, *, by_size: bool, at_lots: float | None, least: int) -> float:
    found = _fit(sums, by_size=by_size) if _rows(sums) >= least else None
    if found is None:
        return math.nan
    lots = _mean_lots(sums) if at_lots is None else at_lots
    stays, half = _stays(len(found), lots) @ found, _half(len(found), lots) @ found
    return float(stays / half) if half > 0 else math.nan


def _half(count: int, lots: float) -> Floats:
    """What makes C + Z of the coefficients."""
    return np.array([1.0, 0.0, lots, 0.0])[:count]


def _stays(count: int, lots: float) -> Floats:
    """What makes Z of the coefficients."""
    return np.array([1.0, 1.0, lots, lots])[:count]


def _result(found: Floats, stacked: Stacked, *, at_lots: float, unsigned: int) -> GlostenHarris:
    count = len(found)
    of_half, of_stays = _half(count, at_lots), _stays(count, at_lots)
    half = stacked.figure(float(of_half @ found), of_half)
    check_half_spread(half)
    adverse, slope = ratio(float(of_stays @ found), half.value, of_stays, of_half)
    rows = {"c0": (0, -1, 0, 0), "z0": (1, 1, 0, 0), "c1": (0, 0, 0, -1), "z1": (0, 0, 1, 1)}
    parts = {
        name: stacked.figure(float(np.array(row[:count]) @ found), row[:count])
        for name, row in rows.items()
        if any(row[:count])
    }
    return GlostenHarris(
        c0_ticks=parts["c0"],
        c1_ticks_per_lot=parts.get("c1"),
        z0_ticks=parts["z0"],
        z1_ticks_per_lot=parts.get("z1"),
        at_lots=at_lots,
        half_spread_ticks=half,
        transitory_share=stacked.figure(1 - adverse, -slope),
        adverse_share=stacked.figure(adverse, slope),
        rows=stacked.rows,
        lags=stacked.lags,
        unsigned=unsigned,
    )


def _mean_lots(sums: Sums) -> float:
    return product(sums, _COLUMNS, _LOTS, _ONE) / _rows(sums)


def _rows(sums: Sums) -> int:
    return product(sums, _COLUMNS, _ONE, _ONE)


def _check_size(at_lots: float | None) -> None:
    if at_lots is not None and not 0 < at_lots < math.inf:
        raise BadParameter(f"at_lots {at_lots} must be above 0 and finite")
