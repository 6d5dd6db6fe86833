"""Almgren-Chriss of one order under a largest participation: the optimal basket of one line."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.covariance import Covariance
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss import AlmgrenChriss
from nowake.schedules.buckets import bucket_count
from nowake.schedules.grid import Grid
from nowake.schedules.portfolio import Basket, Limits, OptimalBasket
from nowake.schedules.schedule import Schedule

_NAME = "Almgren-Chriss, capped"


class CappedAlmgrenChriss(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: `AlmgrenChriss` with no bucket above a share of the volume expected in it.

    Parameters
    ----------
    model, risk_aversion, bucket_ns
        As for `AlmgrenChriss`.
    max_participation
        Of the volume the market is expected to trade in a bucket without us.
    curve
        How volume runs, and so the caps, and the clock of the temporary cost; evenly without it.
    """

    model: Impact
    risk_aversion: float
    max_participation: float
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule of one order in one market, in whole lots.

        Raises
        ------
        Infeasible
            When the order cannot be done below the cap; it names the smallest that can.
        BadParameter
            Without a market, or as for `OptimalBasket.plan`.
        """
        if market is None:
            raise BadParameter("an Almgren-Chriss schedule needs the market; pass a MarketState (volatility, volume)")
        free = AlmgrenChriss(self.model, self.risk_aversion, bucket_ns=self.bucket_ns)
        plan = free.plan(order, market)
        if self._keeps(plan, order, market):
            note = f"no bucket reaches {self.max_participation:.4g} of the volume expected in it without us"
            inputs = {**plan.inputs, "max_participation": self.max_participation}
            return msgspec.structs.replace(plan, name=_NAME, inputs=inputs, notes=(*plan.notes, note))
        line = (order.instrument.symbol,)
        basket = Basket.of(
            [order], [market], covariance=Covariance.uncorrelated([market.daily_volatility.value], symbols=line)
        )
        made = OptimalBasket(
            risk_aversion=self.risk_aversion,
            limits=Limits(max_participation=self.max_participation),
            buckets=bucket_count(order, bucket_ns=self.bucket_ns),
            model=self.model,
            curve=self.curve,
        ).plan(basket)
        (schedule,) = made.schedules
        problem = free.problem(order, market)
        held = sum(count for name, count in made.binding.items() if "reversal" not in name)
        inputs = {
            "risk_aversion": self.risk_aversion,
            "max_participation": self.max_participation,
            "kappa": problem.kappa,
            "days": problem.days,
            **schedule.inputs,
        }
        return msgspec.structs.replace(
            schedule,
            name=_NAME,
            inputs=inputs,
            notes=(
                f"no bucket above {self.max_participation:.4g} of the volume expected in it without us; {held} are at "
                "that limit",
                *(() if self.curve is None else ("volume runs by its curve, and temporary cost by volume's clock",)),
            ),
        )

    def _keeps(self, plan: Schedule, order: ParentOrder, market: MarketState) -> bool:
        """Whether a plan made without the cap is nowhere above it."""
        most = self.max_participation * Grid.between(order, market, plan.times_ns, curve=self.curve).volume
        return bool((np.array(plan.lots) * order.instrument.quantity(1) <= most).all())
