"""Files as tardis.dev documents them: written here from the documentation, read back as the days they tell."""

from __future__ import annotations

import datetime as dt
import gzip
import random
from decimal import Decimal

import pytest

from nowake.data.assemble import days
from nowake.data.readers import tardis
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData
from nowake.kernels.layout import CLEAR, HALT, LEVEL, RESUME, SNAPSHOT, TRADE

NOON_US = 1_598_961_600_000_000  # 2020-09-01 12:00 UTC.
TO_MIDNIGHT_US = 12 * 3_600_000_000
NAMES = {CLEAR: "clear", HALT: "halt", RESUME: "resume", TRADE: "trade", LEVEL: "level"}
HEADERS = {
    "incremental_book_L2": "is_snapshot,side,price,amount",
    "trades": "id,side,price,amount",
    "quotes": "ask_amount,ask_price,bid_price,bid_amount",
}


class Files:
    """Rows of one symbol at microseconds after noon, received 20 ms later, in files of a folder."""

    def __init__(self, folder, exchange="binance-futures", symbol="BTCUSDT"):
        self.folder, self.exchange, self.symbol = folder, exchange, symbol
        self.rows = {}
        self.delay_us = 20_000
        folder.mkdir(exist_ok=True)

    def add(self, kind, t, *fields, delay=None):
        local = NOON_US + t + (self.delay_us if delay is None else delay)
        self.rows.setdefault(kind, []).append(
            ",".join(map(str, (self.exchange, self.symbol, NOON_US + t, local, *fields)))
        )
        return self

    def book(self, t, side, price, amount, *, snapshot=False):
        return self.add("incremental_book_L2", t, str(snapshot).lower(), side, price, amount)

    def trade(self, t, number, side, price, amount):
        return self.add("trades", t, number, side, price, amount)

    def quote(self, t, bid, ask):
        return self.add("quotes", t, ask[1], ask[0], bid[0], bid[1])

    def best(self, t, bids, asks):
        levels = [field for ask, bid in zip(asks, bids, strict=True) for field in (*ask, *bid)]
        return self.add(f"book_snapshot_{len(bids)}", t, *levels)

    def raw(self, kind, line):
        self.rows[kind].append(line)
        return self

    def save(self, name=""):
        paths = []
        for kind, rows in self.rows.items():
            paths.append(self.folder / f"{name}{kind}.csv.gz")
            with gzip.open(paths[-1], "wt") as stream:
                stream.write("\n".join([f"exchange,symbol,timestamp,local_timestamp,{header_of(kind)}", *rows]) + "\n")
        return paths


def header_of(kind):
    """The columns of a kind of file after the first four."""
    if kind in HEADERS:
        return HEADERS[kind]
    levels = range(int(kind.rpartition("_")[2]))
    return ",".join(f"{side}[{k}].{what}" for k in levels for side in ("asks", "bids") for what in ("price", "amount"))


@pytest.fixture
def files(tmp_path):
    """Files whose book is known from 0 on: 2 levels a side."""
    files = Files(tmp_path / "tardis")
    for side, price, amount in (("bid", 100, 1.5), ("bid", 99.5, 2), ("ask", 100.5, 1), ("ask", 101, 3)):
        files.book(0, side, price, amount, snapshot=True)
    return files


def read(paths, **wanted):
    """All days of all recordings, one after the other."""
    found = tardis.recordings(paths)
    return [day for recording in found for day in days(tardis.pieces(recording, Wanted(**wanted)), source=str)]


def drawn(day):
    """Events as lines: microseconds after noon, what, side, price, size; a star marks parts of a picture."""
    tick, lot = day.instrument.tick_size, day.instrument.lot_size
    lines = []
    for event in day.events:
        time = f"{int(event['time_ns']) // 1000 - NOON_US}"
        star = "*" if event["flags"] & SNAPSHOT else ""
        side = {1: "bid", -1: "ask", 0: ""}[int(event["side"])]
        numbers = f"{event['price_ticks'] * tick} {event['lots'] * lot}" if side else ""
        lines.append(" ".join(f"{time} {NAMES[int(event['kind'])]}{star} {side} {numbers}".split()))
    return lines


