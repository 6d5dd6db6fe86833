"""What a contract is worth for one unit of price: kept with a day, and given to one whose files do not say it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from nowake.data.convert import convert
from nowake.data.load import load_day, recordings
from nowake.data.parquet import read_day
from nowake.data.readers.contract import Wanted
from nowake.data.readers.hours import multiplier_on


def test_a_multiplier_is_kept_with_the_day_and_given_to_one_that_has_none(write_lobster, tmp_path):
    root, store = write_lobster(), tmp_path / "store"
    _, found, _ = recordings("lobster:TEST", root=root)
    (outcome,) = convert([(each, Wanted(multiplier=Decimal(50))) for each in found], store)
    folder = outcome.days[0].folder
    assert Decimal(50) == read_day(folder).instrument.multiplier
    assert "50" == pl.read_parquet_metadata(folder / "events-00000.parquet")["nowake.multiplier"]
    assert Decimal(100) == load_day(f"parquet:{store}", multiplier="100").instrument.multiplier
    (again,) = convert([(each, Wanted(multiplier=Decimal(100))) for each in found], store)
    assert "is in" in again.failure


def test_contracts_of_globex_have_none_unless_given() -> None:
    assert [None, Decimal(1), Decimal(1)] == [multiplier_on(calendar) for calendar in ("CMES", "XNYS", "24/7")]
