"""ITCH 5.0 files: encoded from the specification's tables, read back, and refused where they are damaged."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal

import numpy as np
import pytest
from backports import zstd
from tests.reference.itch import directory, encode, encode_all

from nowake.data.readers import itch, tracking
from nowake.data.readers.contract import Wanted
from nowake.data.text import midnight_ns
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import ADD, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME
from nowake.sim.book import Book

NOON = 12 * 3600 * 10**9
OPEN, END = ("S", 0, 0, "O"), ("S", 0, NOON + 10**9, "C")
NAME = "S062112-v50.txt"


def write(folder, messages, name=NAME, pack=bytes):
    path = folder / name
    path.write_bytes(pack(encode_all([OPEN, *messages, END])))
    return path


def read(path, **wanted):
    (recording,) = itch.recordings([path])
    return list(itch.pieces(recording, Wanted(**wanted)))


def of_one_symbol(folder, *messages, **wanted):
    (piece,) = read(write(folder, [directory(1, "AAPL"), *messages]), **wanted)
    return piece


def rows(piece):
    return [tuple(row) for row in piece.events[["order_id", "lots", "price_ticks", "kind", "side"]].tolist()]


def add(ref, side="B", shares=100, price=5_850_000, *, locate=1, ns=NOON):
    return ("A", locate, ns, ref, side, shares, "AAPL", price)


# What messages become.


def test_every_message_about_an_order_becomes_events_of_its_side_price_and_size(tmp_path):
    piece = of_one_symbol(
        tmp_path,
        add(1),
        ("X", 1, NOON, 1, 30),
        ("E", 1, NOON, 1, 50, 7),
        ("D", 1, NOON, 1),
        add(2, "S", 10, 5_860_000),
        ("U", 1, NOON, 2, 3, 20, 5_859_900),
        ("E", 1, NOON, 3, 20, 8),
    )
    assert [
        (1, 100, 58_500, ADD, 1),
        (1, 30, 58_500, REDUCE, 1),
        (1, 50, 58_500, EXECUTE, 1),
        (1, 20, 58_500, DELETE, 1),
        (2, 10, 58_600, ADD, -1),
        (2, 10, 58_600, DELETE, -1),
        (3, 20, 58_599, ADD, -1),
        (3, 20, 58_599, EXECUTE, -1),
    ] == rows(piece)


def test_an_execution_at_another_price_prints_beside_the_displayed_book(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), ("C", 1, NOON, 1, 40, 7, "Y", 5_851_000))
    assert [(1, 40, 58_500, REDUCE, 1), (1, 40, 58_510, PRINT_HIDDEN, 1)] == rows(piece)[1:]


def test_an_execution_in_a_cross_takes_lots_and_prints_none_for_the_cross_prints_them(tmp_path):
    piece = of_one_symbol(
        tmp_path,
        add(1),
        add(2, "S"),
        ("C", 1, NOON, 1, 100, 7, "N", 5_850_000),
        ("C", 1, NOON, 2, 60, 7, "N", 5_850_000),
        ("Q", 1, NOON, 100, "AAPL", 5_850_000, 7, "O"),
    )
    assert [
        (1, 100, 58_500, DELETE, 1),
        (2, 60, 58_500, REDUCE, -1),
        (0, 100, 58_500, PRINT_CROSS, 0),
    ] == rows(piece)[2:]
    assert {"printed": 0, "in a cross, not printed": 2} == piece.findings.mixes["executions"]


def test_halts_are_told_when_trading_stops_and_when_it_goes_on(tmp_path):
    states = [("H", 1, NOON, "AAPL", state, " ", "    ") for state in "TPHQT"]
    operational = [("h", 1, NOON, "AAPL", market, action) for market, action in ("BH", "QH", "QT")]
    piece = of_one_symbol(tmp_path, *states, *operational)
    assert [HALT, RESUME, HALT, RESUME] == piece.events["kind"].tolist()


def test_who_rested_behind_a_hidden_print_is_unknown_since_the_venue_stopped_saying(tmp_path):
    prints = [("P", 1, NOON, 0, side, 10, "AAPL", 5_850_000, 3) for side in "BS"]
    messages = [directory(1, "AAPL"), *prints]
    (before,) = read(write(tmp_path, messages, "20140711.itch"))
    (after,) = read(write(tmp_path, messages, "20140714.itch"))
    assert ([1, -1], [0, -1]) == (before.events["side"].tolist(), after.events["side"].tolist())


def test_a_print_declared_void_stands_and_is_counted(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), ("E", 1, NOON, 1, 50, 7), ("B", 1, NOON, 7))
    assert {"broken_prints": 1} == piece.findings.counts
    assert [ADD, EXECUTE] == piece.events["kind"].tolist()


def test_orders_that_were_never_introduced_are_counted_and_not_invented(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), ("E", 1, NOON, 9, 1, 7), ("D", 1, NOON, 9), ("U", 1, NOON, 9, 10, 5, 5))
    assert ({"unknown_orders": 3}, [ADD]) == (piece.findings.counts, piece.events["kind"].tolist())


def test_a_reference_used_again_ends_the_former_order(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), add(1, "S", 5, 5_860_000))
    assert {"reused_ids": 1} == piece.findings.counts
    assert [(1, 100, 58_500, DELETE, 1), (1, 5, 58_600, ADD, -1)] == rows(piece)[1:]


def test_more_executed_than_there_was_is_a_fault_and_takes_what_there_was(tmp_path):
    piece = of_one_symbol(tmp_path, add(1, shares=10), ("E", 1, NOON, 1, 11, 7))
    assert (1, 10) == (piece.findings.faults, int(piece.events["lots"][1]))


def test_messages_that_go_back_in_time_are_counted_and_put_at_the_latest(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), add(2, ns=NOON - 1))
    assert {"clock_reversals": 1} == piece.findings.counts
    assert 0 == np.ptp(piece.events["time_ns"])


@pytest.mark.parametrize("owner", [1, 2])
@pytest.mark.parametrize("ahead_ns", [2**40, 2**46, 2 * 10**9])
@pytest.mark.parametrize("place", [1, 20, 36])
def test_one_stamp_far_in_the_future_is_one_unreadable_line_and_moves_nothing_else(tmp_path, owner, ahead_ns, place):
    names = [directory(1, "AAPL"), directory(2, "MSFT")]
    orders = [add(ref, locate=ref % 2 + 1, ns=NOON + ref) for ref in range(40)]
    good = {p.instrument.symbol: p for p in read(write(tmp_path, names + orders), tick_size=Decimal("0.01"))}
    place += orders[place][1] != owner
    orders[place] = add(place, locate=owner, ns=NOON + place + ahead_ns)
    bad = {p.instrument.symbol: p for p in read(write(tmp_path, names + orders), tick_size=Decimal("0.01"))}
    stamped, other = ("AAPL", "MSFT") if owner == 1 else ("MSFT", "AAPL")
    assert ({"unreadable": 1}, {}) == (bad[stamped].findings.counts, bad[other].findings.counts)
    assert good[other].events.tobytes() == bad[other].events.tobytes()
    assert 2 >= np.abs(good[stamped].events["time_ns"] - bad[stamped].events["time_ns"]).max()
    (alone,) = read(tmp_path / NAME, symbols=frozenset({stamped}), tick_size=Decimal("0.01"))
    assert bad[stamped].events.tobytes() == alone.events.tobytes()


def test_a_quiet_hour_is_no_wrong_stamp(tmp_path):
    hour = 3_600 * 10**9
    piece = of_one_symbol(
        tmp_path, *(add(ref, ns=NOON + ref * hour) for ref in range(1, 8)), add(9, ns=NOON + 7 * hour)
    )
    assert ({}, 6 * hour) == (piece.findings.counts, int(np.ptp(piece.events["time_ns"])))


def test_nanoseconds_after_midnight_in_new_york_are_kept(tmp_path):
    piece = of_one_symbol(tmp_path, add(1, ns=34_200_017_459_617))
    assert midnight_ns(piece.instrument.session) + 34_200_017_459_617 == piece.events["time_ns"][0]
    assert 17_459_617 == piece.events["time_ns"][0] - piece.instrument.session.open_ns


def test_kinds_the_specification_does_not_know_are_stepped_over_and_counted(tmp_path):
    piece = of_one_symbol(tmp_path, add(1), ("Z", 1, NOON), ("?", 1, NOON), ("N", 1, NOON, "AAPL", "A"), add(2))
    assert ({"left_out": 2}, 2) == (piece.findings.counts, len(piece.events))


def test_a_day_without_trades_is_a_day(tmp_path):
    assert 1 == len(of_one_symbol(tmp_path, add(1)).events)


# Symbols, ticks and lots.


def test_symbols_are_told_apart_and_those_not_asked_for_are_left_out(tmp_path):
    orders = [add(1, locate=7), ("A", 9, NOON, 1, "S", 3, "MSFT", 300_000), ("E", 9, NOON, 1, 1, 2)]
    path = write(tmp_path, [directory(7, "AAPL"), directory(9, "MSFT"), *orders])
    assert ("AAPL", "MSFT") == itch.recordings([path])[0].symbols
    assert {"AAPL": 1, "MSFT": 2} == {piece.instrument.symbol: len(piece.events) for piece in read(path)}
    assert ["MSFT"] == [piece.instrument.symbol for piece in read(path, symbols=frozenset({"MSFT"}))]


def test_the_tick_is_a_cent_and_stub_quotes_between_cents_move_away_from_the_market(tmp_path):
    cents = [add(ref, price=5_850_000 - 100 * ref) for ref in range(3, 300)]
    piece = of_one_symbol(tmp_path, *cents, add(1, price=150), add(2, "S", price=9_999_950), add(900, price=3))
    assert Decimal("0.01") == piece.instrument.tick_size
    assert [1, 100_000, 1] == piece.events["price_ticks"][-3:].tolist()
    assert {"off_tick": 3} == piece.findings.counts


def test_the_tick_of_a_name_below_a_dollar_is_a_hundredth_of_a_cent(tmp_path):
    piece = of_one_symbol(tmp_path, add(1, price=4_321), add(2, "S", price=4_325))
    assert (Decimal("0.0001"), [4_321, 4_325]) == (piece.instrument.tick_size, piece.events["price_ticks"].tolist())


def test_the_tick_is_the_same_whatever_else_of_the_feed_is_read(tmp_path, monkeypatch):
    names = [directory(locate, name) for locate, name in ((1, "AAPL"), (2, "MSFT"))]
    cents = [add(ref, locate=1 + ref % 2, ns=NOON + ref) for ref in range(3_000)]
    between = [add(ref, price=5_850_050, ns=NOON + ref) for ref in range(3_000, 4_000)]
    path = write(tmp_path, names + cents + between)
    (alone,) = read(path, symbols=frozenset({"AAPL"}))
    monkeypatch.setattr(tracking, "WAITING", 1_000)
    monkeypatch.setattr(itch, "_CHUNK_BYTES", 1 << 14)
    pieces = [piece for piece in read(path) if piece.instrument.symbol == "AAPL"]
    assert len(pieces) > 1
    assert {alone.instrument} == {piece.instrument for piece in pieces}
    assert alone.events.tobytes() == np.concatenate([piece.events for piece in pieces]).tobytes()
    assert 1_000 == alone.findings.counts["off_tick"]


def test_prints_between_ticks_go_to_the_nearest_half_to_even(tmp_path):
    prints = [("P", 1, NOON, 0, "B", 10, "AAPL", price, 3) for price in (5_850_050, 5_850_150, 5_850_149, 5_850_051)]
    piece = of_one_symbol(tmp_path, add(1), *prints)
    assert [58_500, 58_502, 58_501, 58_501] == piece.events["price_ticks"][1:].tolist()


def test_a_price_beyond_the_ticks_that_fit_keeps_the_cent(tmp_path):
    piece = of_one_symbol(tmp_path, add(1, price=4_294_967_250))
    assert (Decimal("0.01"), 42_949_672) == (piece.instrument.tick_size, int(piece.events["price_ticks"][0]))
    with pytest.raises(BadParameter, match=r"price 429496.7250 of AAPL is above .* ticks of 0.0001; .* 0.01"):
        of_one_symbol(tmp_path, add(1, price=4_294_967_250), tick_size=Decimal("0.0001"))


def test_a_tick_or_lot_that_does_not_fit_is_refused_with_the_value(tmp_path):
    with pytest.raises(BadParameter, match=r"tick_size 0.00001 of AAPL"):
        of_one_symbol(tmp_path, add(1), tick_size=Decimal("0.00001"))
    with pytest.raises(BadParameter, match="lot_size 100 does not divide 150 shares of AAPL"):
        of_one_symbol(tmp_path, add(1, shares=150), lot_size=Decimal(100))
    assert [2] == of_one_symbol(tmp_path, add(1, shares=200), lot_size=Decimal(100)).events["lots"].tolist()


# Files.


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("01302020.NASDAQ_ITCH50.gz", dt.date(2020, 1, 30)),
        ("20190530.BX_ITCH_50.gz", dt.date(2019, 5, 30)),
        ("S081321-v50.txt.gz", dt.date(2021, 8, 13)),
        ("itch-2012-06-21.bin", dt.date(2012, 6, 21)),
        ("feed.itch", None),
        ("99999999.itch", None),
    ],
)
def test_the_date_is_the_one_in_the_name(name, date):
    assert date == itch.date_in(name)


def test_a_file_without_a_date_needs_one(tmp_path):
    path = write(tmp_path, [directory(1, "AAPL"), add(1)], "feed.itch")
    with pytest.raises(BadParameter, match=r"feed.itch does not say its date; give one"):
        read(path)
    assert dt.date(2012, 6, 21) == read(path, first=dt.date(2012, 6, 21))[0].instrument.session.date


def test_a_day_that_is_not_wanted_is_not_read(tmp_path):
    assert [] == read(write(tmp_path, [directory(1, "AAPL"), add(1)]), last=dt.date(2012, 6, 20))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_packed_files_are_recognised_and_read_by_content(tmp_path, pack):
    path = write(tmp_path, [directory(1, "AAPL"), add(1)], "062112", pack)
    told = []
    (piece,) = read(path, progress=lambda done, whole: told.append((done, whole)))
    assert (True, 1) == (itch.recognises(path), len(piece.events))
    assert (path.stat().st_size,) * 2 == told[-1]


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"id,timestamp\n1,2\n", encode(OPEN)[:-1] + b"xx" * 40, b"\x00\x0cZ" * 9]
)
def test_other_files_are_not_recognised(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert not itch.recognises(path)


def test_a_file_that_ends_inside_a_message_is_refused_with_the_byte(tmp_path):
    path = write(tmp_path, [directory(1, "AAPL"), add(1)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(BadData, match=rf"{NAME} is cut short: it ends inside the message at byte {len(whole) - 14}"):
        read(path)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_packed_file_that_ends_too_early_is_refused(tmp_path, pack):
    path = write(tmp_path, [directory(1, "AAPL"), *(add(ref) for ref in range(1, 5_000))], pack=pack)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadData, match=f"{NAME} cannot be unpacked beyond byte .*; copy it again"):
        read(path)


def test_a_packed_file_cut_inside_its_first_kilobytes_is_known_for_what_it_is(tmp_path):
    sizes = np.random.default_rng(5).integers(1, 2**31, 4_000).tolist()
    orders = [add(ref, shares=shares) for ref, shares in enumerate(sizes)]
    path = write(tmp_path, [directory(1, "AAPL"), *orders], pack=gzip.compress)
    path.write_bytes(path.read_bytes()[: 1 << 12])
    assert itch.recognises(path)


def test_a_message_of_a_wrong_length_is_refused_with_byte_and_kind(tmp_path):
    path = write(tmp_path, [directory(1, "AAPL")])
    good = path.read_bytes()
    path.write_bytes(good + b"\x00\x10D" + bytes([0, 1]) + bytes(20))
    with pytest.raises(BadData, match=rf"byte {len(good)}: message 'D' of 16 bytes, not 19; this is no ITCH 5.0"):
        read(path)


def test_zeros_after_the_last_message_end_the_file(tmp_path):
    path = write(tmp_path, [directory(1, "AAPL"), add(1)])
    path.write_bytes(path.read_bytes() + bytes(64))
    assert 1 == len(read(path)[0].events)


def test_a_file_that_ends_before_the_venue_said_so_is_told(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(encode_all([OPEN, directory(1, "AAPL"), add(1)]))
    assert "ends before the venue said" in read(path)[0].findings.notes[0]
    assert () == of_one_symbol(tmp_path, add(1)).findings.notes


# Against a whole day.


def as_itch(events, locate, since_ns):
    """A day's events as messages."""
    out = []
    for time_ns, ref, lots, ticks, kind, side, _ in events.tolist():
        ns, letter = time_ns - since_ns, {REDUCE: "X", DELETE: "D", EXECUTE: "E"}.get(kind)
        if kind == ADD:
            out.append(("A", locate, ns, ref, "B" if side > 0 else "S", lots, "GEN", 100 * ticks))
        else:
            out.append((letter, locate, ns, ref, *{"D": (), "X": (lots,), "E": (lots, 5)}[letter]))
    return out


def test_a_generated_day_comes_back_event_for_event_and_its_book_as_well(tmp_path, generated_day):
    session = generated_day.instrument.session
    messages = [directory(3, "GEN"), *as_itch(generated_day.events, 3, midnight_ns(session))]
    parts = read(write(tmp_path, messages, f"{session.date:%Y%m%d}.itch"))
    events = np.concatenate([piece.events for piece in parts])
    assert generated_day.instrument.session == parts[0].instrument.session
    assert generated_day.events.tobytes() == events.tobytes()
    books = [Book(one, depth=5) for one in (generated_day.events, events)]
    for book in books:
        book.run(session.close_ns)
    assert books[0].sides() == books[1].sides()
    assert (0, 0) == (books[1].phantoms, books[1].crossed_instants)
