"""The records that kernels read and write. No numba here, so anyone may import it for nothing.

Side is +1 for bids and -1 for asks and is always the side of the RESTING order."""

from __future__ import annotations

import numpy as np

# One message of market history, 32 bytes, in time order.
EVENT = np.dtype(
    [
        ("time_ns", np.int64),  # Venue time, since the epoch, UTC.
        ("order_id", np.int64),  # 0 where the venue names none.
        ("lots", np.int64),
        ("price_ticks", np.int32),
        ("kind", np.int8),
        ("side", np.int8),
        ("flags", np.int16),  # Bits, see SNAPSHOT.
    ],
    align=True,
)

ADD = 1  # A new resting order of `lots`.
REDUCE = 2  # A partial cancel: the order loses `lots` and keeps its place.
DELETE = 3  # The rest of the order is cancelled.
EXECUTE = 4  # A taker took `lots` of this displayed order.
PRINT_HIDDEN = 5  # A taker took `lots` of hidden interest at `price_ticks`; the displayed book does not move.
RESYNC = 6  # The level at this side and price displays exactly `lots` (0 = gone); who queues there is unknown.
PRINT_CROSS = 7  # An auction print: counts as volume, moves no book and fills nobody's resting order.
HALT = 8  # Trading stops.
RESUME = 9  # Trading goes on.
CLEAR = 10  # Everything history displays is gone: a snapshot follows, or the venue started anew.

# Of feeds that tell levels and trades apart, and never whose order it was. An event table holds either these and no
# ADD, REDUCE, DELETE, EXECUTE and RESYNC, or none of these.
LEVEL = 11  # The level at this side and price displays exactly `lots` (0 = gone).
TRADE = 12  # A taker took `lots` at `price_ticks` from this side, 0 where unknown; LEVEL events tell what is left.

# Bits of `flags`.
SNAPSHOT = 1  # Part of a picture of the book, not something that happened now.
