"""Optimal schedule under temporary impact that is a power of the rate: h(v) = eta v^k.

Almgren 2003, "Optimal execution with nonlinear impact functions and trading-enhanced risk", Applied Mathematical
Finance 10. Minimise the integral of eta v^(k+1) + lambda sigma^2 x^2. Without an end of the window the holdings are

    x(t) = X (1 + (1-k)/(1+k) t/T*)^(-(1+k)/(1-k)),   exp(-t/T*) for k = 1,
    T* = (k eta X^(k-1) / (lambda sigma^2))^(1/(k+1))

For k > 1 they reach 0 at the finite time (k+1)/(k-1) T*; for k < 1 they never do, but the larger the order the sooner
most of it is done. Expected cost is (k+1)/(3k+1) eta X (X/T*)^k and its variance (k+1)/(3k+1) sigma^2 X^2 T*.

With an end, in buckets: sum c_k n_k^(k+1) + lambda sum sigma^2 tau_k x_k^2 is solved as it stands (`tracking`). Risk
from trading itself (the paper's second half) is left out. Wrong where impact decays between buckets."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.certificate import Certificate
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.power_costs import Buckets
from nowake.schedules.schedule import Schedule
from nowake.schedules.tracking import Tracking


class PowerLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's problem without an end of the window, traded continuously.

    Parameters
    ----------
    quantity
        X, shares, above 0.
    volatility
        sigma, currency per share per sqrt(session), above 0.
    coefficient, exponent
        eta and k of h(v) = eta v^k, both above 0: currency per share at v shares a session.
    risk_aversion
        lambda, per unit of currency, above 0.

    Raises
    ------
    BadParameter
        When a number is not above 0 and finite.
    """

    quantity: float
    volatility: float
    coefficient: float
    exponent: float
    risk_aversion: float

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be above 0 and finite: without it nothing ends")

    @property
    def characteristic_days(self) -> float:
        """T*: how long the order would last at its first rate."""
        k = self.exponent
        risk = math.log(self.risk_aversion) + 2 * math.log(self.volatility)
        return math.exp((math.log(k * self.coefficient) + (k - 1) * math.log(self.quantity) - risk) / (k + 1))

    @property
    def completion_days(self) -> float:
        """When the last share is done: infinite unless the exponent is above 1."""
        k = self.exponent
        return math.inf if k <= 1 else (k + 1) / (k - 1) * self.characteristic_days

    def holdings(self, days: Floats) -> Floats:
        """Shares left at (M,) instants in sessions from the start."""
        k, t = self.exponent, np.asarray(days, dtype=np.float64) / self.characteristic_days
        if abs(k - 1) < 1e-9:
            return np.asarray(self.quantity * np.exp(-t))
        bend = (1 - k) / (1 + k)
        left = np.maximum(bend * t, -1.0)
        with np.errstate(divide="ignore"):  # The logarithm of 0 is when all is done.
            return np.asarray(self.quantity * np.exp(-np.log1p(left) / bend))

    @property
    def expected_cost(self) -> float:
        """Of temporary impact, currency."""
        speed = self.quantity / self.characteristic_days
        return float(self._part * self.coefficient * self.quantity * speed**self.exponent)

    @property
    def variance(self) -> float:
        """Of the cost, currency^2."""
        return self._part * (self.volatility * self.quantity) ** 2 * self.characteristic_days

    @property
    def _part(self) -> float:
        return (self.exponent + 1) / (3 * self.exponent + 1)


class PowerLawSchedule(msgspec.Struct, frozen=True):
    """Policy: least expected cost plus risk under impact that is a power of the rate, no line put in its place.

    Parameters
    ----------
    model
        Impact whose temporary part is a power of the rate: `SquareRoot`, `PowerLaw`, `Almgren2005`, `TwoPart`,
        `Linear`. What decays under a law of size is taken as gone at once, and said to be.
    risk_aversion
        lambda, per unit of currency, as for `AlmgrenChriss`.
    bucket_ns, n
        Length of a bucket (the last may be shorter), or how many; by default as for `Twap`.
    curve
        Volume curve of the day: time then runs by its volume, for impact and volatility alike.
    """

    model: Impact
    risk_aversion: float
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when the model's temporary impact is no power of the rate, or when the curve does not fit.
        """
        market = needed(market, "a power-law schedule")
        buckets, solved = self._buckets(order, market), self.solved(order, market)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        left = order.quantity - np.cumsum(trades)
        return rounded(
            "power law",
            order,
            solved,
            market=market,
            cost_parts=buckets.parts_bps(trades),
            cost_risk_bps=buckets.risk_bps(left + trades, left),
            inputs={"risk_aversion": self.risk_aversion, "volatility": market.volatility, **buckets.inputs()},
            notes=buckets.costs.notes,
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        buckets = self._buckets(order, market)
        trades, certificate = _problem(order, buckets).solve()
        return Solved(
            edges_ns=buckets.edges_ns,
            trades=trades,
            certificate=with_constant(certificate, buckets.costs.steady(order.quantity)),
        )

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected cost plus lambda times variance of any (N,) trades, in units of price times quantity."""
        buckets = self._buckets(order, market)
        spread = buckets.costs.epsilon * float(np.abs(trades).sum() - order.quantity)
        return _problem(order, buckets).objective(trades) + buckets.costs.steady(order.quantity) + spread

    def _buckets(self, order: ParentOrder, market: MarketState) -> Buckets:
        return Buckets.of(
            order,
            market,
            self.model,
            risk_aversion=self.risk_aversion,
            bucket_ns=self.bucket_ns,
            n=self.n,
            curve=self.curve,
        )


def with_constant(certificate: Certificate, constant: float) -> Certificate:
    """The certificate with what every schedule costs added to the objective; its value is a fraction of the whole."""
    whole = certificate.objective + constant
    value = certificate.value * certificate.objective / max(abs(whole), 1e-300)
    return msgspec.structs.replace(certificate, objective=whole, value=value)


def _problem(order: ParentOrder, buckets: Buckets) -> Tracking:
    return Tracking(
        quantity=order.quantity,
        costs=buckets.bucket_costs(),
        risks=buckets.risks,
        path=np.zeros(len(buckets.tau)),
        power=1 + buckets.costs.exponent,
    )
