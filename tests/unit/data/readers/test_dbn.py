"""DBN files of every version: orders, quotes and trades out of records, and refusals of what is damaged."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from backports import zstd
from tests.reference.dbn import LAST, PICTURE, UNDEFINED, Mbo, encode, encode_quote, header

from nowake.data.assemble import days
from nowake.data.readers import dbn, registry
from nowake.data.readers.contract import Wanted
from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.domain.units import NS_PER_DAY, NS_PER_SECOND, epoch_ns
from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME, SNAPSHOT
from nowake.sim.book import Book


def at(text):
    return epoch_ns(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


NOON = at("2023-12-26T18:00")  # In Chicago.
DATE = dt.date(2023, 12, 26)


def mbo(action, side="N", order_id=0, price=100, size=1, **more):
    return Mbo(action, side, order_id, price * 10**9, size, **({"ts": NOON} | more))


def write(folder, *records, name="a.dbn", pack=bytes, **head):
    """A file; records are Mbo or bytes."""
    path = folder / name
    body = b"".join(one if isinstance(one, bytes) else encode(one) for one in records)
    path.write_bytes(pack(header(**head) + body))
    return path


def read(*paths, **wanted):
    (recording,) = dbn.recordings(paths)
    return list(dbn.pieces(recording, Wanted(**wanted)))


def rows(piece):
    return [tuple(row) for row in piece.events[["order_id", "lots", "price_ticks", "kind", "side"]].tolist()]


def of_orders(folder, *records, **head):
    (piece,) = read(write(folder, *records, **head), tick_size=Decimal(1))
    return piece


# What records become.


def test_a_trade_executes_the_resting_orders_once_though_their_ends_are_told_again(tmp_path):
    piece = of_orders(
        tmp_path,
        mbo("A", "A", 1, size=2),
        mbo("A", "A", 2, size=3),
        mbo("T", "B", 9, size=4, flags=0),
        mbo("F", "A", 1, size=2, flags=0),
        mbo("F", "A", 2, size=2, flags=0),
        mbo("C", "A", 1, size=2, flags=0),
        mbo("M", "A", 2, size=1),
    )
    assert [(1, 2, 100, EXECUTE, -1), (2, 2, 100, EXECUTE, -1)] == rows(piece)[2:]
    book = Book(piece.events)
    book.run(NOON)
    assert ([], [(100, 1)]) == book.sides()


def test_an_order_amended_into_the_market_takes_and_is_not_executed(tmp_path):
    piece = of_orders(
        tmp_path,
        mbo("A", "A", 1, 101),
        mbo("A", "B", 2, 100, 2),
        mbo("T", "B", 2, 101, flags=0),
        mbo("F", "B", 2, 101, flags=0),
        mbo("F", "A", 1, 101, flags=0),
        mbo("C", "A", 1, 101, flags=0),
        mbo("M", "B", 2, 101),
    )
    assert [(1, 1, 101, EXECUTE, -1), (2, 2, 100, DELETE, 1), (2, 1, 101, ADD, 1)] == rows(piece)[2:]


def test_the_reserve_of_an_iceberg_prints_beside_the_book_and_its_next_part_joins_the_end(tmp_path):
    piece = of_orders(
        tmp_path,
        mbo("A", "B", 1),
        mbo("T", "A", 9, size=3, flags=0),
        mbo("F", "B", 1, size=3, flags=0),
        mbo("M", "B", 1, size=2),
    )
    assert [(1, 1, 100, EXECUTE, 1), (1, 2, 100, PRINT_HIDDEN, 1), (1, 2, 100, ADD, 1)] == rows(piece)[1:]
    assert 0 == piece.findings.faults


def test_lots_of_a_trade_that_no_fill_explains_print_beside_the_book_also_at_the_end(tmp_path):
    piece = of_orders(tmp_path, mbo("T", "B", 9, size=5, flags=0), mbo("A", "B", 1), mbo("T", "A", 9, size=2))
    assert [(0, 5, 100, PRINT_HIDDEN, -1), (1, 1, 100, ADD, 1), (0, 2, 100, PRINT_HIDDEN, 1)] == rows(piece)


def test_a_trade_without_a_side_is_a_cross_where_orders_of_both_sides_are_filled(tmp_path):
    auction = [mbo("T", "N", 0, size=1, flags=0), mbo("F", "N", 1, flags=0), mbo("F", "N", 2, flags=0)]
    ends = [mbo("C", "B", 1, 101, flags=0), mbo("C", "A", 2, 99)]
    piece = of_orders(tmp_path, mbo("A", "B", 1, 101), mbo("A", "A", 2, 99), *auction, *ends)
    assert [(0, 1, 100, PRINT_CROSS, 0), (1, 1, 101, DELETE, 1), (2, 1, 99, DELETE, -1)] == rows(piece)[2:]


def test_fewer_lots_keep_the_place_and_more_or_another_price_lose_it(tmp_path):
    amended = [mbo("M", "B", 1, 100, 4), mbo("M", "B", 1, 100, 6), mbo("M", "B", 1, 101, 6)]
    piece = of_orders(tmp_path, mbo("A", "B", 1, 100, 5), *amended)
    assert [
        (1, 1, 100, REDUCE, 1),
        (1, 4, 100, DELETE, 1),
        (1, 6, 100, ADD, 1),
        (1, 6, 100, DELETE, 1),
        (1, 6, 101, ADD, 1),
    ] == rows(piece)[1:]


def test_a_clear_empties_the_book_and_ids_may_come_again(tmp_path):
    piece = of_orders(tmp_path, mbo("A", "B", 1), mbo("R", price=0), mbo("A", "A", 1, 105))
    assert [ADD, CLEAR, ADD] == piece.events["kind"].tolist()
    assert {} == piece.findings.counts


def test_a_picture_replaces_what_stood_and_is_of_when_it_was_taken(tmp_path):
    old = at("2023-12-22T12:00")
    picture = [mbo("A", "B", n, ts=old, recv=NOON + 5, flags=PICTURE | 8) for n in (1, 2)]
    piece = of_orders(tmp_path, mbo("A", "B", 1), *picture, mbo("C", "B", 2, ts=NOON + 9))
    assert [ADD, CLEAR, ADD, ADD, DELETE] == piece.events["kind"].tolist()
    assert [0, 0, SNAPSHOT, SNAPSHOT, 0] == piece.events["flags"].tolist()
    assert [NOON, NOON + 5, NOON + 5, NOON + 5, NOON + 9] == piece.events["time_ns"].tolist()


def test_the_two_clocks_are_the_receipts(tmp_path):
    records = [mbo("A", "B", 1, recv=NOON + 300), mbo("C", "B", 1, recv=NOON + 200, flags=0), mbo("A", "B", 2)]
    piece = of_orders(tmp_path, *records)
    assert [300, 5] == (piece.receipts.local_ns - piece.receipts.venue_ns).tolist()
    assert 5.0 == piece.findings.measures["least_latency_ns"]


def test_a_clock_that_runs_behind_gives_no_negative_latency(tmp_path):
    piece = of_orders(tmp_path, mbo("A", "B", 1, recv=NOON - 300))
    assert ([0], -300.0) == (
        (piece.receipts.local_ns - piece.receipts.venue_ns).tolist(),
        piece.findings.measures["least_latency_ns"],
    )


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        ([mbo("C", "B", 9)], {"unknown_orders": 1}),
        ([mbo("A", "B", 1, 99)], {"reused_ids": 1}),
        ([mbo("C", "B", 1, size=7)], {"overdrawn_orders": 1}),
        ([mbo("A", "B", 2, ts=NOON - 1)], {"clock_reversals": 1}),
        ([mbo("A", "B", 2, flags=LAST | 4), mbo("A", "B", 3, flags=LAST | 4)], {"sequence_gaps": 1}),
        ([Mbo("A", "B", 2, UNDEFINED, 1, NOON), mbo("A", "N", 3), mbo("A", "B", 4, size=0)], {"unreadable": 3}),
    ],
)
def test_what_cannot_be_taken_at_its_word_is_counted(tmp_path, records, counts):
    assert counts == of_orders(tmp_path, mbo("A", "B", 1), *records).findings.counts


def test_sizes_of_32_bits_and_prices_below_zero_are_kept(tmp_path):
    piece = of_orders(tmp_path, mbo("A", "B", 2**62, -3, 2**32 - 1))
    assert [(2**62, 2**32 - 1, -3, ADD, 1)] == rows(piece)
    assert piece.instrument.negative_prices


@pytest.mark.parametrize("ahead_ns", [2 * NS_PER_SECOND, NS_PER_DAY, 2**60])
@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_stamp_far_beyond_the_recorders_is_one_unreadable_line_and_ends_no_day(tmp_path, ahead_ns, place):
    orders = [mbo("A", "B", n, ts=NOON + n, instrument_id=7 + n % 2) for n in range(10)]
    good = {p.instrument.symbol: p for p in read(write(tmp_path, *orders), tick_size=Decimal(1))}
    orders[place] = mbo("A", "B", place, ts=NOON + place + ahead_ns, recv=NOON + place + 5, instrument_id=7 + place % 2)
    bad = {p.instrument.symbol: p for p in read(write(tmp_path, *orders), tick_size=Decimal(1))}
    stamped, other = ("8", "ESH4") if place % 2 else ("ESH4", "8")
    counts = dict(bad[stamped].findings.counts)
    assert 1 == counts.pop("unreadable")
    assert {} == (bad[other].findings.counts if place else {})
    assert ({}, 9) == (counts if place else {}, len(bad[stamped].receipts.local_ns) + len(bad[other].receipts.local_ns))
    for symbol, piece in good.items():
        assert rows(piece) == rows(bad[symbol])
        assert 5 >= np.abs(piece.events["time_ns"] - bad[symbol].events["time_ns"]).max()


def test_a_recorder_whose_clock_is_an_hour_behind_is_believed_to_be_so(tmp_path):
    hour = 3_600 * NS_PER_SECOND
    orders = [mbo("A", "B", n, ts=NOON + n, recv=NOON + n - hour) for n in range(9)]
    piece = of_orders(tmp_path, *orders)
    assert ({}, list(range(9))) == (piece.findings.counts, (piece.events["time_ns"] - NOON).tolist())
    assert -hour == piece.findings.measures["least_latency_ns"]


def test_a_date_begins_when_both_clocks_say_so(tmp_path):
    evening = at("2023-12-26T22:30")
    slow = mbo("A", "B", 2, ts=evening + 3, recv=evening - 300)
    days = read(write(tmp_path, mbo("A", "B", 1), slow, mbo("A", "B", 3, ts=evening + 9)), tick_size=Decimal(1))
    added = [day.events["order_id"][day.events["kind"] == ADD].tolist() for day in days]
    assert [[1, 2], [1, 2, 3]] == added


# Instruments, ticks, dates.


def test_instruments_of_a_file_are_told_apart_and_those_without_a_name_are_called_by_their_id(tmp_path):
    path = write(tmp_path, mbo("A", "B", 1), mbo("A", "B", 1, 50, instrument_id=8), mbo("C", "B", 1))
    assert {"ESH4": 2, "8": 1} == {piece.instrument.symbol: len(piece.events) for piece in read(path)}
    assert ["8"] == [piece.instrument.symbol for piece in read(path, symbols=frozenset({"8"}))]


def test_the_same_order_id_in_two_instruments_is_two_orders(tmp_path):
    path = write(tmp_path, mbo("A", "B", 1), mbo("A", "A", 1, 50, instrument_id=8), mbo("C", "A", 1, instrument_id=8))
    assert {"ESH4": [ADD], "8": [ADD, DELETE]} == {p.instrument.symbol: p.events["kind"].tolist() for p in read(path)}


def test_the_tick_is_the_greatest_that_divides_the_prices_and_another_is_refused(tmp_path):
    path = write(tmp_path, Mbo("A", "B", 1, 4_799_250_000_000, 1, NOON), Mbo("A", "A", 2, 4_800_000_000_000, 1, NOON))
    (piece,) = read(path)
    assert (Decimal("0.75"), [6_399, 6_400]) == (piece.instrument.tick_size, piece.events["price_ticks"].tolist())
    assert "tick of 0.75" in piece.findings.notes[0]
    with pytest.raises(BadParameter, match=r"price 4799.25 of ESH4 is not a multiple of tick_size 1; .* 0.25"):
        read(path, tick_size=Decimal(1))


def test_the_tick_of_a_date_fits_the_prices_of_all_dates_whichever_are_read(tmp_path):
    evening = at("2023-12-26T23:30")
    path = write(tmp_path, mbo("A", "B", 1, 5), Mbo("A", "B", 2, 5_070_000_000, 1, evening))
    both, first = read(path), read(path, last=DATE)
    assert [Decimal("0.01")] * 3 == [piece.instrument.tick_size for piece in (*both, *first)]
    assert ["0.01" in piece.findings.notes[0] for piece in both] == [True, True]


def test_a_trading_date_begins_the_evening_before_and_ends_in_the_afternoon(tmp_path):
    evening, afternoon = at("2023-12-25T22:30"), at("2023-12-26T22:29:59")
    records = [
        mbo("A", "B", 1, ts=evening),
        mbo("A", "B", 2, ts=afternoon),
        mbo("A", "B", 3, ts=afternoon + NS_PER_SECOND),
    ]
    first, second = read(write(tmp_path, *records), tick_size=Decimal(1))
    assert (DATE, dt.date(2023, 12, 27)) == (first.instrument.session.date, second.instrument.session.date)
    assert [1, 2] == first.events["order_id"][first.events["kind"] == ADD].tolist()
    assert [1, 2, 3] == second.events["order_id"][second.events["kind"] == ADD].tolist()
    assert [SNAPSHOT, SNAPSHOT, 0] == second.events["flags"][second.events["kind"] == ADD].tolist()
    assert [DATE] == [p.instrument.session.date for p in read(tmp_path / "a.dbn", last=DATE, tick_size=Decimal(1))]


def test_every_trading_date_of_a_file_is_a_day_and_its_picture_is_of_its_begin(tmp_path):
    evenings = [at(f"2023-12-{day}T23:30") for day in (25, 26, 27)]
    days = read(write(tmp_path, *(mbo("A", "B", n, ts=ts) for n, ts in enumerate(evenings, 1))), tick_size=Decimal(1))
    assert [26, 27, 28] == [one.instrument.session.date.day for one in days]
    added = [one.events[one.events["kind"] == ADD] for one in days]
    assert [[1], [1, 2], [1, 2, 3]] == [one["order_id"].tolist() for one in added]
    assert at("2023-12-26T22:30") == added[1]["time_ns"][0]


def test_an_order_filled_before_a_date_ends_is_not_in_the_picture_of_the_next(tmp_path):
    last, first = at("2023-12-26T22:29:59"), at("2023-12-26T22:30:01")
    trade = [mbo("T", "A", 9, ts=last, flags=0), mbo("F", "B", 1, ts=last, flags=0), mbo("C", "B", 1, ts=first)]
    _, second = read(write(tmp_path, mbo("A", "B", 1), mbo("A", "B", 2), *trade), tick_size=Decimal(1))
    assert [2] == second.events["order_id"][second.events["kind"] != HALT].tolist()


def test_a_trade_that_ends_a_date_is_printed_on_it(tmp_path):
    trade = mbo("T", "B", 9, size=5, ts=at("2023-12-26T22:29:59"))
    first, second = read(write(tmp_path, trade, mbo("A", "B", 1, ts=at("2023-12-26T22:31"))), tick_size=Decimal(1))
    assert [PRINT_HIDDEN] == first.events["kind"].tolist()
    assert [HALT, ADD] == second.events["kind"].tolist()


def test_more_instruments_than_there_is_room_for_are_refused(tmp_path):
    path = write(tmp_path, *(mbo("A", "B", 1, instrument_id=n) for n in range(1, (1 << 15) + 2)))
    with pytest.raises(OutOfCapacity, match=r"a.dbn holds more than 32,768 instruments"):
        read(path, symbols=frozenset({"5"}))


def test_the_picture_of_a_new_date_keeps_the_queue(tmp_path):
    evening = at("2023-12-26T22:31")
    records = [mbo("A", "B", 5), mbo("A", "B", 3), mbo("A", "B", 4), mbo("M", "B", 5, 100, 2), mbo("C", "B", 4)]
    _, second = read(write(tmp_path, *records, mbo("A", "B", 1, ts=evening)), tick_size=Decimal(1))
    book = Book(second.events)
    while book.run(evening):
        pass
    assert [3, 5, 1] == [order_id for _, order_id, _, _ in book.queue(1, 100)]


def test_before_the_open_trading_is_halted_until_the_auction_uncrossed_the_book(tmp_path):
    opens = at("2023-12-25T23:00")
    before = [
        mbo("A", "B", 1, 101, ts=opens - 50),
        mbo("A", "A", 2, 99, ts=opens - 40),
        mbo("A", "A", 3, 105, ts=opens - 9),
    ]
    auction = [mbo("T", "N", 0, 100, ts=opens, flags=0), mbo("F", "N", 1, ts=opens, flags=0)]
    auction += [mbo("C", "B", 1, 101, ts=opens, flags=0), mbo("C", "A", 2, 99, ts=opens)]
    piece = of_orders(tmp_path, *before, *auction, mbo("A", "B", 4, ts=opens + 7))
    assert [HALT, ADD, ADD, ADD, PRINT_CROSS, DELETE, DELETE, RESUME, ADD] == piece.events["kind"].tolist()
    assert [opens - 50, opens] == piece.events["time_ns"][np.isin(piece.events["kind"], (HALT, RESUME))].tolist()
    assert {"auction_crossed_instants": 2} == piece.findings.counts


def test_without_an_auction_trading_begins_at_the_open(tmp_path):
    opens = at("2023-12-25T23:00")
    piece = of_orders(tmp_path, mbo("A", "B", 1, ts=opens - 50), mbo("A", "B", 2, ts=opens + 9))
    assert [HALT, ADD, RESUME, ADD] == piece.events["kind"].tolist()
    assert [opens - 50, opens - 50, opens, opens + 9] == piece.events["time_ns"].tolist()


def test_a_dataset_without_a_calendar_has_utc_days(tmp_path):
    (piece,) = read(write(tmp_path, mbo("A", "B", 1), dataset="NONE.SUCH"))
    session = piece.instrument.session
    assert (DATE, NS_PER_DAY) == (session.date, session.close_ns - session.open_ns)
    assert "No calendar is known for NONE" in piece.findings.notes[-1]


def test_files_that_follow_one_another_are_one_recording_and_others_are_not(tmp_path):
    days = [at(f"2023-12-{day}T00:00") for day in (20, 21, 22, 27)]
    for begin in (days[0], days[1], days[3]):
        write(
            tmp_path,
            mbo("A", "B", begin % 1_000 + 1, ts=begin),
            name=f"{begin}.dbn",
            start=begin,
            end=begin + NS_PER_DAY,
        )
    paths = sorted(tmp_path.iterdir(), reverse=True)
    assert [2, 1] == [len(one.files) for one in dbn.recordings(paths)]
    assert ("ESH4",) == dbn.recordings(paths)[0].symbols


def test_a_utc_file_of_an_american_venue_begins_on_the_date_of_its_first_record(tmp_path):
    begins, date = at("2023-12-27T00:00"), dt.date(2023, 12, 27)
    head = {"dataset": "XNAS.ITCH", "start": begins, "end": begins + NS_PER_DAY}
    path = write(tmp_path, mbo("A", "B", 1, ts=at("2023-12-27T14:30")), **head)
    (recording,) = dbn.recordings([path])
    assert (date, date) == (recording.first, recording.last)
    odd = write(tmp_path, mbo("A", "B", 1, ts=NOON + 900 * NS_PER_DAY), **head)
    assert (DATE, date) == (dbn.recordings([odd])[0].first, dbn.recordings([odd])[0].last)


@pytest.mark.parametrize("start", [1, 2**62, at("2200-12-31T23:00")])
def test_a_header_of_impossible_dates_hides_no_other_file(tmp_path, start):
    good, bad = write(tmp_path, mbo("A", "B", 1)), write(tmp_path, start=start, end=start + 5, name="bad.dbn")
    assert good in [path for one in dbn.recordings([bad, good]) for path in one.files]


def test_american_shares_trade_before_the_open_so_nothing_is_halted(tmp_path):
    early = at("2023-12-26T13:00")
    piece = of_orders(tmp_path, mbo("A", "B", 1, ts=early), mbo("A", "B", 2), dataset="XNAS.ITCH")
    assert [ADD, ADD] == piece.events["kind"].tolist()
    assert ("XNAS", "America/New_York", False) == (
        piece.instrument.venue,
        piece.instrument.session.timezone,
        piece.instrument.negative_prices,
    )


def test_lost_messages_forbid_a_replay(tmp_path):
    piece = of_orders(tmp_path, mbo("A", "B", 1), mbo("A", "B", 2, flags=LAST | 4))
    assert "messages were lost once, as the flag 'maybe bad book' says" in piece.findings.refusal


def test_a_file_of_another_schema_is_left_out_where_others_are_not(tmp_path):
    other, good = write(tmp_path, schema="mbp-10", name="a.dbn"), write(tmp_path, mbo("A", "B", 1), name="b.dbn")
    assert [(good,)] == [one.files for one in dbn.recordings([other, good])]


# Tables.


def test_quotes_and_trades_of_one_level(tmp_path):
    price = 10**9
    records = [
        encode_quote(ts=NOON, bid=100 * price, ask=102 * price),
        encode_quote(ts=NOON + 1, bid=100 * price, ask=102 * price, trade=(102 * price, 3, "B")),
        encode_quote(ts=NOON + 2, bid=UNDEFINED, bid_size=0, ask=102 * price, ask_size=7),
    ]
    (piece,) = read(write(tmp_path, *records, schema="mbp-1"), tick_size=Decimal(1))
    quotes, trades = piece.quotes, piece.trades
    assert [(NOON, 100, 1, 102, 1), (NOON + 2, 0, 0, 102, 7)] == list(
        zip(*(getattr(quotes, name).tolist() for name in quotes.__slots__), strict=True)
    )
    assert ([NOON + 1], [102], [3], [1]) == tuple(
        getattr(trades, name).tolist() for name in ("time_ns", "price_ticks", "lots", "aggressor")
    )
    assert (None, 1, [9, 9, 9]) == (
        piece.events,
        piece.depth,
        (piece.receipts.local_ns - piece.receipts.venue_ns).tolist(),
    )


@pytest.mark.parametrize("schema", ["mbp-1", "trades"])
def test_a_stamp_far_beyond_the_recorders_ends_no_day_of_a_table(tmp_path, schema):
    def records(stray_ns):
        out = []
        for n in range(9):
            trade = ((100 + n) * 10**9, 1, "B")
            one = encode_quote(ts=NOON + n, bid=10**9, ask=(102 + n) * 10**9, trade=trade, schema=schema)
            if n == 4:
                one = one[:8] + (NOON + n + stray_ns).to_bytes(8, "little") + one[16:]
            out.append(one)
        return out

    good, bad = (read(write(tmp_path, *records(ns), schema=schema), tick_size=Decimal(1))[0] for ns in (0, NS_PER_DAY))
    assert ({}, {"unreadable": 1}) == (good.findings.counts, bad.findings.counts)
    assert good.trades.price_ticks.tolist() == bad.trades.price_ticks.tolist()
    assert 1 == np.abs(good.trades.time_ns - bad.trades.time_ns).max()
    assert (9, 8, 9.0) == (
        len(good.receipts.local_ns),
        len(bad.receipts.local_ns),
        bad.findings.measures["least_latency_ns"],
    )


def test_the_tick_of_a_table_fits_prices_that_come_long_after_the_first(tmp_path):
    records = [encode_quote(ts=NOON, bid=5 * 10**9, ask=5 * 10**9, instrument_id=8)]
    records += [encode_quote(ts=NOON + n, bid=100 * 10**9, ask=102 * 10**9) for n in range(110_000)]
    records += [encode_quote(ts=NOON + 10**6, bid=5_070_000_000, ask=5_080_000_000, instrument_id=8)]
    pieces = [p for p in read(write(tmp_path, *records, schema="mbp-1")) if p.instrument.symbol == "8"]
    assert [Decimal("0.01")] * 2 == [piece.instrument.tick_size for piece in pieces]
    assert [500, 507] == [int(piece.quotes.bid_ticks[0]) for piece in pieces]


def test_trades_alone_are_a_table_too(tmp_path):
    prints = [(10**11, 3, side) for side in "BAN"]
    records = [encode_quote(ts=NOON, bid=0, ask=0, trade=one, schema="trades") for one in prints]
    (piece,) = read(write(tmp_path, *records, bytes([4]) + bytes(15), schema="trades"))
    assert (None, [1, -1, 0]) == (piece.quotes, piece.trades.aggressor.tolist())


# Files.


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("pack", [bytes, zstd.compress])
def test_every_version_is_read_packed_and_plain(tmp_path, version, pack):
    path, told = write(tmp_path, mbo("A", "B", 1), version=version, pack=pack, name="nameless"), []
    assert 1 == len(read(path, progress=lambda done, whole: told.append((done, whole))))
    assert ([*sorted(told)], (path.stat().st_size,) * 2) == (told, told[-1])
    assert dbn.recognises(path)
    (recording,) = dbn.recordings([path])
    assert ("dbn", "GLBX", ("ESH4",)) == (recording.format, recording.venue, recording.symbols)
    assert ["ESH4"] == [piece.instrument.symbol for piece in read(path)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_names_are_found_also_where_ids_were_asked_for(tmp_path, version):
    mappings = (("7", ((20231201, 20231226, "ESZ3"), (20231226, 20231227, "ESH4"))),)
    path = write(tmp_path, mbo("A", "B", 1), version=version, stypes=(0, 1), mappings=mappings)
    assert ("ESH4", "ESZ3") == dbn.recordings([path])[0].symbols
    assert ["ESH4"] == [piece.instrument.symbol for piece in read(path)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"DBZ\x01" + bytes(200), r"begins with b'DBZ\\x01', not with b'DBN'"),
        (b"DBN\x09" + bytes(200), "is of DBN version 9; versions 1 to 3"),
        (header()[:120], "ends inside its header"),
        (header(schema="mbp-10"), "has schema mbp-10; of DBN files mbo, mbp-1 and trades can be read"),
        (header()[:112] + b"\xff" * 4 + header()[116:], "has a damaged header"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path, content, reason):
    path = tmp_path / "x.dbn"
    path.write_bytes(content)
    with pytest.raises(BadData, match=f"x.dbn {reason}"):
        dbn.recordings([path])


def test_a_file_that_ends_inside_a_record_is_refused_with_the_byte(tmp_path):
    path = write(tmp_path, mbo("A", "B", 1), mbo("A", "B", 2))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(BadData, match=f"a.dbn is cut short inside the record at byte {len(whole) - 56:,}"):
        read(path)


def test_a_packed_file_that_ends_too_early_is_refused(tmp_path):
    path = write(tmp_path, *(mbo("A", "B", n) for n in range(1, 9_000)), pack=zstd.compress)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadData, match=r"a.dbn cannot be unpacked beyond byte"):
        read(path)


def test_a_record_of_no_length_is_refused_with_the_byte(tmp_path):
    path = write(tmp_path, mbo("A", "B", 1), bytes(56))
    with pytest.raises(BadData, match=f"byte {len(header()) + 56:,}: a record that is shorter than its kind must be"):
        read(path)
    quotes = write(tmp_path, encode_quote(ts=NOON, bid=1, ask=2), bytes(80), schema="mbp-1", name="b.dbn")
    with pytest.raises(BadData, match=r"b.dbn byte .*: a record shorter than 16 bytes"):
        read(quotes)


def test_a_file_without_records_has_no_days(tmp_path):
    assert [] == read(write(tmp_path))


@pytest.mark.parametrize(("dataset", "multiplier"), [("GLBX.MDP3", None), ("OPRA.PILLAR", None), ("XNAS.ITCH", 1)])
def test_contracts_have_no_multiplier_until_it_is_given_and_shares_have_1(tmp_path, dataset, multiplier):
    path = write(tmp_path, mbo("A", "B", 1), dataset=dataset)
    (day,) = days(read(path), source=str)
    assert multiplier == day.instrument.multiplier
    assert (multiplier is None) == any("--multiplier 50" in note for note in day.warnings)
    (recording,) = dbn.recordings([path])
    (valued,) = days(registry.pieces(recording, Wanted(multiplier=Decimal(50))), source=str)
    assert (Decimal(50), False) == (
        valued.instrument.multiplier,
        any("--multiplier" in note for note in valued.warnings),
    )
