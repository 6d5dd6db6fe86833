"""The compiled ITCH parser tells what its plain twin tells, however the bytes are cut."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import itch as reference

from nowake.data.readers.tracking import Tracker
from nowake.kernels.tracking_state import BAD_LENGTH, FULL_TABLE, FULL_TOLD, ITCH_CONTEXT, READ, WANTED

LOCATES = 4


def stream(seed, count):
    """Messages of some instruments, some of them about unknown orders, of impossible sizes, or with a used id."""
    rng = random.Random(seed)
    now, live, messages, next_ref = 0, [], [], 1
    for _ in range(count):
        now += rng.choice((0, 0, 1, 1_000, -5, 1_500_000_000))
        stamp = max(now + (rng.choice((2**40, 2 * 10**9, -(10**10))) if rng.random() < 0.05 else 0), 0)
        locate = rng.randrange(1, LOCATES)
        letter = rng.choices("AFECXDUPQBHhNY?", (30, 5, 12, 6, 8, 20, 8, 4, 1, 1, 2, 2, 1, 1, 1))[0]
        ref = rng.choice(live) if live and rng.random() < 0.9 else (locate, rng.randrange(1, 50))
        of, number = ref if rng.random() < 0.97 else (locate, ref[1])
        shares, price = rng.choice((0, 1, 100, 300, 2**31 + 5)), rng.choice((1, 9_999, 1_000_000, 2**32 - 1))
        head = (letter, of, stamp)
        if letter in "AF":
            new = next_ref if rng.random() < 0.95 else number
            next_ref += 1
            live.append((locate, new))
            add = (letter, locate, stamp, new, rng.choice("BS"), shares, "NAME", price)
            messages.append(add if letter == "A" else (*add, "MPID"))
        elif letter == "E":
            messages.append((*head, number, shares, 7))
        elif letter == "C":
            messages.append((*head, number, shares, 7, rng.choice("YN"), price))
        elif letter == "X":
            messages.append((*head, number, shares))
        elif letter == "D":
            messages.append((*head, number))
        elif letter == "U":
            messages.append((*head, number, next_ref, shares, price))
            live.append((of, next_ref))
            next_ref += 1
        elif letter == "P":
            messages.append((*head, 0, rng.choice("BS"), shares, "NAME", rng.choice((0, price)), 9))
        elif letter == "Q":
            messages.append((*head, rng.choice((0, 5, 2**40)), "NAME", price, 9, "O"))
        elif letter == "H":
            messages.append((*head, "NAME", rng.choice("HPQT"), " ", "    "))
        elif letter == "h":
            messages.append((*head, "NAME", rng.choice("QBX"), rng.choice("HT")))
        else:
            messages.append({"B": (*head, 9), "N": (*head, "NAME", "A"), "Y": (*head, "NAME", "0")}.get(letter, head))
    return messages


def read(content, cuts=(), *, names_side=0, told_at_once=64, first_bits=4):
    """What the kernel tells of bytes that come in parts: locate -> events in the twin's shape, and the counts."""
    watch = np.zeros(1 << 16, np.uint8)
    watch[1:LOCATES] = WANTED
    latest = np.full(1 << 16, -(1 << 62), np.int64)
    tracker = Tracker(
        "itch:parse",
        ITCH_CONTEXT,
        instruments=1 << 16,
        told_at_once=told_at_once,
        first_bits=first_bits,
        watch=watch.ctypes.data,
        latest=latest.ctypes.data,
        midnight_ns=10**18,
        names_side=names_side,
    )
    events, rest = {}, b""
    for begin, end in zip((0, *cuts), (*cuts, len(content)), strict=True):
        tracker.set(final=int(end == len(content)))
        part = np.frombuffer(rest + content[begin:end], np.uint8)
        for status, told in tracker.read(part):
            assert status in {READ, FULL_TOLD, FULL_TABLE}
            for time_ns, ref, lots, price, owner, kind, side, _ in told.tolist():
                events.setdefault(owner, []).append((time_ns, ref, lots, price, kind, side))
        rest = part[tracker.position :].tobytes()
    assert rest == b""
    counts = {locate: tracker.noticed(locate) for locate in range(1, LOCATES)}
    return events, {locate: found for locate, found in counts.items() if found}


@given(st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=5), st.booleans())
def test_the_kernel_tells_what_the_twin_tells(seed, cuts, names_side):
    messages = stream(seed, 300)
    content = reference.encode_all(messages)
    twin = reference.Book(10**18, names_side=names_side)
    expected = twin.read(messages)
    places = sorted(int(cut * len(content)) for cut in cuts)
    assert (expected, twin.counts) == read(content, places, names_side=int(names_side))


def test_a_table_that_grows_loses_no_order():
    adds = [("A", 1, k, k + 1, "B", 10, "NAME", 100 + k) for k in range(5_000)]
    deletes = [("D", 1, 10_000 + k, k + 1) for k in range(5_000)]
    random.Random(1).shuffle(deletes)
    messages = [*adds, *(("D", 1, 10_000 + k, ref) for k, (*_, ref) in enumerate(deletes))]
    events, counts = read(reference.encode_all(messages))
    assert {} == counts
    assert reference.Book(10**18).read(messages) == events


def test_shares_and_refs_of_every_bit_arrive():
    messages = [("A", 1, 2**47, 2**63 - 1, "S", 2**32 - 1, "NAME", 2**32 - 1)]
    assert {1: [(10**18 + 2**47, 2**63 - 1, 2**32 - 1, 2**32 - 1, 1, -1)]} == read(reference.encode_all(messages))[0]


@pytest.mark.parametrize("letter", sorted("AFECXDUPQHhB"))
def test_a_message_shorter_than_its_kind_stops_the_reading(letter):
    whole = reference.encode((letter, 1, 5, *_filler(letter)))
    short = (len(whole) - 3).to_bytes(2, "big") + whole[2:-1]
    watch = np.full(1 << 16, WANTED, np.uint8)
    tracker = Tracker("itch:parse", ITCH_CONTEXT, instruments=1 << 16, watch=watch.ctypes.data)
    rounds = tracker.read(np.frombuffer(short, np.uint8))
    assert BAD_LENGTH == next(rounds)[0]
    assert 0 == tracker.position


def _filler(letter):
    fields = {
        "A": (1, "B", 1, "NAME", 1),
        "F": (1, "B", 1, "NAME", 1, "MPID"),
        "E": (1, 1, 1),
        "C": (1, 1, 1, "Y", 1),
        "X": (1, 1),
        "D": (1,),
        "U": (1, 2, 1, 1),
        "P": (0, "B", 1, "NAME", 1, 1),
        "Q": (1, "NAME", 1, 1, "O"),
        "H": ("NAME", "T", " ", "    "),
        "h": ("NAME", "Q", "H"),
        "B": (1,),
    }
    return fields[letter]
