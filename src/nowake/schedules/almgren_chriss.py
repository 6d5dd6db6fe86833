"""Almgren-Chriss optimal schedule: the least of expected cost plus risk aversion times its variance.

Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000; equation numbers are that paper's.
    E = gamma X^2/2 + epsilon sum|n_k| + (eta~/tau) sum n_k^2,   eta~ = eta - gamma tau/2        (8)
    V = sigma^2 tau sum x_k^2, holdings AFTER the k-th trade                                     (5)
    x_j = X sinh(kappa (T - t_j)) / sinh(kappa T),  2 (cosh(kappa tau) - 1)/tau^2 = lambda sigma^2/eta~   (16, 17)

Quantities in shares, time in trading sessions, prices in currency, risk aversion per unit of currency. Assumes linear
impact, no resilience, no drift, no limit on participation. Variance counts no risk inside a step, so few steps
understate it. With a volume curve the clock is volume: even steps of it, volatility and impact even in it."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, largest_step, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_count, check_covers, even_edges, even_volume_edges
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule

Floats = npt.NDArray[np.float64]


class AlmgrenChriss(msgspec.Struct, frozen=True):
    """Policy: trade faster the more risk costs.

    Parameters
    ----------
    model
        Impact; a model that is not linear is replaced by the linear one that costs the same for the order.
    risk_aversion
        lambda, per unit of currency: currency of expected cost one accepts to lose one currency^2 of variance. 0 gives
        TWAP (VWAP where a curve is given). Of an instrument without a multiplier, per unit of price times quantity.
    bucket_ns, n
        Longest a bucket may be, or how many; by default one minute, or a tenth of a shorter window. Buckets are even.
    curve
        Volume curve of the day: buckets then hold even volume instead of even time.
    """

    model: Impact
    risk_aversion: float
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        _check_risk_aversion(self.risk_aversion)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when cost is not convex (too few buckets for the permanent impact), or when the curve
            does not fit the order.
        """
        if market is None:
            raise BadParameter("an Almgren-Chriss schedule needs the market; pass a MarketState (volatility, volume)")
        problem = _problem(order, market, self)
        edges = (
            even_edges(order, problem.steps)
            if self.curve is None
            else even_volume_edges(order, self.curve, problem.steps)
        )
        lots = round_cumulative(problem.done(), order.lots)
        trades = np.array(lots, dtype=np.float64) * order.instrument.quantity(1)
        return Schedule(
            name="Almgren-Chriss",
            order=order,
            times_ns=edges,
            lots=lots,
            expected_cost_bps=problem.expected_cost(trades) / (problem.quantity * market.price) * 1e4,
            cost_risk_bps=math.sqrt(problem.variance(trades)) / (problem.quantity * market.price) * 1e4,
            inputs={
                "risk_aversion": self.risk_aversion,
                "gamma": problem.impact.gamma,
                "eta": problem.impact.eta,
                "epsilon": problem.impact.epsilon,
                "volatility": problem.volatility,
                "days": problem.days,
                "buckets": float(problem.steps),
                "kappa": problem.kappa,
            },
        )


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's problem: X shares in N even steps over T days.

    Parameters
    ----------
    quantity
        X, shares, above 0.
    days, steps
        T and N; a step lasts tau = T / N.
    volatility
        sigma, currency per share per sqrt(day).
    impact
        gamma, eta, epsilon.
    risk_aversion
        lambda, per unit of currency, 0 or more.

    Raises
    ------
    BadParameter
        When a number is out of range, or eta~ is not above 0 while there is a choice to make.
    """

    quantity: float
    days: float
    steps: int
    volatility: float
    impact: Linear
    risk_aversion: float

    def __post_init__(self) -> None:
        for name in ("quantity", "days"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be a finite number above 0")
        if self.steps < 1:
            raise BadParameter(f"steps {self.steps} must be 1 or more")
        if not 0 <= self.volatility < math.inf:
            raise BadParameter(f"volatility {self.volatility} must be finite and 0 or more")
        _check_risk_aversion(self.risk_aversion)
        # What rounding leaves of a difference that is 0 is not above 0.
        if self.steps > 1 and not self.eta_tilde > 1e-9 * self.impact.eta:
            _refuse_concave(self)

    @property
    def tau(self) -> float:
        """Length of a step in days."""
        return self.days / self.steps

    @property
    def eta_tilde(self) -> float:
        """eta - gamma tau / 2."""
        return self.impact.eta_tilde(self.tau)

    @property
    def kappa(self) -> float:
        """Urgency, per day: 2 (cosh(kappa tau) - 1) / tau^2 = lambda sigma^2 / eta~, solved without cancellation."""
        if self.risk_aversion == 0 or self.steps == 1:
            return 0.0
        kappa_tilde = self.volatility * math.sqrt(self.risk_aversion / self.eta_tilde)
        return 2 * math.asinh(0.5 * kappa_tilde * self.tau) / self.tau

    @property
    def half_life(self) -> float:
        """1 / kappa in days. The paper calls it the half-life; holdings fall by a factor of e in it, not of 2."""
        return math.inf if self.kappa == 0 else 1 / self.kappa

    def holdings(self) -> Floats:
        """x_0 .. x_N, equation 17, by exponentials so that no kappa T overflows."""
        left = np.arange(self.steps, -1, -1) / self.steps  # (T - t_j) / T.
        kappa_days = self.kappa * self.days
        if kappa_days == 0:
            return self.quantity * left
        decay, span = np.exp(-kappa_days * (1 - left)), np.expm1(-2 * kappa_days * left)
        path: Floats = decay * (span / span[0])
        return self.quantity * path

    def done(self) -> list[float]:
        """Fraction of the order done by the end of each step, 1 at the last."""
        fractions = np.clip(1 - self.holdings()[1:] / self.quantity, 0, 1)
        return [float(value) for value in np.maximum.accumulate(fractions)]

    def expected_cost(self, trades: Floats | None = None) -> float:
        """E in currency, equation 8, of N trades in shares; of the optimal ones by default."""
        n = -np.diff(self.holdings()) if trades is None else trades
        fixed = 0.5 * self.impact.gamma * self.quantity**2 + self.impact.epsilon * float(np.abs(n).sum())
        return fixed + self.eta_tilde / self.tau * float((n**2).sum())

    def variance(self, trades: Floats | None = None) -> float:
        """V in currency^2, equation 5, of N trades in shares; of the optimal ones by default."""
        x = self.holdings()[1:] if trades is None else self.quantity - np.cumsum(trades)
        return self.volatility**2 * self.tau * float((x**2).sum())

    def closed_form(self) -> tuple[float, float]:
        """E and V of the optimal trades by equation 20, within 1e-7 of the sums.

        Written with decaying exponentials. Below kappa T = 1e-4 its two terms cancel, and the limits (10) and (11)
        are used.
        """
        X, T, N, tau = self.quantity, self.days, self.steps, self.tau
        k, steady = self.kappa, 0.5 * self.impact.gamma * self.quantity**2 + self.impact.epsilon * self.quantity
        if k * T < 1e-4:
            flat = self.volatility**2 * X**2 * T / 3 * (1 - 1 / N) * (1 - 1 / (2 * N))
            return steady + self.eta_tilde * X**2 / T, flat
        end = -math.expm1(-2 * k * T)  # 1 - exp(-2 kappa T).
        step = -math.expm1(-2 * k * tau)
        coth = (2 - end) / end
        ratio = 2 * math.exp(k * (tau - 2 * T)) * step / end**2  # sinh(kappa tau) / sinh(kappa T)^2.
        cost = math.tanh(0.5 * k * tau) / tau**2 * (tau * coth + T * ratio)
        # cosh(kappa (T - tau)) / (sinh(kappa T) sinh(kappa tau)).
        spread = 2 * math.exp(-2 * k * tau) * (1 + math.exp(-2 * k * (T - tau))) / (end * step)
        inverse_square = 4 * math.exp(-2 * k * T) / end**2  # 1 / sinh(kappa T)^2.
        return (
            steady + self.eta_tilde * X**2 * cost,
            0.5 * self.volatility**2 * X**2 * max(0.0, tau * spread - T * inverse_square),
        )

    def __str__(self) -> str:
        return (
            f"{self.quantity:,.10g} shares in {self.steps} steps over {self.days:.4g} days, "
            f"λ = {self.risk_aversion:.3g}, κ = {self.kappa:.4g} a day (e-folding time {self.half_life:.4g} days)"
        )


class FrontierPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One efficient schedule: no other costs less at this risk. Basis points of the arrival price."""

    risk_aversion: float
    expected_cost_bps: float
    risk_bps: float


