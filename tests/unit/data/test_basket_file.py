"""A basket's file: every row becomes an order or says why it does not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from nowake.data.basket import NEEDED, BasketFile, read_basket
from nowake.data.column_names import MissingColumns
from nowake.domain.errors import BadData, BadParameter, NotFound

GOOD = {
    "symbol": "AAA", "side": "buy", "quantity": "300", "price": "10.5", "daily_volatility": "0.02",
    "daily_volume": "10000", "spread_bps": "4",
}  # fmt: skip


def read(tmp_path: Path, *rows: dict[str, str], **options: str) -> BasketFile:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(f'"{row.get(name, "")}"' for name in names) for row in rows)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_basket(path, **options)


def test_a_row_says_all_there_is_to_know_of_an_order(tmp_path: Path) -> None:
    told = GOOD | {"side": "SELL", "lot_size": "100", "sector": "energy", "beta": "-0.5", "days": "2", "limit": "10.4"}
    file = read(tmp_path, told | {"currency": "EUR", "multiplier": "50", "start": "10:00"})
    (row,) = file.rows
    assert (row.row, row.symbol, row.side, row.quantity, row.lots) == (2, "AAA", -1, Decimal(300), 3)
    assert (row.price, row.daily_volatility, row.daily_volume, row.spread_bps) == (10.5, 0.02, 10000.0, 4.0)
    assert (row.sector, row.beta, row.days, row.limit, row.currency) == ("energy", -0.5, 2.0, "10.4", "EUR")
    assert (row.multiplier, row.start, row.end) == (Decimal(50), "10:00", "")
    assert file.bad == file.notes == ()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"symbol": ""}, "symbol is missing"),
        ({"symbol": "=cmd()"}, "symbol '=cmd()' begins like a formula"),
        ({"side": "hold"}, "side 'hold' is neither buy nor sell"),
        ({"quantity": "nan"}, "quantity nan must be a finite number"),
        ({"quantity": "0"}, "quantity 0 must be above 0"),
        ({"quantity": "-300"}, "quantity -300 must be above 0"),
        ({"quantity": "1,5"}, "does not part groups of three digits"),
        ({"quantity": "many"}, "quantity 'many' is not a number"),
        ({"quantity": "250", "lot_size": "100"}, "not a multiple of lot size 100; use 200 or 300"),
        ({"quantity": "0.5"}, "not a multiple of lot size 1; use 1, or give a column lot_size"),
        ({"price": "0"}, "price 0 must be above 0"),
        ({"price": "inf"}, "price inf must be a finite number"),
        ({"daily_volatility": "0"}, "daily_volatility 0 must be above 0"),
        ({"daily_volatility": "2"}, "is above 1, 100 % a day"),
        ({"daily_volume": "-5"}, "daily_volume -5 must be above 0"),
        ({"daily_volume": ""}, "daily_volume is missing"),
        ({"price": "", "spread_bps": ""}, "price, spread_bps are missing"),
        ({"spread_bps": "-1"}, "spread_bps -1 must be 0 or more"),
        ({"beta": "high"}, "beta 'high' is not a number"),
        ({"days": "0"}, "days 0 must be above 0"),
        ({"lot_size": "-1"}, "lot_size -1 must be above 0"),
        ({"daily_volume": "1e300"}, "no market is like that"),
    ],
)
def test_a_row_that_cannot_be_planned_says_why_and_the_others_stay(
    tmp_path: Path, wrong: dict[str, str], reason: str
) -> None:
    file = read(tmp_path, GOOD, GOOD | {"symbol": "BBB"} | wrong, GOOD | {"symbol": "CCC"})
    assert ["AAA", "CCC"] == [row.symbol for row in file.rows]
    (bad,) = file.bad
    assert bad.row == 3
    assert reason in bad.reason


def test_a_symbol_that_stands_twice_names_the_row_it_stood_in_first(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, GOOD, GOOD | {"side": "sell"}).bad
    assert str(bad) == "row 3 (AAA): symbol AAA stands in row 2 already; net the rows of a symbol into one"


def test_a_sale_may_be_written_with_a_minus(tmp_path: Path) -> None:
    (row,) = read(tmp_path, GOOD | {"side": "sell", "quantity": "-1,300"}).rows
    assert (row.side, row.quantity) == (-1, Decimal(1300))


def test_fractions_of_a_coin_are_whole_lots_of_a_small_lot(tmp_path: Path) -> None:
    (row,) = read(tmp_path, GOOD | {"quantity": "0.37", "lot_size": "0.01"}).rows
    assert row.lots == 37


def test_volatility_may_be_in_percent_and_have_its_other_name(tmp_path: Path) -> None:
    told = {name: value for name, value in GOOD.items() if name != "daily_volatility"} | {"volatility": "2"}
    (row,) = read(tmp_path, told, volatility_in="percent").rows
    assert row.daily_volatility == 0.02
    with pytest.raises(BadParameter, match="volatility_in 'basis' must be one of fraction, percent"):
        read(tmp_path, told, volatility_in="basis")


def test_an_order_above_the_days_volume_is_planned_and_noted(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD, GOOD | {"symbol": "BBB", "quantity": "25000"})
    assert len(file.rows) == 2
    assert "BBB is 2.5 times a day's volume" in file.notes[0]


def test_lines_without_beta_among_others_are_noted(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD | {"beta": "1.1"}, GOOD | {"symbol": "BBB"})
    assert file.notes == ("1 of 2 lines have no beta, and count as 1",)


def test_missing_columns_are_told_at_once_with_what_may_be_meant(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("ticker,way,qty,px,vol,adv,spread\nAAA,buy,1,1,0.1,1,1\n")
    with pytest.raises(MissingColumns, match="has no symbol, side, quantity, price") as told:
        read_basket(path)
    assert {*told.value.suggested.values()} == {*NEEDED}
    assert read_basket(path, told.value.suggested).rows[0].symbol == "AAA"


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    frame = pl.DataFrame({name: [value, value] for name, value in GOOD.items()}).with_columns(
        symbol=pl.Series(["AAA", "BBB"]),
        quantity=pl.Series([300.0, float("nan")]),
        price=pl.Series([10.5, None], dtype=pl.Float64),
    )
    frame.write_parquet(path)
    file = read_basket(path)
    assert (file.rows[0].quantity, file.rows[0].row) == (Decimal(300), 1)
    assert str(file.bad[0]) == "row 2 (BBB): price is missing"


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not there"):
        read_basket(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text(",".join(NEEDED) + "\n")
    with pytest.raises(BadData, match="has a header and no rows"):
        read_basket(tmp_path / "empty.csv")
