"""Messages for the matching engine as the caller holds them: looked over before any is matched, never copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nowake.domain.errors import BadData
from nowake.kernels import matching_state as state
from nowake.kernels import runtime
from nowake.sim.matching_memory import CHUNK, Memory

_WAY_OUT = {
    "kind": "0 new, 1 cancel, 2 modify",
    "side": "0 buy, 1 sell",
    "quantity": "a whole number of lots from 1 to 2**63 - 1",
    "price_ticks": "whole ticks from -2**63 to 2**63 - 1",
    "min_quantity": "0 for none, up to the quantity",
    "display": "0 to show all, or the lots of a tip",
}
_CONTRADICTIONS = (
    "fields that exclude each other: post_only goes with none of ioc, market, fok, min_quantity, peg, stop; "
    "peg not with market, stop or display; display not with hidden"
)


class Messages:
    """A structured array of messages whose every message can be matched.

    Parameters
    ----------
    messages
        One-dimensional structured array with the fields of `matching_state.REQUIRED`, and any others of `COLUMNS`.
    memory
        The engine's; what the survey finds is in its context until the next survey.

    Raises
    ------
    BadData
        When it is no such array, or one of its messages cannot be; says which, and what it should be.
    """

    def __init__(self, messages: ArrayLike, memory: Memory) -> None:
        self._messages = _as_records(messages)
        self._memory = memory
        self._columns = _columns(self._messages)
        self._check()

    def __len__(self) -> int:
        return len(self._messages)

    def prices(self) -> NDArray[np.int64]:
        """Prices of the messages that have one."""
        priced = self._messages["kind"] != state.CANCEL
        prices: NDArray[np.int64] = self._messages["price_ticks"][priced].astype(np.int64)
        return prices

    def chunks(self) -> Iterator[int]:
        """Convert one chunk after the other into the engine's memory; gives how many messages each has."""
        memory, convert = self._memory, runtime.load("matching_input:convert")
        for first in range(0, len(self), CHUNK):
            memory["columns"], memory["first"] = self._columns.ctypes.data, first
            memory["message_count"] = count = min(CHUNK, len(self) - first)
            convert(memory.address)
            yield count

    def _check(self) -> None:
        memory = self._memory
        memory["columns"], memory["message_count"] = self._columns.ctypes.data, len(self)
        number = runtime.load("matching_input:survey")(memory.address)
        if number == len(self):
            return
        column = memory["bad_column"]
        if column == state.CONTRADICTION:
            raise BadData(f"message {number} has {_CONTRADICTIONS}")
        field = state.COLUMNS[column]
        value = self._messages[field][number]
        wanted = _WAY_OUT.get(field) or ("0 or 1" if 6 <= column <= 12 else "a whole number from 0 up")
        raise BadData(f"message {number} has {field} {value}; it must be {wanted}")


def _as_records(messages: ArrayLike) -> NDArray[np.void]:
    records = np.asarray(messages)
    names = records.dtype.names
    if names is None or records.ndim != 1:
        raise BadData(
            f"messages are {records.dtype} of {records.ndim} dimensions; "
            f"a one-dimensional structured array with fields {', '.join(state.REQUIRED)} is needed"
        )
    missing = [name for name in state.REQUIRED if name not in names]
    if missing:
        raise BadData(f"messages have no field {', '.join(missing)}; they have {', '.join(names)}")
    for name in state.COLUMNS:
        if name in names:
            _check_type(records, name)
    return records


def _check_type(records: NDArray[np.void], name: str) -> None:
    dtype = records.dtype[name]
    if dtype.kind not in "iub" or dtype.shape:
        example = f" (message 0: {records[name][0]})" if len(records) else ""
        raise BadData(f"{name} is {dtype}{example}; whole numbers are needed: convert it with .astype(np.int64)")
    if not dtype.isnative:
        raise BadData(f"{name} is {dtype.str}, of the other byte order; convert the array with .astype of native types")


def _columns(records: NDArray[Any]) -> NDArray[np.void]:
    """Where each field lies and how wide it is."""
    columns = np.zeros(len(state.COLUMNS), state.COLUMN)
    for number, name in enumerate(state.COLUMNS):
        if name in (records.dtype.names or ()):
            column = records[name]
            width = column.dtype.itemsize
            columns[number] = (column.ctypes.data, column.strides[0], -width if column.dtype.kind == "i" else width)
    return columns
