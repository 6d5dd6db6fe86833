"""Days whose volume cannot be believed are found by their numbers and left out, each with the reason.

A day is left out when the caller says so; when bars moved without volume; when buckets that trade on most days are
empty; when its total is five times that of the median day or a fifth of it, or four robust standard deviations (MAD, in
logarithms) away where days differ so much; when buckets repeat each other's volume to the unit, as invented ones do; or
when its shape lies far from that of the others: the total variation distance to the median curve exceeds the median
distance by six times their spread (MAD). What was halted is compared with the same buckets of other days. A true day
may be caught by total and shape: its volume is left out of the average, nothing else."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.models.volume.buckets import DayVolume

MOST_TIMES = 5.0  # Of the median day; earnings and index days reach four.
_MOST_SPREAD = 4.0  # Robust standard deviations of the logarithm: more than five times where days differ much.
_MOST_REPEATS, _SOME_BUCKETS = 0.25, 8  # Share of buckets, beyond that of the median day; of as many at least.
_USUALLY = 0.85  # A bucket trades on most days when it does on this share of them.
_EMPTY_SHARE, _EMPTY_LEAST = 0.05, 3
_FAR = 6.0
_FEW = 5  # Fewer days than this have no spread to be far from.

Floats = npt.NDArray[np.float64]


class Why(enum.StrEnum):
    """What kind of reason leaves a day out."""

    TOLD = "told"  # The caller knows.
    CORRUPT = "corrupt"  # Bars moved without volume.
    EMPTY = "empty"
    TOTAL = "total"
    REPEATED = "repeated"
    SHAPE = "shape"


class LeftOut(NamedTuple):
    """A day that was not used, why in a phrase, and of what kind that is."""

    date: dt.date
    reason: str
    kind: Why = Why.TOLD

    def __str__(self) -> str:
        return f"{self.date} left out: {self.reason}"


def screened(
    days: Sequence[DayVolume], *, bad: Mapping[dt.date, str] | None = None
) -> tuple[list[DayVolume], list[LeftOut]]:
    """The days whose volume can be believed, and those whose cannot.

    Parameters
    ----------
    days
        Of any lengths; each is compared with those of as many buckets and the same length.
    bad
        Dates the caller knows to be wrong, as from a reader's findings, and why.
    """
    bad = bad or {}
    found: dict[dt.date, LeftOut] = {}
    for day in days:
        if day.is_corrupt or (day.impossible_bars and day.date in bad):
            what = f"{day.impossible_bars} of {day.bars:,} bars have no volume although the price moved"
            found[day.date] = LeftOut(day.date, bad.get(day.date, what), Why.CORRUPT)
        elif day.date in bad:
            found[day.date] = LeftOut(day.date, bad[day.date], Why.TOLD)
        elif not day.total > 0:
            found[day.date] = LeftOut(day.date, "no volume", Why.EMPTY)
    for alike in _alike([day for day in days if day.date not in found]):
        found |= {each.date: each for each in _unlike_the_others(alike)}
    return [day for day in days if day.date not in found], [found[day.date] for day in days if day.date in found]


def _alike(days: Sequence[DayVolume]) -> list[list[DayVolume]]:
    groups: dict[tuple[int, int], list[DayVolume]] = {}
    for day in days:
        groups.setdefault((day.length_ns, len(day.volume)), []).append(day)
    return list(groups.values())


def _unlike_the_others(days: Sequence[DayVolume]) -> Iterator[LeftOut]:
    if len(days) < _FEW:
        return
    table = np.array([day.volume for day in days])
    times = _times_the_median(table)
    most_times = math.log(MOST_TIMES)
    most_times = max(most_times, _MOST_SPREAD * 1.4826 * float(np.median(np.abs(np.log(times)))))
    usual = np.mean(table > 0, axis=0) >= _USUALLY
    empty = np.sum((table == 0) & usual, axis=1)
    # What a thin market leaves empty on a day like any other, and what chance adds to it.
    by_chance = float(np.median(empty))
    by_chance += 5 * math.sqrt(by_chance)
    most_empty = max(_EMPTY_LEAST, _EMPTY_SHARE * usual.sum(), by_chance)
    repeats = np.array([_repeats(day) for day in table])
    most_repeats = float(np.median(repeats)) + _MOST_REPEATS
    far = _distances(table)
    centre = float(np.median(far))
    limit = centre + _FAR * max(1.4826 * float(np.median(np.abs(far - centre))), 0.1 * centre)
    for k, day in enumerate(days):
        if empty[k] > most_empty:
            what = f"{empty[k]} of {usual.sum()} buckets that trade on most days are empty"
            yield LeftOut(day.date, what, Why.EMPTY)
        elif abs(math.log(times[k])) > most_times:
            yield LeftOut(day.date, f"its volume is {times[k]:.2g} times that of the median day", Why.TOTAL)
        elif repeats[k] > most_repeats:
            yield LeftOut(day.date, f"{repeats[k]:.0%} of its buckets repeat another's volume exactly", Why.REPEATED)
        elif far[k] > limit:
            what = f"its shape is {far[k] / centre:.1f} times as far from the median curve as that of the median day"
            yield LeftOut(day.date, what, Why.SHAPE)


def _times_the_median(table: Floats) -> Floats:
    """Each day's volume over that of the median day in the buckets the day knows."""
    known = ~np.isnan(table)
    return np.array(
        [np.nansum(day[on]) / np.median(np.nansum(table[:, on], axis=1)) for day, on in zip(table, known, strict=True)]
    )


def _repeats(day: Floats) -> float:
    """Share of the buckets with volume whose volume an earlier one had to the unit; 0 of few."""
    some = day[day > 0]
    return 1 - len(np.unique(some)) / len(some) if len(some) >= _SOME_BUCKETS else 0.0


def _distances(table: Floats) -> Floats:
    """Total variation distance of each day's shares from the median curve, on the buckets the day knows."""
    shares = table / np.nansum(table, axis=1, keepdims=True)
    middle = np.nanmedian(shares, axis=0)
    known = ~np.isnan(shares)
    curve = np.where(known, middle, 0.0)
    curve = curve / curve.sum(axis=1, keepdims=True)
    return np.asarray(np.nansum(np.abs(shares - curve), axis=1) / 2)
