"""Verb 1: what will it cost?"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models import estimate as costs
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade import capacity as capacities
from nowake.models.pretrade import strategies as ways
from nowake.models.pretrade import urgency
from nowake.models.pretrade.cautions import (
    limit_cautions,
    market_cautions,
    rule_of_thumb_cautions,
    spread_cautions,
)
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.portfolio import Portfolio
from nowake.models.pretrade.seen import Seen
from nowake.models.pretrade.urgency import Risk
from nowake.verbs.asked import Model, asked_of, several
from nowake.verbs.checks import check_order
from nowake.verbs.market import market_of
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.models.volume import VolumeCurve
    from nowake.reports.pictures.canvas import Picture
    from nowake.verbs.estimates import Estimates


class Estimate(costs.CostEstimate, frozen=True):
    """Expected cost of one order with its intervals. Prints as a table, and answers what else the order could cost."""

    __repr__ = costs.CostEstimate.__str__

    def curve(
        self, *, lowest: float | None = None, highest: float = urgency.HIGHEST, n: int = 40
    ) -> urgency.UrgencyCurve:
        """Cost and risk at rates of participation; parameters as for `pretrade.urgency.urgency_curve`.

        By default from 1 % of volume, or from the order's own rate where that is less, but no less than 0.1 %.
        """
        if lowest is None:
            lowest = max(0.001, min(0.01, self.participation)) if math.isfinite(self.participation) else 0.01
        return urgency.urgency_curve(
            self.impact,
            self.market,
            self.order.quantity,
            lowest=lowest,
            highest=highest,
            n=n,
            fees=self.fees,
            multiplier=self._multiplier,
        )

    def best(
        self,
        risk_aversion: float,
        *,
        risk: Risk = Risk.SD,
        lowest: float = urgency.LOWEST,
        highest: float = urgency.HIGHEST,
        longest_days: float | None = None,
        within_bps: float = 0.5,
        level: float = 0.95,
        seed: int = 0,
    ) -> urgency.BestRate:
        """The rate and horizon that are best for a risk aversion; parameters as for `pretrade.urgency.best_rate`."""
        return urgency.best_rate(
            self.impact,
            self.market,
            self.order.quantity,
            risk_aversion=risk_aversion,
            risk=risk,
            lowest=lowest,
            highest=highest,
            longest_days=longest_days,
            within_bps=within_bps,
            fees=self.fees,
            multiplier=self._multiplier,
            level=level,
            seed=seed,
        )

    def capacity(
        self, limit_bps: float, *, participation: float | None = None, days: float | None = None, level: float = 0.95
    ) -> capacities.Capacity:
        """The size at which the expected cost reaches a limit: in the order's own window unless told otherwise."""
        return capacities.capacity(
            self.impact,
            self.market,
            limit_bps,
            participation=participation,
            days=self.days if participation is None and days is None else days,
            window_days=self.days,
            smallest=self.order.instrument.quantity(1),
            fees=self.fees,
            multiplier=self._multiplier,
            level=level,
        )

    def strategies(self, curve: VolumeCurve | None = None) -> tuple[ways.StrategyCost, ...]:
        """The usual ways to trade the order with cost and risk of each; a volume curve adds the one that follows it."""
        usual = ways.strategies(self.order, self.market, curve=curve)
        return ways.compare(self.order, self.market, self.impact, usual, fees=self.fees)

    def to_frame(self) -> pl.DataFrame:
        """One row a part of the cost, in basis points of the arrival price and in currency."""
        import polars as pl  # noqa: PLC0415

        parts = {
            "spread": self.spread_bps,
            "temporary": self.temporary_bps,
            "permanent": self.permanent_bps,
            "fees": self.fees_bps,
            "expected": self.expected_bps,
            "parameter_sd": self.parameter_sd_bps,
            "input_sd": self.input_sd_bps,
            "timing_risk": self.timing_risk_bps,
        }
        amounts = [bps / 1e4 * self.notional for bps in parts.values()]
        return pl.DataFrame({"part": list(parts), "bps": list(parts.values()), "amount": amounts})

    def plot(self) -> Picture:
        """What urgency costs: expected cost with its interval, and risk, against the rate of participation."""
        from nowake.reports.pictures.urgency import urgency as draw  # noqa: PLC0415

        return draw(self.curve(), own=self)

    @property
    def _multiplier(self) -> float:
        multiplier = self.order.instrument.multiplier
        return float("nan") if multiplier is None else float(multiplier)


