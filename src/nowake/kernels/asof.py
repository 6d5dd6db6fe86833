"""Which row of a table stood at many instants, each seen after many delays: an as-of join of whole nanoseconds.

One cursor a delay runs down the table once, so the cost is a comparison for each row and each instant, whatever the
delays. Wrong when the instants asked for are not in time order: the cursor never goes back."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

import numpy as np

from nowake.kernels.jobs import ASOF
from nowake.kernels.memory import at

_NUMBER = np.dtype([("value", np.int64)])
_ROW = np.dtype([("value", np.int32)])


def rows(address: int) -> int:
    """Write for each delay and each instant the last row at or before their sum, -1 where there is none; returns 0.

    The context is an ASOF record.
    """
    c = at(address, 0, ASOF)
    for d in range(c.delays):
        shift = at(c.delays_ns, d, _NUMBER).value - c.strictly
        row = 0
        for i in range(c.asked):
            instant = at(c.asked_ns, i, _NUMBER).value + shift
            while row < c.count and at(c.times_ns, row, _NUMBER).value <= instant:
                row += 1
            at(c.out, d * c.asked + i, _ROW).value = row - 1
    return 0
