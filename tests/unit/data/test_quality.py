"""Faults are counted, also in data the reader refuses."""

from __future__ import annotations

import dataclasses
import json
import re
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest

from nowake.data import check_days
from nowake.data.day import Day, no_events, no_quotes, no_trades
from nowake.data.findings import Findings
from nowake.data.folder import look
from nowake.data.generated import generate_day, session_without_calendar
from nowake.data.load import check_all, check_path, load_day
from nowake.data.quality import check, check_tables
from nowake.data.readers.contract import Wanted
from nowake.data.readers.registry import reader_of
from nowake.data.schema import frame
from nowake.data.store import write_day
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.market import Bars
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import HALT, RESUME

from .conftest import BOOK, MESSAGES

DAY = generate_day(3, events=5_000)
SESSION = session_without_calendar(DAY.instrument.session.date)


def spoiled(which, **columns):
    """A table of a good day with values put into rows: column={row: value}."""
    frame = DAY.to_frame(which)
    for name, values in columns.items():
        column = frame[name].to_list()
        for row, value in values.items():
            column[row] = value
        frame = frame.with_columns(pl.Series(name, column, dtype=frame[name].dtype))
    return check_tables({which: frame}, session=SESSION).tables[which]


def test_a_generated_day_is_clean():
    report = check(DAY)
    assert 0 == report.faults
    assert "Clean: no fault found." == report.verdict
    assert [len(DAY.events), len(DAY.quotes), len(DAY.trades)] == [table.rows for table in report.tables.values()]


def test_clock_reversals_are_counted():
    assert 2 == spoiled("trades", time_ns={50: SESSION.open_ns, 60: SESSION.open_ns}).clock_reversals


def test_rows_out_of_session_are_counted():
    assert 2 == spoiled("quotes", time_ns={0: SESSION.open_ns - 1, -1: SESSION.close_ns + 1}).out_of_session


def test_crossed_locked_and_one_sided_quotes_are_counted():
    quotes = DAY.quotes
    before = spoiled("quotes")
    bids = {10: int(quotes.ask_ticks[10]) + 1, 20: int(quotes.ask_ticks[20])}
    found = spoiled("quotes", bid_ticks=bids, ask_lots={30: 0})
    assert (1, 1, before.one_sided + 1) == (found.crossed, found.locked, found.one_sided)


def test_prices_and_sizes_that_are_not_positive_are_counted():
    found = spoiled("trades", price_ticks={3: 0, 4: -5}, lots={7: 0})
    assert (2, 1) == (found.non_positive_price, found.non_positive_size)
    found = spoiled("quotes", bid_ticks={30: 0}, ask_lots={31: -1})
    assert (1, 1) == (found.non_positive_price, found.non_positive_size)


def test_unknown_kinds_and_halts_are_counted():
    found = spoiled("events", kind={3: 99, 4: 8, 5: 9}, lots={4: 0, 5: 0}, price_ticks={4: 0, 5: 0})
    assert (1, 1, 0) == (found.unknown_kinds, found.halts, found.non_positive_size)


def test_unreadable_rows_are_counted_and_left_out():
    found = spoiled("trades", lots={3: None}, price_ticks={3: None, 9: None})
    assert (2, len(DAY.trades), 0) == (found.unreadable, found.rows, found.non_positive_size)


def test_duplicates_are_rows_equal_to_the_row_before():
    frame = DAY.to_frame("quotes")
    doubled = pl.concat([frame[:5], frame[4:]])
    assert 1 == check_tables({"quotes": doubled}, session=SESSION).tables["quotes"].duplicates


def test_silences_count_open_and_close():
    times = [SESSION.open_ns + second * NS_PER_SECOND for second in (100, 150, 23_390)]
    frame = DAY.to_frame("trades")[:3].with_columns(pl.Series("time_ns", times))
    found = check_tables({"trades": frame}, session=SESSION).tables["trades"]
    assert (2, 23_240.0) == (found.silences, found.longest_silence_s)


def test_a_day_that_lacks_hours_is_told():
    frame = DAY.to_frame("trades").filter(pl.col("time_ns") < SESSION.open_ns + 3_600 * NS_PER_SECOND)
    assert "hold nothing at all" in check_tables({"trades": frame}, session=SESSION).verdict


def test_an_empty_table_is_told():
    report = check_tables({"trades": DAY.to_frame("trades")[:0]}, session=SESSION)
    assert "Empty: there is nothing to use." == report.verdict


