"""Aggressive in the money: spend gains on being done sooner.

J. Lorenz and R. Almgren 2011, "Mean-variance optimal adaptive execution", Applied Mathematical Finance 18, after R.
Almgren and J. Lorenz 2007, "Adaptive arrival price", Trading 2007. Almgren and Chriss minimise E[C] + lambda Var[C]
over schedules fixed at the start. Policies that see the price have less variance for the same mean: after a gain they
spend it on impact and hold less, after a loss they save impact and hold more, so that late costs lean against early
luck. What it is worth depends on the market power mu = eta X / (sigma T^1.5), impact beside volatility: nothing for
small orders, the more the larger.

Their recursion has the state (shares left, cost still allowed on average) and the least variance as its value. We solve
the same problem by the embedding of D. Li and W. L. Ng 2000 ("Optimal dynamic portfolio selection", Mathematical
Finance 10): every policy that is best for E + lambda Var also minimises E[(C - m)^2] for m = E[C] - 1 / (2 lambda). Its
state is what an algorithm knows: shares left, and d, the cost so far with what is left at its price now, over m. With
time in horizons, shares in X and cost in sigma X sqrt(T), over steps of tau, trading y = x - x',

    V_k(x, d) = min over x' of E V_{k+1}(x', d + mu y^2 / tau + x' sqrt(tau) xi),     V_N(0, d) = d^2

Wrong where it is not kept as one commitment: mean and variance of the whole are not consistent in time, and who forgets
the gain and begins anew with what is left would not spend it. Wrong as a view on prices: it has none, and where prices
trend it hurries when it should wait. Costs lean to the bad side: gains are spent, losses are not stopped. With much
risk aversion it pays impact only to spend gains, for variance counts them as risk."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear, linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.almgren_chriss import Liquidation

Indices = npt.NDArray[np.intp]
_HOLDINGS, _DISTANCES, _TRADES, _LUCK = 25, 201, 49, 9
_NEAR, _FEW = 0.3, 0.01
_FEWEST = 1e-3  # Least holdings of the tables; below, they go on in a line.
_NEAREST = 1e-2  # 1 / (2 lambda) below which luck is smaller than the tables see, and nearly all trades at once.
_FARTHEST = 1e5  # 1 / (2 lambda), in sigma X sqrt(T), beyond which luck changes nothing that could be seen.
_MOST_STEPS = 200
_PATHS = 16_384


class LorenzAlmgren(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rate policy: the best commitment for expected cost plus lambda times its variance. Made by `of` or `calibrated`.

    Parameters
    ----------
    problem
        The order in steps: shares, days, volatility, impact, risk aversion.
    target
        m in the paper's unit of cost sigma X sqrt(T), spread and permanent cost apart.
    grid
        Holdings and costs over the target, in that unit, of the tables.
    pace
        (N, H, D) shares of a step over an even share of what is left, by step, holdings and distance. 1 is even
        trading.
    mean, variance
        Of the cost under the policy, in that unit and its square, spread and permanent cost apart: measured, by
        working the order 2 x 16,384 times with the policy as it is asked, where it is not the fixed schedule.
    mean_error, variance_error
        Their standard errors; 0 for the fixed schedule, whose moments are known.
    """

    problem: Liquidation
    target: float
    grid: DistanceGrid
    pace: Floats
    mean: float
    variance: float
    mean_error: float = 0.0
    variance_error: float = 0.0

    @classmethod
    def calibrated(
        cls,
        order: ParentOrder,
        market: MarketState,
        model: Impact,
        *,
        risk_aversion: float,
        steps: int = 30,
        seed: int = 1,
    ) -> Self:
        """The policy of one order in one market.

        Parameters
        ----------
        model
            Impact; one that is not linear is replaced by the linear one that costs the same for the order.
        risk_aversion
            lambda, per unit of currency, 0 or more; as for `AlmgrenChriss`. Where 1 / (2 lambda) is under a hundredth
            of sigma X sqrt(T), or beyond 100,000 times it, the policy is the fixed schedule.
        steps
            How often it looks at the price: 1 to 200.
        seed
            Of the luck with which its cost is measured.

        Raises
        ------
        BadParameter
            When a number is out of range, volatility is 0, or temporary impact is too small beside permanent.
        """
        days = days_of(order)
        return cls.of(
            Liquidation(
                quantity=order.quantity,
                days=days,
                steps=steps,
                volatility=market.volatility,
                impact=linearised(model, market.terms(order.quantity, days)),
                risk_aversion=risk_aversion * float(order.instrument.multiplier or 1),
            ),
            seed=seed,
        )

    @classmethod
    def of(cls, problem: Liquidation, *, seed: int = 1) -> Self:
        """The policy of one problem; parameters and errors as for `calibrated`."""
        if problem.steps > _MOST_STEPS:
            raise BadParameter(f"steps {problem.steps} must be {_MOST_STEPS} or fewer; prices seldom say more")
        if not problem.volatility > 0:
            raise BadParameter("volatility 0 leaves nothing to adapt to; use a time-weighted schedule")
        if not problem.eta_tilde > 0:
            raise BadParameter(f"eta {problem.impact.eta:g} must be above 0: without temporary impact, trade at once")
        unit = _unit(problem)
        aversion = problem.risk_aversion * unit  # Per unit of cost.
        if not 0.5 / _FARTHEST <= aversion <= 0.5 / _NEAREST:
            return cls._static(problem, unit)
        mu = _market_power(problem)
        patience = 0.5 / aversion
        spent = (problem.expected_cost() - _steady(problem)) / unit  # Of the fixed schedule: near enough for a grid.
        grid = DistanceGrid.between(patience - spent - 3.0, patience + spent + 3.0)
        tables, distances = _solve(mu, problem.steps, grid), grid.distances[-1]
        start = _lowest(distances, 2 * patience * tables.mean + tables.variance)
        measured = _measured(_Walk(grid, np.empty(0), mu, problem.steps), tables.pace, start, problem, seed)
        if measured.mean + aversion * measured.variance > spent + aversion * problem.variance() / unit**2:
            return cls._static(problem, unit)
        return cls(problem=problem, target=-start, grid=grid, pace=tables.pace, **measured._asdict())

    @classmethod
    def _static(cls, problem: Liquidation, unit: float) -> Self:
        """The fixed schedule, where luck matters too little, or all trades too soon, for tables to do better."""
        grid = DistanceGrid.between(-1.0, 1.0)
        x, n = problem.holdings(), problem.steps
        pace = -np.diff(x) / x[:-1] * np.arange(n, 0, -1)
        return cls(
            problem=problem,
            target=0.0,
            grid=grid,
            pace=np.broadcast_to(pace[:, None, None], (n, *grid.distances.shape)),
            mean=(problem.expected_cost() - _steady(problem)) / unit,
            variance=problem.variance() / unit**2,
        )

    @property
    def market_power(self) -> float:
        """mu = eta X / (sigma T^1.5): an even order's temporary impact over its standard deviation of price moves."""
        return _market_power(self.problem)

    @property
    def expected_cost(self) -> float:
        """E in price times quantity, spread and permanent cost included."""
        return _steady(self.problem) + self.mean * _unit(self.problem)

    @property
    def cost_sd(self) -> float:
        """One standard deviation of the cost, price times quantity."""
        return math.sqrt(self.variance) * _unit(self.problem)

    @property
    def standard_error(self) -> float:
        """Of `expected_cost`, price times quantity."""
        return self.mean_error * _unit(self.problem)

    @property
    def cost_sd_error(self) -> float:
        """Standard error of `cost_sd`, price times quantity."""
        return 0.5 * self.variance_error / math.sqrt(self.variance) * _unit(self.problem) if self.variance else 0.0

    def static_cost(self) -> float:
        """E of the fixed schedule (Almgren & Chriss 2000) that risks the same, price times quantity.

        What adapting is worth is this less `expected_cost`.
        """
        low, high = -60.0, 60.0  # Logarithm of the risk aversion per unit of cost.

        def fixed(log_aversion: float) -> Liquidation:
            return msgspec.structs.replace(self.problem, risk_aversion=math.exp(log_aversion) / _unit(self.problem))

        for _ in range(100):
            middle = 0.5 * (low + high)
            if fixed(middle).variance() > self.cost_sd**2:
                low = middle
            else:
                high = middle
        return fixed(high).expected_cost()

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction, never below 0."""
        left, days = situation.left, situation.left_days
        if left == 0:
            return 0.0
        if days == 0:
            return math.inf
        steps = self.problem.steps
        done = min(max(steps - days / self.problem.days * steps, 0.0), steps - 1.0)
        x = min(left / self.problem.quantity, 1.0)
        k, part = int(done + 1e-9), max(0.0, done - int(done + 1e-9))
        pace = self._pace(k, x, self.distance(situation))
        if part > 0:
            later = self._pace(min(k + 1, steps - 1), x, self.distance(situation))
            pace += part * (later - pace)
        return float(pace * left / days)

    def distance(self, situation: Situation) -> float:
        """d: the cost so far, with what is left at its price now, over the target; sigma X sqrt(T) is 1.

        Spread and permanent cost still to come are counted as paid, so that they never look like luck.
        """
        impact, left = self.problem.impact, situation.left
        still = 0.5 * impact.gamma * left**2 + impact.epsilon * left
        cost = left * situation.adverse - situation.gained + still - _steady(self.problem)
        return cost / _unit(self.problem) - self.target

    def _pace(self, step: int, x: float, distance: float) -> float:
        """The table between its nodes; at its ends beyond them. `DistanceGrid.locate` of one point, without arrays."""
        grid, table = self.grid, self.pace[step]
        d = min(max(distance, float(grid.distances[-1, 0])), float(grid.distances[-1, -1]))
        i = min(int(math.sqrt(x) * (_HOLDINGS - 1)), _HOLDINGS - 2)
        here, after = _between(grid, table, i, d), _between(grid, table, i + 1, d)
        low, high = grid.holdings[i], grid.holdings[i + 1]
        return float(here + (after - here) * (x - low) / (high - low))


class _Tables(NamedTuple):
    """pace (N, H, D); mean and variance (D,) of the whole order's cost, by distance at the start."""

    pace: Floats
    mean: Floats
    variance: Floats


