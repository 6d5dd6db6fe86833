"""The memory of the matching engine: what the Python side allocates and the compiled side works in. No numba here.

Prices are *rows*: a row is a price's number in the window, higher is dearer. In a window of neighbouring prices row
and price differ by a constant (`base_ticks`); where prices lie far apart the window holds only those that occur, in
order, and `grid` names them. The kernels compare rows and look prices up only for reports.

Displayed bids and asks never meet, so both sides share one array of levels and one bit map: every occupied row up to
`best_bid` is a bid's, every one from `best_ask` on an ask's. Hidden orders have an array and a bit map of their own.
Slot 0 of the orders is nobody: 0 in a link means none, and zeroed memory is an empty book."""

from __future__ import annotations

import numpy as np

BUY, SELL = 0, 1  # Sides in messages and reports.
NEW, CANCEL, MODIFY = 0, 1, 2  # Kinds of messages.

# Types of reports. The first six are the bare contract; the others appear only where their features are used.
ACKNOWLEDGED, TRADE, CANCELLED, MODIFIED, CANCEL_REJECTED, MODIFY_REJECTED = range(6)
REJECTED = 6  # A new order that is not taken in; `reason` says why.
TRIGGERED = 7  # A stop order enters the book.
REPLENISHED = 8  # An iceberg shows a new tip, at the tail of its queue.
PREVENTED = 9  # Two orders of one owner met: both lose `quantity`, nothing traded.

# Reasons in reports.
NO_REASON = 0
NOT_RESTING = 1  # No order of this id is in the book or waiting: never seen, filled or cancelled.
DUPLICATE_ID = 2  # An order of this id is in the book.
WOULD_TRADE = 3  # Post-only, and it would have traded at once.
IMMEDIATE = 4  # What an immediate or market order could not trade.
TOO_LITTLE = 5  # Fill-or-kill or a minimum quantity: less than that could be traded at once.
SELF_MATCH = 6  # It met an order of the same owner.

# What the venue does when two orders of one owner meet.
CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT = range(4)

# A kernel came back because a store is full: grow it and call again.
FULL_ORDERS = -1
FULL_REPORTS = -2
DONE = 0

# Bits of `what` in a message.
KIND_BITS = 3  # Mask of the kind.
SIDE_BIT = 4  # Set: sell.
IOC = 8
MARKET = 16
FOK = 32
POST_ONLY = 64
HIDDEN = 128
PEG = 256
STOP = 512
DETAILED = 1024  # Display, minimum quantity or owner is not 0.
COUNTED = 2048  # Of an order: it is one of `specials`.
SPECIAL = MARKET | FOK | POST_ONLY | HIDDEN | PEG | STOP | DETAILED

MESSAGE = np.dtype(  # A message as the kernels read it; ids and sequence numbers are the bits of unsigned words.
    [
        ("order_id", np.int64),
        ("sequence", np.int64),
        ("quantity", np.int64),
        ("row", np.int32),
        ("what", np.int32),
    ],
    align=True,
)

DETAIL = np.dtype(  # What only some messages say; lies beside the messages.
    [
        ("display", np.int64),
        ("min_quantity", np.int64),
        ("stop_ticks", np.int64),
        ("owner", np.int64),
    ],
    align=True,
)

ORDER = np.dtype(  # 32 bytes, two to a cache line.
    [
        ("id", np.int64),
        ("open", np.int64),  # Of an iceberg: its tip.
        ("next", np.int32),  # Behind in the queue; of a free slot, the next free one.
        ("prev", np.int32),  # Ahead in the queue; of a waiting stop, its place in the heap.
        ("row", np.int32),
        ("what", np.int32),  # The bits of its message, but its kind.
    ],
    align=True,
)

