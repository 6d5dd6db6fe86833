"""Time-weighted average price: the same lots in the same time.

The least expected cost where impact is linear, volume even and risk of no concern (Bertsimas & Lo 1998; the limit of
Almgren & Chriss 2000 without risk aversion). Blind to volume: it is a large part of it at noon."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule


class Twap(msgspec.Struct, frozen=True, kw_only=True):
    """Policy: trade evenly in time. Buckets as in `twap`."""

    bucket_ns: int | None = None
    n: int | None = None

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:  # noqa: ARG002  # The contract's.
        """The schedule of one order; the market is not needed."""
        return twap(order, bucket_ns=self.bucket_ns, n=self.n)


def twap(order: ParentOrder, *, bucket_ns: int | None = None, n: int | None = None) -> Schedule:
    """Lots in proportion to time, running totals rounded half up.

    Parameters
    ----------
    bucket_ns, n
        Length of a bucket (the last may be shorter), or how many even ones; by default one minute, or a tenth of a
        window under ten minutes.

    Raises
    ------
    BadParameter
        When both are given or one is out of range.
    """
    edges = bucket_edges(order, bucket_ns=bucket_ns, n=n)
    done = [Fraction(edge - order.start_ns, order.duration_ns) for edge in edges[1:]]
    return Schedule(
        name="TWAP",
        order=order,
        times_ns=edges,
        lots=round_cumulative(done, order.lots),
        inputs={"buckets": float(len(done))},
    )
