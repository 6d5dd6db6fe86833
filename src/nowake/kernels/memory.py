"""Raw memory seen as records, for the kernels of the book.

numba's arrays carry reference counts, and a loop that hands them to helpers spends most of its time counting (a
factor of seven, measured). A record is a bare pointer, so `at(address, index, dtype)` costs an addition."""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic

leaf = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)  # Compiled into its callers.


@intrinsic
def at(typing_context: Any, address: Any, index: Any, dtype: Any) -> Any:
    """The record number `index` of an array of `dtype` records at `address` (int64), without any check."""
    record = dtype.dtype

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = context.get_constant(types.int64, record.size)
        place = builder.add(arguments[0], builder.mul(arguments[1], size))
        return builder.inttoptr(place, context.get_value_type(record))

    return record(types.int64, types.int64, dtype), build


@intrinsic
def top_bit(typing_context: Any, word: Any) -> Any:
    """The number of the highest set bit of a 64-bit word that is not 0."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], cgutils.true_bit)
        return builder.sub(context.get_constant(types.int64, 63), zeros)

    return types.int64(types.int64), build