def test_pictures_changes_and_trades_become_events_in_the_exchanges_order(files):
    files.book(500, "bid", 100, 1.25).book(500, "ask", 100.5, 0).trade(400, 1, "sell", 100, 0.25)
    files.trade(500, 2, "buy", 100.5, 1)

    (day,) = read(files.save())

    assert [
        "0 halt",
        "0 clear",
        "0 clear*",
        "0 level* bid 100.0 1.50",
        "0 level* bid 99.5 2.00",
        "0 level* ask 100.5 1.00",
        "0 level* ask 101.0 3.00",
        "0 resume",
        "400 trade bid 100.0 0.25",
        "500 trade ask 100.5 1.00",
        "500 level bid 100.0 1.25",
        "500 level ask 100.5 0.00",
    ] == drawn(day)
    assert ("BTCUSDT", "BINANCE-USDM", "USDT") == (
        day.instrument.symbol,
        day.instrument.venue,
        day.instrument.currency,
    )
    assert [-1, 1] == day.trades.aggressor.tolist()
    assert day.can_replay


def test_a_picture_in_the_midst_of_a_day_begins_the_book_anew_and_counts_as_a_gap(files):
    files.book(500, "bid", 100, 1.25)
    files.book(900, "bid", 99, 7, snapshot=True).book(900, "ask", 102, 7, snapshot=True)

    (day,) = read(files.save())

    assert ["900 clear*", "900 level* bid 99.0 7.00", "900 level* ask 102.0 7.00"] == drawn(day)[-3:]
    assert 1 == day.findings.counts["sequence_gaps"]
    assert [(99.0, 102.0)] == [
        (day.instrument.price(bid), day.instrument.price(ask))
        for bid, ask in [(day.quotes.bid_ticks[-1], day.quotes.ask_ticks[-1])]
    ]


def test_a_file_without_its_picture_is_refused(tmp_path):
    files = Files(tmp_path).book(5, "bid", 100, 1).book(10, "bid", 100, 0).trade(20, 1, "buy", 101, 1)

    (day,) = read(files.save())

    assert "no picture of the whole book" in day.cannot_replay_because
    assert {"left_out": 2, "missing_snapshots": 1} == day.findings.counts
    assert 1 == len(day.trades)


def test_each_days_own_picture_is_no_gap(files):
    files.book(TO_MIDNIGHT_US + 5, "bid", 98, 4, snapshot=True).book(TO_MIDNIGHT_US + 9, "ask", 99, 4)

    first, second = read(files.save())

    assert (dt.date(2020, 9, 1), dt.date(2020, 9, 2)) == (
        first.instrument.session.date,
        second.instrument.session.date,
    )
    assert f"{TO_MIDNIGHT_US} level* bid 100.0 1.5" in drawn(second)  # The book carried over, until the picture.
    assert [f"{TO_MIDNIGHT_US + 5} clear*", f"{TO_MIDNIGHT_US + 5} level* bid 98.0 4.0"] == drawn(second)[5:7]
    assert "sequence_gaps" not in second.findings.counts


def test_quotes_are_the_files_own_where_there_is_one_also_with_an_empty_side(files):
    files.quote(100, (100, 1.5), (100.5, 1)).quote(200, (100, 2), ("", ""))

    (day,) = read(files.save())

    assert [(200, 3, 201, 2), (200, 4, 0, 0)] == [row[1:] for row in day.to_frame("quotes").rows()]


def test_quotes_come_from_the_book_where_there_is_no_file_of_them(files):
    (day,) = read(files.book(500, "bid", 100, 0).save())

    assert [(200, 3, 201, 2), (199, 4, 201, 2)] == [row[1:] for row in day.to_frame("quotes").rows()][-2:]


def test_best_levels_become_what_changes_from_row_to_row(tmp_path):
    files = Files(tmp_path)
    files.best(0, [(100, 1), (99, 2)], [(101, 1), (102, 2)])
    files.best(10, [(100, 1), (99, 2)], [(101, 1), (102, 2)])
    files.best(20, [(100, 3), (98, 5)], [(102, 2), (103, 1)])

    (day,) = read(files.save())

    assert {
        "20 level bid 100 3",
        "20 level bid 99 0",
        "20 level bid 98 5",
        "20 level ask 101 0",
        "20 level ask 103 1",
    } == set(drawn(day)[8:])
    assert 13 == len(day.events)
    assert 2 == day.depth


