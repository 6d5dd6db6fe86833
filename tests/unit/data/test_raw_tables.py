"""Your own tables are counted, fault by fault, where the strict reader refuses them at the first."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import polars as pl
import pytest

from nowake.data.generated import generate_day, session_without_calendar
from nowake.data.load import check_tables_file
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument

INSTRUMENT = Instrument(symbol="X", venue="XNAS", session=session_without_calendar(dt.date(2024, 1, 2)))

TRADES = """\
time,price,quantity,aggressor
2024-01-02 09:30:00,10.01,100,B
2024-01-02 09:30:02,10.02,100,S
2024-01-02 09:30:01,10.02,100,S
2024-01-02 09:30:01,10.02,100,S
2024-01-02 09:30:03,0,100,S
2024-01-02 09:30:04,-10.02,100,S
2024-01-02 09:30:05,10.02,0,S
2024-01-02 09:30:06,10.02,-5,S
2024-01-02 09:30:07,10.015,1,S
2024-01-02 09:30:08,10.01,1e30,S
2024-01-02 09:30:09,10.01,1,Q
soon,10.01,1,S
2024-01-02 17:00:00,10.01,1,
"""
QUOTES = """\
time,bid,bid_size,ask,ask_size
2024-01-02 09:30:00,10.00,5,10.01,5
2024-01-02 09:30:01,10.02,5,10.01,5
2024-01-02 09:30:02,10.01,5,10.01,5
2024-01-02 09:30:03,10.00,5,,
2024-01-02 09:30:04,10.00,-5,10.01,5
2024-01-02 09:30:05,0,5,10.01,5
2024-01-02 09:30:06,x,5,10.01,5
2024-01-02 09:30:07,x,0,10.01,5
"""


def check(tmp_path, text, *, kind="trades", name="table.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_tables_file(path, kind=kind, instrument=INSTRUMENT, **options)


def test_every_fault_of_trades_is_counted(tmp_path):
    report = check(tmp_path, TRADES)
    table = report.tables["trades"]
    assert (13, 4) == (table.rows, table.unreadable)
    assert (1, 1, 1) == (table.clock_reversals, table.duplicates, table.out_of_session)
    assert (2, 2) == (table.non_positive_price, table.non_positive_size)
    assert 9 == report.faults


def test_every_fault_of_quotes_is_counted(tmp_path):
    report = check(tmp_path, QUOTES, kind="quotes")
    table = report.tables["quotes"]
    assert (8, 1) == (table.rows, table.unreadable)
    assert (1, 1, 3) == (table.crossed, table.locked, table.one_sided)
    assert (1, 1) == (table.non_positive_price, table.non_positive_size)


def test_the_report_says_why_the_reader_refuses_and_which_cells_are_at_fault(tmp_path):
    report = check(tmp_path, TRADES)
    assert report.refused
    assert "table.csv" == report.source
    assert [
        "the reader refuses it: table.csv row 13: time 'soon' cannot be read as iso from 1970-01-02 to 2200-12-31",
        "1 cell of time cannot be used, the first in table.csv row 13: 'soon'",
        "1 cell of price cannot be used, the first in table.csv row 10: '10.015'",
        "1 cell of quantity cannot be used, the first in table.csv row 11: '1e30'",
        "1 cell of aggressor cannot be used, the first in table.csv row 12: 'Q'",
    ] == list(report.notes)


def test_a_clean_file_is_clean(tmp_path):
    day = generate_day(3, events=5_000)
    instrument = day.instrument
    trades = day.to_frame("trades").select(
        pl.col("time_ns").alias("t"),
        pl.Series("p", [f"{ticks / 100:.2f}" for ticks in day.trades.price_ticks]),
        pl.col("lots").alias("q"),
    )
    trades.write_parquet(tmp_path / "a.parquet")
    names = {"t": "time", "p": "price", "q": "quantity"}
    report = check_tables_file(tmp_path / "a.parquet", columns=names, instrument=instrument, time_unit="ns")
    assert (0, False, len(day.trades)) == (report.faults, report.refused, report.tables["trades"].rows)
    assert report.tables["trades"].out_of_session == 0


def test_rows_with_too_many_or_too_few_fields_are_unreadable(tmp_path):
    lines = TRADES.splitlines()[:4]
    text = "\n".join([*lines, "2024-01-02 09:30:03,10.02,100,S,extra", "2024-01-02 09:30:04,10.02"])
    for name, content in (("a.csv", text.encode()), ("a.csv.gz", gzip.compress(text.encode()))):
        table = check(tmp_path, content, name=name).tables["trades"]
        assert (5, 2, 1) == (table.rows, table.unreadable, table.clock_reversals)


def test_bytes_that_are_no_text_make_their_row_unreadable(tmp_path):
    content = TRADES.encode().replace(b"09:30:00,10.01", b"09:30:00,\xff\xfe")
    assert 5 == check(tmp_path, content).tables["trades"].unreadable


def test_columns_of_one_name_are_told_apart_also_row_by_row(tmp_path):
    text = "time,price,price,quantity\n2024-01-02 09:30:00,10,11,1,9\n2024-01-02 09:30:01,10,11,1\n"
    table = check(tmp_path, text, columns={"price (column 2)": "price"}).tables["trades"]
    assert (2, 1) == (table.rows, table.unreadable)


def test_a_header_without_rows_is_empty(tmp_path):
    report = check(tmp_path, "time,price,quantity\n")
    reason = "the reader refuses it: table.csv has a header and no rows"
    assert f"Empty: there is nothing to use, {reason}." == report.verdict


def test_no_order_is_simulated_in_a_table_that_is_refused(tmp_path):
    report = check(tmp_path, TRADES + "never,1,1\n")
    assert "holds trades and no order-by-order events" in report.cannot_replay_because


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(NotFound, match="is not there"):
        check_tables_file(tmp_path / "no.csv", instrument=INSTRUMENT)
    with pytest.raises(BadData, match="is empty"):
        check(tmp_path, "")
    with pytest.raises(BadParameter, match="kind 'bars' is neither trades nor quotes"):
        check(tmp_path, TRADES, kind="bars")
    with pytest.raises(BadParameter, match="has no bid"):
        check(tmp_path, TRADES, kind="quotes")
    with pytest.raises(BadParameter, match="time_unit 'minutes'"):
        check(tmp_path, TRADES, time_unit="minutes")
    packed = gzip.compress(TRADES.encode())
    with pytest.raises(BadData, match=r"a\.csv\.gz cannot be read"):
        check(tmp_path, packed[:40], name="a.csv.gz")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet"])
@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_are_one_line(tmp_path, name, seed):
    content = np.random.default_rng(seed).integers(0, 256, 4_000, dtype=np.uint8).tobytes()
    for kind in ("trades", "quotes"):
        with pytest.raises((BadData, BadParameter), match=r"a\.(csv|parquet)") as caught:
            check(tmp_path, content, kind=kind, name=name)
        assert 1 == len(str(caught.value).splitlines())
