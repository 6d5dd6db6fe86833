"""One leg of latency as a record that kernels read: how long a message takes, by when it leaves and its number.

No numba here. `nowake.sim.legs` makes the records and is their plain twin, `nowake.kernels.delays` reads them."""

from __future__ import annotations

import numpy as np

# What a leg is.
CONSTANT = 0  # Always `delay_ns`.
TABLE = 1  # The delay of the last row at or before, `delay_ns` before the first; see `least_ns`.
DRAWS = 2  # One of `delays`, which are sorted, by a draw from `seed`, `number` and the message's number.

# The legs in the order of their numbers; a draw is keyed by it, so that legs of one seed differ.
FEED, DECIDE, SEND, ACK, FILL, CANCEL = range(6)

STEPS = -1  # `least_ns` of a table whose delay stays until the next row.

LEG = np.dtype(
    [
        (name, np.int64)
        for name in (
            "kind",
            "delay_ns",
            "times",  # Address of int64[count], in time order.
            "delays",  # Address of int64[count].
            "count",
            "least_ns",  # A backlog wears off, 1 ns each ns after its row, to this; or STEPS.
            "seed",
            "number",
        )
    ]
)

WHOLE = np.dtype([("value", np.int64)])  # A row of `times` or `delays`.
