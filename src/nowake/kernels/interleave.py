"""Seven columns of events, as files keep them, into the 32-byte records that kernels read, in one pass over memory."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types this function; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

import numpy as np

from nowake.kernels.jobs import INTERLEAVE
from nowake.kernels.layout import EVENT
from nowake.kernels.memory import at

_INT64 = np.dtype([("value", np.int64)])
_INT32 = np.dtype([("value", np.int32)])
_INT16 = np.dtype([("value", np.int16)])
_INT8 = np.dtype([("value", np.int8)])


def interleave(address: int) -> int:
    """Fill EVENT[count] from its columns; returns the index of the first event earlier than the one before, or count.

    The context is an INTERLEAVE record.
    """
    c = at(address, 0, INTERLEAVE)
    count = c.count
    disordered = count
    for i in range(count):
        event = at(c.out, i, EVENT)
        event.time_ns = at(c.time_ns, i, _INT64).value
        event.order_id = at(c.order_id, i, _INT64).value
        event.lots = at(c.lots, i, _INT64).value
        event.price_ticks = at(c.price_ticks, i, _INT32).value
        event.kind = at(c.kind, i, _INT8).value
        event.side = at(c.side, i, _INT8).value
        event.flags = at(c.flags, i, _INT16).value
        if i > 0 and at(c.time_ns, i, _INT64).value < at(c.time_ns, i - 1, _INT64).value:
            disordered = min(disordered, i)
    return disordered
