"""Messages as the caller holds them, any order and width of fields, made into what the matching loops read.

A field is a column: an offset into the record, and a code of its width in bytes, negative where it is signed, 0 where
it is absent and counts as 0. `survey` looks every message over before any is matched; `convert` writes some of them."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching_state import (
    CANCEL,
    COLUMN,
    COLUMNS,
    CONTEXT,
    DETAIL,
    DETAILED,
    FOK,
    HIDDEN,
    IOC,
    MARKET,
    MESSAGE,
    MODIFY,
    NEW,
    PEG,
    POST_ONLY,
    SELL,
    SIDE_BIT,
    STOP,
)
from nowake.kernels.memory import at, leaf, tiny

_I1, _U1 = np.dtype([("v", np.int8)]), np.dtype([("v", np.uint8)])
_I2, _U2 = np.dtype([("v", np.int16)]), np.dtype([("v", np.uint16)])
_I4, _U4 = np.dtype([("v", np.int32)]), np.dtype([("v", np.uint32)])
_I8 = np.dtype([("v", np.int64)])

KIND, SIDE, ORDER_ID, SEQUENCE, PRICE, QUANTITY = range(6)
IS_IOC, IS_MARKET, IS_FOK, IS_POST_ONLY, IS_HIDDEN, IS_PEG, IS_STOP = range(6, 13)
DISPLAY, MIN_QUANTITY, STOP_TICKS, OWNER = range(13, len(COLUMNS))
_PLAIN = IS_MARKET  # Columns up to here are the bare contract.


def survey(address: int) -> int:  # noqa: PLR0911  # One return a fault.
    """The number of the first message that cannot be matched, its column in `bad_column`; or `message_count`.

    Fields a kind does not use are not looked at: a cancel may hold anything but kind, id and sequence number.
    Writes what is needed to open a window: how many messages have a price, the lowest and the highest.
    """
    c = at(address, 0, CONTEXT)
    lowest, highest = np.int64(0), np.int64(0)
    most, priced, special = np.int64(0), np.int64(0), np.int64(0)
    extended = _is_extended(c)
    i = np.int64(0)
    while i < c.message_count:
        kind = _value(c, KIND, i)
        c.bad_column = KIND
        if kind < NEW or kind > MODIFY or not _is_number(c, ORDER_ID, i) or not _is_number(c, SEQUENCE, i):
            return i
        if kind != CANCEL:
            side, price, quantity = _value(c, SIDE, i), _value(c, PRICE, i), _value(c, QUANTITY, i)
            if side < 0 or side > SELL:
                c.bad_column = SIDE
                return i
            if quantity <= 0:
                c.bad_column = QUANTITY
                return i
            if not _is_flag(c, IS_IOC, i):
                return i
            if not extended or kind == MODIFY or _value(c, IS_MARKET, i) == 0:
                if not _is_whole(c, PRICE, i):
                    return i
                if priced == 0:
                    lowest, highest = price, price
                priced += 1
                lowest, highest = min(lowest, price), max(highest, price)
            most = max(most, quantity)
            if extended:
                if not _is_sound(c, i, quantity):
                    return i
                special += _details(c, i) != 0
        i += 1
    c.lowest_ticks, c.highest_ticks = lowest, highest
    c.most_quantity, c.priced, c.special = most, priced, special
    return i


def convert(address: int) -> int:
    """Write the caller's messages from `first` on, `message_count` of them, as MESSAGE and DETAIL; returns how many."""
    c = at(address, 0, CONTEXT)
    extended = _is_extended(c)
    for k in range(c.message_count):
        i = c.first + k
        message = at(c.messages, k, MESSAGE)
        kind = _value(c, KIND, i)
        message.order_id = _value(c, ORDER_ID, i)
        message.sequence = _value(c, SEQUENCE, i)
        what = kind
        if kind != CANCEL:
            message.quantity = _value(c, QUANTITY, i)
            what |= SIDE_BIT * _value(c, SIDE, i) | IOC * _value(c, IS_IOC, i)
            if extended:
                what |= _details(c, i)
            # A new market order has no price, so it may not have a row: any will do.
            message.row = 0 if kind == NEW and what & MARKET else _row_of(c, _value(c, PRICE, i))
        message.what = what
        if c.details != 0:
            detail = at(c.details, k, DETAIL)
            detail.display = _value(c, DISPLAY, i)
            detail.min_quantity = _value(c, MIN_QUANTITY, i)
            detail.stop_ticks = _value(c, STOP_TICKS, i)
            detail.owner = _value(c, OWNER, i)
    return c.message_count


