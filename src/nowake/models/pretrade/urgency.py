"""Cost against urgency, and the rate that is best for a risk aversion.

Trading at a share r of all volume, ours included, an order of Q shares takes T = Q (1 - r) / (r V) sessions of volume
V. Faster costs impact, slower costs risk; the best rate minimises (Kissell & Glantz 2003, "Optimal Trading
Strategies", chapter 8, by their I-star; here by any model)

    E(r) + lambda sigma sqrt(T(r) / 3)            lambda without unit: bps of cost for a bp of risk
    E(r) + lambda variance                        lambda per currency, as Almgren & Chriss 2000, for `Risk.VARIANCE`

The minimum is flat: rates far apart cost nearly the same, and which is best is known far worse than what it costs. So
the answer is a range (`flat`), and where the model's parameters are doubtful an interval of the best rate too. A law
that costs the same at every rate puts no price on speed: by it faster is always better, and there is no best rate.
Wrong where volume is far from even through the window, or rates so high that volume answers them."""

from __future__ import annotations

import enum
import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import Costs, check_aversion, costs, timing_risk_bps
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.plausible import plausible
from nowake.models.terms import Floats, Terms
from nowake.statistics.measurement import check_level

LOWEST, HIGHEST = 0.005, 0.5
_GRID = 257
_ZOOMS = 3
_DRAWS = 200
_SHOWN = 12  # Rates of a printed curve.
FREE = "speed is free"


class Risk(enum.Enum):
    """What a risk aversion multiplies."""

    SD = "standard deviation"
    VARIANCE = "variance"


class UrgencyCurve(msgspec.Struct, frozen=True, kw_only=True):
    """What an order costs at each of n rates. Arrays are (n,), from patient to urgent.

    `participation` is our share of all volume, `days` the sessions that takes, `costs` the parts and their doubts.
    """

    quantity: float
    participation: Floats
    days: Floats
    costs: Costs

    def __str__(self) -> str:
        places = np.unique(np.linspace(0, len(self.participation) - 1, _SHOWN).round().astype(int))
        low, high = self.costs.expected_interval()
        head = f"{self.quantity:,.10g} by {self.costs.name}: cost and risk in bps, with the 95 % interval of the cost"
        rows = [
            f"{self.participation[k]:>7.1%} of volume  {self.days[k]:>9.4g} sessions  cost "
            f"{self.costs.expected_bps[k]:>8.1f} [{low[k]:,.1f}, {high[k]:,.1f}]  risk "
            f"{self.costs.timing_risk_bps[k]:,.1f}"
            for k in places
        ]
        return "\n".join([head, *rows])

    __repr__ = __str__


class BestRate(msgspec.Struct, frozen=True, kw_only=True):
    """The rate that is best for a risk aversion.

    Parameters
    ----------
    participation, days
        Share of all volume, and the sessions that takes; NaN where there is no best rate.
    expected_bps, timing_risk_bps, adjusted_bps
        Cost, risk, and cost + lambda risk there; risk and the sum are NaN where there is no best rate.
    flat
        Least and largest rate within `within_bps` of the best; None where there is none.
    within_bps
        See `flat`.
    known_to
        Interval of the best rate from the doubt about the model's parameters at `level`; None where they are exact.
    risk_aversion, risk
        Lambda, and what it multiplies.
    bound
        "lowest" or "highest" where the best lies at an end of the rates looked at, "longest" where the time allowed
        binds, "speed is free" where the law costs the same at every rate and so has no best one, else empty.
    """

    participation: float
    days: float
    expected_bps: float
    timing_risk_bps: float
    adjusted_bps: float
    flat: tuple[float, float] | None
    within_bps: float
    known_to: tuple[float, float] | None
    level: float
    risk_aversion: float
    risk: Risk
    bound: str = ""

    def __str__(self) -> str:
        if self.flat is None:
            return (
                f"no best rate: this law puts no price on speed ({self.expected_bps:.1f} bps expected at any rate): by "
                "it faster is always better; choose a model with a duration"
            )
        low, high = self.flat
        text = (
            f"best at {self.participation:.1%} of volume, {self.days:.3g} sessions: {self.expected_bps:.1f} bps "
            f"expected, {self.timing_risk_bps:.1f} bps risk (λ = {self.risk_aversion:g}); "
            f"{low:.1%} to {high:.1%} is within {self.within_bps:g} bps of it"
        )
        if self.bound:
            text += f"; the {self.bound} {'time' if self.bound == 'longest' else 'rate'} allowed binds"
        if self.known_to is not None:
            text += f"; known to {self.known_to[0]:.1%} to {self.known_to[1]:.1%} at {self.level:.0%}"
        return text


