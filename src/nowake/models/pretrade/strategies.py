"""One order traded in different ways: what each costs by a model's response, and what each risks.

A schedule of buckets with shares q_k over tau_k sessions costs what the model's `response` says of it: the price's
answer to the order traded evenly over as long as the way takes, applied to the way's own path. So an even way costs
what the model says of that length, to rounding. It risks

    sigma^2 sum_k tau_k (x_{k-1}^2 + x_{k-1} x_k + x_k^2) / 3       x_k left after bucket k

the variance of the cost where the rest falls evenly inside each bucket (Almgren & Chriss 2000, equation 5, without
its jumps: even trading gives sigma^2 T / 3 in any number of buckets). Urgent schedules are theirs in the limit of many
steps, x = X sinh(k (1 - s)) / sinh(k), k = kappa T. A way may sell in between or overshoot: all that is traded pays
spread, impact and fees, and all of it is counted per share of the ORDER. The block is the whole order in one bucket of
a minute: the impact of that is far beyond what any model was fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.impact.contract import Impact
from nowake.models.impact.response import Response
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.costs import CostParts
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.terms import Floats, Terms
from nowake.models.volume import VolumeCurve

URGENCIES = (1.0, 3.0, 8.0)
RATES = (0.05, 0.1, 0.2)
_BUCKETS = 120


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """A way to trade an order: a name, shares of each bucket, and edges in sessions from the order's start."""

    name: str
    quantities: Floats
    edges_days: Floats

    @property
    def days(self) -> float:
        """Sessions until it is done."""
        return float(self.edges_days[-1])


class StrategyCost(CostParts, frozen=True, kw_only=True):
    """What a strategy costs and risks.

    `days` until it is done, `participation` of all volume meanwhile by the day's average, `half_days` until half is
    done. `input_sd_bps` is not computed here and 0.
    """

    name: str
    days: float
    half_days: float
    participation: float


def strategies(
    order: ParentOrder,
    market: MarketState,
    *,
    curve: VolumeCurve | None = None,
    urgencies: Sequence[float] = URGENCIES,
    rates: Sequence[float] = RATES,
) -> tuple[Strategy, ...]:
    """The usual ways to trade an order inside its window; rates that would not end in it are left out.

    Parameters
    ----------
    curve
        Volume of the day, for the one that follows it; left out without it.
    urgencies
        kappa T of Almgren-Chriss schedules: 1 is nearly even, at 8 half is done in a twelfth of the window.
    rates
        Shares of all volume, ours included, traded evenly until done.

    Raises
    ------
    BadParameter
        When an urgency or rate is out of range, or the curve does not cover the window.
    """
    quantity, days = order.quantity, days_of(order)
    steps = np.linspace(0.0, 1.0, _BUCKETS + 1)
    made = [Strategy(name="even (TWAP)", quantities=_trades(1 - steps, quantity), edges_days=steps * days)]
    if curve is not None:
        made.append(_follows(order, curve, steps * days))
    made += [
        Strategy(name=f"urgent, κT = {k:g}", quantities=_trades(_urgent(k, steps), quantity), edges_days=steps * days)
        for k in urgencies
    ]
    for rate in rates:
        needed = float(market.at_participation(quantity, rate).days)
        if needed <= days:
            made.append(
                Strategy(
                    name=f"{rate:.0%} of volume", quantities=_trades(1 - steps, quantity), edges_days=steps * needed
                )
            )
    session = order.instrument.session
    minute = min(days, NS_PER_MINUTE / (session.close_ns - session.open_ns))
    block = Strategy(name="block in a minute", quantities=np.array([quantity]), edges_days=np.array([0.0, minute]))
    return (*made, block)


def compare(
    order: ParentOrder,
    market: MarketState,
    model: Impact,
    ways: Sequence[Strategy],
    *,
    fees: Fees = NO_FEES,
) -> tuple[StrategyCost, ...]:
    """What each way to trade an order costs and risks by one model.

    The model answers for the order evenly traded over each way's own length; its doubt is carried by moving each
    parameter by a hundredth of its standard error, to a side the model admits. A parameter it admits to neither side
    (an exponent in a corner of its limits) counts by the slope of the order evenly traded.

    Raises
    ------
    BadParameter
        When a strategy does not trade the order's quantity, or as for `Fees.cost_bps`.
    """
    multiplier = order.instrument.multiplier
    answers: dict[float, _Answer] = {}
    rows = []
    for way in ways:
        if not math.isclose(float(way.quantities.sum()), order.quantity, rel_tol=1e-9):
            raise BadParameter(f"{way.name} trades {way.quantities.sum():g}, not the order's {order.quantity:g}")
        if way.days not in answers:
            answers[way.days] = _answer(model, _terms_of(order, market, way.days))
        terms, spread_bps, response, moved = answers[way.days]
        cost = response.cost_of(way.quantities, way.edges_days)
        traded = float(np.abs(way.quantities).sum())
        turns = traded / order.quantity  # Shares traded for one of the order: above 1 where some are sold again.
        charged = fees.cost_bps(terms.of_quantity(traded), math.nan if multiplier is None else float(multiplier))
        rows.append(
            StrategyCost(
                name=way.name,
                spread_bps=turns * spread_bps,
                temporary_bps=turns * cost.temporary_bps,
                permanent_bps=turns * cost.permanent_bps,
                fees_bps=turns * float(charged),
                parameter_sd_bps=turns * _parameter_sd_bps(model, way, cost.total_bps, moved),
                input_sd_bps=0.0,
                timing_risk_bps=schedule_risk_bps(way, market.daily_volatility.value),
                days=way.days,
                half_days=_half_days(way, order.quantity),
                participation=traded / (traded + market.daily_volume * way.days),
            )
        )
    return tuple(rows)


