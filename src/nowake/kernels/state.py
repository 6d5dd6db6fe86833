"""The memory of the order-by-order book: what the Python side allocates and the compiled side works in. No numba here.

One context record holds scalars and the raw addresses of the arrays, so that a kernel takes a single argument
(0.3 microseconds a call instead of 1 with a dozen arrays).

Both sides of the book count price in *rank*, higher is better: a bid's rank is its price above the lowest tick of the
window, an ask's its price below the highest. Every loop "from the best price down" is then one loop for both sides.
Slot 0 of the orders is nobody: 0 in a link means none, and zeroed memory is an empty book."""

from __future__ import annotations

import numpy as np

BIDS, ASKS = 0, 1  # Number of a side in the kernels.

# What an order in the queue is.
NOBODY = 0  # A free slot.
NAMED = 1  # Historic, known by its id.
ANONYMOUS = 2  # Historic lots a RESYNC or an ADD without id brought.
OWN = 3  # Ours.

# A store is full and nothing was done: grow it and call again.
FULL_ORDERS = -1
FULL_FILLS = -2

# Why else `replay` came back.
TIME = 0  # Every event up to `until_ns` is in the book.
WAKE = 1  # Touch or halt changed, or the volume was reached; every event of that instant is in the book.

# What else `place` says.
ACCEPTED = 0
PRICE_OUT_OF_RANGE = 1
WOULD_CROSS_SELF = 2
NOT_CONTINUOUS = 3
WOULD_TAKE = 4

# Bits of `on_touch`.
ON_TOUCH = 1  # A best price of others differs from the marked one.
ON_PRICE = 2  # A best price of others reaches the `wake_rank` of its side.

GONE = -1  # What `reduce` and `withdraw` say of an order that has nothing left in the book.
UNKNOWN = -2  # Of an order that was never accepted.

NEVER = (1 << 63) - 1  # A time or a volume that is not reached.
NO_PRINT = -(1 << 62)  # The price of a print that the tape does not have.
CARRY_BITS = 60
CARRY = 1 << CARRY_BITS  # Turnover is counted in two words: `turnover_high * CARRY + turnover_low`.
TOO_MUCH = 1 << 62  # One print's price times lots, and the lots of a day, must stay below.

# Historic orders hold the lots history says remain (`hist`) and how many of them we took (`taken`);
# they display max(0, hist - taken). Ours hold their open lots in `hist`.
ORDER = np.dtype(
    [
        ("id", np.int64),  # The venue's, or our child's.
        ("hist", np.int64),
        ("taken", np.int64),
        ("next", np.int32),  # Behind in the queue; of a free slot, the next free one.
        ("prev", np.int32),  # Ahead in the queue.
        ("row", np.int32),  # side * window + rank.
        ("kind", np.int32),
    ],
    align=True,
)

LEVEL = np.dtype(
    [
        ("head", np.int32),  # First in the queue.
        ("tail", np.int32),
        ("hist", np.int64),  # Lots history says rest here.
        ("shown", np.int64),  # Lots others display here.
        ("own", np.int32),  # How many of our orders rest here.
        ("anonymous", np.int32),  # How many anonymous orders rest here.
    ],
    align=True,
)

# Open-addressing table from a venue's order id to the order's slot.
ENTRY = np.dtype([("id", np.int64), ("slot", np.int64)])

OURS = np.dtype([("lots", np.int64)])  # Lots of ours at a level; apart, so that two levels fit a cache line.

WORD = np.dtype([("bits", np.int64)])  # One bit a level.

SIDE = np.dtype(
    [
        ("best", np.int64),  # Rank of the best level at which others display lots, -1 when there is none.
        ("lit", np.int64),  # At how many levels others display lots.
        ("own", np.int64),  # How many of our orders rest on this side.
        ("touch", np.int64),  # The best within reach when Python last asked for it to be kept.
        ("wake_rank", np.int64),  # With ON_PRICE, a touch of this rank or better wakes.
        ("marked", np.int64),  # How many levels are marked.
        ("top_mark", np.int64),  # Rank of the best of them, -1 when there is none.
    ]
)

FILL = np.dtype(
    [
        ("venue_ns", np.int64),
        ("child_id", np.int64),
        ("lots", np.int64),
        ("open_lots", np.int64),  # Of the child, after this fill.
        ("price_ticks", np.int64),
        ("maker", np.int64),  # 1 when our order rested, 0 when it took.
        ("tape_ticks", np.int64),  # Price of history's print that these lots are a share of, or NO_PRINT.
    ]
)

SHOWN = np.dtype([("price_ticks", np.int64), ("lots", np.int64)])  # A displayed level, for Python.

CONTEXT = np.dtype(
    [
        (name, np.int64)
        for name in (
            # Addresses.
            "events",
            "orders",
            "levels",
            "ours",
            "table",
            "words",
            "marks",
            "sides",
            "fills",
            "shown",
            "ladder",  # Of the level book alone, see `ladder_state`.
            # Sizes.
            "event_count",
            "order_capacity",
            "fill_capacity",
            "table_bits",
            "window",
            "words_a_side",
            "depth",
            "rows_a_side",
            "reach",
            "lowest_ticks",
            "most_lots",
            "most_ticks",
            "sum_lots",
            "level_events",
            # Where we are.
            "next_event",
            "orders_used",
            "free_slot",
            "phantoms",
            "crossed",
            "tape_ticks",
            # When to come back.
            "until_ns",
            "on_touch",
            "mark_touch",
            "volume_wake",
            "report_lag_ns",
            "halted_told",
            # A command of ours, and its outcome.
            "child_id",
            "side",
            "price_ticks",
            "lots",
            "immediate",
            "post_only",
            "slot",
            "left",
            # What Python reads after every run, at once with the displayed levels, which lie behind it.
            "fill_count",
            "venue_ns",
            "halted",
            "volume",
            "turnover_low",
            "turnover_high",
        )
    ]
)
