"""Matching drawn as tables: each kind of order in a picture a trader can check by eye.

The book has the best ask on top: `17:100` is order 17 with 100 lots displayed, `17:100+40` an iceberg with 40 more
behind, `(17:100)` a hidden order. The tape has one line a report."""

from __future__ import annotations

import inspect

import pytest
from tests.reference.matching import PlainEngine, messages

from nowake.sim import MatchingEngine

WORDS = ("ack", "trade", "cancel", "modify", "no cancel", "no modify", "reject", "trigger", "replenish", "prevent")
REASONS = ("", "not resting", "duplicate", "would trade", "immediate", "too little", "self")


def table(text):
    return inspect.cleandoc(text)


def play(*lines, **rules):
    """The tape of the last line, and the book after it. The twin says who stands where, and must say the same tape."""
    fast, slow = MatchingEngine(**rules), PlainEngine(**rules)
    for line in lines:
        reports = fast.match(messages(line))
        assert slow.match(messages(line)).tolist() == reports.tolist()
    for side in (0, 1):
        assert slow.levels(side, 99) == fast.levels(side, 99)
    return "\n".join(_told(report) for report in reports[1 if reports["type"][0] == 0 else 0 :]), drawn(slow)


def _told(report):
    kind, maker = WORDS[report["type"]], int(report["maker_id"])
    price = f"{report['price_ticks']}{'½' if report['half'] else ''}"
    who = f"{report['taker_id']} with {maker}" if maker else str(report["order_id"])
    reason = REASONS[report["reason"]]
    return f"{kind} {who}: {report['quantity']} at {price}" + (f", {reason}" if reason else "")


def drawn(plain):
    rows = []
    for side, name in ((1, "ask"), (0, "bid")):
        for price in sorted({o.limit for o in plain.book.values() if o.side == side and not o.peg}, reverse=True):
            queue = [o for o in plain.book.values() if o.side == side and o.limit == price and not o.peg]
            rows.append(
                f"{name} {price:>4} | " + " ".join(map(_member, sorted(queue, key=lambda o: (o.rank, o.place))))
            )
    pegs = [o for o in plain.book.values() if o.peg]
    rows += [f"peg {'bid' if o.side == 0 else 'ask'} | {o.order_id}:{o.open}" for o in pegs]
    rows += [f"stop {o.stop_ticks} | {o.order_id}:{o.open}" for o in plain.waiting.values()]
    return "\n".join(rows)


def _member(order):
    text = f"{order.order_id}:{order.open}" + (f"+{order.reserve}" if order.reserve else "")
    return f"({text})" if order.hidden else text


BOOK = ("sell 1 10@101", "sell 2 5@102", "sell 3 7@101", "buy 4 8@99", "buy 5 6@98")


def test_price_then_time():
    tape, book = play(*BOOK, "buy 6 19@102")
    assert tape == table("""
        trade 6 with 1: 10 at 101
        trade 6 with 3: 7 at 101
        trade 6 with 2: 2 at 102
    """)
    assert book == table("""
        ask  102 | 2:3
        bid   99 | 4:8
        bid   98 | 5:6
    """)


def test_what_a_limit_order_cannot_trade_rests_at_its_price():
    tape, book = play(*BOOK, "sell 6 20@98")
    assert tape == table("""
        trade 6 with 4: 8 at 99
        trade 6 with 5: 6 at 98
    """)
    assert book == table("""
        ask  102 | 2:5
        ask  101 | 1:10 3:7
        ask   98 | 6:6
    """)


def test_a_market_order_takes_at_any_price_and_never_rests():
    tape, book = play(*BOOK, "buy 6 30@market")
    assert tape == table("""
        trade 6 with 1: 10 at 101
        trade 6 with 3: 7 at 101
        trade 6 with 2: 5 at 102
        cancel 6: 8 at 0, immediate
    """)
    assert book == table("""
        bid   99 | 4:8
        bid   98 | 5:6
    """)


def test_fill_or_kill_trades_all_or_nothing():
    killed, book = play(*BOOK, "buy 6 18@101 fok")
    filled, _ = play(*BOOK, "buy 6 17@101 fok")
    assert killed == "cancel 6: 18 at 101, too little"
    assert book == play(*BOOK)[1]
    assert filled == table("""
        trade 6 with 1: 10 at 101
        trade 6 with 3: 7 at 101
    """)


