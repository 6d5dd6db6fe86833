"""The matching engine in plain Python: one list of orders, searched from end to end for each trade. Slow and obvious.

Prices are Fractions where a midpoint lies between ticks. Time is a counter: an order's `place` is when it last joined
the tail of its queue."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nowake.kernels import matching_state as state
from nowake.sim.matching import REPORT

SPECIAL = state.COLUMNS[7:]
BARE = np.dtype(
    [
        ("kind", "u1"),
        ("order_id", "u8"),
        ("sequence", "u8"),
        ("price_ticks", "i8"),
        ("quantity", "i8"),
        ("side", "u1"),
        ("ioc", "u1"),
    ]
)
FULL = np.dtype([*BARE.descr, *((name, "u8" if name == "owner" else "i8") for name in SPECIAL)])


@dataclass
class Order:
    order_id: int
    side: int
    limit: int | None  # None: a market order.
    price_ticks: int
    open: int  # What is shown, of an iceberg.
    reserve: int = 0
    display: int = 0
    hidden: bool = False
    peg: bool = False
    post_only: bool = False
    fok: bool = False
    immediate: bool = False
    stop_ticks: int | None = None
    least: int = 0
    owner: int = 0
    place: int = 0
    age: int = 0

    @property
    def total(self):
        return self.open + self.reserve

    @property
    def rank(self):
        """Displayed before hidden before pegged."""
        return 2 if self.peg else int(self.hidden)


class PlainEngine:
    def __init__(self, *, self_match="cancel_newest", amend_down=False):
        self.self_match, self.amend_down = self_match, amend_down
        self.book: dict[int, Order] = {}
        self.waiting: dict[int, Order] = {}
        self.triggered: list[Order] = []
        self.last = None
        self.mid = None
        self.clock = 0
        self.reports: list[tuple] = []

    # The calls of the fast engine.

    def match(self, messages):
        self.reports = []
        for message in messages:
            fields = {name: int(message[name]) for name in message.dtype.names}
            self.handle({**dict.fromkeys(state.COLUMNS, 0), **fields})
        return np.array(self.reports, REPORT) if self.reports else np.zeros(0, REPORT)

    def __len__(self):
        return len(self.book) + len(self.waiting)

    @property
    def best_bid(self):
        return max((o.limit for o in self.shown(0)), default=None)

    @property
    def best_ask(self):
        return min((o.limit for o in self.shown(1)), default=None)

    def depth(self, side, price_ticks):
        return sum(o.open for o in self.shown(side) if o.limit == price_ticks)

    def levels(self, side, n):
        prices = sorted({o.limit for o in self.shown(side)}, reverse=side == 0)
        return [(price, self.depth(side, price)) for price in prices[:n]]

    def shown(self, side):
        return [o for o in self.book.values() if o.side == side and not o.hidden and not o.peg]

    # One message.

    def handle(self, m):
        self.sequence = m["sequence"]
        known = m["order_id"] in self.book or m["order_id"] in self.waiting
        if m["kind"] == state.NEW:
            self.new(m, known)
        elif not known:
            kind = state.CANCEL_REJECTED if m["kind"] == state.CANCEL else state.MODIFY_REJECTED
            self.say(kind, order_id=m["order_id"], reason=state.NOT_RESTING)
        elif m["kind"] == state.CANCEL:
            order = self.book.pop(m["order_id"], None) or self.waiting.pop(m["order_id"])
            self.say_gone(order)
        else:
            self.modify(m)
        self.awaken()

    def new(self, m, known):
        order = Order(
            m["order_id"],
            m["side"],
            limit=None if m["market"] else m["price_ticks"],
            price_ticks=0 if m["market"] else m["price_ticks"],
            open=m["quantity"],
            display=m["display"],
            hidden=bool(m["hidden"]),
            peg=bool(m["peg"]),
            post_only=bool(m["post_only"]),
            fok=bool(m["fok"]),
            immediate=bool(m["ioc"] or m["market"] or m["fok"]),
            stop_ticks=m["stop_ticks"] if m["stop"] else None,
            least=m["quantity"] if m["fok"] else m["min_quantity"],
            owner=m["owner"],
        )
        self.freeze_mid()
        reason = state.DUPLICATE_ID if known else state.WOULD_TRADE if order.post_only and self.maker(order) else 0
        facts = {"order_id": order.order_id, "side": order.side, "price": order.price_ticks, "quantity": order.open}
        if reason:
            self.say(state.REJECTED, reason=reason, **facts)
            return
        self.say(state.ACKNOWLEDGED, **facts)
        self.clock += 1
        order.age = self.clock
        self.wait_or_enter(order)

    def wait_or_enter(self, order):
        if order.stop_ticks is not None and not self.reached(order):
            self.waiting[order.order_id] = order
        else:
            self.enter(order)

    def enter(self, order):
        if order.stop_ticks is not None:
            order.stop_ticks = None
            facts = {"order_id": order.order_id, "side": order.side, "price": order.price_ticks}
            self.say(state.TRIGGERED, quantity=order.open, **facts)
        self.freeze_mid()
        if self.would_trade(order) < order.least:
            self.say_gone(order, state.TOO_LITTLE)
            return
        order.least = 0
        self.take(order)

    def modify(self, m):
        stands = m["order_id"] in self.book
        order = self.book[m["order_id"]] if stands else self.waiting[m["order_id"]]
        facts = {
            "order_id": order.order_id,
            "side": m["side"],
            "price": 0 if order.limit is None else m["price_ticks"],
            "quantity": m["quantity"],
        }
        same = order.side == m["side"] and (order.limit is None or order.limit == m["price_ticks"])
        if not stands and m["stop"]:
            same = same and order.stop_ticks == m["stop_ticks"]
        if self.amend_down and same and m["quantity"] <= order.total:
            self.say(state.MODIFIED, **facts)
            unseen = min(order.reserve, order.total - m["quantity"])
            order.reserve -= unseen
            order.open -= order.total - m["quantity"]
            if not stands:
                order.least = order.open if order.fok else min(order.least, order.open)
            return
        changed = copy.copy(order)
        changed.side = m["side"]
        if changed.limit is not None:
            changed.limit = changed.price_ticks = m["price_ticks"]
        changed.open, changed.reserve = m["quantity"], 0
        (self.book if stands else self.waiting).pop(order.order_id)
        self.freeze_mid()
        if order.post_only and self.maker(changed):
            self.book[order.order_id] = order  # Where it stood: queues go by `place`.
            self.say(state.MODIFY_REJECTED, order_id=order.order_id, reason=state.WOULD_TRADE)
            return
        changed.least = changed.open if changed.fok and not stands else min(changed.least, changed.open)
        if not stands and m["stop"]:
            changed.stop_ticks = m["stop_ticks"]
        self.clock += 1
        changed.age = self.clock
        self.say(state.MODIFIED, **facts)
        self.wait_or_enter(changed)

    # Taking.

    def take(self, taker):
        """Trade with one resting order after the other. A peg that takes from its place is in the book all along."""
        while taker.open and (maker := self.maker(taker)):
            own = taker.owner and taker.owner == maker.owner
            if own and self.self_match != "decrement":
                if self.self_match != "cancel_newest":
                    self.say_gone(maker, state.SELF_MATCH)
                    del self.book[maker.order_id]
                if self.self_match != "cancel_oldest":
                    self.say_gone(taker, state.SELF_MATCH)
                    self.book.pop(taker.order_id, None)
                    return
                continue
            self.meet(taker, maker, own=own)
        if not taker.open:
            self.book.pop(taker.order_id, None)
        elif taker.immediate:
            self.say_gone(taker, state.IMMEDIATE)
        elif taker.order_id not in self.book:
            if 0 < taker.display < taker.open:
                taker.open, taker.reserve = taker.display, taker.open - taker.display
            self.join(taker)

    def meet(self, taker, maker, *, own):
        quantity = min(taker.open, maker.open)
        price = self.price(maker)
        self.say(
            state.PREVENTED if own else state.TRADE,
            order_id=taker.order_id,
            side=taker.side,
            price=price,
            quantity=quantity,
            maker=maker.order_id,
            taker=taker.order_id,
        )
        if not own:
            self.last = price
            self.line_up()
        taker.open -= quantity
        maker.open -= quantity
        if not maker.open:
            self.exhaust(maker)

    def exhaust(self, maker):
        del self.book[maker.order_id]
        if not maker.reserve:
            return
        maker.open = min(maker.display, maker.reserve)
        maker.reserve -= maker.open
        self.join(maker)
        facts = {"order_id": maker.order_id, "side": maker.side, "price": maker.limit, "quantity": maker.open}
        self.say(state.REPLENISHED, **facts)

    def join(self, order):
        self.clock += 1
        order.place = self.clock
        self.book[order.order_id] = order

    def maker(self, taker):
        """The best resting order within the taker's limit: by price, displayed before hidden before pegged, time."""
        if taker.peg and not self.awake(taker):
            return None
        inside = [o for o in self.book.values() if o.side != taker.side and self.within(taker, o)]
        sign = 1 if taker.side == state.BUY else -1
        return min(inside, key=lambda o: (sign * self.price(o), o.rank, o.place), default=None)

    def within(self, taker, maker):
        if maker.peg and not self.awake(maker):
            return False
        price, sign = self.price(maker), 1 if taker.side == state.BUY else -1
        if taker.peg and sign * price > sign * self.mid:
            return False
        return taker.limit is None or sign * price <= sign * taker.limit

    def price(self, order):
        return self.mid if order.peg else order.limit

    def awake(self, peg):
        if self.mid is None:
            return False
        return peg.limit >= self.mid if peg.side == state.BUY else peg.limit <= self.mid

    def freeze_mid(self):
        bid, ask = self.best_bid, self.best_ask
        self.mid = None if bid is None or ask is None else Fraction(bid + ask, 2)

    def would_trade(self, order):
        """Try it on a copy; the first of one's own orders ends it, unless the venue cancels those."""
        if not order.least:
            return 0
        world, taker = PlainEngine(), copy.copy(order)
        world.mid, world.sequence = self.mid, 0
        world.book = {order_id: copy.copy(each) for order_id, each in self.book.items()}
        world.clock = self.clock
        while taker.open and (maker := world.maker(taker)):
            if taker.owner and taker.owner == maker.owner:
                if self.self_match != "cancel_oldest":
                    break
                del world.book[maker.order_id]
            else:
                world.meet(taker, maker, own=False)
        return order.open - taker.open

    # What happens without a message.

    def awaken(self):
        while True:
            self.freeze_mid()
            peg = self.crossing_peg()
            if peg:
                self.take(peg)
            elif self.triggered:
                self.enter(self.triggered.pop(0))
            else:
                return

    def crossing_peg(self):
        awake = [
            min((o for o in self.book.values() if o.peg and o.side == side and self.awake(o)), key=place, default=None)
            for side in (0, 1)
        ]
        for peg in awake:
            maker = peg and self.maker(peg)
            if maker and not maker.peg:
                return peg
        return max(awake, key=lambda o: o.age) if all(awake) else None

    def reached(self, order):
        if self.last is None:
            return False
        return order.stop_ticks <= self.last if order.side == state.BUY else order.stop_ticks >= self.last

    def line_up(self):
        for side, sign in ((0, 1), (1, -1)):
            ready = [o for o in self.waiting.values() if o.side == side and self.reached(o)]
            for order in sorted(ready, key=lambda o, sign=sign: (sign * o.stop_ticks, o.age)):
                del self.waiting[order.order_id]
                self.triggered.append(order)

    # Reports.

    def say_gone(self, order, reason=0):
        facts = {"order_id": order.order_id, "side": order.side, "price": order.price_ticks}
        self.say(state.CANCELLED, reason=reason, quantity=order.total, **facts)

    def say(self, kind, *, order_id, side=0, reason=0, price=0, quantity=0, maker=0, taker=0):
        ticks = price // 1
        half = int(price != ticks)
        self.reports.append((kind, side, reason, half, self.sequence, order_id, ticks, quantity, maker, taker))


