"""The last step after an iterative solver: trades that keep their limits and sums exactly, not to a tolerance."""

from __future__ import annotations

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import sizes
from nowake.schedules.solvers.programme import Programme


def repaired(programme: Programme, trades: Floats) -> Floats:
    """(T, N) trades nearby inside `lower` and `upper` that sum to the quantities, to rounding.

    What clipping leaves missing is given to buckets by the room they have. Bands are not looked at: trades move by no
    more than they were wrong.
    """
    none = np.full(programme.shape, np.inf)
    lower = -none if programme.lower is None else programme.lower
    upper = none if programme.upper is None else programme.upper
    inside = np.clip(trades, lower, upper)
    for _ in range(3):  # The second and third round mend rounding.
        missing = programme.quantities - inside.sum(axis=0)
        room = np.where(missing > 0, upper - inside, inside - lower)
        endless = np.isinf(room)
        room = np.where(endless.any(axis=0), np.where(endless, 1.0, 0.0), room)
        total = room.sum(axis=0)
        share = np.where(total > 0, room / np.where(total > 0, total, 1.0), 0.0)
        inside = np.clip(inside + share * missing, lower, upper)
    return np.asarray(inside)


def violation(programme: Programme, trades: Floats) -> float:
    """The worst breach of any limit or sum, as a fraction of the asset's (of the band's) size."""
    size = sizes(programme)
    worst = float((np.abs(trades.sum(axis=0) - programme.quantities) / size).max(initial=0.0))
    if programme.lower is not None:
        worst = max(worst, float(((programme.lower - trades) / size).max(initial=0.0)))
    if programme.upper is not None:
        worst = max(worst, float(((trades - programme.upper) / size).max(initial=0.0)))
    if len(programme.bands) and len(trades) > 1:
        held = (programme.left(trades) @ programme.bands.T)[:-1]
        reach = np.abs(programme.bands) @ size
        reach = np.where(reach > 0, reach, 1.0)
        over = np.maximum(programme.band_low[:-1] - held, held - programme.band_high[:-1])
        worst = max(worst, float((over / reach).max(initial=0.0)))
    return worst
