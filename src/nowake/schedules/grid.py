"""The buckets of an order's window, measured by two clocks: sessions and the volume the market is expected to trade."""

from __future__ import annotations

import itertools
from typing import Self

import msgspec
import numpy as np

from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import bucket_edges, check_covers


class Grid(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """N buckets of one order's window.

    Parameters
    ----------
    edges_ns
        N+1 instants, increasing, from the order's start to its end.
    days
        (N,) lengths in trading sessions, by the clock.
    volume
        (N,) shares the market is expected to trade in each, without us.
    """

    edges_ns: tuple[int, ...]
    days: Floats
    volume: Floats

    @classmethod
    def of(
        cls,
        order: ParentOrder,
        market: MarketState,
        *,
        curve: VolumeCurve | None = None,
        bucket_ns: int | None = None,
        n: int | None = None,
    ) -> Self:
        """The buckets of an order as `bucket_edges` cuts them.

        Volume is the market's of the window where it is known, else the day's; it runs by the curve, or evenly in
        time without one.

        Raises
        ------
        BadParameter
            When the buckets are out of range, or the curve does not cover the window or has no volume in it.
        """
        return cls.between(order, market, bucket_edges(order, bucket_ns=bucket_ns, n=n), curve=curve)

    @classmethod
    def between(
        cls, order: ParentOrder, market: MarketState, edges_ns: tuple[int, ...], *, curve: VolumeCurve | None = None
    ) -> Self:
        """The buckets between given edges; errors as for `of`."""
        session = order.instrument.session
        days = np.diff(np.array(edges_ns)) / (session.close_ns - session.open_ns)
        if curve is None:
            shares, whole = days, order.duration_ns / (session.close_ns - session.open_ns)
        else:
            check_covers(order, curve)
            shares = np.array([curve.share_between(a, b) for a, b in itertools.pairwise(edges_ns)])
            whole = curve.share_between(order.start_ns, order.end_ns)
        of_window = market.window_volume or market.daily_volume * whole
        return cls(edges_ns=edges_ns, days=days, volume=of_window * shares / whole)

    @property
    def edges_days(self) -> Floats:
        """(N+1,) instants in sessions from the first edge."""
        return np.concatenate(([0.0], np.cumsum(self.days)))

    def __len__(self) -> int:
        return len(self.days)
