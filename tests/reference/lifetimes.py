"""The slow, obvious twin of `nowake.models.fills`: one pass with dictionaries for lives on a tape, loops for probes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, REDUCE, RESUME, RESYNC, SNAPSHOT
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED

Event = tuple[int, int, int, int, int, int, int]  # The fields of EVENT, in order.
Quote = tuple[int, int, int, int, int]  # time_ns, bid ticks, bid lots, ask ticks, ask lots.
Life = tuple[int, int, int, int, int, int, int | None, int, int]
# start_ns, side, distance_ticks, queue_lots, lots, spread_ticks, first fill's wait_ns, end's wait_ns, end.


def lives(events: Sequence[Event], quotes: Sequence[Quote], open_ns: int, close_ns: int) -> list[Life]:  # noqa: PLR0912
    """The lives of the orders of a feed of all levels."""
    shown: dict[tuple[int, int], int] = {}
    alive: dict[int, dict[str, int | None]] = {}
    found: list[dict[str, int | None]] = []
    halted = False
    last_ns = min(max(events[-1][0], quotes[-1][0]), close_ns)

    def is_known(order: dict[str, int | None], time_ns: int) -> bool:
        """Whether the tape still tells of an order; in the very instant it is lost from sight, it does."""
        return order["end"] is None or (order["end"] == CENSORED and order["end_ns"] == time_ns <= last_ns)

    def end(order: dict[str, int | None], time_ns: int, how: int) -> None:
        if is_known(order, time_ns):
            late = time_ns > last_ns
            order["end_ns"], order["end"] = (last_ns, CENSORED) if late else (time_ns, how)

    for time_ns, order_id, lots, price, kind, side, flags in events:
        place = (side, price)
        if kind == ADD:
            order: dict[str, int | None] = {
                "start": time_ns, "side": side, "price": price, "lots": lots,
                "queue": shown.get(place, 0), "left": lots,
                "fill_ns": None, "end": None, "end_ns": None,
                "usable": int(not flags & SNAPSHOT and open_ns <= time_ns < close_ns and not halted),
            }  # fmt: skip
            shown[place] = shown.get(place, 0) + lots
            if order_id:
                alive[order_id] = order
                found.append(order)
        elif kind in {REDUCE, EXECUTE, DELETE}:
            shown[place] = shown.get(place, 0) - lots
            mine = alive.get(order_id)
            if mine is not None:
                assert isinstance(mine["left"], int)
                mine["left"] -= lots
                if kind == EXECUTE and is_known(mine, time_ns) and mine["fill_ns"] is None and time_ns <= last_ns:
                    mine["fill_ns"] = time_ns
                if kind == DELETE or mine["left"] <= 0:
                    end(mine, time_ns, FILLED if kind == EXECUTE else CANCELLED)
                    del alive[order_id]
        elif kind == RESYNC:
            for other in found:
                if (other["side"], other["price"]) == place:
                    end(other, time_ns, CENSORED)
            shown[place] = lots
        elif kind in {HALT, CLEAR}:
            for other in found:
                end(other, time_ns, CENSORED)
            halted = kind == HALT or halted
            shown = {} if kind == CLEAR else shown
        elif kind == RESUME:
            halted = False
    return [life for order in found if (life := _life(order, quotes, last_ns)) is not None]


def _life(order: dict[str, int | None], quotes: Sequence[Quote], last_ns: int) -> Life | None:
    start, side, price = order["start"], order["side"], order["price"]
    assert start is not None
    assert side is not None
    assert price is not None
    before = [quote for quote in quotes if quote[0] < start]
    if not order["usable"] or not before:
        return None
    _, bid, bid_lots, ask, ask_lots = before[-1]
    if not bid_lots or not ask_lots or bid >= ask:
        return None
    own, other = (bid, ask) if side > 0 else (ask, bid)
    if side * price >= side * other:
        return None
    end_ns = last_ns if order["end"] is None else order["end_ns"]
    assert end_ns is not None
    fill = None if order["fill_ns"] is None else order["fill_ns"] - start
    queue, lots = order["queue"], order["lots"]
    assert queue is not None
    assert lots is not None
    return (start, side, side * (own - price), queue, lots, ask - bid, fill, end_ns - start, order["end"] or CENSORED)


def probe_waits(
    quotes: Sequence[Quote],
    prints: Sequence[tuple[int, int, int, int]],
    *,
    start_ns: int,
    side: int,
    price: int,
    queue: float,
) -> tuple[float, float]:
    """Nanoseconds until an imagined lot is filled, first and last in its queue.

    Prints are time, ticks, lots and aggressor.
    """
    first = last = math.inf
    traded = 0
    for time_ns, ticks, lots, aggressor in prints:
        if time_ns <= start_ns or aggressor == side:
            continue
        if side * ticks <= side * price:
            first = min(first, time_ns - start_ns)
        if side * ticks < side * price:
            last = min(last, time_ns - start_ns)
        traded += lots if ticks == price else 0
        if traded >= queue + 1:
            last = min(last, time_ns - start_ns)
    for time_ns, bid, bid_lots, ask, ask_lots in quotes:
        other, shown = (ask, ask_lots) if side > 0 else (bid, bid_lots)
        if time_ns > start_ns and shown and side * other <= side * price:
            first, last = min(first, time_ns - start_ns), min(last, time_ns - start_ns)
    return first, last
