"""Every line traded evenly through its own window: the plan others are held against.

The least expected cost of a basket whose lines do not care about risk, where impact is linear and volume runs as the
curve says. It knows no limit, no auction and no other line; what it breaks of the limits is noted."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import SHOWN, Basket
from nowake.schedules.portfolio.build import caps
from nowake.schedules.portfolio.costing import Costing, Setting
from nowake.schedules.portfolio.exposures import exposures_of
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.plan import BasketPlan
from nowake.schedules.portfolio.whole_lots import plan_of


class EvenBasket(Setting, frozen=True, kw_only=True, eq=False):
    """Policy: TWAP of each line, or VWAP where a curve is given.

    Parameters
    ----------
    risk_aversion
        Weighs risk in the objective shown; the plan does not depend on it.
    limits
        Whose caps and bands are looked at, and not kept; the smallest trade is.

    Others as for `Setting`.
    """

    risk_aversion: float = 0.0
    limits: Limits = Limits()

    def plan(self, basket: Basket) -> BasketPlan:
        """Lots in proportion to time, or to the curve's volume; errors as for `Setting.costing`."""
        costs = self.costing(basket)
        trades = even_trades(basket, costs)
        return plan_of(
            "Even basket",
            basket,
            costs,
            trades,
            limits=self.limits,
            largest=uncapped(costs),
            exposures=exposures_of(basket, costs, self.limits),
            risk_aversion=self.risk_aversion,
            inputs={"exponent": self.exponent},
            notes=over_caps(basket, costs, trades, self.limits),
        )


def even_trades(basket: Basket, costs: Costing) -> Floats:
    """(T, N) signed units in proportion to the continuous volume expected in each line's window."""
    volume = np.where(costs.timeline.is_auction[:, None], 0.0, costs.volume)
    return np.asarray(basket.quantities * volume / volume.sum(axis=0))


def uncapped(costs: Costing) -> Floats:
    """(T, N) largest trades in units where no cap is kept: any, but for lines that may not trade."""
    return np.where(costs.tradable, np.inf, 0.0)


def over_caps(basket: Basket, costs: Costing, trades: Floats, limits: Limits) -> tuple[str, ...]:
    """A note of lines that trade more in a bucket than the limits allow."""
    over = np.flatnonzero((np.abs(trades) > caps(costs, basket, limits) * (1 + 1e-9)).any(axis=0))
    if not len(over):
        return ()
    names = ", ".join(basket.symbols[i] for i in over[:SHOWN])
    return (f"{names} ({len(over)}) trade more in a bucket than the limits allow: this plan does not keep them",)
