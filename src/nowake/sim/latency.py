"""How long messages take: three constant legs between the venue and us.

Real latency varies, and most when markets move; a constant is right for the median message and kind to orders that
race. A larger one makes taking dearer, but not resting: while a cancel is under way an order stands where the market
was, and what then reaches it fills it, at prices history never paid. So try several before believing a passive run."""

from __future__ import annotations

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND, NS_PER_US

_UNITS = ((NS_PER_SECOND, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "us"))


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Feed, order and report legs in nanoseconds.

    Parameters
    ----------
    feed_ns
        Market data, venue to us.
    order_ns
        Our commands, us to venue.
    report_ns
        News of our orders, venue to us. At least `feed_ns`: the book we decide on is then never older than what we
        know of our own orders.

    The default, 200 microseconds a leg, is a server in the same city as the venue and no special hardware.

    Raises
    ------
    BadParameter
        When a leg is negative, or reports are faster than the feed.
    """

    feed_ns: int = 200 * NS_PER_US
    order_ns: int = 200 * NS_PER_US
    report_ns: int = 200 * NS_PER_US

    def __str__(self) -> str:
        return f"market data {_text(self.feed_ns)}, orders {_text(self.order_ns)}, reports {_text(self.report_ns)}"

    def __post_init__(self) -> None:
        for name in ("feed_ns", "order_ns", "report_ns"):
            if getattr(self, name) < 0:
                raise BadParameter(f"{name} {getattr(self, name)} must be 0 or more nanoseconds")
        if self.report_ns < self.feed_ns:
            raise BadParameter(
                f"report_ns {self.report_ns} is less than feed_ns {self.feed_ns}; "
                "a replay needs reports no faster than market data, give the same for both"
            )


def _text(duration_ns: int) -> str:
    """A duration in the largest unit of which it has at least one: 200 us, 1.5 ms."""
    for unit_ns, name in _UNITS:
        if duration_ns >= unit_ns:
            return f"{duration_ns / unit_ns:.12g} {name}"
    return f"{duration_ns} ns"
