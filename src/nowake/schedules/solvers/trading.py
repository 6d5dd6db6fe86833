"""What trading costs, trade by trade: the part of a programme that neither time nor other assets couple.

    f(v) = impact |v|^p + spread |v|   for lower <= v <= upper, element by element

and the two one-dimensional minimisations every method here is made of: the trade nearest to a wish (the proximal step
of Parikh & Boyd 2014, section 2.1) and the trade that best answers a price (the conjugate's gradient). Closed forms for
p = 2 and p = 3/2, Newton's method from the side where it is monotone for the others."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.models.terms import Floats
from nowake.schedules.solvers.programme import Programme

NEWTON_STEPS = 60
CLOSE = 1e-14


class TradingCost(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Element-wise cost and limits of (T, N) trades; see the file's head.

    Parameters
    ----------
    impact
        (T, N) above 0, currency per share^exponent.
    exponent
        p in (1, 2].
    spread
        (T, N) 0 or more, currency per share, or None for 0.
    lower, upper
        (T, N) shares, or None for no limit.
    """

    impact: Floats
    exponent: float = 2.0
    spread: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None

    def value(self, trades: Floats) -> float:
        """Currency; limits are not looked at."""
        return float(self.each(trades).sum())

    def each(self, trades: Floats) -> Floats:
        """(T, N) currency of each trade."""
        size = np.abs(trades)
        cost = self.impact * (size * size if self.exponent == 2 else size**self.exponent)
        return np.asarray(cost if self.spread is None else cost + self.spread * size)

    def nearest(self, wish: Floats, weight: Floats) -> Floats:
        """The trades v that minimise f(v) + weight/2 (v - wish)^2."""
        size = np.abs(wish)
        if self.spread is not None:
            size -= self.spread / weight
            np.maximum(size, 0.0, out=size)
        if self.exponent == 2:
            size *= weight / (weight + 2 * self.impact)
        elif self.exponent == 1.5:
            # With q = sqrt(v): q^2 + 2 h q = size.
            h = 0.75 * self.impact / weight
            root = np.sqrt(h * h + size)
            root += h
            np.divide(size, root, out=root, where=root > 0)
            size = np.square(root, out=root)
        else:
            size = _nearest_power(size, self.impact * (self.exponent / weight), self.exponent)
        return self.within(np.copysign(size, wish, out=size))

    def answer(self, urge: Floats) -> tuple[Floats, Floats]:
        """The trades v that minimise f(v) - urge v, and their slope in it: 0 where a limit or the spread holds."""
        size = np.abs(urge)
        if self.spread is not None:
            size -= self.spread
            np.maximum(size, 0.0, out=size)
        if self.exponent == 2:
            slope = 0.5 / self.impact
            size *= slope
        else:
            power = 1 / (self.exponent - 1)
            np.divide(size, self.exponent * self.impact, out=size)
            slope = size ** (power - 1) * (power / (self.exponent * self.impact))
            size **= power
        free = size > 0
        trades = np.copysign(size, urge, out=size)
        if self.lower is not None:
            free &= trades > self.lower
            np.maximum(trades, self.lower, out=trades)
        if self.upper is not None:
            free &= trades < self.upper
            np.minimum(trades, self.upper, out=trades)
        return trades, slope * free

    def marginal(self, trades: Floats) -> Floats:
        """(T, N) currency per share: the slope of f, the spread taken on the side of the trade (0 at 0)."""
        slope = self.exponent * self.impact * np.abs(trades) ** (self.exponent - 1)
        if self.spread is not None:
            slope = slope + self.spread
        return np.asarray(np.sign(trades) * slope)

    def within(self, trades: Floats) -> Floats:
        """The trades cut at the limits, in place."""
        if self.lower is not None:
            np.maximum(trades, self.lower, out=trades)
        if self.upper is not None:
            np.minimum(trades, self.upper, out=trades)
        return trades

    def is_inside(self, trades: Floats) -> npt.NDArray[np.bool_]:
        """(T, N) strictly between its limits."""
        inside = np.ones(trades.shape, dtype=bool)
        if self.lower is not None:
            inside &= trades > self.lower
        if self.upper is not None:
            inside &= trades < self.upper
        return inside

    def of(self, assets: npt.NDArray[np.intp]) -> TradingCost:
        """The same of some assets alone."""
        return TradingCost(
            impact=self.impact[:, assets],
            exponent=self.exponent,
            spread=None if self.spread is None else self.spread[:, assets],
            lower=None if self.lower is None else self.lower[:, assets],
            upper=None if self.upper is None else self.upper[:, assets],
        )


def limits_of(programme: Programme) -> TradingCost:
    """Impact and limits of a programme's trades, without what else they cost."""
    return TradingCost(impact=programme.impact, lower=programme.lower, upper=programme.upper)


def _nearest_power(size: Floats, slope: Floats, exponent: float) -> Floats:
    """The root u >= 0 of u + slope u^(p-1) = size. In q = u^(p-1) the left side is convex and increasing, so Newton
    from above falls to the root without safeguards."""
    power = 1 / (exponent - 1)
    q = np.minimum(size / slope, size ** (exponent - 1))
    for _ in range(NEWTON_STEPS):
        u = q**power
        excess = u + slope * q - size
        step = excess * q / np.where(q > 0, power * u + slope * q, 1.0)
        q = np.maximum(q - step, 0.0)
        if (np.abs(step) <= CLOSE * q).all():
            break
    return np.asarray(q**power)
