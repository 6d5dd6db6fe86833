"""Delimited text: exact integers out of decimals, blocks cut anywhere, one clear error for a row that is wrong."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.data.readers.delimited import blocks, integers, look, scaled
from nowake.domain.errors import BadData

ROWS = b"a,b\n1,2.5\n3,4\n5,6.25\n"


def rows_of(chunks: list[bytes]) -> list[tuple[int, str, str]]:
    found = []
    for block in blocks(chunks, name="t.csv", columns=["a", "b"], skip_rows=1):
        found += [(block.first_row + k, *row) for k, row in enumerate(block.frame.iter_rows())]
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_a_file_cut_anywhere_gives_the_same_rows_under_the_same_numbers(size: int) -> None:
    cut = [ROWS[k : k + size] for k in range(0, len(ROWS), size)]
    assert [(2, "1", "2.5"), (3, "3", "4"), (4, "5", "6.25")] == rows_of(cut)


def test_a_last_line_without_an_end_is_read_and_blank_lines_behind_it_are_not() -> None:
    assert [(2, "1", "2")] == rows_of([b"a,b\n1,2"])
    assert [(2, "1", "2")] == rows_of([b"a,b\r\n1,2\r\n\r\n\r\n"])


@pytest.mark.parametrize(("row", "fields"), [(b"3", 1), (b"3,4,5", 3)])
def test_a_row_with_another_number_of_fields_is_refused_with_its_number(row: bytes, fields: int) -> None:
    with pytest.raises(BadData, match=rf"t\.csv row 3: {fields} fields instead of 2"):
        rows_of([b"a,b\n1,2\n" + row + b"\n"])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**11), max_value=10**11))
def test_decimals_become_integers_as_decimal_arithmetic_makes_them(value: Decimal) -> None:
    assert [int(value.scaleb(6))] == scaled(pl.Series([f"{value:f}"]), 6).to_list()


def test_nanoseconds_of_milliseconds_are_not_rounded_by_a_float() -> None:
    # Through a float this is 57_599_999_999_999.992.
    assert [57_599_999_999_999] == scaled(pl.Series(["57599999.999999"]), 6).to_list()


@pytest.mark.parametrize("text", ["", "1e5", "1_000", "nan", "0.1234567", "1.2.3", "99999999999999999999", "--1", "x"])
def test_what_is_no_plain_decimal_of_so_many_places_is_null(text: str) -> None:
    assert [None] == scaled(pl.Series([text]), 6).to_list()


def test_a_field_that_is_no_number_is_refused_with_file_row_and_value() -> None:
    (block,) = blocks([b"1,2\n3,x\n"], name="t.csv", columns=["a", "b"])
    with pytest.raises(BadData, match=r"t\.csv row 2: b 'x' is not a whole number"):
        integers(block, "b")


def test_the_first_rows_of_a_file_tell_its_separator_and_binary_files_tell_nothing(tmp_path) -> None:
    path = tmp_path / "table"
    path.write_bytes(b"a;b\n1;2\n")
    seen = look(path)
    assert seen is not None
    assert (";", [["a", "b"], ["1", "2"]]) == (seen.separator, seen.rows)
    path.write_bytes(b"a,b\x00\x01\n")
    assert look(path) is None
    path.write_bytes(b"")
    assert look(path) is None
