"""Your own tables: exact prices, sizes and times in every spelling we take, one clear error for the rest."""

from __future__ import annotations

import datetime as dt
import gzip

import polars as pl
import pytest

from nowake.data.generated import session_without_calendar
from nowake.data.tables import day_from_tables, read_quotes, read_trades
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument

INSTRUMENT = Instrument(symbol="X", venue="XNAS", session=session_without_calendar(dt.date(2024, 1, 2)))
OPEN_NS = INSTRUMENT.session.open_ns  # 14:30 UTC.


@pytest.fixture
def csv(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_columns_are_taken_under_your_own_names(csv):
    path = csv("Zeit,Kurs,Stück,Seite,Rest\n2024-01-02 09:30:00,10.07,100,B,x\n2024-01-02 09:30:01,10.08,5,,y\n")
    names = {"Zeit": "time", "Kurs": "price", "Stück": "quantity", "Seite": "aggressor"}
    trades = read_trades(path, names, instrument=INSTRUMENT)
    assert [1007, 1008] == trades.price_ticks.tolist()
    assert [100, 5] == trades.lots.tolist()
    assert [1, 0] == trades.aggressor.tolist()
    assert [False, False] == trades.auction.tolist()


@pytest.mark.parametrize(
    ("text", "unit", "after_open_ns"),
    [
        ("2024-01-02T09:30:00.123456789", "iso", 123_456_789),
        ("2024-01-02 09:30:00", "iso", 0),
        ("2024-01-02T14:30:00.000000001Z", "iso", 1),
        ("2024-01-02T15:30:01.5+01:00", "iso", 1_500_000_000),
        ("1704205800000000007", "ns", 7),
        ("1704205800000007", "us", 7_000),
        ("1704205800007", "ms", 7_000_000),
        ("1704205800", "s", 0),
        ("1704205800.000000001", "s", 1),
        ("34200.000000001", "seconds_after_midnight", 1),
    ],
)
def test_times_are_exact_in_every_unit(csv, text, unit, after_open_ns):
    trades = read_trades(csv(f"time,price,quantity\n{text},10,1\n"), instrument=INSTRUMENT, time_unit=unit)
    assert [after_open_ns] == (trades.time_ns - OPEN_NS).tolist()


def test_a_time_zone_may_be_given_for_times_that_name_none(csv):
    path = csv("time,price,quantity\n2024-01-02T14:30:00,10,1\n")
    assert [OPEN_NS] == read_trades(path, instrument=INSTRUMENT, timezone="UTC").time_ns.tolist()


def test_gz_zst_and_parquet_read_like_csv(csv, tmp_path):
    text = "time,price,quantity\n1704205800000,10.07,1\n"
    frame = pl.DataFrame({"time": [1704205800000], "price": [10.07], "quantity": [1]})
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    frame.write_csv(tmp_path / "a.csv.zst", compression="zstd")
    frame.write_parquet(tmp_path / "a.parquet")
    expected = read_trades(csv(text), instrument=INSTRUMENT, time_unit="ms")
    for name in ("a.csv.gz", "a.csv.zst", "a.parquet"):
        found = read_trades(tmp_path / name, instrument=INSTRUMENT, time_unit="ms")
        assert (expected.time_ns[0], 1007, 1) == (found.time_ns[0], found.price_ticks[0], found.lots[0])


def test_parquet_timestamps_are_iso_with_or_without_zone(tmp_path):
    naive = dt.datetime(2024, 1, 2, 9, 30)
    for name, moment in (("naive", naive), ("utc", naive.replace(hour=14, tzinfo=dt.UTC))):
        path = tmp_path / f"{name}.parquet"
        pl.DataFrame({"time": [moment], "price": ["10"], "quantity": [1]}).write_parquet(path)
        assert [OPEN_NS] == read_trades(path, instrument=INSTRUMENT).time_ns.tolist()


def test_a_quote_side_without_size_is_not_there(csv):
    path = csv(
        "time,bid,bid_size,ask,ask_size\n1704205800000,10.00,1,10.01,5\n1704205800000,10.00,1,,\n"
        "1704205800001,0,0,10.03,20.0\n"
    )
    quotes = read_quotes(path, instrument=INSTRUMENT, time_unit="ms")
    assert [1000, 1000, 0] == quotes.bid_ticks.tolist()
    assert [1, 1, 0] == quotes.bid_lots.tolist()
    assert [1001, 0, 1003] == quotes.ask_ticks.tolist()
    assert [5, 0, 20] == quotes.ask_lots.tolist()


def test_a_day_of_tables_says_why_orders_cannot_be_simulated_in_it(csv):
    trades = read_trades(csv("time,price,quantity\n1704205800,10,1\n"), instrument=INSTRUMENT, time_unit="s")
    day = day_from_tables(instrument=INSTRUMENT, trades=trades)
    assert not day.can_replay
    assert "no order-by-order events" in day.cannot_replay_because
    assert (1, 0) == (len(day.trades), len(day.quotes))


FIRST = "time,price,quantity,aggressor\n2024-01-02 09:30:00,10.01,100,B\n"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("x,10.01,100,B", "table.csv row 3: time 'x' cannot be read as iso"),
        ("2024-01-02 09:31:00,10.015,100,B", "row 3: price: price of X 10.015 is not a multiple of tick size 0.01"),
        ("2024-01-02 09:31:00,-1,100,B", "row 3: price: price -1 of X must be above 0"),
        ("2024-01-02 09:31:00,,100,B", "row 3: price: price of X '' is not a number"),
        ("2024-01-02 09:31:00,nan,100,B", "row 3: price: .*not a finite number"),
        ("2024-01-02 09:31:00,10.01,0,B", "row 3: quantity: quantity 0 must be above 0"),
        ("2024-01-02 09:31:00,10.01,1.5,B", "row 3: quantity: quantity 1.5 is not a multiple of lot size 1"),
        ("2024-01-02 09:31:00,10.01,1,Q", "row 3: aggressor 'Q' is none of buy"),
        ("2024-01-02 09:29:00,10.01,1,B", "row 3: time .* is before .*sort the rows by time"),
        ("2024-01-02 09:31:00,10.01,1,B,5", "table.csv cannot be read"),
    ],
)
def test_a_value_that_cannot_be_used_is_shown_with_its_row(csv, line, text):
    with pytest.raises(BadData, match=text):
        read_trades(csv(FIRST + line + "\n"), instrument=INSTRUMENT)


