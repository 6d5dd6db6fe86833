"""Recordings become stored days: one damaged leaves the others, a second time changes nothing, memory is bounded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import operator
from decimal import Decimal

import numpy as np
import pytest

from nowake.data import assemble
from nowake.data import convert as conversion
from nowake.data.assemble import day_of, days
from nowake.data.convert import convert, fits
from nowake.data.findings import Findings
from nowake.data.folder import look
from nowake.data.load import load_day
from nowake.data.parquet import read_day
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.domain.errors import BadData
from nowake.domain.market import Trades

from .conftest import BOOK, MESSAGES
from .test_store import instrument_of, piece_of


def converted(root, to, **options):
    return convert(everything(look(root, ["lobster"]).recordings), to, **options)


def everything(recordings, wanted=None):
    return [(recording, wanted or Wanted()) for recording in recordings]


def test_a_converted_day_is_the_day_itself(write_lobster, tmp_path):
    root = write_lobster()
    heard = []
    (outcome,) = converted(root, tmp_path / "store", hear=lambda _, done, of: heard.append((done, of)))
    (kept,) = outcome.days
    day, stored = load_day("lobster:TEST", root=root), read_day(kept.folder)
    assert (day.fingerprint, day.instrument, day.warnings) == (stored.fingerprint, stored.instrument, stored.warnings)
    assert ("lobster:TEST", day.findings, day.resyncs) == (stored.source, stored.findings, stored.resyncs)
    size = len(MESSAGES) + len(BOOK)
    assert [(size, size)] == heard


def test_a_second_time_the_same_files_change_nothing_and_other_files_are_refused(write_lobster, tmp_path):
    root, store = write_lobster(), tmp_path / "store"
    (first,) = converted(root, store)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert ["unchanged"] == [day.fate for outcome in converted(root, store) for day in outcome.days]
    assert before == {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    write_lobster(MESSAGES.replace(",40,", ",30,"), BOOK.replace(",60", ",70"))
    (outcome,) = converted(root, store)
    assert ("TEST of 2012-06-21 at XNAS is in", ()) == (outcome.failure[:32], outcome.days)
    assert 40 == read_day(first.days[0].folder).trades.lots[0]
    (outcome,) = converted(root, store, overwrite=True)
    assert ("written", 30) == (outcome.days[0].fate, read_day(outcome.days[0].folder).trades.lots[0])


def test_a_file_repaired_in_its_middle_is_another_file(write_lobster, tmp_path):
    rows = [f"{34200 + k}.5,1,{k + 1},100,1000000,1" for k in range(9_000)]
    book = ["1000300,70,1000000," + str(100 * (k + 1)) for k in range(9_000)]
    root, store = write_lobster("\n".join(rows), "\n".join(book)), tmp_path / "store"
    converted(root, store)
    rows[4_500] = rows[4_500].replace(",4501,", ",9501,")
    write_lobster("\n".join(rows), "\n".join(book))
    (outcome,) = converted(root, store)
    assert "is in" in outcome.failure


def test_another_tick_is_another_day(write_lobster, tmp_path):
    root, store = write_lobster(), tmp_path / "store"
    converted(root, store)
    finer = Wanted(tick_size=Decimal("0.0001"))
    (outcome,) = convert(everything(look(root, ["lobster"]).recordings, finer), store)
    assert "is in" in outcome.failure
    (outcome,) = convert(everything(look(root, ["lobster"]).recordings, finer), store, overwrite=True)
    assert Decimal("0.0001") == read_day(outcome.days[0].folder).instrument.tick_size


def test_a_damaged_recording_is_left_out_and_the_others_are_written(write_lobster, tmp_path):
    root = write_lobster()
    write_lobster(MESSAGES.replace(",40,", ",4o,"), symbol="BAD")
    bad, good = converted(root, tmp_path / "store")
    assert ((), "row 3: size '4o' is not a number" in bad.failure) == (bad.days, True)
    assert ("TEST", "") == (good.days[0].key[0], good.failure)
    assert ["TEST"] == [each.symbols[0] for each in look(tmp_path / "store").recordings]


def test_a_recording_that_breaks_off_leaves_nothing_of_its_days(tmp_path, monkeypatch):
    class Breaking:
        @staticmethod
        def pieces(recording, wanted):
            yield piece_of([1], instrument_of(recording.symbols[0]))
            if recording.symbols == ("CUT",):
                raise BadData("cut short")

    monkeypatch.setattr(conversion, "pieces", Breaking.pieces)
    recordings = [Recording("x", "XNAS", (symbol,), None, None, ()) for symbol in ("CUT", "WHOLE")]
    cut, whole = convert(everything(recordings), tmp_path)
    assert ("cut short", (), ["WHOLE"]) == (cut.failure, cut.days, [day.key[0] for day in whole.days])
    assert ["WHOLE"] == [each.symbols[0] for each in look(tmp_path).recordings]


@pytest.mark.parametrize(
    ("symbols", "first", "last", "expected"),
    [
        ((), None, None, True),
        (("A",), None, None, True),
        (("B",), None, None, False),
        ((), dt.date(2024, 1, 4), None, True),
        ((), dt.date(2024, 1, 5), None, False),
        ((), None, dt.date(2024, 1, 1), False),
        ((), None, dt.date(2024, 1, 2), True),
    ],
)
def test_a_recording_is_read_only_where_it_may_hold_what_is_wanted(symbols, first, last, expected):
    recording = Recording("bars", "X", ("A",), dt.date(2024, 1, 2), dt.date(2024, 1, 4), ())
    assert expected == fits(recording, frozenset(symbols), first, last)
    assert fits(dataclasses.replace(recording, first=None, last=None, symbols=()), frozenset("B"), first, last)


def test_days_come_as_soon_as_their_symbol_moves_on():
    monday, tuesday = dt.date(2026, 1, 5), dt.date(2026, 1, 6)
    pieces = [
        piece_of([1], instrument_of("A", date=monday)),
        piece_of([1], instrument_of("B", date=monday)),
        piece_of([2], instrument_of("A", date=monday)),
        piece_of([3], instrument_of("A", date=tuesday)),
        piece_of([4], instrument_of("B", date=monday)),
    ]
    left = iter(pieces)
    found = days(left, source=lambda piece: piece.instrument.symbol)
    first = next(found)
    assert 1 == operator.length_hint(left)
    assert ("A", monday, [1, 2]) == (first.source, first.instrument.session.date, first.events["time_ns"].tolist())
    assert [[1, 4], [3]] == [day.events["time_ns"].tolist() for day in found]


def test_pieces_of_one_day_must_agree_on_the_instrument():
    with pytest.raises(BadData, match="parts of one day say"):
        day_of([piece_of([1]), piece_of([2], instrument_of(tick_size=Decimal("0.5")))], source="x")


def test_tables_of_pieces_are_joined_and_only_what_is_missing_is_made_of_events():
    def trades(*times):
        ints = np.array(times, np.int64)
        flags = np.zeros(len(ints), np.bool_)
        return Trades(ints, ints, ints, ints.astype(np.int8), flags, flags)

    one = dataclasses.replace(piece_of([1, 2]), trades=trades(1), findings=Findings(notes=("first",)), depth=5)
    two = dataclasses.replace(piece_of([3]), trades=trades(2, 3), findings=Findings(notes=("second", "first")))
    day = day_of([one, two], source="x")
    assert [1, 2, 3] == day.trades.time_ns.tolist()
    assert [(1, 1), (2, 2), (3, 3)] == list(zip(day.quotes.time_ns.tolist(), day.quotes.bid_lots.tolist(), strict=True))
    assert (5, None, None) == (day.depth, day.bars, day.receipts)
    assert ("first", "second") == day.findings.notes == day.warnings[:2]


def test_a_day_of_nothing_is_a_day_of_empty_tables():
    day = day_of([Piece(instrument=instrument_of())], source="x")
    assert (0, 0, 0, False) == (len(day.events), len(day.quotes), len(day.trades), day.can_replay)
    assert assemble.joined([None, None]) is None