@tiny
def _is_extended(c: Any) -> bool:
    """Whether the caller gives any field beyond the bare contract."""
    for column in range(_PLAIN, OWNER + 1):  # noqa: SIM110  # Generators are not compiled.
        if at(c.columns, column, COLUMN).code != 0:
            return True
    return False


@tiny
def _value(c: Any, number: int, i: int) -> int:  # noqa: PLR0911  # One return a width.
    """A field of a message; unsigned words of 8 bytes come as their bits."""
    column = at(c.columns, number, COLUMN)
    place = c.records + i * c.stride + column.offset
    code = column.code
    if abs(code) == 8:
        return at(place, 0, _I8).v
    if code == 4:
        return np.int64(at(place, 0, _U4).v)
    if code == 1:
        return np.int64(at(place, 0, _U1).v)
    if code == -1:
        return np.int64(at(place, 0, _I1).v)
    if code == -4:
        return np.int64(at(place, 0, _I4).v)
    if code == 2:
        return np.int64(at(place, 0, _U2).v)
    if code == -2:
        return np.int64(at(place, 0, _I2).v)
    return np.int64(0)


@tiny
def _is_number(c: Any, number: int, i: int) -> bool:
    """Whether a field is not negative. Remembers it when it is."""
    good = at(c.columns, number, COLUMN).code > 0 or _value(c, number, i) >= 0
    if not good:
        c.bad_column = number
    return good


@tiny
def _is_whole(c: Any, number: int, i: int) -> bool:
    """Whether a field of ticks is below 2**63. Remembers it when it is not."""
    good = at(c.columns, number, COLUMN).code != 8 or _value(c, number, i) >= 0
    if not good:
        c.bad_column = number
    return good


@tiny
def _is_flag(c: Any, number: int, i: int) -> bool:
    """Whether a field is 0 or 1. Remembers it when it is not."""
    value = _value(c, number, i)
    good = 0 <= value <= 1
    if not good:
        c.bad_column = number
    return good


@leaf
def _is_sound(c: Any, i: int, quantity: int) -> bool:  # noqa: PLR0911  # One return a fault.
    """Whether the special fields of a message are in range and do not contradict each other."""
    for number in range(_PLAIN, IS_STOP + 1):
        if not _is_flag(c, number, i):
            return False
    display, least = _value(c, DISPLAY, i), _value(c, MIN_QUANTITY, i)
    if display < 0:
        c.bad_column = DISPLAY
        return False
    if least < 0 or least > quantity:
        c.bad_column = MIN_QUANTITY
        return False
    what = _details(c, i)
    if not _is_number(c, OWNER, i) or (what & STOP and not _is_whole(c, STOP_TICKS, i)):
        return False
    takes = (what & (MARKET | FOK)) != 0 or least > 0 or _value(c, IS_IOC, i) != 0
    c.bad_column = len(COLUMNS)
    if what & POST_ONLY and (takes or what & (PEG | STOP)):
        return False
    if what & PEG and what & (MARKET | STOP):
        return False
    return display == 0 or what & (HIDDEN | PEG) == 0


@tiny
def _details(c: Any, i: int) -> int:
    """The special bits of a message."""
    what = MARKET * _value(c, IS_MARKET, i) | FOK * _value(c, IS_FOK, i) | POST_ONLY * _value(c, IS_POST_ONLY, i)
    what |= HIDDEN * _value(c, IS_HIDDEN, i) | PEG * _value(c, IS_PEG, i) | STOP * _value(c, IS_STOP, i)
    if _value(c, DISPLAY, i) | _value(c, MIN_QUANTITY, i) | _value(c, OWNER, i):
        what |= DETAILED
    return what


@tiny
def _row_of(c: Any, price_ticks: int) -> int:
    """The row of a price that is in the window."""
    if c.grid == 0:
        return price_ticks - c.base_ticks
    low, high = np.int64(0), c.rows - 1
    while low < high:
        middle = (low + high) >> 1
        if at(c.grid, middle, _I8).v < price_ticks:
            low = middle + 1
        else:
            high = middle
    return low