def test_best_levels_are_not_used_beside_changes_of_the_book(files):
    files.best(10, [(50, 1), (49, 2)], [(51, 1), (52, 2)])

    (day,) = read(files.save())

    assert not any("bid 50" in line for line in drawn(day))
    assert 0 == day.depth


def test_a_day_read_in_many_small_spans_is_the_day_read_in_one(tmp_path, monkeypatch):
    files, truth = random_market(tmp_path)
    paths = files.save()
    (at_once,) = read(paths)
    monkeypatch.setattr("nowake.data.readers.tardis_csv._BLOCK_BYTES", 700)
    monkeypatch.setattr("nowake.data.readers.packed_lines._BLOCK_BYTES", 300)

    (in_spans,) = read(paths)

    assert drawn(at_once) == drawn(in_spans)
    assert truth == touches(in_spans)
    assert at_once.fingerprint == in_spans.fingerprint


def random_market(folder, steps=300):
    """Changes and trades of a random book, and its touch after each."""
    chance = random.Random(7)
    files, truth = Files(folder / "random"), [(99, 5, 101, 5)]
    book = {"bid": dict.fromkeys(range(90, 100), 5), "ask": dict.fromkeys(range(101, 110), 5)}
    for side, levels in book.items():
        for price, amount in levels.items():
            files.book(0, side, price, amount, snapshot=True)
    for step in range(1, steps):
        t = step * 10_000
        for _ in range(chance.randint(1, 3)):
            side = chance.choice(("bid", "ask"))
            price = chance.randint(90, 99) if side == "bid" else chance.randint(101, 109)
            amount = chance.choice((0, 0, chance.randint(1, 9)))
            book[side][price] = amount
            files.book(t, side, price, amount)
        if chance.random() < 0.3:
            files.trade(t, step, chance.choice(("buy", "sell")), 100, chance.randint(1, 5))
        bid = max((price for price, amount in book["bid"].items() if amount), default=0)
        ask = min((price for price, amount in book["ask"].items() if amount), default=0)
        truth.append((bid, book["bid"].get(bid, 0), ask, book["ask"].get(ask, 0)))
    return files, [touch for before, touch in zip([None, *truth], truth, strict=False) if before != touch]


def touches(day):
    """Best bid and ask with their sizes after each change from the picture on."""
    rows = [row[1:] for row in day.to_frame("quotes").rows()]
    return [
        (bid if bid_lots else 0, bid_lots, ask if ask_lots else 0, ask_lots)
        for bid, bid_lots, ask, ask_lots in rows[1:]
    ]


def test_a_day_whose_clocks_disagree_is_corrected_and_said(files):
    for number in range(100):
        files.add("trades", 1000 * number, number, "buy", 100.5, 1, delay=-300_000 + 1000 * (number % 5))
    files.rows["incremental_book_L2"] = [
        row.replace(str(NOON_US + 20_000), str(NOON_US - 300_000)) for row in files.rows["incremental_book_L2"]
    ]

    (day,) = read(files.save())

    assert -300_000_000 == day.findings.measures["clock_skew_ns"]
    assert any("0.3 s behind" in note for note in day.findings.notes)
    assert all(day.receipts.local_ns >= day.receipts.venue_ns)


def test_an_exchange_that_does_not_stamp_leaves_no_receipts_and_says_so(files):
    files.rows.clear()
    files.delay_us = 0
    files.book(0, "bid", 100, 1, snapshot=True).trade(10, 1, "buy", 101, 1)

    (day,) = read(files.save())

    assert 0 == len(day.receipts)
    assert any("does not stamp" in note for note in day.findings.notes)


