"""Mids at even steps of time, and checked columns: what every measure of efficiency starts from.

The mid at an instant is that of the latest two-sided, uncrossed quote, the instant's own included. Where quotes are
rarer than the steps, prices stand still and returns are nought: that looks like memory to none of these measures, but
lowers the size of all returns; count them (`still`) and take longer steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes
from nowake.microstructure.market_orders import two_sided_touch

Floats = npt.NDArray[np.float64]


def even_mids(quotes: Quotes, *, step_ns: int, start_ns: int | None = None, end_ns: int | None = None) -> Floats:
    """The mid at every step from the first instant it is known, in ticks, (n,).

    Parameters
    ----------
    step_ns
        Time between two, above 0.
    start_ns, end_ns
        The first and the last instant to look at; by default the first and the last usable quote's.

    Raises
    ------
    BadParameter
        When the step is 0 or less, or the end before the start.
    BadData
        When there is no two-sided, uncrossed quote up to the end.
    """
    if step_ns <= 0:
        raise BadParameter(f"step_ns {step_ns} must be above 0, for example 1_000_000_000")
    touch = two_sided_touch(quotes)
    if len(touch.time_ns) == 0:
        raise BadData(f"no two-sided, uncrossed quote among {len(quotes)}; there is no mid")
    first, last = int(touch.time_ns[0]), int(touch.time_ns[-1])
    end = last if end_ns is None else end_ns
    start = first if start_ns is None else start_ns
    if end < start:
        raise BadParameter(f"the end {end} is before the start {start}; give a later end")
    start += max(0, -(-(first - start) // step_ns)) * step_ns
    if start > end:
        raise BadData(f"the first two-sided quote, at {first}, is after the end, {end}")
    instants = np.arange(start, end + 1, step_ns)
    return np.asarray(touch.mid_ticks[touch.at(instants)])


def still(returns: Floats) -> float:
    """Share of returns that are nought."""
    return float(np.mean(np.asarray(returns) == 0)) if len(returns) else 0.0


def usable(returns: Floats, *, least: int, what: str = "returns") -> Floats:
    """The column as floats, if it can be measured.

    Raises
    ------
    BadData
        When a number is not finite, there are fewer than `least`, or all are the same.
    """
    column = np.asarray(returns, dtype=np.float64)
    if column.ndim != 1:
        raise BadData(f"{what} have {column.ndim} dimensions; give one column")
    wrong = ~np.isfinite(column)
    if wrong.any():
        place = int(wrong.argmax())
        raise BadData(f"{what} hold {int(wrong.sum())} that are no numbers, the first {column[place]} at {place}")
    if len(column) < least:
        raise BadData(f"{len(column)} {what} are fewer than {least}; take shorter steps or look at a longer time")
    even = evened(column)[0]
    if np.ptp(even) <= 1e-12 * float(np.abs(even).max()):
        raise BadData(f"all {len(column)} {what} are {column[0]:g}; a price that never varies tells nothing")
    return column


def evened(column: Floats) -> tuple[Floats, float]:
    """The column in a unit of its own size, and that unit: a power of two, so that no digit changes.

    Squares of squares of 1e-100 or 1e80 would vanish or overflow; what has no unit does not mind.
    """
    exponent = int(np.frexp(np.abs(column).max(initial=0.0))[1])
    return np.ldexp(column, -exponent), float(np.ldexp(1.0, exponent))
