"""The basket with the least expected cost plus risk aversion times variance, within its limits.

Almgren & Chriss 2000, appendix A, and what they leave open: volume and volatility that run through the day, trades that
may not turn back or exceed a share of volume, exposures kept in bands, auctions, deadlines, and a cost that grows as a
power of the rate (Almgren 2003). What is minimised weighs holdings after each trade, as in their equations; the risk
shown counts what is held inside buckets too.

Wrong where impact decays between buckets (it is gone at once, or stays for good), where the covariance of the day is
not the one it was given, and where a line is so large that the others' volume dries up with it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter, Infeasible
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.portfolio.basket import Basket
from nowake.schedules.portfolio.binding import binding_of
from nowake.schedules.portfolio.build import box, caps, caps_in_lots, programme_of
from nowake.schedules.portfolio.costing import Costing, Setting, check_convex
from nowake.schedules.portfolio.exposures import Exposure, exposures_of
from nowake.schedules.portfolio.infeasible import check_caps, in_desk_words
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.plan import BasketPlan
from nowake.schedules.portfolio.whole_lots import plan_of, whole_lots
from nowake.schedules.solvers.programme import Programme


class OptimalBasket(Setting, frozen=True, kw_only=True, eq=False):
    """Policy: trade what costs least for the risk it takes away.

    Parameters
    ----------
    risk_aversion
        lambda, per unit of currency, 0 or more: expected cost one accepts to lose one currency^2 of variance.
    limits
        What the plan must keep.

    Others as for `Setting`.
    """

    risk_aversion: float
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.risk_aversion < float("inf"):
            raise BadParameter(
                f"risk_aversion {self.risk_aversion} must be finite and 0 or more: below 0 risk would be sought"
            )

    def plan(self, basket: Basket) -> BasketPlan:
        """The optimum in whole lots.

        Raises
        ------
        Infeasible
            When the limits cannot hold together; it names them and the least that has to give.
        BadParameter
            When a model, curve or asset is missing, cost is not convex, or a limit cannot be put.
        """
        found = self._solved(basket)
        trades = found.trades
        if self.limits.min_child_value is not None and self.limits.no_reversal:
            trades = self._in_fewer_buckets(basket, found)
        return plan_of(
            "Optimal basket",
            basket,
            found.costs,
            trades,
            relaxed=found.trades,
            limits=self.limits,
            largest=caps(found.costs, basket, self.limits),
            exposures=found.exposures,
            risk_aversion=self.risk_aversion,
            certificate=found.certificate,
            binding=binding_of(basket, found.costs, self.limits, found.exposures, found.trades, largest=found.largest),
            inputs={"exponent": self.exponent},
        )

    def _in_fewer_buckets(self, basket: Basket, found: _Found) -> Floats:
        """The best trades in the buckets in which lines trade once small trades are merged, none below the smallest.

        Which buckets is a rule of thumb, for the best choice is a problem of whole numbers; how much in each is then
        solved again. Where the limits do not hold together in these buckets, trades stay as they were.
        """
        from nowake.schedules.solvers import solve  # noqa: PLC0415

        lots, _ = whole_lots(basket, found.trades, self.limits, found.largest)
        lower, upper = box(basket, self.limits, found.largest)
        least = np.sign(basket.quantities) * self._least_units(basket)
        buys = basket.quantities > 0
        lower = np.where(lots > 0, np.where(buys, np.minimum(least, upper), lower), 0.0)
        upper = np.where(lots > 0, np.where(buys, upper, np.maximum(least, lower)), 0.0)
        try:
            return solve(msgspec.structs.replace(found.programme, lower=lower, upper=upper)).trades
        except Infeasible:
            return found.trades

    def _least_units(self, basket: Basket) -> Floats:
        """(N,) smallest trade in units, whole lots; 0 for a line that is smaller, which is one trade."""
        lots = np.array([line.lot_size for line in basket.lines])
        least = np.ceil((self.limits.min_child_value or 0.0) / (basket.worths * lots) - 1e-9) * lots
        return np.where(least <= np.abs(basket.quantities), least, 0.0)

    def programme(self, basket: Basket) -> Programme:
        """The numbers that are solved; errors as for `plan`."""
        return self._solved(basket).programme

    def _solved(self, basket: Basket) -> _Found:
        """The optimum under caps in whole lots, so that bands are kept by these; under the caps as they are without."""
        from nowake.schedules.solvers import solve  # noqa: PLC0415

        costs = self.costing(basket)
        check_convex(basket, costs, self)
        exposures = exposures_of(basket, costs, self.limits)
        largest = caps(costs, basket, self.limits)
        check_caps(basket, costs, self.limits, largest)
        in_lots = caps_in_lots(basket, largest)
        for attempt in (in_lots,) if np.array_equal(in_lots, largest) else (in_lots, largest):
            programme = programme_of(
                basket, costs, self.limits, exposures, risk_aversion=self.risk_aversion, largest=attempt
            )
            try:
                found = solve(programme)
            except Infeasible as error:
                because = error
                continue
            return _Found(costs, exposures, attempt, programme, found.trades, found.certificate)
        raise in_desk_words(because, basket, self.limits, exposures) from because


class _Found(NamedTuple):
    """A solved basket: its costing and exposures, (T, N) caps, what was solved, (T, N) trades and how good they are."""

    costs: Costing
    exposures: tuple[Exposure, ...]
    largest: Floats
    programme: Programme
    trades: Floats
    certificate: Certificate


class BasketPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One efficient plan of a basket before rounding: none costs less at this risk. Basis points of gross value."""

    risk_aversion: float
    expected_cost_bps: float
    risk_bps: float


def basket_frontier(basket: Basket, policy: OptimalBasket, *, n: int = 12) -> tuple[BasketPoint, ...]:
    """The efficient frontier of a basket under a policy's limits, from no risk aversion to great haste.

    Parameters
    ----------
    n
        Points, 2 or more. After the first, risk aversions are evenly spaced in their logarithm around the one at which
        the even plan's risk weighs as much as its temporary impact, from a hundredth of it to a thousand times it.

    Raises
    ------
    BadParameter
        As for `OptimalBasket.plan`, or when `n` is too small.
    """
    from nowake.schedules.portfolio.even import even_trades  # noqa: PLC0415

    if n < 2:
        raise BadParameter(f"a frontier of {n} points must have 2 or more")
    costs, x = policy.costing(basket), basket.quantities
    even = even_trades(basket, costs)
    risk = costs.risk(x, even)
    middle = float(costs.parts(x, even)["temporary"].sum()) / risk**2 if risk > 0 else 0.0
    points = []
    for k in range(n):
        aversion = middle * 10 ** (-2 + 5 * (k - 1) / max(1, n - 2)) if k else 0.0
        found = msgspec.structs.replace(policy, risk_aversion=aversion)._solved(basket).trades
        cost = sum(float(part.sum()) for part in costs.parts(x, found).values())
        points.append(
            BasketPoint(
                risk_aversion=aversion,
                expected_cost_bps=cost / basket.gross * 1e4,
                risk_bps=costs.risk(x, found) / basket.gross * 1e4,
            )
        )
    return tuple(points)
