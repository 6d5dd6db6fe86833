"""The trades that sum to an order and cost least where cost is quadratic in them, sales allowed or not.

    minimise x' A x / 2 + c    over    1' x = X,  and x >= 0 where the order may not be traded against

Without the sign constraint x = X A^-1 1 / 1' A^-1 1 (Alfonsi, Schied & Slynko 2012, "Order book resilience, price
manipulation, and the positive portfolio problem", SIAM J. Financial Math. 3). With it, the active set of Lawson and
Hanson 1974 ("Solving least squares problems", chapter 23): trades of 0 are freed one at a time where that pays, so it
ends at the optimum. Its certificate is a proof: with g = A x, the cost of any y is at least that of x plus g' (y - x),
and g' y is nowhere on {y >= 0, 1' y = X} below X min g, so nothing is better by more than g' x - X min g. With sales
nothing is better by more than r' A^-1 r / 2, with r what marginal costs differ by.

Only the cost of round trips matters: A is lifted by a multiple of 1 1', which adds a constant to every schedule of the
order. Where a round trip earns there is no optimum; where one costs next to nothing the optimum is not determined, and
is damped. Sales then go to and fro many times the order for less and less; where numbers cannot tell what that would
still save, it is refused. Dense: right for a few thousand trades, not more."""

from __future__ import annotations

import sys
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers.blas import one_thread

MOST_TRADES = 3_000
EARNS = 1e-9  # Of the mean own cost of a trade: a round trip that costs less than minus this earns.
UNDETERMINED = 1e-12  # Reciprocal condition number below which digits of the trades are lost.
DAMPING = 1e-10  # Least that is added to every trade's own cost, of its mean, where round trips cost next to nothing.
NOTHING = 1e-12  # Of the price of a share: a trade whose own impact is this is none.
WORST_GAP = 1e-6  # Of the cost: sales that could save more than this are not the cheapest.


