"""Messages for the matching engine as the caller holds them: looked over before any is matched, never copied whole."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

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
    "stop_ticks": "whole ticks from -2**63 to 2**63 - 1",
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
        self._messages = np.asarray(messages)
        self._memory = memory
        layout = _layout(self._messages.dtype) if self._messages.ndim == 1 else None
        if layout is None:
            raise BadData(_why_not(self._messages))
        self._layout = layout  # Kept by name: the kernels know its address only.
        memory["columns"] = layout.address
        memory["records"], memory["stride"] = self._messages.ctypes.data, self._messages.strides[0]
        self._check()

    def __len__(self) -> int:
        return len(self._messages)

    def prices(self) -> NDArray[np.int64]:
        """Prices of the messages that have one: a cancel and a new market order have none."""
        kind = self._messages["kind"]
        priced = kind != state.CANCEL
        if "market" in (self._messages.dtype.names or ()):
            priced &= (kind == state.MODIFY) | (self._messages["market"] == 0)
        prices: NDArray[np.int64] = self._messages["price_ticks"][priced].astype(np.int64)
        return prices

    def chunks(self) -> Iterator[int]:
        """Convert one chunk after the other into the engine's memory; gives how many messages each has."""
        memory, convert = self._memory, runtime.load("matching_input:convert")
        for first in range(0, len(self), CHUNK):
            memory["first"] = first
            memory["message_count"] = count = min(CHUNK, len(self) - first)
            convert(memory.address)
            yield count

    def _check(self) -> None:
        memory = self._memory
        memory["message_count"] = len(self)
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


class _Layout(NamedTuple):
    """Where each field of a record lies and how wide it is, for the kernels."""

    columns: NDArray[np.void]
    address: int


@functools.lru_cache(maxsize=64)
def _layout(dtype: np.dtype[np.void]) -> _Layout | None:
    """The layout of messages of this type; None where they cannot be read. Kept, for engines fed one by one."""
    fields = dtype.fields
    if fields is None or not all(name in fields for name in state.REQUIRED):
        return None
    columns = np.zeros(len(state.COLUMNS), state.COLUMN)
    for number, name in enumerate(state.COLUMNS):
        if name not in fields:
            continue
        kind, offset = fields[name][:2]
        if not _is_readable(kind):
            return None
        columns[number] = (offset, -kind.itemsize if kind.kind == "i" else kind.itemsize)
    return _Layout(columns, columns.ctypes.data)


def _is_readable(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iub" and dtype.isnative


def _why_not(messages: NDArray[Any]) -> str:
    """What keeps an array from being messages, with the value and the way out."""
    names = messages.dtype.names
    if names is None or messages.ndim != 1:
        return (
            f"messages are {messages.dtype} of {messages.ndim} dimensions; "
            f"a one-dimensional structured array with fields {', '.join(state.REQUIRED)} is needed"
        )
    missing = [name for name in state.REQUIRED if name not in names]
    if missing:
        return f"messages have no field {', '.join(missing)}; they have {', '.join(names)}"
    name = next(name for name in state.COLUMNS if name in names and not _is_readable(messages.dtype[name]))
    dtype = messages.dtype[name]
    if dtype.kind in "iu" and not dtype.shape:
        return f"{name} is {dtype.str}, of the other byte order; convert the array with .astype of native types"
    example = f" (message 0: {messages[name][0]})" if len(messages) else ""
    return f"{name} is {dtype}{example}; whole numbers are needed: convert it with .astype(np.int64)"
