"""The rows a strategy may write, checked: one beyond the last would be written over somebody else's memory.

To numba they are an array whose single rows are looked up here, also in functions the strategy calls; everything
else an array can do (its length, a loop over it, its fields) stays numpy's. Like there, -1 is the last row."""

# mypy: disable-error-code="no-any-return, no-untyped-call, misc, untyped-decorator"

from __future__ import annotations

import operator
from typing import Any

import numba
from numba.core import types
from numba.core.cgutils import get_item_pointer
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic, lower_builtin, register_model
from numba.np.arrayobj import load_item, make_array

from nowake.kernels.desk_state import WANTED


class NoSuchRow(IndexError):  # noqa: N818
    """A strategy asked for a row of `wanted` that is not there; `side` of the first row says which."""


class _Rows(types.Array):
    """A one-dimensional array of WANTED records with its own lookup."""


register_model(_Rows)(models.ArrayModel)

_PLAIN = numba.from_dtype(WANTED)[::1]
ROWS = _Rows(_PLAIN.dtype, 1, "C", name="wanted", aligned=_PLAIN.aligned)


def _rows_of(_typing: Any, _array: Any) -> Any:
    """The same array of WANTED records, its rows checked from here on."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, ROWS, arguments[0])

    return ROWS(_PLAIN), build


rows_of: Any = intrinsic(_rows_of)


@lower_builtin(operator.getitem, _Rows, types.Integer)
def _row_of(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """One row, after a look at its number."""
    array, number = arguments[0], context.cast(builder, arguments[1], signature.args[1], types.int64)
    number = context.compile_internal(builder, _checked, types.int64(_PLAIN, types.int64), (array, number))
    rows = make_array(_PLAIN)(context, builder, array)
    return load_item(context, builder, _PLAIN, get_item_pointer(context, builder, _PLAIN, rows, [number]))


def _checked(rows: Any, number: int) -> int:
    """The row's number from the first. Compiled code raises without numbers, so the first row says which it was."""
    if 0 <= number < len(rows):
        return number
    if -len(rows) <= number < 0:
        return number + len(rows)
    rows[0].side = number
    raise NoSuchRow
