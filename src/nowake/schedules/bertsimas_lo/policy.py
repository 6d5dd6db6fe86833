"""Bertsimas-Lo as a schedule and as a policy that is asked as the signal changes: trade ahead of an expected move of
the price (D. Bertsimas and A. W. Lo 1998, "Optimal control of execution costs", Journal of Financial Markets 1).

The signal is the drift expected of the price, currency per share per session, and loses half in a half-life. The
schedule is what is expected at the start; `adaptive` gives the policy that follows the signal as it comes. A bucket's
shares are traded evenly in it and pay half of the move they leave (the paper's, all at once, pay the whole): own
impact is eta / tau + gamma / 2, and a model with eta = gamma tau / 2 is the paper's law.

Without a signal this is TWAP. Wrong where risk matters: it waits for a cent of drift with any risk open; where impact
decays; and where the signal is not better than the noise it is read from, for then it trades on noise."""

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
from nowake.models.volume import VolumeCurve
from nowake.schedules.adaptive.contract import RatePolicy, Situation
from nowake.schedules.bertsimas_lo.allocation import allocate, residual
from nowake.schedules.bertsimas_lo.limited import FollowWithinLimits
from nowake.schedules.bertsimas_lo.linear import LinearLaw, persistence
from nowake.schedules.buckets import bucket_count, even_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.costing import risk_bps
from nowake.schedules.grid import Grid
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.schedule import Schedule

_FARTHEST = 10.0  # Prices, that a signal may move the price in all.


