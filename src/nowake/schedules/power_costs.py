"""What trading costs in the buckets of one order where temporary impact is a power of the rate: h(v) = a v^k.

A bucket of n shares in tau sessions costs a tau^-k n^(1+k); what stays costs gamma X^2 / 2 whatever the schedule, and
the half-spread epsilon a share. A linear model keeps the convention of Almgren & Chriss 2000, equation 8, in which a
bucket does not pay its own permanent move: (eta / tau - gamma / 2) n^2.

A law of size (`SquareRoot`) says that part of what is not permanent decays slowly. Here that part is gone at once, and
trading evenly over the order's window costs what the law says: right for a schedule of about that length, too dear for
one that is over much sooner. Where the decay is what matters use a schedule made for transient impact."""

from __future__ import annotations

import math
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.impact.shapes import Power
from nowake.models.impact.size_law import SizeLaw
from nowake.models.market import MarketState
from nowake.models.terms import Floats, Terms
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.clock import edge_days, multiplier_of
from nowake.schedules.costing import held


class PowerCosts(msgspec.Struct, frozen=True, kw_only=True):
    """The law of one order.

    Parameters
    ----------
    coefficient
        a, above 0: currency per share at a rate of one share a session.
    exponent
        k, above 0.
    gamma
        Permanent impact, currency per share, per share traded.
    epsilon
        Half the spread as the model charges it, currency per share; below 0 for orders that earn it.
    whole_move
        Whether a bucket pays half of its own permanent move; a linear model's does not.
    notes
        What was assumed.
    """

    coefficient: float
    exponent: float
    gamma: float = 0.0
    epsilon: float = 0.0
    whole_move: bool = True
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Impact, terms: Terms) -> Self:
        """What a model says of one order, traded within its window.

        Raises
        ------
        BadParameter
            When its temporary impact is no power of the rate above 0, costs nothing, or decays.
        """
        if isinstance(model, Linear):
            shape, decays = Power(model.eta, 1.0), False
            gamma = model.gamma
        else:
            response = model.response(terms)
            found, decays = response.temporary, response.kernel is not None
            if decays and not isinstance(model, SizeLaw):
                raise BadParameter(
                    f"impact of {model.name} decays after a trade, so that what a bucket costs depends on those before "
                    "it; use a schedule for transient impact"
                )
            if not isinstance(found, Power):
                raise BadParameter(
                    f"temporary impact of {model.name} is no power of the rate but a {type(found).__name__}; use a "
                    "power law, or AlmgrenChriss, which takes its line"
                )
            shape = Power(found.coefficient * terms.price / 1e4, found.exponent)
            if decays:
                whole = float(model.temporary_bps(terms)) * terms.price / 1e4
                shape = Power(whole / terms.rate**found.exponent, found.exponent)
            gamma = response.permanent_bps_per_share * terms.price / 1e4
        return cls(
            coefficient=_costly(shape.coefficient, model),
            exponent=_convex(shape.exponent, model),
            gamma=gamma,
            epsilon=float(model.half_spread_bps(terms)) * terms.price / 1e4,
            whole_move=not isinstance(model, Linear),
            notes=(f"what decays under {model.name} is taken as gone at once",) if decays else (),
        )

    def of_buckets(self, tau: Floats) -> Floats:
        """(N,) currency per share^(1+k) of buckets of (N,) sessions.

        Raises
        ------
        BadParameter
            When cost is not convex: temporary impact is too small beside permanent in steps so long.
        """
        own = 0.0 if self.whole_move else self.gamma / 2
        weights = self.coefficient * tau**-self.exponent - own
        if not (weights > 1e-9 * own).all():
            step = self.coefficient / own
            raise BadParameter(
                f"eta - gamma tau / 2 must be above 0, else cost is not convex and there is no optimum: a bucket of "
                f"{tau.max():.3g} sessions is longer than {step:.3g}; use more buckets"
            )
        return np.asarray(weights)

    def steady(self, quantity: float) -> float:
        """Currency that every schedule without reversals costs: spread, and half of the whole move."""
        return self.epsilon * quantity + self.gamma / 2 * quantity**2

    def parts(self, trades: Floats, tau: Floats) -> dict[str, float]:
        """What (N,) trades in buckets of (N,) sessions cost, in currency, by what becomes of it."""
        traded = float(np.abs(trades).sum())
        own = 0.0 if self.whole_move else float((trades**2).sum())
        paid = self.coefficient * np.abs(trades) ** (1 + self.exponent) * tau**-self.exponent
        return {
            "spread": self.epsilon * traded,
            "temporary": float(paid.sum()),
            "permanent": self.gamma / 2 * (float(trades.sum()) ** 2 - own),
        }


