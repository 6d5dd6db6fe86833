"""How far any trades can still be from the best: a lower bound from Fenchel duality (Rockafellar 1970, section 31),
put together from the trades alone and the prices of the bands.

With multipliers p_t of v_t = x_{t-1} - x_t and nu_t of the bands, a lower bound of the programme is

    sum_ti min_{lower <= u <= upper} [ spread |u| + impact |u|^a - p_ti u ]  +  min_x [ the rest ].

Taking p_{t+1} = p_t - g_t with g_t = 2 w_t (F F' + diag(d)) x_t - drift_t + A' nu_t makes the given x the minimum of
the rest, so nothing has to be solved whatever the risk is, also where it has no specific part or none at all. What is
left free, p_1, is set for each asset so that the best answers u sum to its quantity. The gap is then a sum of terms
that are each 0 or more, and falls with the square of the distance from the optimum. Cross-impact enters by its
tangent."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers.programme import Programme
from nowake.schedules.solvers.totals import best_answer
from nowake.schedules.solvers.trading import TradingCost


def certified(
    programme: Programme, trades: Floats, *, method: str, iterations: int = 0, band_prices: Floats | None = None
) -> Certificate:
    """The certificate of (T, N) trades that keep every limit.

    Parameters
    ----------
    programme, trades
        What was solved, and by which trades.
    method, iterations
        Who found them, for the certificate.
    band_prices
        (T, M) multipliers of the bands in currency per unit of the band, above 0 where the upper limit pushes; None
        for none. Any values give a valid bound; those of a solver give a tight one.

    Returns
    -------
    Certificate
        Kind "duality gap": (objective - lower bound) / cost, with the cost as in `cost_scale`.
    """
    gap = duality_gap(programme, trades, band_prices=band_prices)
    return Certificate(
        method=method,
        kind="duality gap",
        value=gap / cost_scale(programme, trades),
        objective=programme.objective(trades),
        iterations=iterations,
    )


def cost_scale(programme: Programme, trades: Floats) -> float:
    """What a gap is a fraction of: the objective without its constant, or where a drift cancels costs, the costs.

    Currency, above 0.
    """
    varying = programme.objective(trades) - programme.constant
    drift = 0.0 if programme.drift is None else float((programme.drift * programme.left(trades)).sum())
    return max(abs(varying), abs(varying + drift), np.finfo(float).tiny)


def duality_gap(programme: Programme, trades: Floats, *, band_prices: Floats | None = None) -> float:
    """Objective less a lower bound of it, currency, 0 or more: a proof, up to rounding. Parameters of `certified`."""
    waiting, band_gap = _prices_of_waiting(programme, trades, band_prices)
    cost, tangent = _own_costs(programme, trades)
    prices = waiting + tangent
    weight = np.abs(trades) * (cost.is_inside(trades) + 1e-9) + np.finfo(float).tiny
    guess = (weight * (cost.marginal(trades) + prices)).sum(axis=0) / weight.sum(axis=0)
    best, first = best_answer(cost, prices, programme.quantities, np.asarray(guess))
    price = first - prices
    cells = (cost.each(trades) - price * trades) - (cost.each(best) - price * best)
    return float(np.maximum(cells, 0.0).sum()) + band_gap


def _prices_of_waiting(programme: Programme, trades: Floats, band_prices: Floats | None) -> tuple[Floats, float]:
    """(T, N) the sum of g_s over the buckets before each, and what the bands add to the gap."""
    x = programme.left(trades)
    risk = (x @ programme.loadings) @ programme.loadings.T + x * programme.specific
    g = 2 * programme.risk_weights[:, None] * risk
    if programme.drift is not None:
        g = g - programme.drift
    band_gap = 0.0
    if band_prices is not None and len(programme.bands):
        nu = np.where(band_prices > 0, np.where(np.isfinite(programme.band_high), band_prices, 0.0), band_prices)
        nu = np.where((nu < 0) & ~np.isfinite(programme.band_low), 0.0, nu)
        nu[-1] = 0.0
        g = g + nu @ programme.bands
        held = x @ programme.bands.T
        limit = np.where(nu > 0, programme.band_high, np.where(nu < 0, programme.band_low, 0.0))
        band_gap = float((nu * np.where(nu == 0, 0.0, limit - held))[:-1].sum())
    before = np.zeros_like(g)
    np.cumsum(g[:-1], axis=0, out=before[1:])
    return before, max(band_gap, 0.0)


def _own_costs(programme: Programme, trades: Floats) -> tuple[TradingCost, Floats]:
    """The cost that stays with each trade, and the (T, N) slope of the tangent that stands for cross-impact."""
    impact, tangent = programme.impact, np.zeros(trades.shape)
    if programme.cross is not None and programme.cross_weights is not None:
        lent = np.zeros(len(trades)) if programme.exponent < 2 else lent_to_cross(programme)
        tangent = 2 * programme.cross_weights[:, None] * (trades @ programme.cross)
        tangent += 2 * lent[:, None] * impact * trades
        impact = impact * (1 - lent[:, None])
    cost = TradingCost(
        impact=impact,
        exponent=programme.exponent,
        spread=programme.spread,
        lower=programme.lower,
        upper=programme.upper,
    )
    return cost, tangent


def lent_to_cross(programme: Programme) -> Floats:
    """(T,) least share of the impact that makes cross-impact positive semi-definite in each bucket.

    0 where it is so by itself; 1 or more where it is not even with all of the impact.
    """
    assert programme.cross is not None
    assert programme.cross_weights is not None
    roots = np.sqrt(programme.impact)
    share = np.zeros(len(roots))
    known: dict[bytes, float] = {}
    for t, (root, weight) in enumerate(zip(roots, programme.cross_weights, strict=True)):
        # A profile in time that is the same for all assets changes the eigenvalue by a factor only.
        size = float(root.max())
        shape = (root / size).round(14).tobytes() + (b"-" if weight < 0 else b"+")
        if shape not in known:
            matrix = programme.cross / np.outer(root / size, root / size)
            known[shape] = float(np.linalg.eigvalsh(matrix if weight >= 0 else -matrix)[0])
        share[t] = max(0.0, -known[shape] * abs(weight) / size**2)
    return share