def frontier(
    order: ParentOrder, market: MarketState, model: Impact, *, n: int = 20, buckets: int | None = None
) -> tuple[FrontierPoint, ...]:
    """The efficient frontier of an order, from no risk aversion to nearly all in the first bucket.

    Parameters
    ----------
    n
        Points, 2 or more, evenly spaced in the logarithm of urgency after the first.
    buckets
        Steps of the schedules; by default one a minute, ten at least.

    Raises
    ------
    BadParameter
        When the volatility is 0 (there is no risk to trade against cost), or a number is out of range.
    """
    if n < 2:
        raise BadParameter(f"a frontier of {n} points must have 2 or more")
    calm = _problem(order, market, AlmgrenChriss(model, 0.0, n=buckets))
    if calm.volatility == 0 or calm.steps < 2:
        raise BadParameter(
            f"volatility {calm.volatility:g} and {calm.steps} bucket(s) leave nothing to choose; "
            "a frontier needs volatility above 0 and two or more buckets"
        )
    points = []
    for k in range(n):
        # kappa T from 0.1, where the path is all but straight, to kappa tau = 5, where 99 % is in the first step.
        urgency = 0.1 * (50 * calm.steps) ** ((k - 1) / max(1, n - 2)) / calm.days if k else 0.0
        curvature = (2 * math.sinh(0.5 * urgency * calm.tau) / calm.tau) ** 2
        aversion = curvature * calm.eta_tilde / calm.volatility**2
        problem = msgspec.structs.replace(calm, risk_aversion=aversion)
        value = problem.quantity * market.price / 1e4
        points.append(
            FrontierPoint(
                risk_aversion=aversion / _multiplier(order),
                expected_cost_bps=problem.expected_cost() / value,
                risk_bps=math.sqrt(problem.variance()) / value,
            )
        )
    return tuple(points)