def test_a_minimum_quantity_binds_on_entry_and_the_rest_rests():
    refused, _ = play(*BOOK, "buy 6 30@101 min=18")
    _, book = play(*BOOK, "buy 6 30@101 min=17")
    assert refused == "cancel 6: 30 at 101, too little"
    assert book == table("""
        ask  102 | 2:5
        bid  101 | 6:13
        bid   99 | 4:8
        bid   98 | 5:6
    """)


def test_post_only_rests_or_is_rejected_but_never_takes():
    assert play(*BOOK, "buy 6 1@101 post")[0] == "reject 6: 1 at 101, would trade"
    assert "bid  100 | 6:1" in play(*BOOK, "buy 6 1@100 post")[1]
    tape, book = play(*BOOK, "buy 6 1@100 post", "modify buy 6 1@101")
    assert tape == "no modify 6: 0 at 0, would trade"
    assert "bid  100 | 6:1" in book


def test_an_iceberg_shows_a_tip_and_each_new_one_goes_to_the_tail():
    tape, book = play("sell 1 10@101 display=4", "sell 2 5@101", "buy 3 11@101")
    assert tape == table("""
        trade 3 with 1: 4 at 101
        replenish 1: 4 at 101
        trade 3 with 2: 5 at 101
        trade 3 with 1: 2 at 101
    """)
    assert book == "ask  101 | 1:2+2"


def test_an_iceberg_takes_with_all_it_has_before_it_hides():
    tape, book = play("sell 1 6@101", "buy 2 20@101 display=5")
    assert tape == "trade 2 with 1: 6 at 101"
    assert book == "bid  101 | 2:5+9"


def test_hidden_orders_trade_after_displayed_ones_at_their_price_and_before_worse_prices():
    tape, book = play("sell 1 5@101 hidden", "sell 2 5@101", "sell 3 5@102", "sell 4 5@100 hidden", "buy 5 16@102")
    assert tape == table("""
        trade 5 with 4: 5 at 100
        trade 5 with 2: 5 at 101
        trade 5 with 1: 5 at 101
        trade 5 with 3: 1 at 102
    """)
    assert book == "ask  102 | 3:4"


def test_a_mid_peg_trades_at_the_midpoint_of_what_is_displayed_to_half_a_tick():
    tape, book = play("sell 1 5@104", "buy 2 5@99", "sell 3 1@100 hidden", "buy 4 9@110 peg")
    assert tape == "trade 4 with 3: 1 at 100"
    assert book == table("""
        ask  104 | 1:5
        bid   99 | 2:5
        peg bid | 4:8
    """)
    tape, _ = play("sell 1 5@104", "buy 2 5@99", "buy 4 9@110 peg", "sell 5 10@99")
    assert tape == table("""
        trade 5 with 4: 9 at 101½
        trade 5 with 2: 1 at 99
    """)


def test_midpoints_below_zero_are_exact_too():
    tape, _ = play("sell 1 5@-3", "buy 2 5@-8", "buy 4 9@0 peg", "sell 5 9@-8")
    assert tape == "trade 5 with 4: 9 at -6½"


def test_a_peg_whose_limit_is_worse_than_the_midpoint_sleeps():
    sleeping, _ = play("sell 1 5@104", "buy 2 5@99", "buy 4 9@101 peg", "sell 5 3@99")
    awake, _ = play("sell 1 5@104", "buy 2 5@99", "buy 4 9@101 peg", "sell 6 1@103", "sell 5 3@99")
    assert sleeping == "trade 5 with 2: 3 at 99"
    assert awake == "trade 5 with 4: 3 at 101"


def test_pegs_that_the_midpoint_wakes_trade_with_each_other_the_later_one_taking():
    """At 98½ the seller sleeps. With the ask at 101 instead of 99 the midpoint is 99½, where both may trade."""
    tape, book = play("sell 1 5@99", "buy 2 5@98", "sell 3 4@99 peg", "buy 4 6@101 peg", "cancel 1", "sell 5 1@101")
    assert tape == "trade 4 with 3: 4 at 99½"
    assert book == table("""
        ask  101 | 5:1
        bid   98 | 2:5
        peg bid | 4:2
    """)


