"""NASDAQ TotalView-ITCH 5.0, byte by byte (Nasdaq, "Nasdaq TotalView-ITCH 5.0", sections 1.1 to 1.7).

A message is two bytes of length and its body, all numbers big-endian: kind (1), stock locate (2), tracking number (2),
nanoseconds since midnight (6), then by kind. Executions, cancels, deletions and replacements name only the order's
reference number; side, price and what is left come from the table (`tracking`). Plain twin: tests/reference/itch.py.

How it is told: A and F are ADD. E, and C at the order's price, are EXECUTE. C at another price is a print beside the
displayed book (PRINT_HIDDEN) after the order lost the lots (REDUCE or DELETE); C that must not be printed only takes
the lots away, for its volume is in the cross that follows. X is REDUCE, or DELETE where nothing is left; D is DELETE;
U is DELETE and ADD. P is PRINT_HIDDEN, Q PRINT_CROSS; H and h are HALT and RESUME when trading stops or goes on.

A stamp more than a second ahead of most of the fifteen messages that follow is unreadable: the message is taken to be
of the first of those. One earlier than its instrument's last is a reversal and is put there."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.layout import ADD, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME
from nowake.kernels.memory import at, leaf, tiny
from nowake.kernels.tracking import is_full, place_of, tally_of, tell, track, untrack
from nowake.kernels.tracking_state import (
    BAD_LENGTH,
    BYTE,
    DIRECTORY,
    FULL_TABLE,
    FULL_TOLD,
    HALTED,
    HALTED_HERE,
    ITCH_CONTEXT,
    READ,
    TRACKED,
    WANTED,
    WORD,
)

_A, _B, _C, _D, _E, _F, _H = ord("A"), ord("B"), ord("C"), ord("D"), ord("E"), ord("F"), ord("H")
_P, _Q, _R, _S, _T, _U, _X, _h = ord("P"), ord("Q"), ord("R"), ord("S"), ord("T"), ord("U"), ord("X"), ord("h")
_N = ord("N")

_LOOKED_AHEAD = 15  # Messages that say whether a stamp can be.
_FAR_NS = 1_000_000_000
_HEAD_BYTES = 13  # Of a message, its length among them, up to the end of its stamp.
_WAIT = -1


def parse(address: int) -> int:
    """Read whole messages from `start` up to `end` and tell those of wanted instruments; says why it stopped."""
    c = at(address, 0, ITCH_CONTEXT)
    status = READ
    while c.start + 2 <= c.end:
        length = _two(c.start)
        body = c.start + 2
        if body + length > c.end:
            break
        if length < 11:
            status = BAD_LENGTH
            break
        kind = _byte(body)
        if kind == _R:
            status = DIRECTORY
            break
        owner = _two(body + 1)
        if (_byte(c.watch + owner) & WANTED) != 0:
            if c.told_count + 2 > c.told_capacity:
                status = FULL_TOLD
                break
            if is_full(c):
                status = FULL_TABLE
                break
            if length < _least(kind):
                status = BAD_LENGTH
                break
            ns = _stamp(c, body, body + length, owner)
            if ns == _WAIT:
                break
            _read(c, kind, body, owner, c.midnight_ns + ns)
        elif kind == _S and length >= 12:
            c.system = _byte(body + 11)
        c.start = body + length
    return status


@tiny
def _least(kind: int) -> int:
    """Bytes a body must have; those of kinds that are not told need only the head."""
    if kind in (_A, _U):
        least = 36 if kind == _A else 35
    elif kind in (_E, _D):
        least = 31 if kind == _E else 19
    elif kind in (_X, _P):
        least = 23 if kind == _X else 44
    elif kind in (_F, _Q):
        least = 40
    elif kind == _C:
        least = 36
    elif kind == _H:
        least = 25
    elif kind == _h:
        least = 21
    elif kind == _B:
        least = 19
    else:
        least = 11
    return least


@tiny
def _stamp(c: Any, body: int, after: int, owner: int) -> int:
    """Nanoseconds since midnight a message is taken to be of; `_WAIT` where more of the feed must be there to say."""
    ns = _six(body + 5)
    latest = at(c.latest, owner, WORD)
    if ns - latest.value > _FAR_NS:
        ns = _believed(c, ns, latest.value, after, owner)
        if ns == _WAIT:
            return ns
    elif ns < latest.value:
        tally_of(c, owner).clock_reversals += 1
        ns = latest.value
    latest.value = ns
    return ns


@leaf
def _believed(c: Any, ns: int, latest: int, after: int, owner: int) -> int:
    """A stamp far ahead of its instrument's last, held against the messages that follow."""
    place, seen, earlier, first = after, np.int64(0), np.int64(0), np.int64(0)
    while seen < _LOOKED_AHEAD:
        if place + _HEAD_BYTES > c.end:
            if c.final == 0:
                return _WAIT
            break
        if _two(place) < _HEAD_BYTES - 2:  # No message: zeros, or damage that is met when it is read.
            break
        other = _six(place + 7)
        if ns - other > _FAR_NS:
            first = other if earlier == 0 else first
            earlier += 1
        seen += 1
        place += 2 + _two(place)
    if 2 * earlier <= seen:
        return ns
    tally_of(c, owner).unreadable += 1
    return max(first, latest)


@tiny
def _read(c: Any, kind: int, body: int, owner: int, time_ns: int) -> None:
    """One message of a wanted instrument; the frequent kinds first."""
    if kind in (_A, _F):
        side = 1 if _byte(body + 19) == _B else -1
        _add(c, time_ns, owner, _eight(body + 11), side, _four(body + 32), _four(body + 20))
    elif kind in (_D, _X, _E, _C, _U):
        _follow(c, kind, body, owner, time_ns)
    else:
        _rare(c, kind, body, owner, time_ns)


