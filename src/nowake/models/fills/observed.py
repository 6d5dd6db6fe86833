"""Lives of the orders of an order-by-order tape: who was posted where, and how each of them ended.

Counted are orders posted in continuous trading at a price that rests. Left out, and counted by reason: orders of a
snapshot (they are older than it, so their ages are not known), orders posted outside the session or in a halt, without
a two-sided market before them, or at a price that crossed it. A life ends by its last execution or its cancellation; it
is censored at the end of the data, the session's close, a halt, a cleared book, and where the tape lost sight of it: a
RESYNC at its price says that something happened there unseen, and a feed of the best level alone shows nothing of an
order whose price is no longer the best.

Wrong where: being lost from sight is no accident (the market moved away from the order), so curves of a feed of one
level are too high; an order that is replaced counts as cancelled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, LEVEL, RESUME, RESYNC, SNAPSHOT
from nowake.models.fills.crossings import first_below
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED, Lifetimes
from nowake.models.fills.market_seen import Seen, market_seen

Events = npt.NDArray[np.void]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).max
_BEHIND = 1e-3  # Share of orders posted behind the best price, below which a feed shows the best level alone.


def observed_lifetimes(events: Events, quotes: Quotes, session: Session) -> Lifetimes:
    """The lives of the orders on a tape.

    Parameters
    ----------
    events
        EVENT records of orders, in the order of the feed.
    quotes
        Best bid and ask after each change, of the same tape.
    session
        Orders posted outside it are left out, and lives end at its close.

    Raises
    ------
    BadData
        When the tape does not tell orders, or no order of it can be used.
    """
    if not len(events) or np.any(events["kind"] >= LEVEL) or not np.any(events["kind"] == ADD):
        raise BadData("the events tell no orders, so they have no lives; use probed_lifetimes on quotes and trades")
    lives = _lives(events)
    posted = events[lives.add_row]
    side = posted["side"].astype(np.int64)
    price = posted["price_ticks"].astype(np.int64)
    seen = market_seen(quotes, posted["time_ns"], side)
    keep, left_out = _usable(events, lives.add_row, seen, session)
    left_out["older than the tape"] = lives.unknown
    if not keep.any():
        reasons = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
        raise BadData(f"none of {len(posted):,} orders can be used: {reasons}")
    distance = side * (seen.own_ticks - price)
    last_ns, notes = _last_seen_ns(events, quotes, lives.add_row, session)
    if _shows_the_best_alone(quotes, posted["time_ns"][keep], side[keep], price[keep]):
        gone = _out_of_sight_ns(quotes, posted["time_ns"], side, price)
        lost = int(np.count_nonzero(keep & (gone < np.minimum(lives.end_ns, last_ns))))
        last_ns = np.minimum(last_ns, gone)
        notes += (
            f"The feed shows the best level alone: {lost:,} of {int(keep.sum()):,} orders were lost from sight when "
            "the market moved away from them, so the curves overstate fills.",
        )
    end, end_ns, fill_ns = _ended(lives, last_ns)
    start_ns = posted["time_ns"].astype(np.int64)
    return Lifetimes(
        start_ns=start_ns[keep],
        side=side[keep],
        distance_ticks=distance[keep],
        queue_lots=_queue_before(events)[lives.add_row][keep].astype(np.float64),
        lots=posted["lots"][keep].astype(np.float64),
        spread_ticks=seen.spread_ticks[keep],
        imbalance=seen.imbalance[keep],
        volatility=seen.volatility[keep],
        first_fill_s=_seconds(fill_ns - start_ns, fill_ns < _NEVER)[keep],
        end_s=_seconds(end_ns - start_ns, end_ns < _NEVER)[keep],
        end=end[keep],
        left_out={why: count for why, count in left_out.items() if count},
        notes=notes,
    )


class _Lives(NamedTuple):
    """By life, in the order of the tape: the row of its ADD, its end (row, time, kind) and its first execution."""

    add_row: Ints
    end_ns: Ints
    end: npt.NDArray[np.int8]
    fill_ns: Ints
    unknown: int  # Ids that the tape names without having shown their ADD.


def _lives(events: Events) -> _Lives:
    """Put the messages of each order together: a life is an ADD and what its id says until the next ADD."""
    kind = events["kind"]
    rows = np.flatnonzero((kind >= ADD) & (kind <= EXECUTE) & (events["order_id"] != 0))
    rows = rows[np.argsort(events["order_id"][rows], kind="stable")]
    ids, kind, lots = events["order_id"][rows], events["kind"][rows], events["lots"][rows]
    begins = (kind == ADD) | np.concatenate(([True], ids[1:] != ids[:-1]))
    first = np.flatnonzero(begins)
    life = np.cumsum(begins) - 1
    taken = np.cumsum(np.where(kind == ADD, 0, lots))
    taken_before = taken[first] - np.where(kind[first] == ADD, 0, lots[first])
    left = lots[first][life] - (taken - taken_before[life])
    over = (kind == DELETE) | ((kind != ADD) & (left <= 0))
    place = np.arange(len(rows))
    none = len(rows)
    end_at = np.minimum.reduceat(np.where(over, place, none), first)
    fill_at = np.minimum.reduceat(np.where(kind == EXECUTE, place, none), first)
    time_ns = np.append(events["time_ns"][rows], _NEVER)
    end = np.where(np.append(kind, ADD)[end_at] == EXECUTE, FILLED, CANCELLED)
    end = np.where(end_at == none, CENSORED, end).astype(np.int8)
    fill_ns = np.where(fill_at <= end_at, time_ns[fill_at], _NEVER)
    named = kind[first] == ADD
    order = np.argsort(rows[first[named]], kind="stable")
    return _Lives(
        add_row=rows[first[named]][order],
        end_ns=time_ns[end_at][named][order],
        end=end[named][order],
        fill_ns=fill_ns[named][order],
        unknown=int(np.count_nonzero(~named)),
    )


def _usable(events: Events, add_row: Ints, seen: Seen, session: Session) -> tuple[Bools, dict[str, int]]:
    """Which orders are rows, and how many are not, each for the first reason that applies."""
    posted = events[add_row]
    crossed = np.where(posted["side"] > 0, posted["price_ticks"] >= seen.other_ticks,
                       posted["price_ticks"] <= seen.other_ticks)  # fmt: skip
    reasons = {
        "of a snapshot": (posted["flags"] & SNAPSHOT) != 0,
        "outside the session": (posted["time_ns"] < session.open_ns) | (posted["time_ns"] >= session.close_ns),
        "posted in a halt": _halted(events)[add_row],
        "without a two-sided market": ~seen.known,
        "at or through the other side": crossed,
    }
    keep = np.ones(len(posted), np.bool_)
    counts = {}
    for why, applies in reasons.items():
        counts[why] = int(np.count_nonzero(keep & applies))
        keep &= ~applies
    return keep, counts


def _halted(events: Events) -> Bools:
    """Whether trading stood still at each event."""
    kind = events["kind"]
    switch = np.maximum.accumulate(np.where((kind == HALT) | (kind == RESUME), np.arange(len(kind)), 0))
    return np.asarray(kind[switch] == HALT)


def _last_seen_ns(events: Events, quotes: Quotes, add_row: Ints, session: Session) -> tuple[Ints, tuple[str, ...]]:
    """Until when the tape tells of each order, and what is to be said about it."""
    kind, time_ns = events["kind"], events["time_ns"]
    tape_ns = int(time_ns[-1]) if not len(quotes) else max(int(time_ns[-1]), int(quotes.time_ns[-1]))
    last = np.full(len(add_row), min(tape_ns, session.close_ns), np.int64)
    stops = np.flatnonzero((kind == HALT) | (kind == CLEAR))
    if len(stops):
        following = np.append(time_ns[stops], _NEVER)[np.searchsorted(stops, add_row)]
        last = np.minimum(last, following)
    told = np.flatnonzero(kind == RESYNC)
    if not len(told):
        return last, ()
    place = _place(events)
    count = len(events)
    key = np.sort(place[told] * count + told)
    mine = place[add_row] * count + add_row
    following = np.append(key, -1)[np.searchsorted(key, mine)]
    is_same = following // count == place[add_row]
    resync_ns = np.where(is_same, time_ns[np.where(is_same, following % count, 0)], _NEVER)
    lost = int(np.count_nonzero(resync_ns < last))
    note = f"{len(told):,} RESYNC events retell levels; orders there are censored (at most {lost:,}): nobody tells on."
    return np.minimum(last, resync_ns), (note,)


def _shows_the_best_alone(quotes: Quotes, time_ns: Ints, side: Ints, price: Ints) -> bool:
    """Whether every order stood at the best price of its side after the instant it was posted."""
    row = np.searchsorted(quotes.time_ns, time_ns, side="right") - 1
    best = np.where(side > 0, quotes.bid_ticks[row], quotes.ask_ticks[row])
    return float(np.mean(side * (best - price) > 0)) < _BEHIND


def _out_of_sight_ns(quotes: Quotes, start_ns: Ints, side: Ints, price: Ints) -> Ints:
    """When the best price of its side first went beyond an order's."""
    gone = np.full(len(price), _NEVER, np.int64)
    for sign, best, lots in ((1, quotes.bid_ticks, quotes.bid_lots), (-1, quotes.ask_ticks, quotes.ask_lots)):
        mine = side == sign
        shown = lots > 0
        times = quotes.time_ns[shown]
        at = first_below(times, -sign * best[shown], start_ns[mine], -sign * price[mine])
        gone[mine] = np.where(at >= 0, times[np.maximum(at, 0)], _NEVER)
    return gone