def test_quotes_that_cross_in_a_halt_or_out_of_session_are_counted_apart():
    quotes = DAY.to_frame("quotes").with_columns((pl.col("ask_ticks") + 1).alias("bid_ticks"))
    begin, end = (int(quotes["time_ns"][k]) for k in (100, 200))
    halt = DAY.to_frame("events")[:2].with_columns(
        pl.Series("time_ns", [begin, end]), pl.Series("kind", [HALT, RESUME], dtype=pl.Int8)
    )
    found = check_tables({"events": halt, "quotes": quotes}, session=SESSION).tables["quotes"]
    both = quotes.filter((pl.col("bid_lots") > 0) & (pl.col("ask_lots") > 0))
    in_halt = both.filter(pl.col("time_ns").is_between(begin, end, closed="left")).height
    assert (both.height - in_halt, in_halt, 0) == (found.crossed, found.auction_crossed, found.locked)
    early = quotes.with_columns(pl.col("time_ns") - 86_400 * NS_PER_SECOND)
    assert 0 == check_tables({"quotes": early}, session=SESSION).tables["quotes"].crossed


def test_crossed_quotes_are_passing_where_no_book_made_them_and_they_are_few():
    frame = DAY.to_frame("quotes")
    many = pl.concat([frame[50:]] * 3).sort("time_ns")
    crossed = many.with_columns(
        pl.when(pl.int_range(pl.len()) == 20).then(pl.col("ask_ticks") + 1).otherwise("bid_ticks").alias("bid_ticks")
    )
    assert 1_000 < many.height
    alone = check_tables({"quotes": crossed}, session=SESSION)
    assert (1, 0) == (alone.tables["quotes"].crossed, alone.faults)
    of_a_book = check_tables({"quotes": crossed, "events": DAY.to_frame("events")}, session=SESSION)
    assert (1, "1 crossed in quotes" in of_a_book.verdict) == (of_a_book.faults, True)
    assert 1 == check_tables({"quotes": crossed[15:900]}, session=SESSION).faults


def test_a_quote_beyond_which_many_trade_is_stale():
    quotes = (
        DAY.to_frame("quotes")[:3]
        .with_columns(
            time_ns=pl.Series([10, 20, 30]),
            bid_ticks=pl.lit(100),
            bid_lots=pl.lit(1),
            ask_ticks=pl.lit(102),
            ask_lots=1,
        )
        .cast(dict(DAY.to_frame("quotes").schema))
    )

    def stale(times, prices):
        trades = DAY.to_frame("trades")[: len(times)].with_columns(
            pl.Series("time_ns", times), pl.Series("price_ticks", prices), hidden=False, auction=False
        )
        return check_tables({"quotes": quotes, "trades": trades}, session=SESSION).tables["quotes"].stale

    assert 1 == stale([11, 12, 13, 14, 15], [103] * 5)
    assert 0 == stale([11, 12, 13, 14], [103] * 4)
    assert 0 == stale([11, 12, 13, 14, 15], [103, 103, 101, 103, 103])
    assert 0 == stale([10] * 5, [103] * 5)  # In the instant of the quote, so not known to follow it.
    assert 1 == stale([20, 21, 22, 23, 24, 25], [103, *[99] * 5])


def test_what_the_reader_found_is_told_with_its_meaning_and_faults_count():
    findings = Findings(
        counts={"sequence_gaps": 2, "stale_levels": 3, "duplicates": 0},
        examples={"sequence_gaps": ("line 7: 12 follows 9",)},
        mixes={"sale conditions": {"regular": 90, "odd lot": 10}},
        measures={"clock_skew_ns": -1.27e9, "least_latency_ns": 850.0, "left_out_shares": 1234.0},
        refusal="the book is unknown from 10:00 on",
    )
    report = check(dataclasses.replace(DAY, findings=findings))
    assert 2 == report.faults
    assert "2 sequence gaps; the book is unknown from 10:00 on." == report.verdict.partition(": ")[2]
    lines = [line.split(maxsplit=2) for line in str(report).splitlines() if line]
    assert ["sequence", "gaps", "2  FAULT: messages are missing between two that arrived"] in lines
    text = str(report)
    assert "line 7: 12 follows 9" in text
    assert "regular 90 (90.0%), odd lot 10 (10.0%)" in text
    assert re.search(r"clock skew +-1\.27 s", text)
    assert re.search(r"least latency +850 ns", text)
    assert re.search(r"left out +1,234 shares", text)
    assert "messages told twice" not in text
    assert re.search(r"replay +no: the book is unknown from 10:00 on", text)
    assert 1 == check(dataclasses.replace(DAY, findings=Findings(refusal="it would lie"))).faults


