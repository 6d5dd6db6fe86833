"""The context record of `nowake.kernels.flow`. No numba here."""

from __future__ import annotations

import numpy as np

# What comes in, what is asked, and the state between calls; plain numbers of arrays are addresses.
FLOW = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("quote_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots"),  # int64[n] and int64[n, levels].
            *("quote_count", "quote_at"),  # How many, and the next one.
            *("trade_ns", "trade_lots", "trade_side"),  # int64[m].
            *("trade_count", "trade_at"),
            "out",  # float64[n + m, levels + 4], or 0 where no rows are wanted.
            "levels",
            "window_ns",
            "lag",
            "by_lots",  # 1: autocorrelation of signed lots, 0: of signs.
            "buckets",
            *("bounds", "classes"),  # int64[classes], increasing: the widest spread of each class, ticks.
            "table",  # float64[classes + 1, buckets], or 0.
            "last",  # int64[4, levels]: the last quote that stood.
            "stands",  # Whether there is one.
            *("flows", "flow_room", "flow_first", "flow_count"),  # A ring of int64[room, 1 + levels].
            "sums",  # int64[levels]: order flow inside the window.
            *("prints", "print_room", "print_first", "print_count"),  # A ring of int64[room, 2]: time, signed lots.
            *("signed", "lots"),  # Their sum, and the sum of their sizes.
            "recent",  # float64[lag + 1], a ring: signs, or signed lots, of the last market orders.
            *("orders", "order_ns", "order_side"),
            *("now_ns", "passed_over", "unsigned"),
        )
    ]
    + [(name, np.float64) for name in ("total", "early", "squares", "products")]
)
