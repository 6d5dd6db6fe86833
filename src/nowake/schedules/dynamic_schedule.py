"""A schedule for costs and limits that no formula knows, by dynamic programming over whole cells of the order.

    minimise  sum_k n_k h(n_k / tau_k) + fee [n_k > 0] + lambda sigma^2 sum_k tau_k x_k^2
    over      n_k = 0  or  smallest child <= n_k <= cap_k,     sum n_k = X,     x_k what is left after bucket k

h is the temporary impact of any model, convex or not: a fee for each child and a smallest child make the sum of costs
not convex, where methods that go downhill stop at the nearest valley. What is minimised is of Almgren & Chriss
2000, equations 5 and 8, where the model is linear; with any other a bucket's shares also pay half of their own lasting
move, so that what lasts costs the same whatever the schedule.

Wrong where impact decays (`models.impact` with a kernel): what is left is then not the whole state. Of a law of size
what decays is taken as gone at once, with a note, as `PowerLawSchedule` does. Where everything is linear and there are
no limits, Almgren-Chriss is exact and a thousand times faster."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import Linear
from nowake.models.impact.response import Response
from nowake.models.impact.size_law import SizeLaw
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_count, even_edges
from nowake.schedules.costing import risk_bps
from nowake.schedules.dynamic import DynamicProgramme, certified, check_states
from nowake.schedules.grid import Grid
from nowake.schedules.policy import Solved, lots_of, needed, rounded
from nowake.schedules.schedule import Schedule

_CELLS, _MOST_CELLS, _CELLS_A_BUCKET, _PROBE = 1000, 20_000, 25, 50


class DynamicProgramming(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: the cheapest split into whole cells, for any temporary cost and with limits on each child.

    Parameters
    ----------
    model
        Impact without memory; its temporary part may have any shape.
    risk_aversion
        lambda, per unit of currency, 0 or more; as for `AlmgrenChriss`.
    max_participation
        Largest share of a bucket's volume, ours counted in: above 0 and below 1; None for no limit.
    smallest_child
        Lots below which a bucket trades nothing at all; 1 for no limit.
    fee
        Currency for each bucket that trades.
    cells
        How finely the order is cut, at most; an order of fewer lots is cut into its lots. None is 25 a bucket where
        cost is convex, up to 20,000, else 1,000.
    curve
        Volume curve: the clock of costs and risk is then the market's volume, and limits follow it.
    bucket_ns, n
        Longest a bucket may be, or how many even ones; default as for `AlmgrenChriss`.
    """

    model: Impact
    risk_aversion: float = 0.0
    max_participation: float | None = None
    smallest_child: int = 1
    fee: float = 0.0
    cells: int | None = None
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        for name in ("risk_aversion", "fee"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be finite and 0 or more")
        if self.max_participation is not None and not 0 < self.max_participation < 1:
            raise BadParameter(f"max_participation {self.max_participation} must be above 0 and below 1; 0.1 is 10 %")
        if self.smallest_child < 1:
            raise BadParameter(f"smallest_child {self.smallest_child} must be 1 lot or more")
        if self.cells is not None and self.cells < 1:
            raise BadParameter(f"cells {self.cells} must be 1 or more")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when impact decays, when the limits leave no way to finish, or the grid is too large.
        """
        market = needed(market, "a dynamic programme")
        problem, solved = self._problem(order, market), self.solved(order, market)
        trades = np.array(lots_of(order, solved.trades), dtype=np.float64) * order.instrument.quantity(1)
        value = order.quantity * market.price / 1e4
        parts = {name: cost / value for name, cost in problem.parts(trades).items()}
        return rounded(
            "dynamic programming",
            order,
            solved,
            cost_parts=parts,
            cost_risk_bps=risk_bps(market, order.quantity, trades, problem.days),
            inputs={
                "risk_aversion": self.risk_aversion,
                "cells": float(problem.cells),
                "smallest_child": float(self.smallest_child),
                "fee": self.fee,
                **({} if self.max_participation is None else {"max_participation": self.max_participation}),
            },
            notes=problem.notes,
            market=market,
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum over whole cells, before rounding to lots; errors as for `plan`."""
        problem = self._problem(order, market)
        problem.check_room()
        solution, certificate = certified(problem.programme, problem.cells, constant=problem.steady)
        unit = order.quantity / problem.cells
        return Solved(
            edges_ns=problem.grid.edges_ns,
            trades=np.asarray(solution.path() * unit, dtype=np.float64),
            certificate=certificate,
        )

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """What `solved` minimises, price times quantity; infinite outside the limits and off the grid of cells."""
        return self._problem(order, market).cost(trades)

    def _problem(self, order: ParentOrder, market: MarketState) -> _Problem:
        edges = even_edges(order, bucket_count(order, bucket_ns=self.bucket_ns, n=self.n))
        grid = Grid.between(order, market, edges, curve=self.curve)
        # As for Almgren-Chriss, volume is the clock where it is known, and runs evenly where it is not.
        days = grid.days if self.curve is None else np.diff([self.curve.share_until(edge) for edge in edges])
        if not (days > 0).all():
            raise BadParameter("the curve has no volume in a bucket; use a smoothed curve or fewer buckets")
        terms = market.terms(order.quantity, float(days.sum()))
        response = self.model.response(terms)
        decays = response.kernel is not None
        if decays and not isinstance(self.model, SizeLaw):
            raise BadParameter(
                f"impact of {self.model.name} decays: what is left is not the whole state; use a propagator schedule"
            )
        return _Problem(
            policy=self,
            order=order,
            grid=grid,
            days=days,
            response=response,
            # Trading evenly in the window costs what the law says.
            scale=float(self.model.temporary_bps(terms) / response.temporary(terms.rate)) if decays else 1.0,
            own_move=isinstance(self.model, Linear),
            notes=(f"what decays under {self.model.name} is taken as gone at once",) if decays else (),
            half_spread=float(self.model.half_spread_bps(terms)) * market.price / 1e4,
            price=market.price,
            sigma=market.volatility,
        )


class _Problem(NamedTuple):
    """One order's numbers. Costs are in price times quantity, quantities in shares."""

    policy: DynamicProgramming
    order: ParentOrder
    grid: Grid
    days: Floats
    response: Response
    scale: float
    own_move: bool
    notes: tuple[str, ...]
    half_spread: float
    price: float
    sigma: float

    @property
    def cells(self) -> int:
        wanted = self.policy.cells
        if wanted is None:
            wanted = _CELLS
            plain = self.policy.fee == 0 and self.policy.smallest_child == 1
            # A small fee hides in a coarse grid; the shape of impact does not.
            if plain and self.order.lots > _CELLS and self.programme(_PROBE).is_convex():
                wanted = max(_CELLS, min(_MOST_CELLS, _CELLS_A_BUCKET * len(self.days)))
        return min(wanted, self.order.lots)

    @property
    def multiplier(self) -> float:
        return float(self.order.instrument.multiplier or 1)

    @property
    def gamma(self) -> float:
        """Lasting move per share, currency per share."""
        return self.response.permanent_bps_per_share * self.price / 1e4

    @property
    def saved(self) -> float:
        """What a bucket of n shares does not pay of its own lasting move, over n^2."""
        return 0.5 * self.gamma if self.own_move else 0.0

    @property
    def steady(self) -> float:
        """What every schedule of the order costs."""
        return self.half_spread * self.order.quantity + 0.5 * self.gamma * self.order.quantity**2

    @property
    def caps(self) -> Floats:
        """(N,) most shares of a bucket."""
        most = self.policy.max_participation
        return np.full(len(self.days), np.inf) if most is None else most / (1 - most) * self.grid.volume

    @property
    def aversion(self) -> float:
        """What a share^2 day of waiting costs."""
        return self.policy.risk_aversion * self.multiplier * self.sigma**2

    def programme(self, cells: int) -> DynamicProgramme:
        """The problem on a grid."""
        check_states(len(self.days), 1, cells)
        unit = self.order.quantity / cells
        smallest, largest = self.limits(cells)
        sizes = np.arange(int(max(largest.max(), 0)) + 1, dtype=np.float64)
        shares = sizes[None, :] * unit
        trade = self.temporary(shares, self.days[:, None]) - self.saved * shares**2 + self.fees(sizes)
        allowed = ((sizes == 0) | (sizes >= smallest)) & (sizes <= largest[:, None])
        left = np.arange(cells + 1) * unit
        return DynamicProgramme(
            trade=np.where(allowed, trade, np.inf)[:, None, :],
            holding=(self.aversion * self.days[:, None] * left**2)[:, None, :],
            cells=cells,
        )

    def limits(self, cells: int) -> tuple[int, Floats]:
        """Fewest cells of a bucket that trades, and the most of each bucket, (N,)."""
        unit, lot = self.order.quantity / cells, self.order.instrument.quantity(1)
        # Rounding running totals makes a child the whole lots below or above it: both are within whole limits.
        largest = np.floor(np.minimum(np.floor(self.caps / lot + 1e-9) * lot / unit, cells) + 1e-9)
        return max(1, math.ceil(self.policy.smallest_child * lot / unit - 1e-9)), largest

    def cost(self, trades: Floats) -> float:
        """What is minimised, of (N,) shares; infinite outside the limits and off the grid of cells."""
        exact = trades * self.cells / self.order.quantity
        cells = np.rint(exact)
        smallest, largest = self.limits(self.cells)
        within = ((cells == 0) | (cells >= smallest)) & (cells <= largest)
        if not within.all() or np.abs(exact - cells).max() > 1e-6:
            return math.inf
        return sum(self.parts(trades).values()) + self.aversion * self.waiting(trades)

    def temporary(self, shares: Floats, days: Floats) -> Floats:
        """What shares traded evenly in a bucket pay at once, and gone."""
        return np.asarray(shares * self.response.temporary(shares / days) * self.scale * self.price / 1e4)

    def fees(self, shares: Floats) -> Floats:
        return np.where(shares > 0, self.policy.fee / self.multiplier, 0.0)

    def waiting(self, trades: Floats) -> float:
        """Sum of days times the square of what is left in them, shares^2 days."""
        return float(self.days @ (self.order.quantity - np.cumsum(trades)) ** 2)

    def parts(self, trades: Floats) -> dict[str, float]:
        """Expected cost by what it is paid for."""
        parts = {
            "spread": self.half_spread * self.order.quantity,
            "temporary": float(self.temporary(trades, self.days).sum()),
            "permanent": 0.5 * self.gamma * self.order.quantity**2 - self.saved * float(trades @ trades),
        }
        return parts | ({"fees": float(self.fees(trades).sum())} if self.policy.fee else {})

    def check_room(self) -> None:
        """Refuse limits that cannot finish, with the smallest that can."""
        room, wanted = float(self.caps.sum()), self.order.quantity
        if room < wanted:
            market = float(self.grid.volume.sum())
            raise BadParameter(
                f"max_participation {self.policy.max_participation:g} lets {room:,.6g} of {wanted:,.6g} shares trade "
                f"in {market:,.6g} of volume; raise it to "
                f"{wanted / (wanted + market):.6g} or more, or lengthen the window"
            )
        if self.policy.smallest_child > self.order.lots:
            raise BadParameter(
                f"smallest_child {self.policy.smallest_child} is above the order of {self.order.lots} lots; "
                f"use {self.order.lots} or fewer"
            )
