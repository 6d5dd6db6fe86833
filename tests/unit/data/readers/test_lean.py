"""Lean folders: the tape filtered by sale condition, quotes told side by side, bars, and futures cut into sessions."""

from __future__ import annotations

import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from nowake.data.assemble import day_of
from nowake.data.catalogue import Name, choose
from nowake.data.convert import fits
from nowake.data.folder import look
from nowake.data.load import entries
from nowake.data.readers import lean, lean_files
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND

OPEN_MS = 34_200_000
# Time, price x 10,000, shares, venue, condition, suspicious.
TRADES = """\
14400009.367,1000000,100,P,2000,0
34200000,1000000,5000,N,40,0
34200000.000001,1000000,5000,N,4000000,0
34200001,1000100,100,Q,1,0
34200002,1000150,300,D,20000020,0
34200003,999900,1000,D,20100000,0
34200004,1500000,50,Q,1,1
57600000,1000200,7000,N,80,0
"""
QUOTES = """\
34200000,999900,200,0,0,N,1,0
34200000,0,0,1000100,300,Q,1,0
34200001,1000000,100,0,0,P,1,0
34200001,0,0,1000100,300,Z,1,0
34200002,0,0,1000200,400,Q,1,0
34200003,1000100,0,0,0,N,1,0
34200004,0,0,0,0,N,2000,0
"""


@pytest.fixture
def write(tmp_path):
    """Write a zip file of one member or several into <tmp>/<folder>."""

    def zipped(name, members, folder="tick/abc"):
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in members.items():
                archive.writestr(member, text)
        return path

    return zipped


@pytest.fixture
def tick_day(write):
    write("20131007_trade.zip", {"20131007_abc_Trade_Tick.csv": TRADES})
    path = write("20131007_quote.zip", {"20131007_abc_Quote_Tick.csv": QUOTES})
    return lean.recordings(sorted(path.parent.iterdir()))[0]


def read(recording, **keywords):
    prints = keywords.pop("prints", "counted")
    return day_of(list(lean.pieces(recording, Wanted(**keywords), prints=prints)), source="test")


def since_open(day, times):
    return (times - day.instrument.session.open_ns).tolist()


def test_trades_and_quotes_of_one_day_are_one_recording(tick_day) -> None:
    date = dt.date(2013, 10, 7)
    assert ("SIP", ("ABC",), date, date, "tick", 2) == (
        tick_day.venue,
        tick_day.symbols,
        tick_day.first,
        tick_day.last,
        tick_day.detail,
        len(tick_day.files),
    )


def test_by_default_prints_are_those_the_tape_counts(tick_day) -> None:
    day = read(tick_day)
    assert [100, 5000, 100, 300, 1000, 7000] == day.trades.lots.tolist()
    assert {"left_out": 3} == day.findings.counts  # The official open, the suspicious print, the quote of nothing.
    assert 5050.0 == day.findings.measures["left_out_shares"]


def test_prints_can_be_those_that_set_the_last_price_or_all(tick_day) -> None:
    assert [5000, 100, 300, 7000] == read(tick_day, prints="last").trades.lots.tolist()
    assert 8 == len(read(tick_day, prints="all").trades)


def test_auction_prints_and_prints_off_the_displayed_market_are_flagged(tick_day) -> None:
    trades = read(tick_day).trades
    assert [False, True, False, False, False, True] == trades.auction.tolist()
    assert [False, False, False, True, True, False] == trades.hidden.tolist()


def test_times_are_exact_to_the_nanosecond(tick_day) -> None:
    day = read(tick_day, tick_size=Decimal("0.0001"))
    before_open_ms = 14_400_009.367 - OPEN_MS
    assert round(before_open_ms * 1000) * 1000 == since_open(day, day.trades.time_ns)[0]
    all_prints = read(tick_day, prints="all")
    assert 1 == since_open(all_prints, all_prints.trades.time_ns)[2]


