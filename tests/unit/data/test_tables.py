"""Your own tables: exact prices, sizes and times in every spelling we take, one clear error for the rest."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import polars as pl
import pytest

from nowake.data.generated import session_without_calendar
from nowake.data.tables import day_from_tables, read_quotes, read_trades
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument
from nowake.domain.units import LATEST_NS, NS_PER_SECOND

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
        ("2024-01-02 09:31:00,10.01,1,B,5", "table.csv row 3: 5 fields instead of 4; repair the row"),
        ("2024-01-02 09:31:00,1e30,100,B", r"row 3: price: price of X 1e30 is beyond 90071992547409\.91, the largest"),
        ("2024-01-02 09:31:00,1e400,100,B", "row 3: price: price of X 1e400 is beyond"),
        ("2024-01-02 09:31:00,1e9999999,100,B", "row 3: price: price of X 1e9999999 is beyond"),
        ("2024-01-02 09:31:00,92233720368547758.08,100,B", "row 3: price: price of X 92233720368547758.08 is beyond"),
        ("2024-01-02 09:31:00,10.01,1e19,B", "row 3: quantity: quantity 1e19 is beyond 9007199254740991, the largest"),
        ("2024-01-02 09:31:00,10.01,9200000000000000000,B", "row 3: quantity: quantity 9200000000000000000 is beyond"),
        ("2024-01-02 09:31:00,10.01,1_000,B", "row 3: quantity: quantity '1_000' is not a number"),
        ("2024-01-02 09:31:00,10.01,٣,B", "row 3: quantity: quantity '٣' is not a number"),
        ("9999-12-31 09:31:00,10.01,1,B", "row 3: time '9999-12-31 09:31:00' cannot be read as iso from 1970-01-02 to"),
        ("1600-01-01 09:31:00,10.01,1,B", "row 3: time '1600-01-01 09:31:00' cannot be read as iso from 1970-01-02 to"),
        ("9999-12-31T09:31:00+01:00,10.01,1,B", "row 3: time '9999-12-31T09:31:00.01:00' cannot be read as iso"),
        ("1970-01-01 09:31:00,10.01,1,B", "row 3: time '1970-01-01 09:31:00' cannot be read as iso"),
        ("x" * 5000 + ",10.01,1,B", "row 3: time 'x{60}\\.\\.\\.' cannot be read"),
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


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("ns", "9223372036854775807"),
        ("ns", "9223372036854775808"),
        ("ns", "1704205800000"),  # Milliseconds, said to be nanoseconds: 1970.
        ("us", "9223372036854775807"),
        ("ms", "9223372036854775807"),
        ("ms", "1704205800.5"),
        ("s", "999999999999999999"),
        ("s", "9" * 40),
        ("s", "9000000000"),
        ("s", "1_704_205_800"),
        ("ms", "-1704205800000"),
        ("seconds_after_midnight", "999999999999"),
        ("seconds_after_midnight", "172800"),
    ],
)
def test_a_time_beyond_its_range_is_refused_and_never_wraps(csv, unit, text):
    path = csv(f"time,price,quantity\n{text},10,1\n")
    with pytest.raises(BadData, match=f"table.csv row 2: time '{text}' cannot be read as {unit}(, below| from)"):
        read_trades(path, instrument=INSTRUMENT, time_unit=unit)


def test_the_first_and_last_instants_there_are_read(csv):
    path = csv("time,price,quantity\n1970-01-02T00:00:00Z,10,1\n2200-12-31T23:59:59.999999999Z,10,1\n")
    assert [86_400 * NS_PER_SECOND, LATEST_NS] == read_trades(path, instrument=INSTRUMENT).time_ns.tolist()


def test_parquet_timestamps_out_of_range_or_said_to_be_numbers_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    for year in (1600, 9999):
        pl.DataFrame({"time": [dt.datetime(year, 1, 2)], "price": ["10"], "quantity": [1]}).write_parquet(path)
        with pytest.raises(BadData, match=f"a.parquet row 1: time '{year}-01-02 00:00:00' cannot be read as iso"):
            read_trades(path, instrument=INSTRUMENT)
    with pytest.raises(
        BadParameter, match=r"time_unit 'ns' is for numbers, and a\.parquet holds timestamps; use 'iso'"
    ):
        read_trades(path, instrument=INSTRUMENT, time_unit="ns")


@pytest.mark.parametrize("time", [[b"\xff"], [[1, 2]], [{"a": 1}], [True], [dt.time(9, 30)], [dt.timedelta(1)], [None]])
def test_parquet_columns_that_are_no_times_are_refused(tmp_path, time):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"time": time, "price": ["10"], "quantity": [1]}).write_parquet(path)
    for unit in ("iso", "ns", "s", "seconds_after_midnight"):
        with pytest.raises((BadData, BadParameter), match=r"a\.parquet"):
            read_trades(path, instrument=INSTRUMENT, time_unit=unit)


@pytest.mark.parametrize("price", [1e30, float("nan"), float("inf"), None])
def test_parquet_prices_that_are_none_are_refused(tmp_path, price):
    pl.DataFrame({"time": [1704205800], "price": [price], "quantity": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(BadData, match=r"a\.parquet row 1: price: price of X"):
        read_trades(tmp_path / "a.parquet", instrument=INSTRUMENT, time_unit="s")


def test_quote_sizes_in_other_digits_are_no_zeros(csv):
    for size in ("0_0", "٠"):
        path = csv(f"time,bid,bid_size,ask,ask_size\n2024-01-02 09:30:00,10,{size},10.01,1\n")
        with pytest.raises(BadData, match=f"row 2: bid_size: quantity '{size}' is not a number"):
            read_quotes(path, instrument=INSTRUMENT)


def test_two_columns_mapped_to_one_are_refused(csv):
    path = csv("time,a,b,quantity\n2024-01-02 09:30:00,10,11,1\n")
    with pytest.raises(BadParameter, match="columns 'a' and 'b' are both mapped to 'price'; choose one of them"):
        read_trades(path, {"a": "price", "b": "price"}, instrument=INSTRUMENT)


def test_a_name_two_columns_have_means_neither_until_one_is_chosen(csv):
    path = csv("time,price,price,quantity,x,x\n2024-01-02 09:30:00,10,11,1,5,6\n")
    there = r"\(time, price \(column 2\), price \(column 3\), quantity, x \(column 5\), x \(column 6\)\)"
    with pytest.raises(BadParameter, match=f"has no price; map one of its columns {there}"):
        read_trades(path, instrument=INSTRUMENT)
    assert [1100] == read_trades(path, {"price (column 3)": "price"}, instrument=INSTRUMENT).price_ticks.tolist()


def test_a_name_that_only_looks_doubled_is_kept(csv):
    path = csv("time,price_duplicated_0,quantity\n2024-01-02 09:30:00,10,1\n")
    assert [1000] == read_trades(path, {"price_duplicated_0": "price"}, instrument=INSTRUMENT).price_ticks.tolist()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet"])
@pytest.mark.parametrize("seed", range(3))
def test_bytes_that_are_no_table_are_one_line(tmp_path, name, seed):
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(seed).integers(0, 256, 4_000, dtype=np.uint8).tobytes())
    for reader in (read_trades, read_quotes):
        with pytest.raises((BadData, BadParameter), match=r"a\.(csv|parquet)") as caught:
            reader(path, instrument=INSTRUMENT)
        assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(
    "content", [b"\n", b"\n\n", b"\r", b"a\rb\r", b"\0\0\0", b"\xff\xfe", b'a,b\n"1,2\n', b" \n \n"]
)
def test_files_of_nothing_are_one_line(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises((BadData, BadParameter), match=r"a\.csv"):
        read_trades(tmp_path / "a.csv", instrument=INSTRUMENT)


def test_a_compressed_file_that_was_cut_is_refused(tmp_path):
    packed = gzip.compress(b"time,price,quantity\n" + b"2024-01-02 09:30:00,10.07,1\n" * 1_000)
    path = tmp_path / "a.csv.gz"
    for kept in (4, len(packed) // 2, len(packed) - 1):
        path.write_bytes(packed[:kept])
        with pytest.raises(BadData, match=r"a\.csv\.gz cannot be read: unexpected end of file; copy it again"):
            read_trades(path, instrument=INSTRUMENT)


def test_a_day_of_tables_says_where_its_data_end(csv):
    path = csv("time,price,quantity\n2024-01-02 09:30:00,10,1\n2024-01-02 10:30:00,10,1\n")
    day = day_from_tables(instrument=INSTRUMENT, trades=read_trades(path, instrument=INSTRUMENT))
    assert ("The data end at 10:30:00, 5.5 h before the close",) == day.warnings
    assert () == day_from_tables(instrument=INSTRUMENT).warnings