def test_stops_enter_nearest_first_when_a_trade_reaches_them_and_may_set_off_more():
    lines = ("buy 1 5@100", "buy 2 5@99", "buy 3 5@97", "sell 11 5@98 stop=99", "sell 12 5@90 stop=100")
    tape, book = play(*lines, "sell 4 1@100")
    assert tape == table("""
        trade 4 with 1: 1 at 100
        trigger 12: 5 at 90
        trade 12 with 1: 4 at 100
        trade 12 with 2: 1 at 99
        trigger 11: 5 at 98
        trade 11 with 2: 4 at 99
    """)
    assert book == table("""
        ask   98 | 11:1
        bid   97 | 3:5
    """)


def test_stops_at_one_price_enter_in_the_order_they_came_buys_before_sells():
    lines = (
        "buy 1 1@100",
        "sell 21 1@99 stop=100",
        "buy 13 1@90 stop=100",
        "buy 12 1@91 stop=100",
        "sell 20 1@98 stop=100",
    )
    assert play(*lines, "sell 4 1@100")[0] == table("""
        trade 4 with 1: 1 at 100
        trigger 13: 1 at 90
        trigger 12: 1 at 91
        trigger 21: 1 at 99
        trigger 20: 1 at 98
    """)


def test_a_sell_stop_is_not_reached_by_a_trade_half_a_tick_above_it():
    lines = ("sell 1 5@101", "buy 2 5@100", "buy 3 1@101 peg", "sell 9 1@95 stop=100", "buy 8 1@105 stop=101")
    assert play(*lines, "sell 4 1@100")[0] == "trade 4 with 3: 1 at 100½"


def test_a_stop_that_was_reached_before_it_came_enters_at_once():
    tape, _ = play("buy 1 5@100", "sell 2 1@100", "sell 3 2@market stop=100")
    assert tape == table("""
        trigger 3: 2 at 0
        trade 3 with 1: 2 at 100
    """)


def test_a_waiting_stop_can_be_moved_and_cancelled():
    lines = ("buy 1 5@100", "sell 2 3@95 stop=99", "modify sell 2 4@94 stop=98")
    assert play(*lines)[1].splitlines()[-1] == "stop 98 | 2:4"
    assert play(*lines, "cancel 2") == ("cancel 2: 4 at 94", "bid  100 | 1:5")


@pytest.mark.parametrize(
    ("rule", "tape", "book"),
    [
        ("cancel_newest", "trade 3 with 1: 5 at 100\ncancel 3: 9 at 101, self", "ask  101 | 2:4 4:7"),
        (
            "cancel_oldest",
            "trade 3 with 1: 5 at 100\ncancel 2: 4 at 101, self\ntrade 3 with 4: 7 at 101",
            "bid  101 | 3:2",
        ),
        (
            "cancel_both",
            "trade 3 with 1: 5 at 100\ncancel 2: 4 at 101, self\ncancel 3: 9 at 101, self",
            "ask  101 | 4:7",
        ),
        (
            "decrement",
            "trade 3 with 1: 5 at 100\nprevent 3 with 2: 4 at 101\ntrade 3 with 4: 5 at 101",
            "ask  101 | 4:2",
        ),
    ],
)
def test_orders_of_one_owner_never_trade_with_each_other(rule, tape, book):
    lines = ("sell 1 5@100 owner=8", "sell 2 4@101 owner=7", "sell 4 7@101", "buy 3 14@101 owner=7")
    assert (tape, book) == play(*lines, self_match=rule)


def test_an_amend_down_keeps_its_place_where_the_venue_says_so():
    lines = ("buy 1 10@100", "buy 2 10@100", "modify buy 1 4@100")
    assert play(*lines)[1] == "bid  100 | 2:10 1:4"
    assert play(*lines, amend_down=True)[1] == "bid  100 | 1:4 2:10"
    assert play(*lines[:2], "modify buy 1 11@100", amend_down=True)[1] == "bid  100 | 2:10 1:11"


def test_a_modified_iceberg_stays_one():
    assert play("buy 1 10@100 display=3", "modify buy 1 20@99")[1] == "bid   99 | 1:3+17"
    assert play("buy 1 10@100 display=3", "modify buy 1 5@100", amend_down=True)[1] == "bid  100 | 1:3+2"
    assert play("buy 1 10@100 display=3", "modify buy 1 2@100", amend_down=True)[1] == "bid  100 | 1:2"
