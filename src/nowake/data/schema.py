"""The canonical columns of events, quotes, trades, bars and receipts.

Times are integer nanoseconds since the epoch, UTC; prices integer ticks and quantities integer lots of the
instrument. The types are polars', which are Arrow's."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.domain.market import Bars, Quotes, Receipts, Trades, columns_of

Table = Literal["events", "quotes", "trades", "bars", "receipts"]

# Table -> column -> (type, meaning).
COLUMNS: dict[str, dict[str, tuple[type[pl.DataType], str]]] = {
    "events": {
        "time_ns": (pl.Int64, "Venue time, nanoseconds since the epoch, UTC; never decreasing"),
        "order_id": (pl.Int64, "The venue's order id, 0 where it names none"),
        "lots": (pl.Int64, "Size added, taken away or printed; for RESYNC and LEVEL the whole displayed level"),
        "price_ticks": (pl.Int32, "Price in ticks; 0 for HALT and RESUME"),
        "kind": (
            pl.Int8,
            "1 ADD, 2 REDUCE, 3 DELETE, 4 EXECUTE, 5 PRINT_HIDDEN, 6 RESYNC, 7 PRINT_CROSS, 8 HALT, 9 RESUME, "
            "10 CLEAR, 11 LEVEL, 12 TRADE",
        ),
        "side": (pl.Int8, "Of the resting order: +1 bid, -1 ask, 0 where there is none"),
        "flags": (pl.Int16, "Bits: 1 part of a snapshot"),
    },
    "quotes": {
        "time_ns": (pl.Int64, "When the touch became this, nanoseconds since the epoch, UTC; never decreasing"),
        "bid_ticks": (pl.Int64, "Best bid in ticks; means nothing where bid_lots is 0"),
        "bid_lots": (pl.Int64, "Lots displayed at the best bid, 0 where there is no bid"),
        "ask_ticks": (pl.Int64, "Best ask in ticks; means nothing where ask_lots is 0"),
        "ask_lots": (pl.Int64, "Lots displayed at the best ask, 0 where there is no ask"),
    },
    "trades": {
        "time_ns": (pl.Int64, "When it traded, nanoseconds since the epoch, UTC; never decreasing"),
        "price_ticks": (pl.Int64, "Price in ticks"),
        "lots": (pl.Int64, "Size in lots, above 0"),
        "aggressor": (pl.Int8, "+1 the buyer took, -1 the seller took, 0 unknown"),
        "hidden": (pl.Boolean, "Whether the resting interest was not displayed"),
        "auction": (pl.Boolean, "Whether it is the print of an auction"),
        "venue": (pl.String, "The feed's short name of the place, empty where it names none; only where it names any"),
    },
    "bars": {
        "time_ns": (pl.Int64, "When the bar begins, nanoseconds since the epoch, UTC; increasing"),
        "end_ns": (pl.Int64, "When it ends; the bar holds what happened from time_ns up to, not including, end_ns"),
        "open": (pl.Float64, "First price, in currency"),
        "high": (pl.Float64, "Highest price"),
        "low": (pl.Float64, "Lowest price"),
        "close": (pl.Float64, "Last price"),
        "volume": (pl.Float64, "Quantity traded, in shares, contracts or coins"),
        "vwap": (pl.Float64, "Average price weighted by quantity, NaN where the source does not say"),
        "trades": (pl.Int64, "Number of trades, -1 where the source does not say"),
    },
    "receipts": {
        "venue_ns": (pl.Int64, "The venue's stamp of a message, nanoseconds since the epoch, UTC"),
        "local_ns": (pl.Int64, "The recorder's stamp of the same message, corrected for the skew of its clock"),
    },
}


OPTIONAL = frozenset({"venue"})  # Columns that a table may lack.


def dtypes(which: Table, held: Container[str] = ()) -> dict[str, type[pl.DataType]]:
    """Column -> polars type of one table, in order; of optional columns those that are `held`."""
    return {name: kind for name, (kind, _) in COLUMNS[which].items() if name not in OPTIONAL or name in held}


def frame(table: npt.NDArray[np.void] | Quotes | Trades | Bars | Receipts, which: Table) -> pl.DataFrame:
    """A table of a day as a polars frame in the canonical columns."""
    held = {name: table[name] for name in COLUMNS[which]} if isinstance(table, np.ndarray) else columns_of(table)
    kinds = dtypes(which, held)
    return pl.DataFrame({name: np.ascontiguousarray(held[name]) for name in kinds}, schema=kinds)
