"""How the price answers a schedule: what stays, what is paid and gone at once, and what decays.

The displacement of the mid from where it would have been is

    D_t = permanent * sum of trades until t  +  transient part (kernel, its own file)

and a trade at rate v pays, a share, the displacement in the middle of itself plus temporary(v). A permanent part that
is linear in size leaves no profitable round trip (Huberman & Stanzl 2004, "Price manipulation and quasi-arbitrage",
Econometrica 72), so it is linear here; a law of size that is concave is linear at the size of its order."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.shapes import Power, Shape
from nowake.models.terms import Floats


class ScheduleCost(NamedTuple):
    """Average cost per share of a schedule in basis points of the price before it, by what becomes of it."""

    temporary_bps: float
    permanent_bps: float

    @property
    def total_bps(self) -> float:
        """Both together."""
        return self.temporary_bps + self.permanent_bps


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the price to one order's trades.

    Parameters
    ----------
    permanent_bps_per_share
        Displacement for good, per signed share.
    temporary
        Paid at a rate of shares a session, at once gone.
    """

    permanent_bps_per_share: float = 0.0
    temporary: Shape = Power(0.0, 1.0)

    def cost_of(self, quantities: Floats, edges_days: Floats) -> ScheduleCost:
        """Average cost per share of a schedule.

        Parameters
        ----------
        quantities
            (N,) signed shares of each bucket, traded evenly inside it; buys above 0.
        edges_days
            (N+1,) increasing instants in trading sessions.

        Raises
        ------
        BadParameter
            When edges do not increase, numbers are not finite or nothing is traded.
        """
        quantities, edges = check_schedule(quantities, edges_days)
        traded = float(np.abs(quantities).sum())
        paid = float((quantities * self.temporary(quantities / np.diff(edges))).sum())
        before = np.cumsum(quantities) - quantities
        moved = self.permanent_bps_per_share * float((quantities * (before + quantities / 2)).sum())
        return ScheduleCost(paid / traded, moved / traded)

    def path(self, quantities: Floats, edges_days: Floats, at_days: Floats) -> Floats:
        """Expected displacement of the mid in basis points at instants during and after a schedule, (M,)."""
        quantities, edges = check_schedule(quantities, edges_days)
        done = np.concatenate(([0.0], np.cumsum(quantities)))
        return np.asarray(self.permanent_bps_per_share * np.interp(at_days, edges, done))


def check_schedule(quantities: Floats, edges_days: Floats) -> tuple[Floats, Floats]:
    """A schedule as float arrays, refused where it is none."""
    quantities, edges = np.asarray(quantities, dtype=np.float64), np.asarray(edges_days, dtype=np.float64)
    if quantities.ndim != 1 or edges.shape != (len(quantities) + 1,):
        raise BadParameter(f"{quantities.size} quantities need {quantities.size + 1} edges, not {edges.size}")
    if not (np.isfinite(quantities).all() and np.isfinite(edges).all()):
        raise BadParameter("quantities and edges of a schedule must be finite")
    if not (np.diff(edges) > 0).all():
        raise BadParameter("edges of a schedule must increase; two are equal or out of order")
    if not np.abs(quantities).sum() > 0:
        raise BadParameter("a schedule without a trade has no cost")
    return quantities, edges
