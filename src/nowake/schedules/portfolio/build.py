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
    basket: Basket,
    costs: Costing,
    limits: Limits,
    exposures: tuple[Exposure, ...],
    *,
    risk_aversion: float,
    largest: Floats,
) -> Programme:
    """Expected cost plus risk aversion times variance, within the limits, no trade larger than (T, N) units.

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
    lower, upper = box(basket, limits, largest)
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


def caps(
    costs: Costing, basket: Basket, limits: Limits, *, faster: Floats | float = 1.0, larger: Floats | float = 1.0
) -> Floats:
    """(T, N) largest trade in units: of expected volume and of value; 0 where a line may not trade, else infinite.

    `faster` and `larger` multiply participation, but of auctions with one of their own, and the largest child: for all
    or for each line.
    """
    shares = _shares(costs, basket, limits, faster)
    limited = np.isfinite(shares)
    largest = np.where(limited, np.where(limited, shares, 0.0) * costs.volume, np.where(costs.tradable, np.inf, 0.0))
    if limits.max_child_value is not None:
        largest = np.minimum(largest, larger * limits.max_child_value / basket.worths)
    return np.asarray(largest)


def _shares(costs: Costing, basket: Basket, limits: Limits, faster: Floats | float) -> Floats:
    """(T, N) largest trade over expected volume: the line's, else the basket's; in auctions no more than their own."""
    whole = np.inf if limits.max_participation is None else limits.max_participation
    own = np.array([np.nan if line.max_participation is None else line.max_participation for line in basket.lines])
    of_auctions = np.array(
        [
            np.inf if each is None or each.max_participation is None else each.max_participation
            for each in costs.timeline.auctions
        ]
    )[:, None]
    lines = np.where(np.isnan(own), np.where(np.isinf(of_auctions), whole, np.inf), own) * faster
    return np.asarray(np.minimum(lines, of_auctions))


def caps_in_lots(basket: Basket, largest: Floats) -> Floats:
    """(T, N) units: caps rounded down to whole lots, of lines that can be traded within them; of others as they are."""
    sizes = np.array([line.lot_size for line in basket.lines])
    lots = np.floor(np.where(np.isinf(largest), 0.0, largest) / sizes + 1e-9)
    free = np.isinf(largest)
    fits = free.any(axis=0) | (lots.sum(axis=0) >= [line.lots for line in basket.lines])
    return np.where(fits & ~free, lots * sizes, largest)


def box(basket: Basket, limits: Limits, largest: Floats) -> tuple[Floats, Floats]:
    """(T, N) least and largest signed trade of the (T, N) largest ones."""
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
