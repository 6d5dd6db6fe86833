"""The clock of a schedule: trading sessions, or the volume that a curve expects to have traded."""

from __future__ import annotations

import numpy as np

from nowake.domain.order import ParentOrder
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.buckets import check_covers


def days_until(order: ParentOrder, time_ns: int, curve: VolumeCurve | None = None) -> float:
    """Sessions from the order's start to an instant: by the clock, or by the share of a day's volume of a curve.

    Raises
    ------
    BadParameter
        When the curve does not cover the window or has no volume in it.
    """
    if curve is None:
        session = order.instrument.session
        return (time_ns - order.start_ns) / (session.close_ns - session.open_ns)
    check_covers(order, curve)
    return curve.share_between(order.start_ns, time_ns)


def edge_days(order: ParentOrder, edges_ns: tuple[int, ...], curve: VolumeCurve | None = None) -> Floats:
    """(N+1,) the same of bucket edges."""
    return np.array([days_until(order, edge, curve) for edge in edges_ns])


def multiplier_of(order: ParentOrder) -> float:
    """Currency of one unit of price times quantity, in which problems are put; 1 where nobody knows it.

    Cost is linear in it and variance quadratic, so lambda times the multiplier makes of them without it what lambda
    makes of them with it.
    """
    return float(order.instrument.multiplier or 1)
