"""Our own new orders at the level book; `own.reduce` and `own.withdraw` serve both books.

A new order takes displayed lots best price first, up to its limit and size, but none that are known to have traded
and are displayed only because the next level message is late. What is left rests behind all that is displayed at its
price. It never trades with ourselves, and a post-only order is refused where it would take."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.ladder_queue import ahead_at, available, watch
from nowake.kernels.ladder_state import NO_LIMIT
from nowake.kernels.levels import (
    level_at,
    look,
    next_level,
    price_of,
    rank_of,
    show,
    side_at,
    side_of,
    touch,
    within_reach,
)
from nowake.kernels.memory import at, leaf
from nowake.kernels.own import reaches_own
from nowake.kernels.queues import count_print, has_room, join, report_fill
from nowake.kernels.state import (
    ACCEPTED,
    CONTEXT,
    FULL_FILLS,
    FULL_ORDERS,
    NO_PRINT,
    NOBODY,
    NOT_CONTINUOUS,
    OWN,
    PRICE_OUT_OF_RANGE,
    WOULD_CROSS_SELF,
    WOULD_TAKE,
)


def place(address: int) -> int:
    """A new order of ours: `child_id`, `side`, `price_ticks`, `lots`, `immediate`, `post_only`.

    Answers as `own.place`.
    """
    c = at(address, 0, CONTEXT)
    c.slot = NOBODY
    c.left = c.lots
    rank = rank_of(c, c.side, c.price_ticks)
    refusal = _refusal(c, rank)
    if refusal != ACCEPTED:
        return refusal
    if not has_room(c):
        return FULL_ORDERS
    if c.fill_count + side_at(c, 1 - c.side).lit > c.fill_capacity:  # It may meet every level there is.
        return FULL_FILLS
    c.tape_ticks = NO_PRINT
    c.left = _take(c, 1 - c.side, c.window - 1 - rank)
    if c.left > 0 and c.immediate == 0:
        _rest(c, c.side * c.window + rank)
    look(c)
    return ACCEPTED


@leaf
def _refusal(c: Any, rank: int) -> int:
    """Why the venue does not take the order, or ACCEPTED."""
    if c.halted != 0:
        return NOT_CONTINUOUS
    if rank < 0 or rank >= c.window:
        return PRICE_OUT_OF_RANGE
    if reaches_own(c, 1 - c.side, c.window - 1 - rank):
        return WOULD_CROSS_SELF
    if c.post_only != 0 and touch(c, 1 - c.side) >= c.window - 1 - rank:
        return WOULD_TAKE
    return ACCEPTED


@leaf
def _take(c: Any, side: int, rank: int) -> int:
    """Take `lots` for `child_id` from a side down to a rank, within reach; returns what could not be had."""
    left, passed = np.int64(c.lots), np.int64(0)
    best = max(side_at(c, side).best, side_at(c, side).top_mark)
    while left > 0 and best >= max(rank, 0):
        row = side * c.window + best
        passed = within_reach(c, row, passed)
        if passed < 0:
            break
        traded = min(left, available(c, row))
        if traded > 0:
            left -= traded
            show(c, row, -traded)
            count_print(c, price_of(c, row), traded)
            report_fill(c, c.child_id, price_of(c, row), traded, left, 0)
        best = next_level(c, side, best - 1, rank)
    return left


@leaf
def _rest(c: Any, row: int) -> None:
    """What is left of a new order joins behind all that others display; beyond the reach of the data, that is unknown.

    There it waits for the first message about its level and stands behind all of it.
    """
    level = level_at(c, row)
    if level.anonymous == 0:
        watch(c, row)
    c.slot = join(c, row, OWN, c.child_id, c.left, 0)
    ahead_at(c, c.slot).lots = np.float64(level.shown) if _is_known(c, row) else np.inf


@leaf
def _is_known(c: Any, row: int) -> bool:
    """Whether fewer levels than the data keep exact are better than a row."""
    if c.reach == NO_LIMIT:
        return True
    side = side_of(c, row)
    rank = row - side * c.window
    best, passed = max(side_at(c, side).best, side_at(c, side).top_mark), np.int64(0)
    while best > rank and passed < c.reach:
        passed += level_at(c, side * c.window + best).hist > 0
        best = next_level(c, side, best - 1, rank)
    return passed < c.reach