def test_a_print_between_ticks_is_rounded_half_to_even_and_valued_or_exact_when_asked(tick_day) -> None:
    day = read(tick_day)
    assert 10002 == day.trades.price_ticks[3]  # 100.015.
    assert any("1 print between ticks rounded to the tick of 0.01" in note for note in day.warnings)
    assert 1_000_150 == read(tick_day, tick_size=Decimal("0.0001")).trades.price_ticks[3]


def test_the_mix_of_conditions_and_venues_is_told(tick_day) -> None:
    mixes = read(tick_day).findings.mixes
    assert {"regular": 2, "intermarket sweep": 1, "average price": 1, "official open": 1}.items() <= mixes[
        "sale conditions"
    ].items()
    assert 5000 == mixes["shares by sale condition"]["official open"]
    assert {"N": 3, "Q": 2, "D": 2, "P": 1} == mixes["prints by venue"]


def test_two_rows_of_one_stamp_are_one_quote_and_a_side_without_size_is_gone(tick_day) -> None:
    day = read(tick_day)
    quotes = day.quotes
    rows = np.column_stack([quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots]).tolist()
    assert [0, NS_PER_MS, 2 * NS_PER_MS, 3 * NS_PER_MS] == since_open(day, quotes.time_ns)
    assert [
        [9999, 200, 10001, 300],
        [10000, 100, 10001, 300],
        [10000, 100, 10002, 400],
        [0, 0, 10002, 400],
    ] == rows


def test_two_bids_of_one_stamp_are_two_quotes(write) -> None:
    rows = "34200000,999900,200,0,0,N,1,0\n34200000,999800,100,0,0,N,1,0\n34200000,0,0,1000000,5,N,1,0\n"
    quotes = read(lean.recordings([write("20131007_quote.zip", {"20131007_abc_Quote_Tick.csv": rows})])[0]).quotes
    assert [(9999, 0), (9998, 5)] == list(zip(quotes.bid_ticks.tolist(), quotes.ask_lots.tolist(), strict=True))


def test_quotes_do_not_depend_on_where_the_file_is_cut_into_blocks(tick_day, monkeypatch) -> None:
    whole = read(tick_day).quotes
    monkeypatch.setattr("nowake.data.readers.lean_files._CHUNK_BYTES", 37)
    for name in ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots"):
        assert np.array_equal(getattr(whole, name), getattr(read(tick_day).quotes, name))


def test_quotes_below_a_dollar_have_a_tick_of_a_hundredth_of_a_cent(write) -> None:
    path = write("20131007_quote.zip", {"20131007_abc_Quote_Tick.csv": "34200000,5012,200,0,0,N,1,0\n"})
    day = read(lean.recordings([path])[0])
    assert (Decimal("0.0001"), 5012) == (day.instrument.tick_size, day.quotes.bid_ticks[0])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("57600001,1000100,1x,Q,1,0", r"row 9: size '1x' is not a whole number"),
        ("57600001,1000100,0,Q,1,0", r"row 9: size '0' is not above 0"),
        ("57600001,-5,10,Q,1,0", r"row 9: price '-5' is not above 0"),
        ("57600001,1000100,10,Q,zz,0", r"row 9: condition 'zz' is no hexadecimal"),
        ("57600001,1000100,10,Q,1", r"row 9: 5 fields instead of 6"),
        ("1,1000100,10,Q,1,0", r"row 9: time '1' is before 57600000"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_file_row_and_value(write, row, message) -> None:
    path = write("20131007_trade.zip", {"20131007_abc_Trade_Tick.csv": f"{TRADES}{row}\n"})
    with pytest.raises(BadData, match=rf"20131007_abc_Trade_Tick\.csv {message}"):
        read(lean.recordings([path])[0])


def test_a_damaged_zip_file_is_refused(write) -> None:
    path = write("20131007_trade.zip", {"20131007_abc_Trade_Tick.csv": TRADES * 50})
    (recording,) = lean.recordings([path])
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"20131007_trade\.zip cannot be unpacked"):
        read(recording)


def test_a_tick_that_does_not_fit_the_quotes_is_refused(tick_day) -> None:
    with pytest.raises(BadData, match=r"no multiple of the tick of 0\.05"):
        read(tick_day, tick_size=Decimal("0.05"))
    with pytest.raises(BadParameter, match=r"tick_size 0\.00001"):
        read(tick_day, tick_size=Decimal("0.00001"))


