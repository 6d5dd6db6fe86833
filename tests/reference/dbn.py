"""DBN the slow way: an encoder from the documented layout, and what market-by-order records mean, in dicts."""

from __future__ import annotations

import dataclasses
import struct

from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, PRINT_CROSS, PRINT_HIDDEN, REDUCE, SNAPSHOT

UNDEFINED = 2**63 - 1
LAST, PICTURE, BAD_RECEIPT, GAP = 128, 32, 8, 4
RECEIPT = 100
SCHEMAS = {"mbo": 0, "mbp-1": 1, "mbp-10": 2, "trades": 4}


@dataclasses.dataclass
class Mbo:
    action: str
    side: str = "N"
    order_id: int = 0
    price: int = 100 * 10**9
    size: int = 1
    ts: int = 0
    flags: int = LAST
    instrument_id: int = 7
    publisher_id: int = 1
    recv: int | None = None

    @property
    def ts_recv(self):
        return self.ts + 5 if self.recv is None else self.recv


def header(
    *,
    version=3,
    dataset="GLBX.MDP3",
    schema="mbo",
    start=0,
    end=2**64 - 1,
    symbols=("ESH4",),
    mappings=(("ESH4", ((20231224, 20231227, "7"),)),),
    stypes=(1, 0),
):
    width = 22 if version == 1 else 71

    def cstr(text):
        return text.encode().ljust(width, b"\0")

    fixed = struct.pack("<16sHQQQ", dataset.encode(), SCHEMAS.get(schema, 99), start, end, 0)
    if version == 1:
        fixed += struct.pack("<QBBB", 2**64 - 1, *stypes, 0)
    else:
        fixed += struct.pack("<BBBH", *stypes, 0, width)
    body = fixed.ljust(100, b"\0") + struct.pack("<I", 0)
    for listed in (symbols, (), ()):
        body += struct.pack("<I", len(listed)) + b"".join(map(cstr, listed))
    body += struct.pack("<I", len(mappings))
    for name, spans in mappings:
        body += cstr(name) + struct.pack("<I", len(spans))
        for first, after, number in spans:
            body += struct.pack("<II", first, after) + cstr(number)
    body += bytes(-len(body) % 8)
    return b"DBN" + bytes([version]) + struct.pack("<I", len(body)) + body


