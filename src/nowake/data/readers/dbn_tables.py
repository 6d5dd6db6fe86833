"""Quotes and trades out of DBN records that tell no orders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nowake.data.day import quotes_of_touch
from nowake.data.readers.dbn_layout import UNDEFINED_PRICE
from nowake.domain.market import Quotes, Trades

Ints = npt.NDArray[np.int64]
Converts = Callable[[Ints], Ints]


def quotes_of(records: npt.NDArray[np.void], ticks: Converts, lots: Converts) -> Quotes | None:
    """Best bid and ask after each record, one row a change; None where the schema has none."""
    if "bid_px" not in (records.dtype.names or ()):
        return None
    touch = np.zeros((len(records), 4), np.int64)
    for column, side in ((0, "bid"), (2, "ask")):
        price, size = records[f"{side}_px"], records[f"{side}_sz"].astype(np.int64)
        there = (price != UNDEFINED_PRICE) & (size > 0)
        touch[there, column], touch[there, column + 1] = ticks(price[there]), lots(size[there])
    return quotes_of_touch(records["ts_event"], touch)


def trades_of(records: npt.NDArray[np.void], ticks: Converts, lots: Converts) -> Trades:
    """The prints among records; who took is the side of the record, unknown where it has none."""
    prints = records[(records["action"] == b"T") & (records["price"] != UNDEFINED_PRICE) & (records["size"] > 0)]
    side = prints["side"]
    return Trades(
        time_ns=prints["ts_event"].copy(),
        price_ticks=ticks(prints["price"]),
        lots=lots(prints["size"].astype(np.int64)),
        aggressor=np.where(side == b"B", 1, np.where(side == b"A", -1, 0)).astype(np.int8),
        hidden=np.zeros(len(prints), np.bool_),
        auction=np.zeros(len(prints), np.bool_),
    )
