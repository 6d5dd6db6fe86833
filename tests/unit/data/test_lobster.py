"""LOBSTER days: exact times and prices, events that reproduce the book, and one clear error for each bad file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from itertools import groupby, pairwise

import numpy as np
import pytest
from tests.reference.resync import SingleOrders

from nowake.data.assemble import day_of
from nowake.data.load import load_day
from nowake.data.readers import lobster
from nowake.data.readers.lobster_files import count_rows, list_files, pairs_of
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import ADD, DELETE, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, REDUCE, RESUME, RESYNC

from .conftest import BOOK, MESSAGES

OPEN_NS = 1_340_285_400 * NS_PER_SECOND  # 2012-06-21 09:30 in New York is 13:30 UTC.


def read(root, **options):
    return load_day("lobster:TEST", root=root, **options)


def real_pairs(folder):
    return [(pair, count_rows(pair.messages.path)) for pair in pairs_of(list_files(folder / "lobster"))]


def day_in(pair):
    return day_of([lobster.read_pair(pair)], source="lobster")


def rows_of(events):
    return [(e["time_ns"] - OPEN_NS, e["kind"], e["side"], e["price_ticks"], e["lots"]) for e in events]


def test_messages_become_events_after_the_book_that_opened_the_day(write_lobster):
    day = read(write_lobster())
    expected = [
        (1, RESYNC, -1, 10003, 70),
        (1, ADD, 1, 10000, 100),
        (2, ADD, -1, 10002, 50),
        (500_000_000, EXECUTE, 1, 10000, 40),
        (NS_PER_SECOND, DELETE, -1, 10002, 50),
    ]
    assert expected == rows_of(day.events)
    assert [0, 11, 12, 11, 12] == day.events["order_id"].tolist()


def test_quotes_are_the_first_level_one_row_a_change(write_lobster):
    quotes = read(write_lobster()).quotes
    assert [1, 2, 500_000_000, NS_PER_SECOND] == (quotes.time_ns - OPEN_NS).tolist()
    assert [10000] * 4 == quotes.bid_ticks.tolist()
    assert [100, 100, 60, 60] == quotes.bid_lots.tolist()
    assert [10003, 10002, 10002, 10003] == quotes.ask_ticks.tolist()


def test_an_execution_of_a_resting_buy_order_is_sold_into(write_lobster):
    trades = read(write_lobster()).trades
    assert [(10000, 40, -1, False)] == list(
        zip(trades.price_ticks, trades.lots, trades.aggressor, trades.hidden, strict=True)
    )


def test_session_and_time_zone_come_from_the_calendar(write_lobster):
    session = read(write_lobster()).instrument.session
    assert (dt.date(2012, 6, 21), "America/New_York") == (session.date, session.timezone)
    assert (OPEN_NS, OPEN_NS + 23_400 * NS_PER_SECOND) == (session.open_ns, session.close_ns)


def test_nanoseconds_are_read_as_text_and_decimals_beyond_them_rounded_away(write_lobster):
    messages = MESSAGES.replace("34200.000000002", "34200.017459617").replace("34200.5", "35821.088778456004")
    times = read(write_lobster(messages.replace("34201,", "57599.999999999,"))).quotes.time_ns - OPEN_NS
    assert [1, 17_459_617, 1_621_088_778_456, 23_399_999_999_999] == times.tolist()


def test_hidden_crosses_and_halts_move_no_level(write_lobster):
    messages = "".join(
        [
            "34200.1,5,0,10,1000100,-1\n",
            "34200.2,7,0,0,-1,-1\n",
            "34200.3,7,0,0,0,-1\n",
            "34200.4,6,-1,500,1000100,-1\n",
            "34200.5,7,0,0,1,-1\n",
        ]
    )
    day = read(write_lobster(messages, "1000300,70,1000000,100\n" * 5))
    assert [RESYNC, RESYNC, PRINT_HIDDEN, HALT, HALT, PRINT_CROSS, RESUME] == day.events["kind"].tolist()
    assert [1, 0] == day.trades.aggressor.tolist()
    assert [True, False] == day.trades.hidden.tolist()
    assert [False, True] == day.trades.auction.tolist()
    assert 1 == len(day.quotes)


def test_a_cross_in_which_nobody_traded_is_no_print(write_lobster):
    day = read(write_lobster("34200.1,6,-1,0,0,0\n34200.2,6,-1,500,1000100,0\n", "1000300,70,1000000,100\n" * 2))
    assert [500] == day.trades.lots.tolist()
    assert [RESYNC, RESYNC, PRINT_CROSS] == day.events["kind"].tolist()


def test_a_stub_quote_of_the_highest_price_is_read(write_lobster):
    day = read(write_lobster(book=BOOK.replace("1000300,70", "1999999900,70")))
    assert 19_999_999 == day.quotes.ask_ticks[0]


def test_a_side_that_is_empty_shows_no_lots(write_lobster):
    book = BOOK.replace("1000300,70", "9999999999,0")
    quotes = read(write_lobster(book=book)).quotes
    assert [0, 50, 50, 0] == quotes.ask_lots.tolist()
    assert np.isnan(quotes.mid_ticks[0])


def test_a_displayed_price_off_the_cent_grid_makes_the_tick_a_hundredth_of_a_cent(write_lobster):
    book = BOOK.replace("1000300", "1000350")
    day = read(write_lobster(book=book))
    assert Decimal("0.0001") == day.instrument.tick_size
    assert 1_000_350 == day.quotes.ask_ticks[0]
    assert any("off the cent grid" in warning for warning in day.warnings)


def test_a_hidden_print_between_ticks_leaves_the_tick_and_is_told(write_lobster):
    messages = MESSAGES.replace("34200.5,4,11,40,1000000,1", "34200.5,5,0,40,1000150,1")
    root = write_lobster(messages, BOOK.replace("1000000,60", "1000000,100"))
    day = read(root)
    assert Decimal("0.01") == day.instrument.tick_size
    assert [10002] == day.trades.price_ticks.tolist()  # Half to even.
    assert "0.4999 basis points" in day.warnings[0]  # 0.005 on 100.015.
    exact = read(root, tick_size="0.0001")
    assert [1_000_150] == exact.trades.price_ticks.tolist()
    assert ("The data end at 09:30:01, 6.5 h before the close",) == exact.warnings


def test_a_tick_the_displayed_prices_do_not_fit_is_refused(write_lobster):
    with pytest.raises(BadParameter, match=r"tick_size 0\.05 does not divide"):
        read(write_lobster(), tick_size="0.05")


def test_a_book_change_without_a_message_is_counted_and_shown(write_lobster):
    day = read(write_lobster(book=BOOK.replace("1000200,50,1000000,60", "1000200,45,1000000,60")))
    assert (2, 3, 1) == (
        day.resyncs.unexplained,
        day.resyncs.transitions,
        day.resyncs.transitions_explained,
    )
    assert "row 3: ask at 10002 ticks shows 45 lots where the messages left 50" == day.resyncs.examples[0]
    assert any("changed without a message" in warning for warning in day.warnings)


def test_newer_files_with_a_participant_column_are_read(write_lobster):
    messages = MESSAGES.replace("\n", ",null\n")
    assert 4 == len(read(write_lobster(messages)).quotes)


def test_a_last_line_without_its_newline_counts(write_lobster):
    assert 4 == len(read(write_lobster(MESSAGES.rstrip(), BOOK.rstrip())).quotes)


BAD_FILES = {
    "empty": ("", BOOK, BadData, "is empty|no message and book file"),
    "cut short": (MESSAGES[:-20], BOOK, BadData, r"row 4: .*cut short"),
    "rows differ": (
        MESSAGES,
        BOOK[: BOOK.index("\n") + 1],
        BadData,
        "orderbook_1.csv has 1 rows and .*message_1.csv 4",
    ),
    "no book": (MESSAGES, None, NotFound, "no orderbook file stands beside"),
    "no messages": (None, BOOK, NotFound, "no message file stands beside"),
    "book columns": (MESSAGES, BOOK.replace(",100\n", "\n").replace(",60\n", "\n"), BadData, "3 columns.*four"),
    "book cut": (MESSAGES, BOOK[:-4], BadData, r"orderbook_1.csv row 4: 3 fields instead of 4.*cut short"),
    "price zero": (MESSAGES.replace(",1000000,1\n", ",0,1\n", 1), BOOK, BadData, "row 1: price 0 must be above 0"),
    "price negative": (MESSAGES.replace("1000200,-1", "-5,-1", 1), BOOK, BadData, "row 2: price -5 must be above"),
    "time back": (
        MESSAGES.replace("34200.5", "34199"),
        BOOK,
        BadData,
        r"row 3: time 09:29:59\.0* is before 09:30:00\.000000002 in the row above; copy",
    ),
    "unknown type": (MESSAGES.replace(",4,", ",9,"), BOOK, BadData, "row 3: type 9 is not 1 to 7"),
    "type zero": (MESSAGES.replace(",4,", ",0,"), BOOK, BadData, "row 3: type 0 is not 1 to 7"),
    "not a number": (MESSAGES.replace(",40,", ",4o,"), BOOK, BadData, "row 3: size '4o' is not a number"),
    "time not a number": (MESSAGES.replace("34200.5", "34200.5.5"), BOOK, BadData, r"row 3: time '34200\.5\.5'"),
    "time negative": (MESSAGES.replace("34200.5", "-34200.5"), BOOK, BadData, r"row 3: time '-34200\.5'"),
    "price not whole": (MESSAGES.replace(",1000000,1", ",1000000.5,1"), BOOK, BadData, r"row 1: price '1000000\.5'"),
    "blank line": (MESSAGES.replace("\n34201", "\n\n34201"), BOOK + BOOK[-22:], BadData, "row 4: 1 fields instead"),
    "field too many": (MESSAGES.replace(",40,", ",40,40,"), BOOK, BadData, "row 3: 7 fields instead of 6"),
    "size zero": (MESSAGES.replace(",40,", ",0,"), BOOK, BadData, "row 3: size 0 must be above 0"),
    "size negative": (MESSAGES.replace(",40,", ",-40,"), BOOK, BadData, "row 3: size -40 must be above 0"),
    "direction": (MESSAGES.replace(",1000200,-1", ",1000200,0"), BOOK, BadData, "row 2: direction 0 is neither"),
    "halt code": (MESSAGES.replace(",4,11,40,1000000,", ",7,0,0,5,"), BOOK, BadData, "row 3: halt 5 is not -1"),
    "book size": (
        MESSAGES,
        BOOK.replace(",60", ",-60", 1),
        BadData,
        "row 3: size -60 must be from 0 to 9007199254740991",
    ),
    "book price": (MESSAGES, BOOK.replace("1000300", "0"), BadData, "row 1: price 0 must be above 0"),
    "price too high": (
        MESSAGES.replace(",1000200,", ",9999999999,"),
        BOOK,
        BadData,
        "row 2: price 9999999999 is above",
    ),
    "book price too high": (MESSAGES, BOOK.replace("1000300", "9999999999"), BadData, "row 1: price 9999999999 must"),
    "size beyond counting": (
        MESSAGES.replace(",40,", f",{2**53},"),
        BOOK,
        BadData,
        "row 3: size 9007199254740992 is above",
    ),
    "book size beyond counting": (
        MESSAGES,
        BOOK.replace(",60", f",{2**53}", 1),
        BadData,
        "row 3: size 900719925474099",
    ),
    "size of many digits": (
        MESSAGES.replace(",40,", f",{'9' * 40},"),
        BOOK,
        BadData,
        "row 3: size '9{40}' does not fit",
    ),
    "time of another year": (
        MESSAGES.replace("34201", "999999999999"),
        BOOK,
        BadData,
        "row 4: time '999999999999' is not",
    ),
    "time two days on": (
        MESSAGES.replace("34201", "172800"),
        BOOK,
        BadData,
        "row 4: time '172800' is not below 172,800",
    ),
    "cross direction": (
        MESSAGES.replace(",3,12,50,1000200,-1", ",6,-1,50,1000200,257"),
        BOOK,
        BadData,
        "direction 257 is",
    ),
    "carriage returns": (MESSAGES.replace("\n", "\r"), BOOK[:22].strip(), BadData, "row 1: 21 fields instead of 6"),
    "participant": (MESSAGES.replace("\n", ",null\n").replace("34201", "3420x"), BOOK, BadData, "row 4: time '3420x'"),
    "book text": (MESSAGES, BOOK.replace("1000300", "x", 1), BadData, "row 1: ask_1 'x' is not a number"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_file_row_and_value(write_lobster, case):
    messages, book, error, text = BAD_FILES[case]
    with pytest.raises(error, match=text) as caught:
        read(write_lobster(messages, book))
    assert "\n" not in str(caught.value)


def test_levels_out_of_order_are_refused(write_lobster):
    book = "1000300,70,1000000,100,1000200,5,999900,5\n" * 4
    with pytest.raises(BadData, match="row 1: level price 1000200 follows 1000300"):
        read(write_lobster(book=book, levels=2))


def test_a_day_the_venue_was_closed_is_refused(write_lobster):
    with pytest.raises(BadParameter, match="closed on 2012-06-23"):
        read(write_lobster(date="2012-06-23"))


def test_every_row_of_every_real_book_is_the_sum_of_the_events(real_data):
    """A dictionary of lots by price, fed with the events, shows each row of each book file."""
    compared = 0
    for pair, rows in real_pairs(real_data):
        day = day_in(pair)
        units = int(day.instrument.tick_size * lobster.UNITS_PER_CURRENCY)
        book = np.loadtxt(pair.book.path, delimiter=",", dtype=np.int64)
        book[:, ::2] //= units
        compared += compare_with_book(day, book)
        assert rows - 1 == day.resyncs.transitions
    assert compared or pytest.skip("no pair of LOBSTER files there")


def test_a_book_of_single_orders_shows_every_quote_of_every_real_day(real_data):
    for pair, _ in real_pairs(real_data):
        day = day_in(pair)
        columns = ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
        quotes = {q[0]: q[1:] for q in zip(*(getattr(day.quotes, name).tolist() for name in columns), strict=True)}
        book = SingleOrders()
        for time_ns, events in groupby(day.events.tolist(), key=lambda event: event[0]):
            for event in events:
                book.apply(event)
            if time_ns in quotes:  # The last quote of an instant.
                bid, bid_lots, ask, ask_lots = quotes[time_ns]
                assert (bid_lots, ask_lots) == (book.total(1, bid), book.total(-1, ask)), f"{pair} at {time_ns}"


def compare_with_book(day, book):
    """Rows compared: each displayed level, and on every 97th row that nothing else stands inside the span."""
    held, k = Counter(), -1
    events = day.events.tolist()
    messages = [i for i, event in enumerate(events) if event[4] != RESYNC] + [len(events)]
    for event in events[: messages[0]]:
        held[event[5], event[3]] = event[2]
    for k, (begin, end) in enumerate(pairwise(messages)):
        for _, _, lots, price, kind, side, _ in events[begin:end]:
            if kind == RESYNC:
                held[side, price] = lots
            elif kind in {ADD, REDUCE, DELETE, EXECUTE}:
                held[side, price] += lots if kind == ADD else -lots
            assert held[side, price] >= 0, f"row {k + 1}"
        asks, bids = (displayed(book[k], offset) for offset in (0, 2))
        assert all(held[-1, p] == n for p, n in asks), f"row {k + 1}"
        assert all(held[1, p] == n for p, n in bids), f"row {k + 1}"
        if k % 97 == 0:
            for side, levels in ((-1, asks), (1, bids)):
                stands = sorted((-side * p, n) for (s, p), n in held.items() if s == side and n > 0)
                assert levels == [(abs(p), n) for p, n in stands[: len(levels)]], f"row {k + 1}"
    assert len(book) == k + 1
    return k + 1


def displayed(row, offset):
    pairs = zip(row[offset::4].tolist(), row[offset + 1 :: 4].tolist(), strict=True)
    return [(price, lots) for price, lots in pairs if lots > 0]


def test_every_transition_of_every_real_level_one_day_follows_from_its_message(real_data):
    """Message and previous row predict the next row, up to the level that comes into sight when one is used up."""
    level_one = [pair for pair, _ in real_pairs(real_data) if pair.messages.levels == 1]
    if not level_one:
        pytest.skip("no level-1 pair of LOBSTER files there")
    for pair in level_one:
        message = np.loadtxt(pair.messages.path, delimiter=",", dtype=np.float64)[1:, 1:6].astype(np.int64)
        book = np.loadtxt(pair.book.path, delimiter=",", dtype=np.int64)
        explained = sum(
            follows(message=m, before=b, after=a)
            for m, b, a in zip(message.tolist(), book[:-1].tolist(), book[1:].tolist(), strict=True)
        )
        assert len(book) - 1 == explained
        assert explained == day_in(pair).resyncs.transitions_explained


def follows(*, message, before, after):  # noqa: PLR0911 (one answer a case)
    """Whether a level-1 row is what its message makes of the row before."""
    kind, _, size, price, side = message
    mine, other = (slice(2, 4), slice(0, 2)) if side == 1 else (slice(0, 2), slice(2, 4))
    if kind > 4:
        return after == before
    (best, lots), (new_best, new_lots) = before[mine], after[mine]
    if after[other] != before[other]:
        return False
    if kind == 1:
        if lots and price == best:
            return (new_best, new_lots) == (best, lots + size)
        return (new_best, new_lots) == (price, size) and (not lots or side * (price - best) > 0)
    if price != best or size > lots:
        return False
    if size < lots:
        return (new_best, new_lots) == (best, lots - size)
    return side * (best - new_best) > 0 or new_lots == 0
