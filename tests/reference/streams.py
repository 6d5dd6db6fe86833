"""Small books as text, and random histories that are hostile on purpose."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import strategies as st

from nowake.kernels import layout

KINDS = {
    "add": layout.ADD,
    "reduce": layout.REDUCE,
    "delete": layout.DELETE,
    "execute": layout.EXECUTE,
    "hidden": layout.PRINT_HIDDEN,
    "resync": layout.RESYNC,
    "cross": layout.PRINT_CROSS,
    "halt": layout.HALT,
    "resume": layout.RESUME,
    "clear": layout.CLEAR,
    "seen": layout.ADD,  # Of a snapshot.
    "level": layout.LEVEL,
    "trade": layout.TRADE,
}


def history(text):
    """EVENT records of lines "time kind side id lots price", for example "5 add bid 17 100 99"."""
    rows = []
    for line in text.strip().splitlines():
        time, kind, side, order_id, lots, price = line.split()
        flags = layout.SNAPSHOT if kind == "seen" else 0
        rows.append((int(time), int(order_id), int(lots), int(price), KINDS[kind], 1 if side == "bid" else -1, flags))
    return records(rows)


def records(rows):
    events = np.zeros(len(rows), layout.EVENT)
    for k, row in enumerate(rows):
        events[k] = row
    return events


def drawn(book, prices=None):
    """The book as a table, best ask on top: names are ids, o7 is our child 7, * an anonymous order; size in brackets
    is what it displays where we took some."""
    rows = []
    for side, name in ((-1, "ask"), (1, "bid")):
        for price in sorted(prices or range(*_span(book)), reverse=True):
            queue = book.queue(side, price)
            if queue:
                rows.append(f"{name} {price:>4} | " + " ".join(_member(*member) for member in queue))
    return "\n".join(rows)


def _span(book):
    lowest, highest = book.price_range_ticks
    return lowest, highest + 1


def _member(kind, order_id, hist, taken):
    name = {1: str(order_id), 2: "*", 3: f"o{order_id}"}[kind]
    shown = f"({max(0, hist - taken)})" if taken else ""
    return f"{name}:{hist}{shown}"


@st.composite
def rows(draw, *, size=40):
    """A history over few prices and ids, so that orders meet: ids unknown, reused and far apart, instants shared."""
    ids = [0, 1, 2, 3, 4, 5, -7, 2**62 + 5, -(2**63)]
    event = st.tuples(
        st.integers(0, 2),
        st.sampled_from(ids),
        st.integers(1, 9) | st.integers(-1, 30),
        st.integers(99, 102),
        st.sampled_from([1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 6, 7, 8, 9, 9, 10, 13, 0, -1]),
        st.sampled_from([1, -1]),
        st.sampled_from([0, 0, 0, layout.SNAPSHOT]),
    )
    out, time = [], 10
    for gap, order_id, lots, price, kind, side, flags in draw(st.lists(event, max_size=size)):
        time += gap
        out.append((time, order_id, lots, price, kind, side, flags))
    return out


@st.composite
def sensible_rows(draw, *, size=60):
    """A history that could be real: known orders are cancelled and executed, bids below 101, asks from 101."""
    out, time, alive, next_id = [], 10, {}, 1
    for _ in range(draw(st.integers(0, size))):
        time += draw(st.integers(0, 2))
        kind = draw(st.sampled_from([1, 1, 1, 2, 3, 4, 4, 4, 5])) if alive else 1
        if kind == 1:
            side = draw(st.sampled_from([1, -1]))
            price, lots = (
                (draw(st.integers(98, 100)) if side > 0 else draw(st.integers(101, 103))),
                draw(st.integers(1, 9)),
            )
            alive[next_id] = [side, price, lots]
            out.append((time, next_id, lots, price, 1, side, 0))
            next_id += 1
            continue
        order_id = draw(st.sampled_from(sorted(alive)))
        side, price, left = alive[order_id]
        lots = left if kind == 3 else draw(st.integers(1, left))
        if kind == 5:
            out.append((time, 0, lots, price, 5, side, 0))
            continue
        out.append((time, order_id, lots, price, kind, side, 0))
        alive[order_id][2] -= lots
        if alive[order_id][2] == 0:
            del alive[order_id]
    return out


commands = st.lists(
    st.tuples(
        st.integers(8, 60),  # When.
        st.sampled_from(["place", "place", "post", "take", "reduce", "cancel"]),
        st.sampled_from([1, -1]),
        st.integers(97, 105),
        st.integers(1, 25),
    ),
    max_size=12,
).map(lambda commands: sorted(commands, key=lambda command: command[0]))


def wild(seed, size=500, halts=0.0, pictures=0.0):
    """A long history and commands of a seed: few prices, deep queues, ids mostly known, some unknown or reused.

    `halts` is how often trading stops or goes on, `pictures` how often all is cleared and a picture of the book sent.
    """
    random = Random(seed)
    rows, orders, alive, time = [], [], {}, 10
    for k in range(size):
        time += random.choice([0, 1, 1, 2])
        kind = random.choice([1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 6, 7] if k > 20 else [1])
        side, price, lots = random.choice([1, -1]), random.randint(98, 103), random.randint(1, 20)
        order_id = 0
        if kind == 1:
            order_id = random.choice([0, k + 1, k + 1, k + 1, random.randint(1, k + 1)])
            alive[order_id] = (side, price)
        elif kind in (2, 3, 4) and alive:
            order_id = random.choice(sorted(alive))
            side, price = alive[order_id]
            if kind == 3 or random.random() < 0.2:
                order_id = random.choice([order_id, alive.pop(order_id) and order_id, 9_999])
        elif kind == 6:
            lots = random.randint(0, 60)
        rows.append((time, order_id, lots, price, kind, side, 0))
        if pictures and random.random() < pictures:
            rows += _picture(random, time, alive, first_id=10**6 * (k + 1))
        if halts and random.random() < halts:
            rows.append((time, 0, 0, 0, random.choice([8, 9, 9]), 0, 0))
        if random.random() < 0.15:
            action = random.choice(["place", "post", "take", "reduce", "cancel"])
            orders.append((time, action, random.choice([1, -1]), random.randint(98, 103), random.randint(1, 25)))
    return rows, orders


def _picture(random, time, alive, *, first_id):
    """A CLEAR and, mostly, a picture of some known and some new orders, not all of them uncrossed with ours."""
    rows = [(time, 0, 0, 0, layout.CLEAR, 0, 0)]
    known = list(alive.items())
    alive.clear()
    for order_id, (side, price) in random.sample(known, len(known) // 2):
        rows.append((time, order_id, random.randint(1, 20), price, layout.ADD, side, layout.SNAPSHOT))
        alive[order_id] = (side, price)
    for order_id in range(first_id, first_id + random.randint(0, 4)):
        side, price = alive[order_id] = (random.choice([1, -1]), random.randint(98, 103))
        rows.append((time, order_id, random.randint(1, 20), price, layout.ADD, side, layout.SNAPSHOT))
    return rows
