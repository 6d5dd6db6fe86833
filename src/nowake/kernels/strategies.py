"""A user's strategy made into machine code: the function itself, and a loop around it and the desk.

The loop calls the desk's cached code through its address, so only the user's few lines compile, about half a second a
process. The loop is numba's own, not stored object code, so that an exception the strategy raises arrives in Python."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import dis
import re
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import errors, types
from numpy.typing import NDArray

from nowake.kernels.calls import call
from nowake.kernels.desk_state import DECIDE, MARKET, WAKE, WANTED
from nowake.kernels.wanted_rows import ROWS, rows_of

Records = NDArray[np.void]
Drive = Callable[[int, int, Records, Records, Records, Records, Records], int]

_MOST_WORDS = 300  # Characters of a complaint: some of numba's tell every type they met.


class DoesNotCompile(Exception):  # noqa: N818
    """numba refuses a function; the message is one line, with the line of the source where there is one."""


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
    options = getattr(decide, "targetoptions", {}) | {"nopython": True, "boundscheck": True}
    function: Any = getattr(decide, "py_func", decide)
    compiled = numba.jit(**options)(function)

    @numba.njit(nogil=True)
    def drive(step: int, desk: int, market: Any, wanted: Any, wake: Any, memo: Any, parameters: Any) -> int:
        rows = rows_of(wanted)
        while True:
            status = call(step, desk)
            if status != DECIDE:
                return status
            compiled(market[0], rows, wake[0], memo[0], parameters[0])

    records = {"market": MARKET, "wanted": WANTED, "wake": WAKE, "memo": memo, "parameters": parameters}
    singles = {name: numba.from_dtype(dtype) for name, dtype in records.items()}
    try:
        compiled.compile(tuple((singles | {"wanted": ROWS}).values()))
    except KeyError as missing:  # What numba says of an unknown field.
        raise DoesNotCompile(_unknown_field(missing, singles)) from None
    except errors.NumbaError as complaint:
        raise DoesNotCompile(_in_one_line(str(complaint), function)) from None
    drive.compile((types.int64, types.int64, *(single[::1] for single in singles.values())))
    drive.disable_compile()
    return drive


def _unknown_field(missing: KeyError, singles: dict[str, types.Record]) -> str:
    """Which record has no such field and which it has; numba's frames know the record and the line."""
    record, line, trace = None, "", missing.__traceback__
    while trace is not None:
        place: Any = trace.tb_frame.f_locals.get("self")
        line = f"line {place.loc.line}: " if hasattr(place, "loc") else line
        record = place if isinstance(place, types.Record) else record
        trace = trace.tb_next
    if record is None:
        return f"{line}{missing} is unknown"
    name = next((name for name, single in singles.items() if single == record), "a record")
    return f"{line}{name} has no field {missing}; it has {', '.join(record.fields)}"


def _in_one_line(complaint: str, function: Any) -> str:
    """The first thing numba's complaint says, and where; the rest tells numba's own passes and candidates."""
    lines = [line.strip() for line in complaint.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Failed in nopython", "During:"))]
    said = lines[0] if lines else complaint
    if said.endswith(":") and len(lines) > 1:
        said = f"{said} {lines[1].lstrip('> ')}"
    said = re.sub(r"Record\([^()]*\)", "record", said)[:_MOST_WORDS]
    return f"{_where(complaint, said, function)}{said}"


def _where(complaint: str, said: str, function: Any) -> str:
    """The line that numba names, or the one that uses an undefined name, with a colon; empty for neither."""
    places = re.findall(r'File "[^"]*", line (\d+)', complaint)
    if places:
        return f"line {places[0]}: "
    undefined = re.search(r"name '(\w+)'", said)
    for step in dis.get_instructions(function):
        if undefined and step.argval == undefined[1] and step.positions and step.positions.lineno:
            return f"line {step.positions.lineno}: "
    return ""
