"""Verb 1: what will it cost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nowake.data.day import Day
from nowake.domain.order import ParentOrder
from nowake.models import estimate as costs
from nowake.models.impact.contract import Impact
from nowake.models.impact.square_root import SquareRoot
from nowake.models.market import MarketState
from nowake.verbs.checks import check_order
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture


class Estimate(costs.CostEstimate, frozen=True):
    """Expected cost of one order with its intervals. Prints as a table."""

    __repr__ = costs.CostEstimate.__str__

    def to_frame(self) -> pl.DataFrame:
        """One row a part of the cost, in basis points of the arrival price and in currency."""
        import polars as pl  # noqa: PLC0415

        parts = {
            "spread": self.spread_bps,
            "temporary": self.temporary_bps,
            "permanent": self.permanent_bps,
            "expected": self.expected_bps,
            "parameter_sd": self.parameter_sd_bps,
            "input_sd": self.input_sd_bps,
            "timing_risk": self.timing_risk_bps,
        }
        amounts = [bps / 1e4 * self.notional for bps in parts.values()]
        return pl.DataFrame({"part": list(parts), "bps": list(parts.values()), "amount": amounts})

    def plot(self) -> Picture:
        """What less risk costs: the efficient frontier of the order under the estimate's model of the market."""
        from nowake.models.impact.linear import Linear  # noqa: PLC0415
        from nowake.reports.pictures.frontier import frontier as draw  # noqa: PLC0415
        from nowake.schedules.almgren_chriss import frontier  # noqa: PLC0415

        return draw(frontier(self.order, self.market, Linear.from_market(self.market)))


def market_of(order: ParentOrder, day: Day, *, look_ahead: bool = True) -> MarketState:
    """The market an order meets on a day, from the whole session or only from what came before its start."""
    end_ns = None if look_ahead else order.start_ns
    return MarketState.measure(order, day.quotes, day.trades, end_ns=end_ns)


def estimate(order: ParentOrder, day: Day, model: Impact | None = None, *, look_ahead: bool = True) -> Estimate:
    """What an order is expected to cost on a day, and how sure that is.

    Parameters
    ----------
    order, day
        The parent and the market data.
    model
        An impact model; the square-root law with its stated uncertainty by default.
    look_ahead
        Whether volatility, volume and spread come from the whole day (an explanation) or only from what was seen
        before the order's start (a forecast). The result says which.

    Raises
    ------
    BadParameter
        When the order is of another instrument or day.
    BadData
        When the day has too little in it to measure the market.
    """
    check_order(order, day)
    market = market_of(order, day, look_ahead=look_ahead)
    return promote(costs.estimate(order, market, model or SquareRoot()), Estimate)
