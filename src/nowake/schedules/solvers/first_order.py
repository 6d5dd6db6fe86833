"""Baskets with limits: a splitting method whose linear step is exact, stopped by a proof.

Trades v, what limits allow of them u, and band values w are made to agree (alternating directions, Boyd et al. 2011):

    v      exact minimum of risk - drift + rho/2 |v - u + y|^2 + sigma/2 |Ax - w + z|^2, by `separable`, all buckets
at once     u, w   element by element: impact, spread and limits of trades in closed form, bands by cutting     y, z
+= what they still disagree by, with over-relaxation 1.7 (Eckstein & Bertsekas 1992)

and from time to time the last rounds tell where this is going (`anderson`).

rho is proportional to each asset's own impact, so shares and prices of any size are alike, and is balanced asset by
asset (Boyd section 3.4.1, here per asset; He, Yang & Wang 2000). Every so often the trades u are put onto limits,
totals and bands exactly (`totals`, `polish`), and a lower bound is taken at the linear step's own point (`dual`); the
method ends when they meet. Nothing is for the user to tune.

Wrong where a cross-impact or its weights have a profile through time of their own, and slow where limits leave next to
no room: a general solver is then the better one."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers.anderson import Anderson
from nowake.schedules.solvers.binding import binding_limits
from nowake.schedules.solvers.blas import one_thread
from nowake.schedules.solvers.certify import cost_scale
from nowake.schedules.solvers.coupling import Parts, parts
from nowake.schedules.solvers.dual import bound_at
from nowake.schedules.solvers.linear_step import LinearStep
from nowake.schedules.solvers.paths import left_after
from nowake.schedules.solvers.polish import with_bands_kept
from nowake.schedules.solvers.programme import Programme, Solution
from nowake.schedules.solvers.totals import nearest_with_totals

OVER_RELAXATION = 1.7
LOOK_EVERY = 10
BALANCED_AT = (10, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280, 1920, 2560)
LARGEST_CHANGE = 5.0
ACCELERATED_FROM = 40
"""Before, weights change too often for the last rounds to tell anything."""
NEARLY = 50
"""Times the tolerance: how near the objective must be to its bound before bands are repaired."""


class Stalled(BadParameter):
    """A solver that cannot meet its tolerance; the message says how near it came and what to ask instead.

    Attributes
    ----------
    solution
        The best trades it found that keep all limits, with the gap that is proved; None where it found none.
    """

    def __init__(self, message: str, solution: Solution | None = None) -> None:
        super().__init__(message)
        self.solution = solution


def solve_first_order(
    programme: Programme, *, tolerance: float = 1e-7, max_iterations: int = 3000, is_accelerated: bool = True
) -> Solution:
    """The optimum with limits, bands, spreads and any exponent in (1, 2], with a proven gap.

    Parameters
    ----------
    programme
        Must be feasible. With cross-impact, impact and cross-impact need one profile through time.
    tolerance
        Largest duality gap, as a fraction of the cost.
    max_iterations
        Linear steps; each costs O(N T (T + K + M)).
    is_accelerated
        Whether `anderson` helps: mostly three to six times fewer steps, but without it some nasty programmes converge
        that else do not.

    Returns
    -------
    Solution
        Limits and totals are kept to rounding, bands to 1e-10 of what they measure.

    Raises
    ------
    Stalled
        When the gap is still larger after that many, or the problem is not of this form.
    """
    if len(programme.impact) == 1:
        return _without_choice(programme)
    both = parts(programme)
    if not both.is_convex:
        raise Stalled("cross-impact that is not convex beside the impact; ask a general solver")
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        run = _Run(both, is_accelerated=is_accelerated)
        for iteration in range(1, max_iterations + 1):
            run.step()
            if iteration % LOOK_EVERY == 0:
                run.look(iteration, tolerance)
                if run.gap <= tolerance:
                    return _solution(run, iteration)
        run.look_hard()
    raise Stalled(
        f"the first-order method came within {run.gap:.1e} of the optimum in {max_iterations:,} iterations, not "
        f"{tolerance:.1e}; ask a general solver",
        _solution(run, max_iterations) if np.isfinite(run.least) else None,
    )


def _without_choice(programme: Programme) -> Solution:
    trades = programme.quantities[None, :].copy()
    certificate = Certificate(
        method="one bucket leaves no choice",
        kind="duality gap",
        value=0.0,
        objective=programme.objective(trades),
    )
    return Solution(trades=trades, certificate=certificate, binding=binding_limits(programme, trades))


def _solution(run: _Run, iterations: int) -> Solution:
    trades = run.best
    certificate = Certificate(
        method=f"alternating directions, {run.words}",
        kind="duality gap",
        value=max(run.gap, 0.0),
        objective=run.least,
        iterations=iterations,
    )
    return Solution(trades=trades, certificate=certificate, binding=binding_limits(run.programme, trades))


class _Run:
    """The state of one solve. `v` are the linear step's trades, `u` those within limits, `w` the bands' values.

    `y` and `z` are the scaled multipliers of v = u and A x = w."""

    def __init__(self, both: Parts, *, is_accelerated: bool) -> None:
        self._both, self.programme = both, both.programme
        self._linear = LinearStep(both)
        each = self.programme
        even = np.broadcast_to(each.quantities / len(each.impact), each.shape)
        self._u = nearest_with_totals(even, self._linear.weight, each.quantities, both.trading)
        self._y = np.zeros(each.shape)
        self._w = np.zeros((len(self._u) - 1, 0))
        if len(each.bands):
            self._w = left_after(each.quantities, self._u) @ each.bands.T
        self._z = np.zeros_like(self._w)
        self._look_below, self._look_at = np.inf, 0
        self._is_accelerated = is_accelerated
        self._anderson: Anderson | None = None
        self._jump: Floats | None = None
        self.best = self._u
        self.least, self.bound, self.gap = np.inf, -np.inf, np.inf

    @property
    def words(self) -> str:
        """What the linear step is, in words."""
        return self._linear.words

    def step(self) -> None:
        """One round of v, u, w and the multipliers."""
        trading, bands = self._both.trading, self.programme.bands
        if self._jump is not None:
            self._place(self._jump)
        start = None if self._anderson is None else self._placed()
        self._v, modes = self._linear.trades(self._u - self._y, self._w - self._z)
        self._before = self._u
        wish = OVER_RELAXATION * self._v
        wish += (1 - OVER_RELAXATION) * self._u
        wish += self._y
        self._u = trading.nearest(wish, self._linear.weight)
        self._y = np.subtract(wish, self._u, out=wish)
        self._modes = modes
        if len(bands):
            held = self._linear.holdings(modes @ bands.T)
            self._band_prices = self._linear.band_weight * (self._z + held - self._w)
            relaxed = OVER_RELAXATION * held + (1 - OVER_RELAXATION) * self._w + self._z
            self._held, self._w_before = held, self._w
            self._w = np.clip(relaxed, self.programme.band_low[:-1], self.programme.band_high[:-1])
            self._z = relaxed - self._w
        if self._anderson is not None and start is not None:
            self._jump = self._anderson.after(start, self._placed())

    def _placed(self) -> Floats:
        """All that a round depends on, one long vector, in units in which the method is a contraction."""
        trades = (self._u + self._y) * np.sqrt(self._linear.weight)
        if not self._w.size:
            return np.asarray(trades.ravel())
        return np.concatenate([trades.ravel(), ((self._w + self._z) * np.sqrt(self._linear.band_weight)).ravel()])

    def _place(self, point: Floats) -> None:
        """The inverse of `_placed`."""
        count = self._u.size
        wish = point[:count].reshape(self._u.shape) / np.sqrt(self._linear.weight)
        self._u = self._both.trading.nearest(wish, self._linear.weight)
        self._y = wish - self._u
        if self._w.size:
            relaxed = point[count:].reshape(self._w.shape) / np.sqrt(self._linear.band_weight)
            self._w = np.clip(relaxed, self.programme.band_low[:-1], self.programme.band_high[:-1])
            self._z = relaxed - self._w

    def look(self, iteration: int, tolerance: float) -> None:
        """Measure disagreement; where it is small enough, bound and improve the best; at some rounds, balance."""
        apart = _squares(self._v - self._u, self._linear.weight)
        moved = _squares(self._u - self._before, self._linear.weight)
        size = float(_squares(self._u, self._linear.weight).sum())
        distance = max(float(apart.sum()) + self._bands_apart(), float(moved.sum())) / size if size > 0 else 0.0
        if distance <= self._look_below or iteration >= self._look_at:
            self._prove(tolerance)
            # The gap falls with the square of the distance, as the squares measured here do.
            self._look_below = distance * np.clip(2 * tolerance / self.gap, 1e-3, 0.7) if self.gap > 0 else np.inf
            self._look_at = 2 * iteration
        if iteration in BALANCED_AT:
            self._balance(apart, moved)
        if iteration == ACCELERATED_FROM and self._is_accelerated:
            self._anderson = Anderson()

    def _bands_apart(self) -> float:
        """Weighted squares of what bands and holdings disagree by."""
        if not len(self.programme.bands):
            return 0.0
        off = np.maximum((self._held - self._w) ** 2, (self._w - self._w_before) ** 2)
        return float((self._linear.band_weight * off).sum())

    def look_hard(self) -> None:
        """The last look: the bands are repaired however far the objective is from its bound."""
        self._prove(np.inf)
        self.gap = self._proved()

    def _prove(self, tolerance: float) -> None:
        each, trading = self.programme, self._both.trading
        left = self._linear.holdings(self._modes)
        prices = self._band_prices if len(each.bands) else None
        found = bound_at(self._both, left, self._v, band_prices=prices, marks=self._u)
        self.bound = max(self.bound, found.value)
        trades = nearest_with_totals(self._u, self._linear.weight, each.quantities, trading)
        value = each.objective(trades)
        if len(each.bands):
            # To repair bands costs more than to see that it would not be enough yet.
            gap = (value - self.bound) / cost_scale(each, trades)
            if not gap <= NEARLY * tolerance:
                self.gap = gap
                return
            repaired = with_bands_kept(each, trading, trades, self._linear.weight, pushing=self._z)
            value = np.inf if repaired is None else each.objective(repaired)
            trades = trades if repaired is None else repaired
        if value < self.least:
            self.best, self.least = trades, value
        self.gap = self._proved()

    def _proved(self) -> float:
        """The gap of the best trades that keep all limits."""
        if not np.isfinite(self.least):
            return np.inf
        return (self.least - self.bound) / cost_scale(self.programme, self.best)

    def _balance(self, apart: Floats, moved: Floats) -> None:
        """rho of each asset and sigma of all bands so that both kinds of residual are of one size."""
        # A trace of the whole basket keeps assets that hardly trade from running away.
        few = 0.1 / max(len(apart), 1) ** 0.5
        a, b = np.sqrt(apart) + few * np.sqrt(apart.sum()), np.sqrt(moved) + few * np.sqrt(moved.sum())
        change = _change(a, b)
        band_change = 1.0
        if len(self.programme.bands):
            off, stride = np.linalg.norm(self._held - self._w), np.linalg.norm(self._w - self._w_before)
            # A band of no width does not move; what it is off by must still count.
            band_change = float(_change(np.array(off), np.maximum(stride, 0.05 * off)))
        self._y /= change
        self._z /= band_change
        self._linear.rescale(change, band_change)
        if self._anderson is not None:
            self._anderson.forget()
            self._jump = None


def _squares(trades: Floats, weight: Floats) -> Floats:
    """(N,) weighted squares of each asset."""
    return np.asarray(np.einsum("tn,tn,tn->n", trades, trades, weight))


def _change(apart: Floats, moved: Floats) -> Floats:
    ratio = np.sqrt(np.where(moved > 0, apart, 1.0) / np.where(moved > 0, moved, 1.0))
    return np.clip(ratio, 1 / LARGEST_CHANGE, LARGEST_CHANGE)
