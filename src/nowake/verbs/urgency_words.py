"""Risk aversion as desks say it: a word for how urgent an order is, and the number a schedule needs for it.

A word stands for kappa T, how many times over the holding decays in the window: the scale of `algos.Shortfall`. The
risk aversion that gives it is Almgren & Chriss 2000, equation 16 turned around,
    lambda = 2 (cosh(kappa tau) - 1) / tau^2 * eta~ / sigma^2
so one word means another lambda for another order, and the same shape of path for both."""

from __future__ import annotations

import math
from numbers import Real

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import linearised
from nowake.models.market import MarketState, days_of
from nowake.schedules.almgren_chriss import Liquidation
from nowake.schedules.buckets import bucket_count

URGENCY_WORDS = {"passive": 0.0, "neutral": 1.0, "aggressive": 3.0, "get-done": 10.0}
SCALE = ", ".join(f"{word} κT = {urgency:g}" for word, urgency in URGENCY_WORDS.items())


def parse_aversion(asked: float | str) -> float | str:
    """A risk aversion as a number, or a word as it stands in `URGENCY_WORDS`.

    Raises
    ------
    BadParameter
        When it is neither, or the number is negative or not finite.
    """
    if isinstance(asked, bool) or not isinstance(asked, str | Real):
        raise BadParameter(
            f"risk_aversion {asked!r} is of type {type(asked).__name__}; give a number per unit of currency, or one of "
            f"{', '.join(URGENCY_WORDS)}"
        )
    plain = "".join(sign for sign in str(asked).lower() if sign.isalpha())
    for word in URGENCY_WORDS:
        if plain == word.replace("-", ""):
            return word
    try:
        value = float(asked)
    except ValueError:
        raise BadParameter(
            f"risk_aversion {asked!r} is neither a number nor one of {', '.join(URGENCY_WORDS)}"
        ) from None
    if not 0 <= value < math.inf:
        raise BadParameter(f"risk_aversion {value:g} must be finite and 0 or more")
    return value


def risk_aversion_of(
    asked: float | str,
    order: ParentOrder,
    market: MarketState,
    model: Impact,
    *,
    bucket_ns: int | None = None,
) -> float:
    """Lambda per unit of currency, from a number or a word for this order; 0 where there is no risk to avert.

    Raises
    ------
    BadParameter
        As for `parse_aversion`, and where a word is asked of an impact that has no optimum (eta~ not above 0).
    """
    aversion = parse_aversion(asked)
    if isinstance(aversion, float):
        return aversion
    impact = linearised(model, market.terms(order.quantity, days_of(order)))
    if not impact.eta > 0:
        raise BadParameter(
            f"{model.name} impact puts no price on speed (spread {market.spread_bps.value:g} bps), so {asked!r} means "
            "nothing: by it at once is best; give another model, a spread, or twap"
        )
    problem = Liquidation(
        quantity=order.quantity,
        days=days_of(order),
        steps=bucket_count(order, bucket_ns=bucket_ns),
        volatility=market.volatility,
        impact=impact,
        risk_aversion=0.0,
    )
    if problem.volatility**2 == 0:  # Also of one too small to be squared.
        return 0.0
    kappa = URGENCY_WORDS[aversion] / problem.days
    curvature = (2 * math.sinh(0.5 * kappa * problem.tau) / problem.tau) ** 2
    return curvature * problem.eta_tilde / problem.volatility**2 / float(order.instrument.multiplier or 1)