def test_rows_that_cannot_be_read_are_counted_and_shown(files):
    files.book(10, "bid", 99, 1).raw("incremental_book_L2", "binance-futures,BTCUSDT,1598961600000,1,false,bid,1,1")
    files.raw("incremental_book_L2", f"binance-futures,BTCUSDT,{NOON_US},{NOON_US + 30},false,bid,abc,1")
    files.raw("incremental_book_L2", f"binance-futures,BTCUSDT,{NOON_US},{NOON_US + 30},false,bid,1,1,1,1")
    files.raw("incremental_book_L2", f"binance-futures,BTCUSDT,{NOON_US}").book(40, "bid", 98, 1)

    (day,) = read(files.save())

    assert 4 == day.findings.counts["unreadable"]
    assert "line 7" in day.findings.examples["unreadable"][0]
    assert ["10 level bid 99.0 1.0", "40 level bid 98.0 1.0"] == drawn(day)[-2:]


def test_a_trade_told_twice_is_used_once(files):
    files.trade(10, 1, "buy", 100.5, 1).trade(10, 1, "buy", 100.5, 1).trade(20, "", "buy", 100.5, 1)
    files.trade(20, "", "buy", 100.5, 1)  # Without a number nothing says it is the same.

    (day,) = read(files.save())

    assert (3, 1) == (len(day.trades), day.findings.counts["duplicates"])


def test_numbers_with_an_exponent_are_exact(files):
    (day,) = read(files.book(10, "bid", "99.5", "1e-7").save())

    assert Decimal("0.0000001") == int(day.events["lots"][-1]) * day.instrument.lot_size


def test_the_taker_side_may_be_unknown(files):
    (day,) = read(files.trade(10, 1, "unknown", 100.5, 1).save())

    assert [0] == day.trades.aggressor.tolist()


def test_files_of_several_symbols_are_kept_apart(tmp_path):
    one, two = Files(tmp_path, symbol="BTCUSDT"), Files(tmp_path, symbol="ETHUSDT")
    one.book(0, "bid", 100, 1, snapshot=True).book(20, "bid", 100, 2)
    two.book(0, "bid", 7, 1, snapshot=True).book(20, "bid", 7, 3)
    one.rows["incremental_book_L2"] += two.rows["incremental_book_L2"]

    btc, eth = read(one.save())

    assert ("BTCUSDT", "ETHUSDT") == (btc.instrument.symbol, eth.instrument.symbol)
    assert ("20 level bid 100 2", "20 level bid 7 3") == (drawn(btc)[-1], drawn(eth)[-1])
    assert ["ETHUSDT"] == [day.instrument.symbol for day in read(one.save(), symbols=frozenset({"ETHUSDT"}))]


def test_a_file_that_was_cut_short_gives_what_it_has_and_says_so(files):
    chance = random.Random(1)
    for number in range(5000):
        files.trade(10 * number, chance.getrandbits(60), "buy", 100.5, chance.randint(1, 10**6))
    paths = files.save()
    trades = next(path for path in paths if "trades" in path.name)
    trades.write_bytes(trades.read_bytes()[:-8000])

    (day,) = read(paths)

    assert 1000 < len(day.trades) < 5000
    assert any("was cut short" in example for example in day.findings.examples["unreadable"])
    assert any("was cut short: what came after its last row is missing" in warning for warning in day.warnings)


