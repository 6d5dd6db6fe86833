"""The context record of `nowake.kernels.depth`. No numba here."""

from __future__ import annotations

import numpy as np

# The fields it shares with `nowake.kernels.jobs.TOUCH` mean the same.
DEPTH = np.dtype(
    [
        (name, np.int64)
        for name in ("events", "count", "ranks", "prices", "price_count", "held", "words", "words_a_side")
    ]
    + [
        ("levels", np.int64),
        ("bid", np.int64),  # Best ranks, -1 where a side is empty; the kernel keeps them from call to call.
        ("ask", np.int64),
        ("position", np.int64),  # The next event.
        ("row", np.int64),  # int64[1 + 4 * levels], zeros: the last row written.
        ("out", np.int64),  # int64[capacity, 1 + 4 * levels]: time, bid ticks, bid lots, ask ticks, ask lots.
        ("capacity", np.int64),
    ]
)