def _ended(lives: _Lives, last_ns: Ints) -> tuple[npt.NDArray[np.int8], Ints, Ints]:
    """How and when each life ended and when it was first executed, as far as the tape told of it.

    In the very instant that ends what is known, what the tape tells of an order by its id still counts.
    """
    told = lives.end_ns <= last_ns
    end = np.where(told, lives.end, CENSORED).astype(np.int8)
    fill_ns = np.where(lives.fill_ns <= last_ns, lives.fill_ns, _NEVER)
    return end, np.where(told, lives.end_ns, last_ns), fill_ns


def _queue_before(events: Events) -> Ints:
    """Lots displayed at the side and price of each event before it."""
    kind, lots = events["kind"].astype(np.int64), events["lots"].astype(np.int64)
    rows = np.flatnonzero(((kind >= ADD) & (kind <= EXECUTE)) | (kind == RESYNC))
    place = _place(events)
    place += np.cumsum(kind == CLEAR) * (int(place.max()) + 1)  # After a CLEAR every level begins anew.
    rows = rows[np.argsort(place[rows], kind="stable")]
    place, kind, lots = place[rows], kind[rows], lots[rows]
    change = np.where(kind == ADD, lots, np.where(kind == RESYNC, 0, -lots))
    run = np.cumsum(change)
    is_new = np.concatenate(([True], place[1:] != place[:-1]))
    reset = np.maximum.accumulate(np.where(is_new | (kind == RESYNC), np.arange(len(rows)), 0))
    base = np.where(kind[reset] == RESYNC, run[reset] - lots[reset], run[reset] - change[reset])
    before = np.zeros(len(events), np.int64)
    before[rows] = np.maximum(run - base - change, 0)
    return before


def _place(events: Events) -> Ints:
    """A number for each side and price, 0 or more."""
    price = events["price_ticks"].astype(np.int64)
    return 2 * (price - int(price.min())) + (events["side"] > 0)


def _seconds(duration_ns: Ints, known: Bools) -> Floats:
    return np.where(known, duration_ns / NS_PER_SECOND, np.nan)
