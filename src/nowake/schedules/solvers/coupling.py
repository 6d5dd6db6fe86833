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


class Parts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Both parts of one programme; `programme.objective` is their sum and the constant.

    Parameters
    ----------
    programme
        What was taken apart.
    trading
        The part without coupling, with the limits of trades.
    moved
        Share of the impact, 0 to below 1, that goes with the cross-impact.
    """

    programme: Programme
    trading: TradingCost
    moved: float

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
            crossed = each.cross_weights[:, None] * (trades @ each.cross) + self.moved * each.impact * trades
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


def parts(programme: Programme) -> Parts | None:
    """The two parts, or None where no share of the impact makes the cross-impact convex."""
    moved = _share_to_move(programme)
    if moved >= 1 or (moved > 0 and programme.exponent != 2):
        return None
    trading = TradingCost(
        impact=programme.impact * (1 - moved) if moved else programme.impact,
        exponent=programme.exponent,
        spread=None if programme.spread is None or not programme.spread.any() else programme.spread,
        lower=programme.lower,
        upper=programme.upper,
    )
    return Parts(programme=programme, trading=trading, moved=moved)


def _share_to_move(programme: Programme) -> float:
    """Least m with w_t C + m diag(c_t) positive semi-definite in every bucket, 0 where C is so by itself."""
    if programme.cross is None or programme.cross_weights is None:
        return 0.0
    weights = programme.cross_weights
    if weights.min() < 0:
        return np.inf
    if not weights.any():
        return 0.0
    trading = weights > 0
    least = (programme.impact[trading] / weights[trading, None]).min(axis=0)
    root = 1 / np.sqrt(least)
    lowest = float(np.linalg.eigvalsh(programme.cross * np.outer(root, root))[0])
    return 0.0 if lowest >= 0 else -lowest / SAFE
