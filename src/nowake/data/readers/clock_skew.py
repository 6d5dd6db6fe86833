"""How far a recorder's clock is from the venue's, from the stamps of both on the same messages.

A message cannot arrive before it was sent, so `local - venue` = offset of the clocks + latency, and its lower envelope
is the offset plus the least latency there is. The clocks drift apart by microseconds a second, so the envelope is a
line that lies below all points: the lower convex hull (Moon, Skelly and Towsley 1999, "Estimation and removal of
clock skew from network delay measurements", INFOCOM), taken anew every ten minutes because a drift bends with the
temperature. A stamp far below both neighbours (a damaged line) is passed over.

Wrong by the least latency itself, which two clocks without a common reference cannot tell: the corrected latencies
are those above it. Wrong, too, for ten minutes of which every message was delayed, and by the step where a clock was
set during them. Clocks that never contradict each other are believed and not corrected."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND

Ints = npt.NDArray[np.int64]

_SECTION_NS = 10 * NS_PER_MINUTE
_WINDOW_NS = NS_PER_SECOND
_TELLING = 1000  # Messages whose median latency is worth to be told.
_STRAY_NS = 50 * NS_PER_MS  # Nothing arrives so much earlier than the earliest of the second before and after.
_AROUND = 4  # Messages before and after that say whether a stamp can be true.
_BEYOND_NS = NS_PER_MINUTE


class Envelope(NamedTuple):
    """The least `local - venue`, a line between knots: local times and offsets, int64 nanoseconds."""

    knots_ns: Ints
    offsets_ns: Ints

    def at(self, local_ns: Ints) -> Ints:
        """The envelope at local times; beyond the knots it stays what it was."""
        whole = np.searchsorted(self.knots_ns, local_ns, side="right") - 1
        left = np.clip(whole, 0, max(len(self.knots_ns) - 2, 0))
        right = np.minimum(left + 1, len(self.knots_ns) - 1)
        # Differences are small, so floats hold them to the nanosecond; the knots themselves stay integers.
        run = np.maximum(self.knots_ns[right] - self.knots_ns[left], 1)
        share = np.clip((local_ns - self.knots_ns[left]) / run, 0.0, 1.0)
        rise = self.offsets_ns[right] - self.offsets_ns[left]
        offset: Ints = self.offsets_ns[left] + np.floor(share * rise).astype(np.int64)
        return offset

    @property
    def contradicts(self) -> bool:
        """Whether messages arrived before they were sent, so that one clock is wrong."""
        return bool(self.offsets_ns.min() < 0)


class TwoClocks:
    """The envelope of a feed that is read in parts: each part is seen with the ten minutes before it. One writer."""

    def __init__(self) -> None:
        self.envelope: Envelope | None = None  # Of the newest part; None before any message had two stamps.
        self._at, self._least = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._measured = 0

    def see(self, sent_ns: Ints, matched_ns: Ints, local_ns: Ints) -> dict[str, float]:
        """Take the next part, and say what is measured, named as in `nowake.data.findings.Findings`.

        Parameters
        ----------
        sent_ns, matched_ns, local_ns
            int64[n]: when messages were sent and what they tell happened, by the venue's clock, and when they were
            received by the recorder's.

        Returns
        -------
        dict
            `clock_skew_ns` is what the recorder's clock is ahead of the venue's, below 0 where it is behind; the
            median latency counts from matching. Empty for a part too short to say something new.
        """
        if not len(sent_ns):
            return {}
        at, least = _least_of_windows(local_ns, local_ns - sent_ns)
        self._at, self._least = np.r_[self._at, at], np.r_[self._least, least]
        recent = self._at >= int(at[0]) - _SECTION_NS
        self._at, self._least = self._at[recent], self._least[recent]
        self.envelope = _envelope(self._at, self._least)
        if len(sent_ns) < min(self._measured, _TELLING):
            return {}
        self._measured = len(sent_ns)
        wrong = self.envelope.contradicts
        return {
            "clock_skew_ns": float(np.median(self.envelope.offsets_ns)) if wrong else 0.0,
            "least_latency_ns": 0.0 if wrong else float(self.envelope.offsets_ns.min()),
            "median_latency_ns": float(np.median(corrected(matched_ns, local_ns, self.envelope) - matched_ns)),
        }


def lower_envelope(venue_ns: Ints, local_ns: Ints) -> Envelope:
    """The line below all `local - venue`.

    Parameters
    ----------
    venue_ns, local_ns
        int64[n], n > 0: when messages were sent by the venue's clock and received by the recorder's, in any order.
    """
    return _envelope(*_least_of_windows(local_ns, local_ns - venue_ns))


def corrected(venue_ns: Ints, local_ns: Ints, envelope: Envelope) -> Ints:
    """Receipt times by the venue's clock, never before the sending; as they are where the clocks agree."""
    if not envelope.contradicts:
        return local_ns
    moved: Ints = np.maximum(local_ns - envelope.at(local_ns), venue_ns)
    return moved


