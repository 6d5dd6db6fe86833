"""What is typical of each feature, learned from past rows alone: its median, by time of day where there are days
enough, and its width (interquartile range over 1.349, which is the standard deviation of a normal).

Levels then read alike for any name: +2 is as far above typical, at this time of day, as one row in forty of a normal.
The time of day counts from the open where features tell it (`Features.opens_ns`) and else from midnight UTC, never from
where rows begin: a window of the afternoon is held against afternoons. Medians and quartiles are moved by neither a
crisis in the history nor a bad print. Wrong where the past is of another market than today: scaled features then all
sit high, which is right of a crisis and wrong of a change of tick size."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np

from nowake.domain.errors import BadData, Unidentified
from nowake.domain.units import NS_PER_DAY, NS_PER_MINUTE
from nowake.microstructure.regimes.chain import Floats, Ints
from nowake.microstructure.regimes.features import Features

SLOT_NS = 30 * NS_PER_MINUTE
FEWEST_DAYS, FEWEST_ROWS = 5, 15  # Of a history, of a slot of it, for a level of its own.
Clock = TypeVar("Clock", int, Ints)
_NORMAL_IQR = 1.3489795003921634


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Typical level and width of each feature.

    Parameters
    ----------
    names
        Of the features that are scaled; those that never changed are left out.
    centre
        float64[slots, d]: typical level of each half hour of the day's clock; one slot where there were too few days
        to tell.
    width
        float64[d], robust standard deviation about it.
    from_open
        Whether that clock runs from the open, not from midnight UTC.
    left_out
        Features without width or rows.
    """

    names: tuple[str, ...]
    centre: Floats
    width: Floats
    from_open: bool
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, history: Features) -> Scaling:
        """Learned from past rows.

        Raises
        ------
        Unidentified
            When no feature has a width.
        """
        slot = _slots(history)
        by_time = len(history.begins) >= FEWEST_DAYS
        centre = np.array([_centres(column, slot, by_time=by_time) for column in history.values.T]).T
        rest = history.values - centre[np.minimum(slot, len(centre) - 1)]
        width = np.array([_width(column) for column in rest.T])
        keep = width > 1e-9 * np.maximum(1.0, np.abs(centre).max(axis=0))
        if not keep.any():
            raise Unidentified(
                f"none of {', '.join(history.names)} changes over {len(history)} rows; give more of them"
            )
        named = [np.array(history.names)[which].tolist() for which in (keep, ~keep)]
        return cls(tuple(named[0]), centre[:, keep], width[keep], history.opens_ns is not None, tuple(named[1]))

    def scaled(self, features: Features) -> Floats:
        """Rows in widths above the typical level, (n, d).

        Raises
        ------
        BadData
            When time of day matters and one of features and history tells opens, the other not.
        """
        told = features.only(self.names)
        self.check_clock(told.opens_ns is not None)
        return np.asarray((told.values - self.centre[np.minimum(_slots(told), len(self.centre) - 1)]) / self.width)

    def typical(self, time_ns: int, open_ns: int | None) -> Floats:
        """Levels at a row's time, (d,), of a day that opened then.

        Raises
        ------
        BadData
            As of `scaled`.
        """
        self.check_clock(open_ns is not None)
        return np.asarray(self.centre[min(_slot(time_ns - (open_ns or 0)), len(self.centre) - 1)])

    def check_clock(self, from_open: bool) -> None:
        """Refuse rows on another clock than the history's."""
        if len(self.centre) > 1 and from_open != self.from_open:
            history, rows = ("the open", "UTC") if self.from_open else ("UTC", "the open")
            raise BadData(f"the history's time of day is {history}'s and these rows' {rows}'s; give open_ns to both")

    def level(self, scaled: Floats) -> Floats:
        """Scaled levels back in the features' units, as of the typical time of day."""
        return np.asarray(np.median(self.centre, axis=0) + scaled * self.width)


def _slots(features: Features) -> Ints:
    """The half hour of the day's clock that each row's bar ended in."""
    if features.opens_ns is None or not len(features):
        return np.asarray(_slot(features.time_ns))
    day = np.searchsorted(features.begins, np.arange(len(features)), side="right") - 1
    return np.asarray(_slot(features.time_ns - features.opens_ns[day]))


def _slot(since_open_ns: Clock) -> Clock:
    """A bar that ends with the half hour is of it, and so is a day's last."""
    return (since_open_ns - 1) % NS_PER_DAY // SLOT_NS


def _centres(column: Floats, slot: Ints, *, by_time: bool) -> Floats:
    """The median of each slot, of all rows where a slot has too few."""
    known = ~np.isnan(column)
    overall = float(np.median(column[known])) if known.any() else 0.0
    centres = np.full(NS_PER_DAY // SLOT_NS if by_time else 1, overall)
    if by_time:
        for k in range(len(centres)):
            here = column[known & (slot == k)]
            if len(here) >= FEWEST_ROWS:
                centres[k] = np.median(here)
    return centres


def _width(rest: Floats) -> float:
    known = rest[~np.isnan(rest)]
    if len(known) < FEWEST_ROWS:
        return 0.0
    low, high = np.quantile(known, [0.25, 0.75])
    return float(high - low) / _NORMAL_IQR
