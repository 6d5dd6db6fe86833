"""The memory of a compiled strategy and of the desk that works its wishes. No numba here.

What the strategy may read and write are four records: MARKET (what we know), WANTED (the orders it wants working),
WAKE (when to be asked again) and its own memo and parameters. The rest belongs to `nowake.kernels.desk`: our orders
as we know them and as the venue has them, commands on their way there and news on its way back."""

from __future__ import annotations

import numpy as np

MAX_OWN = 256  # Orders of ours that may stand or be under way at once.
MAX_COMMANDS = 2_048  # Commands under way at once; a power of 2.
MAX_NEWS = 1 << 14  # News under way at once; a power of 2.
MAX_AT_ONE_INSTANT = 1_000  # Decisions without any time passing: more is a strategy that goes round in circles.
MOST_TICKS = 1 << 53  # A wanted price is nearer to 0 than this.
PAUSE_DECISIONS = 1 << 16  # After so many Python is heard: an interrupt from the keyboard, a progress bar.

# What `step` says.
DECIDE = 0  # Ask the strategy.
OVER = 1  # The market or the data have closed.
PAUSE = 2  # Nothing; call again.
GROW_ORDERS = -1  # As the book's FULL_ORDERS and FULL_FILLS: grow the store and call again.
GROW_FILLS = -2
BAD_WANTED = -3  # `fault_row` says which row of WANTED cannot be.
TOO_MANY_OWN = -4
TOO_MANY_MESSAGES = -5
STUCK = -6  # MAX_AT_ONE_INSTANT decisions at one instant.
BAD_WAKE = -7  # The next wake is not after now.

# Where `step` goes on.
BEGIN, DECIDED, RUNNING, DELIVERING = 0, 1, 2, 3

# What a command says, and what news says.
PLACE, REDUCE, CANCEL = 0, 1, 2
REJECTED, REDUCED, REDUCED_TOO_LATE, CANCELLED, CANCELLED_TOO_LATE, FILLED = 0, 1, 2, 3, 4, 5

# What we know of the market and of ourselves, for the strategy to read.
MARKET = np.dtype(
    [
        ("now_ns", np.int64),  # Our time. What is seen left the venue one feed leg ago.
        ("bid_ticks", np.int64),  # Best displayed price and lots there, our own orders included; both 0: none.
        ("bid_lots", np.int64),
        ("ask_ticks", np.int64),
        ("ask_lots", np.int64),
        ("others_bid_ticks", np.int64),  # The same without our own orders.
        ("others_bid_lots", np.int64),
        ("others_ask_ticks", np.int64),
        ("others_ask_lots", np.int64),
        ("volume_lots", np.int64),  # Of every print so far.
        ("trading", np.int64),  # 1 while the venue trades, 0 in a halt or before the open.
        ("position_lots", np.int64),  # Bought less sold, as far as we know.
        ("cash_ticks", np.int64),  # Ticks times lots received less paid, as far as we know.
        ("bought_lots", np.int64),
        ("sold_lots", np.int64),
        ("fills", np.int64),
        ("refusals", np.int64),  # Orders the venue refused.
        ("open_bid_lots", np.int64),  # Of ours that may still trade, orders and cancels under way included.
        ("open_ask_lots", np.int64),
        ("decisions", np.int64),  # How often we were asked before.
    ]
)

# One order the strategy wants working; 0 lots: none. All rows are zero when the strategy is asked.
WANTED = np.dtype(
    [
        ("side", np.int64),  # +1 buy, -1 sell.
        ("price_ticks", np.int64),
        ("lots", np.int64),
        ("immediate", np.int64),  # 1: what does not trade on arrival is cancelled.
        ("post_only", np.int64),  # 1: refused where it would trade on arrival.
    ]
)

# When to ask again: the earliest. The fields hold what is written here when the strategy is asked.
WAKE = np.dtype(
    [
        ("time_ns", np.int64),  # NEVER.
        ("on_touch", np.int64),  # 0. When the best bid or ask price of others changes.
        ("volume_lots", np.int64),  # NEVER. When cumulative volume reaches this.
        ("bid_at_least_ticks", np.int64),  # NEVER. When the best bid of others is at or above this,
        ("ask_at_most_ticks", np.int64),  # NEVER. or their best ask at or below this; at once where it is so.
        ("own_news", np.int64),  # 1. When a fill, a refusal or the end of an order of ours becomes known.
    ]
)

# An order of ours. `open_lots` is what we know, `venue_lots` what the venue has.
OWN_ORDER = np.dtype(
    [
        ("child_id", np.int64),  # Even for a buy, odd for a sell.
        ("side", np.int64),
        ("price_ticks", np.int64),
        ("open_lots", np.int64),
        ("keep_lots", np.int64),  # What it will have at most once every reduction under way has arrived.
        ("venue_lots", np.int64),
        ("slot", np.int64),  # The book's; 0 where it does not rest.
        ("immediate", np.int64),
        ("post_only", np.int64),
        ("under_way", np.int64),  # Commands and answers that have not come back.
        ("reducing", np.int64),  # How many of them are reductions.
        ("leaving", np.int64),  # 1 once a cancel was sent.
        ("claimed", np.int64),  # 1 when a wish is served by it.
    ]
)

# A command on its way to the venue, or news on its way back.
MESSAGE = np.dtype(
    [
        ("time_ns", np.int64),  # When it arrives.
        ("kind", np.int64),
        ("child_id", np.int64),
        ("lots", np.int64),
        ("price_ticks", np.int64),  # Of a fill.
    ]
)

COUNTS = ("placed", "reduced", "cancelled", "refused", "too_late")  # What was sent and what came of it.

DESK = np.dtype(
    [
        (name, np.int64)
        for name in (
            # Addresses: of the kernels, of the book's context, of our arrays.
            "replay",
            "place",
            "reduce",
            "withdraw",
            "book",
            "market",
            "wanted",
            "wake",
            "own",
            "commands",
            "news",
            "legs",
            # The run.
            "open_ns",
            "close_ns",
            "feed_ns",
            "ack_ns",
            "fill_ns",
            "limit_lots",
            "rows",
            "lowest_ticks",  # The lowest price that may be wanted.
            # Where we are.
            "phase",
            "now_ns",
            "stop_ns",
            "halted",
            "own_count",
            "orders_made",
            "command_first",
            "command_end",
            "news_first",
            "news_end",
            "fills_booked",
            "sent",
            "last_arrival_ns",
            "last_report_ns",
            "at_one_instant",
            "decisions",
            "fault_row",
            # What we know of ourselves, shown in MARKET: what a strategy writes there changes nothing.
            "position_lots",
            "cash_ticks",
            "bought_lots",
            "sold_lots",
            "fills",
            *COUNTS,
        )
    ]
)
