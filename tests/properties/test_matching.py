"""The matching engine against its plain twin, and what must hold after any message."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.matching import FULL, PlainEngine

from nowake.kernels import matching_state as state
from nowake.sim.matching import SELF_MATCH, MatchingEngine

GRIDS = (range(98, 103), range(-2, 3), range(-(2 * 10**12), 3 * 10**12, 10**12), range(1, 20_000_000, 4_999_999))

# Ids that all want to be in the last or the first two places of the table an engine begins with.
TABLE = len(MatchingEngine()._memory.array("table"))
CROWDED = [k for k in range(40_000) if ((k * 0x9E3779B97F4A7C15) % 2**64 * TABLE >> 64) in (TABLE - 1, 0, 1)][:25]
IDS = st.one_of(st.integers(0, 25), st.sampled_from(CROWDED))


@st.composite
def plain_message(draw, prices):
    kind = draw(st.sampled_from([0, 0, 0, 1, 2]))
    fields = {"kind": kind, "order_id": draw(IDS), "side": draw(st.integers(0, 1))}
    fields |= {"quantity": draw(st.integers(1, 12)), "price_ticks": draw(st.sampled_from(prices))}
    return fields | ({"ioc": draw(st.integers(0, 1))} if kind == 0 else {})


@st.composite
def special_message(draw, prices):
    fields = draw(plain_message(prices))
    if fields["kind"] == state.CANCEL:
        return fields
    kinds = ("plain", "market", "fok", "post_only", "hidden", "peg", "stop", "stop_market", "display", "min_quantity")
    kind = draw(st.sampled_from(kinds))
    if kind == "post_only":
        fields |= {"post_only": 1, "ioc": 0, "hidden": draw(st.integers(0, 1))}
    elif kind.startswith("stop"):
        fields |= {"stop": 1, "stop_ticks": draw(st.sampled_from(prices)), "market": int(kind == "stop_market")}
        fields |= {"display": draw(st.integers(0, 3)), "fok": draw(st.integers(0, 1))}
    elif kind in ("display", "min_quantity"):
        fields |= {kind: draw(st.integers(1, fields["quantity"]))}
    elif kind != "plain":
        fields |= {kind: 1}
    return fields | {"owner": draw(st.sampled_from([0, 0, 1, 2]))}


@st.composite
def flows(draw, message):
    prices = draw(st.sampled_from(GRIDS))
    rows = draw(st.lists(message(list(prices)), min_size=1, max_size=50))
    records = np.zeros(len(rows), FULL)
    for number, row in enumerate(rows):
        records[number]["sequence"] = number
        for name, value in row.items():
            records[number][name] = value
    return records


RULES = st.fixed_dictionaries({"self_match": st.sampled_from(SELF_MATCH), "amend_down": st.booleans()})


def in_batches(flow, cuts):
    return [part for part in np.split(flow, sorted({cut % (len(flow) + 1) for cut in cuts})) if len(part)]


def assert_same_book(slow, fast):
    assert (slow.best_bid, slow.best_ask, len(slow)) == (fast.best_bid, fast.best_ask, len(fast))
    for side in (0, 1):
        assert slow.levels(side, 99) == fast.levels(side, 99)


@given(flows(plain_message), st.lists(st.integers(0, 50), max_size=4))
def test_limit_and_immediate_orders_are_matched_as_by_the_twin(flow, cuts):
    slow, fast = PlainEngine(), MatchingEngine()
    for part in in_batches(flow, cuts):
        assert slow.match(part).tolist() == fast.match(part).tolist()
        assert_same_book(slow, fast)


@settings(max_examples=200)
@given(flows(special_message), st.lists(st.integers(0, 50), max_size=4), RULES)
def test_every_kind_of_order_is_matched_as_by_the_twin(flow, cuts, rules):
    slow, fast = PlainEngine(**rules), MatchingEngine(**rules)
    for part in in_batches(flow, cuts):
        assert slow.match(part).tolist() == fast.match(part).tolist()
        assert_same_book(slow, fast)


@pytest.mark.parametrize("block", range(8))
def test_dense_flows_of_every_kind_are_matched_as_by_the_twin(block):
    """Denser than what hypothesis draws: most orders meet somebody, stops and pegs set each other off."""
    for seed in range(50 * block, 50 * block + 50):
        random = np.random.default_rng(seed)
        rules = {"self_match": SELF_MATCH[seed % 4], "amend_down": bool(seed % 3 == 0)}
        slow, fast = PlainEngine(**rules), MatchingEngine(**rules)
        flow = dense_flow(random, 120, GRIDS[seed // 7 % len(GRIDS)])
        for part in in_batches(flow, random.integers(0, 120, 2)):
            assert slow.match(part).tolist() == fast.match(part).tolist()
            assert_same_book(slow, fast)


def dense_flow(random, count, prices):
    """Every field drawn by itself, and where they exclude each other the later one dropped."""
    flow = np.zeros(count, FULL)
    flow["sequence"] = np.arange(count)
    flow["kind"] = random.choice([0, 0, 0, 0, 1, 2], count)
    flow["order_id"], flow["side"] = random.integers(0, 40, count), random.integers(0, 2, count)
    flow["quantity"] = random.integers(1, 12, count)
    for name in ("price_ticks", "stop_ticks"):
        flow[name] = random.choice(list(prices), count)
    for name, chance in (("ioc", 0.1), ("fok", 0.05), ("market", 0.1), ("stop", 0.3), ("peg", 0.2), ("hidden", 0.2)):
        flow[name] = random.random(count) < chance
    flow["display"] = random.integers(0, 5, count) * (random.random(count) < 0.3)
    flow["min_quantity"] = np.minimum(random.integers(0, 9, count), flow["quantity"]) * (random.random(count) < 0.1)
    flow["owner"] = random.choice([0, 0, 1, 2], count)
    flow["peg"] *= (flow["market"] == 0) & (flow["stop"] == 0)
    flow["display"] *= (flow["hidden"] == 0) & (flow["peg"] == 0)
    alone = sum(flow[name] for name in ("ioc", "fok", "market", "stop", "peg", "min_quantity")) == 0
    flow["post_only"] = alone & (random.random(count) < 0.2)
    return flow


@given(flows(plain_message))
def test_an_engine_that_holds_a_special_order_matches_plain_ones_as_one_that_does_not(flow):
    """The plain and the venue's loop are two implementations: a far hidden order brings the second about."""
    plain, venue = MatchingEngine(), MatchingEngine()
    far = np.zeros(1, FULL)
    far["order_id"], far["quantity"], far["price_ticks"], far["hidden"] = 99, 1, flow["price_ticks"].min() - 1, 1
    venue.match(far)
    flow = flow[(flow["kind"] == 1) | (flow["side"] == 0) | (flow["price_ticks"] > far["price_ticks"])]
    expected, given_back = plain.match(flow), venue.match(flow)
    assert expected.tolist() == given_back.tolist()


