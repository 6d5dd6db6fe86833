"""Whole lots from fractions, that sum to the order exactly and are never negative.

Two rules. `round_cumulative` rounds the running total, so what is done never strays more than half a lot from the
path: right for schedules. `largest_remainder` rounds each share on its own (Hamilton's method), so no share strays
more than one lot from its due: right where the parts have no order in time."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from nowake.domain.errors import BadParameter

_EXACT = 1e-9  # Lots, by which a product of floats may miss a whole one.


def round_cumulative(done: Sequence[float | Fraction], lots: int) -> tuple[int, ...]:
    """Lots of each bucket from the fraction of the order done by the end of each.

    Parameters
    ----------
    done
        N fractions, from 0 to 1, none below the one before; the last counts as 1 whatever its rounding.
    lots
        Whole lots to spread, 0 or more.

    Returns
    -------
    tuple of int
        N counts that sum to `lots`; running totals are rounded half up.

    Raises
    ------
    BadParameter
        When there is no bucket, lots are negative, or a fraction falls, leaves [0, 1] or is not a number.
    """
    _check(len(done), lots)
    before = Fraction(0)
    totals = [0]
    for k, value in enumerate(done):
        if not 0 <= value <= 1 + 1e-9:
            raise BadParameter(f"fraction {value} done by bucket {k + 1} must be between 0 and 1")
        # Fractions of floats are exact, so that a tie is a tie whatever the size of the order.
        fraction = min(Fraction(value), Fraction(1))
        if fraction < before:
            raise BadParameter(f"fraction done falls from {float(before)} to {value} at bucket {k + 1}")
        totals.append(math.floor(fraction * lots + Fraction(1, 2)))
        before = fraction
    totals[-1] = lots
    return tuple(after - before for before, after in itertools.pairwise(totals))


def round_path(done: Sequence[float], lots: int) -> tuple[int, ...]:
    """As `round_cumulative`, of a path that may go back or beyond the order on its way: counts may be below 0.

    Raises
    ------
    BadParameter
        When there is no bucket, lots are negative, or a fraction is not finite.
    """
    _check(len(done), lots)
    if not all(map(math.isfinite, done)):
        raise BadParameter(f"fractions {list(done)[:8]} of a path must be finite")
    totals = [0, *(math.floor(Fraction(value) * lots + Fraction(1, 2)) for value in done[:-1]), lots]
    return tuple(after - before for before, after in itertools.pairwise(totals))


def largest_remainder(weights: Sequence[float], lots: int) -> tuple[int, ...]:
    """Lots in proportion to weights: each gets its whole part, the largest remainders one more, earlier ones first.

    Raises
    ------
    BadParameter
        When there is no weight above 0, one is negative or not finite, or lots are negative.
    """
    _check(len(weights), lots)
    if any(not 0 <= weight < math.inf for weight in weights) or not sum(weights) > 0:
        raise BadParameter(f"weights {list(weights)[:8]} must be finite, 0 or more, and not all 0")
    total = sum(map(Fraction, weights))
    due = [Fraction(weight) * lots / total for weight in weights]
    whole = [math.floor(part) for part in due]
    by_remainder = sorted(range(len(due)), key=lambda k: whole[k] - due[k])
    for k in by_remainder[: lots - sum(whole)]:
        whole[k] += 1
    return tuple(whole)


def whole_caps(caps: Sequence[float], lots: int) -> tuple[int, ...]:
    """Caps in whole lots that have room for so many lots.

    Caps are rounded down. Where that leaves too little room, all are exceeded by up to one share of themselves, the
    smallest that makes enough: of caps of half a lot each may hold one, and none two.

    Parameters
    ----------
    caps
        N largest trades in lots, 0 or more, of any fraction or infinite; one of a billionth of a lot is none.
    lots
        There must be room for, 0 or more.

    Raises
    ------
    BadParameter
        When lots are negative, or all caps are 0 and there are lots.
    """
    _check(len(caps), lots)
    room = [min(cap, float(lots)) if cap > _EXACT else 0.0 for cap in caps]
    if lots > 0 and not sum(room) > 0:
        raise BadParameter(f"{lots} lots have no bucket with a cap above 0")
    share = max(1.0, lots / sum(room)) if lots else 1.0  # Less is not enough even of fractions.
    whole = [math.floor(cap * share + _EXACT) for cap in room]
    missing = lots - sum(whole)
    if missing <= 0:
        return tuple(whole)
    ways = [((n + 1) / cap, k) for k, (n, cap) in enumerate(zip(whole, room, strict=True)) if cap > 0]
    heapq.heapify(ways)
    for _ in range(missing):
        share, k = ways[0]
        whole[k] += 1
        heapq.heapreplace(ways, ((whole[k] + 1) / room[k], k))
    return tuple(max(n, math.floor(cap * share + _EXACT)) for n, cap in zip(whole, room, strict=True))


def within_caps(lots: Sequence[int], caps: Sequence[int]) -> tuple[int, ...]:
    """Lots above a bucket's cap moved to later buckets with room, then to earlier ones; the sum stays.

    Lots below 0 trade the other way, under the same caps.

    Raises
    ------
    BadParameter
        When the caps have no room for the sum.
    """
    _check_room(sum(lots), caps)
    kept, carried = [], 0
    for wanted, cap in zip(lots, caps, strict=True):
        kept.append(min(max(wanted + carried, -cap), cap))
        carried += wanted - kept[-1]
    for k in reversed(range(len(kept))):
        more = min(max(carried, -caps[k] - kept[k]), caps[k] - kept[k])
        kept[k] += more
        carried -= more
    return tuple(kept)


def with_minimum(lots: Sequence[int], least: int, caps: Sequence[int] | None = None) -> tuple[int, ...]:
    """Small lots merged along the running total, so that no bucket trades fewer than `least` but none.

    A bucket trades when half of `least` is owed to the path, so that the total leads it as often as it lags; the rest
    is one trade when it is too small for two. A total below `least` is one trade. Where caps leave no room for that,
    buckets that trade already get more, then others, and `least` is not kept in them.

    Parameters
    ----------
    lots
        N counts, 0 or more.
    least
        Smallest trade.
    caps
        N largest trades; None for none.

    Raises
    ------
    BadParameter
        When the caps have no room for the sum.
    """
    total = left = sum(lots)
    room = [total] * len(lots) if caps is None else list(caps)
    _check_room(total, room)
    merged, owed = [0] * len(lots), 0
    for k, wanted in enumerate(lots):
        owed += wanted
        merged[k] = _child(owed, left, least, room[k])
        owed -= merged[k]
        left -= merged[k]
    for k in sorted(range(len(lots)), key=lambda k: (merged[k] == 0, -k)):
        more = max(0, min(room[k] - merged[k], left))
        merged[k] += more
        left -= more
    return tuple(merged)


def _child(owed: int, left: int, least: int, room: int) -> int:
    """What one bucket trades of what is owed to the path, and left in all."""
    if left < 2 * least:
        return left if 2 * owed >= left and room >= left else 0
    if 2 * owed < least:
        return 0
    child = min(max(owed, least), room)
    if 0 < left - child < least:
        child = left - least
    return child if child >= least else 0


def _check_room(lots: int, caps: Sequence[int]) -> None:
    if sum(caps) < abs(lots):
        raise BadParameter(f"caps {list(caps)[:8]} have room for {sum(caps)} lots, not for {lots}; use whole_caps")


def _check(parts: int, lots: int) -> None:
    if parts == 0:
        raise BadParameter("there is no bucket to give lots to; give one or more")
    if lots < 0:
        raise BadParameter(f"lots {lots} must be 0 or more")