def encode(record, *, more=b""):
    """An MBO record; `more` stands behind its fields, as a time of sending does."""
    body = struct.pack(
        "<BHIqQqIBBccqiI",
        160,
        record.publisher_id,
        record.instrument_id,
        record.ts,
        record.order_id,
        record.price,
        record.size,
        record.flags,
        0,
        record.action.encode(),
        record.side.encode(),
        record.ts_recv,
        0,
        0,
    )
    return bytes([(1 + len(body) + len(more)) // 4]) + body + more


def encode_quote(*, ts, bid, ask, bid_size=1, ask_size=1, trade=None, instrument_id=7, schema="mbp-1"):
    """An MBP-1 or trades record; `trade` is (price, size, side)."""
    price, size, side = trade or (bid, bid_size, "B")
    body = struct.pack(
        "<BHIqqIccBBqiI",
        schema == "mbp-1",
        1,
        instrument_id,
        ts,
        price,
        size,
        b"T" if trade else b"A",
        side.encode(),
        LAST,
        0,
        ts + 9,
        0,
        0,
    )
    if schema == "mbp-1":
        body += struct.pack("<qqIIII", bid, ask, bid_size, ask_size, 1, 1)
    return bytes([(1 + len(body)) // 4]) + body


class Orders:
    """What records mean: (time_ns, order_id, lots, price, kind, side, flags), one list for each instrument."""

    def __init__(self, far_ns=10**9):
        self.far_ns, self.latest_stamp = far_ns, None
        self.orders = {}  # instrument -> {id: [side, price, lots, executed]}
        self.told, self.counts, self.latest = {}, {}, {}
        self.pictured, self.lost = {}, {}
        self.trade = None

    def read(self, records):
        for record in records:
            self.on(record)
        return self.told

    def count(self, name):
        counts = self.counts.setdefault(self.who, {})
        counts[name] = counts.get(name, 0) + 1

    def tell(self, order_id, lots, price, kind, side, *, flags=0, now=None, who=None):
        row = (self.now if now is None else now, order_id, lots, price, kind, side, flags)
        self.told.setdefault(self.who if who is None else who, []).append(row)

    def on(self, r):
        self.who = r.instrument_id
        picture = bool(r.flags & PICTURE)
        received = r.ts_recv if r.ts_recv > 0 else r.ts
        is_stray = r.ts > received + self.far_ns
        if not is_stray and r.ts > 0:
            self.latest_stamp = max(self.latest_stamp or 0, r.ts)
        now = r.ts_recv if picture or r.ts < 0 else r.ts
        if is_stray:
            self.count("unreadable")
            now = max(now if picture else self.latest_stamp or received, self.latest.get(self.who, 0))
        elif now < self.latest.get(self.who, now):
            self.count("clock_reversals")
        self.now = self.latest[self.who] = max(now, self.latest.get(self.who, now))
        if r.flags & GAP and not self.lost.get(self.who):
            self.count("sequence_gaps")
        self.lost[self.who] = bool(r.flags & GAP)
        if self.trade and (r.action != "F" or self.who != self.trade["who"]):
            self.end_trade()
        book = self.orders.setdefault(self.who, {})
        if r.action == "R" or (picture and not self.pictured.get(self.who)):
            if book:
                self.tell(0, 0, 0, CLEAR, 0)
            book.clear()
        self.pictured[self.who] = picture and not r.flags & LAST
        self.act(book, r, {"B": 1, "A": -1}.get(r.side, 0))
        if r.flags & LAST and not picture and not r.flags & BAD_RECEIPT and r.ts >= 0 and not is_stray:
            self.tell(0, r.ts_recv, 0, RECEIPT, 0)

    def act(self, book, r, side):
        if r.action == "R":
            pass
        elif r.price == UNDEFINED and r.action != "C":
            self.count("unreadable")
        elif r.action == "A":
            self.add(book, r, side, SNAPSHOT if r.flags & PICTURE else 0)
        elif r.action == "C":
            self.cancel(book, r)
        elif r.action == "M":
            self.amend(book, r, side)
        elif r.action == "T":
            self.trade = {
                "who": self.who,
                "left": r.size,
                "side": side,
                "price": r.price,
                "id": r.order_id,
                "now": self.now,
            }
        elif r.action == "F":
            self.fill(book, r, side)
        elif r.action != "N":
            self.count("unreadable")

    def add(self, book, r, side, flags=0):
        old = book.pop(r.order_id, None)
        if old:
            self.count("reused_ids")
            if old[2]:
                self.tell(r.order_id, old[2], old[1], DELETE, old[0])
        if not side or not r.size:
            self.count("unreadable")
            return
        book[r.order_id] = [side, r.price, r.size, 0]
        self.tell(r.order_id, r.size, r.price, ADD, side, flags=flags)

    def cancel(self, book, r):
        order = book.get(r.order_id)
        if order is None:
            self.count("unknown_orders")
            return
        known = min(order[3], r.size)
        order[3] -= known
        gone = r.size - known
        if gone > order[2]:
            self.count("overdrawn_orders")
            gone = order[2]
        order[2] -= gone
        if gone:
            self.tell(r.order_id, gone, order[1], REDUCE if order[2] else DELETE, order[0])
        if not order[2]:
            del book[r.order_id]

    def amend(self, book, r, side):
        order = book.get(r.order_id)
        if order is None:
            self.count("unknown_orders")
            self.add(book, r, side)
            return
        order[3] = 0
        if r.price == order[1] and 0 < r.size <= order[2]:
            gone, order[2] = order[2] - r.size, r.size
            if gone:
                self.tell(r.order_id, gone, order[1], REDUCE, order[0])
            return
        if order[2]:
            self.tell(r.order_id, order[2], order[1], DELETE, order[0])
        del book[r.order_id]
        self.add(book, r, side or order[0])

    def fill(self, book, r, side):
        trade = self.trade
        if trade and not trade["side"]:
            if trade["left"]:
                self.tell(0, trade["left"], trade["price"], PRINT_CROSS, 0)
            trade["left"] = 0
            return
        if not side or (trade and (side == trade["side"] or r.order_id == trade["id"])):
            return
        if not r.size:
            self.count("unreadable")
            return
        if trade:
            trade["left"] -= min(r.size, trade["left"])
        order = book.get(r.order_id)
        if order is None:
            self.count("unknown_orders")
            self.tell(r.order_id, r.size, r.price, PRINT_HIDDEN, side)
            return
        met = min(r.size, order[2])
        order[2] -= met
        order[3] += met
        if met and r.price == order[1]:
            self.tell(r.order_id, met, r.price, EXECUTE, order[0])
        elif met:
            self.tell(r.order_id, met, order[1], REDUCE if order[2] else DELETE, order[0])
            self.tell(r.order_id, met, r.price, PRINT_HIDDEN, order[0])
        if met < r.size:
            self.tell(r.order_id, r.size - met, r.price, PRINT_HIDDEN, side)

    def end_trade(self):
        trade, self.trade = self.trade, None
        if trade["left"]:
            self.tell(
                0, trade["left"], trade["price"], PRINT_HIDDEN, -trade["side"], now=trade["now"], who=trade["who"]
            )
