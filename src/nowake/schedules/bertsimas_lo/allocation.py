"""Splitting a quantity over buckets where each share costs more than the last, within limits: exact.

    minimise  sum_t  g_t S_t + c_t S_t^2     over  low_t <= S_t <= high_t,  sum_t S_t = W,     c_t > 0

At the optimum every bucket strictly within its limits has one marginal cost nu = g + 2 c S; the others stand at a
limit. The sum of S_t(nu) rises with nu, so nu is found by halving, then exactly from the buckets that are free."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats

_HALVINGS = 200


def allocate(quantity: float, *, slope: Floats, curvature: Floats, low: Floats, high: Floats) -> Floats:
    """(N,) S, the cheapest split of a quantity.

    Parameters
    ----------
    quantity
        W.
    slope, curvature
        (N,) g and c; c above 0.
    low, high
        (N,) limits; may be infinite.

    Raises
    ------
    BadParameter
        When the limits leave no room for the quantity.
    """
    least, most = float(low.sum()), float(high.sum())
    if not least * (1 - 1e-12) <= quantity <= most * (1 + 1e-12):
        wanted = f"raise the upper limits by a factor of {quantity / most:.6g}" if quantity > most > 0 else "widen them"
        raise BadParameter(
            f"the buckets take from {least:,.6g} to {most:,.6g} shares, the order is of {quantity:,.6g}; {wanted}"
        )

    slope = slope - slope.min()  # Only differences matter, and those of what is cheapest most.

    def split(nu: float) -> Floats:
        return np.clip((nu - slope) / (2 * curvature), low, high)

    reach = 2 * curvature * (abs(quantity) + 1.0)
    below, above = float((slope - reach).min()), float((slope + reach).max())
    below = min(below, float(np.where(np.isfinite(low), slope + 2 * curvature * low, np.inf).min()))
    above = max(above, float(np.where(np.isfinite(high), slope + 2 * curvature * high, -np.inf).max()))
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        if split(middle).sum() < quantity:
            below = middle
        else:
            above = middle
    return _exact(quantity, split(0.5 * (below + above)), slope=slope, curvature=curvature, low=low, high=high)


def _exact(quantity: float, near: Floats, *, slope: Floats, curvature: Floats, low: Floats, high: Floats) -> Floats:
    """The split with the same buckets free, summing to the quantity to the last digit that sums have."""
    free = (near > low) & (near < high)
    if not free.any():
        return near
    room = 1 / (2 * curvature[free])
    nu = (quantity - near[~free].sum() + float(slope[free] @ room)) / room.sum()
    trades = near.copy()
    trades[free] = np.clip((nu - slope[free]) * room, low[free], high[free])
    return trades


def residual(trades: Floats, *, slope: Floats, curvature: Floats, low: Floats, high: Floats) -> float:
    """How far from first-order optimal a split is, as a fraction of the largest term of the conditions.

    Free buckets have one marginal cost; those at the lower limit may cost more, those at the upper less.
    """
    marginal = slope + 2 * curvature * trades
    scale = float(max(np.abs(slope).max(), np.abs(2 * curvature * trades).max(), np.finfo(float).tiny))
    can_fall, can_rise = trades > low, trades < high
    if not (can_fall.any() and can_rise.any()):
        return 0.0
    return max(0.0, float(marginal[can_fall].max() - marginal[can_rise].min())) / scale
