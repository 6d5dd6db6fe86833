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
        ("place", np.int64),  # Counts up: of two orders at a price the one with the lower number is ahead.
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
    "places",
    "told",
    "told_count",
    "told_capacity",
    "tallies",
    "start",
    "end",
)

# Why a kernel came back.
READ = 0  # All whole messages of the buffer are read.
FULL_TOLD = -1  # `told` is full; empty it and call again.
FULL_TABLE = -2  # The table is half full; rehash it into a larger one and call again.
DIRECTORY = -3  # The message at `start` names an instrument: Python reads it, steps over it and calls again.
BAD_LENGTH = -4  # The message at `start` is shorter than its kind must be.
BOUNDARY = -5  # The message at `start` is of the next trading date.

RECEIPT = 100  # A kind of `TOLD` beside those of nowake.kernels.layout: `lots` is when the recorder had a message.

WORD = np.dtype([("value", np.int64)])
BYTE = np.dtype([("value", np.uint8)])

REHASH_CONTEXT = np.dtype([(name, np.int64) for name in (*TRACKING[:4], "old_table", "old_bits")])
ITCH_CONTEXT = np.dtype(
    [
        (name, np.int64)
        for name in (
            *TRACKING,
            "watch",
            "latest",  # By instrument: nanoseconds since midnight of its last message.
            "final",  # Whether nothing follows on the bytes given.
            "midnight_ns",
            "names_side",
            "system",
        )
    ]
)
DBN_CONTEXT = np.dtype(
    [
        (name, np.int64)
        for name in (
            *TRACKING,
            "owners",
            "owner_bits",
            "key",  # Of the instrument at `start` that is not known yet, and where it would go among `owners`.
            "place",
            "boundary_ns",
            "far_ns",  # A stamp of the venue further ahead of the recorder's cannot be.
            "latest_ns",  # The last stamp of the venue that can.
            # The trade whose fills are being read: what of it no fill has explained, and who took.
            "trade_on",
            "trade_left",
            "trade_side",
            "trade_owner",
            "trade_price",
            "trade_id",
            "trade_ns",
        )
    ]
)

# A record of market by order, as it lies in a DBN file (little-endian).
DBN_MBO = np.dtype(
    [
        ("length", np.uint8),  # In words of 4 bytes.
        ("rtype", np.uint8),
        ("publisher_id", np.uint16),
        ("instrument_id", np.uint32),
        ("ts_event", np.int64),
        ("order_id", np.int64),
        ("price", np.int64),  # In units of 1e-9.
        ("size", np.uint32),
        ("flags", np.uint8),
        ("channel_id", np.uint8),
        ("action", np.uint8),
        ("side", np.uint8),
        ("ts_recv", np.int64),
        ("ts_in_delta", np.int32),
        ("sequence", np.uint32),
    ]
)

# An instrument of a DBN file, in an open-addressing table; key 0 is free.
OWNER = np.dtype(
    [
        ("key", np.int64),  # Publisher and instrument id.
        ("owner", np.int64),  # Its number, -1 where it is not wanted.
        ("orders", np.int64),  # How many of its orders are in the table.
        ("pictured", np.int64),  # Whether the last message was part of a snapshot.
        ("gap", np.int64),  # Whether the last message said that messages were lost.
        ("latest_ns", np.int64),
    ]
)

WANTED, HALTED, HALTED_HERE = 1, 2, 4  # Bits of an instrument's entry in `watch` of the ITCH context.
