"""One name for every day, and the list of what there is when the name is wrong."""

from __future__ import annotations

import datetime as dt

import pytest

from nowake.data.load import catalogue, check_path, data_root, describe, load_day
from nowake.data.store import write_day
from nowake.domain.errors import BadParameter, NotFound

from .conftest import BOOK, MESSAGES


def test_a_lobster_day_is_found_by_symbol_and_date(write_lobster):
    root = write_lobster()
    assert "lobster:TEST" == load_day("lobster:TEST", "2012-06-21", root=root).source
    assert dt.date(2012, 6, 21) == load_day("lobster:TEST", root=root).instrument.session.date


def test_the_data_folder_is_an_argument_then_the_environment_then_beside_the_project(monkeypatch, tmp_path):
    monkeypatch.setenv("NOWAKE_DATA", "/somewhere")
    assert tmp_path == data_root(tmp_path)
    assert "/somewhere" == str(data_root())
    monkeypatch.delenv("NOWAKE_DATA")
    assert "../shared/data" == str(data_root())


def test_an_unknown_symbol_or_date_lists_what_is_there(write_lobster):
    root = write_lobster()
    write_lobster(symbol="OTHER")
    with pytest.raises(NotFound, match=r"symbol 'NONE' is not in .*; there are OTHER, TEST"):
        load_day("lobster:NONE", root=root)
    with pytest.raises(NotFound, match="TEST has nothing on 2013-01-02; there is 2012-06-21"):
        load_day("lobster:TEST", "2013-01-02", root=root)
    with pytest.raises(NotFound, match="TEST is not there as 7; there is lobster:TEST"):
        load_day("lobster:TEST:7", root=root)


def test_a_date_is_asked_for_where_there_are_several(write_lobster):
    root = write_lobster()
    write_lobster(date="2012-06-22")
    with pytest.raises(NotFound, match="TEST is there for 2012-06-21, 2012-06-22; give one"):
        load_day("lobster:TEST", root=root)


def test_a_folder_without_lobster_files_says_how_to_name_it(tmp_path):
    with pytest.raises(NotFound, match=r"holds no lobster files; .*set NOWAKE_DATA"):
        load_day("lobster:TEST", root=tmp_path)


def test_the_longest_pair_is_read_unless_levels_are_asked_for(write_lobster):
    root = write_lobster()
    two = "\n".join(f"{line},9999999999,0,-9999999999,0" for line in BOOK.splitlines()[:2])
    write_lobster("\n".join(MESSAGES.splitlines()[:2]), two, levels=2)
    assert (1, 3) == (
        load_day("lobster:TEST", root=root).depth,
        load_day("lobster:TEST", root=root).resyncs.transitions,
    )
    assert 2 == load_day("lobster:TEST:2", root=root).depth


def test_a_book_with_a_note_in_its_name_is_paired_by_its_rows(write_lobster):
    root = write_lobster()
    folder = root / "lobster"
    (folder / "TEST_2012-06-21_34200000_57600000_orderbook_1.csv").rename(
        folder / "TEST_2012-06-21_orderbook_1_first4cols.csv"
    )
    (folder / "TEST_2012-06-21_orderbook_1_first2rows.csv").write_text(BOOK[: len(BOOK) // 2])
    assert 3 == load_day("lobster:TEST", root=root).resyncs.transitions_explained


def test_messages_deeper_than_the_book_keep_the_displayed_level(write_lobster):
    day = load_day("lobster:TEST", root=write_lobster(levels=50))
    assert (1, 0) == (day.depth, day.resyncs.unexplained)


def test_the_catalogue_lists_every_pair_with_its_spec(write_lobster):
    root = write_lobster()
    write_lobster(symbol="ALSO", messages=None)
    (entry,) = catalogue(root)
    assert ("lobster:TEST", "lobster", "XNAS", "TEST", dt.date(2012, 6, 21), dt.date(2012, 6, 21)) == entry[:6]
    assert ("2012-06-21", "orders", len(MESSAGES) + len(BOOK)) == (entry.dates, entry.gives, entry.size_bytes)
    assert load_day(entry.spec, entry.first, root=root).can_replay


def test_the_catalogue_of_a_folder_that_is_not_there_is_empty(tmp_path):
    assert [] == catalogue(tmp_path / "none")


def test_a_generated_day_takes_a_seed_and_a_date():
    day = load_day("generated:3", "2024-03-11")
    assert ("generated:3", dt.date(2024, 3, 11)) == (day.source, day.instrument.session.date)


def test_a_stored_day_comes_back_the_same(write_lobster, tmp_path):
    day = load_day("lobster:TEST", root=write_lobster())
    write_day(day, tmp_path / "stored")
    again = load_day(f"parquet:{tmp_path / 'stored'}")
    assert day.fingerprint == again.fingerprint
    assert (day.instrument, day.resyncs, day.warnings) == (again.instrument, again.resyncs, again.warnings)
    assert day.fingerprint == load_day(f"parquet:{tmp_path / 'stored'}:TEST@XNAS").fingerprint
    assert day.fingerprint == load_day(f"{tmp_path / 'stored'}:TEST", "2012-06-21").fingerprint
    with pytest.raises(NotFound, match="TEST has nothing on 2012-06-22; there is 2012-06-21"):
        load_day(f"parquet:{tmp_path / 'stored'}", "2012-06-22")


def test_describe_is_a_table_with_the_fingerprint(write_lobster):
    root = write_lobster()
    assert load_day("lobster:TEST", root=root).fingerprint[:16] in describe("lobster:TEST", root=root)


@pytest.mark.parametrize(
    ("spec", "date", "text"),
    [
        ("lobster", None, "data 'lobster' is not a source of days; write FORMAT:SYMBOL"),
        ("nasdaq:X", None, "'nasdaq:X' is not a source of days"),
        ("generated:x", None, "seed 'x' must be a whole number of 0 or more"),
        ("generated:-1", None, "seed '-1' must be a whole number of 0 or more"),
        ("generated:" + "9" * 5000, None, "of 18 digits at most"),
        ("generated", "2026-01-04", "2026-01-04 is a Sunday; a generated day needs a weekday, for example 2026-01-02"),
        ("generated", "0001-01-01", "date 0001-01-01 must be from 1970-01-02 to 2200-12-31"),
        ("generated", "9999-12-31", "date 9999-12-31 must be from 1970-01-02 to 2200-12-31"),
        ("generated", dt.date(9999, 12, 31), "date 9999-12-31 must be from 1970-01-02 to 2200-12-31"),
        ("lobster:X", "1600-01-03", "date 1600-01-03 must be from"),
        ("lobster:X", "21.6.2012", "date '21.6.2012' is not a date; write YYYY-MM-DD"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused(spec, date, text, tmp_path):
    with pytest.raises(BadParameter, match=text):
        load_day(spec, date, root=tmp_path)


def test_a_name_that_is_none_is_told_which_symbols_there_are(write_lobster):
    root = write_lobster()
    for ask in (load_day, check_path):
        with pytest.raises(BadParameter, match=r"'foo' is not a source of days.*there is lobster:TEST$"):
            ask("foo", root=root)
