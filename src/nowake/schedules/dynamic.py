"""Dynamic programming on a grid: the cheapest way to trade whole cells of a quantity, whatever a trade costs.

R. Bellman 1957, "Dynamic Programming"; for execution Bertsimas & Lo 1998, who propose it where limits leave no formula.

The state is what is left, in cells, and, where wanted, one thing more that moves by chances of its own (a signal, a
regime, a bucket of prices), seen before each trade. With M such regimes and N buckets

    V_n(w, m) = min over s of  trade_n,m(s) + holding_n,m(w - s) + E[V_{n+1}(w - s, m') | m],       V_N(w) = final(w)

which is one min-plus convolution a bucket and regime: two convex costs are merged by their slopes, in cells log cells;
anything else is tried, cells by trades. Costs may be any numbers and infinite where a trade is not allowed.

Wrong where the state is larger than this: impact that decays needs a state for each rate, several assets one for each.
Nothing trades backwards. Of trades that cost the same, the one nearest to the even path is taken. What is found is
exact for whole cells; finer cells may do better, and `certified` says how much the last doubling did."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate

Integers = npt.NDArray[np.int32]
MOST_STATES = 20_000_000
MOST_TRIALS = 20_000_000_000
_EQUAL = 1e-10  # As a fraction: costs closer than this are the same, for buckets differ by nanoseconds.
_BLOCK = 2_000_000  # Numbers tried at once: 16 MB.


class DynamicProgramme(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What trading and waiting cost on a grid. Costs of any one unit; infinite where something is not allowed.

    Parameters
    ----------
    trade
        (N, M, S+1) cost of trading 0 .. S cells in a bucket and regime. Memory is not needed for axes that are
        broadcast.
    cells
        L: cells to trade, 1 or more.
    holding
        (N, M, L+1) cost of 0 .. L cells left after a bucket; None for none.
    final
        (L+1,) cost of cells left after the last bucket; None demands that there are none.
    chances
        (M, M) probability of the regime in the next bucket (columns) given that of this one (rows); None keeps it.

    Raises
    ------
    BadParameter
        When shapes disagree, a number is NaN or minus infinity, chances do not sum to 1, or the grid is absurdly
        large.
    """

    trade: Floats
    cells: int
    holding: Floats | None = None
    final: Floats | None = None
    chances: Floats | None = None

    def __post_init__(self) -> None:
        if self.trade.ndim != 3 or 0 in self.trade.shape:
            raise BadParameter(
                f"trade of a dynamic programme must be (buckets, regimes, trades + 1): {self.trade.shape}"
            )
        if self.cells < 1:
            raise BadParameter(f"{self.cells} cells must be 1 or more")
        n, m, _ = self.trade.shape
        shapes = {"holding": (n, m, self.cells + 1), "final": (self.cells + 1,), "chances": (m, m)}
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise BadParameter(f"{name} of this dynamic programme must be {shape}, not {value.shape}")
        self._check_size()
        for name in ("trade", "holding", "final"):
            value = getattr(self, name)
            if value is not None and not (value > -np.inf).all():
                raise BadParameter(f"{name} of a dynamic programme must be numbers, or infinite where not allowed")
        if self.chances is not None and not (
            (self.chances >= 0).all() and np.allclose(self.chances.sum(axis=1), 1.0, atol=1e-9)
        ):
            raise BadParameter("chances of a dynamic programme must be 0 or more, and each row sum to 1")

    def solve(self) -> DynamicSolution:
        """Every state's cheapest trade and cost to come.

        Raises
        ------
        BadParameter
            When no way of trading the whole is allowed in any regime.
        """
        n, m, _ = self.trade.shape
        values = np.empty((n + 1, m, self.cells + 1))
        trades = np.zeros((n, m, self.cells + 1), dtype=np.int32)
        values[n] = self._final()
        for bucket in reversed(range(n)):
            after = self._expected(values[bucket + 1])
            if self.holding is not None:
                after = after + self.holding[bucket]
            even = self.cells - math.floor(self.cells * (bucket + 1) / n + 0.5)  # Left, as a running total is rounded.
            for regime in range(m):
                best, chosen = min_plus(self.trade[bucket, regime], after[regime], toward=even)
                values[bucket, regime], trades[bucket, regime] = best, chosen
        if not np.isfinite(values[0, :, -1]).any():
            raise BadParameter(
                f"no way of trading {self.cells} cells in {n} buckets is allowed by the costs given; widen the limits, "
                "or make cells smaller where a limit is no whole number of them"
            )
        return DynamicSolution(values=values, trades=trades)

    def cost_of(self, trades: Sequence[int] | Integers, regimes: Sequence[int] | Integers | None = None) -> float:
        """What (N,) cells of trades cost in (N,) regimes (the first by default); infinite outside what is allowed."""
        left, total = self.cells, 0.0
        for bucket, cells in enumerate(trades):
            regime = 0 if regimes is None else regimes[bucket]
            left -= int(cells)
            if not 0 <= cells < self.trade.shape[2] or left < 0:
                return math.inf
            total += float(self.trade[bucket, regime, cells])
            total += 0.0 if self.holding is None else float(self.holding[bucket, regime, left])
        return total + float(self._final()[left])

    def _final(self) -> Floats:
        return np.where(np.arange(self.cells + 1) == 0, 0.0, np.inf) if self.final is None else self.final

    def _expected(self, values: Floats) -> Floats:
        """(M, L+1) mean over the next regime; infinite where it has a chance to be."""
        if self.chances is None:
            return values
        closed = np.isinf(values)
        mean = self.chances @ np.where(closed, 0.0, values)
        mean[(self.chances > 0) @ closed.astype(np.float64) > 0] = np.inf
        return np.asarray(mean)

    def _check_size(self) -> None:
        n, m, sizes = self.trade.shape
        check_states(n, m, self.cells)
        trials = n * m * (self.cells + 1) * min(sizes, self.cells + 1)
        if trials > MOST_TRIALS and not self.is_convex():
            raise BadParameter(
                f"{trials:,} trials of a cost that is not convex are above {MOST_TRIALS:,}; "
                f"use {max(1, math.isqrt(MOST_TRIALS // (n * m)))} cells or fewer, or limit the size of a trade"
            )

    def is_convex(self) -> bool:
        """Whether every cost is, so that steps are merged and not tried."""
        rows = [*self.trade.reshape(-1, self.trade.shape[2]), self._final()]
        if self.holding is not None:
            rows += [*self.holding.reshape(-1, self.cells + 1)]
        return all(_finite_convex(row) is not None for row in rows)


