"""The replayed book against the books NASDAQ's data show: every pair of LOBSTER files there is, by content."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nowake.data.folder import look
from nowake.data.load import load_day
from nowake.data.readers.contract import Recording
from nowake.kernels.layout import RESYNC
from nowake.sim.book import Book

ROOT = Path(os.environ.get("NOWAKE_DATA") or Path(__file__).parents[4] / "shared" / "data")
DEEP_LEVELS = 50  # So deep that a level seldom leaves the file's sight.


def pairs() -> list[Recording]:
    return list(look(ROOT, ["lobster"]).recordings) if ROOT.is_dir() else []


def spec_of(pair: Recording) -> str:
    return f"lobster:{pair.symbols[0]}:{pair.detail}"


def test_replayed_touch_equals_the_recorded_one_at_every_instant_of_every_pair():
    found = pairs() or pytest.skip(f"no LOBSTER files under {ROOT}; set NOWAKE_DATA")
    for pair in found:
        day = load_day(spec_of(pair), pair.first, root=ROOT)
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
        assert [] == wrong[:3], spec_of(pair)
        assert (int(day.trades.lots.sum()), 0) == (book.volume_lots, book.crossed_instants)


def test_every_row_of_a_deep_file_shows_the_recorded_touch_and_messages_alone_nearly_all_of_them():
    """Levels that were out of sight, and orders whose end the file forgot, are told by few RESYNC events."""
    deep = [pair for pair in pairs() if int(pair.detail) >= DEEP_LEVELS]
    for pair in deep or pytest.skip(f"no LOBSTER files of {DEEP_LEVELS} levels under {ROOT}"):
        day = load_day(spec_of(pair), pair.first, root=ROOT)
        recorded = recorded_touch(pair.files[1], int(day.instrument.tick_size * 10_000))
        is_message = day.events["kind"] != RESYNC
        row = np.maximum(np.cumsum(is_message) - 1, 0)  # A RESYNC belongs to the message before it.
        assert recorded.tolist() == touch_by_row(day.events, row, len(recorded)).tolist()
        assert np.count_nonzero(~is_message) < len(recorded) / 500
        first = is_message | (np.arange(len(row)) < int(np.argmax(is_message)))  # With what stood before the first.
        alone = touch_by_row(day.events[first], row[first], len(recorded))
        assert np.mean(np.all(alone == recorded, axis=1)) > 0.99


def recorded_touch(path: Path, units: int) -> np.ndarray:
    """Bid ticks, bid lots, ask ticks, ask lots of each row of a book file; 0 for a side that is empty."""
    book = np.loadtxt(path, delimiter=",", dtype=np.int64, usecols=(2, 3, 0, 1))
    book[:, ::2] //= units
    for side in (0, 2):
        book[book[:, side + 1] == 0, side] = 0
    return book


def touch_by_row(events: np.ndarray, row: np.ndarray, rows: int) -> np.ndarray:
    """The book's touch after each row of the file, each row made an instant of its own."""
    events = events.copy()
    events["time_ns"] = row
    book, touch = Book(events), np.zeros((rows, 4), np.int64)
    for k in range(rows):
        book.run(k)
        bids, asks = book.sides()
        touch[k, :2], touch[k, 2:] = (bids or [(0, 0)])[0], (asks or [(0, 0)])[0]
    return touch