class DistanceGrid(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Where the tables are known: at H holdings, and at D distances of each, close where little luck decides.

    Parameters
    ----------
    holdings
        (H,) fractions of the order up to 1, squares of an even grid.
    distances
        (H, D) increasing along each row: near the target as close as luck with these holdings is small.
    """

    holdings: Floats
    distances: Floats

    @classmethod
    def between(cls, low: float, high: float) -> Self:
        """From one distance to another, at every holding."""
        x = np.maximum(np.linspace(0.0, 1.0, _HOLDINGS) ** 2, _FEWEST)
        near = _near(x)[:, None]
        first, last = np.arcsinh(low / near), np.arcsinh(high / near)
        return cls(holdings=x, distances=near * np.sinh(first + (last - first) * np.linspace(0.0, 1.0, _DISTANCES)))

    def locate(self, x: Floats, d: Floats) -> Place:
        """Any points; beyond the distances tables go on in a line."""
        i = np.clip((np.sqrt(x) * (_HOLDINGS - 1)).astype(np.intp), 0, _HOLDINGS - 2)
        u = (x - self.holdings[i]) / (self.holdings[i + 1] - self.holdings[i])
        columns = [self._column(row, d) for row in (i, i + 1)]
        return Place(i, u, *columns[0], *columns[1])

    def _column(self, row: Indices, d: Floats) -> tuple[Indices, Floats]:
        near = _near(self.holdings)[row]
        ends = np.arcsinh(self.distances[:, [0, -1]] / _near(self.holdings)[:, None])
        place = (np.arcsinh(d / near) - ends[row, 0]) / (ends[row, 1] - ends[row, 0]) * (_DISTANCES - 1)
        j = np.clip(place.astype(np.intp), 0, _DISTANCES - 2)
        left, right = self.distances[row, j], self.distances[row, j + 1]
        return j, np.asarray((d - left) / (right - left))


def _between(grid: DistanceGrid, table: Floats, row: int, d: float) -> float:
    """A table of a grid in one row, at any distance."""
    nodes = grid.distances[row]
    near = _NEAR * (float(grid.holdings[row]) + _FEW)
    first, last = math.asinh(nodes[0] / near), math.asinh(nodes[-1] / near)
    j = min(max(int((math.asinh(d / near) - first) / (last - first) * (_DISTANCES - 1)), 0), _DISTANCES - 2)
    v = (d - nodes[j]) / (nodes[j + 1] - nodes[j])
    return float(table[row, j] + (table[row, j + 1] - table[row, j]) * v)


class Place(NamedTuple):
    """Points between nodes: the row of holdings before, how far to the next; in each of both, column and how far."""

    i: Indices
    u: Floats
    j0: Indices
    v0: Floats
    j1: Indices
    v1: Floats

    def read(self, table: Floats) -> Floats:
        """An (H, D) table at the points: straight in distance, then in holdings at one distance."""
        i, u, j0, v0, j1, v1 = self
        here = table[i, j0] * (1 - v0) + table[i, j0 + 1] * v0
        after = table[i + 1, j1] * (1 - v1) + table[i + 1, j1 + 1] * v1
        return np.asarray(here * (1 - u) + after * u)


class _Walk(NamedTuple):
    """A grid, the fractions of holdings that are tried for keeping (R,), mu, and the number of steps."""

    grid: DistanceGrid
    tried: Floats
    mu: float
    steps: int

    @property
    def x(self) -> Floats:
        return self.grid.holdings[:, None]

    @property
    def d(self) -> Floats:
        return self.grid.distances

    def paid(self, kept: Floats) -> Floats:
        """What trading all but a fraction costs, over x^2."""
        return np.asarray(self.mu * self.steps * (1 - kept) ** 2)

    def base(self, x: Floats, d: Floats) -> Floats:
        """V without luck, were all impact but that of trading at once free: what tables are measured from."""
        return np.asarray(np.maximum(d, 0.0) ** 2 + np.minimum(d + self.mu * self.steps * x**2, 0.0) ** 2)

    def after(self, kept: Floats) -> tuple[Floats, Floats]:
        """Holdings and distance after keeping a fraction, from every node, before luck."""
        d = self.d + self.paid(kept) * self.x**2
        return np.broadcast_to(kept * self.x, d.shape), d


def _solve(mu: float, steps: int, grid: DistanceGrid) -> _Tables:
    """Backwards from the last step, in which all is traded."""
    walk = _Walk(grid, np.linspace(0.0, 1.0, _TRADES), mu, steps)
    whole, square = mu * steps, walk.x**2
    base = walk.base(walk.x, walk.d)
    value = ((walk.d + whole * square) ** 2 - base) / square  # Q.
    mean, variance = np.full(base.shape, whole), np.zeros(base.shape)  # Of the cost to come, over x^2.
    pace = np.ones((steps, *base.shape))
    luck = _luck(walk)
    tried = walk.after(walk.tried[:, None, None])
    base_tried, place_tried = walk.base(*tried), grid.locate(*tried)
    for k in reversed(range(steps - 1)):
        held_value = luck.mean([bare / square + at.read(value) for bare, at in zip(luck.base, luck.place, strict=True)])
        held_mean, held_variance = luck.moments(walk, mean, variance)
        after = held_value - base / square
        kept = _best_kept(walk, base_tried + tried[0] ** 2 * place_tried.read(after))
        here = walk.after(kept)
        place = grid.locate(*here)
        value = (walk.base(*here) + here[0] ** 2 * place.read(after) - base) / square
        mean = walk.paid(kept) + kept**2 * place.read(held_mean)
        variance = kept**2 * place.read(held_variance)
        pace[k] = (1 - kept) * (steps - k)
    return _Tables(pace, mean[-1], variance[-1])


class _Luck(NamedTuple):
    """One step's luck by Gauss and Hermite: its weights, and for each of its points the move from every node, the base
    there and the place."""

    weights: Floats
    move: list[Floats]
    base: list[Floats]
    place: list[Place]

    def mean(self, tables: list[Floats]) -> Floats:
        return np.asarray(np.tensordot(self.weights, np.stack(tables), axes=1))

    def moments(self, walk: _Walk, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Mean and variance before the luck of those after it, over x^2: variance of the mean and mean of variance."""
        square = walk.x**2
        means = [at.read(mean) for at in self.place]
        expected = self.mean(means)
        ends = [move + square * (each - expected) for move, each in zip(self.move, means, strict=True)]
        within = self.mean([at.read(variance) for at in self.place])
        return expected, within + self.mean([end**2 for end in ends]) / square


def _luck(walk: _Walk) -> _Luck:
    points, weights = np.polynomial.hermite_e.hermegauss(_LUCK)
    x = np.broadcast_to(walk.x, walk.d.shape)
    moves = [np.asarray(point * walk.x / math.sqrt(walk.steps)) for point in points]
    bases = [walk.base(x, walk.d + move) for move in moves]
    return _Luck(weights / weights.sum(), moves, bases, [walk.grid.locate(x, walk.d + move) for move in moves])


class _Measured(NamedTuple):
    """What the policy costs, spread and permanent cost apart, in sigma X sqrt(T), and how well that is known."""

    mean: float
    variance: float
    mean_error: float
    variance_error: float


def _measured(walk: _Walk, pace: Floats, start: float, problem: Liquidation, seed: int) -> _Measured:
    """Of many orders worked by the tables as they are read when asked.

    Every luck is met by its opposite too, so that what is odd in it falls out of the mean; and the fixed schedule meets
    it all, whose variance is known, so that what is luck in that of the policy is mostly taken out by regression.
    """
    draws = np.random.default_rng(seed).standard_normal((walk.steps, _PATHS)) / math.sqrt(walk.steps)
    luck = np.concatenate((draws, -draws), axis=1)
    cost = _worked(walk, pace, start, luck)
    fixed = problem.holdings()[1:] / problem.quantity
    pairs = cost.reshape(2, _PATHS).mean(axis=0)
    squares = ((cost - cost.mean()) ** 2).reshape(2, _PATHS).mean(axis=0)
    known = (fixed @ draws) ** 2 - float(fixed @ fixed) / walk.steps
    weight = float(np.cov(squares, known)[0, 1] / known.var(ddof=1)) if known.any() else 0.0
    freed = squares - weight * known
    root = math.sqrt(_PATHS)
    return _Measured(float(pairs.mean()), max(0.0, float(freed.mean())), pairs.std() / root, freed.std() / root)


def _worked(walk: _Walk, pace: Floats, start: float, luck: Floats) -> Floats:
    """(M,) costs of orders that meet (N, M) luck, from a distance at the start."""
    lowest, highest = walk.d[-1, [0, -1]]
    x, d = np.ones(luck.shape[1]), np.full(luck.shape[1], start)
    for k, step in enumerate(luck):
        share = walk.grid.locate(x, np.clip(d, lowest, highest)).read(pace[k]) / (walk.steps - k)
        kept = 1 - np.clip(share, 0.0, 1.0) if k < walk.steps - 1 else np.zeros_like(x)
        d = d + walk.paid(kept) * x**2 + kept * x * step
        x = kept * x
    return np.asarray(d - start)


def _best_kept(walk: _Walk, tried: Floats) -> Floats:
    """(H, D) the fraction of holdings to keep: the best tried, then the lowest point of the parabola around it."""
    best = np.clip(tried.argmin(axis=0), 1, _TRADES - 2)[None]
    below, here, above = (np.take_along_axis(tried, best + step, axis=0)[0] for step in (-1, 0, 1))
    bend = below - 2 * here + above
    step = np.divide(below - above, 2 * bend, out=np.zeros_like(bend), where=bend > 0)
    return np.asarray(np.clip(walk.tried[best[0]] + np.clip(step, -1, 1) / (_TRADES - 1), 0.0, 1.0))


def _near(x: Floats) -> Floats:
    """Distances within which nodes are even: a part of the luck that holdings can have."""
    return np.asarray(_NEAR * (x + _FEW))


def _lowest(x: Floats, y: Floats) -> float:
    """Where a table is lowest, between nodes by the parabola through three."""
    k = int(np.clip(y.argmin(), 1, len(x) - 2))
    before, after = x[k] - x[k - 1], x[k + 1] - x[k]
    rise, fall = (y[k + 1] - y[k]) / after, (y[k] - y[k - 1]) / before
    bend = (rise - fall) / (before + after)
    if not bend > 0:
        return float(x[y.argmin()])
    step = -0.5 * (fall + bend * before) / bend
    return float(x[k] + min(max(step, -before), after))


def _unit(problem: Liquidation) -> float:
    """sigma X sqrt(T), price times quantity: what costs are measured in."""
    return problem.volatility * problem.quantity * math.sqrt(problem.days)


def _market_power(problem: Liquidation) -> float:
    return problem.eta_tilde * problem.quantity / (problem.volatility * problem.days * math.sqrt(problem.days))


def _steady(problem: Liquidation) -> float:
    """Spread and permanent cost, the same for every policy."""
    impact: Linear = problem.impact
    return 0.5 * impact.gamma * problem.quantity**2 + impact.epsilon * problem.quantity
