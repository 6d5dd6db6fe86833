"""Percentage of volume: the same share of all that trades, ours counted in, until the order is done.

A rate r of all volume is r / (1 - r) times the market's own. As a schedule it follows the volume expected; what trades
on the day is another matter, and `algos.Participate` follows that. Wrong where volume is hard to foresee, and where
being done by a time matters more than being unseen."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState, days_of
from nowake.models.pretrade.cautions import size_cautions
from nowake.models.volume import VolumeCurve
from nowake.schedules.grid import Grid
from nowake.schedules.policy import needed
from nowake.schedules.rounding import round_cumulative
from nowake.schedules.schedule import Schedule


class Pov(msgspec.Struct, frozen=True):
    """Policy: keep a share of the volume expected.

    Parameters
    ----------
    rate
        Our shares over all shares traded, ours included, while we trade; above 0 and below 1.
    curve
        Volume expected over the day; even in time without it.
    until_done
        Whether to raise the rate to the smallest that completes where `rate` would leave a remainder. Otherwise that
        is an error, which names it.
    bucket_ns, n
        As for `Twap`.

    Raises
    ------
    BadParameter
        When the rate is out of range.
    """

    rate: float
    curve: VolumeCurve | None = None
    until_done: bool = False
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1:
            raise BadParameter(f"rate {self.rate} must be above 0 and below 1; 0.1 is 10 % of all volume")

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The schedule of one order in the volume its market is expected to have.

        Raises
        ------
        BadParameter
            Without a market, when the curve does not fit the order, or when the rate leaves a remainder.
        """
        market = needed(market, "a POV schedule")
        grid = Grid.of(order, market, curve=self.curve, bucket_ns=self.bucket_ns, n=self.n)
        volume = np.cumsum(grid.volume)
        rate, notes = self._rate(order, float(volume[-1]))
        # In parts of the window's volume: a rate next to 1 has lost the digits of what it leaves to others.
        times = 1.0 if rate > self.rate else max(1.0, rate / (1 - rate) * float(volume[-1]) / order.quantity)
        done = np.minimum(times * (volume / volume[-1]), 1.0)
        last = int(np.argmax(done >= 1 - 1e-12))
        done[last:] = 1.0
        session, end = order.instrument.session, grid.edges_ns[last + 1]
        if last + 1 < len(done):
            notes = (*notes, f"done by {session.clock(end)}, before the window ends")
        return Schedule(
            name="POV",
            order=order,
            times_ns=grid.edges_ns,
            lots=round_cumulative([float(value) for value in done], order.lots),
            inputs={
                "rate": rate,
                "expected_volume": float(volume[-1]),
                "busy_buckets": float(last + 1),
                "buckets": float(len(done)),
            },
            notes=(*notes, *size_cautions(market, order.quantity, days_of(order))),
        )

    def _rate(self, order: ParentOrder, volume: float) -> tuple[float, tuple[str, ...]]:
        """The rate to keep, and what is said of it where it is not the one asked for."""
        if not volume > 0:
            raise BadParameter(
                "no volume is expected in the order's window, so that no share of it completes; use a smoothed curve, "
                "or another window"
            )
        smallest = order.quantity / (order.quantity + volume)
        if self.rate >= smallest * (1 - 1e-12):
            return self.rate, ()
        digits = _digits(smallest)
        if not self.until_done:
            traded, named = self.rate / (1 - self.rate) * volume, math.ceil(smallest * 10**digits) / 10**digits
            least = f"the smallest that completes is {named:.{digits}f}" if named < 1 else "no rate below 1 completes"
            raise BadParameter(
                f"a rate of {self.rate:g} trades {traded:,.6g} of {order.quantity:,.6g} shares in the window; "
                f"{least} (plan with until_done=True, or give more time)"
            )
        return smallest, (f"a rate of {self.rate:g} would leave a remainder: raised to {smallest:.{digits}f}",)


def _digits(rate: float) -> int:
    """Digits after the point that tell a rate from 0 and from 1."""
    return min(15, max(4, 2 - math.floor(math.log10(max(min(rate, 1 - rate), 1e-15)))))
