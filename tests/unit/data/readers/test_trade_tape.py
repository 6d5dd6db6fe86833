"""Plain tapes of prints: known by their columns, exact, cut into sessions, closing auctions told apart."""

from __future__ import annotations

import datetime as dt
import functools
from decimal import Decimal

import pytest

from nowake.data.readers import trade_tape
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND, epoch_ns

CLOSE = "17:00:30,5010.0,9000\n"


def a_day(date="2019-02-01", *, close=CLOSE, every=60):
    """A print every so many seconds from 09:00 to 16:50, then a closing auction."""
    first = dt.datetime.fromisoformat(f"{date}T09:00:00")
    stamps = [first + dt.timedelta(seconds=k) for k in range(0, 28_200, every)]
    rows = "".join(f"{at:%Y-%m-%d %H:%M:%S},{5000 + k % 3}.0,{100 + k % 7}\n" for k, at in enumerate(stamps))
    return rows + (f"{date} {close}" if close else "")


HEADER = "time,price,volume\n"


@pytest.fixture
def read(tmp_path):
    def pieces(text, name="ABC_trades_201902.csv", **wanted):
        path = tmp_path / name
        path.write_text(text)
        assert trade_tape.recognises(path)
        (recording,) = trade_tape.recordings([path])
        return list(trade_tape.pieces(recording, Wanted(**wanted)))

    return pieces


def test_days_are_pieces_whose_hours_are_those_seen_in_the_file(read) -> None:
    one, two = read(HEADER + a_day() + a_day("2019-02-04"))
    assert [dt.date(2019, 2, 1), dt.date(2019, 2, 4)] == [each.instrument.session.date for each in (one, two)]
    session = one.instrument.session
    assert ("09:00:00", "17:05:00") == (session.clock(session.open_ns), session.clock(session.close_ns))
    assert any("No calendar fits" in note for note in one.findings.notes)
    assert ("ABC", Decimal(1), 471) == (one.instrument.symbol, one.instrument.tick_size, len(one.trades))


def test_a_large_last_print_after_a_silence_is_the_closing_auction(read) -> None:
    (piece,) = read(HEADER + a_day())
    assert [(470, 9000)] == [(k, int(piece.trades.lots[k])) for k in piece.trades.auction.nonzero()[0]]


@pytest.mark.parametrize("close", ["17:00:30,5010.0,300\n", "16:50:30,5010.0,9000\n", ""])
def test_a_small_last_print_or_one_without_a_silence_is_no_auction(read, close) -> None:
    (piece,) = read(HEADER + a_day(close=close))
    assert not piece.trades.auction.any()


def test_ticks_and_lots_are_the_steps_of_the_data_and_exact(read) -> None:
    rows = "time,price,size,side\n" + "".join(
        f"2023-03-0{day}T{hour:02d}:00:0{k}.123456789Z,{20000 + k}.25,0.0000{k + 1},{'buy' if k else 'sell'}\n"
        for day in range(1, 6)
        for hour in range(24)
        for k in range(3)
    )
    piece = read(rows, "kraken_XBTEUR.csv")[0]
    one = piece.instrument
    assert (Decimal("0.25"), Decimal("0.00001"), "EUR", "KRAKEN") == (
        one.tick_size,
        one.lot_size,
        one.currency,
        one.venue,
    )
    assert [80001, 80005, 80009] == piece.trades.price_ticks[:3].tolist()
    assert [[1, 2, 3], [-1, 1, 1]] == [piece.trades.lots[:3].tolist(), piece.trades.aggressor[:3].tolist()]
    assert epoch_ns(dt.datetime(2023, 3, 1, tzinfo=dt.UTC)) + 2 * NS_PER_SECOND + 123_456_789 == piece.trades.time_ns[2]


def test_a_tape_without_a_header_needs_times_since_the_epoch(read, tmp_path) -> None:
    assert 3 == len(
        read("".join(f"16776288{k}0.5,100.{k},0.{k}\n" for k in range(1, 4)), "kraken_ETHUSD.csv")[0].trades
    )
    path = tmp_path / "x.csv"
    path.write_text("34200.5,100,3\n34201.5,100,3\n")
    assert not trade_tape.recognises(path)


@pytest.mark.parametrize(
    "header",
    [
        "id,timestamp,exchange.timestamp,price,volume,action,direction",
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
        "timestamp,open,high,low,close,volume",
        "time,bid,bid_size,ask,ask_size",
    ],
)
def test_tables_with_other_columns_are_left_to_their_readers(tmp_path, header) -> None:
    path = tmp_path / "x.csv"
    path.write_text(header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert not trade_tape.recognises(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2019-02-01 17:30:00,50x,1", r"row 473: price '50x' is not a whole number"),
        ("2019-02-01 17:30:00,5000,0", r"row 473: size '0' is not above 0"),
        ("2019-02-01 08:30:00,5000,1", r"row 473: time '2019-02-01 08:30:00' is before the row above it"),
        ("tomorrow,5000,1", r"row 473: time 'tomorrow' is not a time"),
        ("2019-02-01 17:30:00,5000", r"row 473: 2 fields instead of 3"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_file_row_and_value(read, row, message) -> None:
    with pytest.raises(BadData, match=message):
        read(HEADER + a_day() + row + "\n")


def test_a_tick_that_does_not_divide_the_prices_is_refused(read) -> None:
    with pytest.raises(BadParameter, match=r"tick_size 3 does not divide every value.*use 1"):
        read(HEADER + a_day(), tick_size=Decimal(3))
    (piece,) = read(HEADER + a_day(), tick_size=Decimal("0.5"))
    assert 10000 == piece.trades.price_ticks[0]


def test_a_long_day_comes_in_parts_that_make_the_same_day(read, monkeypatch) -> None:
    (whole,) = read(HEADER + a_day())
    monkeypatch.setattr(trade_tape, "PIECE_EVENTS", 50)
    monkeypatch.setattr(trade_tape, "_HELD_BACK", 20)
    monkeypatch.setattr(trade_tape, "chunks", functools.partial(trade_tape.chunks, size=1000))
    parts = read(HEADER + a_day())
    assert len(parts) > 1
    assert whole.trades.lots.tolist() == [lots for part in parts for lots in part.trades.lots.tolist()]
    assert whole.trades.auction.tolist() == [flag for part in parts for flag in part.trades.auction.tolist()]


def test_progress_rises_to_the_size_of_the_file(read, tmp_path) -> None:
    told = []
    read(HEADER + a_day(), progress=lambda done, whole: told.append((done, whole)))
    size = (tmp_path / "ABC_trades_201902.csv").stat().st_size
    assert sorted(told) == told
    assert (size, size) == told[-1]


def test_every_session_of_a_real_tape_has_its_closing_auction(data_root) -> None:
    paths = [path for path in sorted((data_root / "bars").rglob("*trades*")) if path.is_file()]
    if not paths:
        pytest.skip(f"no trade tape under {data_root / 'bars'}")
    (recording,) = trade_tape.recordings(paths[:1])
    found = list(trade_tape.pieces(recording, Wanted()))
    assert {1} == {int(piece.trades.auction.sum()) for piece in found}