def check_states(buckets: int, regimes: int, cells: int) -> None:
    """Refuse a grid that is too large to be kept, before it is made."""
    states = buckets * regimes * (cells + 1)
    if states > MOST_STATES:
        raise BadParameter(
            f"{buckets} buckets x {regimes} regimes x {cells} cells are {states:,} states, above {MOST_STATES:,}; "
            f"use {max(1, MOST_STATES // (buckets * regimes) - 1)} cells or fewer, or fewer buckets"
        )


class DynamicSolution(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The cheapest trades from everywhere.

    Parameters
    ----------
    values
        (N+1, M, L+1) cost to come with 0 .. L cells left before each bucket, and at the end.
    trades
        (N, M, L+1) cells to trade; of no meaning where the cost to come is infinite.
    """

    values: Floats
    trades: Integers

    def path(self, regimes: Sequence[int] | Integers | None = None) -> Integers:
        """(N,) cells of each bucket from the whole, in the regimes met (N,); the first throughout by default."""
        n, _, size = self.trades.shape
        left, path = size - 1, np.zeros(n, dtype=np.int32)
        for bucket in range(n):
            path[bucket] = self.trades[bucket, 0 if regimes is None else regimes[bucket], left]
            left -= int(path[bucket])
        return path

    def cost(self, regime: int = 0) -> float:
        """Expected cost of the whole, before the first trade."""
        return float(self.values[0, regime, -1])


class Certified(NamedTuple):
    """A solution, and how much of the cost the last doubling of the grid changed."""

    solution: DynamicSolution
    certificate: Certificate


def certified(
    programme: Callable[[int], DynamicProgramme], cells: int, *, regime: int = 0, constant: float = 0.0
) -> Certified:
    """Solve on a grid and on one half as fine.

    Parameters
    ----------
    programme
        The problem on a grid of any number of cells.
    cells
        Of the finer grid, whose solution it is.
    regime
        That the order begins in.
    constant
        Added to the objective.
    """
    solution = programme(cells).solve()
    objective = solution.cost(regime) + constant
    try:
        coarse = programme(max(1, cells // 2)).solve().cost(regime) + constant
    except BadParameter:  # The coarser grid cannot keep a limit.
        coarse = math.inf
    change = abs(coarse - objective) / max(abs(objective), np.finfo(float).tiny)
    kept = Certificate(method=f"dynamic programming, {cells:,} cells", kind="grid", value=change, objective=objective)
    return Certified(solution, kept)


def min_plus(trade: Floats, after: Floats, *, toward: int = 0) -> tuple[Floats, Integers]:
    """min over s of trade[s] + after[w - s] for each w of `after`, and the s; infinite where none is allowed.

    Of several s that cost the same, the one that leaves nearest to `toward` cells.
    """
    convex_trade, convex_after = _finite_convex(trade), _finite_convex(after)
    if convex_trade is not None and convex_after is not None:
        return _merge(trade, after, convex_trade, convex_after, toward)
    return _try_all(trade, after, toward)


def _merge(trade: Floats, after: Floats, of_trade: slice, of_after: slice, toward: int) -> tuple[Floats, Integers]:
    """Two convex costs: cells go where the next one is cheapest, so their slopes are merged in order."""
    size = len(after)
    best, chosen = np.full(size, np.inf), np.zeros(size, dtype=np.int32)
    # Convex but for rounding: made to rise, so that they can be searched.
    waiting, trading = (
        np.maximum.accumulate(np.diff(cost[inside])) for cost, inside in ((after, of_after), (trade, of_trade))
    )
    first = of_trade.start + of_after.start
    reached = np.arange(first, min(size, first + len(waiting) + len(trading) + 1))
    if len(reached):
        largest = float(np.abs(after[of_after]).max())
        slack = _EQUAL * np.abs(trading) + 4 * np.finfo(float).eps * largest + np.finfo(float).tiny  # Of zeros too.
        few, s, many = (
            _traded(waiting, trading + more, len(reached)) + of_trade.start for more in (slack, 0.0, -slack)
        )
        best[reached] = trade[s] + after[reached - s]
        chosen[reached] = np.clip(reached - toward, few, many)
    return best, chosen


def _traded(waiting: Floats, trading: Floats, count: int) -> Integers:
    """How many of the 0, 1, .. cheapest cells are traded, by the slopes of both."""
    before = np.arange(len(trading)) + np.searchsorted(waiting, np.maximum.accumulate(trading), side="right")
    return np.searchsorted(before, np.arange(count)).astype(np.int32)


def _try_all(trade: Floats, after: Floats, toward: int) -> tuple[Floats, Integers]:
    """Every trade from every state, by blocks of states."""
    size, most = len(after), min(len(trade), len(after)) - 1
    padded = np.concatenate((np.full(most, np.inf), after))
    windows = np.lib.stride_tricks.sliding_window_view(padded, most + 1)  # Row w: after[w - most] .. after[w].
    backwards = trade[most::-1]
    best, chosen = np.empty(size), np.empty(size, dtype=np.int32)
    rows = max(1, _BLOCK // (most + 1))
    for start in range(0, size, rows):
        tried = windows[start : start + rows] + backwards
        place = tried.argmin(axis=1)
        least = np.take_along_axis(tried, place[:, None], axis=1)
        equal = tried <= least + _EQUAL * np.abs(least)
        several = np.flatnonzero(equal.sum(axis=1) > 1)
        if len(several):
            # Column c leaves w - most + c.
            away = np.abs((several + start - most - toward)[:, None] + np.arange(most + 1))
            place[several] = np.where(equal[several], away, size + abs(toward) + most).argmin(axis=1)
        best[start : start + rows] = least[:, 0]
        chosen[start : start + rows] = most - place
    return best, chosen


def _finite_convex(cost: Floats) -> slice | None:
    """Where a cost is finite, if that is one stretch and it is convex there, rounding apart; else None."""
    finite = np.flatnonzero(np.isfinite(cost))
    if not len(finite) or finite[-1] - finite[0] + 1 != len(finite):
        return None
    inside = slice(int(finite[0]), int(finite[-1]) + 1)
    values = cost[inside]
    bends = np.diff(values, n=2)
    noise = 4 * np.finfo(float).eps * float(np.abs(values).max())
    return inside if not len(bends) or float(bends.min()) >= -noise else None
