"""The trade list of a basket: one way to write a number, and times that say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from nowake.reports.trade_list import Trade, trades_of_basket
from nowake.schedules.portfolio import EvenBasket
from nowake.verbs.load_basket import read_basket_file

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps,days,lot_size"


def trades(tmp_path: Path, *, date: str | None) -> list[Trade]:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEAD}\nA,buy,2000,50,0.02,400000,4,1,\nB,sell,5.2,100,0.03,300000,5,2,0.1\n")
    basket = read_basket_file(path, date=date).basket
    return trades_of_basket(EvenBasket(buckets=4).plan(basket))


@pytest.mark.parametrize("date", [None, "2026-01-05"])
def test_quantities_of_whole_lots_have_no_decimals_and_the_last_leaves_nothing(
    tmp_path: Path, date: str | None
) -> None:
    rows = trades(tmp_path, date=date)
    first = [row for row in rows if row.symbol == "A"]
    second = [row for row in rows if row.symbol == "B"]
    assert ["1000", "1000"] == [row.quantity for row in first]
    assert ["1.3"] * 4 == [row.quantity for row in second]
    assert ["1000", "0"] == [row.left for row in first]
    assert second[-1].left == "0.0"


def test_with_a_line_of_two_days_the_first_day_is_told_in_instants_and_the_second_by_name(tmp_path: Path) -> None:
    rows = [row for row in trades(tmp_path, date="2026-01-05") if row.symbol == "B"]
    assert ("2026-01-05T09:30:00-05:00", "2026-01-05T12:45:00-05:00") == (rows[0].start, rows[0].end)
    assert rows[1].end == "2026-01-05T16:00:00-05:00"
    assert ("1 sessions from the start", "1.5 sessions from the start") == (rows[2].start, rows[2].end)


def test_without_a_date_times_are_sessions_from_the_start(tmp_path: Path) -> None:
    rows = [row for row in trades(tmp_path, date=None) if row.symbol == "B"]
    assert [("0", "0.5"), ("0.5", "1"), ("1", "1.5"), ("1.5", "2")] == [(row.start, row.end) for row in rows]
