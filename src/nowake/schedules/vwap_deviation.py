"""Risk-averse VWAP: the least of impact and of the risk of slipping against the market's volume-weighted price.

Slippage against the market's VWAP moves with each price by how far what is left strays from what the market has left:

    minimise  sum c_k n_k^(1+k)  +  lambda sigma^2 sum tau_k (x_k - X u_k)^2,   u_k the part of the volume still to come

(Konishi 2002, "Optimal slice of a VWAP trade", Journal of Financial Markets 5, for the risk; with impact beside it
Gueant & Royer 2014, "VWAP execution and guaranteed VWAP", SIAM J. Financial Mathematics 5, and Frei & Westray 2015,
"Optimal execution of a VWAP order", Mathematical Finance 25; theirs is continuous and for volume that is not known).
What strays is weighed at the end of each bucket, with no risk inside it, so that few buckets understate it; the risk
shown counts it. With much risk aversion it is VWAP; with none the cheapest, TWAP, for impact goes by shares a session
here and volume runs by the curve. Volume that is not known but moves apart from the price only adds a risk that no
schedule changes.

Wrong where impact goes by the share of volume at each time: VWAP is then cheapest too, and there is nothing to weigh.
That our own trades move the market's VWAP, which makes early trading look good against it, is left out on purpose."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.buckets import check_covers
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.power_costs import Buckets
from nowake.schedules.power_law import with_constant
from nowake.schedules.schedule import Schedule
from nowake.schedules.tracking import Tracking


class VwapDeviation(msgspec.Struct, frozen=True):
    """Policy: stay near the market's VWAP, but not at any price.

    Parameters
    ----------
    model
        Impact whose temporary part is a power of the rate, as for `PowerLawSchedule`.
    risk_aversion
        lambda, per unit of currency, of the variance of the slippage against the market's VWAP; 0 is the cheapest.
    curve
        Volume expected over the day.
    bucket_ns, n
        As for `Twap`.
    """

    model: Impact
    risk_aversion: float
    curve: VolumeCurve
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule; its risk is that of slipping against the market's VWAP.

        Raises
        ------
        BadParameter
            Without a market, when the model's temporary impact is no power of the rate, or when the curve does not fit.
        """
        market = needed(market, "a risk-averse VWAP")
        buckets, solved = self._buckets(order, market), self.solved(order, market)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        left, path = order.quantity - np.cumsum(trades), self._path(order, buckets)
        strays = np.concatenate(([0.0], left - path))
        return rounded(
            "risk-averse VWAP",
            order,
            solved,
            market=market,
            cost_parts=buckets.parts_bps(trades),
            cost_risk_bps=buckets.risk_bps(strays[:-1], strays[1:]),
            inputs={
                "risk_aversion": self.risk_aversion,
                "volatility": market.volatility,
                "arrival_risk_bps": buckets.risk_bps(left + trades, left),
                **buckets.inputs(),
            },
            notes=(*buckets.costs.notes, "risk is of slipping against the market's VWAP, not against arrival"),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        buckets = self._buckets(order, market)
        trades, certificate = self._problem(order, buckets).solve()
        certificate = with_constant(certificate, buckets.costs.steady(order.quantity))
        return Solved(edges_ns=buckets.edges_ns, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Expected cost plus lambda times variance of any (N,) trades, in units of price times quantity."""
        buckets = self._buckets(order, market)
        spread = buckets.costs.epsilon * float(np.abs(trades).sum() - order.quantity)
        return self._problem(order, buckets).objective(trades) + buckets.costs.steady(order.quantity) + spread

    def _problem(self, order: ParentOrder, buckets: Buckets) -> Tracking:
        return Tracking(
            quantity=order.quantity,
            costs=buckets.bucket_costs(),
            risks=buckets.risks,
            path=self._path(order, buckets),
            power=1 + buckets.costs.exponent,
        )

    def _path(self, order: ParentOrder, buckets: Buckets) -> Floats:
        """(N,) X u_k: what VWAP has left at the end of each bucket."""
        check_covers(order, self.curve)
        whole = self.curve.share_between(order.start_ns, order.end_ns)
        to_come = [self.curve.share_between(edge, order.end_ns) for edge in buckets.edges_ns[1:]]
        return np.minimum(np.array(to_come) / whole, 1.0) * order.quantity

    def _buckets(self, order: ParentOrder, market: MarketState) -> Buckets:
        return Buckets.of(
            order, market, self.model, risk_aversion=self.risk_aversion, bucket_ns=self.bucket_ns, n=self.n
        )
