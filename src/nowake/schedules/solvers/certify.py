"""How far trades can still be from the best, as a fraction of what they cost: what a certificate says."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers.dual import dual_bound
from nowake.schedules.solvers.programme import Programme


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
    """Objective less a lower bound of it (`dual`), currency, 0 or more: a proof, up to rounding.

    Parameters of `certified`.
    """
    return max(programme.objective(trades) - dual_bound(programme, trades, band_prices), 0.0)
