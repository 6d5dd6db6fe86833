"""Fewer points, same picture: a day of quotes has more points than a screen has pixels.

Each of a number of equal time slices keeps its first, lowest, highest and last point (the M4 aggregation of
Jugel, Jerzak, Hackenbroich and Markl 2014, VLDB 7(10)), so extremes stay where they are and a step line
drawn through the rest holds the right value across quiet times. Wrong for anything but drawing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def thin(time_ns: Ints, values: Floats, slices: int = 500) -> tuple[Ints, Floats]:
    """At most four points a slice: first, lowest, highest, last. Short series and NaN gaps come back as they are.

    Parameters
    ----------
    time_ns, values
        One series in time order.
    slices
        How many equal slices of time.

    Returns
    -------
    tuple
        Times and values of the points kept, in time order, at most `4 * slices`.
    """
    if len(values) <= 4 * slices:
        return time_ns, values
    kept: set[int] = set()
    for first, end in _slices(time_ns, slices):
        part = values[first:end]
        kept |= {first, end - 1}
        if not np.isnan(part).all():
            kept |= {first + int(np.nanargmin(part)), first + int(np.nanargmax(part))}
    rows = np.array(sorted(kept))
    return time_ns[rows], values[rows]


def envelope(time_ns: Ints, low: Floats, high: Floats, slices: int = 500) -> tuple[Ints, Floats, Floats]:
    """Lowest low and highest high of each slice, held at its first and last instant: a band that hides nothing.

    Returns
    -------
    tuple
        Times, lows and highs, at most `2 * slices` of each; a slice without a number stays NaN.
    """
    if len(low) <= 2 * slices:
        return time_ns, low, high
    times, lows, highs = [], [], []
    for first, end in _slices(time_ns, slices):
        times += [int(time_ns[first]), int(time_ns[end - 1])]
        lows += [float(np.fmin.reduce(low[first:end]))] * 2
        highs += [float(np.fmax.reduce(high[first:end]))] * 2
    return np.array(times, dtype=np.int64), np.array(lows), np.array(highs)


def _slices(time_ns: Ints, slices: int) -> list[tuple[int, int]]:
    """First row and row after the last of each slice that holds any."""
    length = max(int(time_ns[-1] - time_ns[0]), 1)
    index = (time_ns - time_ns[0]) / length * slices
    starts = np.flatnonzero(np.diff(np.minimum(index.astype(np.int64), slices - 1), prepend=-1))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(time_ns)], strict=True))
