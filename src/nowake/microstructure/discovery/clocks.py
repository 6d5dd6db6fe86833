"""Clocks that disagree: how far one is from another, and prices moved to the one clock that heard all markets.

    local - venue = offset + drift * time + latency,  latency >= 0

so the offset and its drift lie on the lower hull of the differences; of all lines below every point the one whose sum
of distances is least runs through the hull's edge over the mean time (Moon, Skelly & Towsley 1999, "Estimation and
removal of clock skew from network delay measurements", INFOCOM). Two venues that are heard by ONE recorder can be
compared on its clock: differences then are of when news was there to be acted on, network included.

Wrong by the least latency, which is in the offset: two clocks without a common reference cannot tell a constant skew
from a lead. Anything said of who leads by less than that is a statement about clocks; `sweeps.skew_sensitivity` shows
how much."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.domain.market import Receipts
from nowake.microstructure.discovery.grid import Market

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_MESSAGES = 100


class Skew(msgspec.Struct, frozen=True, kw_only=True):
    """How far a recorder's clock is ahead of a venue's, its least latency included.

    Parameters
    ----------
    offset_ns
        At the middle of the messages; below 0 the recorder's is behind, and not only late.
    drift_ppm
        Microseconds a second that it gains.
    median_above_ns
        Median latency above the least.
    middle_ns
        The venue's time where the offset holds.
    messages
        How many were stamped twice.
    """

    offset_ns: float
    drift_ppm: float
    median_above_ns: float
    middle_ns: int
    messages: int

    def at(self, venue_ns: Ints) -> Ints:
        """The offset at times of the venue's clock, int64 nanoseconds."""
        since = (venue_ns - self.middle_ns).astype(np.float64)
        return np.asarray(np.rint(self.offset_ns + self.drift_ppm * 1e-6 * since), np.int64)


def clock_skew(receipts: Receipts) -> Skew:
    """The line below all differences of a recorder's and a venue's stamps.

    Raises
    ------
    BadData
        When fewer than 100 messages are stamped by both.
    """
    if len(receipts) < MIN_MESSAGES:
        raise BadData(f"{len(receipts)} messages with two stamps are fewer than {MIN_MESSAGES}; look at a longer time")
    order = np.argsort(receipts.venue_ns, kind="stable")
    venue, apart = receipts.venue_ns[order], (receipts.local_ns - receipts.venue_ns)[order]
    middle = int(venue[0]) + int(np.mean(venue - venue[0]))
    since, above = (venue - middle).astype(np.float64), (apart - apart.min()).astype(np.float64)
    left, right = _edge_over_zero(since, above)
    slope = (right[1] - left[1]) / (right[0] - left[0]) if right[0] > left[0] else 0.0
    at_middle = left[1] - slope * left[0]
    return Skew(
        offset_ns=at_middle + float(apart.min()),
        drift_ppm=slope * 1e6,
        median_above_ns=float(np.median(above - at_middle - slope * since)),
        middle_ns=middle,
        messages=len(receipts),
    )


def on_recorder_clock(market: Market, receipts: Receipts, *, skew_ns: int = 0) -> Market:
    """Prices at the time the recorder had them instead of when the venue said them.

    Parameters
    ----------
    market
        Stamped by the venue.
    receipts
        Both stamps of the same feed. A stamp that none of them carries stays: the feed gave none but the recorder's.
        Of several with one stamp the last to come tells, for the price kept of a stamp is its last.
    skew_ns
        Added to all, to undo a correction: that a day's `local_ns` had taken out (a finding named `clock_skew_ns`).
    """
    if not len(receipts):
        raise BadData(f"{market.name}: no message has two stamps; compare on the venue's clock")
    order = np.lexsort((receipts.local_ns, receipts.venue_ns))
    venue, local = receipts.venue_ns[order], receipts.local_ns[order]
    row = np.maximum(np.searchsorted(venue, market.time_ns, side="right") - 1, 0)
    heard = np.where(venue[row] == market.time_ns, local[row], market.time_ns)
    heard = np.maximum.accumulate(heard) + skew_ns
    last = np.append(np.diff(heard) > 0, True)
    return dataclasses.replace(
        market,
        time_ns=heard[last],
        log_price=market.log_price[last],
        left_out=market.left_out + int((~last).sum()),
    )


def _edge_over_zero(x: Floats, y: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two corners of the lower convex hull (Andrew's chain) between which x is 0; x is sorted and has mean 0."""
    hull: list[tuple[float, float]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        if hull and hull[-1][0] == point[0]:
            if point[1] >= hull[-1][1]:
                continue
            hull.pop()
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    right = next((k for k, corner in enumerate(hull) if corner[0] >= 0), len(hull) - 1)
    return hull[max(right - 1, 0)], hull[right]


def _is_above(one: tuple[float, float], two: tuple[float, float], three: tuple[float, float]) -> bool:
    """Whether the middle point lies on or above the line from the first to the third."""
    return (two[1] - one[1]) * (three[0] - one[0]) >= (three[1] - one[1]) * (two[0] - one[0])
