"""Lives of orders that were never there: small orders imagined on a grid of times, filled by what the tape traded.

For days of quotes and trades, which do not say whose order was whose. The truth lies between two answers:

- *optimistic*: first in its queue. Filled by the first print at its price or through it, or when the other side quotes
  its price.
- *pessimistic*: last in its queue, and nobody before it ever cancels. Filled by the first print THROUGH its price, when
  the other side quotes its price, or, where it joined the touch, once the prints at its price make up the lots that
  were displayed there and its own. Behind the touch the quotes do not say how much queues: only trading through counts.

Every order is followed for the same time, so nothing is censored on the way. Wrong wherever real orders are to be had:
imagined ones are poor proxies of them (Lo, MacKinlay and Zhang 2002, "Econometric models of limit-order executions").
Ignores their own effect on the market, and on consolidated quotes that venues differ: a price may trade on one while
the order waits on another."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.models.fills.crossings import first_at_or_below
from nowake.models.fills.lifetimes import CENSORED, FILLED, Lifetimes, columns
from nowake.models.fills.market_seen import Seen, market_seen

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEVER = np.iinfo(np.int64).max
_MOST = 2_000_000  # Orders; more take gigabytes.


@dataclasses.dataclass(frozen=True, slots=True)
class Bracket:
    """The same imagined orders, first and last in their queues: the truth lies between."""

    optimistic: Lifetimes
    pessimistic: Lifetimes


def probed_lifetimes(
    quotes: Quotes,
    trades: Trades,
    session: Session,
    *,
    every_s: float = 10.0,
    follow_s: float = 300.0,
    distances: Sequence[int] = (0, 1, 2, 3, 4),
    lots: int = 1,
) -> Bracket:
    """Post an order on each side at each distance behind the touch, every so often, and follow it.

    Parameters
    ----------
    quotes, trades
        Of one day. Auction prints fill nobody; a print by a known buyer fills no bid.
    session
        Orders are posted within it, and followed to the end within it.
    every_s, follow_s
        Seconds between postings, and for how long each order is followed.
    distances
        Ticks behind the touch, 0 or more, increasing.
    lots
        Size of each order.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    BadData
        When the data hold no two-sided market for so long, or no prints.
    """
    _check(every_s=every_s, follow_s=follow_s, distances=distances, lots=lots)
    times = _grid(quotes, trades, session, every_ns=round(every_s * NS_PER_SECOND), follow_s=follow_s)
    if len(times) * 2 * len(distances) > _MOST:
        raise BadParameter(f"{len(times) * 2 * len(distances):,} orders are more than {_MOST:,}; take a longer every_s")
    parts = [_side(quotes, trades, times, side=side, distances=distances, lots=lots) for side in (1, -1)]
    follow_ns = round(follow_s * NS_PER_SECOND)
    left_out = sum(part.unknown for part in parts)
    return Bracket(
        *(
            _lifetimes(parts, [ends[which] for ends in ((p.first_ns, p.last_ns) for p in parts)], follow_ns, left_out)
            for which in (0, 1)
        )
    )


class _Part(NamedTuple):
    """Imagined orders of one side, in time order, and when each was filled if first and if last in its queue."""

    start_ns: Ints
    side: Ints
    distance_ticks: Ints
    queue_lots: Floats
    lots: Floats
    seen: Seen
    first_ns: Ints
    last_ns: Ints
    unknown: int  # Not posted for want of a two-sided market.


def _side(quotes: Quotes, trades: Trades, times: Ints, *, side: int, distances: Sequence[int], lots: int) -> _Part:
    start = np.repeat(times, len(distances))
    distance = np.tile(np.asarray(distances, np.int64), len(times))
    sides = np.full(len(start), side, np.int64)
    seen = market_seen(quotes, start, sides)
    keep = seen.known
    unknown = int(np.count_nonzero(~keep))
    start, distance, sides = start[keep], distance[keep], sides[keep]
    seen = Seen(*(getattr(seen, field.name)[keep] for field in dataclasses.fields(seen)))
    price = seen.own_ticks - side * distance
    queue = np.where(distance == 0, seen.own_lots.astype(np.float64), np.nan)
    takes = ~trades.auction & (trades.aggressor != side)
    print_ns, print_ticks = trades.time_ns[takes], side * trades.price_ticks[takes]
    shown = (quotes.ask_lots if side > 0 else quotes.bid_lots) > 0
    other_ns = quotes.time_ns[shown]
    other_ticks = side * (quotes.ask_ticks if side > 0 else quotes.bid_ticks)[shown]
    met = _when(other_ns, first_at_or_below(other_ns, other_ticks, start, side * price))
    at = _when(print_ns, first_at_or_below(print_ns, print_ticks, start, side * price))
    through = _when(print_ns, first_at_or_below(print_ns, print_ticks, start, side * price - 1))
    worked = _queue_done(
        print_ns, print_ticks, trades.lots[takes], start_ns=start, level=side * price, wanted=queue + lots
    )
    first, last = np.minimum(at, met), np.minimum(np.minimum(through, met), _when(print_ns, worked))
    size = np.full(len(start), float(lots))
    return _Part(start, sides, distance, queue, size, seen, first, last, unknown)


def _queue_done(time_ns: Ints, ticks: Ints, lots: Ints, *, start_ns: Ints, level: Ints, wanted: Floats) -> Ints:
    """Row of the print after which the prints at each level since its start make up the lots wanted; -1 for none."""
    found = np.full(len(level), -1, np.int64)
    if not len(time_ns):
        return found
    order = np.lexsort((np.arange(len(ticks)), ticks))
    done = np.cumsum(lots[order])
    prices, rank = np.unique(ticks, return_inverse=True)
    key = rank[order] * len(ticks) + order  # Increases along `order`.
    place = np.minimum(np.searchsorted(prices, level), len(prices) - 1)
    traded = (prices[place] == level) & np.isfinite(wanted)
    begin = np.searchsorted(key, place * len(ticks) + np.searchsorted(time_ns, start_ns, side="right"))
    before = np.concatenate(([0], done))[begin]
    at = np.searchsorted(done, before + np.nan_to_num(wanted), side="left")
    inside = traded & (at < len(order))
    inside[inside] = ticks[order[at[inside]]] == level[inside]
    found[inside] = order[at[inside]]
    return found


def _lifetimes(parts: list[_Part], filled_ns: list[Ints], follow_ns: int, unknown: int) -> Lifetimes:
    def joined(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name, None) if name in _Part._fields else getattr(part.seen, name)
                               for part in parts])  # fmt: skip

    start = np.concatenate([part.start_ns for part in parts])
    fill = np.concatenate(filled_ns)
    wait_ns = np.where(fill == _NEVER, follow_ns + 1, fill - start)
    is_filled = wait_ns <= follow_ns
    wait_s = np.minimum(wait_ns, follow_ns) / NS_PER_SECOND
    table = {name: joined(name) for name in columns() if name not in {"first_fill_s", "end_s", "end"}}
    table["first_fill_s"] = np.where(is_filled, wait_s, np.nan)
    table["end_s"] = wait_s
    table["end"] = np.where(is_filled, FILLED, CENSORED).astype(np.int8)
    order = np.argsort(start, kind="stable")
    return Lifetimes(
        **{name: column[order] for name, column in table.items()},  # type: ignore[arg-type]
        left_out={"without a two-sided market": unknown} if unknown else {},
        notes=("The orders were imagined: nobody saw them, and their place in the queue is assumed.",),
    )


def _grid(quotes: Quotes, trades: Trades, session: Session, *, every_ns: int, follow_s: float) -> Ints:
    """When orders are posted: from the first quote in the session until none could be followed to its end."""
    if not len(quotes) or not np.any(~trades.auction):
        raise BadData(f"{len(quotes):,} quotes and {len(trades):,} prints fill nobody; both are needed")
    first = max(session.open_ns, int(quotes.time_ns[0]) + 1)
    last = min(session.close_ns, max(int(quotes.time_ns[-1]), int(trades.time_ns[-1])))
    last -= round(follow_s * NS_PER_SECOND)
    if last < first:
        raise BadData(f"the data are shorter than the {follow_s:g} s that orders are followed; take a shorter follow_s")
    return np.arange(first, last + 1, every_ns, dtype=np.int64)


def _when(time_ns: Ints, row: Ints) -> Ints:
    """The time of each row, never where it is -1."""
    return np.where(row < 0, _NEVER, np.append(time_ns, _NEVER)[row])


def _check(*, every_s: float, follow_s: float, distances: Sequence[int], lots: int) -> None:
    for name, value in (("every_s", every_s), ("follow_s", follow_s)):
        if not 0 < value < math.inf:
            raise BadParameter(f"{name} {value} must be above 0 and finite")
    if not len(distances) or np.any(np.diff([-1, *distances]) <= 0) or lots < 1:
        raise BadParameter(f"distances {tuple(distances)} must be 0 or more and increase, and lots {lots} 1 or more")