@settings(max_examples=150)
@given(flows(special_message), RULES)
def test_lots_are_conserved_nothing_stays_crossed_and_no_trade_is_worse_than_the_takers_limit(flow, rules):
    engine = MatchingEngine(**rules)
    account = Account()
    for number in range(len(flow)):
        account.book(flow[number], engine.match(flow[number : number + 1]))
        bid, ask = engine.best_bid, engine.best_ask
        assert bid is None or ask is None or bid < ask
        shown = sum(lots for side in (0, 1) for _, lots in engine.levels(side, 99))
        assert shown <= sum(account.open.values())
        assert len(engine) == len(account.open)


class Account:
    """Every order's open lots, from reports alone. A message never makes or loses lots."""

    def __init__(self):
        self.open: Counter[int] = Counter()
        self.limit: dict[int, tuple[int, float]] = {}

    def book(self, message, reports):
        for report in reports:
            kind, order_id, quantity = int(report["type"]), int(report["order_id"]), int(report["quantity"])
            if kind in (state.ACKNOWLEDGED, state.MODIFIED):
                self.open[order_id] = quantity
                self._remember(message, int(report["side"]), order_id, is_new=kind == state.ACKNOWLEDGED)
            elif kind in (state.TRADE, state.PREVENTED):
                for party in (int(report["maker_id"]), int(report["taker_id"])):
                    self.open[party] -= quantity
                    assert self.open[party] >= 0
                    side, limit = self.limit[party]
                    assert (report["price_ticks"] + report["half"] / 2 - limit) * (1 - 2 * side) <= 0
            elif kind == state.CANCELLED:
                assert self.open[order_id] == quantity
                self.open[order_id] = 0
            elif kind == state.REPLENISHED:
                assert 0 < quantity <= self.open[order_id]
        self.open = Counter({order_id: lots for order_id, lots in self.open.items() if lots})

    def _remember(self, message, side, order_id, *, is_new):
        """Side and limit as the order's latest message says; a market order stays one."""
        no_limit = message["market"] if is_new else np.isinf(self.limit[order_id][1])
        worst = np.inf if side == 0 else -np.inf
        self.limit[order_id] = (side, worst if no_limit else int(message["price_ticks"]))


