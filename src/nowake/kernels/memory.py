"""Raw memory seen as records, for the kernels of the book.

numba's arrays carry reference counts, and a loop that hands them to helpers spends most of its time counting (a
factor of seven, measured). A record is a bare pointer, so `at(address, index, dtype)` costs an addition."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

_OPTIONS = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_njit: Any = numba.njit
leaf = _njit(**_OPTIONS)  # A part of a kernel.
tiny = _njit(forceinline=True, **_OPTIONS)  # A part that costs less than calling it.


def _at(_typing: Any, _address: Any, _index: Any, dtype: Any) -> Any:
    """The record number `index` of an array of `dtype` records at `address` (int64), without any check."""
    record = dtype.dtype

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        size = context.get_constant(types.int64, record.size)
        place = builder.add(arguments[0], builder.mul(arguments[1], size))
        return builder.inttoptr(place, context.get_value_type(record))

    return record(types.int64, types.int64, dtype), build


def _top_bit(_typing: Any, _word: Any) -> Any:
    """The number of the highest set bit of a 64-bit word that is not 0."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], cgutils.true_bit)
        return builder.sub(context.get_constant(types.int64, 63), zeros)

    return types.int64(types.int64), build


def _prefetch(_typing: Any, _address: Any) -> Any:
    """Ask the processor to bring the memory at `address` near; nothing else happens."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        declare: Any = cgutils.get_or_insert_function
        function = declare(builder.module, kind, "llvm.prefetch.p0")
        read, keep, data = number(0), number(3), number(1)
        builder.call(function, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), build


at: Any = intrinsic(_at)
top_bit: Any = intrinsic(_top_bit)
prefetch: Any = intrinsic(_prefetch)
