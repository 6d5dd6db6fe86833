"""Target close: the least of impact and of the risk of slipping against the closing price.

The mirror image of Almgren & Chriss 2000. Measured against the price at the end of the window, what is already done is
at risk, not what is left: with done_k shares traded before bucket k,

    minimise  sum c_k n_k^(1+k)  +  lambda sigma^2 sum tau_k done_k^2

and for even buckets and linear impact the trades are those of Almgren-Chriss in reverse order. The more risk-averse,
the later; with no risk aversion it is the cheapest, TWAP. As theirs it counts no risk inside a bucket, so that few
buckets understate it; the risk shown does. The last bucket may be a closing auction with a volume of its own, in which
trading is as cheap as its volume is large, and a share of the order may be the most it is to take.

Wrong for an order that is judged by its arrival price: waiting is then the risk. The permanent move of our own trades
is in the closing price too; it is the same for every schedule and counted here against arrival, as everywhere."""

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
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.certificate import Certificate
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.power_costs import Buckets
from nowake.schedules.power_law import with_constant
from nowake.schedules.schedule import Schedule
from nowake.schedules.tracking import Tracking


class TargetClose(msgspec.Struct, frozen=True):
    """Policy: be done at the end of the window, near the price there.

    Parameters
    ----------
    model
        Impact whose temporary part is a power of the rate, as for `PowerLawSchedule`.
    risk_aversion
        lambda, per unit of currency, of the variance of the slippage against the last price; 0 is the cheapest.
    auction_share
        Volume of a closing auction as a share of a day's continuous volume: the last bucket then trades as cheaply as
        so much of a session does. None where the order ends in continuous trading.
    most_in_last
        Most of the order that the last bucket may take, above 0 and up to 1.
    bucket_ns, n
        As for `Twap`.
    curve
        Volume curve of the day: time then runs by its volume, for impact and volatility alike.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    model: Impact
    risk_aversion: float
    auction_share: float | None = None
    most_in_last: float = 1.0
    bucket_ns: int | None = None
    n: int | None = None
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        if self.auction_share is not None and not 0 < self.auction_share < math.inf:
            raise BadParameter(
                f"auction_share {self.auction_share} must be above 0 and finite; 0.1 is a tenth of a day's volume"
            )
        if not 0 < self.most_in_last <= 1:
            raise BadParameter(f"most_in_last {self.most_in_last} must be above 0 and up to 1, a share of the order")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule; its risk is that of slipping against the last price.

        Raises
        ------
        BadParameter
            Without a market, when the model's temporary impact is no power of the rate, or when the curve does not fit.
        """
        market = needed(market, "a target-close schedule")
        buckets, solved = self._buckets(order, market), self.solved(order, market)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        done = np.cumsum(trades)
        left = order.quantity - done
        inputs = {
            "risk_aversion": self.risk_aversion,
            "volatility": market.volatility,
            "share_in_last": float(trades[-1]) / order.quantity,
            "arrival_risk_bps": buckets.risk_bps(left + trades, left),
            **buckets.inputs(),
        }
        return rounded(
            "target close",
            order,
            solved,
            market=market,
            cost_parts=self._priced(buckets).parts_bps(trades),
            cost_risk_bps=buckets.risk_bps(done - trades, self._met_by_the_last_price(done, trades)),
            inputs=inputs,
            notes=(*buckets.costs.notes, "risk is of slipping against the last price, not against arrival"),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        buckets = self._buckets(order, market)
        trades, certificate = self._best(order, buckets)
        certificate = with_constant(certificate, buckets.costs.steady(order.quantity))
        return Solved(edges_ns=buckets.edges_ns, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected cost plus lambda times variance of any (N,) trades; infinite beyond what the last may take."""
        most = self.most_in_last * order.quantity
        if len(trades) > 1 and trades[-1] > most * (1 + 1e-9):
            return math.inf
        buckets = self._buckets(order, market)
        spread = buckets.costs.epsilon * float(np.abs(trades).sum() - order.quantity)
        return self._mirrored(order.quantity, buckets).objective(trades[::-1]) + (
            buckets.costs.steady(order.quantity) + spread
        )

    def _best(self, order: ParentOrder, buckets: Buckets) -> tuple[Floats, Certificate]:
        """Mirrored in time, done is what is left; where the last may not take all it wants it takes all it may."""
        whole = self._mirrored(order.quantity, buckets)
        backwards, certificate = whole.solve()
        most = self.most_in_last * order.quantity
        if len(backwards) == 1 or backwards[0] <= most:
            return backwards[::-1], certificate
        rest = Tracking(
            quantity=order.quantity - most,
            costs=whole.costs[1:],
            risks=whole.risks[1:],
            path=whole.path[1:],
            power=whole.power,
        )
        others, certificate = rest.solve()
        backwards = np.concatenate(([most], others))
        fixed = whole.objective(backwards) - rest.objective(others)
        return backwards[::-1], with_constant(certificate, fixed)

    def _mirrored(self, quantity: float, buckets: Buckets) -> Tracking:
        """The problem with time turned round: what was done before a bucket is what is left after it."""
        return Tracking(
            quantity=quantity,
            costs=self._priced(buckets).bucket_costs()[::-1],
            risks=buckets.risks[::-1],
            path=np.zeros(len(buckets.tau)),
            power=1 + buckets.costs.exponent,
        )

    def _met_by_the_last_price(self, done: Floats, trades: Floats) -> Floats:
        """(N,) shares done at the end of each bucket whose price may still move: an auction's are done at its price."""
        return done if self.auction_share is None else np.append(done[:-1], done[-1] - trades[-1])

    def _priced(self, buckets: Buckets) -> Buckets:
        """The buckets by what trading in them costs: the auction is as long as its volume."""
        if self.auction_share is None:
            return buckets
        tau = np.append(buckets.tau[:-1], self.auction_share)
        return msgspec.structs.replace(buckets, tau=tau)

    def _buckets(self, order: ParentOrder, market: MarketState) -> Buckets:
        return Buckets.of(
            order,
            market,
            self.model,
            risk_aversion=self.risk_aversion,
            edges_ns=bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n),
            curve=self.curve,
        )
