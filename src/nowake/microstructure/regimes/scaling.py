"""What is typical of each feature, learned from past rows alone: its median, by time of day where there are days
enough, and its width (interquartile range over 1.349, which is the standard deviation of a normal).

Levels then read alike for any name: +2 is as far above typical, at this time of day, as one row in forty of a normal.
Medians and quartiles are moved by neither a crisis in the history nor a bad print. Wrong where the past is of another
market than today: scaled features then all sit high, which is right of a crisis and wrong of a change of tick size."""

from __future__ import annotations

import dataclasses

import numpy as np

from nowake.domain.errors import Unidentified
from nowake.domain.units import NS_PER_MINUTE
from nowake.microstructure.regimes.chain import Floats, Ints
from nowake.microstructure.regimes.features import Features

SLOT_NS = 30 * NS_PER_MINUTE
FEWEST_DAYS, FEWEST_ROWS = 5, 15  # Of a history, of a slot of it, for a level of its own.
_NORMAL_IQR = 1.3489795003921634


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Typical level and width of each feature.

    Parameters
    ----------
    names
        Of the features that are scaled; those that never changed are left out.
    centre
        float64[slots, d]: typical level for each half hour since the day's first row; one slot where there were too
        few days to tell.
    width
        float64[d], robust standard deviation about it.
    left_out
        Features without width or rows.
    """

    names: tuple[str, ...]
    centre: Floats
    width: Floats
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, history: Features) -> Scaling:
        """Learned from past rows.

        Raises
        ------
        Unidentified
            When no feature has a width.
        """
        slot = slots(history)
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
        return cls(tuple(named[0]), centre[:, keep], width[keep], tuple(named[1]))

    def scaled(self, features: Features) -> Floats:
        """Rows in widths above the typical level, (n, d)."""
        told = features.only(self.names)
        return np.asarray((told.values - self.centre[np.minimum(slots(told), len(self.centre) - 1)]) / self.width)

    def level(self, scaled: Floats) -> Floats:
        """Scaled levels back in the features' units, as of the typical time of day."""
        return np.asarray(np.median(self.centre, axis=0) + scaled * self.width)


def slots(features: Features) -> Ints:
    """Half hours since the first row of each row's day."""
    days = np.zeros(len(features), np.int64)
    opened = features.begins[features.begins < len(features)]
    days[opened[opened > 0]] = 1
    first = features.time_ns[opened][np.cumsum(days)] if len(features) else features.time_ns
    return np.asarray((features.time_ns - first) // SLOT_NS)


def _centres(column: Floats, slot: Ints, *, by_time: bool) -> Floats:
    """The median of each slot, of all rows where a slot has too few."""
    known = ~np.isnan(column)
    overall = float(np.median(column[known])) if known.any() else 0.0
    centres = np.full(int(slot.max(initial=0)) + 1 if by_time else 1, overall)
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