def urgency_curve(
    model: Impact,
    market: MarketState,
    quantity: float,
    *,
    lowest: float = 0.01,
    highest: float = HIGHEST,
    n: int = 40,
    fees: Fees = NO_FEES,
    multiplier: float = 1.0,
) -> UrgencyCurve:
    """Cost and risk of an order at n rates, even in their logarithm.

    Raises
    ------
    BadParameter
        When the rates are not 0 < lowest < highest < 1, or n is below 2.
    """
    if n < 2:
        raise BadParameter(f"a curve of {n} rates must have 2 or more")
    rates = _rates(lowest, highest, n)
    terms = market.at_participation(quantity, rates)
    (done,) = costs([model], terms, doubt=market.doubt, fees=fees, multiplier=multiplier)
    return UrgencyCurve(quantity=quantity, participation=rates, days=np.asarray(terms.days), costs=done)


def best_rate(
    model: Impact,
    market: MarketState,
    quantity: float,
    *,
    risk_aversion: float,
    risk: Risk = Risk.SD,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    longest_days: float | None = None,
    within_bps: float = 0.5,
    fees: Fees = NO_FEES,
    multiplier: float = 1.0,
    level: float = 0.95,
    seed: int = 0,
) -> BestRate:
    """The rate that minimises expected cost plus risk aversion times risk.

    Parameters
    ----------
    risk_aversion, risk
        Lambda and what it multiplies; with the variance it is per unit of currency.
    lowest, highest, longest_days
        Rates looked at, and the most sessions the order may take.
    within_bps
        How much dearer than the best still counts as good.
    level, seed
        Of the interval of the best rate, from 200 draws of the model's parameters.

    Raises
    ------
    BadParameter
        When a number is out of its range, or the order cannot be done in the time allowed at the highest rate.
    """
    check_level(level)
    check_aversion(risk_aversion)
    if not within_bps >= 0:
        raise BadParameter(f"within_bps {within_bps} must be 0 or more")
    floor, is_timed = _floor(market, quantity, lowest, highest, longest_days)
    value = quantity * market.price * multiplier
    if risk is Risk.VARIANCE and not value > 0:
        raise BadParameter("a risk aversion per currency needs the order's value; give the multiplier, or use Risk.SD")
    question = _Question(market, quantity, risk_aversion, None if risk is Risk.SD else value)
    rates = _rates(floor, highest, _GRID)
    if question.is_free(model, rates):
        return _no_best(model, question, fees, multiplier, within_bps=within_bps, level=level, risk=risk)
    best = question.best(model, rates)
    (done,) = costs(
        [model], market.at_participation(quantity, best), doubt=market.doubt, fees=fees, multiplier=multiplier
    )
    lam_risk = question.adjusted(model, np.array([best]))[0] - question.expected(model, np.array([best]))[0]
    drawn = [question.best(each, rates, zooms=0) for each in plausible(model, draws=_DRAWS, seed=seed)]
    return BestRate(
        participation=best,
        days=float(market.at_participation(quantity, best).days),
        expected_bps=done.expected_bps,
        timing_risk_bps=done.timing_risk_bps,
        adjusted_bps=float(done.expected_bps + lam_risk),
        flat=question.flat(model, best, rates, within_bps),
        within_bps=within_bps,
        known_to=_quantiles(drawn, level) if drawn else None,
        level=level,
        risk_aversion=risk_aversion,
        risk=risk,
        bound=_bound(best, floor, highest, is_timed=is_timed),
    )


def _no_best(
    model: Impact,
    question: _Question,
    fees: Fees,
    multiplier: float,
    *,
    within_bps: float,
    level: float,
    risk: Risk,
) -> BestRate:
    """The answer for a law that puts no price on speed; what it costs is the same everywhere."""
    (done,) = costs([model], question.terms(np.array([HIGHEST])), fees=fees, multiplier=multiplier)
    return BestRate(
        participation=math.nan,
        days=math.nan,
        expected_bps=float(done.expected_bps[0]),
        timing_risk_bps=math.nan,
        adjusted_bps=math.nan,
        flat=None,
        within_bps=within_bps,
        known_to=None,
        level=level,
        risk_aversion=question.risk_aversion,
        risk=risk,
        bound=FREE,
    )