@given(st.permutations(CROWDED), st.permutations(CROWDED))
def test_every_id_is_found_until_its_order_leaves_however_they_crowd_the_table(came, left):
    engine = MatchingEngine()
    flow = np.zeros(3 * len(CROWDED), FULL)
    flow["order_id"], flow["quantity"] = [*came, *left, *left], 1
    flow["kind"][len(CROWDED) :] = state.CANCEL
    kinds = engine.match(flow)["type"].reshape(3, -1)
    assert [{state.ACKNOWLEDGED}, {state.CANCELLED}, {state.CANCEL_REJECTED}] == [set(row.tolist()) for row in kinds]


@given(st.integers(0, 1), st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(1, 120))
def test_orders_at_one_price_trade_in_the_order_they_came(side, sizes, wanted):
    flow = np.zeros(len(sizes) + 1, FULL)
    flow["order_id"] = flow["sequence"] = np.arange(len(flow))
    flow["side"], flow["price_ticks"], flow["quantity"] = side, 100, [*sizes, wanted]
    flow["side"][-1] = 1 - side
    reports = MatchingEngine().match(flow)
    trades = reports[reports["type"] == state.TRADE]
    left, expected = wanted, []
    for maker, size in enumerate(sizes):
        if left:
            expected.append((maker, min(size, left)))
            left -= min(size, left)
    assert expected == trades[["maker_id", "quantity"]].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_a_long_random_flow_in_odd_batches_is_matched_as_by_the_twin(seed):
    """Long enough for stores to grow, the window to move and ids to collide in the table."""
    random = np.random.default_rng(seed)
    count = 4_000
    flow = np.zeros(count, FULL)
    flow["sequence"] = np.arange(count)
    flow["kind"] = random.choice([0, 0, 0, 1, 2], count)
    flow["order_id"] = random.integers(0, 900, count).astype(np.uint64) << np.uint64(17 * seed)
    flow["order_id"][::5] = random.choice(CROWDED, len(flow[::5]))
    flow["side"] = random.integers(0, 2, count)
    middle = np.cumsum(random.integers(-9, 10, count)) * 10 ** (3 * seed)
    flow["price_ticks"] = middle + (2 * flow["side"].astype(int) - 1) * random.integers(-2, 30, count)
    flow["quantity"] = random.integers(1, 100, count)
    slow, fast = PlainEngine(), MatchingEngine()
    for part in in_batches(flow, random.integers(0, count, 12)):
        assert slow.match(part).tolist() == fast.match(part).tolist()
        assert_same_book(slow, fast)
