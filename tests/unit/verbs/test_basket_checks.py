"""Windows that cannot be traded in, lunch breaks, and limits far from the market, of a basket's file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nowake.data.basket import BadRows
from nowake.data.sessions import pause_on, session_on, sessions_file
from nowake.domain.calendar import pause_of
from nowake.domain.errors import BadParameter
from nowake.verbs.load_basket import BasketRead, read_basket_file

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Of the calendar library.

HEAD = "symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps"
ROW = "buy,2000,50,0.02,400000,4"
MONDAY = dt.date(2026, 1, 5)


def read(tmp_path: Path, head: str, *tails: str, date: object = "2026-01-05", **options: object) -> BasketRead:
    path = tmp_path / "list.csv"
    rows = [f"{symbol},{ROW},{tail}" for symbol, tail in zip("ABCDEFGH", tails, strict=False)]
    path.write_text("\n".join([f"{HEAD},{head}", *rows, ""]))
    return read_basket_file(path, date=date, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["10:00:00.000000001", "10:00:00.000001", "10:00:00.0009"])
def test_a_window_too_short_to_cut_names_its_row_and_length(tmp_path: Path, end: str) -> None:
    with pytest.raises(BadRows, match=r"row 2 \(A\): its window is \S+ ms long, too short to trade in"):
        read(tmp_path, "start,end", f"10:00,{end}", "10:00,11:00")


def test_a_window_of_a_millisecond_is_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, "start,end", "10:00,10:00:00.001").basket) == 1


def test_a_deadline_beyond_all_reason_names_its_row(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match=r"row 3 \(B\): its window ends 1e\+06 sessions on, and 750 are the most"):
        read(tmp_path, "days", "2", "1e6")
    with pytest.raises(BadRows, match=r"row 3 \(B\): its window is 0.0234 ms long"):
        read(tmp_path, "days", "2", "1e-9", date=None)


def test_hong_kong_and_tokyo_pause_and_new_york_does_not(tmp_path: Path) -> None:
    file = sessions_file(tmp_path / "nowake" / "hash")
    file.parent.mkdir(parents=True)
    for calendar, hours in (("XHKG", ("12:00:00", "13:00:00")), ("XTKS", ("11:30:00", "12:30:00")), ("XNYS", None)):
        date = dt.date(2026, 1, 6)
        asked, kept = (pause_on(calendar, date, file=file) for _ in range(2))
        assert asked == kept == pause_of(calendar, date)
        assert hours == (asked and (asked.clock(asked.open_ns), asked.clock(asked.close_ns)))
    assert pause_on("XHKG", MONDAY, file=file) != session_on("XHKG", MONDAY, file=file)


def test_a_window_inside_a_lunch_break_is_refused_and_one_through_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRows, match=r"row 2 \(A\): its window lies in the lunch break, 12:00:00 to 13:00:00"):
        read(tmp_path, "start,end", "12:15,12:45", calendar="XHKG")
    found = read(tmp_path, "start,end", "10:00,13:30", "14:00,15:00", "09:30,12:00", calendar="XHKG")
    (note,) = (note for note in found.notes if "pauses" in note)
    assert "from 12:00:00 to 13:00:00" in note
    assert "(A)" in note
    assert not any("pauses" in note for note in read(tmp_path, "start,end", "10:00,13:30").notes)


def test_a_limit_that_cannot_fill_or_bind_is_told_line_by_line(tmp_path: Path) -> None:
    found = read(tmp_path, "limit", "30", "90", "50.5", "51")
    told = "\n".join(found.notes)
    assert "A: The limit 30 is 4,000 bps away from the market" in told
    assert "B: The limit 90 is 8,000 bps beyond the market" in told
    assert "2 of the lines have a limit" in told


@pytest.mark.parametrize("date", [MONDAY, dt.datetime(2026, 1, 5, 10), "2026-01-05"])
def test_a_date_may_be_a_date_a_moment_or_a_text(tmp_path: Path, date: object) -> None:
    assert read(tmp_path, "sector", "x", date=date).basket.lines[0].order is not None


@pytest.mark.parametrize("date", ["yesterday", "20260105T10", 1])
def test_what_is_no_date_is_refused(tmp_path: Path, date: object) -> None:
    with pytest.raises(BadParameter, match="is none; write YYYY-MM-DD"):
        read(tmp_path, "sector", "x", date=date)