def test_bars_are_counted_and_a_bar_lasts_to_its_end():
    step = 60 * NS_PER_SECOND
    starts = np.arange(SESSION.open_ns, SESSION.close_ns, step)
    ones = np.ones(len(starts))
    bars = Bars(starts, starts + step, ones, ones, ones, ones, ones, np.full(len(starts), np.nan), starts * 0 - 1)
    report = check(
        Day(
            instrument=DAY.instrument, source="bars:X", events=no_events(), quotes=no_quotes(), trades=no_trades(),
            depth=0, bars=bars,
        )
    )  # fmt: skip
    assert (["bars"], 390, 0.0, 0) == (
        list(report.tables), report.tables["bars"].rows, report.tables["bars"].longest_silence_s, report.faults,
    )  # fmt: skip
    spoiled_bars = dataclasses.replace(bars, volume=-ones, low=0 * ones)
    table = check_tables({"bars": frame(spoiled_bars, "bars")}, session=SESSION).tables["bars"]
    assert (390, 390) == (table.non_positive_price, table.non_positive_size)


def test_prices_of_zero_and_below_are_right_where_the_instrument_says_so():
    events = DAY.to_frame("events").with_columns(-pl.col("price_ticks").alias("price_ticks"))
    assert 0 < check_tables({"events": events}, session=SESSION).faults
    assert 0 == check_tables({"events": events}, session=SESSION, negative_prices=True).faults


def test_a_day_without_trades_is_told():
    quiet = dataclasses.replace(DAY, trades=no_trades())
    assert ["events", "quotes"] == list(check(quiet).tables)


def test_several_days_are_checked_one_by_one(write_lobster):
    root = write_lobster()
    write_lobster(MESSAGES.replace(",40,", ",0,"), date="2012-06-22")
    reports, _ = check_all("lobster:TEST", root=root)
    assert [(21, 0), (22, 1)] == [(report.session.date.day, report.faults) for report in reports]
    assert [21] == [report.session.date.day for report in check_all("lobster:TEST", "2012-06-21", root=root).reports]
    assert 2 == len(check_all(root).reports)


def test_the_report_is_plain_json_and_a_table():
    report = check(DAY)
    plain = json.loads(json.dumps(report.to_dict()))
    assert report.verdict == plain["verdict"]
    assert len(DAY.events) == plain["tables"]["events"]["rows"]
    assert f"rows{'':<22}{len(DAY.events):>16,}{len(DAY.quotes):>16,}{len(DAY.trades):>16,}" in str(report).splitlines()


def test_a_lobster_day_tells_how_many_transitions_are_explained(write_lobster):
    report = check_path("lobster:TEST", root=write_lobster())
    assert (0, 3, 3) == (report.faults, report.transitions, report.transitions_explained)
    assert "3 of 3 explained" in str(report)


@pytest.mark.parametrize(
    ("old", "new", "field", "count"),
    [
        ("34200.5", "34199", "clock_reversals", 1),
        (",40,", ",0,", "non_positive_size", 1),
        (",1000200,", ",0,", "non_positive_price", 2),
        (",4,11", ",9,11", "unknown_kinds", 1),
        (",40,", ",4o,", "unreadable", 1),
        ("34200.5", "soon", "unreadable", 1),
    ],
)
def test_a_file_the_reader_refuses_is_counted(write_lobster, old, new, field, count):
    report = check_path("lobster:TEST", root=write_lobster(MESSAGES.replace(old, new)))
    assert count == getattr(report.tables["events"], field)
    assert report.refused
    assert report.verdict.startswith("Do not use before repair: ")
    assert report.notes[0].startswith("the reader refuses it: TEST_")


def test_a_book_of_another_length_does_not_stop_the_count(write_lobster):
    root = write_lobster(book=BOOK + "1,1,1,1\n")
    path = next((root / "lobster").glob("*message*"))
    report = check_path(path)
    assert ["events"] == list(report.tables)
    assert "must be equal" in report.notes[0]


def test_a_book_with_a_column_missing_does_not_stop_the_count(write_lobster):
    root = write_lobster(book="1,1,1\n" * 4)
    assert "3 columns" in check_path("lobster:TEST", root=root).notes[0]


def test_an_empty_message_file_is_told(write_lobster):
    root = write_lobster(messages="")
    report = check_path(next((root / "lobster").glob("*message*")))
    assert report.refused
    assert "is empty" in report.notes[0]


def test_paths_that_are_nothing_are_refused(tmp_path):
    with pytest.raises(NotFound, match=r"no\.csv is not there"):
        check_path(tmp_path / "no.csv")
    with pytest.raises(BadParameter, match="'nonsense' is not a source of days"):
        check_path("nonsense")
    (tmp_path / "odd.csv").write_text("1\n")
    with pytest.raises(BadData, match=r"odd\.csv is of no format that is known \(.*it begins with '1.'"):
        check_path(tmp_path / "odd.csv")


