"""A store holds whole days or none, brings back every byte, and does not give way unasked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nowake.data import store
from nowake.data.assemble import day_of
from nowake.data.day import Day
from nowake.data.findings import Findings
from nowake.data.generated import generate_day
from nowake.data.parquet import folder_of, named, part_path, read_about, read_day
from nowake.data.readers.contract import Piece
from nowake.data.store import Origin, Writer, write_day
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Bars, Quotes, Receipts, Trades, columns_of
from nowake.kernels.layout import EVENT

DAY = generate_day(4, events=2_000)
TABLES = ("events", "quotes", "trades", "bars", "receipts")
ORIGIN = Origin("test:X")


def instrument_of(symbol="X", venue="XNAS", date=dt.date(2026, 1, 5), **options):
    open_ns = dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC).timestamp() * 10**9
    session = Session(date=date, timezone="UTC", open_ns=int(open_ns), close_ns=int(open_ns) + 10**12)
    return Instrument(symbol=symbol, venue=venue, session=session, **options)


def piece_of(times, instrument=None, **tables):
    events = np.zeros(len(times), EVENT)
    events["time_ns"], events["kind"], events["side"], events["lots"], events["price_ticks"] = times, 1, 1, 1, 100
    return Piece(instrument=instrument or instrument_of(), events=events, **tables)


def bytes_of(day):
    """Every column of every table, as bytes and type; None where there is no table."""
    found = {"events": day.events.tobytes()}
    for which in TABLES[1:]:
        table = getattr(day, which)
        if table is not None:
            found[which] = {name: (column.dtype, column.tobytes()) for name, column in columns_of(table).items()}
    return found


def integers(low, high, dtype):
    return st.integers(low, high).map(dtype)


@st.composite
def days(draw):
    count = draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = np.sort(rng.integers(0, 2**62, count))

    def ints():
        return rng.integers(-(2**63), 2**63 - 1, count)

    events = np.zeros(count, EVENT)
    for name in EVENT.names:
        info = np.iinfo(EVENT[name])
        events[name] = rng.integers(info.min, info.max, count, dtype=EVENT[name], endpoint=True)
    events["time_ns"] = times
    floats = [rng.standard_normal(count) * 10.0 ** rng.integers(-300, 300) for _ in range(6)]
    floats[-1][: count // 2] = np.nan
    signs, flags = rng.integers(-1, 2, count).astype(np.int8), rng.integers(0, 2, count).astype(np.bool_)
    return Day(
        instrument=instrument_of(
            draw(st.text(min_size=1, max_size=8)), draw(st.sampled_from(["XNAS", "BINANCE-USDM"])),
            tick_size=draw(st.sampled_from([Decimal("0.01"), Decimal("1E-8"), Decimal(25)])),
            negative_prices=draw(st.booleans()),
        ),
        source="test:X",
        events=events,
        quotes=Quotes(times, ints(), ints(), ints(), ints()),
        trades=Trades(times, ints(), ints(), signs, flags, ~flags),
        depth=draw(st.integers(0, 50)),
        bars=draw(st.sampled_from([None, Bars(times, times, *floats, ints())])),
        receipts=draw(st.sampled_from([None, Receipts(ints(), ints())])),
        findings=draw(st.sampled_from([Findings(), Findings(counts={"duplicates": 2}, measures={"skew_ns": 1.5})])),
    )  # fmt: skip


@given(days())
@settings(max_examples=40)
def test_a_stored_day_comes_back_byte_for_byte(tmp_path_factory, day):
    again = read_day(write_day(day, tmp_path_factory.mktemp("store")))
    expected = bytes_of(day)
    if not len(day.events):
        assert b"" == expected["events"]
    assert expected == bytes_of(again)
    assert (day.instrument, day.depth, day.source) == (again.instrument, again.depth, again.source)
    assert (day.findings.counts, day.findings.measures) == (again.findings.counts, again.findings.measures)


def test_a_folder_says_date_symbol_and_venue_and_odd_signs_are_escaped(tmp_path):
    for symbol in ("AMZN", "BRK/B", "..", "a=b:c@d", "ES 6/24", "Ü"):
        folder = folder_of(instrument_of(symbol, "X/Y"), tmp_path)
        assert (symbol, "X/Y", dt.date(2026, 1, 5)) == named(folder)
        assert tmp_path == folder.parents[2]
        assert folder.resolve().is_relative_to(tmp_path.resolve())
    assert "date=2026-01-05/symbol=BRK%2FB/venue=XNAS" == str(folder_of(instrument_of("BRK/B"), tmp_path.__class__()))
    assert [None, None] == [named(tmp_path), named(tmp_path / "date=2026-13-05" / "symbol=A" / "venue=B")]


def test_the_files_are_plain_parquet_that_others_read_by_date_and_symbol(tmp_path):
    write_day(DAY, tmp_path)
    frame = pl.read_parquet(tmp_path / "**/events-*.parquet", hive_partitioning=True)
    assert DAY.events["price_ticks"].tolist() == frame["price_ticks"].to_list()
    assert {"GEN"} == set(frame["symbol"])
    assert "0.01" == pl.read_parquet_metadata(next(tmp_path.rglob("events-*.parquet")))["nowake.tick_size"]


def test_pieces_are_joined_in_order_and_what_the_source_lacks_is_made_of_events(tmp_path):
    found = Findings(counts={"duplicates": 1})
    pieces = [dataclasses.replace(piece_of(times), findings=found) for times in ([10, 20], [20, 30])]
    with Writer(tmp_path) as writer:
        for piece in pieces:
            writer.add(piece, ORIGIN)
        (kept,) = writer.publish()
    assert ({"events": 4}, "written") == (kept.rows, kept.fate)
    day, whole = read_day(kept.folder), day_of(pieces, source="test:X")
    assert bytes_of(whole) == bytes_of(day)
    assert (2, 4) == (day.findings.counts["duplicates"], len(day.events))
    assert [1, 3, 4] == day.quotes.bid_lots.tolist()


def test_little_memory_makes_many_parts_of_the_same_bytes(tmp_path):
    symbols = [f"S{k}" for k in range(40)]
    with Writer(tmp_path, budget_bytes=10_000) as writer:
        for begin in range(0, 400, 10):
            for symbol in symbols:
                writer.add(piece_of(range(begin, begin + 10), instrument_of(symbol)), ORIGIN)
        kept = writer.publish()
    assert len(symbols) == len(kept)
    for each in kept:
        assert list(range(400)) == read_day(each.folder).events["time_ns"].tolist()
        assert 1 < len(read_about(each.folder).tables["events"])


def test_no_part_is_longer_than_a_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PIECE_EVENTS", 300)
    about = read_about(write_day(DAY, tmp_path))
    assert 300 == max(about.tables["events"])
    with Writer(tmp_path / "other") as writer:
        for begin in range(0, 700, 100):
            writer.add(piece_of(range(begin, begin + 100)), ORIGIN)
        assert 2 == len(list((tmp_path / "other").rglob("events-*")))
        assert (300, 300, 100) == read_about(writer.publish()[0].folder).tables["events"]


def test_what_is_discarded_is_not_published_and_leaves_room_for_others(tmp_path):
    with Writer(tmp_path, budget_bytes=1) as writer:
        writer.add(piece_of([1], instrument_of("BAD")), ORIGIN)
        writer.discard()
        writer.add(piece_of([1], instrument_of("GOOD")), ORIGIN)
        assert ["GOOD"] == [kept.key[0] for kept in writer.publish()]


def test_pieces_that_go_back_in_time_are_refused(tmp_path):
    with Writer(tmp_path) as writer:
        writer.add(piece_of([10, 20]), ORIGIN)
        with pytest.raises(BadData, match="events go back in time to 19 ns between two pieces"):
            writer.add(piece_of([19]), ORIGIN)
    assert [] == list(tmp_path.iterdir())


def test_a_day_that_is_there_gives_way_only_when_asked(tmp_path):
    other = dataclasses.replace(DAY, source="generated:99")
    folder = write_day(DAY, tmp_path)
    with pytest.raises(BadParameter, match=r"GEN of 2026-01-05 at GEN is in .* already, from generated:4; overwrite"):
        write_day(other, tmp_path)
    assert "generated:4" == read_day(folder).source
    assert "generated:99" == read_day(write_day(other, tmp_path, overwrite=True)).source
    assert ["date=2026-01-05"] == [path.name for path in tmp_path.iterdir()]


def test_two_sources_of_one_day_in_one_conversion_are_never_mixed(tmp_path):
    with Writer(tmp_path, overwrite=True) as writer:
        writer.add(piece_of([1]), Origin("bars:X"))
        writer.publish()
        with pytest.raises(BadParameter, match="was made from bars:X just now, and lean:X holds it too"):
            writer.add(piece_of([1]), Origin("lean:X"))


def test_what_is_not_published_is_not_there(tmp_path):
    with Writer(tmp_path) as writer:
        writer.add(piece_of([1]), ORIGIN)
    assert [] == list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
from tests.unit.data.test_store import ORIGIN, Writer, piece_of
with Writer(sys.argv[1], budget_bytes=1) as writer:
    writer.add(piece_of(range(1000)), ORIGIN)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_conversion_leaves_no_day_and_the_next_one_sweeps_up(tmp_path):
    from tests.conftest import ROOT  # noqa: PLC0415

    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith(".writing-")
    assert list(aside.rglob("*.parquet"))
    write_day(DAY, tmp_path)
    assert ["date=2026-01-05"] == [path.name for path in tmp_path.iterdir()]


def test_a_conversion_that_runs_is_not_swept_away(tmp_path):
    with Writer(tmp_path) as writer:
        writer.add(piece_of([1]), ORIGIN)
        write_day(DAY, tmp_path)
        assert 1 == len(writer.publish())


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from tests.unit.data.test_store import DAY, write_day
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
write_day(DAY, sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_is_an_error_and_leaves_no_half_day(tmp_path):
    from tests.conftest import ROOT  # noqa: PLC0415

    result = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert 1 == result.returncode
    assert "OSError" in result.stderr
    assert [] == list(tmp_path.iterdir())


def spoil(folder, what):
    events = part_path(folder, "events", 0)
    about = folder / "day.json"
    match what:
        case "part missing":
            events.unlink()
        case "part cut short":
            events.write_bytes(events.read_bytes()[:-100])
        case "rows missing":
            pl.read_parquet(events)[:-1].write_parquet(events)
        case "columns":
            pl.DataFrame({"a": [1]}).write_parquet(events)
        case "no description":
            about.unlink()
        case "description cut short":
            about.write_bytes(about.read_bytes()[:-100])
        case "version":
            about.write_bytes(about.read_bytes().replace(b'"version": 3', b'"version": 1'))
        case "tick":
            about.write_bytes(about.read_bytes().replace(b'"tick_size": "0.01"', b'"tick_size": "-1"'))


@pytest.mark.parametrize(
    ("what", "error", "text"),
    [
        ("part missing", BadData, r"events-00000\.parquet is not there, and day\.json names it"),
        ("part cut short", BadData, "is not a readable Parquet file"),
        ("rows missing", BadData, r"has [\d,]+ rows, and day\.json says"),
        ("columns", BadData, "has columns a Int64; the canonical ones are in"),
        ("no description", NotFound, r"day\.json is not there, so .* is no stored day"),
        ("description cut short", BadData, r"day\.json cannot be read: .*convert the day anew"),
        ("version", BadData, "has layout 1, not 3"),
        ("tick", BadData, "tick_size -1 of GEN must be a finite number above 0"),
    ],
)
def test_a_damaged_store_is_refused(tmp_path, what, error, text):
    folder = write_day(DAY, tmp_path)
    spoil(folder, what)
    with pytest.raises(error, match=text):
        read_day(folder)