def test_a_day_without_trades_is_an_empty_day(write) -> None:
    path = write("20131007_trade.zip", {"20131007_abc_Trade_Tick.csv": ""})
    assert 0 == len(read(lean.recordings([path])[0]).trades)


def test_minute_bars_are_in_dollars_and_those_outside_the_session_stay(write) -> None:
    rows = "14400000,1000000,1000100,999900,1000000,10\n34200000,1000000,1000300,1000000,1000200,700\n"
    quotes = "34200000,999900,1000000,999900,1000000,100,1000100,1000100,1000100,1000100,300\n"
    write("20131007_trade.zip", {"20131007_abc_minute_trade.csv": rows}, "minute/abc")
    path = write("20131007_quote.zip", {"20131007_abc_minute_quote.csv": quotes}, "minute/abc")
    day = read(lean.recordings(sorted(path.parent.iterdir()))[0])
    assert day.bars is not None
    assert [100.0, 100.03] == [day.bars.open[1], day.bars.high[1]]
    assert [10.0, 700.0] == day.bars.volume.tolist()
    assert [NS_PER_MINUTE] == since_open(day, day.quotes.time_ns)  # Known when the bar ends.
    assert (10000, 100, 10001, 300) == tuple(
        int(getattr(day.quotes, name)[0]) for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    )


def test_hours_and_days_of_an_equity_are_one_bar_file_on_new_york_time(write) -> None:
    hours = "20131007 09:00,1000000,1000100,999900,1000000,10\n20131007 10:00,1000000,1000100,999900,1000000,20\n"
    recording = lean.recordings([write("abc.zip", {"abc.csv": hours}, "equity/usa/hour")])[0]
    assert ("1h", dt.date(2013, 10, 7)) == (recording.detail, recording.first)
    day = read(recording)
    assert day.bars is not None
    assert [-1800 * NS_PER_SECOND, 1800 * NS_PER_SECOND] == since_open(day, day.bars.time_ns)
    days = "20131004 00:00,1000000,1000100,999900,1000000,10\n20131007 00:00,1000000,1000100,999900,1000000,20\n"
    recording = lean.recordings([write("abc.zip", {"abc.csv": days}, "equity/usa/daily")])[0]
    found = list(lean.pieces(recording, Wanted()))
    assert [dt.date(2013, 10, 4), dt.date(2013, 10, 7)] == [piece.instrument.session.date for piece in found]
    for piece in found:
        session, bars = piece.instrument.session, piece.bars
        assert bars is not None
        assert [(session.open_ns, session.close_ns)] == list(zip(bars.time_ns, bars.end_ns, strict=True))


def test_contracts_of_a_future_are_cut_into_sessions_across_midnight(write) -> None:
    # Sunday 22:00 UTC is Monday's session; a night and a day of minutes tell Globex hours.
    sunday = "".join(f"{(22 * 60 + k) * 60_000},1680,1680.25,1680,1680,5\n" for k in range(120))
    monday = "".join(f"{k * 60_000},1680,1680.25,1680,1680,5\n" for k in range(1440) if not 1215 <= k < 1320)
    folder = "future/cme/minute/es"
    write("20131006_trade.zip", {"20131006_es_minute_trade_201312.csv": sunday}, folder)
    path = write(
        "20131007_trade.zip",
        {
            "20131007_es_minute_trade_201312.csv": monday,
            "20131007_es_minute_trade_201403.csv": "0,1675,1675,1675,1675,1\n",
        },
        folder,
    )
    (recording,) = lean.recordings(sorted(path.parent.iterdir()))
    assert ("CME", ("ES201312", "ES201403")) == (recording.venue, recording.symbols)
    assert (dt.date(2013, 10, 7), dt.date(2013, 10, 8)) == (recording.first, recording.last)
    found = list(lean.pieces(recording, Wanted(symbols=frozenset({"ES201312"}))))
    assert [(7, 120 + 1215), (8, 120)] == [(p.instrument.session.date.day, len(p.bars)) for p in found]
    assert {Decimal("0.25")} == {piece.instrument.tick_size for piece in found}


