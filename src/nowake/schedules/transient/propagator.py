"""The cheapest schedule under linear impact with any decay: power laws, sums of exponentials, a kernel of one's own.

    minimise  push / 2 double integral of G(|t - s|) dx dx + lambda sigma^2 integral of y^2 dt

over trades on a grid: evenly inside buckets, or in blocks at instants (Alfonsi, Schied & Slynko 2012, "Order book
resilience, price manipulation, and the positive portfolio problem", SIAM J. Financial Math. 3; Gatheral, Schied &
Slynko 2012, "Transient linear price impact and Fredholm integral equations", Mathematical Finance 22). Exponential
decay gives Obizhaeva & Wang's blocks, t^-g the density (t (T - t))^((g - 1) / 2), capped linear decay equal blocks.

Trades are kept from going against the order, because an algorithm cannot work those; `both_ways` lifts that. A kernel
that falls and is convex never asks for it; another does (transaction-triggered manipulation), and a note says so.

Wrong where impact is far from linear in the size of slices, where a busy hour forgets faster than a quiet one (the
clock is time), and where the kernel is only known for lags longer than the buckets: the ends of the schedule live on
its shortest lags."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_SECOND
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.clock import multiplier_of
from nowake.schedules.policy import Solved, rounded
from nowake.schedules.schedule import Schedule
from nowake.schedules.transient.asked import Asked, asked, figures, need_market
from nowake.schedules.transient.laid import Laid, grid_ns, lay_blocks, lay_buckets
from nowake.schedules.transient.liquidation import TransientLiquidation
from nowake.schedules.transient.quadratic import DAMPING, Optimum

TRADES_BACK = 1e-4  # Of the order: less than this traded back is not worth a word.


class Propagator(msgspec.Struct, frozen=True):
    """Policy: trade so that the price has time to come back.

    Parameters
    ----------
    model
        Impact with a kernel: `impact.ObizhaevaWang`, `Propagator`, `Transient`, one of your own. One that is not linear
        in the rate is replaced by a linear one of the same decay, and a note says so.
    risk_aversion
        lambda, per unit of currency, as for `AlmgrenChriss`.
    bucket_ns, n
        Length of a bucket, or how many even ones; one minute by default. With `block_ns`, the time between blocks, or
        how many blocks, at even instants from the first moment to the last.
    times_ns
        A grid of your own instead: bucket edges, or with `block_ns` the instants of blocks, inside the window.
    block_ns
        Trade in blocks, each worked evenly over this long; the model takes it as one trade. None for even trading.
    both_ways
        Whether trades against the order are allowed, which no algorithm works.
    """

    model: Impact
    risk_aversion: float = 0.0
    bucket_ns: int | None = None
    n: int | None = None
    times_ns: tuple[int, ...] | None = None
    block_ns: int | None = None
    both_ways: bool = False

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        if self.times_ns is not None and (self.n is not None or self.bucket_ns is not None):
            raise BadParameter("give times_ns, or n, or bucket_ns, not two of them")
        if self.block_ns is not None and self.block_ns < 1:
            raise BadParameter(f"block_ns {self.block_ns} must be 1 or more; {NS_PER_SECOND:,} is a second")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when nothing of the impact decays, blocks meet a kernel that is infinite at lag 0, a round
            trip on this grid earns, or the grid leaves the window.
        """
        market, read = need_market(market), asked(self.model, order, market)
        laid, problem = self._laid(order), self._problem(order, market, read)
        found = problem.optimum(both_ways=self.both_ways)
        solved = Solved(edges_ns=laid.edges_ns, trades=laid.spread_out(found.trades), certificate=found.certificate)
        return rounded(
            "Propagator",
            order,
            solved,
            **figures(read, order, market, solved),
            inputs={
                "risk_aversion": self.risk_aversion,
                "push": read.push,
                "temporary": read.temporary,
                "permanent": read.permanent,
                "volatility": market.volatility,
                "both_ways": float(self.both_ways),
            },
            notes=(*read.notes, *laid.notes, *_swings(problem, found, both_ways=self.both_ways)),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding; errors as for `plan`."""
        laid, problem = self._laid(order), self._problem(order, market, asked(self.model, order, market))
        found = problem.optimum(both_ways=self.both_ways)
        return Solved(edges_ns=laid.edges_ns, trades=laid.spread_out(found.trades), certificate=found.certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Cost of the linear impact plus risk aversion times variance, of any trades; infinite where not allowed.

        In units of price times quantity, as the certificate's.
        """
        laid = self._laid(order)
        if laid.breaks(trades) or (not self.both_ways and (trades < 0).any()):
            return math.inf
        problem = self._problem(order, market, asked(self.model, order, market))
        return problem.quadratic().objective(trades[laid.trading])

    def _laid(self, order: ParentOrder) -> Laid:
        times = grid_ns(
            order, bucket_ns=self.bucket_ns, n=self.n, times_ns=self.times_ns, blocks=self.block_ns is not None
        )
        return lay_buckets(order, times) if self.block_ns is None else lay_blocks(order, times, self.block_ns)

    def _problem(self, order: ParentOrder, market: MarketState, read: Asked) -> TransientLiquidation:
        laid = self._laid(order)
        return TransientLiquidation(
            quantity=order.quantity,
            kernel=read.kernel,
            push=read.push,
            edges_days=laid.even_days,
            blocks_days=laid.blocks_days,
            temporary=read.temporary,
            permanent=read.permanent,
            volatility=market.volatility,
            risk_aversion=self.risk_aversion * multiplier_of(order),
        )


def _swings(problem: TransientLiquidation, found: Optimum, *, both_ways: bool) -> tuple[str, ...]:
    """What to know of trades against the order, made or kept from being made."""
    damped = (_DAMPED,) if found.damped else ()
    if problem.kernel.convex:
        return damped
    calm = msgspec.structs.replace(problem, risk_aversion=0.0).optimum(both_ways=True)
    back = -float(np.minimum(calm.trades, 0.0).sum()) / problem.quantity
    if back < TRADES_BACK:
        return damped
    done = "These trades do" if both_ways else "They are kept from it here"
    return (
        f"Without risk aversion the cheapest trades under {problem.kernel} go {back:.1%} of the order against it "
        f"(transaction-triggered manipulation). {done}.",
        *damped,
    )


_DAMPED = (
    "On a grid this fine the kernel hardly tells neighbouring trades apart, so the cheapest ones are not determined: "
    f"each was given {DAMPING:g} of its own impact more to settle them."
)
