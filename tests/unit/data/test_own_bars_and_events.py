"""Your own tables of bars and of order events: exact, under your names, one clear error for the rest."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from nowake.data.generated import session_without_calendar
from nowake.data.tables import day_from_tables, read_bars, read_events
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, LEVEL, SNAPSHOT, TRADE

INSTRUMENT = Instrument(symbol="X", venue="XNAS", session=session_without_calendar(dt.date(2024, 1, 2)))
OPEN_NS = INSTRUMENT.session.open_ns

BARS = """\
start,open,high,low,close,volume,vwap
2024-01-02 09:30:00,10,10.5,9.5,10.25,1000,10.1
2024-01-02 09:31:00,10.25,10.25,10.25,10.25,0,
2024-01-02 09:33:00,10.25,11,10,11,500.5,10.6
"""
EVENTS = """\
when,kind,order_id,side,price,quantity
09:30:00.000000001,add,7,bid,10.01,300
09:30:00.000000002,add,8,ask,10.03,200
09:30:01,execute,7,bid,10.01,100
09:30:02,delete,8,ask,10.03,
09:30:03,halt,,,,
09:30:04,clear,,,,
"""


@pytest.fixture
def csv(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def bars_of(path, **keywords):
    return read_bars(path, {"start": "time"}, instrument=INSTRUMENT, **keywords)


def events_of(csv, text, name="when"):
    path = csv(text.replace("\n09:", "\n2024-01-02T09:"))
    return read_events(path, {name: "time"}, instrument=INSTRUMENT)


def test_bars_last_as_long_as_the_usual_step_between_them(csv) -> None:
    bars = bars_of(csv(BARS))
    assert [0, NS_PER_MINUTE, 3 * NS_PER_MINUTE] == (bars.time_ns - OPEN_NS).tolist()
    assert {NS_PER_MINUTE} == set((bars.end_ns - bars.time_ns).tolist())
    assert [1000.0, 0.0, 500.5] == bars.volume.tolist()
    assert [10.1, True, 10.6] == [bars.vwap[0], bool(np.isnan(bars.vwap[1])), bars.vwap[2]]
    assert [-1, -1, -1] == bars.trades.tolist()


def test_bars_of_a_parquet_file_are_the_same(tmp_path, csv) -> None:
    path = tmp_path / "bars.parquet"
    pl.read_csv(csv(BARS), try_parse_dates=True).write_parquet(path)
    one, other = bars_of(csv(BARS)), bars_of(path)
    assert one.time_ns.tolist() == other.time_ns.tolist()
    assert one.high.tolist() == other.high.tolist()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-01-02 09:34:00,10,9,9.5,10,5,", "row 5: high 9 is below low 9.5"),
        ("2024-01-02 09:34:00,12,11,9.5,10,5,", "row 5: open 12 is outside low to high 11"),
        ("2024-01-02 09:34:00,10,11,9.5,9,5,", "row 5: close 9 is outside low to high 11"),
        ("2024-01-02 09:34:00,10,11,9.5,10,-5,", "row 5: volume -5 is below 0"),
        ("2024-01-02 09:34:00,10,11,9.5,10,,", "row 5: volume '' is not a number"),
        ("2024-01-02 09:34:00,10,11,9.5,inf,5,", "row 5: close 'inf' is not a number"),
        ("2024-01-02 09:32:00,10,11,9.5,10,5,", "row 5: time 2024-01-02 09:32:00 is before"),
        ("2024-01-02 09:33:30,10,11,9.5,10,5,", "row 4: the bar at 2024-01-02 09:33:00 lasts 60000000000 ns"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_with_row_and_value(csv, row, message) -> None:
    with pytest.raises(BadData, match=message):
        bars_of(csv(BARS + row + "\n"), length_ns=NS_PER_MINUTE)


def test_one_bar_cannot_tell_its_length(csv) -> None:
    one = csv("\n".join(BARS.splitlines()[:2]) + "\n")
    with pytest.raises(BadParameter, match="give length_ns"):
        bars_of(one)
    assert [5] == (bars_of(one, length_ns=5).end_ns - OPEN_NS).tolist()
    with pytest.raises(BadParameter, match="length_ns 0"):
        bars_of(one, length_ns=0)


def test_a_day_of_bars_without_volume_in_which_the_price_moved_says_so(csv) -> None:
    rows = [f"2024-01-02 {9 + k // 60:02d}:{k % 60:02d}:00,10,10.5,9.5,10.25,{k % 100},\n" for k in range(30, 420)]
    bars = bars_of(csv(BARS.splitlines()[0] + "\n" + "".join(rows)))
    day = day_from_tables(instrument=INSTRUMENT, bars=bars)
    assert {"corrupt_volume": 4} == day.findings.counts
    assert "fit no volume curve on it" in day.warnings[0]


def test_order_events_are_exact_and_in_order(csv) -> None:
    events = events_of(csv, EVENTS)
    assert [1, 2, NS_PER_SECOND] == (events["time_ns"][:3] - OPEN_NS).tolist()
    assert [ADD, ADD, EXECUTE, DELETE, HALT, CLEAR] == events["kind"].tolist()
    assert [7, 8, 7, 8, 0, 0] == events["order_id"].tolist()
    assert [1001, 1003, 1001, 1003, 0, 0] == events["price_ticks"].tolist()
    assert [300, 200, 100, 0, 0, 0] == events["lots"].tolist()
    assert [1, -1, 1, -1, 0, 0] == events["side"].tolist()


def test_a_day_of_order_events_can_be_replayed_and_has_their_quotes_and_trades(csv) -> None:
    day = day_from_tables(instrument=INSTRUMENT, events=events_of(csv, EVENTS))
    assert (True, 0) == (day.can_replay, day.depth)
    assert [100] == day.trades.lots.tolist()
    assert [-1] == day.trades.aggressor.tolist()
    assert (1001, 300, 1003, 200) == tuple(
        int(getattr(day.quotes, name)[1]) for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    )


def test_levels_and_trades_are_events_too(csv) -> None:
    text = "when,kind,side,price,quantity,snapshot\n09:30:00,level,bid,10.01,0,true\n09:30:01,trade,,10.02,5,\n"
    events = events_of(csv, text)
    assert [(LEVEL, 0, SNAPSHOT), (TRADE, 5, 0)] == events[["kind", "lots", "flags"]].tolist()
    assert not day_from_tables(instrument=INSTRUMENT, events=events).tells_orders


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("09:30:05,vanish,1,bid,10.01,1", "row 8: kind 'vanish' is none of add"),
        ("09:30:05,add,,bid,10.01,1", "row 8: kind add needs an order_id"),
        ("09:30:05,add,x1,bid,10.01,1", "row 8: order_id 'x1' is not a whole number"),
        ("09:30:05,add,9,,10.01,1", "row 8: side '' is missing"),
        ("09:30:05,add,9,bid,,1", "row 8: price '' is missing"),
        ("09:30:05,add,9,bid,10.015,1", "row 8: price: price of X 10.015 is not a multiple"),
        ("09:30:05,add,9,bid,10.01,0", "row 8: quantity '0' must be above 0"),
        ("09:30:05,add,9,bid,99999999,1", "row 8: price 99999999 has too many ticks"),
        ("09:30:05,level,,bid,10.01,5", "row 8: kind level cannot stand beside"),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_row_and_value(csv, row, message) -> None:
    with pytest.raises(BadData, match=message):
        events_of(csv, EVENTS + row + "\n")
