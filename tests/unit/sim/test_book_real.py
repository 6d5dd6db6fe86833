"""The replayed book against the books NASDAQ's data show, instant by instant."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nowake.data.load import load_day
from nowake.sim.book import Book

LOBSTER = Path(os.environ.get("NOWAKE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "lobster"


@pytest.mark.parametrize("symbol", ["AMZN", "AAPL"])
def test_replayed_touch_equals_the_recorded_one_at_every_instant(symbol):
    if not LOBSTER.is_dir():
        pytest.skip(f"no LOBSTER data at {LOBSTER}; set NOWAKE_DATA")
    day = load_day(f"lobster:{symbol}", root=LOBSTER)
    quotes, book, wrong = day.quotes, Book(day.events), []
    last_of_instant = np.flatnonzero(np.append(quotes.time_ns[1:] != quotes.time_ns[:-1], True))
    columns = (quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
    for time_ns, *touch in zip(
        *(column[last_of_instant].tolist() for column in (quotes.time_ns, *columns)), strict=True
    ):
        book.run(time_ns)
        bids, asks = book.sides()
        if touch != [*(bids or [(0, 0)])[0], *(asks or [(0, 0)])[0]]:
            wrong.append((time_ns, touch, bids, asks))
    assert [] == wrong[:3]
    assert (int(day.trades.lots.sum()), 0) == (book.volume_lots, book.crossed_instants)