class PlanCost(NamedTuple):
    """Expected cost and one standard deviation of it, in basis points of the arrival price, of any schedule."""

    expected_cost_bps: float
    cost_risk_bps: float


def cost_of(schedule: Schedule, market: MarketState, model: Impact, *, curve: VolumeCurve | None = None) -> PlanCost:
    """What any schedule is expected to cost and risks, by the same model as an Almgren-Chriss plan.

    Equations 5 and 8 summed over the schedule's own buckets of length tau_k, which need not be even:
        E = gamma X^2/2 + epsilon X + sum (eta/tau_k - gamma/2) n_k^2,   V = sigma^2 sum tau_k x_k^2
    A schedule that begins after its order's start carries the whole order's risk until then.

    Parameters
    ----------
    schedule
        TWAP, VWAP, or any other.
    market, model
        As for `AlmgrenChriss.plan`: volatility and price; impact, made linear where it is not.
    curve
        The clock: even in time without it, in the curve's volume with it, as for `AlmgrenChriss`.

    Raises
    ------
    BadParameter
        When the curve does not fit the order, or has no volume in a bucket that trades.
    """
    order = schedule.order
    edges = np.array([_clock_days(order, edge, curve) for edge in schedule.times_ns])
    tau = np.diff(edges)
    n = np.array(schedule.lots, dtype=np.float64) * order.instrument.quantity(1)
    trades = n > 0
    if not (tau[trades] > 0).all():
        raise BadParameter("the curve has no volume in a bucket that trades; use a smoothed curve")
    impact = linearised(model, market.terms(order.quantity, float(edges[-1] - edges[0])))
    steady = 0.5 * impact.gamma * order.quantity**2 + impact.epsilon * order.quantity
    cost = steady + float(((impact.eta / tau[trades] - 0.5 * impact.gamma) * n[trades] ** 2).sum())
    left = order.quantity - np.concatenate(([0.0], np.cumsum(n)))
    waits = np.concatenate((edges[:1], tau))  # From the order's start to the first edge, then each bucket.
    variance = market.volatility**2 * float((waits * left**2).sum())
    value = order.quantity * market.price / 1e4
    return PlanCost(cost / value, math.sqrt(variance) / value)


def _clock_days(order: ParentOrder, time_ns: int, curve: VolumeCurve | None) -> float:
    """Trading sessions from the order's start to an instant, by the clock or by the volume of a curve."""
    if curve is None:
        session = order.instrument.session
        return (time_ns - order.start_ns) / (session.close_ns - session.open_ns)
    check_covers(order, curve)
    return curve.share_between(order.start_ns, time_ns)


def _problem(order: ParentOrder, market: MarketState, policy: AlmgrenChriss) -> Liquidation:
    steps = bucket_count(order, bucket_ns=policy.bucket_ns, n=policy.n)
    if policy.curve is None:
        days = days_of(order)
    else:
        check_covers(order, policy.curve)
        days = policy.curve.share_between(order.start_ns, order.end_ns)
    return Liquidation(
        quantity=order.quantity,
        days=days,
        steps=steps,
        volatility=market.volatility,
        impact=linearised(policy.model, market.terms(order.quantity, days)),
        risk_aversion=policy.risk_aversion * _multiplier(order),
    )


def _multiplier(order: ParentOrder) -> float:
    """Currency of one unit of price times quantity, in which the problem is put; 1 where nobody knows it.

    E is linear in it and V quadratic, so lambda V / E is what lambda times the multiplier makes of them without it.
    """
    return float(order.instrument.multiplier or 1)


def _check_risk_aversion(value: float) -> None:
    if not 0 <= value < math.inf:
        raise BadParameter(
            f"risk_aversion {value} must be finite and 0 or more: below 0 a schedule costs and risks more than TWAP"
        )


def _refuse_concave(problem: Liquidation) -> None:
    step = largest_step(problem.impact)
    way_out = (
        f"use more than {problem.days / step:.6g} buckets" if step > 0 else "give an impact model with eta above 0"
    )
    raise BadParameter(
        f"eta - gamma tau / 2 = {problem.eta_tilde:.3g} must be above 0, else cost is not convex and there is no "
        f"optimum: temporary impact is too small beside permanent in steps of {problem.tau:.3g} days; {way_out}"
    )
