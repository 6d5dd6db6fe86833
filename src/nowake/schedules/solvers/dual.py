"""A proof of how good trades are: a lower bound of a programme, in O(N T (K + M)) from any point and any band prices.

What couples buckets and assets is convex, so its tangent at any holdings is below it; the bands are priced by
multipliers (any will do). What then remains is trades alone, each with a price, that must sum to the order: minimised
exactly, an asset at a time (`totals.best_answer`). This is the dual function of Fenchel (Rockafellar 1970, section
31), or the Frank-Wolfe gap (1956) with trading costs kept exact: it needs no inverse of the covariance, so it is as
good without specific risk, and closes with the square of the distance from the optimum."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.solvers.coupling import Parts, parts
from nowake.schedules.solvers.paths import left_after, prices_of_trades
from nowake.schedules.solvers.programme import Programme
from nowake.schedules.solvers.totals import best_answer


class Bound(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A lower bound of an objective, and where it was met.

    Parameters
    ----------
    value
        Currency, the programme's constant included.
    answers
        (T, N) trades that attain the bound: they keep limits and totals, not the bands.
    prices
        (N,) psi, the price at which each asset's answers sum to its quantity.
    """

    value: float
    answers: Floats
    prices: Floats


def dual_bound(programme: Programme, trades: Floats, band_prices: Floats | None = None) -> float:
    """No trades that keep the limits cost less than this; currency, constant included, -inf where nothing can be said.

    Parameters
    ----------
    programme
        What is minimised.
    trades
        (T, N) where the tangent is taken: best the optimum of a solver. Limits need not be kept.
    band_prices
        (T, M) multipliers of the bands, above 0 where an upper limit pushes, None for 0. The last row has no effect.
    """
    both = parts(programme)
    if not both.is_convex:
        return -np.inf
    prices = None if band_prices is None else band_prices[:-1]
    left = left_after(programme.quantities, trades)
    with np.errstate(over="ignore", invalid="ignore"):
        return bound_at(both, left, trades, band_prices=prices).value


def bound_at(
    both: Parts, left: Floats, trades: Floats, *, band_prices: Floats | None, marks: Floats | None = None
) -> Bound:
    """The bound from the tangent at (T-1, N) holdings and (T, N) trades; `marks` are
    trades near the optimum, to start the search of the prices from (the point itself where None)."""
    programme = both.programme
    constant, prices = both.coupled(left, trades)
    if band_prices is not None and len(programme.bands):
        added, pull = _bands(programme, band_prices)
        constant += added
        prices = prices + pull
    start = _revealed(both, trades if marks is None else marks, prices)
    answers, psi = best_answer(both.trading, prices, programme.quantities, start)
    urge = psi - prices
    value = float((both.trading.each(answers) - urge * answers).sum()) + float(psi @ programme.quantities)
    value += constant + programme.constant
    # Prices far off, with costs that are nearly linear, are answered by trades beyond all numbers: they prove nothing.
    return Bound(value=value if np.isfinite(value) else -np.inf, answers=answers, prices=psi)


def _revealed(both: Parts, trades: Floats, prices: Floats) -> Floats:
    """(N,) the price of the total that trades between their limits reveal: what one more share costs anywhere."""
    cut = both.trading.within(np.array(trades))
    weight = np.abs(cut) * (both.trading.is_inside(cut) + 1e-9) + np.finfo(float).tiny
    return np.asarray((weight * (both.trading.marginal(cut) + prices)).sum(axis=0) / weight.sum(axis=0))


def _bands(programme: Programme, band_prices: Floats) -> tuple[float, Floats]:
    """The bands' part of the bound: min over what they allow of -price . Ax, and the (T, N) prices of trades."""
    low, high = programme.band_low[:-1], programme.band_high[:-1]
    # A limit that is infinite cannot push.
    usable = np.where(band_prices > 0, np.isfinite(high), np.isfinite(low))
    nu = np.where(usable, band_prices, 0.0)
    limit = np.where(nu > 0, high, low)
    held = float((nu * np.where(nu != 0, limit, 0.0)).sum())
    level = float((nu @ (programme.bands @ programme.quantities)).sum())
    return level - held, prices_of_trades(nu) @ programme.bands