def test_a_file_without_rows_is_refused(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n")

    with pytest.raises(BadData, match=r"empty\.csv has no row"):
        tardis.recordings([path])


def test_files_are_known_by_their_columns(tmp_path, files):
    assert all(map(tardis.recognises, files.trade(1, 1, "buy", 1, 1).quote(1, (1, 1), (2, 1)).save()))
    for name, content in (("a.csv", b"time,price\n1,2\n"), ("b.csv", b""), ("c.gz", b"\x1f\x8bno")):
        (tmp_path / name).write_bytes(content)
        assert not tardis.recognises(tmp_path / name)


def test_progress_tells_bytes_up_to_all(files):
    paths = files.trade(1, 1, "buy", 1, 1).save()
    calls = []

    read(paths, progress=lambda done, total: calls.append((done, total)))

    size = sum(path.stat().st_size for path in paths)
    assert (size, size) == calls[-1]


@pytest.mark.parametrize("place", [0, 2, 30])
def test_one_stamp_in_the_future_costs_its_own_time_and_nothing_else(files, place):
    for number in range(30):
        files.book(1000 + 1000 * number, "bid", 99, number + 1).trade(1500 + 1000 * number, number, "buy", 100.5, 1)
    (plain,) = read(files.save("plain_"))
    rows = files.rows["incremental_book_L2"]
    stamp = rows[place].split(",")[2]
    late = [row for row in rows if row.split(",")[2] == stamp]
    for row in late:
        rows[rows.index(row)] = row.replace(f",{stamp},", f",{int(stamp) + 86_400_000_000},", 1)

    (day,) = read(files.save("late_"))

    assert sorted(line.partition(" ")[2] for line in drawn(plain)) == sorted(
        line.partition(" ")[2] for line in drawn(day)
    )
    assert plain.trades.time_ns.tolist() == day.trades.time_ns.tolist()
    assert {"unreadable": 1} == day.findings.counts
    assert day.can_replay


@pytest.mark.parametrize("stamp", [9_223_161_600_000_000, 99_999_999_999_999_999, 10**14, 10**30])
def test_a_time_of_another_age_is_unreadable(files, stamp):
    files.trade(10, 1, "buy", 100.5, 1).raw("trades", f"binance-futures,BTCUSDT,{NOON_US},{stamp},2,buy,100.5,1")

    (day,) = read(files.save())

    assert (1, 1) == (len(day.trades), day.findings.counts["unreadable"])


def test_two_files_of_one_kind_and_time_are_two_recordings(files, tmp_path):
    other = Files(tmp_path / "tardis").book(0, "bid", 70, 1, snapshot=True)
    paths = [*files.trade(10, 1, "buy", 100.5, 1).save("b_"), *other.save("a_")]

    one, two = tardis.recordings(paths)

    assert {("a_incremental_book_L2", (paths[2],)), ("b_incremental_book_L2", (paths[0],))} == {
        (one.detail, one.files[:1]),
        (two.detail, two.files[:1]),
    }
    assert 3 == len({*one.files, *two.files})


def test_files_of_every_hour_of_a_day_are_all_read(files):
    first = files.trade(10, 1, "buy", 100.5, 1).save("one_")
    files.rows = {"trades": []}
    second = files.trade(3_600_000_000, 2, "buy", 100.5, 1).save("two_")

    (day,) = read([*first, *second])

    assert 2 == len(day.trades)


def test_the_deepest_of_the_best_levels_are_used(tmp_path):
    files = Files(tmp_path).best(0, [(100, 1)], [(101, 1)]).best(0, [(100, 1), (99, 1)], [(101, 1), (102, 1)])

    (day,) = read(files.save())

    assert (2, 4) == (day.depth, sum(" level" in line for line in drawn(day)))


@pytest.mark.parametrize("kind", ["trades", "quotes"])
def test_a_file_without_the_book_is_a_table_without_events_or_faults(tmp_path, kind):
    files = Files(tmp_path)
    for t in (10, TO_MIDNIGHT_US + 10):
        files.trade(t, t, "buy", 100.5, 1) if kind == "trades" else files.quote(t, (100, 1), (101, 2))

    for day in read(files.save()):
        assert (0, 1, 0) == (len(day.events), len(day.trades) + len(day.quotes), len(day.findings.counts))
        assert f"has {kind}" in day.cannot_replay_because


def test_a_file_of_a_day_without_rows_stops_no_other(files):
    empty = files.folder / "trades.csv"
    empty.write_text("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n")

    (recording,) = tardis.recordings([empty, *files.save()])

    assert empty not in recording.files


@pytest.mark.parametrize(
    ("exchange", "multiplier"), [("binance-futures", 1), ("coinbase", 1), ("binance-delivery", None), ("deribit", None)]
)
def test_price_times_amount_is_money_where_amounts_are_coins(files, exchange, multiplier):
    files.rows = {kind: [f"{exchange},{row.partition(',')[2]}" for row in rows] for kind, rows in files.rows.items()}
    (day,) = read(files.save())
    assert multiplier == day.instrument.multiplier
