"""The matching engine: what it takes, what it answers, what it refuses."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from tests.reference.matching import BARE, FULL, PlainEngine, messages

import nowake as nw
from nowake import sim
from nowake.domain.errors import BadData, BadParameter
from nowake.sim import MatchingEngine
from nowake.sim.matching_memory import Memory, _with_spares

HUGE = 2**63 - 1


def rows(reports, *fields):
    return reports[list(fields or ("type", "order_id", "price_ticks", "quantity", "maker_id", "taker_id"))].tolist()


# The order of reports, and what stands in them.


def test_a_new_order_is_acknowledged_then_trades_at_resting_prices_then_an_immediate_residual_is_cancelled():
    reports = sim.match(messages("sell 1 10@100", "sell 2 5@101", "buy 3 20@105 ioc"))
    assert [
        (0, 1, 100, 10, 0, 0),
        (0, 2, 101, 5, 0, 0),
        (0, 3, 105, 20, 0, 0),
        (1, 3, 100, 10, 1, 3),
        (1, 3, 101, 5, 2, 3),
        (2, 3, 105, 5, 0, 0),
    ] == rows(reports)
    assert [0, 1, 2, 2, 2, 2] == reports["sequence"].tolist()
    assert [1, 1, 0, 0, 0, 0] == reports["side"].tolist()


def test_a_modify_is_reported_with_its_new_price_and_quantity_before_its_trades():
    reports = sim.match(messages("sell 1 10@100", "buy 2 4@98", "modify buy 2 12@101"))
    assert [(3, 2, 101, 12, 0, 0), (1, 2, 100, 10, 1, 2)] == rows(reports)[2:]


def test_a_modify_loses_its_place_even_at_the_same_price_and_a_smaller_quantity():
    reports = sim.match(messages("buy 1 10@100", "buy 2 10@100", "modify buy 1 5@100", "sell 3 12@100"))
    assert [(1, 3, 100, 10, 2, 3), (1, 3, 100, 2, 1, 3)] == rows(reports)[4:]


def test_a_modify_rests_on_the_side_it_says():
    engine = MatchingEngine()
    engine.match(messages("buy 1 10@100", "modify sell 1 7@105"))
    assert (None, 105, 7) == (engine.best_bid, engine.best_ask, engine.depth(1, 105))


def test_a_cancel_reports_side_price_and_what_was_left():
    reports = sim.match(messages("sell 1 10@100", "buy 2 4@100", "cancel 1"))
    assert (2, 1, 100, 6, 0, 0) == rows(reports)[-1]
    assert 1 == reports["side"][-1]


@pytest.mark.parametrize(
    "before",
    [[], ["sell 1 10@100", "cancel 1"], ["sell 1 10@100", "buy 2 10@100"], ["buy 1 5@99 ioc"]],
    ids=["never seen", "cancelled", "filled", "immediate"],
)
def test_cancel_and_modify_of_an_order_that_does_not_rest_are_rejected_with_nothing_but_its_id(before):
    reports = sim.match(messages(*before, "cancel 1", "modify sell 1 5@101"))[-2:]
    assert [(4, 1, 0, 0, 0, 0), (5, 1, 0, 0, 0, 0)] == rows(reports)
    assert ([1, 1], [0, 0]) == (reports["reason"].tolist(), reports["side"].tolist())


@pytest.mark.parametrize("end", ["cancel 1", "sell 2 10@100"])
def test_an_id_can_be_used_again_when_its_order_is_finished(end):
    reports = sim.match(messages("buy 1 10@100", end, "sell 1 7@200", "buy 3 7@200"))
    assert (1, 3, 200, 7, 1, 3) == rows(reports)[-1]


def test_an_id_in_the_book_cannot_be_used_by_a_second_order():
    engine = MatchingEngine()
    reports = engine.match(messages("buy 1 10@100", "sell 1 10@100", "cancel 1"))
    assert [(0, 1, 100, 10, 0, 0), (6, 1, 100, 10, 0, 0), (2, 1, 100, 10, 0, 0)] == rows(reports)
    assert 2 == reports["reason"][1]
    assert 0 == len(engine)


def test_cancelling_in_the_middle_or_at_the_head_of_a_queue_keeps_everybody_behind():
    flow = [f"buy {k} 10@100" for k in range(1, 9)] + ["cancel 1", "cancel 5", "cancel 8", "sell 9 60@100 ioc"]
    trades = sim.match(messages(*flow))
    trades = trades[trades["type"] == 1]
    assert [2, 3, 4, 6, 7] == trades["maker_id"].tolist()


def test_a_residual_becomes_the_best_price_and_can_be_hit():
    engine = MatchingEngine()
    reports = engine.match(messages("sell 1 10@100", "sell 2 10@101", "buy 3 35@102", "sell 4 5@102 ioc"))
    assert (1, 4, 102, 5, 3, 4) == rows(reports)[-1]
    assert (102, None, 10) == (engine.best_bid, engine.best_ask, engine.depth(0, 102))


def test_one_order_can_sweep_more_orders_than_the_engine_first_had_room_for():
    count = 5_000
    flow = np.zeros(count + 1, BARE)
    flow["order_id"] = flow["sequence"] = np.arange(count + 1)
    flow["side"], flow["price_ticks"], flow["quantity"] = 1, 100, 1
    flow[-1] = (0, count, count, 100, count, 0, 1)
    reports = sim.match(flow)
    trades = reports[reports["type"] == 1]
    assert list(range(count)) == trades["maker_id"].tolist()
    assert 2 * count + 1 == len(reports)


# Asking between messages.


def test_the_book_can_be_asked_between_any_two_messages():
    engine = MatchingEngine()
    seen = []
    for line in ("buy 1 10@99", "buy 2 5@98", "sell 3 4@101", "buy 4 4@101", "cancel 1"):
        engine.match(messages(line))
        seen.append((engine.best_bid, engine.best_ask, engine.depth(0, 99), engine.depth(1, 101), len(engine)))
    assert [
        (99, None, 10, 0, 1),
        (99, None, 10, 0, 2),
        (99, 101, 10, 4, 3),
        (99, None, 10, 0, 2),
        (98, None, 0, 0, 1),
    ] == seen


def test_levels_come_best_first_with_their_sums():
    engine = MatchingEngine()
    engine.match(messages("buy 1 10@99", "buy 2 5@97", "buy 3 1@99", "sell 4 2@101", "sell 5 3@104"))
    assert [(99, 11), (97, 5)] == engine.levels(0, 10)
    assert [(101, 2)] == engine.levels(1, 1)
    assert [] == MatchingEngine().levels(0, 5)


def test_depth_of_the_other_side_or_of_a_price_never_seen_is_zero():
    engine = MatchingEngine()
    engine.match(messages("buy 1 10@99"))
    assert (0, 0, 0) == (engine.depth(1, 99), engine.depth(0, 10**15), engine.depth(0, -(10**15)))


def test_one_batch_and_single_messages_give_the_same_reports():
    flow = messages("sell 1 5@100", "sell 2 5@101", "buy 3 7@101", "modify sell 2 9@90", "cancel 3", "cancel 2")
    engine = MatchingEngine()
    singly = np.concatenate([engine.match(flow[k : k + 1]) for k in range(len(flow))])
    assert sim.match(flow).tolist() == singly.tolist()


def test_reports_handed_out_do_not_change_afterwards():
    engine = MatchingEngine()
    first = engine.match(messages("buy 1 10@99"))
    before = first.tolist()
    engine.match(messages("sell 2 10@99"))
    assert before == first.tolist()


@pytest.mark.parametrize("question", [lambda e: e.depth(-1, 100), lambda e: e.levels(2), lambda e: e.levels(0, -1)])
def test_a_question_about_no_side_is_refused(question):
    with pytest.raises(BadParameter, match=r"side -1|side 2|-1 levels"):
        question(MatchingEngine())


def test_no_messages_give_no_reports():
    assert 0 == len(sim.match(np.zeros(0, BARE)))


# Numbers of any size.


def test_prices_may_be_negative_and_zero():
    reports = sim.match(messages("sell 1 5@-5", "sell 2 5@0", "buy 3 9@0"))
    assert [(1, 3, -5, 5, 1, 3), (1, 3, 0, 4, 2, 3)] == rows(reports)[3:]


def test_prices_may_lie_as_far_apart_as_words_allow_without_costing_memory():
    low, high = -(2**63), 2**63 - 1
    tracemalloc.start()
    engine = MatchingEngine()
    engine.match(messages(f"buy 1 5@{low}", f"sell 2 5@{high}", "buy 3 1@0", "sell 4 2@1000000000000"))
    assert [(0, 1), (low, 5)] == engine.levels(0)
    assert [(10**12, 2), (high, 5)] == engine.levels(1)
    reports = engine.match(messages(f"sell 5 9@{low}", f"buy 6 9@{high}"))
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()
    assert [(0, 1, 3), (low, 5, 1), (low, 3, 5), (10**12, 2, 4), (high, 4, 2)] == rows(
        reports[reports["type"] == 1], "price_ticks", "quantity", "maker_id"
    )


@pytest.mark.parametrize("spread", [1, 10**3, 10**6, 10**7, 10**12])
def test_prices_that_drift_message_by_message_keep_the_book(spread):
    engine, plain = MatchingEngine(), PlainEngine()
    for k in range(60):
        line = messages(f"{'buy' if k % 3 else 'sell'} {k} {k + 1}@{(k * 37 % 61 - 30) * spread}")
        assert plain.match(line).tolist() == engine.match(line).tolist()
        assert [plain.levels(side, 99) for side in (0, 1)] == [engine.levels(side, 99) for side in (0, 1)]


def test_hundred_thousand_distinct_prices_far_apart_stay_in_order():
    count = 100_000
    flow = np.zeros(count + 1, BARE)
    flow["order_id"] = flow["sequence"] = np.arange(count + 1)
    flow["side"], flow["quantity"] = 1, 1
    flow["price_ticks"][:count] = np.random.default_rng(7).permutation(count) * 10**9
    flow[-1] = (0, count, count, 10**15, count, 0, 1)
    reports = sim.match(flow)
    trades = reports[reports["type"] == 1]
    assert (np.arange(count) * 10**9 == trades["price_ticks"]).all()


def test_ids_and_sequence_numbers_use_all_64_bits():
    flow = messages("buy 1 5@100", "sell 2 5@100", "cancel 3")
    flow["order_id"], flow["sequence"] = [2**64 - 1, 2**63, 0], [2**64 - 3, 2**64 - 2, 2**64 - 1]
    reports = sim.match(flow)
    assert (2**64 - 1, 2**63, 2**64 - 2) == rows(reports, "maker_id", "taker_id", "sequence")[2]
    assert (4, 0, 2**64 - 1) == rows(reports, "type", "order_id", "sequence")[3]


def test_an_order_may_have_id_zero():
    assert [(0, 0), (2, 0)] == rows(sim.match(messages("buy 0 5@100", "cancel 0")), "type", "order_id")


def test_sums_of_the_largest_quantities_are_exact():
    engine = MatchingEngine()
    engine.match(messages(*(f"buy {k} {HUGE}@100" for k in range(5))))
    assert 5 * HUGE == engine.depth(0, 100)
    assert [(100, 5 * HUGE)] == engine.levels(0)
    reports = engine.match(messages(f"sell 9 {HUGE}@100", f"sell 10 {HUGE - 1}@100"))
    assert [(HUGE, 0), (HUGE - 1, 1)] == rows(reports[reports["type"] == 1], "quantity", "maker_id")
    assert 3 * HUGE + 1 == engine.depth(0, 100)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_fields_may_have_any_width_and_order(kind):
    fields = ["side", "quantity", "ioc", "price_ticks", "sequence", "kind", "order_id"]
    packed = messages("sell 1 5@100", "buy 2 7@101 ioc", "cancel 1")
    loose = np.zeros(len(packed), [("unused", "S3"), *((name, kind) for name in fields)])
    for name in fields:
        loose[name] = packed[name]
    assert sim.match(packed).tolist() == sim.match(loose).tolist()
    assert sim.match(packed).tolist() == sim.match(loose[::-1][::-1]).tolist()


def test_a_missing_ioc_means_that_orders_rest():
    flow = messages("sell 1 5@100")[["kind", "order_id", "sequence", "price_ticks", "quantity", "side"]]
    engine = MatchingEngine()
    engine.match(flow)
    assert 1 == len(engine)


def test_a_cancel_may_hold_anything_in_the_fields_it_does_not_use():
    flow = messages("sell 1 5@100", "cancel 1")
    flow["side"][1], flow["quantity"][1], flow["price_ticks"][1], flow["ioc"][1] = 9, -4, -(10**17), 7
    assert [0, 2] == sim.match(flow)["type"].tolist()


# What it refuses.


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("quantity", 0, "message 1 has quantity 0; it must be a whole number of lots from 1"),
        ("quantity", -3, "message 1 has quantity -3"),
        ("kind", 3, "message 1 has kind 3; it must be 0 new, 1 cancel, 2 modify"),
        ("side", 2, "message 1 has side 2; it must be 0 buy, 1 sell"),
        ("ioc", 4, "message 1 has ioc 4; it must be 0 or 1"),
        ("display", -1, "message 1 has display -1"),
        ("min_quantity", 6, "message 1 has min_quantity 6; it must be 0 for none, up to the quantity"),
        ("hidden", -1, "message 1 has hidden -1; it must be 0 or 1"),
    ],
)
def test_a_message_that_cannot_be_is_named_with_its_value_and_nothing_is_matched(field, value, says):
    engine = MatchingEngine()
    flow = messages("buy 1 5@100", "buy 2 5@100", dtype=FULL)
    flow[field][1] = value
    with pytest.raises(BadData, match=says):
        engine.match(flow)
    assert (0, None) == (len(engine), engine.best_bid)
    assert 1 == len(engine.match(messages("buy 1 5@100")))


@pytest.mark.parametrize("field", ["order_id", "sequence"])
def test_a_negative_id_is_refused(field):
    flow = messages("buy 1 5@100").astype([(name, "i8") for name in BARE.names])
    flow[field] = -1
    with pytest.raises(BadData, match=f"message 0 has {field} -1; it must be a whole number from 0 up"):
        sim.match(flow)


@pytest.mark.parametrize("field", ["price_ticks", "quantity"])
def test_a_number_of_2_to_the_63_or_more_is_refused(field):
    flow = messages("buy 1 5@100").astype([(name, "u8") for name in BARE.names])
    flow[field] = 2**63
    with pytest.raises(BadData, match=f"message 0 has {field} 9223372036854775808"):
        sim.match(flow)


def test_prices_as_floats_are_refused_with_the_way_out():
    flow = messages("buy 1 5@100").astype([(name, "f8" if name == "price_ticks" else "i8") for name in BARE.names])
    flow["price_ticks"] = np.nan
    with pytest.raises(BadData, match=r"price_ticks is float64 \(message 0: nan\); whole numbers are needed"):
        sim.match(flow)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.zeros(3), "float64 of 1 dimensions; a one-dimensional structured array"),
        (np.zeros((2, 2), BARE), "2 dimensions"),
        (np.zeros(1, [("kind", "u1"), ("side", "u1")]), "no field order_id, sequence, price_ticks, quantity"),
        ([1, 2], "int64 of 1 dimensions"),
        (np.zeros(1, [(name, ">i8") for name in BARE.names]), "kind is >i8, of the other byte order"),
        (np.zeros(1, [(name, "i8", 2) for name in BARE.names]), "whole numbers are needed"),
    ],
)
def test_what_is_no_array_of_messages_is_refused(given, says):
    with pytest.raises(BadData, match=says):
        sim.match(given)


@pytest.mark.parametrize(
    "line",
    [
        "buy 1 5@100 post ioc",
        "buy 1 5@100 post fok",
        "buy 1 5@100 post min=2",
        "buy 1 5@100 post peg",
        "buy 1 5@100 post stop=101",
        "buy 1 5@100 peg stop=101",
        "buy 1 5@market peg",
        "buy 1 5@100 peg display=2",
        "buy 1 5@100 hidden display=2",
    ],
)
def test_fields_that_contradict_each_other_are_refused(line):
    with pytest.raises(BadData, match="message 0 has fields that exclude each other"):
        sim.match(messages(line))


def test_an_unknown_self_match_rule_lists_the_known_ones():
    with pytest.raises(
        BadParameter, match="'both' must be one of cancel_newest, cancel_oldest, cancel_both, decrement"
    ):
        MatchingEngine(self_match="both")


# How it is found.


def test_the_room_is_public_and_importing_it_loads_nothing():
    assert nw.sim.match is sim.match
    assert {"MatchingEngine", "match"} <= set(dir(sim))
    with pytest.raises(AttributeError, match="it offers"):
        sim.mathc  # noqa: B018
    code = "import sys, nowake.sim; print([name for name in ('numpy', 'numba', 'llvmlite') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == result.stdout.strip()


def test_a_second_process_matches_without_numba():
    code = (
        "import sys; from tests.reference.matching import messages; from nowake import sim;"
        "sim.match(messages('buy 1 5@100')); print('numba' in sys.modules)"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stdout.strip() in ("True", "False")  # It compiles where nobody has before.
    assert "False" == second.stdout.strip()


# A post-only order that is modified.


def test_a_modified_post_only_order_looks_for_others_as_if_it_had_left_the_book():
    alone = sim.match(messages("buy 1 5@10 post", "modify sell 1 5@10"))
    assert [(0, 1, 0), (3, 1, 0)] == rows(alone, "type", "order_id", "reason")
    lines = ("buy 1 5@10 post", "buy 2 5@6", "sell 3 5@14", "sell 4 5@0 peg", "modify buy 1 5@11")
    pegged = sim.match(messages(*lines))  # Without its bid the midpoint is 10, where the peg would sell.
    assert (5, 1, 3) == rows(pegged, "type", "order_id", "reason")[-1]


@pytest.mark.parametrize("kind", ["", " hidden"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_post_only_order_whose_modify_is_refused_stands_where_it_stood(kind, place):
    queue = [f"buy {k} {k}@100 post{kind}" for k in (1, 2, 3)]
    refused = ["sell 9 1@101", f"modify buy {place + 1} 5@101"]
    reports = sim.match(messages(*queue, *refused, "sell 8 6@100"))
    assert 5 == reports["type"][4]
    assert [1, 2, 3] == reports["maker_id"][reports["type"] == 1].tolist()


# Stops and market orders.


def test_a_stop_beyond_what_a_price_can_be_is_refused_and_not_wrapped_round_to_below_zero():
    flow = messages("buy 1 5@10 stop=11", dtype=np.dtype([*BARE.descr, ("stop", "u1"), ("stop_ticks", "u8")]))
    flow["stop_ticks"] = 2**63
    with pytest.raises(BadData, match=r"message 0 has stop_ticks 9223372036854775808; it must be whole ticks"):
        sim.match(flow)
    flow["stop"] = 0
    assert [0] == sim.match(flow)["type"].tolist()


def test_a_modified_stop_market_order_still_has_no_price():
    flow = messages("buy 1 5@market stop=11", "modify buy 1 4@88")
    assert [(0, 0, 5), (3, 0, 4)] == rows(sim.match(flow), "type", "price_ticks", "quantity")


@pytest.mark.parametrize(("amend_down", "first"), [(True, 1), (False, 2)])
def test_a_waiting_stop_that_is_only_reduced_keeps_its_place_where_the_venue_says_so(amend_down, first):
    stops = ("buy 1 5@market stop=11", "buy 2 5@market stop=11", "modify buy 1 4@88 stop=11")
    reports = MatchingEngine(amend_down=amend_down).match(messages(*stops, "sell 3 1@11", "buy 4 1@11"))
    triggered = reports[reports["type"] == 7]
    assert [first, 3 - first] == triggered["order_id"].tolist()
    assert {1: 4, 2: 5} == dict(rows(triggered, "order_id", "quantity"))


def test_a_waiting_stop_with_another_stop_is_not_only_reduced():
    stops = ("buy 1 5@market stop=10", "buy 2 5@market stop=11", "modify buy 1 4@0 stop=11")
    reports = MatchingEngine(amend_down=True).match(messages(*stops, "sell 3 1@11", "buy 4 1@11"))
    assert [2, 1] == reports["order_id"][reports["type"] == 7].tolist()


@pytest.mark.parametrize("price_ticks", [HUGE, -HUGE, 0])
def test_the_price_of_a_market_order_does_not_widen_the_window(price_ticks):
    flow = messages("sell 1 5@2000000", "buy 2 1@market", "buy 3 9@market stop=2000001")
    flow["price_ticks"][1:] = price_ticks
    engine = MatchingEngine()
    reports = engine.match(flow)
    assert [0, 0, 1, 0] == reports["type"].tolist()
    assert engine._memory["rows"] < 2_000
    engine.match(messages("sell 4 1@30000000", "sell 5 2@90000000"))  # The window moves, and is far-apart prices.
    reports = engine.match(messages("buy 6 4@2000000", "buy 7 1@30000000"))
    assert [0, 1, 0, 1, 7, 1, 2] == reports["type"].tolist()
    assert [(2_000_000, 4), (30_000_000, 1), (90_000_000, 2)] == rows(
        reports[reports["type"] == 1], "price_ticks", "quantity"
    )


@pytest.mark.parametrize("price_ticks", [None, 1.5, "10"])
def test_a_question_about_no_whole_price_says_so(price_ticks):
    with pytest.raises(BadParameter, match=r"price_ticks .* must be a whole number"):
        MatchingEngine().depth(0, price_ticks)
    with pytest.raises(BadParameter, match=r"n .* must be a whole number"):
        MatchingEngine().levels(0, price_ticks)


def test_new_prices_one_by_one_rarely_move_a_window_of_prices_far_apart(monkeypatch):
    engine, moves = MatchingEngine(), []
    move = Memory._move
    monkeypatch.setattr(Memory, "_move", lambda self, *how, **more: moves.append(1) or move(self, *how, **more))
    random = np.random.default_rng(3)
    far = random.integers(-(2**62), 2**62, 1_000)
    near = 10_000 + np.cumsum(random.integers(-3, 4, 2_000))
    engine.match(messages("sell 1 1@1000000000000", "buy 2 1@-1000000000000", dtype=FULL))
    slow = PlainEngine()
    slow.match(messages("sell 1 1@1000000000000", "buy 2 1@-1000000000000", dtype=FULL))
    for number, price_ticks in enumerate([*near, *far]):
        one = messages(f"{('buy', 'sell')[number % 2]} {number + 10} 2@{price_ticks}")
        reports = engine.match(one)
        if number < 500:
            assert slow.match(one).tolist() == reports.tolist()
            assert slow.levels(number % 2, 5) == engine.levels(number % 2, 5)
    assert len(moves) < 30


@pytest.mark.parametrize("prices", [(0,), (5, 6), (-(2**63), 2**63 - 1), (-(2**63), -(2**63) + 1, 0, 2**63 - 1)])
def test_spare_prices_are_increasing_and_leave_every_price_there(prices):
    grid = _with_spares(np.array(prices, np.int64))
    assert (grid[1:] > grid[:-1]).all()
    assert set(prices) <= set(grid.tolist())