def beyond(venue_ns: Ints, local_ns: Ints) -> npt.NDArray[np.bool_]:
    """Which venue stamps lie in the future: no message around one is within a minute of it.

    Asked twice, of the stamps and of their distance to the receipt, so that neither a silence nor a clock that is
    wrong, or was set, makes a stamp false. Up to four false ones in a row are told.

    Parameters
    ----------
    venue_ns, local_ns
        int64[n]: when messages were sent by the venue's clock and received by the recorder's, as they were received.
    """
    ahead = venue_ns - local_ns
    if len(ahead) < 3 or ahead.max() - ahead.min() <= _BEYOND_NS:
        return np.zeros(len(ahead), np.bool_)
    false: npt.NDArray[np.bool_] = _above_those_around(ahead) & _above_those_around(venue_ns)
    return false


def _above_those_around(times: Ints) -> npt.NDArray[np.bool_]:
    around = np.lib.stride_tricks.sliding_window_view(np.pad(times, _AROUND, "symmetric"), 2 * _AROUND + 1)
    above: npt.NDArray[np.bool_] = times - np.median(around, axis=1).astype(np.int64) > _BEYOND_NS
    return above


def clock_notes(envelope: Envelope | None) -> tuple[str, ...]:
    """What a user should know of two clocks, a sentence; None where there is only the recorder's."""
    if envelope is None:
        return ("No message is stamped by the venue, so quotes carry the recorder's time.",)
    least_s = int(envelope.offsets_ns.min()) / NS_PER_SECOND
    if envelope.contradicts:
        by = f"{-least_s:.1f} s" if least_s < -0.1 else "less than 0.1 s"  # Coarse, so that batches say the same.
        return (
            f"The recorder's clock is {by} behind the venue's; receipts are moved so that the fastest "
            "message of ten minutes took no time, and latencies are what is above that.",
        )
    if least_s > 1:
        return (f"No message took less than {least_s:.1f} s, so the recorder's clock may be ahead of the venue's.",)
    return ()


def _envelope(at: Ints, least: Ints) -> Envelope:
    at, least = _without_strays(at, least)
    knots: list[int] = []
    offsets: list[int] = []
    section = (at - at[0]) // _SECTION_NS
    starts = np.flatnonzero(np.diff(section, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(section)], strict=True):
        for knot, offset in _lower_hull(at[start:end].tolist(), least[start:end].tolist()):
            knots.append(knot)
            offsets.append(offset)
    return Envelope(np.array(knots, np.int64), np.array(offsets, np.int64))


def _least_of_windows(local_ns: Ints, apart: Ints) -> tuple[Ints, Ints]:
    """Of each second the earliest message: when it was received, and its difference."""
    order = np.lexsort((apart, local_ns // _WINDOW_NS))
    window = local_ns[order] // _WINDOW_NS
    first = np.flatnonzero(np.diff(window, prepend=window[0] - 1))
    return local_ns[order][first], apart[order][first]


def _without_strays(at: Ints, least: Ints) -> tuple[Ints, Ints]:
    """Drops a second whose earliest message lies far below both neighbours."""
    if len(least) < 3:
        return at, least
    before, after = np.r_[least[1], least[:-1]], np.r_[least[1:], least[-2]]
    stray = least < np.minimum(before, after) - _STRAY_NS
    return at[~stray], least[~stray]


def _lower_hull(at: list[int], offset: list[int]) -> list[tuple[int, int]]:
    """Corners of the lower convex hull of points in order of `at` (Andrew's monotone chain)."""
    hull: list[tuple[int, int]] = []
    for point in zip(at, offset, strict=True):
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _is_above(one: tuple[int, int], two: tuple[int, int], three: tuple[int, int]) -> bool:
    """Whether the middle point lies on or above the line from the first to the third."""
    return (two[1] - one[1]) * (three[0] - one[0]) >= (three[1] - one[1]) * (two[0] - one[0])
