"""What the readers of orders make of real files, whichever lie in the data folder: found by what is in them."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import numpy as np
import pytest
from tests.reference.itch import directory, encode_all

from nowake.data.readers import bitstamp, dbn, itch
from nowake.data.readers.contract import Wanted
from nowake.data.readers.dbn_layout import MBO, parse_header
from nowake.data.readers.packed import chunks
from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME, SNAPSHOT
from nowake.kernels.tracking_state import DBN_MBO
from nowake.sim.book import Book

FOREVER = 1 << 62


def files_of(root, reader):
    found = [path for path in sorted(root.rglob("*")) if path.is_file() and reader.recognises(path)]
    if not found:
        pytest.skip(f"no {reader.FORMAT} files under {root}")
    return found


def of_any_name(recording):
    return Wanted(symbols=frozenset(recording.symbols or {"BTCUSD"}))


def days_of(root, reader):
    """The events of every day of every symbol, with the findings of its pieces."""
    days = {}
    for recording in reader.recordings(files_of(root, reader)):
        for piece in reader.pieces(recording, of_any_name(recording)):
            if piece.events is not None:
                key = (recording.files, piece.instrument.symbol, piece.instrument.session.date)
                days.setdefault(key, []).append(piece)
    return [
        (np.concatenate([piece.events for piece in pieces]), [piece.findings for piece in pieces])
        for pieces in days.values()
    ]


def content_of(path):
    return b"".join(chunks(path))


def crossed_outside_halts(book):
    """Replay a day; crossed instants while nobody halted it."""
    crossed, before, halted = 0, 0, book.is_halted
    while True:
        woken = book.run(FOREVER)
        if not halted:
            crossed += book.crossed_instants - before
        before, halted = book.crossed_instants, book.is_halted
        if not woken:
            return crossed


@pytest.mark.parametrize("reader", [bitstamp, dbn, itch], ids=["bitstamp", "dbn", "itch"])
def test_real_days_replay_without_a_crossed_instant_and_without_a_phantom(data_root, reader):
    for events, _ in days_of(data_root, reader):
        book = Book(events)
        assert (0, 0) == (crossed_outside_halts(book), book.phantoms)


@pytest.mark.parametrize("reader", [bitstamp, dbn, itch], ids=["bitstamp", "dbn", "itch"])
def test_lots_that_came_are_those_that_went_and_those_that_rest(data_root, reader):
    for events, _ in days_of(data_root, reader):
        after_clear = events[np.flatnonzero(events["kind"] == CLEAR).max(initial=-1) + 1 :]
        kind, lots = after_clear["kind"], after_clear["lots"]
        came = int(lots[kind == ADD].sum())
        went = int(lots[np.isin(kind, (REDUCE, DELETE, EXECUTE))].sum())
        book = Book(events, depth=1 << 13)
        while book.run(FOREVER):
            pass
        assert came - went == sum(n for side in book.sides() for _, n in side)


@pytest.mark.parametrize("reader", [bitstamp, dbn, itch], ids=["bitstamp", "dbn", "itch"])
def test_no_order_ever_has_fewer_lots_than_leave_it(data_root, reader):
    for events, _ in days_of(data_root, reader):
        left = {}
        for order_id, lots, kind in events[["order_id", "lots", "kind"]].tolist():
            assert lots > 0 or kind in {CLEAR, HALT, RESUME}
            if kind == CLEAR:
                left.clear()
            elif kind == ADD:
                assert order_id not in left
                left[order_id] = lots
            elif kind in {REDUCE, DELETE, EXECUTE}:
                left[order_id] -= lots
                assert left[order_id] >= (1 if kind == REDUCE else 0)
                if not left[order_id]:
                    del left[order_id]


def test_rows_about_orders_a_log_never_introduced_are_all_counted(data_root):
    # By a reading of its own: a row about an order that is not there now, be it older than the log, deleted already
    # or told too early. In the log of 2015-05-01 these are 213.
    for path in files_of(data_root, bitstamp):
        live, strange = set(), 0
        for row in csv.DictReader(io.StringIO(content_of(path).decode())):
            if row["action"] == "created":
                live.add(row["id"])
            else:
                strange += row["id"] not in live
                if row["action"] == "deleted":
                    live.discard(row["id"])
        (recording,) = bitstamp.recordings([path])
        counts = [piece.findings.counts for piece in bitstamp.pieces(recording, of_any_name(recording))]
        assert strange == sum(one.get("unknown_orders", 0) + one.get("duplicates", 0) for one in counts)


def records_of(path):
    content = content_of(path)
    header = parse_header(content, path.name)
    return header, content[header.size_bytes :]


def test_the_volume_of_a_real_market_by_order_file_is_the_sum_of_its_trades(data_root):
    traded = 0
    for path in files_of(data_root, dbn):
        header, body = records_of(path)
        if header.schema == MBO:
            records = np.frombuffer(body, DBN_MBO)
            traded += int(records["size"][records["action"] == ord("T")].sum())
    printed = 0
    for events, _ in days_of(data_root, dbn):
        printed += int(events["lots"][np.isin(events["kind"], (EXECUTE, PRINT_HIDDEN, PRINT_CROSS))].sum())
    assert traded == printed


def test_every_order_of_a_real_picture_is_in_the_book(data_root):
    for path in files_of(data_root, dbn):
        header, body = records_of(path)
        if header.schema == MBO:
            pictured = int(np.count_nonzero(np.frombuffer(body, DBN_MBO)["flags"] & 32))
            (recording,) = dbn.recordings([path])
            events = [piece.events for piece in dbn.pieces(recording, Wanted())]
            assert pictured == sum(int(np.count_nonzero(one["flags"] & SNAPSHOT)) for one in events)


def test_a_real_auction_ends_before_trading_resumes(data_root):
    for events, findings in days_of(data_root, dbn):
        resumed = np.flatnonzero(events["kind"] == RESUME)
        crosses = np.flatnonzero(events["kind"] == PRINT_CROSS)
        if len(resumed) and len(crosses):
            assert crosses[0] < resumed[0]
            assert sum(one.counts.get("auction_crossed_instants", 0) for one in findings) > 0


def lobster_messages(root):
    """Message files of LOBSTER: six columns of numbers, the second of them a type from 1 to 7."""
    for path in sorted(root.rglob("*.csv")):
        first = path.open().readline().rstrip().split(",")
        if len(first) == 6 and first[1] in set("1234567") and "." in first[0]:
            yield path


def as_itch(path):
    """A LOBSTER file as ITCH messages, the events they must give back (those of orders it introduces), and how many of
    them have other lots than LOBSTER says."""
    letters = {2: ("X", REDUCE), 3: ("D", DELETE), 4: ("E", EXECUTE)}
    messages, expected, left, differ = [directory(5, "NAME")], [], {}, 0
    for row in csv.reader(path.open()):
        seconds, _, fraction = row[0].partition(".")
        ns = int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))
        kind, ref, size, price, side = (int(float(cell)) for cell in row[1:6])
        if kind == ADD:
            left[ref] = size
            messages.append(("A", 5, ns, ref, "B" if side > 0 else "S", size, "NAME", price))
            expected.append((ref, size, price, ADD, side))
        elif kind in letters:
            letter, ours = letters[kind]
            messages.append((letter, 5, ns, ref, *{"X": (size,), "D": (), "E": (size, 1)}[letter]))
            if ref in left:
                gone = left[ref] if kind == DELETE else min(size, left[ref])
                left[ref] -= gone
                differ += gone != size
                expected.append((ref, gone, price, ours if left[ref] or ours == EXECUTE else DELETE, side))
                if not left[ref]:
                    del left[ref]
        elif kind == PRINT_HIDDEN:
            messages.append(("P", 5, ns, 0, "B" if side > 0 else "S", size, "NAME", price, 1))
            expected.append((0, size, price, PRINT_HIDDEN, side))
    return messages, expected, differ


def test_a_lobster_day_written_as_itch_gives_the_same_events(data_root, tmp_path):
    # The two are the same feed in other words. A file of few levels does not tell what happens to an order out of its
    # sight, so of some orders less is left than it says.
    paths = list(lobster_messages(data_root))
    if not paths:
        pytest.skip(f"no LOBSTER messages under {data_root}")
    for path in paths:
        messages, expected, differ = as_itch(path)
        assert differ <= 0.01 * len(expected)
        file = tmp_path / "20120621.itch"
        file.write_bytes(encode_all(messages))
        (recording,) = itch.recordings([file])
        pieces = list(itch.pieces(recording, Wanted(tick_size=Decimal("0.0001"))))
        fields = ["order_id", "lots", "price_ticks", "kind", "side"]
        assert expected == np.concatenate([piece.events[fields] for piece in pieces]).tolist()