TRAIT = np.dtype(  # What only special orders have; lies beside the orders.
    [
        ("reserve", np.int64),  # Of an iceberg: what is not shown.
        ("display", np.int64),  # The size of its tips, 0 where it shows all.
        ("min_quantity", np.int64),
        ("stop_ticks", np.int64),
        ("owner", np.int64),
        ("age", np.int64),  # Counts up: the smaller came first.
    ],
    align=True,
)

LEVEL = np.dtype(
    [
        ("head", np.int32),  # First in the queue.
        ("tail", np.int32),
        ("quantity", np.int64),  # Sum of `open`, modulo 2**64.
    ],
    align=True,
)

ENTRY = np.dtype([("tag", np.uint32), ("slot", np.int32)], align=True)  # Of the table from ids to slots.

WORD = np.dtype([("bits", np.int64)])

REPORT = np.dtype(
    [
        ("type", np.uint8),
        ("side", np.uint8),  # Of the order the report is about; of a trade, the taker's.
        ("reason", np.uint8),
        ("half", np.uint8),  # 1: the price is half a tick above `price_ticks` (midpoints).
        ("sequence", np.uint64),  # Of the message that brought it about.
        ("order_id", np.uint64),
        ("price_ticks", np.int64),
        ("quantity", np.int64),
        ("maker_id", np.uint64),
        ("taker_id", np.uint64),
    ],
    align=True,
)

COLUMN = np.dtype([("offset", np.int64), ("code", np.int64)])  # A field of the caller's, see `matching_input`.

COLUMNS = (  # Fields of a message the caller may give, in the order of the COLUMN records.
    "kind",
    "side",
    "order_id",
    "sequence",
    "price_ticks",
    "quantity",
    "ioc",
    "market",
    "fok",
    "post_only",
    "hidden",
    "peg",
    "stop",
    "display",
    "min_quantity",
    "stop_ticks",
    "owner",
)
REQUIRED = COLUMNS[:6]
CONTRADICTION = len(COLUMNS)  # What a survey calls fields that are good alone and contradict each other.

CONTEXT = np.dtype(
    [
        (name, np.int64)
        for name in (
            # Addresses.
            "records",  # The caller's messages, `stride` bytes each.
            "columns",
            "messages",
            "details",
            "orders",
            "traits",
            "levels",
            "words",
            "summary",
            "dark_levels",
            "dark_words",
            "dark_summary",
            "table",
            "reports",
            "grid",  # 0 where row and price differ by `base_ticks`.
            "pegs",  # Two queues.
            "stops",  # Two heaps of slots, `order_capacity` each.
            "triggered",
            "old_table",
            # Sizes.
            "stride",
            "message_count",
            "order_capacity",
            "report_capacity",
            "table_bits",
            "rows",
            "base_ticks",
            "old_entries",
            # What a survey of the caller's messages found, and which part of them to convert.
            "first",
            "bad_column",
            "priced",  # How many messages have a price.
            "lowest_ticks",
            "highest_ticks",
            "most_quantity",
            "special",  # How many messages the plain loop cannot match.
            "row",  # Of a question about the book.
            # Where we are.
            "next_message",
            "orders_used",
            "free_slot",
            "live",
            "best_bid",  # A row, -1 when there is none.
            "best_ask",  # A row, `rows` when there is none.
            "dark_bid",  # The same of hidden orders.
            "dark_ask",
            "report_count",
            "last_known",  # Whether anything traded, and at what price the last did.
            "last_ticks",
            "last_half",
            # What only special orders need.
            "self_match",
            "amend_down",
            "specials",  # How many orders that the plain loop cannot match are in the engine.
            "peg_count",
            "ages",
            "stop_counts",  # Address of two.
            "triggered_first",
            "triggered_end",
            "sequence",  # Of the message under way.
            "taker",  # The slot of the order that is trading, 0 when none is.
            "taker_waits",  # 1: it is a peg that keeps its place while it trades.
            "mid_known",  # The midpoint the taker found.
            "mid_ticks",
            "mid_half",
        )
    ]
)
