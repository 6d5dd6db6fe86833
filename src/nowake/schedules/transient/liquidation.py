"""An order under impact that decays, as a quadratic cost of its trades: blocks at instants, even trading in buckets.

    D_t = push integral over s < t of G(t - s) dx_s,    cost = integral of D dx = push / 2 double integral of G dx dx

(Gatheral, Schied & Slynko 2012, "Transient linear price impact and Fredholm integral equations", Mathematical Finance
22). To it come a temporary cost of speed, a permanent part that no schedule changes, and risk aversion times the
variance sigma^2 integral of y_t^2 dt of the holdings y that are left. All of it is exact for what is traded: G is
averaged over buckets, so it may be infinite at 0 where no blocks are traded, and holdings fall evenly in a bucket,
which counts the risk inside it (Almgren & Chriss 2000 do not).

Quantities in shares, time in trading sessions, prices in currency. Linear: measured impact is concave in the rate. Deaf
to volume: a busy hour forgets as fast as a quiet one."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Kernel
from nowake.models.terms import Floats
from nowake.schedules.transient.quadratic import MOST_TRADES, Optimum, Quadratic, cheapest

NO_TIMES: Floats = np.zeros(0)
MOST_RISK = 1e250  # lambda sigma^2: what is beyond is as good as it, and costs would be beyond all numbers.


class TransientLiquidation(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """X shares in blocks at instants and evenly in buckets.

    Trades are in order of time, from the order's start at 0; a block comes before a bucket that starts with it.

    Parameters
    ----------
    quantity
        X, shares, above 0.
    kernel
        G, how much of a displacement is left after a lag in sessions.
    push
        Currency per share by which a share traded moves the price, times G; 0 or more.
    edges_days
        M+1 increasing edges of M adjoining buckets; none without buckets.
    blocks_days
        Increasing instants of blocks; none without blocks.
    temporary
        Currency per share that a rate of one share a session costs at once, 0 or more. Blocks do not know it.
    permanent
        Currency per share by which a share moves the price for good, 0 or more.
    volatility
        Currency per share per sqrt(session), 0 or more.
    risk_aversion
        lambda, per unit of currency, 0 or more.

    Raises
    ------
    BadParameter
        When a number is out of range, instants do not increase, there is nothing to trade in, or a block meets a
        kernel or a cost of speed that makes it infinitely dear.
    """

    quantity: float
    kernel: Kernel
    push: float
    edges_days: Floats = NO_TIMES
    blocks_days: Floats = NO_TIMES
    temporary: float = 0.0
    permanent: float = 0.0
    volatility: float = 0.0
    risk_aversion: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.quantity < math.inf:
            raise BadParameter(f"quantity {self.quantity} must be a finite number above 0")
        for name in ("push", "temporary", "permanent", "volatility", "risk_aversion"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be finite and 0 or more")
        for name in ("edges_days", "blocks_days"):
            times = getattr(self, name)
            if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
                raise BadParameter(f"{name} must be finite and increase; two are equal or out of order")
            if len(times) and times[0] < 0:
                raise BadParameter(f"{name} start at {times[0]:g}; the order starts at 0")
        if len(self.edges_days) == 1 or len(self.edges_days) + len(self.blocks_days) == 0:
            raise BadParameter("there is nothing to trade in: give two or more edges_days, or blocks_days")
        if max(0, len(self.edges_days) - 1) + len(self.blocks_days) > MOST_TRADES:
            raise BadParameter(f"more than {MOST_TRADES:,} trades are too many at once; use longer buckets")
        if len(self.blocks_days) and (self.kernel.bursts or self.temporary):
            dear = f"under {self.kernel}" if self.kernel.bursts else "where speed has a cost"
            raise BadParameter(f"a block costs infinitely much {dear}; trade evenly in buckets, leave out blocks_days")
        inner = self.blocks_days[np.newaxis, :]
        if ((self.edges_days[:-1, np.newaxis] < inner) & (inner < self.edges_days[1:, np.newaxis])).any():
            raise BadParameter("a block lies inside a bucket; cut the bucket at it")

    @property
    def starts_days(self) -> Floats:
        """(N,) when each trade begins."""
        return np.concatenate((self.blocks_days, self.edges_days[:-1]))[self._order]

    @property
    def lengths_days(self) -> Floats:
        """(N,) how long each takes; 0 of a block."""
        return np.concatenate((np.zeros_like(self.blocks_days), np.diff(self.edges_days)))[self._order]

    def quadratic(self) -> Quadratic:
        """Cost plus risk aversion times variance of any (N,) trades of the order, in currency."""
        matrix = self.push * self.mean_kernel()
        if self.temporary:
            matrix[np.diag_indices(len(matrix))] += 2 * self.temporary / self.lengths_days
        if self.risk_aversion > 0 and self.volatility > 0:
            matrix += min(float(self.risk_aversion) * self.volatility**2, MOST_RISK) * self._risk()
        return Quadratic(matrix=matrix, total=self.quantity, constant=self.permanent * self.quantity**2 / 2)

    def optimum(self, *, both_ways: bool = False) -> Optimum:
        """The trades of least cost plus risk aversion times variance; below 0 only where `both_ways`.

        Raises
        ------
        BadParameter
            As for `cheapest`.
        """
        return cheapest(self.quadratic(), both_ways=both_ways)

    def cost(self, trades: Floats) -> float:
        """Expected cost of (N,) trades in currency, without the spread."""
        return msgspec.structs.replace(self, risk_aversion=0.0).quadratic().objective(trades)

    def variance(self, trades: Floats) -> float:
        """sigma^2 integral of the squared holdings, currency^2."""
        return self.volatility**2 * squared_holdings(trades, self.starts_days, self.lengths_days)

    def mean_kernel(self) -> Floats:
        """(N, N) mean of G(|t - s|) over when one trade is worked and when another is."""
        if not len(self.blocks_days):
            return self.kernel.matrix(self.edges_days)
        blocks = self.kernel.gram(self.blocks_days)
        if not len(self.edges_days):
            return blocks
        edges, lengths = self.edges_days, np.diff(self.edges_days)
        # What a block meets of buckets before it, and, with time turned round, what buckets after it meet of the block.
        across = self.kernel.left_of(edges, self.blocks_days)
        across = (across + self.kernel.left_of(-edges[::-1], -self.blocks_days)[:, ::-1]) / lengths
        whole = np.block([[blocks, across], [across.T, self.kernel.matrix(edges)]])
        return np.asarray(whole[np.ix_(self._order, self._order)])

    @property
    def _order(self) -> npt.NDArray[np.int64]:
        blocks, buckets = len(self.blocks_days), max(0, len(self.edges_days) - 1)
        late = np.concatenate((np.zeros(blocks), np.ones(buckets)))
        return np.lexsort((late, np.concatenate((self.blocks_days, self.edges_days[:-1]))))

    def _risk(self) -> Floats:
        """R of integral y^2 dt = x' R x / 2, with y the holdings of trades x that sum to the order.

        Holdings are what is still to trade, not the order less what was: sums of trades of one sign cancel nothing.
        """
        starts, lengths = self.starts_days, self.lengths_days
        n = len(starts)
        # In a bucket that takes holdings from y to z: length (y^2 + y z + z^2) / 3; y^2 a session between trades.
        weights = np.zeros((n + 1, n + 1))
        before, after = np.arange(n), np.arange(1, n + 1)
        weights[0, 0] = starts[0]
        weights[before, before] += lengths / 3
        weights[after, after] += lengths / 3 + _gaps(starts, lengths)
        weights[before, after] += lengths / 6
        weights[after, before] += lengths / 6
        # y_i is the sum of the trades from i on, so a trade meets the weights of all holdings up to its own.
        return np.asarray(2 * weights.cumsum(axis=0).cumsum(axis=1)[:n, :n])


def squared_holdings(trades: Floats, starts_days: Floats, lengths_days: Floats) -> float:
    """Integral of y^2 dt, shares^2 times sessions, of what is left of an order that starts at 0.

    Parameters
    ----------
    trades, starts_days, lengths_days
        (N,) in order of time, all of the order; a trade of length 0 is a block, any other is even.
    """
    before = np.cumsum(trades[::-1])[::-1]
    after = np.append(before[1:], 0.0)
    inside = lengths_days * (before**2 + before * after + after**2) / 3
    return float(inside.sum() + _gaps(starts_days, lengths_days) @ after**2 + starts_days[0] * before[0] ** 2)


def _gaps(starts_days: Floats, lengths_days: Floats) -> Floats:
    """(N,) time without trading after each trade; none after the last."""
    gaps: Floats = np.append(starts_days[1:] - starts_days[:-1] - lengths_days[:-1], 0.0)
    return np.maximum(gaps, 0.0)
