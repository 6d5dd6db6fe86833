"""Covariances and returns out of files: every number there, every symbol once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nowake.data.covariances import read_matrix, read_returns
from nowake.domain.errors import BadData, NotFound


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text)
    return path


def test_a_matrix_comes_in_the_order_of_its_columns_whatever_that_of_its_rows(tmp_path: Path) -> None:
    table = read_matrix(write(tmp_path, "symbol,B,A\nA,0.1,0.4\nB,0.9,0.1\n"))
    assert table.symbols == ("B", "A")
    assert table.rows.tolist() == [[0.9, 0.1], [0.1, 0.4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("symbol,A,B\nA,1,0\n", "rows and columns of a covariance must be of the same symbols; B stand"),
        ("symbol,A,A\nA,1,0\n", "A stand.s. twice among its columns"),
        ("symbol,A,B\nA,1,0\nA,0,1\n", "twice among its rows"),
        ("symbol,A,B\nA,1,nan\nB,0,1\n", "row A of B is 'nan', no finite number"),
        ("symbol,A,B\nA,1,\nB,0,1\n", "row A of B is 'None', no finite number"),
        ("symbol\nA\n", "must have a first column of names"),
    ],
)
def test_a_matrix_that_is_none_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadData, match=message):
        read_matrix(write(tmp_path, text))


def test_returns_of_the_symbols_asked_for_do_not_mind_gaps_of_others(tmp_path: Path) -> None:
    path = write(tmp_path, "date,A,B,C\n2026-01-05,0.01,,0.03\n2026-01-06,-0.01,0.02,0\n")
    assert read_returns(path, ("C", "A")).rows.tolist() == [[0.03, 0.01], [0.0, -0.01]]
    with pytest.raises(BadData, match="date 2026-01-05 of B is 'None'"):
        read_returns(path)
    with pytest.raises(BadData, match="no returns of D"):
        read_returns(path, ("A", "D"))


def test_returns_in_percent_and_dates_told_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="give fractions"):
        read_returns(write(tmp_path, "date,A,B\n2026-01-05,1.1,-0.8\n2026-01-06,0.7,2\n"))
    with pytest.raises(BadData, match="twice among its dates"):
        read_returns(write(tmp_path, "date,A\n2026-01-05,0.01\n2026-01-05,0.02\n"))
    with pytest.raises(NotFound):
        read_returns(tmp_path / "none.csv")
