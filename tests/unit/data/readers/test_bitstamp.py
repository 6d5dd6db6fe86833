"""Order logs: takers and makers told apart, what is told late or twice, days, and rows that cannot be."""

from __future__ import annotations

import bz2
import datetime as dt
import functools
import gzip
import lzma
import random
from decimal import Decimal

import numpy as np
import pytest
from backports import zstd

from nowake.data.readers import bitstamp
from nowake.data.readers.contract import Wanted
from nowake.data.readers.packed import chunks
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_MS
from nowake.kernels.layout import ADD, DELETE, EXECUTE, PRINT_HIDDEN, REDUCE, SNAPSHOT
from nowake.sim.book import Book

HEADER = ",".join(bitstamp.COLUMNS)
BEGIN = 1_430_438_400_000  # 2015-05-01, UTC.
LATER = 10_000
CENT = Decimal("0.01")


def line(order_id, ms, price, *rest):
    """A row; the rest is volume, action, side."""
    volume, action, side = rest
    return f"{order_id},{BEGIN + ms},{(BEGIN + ms) // 1000 * 1000},{price},{volume},{action},{side}"


def write(folder, *lines, name="btcusd.csv", pack=bytes):
    path = folder / name
    path.write_bytes(pack("\n".join([HEADER, *lines, ""]).encode()))
    return path


def read(path, **wanted):
    (recording,) = bitstamp.recordings([path])
    return list(bitstamp.pieces(recording, Wanted(**wanted)))


def of_log(folder, *lines):
    (piece,) = read(write(folder, *lines), tick_size=CENT)
    return piece


def rows(piece):
    return [tuple(row) for row in piece.events[["order_id", "lots", "price_ticks", "kind", "side"]].tolist()]


ASK_1 = line(1, 0, "236.50", 100, "created", "ask")
ASK_2 = line(2, 0, "236.60", 100, "created", "ask")


# Trades.


@pytest.mark.parametrize("maker_first", [True, False])
def test_a_taker_executes_the_makers_and_only_what_is_left_of_it_joins_the_book(tmp_path, maker_first):
    maker = [line(1, 120, "236.50", 0, "deleted", "ask"), line(2, 150, "236.60", 60, "changed", "ask")]
    taker = [line(3, 120, "236.60", 50, "changed", "bid"), line(3, 150, "236.60", 10, "changed", "bid")]
    trades = [one for pair in zip(maker, taker, strict=True) for one in (pair if maker_first else pair[::-1])]
    far = line(3, 900, "236.60", 10, "changed", "bid")  # Tells nothing new.
    piece = of_log(tmp_path, ASK_1, ASK_2, line(3, 10, "236.60", 150, "created", "bid"), *trades, far)
    assert [(1, 100, 23_650, EXECUTE, -1), (2, 40, 23_660, EXECUTE, -1)] == rows(piece)[2:4]
    assert {} == piece.findings.counts


def test_a_taker_that_sweeps_the_side_rests_with_what_is_left(tmp_path):
    taker = [line(3, 10, "237", 150, "created", "bid"), line(3, 121, "237", 50, "changed", "bid")]
    piece = of_log(tmp_path, ASK_1, *taker, line(1, 122, "236.50", 0, "deleted", "ask"))
    assert [(1, 100, 23_650, EXECUTE, -1), (3, 50, 23_700, ADD, 1)] == rows(piece)[1:]
    assert BEGIN + 122 == piece.events["time_ns"][-1] // NS_PER_MS


def test_the_two_halves_of_a_trade_may_differ_by_a_rounding(tmp_path):
    taker = [line(3, 10, "236.50", 49, "created", "bid"), line(3, 121, "236.50", 0, "deleted", "bid")]
    piece = of_log(tmp_path, ASK_1, *taker, line(1, 121, "236.50", 50, "changed", "ask"))
    assert [(1, 50, 23_650, EXECUTE, -1)] == rows(piece)[1:]
    assert {"fills": {"with both halves": 1, "without the other half": 0}} == piece.findings.mixes


