"""Every recording of Binance streams in the data folder: the rebuilt best bid and ask are the venue's own.

The venue's own are read here from the raw lines as plain dictionaries, the rebuilt ones come from our events. The two
are compared where they state one update id. Against the last bookTicker at or before a change a few may differ: a
change of the book may end inside a burst that bookTicker tells as one."""

from __future__ import annotations

import bisect
import gzip
import itertools
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from nowake.data.assemble import days
from nowake.data.readers import binance
from nowake.data.readers.contract import Wanted
from nowake.kernels.layout import CLEAR, HALT, LEVEL, RESUME
from nowake.sim.level_book import LevelBook

MS = 1_000_000


@pytest.fixture(scope="module")
def recordings(data_root):
    """What the data folder holds of this format, wherever it lies."""
    files = sorted(path for path in data_root.rglob("*.gz") if path.is_file() and binance.recognises(path))
    if not files:
        pytest.skip(f"no recorded Binance streams in {data_root}; set NOWAKE_DATA")
    return binance.recordings(files)


@pytest.fixture(scope="module")
def read(recordings):
    """(recording, its days, what its lines say) of each."""
    return [
        (recording, list(days(binance.pieces(recording, Wanted()), source=str)), told(recording))
        for recording in recordings
    ]


def told(recording):
    """Update ids of the changes of the book by their time in ns, the last of each; and bookTickers by update id."""
    changes, tickers = {}, {}
    for path in recording.files:
        with gzip.open(path) as stream:
            for line in stream:
                data = msgspec.json.decode(line.split(b" ", 1)[1])
                data = data.get("data", data)
                if data.get("e") == "depthUpdate":
                    changes[data.get("T", data["E"]) * MS] = data["u"]
                elif "B" in data:
                    tickers[data["u"]] = tuple(Decimal(data[name]) for name in "bBaA")
    return changes, tickers


def rebuilt(day):
    """(time, touch) after each instant of the book that is known: dictionaries and their best keys."""
    book = {1: {}, -1: {}}
    best = {1: None, -1: None}
    halted = False
    rows = day.events[day.events["kind"] >= HALT][["time_ns", "kind", "side", "price_ticks", "lots"]].tolist()
    for time_ns, instant in itertools.groupby(rows, key=lambda row: row[0]):
        moved = False
        for _, kind, side, price, lots in instant:
            moved = moved or kind == LEVEL
            if kind == CLEAR:
                book, best = {1: {}, -1: {}}, {1: None, -1: None}
            elif kind in (HALT, RESUME):
                halted = kind == HALT
            elif kind == LEVEL and lots:
                book[side][price] = lots
                if best[side] is not None and side * price > side * best[side]:
                    best[side] = price
            elif kind == LEVEL and book[side].pop(price, None) and price == best[side]:
                best[side] = None
        if moved and not halted:
            for side, choose in ((1, max), (-1, min)):
                best[side] = choose(book[side], default=0) if best[side] is None else best[side]
            yield time_ns, tuple(number for side in (1, -1) for number in (best[side], book[side].get(best[side], 0)))


def in_currency(day, touch):
    """Prices and sizes of a touch in ticks and lots."""
    tick, lot = day.instrument.tick_size, day.instrument.lot_size
    return (touch[0] * tick, touch[1] * lot, touch[2] * tick, touch[3] * lot)


def test_rebuilt_best_bid_and_ask_are_the_venues_own_wherever_both_state_one_update(read):
    for recording, of_days, (changes, tickers) in read:
        compared = [
            (tickers[changes[time_ns]], in_currency(day, touch))
            for day in of_days
            for time_ns, touch in rebuilt(day)
            if changes.get(time_ns) in tickers
        ]
        assert len(compared) > 100, recording
        assert [] == [(theirs, ours) for theirs, ours in compared if theirs != ours], recording


def test_rebuilt_best_bid_and_ask_are_the_last_the_venue_told_but_for_bursts_it_tells_as_one(read):
    for recording, of_days, (changes, tickers) in read:
        ids = sorted(tickers)
        compared = equal = 0
        for day in of_days:
            for time_ns, touch in rebuilt(day):
                at = bisect.bisect_right(ids, changes.get(time_ns, -1)) - 1
                if at >= 0:
                    compared += 1
                    equal += tickers[ids[at]] == in_currency(day, touch)
        assert compared > 1000, recording
        assert compared - equal <= compared / 2000, (recording, compared, equal)


def test_the_replayed_book_shows_the_same_touch_at_every_change(read):
    for recording, of_days, _ in read:
        for day in of_days:
            book = LevelBook(day.events)
            different = []
            for time_ns, touch in rebuilt(day):
                while book.run(time_ns):  # The end of a halt stops it.
                    pass
                bids, asks = book.sides()
                if touch != (*bids[0], *asks[0]):
                    different.append((time_ns, touch, bids[0], asks[0]))
            assert [] == different, recording


def test_what_the_reader_measures_and_counts_of_a_sound_recording(read):
    for recording, of_days, _ in read:
        for day in of_days:
            assert 100.0 == day.findings.measures["touch_agreement_pct"], recording
            assert {"left_out"} >= set(day.findings.counts), recording
            assert day.can_replay, recording
            assert np.all(day.receipts.local_ns >= day.receipts.venue_ns), recording
            assert len(day.trades) > 100, recording
