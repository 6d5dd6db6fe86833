"""The mid that stood at an instant, and some time after it: what every spread and mark-out is measured against.

The prevailing quote is the latest two-sided, uncrossed one, the last of its stamp. At a trade it is the one STRICTLY
before (clock "before"), for feeds stamp the quote that a trade leaves behind as the trade; "at" counts a quote of the
very stamp too, for feeds whose clocks are fine enough. A later mid is the one that stands at t + h, h in nanoseconds:
never so many rows on, never the first quote after. A change of that very stamp counts.

What is not known is NaN: before the first quote, when the quote is older than the staleness limit, and from `until_ns`
on, by default the last stamp seen, for what stands at an instant is known when something later has been seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND
from nowake.kernels import runtime
from nowake.kernels.jobs import ASOF
from nowake.microstructure.market_orders import Flags, Floats, Ints, Touch, two_sided_touch

Clock = Literal["before", "at"]
Rows = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

# A log grid from 1 ms to 5 min.
HORIZONS_NS = tuple(
    [step * NS_PER_MS for step in (1, 3, 10, 30, 100, 300)] + [step * NS_PER_SECOND for step in (1, 3, 10, 30, 60, 300)]
)
_MOST = np.iinfo(np.int32).max


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Mids:
    """Mids around n instants.

    `now` float64[n], `later` float64[n, h], in ticks, NaN where not known; `row` int32[n]: the quote of `touch` that
    stood at the instant, -1 for none; `stale` bool[n]: whether it was too old. Instants with no quote before them are
    `early`.
    """

    now: Floats
    later: Floats
    row: Rows
    stale: Flags
    touch: Touch

    @property
    def early(self) -> Flags:
        """bool[n]: no quote stood yet."""
        return np.asarray(self.row < 0)


def rows_at(times_ns: Ints, asked_ns: Ints, delays_ns: Sequence[int], *, strictly: bool = False) -> Rows:
    """Which row of a table stood at each instant after each delay: int32[h, n], -1 where none did.

    Parameters
    ----------
    times_ns
        int64[m], never falling: since when each row stands.
    asked_ns
        int64[n], in any order.
    delays_ns
        h delays; negative ones look back.
    strictly
        Whether a row of the very instant does not count.
    """
    if len(times_ns) > _MOST:
        raise BadParameter(f"{len(times_ns)} rows are more than {_MOST}; split the table by day")
    order = None if np.all(asked_ns[1:] >= asked_ns[:-1]) else np.argsort(asked_ns, kind="stable")
    asked = np.ascontiguousarray(asked_ns if order is None else asked_ns[order], dtype=np.int64)
    times, delays = np.ascontiguousarray(times_ns, dtype=np.int64), np.array(delays_ns, dtype=np.int64)
    out = np.empty((len(delays), len(asked)), np.int32)
    job = np.zeros(1, ASOF)
    for name, array in (("times_ns", times), ("asked_ns", asked), ("delays_ns", delays), ("out", out)):
        job[name] = array.ctypes.data
    job["count"], job["asked"], job["delays"], job["strictly"] = len(times), len(asked), len(delays), strictly
    runtime.load("asof:rows")(job.ctypes.data)
    if order is not None:
        out[:, order] = out.copy()
    return out


def mids_around(
    quotes: Quotes,
    time_ns: Ints,
    horizons_ns: Sequence[int] = (),
    *,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
) -> Mids:
    """The mid at each instant and at each horizon after it.

    Parameters
    ----------
    time_ns
        int64[n], in any order.
    horizons_ns
        How much later to look, each above 0.
    clock
        Which quote counts at the instant itself: the last "before" it, strictly, or "at" it.
    stale_ns
        The oldest a quote may be where it is used, in nanoseconds; None for any age.
    until_ns
        From when on nothing is known; by default the last stamp of quotes and instants.

    Raises
    ------
    BadParameter
        When the clock, a horizon or the limit is none.
    BadData
        When there is no usable quote, or a mid is not above 0.
    """
    check_horizons(horizons_ns)
    check_clock(clock, stale_ns)
    touch = two_sided_touch(quotes)
    if not len(touch.time_ns):
        raise BadData(
            f"none of {len(quotes)} quotes has two sides that do not cross; there is no mid to measure against"
        )
    lowest = int((touch.bid_ticks + touch.ask_ticks).min()) / 2
    if lowest <= 0:
        raise BadData(f"a mid of {lowest:g} ticks gives no spread in basis points; prices must be above 0")
    if until_ns is None:
        until_ns = int(np.append(time_ns, quotes.time_ns[-1]).max())
    now_row = rows_at(touch.time_ns, time_ns, (0,), strictly=clock == "before")[0]
    later_rows = rows_at(touch.time_ns, time_ns, horizons_ns).T
    due_ns = time_ns[:, None] + np.array(horizons_ns, dtype=np.int64)
    beyond = due_ns >= until_ns
    now, old = _mids(touch, now_row, time_ns, stale_ns)
    later, _ = _mids(touch, later_rows, due_ns, stale_ns)
    return Mids(now=now, later=np.where(beyond, np.nan, later), row=now_row, stale=old, touch=touch)


def check_horizons(horizons_ns: Sequence[int]) -> None:
    """Refuse horizons that are not whole nanoseconds above 0, or that do not rise."""
    for horizon in horizons_ns:
        if horizon != int(horizon) or horizon <= 0:
            raise BadParameter(
                f"horizon {horizon} must be whole nanoseconds above 0, for example 1_000_000_000 for 1 s"
            )
    if list(horizons_ns) != sorted(set(horizons_ns)):
        raise BadParameter(f"horizons {list(horizons_ns)} must rise, without one twice")


def check_clock(clock: str, stale_ns: int | None) -> None:
    """Refuse a clock that is none, and a staleness limit that lets no quote through."""
    if clock not in ("before", "at"):
        raise BadParameter(f"clock {clock!r} is none; use 'before' (the last quote strictly before) or 'at'")
    if stale_ns is not None and stale_ns <= 0:
        raise BadParameter(f"stale_ns {stale_ns} must be above 0, or None for quotes of any age")


def horizon_words(horizon_ns: int) -> str:
    """A horizon for people: "1 ms", "30 s", "5 min"."""
    for unit, size in (("min", 60 * NS_PER_SECOND), ("s", NS_PER_SECOND), ("ms", NS_PER_MS), ("us", 1_000)):
        if horizon_ns >= size:
            return f"{horizon_ns / size:g} {unit}"
    return f"{horizon_ns} ns"


def _mids(touch: Touch, row: Rows, at_ns: Ints, stale_ns: int | None) -> tuple[Floats, Flags]:
    """Mids of rows, NaN where there is none or it is too old; and which were too old."""
    mid = (touch.bid_ticks[row] + touch.ask_ticks[row]) / 2.0
    there = row >= 0
    old = there & (at_ns - touch.time_ns[row] > stale_ns) if stale_ns is not None else np.zeros(row.shape, np.bool_)
    return np.where(there & ~old, mid, np.nan), old
