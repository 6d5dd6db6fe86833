"""What no solver is asked: programmes that have no single best answer, or are too large to hold.

A programme whose cost is not convex has round trips that earn: trade a combination of assets in one bucket and back in
the next, larger and larger, and cost falls without end. With linear permanent impact prices admit none only where
cross-impact is symmetric (Huberman & Stanzl 2004, "Price manipulation and quasi-arbitrage"; Schneider & Lillo 2019,
"Cross-impact and no-dynamic-arbitrage") and, with the impact of each asset, positive definite."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import asset_name
from nowake.schedules.solvers.coupling import lent_to_cross
from nowake.schedules.solvers.programme import Programme

ALIKE = 1e-10  # Relative difference across the diagonal that counts as rounding.
MOST_CELLS = 50_000_000  # Assets times buckets; some twenty arrays of them are held at once.
LEAST_EIGENVALUE = 1e-9  # Of impact with cross-impact, where impact alone is 1.


def check_size(programme: Programme) -> None:
    """Refuse a programme of no bucket or of more cells than memory holds.

    Raises
    ------
    BadParameter
        With the memory it would take, and the way out.
    """
    t, n = programme.shape
    if not t:
        raise BadParameter("a programme of 0 buckets has no time to trade in; give it at least one")
    if t * n > MOST_CELLS:
        gigabytes = t * n * 8 * 20 / 1e9
        raise BadParameter(
            f"{n:,} assets in {t:,} buckets are {t * n:,} trades and would take about {gigabytes:,.0f} GB; use at most "
            f"{max(1, MOST_CELLS // n):,} buckets, or plan the basket in parts that share no bands"
        )


def check_convex(programme: Programme) -> None:
    """Refuse a programme with infinite costs, or with cross-impact that lets a round trip earn.

    Raises
    ------
    BadParameter
        Saying which and why; for cross-impact with the smallest eigenvalue and the round trip.
    """
    for name in ("spread", "drift", "cross", "cross_weights", "bands"):
        value = getattr(programme, name)
        if value is not None and not np.isfinite(value).all():
            raise BadParameter(f"{name} of a programme must be finite; only limits may be infinite")
    if programme.cross is not None and programme.cross_weights is not None:
        _check_symmetric(programme, programme.cross)
        _check_positive(programme, programme.cross, programme.cross_weights)


def _check_symmetric(programme: Programme, cross: Floats) -> None:
    root = np.sqrt(programme.impact.mean(axis=0))
    apart = np.abs(cross - cross.T) / np.outer(root, root)
    whole = max(float((np.abs(cross) / np.outer(root, root)).max(initial=0.0)), np.finfo(float).tiny)
    if apart.max(initial=0.0) > ALIKE * whole:
        i, j = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
        one, other = asset_name(programme, i), asset_name(programme, j)
        raise BadParameter(
            f"cross-impact must be symmetric: {one} moves by {cross[i, j]:.6g} with {other}, {other} by "
            f"{cross[j, i]:.6g} with {one}. Buying one, then the other, and selling them in that order (or the other "
            "way round) then earns (Huberman & Stanzl 2004; Schneider & Lillo 2019); use (C + C') / 2"
        )


def _check_positive(programme: Programme, cross: Floats, weights: Floats) -> None:
    """With exponent 2 impact + weight * C must be positive definite in every bucket, else weight * C by itself."""
    lent = lent_to_cross(programme)
    worst = int(lent.argmax())
    if programme.exponent == 2 and lent[worst] < 1 - LEAST_EIGENVALUE:
        return
    if programme.exponent < 2 and lent[worst] <= LEAST_EIGENVALUE:
        return
    root = np.sqrt(programme.impact[worst])
    values, vectors = np.linalg.eigh(weights[worst] * cross / np.outer(root, root))
    basket = vectors[:, 0] / root
    basket = basket / np.abs(basket).sum()
    shown = [
        f"{'buy' if basket[i] > 0 else 'sell'} {abs(basket[i]):.2g} {asset_name(programme, int(i))}"
        for i in np.argsort(-np.abs(basket))[:3]
    ]
    whole = 1.0 if programme.exponent == 2 else 0.0
    with_what = "with impact " if programme.exponent == 2 else ""
    limit = float(-values[0])
    way = f"multiply cross-impact by less than {1 / limit:.3g}" if whole else "lift its negative eigenvalues to 0"
    raise BadParameter(
        f"cross-impact is not positive {'definite' if whole else 'semi-definite'} {with_what}in bucket {worst + 1}: "
        f"smallest eigenvalue {whole + values[0]:.3g} (impact alone is 1), so a round trip ({', '.join(shown)}, and "
        f"back in the next bucket) earns the more the larger it is; {way}"
    )