def schedule_risk_bps(way: Strategy, daily_volatility: float) -> float:
    """One standard deviation of a schedule's cost from the market's moves, in basis points."""
    quantity = float(way.quantities.sum())
    left = 1 - np.concatenate(([0.0], np.cumsum(way.quantities))) / quantity
    squares = (left[:-1] ** 2 + left[:-1] * left[1:] + left[1:] ** 2) / 3
    return daily_volatility * math.sqrt(float((np.diff(way.edges_days) * squares).sum())) * 1e4


class _Answer(NamedTuple):
    """How a model answers ways of one length: half-spread and response, and both with each parameter moved."""

    terms: Terms
    spread_bps: float
    response: Response
    moved: list[_Moved]


def _answer(model: Impact, terms: Terms) -> _Answer:
    return _Answer(terms, float(model.half_spread_bps(terms)), model.response(terms), _moved(model, terms))


def _terms_of(order: ParentOrder, market: MarketState, days: float) -> Terms:
    """The order traded evenly over so long; the volume known of its own window says nothing of a shorter one."""
    if not math.isclose(days, days_of(order), rel_tol=1e-9):
        market = msgspec.structs.replace(market, window_volume=None)
    return market.terms(order.quantity, days)


def _half_days(way: Strategy, quantity: float) -> float:
    """When half is first done."""
    done = np.concatenate(([0.0], np.cumsum(way.quantities)))
    k = int(np.argmax(done >= quantity / 2))
    share = (quantity / 2 - done[k - 1]) / way.quantities[k - 1]
    return float(way.edges_days[k - 1] + share * (way.edges_days[k] - way.edges_days[k - 1]))


def _trades(left: Floats, quantity: float) -> Floats:
    """Shares of each bucket of what is left, from 1 to 0."""
    return np.asarray(-np.diff(left) * quantity)


def _urgent(k: float, steps: Floats) -> Floats:
    """sinh(k (1 - s)) / sinh(k), by decaying exponentials."""
    if not 0 < k <= 100:
        raise BadParameter(f"urgency {k} must be above 0 and at most 100; even trading is its limit at 0")
    return np.asarray(np.exp(-k * steps) * np.expm1(-2 * k * (1 - steps)) / np.expm1(-2 * k))


def _follows(order: ParentOrder, curve: VolumeCurve, edges: Floats) -> Strategy:
    session = order.instrument.session
    length = session.close_ns - session.open_ns
    instants = [order.start_ns + round(edge * length) for edge in edges]
    shares = np.diff([curve.share_until(instant) for instant in instants])
    if not shares.sum() > 0:
        raise BadParameter(
            f"the curve has no volume between {session.clock(order.start_ns)} and {session.clock(order.end_ns)}"
        )
    return Strategy(name="with volume (VWAP)", quantities=shares / shares.sum() * order.quantity, edges_days=edges)


class _Moved(NamedTuple):
    """A doubtful parameter's place, a step of it, what that does to the half-spread, and the response after it.

    Where no step is admitted the response is None and the half-spread's change is that of the whole even order.
    """

    place: int
    step: float
    spread_bps: float
    response: Response | None


def _moved(model: Impact, terms: Terms) -> list[_Moved]:
    """One for each parameter that is not exact."""
    sds = [math.sqrt(row[place]) for place, row in enumerate(model.covariance)]
    return [_move(model, terms, place, 0.01 * sd) for place, sd in enumerate(sds) if sd > 0]


def _move(model: Impact, terms: Terms, place: int, size: float) -> _Moved:
    for step in (size, -size):
        values = tuple(each + step * (k == place) for k, each in enumerate(model.doubted_values))
        try:
            other = model.with_values(values)
        except BadParameter:
            continue  # Beyond a limit of its own, or of all parameters together.
        spread = float(other.half_spread_bps(terms)) - float(model.half_spread_bps(terms))
        return _Moved(place, step, spread, other.response(terms))
    return _Moved(place, size, size * float(model.gradient_bps(terms)[place]), None)


def _parameter_sd_bps(model: Impact, way: Strategy, base_bps: float, moved: list[_Moved]) -> float:
    """Delta method, per share traded; the slopes by differences, for a schedule has no formula to take them of."""
    slopes = np.zeros(len(model.covariance))
    for each in moved:
        impact = 0.0
        if each.response is not None:
            impact = each.response.cost_of(way.quantities, way.edges_days).total_bps - base_bps
        slopes[each.place] = (each.spread_bps + impact) / each.step
    return math.sqrt(max(0.0, float(slopes @ np.array(model.covariance) @ slopes))) if moved else 0.0