class BertsimasLo(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: the least expected cost under a signal that fades.

    Parameters
    ----------
    model
        Impact; one that is not linear is replaced by the linear one that costs the same for the order.
    signal
        Drift of the price expected at the order's start, currency per share per session; above 0 the price rises.
    half_life_days
        Sessions in which the signal loses half; infinite for one that does not fade.
    max_participation
        Largest share of a bucket's volume, ours counted in; None for no limit.
    reverses
        Whether buckets may trade against the order, as the paper's do under a strong signal.
    curve
        Volume curve: temporary impact is then that of a bucket's volume, and limits follow it.
    bucket_ns, n
        Longest a bucket may be, or how many even ones; default as for `AlmgrenChriss`.
    """

    model: Impact
    signal: float = 0.0
    half_life_days: float = math.inf
    max_participation: float | None = None
    reverses: bool = False
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.signal):
            raise BadParameter(f"signal {self.signal} must be a finite drift, currency per share per session")
        persistence(self.half_life_days, 1.0)
        check_participation(self.max_participation)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule of one order in one market, as expected at its start, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market or temporary impact, or when the limits leave no way to finish.
        """
        market = needed(market, "a Bertsimas-Lo schedule")
        problem, solved = self._problem(order, market), self.solved(order, market)
        trades = shares_of(order, solved.trades)
        value = order.quantity * market.price / 1e4
        return rounded(
            "Bertsimas-Lo",
            order,
            solved,
            cost_parts={name: cost / value for name, cost in problem.parts(trades).items()},
            cost_risk_bps=risk_bps(market, order.quantity, trades, problem.days),
            inputs={
                "signal": self.signal,
                "half_life_days": self.half_life_days,
                "gamma": problem.impact.gamma,
                "eta": problem.impact.eta,
                "epsilon": problem.impact.epsilon,
                **({} if self.max_participation is None else {"max_participation": self.max_participation}),
            },
            notes=notes_of(trades),
            market=market,
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum of one order before rounding to lots; errors as for `plan`."""
        problem = self._problem(order, market)
        limits = {"slope": problem.drift, "curvature": problem.curvature, "low": problem.low, "high": problem.high}
        if (room := float(problem.high.sum())) < order.quantity:
            volume = float(problem.volume.sum())
            raise BadParameter(
                f"max_participation {self.max_participation:g} lets {room:,.6g} of {order.quantity:,.6g} shares trade; "
                f"raise it to {order.quantity / (order.quantity + volume):.6g} or more, or lengthen the window"
            )
        trades = allocate(order.quantity, **limits)
        kept = Certificate(
            method="closed form" if self.max_participation is None and self.reverses else "one marginal cost",
            kind="closed form",
            value=residual(trades, **limits),
            objective=problem.cost(trades),
        )
        return Solved(edges_ns=problem.edges_ns, trades=trades, certificate=kept)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected cost in price times quantity; infinite outside the limits."""
        problem = self._problem(order, market)
        slack = 1e-9 * order.quantity
        inside = (trades >= problem.low - slack).all() and (trades <= problem.high + slack).all()
        return problem.cost(trades) if inside else math.inf

    def adaptive(self, order: ParentOrder, market: MarketState, *, signal_sd: float = 0.0) -> RatePolicy:
        """The policy to ask while this order is worked, `Situation.signal` being the drift as it is seen then.

        Time runs by the clock, and a limit of participation is that of the window's mean volume.

        Parameters
        ----------
        signal_sd
            How strong the signal mostly is: one standard deviation of it on any day, currency per share per session.
            With it the rule is the best within the limits, by dynamic programming (`limited`), of 30 buckets at most
            or as many as keep one within a tenth of the half-life. Without, or where trades may go back, it is
            the formula, cut off at the limits.
        """
        problem = self._problem(order, market)
        n, days = len(problem.days), days_of(order)
        step, eta = days / n, problem.impact.eta
        most = math.inf if self.max_participation is None else float(problem.high.sum()) / days
        if self.reverses or not signal_sd > 0:
            return FollowSignal(
                eta=eta,
                step_days=step,
                half_life_days=self.half_life_days,
                most_per_day=most,
                reverses=self.reverses,
            )
        policy = FollowWithinLimits(
            quantity=order.quantity,
            days=days,
            buckets=min(n, max(30, math.ceil(10 * days / self.half_life_days))),
            eta=eta,
            half_life_days=self.half_life_days,
            signal_sd=signal_sd,
            most_per_day=most,
            cells=max(2, order.lots) if order.lots < 50 else None,
        )
        _ = policy.rule  # Made now, so that what is wrong is refused now.
        return policy

    def _problem(self, order: ParentOrder, market: MarketState) -> _Problem:
        edges = even_edges(order, bucket_count(order, bucket_ns=self.bucket_ns, n=self.n))
        grid = Grid.between(order, market, edges, curve=self.curve)
        # As for Almgren-Chriss, volume is the clock where it is known, and runs evenly where it is not.
        days = grid.days if self.curve is None else np.diff([self.curve.share_until(edge) for edge in edges])
        impact = linearised(self.model, market.terms(order.quantity, float(days.sum())))
        if not impact.eta > 0:
            raise BadParameter(
                f"eta {impact.eta:g} of {self.model.name} must be above 0: without temporary impact trading all at "
                "once costs nothing more, and there is no best split"
            )
        if not (days > 0).all():
            raise BadParameter("the curve has no volume in a bucket; use a smoothed curve or fewer buckets")
        check_scale(impact, order, market, float(days.sum()))
        if not abs(self.signal) * days_of(order) <= _FARTHEST * market.price:
            raise BadParameter(
                f"signal {self.signal:g} moves the price of {market.price:g} more than {_FARTHEST:g} times over in the "
                "window; give currency per share per session"
            )
        fading = self.signal * np.exp2(-grid.edges_days[:-1] / self.half_life_days)
        # A share of bucket t pays the drift of all buckets until t, this one's too: it is known before the trade.
        drift = order.side * np.cumsum(fading * grid.days)
        most = self.max_participation
        n = len(days)
        return _Problem(
            edges_ns=edges,
            days=days,
            volume=grid.volume,
            impact=impact,
            drift=drift,
            low=np.full(n, -np.inf if self.reverses else 0.0),
            high=np.full(n, np.inf) if most is None else most / (1 - most) * grid.volume,
        )


class _Problem(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One order's numbers, by bucket; costs in price times quantity."""

    edges_ns: tuple[int, ...]
    days: Floats
    volume: Floats
    impact: Linear
    drift: Floats
    low: Floats
    high: Floats

    @property
    def curvature(self) -> Floats:
        """psi / 2 of `LinearLaw`, bucket by bucket."""
        return np.asarray(self.impact.eta / self.days)

    def parts(self, trades: Floats) -> dict[str, float]:
        """Expected cost by what it is paid for."""
        whole = float(trades.sum())
        return {
            "spread": self.impact.epsilon * whole,
            "temporary": float(self.curvature @ trades**2),
            "permanent": 0.5 * self.impact.gamma * whole**2,
            "drift": float(self.drift @ trades),
        }

    def cost(self, trades: Floats) -> float:
        return sum(self.parts(trades).values())


class FollowSignal(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Rate policy: an even rate, and more of it the more the price is expected to move against the order.

    The window left is cut into even buckets no longer than `step_days`; the rate is that of the first of them by
    `LinearLaw`. Limits cut off what it says, which is not the best within them: `limited` is, and says by how much.

    Parameters
    ----------
    eta
        Temporary impact, currency per share, per share a session; above 0.
    step_days
        Longest a bucket may be, sessions; above 0.
    half_life_days
        As for `BertsimasLo`.
    most_per_day
        Largest rate, shares a session. Shares that could otherwise not be done in time are traded as fast as it lets.
    reverses
        Whether it may ask to trade back, or to trade beyond the order and back later.
    """

    eta: float
    step_days: float
    half_life_days: float = math.inf
    most_per_day: float = math.inf
    reverses: bool = False

    def __post_init__(self) -> None:
        check_rule(eta=self.eta, step_days=self.step_days)
        if not self.most_per_day > 0:
            raise BadParameter(f"most_per_day {self.most_per_day} must be above 0 shares a session")
        persistence(self.half_life_days, self.step_days)

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction."""
        left, days = situation.left, situation.left_days
        if days == 0:
            return math.inf if left > 0 else 0.0
        buckets = max(1, math.ceil(days / self.step_days - 1e-9))
        step = days / buckets
        law = LinearLaw(theta=0.0, own=self.eta / step, gamma=step, rho=persistence(self.half_life_days, step))
        wanted = law.trade(left, buckets, situation.side * situation.signal) / step
        if self.reverses:
            return max(-self.most_per_day, min(wanted, self.most_per_day))
        # What later buckets cannot do at the largest rate must be done now.
        later = self.most_per_day * (days - step) if buckets > 1 else 0.0
        owed = max(0.0, left - later) / step
        return min(max(owed, wanted), left / step, self.most_per_day)


def shares_of(order: ParentOrder, trades: Floats) -> Floats:
    """(N,) shares of the whole lots that trades are rounded to."""
    return np.array(lots_of(order, trades), dtype=np.float64) * order.instrument.quantity(1)


def notes_of(trades: Floats) -> tuple[str, ...]:
    """What the law leaves out of trades that go back and forth."""
    return ("trades against the order are not charged the half-spread",) if trades.min() < 0 else ()


def check_scale(impact: Linear, order: ParentOrder, market: MarketState, days: float) -> None:
    """Refuse impact in other units than the order's: no split is found where it is nothing or all of the price."""
    paid = impact.eta * order.quantity / days / market.price
    if not 1e-15 <= paid <= 1e6:
        raise BadParameter(
            f"eta {impact.eta:g} makes trading {order.quantity:g} shares evenly cost {paid:.3g} of the price, not from "
            "1e-15 to 1e6; give currency per share, per share a session"
        )


def check_rule(**numbers: float) -> None:
    """Refuse parameters of a rule that are not above 0, or beyond any market."""
    for name, value in numbers.items():
        if not 1e-50 <= value <= 1e50:
            raise BadParameter(f"{name} {value} must be above 0 and finite, from 1e-50 to 1e50")


def check_participation(value: float | None) -> None:
    """Refuse a limit that is no share of volume."""
    if value is not None and not 0 < value < 1:
        raise BadParameter(f"max_participation {value} must be above 0 and below 1; 0.1 is 10 % of volume")
