"""The memory of the level book beyond that of `state`: what history says of levels, and where ours stand. No numba.

Rows, ranks, sides, fills and the context are those of `state`; here every order in a queue is ours. Of a LEVEL, `hist`
is what history displays, `shown` what is left of it after what we took, and `anonymous` is 1 while the level is
watched: it has a WATCH that is in force. Context and records are found at the context's `ladder`."""

from __future__ import annotations

import numpy as np

# Which share of a cancel falls behind our order, with f of what is behind against f of what is ahead.
RISK_AVERSE = 0  # All of it, while there is anything behind.
PROPORTIONAL = 1  # f(x) = x
POWER = 2  # f(x) = x**exponent
LOGARITHM = 3  # f(x) = log(1 + x)

NO_LIMIT = 1 << 40  # The `reach` of data that show all levels; above 0, so that levels we emptied stay marked.
LONG_AGO = -(1 << 62)  # An instant before all events.

# What trades and level messages told of a watched level, so that the same lots are not counted twice.
WATCH = np.dtype(
    [
        ("traded", np.int64),  # Lots traded that no level message has shown gone yet.
        ("stale", np.int64),  # How many of them a level message shared its instant with: void when that is over.
        ("down", np.int64),  # Lots gone in the instant `told_ns` that no trade explains yet.
        ("told_ns", np.int64),  # The instant of the last level message.
        ("kept", np.int64),  # Lots we had taken when history was cleared: they stay taken when it is told again.
    ]
)

AHEAD = np.dtype([("lots", np.float64)])  # Of others, before an order of ours; as many as order slots.

LADDER = np.dtype(
    [
        ("watches", np.int64),  # Address, a WATCH a row.
        ("aheads", np.int64),  # Address, an AHEAD an order slot.
        ("model", np.int64),  # RISK_AVERSE ...
        ("exponent", np.float64),  # Of POWER.
        ("unsettled", np.int64),  # Whether a level of ours was told something in this instant.
    ]
)

# A tape on its way to becoming a feed of levels, for `ladder_feed`.
FEED = np.dtype([("book", np.int64), ("out", np.int64), ("count", np.int64)])