@overload
def estimate(  # type: ignore[overload-overlap]  # A name is a sequence of letters too.
    order: ParentOrder,
    day: Day,
    model: Model | None = None,
    *,
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    seen: Seen | None = None,
) -> Estimate: ...
@overload
def estimate(
    order: ParentOrder,
    day: Day,
    model: Sequence[Model],
    *,
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
    portfolio: None = None,
    seen: None = None,
) -> Estimates: ...
@overload
def estimate(
    order: Sequence[ParentOrder] | str | os.PathLike[str],
    day: Day | Sequence[Day] = (),
    model: Model | Sequence[Model] | None = None,
    *,
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
    portfolio: None = None,
    seen: None = None,
) -> Estimates: ...


def estimate(
    order: ParentOrder | Sequence[ParentOrder] | str | os.PathLike[str],
    day: Day | Sequence[Day] = (),
    model: Model | Sequence[Model] | None = None,
    *,
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    seen: Seen | None = None,
) -> Estimate | Estimates:
    """What an order is expected to cost on a day, and how sure that is; the same for a list of orders.

    Parameters
    ----------
    order
        A parent; or a list of them; or a CSV or Parquet file of orders (see `estimate_orders`).
    day
        The market data; for a list one day or several, found by the order's symbol and date.
    model
        An impact model, a fit of one, or its class or name ("square-root") for its default parameters; the square-root
        law with its stated uncertainty by default. Several give a table with all of them side by side.
    look_ahead
        Whether volatility, volume and spread come from the whole day (an explanation) or only from what was seen
        before the order's start (a forecast). The result says which.
    fees
        What is charged.
    portfolio
        Positions before the order and the covariance of their returns: the estimate then says what the order does to
        their risk.
    seen
        What the model was fitted to, so that an extrapolation is told; of a fit its own by default.

    Returns
    -------
    Estimate or Estimates
        Of one order by one model, else the table.

    Raises
    ------
    BadParameter
        When the order is of another instrument or day. In a list that is the reason beside the order.
    BadData
        When the day has too little in it to measure the market; in a list as above.
    """
    if isinstance(order, ParentOrder) and isinstance(day, Day) and not several(model):
        check_order(order, day)
        market = market_of(order, day, look_ahead=look_ahead)
        return estimate_in(order, market, model, fees=fees, portfolio=portfolio, seen=seen)  # type: ignore[arg-type]
    from nowake.verbs.estimates import estimate_list, estimate_orders  # noqa: PLC0415

    if portfolio is not None or seen is not None:
        raise BadParameter("portfolio and seen are for one order and one model; estimate them one by one")
    days = (day,) if isinstance(day, Day) else tuple(day)
    if isinstance(order, str | os.PathLike):
        return estimate_orders(order, model, days=days, look_ahead=look_ahead, fees=fees)
    return estimate_list(
        [order] if isinstance(order, ParentOrder) else order, days, model, look_ahead=look_ahead, fees=fees
    )


def estimate_in(
    order: ParentOrder,
    market: MarketState,
    model: Model | None = None,
    *,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    seen: Seen | None = None,
) -> Estimate:
    """The same in a market that is known: measured before, or given (`MarketState.given`). Parameters as `estimate`."""
    ((law, fitted_to, _),) = asked_of(model, market)
    cautions = cautions_of(law, order, market, seen or fitted_to)
    made = costs.estimate(order, market, law, fees=fees, portfolio=portfolio, cautions=cautions)
    return promote(made, Estimate)


def cautions_of(law: Impact, order: ParentOrder, market: MarketState, seen: Seen | None) -> tuple[str, ...]:
    """What speaks against leaning on a model for an order: market, limit, the range of the fit, or the law itself."""
    terms = market.terms(order.quantity, days_of(order))
    beyond = () if seen is None else seen.beyond(terms)
    said = (
        *market_cautions(market, order.quantity, terms.days),
        *limit_cautions(order, market),
        *rule_of_thumb_cautions(law, order, market),
        *spread_cautions(law),
        *beyond,
        *law.warnings,
        *law.response(terms).warnings,
    )
    return tuple(dict.fromkeys(said))
