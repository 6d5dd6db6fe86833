"""The schedule that prices waiting by the value still held, on a price that is a geometric Brownian motion.

Gatheral & Schied 2011, "Optimal trade execution under geometric Brownian motion in the Almgren and Chriss framework",
International Journal of Theoretical and Applied Finance 14:

    minimise the expectation of  integral of eta v_t^2 + lambda x_t S_t dt,    x' = -v,  x_0 = X,  x_T = 0
    x_t = (T - t) / T [X - lambda T / (4 eta) integral_0^t S_u du],   v = x / (T - t) + lambda (T - t) S / (4 eta)
    value   eta X^2 / T + lambda T X S_0 / 2 - lambda^2 S_0^2 / (8 eta sigma^6) (e^q - 1 - q - q^2/2),   q = sigma^2 T

The last bracket is summed where q is small, for it loses all its digits. The price is expected to stay where it is, so
the static schedule is the path with S_t = S_0, which is also the best that does not look at the price; the policy that
looks is `adaptive.GatheralSchiedFeedback`. With much risk aversion x_t falls below 0 before T and comes back.
`stop_at_zero` forbids that: rates fall in a line until the order is done, before T.

lambda x S is a value at risk in proportion to the position, so lambda is a rate: the fraction of its value that holding
a position for a session is worth. Waiting costs the more the dearer the shares: a seller hurries into a rise, a buyer
too. Wrong for positions that are hedged, for whoever minds variance (`AlmgrenChriss`), and where impact decays.
Quantities in shares, time in sessions, prices in currency."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.clock import edge_days
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.schedule import Schedule
from nowake.schedules.transient.liquidation import squared_holdings

SERIES = 0.5  # Of sigma^2 T: below it the bracket is summed, to the last digits.
TERMS = 12
MOST_AVERSE = 1e250  # What is beyond is as good as it, and costs would be beyond all numbers.
MOST_TURNOVER = 1e6  # Times the order: a path that goes so far beyond it and back has lost the digits of the order.


class ValueLiquidation(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's problem: X shares in T sessions.

    Parameters
    ----------
    quantity, days
        X, shares, and T, sessions; above 0.
    price
        S_0, currency per share, above 0.
    eta
        Temporary impact, currency per share per (share a session), above 0.
    risk_aversion
        lambda, a session, 0 or more.
    volatility
        sigma, a fraction of the price per sqrt(session), 0 or more.
    stop_at_zero
        Whether the order ends when nothing is left, instead of crossing it.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    quantity: float
    days: float
    price: float
    eta: float
    risk_aversion: float
    volatility: float = 0.0
    stop_at_zero: bool = True

    def __post_init__(self) -> None:
        for name in ("quantity", "days", "price", "eta"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be a finite number above 0")
        if not 0 <= self.volatility < math.inf:
            raise BadParameter(f"volatility {self.volatility} must be finite and 0 or more")
        check_risk_aversion(self.risk_aversion)

    @property
    def crossing_days(self) -> float:
        """When the expected path of the paper meets 0: at T, or at 4 eta X / (lambda S_0 T) before it."""
        pull = self.risk_aversion * self.price * self.days
        return self.days if pull * self.days <= 4 * self.eta * self.quantity else 4 * self.eta * self.quantity / pull

    @property
    def end_days(self) -> float:
        """When the schedule is done: T, or where it may not cross 0 the time 2 sqrt(eta X / (lambda S_0)) before it."""
        if not self.stop_at_zero or self.risk_aversion == 0:
            return self.days
        return min(self.days, 2 * math.sqrt(self.eta * self.quantity / (self.risk_aversion * self.price)))

    def holdings(self, times_days: Floats) -> Floats:
        """Expected holdings at instants in [0, T]."""
        end = self.end_days
        t = np.minimum(np.asarray(times_days, dtype=np.float64), end)
        pulled = self.risk_aversion * self.price * t / (4 * self.eta)
        path: Floats = (end - t) * (self.quantity / end - pulled)
        return np.maximum(path, 0.0) if self.stop_at_zero else path

    def trades(self, edges_days: Floats) -> Floats:
        """(N,) shares in buckets that cover [0, T]: the best of those that trade evenly inside each.

        A share of a bucket is held until its middle m, so marginal costs 2 eta x / length + lambda S_0 m are all alike.

        Raises
        ------
        BadParameter
            When the order may be crossed and so much risk aversion trades more than a million times the order.
        """
        lengths = np.diff(edges_days)
        # From the first middle, so that an order done in one bucket meets exact zeros whatever the risk aversion.
        middles = (edges_days[1:] + edges_days[:-1] - edges_days[1] - edges_days[0]) / 2
        pull = self.risk_aversion * self.price / (2 * self.eta)
        used = len(lengths)
        if self.stop_at_zero:
            # Rates fall in time, so what may not be below 0 is cut off the end: the longest start that stays above.
            asked = pull * (middles * np.cumsum(lengths) - np.cumsum(lengths * middles))
            used = int(np.flatnonzero(asked <= self.quantity).max()) + 1
        lengths_used, middles_used = lengths[:used], middles[:used]
        whole = float(lengths_used.sum())
        rates = self.quantity / whole + pull * (float(lengths_used @ middles_used) / whole - middles_used)
        shares: Floats = np.append(rates * lengths_used, np.zeros(len(lengths) - used))
        turnover = float(np.abs(shares).sum()) / self.quantity
        if not turnover <= MOST_TURNOVER:
            raise BadParameter(
                f"risk_aversion {self.risk_aversion:g} trades {turnover:.3g} times the order, beyond it and back; use "
                "less, or stop_at_zero=True"
            )
        return np.asarray(shares * (self.quantity / shares.sum()))

    def objective(self, trades: Floats, edges_days: Floats) -> float:
        """Expected eta integral v^2 + lambda integral x S of (N,) trades that do not look at the price, currency."""
        middles = (edges_days[1:] + edges_days[:-1]) / 2
        return self.impact_cost(trades, edges_days) + self.risk_aversion * self.price * float(trades @ middles)

    def impact_cost(self, trades: Floats, edges_days: Floats) -> float:
        """eta integral v^2 of (N,) trades, currency."""
        return self.eta * float((trades**2 / np.diff(edges_days)).sum())

    @property
    def value(self) -> float:
        """Least expected cost plus price of waiting, of the policy that looks at the price and may cross 0."""
        return self.expected_cost + self.expected_waiting

    @property
    def expected_cost(self) -> float:
        """Expected eta integral v^2 of that policy, currency."""
        return self.eta * self.quantity**2 / self.days + self._gain

    @property
    def expected_waiting(self) -> float:
        """Expected lambda integral x S dt of that policy, currency."""
        return self.risk_aversion * self.days * self.quantity * self.price / 2 - 2 * self._gain

    @property
    def _gain(self) -> float:
        """lambda^2 S_0^2 T^3 / (8 eta) (e^q - 1 - q - q^2/2) / q^3."""
        pull = self.risk_aversion * self.price
        return pull**2 * self.days**3 / (8 * self.eta) * third_remainder(self.volatility**2 * self.days)


def third_remainder(q: float) -> float:
    """(e^q - 1 - q - q^2/2) / q^3, 1/6 at 0."""
    if q >= SERIES:
        return (math.expm1(q) - q - q**2 / 2) / q**3
    total, term = 0.0, 1 / 6
    for k in range(4, TERMS + 4):
        total, term = total + term, term * q / k
    return total


class GatheralSchied(msgspec.Struct, frozen=True):
    """Policy: trade faster the more holding shares costs in proportion to their value.

    Parameters
    ----------
    model
        Impact; a model that is not linear is replaced by the linear one that costs the same for the order.
    risk_aversion
        lambda, a session: the fraction of its value that holding a position for a session is worth, 0.001 for 10 bps.
    bucket_ns, n
        Length of a bucket, or how many even ones; one minute by default.
    stop_at_zero
        Whether the order ends when nothing is left; else it may trade beyond and come back, which no algorithm works.
    """

    model: Impact
    risk_aversion: float
    bucket_ns: int | None = None
    n: int | None = None
    stop_at_zero: bool = True

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The expected path of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when temporary impact is 0, or when the order may be crossed and is beyond all measure.
        """
        market = needed(market, "a Gatheral-Schied schedule")
        problem, solved = self.problem(order, market), self.solved(order, market)
        lots = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        edges, worth = edge_days(order, solved.edges_ns), order.quantity * market.price
        line = linearised(self.model, market.terms(order.quantity, problem.days))
        held = squared_holdings(lots, edges[:-1], np.diff(edges))
        return rounded(
            "Gatheral-Schied",
            order,
            solved,
            market=market,
            cost_parts={
                "spread": line.epsilon * float(np.abs(lots).sum()) / worth * 1e4,
                "temporary": problem.impact_cost(lots, edges) / worth * 1e4,
                "permanent": line.gamma / 2 * order.quantity / market.price * 1e4,
            },
            cost_risk_bps=market.daily_volatility.value * math.sqrt(held) / order.quantity * 1e4,
            inputs={
                "risk_aversion": self.risk_aversion,
                "eta": problem.eta,
                "gamma": line.gamma,
                "epsilon": line.epsilon,
                "price": problem.price,
                "volatility": problem.volatility,
                "days": problem.days,
                "end_days": problem.end_days,
            },
            notes=_crossing(problem),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The best trades that do not look at the price, before rounding; errors as for `plan`."""
        problem, edges_ns = self.problem(order, market), self._edges_ns(order)
        edges = edge_days(order, edges_ns)
        trades = problem.trades(edges)
        certificate = Certificate(
            method="closed form",
            kind="closed form",
            value=_residual(problem, trades, edges),
            objective=problem.objective(trades, edges),
        )
        return Solved(edges_ns=edges_ns, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected temporary cost plus the price of waiting, in price times quantity; infinite below 0 if forbidden."""
        if self.stop_at_zero and (trades < 0).any():
            return math.inf
        return self.problem(order, market).objective(trades, edge_days(order, self._edges_ns(order)))

    def problem(self, order: ParentOrder, market: MarketState) -> ValueLiquidation:
        """The paper's problem of one order; errors as for `plan`."""
        days = days_of(order)
        eta = linearised(self.model, market.terms(order.quantity, days)).eta
        if not eta > 0:
            raise BadParameter(
                f"temporary impact {eta:g} of {self.model.name} must be above 0, else all at once is best; give a "
                "model in which speed costs"
            )
        return ValueLiquidation(
            quantity=order.quantity,
            days=days,
            price=market.price,
            eta=eta,
            risk_aversion=min(float(self.risk_aversion), MOST_AVERSE),
            volatility=market.daily_volatility.value,
            stop_at_zero=self.stop_at_zero,
        )

    def _edges_ns(self, order: ParentOrder) -> tuple[int, ...]:
        return bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n)


def _crossing(problem: ValueLiquidation) -> tuple[str, ...]:
    """What to know where the path would be done before its time."""
    if problem.crossing_days >= problem.days:
        return ()
    first = (
        f"So risk-averse, the theory is through {problem.crossing_days / problem.days:.0%} into the window and goes on"
    )
    if problem.stop_at_zero:
        return (f"{first}; kept from that, the order ends {problem.end_days / problem.days:.0%} into it.",)
    return (f"{first} beyond the order, then comes back: no algorithm works that (stop_at_zero=True ends there).",)


def _residual(problem: ValueLiquidation, trades: Floats, edges_days: Floats) -> float:
    """How far marginal costs of the buckets that trade are from alike, as a fraction of the largest."""
    lengths, middles = np.diff(edges_days), (edges_days[1:] + edges_days[:-1]) / 2
    slope = 2 * problem.eta * trades / lengths + problem.risk_aversion * problem.price * middles
    used = trades != 0
    gain = float(slope[used].min() - slope[~used].min()) if (~used).any() else 0.0
    return max(float(slope[used].max() - slope[used].min()), gain, 0.0) / float(np.abs(slope).max())