def test_ticks_of_other_assets_are_refused_and_their_bars_read_in_parts_of_a_coin(write) -> None:
    ticks = write("20230304_trade.zip", {"20230304_btcusd_Trade_Tick.csv": "0,22000.5,0.01\n"}, "crypto/x/tick/btcusd")
    with pytest.raises(BadData, match="ticks of no equity"):
        lean.recordings([ticks])
    # A Saturday and a Sunday of every minute.
    rows = "".join(f"{k * 60_000},22000.5,22001,22000,22000.5,{k % 7 / 1000}\n" for k in range(1440))
    for day in (4, 5):
        name = f"202303{day:02d}"
        folder = "crypto/coinbase/minute/btcusd"
        path = write(f"{name}_trade.zip", {f"{name}_btcusd_minute_trade.csv": rows}, folder)
    (recording,) = lean.recordings(sorted(path.parent.iterdir()))
    one, two = lean.pieces(recording, Wanted())
    assert ("COINBASE", "USD", Decimal("0.5"), Decimal("0.001")) == (
        one.instrument.venue,
        one.instrument.currency,
        one.instrument.tick_size,
        one.instrument.lot_size,
    )
    assert [1440, 1440, 0.006] == [len(one.bars), len(two.bars), one.bars.volume.max()]
    with pytest.raises(BadParameter, match=r"tick_size 0\.0000000001 is no multiple of 0\.00000001"):
        list(lean.pieces(recording, Wanted(tick_size=Decimal("0.0000000001"))))


def test_files_of_other_makers_are_left_to_them(tmp_path, write) -> None:
    other = tmp_path / "20131007_trade.zip"
    other.write_bytes(b"PK\x05\x06 no zip at all")
    assert not lean.recognises(other)
    assert not lean.recognises(write("x.zip", {"readme.txt": "hello"}))
    assert not lean.recognises(write("20131224_goog.zip", {"20131224_goog_minute_trade_american_call_8.csv": "1,2\n"}))


# Real data: facts that can be checked without trusting this reader.


def equity_ticks(data_root: Path):
    """The first day of ticks of each equity, and the minute bars of the same day."""
    parsed = [lean_files.parsed(path) for path in sorted(data_root.rglob("*.zip"))]
    equities = [file for file in parsed if file is not None and not file.members[0].expiry]
    first = {file.symbol: file.date for file in reversed(equities) if file.resolution == "tick"}
    days = [file.path for file in equities if first.get(file.symbol) == file.date and file.resolution != "second"]
    found = lean.recordings(days)
    ticks = [recording for recording in found if recording.detail == "tick"]
    if not ticks:
        pytest.skip(f"no Lean tick files under {data_root}")
    return ticks, {recording.symbols: recording for recording in found if recording.detail == "1m"}


def test_volume_of_lean_bars_is_the_tapes_but_for_auction_prints_of_which_they_count_one(data_root) -> None:
    ticks, minutes = equity_ticks(data_root)
    for recording in ticks:
        if recording.symbols not in minutes:
            continue
        trades, bars = read(recording).trades, read(minutes[recording.symbols]).bars
        continuous = int(trades.lots[~trades.auction].sum())
        noon = int(np.median(trades.time_ns))
        early = trades.auction & (trades.time_ns < noon)
        opening, closing = ({0, *trades.lots[rows].tolist()} for rows in (early, trades.auction & ~early))
        rest = int(bars.volume.sum()) - continuous
        assert any(rest - one in closing for one in opening), (recording, rest)


