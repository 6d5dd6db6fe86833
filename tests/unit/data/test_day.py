"""A day is frozen, honest about replay, prints small, and survives Parquet to the nanosecond."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nowake.data.assemble import day_of
from nowake.data.day import Day, no_events, no_quotes, no_trades, outside_data
from nowake.data.generated import generate_day
from nowake.data.load import load_day
from nowake.data.parquet import read_day
from nowake.data.readers.contract import Piece
from nowake.data.schema import COLUMNS
from nowake.data.store import Origin, Writer, write_day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Receipts, select
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels.layout import EVENT

DAY = generate_day(4, events=2_000)


def test_frames_have_the_canonical_columns_and_the_values_of_the_arrays():
    for which in ("events", "quotes", "trades"):
        frame = DAY.to_frame(which)
        assert {name: kind for name, (kind, _) in COLUMNS[which].items() if name != "venue"} == dict(frame.schema)
        assert getattr(DAY, which) is not None
        assert len(getattr(DAY, which)) == frame.height
    assert DAY.events["time_ns"].tolist() == DAY.to_frame("events")["time_ns"].to_list()
    assert DAY.quotes.ask_lots.tolist() == DAY.to_frame()["ask_lots"].to_list()
    with pytest.raises(BadParameter, match="has no bars"):
        DAY.to_frame("bars")


def test_the_schema_of_events_is_the_record_the_kernels_read():
    assert list(EVENT.names) == list(COLUMNS["events"])


def test_the_fingerprint_sees_one_changed_lot():
    events = DAY.events.copy()
    events["lots"][5] += 1
    assert DAY.fingerprint != dataclasses.replace(DAY, events=events).fingerprint


def test_prints_that_name_their_places_have_one_more_column_and_come_back_from_a_store(tmp_path):
    trades = dataclasses.replace(DAY.trades, venue=np.array(["NQ", "", "P"] * len(DAY.trades))[: len(DAY.trades)])
    day = dataclasses.replace(DAY, trades=trades)
    assert list(day.to_frame("trades").columns) == list(COLUMNS["trades"])
    assert DAY.fingerprint != day.fingerprint
    kept = read_day(write_day(day, tmp_path))
    assert kept.trades.venue is not None
    assert trades.venue.tolist() == kept.trades.venue.tolist()
    assert day.fingerprint == kept.fingerprint


def test_the_fingerprint_sees_bars_and_receipts():
    ints, number = np.array([5], np.int64), np.array([10.0])
    bars = Bars(ints, ints + 1, number, number, number, number, number, number, ints)
    receipts = Receipts(ints, ints)
    days = [DAY, dataclasses.replace(DAY, bars=bars), dataclasses.replace(DAY, receipts=receipts)]
    days.append(dataclasses.replace(DAY, bars=dataclasses.replace(bars, close=number + 1)))
    assert 4 == len({day.fingerprint for day in days})
    assert ["bars       1 for 10"] == [line for line in str(days[1]).splitlines() if line.startswith("bars")]


def test_events_out_of_order_are_refused():
    events = DAY.events.copy()
    events["time_ns"][7] = 0
    with pytest.raises(BadData, match=r"event 7 at 19:00:00\.0* is earlier than .* at 09:30:00"):
        dataclasses.replace(DAY, events=events)
    with pytest.raises(BadData, match="not records of"):
        dataclasses.replace(DAY, events=np.zeros(3))


def test_a_day_without_events_cannot_be_replayed():
    empty = Day(
        instrument=DAY.instrument, source="x", events=no_events(), quotes=no_quotes(), trades=no_trades(), depth=1
    )
    assert (False, True) == (empty.can_replay, DAY.can_replay)
    assert "" == DAY.cannot_replay_because
    assert "no: 'x' has no rows and no order-by-order events" in str(empty)


def test_a_day_prints_as_a_small_table():
    lines = str(DAY).splitlines()
    assert "day        generated:4 2026-01-05 (GEN on GEN)" == lines[0]
    assert f"events     {len(DAY.events):,}" in lines
    assert "depth      full" in lines


def test_a_day_says_why_it_has_more_events_than_the_file_has_rows(write_lobster):
    day = load_day("lobster:TEST", root=write_lobster())
    assert "events     5: 4 messages and 1 RESYNC, each telling what the book showed" in str(day)
    assert "depth      1 level a side" in str(day)


@pytest.mark.parametrize(
    ("first_minutes", "last_minutes", "expected"),
    [
        (0, 390, ()),
        (15, 375, ()),
        (0, 60, ("The data end at 10:30:00, 5.5 h before the close",)),
        (0, 370, ("The data end at 15:40:00, 20 min before the close",)),
        (120, 390, ("The data begin at 11:30:00, 2.0 h after the open",)),
        (-300, 600, ()),
    ],
)
def test_data_that_miss_a_part_of_the_session_say_so(first_minutes, last_minutes, expected):
    session = DAY.instrument.session
    times = session.open_ns + np.array([last_minutes, first_minutes]) * NS_PER_MINUTE
    assert expected == outside_data(session, times)


def test_a_day_without_rows_misses_nothing_that_could_be_told():
    assert () == outside_data(DAY.instrument.session, np.zeros(0, np.int64))


def test_a_day_shows_itself_in_a_line_where_python_does():
    counts = f"{len(DAY.events):,} events, {len(DAY.quotes):,} quotes, {len(DAY.trades):,} trades"
    assert f"<Day generated:4 {DAY.instrument.session.date}: {counts}>" == repr(DAY)
    nothing = dataclasses.replace(DAY, events=no_events(), quotes=no_quotes(), trades=no_trades())
    assert repr(nothing).endswith(": no rows>")


def test_names_of_places_are_the_same_bytes_whatever_held_them():
    names = np.array(["NQ", "", "P"] * len(DAY.trades))[: len(DAY.trades)]
    wide, held = names.astype("<U12"), names.astype(object)
    held[names == ""] = None
    same = {dataclasses.replace(DAY, trades=dataclasses.replace(DAY.trades, venue=each)).fingerprint
            for each in (names, wide, held)}  # fmt: skip
    assert len(same) == 1
    assert dataclasses.replace(DAY.trades, venue=np.full(len(DAY.trades), "")).venue is None
    with pytest.raises(BadData, match="is no text"):
        dataclasses.replace(DAY.trades, venue=np.full(len(DAY.trades), 7, dtype=object))


def test_parts_of_a_day_that_name_no_place_leave_the_others_their_names(tmp_path):
    half = len(DAY.trades) // 2
    named = dataclasses.replace(select(DAY.trades, slice(half)), venue=np.full(half, "NQ"))
    rest, empty = select(DAY.trades, slice(half, None)), select(DAY.trades, slice(0))
    pieces = [Piece(instrument=DAY.instrument, trades=part, quotes=None) for part in (named, empty, rest)]
    day = day_of(pieces, source="parts")
    assert ["NQ"] * half + [""] * len(rest) == day.trades.venue.tolist()
    with Writer(tmp_path) as writer:
        for piece in pieces:
            writer.add(piece, Origin("parts"))
        folder = writer.publish()[0].folder
    assert day.trades.venue.tolist() == read_day(folder).trades.venue.tolist()
