"""Front- and back-loaded: a rate that falls, or rises, exponentially through the window.

    done(s) = (1 - exp(-u s)) / (1 - exp(-u)),   s from 0 to 1 the part of the window gone

The first instant trades exp(u) times as fast as the last: u = 0 is TWAP (VWAP with a curve), 2.3 begins ten times as
fast as it ends, -2.3 ends ten times as fast as it begins. This is what an Almgren-Chriss schedule of kappa T = u looks
like far from its end. Nothing is optimised: for a desk that knows the shape it wants."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_edges, check_covers
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule


class Loaded(msgspec.Struct, frozen=True):
    """Policy: trade more at first, or more at last.

    Parameters
    ----------
    urgency
        u: above 0 front-loaded, below 0 back-loaded, 0 even.
    curve
        Volume curve of the day: parts of the window are then counted in volume instead of time.
    bucket_ns, n
        As for `Twap`.

    Raises
    ------
    BadParameter
        When the urgency is not finite.
    """

    urgency: float
    curve: VolumeCurve | None = None
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.urgency):
            raise BadParameter(f"urgency {self.urgency} must be finite; 2.3 begins ten times as fast as it ends")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:  # noqa: ARG002  # The contract's.
        """The schedule of one order; the market is not needed."""
        edges = bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n)
        gone = np.array([self._gone(order, edge) for edge in edges[1:]])
        done = np.minimum.accumulate(shape(gone, self.urgency)[::-1])[::-1]  # Rounding must not make it fall.
        name = "front-loaded" if self.urgency > 0 else "back-loaded" if self.urgency < 0 else "even"
        return Schedule(
            name=name,
            order=order,
            times_ns=edges,
            lots=round_cumulative([float(value) for value in done], order.lots),
            inputs={"urgency": self.urgency, "buckets": float(len(done))},
        )

    def _gone(self, order: ParentOrder, time_ns: int) -> float:
        """Part of the window gone by an instant."""
        if self.curve is None:
            return (time_ns - order.start_ns) / order.duration_ns
        check_covers(order, self.curve)
        whole = self.curve.share_between(order.start_ns, order.end_ns)
        return min(1.0, self.curve.share_between(order.start_ns, time_ns) / whole)


def shape(gone: Floats, urgency: float) -> Floats:
    """Part done when parts of the window are gone, both from 0 to 1; any urgency, however large."""
    if urgency < 0:
        return 1 - shape(1 - gone, -urgency)
    return np.asarray(gone if urgency < 1e-12 else np.expm1(-urgency * gone) / math.expm1(-urgency))
