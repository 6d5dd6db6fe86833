"""The compiled reader of market-by-order records tells what its plain twin tells, however the bytes are cut."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import dbn as reference
from tests.reference.dbn import BAD_RECEIPT, GAP, LAST, PICTURE, UNDEFINED, Mbo

from nowake.data.readers.tracking import Tracker
from nowake.kernels.tracking_state import DBN_CONTEXT, DIRECTORY, FULL_TABLE, FULL_TOLD, OWNER, READ


def stream(seed, count):
    """Records of two instruments: orders come, trade, are amended and leave; some of it cannot be."""
    rng = random.Random(seed)
    now, next_id, live, out = 0, 1, [], []
    while len(out) < count:
        now += rng.choice((0, 1, 1_000, -3))
        stray = rng.choice((10**14, 2 * 10**9)) if rng.random() < 0.04 else 0
        action = rng.choices("ACMTRN?", (30, 15, 12, 15, 1, 1, 1))[0]
        of, number = rng.choice(live) if live and rng.random() < 0.93 else (rng.choice((7, 8)), rng.randrange(1, 60))
        flags = rng.choice((LAST, LAST, LAST, 0, BAD_RECEIPT | LAST, GAP | LAST, PICTURE | BAD_RECEIPT))
        head = {
            "ts": now + stray if rng.random() < 0.98 else -1,
            "recv": now + 5 if rng.random() < 0.98 else 0,
            "flags": flags,
            "instrument_id": of,
            "side": rng.choice("BBBAAAN"),
            "price": rng.choice((-5, 100, 101, UNDEFINED) if rng.random() < 0.1 else (100, 101)),
            "size": rng.choice((0, 1, 2, 3, 2**32 - 1)),
        }
        if action == "A":
            number, next_id = (number, next_id) if rng.random() < 0.05 else (next_id, next_id + 1)
            live.append((of, number))
        out.append(Mbo(action, order_id=number, **head))
        if action == "T":
            for _ in range(rng.randrange(4)):
                other = rng.choice(live) if live else (of, 3)
                fill = head | {"flags": 0, "side": rng.choice("BAN"), "instrument_id": other[0], "price": 100}
                out.append(Mbo("F", order_id=other[1], **fill))
                out.append(Mbo(rng.choice("CMF"), order_id=other[1], **fill))
    return out


def read(content, cuts=(), *, told_at_once=64, first_bits=4):
    owners = np.zeros(1 << 8, OWNER)
    tracker = Tracker(
        "dbn:translate",
        DBN_CONTEXT,
        instruments=8,
        told_at_once=told_at_once,
        first_bits=first_bits,
        owners=owners.ctypes.data,
        owner_bits=8,
        boundary_ns=2**62,
        far_ns=10**9,
        latest_ns=-(1 << 62),
    )
    ids, events, rest = [], {}, b""
    for begin, end in zip((0, *cuts), (*cuts, len(content)), strict=True):
        part = np.frombuffer(rest + content[begin:end], np.uint8)
        for status, told in tracker.read(part):
            for time_ns, order_id, lots, price, owner, kind, side, flags in told.tolist():
                events.setdefault(ids[owner], []).append((time_ns, order_id, lots, price, kind, side, flags))
            if status == DIRECTORY:
                place = tracker.get("place")
                owners[place] = (tracker.get("key"), len(ids), 0, 0, 0, -(1 << 62))
                ids.append(tracker.get("key") & 0xFFFFFFFF)
            assert status in {READ, FULL_TOLD, FULL_TABLE, DIRECTORY}
        rest = part[tracker.position :].tobytes()
    assert rest == b""
    counts = {ids[k]: tracker.noticed(k) for k in range(len(ids))}
    return events, {number: found for number, found in counts.items() if found}


@given(st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=5))
def test_the_kernel_tells_what_the_twin_tells(seed, cuts):
    records = stream(seed, 300)
    content = b"".join(map(reference.encode, records))
    twin = reference.Orders()
    expected = twin.read(records)
    assert (expected, twin.counts) == read(content, sorted(int(cut * len(content)) for cut in cuts))


def test_records_that_carry_more_and_records_of_other_kinds_are_stepped_over():
    order = Mbo("A", "B", 5)
    other = bytes([5, 19]) + bytes(18)
    events, _ = read(reference.encode(order, more=bytes(8)) + other + reference.encode(Mbo("C", "B", 5)))
    assert [1, 100, 3, 100] == [row[4] for row in events[7]]


def test_a_table_that_grows_loses_no_order():
    adds = [Mbo("A", "B", 1_000 + k, flags=0) for k in range(3_000)]
    gone = [Mbo("C", "B", 1_000 + k, flags=0) for k in range(3_000)]
    random.Random(2).shuffle(gone)
    events, counts = read(b"".join(map(reference.encode, adds + gone)))
    assert ({}, 6_000) == (counts, len(events[7]))
