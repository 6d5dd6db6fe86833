"""The context records of the passes over whole tables that `data` makes: addresses and counts. No numba here."""

from __future__ import annotations

import numpy as np

# See `nowake.kernels.touch`.
TOUCH = np.dtype(
    [
        ("events", np.int64),  # EVENT[count].
        ("count", np.int64),
        ("ranks", np.int64),  # int32[count]: which of the prices an event has.
        ("prices", np.int64),  # int64[price_count], increasing.
        ("price_count", np.int64),
        ("held", np.int64),  # int64[2, price_count], zeros: lots at each price, bids first.
        ("words", np.int64),  # int64[2, words_a_side], zeros: a bit for each price that has lots.
        ("words_a_side", np.int64),  # price_count // 64 + 1.
        ("out", np.int64),  # TOUCH_ROW[count].
        ("crossed", np.int64),  # Out: instants after which the best bid was above the best ask, outside halts,
        ("locked", np.int64),  # equal to it, outside halts,
        ("halted_crossed", np.int64),  # and at or above it in a halt.
    ]
)
TOUCH_ROW = np.dtype([(name, np.int64) for name in ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")])

# See `nowake.kernels.interleave`: addresses of the columns of events, and of EVENT[count].
INTERLEAVE = np.dtype(
    [
        (name, np.int64)
        for name in ("time_ns", "order_id", "lots", "price_ticks", "kind", "side", "flags", "out", "count")
    ]
)

# See `nowake.kernels.asof`.
ASOF = np.dtype(
    [
        ("times_ns", np.int64),  # int64[count], never falling.
        ("count", np.int64),
        ("asked_ns", np.int64),  # int64[asked], never falling.
        ("asked", np.int64),
        ("delays_ns", np.int64),  # int64[delays], in any order, below 0 too.
        ("delays", np.int64),
        ("strictly", np.int64),  # 1: rows of the very instant do not count, 0: they do.
        ("out", np.int64),  # int32[delays, asked].
    ]
)
