"""The least of what trading costs and of how far holdings stray from a path: one asset, uneven buckets, any power.

    minimise  sum_k c_k |n_k|^p  +  sum_k w_k (x_k - y_k)^2,      x_0 = X,  x_k = x_(k-1) - n_k,  x_N = 0

A path of zeros is a liquidation at least cost and risk (Almgren & Chriss 2000 for p = 2; Almgren 2003 for others), one
that falls with the market's volume tracks a VWAP. Where the path falls from X to 0 (or is 0), no trade of the optimum
goes back: the marginal cost of trading has no peak inside the window.

p = 2 is a tridiagonal system; other powers are solved by Newton's method, each step such a system. What is solved for
is how far holdings stray from the path, so that it stays exact where risk is nearly all that counts. The certificate
is a duality gap: the squares are replaced by their tangents, below which they never are, and what is left has its
least value in closed form."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate

_ROUNDS = 400
_GOOD_GAP = 1e-13
_WORST_GAP = 1e-6
_NO_BETTER = 6  # Rounds without a smaller gap after which rounding is all there is.
_LARGEST_RISK = 1e14  # Beyond, holdings are the path to all digits whatever trading costs.


class Tracking(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One problem of N buckets.

    Parameters
    ----------
    quantity
        X, shares, above 0.
    costs
        (N,) c_k above 0: currency per share^p.
    risks
        (N,) w_k, 0 or more: currency per share^2, risk aversion times the variance of the price in the bucket.
    path
        (N,) y_k, shares: where holdings should be at the end of each bucket.
    power
        p, above 1: 2 is linear impact, 3/2 the square-root law.

    Raises
    ------
    BadParameter
        When a number is not finite or out of range.
    """

    quantity: float
    costs: Floats
    risks: Floats
    path: Floats
    power: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.quantity < math.inf:
            raise BadParameter(f"quantity {self.quantity} must be a finite number above 0")
        if not 1 < self.power < math.inf:
            raise BadParameter(
                f"power {self.power} of the size must be above 1: at 1 or less cost is not convex, and trading all at "
                "once is no dearer"
            )
        if not (np.isfinite(self.costs) & (self.costs > 0)).all():
            raise BadParameter(f"costs {self.costs.min():.3g} of trading must be finite and above 0 in every bucket")
        if not (np.isfinite(self.risks) & (self.risks >= 0)).all():
            raise BadParameter(f"risks {self.risks.min():.3g} must be finite and 0 or more in every bucket")
        if not np.isfinite(self.path).all():
            raise BadParameter("the path to track must be finite")

    def left(self, trades: Floats) -> Floats:
        """(N,) holdings after each trade."""
        return np.asarray(self.quantity - np.cumsum(trades))

    def objective(self, trades: Floats) -> float:
        """What is minimised, currency, of any (N,) trades."""
        return self._value(trades, self.left(trades) - self.path)

    def solve(self) -> tuple[Floats, Certificate]:
        """The optimal (N,) trades, none below 0, and how good they are.

        Raises
        ------
        BadParameter
            When the method does not come to rest, which only numbers of absurdly different size bring about.
        """
        problem, unit = self._scaled()
        best, rounds = _newton(problem)
        if not best.gap < _WORST_GAP:
            raise BadParameter(
                f"the best schedule was not found: up to {best.gap:.1e} of the objective is left; use fewer buckets, "
                f"or a risk aversion and an impact whose sizes differ less (power {self.power:g})"
            )
        kept = np.maximum(best.trades, 0.0)  # What is below 0 is rounding.
        trades = kept * (self.quantity / kept.sum())
        straight = self.power == 2
        return trades, Certificate(
            method="tridiagonal system" if straight else "Newton's method, tridiagonal steps",
            kind="duality gap",
            value=best.gap,
            objective=unit * best.value,
            iterations=0 if straight else rounds,
        )

    def _value(self, trades: Floats, strays: Floats) -> float:
        paid = float((self.costs * np.abs(trades) ** self.power).sum())
        return paid + float((self.risks * strays**2).sum())

    def bound(self, trades: Floats, strays: Floats | None = None) -> float:
        """A value that no (N,) trades of the quantity can beat, tight at the optimum.

        The squares lie above their tangents at these trades. With those, and a price nu of the quantity, every trade
        has its own least value: c |n|^p - m n >= -(p - 1) c (|m| / (p c))^(p / (p - 1)).
        """
        p = self.power
        strays = self.left(trades) - self.path if strays is None else strays
        # What one share more in a bucket saves of the squares, for it is gone from all holdings after it.
        saves = np.cumsum((2 * self.risks * strays)[::-1])[::-1]
        saves = saves - saves.min()  # A constant is the price's; small numbers keep their digits.
        margin = p * self.costs * np.abs(trades) ** (p - 1) * np.sign(trades)
        weight = np.abs(trades)
        nu = float(((margin - saves) * weight).sum() / weight.sum())
        m = nu + saves
        with np.errstate(over="ignore"):  # A start may be so poor that nothing is known of it.
            each = -(p - 1) * self.costs * (np.abs(m) / (p * self.costs)) ** (p / (p - 1)) + m * trades
        return float((self.risks * strays**2).sum()) + float(each.sum())

    def _scaled(self) -> tuple[Tracking, float]:
        """The same with one share and costs of about 1, and what its objective is to be multiplied by."""
        unit = float(self.costs.max())
        costs = np.maximum(self.costs / unit, 1e-100)
        ratio = np.log(np.maximum(self.risks, 1e-300)) + (2 - self.power) * math.log(self.quantity) - math.log(unit)
        risks = np.where(self.risks > 0, np.exp(np.minimum(ratio, math.log(_LARGEST_RISK))), 0.0)
        path = self.path / self.quantity
        small = Tracking(quantity=1.0, costs=costs, risks=risks, path=path, power=self.power)
        return small, unit * self.quantity**self.power


