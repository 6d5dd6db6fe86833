"""Bars of many makes: columns and times told by their looks, cut into sessions, days of corrupt volume found."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from nowake.data import quality
from nowake.data.assemble import day_of
from nowake.data.readers import bars
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData
from nowake.domain.units import NS_PER_MINUTE

NEW_YORK = ZoneInfo("America/New_York")
# New York sessions around the change to summer time of 2024-03-10.
DATES = [dt.date(2024, 3, 7), dt.date(2024, 3, 8), dt.date(2024, 3, 11), dt.date(2024, 3, 12), dt.date(2024, 3, 13)]


def minutes(date, *, start="09:30", count=390):
    first = dt.datetime.combine(date, dt.time.fromisoformat(start), NEW_YORK)
    return [first + dt.timedelta(minutes=k) for k in range(count)]


def row(volume=100.0, *, high=10.02, low=9.99, extra=""):
    return f"10,{high},{low},10.01,{volume}{extra}"


def table(stamps, *, stamp=lambda at: at.isoformat(), header="timestamp,open,high,low,close,volume", rows=None):
    rows = rows or [row() for _ in stamps]
    return header + "\n" + "".join(f"{stamp(at)},{each}\n" for at, each in zip(stamps, rows, strict=True))


@pytest.fixture
def read(tmp_path):
    def pieces(text, name="ABC_1min.csv", **wanted):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        assert bars.recognises(path)
        (recording,) = bars.recordings([path])
        return list(bars.pieces(recording, Wanted(**wanted)))

    return pieces


@pytest.mark.parametrize(
    "stamp",
    [
        lambda at: at.isoformat(),
        lambda at: at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda at: at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        lambda at: at.strftime("%Y-%m-%d %H:%M"),  # New York, without saying so.
        lambda at: at.strftime("%Y%m%d %H:%M:%S"),
        lambda at: str(int(at.timestamp())),
        lambda at: str(int(at.timestamp()) * 1000),
        lambda at: str(int(at.timestamp()) * 10**6),
        lambda at: str(int(at.timestamp()) * 10**9),
    ],
)
def test_times_of_every_spelling_are_the_same_instants_on_both_sides_of_the_clock_change(read, stamp) -> None:
    found = read(table([at for date in DATES for at in minutes(date)], stamp=stamp))
    assert DATES == [piece.instrument.session.date for piece in found]
    for piece in found:
        session = piece.instrument.session
        assert (session.open_ns, session.close_ns) == (int(piece.bars.time_ns[0]), int(piece.bars.end_ns[-1]))
        assert [390, 390] == [len(piece.bars), len(np.unique(piece.bars.time_ns))]


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("Datetime,Close,High,Low,Open,Volume", "tchlov"),
        ("t,o,h,l,c,v,vw,n", "tohlcvwn"),
        ('"window_start","open","high","low","close","volume","transactions"', "tohlcvn"),
        ("symbol,Date,Open,High,Low,Close,Adj Close,Volume", "stohlcxv"),
    ],
)
def test_columns_are_known_by_many_names_in_any_order(read, header, order) -> None:
    values = {"o": "10", "h": "12", "l": "9", "c": "11", "v": "500", "w": "10.5", "n": "7", "s": "ABC", "x": "3"}
    lines = [",".join((values | {"t": at.isoformat()})[sign] for sign in order) for at in minutes(DATES[0])]
    (piece,) = read(header + "\n" + "\n".join(lines) + "\n")
    first = [float(getattr(piece.bars, name)[0]) for name in ("open", "high", "low", "close", "volume")]
    assert [10.0, 12.0, 9.0, 11.0, 500.0] == first
    assert (7 if "n" in order else -1) == piece.bars.trades[0]
    assert np.isnan(piece.bars.vwap[0]) == ("w" not in order)


def test_bars_without_a_header_are_known_by_their_columns(read) -> None:
    start = 1_677_628_800  # Wednesday 2023-03-01, in seconds; four days, so with a Saturday.
    lines = [f"{start + 300 * k},100.5,101,100,100.7,0.{k + 1:04d},{k % 9 + 1}\n" for k in range(4 * 288)]
    found = read("".join(lines), "kraken_XBTEUR_5.csv")
    assert [288] * 4 == [len(piece.bars) for piece in found]
    one = found[0].instrument
    assert ("XBTEUR", "KRAKEN", "EUR", Decimal("0.1")) == (one.symbol, one.venue, one.currency, one.tick_size)
    assert [1, 2, 3] == found[0].bars.trades[:3].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "34200.017,1,16113575,18,5853300,1\n34200.018,1,16113584,18,5853200,1\n",  # LOBSTER messages.
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nb,X,1700000000000000,1,1,buy,2,3\n",
        "id,timestamp,exchange.timestamp,price,volume,action,direction\n1,2,3,4,5,created,1\n",
        '1700000000000000000 {"e":"trade","p":"1","q":"2"}\n1700000000000000001 {"e":"trade"}\n',
        "time,price,volume\n2019-02-01 09:00:51,5000.0,104\n",
        "timestamp,open,high,low,close\n2024-03-07T14:30:00Z,1,2,1,2\n",
        "1677628800,100,99,100,100,5\n1677628860,100,99,100,100,5\n",  # High below low: some other six columns.
        "",
    ],
)
def test_other_tables_are_left_to_their_readers(tmp_path, text) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert not bars.recognises(path)


def test_bars_outside_the_session_are_left_out_and_counted(read) -> None:
    stamps = [
        *minutes(DATES[0], start="09:28", count=2),
        *minutes(DATES[0]),
        *minutes(DATES[0], start="16:00", count=1),
    ]
    (piece,) = read(table(stamps, rows=[row(5)] * 2 + [row()] * 390 + [row(40)]))
    assert 390 == len(piece.bars)
    assert {"left_out": 3} == piece.findings.counts
    assert 50.0 == piece.findings.measures["outside_session_volume"]


def test_a_half_day_has_the_room_the_calendar_says(read) -> None:
    (piece,) = read(table(minutes(dt.date(2025, 12, 24), count=210)))
    assert [210, 0.0] == [len(piece.bars), piece.findings.measures["missing_bars"]]


def test_minutes_without_a_trade_are_silences_not_faults(read) -> None:
    stamps = [at for k, at in enumerate(minutes(DATES[0])) if k < 100 or k >= 130]
    (piece,) = read(table(stamps))
    assert {} == piece.findings.counts
    assert [30.0, 1800.0] == [piece.findings.measures[name] for name in ("missing_bars", "longest_silence_s")]


def test_bars_that_cannot_be_are_left_out_with_their_row_and_reason(read) -> None:
    rows = [row() for _ in range(390)]
    rows[3], rows[5], rows[7] = row(high=9.5, low=9.9), row(-3), "10,11,9,12,5"
    (piece,) = read(table(minutes(DATES[0]), rows=rows))
    assert [387, {"unreadable": 3}] == [len(piece.bars), piece.findings.counts]
    reasons = ("row 5: high 9.5 is below low 9.9", "row 7: volume -3 is below 0")
    assert reasons == piece.findings.examples["unreadable"][:2]
    assert "row 9: open 10 or close 12 is outside 9 to 11" == piece.findings.examples["unreadable"][2]


def test_a_day_whose_bars_are_all_unusable_is_a_day_with_faults(read) -> None:
    stamps = [each for date in DATES[:2] for each in minutes(date, count=5)]
    good, bad = read(table(stamps, rows=[row()] * 5 + [row(-1)] * 5))
    assert [(5, 0), (0, 5)] == [(len(each.bars), each.findings.faults) for each in (good, bad)]
    assert "Empty: there is nothing to use, 5 unreadable." == quality.check(day_of([bad], source="x")).verdict


def test_a_bar_without_any_price_and_volume_says_that_nothing_traded(read) -> None:
    rows = [row() for _ in range(390)]
    rows[3], rows[5] = ",,,,0", "NaN,NaN,NaN,NaN,"
    (piece,) = read(table(minutes(DATES[0]), rows=rows))
    assert [388, {"left_out": 2}] == [len(piece.bars), piece.findings.counts]


def test_prices_adjusted_in_floats_may_be_off_by_a_rounding(read) -> None:
    rows = ["10.000000000000002,10,9.5,9.7,5"] * 390
    assert {} == read(table(minutes(DATES[0]), rows=rows))[0].findings.counts


def test_bars_told_twice_count_once_and_bars_out_of_order_are_put_in_order(read) -> None:
    stamps, rows = minutes(DATES[0]), [row(k) for k in range(1, 391)]
    stamps = [*stamps[:10], stamps[9], *stamps[10:20], stamps[21], stamps[20], *stamps[22:]]
    rows = [*rows[:10], rows[9], *rows[10:20], rows[21], rows[20], *rows[22:]]
    (piece,) = read(table(stamps, rows=rows))
    assert {"duplicates": 1, "clock_reversals": 1} == piece.findings.counts
    assert [float(k) for k in range(1, 391)] == piece.bars.volume.tolist()


def test_an_average_price_outside_low_and_high_is_counted(read) -> None:
    rows = [row(extra=",10.5" if k < 4 else ",10.0") for k in range(390)]
    header = "timestamp,open,high,low,close,volume,vwap"
    (piece,) = read(table(minutes(DATES[0]), header=header, rows=rows))
    assert {"vwap_outside_range": 4} == piece.findings.counts


def test_volume_is_corrupt_where_prices_move_without_any(read) -> None:
    rng = np.random.default_rng(1)
    rows = [[row(float(v)) for v in rng.integers(50, 500, 390)] for _ in DATES]
    rows[2][40], rows[2][200] = row(0), row(0)
    rows[3][40] = row(0)  # One alone is told, and is no verdict on the day.
    text = table([at for date in DATES for at in minutes(date)], rows=[each for day in rows for each in day])
    found = read(text)
    assert [{}, {}, {"corrupt_volume": 2}, {}, {}] == [piece.findings.counts for piece in found]
    assert ("10:10:00", "12:50:00") == found[2].findings.examples["corrupt_volume"]
    assert "fit no volume curve on it" in found[2].findings.notes[0]
    assert "1 bar has no volume although the price moved" in found[3].findings.notes


def test_one_bar_alone_makes_no_day_corrupt_however_few_there_are(read) -> None:
    rows = [row(0 if k == 7 else 100) for k in range(78)]
    (piece,) = read(table(minutes(DATES[0])[::5], rows=rows))
    assert {} == piece.findings.counts


def test_bars_in_which_nothing_traded_are_no_corrupt_volume(read) -> None:
    rows = [row() if k % 3 else "10,10,10,10,0" for k in range(390)]
    (piece,) = read(table(minutes(DATES[0]), rows=rows))
    assert {} == piece.findings.counts


def test_a_day_of_many_times_the_usual_volume_is_told(read) -> None:
    rows = [[row(100)] * 390 for _ in DATES]
    rows[1] = [row(700)] * 390
    text = table([at for date in DATES for at in minutes(date)], rows=[each for day in rows for each in day])
    assert any("7.0 times that of the median day" in note for note in read(text)[1].findings.notes)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("soon,10,11,9,10,5", r"ABC_1min\.csv row 392: time 'soon' is not a time"),
        ("2024-03-07T16:30:00-05:00,10,x,9,10,5", r"ABC_1min\.csv row 392: high 'x' is not a number"),
        ("2024-03-07T16:30:00-05:00,10,11", r"ABC_1min\.csv row 392: 3 fields instead of 6"),
    ],
)
def test_a_field_that_is_none_is_refused_with_file_row_and_value(read, line, message) -> None:
    with pytest.raises(BadData, match=message):
        read(table(minutes(DATES[0])) + line + "\n")


def test_two_symbols_in_one_file_are_refused(read) -> None:
    header = "symbol,timestamp,open,high,low,close,volume"
    lines = [f"{'ABC' if k < 389 else 'XYZ'},{at.isoformat()},{row()}" for k, at in enumerate(minutes(DATES[0]))]
    with pytest.raises(BadData, match="symbol 'XYZ' follows 'ABC'"):
        read(header + "\n" + "\n".join(lines) + "\n")


def test_only_the_dates_and_symbols_wanted_are_read_packed_or_not(read) -> None:
    text = table([at for date in DATES for at in minutes(date)])
    found = read(text, "ABC_1min.csv.gz", first=DATES[1], last=DATES[2])
    assert DATES[1:3] == [piece.instrument.session.date for piece in found]
    assert [] == read(text, symbols=frozenset({"XYZ"}))


def test_the_length_of_a_bar_is_the_usual_step_between_them(read) -> None:
    stamps = [at for date in DATES for at in minutes(date)[::5]]
    piece = read(table(stamps))[0]
    assert {5 * NS_PER_MINUTE} == set((piece.bars.end_ns - piece.bars.time_ns).tolist())


# Real data.


def real_pieces(root: Path, folder: str):
    paths = [path for path in sorted((root / folder).rglob("*")) if path.is_file() and bars.recognises(path)]
    if not paths:
        pytest.skip(f"no bars under {root / folder}")
    for path in paths:
        (recording,) = bars.recordings([path])
        yield recording, list(bars.pieces(recording, Wanted()))


def test_corrupt_days_of_real_feeds_are_found_and_clean_names_raise_no_alarm(data_root) -> None:
    """Which names are clean, and from when to when the others are not, was found by hand."""
    clean = {"ARKK", "BABA", "BA", "DAL", "IWM", "KWEB", "NIO", "ORCL", "OXY", "SPY"}
    told = [(dt.date(2026, 2, 23), dt.date(2026, 2, 27)), (dt.date(2026, 3, 2), dt.date(2026, 3, 2))]
    told.append((dt.date(2026, 3, 16), dt.date(2026, 3, 19)))
    for recording, found in real_pieces(data_root, "bars/yahoo_1m"):
        corrupt = {p.instrument.session.date for p in found if "corrupt_volume" in p.findings.counts}
        wrong = {p.instrument.session.date for p in found if any(a <= p.instrument.session.date <= z for a, z in told)}
        assert (set() if recording.symbols[0] in clean else wrong) == corrupt, recording.symbols


def test_sessions_of_real_bars_are_full(data_root) -> None:
    for recording, found in real_pieces(data_root, "bars/crypto_202303"):
        assert 0 == sum(piece.findings.counts.get("left_out", 0) for piece in found), recording
        assert recording.detail in {"1m", "5m"}
