"""The memory in which readers follow orders through a feed that names them by id alone. No numba here.

A feed says side, price and size of an order once, when it comes; what follows names its id. So a table of live orders
is kept while messages are read, and each message is told in full (`TOLD`), in the feed's own units of price, under the
number of its instrument (`owner`); Python turns that into events, instrument by instrument."""

from __future__ import annotations

import numpy as np

# What a message says, with all that the table knew of its order.
TOLD = np.dtype(
    [
        ("time_ns", np.int64),
        ("order_id", np.int64),
        ("lots", np.int64),
        ("price", np.int64),  # In the feed's units.
        ("owner", np.int32),
        ("kind", np.int8),  # As in nowake.kernels.layout.
        ("side", np.int8),
        ("flags", np.int16),
    ],
    align=True,
)

# An entry of the table of live orders, open addressing; side 0 is a free entry.
TRACKED = np.dtype(
    [
        ("id", np.int64),
        ("price", np.int64),
        ("lots", np.int64),
        ("executed", np.int64),  # Lots whose removal is still to be told, though their execution was.
        ("owner", np.int32),
        ("side", np.int32),
    ],
    align=True,
)

# How often a message of an instrument could not be taken at its word.
TALLY = np.dtype(
    [
        (name, np.int64)
        for name in (
            "unknown_orders",
            "reused_ids",
            "overdrawn_orders",
            "broken_prints",
            "clock_reversals",
            "unreadable",
            "left_out",
            "sequence_gaps",
            "without_print",
        )
    ]
)

TRACKING = (  # Words every context has: the table, where things are told, and how far the reading went.
    "table",
    "table_bits",
    "tracked",
    "told",
    "told_count",
    "told_capacity",
    "tallies",
    "start",
    "end",
    "latest_ns",
)

# Why a kernel came back.
READ = 0  # All whole messages of the buffer are read.
FULL_TOLD = -1  # `told` is full; empty it and call again.
FULL_TABLE = -2  # The table is half full; rehash it into a larger one and call again.
DIRECTORY = -3  # The message at `start` names an instrument: Python reads it, steps over it and calls again.
BAD_LENGTH = -4  # The message at `start` is shorter than its kind must be.

WORD = np.dtype([("value", np.int64)])
BYTE = np.dtype([("value", np.uint8)])

REHASH_CONTEXT = np.dtype([(name, np.int64) for name in (*TRACKING[:3], "old_table", "old_bits")])
ITCH_CONTEXT = np.dtype([(name, np.int64) for name in (*TRACKING, "watch", "midnight_ns", "names_side", "system")])
DBN_CONTEXT = np.dtype(
    [
        (name, np.int64)
        for name in (*TRACKING, "owners", "taken_left", "taken_side", "taken_owner", "taken_price", "taken_ns")
    ]
)

WANTED, HALTED, HALTED_HERE = 1, 2, 4  # Bits of an instrument's entry in `watch` of the ITCH context.
