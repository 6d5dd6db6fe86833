"""Cutting an order's window into buckets."""

from __future__ import annotations

import itertools
import operator

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.volume import VolumeCurve

MAX_BUCKETS = 100_000


def bucket_edges(order: ParentOrder, *, bucket_ns: int | None = None, n: int | None = None) -> tuple[int, ...]:
    """Edges from the order's start to its end: `n` even buckets, or buckets of `bucket_ns` and a shorter last one.

    With neither, buckets of one minute, or of a tenth of a window shorter than ten.

    Raises
    ------
    BadParameter
        With both, or when a number is below 1 or not whole, or there would be more than 100,000 buckets.
    """
    if n is not None:
        _check_alone(bucket_ns)
        return even_edges(order, n)
    step = min(NS_PER_MINUTE, -(-order.duration_ns // 10)) if bucket_ns is None else _whole("bucket_ns", bucket_ns)
    if step < 1:
        raise BadParameter(f"bucket of {step} ns must be 1 ns or more")
    _counted(order, -(-order.duration_ns // step))
    return (*range(order.start_ns, order.end_ns, step), order.end_ns)


def even_edges(order: ParentOrder, n: int) -> tuple[int, ...]:
    """Edges of `n` buckets of one length, to the nanosecond."""
    n = _counted(order, n)
    return tuple(order.start_ns + order.duration_ns * k // n for k in range(n + 1))


def bucket_count(order: ParentOrder, *, bucket_ns: int | None = None, n: int | None = None) -> int:
    """How many even buckets: `n`, or as many as keep each within `bucket_ns` (default as in `bucket_edges`)."""
    if n is not None:
        _check_alone(bucket_ns)
        return _counted(order, n)
    return len(bucket_edges(order, bucket_ns=bucket_ns)) - 1


def even_volume_edges(order: ParentOrder, curve: VolumeCurve, n: int) -> tuple[int, ...]:
    """Edges of `n` buckets in each of which the curve expects the same volume.

    Raises
    ------
    BadParameter
        When the curve does not cover the window, has no volume in it, or buckets would be empty of time.
    """
    n = _counted(order, n)
    check_covers(order, curve)
    first, last = curve.share_until(order.start_ns), curve.share_until(order.end_ns)
    inner = (curve.inverse(min(1.0, first + (last - first) * k / n)) for k in range(1, n))
    edges = (order.start_ns, *inner, order.end_ns)
    if any(later <= earlier for earlier, later in itertools.pairwise(edges)):
        raise BadParameter(f"{n} buckets of even volume are too fine for this curve; use fewer buckets")
    return edges


def check_covers(order: ParentOrder, curve: VolumeCurve) -> None:
    """Refuse a curve of another day, or one without volume in the order's window."""
    session = order.instrument.session
    if order.start_ns < curve.edges_ns[0] or order.end_ns > curve.edges_ns[-1]:
        raise BadParameter(
            f"the curve covers {session.clock(curve.edges_ns[0])}-{session.clock(curve.edges_ns[-1])} of another time "
            f"than the order's window on {session.date}; use curve.on(order.instrument.session)"
        )
    if not curve.share_between(order.start_ns, order.end_ns) > 0:
        raise BadParameter(
            f"the curve has no volume between {session.clock(order.start_ns)} and {session.clock(order.end_ns)}; "
            "use another window or a smoothed curve"
        )


def _check_alone(bucket_ns: int | None) -> None:
    if bucket_ns is not None:
        raise BadParameter(f"give n or bucket_ns, not both (bucket_ns is {bucket_ns})")


def _counted(order: ParentOrder, n: int) -> int:
    """The count of buckets, refused where it is out of range."""
    n = _whole("n", n)
    if not 1 <= n <= min(MAX_BUCKETS, order.duration_ns):
        raise BadParameter(f"{n} buckets must be between 1 and {min(MAX_BUCKETS, order.duration_ns):,}")
    return n


def _whole(name: str, value: int) -> int:
    """A whole number as Python's own, whosever integer it is."""
    try:
        return operator.index(value)
    except TypeError:
        raise BadParameter(f"{name} {value!r} must be a whole number") from None
