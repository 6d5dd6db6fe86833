"""What an order will cost: half-spread, temporary and permanent impact, and how sure that is.

Two doubts are kept apart. The expected cost is uncertain because parameters and inputs are estimates
(`parameter_sd_bps`, `input_sd_bps`). The cost itself is uncertain because the market moves while we trade
(`timing_risk_bps`): sigma sqrt(T / 3) for an order traded evenly over T days, the limit N -> infinity of Almgren &
Chriss 2000, equation 11. More data shrink the first, only faster trading the second.

Wrong where the order is not traded evenly (ask a schedule), prices trend, or it is a large part of the volume."""

from __future__ import annotations

import math

import msgspec

from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState, days_of
from nowake.models.measurement import Measurement, z_of

LARGEST_MEASURED = 0.25  # Of a day's volume. Our judgement: published fits hold few orders anywhere near it.


class CostEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Expected cost of one order and its uncertainty, in basis points of the arrival price, positive when bad.

    Parameters
    ----------
    order, market
        What was estimated, and the market it meets.
    model, version, formula
        The impact model: its name, version, and itself with its parameters in print.
    spread_bps, temporary_bps, permanent_bps
        Half the spread, and the two parts of impact; they sum to `expected_bps`.
    parameter_sd_bps
        One standard deviation of the expected cost from the model's standard errors.
    input_sd_bps
        The same from the intervals of measured volatility and spread.
    timing_risk_bps
        One standard deviation of the cost from the market's moves while trading.
    participation
        Order / (order + market volume of the window); NaN where that volume is unknown.
    days
        Length of the window in trading sessions.
    """

    order: ParentOrder
    market: MarketState
    model: str
    version: str
    formula: str
    spread_bps: float
    temporary_bps: float
    permanent_bps: float
    parameter_sd_bps: float
    input_sd_bps: float
    timing_risk_bps: float
    participation: float
    days: float

    @property
    def expected_bps(self) -> float:
        """Expected cost."""
        return self.spread_bps + self.temporary_bps + self.permanent_bps

    @property
    def notional(self) -> float:
        """Value of the order at the arrival price, in currency; NaN for an instrument without a multiplier."""
        multiplier = self.order.instrument.multiplier
        return math.nan if multiplier is None else self.order.quantity * self.market.price * float(multiplier)

    @property
    def expected_cost(self) -> float:
        """Expected cost in currency; NaN as `notional`."""
        return self.expected_bps / 1e4 * self.notional

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Where the cost of this one order will lie, in basis points: all doubts, taken as independent and normal."""
        sd = math.hypot(self.parameter_sd_bps, self.input_sd_bps, self.timing_risk_bps)
        return self.expected_bps - z_of(level) * sd, self.expected_bps + z_of(level) * sd

    def expected_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Where the EXPECTED cost lies, in basis points: the doubt about parameters and inputs only."""
        sd = math.hypot(self.parameter_sd_bps, self.input_sd_bps)
        return self.expected_bps - z_of(level) * sd, self.expected_bps + z_of(level) * sd

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why this estimate should not be leaned on, one sentence each."""
        because = self.order.instrument.no_value_because
        unvalued = (because,) if because else ()
        share = self.order.quantity / self.market.daily_volume
        if share <= LARGEST_MEASURED:
            return unvalued
        return (
            *unvalued,
            f"The order is {share:.0%} of a day's volume; impact laws were fitted to far smaller ones "
            f"(we warn above {LARGEST_MEASURED:.0%}), so this number is a guess.",
        )

    def __str__(self) -> str:
        currency = self.order.instrument.currency
        parts = {"half-spread": self.spread_bps, "temporary": self.temporary_bps, "permanent": self.permanent_bps}
        rows = [f"{name:<16}{bps:>10.2f} bps" for name, bps in {**parts, "expected cost": self.expected_bps}.items()]
        if math.isfinite(self.expected_cost):
            rows[-1] += f"  = {self.expected_cost:,.2f} {currency}"
        low, high = self.expected_interval()
        rows.append(f"{'':<16}[{low:.2f}, {high:.2f}] bps at 95 %: parameters and inputs")
        low, high = self.interval()
        rows.append(
            f"{'this order':<16}[{low:.2f}, {high:.2f}] bps at 95 %: timing risk {self.timing_risk_bps:.2f} too"
        )
        if not math.isnan(self.participation):
            rows.append(f"{'participation':<16}{self.participation:>10.2%}")
        if self.market.look_ahead:
            rows.append("The market was measured past the start of the order: an explanation, not a forecast.")
        return "\n".join([str(self.order), self.formula, *rows, *self.warnings])


def estimate(order: ParentOrder, market: MarketState, model: Impact) -> CostEstimate:
    """The expected cost of an order traded evenly over its window, with its uncertainty.

    Raises
    ------
    BadParameter
        When the model refuses the quantity or the window.
    """
    terms = market.terms(order.quantity, days_of(order))
    return CostEstimate(
        order=order,
        market=market,
        model=model.name,
        version=model.version,
        formula=str(model),
        spread_bps=float(model.half_spread_bps(terms)),
        temporary_bps=float(model.temporary_bps(terms)),
        permanent_bps=float(model.permanent_bps(terms)),
        parameter_sd_bps=float(model.parameter_sd_bps(terms)),
        input_sd_bps=_input_sd_bps(order, market, model),
        timing_risk_bps=timing_risk_bps(market.daily_volatility.value, terms.days),
        participation=math.nan if market.window_volume is None else terms.participation,
        days=terms.days,
    )


def timing_risk_bps(daily_volatility: float, days: float) -> float:
    """One standard deviation of the cost of an order traded evenly: sigma sqrt(T / 3), in basis points."""
    return daily_volatility * math.sqrt(days / 3) * 1e4


def _input_sd_bps(order: ParentOrder, market: MarketState, model: Impact) -> float:
    """How far one standard deviation of each measured input moves the expected cost."""

    def cost(moved: MarketState) -> float:
        terms = moved.terms(order.quantity, days_of(order))
        return float(model.half_spread_bps(terms) + model.total_bps(terms))

    effects = []
    for name in ("daily_volatility", "spread_bps"):
        measured: Measurement = getattr(market, name)
        # Down to zero at most: neither volatility nor spread can be negative.
        step = min(measured.sd, measured.value)
        ends = [msgspec.structs.replace(market, **{name: _moved(measured, side * step)}) for side in (1, -1)]
        scale = measured.sd / step if step else 0.0
        effects.append((cost(ends[0]) - cost(ends[1])) / 2 * scale)
    return math.hypot(*effects)


def _moved(measured: Measurement, by: float) -> Measurement:
    return Measurement.given(measured.value + by)