class _Point(NamedTuple):
    """Where the method stands: trades, how far holdings are from the path, the value and the gap above the bound."""

    trades: Floats
    strays: Floats
    value: float
    gap: float


def _newton(problem: Tracking) -> tuple[_Point, int]:
    """The best trades of a scaled problem, and after how many steps."""
    base = _along(problem)
    cheap = problem.costs ** (-1 / (problem.power - 1))
    starts = (_at(problem, base, left) for left in (problem.left(cheap / cheap.sum())[:-1], problem.path[:-1]))
    here = best = min(starts, key=lambda point: point.value)
    stale = 0
    for rounds in range(1, _ROUNDS + 1):
        if best.gap < _GOOD_GAP or stale >= _NO_BETTER or len(base) == 1:
            return best, rounds - 1
        here = _searched(problem, base, here)
        stale = stale + 1 if here.gap >= best.gap and here.value >= best.value else 0
        best = min(best, here, key=lambda point: point.gap)
    return best, _ROUNDS


def _along(problem: Tracking) -> Floats:
    """Trades that keep to the path, all of what is left in the last bucket."""
    ends = np.append(problem.path[:-1], 0.0)
    return np.asarray(-np.diff(ends, prepend=problem.quantity))


def _at(problem: Tracking, base: Floats, left: Floats) -> _Point:
    return _from_strays(problem, base, left - problem.path[:-1])


def _from_strays(problem: Tracking, base: Floats, inner: Floats) -> _Point:
    """The point whose holdings after all but the last trade are so far from the path."""
    trades = base - np.diff(inner, prepend=0.0, append=0.0)
    strays = np.append(inner, -problem.path[-1])
    value = problem._value(trades, strays)
    return _Point(trades, strays, value, max(0.0, value - problem.bound(trades, strays)) / max(value, 1e-300))


def _searched(problem: Tracking, base: Floats, here: _Point) -> _Point:
    """A step of Newton's method, halved until it gains; one that gains less than rounding is taken whole.

    Below p = 2 the cost is steepest where little is traded, and Newton's step goes too far there: instead of a short
    one, the step under the parabola that touches c |n|^p and lies above it is taken, which never goes too far.
    """
    p, inner = problem.power, here.strays[:-1]
    size = np.maximum(np.abs(here.trades), 1e-30)
    slope = p * problem.costs * np.abs(here.trades) ** (p - 1) * np.sign(here.trades)
    gradient = np.diff(slope) + 2 * problem.risks[:-1] * inner
    curved = p * problem.costs * size ** (p - 2)
    step = -_eliminated((p - 1) * curved, 2 * problem.risks[:-1], gradient)
    gain = -float(gradient @ step)
    whole = _from_strays(problem, base, inner + step)
    flips = p < 2 and whole.trades.min() < 0  # Where little is traded Newton's steps would go to and fro about 0.
    if gain <= 1e-14 * here.value or (not flips and whole.value <= here.value - 1e-4 * gain):
        return whole
    if p < 2:
        return _from_strays(problem, base, inner - _eliminated(curved, 2 * problem.risks[:-1], gradient))
    length = 0.5
    while length > 1e-10:
        there = _from_strays(problem, base, inner + length * step)
        if there.value <= here.value - 1e-4 * length * gain:
            return there
        length /= 2
    return here


def _eliminated(steep: Floats, ground: Floats, right: Floats) -> Floats:
    """Solve (D' diag(steep) D + diag(ground)) x = right, D the differences with ends held at 0.

    Elimination as of resistors in a row: nothing is subtracted, so that no digit is lost whatever the sizes.
    """
    links, leaks, rhs = steep.tolist(), ground.tolist(), right.tolist()
    count = len(rhs)
    pivots, sums = [0.0] * count, [0.0] * count
    held, carried = links[0], 0.0
    for k in range(count):
        held += leaks[k]
        carried += rhs[k]
        pivots[k] = held + links[k + 1]
        sums[k] = carried
        share = links[k + 1] / pivots[k]
        held, carried = held * share, carried * share
    x, after = [0.0] * count, 0.0
    for k in range(count - 1, -1, -1):
        after = (sums[k] + links[k + 1] * after) / pivots[k]
        x[k] = after
    return np.array(x)
