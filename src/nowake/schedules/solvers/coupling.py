"""A programme taken in two: what trading costs element by element, and what couples buckets and assets.

The second part, risk - drift + cross-impact, is smooth and convex, so its tangent lies below it everywhere.
Cross-impact is not convex by itself where only impact and cross-impact together are positive definite; then a share
of the impact is moved over to it, as much as it needs (the smallest eigenvalue tells)."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.solvers.paths import prices_of_trades
from nowake.schedules.solvers.programme import Programme
from nowake.schedules.solvers.trading import TradingCost

SAFE = 1 - 1e-9
"""Of the smallest eigenvalue is used, so that rounding cannot make the rest concave."""
ROUNDING = 1e-9


class Parts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Both parts of one programme; `programme.objective` is their sum and the constant.

    Parameters
    ----------
    programme
        What was taken apart.
    trading
        The part without coupling, with the limits of trades.
    moved
        (T,) share of the impact, 0 to 1, that goes with the cross-impact; 1 where all of it would not do.
    """

    programme: Programme
    trading: TradingCost
    moved: Floats

    @property
    def is_convex(self) -> bool:
        """Whether each part is, by itself."""
        return bool((self.moved < 1).all())

    def coupled(self, left: Floats, trades: Floats) -> tuple[float, Floats]:
        """The coupling's tangent at any (T-1, N) holdings and (T, N) trades: constant and (T, N) price of each trade.

        constant + (prices * v).sum() is at most what v costs beside its trading, for every v with the right totals,
        and equal at the point itself.
        """
        each = self.programme
        slopes, level = self.slopes(left)
        constant = level - float((slopes * left).sum()) + float(slopes.sum(axis=0) @ each.quantities)
        prices = prices_of_trades(slopes)
        if each.cross is not None and each.cross_weights is not None:
            crossed = each.cross_weights[:, None] * (trades @ each.cross) + self.moved[:, None] * each.impact * trades
            prices += 2 * crossed
            constant -= float((crossed * trades).sum())
        return constant, prices

    def slopes(self, left: Floats) -> tuple[Floats, float]:
        """(T-1, N) change of risk less drift with what is left after each bucket but the last, and its value."""
        each = self.programme
        weights = each.risk_weights[:-1, None]
        exposures = left @ each.loadings
        pull = weights * (exposures @ each.loadings.T + left * each.specific)
        level = float((pull * left).sum())
        pull *= 2
        if each.drift is not None:
            level -= float((each.drift[:-1] * left).sum())
            pull -= each.drift[:-1]
        return pull, level


def parts(programme: Programme) -> Parts:
    """The two parts of any programme."""
    moved = np.minimum(lent_to_cross(programme) / SAFE, 1.0)
    if programme.exponent < 2:
        # A power law cannot be lent; what is there is rounding, or `is_convex` says no.
        moved = np.where(moved <= ROUNDING, 0.0, 1.0)
    trading = TradingCost(
        impact=programme.impact * (1 - moved[:, None]) if moved.any() else programme.impact,
        exponent=programme.exponent,
        spread=None if programme.spread is None or not programme.spread.any() else programme.spread,
        lower=programme.lower,
        upper=programme.upper,
    )
    return Parts(programme=programme, trading=trading, moved=moved)


def lent_to_cross(programme: Programme) -> Floats:
    """(T,) least share of the impact that makes cross-impact positive semi-definite in each bucket.

    0 where it is so by itself; 1 or more where it is not even with all of the impact.
    """
    if programme.cross is None or programme.cross_weights is None:
        return np.zeros(len(programme.impact))
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