def place(order):
    return order.place


# Messages as text.

FLAGS = ("ioc", "market", "fok", "post_only", "hidden", "peg", "stop")
NUMBERS = ("display", "min_quantity", "stop_ticks", "owner")
SHORT = {"min": "min_quantity", "post": "post_only"}


def messages(*lines, dtype=None):
    """Records of lines such as "buy 1 10@100 ioc", "sell 2 5@market", "sell 3 9@101 display=2 owner=7",
    "buy 4 1@103 stop=102", "cancel 1", "modify buy 1 8@99"; numbered from 0 in `sequence`."""
    rows = [_parse(line) for line in lines]
    special = any(name in row for row in rows for name in SPECIAL)
    records = np.zeros(len(rows), dtype or (FULL if special else BARE))
    for number, row in enumerate(rows):
        records["sequence"][number] = number
        for name, value in row.items():
            records[name][number] = value
    return records


def _parse(line):
    words = line.split()
    if words[0] == "cancel":
        return {"kind": state.CANCEL, "order_id": int(words[1])}
    row = {"kind": state.NEW}
    if words[0] == "modify":
        row = {"kind": state.MODIFY}
        words = words[1:]
    quantity, _, price = words[2].partition("@")
    row |= {"side": int(words[0] == "sell"), "order_id": int(words[1]), "quantity": int(quantity)}
    row |= {"market": 1} if price == "market" else {"price_ticks": int(price)}
    for word in words[3:]:
        name, _, value = word.partition("=")
        name = SHORT.get(name, name)
        if name == "stop":
            row |= {"stop": 1, "stop_ticks": int(value)}
        else:
            row[name] = int(value) if value else 1
    return row
