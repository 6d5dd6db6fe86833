"""One kernel calls another through the address of its machine code, so that neither is compiled into the other."""

from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

from nowake.kernels import runtime


def address_of(kernel: runtime.Kernel) -> int:
    """Where the machine code of a loaded kernel lies in this process."""
    address = ctypes.cast(kernel, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert address is not None
    return address


def _call(_typing: Any, _kernel: Any, _context: Any) -> Any:
    """What the kernel at address `kernel` returns for the context record at address `context`."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        number = ir.IntType(64)
        kernel = builder.inttoptr(arguments[0], ir.FunctionType(number, [number]).as_pointer())
        return builder.call(kernel, [arguments[1]])

    return types.int64(types.int64, types.int64), build


call: Any = intrinsic(_call)
