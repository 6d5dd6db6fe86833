"""A user's strategy made into machine code: the function itself, and a loop around it and the desk.

The loop calls the desk's cached code through its address, so only the user's few lines compile, about half a second a
process. The loop is numba's own, not stored object code, so that an exception the strategy raises arrives in Python."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import errors
from numpy.typing import NDArray

from nowake.kernels.calls import call
from nowake.kernels.desk_state import DECIDE, MARKET, WAKE, WANTED

Records = NDArray[np.void]
Drive = Callable[[int, int, Records, Records, Records, Records, Records], int]


class DoesNotCompile(Exception):  # noqa: N818
    """numba refuses a function; the message is numba's."""


def compile_strategy(decide: Callable[..., None], *, memo: np.dtype[Any], parameters: np.dtype[Any]) -> Drive:
    """The loop of one strategy: desk, strategy, desk, ... until the desk says anything but DECIDE, which it returns.

    Parameters
    ----------
    decide
        A function (market, wanted, wake, memo, parameters) that numba can compile.
    memo, parameters
        What the fields of its last two records are.

    Raises
    ------
    DoesNotCompile
        When numba refuses it.
    """
    compiled = decide if isinstance(decide, numba.core.registry.CPUDispatcher) else numba.njit(decide)

    @numba.njit(nogil=True)
    def drive(step: int, desk: int, market: Any, wanted: Any, wake: Any, memo: Any, parameters: Any) -> int:
        while True:
            status = call(step, desk)
            if status != DECIDE:
                return status
            compiled(market[0], wanted, wake[0], memo[0], parameters[0])

    records = [numba.from_dtype(dtype)[::1] for dtype in (MARKET, WANTED, WAKE, memo, parameters)]
    try:
        drive.compile((numba.int64, numba.int64, *records))
    except KeyError as missing:  # What numba says of an unknown field.
        raise DoesNotCompile(f"a record has no field {missing}") from None
    except errors.NumbaError as complaint:
        raise DoesNotCompile(_short(str(complaint))) from None
    drive.disable_compile()
    return drive


def _short(complaint: str) -> str:
    """numba's complaint without the advice that follows it."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    return "\n".join(lines[:12])
