"""ITCH 5.0 the slow way: an encoder written from the specification's tables, and what each message means, in dicts.

A message is a tuple whose first member is its letter; the fields follow in the order of the specification, without
the tracking number: ("A", locate, ns, ref, "B", 100, "AAPL", 5853300)."""

from __future__ import annotations

import struct

from nowake.kernels.layout import ADD, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME

# Letter -> struct codes after locate, tracking number and time; "8s" and "s" are text.
FORMATS = {
    "S": "c",
    "R": "8scc I c c 2s c c c c c I c",
    "H": "8scc4s",
    "Y": "8sc",
    "L": "4s8sccc",
    "V": "QQQ",
    "W": "c",
    "K": "8sIcI",
    "J": "8sIIII",
    "h": "8scc",
    "A": "QcI8sI",
    "F": "QcI8sI4s",
    "E": "QIQ",
    "C": "QIQcI",
    "X": "QI",
    "D": "Q",
    "U": "QQII",
    "P": "QcI8sIQ",
    "Q": "Q8sIQc",
    "B": "Q",
    "I": "QQc8sIIIcc",
    "N": "8sc",
    "O": "8scIIIQII",
}


def directory(locate, name, ns=0):
    """A stock directory message that says nothing but the name."""
    return ("R", locate, ns, name, "Q", "N", 100, "N", "C", "Z ", "P", "N", "N", "1", "N", 0, "N")


def encode(message):
    """The bytes of a message, its length before it."""
    letter, locate, ns, *fields = message
    codes = ">" + FORMATS.get(letter, "")
    packed = struct.pack(codes, *(_text(field) if isinstance(field, str) else field for field in fields))
    body = letter.encode() + struct.pack(">HH", locate, 0) + ns.to_bytes(6, "big") + packed
    return struct.pack(">H", len(body)) + body


def encode_all(messages):
    return b"".join(map(encode, messages))


def _text(field):
    return field.ljust(8 if len(field) > 2 else len(field)).encode()


class Book:
    """What messages mean: events as (time_ns, order_id, lots, price, kind, side), one list for each locate."""

    def __init__(self, midnight_ns=0, names_side=False):
        self.midnight_ns, self.names_side = midnight_ns, names_side
        self.orders = {}  # (locate, ref) -> [side, price, shares]
        self.events = {}
        self.stops = {}
        self.counts = {}

    def read(self, messages):
        latest = {}
        for k, (letter, locate, told_ns, *fields) in enumerate(messages):
            if letter in "RS":
                continue
            ns, before = told_ns, latest.get(locate, -(10**18))
            following = [other[2] for other in messages[k + 1 : k + 16]]
            earlier = [other for other in following if other < ns - 10**9]
            if ns > before + 10**9 and 2 * len(earlier) > len(following):
                self.count(locate, "unreadable")
                ns = max(before, earlier[0])
            elif ns < before:
                self.count(locate, "clock_reversals")
                ns = before
            latest[locate] = ns
            self.now, self.locate = self.midnight_ns + ns, locate
            handler = getattr(self, f"on_{letter}" if letter != "h" else "on_operational", None)
            if handler:
                handler(*fields)
            elif letter not in FORMATS:
                self.count(locate, "left_out")
        return self.events

    def count(self, locate, name):
        counts = self.counts.setdefault(locate, {})
        counts[name] = counts.get(name, 0) + 1

    def tell(self, ref, lots, price, kind, side):
        self.events.setdefault(self.locate, []).append((self.now, ref, lots, price, kind, side))

    def on_A(self, ref, side, shares, _name, price, *_mpid):  # noqa: N802
        self.enter(ref, 1 if side == "B" else -1, shares, price)

    on_F = on_A  # noqa: N815

    def enter(self, ref, side, shares, price):
        old = self.orders.pop((self.locate, ref), None)
        if old:
            self.count(self.locate, "reused_ids")
            self.tell(ref, old[2], old[1], DELETE, old[0])
        if shares == 0:
            self.count(self.locate, "unreadable")
            return
        self.orders[self.locate, ref] = [side, price, shares]
        self.tell(ref, shares, price, ADD, side)

    def take(self, ref, shares):
        """Side, price, shares taken and whether the order is gone; None where there is no such order."""
        order = self.orders.get((self.locate, ref))
        if order is None:
            self.count(self.locate, "unknown_orders")
            return None
        if shares == 0:
            self.count(self.locate, "unreadable")
            return None
        if shares > order[2]:
            self.count(self.locate, "overdrawn_orders")
        taken = min(shares, order[2])
        order[2] -= taken
        if order[2] == 0:
            del self.orders[self.locate, ref]
        return order[0], order[1], taken, order[2] == 0

    def on_E(self, ref, shares, _match):  # noqa: N802
        if met := self.take(ref, shares):
            self.tell(ref, met[2], met[1], EXECUTE, met[0])

    def on_C(self, ref, shares, _match, printable, price):  # noqa: N802
        if met := self.take(ref, shares):
            side, own_price, taken, gone = met
            if printable != "N" and price == own_price:
                self.tell(ref, taken, own_price, EXECUTE, side)
                return
            self.tell(ref, taken, own_price, DELETE if gone else REDUCE, side)
            if printable != "N":
                self.tell(ref, taken, price, PRINT_HIDDEN, side)
            else:
                self.count(self.locate, "without_print")

    def on_X(self, ref, shares):  # noqa: N802
        if met := self.take(ref, shares):
            self.tell(ref, met[2], met[1], DELETE if met[3] else REDUCE, met[0])

    def on_D(self, ref):  # noqa: N802
        if (
            met := self.take(ref, 1 << 40)
            if (self.locate, ref) not in self.orders
            else self.take(ref, self.orders[self.locate, ref][2])
        ):
            self.tell(ref, met[2], met[1], DELETE, met[0])

    def on_U(self, old, new, shares, price):  # noqa: N802
        side = self.orders.get((self.locate, old), [0])[0]
        self.on_D(old)
        if side:
            self.enter(new, side, shares, price)

    def on_P(self, _ref, side, shares, _name, price, _match):  # noqa: N802
        if shares == 0 or price == 0:
            self.count(self.locate, "unreadable")
            return
        self.tell(0, shares, price, PRINT_HIDDEN, -1 if side == "S" else int(self.names_side))

    def on_Q(self, shares, _name, price, _match, _type):  # noqa: N802
        if shares and price == 0:
            self.count(self.locate, "unreadable")
        elif shares:
            self.tell(0, shares, price, PRINT_CROSS, 0)

    def on_B(self, _match):  # noqa: N802
        self.count(self.locate, "broken_prints")

    def on_H(self, _name, state, _reserved, _reason):  # noqa: N802
        self.stop("trading action", state != "T")

    def on_operational(self, _name, market, action):
        if market == "Q":
            self.stop("operational", action != "T")

    def stop(self, why, stops):
        reasons = self.stops.setdefault(self.locate, set())
        before = bool(reasons)
        (reasons.add if stops else reasons.discard)(why)
        if bool(reasons) != before:
            self.tell(0, 0, 0, HALT if reasons else RESUME, 0)