def test_a_local_time_the_clocks_skip_is_refused(csv):
    with pytest.raises(BadData, match="2024-03-10 02:30:00"):
        read_trades(csv("time,price,quantity\n2024-03-10 02:30:00,10,1\n"), instrument=INSTRUMENT)


@pytest.mark.parametrize(
    ("columns", "options", "text"),
    [
        ({"a": "prize"}, {}, "column 'prize' is not one of ours: time, price, quantity"),
        ({"b": "price"}, {}, "column 'b' is not in table.csv; it has a, time"),
        ({"a": "price"}, {}, r"has no quantity; map one of its columns \(a, time\)"),
        ({"a": "price"}, {"time_unit": "minutes"}, "has no quantity"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(csv, columns, options, text):
    with pytest.raises(BadParameter, match=text):
        read_trades(csv("a,time\n1,2\n"), columns, instrument=INSTRUMENT, **options)


def test_unknown_units_and_zones_are_refused(csv):
    path = csv(FIRST)
    with pytest.raises(BadParameter, match="time_unit 'minutes' is not one of iso, ns"):
        read_trades(path, instrument=INSTRUMENT, time_unit="minutes")
    with pytest.raises(BadParameter, match="time zone 'Mars/Base' is not known"):
        read_trades(path, instrument=INSTRUMENT, timezone="Mars/Base")


def test_missing_and_empty_files_are_refused(csv, tmp_path):
    with pytest.raises(NotFound, match="is not there"):
        read_trades(tmp_path / "no.csv", instrument=INSTRUMENT)
    with pytest.raises(BadData, match="is empty"):
        read_trades(csv(""), instrument=INSTRUMENT)
    with pytest.raises(BadData, match="a header and no rows"):
        read_trades(csv("time,price,quantity\n"), instrument=INSTRUMENT)
