"""Days whose volume cannot be believed are found by their numbers and left out, each with the reason.

A day is left out when the caller says so; when bars moved without volume; when buckets that trade on most days are
empty; when its total is five times that of the median day or a fifth of it; or when its shape lies far from that of
the others: the total variation distance to the median curve exceeds the median distance by six times their spread
(MAD). A true day may be caught by the last two: its volume is left out of the average, nothing else."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.models.volume.buckets import DayVolume

MOST_TIMES = 5.0  # Of the median day; earnings and index days reach four.
_USUALLY = 0.85  # A bucket trades on most days when it does on this share of them.
_EMPTY_SHARE, _EMPTY_LEAST = 0.05, 3
_FAR = 6.0
_FEW = 5  # Fewer days than this have no spread to be far from.

Floats = npt.NDArray[np.float64]


class LeftOut(NamedTuple):
    """A day that was not used, and why in a phrase."""

    date: dt.date
    reason: str

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
    reasons: dict[dt.date, str] = {}
    for day in days:
        reason = bad.get(day.date) or _impossible(day)
        if reason:
            reasons[day.date] = reason
    for alike in _alike([day for day in days if day.date not in reasons]):
        reasons |= _unlike_the_others(alike)
    return (
        [day for day in days if day.date not in reasons],
        [LeftOut(day.date, reasons[day.date]) for day in days if day.date in reasons],
    )


def _impossible(day: DayVolume) -> str:
    if day.is_corrupt:
        return f"{day.impossible_bars} of {day.bars:,} bars have no volume although the price moved"
    return "" if day.total > 0 else "no volume"


def _alike(days: Sequence[DayVolume]) -> list[list[DayVolume]]:
    groups: dict[tuple[int, int], list[DayVolume]] = {}
    for day in days:
        groups.setdefault((day.length_ns, len(day.volume)), []).append(day)
    return list(groups.values())


def _unlike_the_others(days: Sequence[DayVolume]) -> dict[dt.date, str]:
    if len(days) < _FEW:
        return {}
    totals = np.array([day.total for day in days])
    table = np.array([day.volume for day in days])
    median = float(np.median(totals))
    usual = np.mean(table > 0, axis=0) >= _USUALLY
    empty = np.sum((table == 0) & usual, axis=1)
    # What a thin market leaves empty on a day like any other, and what chance adds to it.
    by_chance = float(np.median(empty))
    by_chance += 5 * math.sqrt(by_chance)
    most_empty = max(_EMPTY_LEAST, _EMPTY_SHARE * usual.sum(), by_chance)
    far = _distances(table)
    centre = float(np.median(far))
    limit = centre + _FAR * max(1.4826 * float(np.median(np.abs(far - centre))), 0.1 * centre)
    reasons = {}
    for k, day in enumerate(days):
        if empty[k] > most_empty:
            reasons[day.date] = f"{empty[k]} of {usual.sum()} buckets that trade on most days are empty"
        elif not 1 / MOST_TIMES <= totals[k] / median <= MOST_TIMES:
            reasons[day.date] = f"its volume is {totals[k] / median:.2g} times that of the median day"
        elif far[k] > limit:
            reasons[day.date] = (
                f"its shape is {far[k] / centre:.1f} times as far from the median curve as that of the median day"
            )
    return reasons


def _distances(table: Floats) -> Floats:
    """Total variation distance of each day's shares from the median curve, on the buckets the day knows."""
    shares = table / np.nansum(table, axis=1, keepdims=True)
    middle = np.nanmedian(shares, axis=0)
    known = ~np.isnan(shares)
    curve = np.where(known, middle, 0.0)
    curve = curve / curve.sum(axis=1, keepdims=True)
    return np.asarray(np.nansum(np.abs(shares - curve), axis=1) / 2)
