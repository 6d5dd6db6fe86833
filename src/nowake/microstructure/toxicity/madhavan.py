"""What was new in a trade moves the price for good, after Madhavan, Richardson & Roomans 1997 ("Why do security prices
change? A transaction-level analysis of NYSE stocks", Review of Financial Studies 10, equations 3 and 4).

    p_t - p_{t-1} = a + (phi + theta) x_t - (phi + rho theta) x_{t-1} + u_t,    rho = E[x_t x_{t-1}] / E[x^2]

x is +1 for a buy and -1 for a sell. theta is adverse selection per unit of surprise, phi what a trade pays the one who
stands, rho the memory of signs; the half-spread is phi + theta, and the adverse share theta of it. Four moment
conditions for four parameters; errors are Newey-West's and joint. Their fifth condition, how often trades happen
between the quotes, is left out: a trade without a side breaks the chain.

With rho = 0 this is `glosten_harris` without sizes. Wrong where: sides remember longer than one order, as they do where
large orders come in slices. rho is then large, theta is divided by the little that one lag leaves unexpected, and the
adverse share passes 1, which `sensible` tells (Amazon of 2012: 1.13; Glosten & Harris find 0.43); and as there."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nowake.domain.errors import Unidentified
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
from nowake.microstructure.toxicity.moments import Stacked, check_half_spread, ratio
from nowake.statistics.measurement import Measurement, check_level

MIN_ROWS = 100
_STEP, _SIDE, _BEFORE, _ONE = range(4)
_COLUMNS = 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Madhavan:
    """The components.

    Parameters
    ----------
    theta_ticks, phi_ticks
        Adverse selection, and what is paid to the one who stands.
    rho
        First autocorrelation of sides.
    half_spread_ticks
        phi + theta.
    adverse_share, processing_share
        Shares of the half-spread; they sum to 1.
    rows, lags
        Pairs of orders fitted to, and rows that noise may remember.
    unsigned
        Orders without a side, which broke the chain.
    """

    theta_ticks: Measurement
    phi_ticks: Measurement
    rho: Measurement
    half_spread_ticks: Measurement
    adverse_share: Measurement
    processing_share: Measurement
    rows: int
    lags: int
    unsigned: int

    @property
    def sensible(self) -> bool:
        """Whether both shares are in [0, 1]."""
        return 0 <= self.adverse_share.value <= 1


def madhavan(
    trades: Trades, *, merge: bool = True, level: float = 0.95, lags: int | None = None, least: int = MIN_ROWS
) -> Madhavan:
    """Components of the spread from prices and sides of trades. Parameters and errors as for `glosten_harris`."""
    check_level(level)
    orders = orders_of(trades, merge=merge)
    step, side, before, one = _columns(orders)
    if len(step) < least:
        raise Unidentified(f"{len(step)} pairs of orders with sides are fewer than {least}; look at a longer time")
    if not step.any():
        raise Unidentified(f"the price never changed over {len(step):,} pairs of orders; look at a longer time")
    found = _fit(sums_of((step, side, before, one)))
    if found is None:
        raise Unidentified(f"sides hardly change over {len(step):,} pairs of orders; are they right?")
    a, b, mean, rho = found
    design = np.column_stack((side, before, one)).astype(np.float64)
    follow = before[:, None].astype(np.float64)
    systems = [(design, step - design @ np.array([a, b, mean])), (follow, side - rho * follow[:, 0])]
    stacked = Stacked(systems, level=level, lags=lags)
    half = stacked.figure(a, (1, 0, 0, 0))
    check_half_spread(half)
    theta, of_theta = ratio(a + b, 1 - rho, (1, 1, 0, 0), (0, 0, 0, -1))
    share, of_share = ratio(theta, a, of_theta, (1, 0, 0, 0))
    of_phi = np.array([1.0, 0.0, 0.0, 0.0]) - of_theta
    return Madhavan(
        theta_ticks=stacked.figure(theta, of_theta),
        phi_ticks=stacked.figure(a - theta, of_phi),
        rho=stacked.figure(rho, (0, 0, 0, 1)),
        half_spread_ticks=half,
        adverse_share=stacked.figure(share, of_share),
        processing_share=stacked.figure(1 - share, -of_share),
        rows=len(step),
        lags=stacked.lags,
        unsigned=int((orders.side == 0).sum()),
    )


def madhavan_share(trades: Trades, *, merge: bool = True, least: int = MIN_ROWS) -> float:
    """The adverse share without its interval; NaN where it cannot be known."""
    return _share(sums_of(_columns(orders_of(trades, merge=merge))), least=least)


class MadhavanGauge(OrderChain):
    """The adverse share, print by print: `madhavan_share`, to the last digit, for its sums are whole numbers.

    Parameters and errors as for `glosten_harris`; NaN until `least` pairs, and where the half-spread is not above 0.
    """

    def __init__(self, *, merge: bool = True, least: int = MIN_ROWS) -> None:
        super().__init__(_COLUMNS, merge=merge)
        self.least = least

    @property
    def value(self) -> float:
        """Adverse selection as a share of the half-spread."""
        return _share(self._counted()[0], least=self.least)

    def _row(self, before: Order, now: Order) -> tuple[int, ...]:
        return now.price_ticks - before.price_ticks, now.side, before.side, 1


def _columns(orders: Orders) -> tuple[Ints, ...]:
    """The change of price, the two sides and 1, of each pair: int64[n] each."""
    at = linked(orders.side)
    step = orders.price_ticks[at] - orders.price_ticks[at - 1]
    return step, orders.side[at], orders.side[at - 1], np.ones(len(at), np.int64)


def _fit(sums: Sums) -> tuple[float, float, float, float] | None:
    """phi + theta, -(phi + rho theta), the mean, rho."""
    found = solve(sums, _COLUMNS, (_SIDE, _BEFORE, _ONE), _STEP)
    if found is None:
        return None
    a, b, mean = found.tolist()
    return a, b, mean, product(sums, _COLUMNS, _SIDE, _BEFORE) / product(sums, _COLUMNS, _BEFORE, _BEFORE)


def _share(sums: Sums, *, least: int) -> float:
    found = _fit(sums) if product(sums, _COLUMNS, _ONE, _ONE) >= least else None
    if found is None or found[0] <= 0:
        return math.nan
    a, b, _, rho = found
    return (a + b) / (1 - rho) / a
