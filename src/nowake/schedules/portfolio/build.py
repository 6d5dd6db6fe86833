"""From a basket, its costing and its limits to the one numerical form that solvers solve."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import Basket
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.solvers.programme import NOTHING, Programme


def programme_of(
    basket: Basket, costs: Costing, limits: Limits, exposures: tuple[Exposure, ...], *, risk_aversion: float
) -> Programme:
    """Expected cost plus risk aversion times variance, within the limits.

    Its objective of any trades within them is `sum of costs.parts + risk_aversion * costs.variance`. The spread that a
    line pays in every bucket, and its permanent impact, are constants.

    Raises
    ------
    BadParameter
        When cross-impact cannot be put into one matrix, or spread is earned by trading back and forth.
    """
    impact, constant = _impact(basket, costs)
    spread, fixed = _spread(basket, costs, limits)
    cross, weights = _cross(costs)
    lower, upper = box(basket, costs, limits)
    banded = [each for each in exposures if each.is_limited]
    bounds = [each.bounds_of_left(basket.quantities) for each in banded]
    return Programme(
        quantities=basket.quantities,
        impact=impact,
        exponent=costs.exponent,
        spread=spread,
        risk_weights=risk_aversion * (costs.risk_days + costs.night_days),
        loadings=costs.loadings,
        specific=costs.specific,
        drift=None if costs.drift is None else -costs.drift,
        cross=cross,
        cross_weights=weights,
        lower=lower if np.isfinite(lower).any() else None,
        upper=upper if np.isfinite(upper).any() else None,
        bands=np.array([each.weights for each in banded]) if banded else NOTHING,
        band_low=np.stack([low for low, _ in bounds], axis=1) if banded else NOTHING,
        band_high=np.stack([high for _, high in bounds], axis=1) if banded else NOTHING,
        names=basket.symbols,
        band_names=tuple(each.name for each in banded),
        constant=constant + fixed,
    )


def caps(costs: Costing, basket: Basket, limits: Limits) -> Floats:
    """(T, N) largest trade in units: of expected volume and of value; 0 where a line may not trade, else infinite."""
    largest = np.where(costs.tradable, np.inf, 0.0)
    shares = np.array(
        [
            limits.max_participation if each is None or each.max_participation is None else each.max_participation
            for each in costs.timeline.auctions
        ],
        dtype=np.float64,  # None is NaN.
    )[:, None]
    limited = ~np.isnan(shares)
    largest = np.where(limited, np.minimum(largest, np.where(limited, shares, 0.0) * costs.volume), largest)
    if limits.max_child_value is not None:
        largest = np.minimum(largest, limits.max_child_value / basket.worths)
    return np.asarray(largest)


def box(basket: Basket, costs: Costing, limits: Limits) -> tuple[Floats, Floats]:
    """(T, N) least and largest signed trade."""
    largest = caps(costs, basket, limits)
    buys = basket.quantities > 0
    against = np.zeros_like(largest) if limits.no_reversal else largest
    return np.where(buys, -against, -largest), np.where(buys, largest, against)


def _impact(basket: Basket, costs: Costing) -> tuple[Floats, float]:
    """(T, N) temporary impact less what a trade does not pay of its own permanent move, and the constant."""
    full = costs.permanent.ndim == 2
    own = np.diagonal(costs.permanent) if full else costs.permanent
    x = basket.quantities
    constant = float(x @ costs.permanent @ x if full else own @ x**2) / 2
    if costs.exponent < 2:
        return costs.temporary, constant
    # A line that may trade in one bucket only has no choice: what it saves there is a constant.
    choice = costs.tradable & (costs.tradable.sum(axis=0) > 1)
    alone = costs.tradable.sum(axis=0) == 1
    return costs.temporary - np.where(choice, own / 2, 0.0), constant - float((own * x**2)[alone].sum()) / 2


def _spread(basket: Basket, costs: Costing, limits: Limits) -> tuple[Floats | None, float]:
    """(T, N) spread above each line's smallest, None where there is none; and what every plan pays of it."""
    if not limits.no_reversal:
        if costs.spread.min() < 0:
            raise BadParameter(
                f"a spread that is earned ({costs.spread.min():.3g} a share) would pay for trading back and forth; "
                "keep no_reversal, or give a model whose spread_share is 0 or more"
            )
        return (costs.spread if costs.spread.any() else None), 0.0
    least = np.where(costs.tradable, costs.spread, np.inf).min(axis=0)
    above = np.where(costs.tradable, costs.spread - least, 0.0)
    return (above if above.any() else None), float(least @ np.abs(basket.quantities))


def _cross(costs: Costing) -> tuple[Floats | None, Floats | None]:
    """One matrix and its weights: H / tau - G / 2 off the diagonal."""
    full = costs.permanent.ndim == 2
    if full and costs.exponent < 2 and costs.cross is None:
        return None, None
    if costs.cross is not None and costs.exponent < 2:
        raise BadParameter(
            f"cross_temporary is linear in size and exponent {costs.exponent} is not; give exponent 2, or no "
            "cross_temporary"
        )
    if not full:
        return costs.cross, costs.cross_weights
    within = -costs.permanent / 2
    np.fill_diagonal(within, 0.0)
    ones = np.ones(len(costs.timeline))
    if costs.cross is None or costs.cross_weights is None:
        return within, ones
    if np.ptp(costs.cross_weights) > 1e-9 * costs.cross_weights.max():
        raise BadParameter(
            "cross_impact and cross_temporary together need buckets of one volume and no auctions; leave one out, or "
            "plan without curve and auctions"
        )
    return within + costs.cross * costs.cross_weights[0], ones