def test_a_market_order_that_moves_from_price_to_price_never_joins_the_book(tmp_path):
    taker = [
        line(3, 10, "236.50", 150, "created", "bid"),
        line(3, 121, "236.50", 50, "changed", "bid"),
        line(3, 130, "236.60", 49, "changed", "bid"),
        line(3, 151, "236.60", 0, "deleted", "bid"),
    ]
    makers = [line(1, 121, "236.50", 0, "deleted", "ask"), line(2, 151, "236.60", 51, "changed", "ask")]
    lines = sorted([*taker, *makers], key=lambda one: int(one.split(",")[1]))
    piece = of_log(tmp_path, ASK_1, ASK_2, *lines)
    assert [(1, 100, 23_650, EXECUTE, -1), (2, 49, 23_660, EXECUTE, -1)] == rows(piece)[2:]
    assert {"fills": {"with both halves": 2, "without the other half": 0}} == piece.findings.mixes


def test_the_halves_of_a_trade_may_lie_some_milliseconds_apart_and_no_further(tmp_path):
    def fills(lag_ms):
        taker = [line(3, 10, "236.50", 40, "created", "bid"), line(3, 121, "236.50", 0, "deleted", "bid")]
        return of_log(tmp_path, ASK_1, *taker, line(1, 121 + lag_ms, "236.50", 60, "changed", "ask")).findings.mixes

    assert {"fills": {"with both halves": 1, "without the other half": 0}} == fills(180)
    assert {"fills": {"with both halves": 0, "without the other half": 2}} == fills(600)


def test_a_trade_with_an_order_older_than_the_log_prints_beside_the_book(tmp_path):
    taker = [line(30, 10, "236.50", 49, "created", "bid"), line(30, 121, "236.50", 9, "changed", "bid")]
    piece = of_log(tmp_path, *taker, line(7, 122, "236.50", 0, "deleted", "ask"))
    assert [(7, 40, 23_650, PRINT_HIDDEN, -1), (30, 9, 23_650, ADD, 1)] == rows(piece)
    assert {"unknown_orders": 1} == piece.findings.counts


def test_a_fill_without_its_other_half_executes_the_order_and_is_told(tmp_path):
    piece = of_log(tmp_path, ASK_1, line(1, LATER, "236.50", 30, "changed", "ask"))
    assert [(1, 70, 23_650, EXECUTE, -1)] == rows(piece)[1:]
    assert {"fills": {"with both halves": 0, "without the other half": 1}} == piece.findings.mixes


# Orders.


def test_a_deletion_with_volume_left_is_a_cancel(tmp_path):
    piece = of_log(tmp_path, ASK_1, line(1, LATER, "236.50", 100, "deleted", "ask"))
    assert [(1, 100, 23_650, ADD, -1), (1, 100, 23_650, DELETE, -1)] == rows(piece)