class Buckets(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The buckets of one order, what trading in them costs and what the price does in them.

    Parameters
    ----------
    edges_ns
        N+1 instants.
    tau
        (N,) lengths in sessions, by the clock or by a curve's volume.
    costs
        What trading costs.
    variance
        (N,) of the price, currency^2 per share^2.
    value
        The order's at arrival in units of price times quantity, by which costs become basis points.
    risk_aversion
        lambda, for costs in units of price times quantity.
    """

    edges_ns: tuple[int, ...]
    tau: Floats
    costs: PowerCosts
    variance: Floats
    value: float
    risk_aversion: float

    @classmethod
    def of(
        cls,
        order: ParentOrder,
        market: MarketState,
        model: Impact,
        *,
        risk_aversion: float,
        edges_ns: tuple[int, ...] | None = None,
        bucket_ns: int | None = None,
        n: int | None = None,
        curve: VolumeCurve | None = None,
    ) -> Self:
        """The buckets of an order as `bucket_edges` cuts them, or as given, timed by the clock or by a curve.

        Raises
        ------
        BadParameter
            When buckets are out of range, the curve does not cover the window or has no volume in a bucket, or the
            model's temporary impact is no power of the rate.
        """
        edges = edges_ns or bucket_edges(order, bucket_ns=bucket_ns, n=n)
        days = edge_days(order, edges, curve)
        tau = np.diff(days)
        if not (tau > 0).all():
            raise BadParameter("the curve has no volume in a bucket; use a smoothed curve, or longer buckets")
        return cls(
            edges_ns=edges,
            tau=tau,
            costs=PowerCosts.of(model, market.terms(order.quantity, float(days[-1]))),
            variance=market.volatility**2 * tau,
            value=order.quantity * market.price,
            risk_aversion=risk_aversion * multiplier_of(order),
        )

    @property
    def risks(self) -> Floats:
        """(N,) lambda times the variance, finite whatever lambda."""
        return np.minimum(self.risk_aversion * self.variance, 1e250)

    def bucket_costs(self) -> Floats:
        """(N,) currency per share^(1+k) in each bucket; errors as for `PowerCosts.of_buckets`."""
        return self.costs.of_buckets(self.tau)

    def parts_bps(self, trades: Floats) -> dict[str, float]:
        """What (N,) trades cost, in basis points."""
        return {name: part / self.value * 1e4 for name, part in self.costs.parts(trades, self.tau).items()}

    def risk_bps(self, before: Floats, after: Floats) -> float:
        """One standard deviation, where shares exposed run evenly from `before` to `after` in each of (N,) buckets."""
        return math.sqrt(held(before, after, self.variance)) / self.value * 1e4

    def inputs(self) -> dict[str, float]:
        """What the market and the model said."""
        return {
            "coefficient": self.costs.coefficient,
            "exponent": self.costs.exponent,
            "gamma": self.costs.gamma,
            "epsilon": self.costs.epsilon,
            "days": float(self.tau.sum()),
        }


def _costly(coefficient: float, model: Impact) -> float:
    if not coefficient > 0:
        raise BadParameter(
            f"temporary impact of {model.name} is {coefficient:g} here: without a cost of speed there is no best "
            "schedule; give a model whose temporary part is above 0"
        )
    return coefficient


def _convex(exponent: float, model: Impact) -> float:
    if not exponent > 0:
        raise BadParameter(
            f"temporary impact of {model.name} grows with power {exponent:g} of the rate: cost is not strictly convex, "
            "and trading all at once is no dearer; give an exponent above 0"
        )
    return exponent
