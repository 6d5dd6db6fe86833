"""The slow, obvious twin of `nowake.kernels.orderflow`: a dictionary of queues and a list of live orders."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nowake.kernels import orderflow as kernel
from nowake.kernels.layout import ADD, DELETE, EXECUTE, REDUCE

Event = tuple[int, int, int, int, int, int, int]  # The fields of EVENT, in order.
Touch = tuple[int, int, int, int]


class Book:
    """Queues by price; `live` keeps the order in which a random place picks, as the kernel keeps it."""

    def __init__(self, width: int) -> None:
        self.queues: dict[int, list[dict[str, int]]] = {}
        self.live: list[dict[str, int]] = []
        self.empty = {1: -1, -1: width}

    def of(self, side: int) -> list[dict[str, int]]:
        return [order for order in self.live if order["side"] == side]

    def best(self, side: int) -> int:
        return max((order["price"] for order in self.of(side)), key=lambda p: side * p, default=self.empty[side])

    def join(self, order: dict[str, int]) -> None:
        self.queues.setdefault(order["price"], []).append(order)
        self.live.append(order)

    def shrink(self, order: dict[str, int], lots: int) -> None:
        order["lots"] -= lots
        if order["lots"] == 0:
            self.queues[order["price"]].remove(order)
            place = next(i for i, other in enumerate(self.live) if other is order)
            self.live[place] = self.live[-1]
            self.live.pop()

    def touch(self) -> Touch:
        bid, ask = (self.shown(side) for side in (1, -1))
        return (*bid, *ask)

    def shown(self, side: int) -> tuple[int, int]:
        orders = self.of(side)
        best = self.best(side)
        return (best, sum(o["lots"] for o in orders if o["price"] == best)) if orders else (0, 0)


def order_flow(  # noqa: PLR0912, PLR0917 (the kernel's own shape and arguments)
    width: int,
    opening: int,
    crowd: int,
    time_ns: Sequence[int],
    fair: Sequence[float],
    draws: Sequence[Sequence[float]],
    lots: Sequence[int],
    offsets: Sequence[int],
) -> list[tuple[Event, Touch]]:
    """(event, touch after it) in order, as the kernel writes them into its two arrays."""
    book, out, next_id = Book(width), [], 1

    def tell(i: int, kind: int, order: dict[str, int], size: int) -> None:
        out.append(((time_ns[i], order["id"], size, order["price"], kind, order["side"], 0), book.touch()))

    for i, (what, which_side, which) in enumerate(draws):
        bid, ask = book.best(1), book.best(-1)
        ahead, behind = fair[i] > ask, fair[i] < bid
        market = kernel.CHASING_SHARE if ahead or behind else kernel.MARKET_SHARE
        cancel = market + (1.0 - market) * len(book.live) / (len(book.live) + crowd)
        add_side = 0
        if i < opening:
            add_side = 1 if i % 2 == 0 else -1
        elif what < market:
            lean = 0.5 + kernel.LEAN * (fair[i] - 0.5 * (bid + ask))
            side = -1 if which_side < min(max(lean, 0.05), 0.95) else 1
            if len(book.of(side)) <= kernel.FEWEST:
                add_side = side
            else:
                left, queue = lots[i], book.queues[book.best(side)]
                while left > 0 and queue:
                    order = queue[0]
                    taken = min(left, order["lots"])
                    if taken == order["lots"] and len(book.of(side)) == 1:
                        break
                    left -= taken
                    book.shrink(order, taken)
                    tell(i, EXECUTE, order, taken)
        elif what < cancel:
            order = book.live[int(which * len(book.live))]
            if (ahead or behind) and which_side < kernel.STALE_SHARE:
                order = book.queues[ask if ahead else bid][-1]
            if len(book.of(order["side"])) <= kernel.FEWEST:
                add_side = order["side"]
            else:
                gone, kind = order["lots"], DELETE
                if which_side >= 1.0 - kernel.PARTIAL_SHARE and gone > 1:
                    gone, kind = gone // 2, REDUCE
                book.shrink(order, gone)
                tell(i, kind, order, gone)
        else:
            tilt = 0.25 * (len(book.of(-1)) - len(book.of(1))) / max(len(book.live), 1)
            add_side = 1 if which_side < 0.5 + tilt else -1
        if add_side:
            if add_side == 1:
                price = min(math.floor(fair[i] - kernel.HALF_SPREAD) - offsets[i], ask - 1)
            else:
                price = max(math.ceil(fair[i] + kernel.HALF_SPREAD) + offsets[i], bid + 1)
            order = {"id": next_id, "side": add_side, "price": price, "lots": lots[i]}
            book.join(order)
            tell(i, ADD, order, lots[i])
            next_id += 1
    return out
