"""Our orders in the queues of a level book: how many lots of others are ahead of each, and what moves them.

Queue models: Rigtorp (2013), "Estimating order queue position", rigtorp.se: a cancel of c lots moves an order with v
ahead and b behind by c * f(v) / (f(v) + f(b)). Ours differs in that what one part cannot give the other gives, so that
ahead never falls below 0 and never exceeds what the level displays: a cancel alone never fills us."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nowake.kernels.ladder_state import AHEAD, LADDER, LONG_AGO, POWER, PROPORTIONAL, RISK_AVERSE, WATCH
from nowake.kernels.layout import CLEAR, EVENT
from nowake.kernels.layout import LEVEL as LEVEL_KIND
from nowake.kernels.levels import level_at, next_mark, rank_of, side_at
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.queues import fill_own, order_at
from nowake.kernels.state import ASKS, BIDS, NOBODY


@tiny
def watch_at(c: Any, row: int) -> Any:
    """What was told of a row; in force while the level is watched."""
    return at(at(c.ladder, 0, LADDER).watches, row, WATCH)


@tiny
def ahead_at(c: Any, slot: int) -> Any:
    """Lots of others before our order in a slot."""
    return at(at(c.ladder, 0, LADDER).aheads, slot, AHEAD)


@leaf
def watch(c: Any, row: int) -> None:
    """From now on trades and level messages of a row are held against each other."""
    level_at(c, row).anonymous = 1
    told = watch_at(c, row)
    told.traded = 0
    told.stale = 0
    told.down = 0
    told.told_ns = LONG_AGO
    told.kept = 0


@leaf
def is_told_next(c: Any, number: int, row: int) -> bool:
    """Whether the event right behind event `number` is a level message of the same instant about a row."""
    return number + 1 < c.event_count and _tells(c, at(c.events, number + 1, EVENT), row)


@leaf
def was_told(c: Any, number: int, row: int) -> bool:
    """Whether a level message of the same instant before event `number` told a row.

    Asked only when a row begins to be watched: a walk back for every trade would square the length of an instant.
    """
    k = number - 1
    while k >= 0:
        event = at(c.events, k, EVENT)
        if event.time_ns != c.venue_ns or event.kind == CLEAR:
            return False
        if _tells(c, event, row):
            return True
        k -= 1
    return False


@tiny
def _tells(c: Any, event: Any, row: int) -> bool:
    """Whether an event is a level message of this instant about a row."""
    side = BIDS if event.side > 0 else ASKS
    is_level = event.kind == LEVEL_KIND and event.lots >= 0 and event.time_ns == c.venue_ns
    return is_level and side * c.window + rank_of(c, side, np.int64(event.price_ticks)) == row


@leaf
def available(c: Any, row: int) -> int:
    """Lots of a row that can be had between two instants: displayed, not taken by us, not known to have traded."""
    level = level_at(c, row)
    if level.anonymous == 0:
        return level.shown
    told = watch_at(c, row)
    return max(0, level.shown - (told.traded - told.stale))


@leaf
def advance(c: Any, row: int, lots: int, rest: int) -> None:
    """History's taker took `lots` off the front of a row's queue; `rest` of them our better orders have left.

    Each of ours is filled, first in first out, by what lots ahead of it and our fills before it leave, in whole lots.
    """
    slot = np.int64(level_at(c, row).head)
    while slot != NOBODY:
        behind = np.int64(order_at(c, slot).next)
        ahead = ahead_at(c, slot)
        reaching = np.int64(math.floor(max(0.0, rest - ahead.lots)))
        ahead.lots = max(0.0, ahead.lots - lots)
        if reaching > 0:
            rest -= fill_own(c, slot, min(reaching, rest))
        slot = behind


@leaf
def settle(c: Any) -> None:
    """The levels of ours that were told in this instant: what no trade explains was cancelled."""
    at(c.ladder, 0, LADDER).unsettled = 0
    for side in range(2):
        if side_at(c, side).own == 0:
            continue
        rank = side_at(c, side).top_mark
        while rank >= 0:
            row = side * c.window + rank
            if level_at(c, row).own > 0 and watch_at(c, row).told_ns == c.venue_ns:
                _settle_level(c, row)
            rank = next_mark(c, side, rank - 1, 0)


@leaf
def _settle_level(c: Any, row: int) -> None:
    """Move ours at a level by what was cancelled there; never beyond what is displayed, nor past one another."""
    shown = np.float64(level_at(c, row).shown)
    told = watch_at(c, row)
    cancelled = np.float64(told.down)
    told.down = 0
    least = 0.0
    slot = np.int64(level_at(c, row).head)
    while slot != NOBODY:
        ahead = ahead_at(c, slot)
        lots = ahead.lots
        if cancelled > 0.0 and lots > 0.0:
            lots = after_cancel(c, lots, shown + cancelled - lots, cancelled)
        least = max(least, min(lots, shown))
        ahead.lots = least
        slot = np.int64(order_at(c, slot).next)


@leaf
def after_cancel(c: Any, ahead: float, behind: float, cancelled: float) -> float:
    """Lots ahead of an order after a cancel somewhere in its queue; all three are of others."""
    behind = max(behind, 0.0)
    share = share_behind(c, ahead, behind)
    left = ahead - (1.0 - share) * cancelled + min(behind - share * cancelled, 0.0)
    return min(max(left, 0.0), ahead)


@leaf
def share_behind(c: Any, ahead: float, behind: float) -> float:
    """Which share of a cancel falls behind an order: f(behind) / (f(behind) + f(ahead)); `ahead` is above 0."""
    ladder = at(c.ladder, 0, LADDER)
    if ladder.model == RISK_AVERSE:
        return 1.0
    if behind == 0.0:
        return 0.0
    if ladder.model == PROPORTIONAL:
        return behind / (behind + ahead)
    if ladder.model == POWER:
        return 1.0 / (1.0 + (ahead / behind) ** ladder.exponent)
    return math.log(1.0 + behind) / (math.log(1.0 + behind) + math.log(1.0 + ahead))
