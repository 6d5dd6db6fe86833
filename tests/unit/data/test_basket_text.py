"""A basket's file of another kind is refused by what it is, and rows of no order are told from torn ones."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from nowake.data.basket import read_basket
from nowake.data.covariances import read_matrix
from nowake.domain.errors import BadData

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps"
ONE, TWO = "AAA,buy,2000,50,0.02,40000,4", "BBB,sell,1000,100,0.03,30000,5"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04 and the rest", "is an Excel workbook"),
        (b'[{"symbol": "AAA"}]', "is JSON"),
        (f"{HEAD}\n{ONE}\nZ\u00fcrich{TWO}\n".encode("latin-1"), "line 3 holds the byte 0xfc, which is not UTF-8"),
        (f"{HEAD}\n{ONE}\n".replace(",", ";").encode(), "separates its columns by semicolons"),
        (f"{HEAD}\n{ONE}\n".replace(",", "\t").encode(), "separates its columns by tabs"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_what_it_is(tmp_path: Path, content: bytes, why: str) -> None:
    for name, packed in (("list.csv", content), ("list.csv.gz", gzip.compress(content))):
        path = tmp_path / name
        path.write_bytes(packed)
        with pytest.raises(BadData, match=why):
            read_basket(path)
        with pytest.raises(BadData, match=why):
            read_matrix(path)


def test_wholly_empty_rows_are_skipped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for ending, count in (("\n\n", 1), ("\n,,,,,,\n", 1), ("\n\n,,,,,,\n \n", 3)):
        path.write_text(f"{HEAD}\n{ONE}\n{TWO}{ending}")
        file = read_basket(path)
        assert (["AAA", "BBB"], ()) == ([row.symbol for row in file.rows], file.bad)
        assert any(f"{count} of the file's rows are empty" in note for note in file.notes)


def test_a_file_of_empty_rows_has_none(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}\n,,,,,,\n\n")
    with pytest.raises(BadData, match="has a header and no rows"):
        read_basket(path)


def test_a_row_with_too_many_fields_says_how_many(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}\n{ONE}\n\nBBB,sell,1,000,100,0.03,30000,5\n")
    file = read_basket(path)
    (bad,) = file.bad
    assert (bad.row, bad.symbol) == (4, "BBB")
    assert "8 fields, and the header has 7" in bad.reason
    assert [row.row for row in file.rows] == [2]


def test_sides_and_quantities_that_went_through_floats_are_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    rows = {"symbol": ["A", "B"], "side": [1.0, -1.0], "quantity": [0.1 + 0.2, 0.1], "lot_size": [0.1, 0.1]}
    rest = {"price": 50.0, "daily_volatility": 0.02, "daily_volume": 40_000.0, "spread_bps": 4.0}
    pl.DataFrame(rows | {name: [value] * 2 for name, value in rest.items()}).write_parquet(path)
    file = read_basket(path)
    assert file.bad == ()
    assert [(row.side, row.quantity, row.lots) for row in file.rows] == [
        (1, Decimal("0.3"), 3),
        (-1, Decimal("0.1"), 1),
    ]


def test_a_currency_in_small_letters_is_the_same_one_but_pence_are_not_pounds(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD},currency\n{ONE},usd\n{TWO},GBp\n")
    assert ["USD", "GBp"] == [row.currency for row in read_basket(path).rows]
