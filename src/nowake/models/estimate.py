"""What an order will cost: half-spread, temporary and permanent impact, fees, and how sure that is.

The record of one order by one model; the maths is `pretrade.costs`, which takes arrays of orders. Two doubts are kept
apart. The expected cost is uncertain because parameters and inputs are estimates (`parameter_sd_bps`,
`input_sd_bps`). The cost itself is uncertain because the market moves while we trade (`timing_risk_bps`).

Wrong where the order is not traded evenly (ask `pretrade.strategies`), prices trend, or it is a large part of the
volume."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.costs import CostParts, Costs, check_aversion, costs, timing_risk_bps
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.portfolio import Portfolio, PortfolioRisk

__all__ = ["LARGEST_MEASURED", "CostEstimate", "estimate", "estimates", "timing_risk_bps"]

LARGEST_MEASURED = 0.25  # Of a day's volume. Our judgement: published fits hold few orders anywhere near it.


class CostEstimate(CostParts, frozen=True, kw_only=True):
    """Expected cost of one order and its uncertainty, in basis points of the arrival price, positive when bad.

    Parameters
    ----------
    order, market
        What was estimated, and the market it meets.
    model, version, formula
        The impact model: its name, version, and itself with its parameters in print.
    impact
        The model itself.
    participation
        Order / (order + market volume of the window); NaN where that volume is unknown.
    days
        Length of the window in trading sessions.
    fees
        The tariff behind `fees_bps`.
    portfolio
        What the order does to the risk of a portfolio; None where none was given.
    cautions
        What whoever made the estimate has to say against leaning on it, one sentence each.
    """

    order: ParentOrder
    market: MarketState
    model: str
    version: str
    formula: str
    impact: Impact
    participation: float
    days: float
    fees: Fees = NO_FEES
    portfolio: PortfolioRisk | None = None
    cautions: tuple[str, ...] = ()

    @property
    def notional(self) -> float:
        """Value of the order at the arrival price, in currency; NaN for an instrument without a multiplier."""
        return self.order.quantity * self.market.price * _multiplier(self.order)

    @property
    def expected_cost(self) -> float:
        """Expected cost in currency; NaN as `notional`."""
        return float(self.expected_bps / 1e4 * self.notional)

    @property
    def share_of_day(self) -> float:
        """The order over a day's volume."""
        return self.order.quantity / self.market.daily_volume

    def portfolio_adjusted_bps(self, risk_aversion: float) -> float:
        """Expected cost + lambda x what the order adds to the portfolio's risk while it is worked, in basis points.

        NaN without a portfolio, or without a notional. Below the expected cost where waiting makes the portfolio safer.
        """
        check_aversion(risk_aversion)
        if self.portfolio is None:
            return math.nan
        return float(self.expected_bps + risk_aversion * self.portfolio.working / self.notional * 1e4)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why this estimate should not be leaned on, one sentence each."""
        because = self.order.instrument.no_value_because
        return (*((because,) if because else ()), *size_warnings(self.share_of_day), *self.cautions)

    def __str__(self) -> str:
        currency = self.order.instrument.currency
        parts = {"half-spread": self.spread_bps, "temporary": self.temporary_bps, "permanent": self.permanent_bps}
        if self.fees != NO_FEES:
            parts["fees"] = self.fees_bps
        rows = [f"{name:<16}{bps:>10.2f} bps" for name, bps in {**parts, "expected cost": self.expected_bps}.items()]
        if math.isfinite(self.expected_cost):
            rows[-1] += f"  = {self.expected_cost:,.2f} {currency}"
        low, high = self.expected_interval()
        rows.append(
            f"{'':<16}[{low:.2f}, {high:.2f}] bps at 95 %: parameters ({self.parameter_sd_bps:.2f} sd) and inputs "
            f"({self.input_sd_bps:.2f} sd)"
        )
        low, high = self.interval()
        rows.append(
            f"{'this order':<16}[{low:.2f}, {high:.2f}] bps at 95 %: timing risk ({self.timing_risk_bps:.2f} sd) too"
        )
        if not math.isnan(self.participation):
            rows.append(f"{'participation':<16}{self.participation:>10.2%}")
        if self.portfolio is not None:
            rows += _portfolio_rows(self.portfolio, currency)
        if self.market.look_ahead:
            rows.append("The market was measured past the start of the order: an explanation, not a forecast.")
        return "\n".join([str(self.order), self.formula, *rows, *self.warnings])


def estimate(
    order: ParentOrder,
    market: MarketState,
    model: Impact,
    *,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    cautions: Sequence[str] = (),
) -> CostEstimate:
    """The expected cost of an order traded evenly over its window, with its uncertainty.

    Parameters
    ----------
    order, market, model
        What is traded, where, and the law of its impact.
    fees
        What is charged.
    portfolio
        Positions before the order, its own symbol among them.
    cautions
        Sentences that are to stand among the warnings.

    Raises
    ------
    BadParameter
        When the model refuses the quantity or the window, fees need a multiplier that is not known, or the portfolio
        does not hold the symbol.
    """
    return estimates(order, market, [model], fees=fees, portfolio=portfolio, cautions=[cautions])[0]


def estimates(
    order: ParentOrder,
    market: MarketState,
    models: Sequence[Impact],
    *,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    cautions: Sequence[Sequence[str]] = (),
) -> tuple[CostEstimate, ...]:
    """The same by several models at once; cautions are those of each."""
    terms = market.terms(order.quantity, days_of(order))
    done = costs(models, terms, doubt=market.doubt, fees=fees, multiplier=_multiplier(order))
    value = order.side * order.quantity * market.price * _multiplier(order)
    risk = None if portfolio is None else portfolio.with_order(order.instrument.symbol, value, terms.days)
    return tuple(
        CostEstimate(
            order=order,
            market=market,
            model=model.name,
            version=model.version,
            formula=str(model),
            impact=model,
            participation=math.nan if market.window_volume is None else terms.participation,
            days=terms.days,
            fees=fees,
            portfolio=risk,
            cautions=tuple(said),
            **_parts(each),
        )
        for model, each, said in zip(models, done, cautions or [()] * len(models), strict=True)
    )


def size_warnings(share_of_day: float) -> tuple[str, ...]:
    """A sentence on an order beyond what impact laws were fitted to."""
    if share_of_day <= LARGEST_MEASURED:
        return ()
    return (
        f"The order is {share_of_day:.0%} of a day's volume; impact laws were fitted to far smaller ones "
        f"(we warn above {LARGEST_MEASURED:.0%}), so this number is a guess.",
    )


def _parts(each: Costs) -> dict[str, float]:
    return {name: getattr(each, name) for name in CostParts.__struct_fields__}


def _multiplier(order: ParentOrder) -> float:
    multiplier = order.instrument.multiplier
    return math.nan if multiplier is None else float(multiplier)


def _portfolio_rows(risk: PortfolioRisk, currency: str) -> list[str]:
    return [
        f"{'portfolio risk':<16}{risk.before:,.2f} -> {risk.after:,.2f} {currency} a session; this asset's share "
        f"{risk.contribution_before:,.2f} -> {risk.contribution_after:,.2f}",
        f"{'':<16}{risk.working:+,.2f} {currency} from what is not traded yet, over the window",
    ]
