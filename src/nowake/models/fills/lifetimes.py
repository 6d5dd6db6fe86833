"""Limit orders as columns: what each saw when it was posted, when it was first filled, how and when it ended.

A row is the life of one resting order, or of one that was only imagined (`probes`). Everything about the market is as
it stood before the instant of posting, so nothing here looks ahead; only the queue counts what joined it earlier in the
same instant."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Fill = Literal["first", "full"]

CENSORED = 0  # Still resting when it was last seen.
FILLED = 1  # What was left of it was executed.
CANCELLED = 2  # What was left of it was taken back, by its owner or the venue.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """One row a resting order, in time order of posting.

    All arrays have one length n.

    Parameters
    ----------
    start_ns
        When it was posted, int64 nanoseconds since the epoch.
    side
        +1 bid, -1 ask, int64.
    distance_ticks
        From the best price of its own side to its own: 0 joins, above 0 is behind, below 0 improves. int64.
    queue_lots
        Displayed lots at its own price before it; NaN where nobody told (an imagined order behind the touch).
    lots
        Its size.
    spread_ticks
        Best ask less best bid, int64, above 0.
    imbalance
        Lots at its own best price less those at the other, over their sum: +1 when all wait with it.
    volatility
        Root of the summed squared mid moves of the last minute over sixty seconds, ticks per sqrt(second).
    first_fill_s
        Seconds from posting to its first execution, NaN where none was seen.
    end_s
        Seconds from posting to its end, 0 or more.
    end
        CENSORED, FILLED or CANCELLED, int8.
    left_out
        Orders that are no rows here: why -> how many.
    notes
        What a user must know of how the lives were seen, one sentence each.

    Raises
    ------
    BadData
        When columns differ in length or a value is out of range; the row is named.
    """

    start_ns: Ints
    side: Ints
    distance_ticks: Ints
    queue_lots: Floats
    lots: Floats
    spread_ticks: Ints
    imbalance: Floats
    volatility: Floats
    first_fill_s: Floats
    end_s: Floats
    end: npt.NDArray[np.int8]
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in columns()}
        if len(set(lengths.values())) > 1:
            raise BadData(f"columns of lifetimes differ in length: {lengths}")
        _refuse("end_s", self.end_s, ~((self.end_s >= 0) & (self.end_s < np.inf)), "0 or more: lives end after posting")
        late = self.first_fill_s > self.end_s
        _refuse("first_fill_s", self.first_fill_s, (self.first_fill_s < 0) | late, "from 0 to end_s, or NaN")
        unfilled = (self.end == FILLED) & np.isnan(self.first_fill_s)
        _refuse("first_fill_s", self.first_fill_s, unfilled, "known of an order that ended FILLED")
        _refuse("end", self.end, (self.end < CENSORED) | (self.end > CANCELLED), "0 censored, 1 filled or 2 cancelled")
        _refuse("side", self.side, np.abs(self.side) != 1, "+1 or -1")
        _refuse("lots", self.lots, ~(self.lots > 0), "above 0")
        _refuse("queue_lots", self.queue_lots, self.queue_lots < 0, "0 or more, or NaN where it is not known")
        _refuse("spread_ticks", self.spread_ticks, self.spread_ticks <= 0, "above 0")
        _refuse("imbalance", self.imbalance, ~(np.abs(self.imbalance) <= 1), "from -1 to 1")
        _refuse("volatility", self.volatility, ~((self.volatility >= 0) & (self.volatility < np.inf)), "0 or more")
        back = np.concatenate(([False], np.diff(self.start_ns) < 0))
        _refuse("start_ns", self.start_ns, back, "at or after that of the row above; sort by time of posting")

    def __len__(self) -> int:
        return len(self.start_ns)

    def outcome(self, fill: Fill = "first") -> tuple[Floats, npt.NDArray[np.int8]]:
        """Seconds to the outcome of each order, and which it was: CENSORED, FILLED or CANCELLED.

        Parameters
        ----------
        fill
            What counts as filled: the first execution, or the last one that leaves nothing.

        Raises
        ------
        BadParameter
            When it is neither.
        """
        if fill == "full":
            return self.end_s, self.end
        if fill != "first":
            raise BadParameter(f"fill {fill!r} is not one of first, full")
        touched = np.isfinite(self.first_fill_s)
        wait_s = np.where(touched, self.first_fill_s, self.end_s)
        return wait_s, np.where(touched, FILLED, self.end).astype(np.int8)

    def only(self, rows: Bools | Ints) -> Lifetimes:
        """Some of the rows: a mask, or places in increasing order."""
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in columns()})

    def of_side(self, side: int) -> Lifetimes:
        """Bids (+1) or asks (-1) alone.

        Raises
        ------
        BadData
            When there is none.
        """
        mine = self.side == side
        if not mine.any():
            word = "bid" if side > 0 else "ask"
            raise BadData(f"none of {len(self):,} orders is {'a ' if side > 0 else 'an '}{word}; ask for both sides")
        return self.only(mine)


def columns() -> tuple[str, ...]:
    """Names of the columns, in order."""
    return tuple(field.name for field in dataclasses.fields(Lifetimes) if field.name not in {"left_out", "notes"})


def _refuse(name: str, column: npt.NDArray[np.float64 | np.int64 | np.int8], bad: Bools, wanted: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise BadData(f"row {row}: {name} {column[row]:g} must be {wanted} ({int(bad.sum())} such rows)")