def test_an_order_that_crosses_waits_until_it_no_longer_does(tmp_path):
    bid = line(2, 10, "236.50", 5, "created", "bid")
    piece = of_log(tmp_path, ASK_1, bid, line(1, 500, "236.50", 100, "deleted", "ask"))
    assert [ADD, DELETE, ADD] == piece.events["kind"].tolist()
    assert [0, 500, 500] == (piece.events["time_ns"] // NS_PER_MS - BEGIN).tolist()


def test_an_order_that_stands_in_the_way_for_long_has_left_without_a_word(tmp_path):
    lines = [line(n, 1_000 * n, "230", 1, "created", "bid") for n in range(3, 12)]
    piece = of_log(tmp_path, ASK_1, line(2, 10, "236.50", 5, "created", "bid"), *lines)
    assert {"stale_levels": 1} == piece.findings.counts
    book = Book(piece.events)
    book.run(1 << 62)
    assert ((23_650, 5), [], 0) == (book.sides()[0][0], book.sides()[1], book.crossed_instants)


def test_rows_told_twice_too_early_or_about_strangers_are_counted_and_change_nothing(tmp_path):
    twice = [line(1, 500, "236.50", 100, "deleted", "ask")] * 2
    early = [line(8, 600, "230", 5, "deleted", "bid"), line(8, 601, "230", 5, "created", "bid")]
    piece = of_log(tmp_path, ASK_1, *twice, *early, line(9, 700, "230", 5, "deleted", "bid"))
    assert [ADD, DELETE] == piece.events["kind"].tolist()
    assert {"duplicates": 1, "out_of_order": 1, "unknown_orders": 2} == piece.findings.counts


def test_an_id_created_again_while_its_order_lives_ends_that_order(tmp_path):
    piece = of_log(
        tmp_path, ASK_1, line(1, 9_000, "240", 7, "created", "ask"), line(1, LATER, "240", 7, "deleted", "ask")
    )
    assert {"reused_ids": 1} == piece.findings.counts
    assert [(1, 100, 23_650, DELETE, -1), (1, 7, 24_000, ADD, -1), (1, 7, 24_000, DELETE, -1)] == rows(piece)[1:]


def test_a_creation_told_twice_is_one_order(tmp_path):
    piece = of_log(tmp_path, ASK_1, ASK_1)
    assert ({"duplicates": 1}, [(1, 100, 23_650, ADD, -1)]) == (piece.findings.counts, rows(piece))


@pytest.mark.parametrize("later_ms", [4_000, 15_000, 70_000])
def test_an_id_created_again_after_its_deletion_is_a_new_order(tmp_path, later_ms):
    again = 5_000 + later_ms
    piece = of_log(
        tmp_path,
        ASK_1,
        line(1, 5_000, "236.50", 100, "deleted", "ask"),
        line(1, again, "240", 7, "created", "ask"),
        line(1, again + 100, "240", 3, "changed", "ask"),
        line(1, again + 9_000, "240", 3, "deleted", "ask"),
    )
    shown = [(1, 7, 24_000, ADD, -1), (1, 4, 24_000, EXECUTE, -1), (1, 3, 24_000, DELETE, -1)]
    assert shown == rows(piece)[2:]
    assert ({"reused_ids": 1} if again < 65_000 else {}) == piece.findings.counts


def test_a_resting_order_that_is_moved_leaves_and_comes_again(tmp_path):
    piece = of_log(tmp_path, ASK_1, line(1, LATER, "237", 100, "changed", "ask"))
    assert [(1, 100, 23_650, DELETE, -1), (1, 100, 23_700, ADD, -1)] == rows(piece)[1:]


def test_a_clock_that_goes_back_is_counted_and_held_still(tmp_path):
    piece = of_log(tmp_path, line(1, 50, "1", 1, "created", "bid"), line(2, 20, "1", 1, "created", "bid"))
    assert ({"clock_reversals": 1}, 0) == (piece.findings.counts, int(np.ptp(piece.events["time_ns"])))
    assert (f"order 2 at {BEGIN + 20} ms after {BEGIN + 50} ms",) == piece.findings.examples["clock_reversals"]


def random_log(seed, trades=200):
    """A log made by a market that works: (lines, lots traded), each trade as its two rows in either order."""
    rng = random.Random(seed)
    lines, live, now, traded = [], {}, 0, 0
    for order_id in range(1, 4 * trades):
        now += rng.randrange(200, 900)
        side = rng.choice((1, -1))
        price, volume = rng.randrange(95, 106), rng.randrange(20, 400)
        name = {1: "bid", -1: "ask"}
        lines.append(line(order_id, now, price, volume, "created", name[side]))
        crossing = sorted((-side * -p, k) for k, (s, p, _) in live.items() if s == -side and side * (price - p) >= 0)
        for _, maker in crossing if side > 0 else crossing[::-1]:
            if not volume:
                break
            _, at, left = live[maker]
            met = min(volume, left)
            volume, left, traded, now = volume - met, left - met, traded + met, now + rng.randrange(20, 40)
            halves = [(maker, at, left, name[-side]), (order_id, price, volume, name[side])]
            rng.shuffle(halves)
            for lag, (one, own, rest, side_name) in enumerate(halves):
                lines.append(line(one, now + lag, own, rest, "changed" if rest else "deleted", side_name))
            live.pop(maker)
            if left:
                live[maker] = (-side, at, left)
        if volume:
            live[order_id] = (side, price, volume)
        if live and rng.random() < 0.3:
            now += 600
            gone = rng.choice(list(live))
            of, at, left = live.pop(gone)
            lines.append(line(gone, now, at, left, "deleted", name[of]))
    return lines, traded, live


@pytest.mark.parametrize("seed", range(5))
def test_a_log_of_a_market_that_works_gives_its_book_and_its_volume(tmp_path, seed):
    lines, traded, live = random_log(seed)
    piece = of_log(tmp_path, *lines)
    book = Book(piece.events, depth=20)
    book.run(1 << 62)
    levels = {side: {} for side in (1, -1)}
    for side, price, left in live.values():
        levels[side][price] = levels[side].get(price, 0) + left
    assert (0, 0, traded) == (book.crossed_instants, book.phantoms, book.volume_lots)
    assert levels == {side: {p // 100: n for p, n in shown} for side, shown in zip((1, -1), book.sides(), strict=True)}
    assert not np.any(piece.events["kind"] == REDUCE)


# Days, ticks, files.


def test_each_utc_day_begins_with_a_picture_of_the_orders_that_stand(tmp_path):
    day = 86_400_000
    lines = [
        ASK_1,
        ASK_2,
        line(1, 500, "236.50", 40, "changed", "ask"),
        line(2, day + 9, "236.60", 100, "deleted", "ask"),
    ]
    first, second = read(write(tmp_path, *lines), tick_size=CENT)
    assert [dt.date(2015, 5, 1), dt.date(2015, 5, 2)] == [one.instrument.session.date for one in (first, second)]
    assert [(1, 40, 23_650, ADD, -1), (2, 100, 23_660, ADD, -1), (2, 100, 23_660, DELETE, -1)] == rows(second)
    assert [SNAPSHOT, SNAPSHOT, 0] == second.events["flags"].tolist()


def test_the_picture_of_a_day_queues_an_order_that_had_to_wait_behind_those_that_joined_meanwhile(tmp_path):
    waits, joins = line(2, 10, "236.50", 5, "created", "bid"), line(3, 20, "236.40", 5, "created", "bid")
    moved = line(2, 600, "236.40", 5, "changed", "bid")
    gone = line(1, 86_400_009, "236.50", 100, "deleted", "ask")
    _, second = read(write(tmp_path, ASK_1, waits, joins, moved, gone), tick_size=CENT)
    assert [1, 3, 2] == second.events["order_id"][second.events["flags"] == SNAPSHOT].tolist()


def test_only_the_days_asked_for_are_given(tmp_path):
    path = write(tmp_path, ASK_1, line(1, 86_400_000, "236.50", 100, "deleted", "ask"))
    (second,) = read(path, first=dt.date(2015, 5, 2))
    assert [ADD, DELETE] == second.events["kind"].tolist()
    (recording,) = bitstamp.recordings([path])
    assert (dt.date(2015, 5, 1), dt.date(2015, 5, 2)) == (recording.first, recording.last)


def test_the_tick_is_a_power_of_ten_that_fits_and_another_is_refused(tmp_path):
    fine, coarse = line(2, 0, "0.00000300", 1, "created", "bid"), line(1, 0, "236.5", 1, "created", "ask")
    assert [Decimal("0.000001"), Decimal("0.1")] == [
        read(write(tmp_path, one))[0].instrument.tick_size for one in (fine, coarse)
    ]
    path = write(tmp_path, coarse, fine)
    with pytest.raises(
        BadParameter, match=r"tick_size 0.01 does not divide 0.000003, which is in the data; use 0.000001"
    ):
        read(path, tick_size=CENT)
    path = write(tmp_path, coarse, line(2, 0, "0.00000001", 1, "created", "bid"))
    with pytest.raises(BadParameter, match=r"price 236.5 is above .* ticks; use a larger tick_size"):
        read(path)


def test_volumes_in_coins_are_counted_in_units_of_1e_8(tmp_path):
    piece = of_log(tmp_path, line(1, 0, "1", "0.00000012", "created", "bid"), line(2, 0, "1", "92.5", "created", "bid"))
    assert [12, 9_250_000_000] == piece.events["lots"].tolist()


def many(count, volume, *, first=1):
    return [line(n, n, "230", volume, "created", "bid") for n in range(first, first + count)]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(bitstamp, "chunks", functools.partial(chunks, size=1 << 10))


@pytest.mark.usefixtures("small_parts")
def test_whole_coins_late_in_a_log_of_coins_are_coins(tmp_path):
    (piece,) = read(write(tmp_path, *many(90, "1.5"), *many(90, "2", first=91)))
    assert [150_000_000] * 90 + [200_000_000] * 90 == piece.events["lots"].tolist()


@pytest.mark.usefixtures("small_parts")
def test_coins_after_many_whole_numbers_are_refused_for_nobody_knows_what_those_were(tmp_path):
    path = write(tmp_path, *many(90, "2"), *many(90, "1.5", first=91))
    with pytest.raises(BadData, match=r"btcusd.csv after row .*: volume '1.5' is in coins, those before it are whole"):
        read(path)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (",".join(f'"{name}"' for name in bitstamp.COLUMNS), '1,{},0,236.5,100,"created","ask"'),
        ('"",' + ",".join(f'"{name}"' for name in bitstamp.COLUMNS), '"{}",1,{},0,236.5,100,"created","ask"'),
        (",".join(f'"{name}"' for name in bitstamp.COLUMNS), '"1","{}","0","236.5","100","created","ask"'),
        ("\ufeff" + ",".join(bitstamp.COLUMNS), "1,{},0,236.5,100,created,ask"),
        (", ".join(bitstamp.COLUMNS), "1,{},0,236.5,100,created,ask"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_logs_as_programs_write_them_are_read(tmp_path, header, row, end):
    path, day = tmp_path / "btcusd.csv", 86_400_000
    cells = [[BEGIN + ms] * (row.count("{}")) for ms in (0, day)]
    path.write_bytes((end.join([header, *(row.format(*one) for one in cells)]) + end).encode())
    (recording,) = bitstamp.recordings([path])
    assert (True, dt.date(2015, 5, 1), dt.date(2015, 5, 2)) == (
        bitstamp.recognises(path),
        recording.first,
        recording.last,
    )
    assert [(1, 100, 2_365, ADD, -1)] == rows(read(path, last=dt.date(2015, 5, 1))[0])


def test_logs_that_follow_one_another_are_one_recording_and_copies_are_not(tmp_path):
    begin = [ASK_1, line(2, 500, "236.60", 100, "created", "ask")]
    end = [line(1, 500, "236.50", 100, "deleted", "ask"), line(2, LATER, "236.60", 100, "deleted", "ask")]
    paths = [
        write(tmp_path, *begin, name="btcusd-1.csv"),
        write(tmp_path, *end, name="btcusd-2.csv"),
        write(tmp_path, *begin, name="btcusd-copy.csv"),
        write(tmp_path, *begin, *end, name="btcusd-whole.csv"),
    ]
    files = [[path.name for path in one.files] for one in bitstamp.recordings(paths)]
    assert [["btcusd-1.csv", "btcusd-2.csv"], ["btcusd-copy.csv"], ["btcusd-whole.csv"]] == files
    one = [write(tmp_path, ASK_1, name=f"ethusd{n}.csv") for n in (1, 2)]
    assert 2 == len(bitstamp.recordings(one))


@pytest.mark.parametrize("wanted", [(), ("BTCUSD", "ESH4")])
def test_a_log_that_names_no_symbol_needs_one(tmp_path, wanted):
    path = write(tmp_path, ASK_1, name="orders.csv")
    with pytest.raises(BadParameter, match=r"orders.csv does not name its symbol; say which, .* bitstamp:BTCUSD"):
        read(path, symbols=frozenset(wanted))


@pytest.mark.parametrize(
    ("name", "wanted", "symbol"),
    [
        ("btcusd.csv", (), "BTCUSD"),
        ("bitstamp_ETH-EUR_2020.csv.gz", (), "ETHEUR"),
        ("orders.csv.xz", ("BTCUSD",), "BTCUSD"),
    ],
)
def test_the_symbol_is_in_the_name_or_the_one_asked_for(tmp_path, name, wanted, symbol):
    (piece,) = read(write(tmp_path, ASK_1, name=name), symbols=frozenset(wanted))
    assert symbol == piece.instrument.symbol


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_logs_are_recognised_and_read_however_they_are_packed(tmp_path, pack):
    path, told = write(tmp_path, ASK_1, ASK_2, name="x", pack=pack), []
    assert bitstamp.recognises(path)
    assert 2 == len(
        read(path, symbols=frozenset({"BTCUSD"}), progress=lambda done, whole: told.append((done, whole)))[0].events
    )
    assert (path.stat().st_size,) * 2 == told[-1]


@pytest.mark.parametrize("content", [b"", b"id,timestamp\n", b"\xfd7zXZ\x00", b"\x1f\x8b12345"])
def test_other_files_are_not_recognised(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert not bitstamp.recognises(path)


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ("3,x,0,1,1,created,bid", "timestamp 'x' cannot be"),
        ("3,5,0,-1,1,created,bid", "price '-1' cannot be"),
        ("3,5,0,0,1,created,bid", "price '0' cannot be"),
        ("3,5,0,1.123456789,1,created,bid", "price '1.123456789' cannot be"),
        ("3,5,0,1,-1,created,bid", "volume '-1' cannot be"),
        ("3,5,0,1,9007199254740992,created,bid", "volume '9007199254740992' cannot be"),
        ("3,5,0,1,1,made,bid", "action 'made' cannot be"),
        ("3,5,0,1,1,created,buy", "direction 'buy' cannot be"),
        ("0,5,0,1,1,created,bid", "id '0' cannot be"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_row_column_and_value(tmp_path, bad, shown):
    with pytest.raises(BadData, match=f"btcusd.csv row 3: {shown}"):
        read(write(tmp_path, ASK_1, bad))


def test_a_log_that_ends_inside_a_row_is_refused(tmp_path):
    path = write(tmp_path, ASK_1, ASK_2)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadData, match=r"btcusd.csv ends inside row 3: '2,1430438400000"):
        read(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_a_log_that_ends_inside_its_packing_is_refused(tmp_path, pack):
    lines = [line(n, n, "236.50", n, "created", "ask") for n in range(1, 5_000)]
    path = write(tmp_path, *lines, pack=pack)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadData, match=r"btcusd.csv cannot be unpacked beyond byte"):
        read(path)


def test_a_log_without_rows_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"btcusd.csv has no rows"):
        bitstamp.recordings([write(tmp_path)])


def test_a_damaged_log_is_left_out_where_others_are_not(tmp_path):
    good, bad = write(tmp_path, ASK_1, name="btcusd.csv"), write(tmp_path, name="ethusd.csv")
    assert [(good,)] == [one.files for one in bitstamp.recordings([bad, good])]


def test_a_log_mostly_about_strangers_is_refused_a_replay(tmp_path):
    strangers = [line(n, n, "230", 5, "deleted", "bid") for n in range(2, 200)]
    assert "198 messages beside 1 others are about orders that were never introduced" in (
        of_log(tmp_path, ASK_1, *strangers).findings.refusal
    )
    assert "" == of_log(tmp_path, ASK_1, *strangers[:100]).findings.refusal