class _Question:
    """What is minimised: one order in one market for one risk aversion. Fees are the same at every rate."""

    def __init__(self, market: MarketState, quantity: float, risk_aversion: float, value: float | None) -> None:
        self.market, self.quantity, self.risk_aversion, self.value = market, quantity, risk_aversion, value

    def terms(self, rates: Floats) -> Terms:
        return self.market.at_participation(self.quantity, rates)

    def expected(self, model: Impact, rates: Floats) -> Floats:
        terms = self.terms(rates)
        return np.asarray(np.broadcast_to(model.half_spread_bps(terms) + model.total_bps(terms), rates.shape))

    def adjusted(self, model: Impact, rates: Floats) -> Floats:
        risk = np.asarray(timing_risk_bps(self.market.daily_volatility.value, self.terms(rates).days))
        if self.value is not None:
            risk = risk**2 / 1e4 * self.value
        return self.expected(model, rates) + self.risk_aversion * risk

    def is_free(self, model: Impact, rates: Floats) -> bool:
        """Whether the model costs the same at every rate, to rounding."""
        expected = self.expected(model, rates)
        return bool(np.ptp(expected) <= 1e-9 * np.abs(expected).max())

    def best(self, model: Impact, rates: Floats, *, zooms: int = _ZOOMS) -> float:
        """On a grid first, for nothing says that the objective has one valley; then finer around the best of it."""
        for left in range(zooms, -1, -1):
            place = int(np.argmin(self.adjusted(model, rates)))
            if left:
                ends = rates[max(0, place - 1)], rates[min(len(rates) - 1, place + 1)]
                rates = np.geomspace(*ends, 65)
        return float(rates[place])

    def flat(self, model: Impact, best: float, rates: Floats, within_bps: float) -> tuple[float, float]:
        """The rates around the best one up to where the objective first leaves what is allowed."""
        rates = np.unique(np.append(rates, best))
        room = self.adjusted(model, rates) - self.adjusted(model, np.array([best]))[0] - within_bps
        place = int(np.searchsorted(rates, best))
        return _crossing(rates[: place + 1][::-1], room[: place + 1][::-1]), _crossing(rates[place:], room[place:])


def _crossing(rates: Floats, room: Floats) -> float:
    """Where room, 0 or less at first, becomes positive, by the straight line between the two points around it."""
    beyond = np.flatnonzero(room > 0)
    if not len(beyond):
        return float(rates[-1])
    k = int(beyond[0])
    if not k:
        return float(rates[0])
    return float(rates[k - 1] + (rates[k] - rates[k - 1]) * -room[k - 1] / (room[k] - room[k - 1]))


def _rates(lowest: float, highest: float, n: int) -> Floats:
    if not 0 < lowest < highest < 1:
        raise BadParameter(f"rates from {lowest} to {highest} must increase between 0 and 1; 0.1 is 10 % of volume")
    rates = np.geomspace(lowest, highest, n)
    rates[0], rates[-1] = lowest, highest  # To the bit, so that a bound can be told.
    return np.asarray(rates)


def _floor(
    market: MarketState, quantity: float, lowest: float, highest: float, longest_days: float | None
) -> tuple[float, bool]:
    """The lowest rate that ends in time, and whether the time decided."""
    if longest_days is None:
        return lowest, False
    if not longest_days > 0:
        raise BadParameter(f"longest_days {longest_days} must be above 0")
    needed = quantity / (quantity + market.daily_volume * longest_days)
    if needed >= highest:
        raise BadParameter(
            f"{quantity:,.10g} in {longest_days:.3g} sessions is {needed:.1%} of volume, above the highest rate "
            f"{highest:.1%}; allow more time or a higher rate"
        )
    return max(lowest, needed), needed > lowest


def _bound(best: float, floor: float, highest: float, *, is_timed: bool) -> str:
    if best >= highest * (1 - 1e-9):
        return "highest"
    if best <= floor * (1 + 1e-9):
        return "longest" if is_timed else "lowest"
    return ""


def _quantiles(drawn: list[float], level: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