NOISE = np.random.default_rng(1).integers(0, 256, 5_000, dtype=np.uint8).tobytes()
DAMAGED = {
    "garbage": (b"hello world\nthis is not data\n", BOOK.encode()),
    "random bytes": (NOISE, BOOK.encode()),
    "random bytes both": (NOISE, NOISE),
    "a lone newline": (b"\n", BOOK.encode()),
    "carriage returns": (MESSAGES.replace("\n", "\r").encode(), BOOK.encode()),
    "two columns more": (MESSAGES.replace("\n", ",1,2\n").encode(), BOOK.encode()),
    "swapped": (BOOK.encode(), MESSAGES.encode()),
    "no text": (MESSAGES.encode().replace(b"11", b"\xff\xfe"), BOOK.encode()),
    "zeros": (b"\0" * 100, BOOK.encode()),
    "commas": (b"," * 300 + b"\n", b"," * 303 + b"\n"),
    "short first line": (b"1,2\n" + MESSAGES.encode(), BOOK[:22].encode() + BOOK.encode()),
    "book of random bytes": (MESSAGES.encode(), NOISE),
    "book of a newline": (MESSAGES.encode(), b"\n"),
    "book of no text": (MESSAGES.encode(), BOOK.encode().replace(b"50", b"\xff\xfe")),
    "time far away": (MESSAGES.replace("34201", "999999999999").encode(), BOOK.encode()),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_whatever_is_in_the_files_is_counted_or_told_in_one_line(write_lobster, case):
    root = write_lobster()
    paths = [next((root / "lobster").glob(f"*{kind}*")) for kind in ("message", "orderbook")]
    for path, content in zip(paths, DAMAGED[case], strict=True):
        path.write_bytes(content)
    report = check_path(paths[0])
    assert report.refused
    assert report.faults >= 1
    assert 1 == len(report.verdict.splitlines())
    with pytest.raises(BadData) as caught:
        load_day("lobster:TEST", root=root)
    assert 1 == len(str(caught.value).splitlines())


def test_a_line_with_two_fields_more_is_unreadable_and_the_others_are_counted(write_lobster):
    root = write_lobster(MESSAGES.replace(",40,", ",40,1,1,").replace("34201", "34200"))
    table = check_path(next((root / "lobster").glob("*message*"))).tables["events"]
    assert (4, 1, 1) == (table.rows, table.unreadable, table.clock_reversals)


def test_what_the_reader_found_is_not_listed_as_absent():
    report = msgspec.structs.replace(check(DAY), findings=Findings(counts={"unreadable": 3}))
    lines = str(report).splitlines()
    (absent,) = [line for line in lines if line.startswith("none ")]
    assert ("unreadable" in absent, any("3  FAULT: rows that cannot be read" in line for line in lines)) == (
        False,
        True,
    )


def test_many_symbols_that_do_not_fit_in_memory_together_ask_for_one(tmp_path, monkeypatch):
    for symbol in ("AAA", "BBB"):
        write_day(generate_day(1, symbol=symbol, events=1_000), tmp_path)
    recordings = look(tmp_path).recordings
    both = dataclasses.replace(recordings[0], symbols=("AAA", "BBB"))
    pieces = [piece for each in recordings for piece in reader_of("parquet").pieces(each, Wanted())]
    monkeypatch.setattr(check_days, "reader_of", lambda _: SimpleNamespace(pieces=lambda *_: iter(pieces)))
    heard = []
    assert 2 == len(check_days.check([both], progress=lambda done, of: heard.append((done, of)))[0])
    assert (both.size_bytes, both.size_bytes) == heard[-1]
    monkeypatch.setattr(check_days, "MOST_ROWS", 2_000)
    ((), (failure,)) = (tuple(each) for each in check_days.check([both]))
    assert "too large to check all its symbols at once; give --symbol" in failure


def test_days_of_one_symbol_at_two_venues_are_told_apart(tmp_path):
    for venue in ("AA", "BB"):
        day = generate_day(1, events=1_000)
        write_day(dataclasses.replace(day, instrument=msgspec.structs.replace(day.instrument, venue=venue)), tmp_path)
    names = [f"parquet:{tmp_path}:GEN@AA", f"parquet:{tmp_path}:GEN@BB"]
    assert names == [report.source for report in check_all(tmp_path).reports]


def test_one_recording_cut_short_leaves_the_reports_of_the_others(write_lobster):
    root = write_lobster()
    write_lobster(symbol="CUT")
    write_day(generate_day(1, symbol="GOOD", events=1_000), root / "store")
    bad = write_day(generate_day(1, symbol="BAD", events=1_000), root / "store")
    (bad / "events-00000.parquet").write_bytes(b"PAR1")
    checked = check_all(root)
    assert ["GOOD", "CUT", "TEST"] == [report.source.rpartition(":")[2] for report in checked.reports]
    (line,) = checked.left_out
    assert ("date=2026-01-05/symbol=BAD/venue=GEN: ", 1) == (line[:38], line.count("events-00000.parquet"))
