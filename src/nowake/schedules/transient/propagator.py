"""The cheapest schedule under linear impact with any decay: power laws, sums of exponentials, a kernel of one's own.

    minimise  push / 2 double integral of G(|t - s|) dx dx + lambda sigma^2 integral of y^2 dt

over trades on a grid: evenly inside buckets, in blocks at instants, or both (Alfonsi, Schied & Slynko 2012, "Order book
resilience, price manipulation, and the positive portfolio problem", SIAM J. Financial Math. 3; Gatheral, Schied &
Slynko 2012, "Transient linear price impact and Fredholm integral equations", Mathematical Finance 22). Exponential
decay gives Obizhaeva & Wang's blocks, t^-g the density (t (T - t))^((g - 1) / 2), capped linear decay equal blocks.

Trades are kept from going against the order, because an algorithm cannot work those; `both_ways` lifts that. A kernel
that falls and is convex never asks for it in blocks; another does (transaction-triggered manipulation), and a note says
so. Where blocks have a price the ends of the window are worth one: without them, fine even trading rings to imitate it.

Wrong where impact is far from linear in the size of slices, where a busy hour forgets faster than a quiet one (the
clock is time), and where the kernel is only known for lags longer than the buckets: the ends of the schedule live on
its shortest lags."""

from __future__ import annotations

import math
from typing import Literal, get_args

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.buckets import bucket_count, bucket_edges
from nowake.schedules.clock import multiplier_of
from nowake.schedules.policy import Solved, needed, rounded
from nowake.schedules.schedule import Schedule
from nowake.schedules.transient.asked import Asked, asked, figures
from nowake.schedules.transient.laid import (
    Laid,
    block_length_ns,
    check_block,
    edges_between_blocks,
    even_instants,
    lay_blocks,
    lay_buckets,
    lay_ends,
)
from nowake.schedules.transient.liquidation import TransientLiquidation
from nowake.schedules.transient.quadratic import Optimum

Blocks = Literal["none", "ends", "all"]
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
        Longest a bucket may be, or how many; one minute by default. With all in blocks, the time between them, or how
        many.
    times_ns
        A grid of your own instead, inside the window: bucket edges, or the instants of blocks.
    blocks
        "ends": a block at both ends and even trading between them; "all": blocks only; "none": even trading only. By
        default "ends", or "none" where the kernel makes a block infinitely dear.
    block_ns
        Time each block is worked in, evenly; by default a second, or a hundredth of a window under 100 seconds.
    both_ways
        Whether trades against the order are allowed, which no algorithm works.
    """

    model: Impact
    risk_aversion: float = 0.0
    bucket_ns: int | None = None
    n: int | None = None
    times_ns: tuple[int, ...] | None = None
    blocks: Blocks | None = None
    block_ns: int | None = None
    both_ways: bool = False

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        check_block(self.block_ns)
        if self.blocks not in (None, *get_args(Blocks)):
            raise BadParameter(f"blocks {self.blocks!r} must be one of {', '.join(get_args(Blocks))}, or None")
        if self.times_ns is not None and (self.n is not None or self.bucket_ns is not None):
            raise BadParameter("give times_ns, or n, or bucket_ns, not two of them")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when nothing of the impact decays, blocks meet a kernel that is infinite at lag 0, a round
            trip on this grid earns, the grid does not fit the window, or sales are allowed and would go to and fro
            without end.
        """
        market, read = needed(market, "a schedule for transient impact"), asked(self.model, order, market)
        laid = self._laid(order, read)
        problem = self._problem(order, market, read, laid)
        found = problem.optimum(both_ways=self.both_ways)
        solved = Solved(edges_ns=laid.edges_ns, trades=laid.spread_out(found.trades), certificate=found.certificate)
        return rounded(
            "Propagator",
            order,
            solved,
            market=market,
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
        read = asked(self.model, order, market)
        laid = self._laid(order, read)
        found = self._problem(order, market, read, laid).optimum(both_ways=self.both_ways)
        return Solved(edges_ns=laid.edges_ns, trades=laid.spread_out(found.trades), certificate=found.certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Cost of the linear impact plus risk aversion times variance, of any trades; infinite where not allowed.

        In units of price times quantity, as the certificate's.
        """
        read = asked(self.model, order, market)
        laid = self._laid(order, read)
        if laid.breaks(trades) or (not self.both_ways and (trades < 0).any()):
            return math.inf
        return self._problem(order, market, read, laid).quadratic().objective(trades[laid.trading])

    def _laid(self, order: ParentOrder, read: Asked) -> Laid:
        blocks = self.blocks or ("none" if read.kernel.bursts or read.temporary else "ends")
        if blocks == "none":
            given = bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n) if self.times_ns is None else self.times_ns
            return lay_buckets(order, given)
        block = block_length_ns(order, self.block_ns)
        if self.times_ns is not None:
            return (
                lay_ends(order, self.times_ns, block) if blocks == "ends" else lay_blocks(order, self.times_ns, block)
            )
        count = bucket_count(order, bucket_ns=self.bucket_ns, n=self.n)
        if blocks == "ends":
            return lay_ends(order, edges_between_blocks(order, count, block), block)
        # So many blocks, or as many as there are ends of so many buckets.
        return lay_blocks(order, even_instants(order, count + (self.n is None)), block)

    def _problem(self, order: ParentOrder, market: MarketState, read: Asked, laid: Laid) -> TransientLiquidation:
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
    damped = (_DAMPED.format(found.damping),) if found.damping else ()
    if problem.kernel.convex:
        rings = found.certificate.iterations > 0 and problem.risk_aversion == 0
        return (_RINGS, *damped) if rings else damped
    try:
        calm = msgspec.structs.replace(problem, risk_aversion=0.0).optimum(both_ways=True)
    except BadParameter:  # They go to and fro without end.
        told = "many times the order"
    else:
        back = -float(np.minimum(calm.trades, 0.0).sum()) / problem.quantity
        if back < TRADES_BACK:
            return damped
        told = f"{back:.1%} of the order"
    done = "These trades do" if both_ways else "They are kept from it here"
    return (
        f"Without risk aversion the cheapest trades under {problem.kernel} go {told} against it "
        f"(transaction-triggered manipulation). {done}.",
        *damped,
    )


_RINGS = (
    "Even trading on this grid imitates blocks by trading more in some buckets and none beside them; longer buckets or "
    "blocks (at the ends, or all) do it better."
)
_DAMPED = (
    "On a grid this fine the kernel hardly tells neighbouring trades apart, so the cheapest ones are not determined: "
    "each was given {:.1e} of its own impact more to settle them."
)
