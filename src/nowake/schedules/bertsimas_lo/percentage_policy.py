"""The linear-percentage law of Bertsimas & Lo as a schedule and as a policy to ask: wait while what is paid lies above
the price, and hurry or wait as the price is expected to grow (the law and its source: `percentage`).

The signal is a premium: the fraction by which one pays more than the price that nobody moves, beside one's own impact.
It fades by half in a half-life. Impact is temporary alone; the permanent part of the model costs every schedule the
same and is added. Trades are not held to one side: a strong premium or drift sells within a purchase, and the schedule
then says so (`Schedule.reverses`)."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.bertsimas_lo.linear import persistence
from nowake.schedules.bertsimas_lo.percentage import PercentageLaw
from nowake.schedules.bertsimas_lo.policy import check_rule, check_scale, notes_of, shares_of
from nowake.schedules.buckets import bucket_count, even_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.costing import risk_bps
from nowake.schedules.policy import Solved, needed, rounded
from nowake.schedules.schedule import Schedule


class BertsimasLoPercentage(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: the least expected cost where impact and signal are fractions of a price that grows.

    Parameters
    ----------
    model
        Impact; one that is not linear is replaced by the linear one that costs the same for the order.
    premium
        The signal at the order's start: a fraction of the price, 0.001 where one pays 10 bps more than the price.
    half_life_days
        Sessions in which the premium loses half; infinite for one that does not fade.
    drift
        Expected growth of the price, a fraction per session: log E[P at the end of a session / P at its start].
    bucket_ns, n
        Longest a bucket may be, or how many even ones; default as for `AlmgrenChriss`.
    """

    model: Impact
    premium: float = 0.0
    half_life_days: float = math.inf
    drift: float = 0.0
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        for name in ("premium", "drift"):
            if not -1 < getattr(self, name) < 1:
                raise BadParameter(f"{name} {getattr(self, name)} must be a fraction between -1 and 1; 0.001 is 10 bps")
        persistence(self.half_life_days, 1.0)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule of one order in one market, as expected at its start, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market or temporary impact.
        """
        market = needed(market, "a Bertsimas-Lo schedule")
        law, impact = self._law(order, market)
        solved = self.solved(order, market)
        trades = shares_of(order, solved.trades)
        value, days = order.quantity * market.price / 1e4, np.full(len(trades), days_of(order) / len(trades))
        return rounded(
            "Bertsimas-Lo percentage",
            order,
            solved,
            cost_parts={
                "spread": impact.epsilon * order.quantity / value,
                "temporary": law.impact_of(trades) / order.quantity * 1e4,
                "permanent": 0.5 * impact.gamma * order.quantity**2 / value,
                "drift": law.drift_of(trades, self.premium) / order.quantity * 1e4,
            },
            cost_risk_bps=risk_bps(market, order.quantity, trades, days),
            inputs={
                "premium": self.premium,
                "half_life_days": self.half_life_days,
                "drift": self.drift,
                "theta": law.theta,
            },
            notes=("risk is that of holdings at the price of the start", *notes_of(trades)),
            market=market,
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum of one order before rounding to lots; errors as for `plan`."""
        law, impact = self._law(order, market)
        edges = self._edges(order)
        trades = law.path(order.quantity, len(edges) - 1, self.premium)
        kept = Certificate(
            method="closed form",
            kind="closed form",
            value=_residual(law, trades, self.premium),
            objective=law.cost_of(trades, self.premium) * market.price + _steady(order, impact),
        )
        return Solved(edges_ns=edges, trades=trades, certificate=kept)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected cost of fixed trades, price times quantity."""
        law, impact = self._law(order, market)
        return law.cost_of(trades, self.premium) * market.price + _steady(order, impact)

    def adaptive(self, order: ParentOrder, market: MarketState) -> FollowPremium:
        """The policy to ask while this order is worked, `Situation.signal` being the premium as it is seen then."""
        steps = len(self._edges(order)) - 1
        law, _ = self._law(order, market)
        step = days_of(order) / steps
        return FollowPremium(eta=law.theta * step, step_days=step, half_life_days=self.half_life_days, drift=self.drift)

    def _edges(self, order: ParentOrder) -> tuple[int, ...]:
        return even_edges(order, bucket_count(order, bucket_ns=self.bucket_ns, n=self.n))

    def _law(self, order: ParentOrder, market: MarketState) -> tuple[PercentageLaw, Linear]:
        days = days_of(order)
        impact = linearised(self.model, market.terms(order.quantity, days))
        if not impact.eta > 0:
            raise BadParameter(f"eta {impact.eta:g} of {self.model.name} must be above 0, else no split is the best")
        check_scale(impact, order, market, days)
        step = days / (len(self._edges(order)) - 1)
        return _law_of(impact.eta / market.price, step, self.half_life_days, drift=self.drift, side=order.side), impact


class FollowPremium(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Rate policy: the linear-percentage law, asked with the premium of the moment. It may ask to trade back.

    Parameters
    ----------
    eta
        Fraction of the price paid for a rate of one share a session, above 0.
    step_days
        Longest a bucket may be, sessions; above 0.
    half_life_days, drift
        As for `BertsimasLoPercentage`.
    """

    eta: float
    step_days: float
    half_life_days: float = math.inf
    drift: float = 0.0

    def __post_init__(self) -> None:
        check_rule(eta=self.eta, step_days=self.step_days)
        persistence(self.half_life_days, self.step_days)

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction."""
        if situation.left_days == 0:
            return math.inf if situation.left > 0 else 0.0
        buckets = max(1, math.ceil(situation.left_days / self.step_days - 1e-9))
        step = situation.left_days / buckets
        law = _law_of(self.eta, step, self.half_life_days, drift=self.drift, side=situation.side)
        constant, by_signal, by_left = law.rules(buckets).trade[-1]
        return float(constant + by_signal * situation.signal + by_left * situation.left) / step


def _law_of(eta: float, step_days: float, half_life_days: float, *, drift: float, side: int) -> PercentageLaw:
    return PercentageLaw(
        theta=eta / step_days,
        growth=math.exp(drift * step_days),
        gamma=1.0,
        rho=persistence(half_life_days, step_days),
        side=side,
    )


def _steady(order: ParentOrder, impact: Linear) -> float:
    """Spread and permanent cost, price times quantity."""
    return impact.epsilon * order.quantity + 0.5 * impact.gamma * order.quantity**2


def _residual(law: PercentageLaw, trades: Floats, premium: float) -> float:
    """How far marginal costs of buckets differ, as a fraction of the largest term in them."""
    x = premium * law.rho ** np.arange(len(trades))
    grown = law.growth ** np.arange(1, len(trades) + 1)
    signal, impact = law.side * (grown * (1 + law.gamma * x)), 2 * law.theta * grown * trades
    marginal = signal + impact
    return float(np.ptp(marginal)) / float(max(np.abs(signal).max(), np.abs(impact).max()))