class Quadratic(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A quadratic cost of N trades of one order.

    Parameters
    ----------
    matrix
        (N, N) A, symmetric; currency per share^2.
    constant
        c, currency.
    total
        X, shares, above 0.
    """

    matrix: Floats
    total: float
    constant: float = 0.0

    def objective(self, trades: Floats) -> float:
        """What (N,) trades cost."""
        return float(trades @ self.matrix @ trades) / 2 + self.constant


class Optimum(NamedTuple):
    """The cheapest trades, how that is known, and what had to be added to each one's own cost to determine them.

    `damping` is a fraction of the mean own cost; mostly 0. The certificate is of the cost without it.
    """

    trades: Floats
    certificate: Certificate
    damping: float


class _Unit(NamedTuple):
    """The problem for an order of 1, by the least that a trade costs itself, lifted and perhaps damped.

    `even` is the same undamped, in trades that cost themselves about 1 each (`sizes` times the others): where risk
    weighs on late trades beyond all measure, what little is wanted of them keeps its digits.
    """

    lifted: Floats
    even: Floats
    sizes: Floats
    least: float
    damping: float

    @property
    def nothing(self) -> Floats:
        """(N,) trades that are none."""
        return NOTHING / self.sizes**2


def cheapest(problem: Quadratic, *, both_ways: bool) -> Optimum:
    """The trades that cost least; below 0 only where `both_ways`.

    Raises
    ------
    BadParameter
        When trading costs nothing, a round trip on this grid earns, or sales would go to and fro without end.
    """
    with one_thread():
        unit = _unit(problem)
        free = _on(unit, np.ones(len(unit.lifted), dtype=bool))
        if both_ways:
            return Optimum(problem.total * free, _stationary(problem, unit, problem.total * free), unit.damping)
        kept, rounds = (free, 0) if (free >= -unit.nothing).all() else _one_sided(unit, free)
    kept = np.maximum(kept, 0.0)
    trades = problem.total * kept / kept.sum()
    return Optimum(trades, bounded(problem, trades, rounds), unit.damping)


def residual_of(problem: Quadratic, trades: Floats) -> float:
    """How far the marginal costs of trades are from all being equal, as a fraction of their largest term."""
    slope = problem.matrix @ trades
    terms = np.abs(problem.matrix) @ np.abs(trades)
    return float((slope.max() - slope.min()) / terms.max())


def _stationary(problem: Quadratic, unit: _Unit, trades: Floats) -> Certificate:
    """How far trades of either sign can be from the best, rounding counted; of a damped problem as numbers tell it."""
    slope, value = problem.matrix @ trades, problem.objective(trades)
    cancels = float(np.abs(trades) @ np.abs(problem.matrix) @ np.abs(trades)) - abs(float(trades @ slope))
    rounding = sys.float_info.epsilon * max(0.0, cancels) / 2
    saved = unit.least * _saved(unit, (slope - slope.mean()) / unit.sizes / unit.least)
    gap = (saved + rounding) / abs(value) if value else 0.0
    if gap > WORST_GAP:
        turnover = np.abs(trades).sum() / problem.total
        raise BadParameter(
            "with sales allowed the cheapest trades are not determined: on this grid round trips cost less than "
            f"numbers tell, and those found trade {turnover:,.4g} times the order and may still be {gap:.1g} of their "
            "cost too dear; use fewer trades, or allow no sales (both_ways=False)"
        )
    return Certificate(
        method="Cholesky factors, sales allowed",
        kind="optimality residual" if unit.damping else "duality gap",
        value=gap,
        objective=value,
    )


def _saved(unit: _Unit, pull: Floats) -> float:
    """The most that going along marginal costs saves, pull' even^-1 pull / 2."""
    if not unit.damping:
        from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415

        return float(pull @ cho_solve(cho_factor(unit.even, lower=True), pull)) / 2
    values, vectors = np.linalg.eigh(unit.even)
    told = np.maximum(values, len(values) * sys.float_info.epsilon * values[-1])
    return float(((vectors.T @ pull) ** 2 / told).sum()) / 2


def bounded(problem: Quadratic, trades: Floats, rounds: int) -> Certificate:
    """How far any (N,) trades, none below 0, can be from the best: the proof of the opening docstring."""
    slope = problem.matrix @ trades
    value = problem.objective(trades)
    # The slope is the same for all where it matters, so it is taken from itself before it is multiplied.
    gap = float((slope - slope.min()) @ trades)
    return Certificate(
        method="active set, no sales" if rounds else "Cholesky factors, no sale wanted",
        kind="duality gap",
        value=gap / abs(value) if value else gap,
        objective=value,
        iterations=rounds,
    )


def _unit(problem: Quadratic) -> _Unit:
    if not np.isfinite(problem.matrix).all():
        raise BadParameter("cost holds NaN or infinity; give a kernel that is finite at every lag between these trades")
    own = float(np.diagonal(problem.matrix).mean())
    if not own > 0:
        raise BadParameter(
            f"a trade's own impact is {own:g}: without one every schedule costs the same; give a model and a market "
            "in which trading moves the price"
        )
    costs = np.diagonal(problem.matrix)
    least = float(costs.min()) if costs.min() > 0 else own
    lifted = problem.matrix / least + 1.0
    sizes = np.sqrt(np.maximum(costs / least, 1.0))
    even = lifted / sizes / sizes[:, np.newaxis]
    if _condition(even) >= UNDETERMINED:
        return _Unit(lifted, even, sizes, least, 0.0)
    damping = max(DAMPING, 10 * _lacking(problem, even, sizes))
    return _Unit(lifted + damping * np.diag(sizes**2), even, sizes, least, damping)


def _condition(matrix: Floats) -> float:
    """Reciprocal condition number of a positive definite matrix; 0 of one that is not."""
    from scipy.linalg import lapack  # noqa: PLC0415  # Half a second of CPU that a plan by a closed form does not need.

    factor, failed = lapack.dpotrf(matrix)
    return 0.0 if failed else float(lapack.dpocon(factor, np.abs(matrix).sum(axis=0).max())[0])


def _lacking(problem: Quadratic, even: Floats, sizes: Floats) -> float:
    """How far a lifted matrix is from being positive semi-definite, which must be rounding.

    Otherwise the cheapest round trip earns, and what one as large as the order does is told.
    """
    values, vectors = np.linalg.eigh(even)
    if values[0] >= -EARNS * len(even):
        return max(0.0, -float(values[0]))
    trip = vectors[:, 0] / sizes
    trip -= trip.mean()
    trip *= 2 * problem.total / np.abs(trip).sum()
    raise BadParameter(
        f"cost is not convex, so there is no best schedule: a round trip of {len(trip)} trades that buys and sells "
        f"{problem.total:.6g} earns {-float(trip @ problem.matrix @ trip) / 2:.4g}; the kernel is not positive "
        "definite at these instants, use one that is"
    )


def _on(unit: _Unit, free: npt.NDArray[np.bool_]) -> Floats:
    """The trades of an order of 1 where only some are free and the others 0."""
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415

    lifted = unit.lifted[np.ix_(free, free)]
    factor, ones = cho_factor(lifted, lower=True), np.ones(len(lifted))
    found = cho_solve(factor, ones)
    found += cho_solve(factor, ones - lifted @ found)  # What the factors lost, once.
    trades = np.zeros(len(free))
    trades[free] = found / found.sum()
    return trades


def _one_sided(unit: _Unit, start: Floats) -> tuple[Floats, int]:
    """The trades of an order of 1, none below 0, and how many sets of free trades were tried."""
    free, trades, rounds = start > unit.nothing, start, 0
    while (trades < 0).any():
        trades = _on(unit, free)
        free &= trades > unit.nothing
        rounds += 1
    while rounds < 20 * len(start):
        slope = unit.lifted @ trades
        waiting = np.where(free, np.inf, slope)
        best = int(np.argmin(waiting))
        if waiting[best] >= trades @ slope - 1e-13 * np.abs(slope).max():
            break
        free[best] = True
        before = trades
        trades, tried = _inside(unit, trades, free)
        rounds += tried
        if np.array_equal(before, trades):
            break  # What is left to gain is less than rounding.
    return trades, rounds


def _inside(unit: _Unit, trades: Floats, free: npt.NDArray[np.bool_]) -> tuple[Floats, int]:
    """The best trades on the free ones, giving up (in place) those that would fall below 0 on the way there."""
    for tried in range(1, len(trades) + 2):
        wanted = _on(unit, free)
        falling = free & (wanted <= 0)
        if not falling.any():
            return wanted, tried
        step = trades[falling] / (trades[falling] - wanted[falling])
        trades = trades + step.min() * (wanted - trades)
        given_up = free & (trades <= unit.nothing)
        free &= ~given_up
        trades = np.where(free, trades, 0.0)
    return trades, len(trades) + 1