@leaf
def _add(c: Any, time_ns: int, owner: int, order_id: int, side: int, price: int, lots: int) -> None:
    """A new order. Where its id is still in use, the end of the former order was not told: it goes first."""
    place = place_of(c, order_id, owner)
    entry = at(c.table, place, TRACKED)
    if entry.side != 0:
        tally_of(c, owner).reused_ids += 1
        tell(c, time_ns, owner, order_id, DELETE, entry.side, entry.price, entry.lots, 0)
        untrack(c, place)
        place = place_of(c, order_id, owner)
    if lots <= 0:
        tally_of(c, owner).unreadable += 1
        return
    track(c, place, order_id, owner, side, price, lots)
    tell(c, time_ns, owner, order_id, ADD, side, price, lots, 0)


@leaf
def _follow(c: Any, kind: int, body: int, owner: int, time_ns: int) -> None:
    """A message that names an order only."""
    order_id = _eight(body + 11)
    place = place_of(c, order_id, owner)
    entry = at(c.table, place, TRACKED)
    side, price, left = np.int64(entry.side), entry.price, entry.lots
    if side == 0:
        tally_of(c, owner).unknown_orders += 1
        return
    lots = left
    if kind in (_X, _E, _C):
        lots = _four(body + 19)
    if lots <= 0:
        tally_of(c, owner).unreadable += 1
        return
    if lots > left:
        tally_of(c, owner).overdrawn_orders += 1
        lots = left
    if lots == left:
        untrack(c, place)
    else:
        entry.lots = left - lots
    printed = kind == _E or (kind == _C and _byte(body + 31) != _N)
    at_price = kind == _E or (kind == _C and _four(body + 32) == price)
    if printed and at_price:
        tell(c, time_ns, owner, order_id, EXECUTE, side, price, lots, 0)
        return
    tell(c, time_ns, owner, order_id, DELETE if lots == left else REDUCE, side, price, lots, 0)
    if printed:
        tell(c, time_ns, owner, order_id, PRINT_HIDDEN, side, _four(body + 32), lots, 0)
    elif kind == _C:
        tally_of(c, owner).without_print += 1
    elif kind == _U:
        _replace(c, body, owner, time_ns, side)


@leaf
def _replace(c: Any, body: int, owner: int, time_ns: int, side: int) -> None:
    """The new order of a replacement: same side, a new place at the end of its queue."""
    _add(c, time_ns, owner, _eight(body + 19), side, _four(body + 31), _four(body + 27))


@leaf
def _rare(c: Any, kind: int, body: int, owner: int, time_ns: int) -> None:
    if kind == _P:
        side = 1 if _byte(body + 19) == _B else -1
        if side == 1 and c.names_side == 0:
            side = 0
        _print(c, time_ns, owner, PRINT_HIDDEN, side, _four(body + 32), _four(body + 20))
    elif kind == _Q:
        lots = _eight(body + 11)
        if lots != 0:  # A cross in which nobody traded is told, too.
            _print(c, time_ns, owner, PRINT_CROSS, 0, _four(body + 27), lots)
    elif kind == _H:
        _halt(c, owner, time_ns, HALTED, _byte(body + 19) != _T)
    elif kind == _h:
        if _byte(body + 19) == _Q:  # Of NASDAQ's own market; B and X are its sisters'.
            _halt(c, owner, time_ns, HALTED_HERE, _byte(body + 20) != _T)
    elif kind == _B:
        tally_of(c, owner).broken_prints += 1
    elif not _is_known(kind):
        tally_of(c, owner).left_out += 1


@leaf
def _print(c: Any, time_ns: int, owner: int, kind: int, side: int, price: int, lots: int) -> None:
    if lots <= 0 or price <= 0:
        tally_of(c, owner).unreadable += 1
    else:
        tell(c, time_ns, owner, 0, kind, side, price, lots, 0)


@leaf
def _halt(c: Any, owner: int, time_ns: int, bit: int, stops: bool) -> None:
    """Trading stops for one reason, or no longer for it; told when that makes a difference."""
    watched = at(c.watch, owner, BYTE)
    before = np.int64(watched.value)
    after = (before | bit) if stops else (before & ~np.int64(bit))
    watched.value = after
    halted_before, halted_after = before & (HALTED | HALTED_HERE), after & (HALTED | HALTED_HERE)
    if halted_before == 0 and halted_after != 0:
        tell(c, time_ns, owner, 0, HALT, 0, 0, 0, 0)
    elif halted_before != 0 and halted_after == 0:
        tell(c, time_ns, owner, 0, RESUME, 0, 0, 0, 0)


@tiny
def _is_known(kind: int) -> bool:
    """Whether it is one of the kinds that say nothing of orders: I J K L N O S V W Y."""
    known = np.int64(0)
    for letter in (73, 74, 75, 76, 78, 79, 83, 86, 87, 89):
        if kind == letter:
            known = np.int64(1)
    return known != 0


@tiny
def _byte(address: int) -> int:
    return np.int64(at(address, 0, BYTE).value)


@tiny
def _two(address: int) -> int:
    return (_byte(address) << 8) | _byte(address + 1)


@tiny
def _four(address: int) -> int:
    return (_two(address) << 16) | _two(address + 2)


@tiny
def _six(address: int) -> int:
    return (_four(address) << 16) | _two(address + 4)


@tiny
def _eight(address: int) -> int:
    return (_four(address) << 32) | _four(address + 4)
