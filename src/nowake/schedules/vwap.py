"""Volume-weighted average price: lots in proportion to the volume expected in each bucket.

Tracks the day's average price as well as the curve tracks the day's volume (Konishi 2002, "Optimal slice of a VWAP
trade", without his correlation of volume and volatility). A curve measured on the very day it is used on looks ahead;
plan with the average of earlier days."""

from __future__ import annotations

import itertools

import msgspec

from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_edges, check_covers
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule


class Vwap(msgspec.Struct, frozen=True):
    """Policy: follow a volume curve. Buckets as in `vwap`."""

    curve: VolumeCurve
    bucket_ns: int | None = None
    n: int | None = None

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:  # noqa: ARG002  # The contract's.
        """The schedule of one order; the market is not needed."""
        return vwap(order, self.curve, bucket_ns=self.bucket_ns, n=self.n)


def vwap(order: ParentOrder, curve: VolumeCurve, *, bucket_ns: int | None = None, n: int | None = None) -> Schedule:
    """Lots in proportion to the curve's volume, running totals rounded half up.

    Parameters
    ----------
    curve
        The volume expected on the order's day; inside a bucket of the curve volume runs evenly.
    bucket_ns, n
        Length of a bucket (the last may be shorter), or how many even ones; by default one minute, or a tenth of a
        window under ten minutes.

    Raises
    ------
    BadParameter
        When the curve does not cover the window or has no volume in it, or the buckets are out of range.
    """
    check_covers(order, curve)
    edges = bucket_edges(order, bucket_ns=bucket_ns, n=n)
    whole = curve.share_between(order.start_ns, order.end_ns)
    shares = (min(1.0, curve.share_between(order.start_ns, edge) / whole) for edge in edges[1:])
    done = list(itertools.accumulate(shares, max))  # Rounding may take a digit back where there is no volume.
    return Schedule(
        name="VWAP",
        order=order,
        times_ns=edges,
        lots=round_cumulative(done, order.lots),
        inputs={"buckets": float(len(done)), "share_of_day": whole},
    )
