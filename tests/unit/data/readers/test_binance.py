"""Binance streams: books chain by the venue's rules, events are in the venue's order, days are calendar days."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from nowake.data.assemble import days
from nowake.data.readers import binance, level_feed, packed_lines
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import CLEAR, HALT, LEVEL, RESUME, SNAPSHOT, TRADE

MS = 1_000_000
NOON_MS = 1_723_118_400_000  # 2024-08-08 12:00 UTC.
MIDNIGHT_MS = NOON_MS + 12 * 3_600_000
NAMES = {CLEAR: "clear", HALT: "halt", RESUME: "resume", TRADE: "trade", LEVEL: "level"}


class Recorder:
    """Writes the lines a recorder would, `latency_ms` after the venue's stamp; times are ms after noon."""

    def __init__(self, market="spot", symbol="BTCUSDT", latency_ms=5):
        self.market, self.symbol, self.latency_ms = market, symbol, latency_ms
        self.lines = []

    def depth(self, t, first, last, bids=(), asks=(), *, previous=None, sent=None):
        data = {"e": "depthUpdate", "E": NOON_MS + (t if sent is None else sent)}
        if self.market != "spot":
            data |= {"T": NOON_MS + t}
        data |= {"s": self.symbol, "U": first, "u": last}
        if self.market != "spot":
            data |= {"pu": first - 1 if previous is None else previous}
        if self.market == "cm":
            data |= {"ps": "BTCUSD"}
        return self.write(t if sent is None else sent, data | {"b": list(map(list, bids)), "a": list(map(list, asks))})

    def trade(self, t, number, price, size, *, maker_buys=False, kind="MARKET", event="trade"):
        data = {"e": event, "E": NOON_MS + t, "s": self.symbol, "p": price, "q": size, "T": NOON_MS + t}
        data |= {"t": number} if event == "trade" else {"a": 7, "f": number[0], "l": number[1]}
        data |= {"m": maker_buys} | ({"M": True} if self.market == "spot" else {"X": kind})
        return self.write(t, data)

    def ticker(self, t, update, bid, ask):
        data = {"u": update, "s": self.symbol, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
        if self.market != "spot":
            data |= {"e": "bookTicker", "T": NOON_MS + t, "E": NOON_MS + t}
        return self.write(t, data)

    def picture(self, t, last, bids, asks):
        data = {"lastUpdateId": last, "bids": list(map(list, bids)), "asks": list(map(list, asks))}
        if self.market != "spot":
            data |= {"E": NOON_MS + t, "T": NOON_MS + t}
        return self.write(t, data, stream=None)

    def write(self, t, data, stream="x"):
        text = json.dumps({"stream": stream, "data": data} if stream else data)
        return self.raw(f"{(NOON_MS + t + self.latency_ms) * MS} {text}")

    def raw(self, line):
        self.lines.append(line)
        return self

    def save(self, path):
        with gzip.open(path, "wt") as stream:
            stream.write("\n".join(self.lines) + "\n")
        return path


BIDS, ASKS = (("100.00", "1.5"), ("99.50", "2.0")), (("100.50", "1.0"), ("101.00", "3.0"))


def started(market="spot", **options):
    """A stream whose book is known from the first change on."""
    return Recorder(market, **options).picture(0, 10, BIDS, ASKS).depth(100, 11, 12, [("99.50", "2.5")])


def read(tmp_path, *recorders, **wanted):
    """All days of all recordings, one after the other."""
    paths = [recorder.save(tmp_path / f"part{k}.gz") for k, recorder in enumerate(recorders)]
    return [day for recording in binance.recordings(paths) for day in days_of(recording, **wanted)]


def days_of(recording, **wanted):
    """The days of one recording."""
    return list(days(binance.pieces(recording, Wanted(**wanted)), source=str))


def drawn(day):
    """Events as lines: ms after noon, what, side, price, size; a star marks parts of a picture."""
    tick, lot = day.instrument.tick_size, day.instrument.lot_size
    lines = []
    for event in day.events:
        time = f"{(int(event['time_ns']) // MS - NOON_MS)}"
        star = "*" if event["flags"] & SNAPSHOT else ""
        side = {1: "bid", -1: "ask", 0: ""}[int(event["side"])]
        numbers = f"{event['price_ticks'] * tick} {event['lots'] * lot}" if side else ""
        lines.append(" ".join(f"{time} {NAMES[int(event['kind'])]}{star} {side} {numbers}".split()))
    return lines


def quotes_of(day):
    """Quotes as (ms after noon, bid, its lots, ask, its lots)."""
    rows = day.to_frame("quotes").rows()
    return [(time_ns // MS - NOON_MS, *touch) for time_ns, *touch in rows]


@pytest.mark.parametrize(("market", "venue"), [("spot", "BINANCE"), ("usdm", "BINANCE-USDM"), ("cm", "BINANCE-COINM")])
def test_a_stream_becomes_a_picture_changes_and_trades(tmp_path, market, venue):
    recorder = started(market).trade(150, 1, "100.00", "0.5", maker_buys=True)
    recorder.depth(200, 13, 14, [("100.00", "1.0")], [("100.50", "0.000")])

    (day,) = read(tmp_path, recorder)

    begin = "100" if market == "spot" else "0"  # Spot's picture has no time, so it comes with the first change.
    assert [
        f"{begin} halt",
        f"{begin} clear",
        f"{begin} clear*",
        f"{begin} level* bid 100.0 1.5",
        f"{begin} level* bid 99.5 2.0",
        f"{begin} level* ask 100.5 1.0",
        f"{begin} level* ask 101.0 3.0",
        f"{begin} resume",
        "100 level bid 99.5 2.5",
        "150 trade bid 100.0 0.5",
        "200 level bid 100.0 1.0",
        "200 level ask 100.5 0.0",
    ] == drawn(day)
    assert (venue, "BTCUSDT", dt.date(2024, 8, 8)) == (
        day.instrument.venue,
        day.instrument.symbol,
        day.instrument.session.date,
    )
    assert (Decimal("0.5"), Decimal("0.5")) == (day.instrument.tick_size, day.instrument.lot_size)
    assert [-1] == day.trades.aggressor.tolist()
    assert not day.findings.refusal


def test_a_change_of_the_book_comes_after_the_trades_it_contains_though_it_was_received_before(tmp_path):
    recorder = started("usdm").depth(200, 13, 14, [("100.00", "1.0")], sent=250, previous=12)
    recorder.trade(201, 2, "100.00", "0.5", maker_buys=True)
    recorder.trade(200, 1, "100.00", "0.5", maker_buys=True)
    recorder.depth(201, 15, 16, [("100.00", "0.5")], sent=251, previous=14)
    recorder.lines[-3:-1] = reversed(recorder.lines[-3:-1])

    (day,) = read(tmp_path, recorder)

    assert [
        "200 trade bid 100.0 0.5",
        "200 level bid 100.0 1.0",
        "201 trade bid 100.0 0.5",
        "201 level bid 100.0 0.5",
    ] == drawn(day)[-4:]


def test_changes_that_the_picture_contains_are_left_out_and_the_one_over_its_end_is_used(tmp_path):
    recorder = Recorder("spot").depth(0, 5, 8, [("1.0", "9.0")]).depth(100, 9, 11, [("99.50", "7.0")])
    recorder.picture(150, 10, BIDS, ASKS)

    (day,) = read(tmp_path, recorder)

    assert "100 level bid 99.5 7.0" == drawn(day)[-1]
    assert not any("bid 1.0" in line for line in drawn(day))
    assert {"left_out": 1} == day.findings.counts


def test_futures_join_where_the_range_of_a_change_reaches_over_the_picture(tmp_path):
    recorder = Recorder("usdm").depth(0, 5, 8, [("1.0", "9.0")], previous=3)
    recorder.depth(100, 19, 30, [("99.50", "7.0")], previous=8).picture(150, 10, BIDS, ASKS)

    (day,) = read(tmp_path, recorder)

    assert ["100 resume", "100 level bid 99.5 7.0"] == drawn(day)[-2:]


def test_a_change_of_futures_that_ends_where_the_picture_does_begins_the_book(tmp_path):
    recorder = Recorder("usdm").depth(0, 5, 10, [("99.50", "2.0")], previous=3).picture(150, 10, BIDS, ASKS)

    (day,) = read(tmp_path, recorder)

    assert "0 level bid 99.5 2.0" == drawn(day)[-1]
    assert not day.findings.refusal


def test_a_picture_older_than_the_changes_is_not_used(tmp_path):
    recorder = Recorder("spot").depth(0, 15, 18, [("99.50", "7.0")]).picture(50, 10, BIDS, ASKS)

    (day,) = read(tmp_path, recorder)

    assert ["0 halt", "0 clear"] == drawn(day)
    assert "no picture of the whole book" in day.findings.refusal


@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_a_missing_change_halts_trading_until_the_next_picture(tmp_path, market):
    recorder = started(market).depth(200, 15, 16, [("99.50", "9.0")]).trade(250, 1, "100.00", "0.5")
    recorder.depth(300, 17, 18, [("99.50", "8.0")]).picture(350, 17, BIDS, ASKS)

    (day,) = read(tmp_path, recorder)

    assert [
        "200 halt",
        "200 clear",
        "250 trade ask 100.0 0.5",
        "300 clear*",
        "300 level* bid 100.0 1.5",
        "300 level* bid 99.5 2.0",
        "300 level* ask 100.5 1.0",
        "300 level* ask 101.0 3.0",
        "300 resume",
        "300 level bid 99.5 8.0",
    ] == drawn(day)[-10:]
    assert 1 == day.findings.counts["sequence_gaps"]
    assert ("update 15 after 12",) == day.findings.examples["sequence_gaps"]
    assert "" == day.findings.refusal


def test_a_day_that_ends_with_an_unknown_book_is_refused_saying_since_when(tmp_path):
    (day,) = read(tmp_path, started().depth(200, 15, 16, [("99.50", "9.0")]))

    assert "are missing at 12:00:00 UTC" in day.findings.refusal
    assert "read it together with the file before it" in day.findings.refusal


def test_a_day_without_any_picture_is_refused(tmp_path):
    (day,) = read(tmp_path, Recorder("usdm").depth(0, 11, 12, [("99.50", "9.0")]).trade(5, 1, "100.00", "0.5"))

    assert "no picture of the whole book comes before or among the changes of BTCUSDT" in day.findings.refusal
    assert 1 == day.findings.counts["missing_snapshots"]


def test_the_book_is_kept_over_midnight_and_opens_the_next_day_as_a_picture(tmp_path):
    to_midnight = MIDNIGHT_MS - NOON_MS
    evening = started().depth(to_midnight - 50, 13, 13, [("99.00", "4.0")], [("100.50", "1.0"), ("101.00", "0.0")])
    morning = Recorder().depth(to_midnight + 50, 14, 14, [("100.00", "0.0")]).trade(to_midnight + 60, 1, "99.50", "1")

    first, second = read(tmp_path, evening, morning)

    assert [dt.date(2024, 8, 8), dt.date(2024, 8, 9)] == [day.instrument.session.date for day in (first, second)]
    assert f"{to_midnight - 50} level bid 99.0 4.0" in drawn(first)
    assert {
        f"{to_midnight} clear*",
        f"{to_midnight} level* bid 100.0 1.5",
        f"{to_midnight} level* bid 99.5 2.5",
        f"{to_midnight} level* bid 99.0 4.0",
        f"{to_midnight} level* ask 100.5 1.0",
    } == set(drawn(second)[:5])
    assert [f"{to_midnight + 50} level bid 100.0 0.0", f"{to_midnight + 60} trade ask 99.5 1.0"] == drawn(second)[5:]
    assert not second.findings.refusal


def test_the_second_of_two_days_can_be_asked_for_alone(tmp_path):
    to_midnight = MIDNIGHT_MS - NOON_MS
    morning = Recorder().depth(to_midnight + 50, 13, 13, [("100.00", "0.0")])

    (day,) = read(tmp_path, started(), morning, first=dt.date(2024, 8, 9))

    assert (dt.date(2024, 8, 9), 6) == (day.instrument.session.date, len(day.events))


def test_a_following_day_read_without_the_file_before_it_is_refused(tmp_path):
    (day,) = read(tmp_path, Recorder().depth(100, 14, 14, [("100.00", "0.0")]))

    assert day.findings.refusal


def test_seconds_beyond_a_midnight_of_a_wrong_clock_are_no_day_of_their_own(tmp_path):
    to_midnight = MIDNIGHT_MS - NOON_MS
    recorder = started("usdm", latency_ms=-1500).depth(to_midnight - 2000, 13, 13, [("99.00", "4.0")])
    recorder.depth(to_midnight + 1000, 14, 14, [("99.00", "5.0")])

    (day,) = read(tmp_path, recorder)

    assert dt.date(2024, 8, 8) == day.instrument.session.date


def test_a_clock_behind_the_venue_is_corrected_and_said(tmp_path):
    recorder = started("usdm", latency_ms=-1270)
    for number in range(50):
        recorder.latency_ms = -1270 + number % 7
        recorder.trade(200 + 100 * number, number, "100.00", "0.5")

    (day,) = read(tmp_path, recorder)

    assert -1_270 * MS == day.findings.measures["clock_skew_ns"]
    assert any("clock is 1.3 s behind" in note for note in day.findings.notes)
    latency_ms = (day.receipts.local_ns - day.receipts.venue_ns) // MS
    assert [number % 7 for number in range(50)] == latency_ms[1:].tolist()


def test_quotes_are_the_venues_own_where_it_tells_them(tmp_path):
    recorder = started("usdm").ticker(150, 13, ("100.00", "1.0"), ("100.50", "1.0"))
    recorder.ticker(160, 14, ("100.00", "1.0"), ("100.50", "2.0")).depth(200, 13, 14, asks=[("100.50", "2.0")])

    (day,) = read(tmp_path, recorder)

    assert [(150, 200, 2, 201, 2), (160, 200, 2, 201, 4)] == quotes_of(day)


def test_quotes_come_from_the_rebuilt_book_where_the_venue_tells_none(tmp_path):
    (day,) = read(tmp_path, started("usdm").depth(200, 13, 14, [("100.00", "0.0")]))

    assert [(0, 200, 3, 201, 2), (200, 199, 5, 201, 2)] == quotes_of(day)[-2:]


def test_spots_own_quotes_have_no_stamp_and_take_the_recorders_corrected(tmp_path):
    recorder = started(latency_ms=-1270).ticker(150, 13, ("100.00", "1.0"), ("100.50", "1.0"))

    (day,) = read(tmp_path, recorder)

    assert [NOON_MS + 150] == (day.quotes.time_ns // MS).tolist()


def test_the_rebuilt_best_bid_and_ask_are_held_against_the_venues_own(tmp_path):
    recorder = (
        started("usdm").depth(200, 13, 14, [("100.00", "1.0")]).ticker(200, 14, ("100.00", "1.0"), ("100.50", "1.0"))
    )
    recorder.depth(300, 15, 16, [("100.00", "2.0")]).ticker(300, 16, ("100.00", "9.0"), ("100.50", "1.0"))

    (day,) = read(tmp_path, recorder)

    assert (2.0, 50.0) == (
        day.findings.measures["touches_compared"],
        day.findings.measures["touch_agreement_pct"],
    )


def test_messages_told_twice_are_used_once(tmp_path):
    recorder = started("usdm").trade(150, 1, "100.00", "0.5").ticker(150, 13, ("100.00", "1.0"), ("100.50", "1.0"))
    recorder.lines += recorder.lines[-3:]

    (day,) = read(tmp_path, recorder)

    assert (1, 1) == (len(day.trades), len(day.quotes))
    assert 3 == day.findings.counts["duplicates"]


def test_sums_of_a_takers_fills_are_used_only_where_the_fills_are_not_told(tmp_path):
    recorder = started("usdm").trade(150, 1, "100.00", "0.5").trade(150, 2, "100.00", "0.5")
    recorder.trade(150, (1, 2), "100.00", "1.0", event="aggTrade")
    recorder.trade(160, (3, 5), "100.00", "2.0", event="aggTrade")

    (day,) = read(tmp_path, recorder)

    assert [0.5, 0.5, 2.0] == [day.instrument.quantity(int(lots)) for lots in day.trades.lots]


def test_fills_of_the_insurance_fund_are_no_trades(tmp_path):
    recorder = started("usdm").trade(150, 1, "100.00", "0.5", kind="INSURANCE_FUND").trade(151, 2, "0", "0", kind="NA")

    (day,) = read(tmp_path, recorder)

    assert (0, 2) == (len(day.trades), day.findings.counts["left_out"])


def test_lines_that_are_no_messages_are_counted_and_shown(tmp_path):
    recorder = started("usdm").raw("garbage").raw("1723118400205000000 {broken").raw("")
    recorder.raw('1723118400206000000 {"result":null,"id":1}').depth(300, 13, 14, [("100.00", "1.0")])

    (day,) = read(tmp_path, recorder)

    assert 2 == day.findings.counts["unreadable"]
    assert "part0.gz line 3: 'garbage'" == day.findings.examples["unreadable"][0]
    assert 1 == day.findings.counts["left_out"]
    assert "300 level bid 100.0 1.0" == drawn(day)[-1]


def test_a_garbled_change_of_the_book_is_a_gap(tmp_path):
    recorder = started("usdm").raw("1723118400205000000 {broken").depth(300, 14, 14, [("100.00", "1.0")])

    (day,) = read(tmp_path, recorder)

    assert 1 == day.findings.counts["sequence_gaps"]
    assert day.findings.refusal


def test_a_file_that_was_cut_short_gives_what_it_has_and_says_so(tmp_path):
    recorder = started("usdm")
    random = np.random.default_rng(1)
    for number in range(3000):
        recorder.trade(200 + number, number, f"{random.integers(100, 200)}.50", f"{random.integers(1, 100)}.0")
    path = recorder.save(tmp_path / "cut.gz")
    path.write_bytes(path.read_bytes()[:-9000])

    (recording,) = binance.recordings([path])
    (day,) = days_of(recording)

    assert 1000 < len(day.trades) < 3000
    assert any("cut.gz was cut short" in example for example in day.findings.examples["unreadable"])
    assert any("cut.gz was cut short: what came after its line" in warning for warning in day.warnings)


def test_a_damaged_gzip_is_refused(tmp_path):
    recorder = started("usdm")
    for number in range(3000):
        recorder.trade(200 + number, number, "100.00", f"{number + 1}.0")
    path = recorder.save(tmp_path / "damaged.gz")
    (recording,) = binance.recordings([path])
    content = bytearray(path.read_bytes())
    content[-4000:-3000] = bytes(1000)
    path.write_bytes(bytes(content))

    with pytest.raises(BadData, match=r"damaged\.gz is no sound gzip"):
        list(binance.pieces(recording, Wanted()))


def test_a_price_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(BadData, match="'abc' is not a number"):
        read(tmp_path, started("usdm").depth(300, 13, 14, [("abc", "1.0")]))


def test_a_tick_that_does_not_fit_is_refused_with_one_that_does(tmp_path):
    with pytest.raises(BadParameter, match=r"price 99\.50 is not a multiple of the tick 1; give tick_size=0\.5"):
        read(tmp_path, started(), tick_size=Decimal(1))


def test_a_given_tick_and_lot_are_used(tmp_path):
    (day,) = read(tmp_path, started(), tick_size=Decimal("0.01"), lot_size=Decimal("0.001"))

    assert (10_000, 1_500) == (int(day.events["price_ticks"][3]), int(day.events["lots"][3]))


def test_sizes_beyond_2_to_the_31_lots_are_exact(tmp_path):
    recorder = started().depth(200, 13, 13, [("99.00", "123456789012.345")])

    (day,) = read(tmp_path, recorder)

    assert Decimal("123456789012.345") == int(day.events["lots"][-1]) * day.instrument.lot_size


def test_stamps_in_microseconds_are_understood(tmp_path):
    lines = started().lines
    lines = [line.replace(f'"E": {NOON_MS + 100}', f'"E": {(NOON_MS + 100) * 1000 + 123}') for line in lines]
    recorder = Recorder()
    recorder.lines = lines

    (day,) = read(tmp_path, recorder)

    assert (NOON_MS + 100) * MS + 123_000 == int(day.events["time_ns"][-1])


def test_a_stamp_that_goes_back_is_held_at_the_one_before_and_counted(tmp_path):
    recorder = started("usdm")
    recorder.latency_ms += 20

    (day,) = read(tmp_path, recorder.depth(90, 13, 13, [("99.00", "4.0")]))

    assert "100 level bid 99.0 4.0" == drawn(day)[-1]
    assert 1 == day.findings.counts["clock_reversals"]


def test_several_symbols_of_one_stream_are_kept_apart(tmp_path):
    one, two = started("cm", symbol="BTCUSD_PERP"), started("cm", symbol="ETHUSD_PERP")
    for recorder in (one, two):
        recorder.lines[0] = recorder.lines[0].replace('{"last', f'{{"symbol": "{recorder.symbol}", "last')
    both = Recorder()
    both.lines = [line for pair in zip(one.lines, two.lines, strict=True) for line in pair]

    btc, eth = read(tmp_path, both)

    assert ("BTCUSD_PERP", "ETHUSD_PERP") == (btc.instrument.symbol, eth.instrument.symbol)
    assert (9, 9) == (len(btc.events), len(eth.events))
    assert [] == read(tmp_path, both, symbols=frozenset({"SOLUSD_PERP"}))


def test_messages_that_are_not_wrapped_in_a_stream_are_read_too(tmp_path):
    recorder = started("usdm")
    recorder.lines = [line.replace('{"stream": "x", "data": ', "").replace("}}", "}") for line in recorder.lines]

    (day,) = read(tmp_path, recorder)

    assert 9 == len(day.events)


def test_the_best_levels_of_a_partial_stream_are_no_picture(tmp_path):
    recorder = started()
    best = {"lastUpdateId": 12, "bids": [["1.00", "1.5"]], "asks": []}
    recorder.write(150, best, stream="btcusdt@depth5@100ms")

    (day,) = read(tmp_path, recorder)

    assert not any("bid 1.0 " in line for line in drawn(day))


def test_other_files_are_not_recognised(tmp_path):
    for name, content in (("a.gz", b"\x1f\x8bnot gzip"), ("b.csv", b"1,2,3\n"), ("c", b""), ("d", b'12 {"a": 1}\n')):
        (tmp_path / name).write_bytes(content)
        assert not binance.recognises(tmp_path / name)
    assert not binance.recognises(tmp_path / "missing")
    assert binance.recognises(started().save(tmp_path / "whatever"))


def test_progress_tells_bytes_up_to_all(tmp_path):
    path = started().save(tmp_path / "a.gz")
    calls = []

    (recording,) = binance.recordings([path])
    list(binance.pieces(recording, Wanted(progress=lambda done, total: calls.append((done, total)))))

    size = path.stat().st_size
    assert (size, size) == calls[-1]


def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(binance, "_BATCH_MESSAGES", 500)
    monkeypatch.setattr(level_feed, "_ENOUGH_ROWS", 1000)
    monkeypatch.setattr(packed_lines, "_BLOCK_BYTES", 1 << 14)
    peaks = []
    for length in (4_000, 24_000):
        recorder = started("usdm")
        for number in range(length):
            recorder.depth(200 + 10 * number, 13 + number, 13 + number, [(f"{90 + number % 10}.00", f"{number}.5")])
        (recording,) = binance.recordings([recorder.save(tmp_path / f"{length}.gz")])
        tracemalloc.start()
        count = sum(len(piece.events) for piece in binance.pieces(recording, Wanted()))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert length + 9 == count

    assert peaks[1] < 1.3 * peaks[0]


def test_a_day_in_many_pieces_is_the_day_in_one(tmp_path, monkeypatch):
    recorder = started("usdm")
    for number in range(2_000):
        recorder.depth(200 + 10 * number, 13 + number, 13 + number, [(f"{90 + number % 10}.00", f"{number % 3}.5")])
        recorder.trade(203 + 10 * number, number, "100.50", "0.5").ticker(
            205 + 10 * number, 13 + number, ("100.00", "1.5"), ("100.50", f"{number % 5 + 1}.0")
        )
    (at_once,) = read(tmp_path, recorder)
    monkeypatch.setattr(binance, "_BATCH_MESSAGES", 100)
    monkeypatch.setattr(level_feed, "_ENOUGH_ROWS", 500)
    monkeypatch.setattr(packed_lines, "_BLOCK_BYTES", 2_000)

    (recording,) = binance.recordings([tmp_path / "part0.gz"])
    in_many = list(binance.pieces(recording, Wanted()))

    assert len(in_many) > 10
    (whole,) = days(in_many, source=str)
    assert at_once.fingerprint == whole.fingerprint
    assert drawn(at_once) == drawn(whole)


@pytest.mark.parametrize(("market", "multiplier"), [("spot", 1), ("usdm", 1), ("cm", None)])
def test_price_times_size_is_money_but_for_coin_margined_contracts(tmp_path, market, multiplier):
    (day,) = read(tmp_path, started(market))
    assert multiplier == day.instrument.multiplier


@pytest.mark.parametrize("market", ["spot", "usdm"])
@pytest.mark.parametrize("place", [0, 4, 9])
def test_one_stamp_in_the_future_costs_its_own_time_and_nothing_else(tmp_path, market, place):
    recorder = started(market)
    for number in range(8):
        recorder.depth(200 + 100 * number, 13 + number, 13 + number, [("99.00", f"{number + 1}.5")])
    (plain,) = read(tmp_path, recorder)
    day_ms = 86_400_000
    damaged = Recorder()
    damaged.lines = list(recorder.lines)
    data = json.loads(damaged.lines[place].partition(" ")[2])
    stamped = data.get("data", data)
    for name in {"E", "T"} & set(stamped):
        stamped[name] += day_ms
    damaged.lines[place] = damaged.lines[place].partition(" ")[0] + " " + json.dumps(data)

    (day,) = read(tmp_path, damaged)

    assert [line.partition(" ")[2] for line in drawn(plain)] == [line.partition(" ")[2] for line in drawn(day)]
    assert abs(plain.events["time_ns"] - day.events["time_ns"]).max() <= 100 * MS
    assert int("E" in stamped) == day.findings.counts.get("unreadable", 0)
    assert "clock_reversals" not in day.findings.counts
    assert day.can_replay


def test_a_trade_matched_long_after_it_was_told_takes_the_time_of_the_one_before(tmp_path):
    recorder = started("usdm")
    for number in range(3):
        recorder.trade(150 + 10 * number, number, "100.00", "0.5")
    recorder.lines[-2] = recorder.lines[-2].replace(f'"T": {NOON_MS + 160}', f'"T": {NOON_MS + 86_400_160}')

    (day,) = read(tmp_path, recorder)

    assert [150, 150, 170] == [time_ns // MS - NOON_MS for time_ns in day.trades.time_ns.tolist()]
    assert "line 4 is stamped 2024-08-09 12:00:00" in day.findings.examples["unreadable"][0]
    assert {"unreadable": 1} == day.findings.counts


def test_a_silence_and_a_recorder_hours_off_make_no_stamp_false(tmp_path):
    recorder = started("usdm", latency_ms=-7_200_000)
    for number in range(12):
        recorder.trade(1000 + 900_000 * number, number, "100.00", "0.5")

    (day,) = read(tmp_path, recorder)

    assert "unreadable" not in day.findings.counts
    assert [1000 + 900_000 * number for number in range(12)] == [t // MS - NOON_MS for t in day.trades.time_ns.tolist()]


@pytest.mark.parametrize("number", ["99999999999999999999", "9223161600000", "-5", "17", "9e300"])
@pytest.mark.parametrize("field", ["E", "T"])
def test_a_time_of_another_age_is_unreadable_and_the_rest_is_used(tmp_path, number, field):
    recorder = started("usdm").trade(150, 1, "100.00", "0.5").trade(160, 2, "100.00", "0.5")
    recorder.lines[-2] = recorder.lines[-2].replace(f'"{field}": {NOON_MS + 150}', f'"{field}": {number}')

    (day,) = read(tmp_path, recorder)

    assert (1, 1) == (len(day.trades), day.findings.counts["unreadable"])


@pytest.mark.parametrize("line", ["99999999999999999999 {}", f"{10**30} {{}}", "1723118400205000000 {} {}"])
def test_a_local_time_or_a_number_that_nothing_holds_is_unreadable(tmp_path, line):
    recorder = (
        started("usdm")
        .raw(line)
        .raw(
            f'{(NOON_MS + 300) * MS} {{"e":"depthUpdate","E":{NOON_MS},"s":"BTCUSDT","U":1,"u":{10**20},"b":[],"a":[]}}'
        )
    )

    (day,) = read(tmp_path, recorder)

    assert 2 == day.findings.counts["unreadable"]


def test_a_change_of_spot_that_begins_within_the_known_book_is_the_next_one(tmp_path):
    recorder = started().depth(200, 12, 15, [("99.00", "4.0")]).depth(300, 14, 15, [("99.00", "9.0")])

    (day,) = read(tmp_path, recorder)

    assert "200 level bid 99.0 4.0" == drawn(day)[-1]
    assert {"duplicates": 1} == day.findings.counts


def test_a_change_of_futures_that_does_not_name_the_one_before_is_a_gap_though_its_ids_overlap(tmp_path):
    (day,) = read(tmp_path, started("usdm").depth(200, 12, 15, [("99.00", "4.0")], previous=11))

    assert 1 == day.findings.counts["sequence_gaps"]


def test_trades_alone_are_a_table_without_events_or_faults(tmp_path):
    evening, to_midnight = Recorder().trade(0, 1, "100.00", "0.5"), MIDNIGHT_MS - NOON_MS
    evening.trade(to_midnight + 5, 2, "100.00", "0.5")

    for day in read(tmp_path, evening):
        assert (0, 1, 0) == (len(day.events), len(day.trades), len(day.quotes))
        assert not day.findings.counts
        assert "has trades" in day.cannot_replay_because


def test_files_of_one_stream_each_are_the_file_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr(binance, "_BATCH_MESSAGES", 500)
    monkeypatch.setattr(level_feed, "_ENOUGH_ROWS", 500)
    monkeypatch.setattr(packed_lines, "_BLOCK_BYTES", 3_000)
    whole = started()
    for number in range(3_000):
        whole.depth(200 + 100 * number, 13 + number, 13 + number, [(f"{90 + number % 10}.00", f"{number % 3}.5")])
        if number % 10 == 0:
            whole.trade(203 + 100 * number, number, "100.50", "0.5")
    book, trades = Recorder(), Recorder()
    for line in whole.lines:
        (trades if '"trade"' in line else book).lines.append(line)

    (at_once,) = read(tmp_path, whole)
    (beside,) = read(tmp_path, book, trades)

    assert "clock_reversals" not in beside.findings.counts
    assert drawn(at_once) == drawn(beside)


def test_what_is_told_hours_late_refuses_the_day(tmp_path, monkeypatch):
    monkeypatch.setattr(binance, "_BATCH_MESSAGES", 1)
    monkeypatch.setattr(level_feed, "_ENOUGH_ROWS", 1)
    monkeypatch.setattr(packed_lines, "_BLOCK_BYTES", 100)
    recorder = started()
    for number in range(100):
        recorder.depth(1000 * number + 200, 13 + number, 13 + number, [("99.00", f"{number}.5")])
    recorder.trade(300, 1, "100.50", "0.5")  # Of another file, say, that somebody put behind this one.

    (day,) = read(tmp_path, recorder)

    assert "messages of BTCUSDT come up to 9" in day.cannot_replay_because
    assert "s after later ones" in day.cannot_replay_because


def test_two_files_of_one_market_and_time_are_two_recordings(tmp_path):
    good, gap = started(), started()
    for number in range(50):
        good.depth(200 + number, 13 + number, 13 + number, [("99.00", f"{number}.5")])
        if number != 25:
            gap.depth(200 + number, 13 + number, 13 + number, [("99.00", f"{number}.5")])
    paths = [recorder.save(tmp_path / name) for name, recorder in (("good.gz", good), ("gap.gz", gap))]

    found = binance.recordings(paths)

    assert {("gap", (paths[1],)), ("good", (paths[0],))} == {(each.detail, each.files) for each in found}
    gaps = {each.detail: day.findings.counts.get("sequence_gaps", 0) for each in found for day in days_of(each)}
    assert {"good": 0, "gap": 1} == gaps


def test_files_of_every_hour_are_one_recording_also_where_they_overlap_a_little(tmp_path):
    hour = 3_600_000
    first = started().depth(hour, 13, 13, [("99.00", "4.0")])
    second = Recorder().depth(hour, 13, 13, [("99.00", "4.0")]).depth(2 * hour, 14, 14, [("99.00", "5.0")])

    (day,) = read(tmp_path, second, first)

    assert f"{2 * hour} level bid 99.0 5.0" == drawn(day)[-1]
    assert {"duplicates": 1} == day.findings.counts


def two_symbols():
    """A spot stream of two symbols whose ids lie far apart; the requests' answers name none."""
    btc, eth = started(), started(symbol="ETHUSDT")
    eth.lines = []
    eth.depth(90, 5011, 5012, [("99.50", "7.5")]).picture(95, 5010, BIDS, ASKS).depth(200, 5013, 5014)
    both = Recorder()
    both.lines = sorted(btc.lines + eth.lines)
    return both


def test_an_answer_without_a_symbol_is_of_the_one_whose_changes_reach_over_it(tmp_path):
    btc, eth = sorted(read(tmp_path, two_symbols()), key=lambda day: day.instrument.symbol)

    assert ("BTCUSDT", "ETHUSDT") == (btc.instrument.symbol, eth.instrument.symbol)
    assert "100 level bid 99.5 2.5" == drawn(btc)[-1]
    assert "90 level bid 99.5 7.5" == drawn(eth)[-1]
    assert btc.can_replay
    assert eth.can_replay


def test_an_answer_that_could_be_of_two_symbols_is_left_out(tmp_path):
    one, two = started("usdm"), started("usdm", symbol="ETHUSDT")
    one.lines += two.lines

    btc, eth = read(tmp_path, one)

    assert not btc.can_replay
    assert not eth.can_replay
    assert 2 == btc.findings.counts["left_out"]


def test_a_symbol_seen_only_in_the_midst_of_a_file_is_listed(tmp_path, monkeypatch):
    monkeypatch.setattr("nowake.data.readers.binance_files._HEAD_BYTES", 300)
    monkeypatch.setattr("nowake.data.readers.binance_files._TAIL_BYTES", 300)
    recorder = started("usdm")
    for number in range(20):
        recorder.trade(200 + number, number, "100.00", "0.5")
    recorder.lines[10] = recorder.lines[10].replace("BTCUSDT", "ETHUSDT")
    recorder.write(500, {"e": "forceOrder", "E": NOON_MS + 500, "o": {"s": "SOLUSDT"}})

    (recording,) = binance.recordings([recorder.save(tmp_path / "a.gz")])

    assert ("BTCUSDT", "ETHUSDT") == recording.symbols


def test_a_file_without_a_symbol_stops_no_other(tmp_path):
    answer, good = Recorder().picture(0, 10, BIDS, ASKS), started()
    paths = [answer.save(tmp_path / "answer.gz"), good.save(tmp_path / "good.gz")]

    (recording,) = binance.recordings(paths)

    assert (paths[1],) == recording.files
    with pytest.raises(BadData, match=r"answer\.gz holds no message"):
        binance.recordings(paths[:1])