def test_every_instant_of_the_nbbo_is_told_once_both_sides_are_there(data_root) -> None:
    ticks, _ = equity_ticks(data_root)
    quoted = [(path, each) for each in ticks for path in each.files if "quote" in path.name]
    path, recording = min(quoted, key=lambda pair: pair[0].stat().st_size)
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).decode().split()
    sizes = {"bid": "0", "ask": "0"}
    stamps = set()
    for line in lines:
        time, bid, bid_size, ask, ask_size, *_ = line.split(",")
        sizes["bid"] = bid_size if bid != "0" else sizes["bid"]
        sizes["ask"] = ask_size if ask != "0" else sizes["ask"]
        if "0" not in sizes.values() and (bid, ask) != ("0", "0"):
            stamps.add(time)
    quotes = read(recording).quotes
    both = (quotes.bid_lots > 0) & (quotes.ask_lots > 0)
    assert len(stamps) == len(np.unique(quotes.time_ns[both]))


def test_a_copy_of_a_file_hides_nothing(write) -> None:
    for folder in ("tick/abc", "copy"):
        for kind, rows in (("trade", TRADES), ("quote", QUOTES)):
            path = write(f"20131007_{kind}.zip", {f"20131007_abc_{kind.title()}_Tick.csv": rows}, folder)
    write("again_trade.zip", {"20131007_abc_Trade_Tick.csv": TRADES}, "copy")
    found = lean.recordings(sorted(path.parents[1].rglob("*.zip")))
    assert ["copy", "abc"] == [each.files[0].parent.name for each in found]
    assert {"20131007_trade.zip", "20131007_quote.zip"} == {file.name for file in found[0].files}
    assert {"20131007_trade.zip", "20131007_quote.zip"} == {file.name for file in found[1].files}


WHOLE = "34200000,1000000,1000100,1000000,1000100,500\n"


@pytest.mark.parametrize(
    ("folder", "rows", "is_scaled"),
    [
        ("crypto/downloads", WHOLE, True),  # Whatever somebody calls a folder of equities.
        ("crypto/equities/minute/other", WHOLE, True),
        ("crypto/downloads/new/abc", WHOLE, True),
        ("crypto/coinbase/minute/abc", WHOLE, False),
        ("crypto/equity/usa/minute/abc", WHOLE, True),
        ("equity/usa/minute/abc", WHOLE.replace("100,", "100.0,"), True),
        ("equity/usa/minute/abc", WHOLE.replace("100,", "100.5,"), False),
        ("plain", WHOLE.replace("100,", "100.0,"), False),
    ],
)
def test_prices_say_their_unit_and_only_where_they_do_not_leans_own_folders(write, folder, rows, is_scaled) -> None:
    path = write("20131007_trade.zip", {"20131007_abc_minute_trade.csv": rows}, folder)
    assert is_scaled == lean_files.has_scaled_prices(lean_files.parsed(path))
    day = read(lean.recordings([path])[0])
    assert (100.0 if is_scaled else 1_000_000.0) == day.bars.open[0]


def test_each_contract_has_its_own_dates(write) -> None:
    for day, months in ((7, ("201312", "201403")), (8, ("201312",))):
        name, folder = f"201310{day:02}", "future/cme/minute/es"
        rows = "".join(f"{k * 60_000},1680,1680.25,1680,1680,5\n" for k in range(1440) if not 1215 <= k < 1320)
        members = {f"{name}_es_minute_trade_{month}.csv": rows for month in months}
        path = write(f"{name}_trade.zip", members, folder)
    quotes = {"20131008_es_minute_quote_201403.csv": "0,1680,1681,1680,1680,5,1681,1681,1681,1681,5\n"}
    write("20131008_quote.zip", quotes, "future/cme/minute/es")
    here = look(path.parent)
    (recording,) = here.recordings
    assert ((7, 9), (7, 8)) == tuple((first.day, last.day) for first, last in recording.spans)
    assert ["2013-10-07 to 2013-10-09", "2013-10-07 to 2013-10-08"] == [
        row.dates for row in entries(here, here.recordings)
    ]
    with pytest.raises(NotFound, match="es201403 has nothing on 2013-10-09; there is 2013-10-07 to 2013-10-08"):
        choose(here, Name("es201403"), dt.date(2013, 10, 9))
    assert recording == choose(here, Name("es201403"), dt.date(2013, 10, 8)).recording
    assert not fits(recording, frozenset({"ES201403"}), dt.date(2013, 10, 9), None)
