"""A compiled strategy against the same one as a Python decider in ReplayWorld: every view and every fill is equal."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.desk import PlainDesk
from tests.reference.streams import records, rows, sensible_rows, wild

from nowake.domain.instrument import Instrument, Session
from nowake.kernels.desk_state import MARKET
from nowake.kernels.layout import HALT, LEVEL, RESUME, TRADE
from nowake.sim.compiled import run_compiled
from nowake.sim.latency import Latency
from nowake.sim.legs import Draws
from nowake.sim.replay import ReplayWorld
from nowake.sim.strategies import strategy

RELAXED = settings(max_examples=60)


@strategy(parameters=("seed", "span_ns", "kinds"), memo={"state": int, "seen": int}, rows=5)
def restless(market, wanted, wake, memo, parameters):
    """Wants something else at every decision; prices and sizes are few, so that some orders stay."""
    if market.decisions == 0:
        memo.state = int(parameters.seed)
    for seen in (
        market.now_ns,
        market.bid_ticks * market.bid_lots + 7 * market.ask_ticks * market.ask_lots,
        market.others_bid_ticks * market.others_bid_lots + 7 * market.others_ask_ticks * market.others_ask_lots,
        market.volume_lots + 7 * market.trading + 31 * market.fills + 17 * market.refusals,
        market.position_lots + 7 * market.cash_ticks + 31 * market.bought_lots + 17 * market.sold_lots,
        market.open_bid_lots + 7 * market.open_ask_lots + 31 * market.decisions,
    ):
        memo.seen = (memo.seen * 1103515245 + seen) & 0x7FFFFFFF  # Equal at the end: equal at every decision.
    kinds = int(parameters.kinds)
    for row in range(4):
        memo.state = (memo.state * 1103515245 + 12345) & 0x7FFFFFFF
        draw = memo.state >> 8
        if draw % 3 == 0:
            continue
        wanted[row].side = 1 if row % 2 == 0 else -1
        wanted[row].price_ticks = 98 + (draw >> 3) % 6
        wanted[row].lots = 1 + (draw >> 6) % 5
        wanted[row].immediate = 1 if (draw >> 10) % 6 == 0 else 0
        wanted[row].post_only = 1 if (draw >> 10) % 6 == 1 else 0
    memo.state = (memo.state * 1103515245 + 12345) & 0x7FFFFFFF
    draw = memo.state >> 8
    if draw % 8 != 0:
        wake.time_ns = market.now_ns + 1 + (draw >> 3) % int(parameters.span_ns)
    wake.on_touch = kinds & 1
    if kinds & 2:
        wake.volume_lots = market.volume_lots + 1 + (draw >> 9) % 40
    wake.own_news = 0 if kinds & 4 else 1
    if kinds & 8 and draw % 5 == 0:
        wake.bid_at_least_ticks = market.others_bid_ticks + 1
        wake.ask_at_most_ticks = market.others_ask_ticks - 1 if market.others_ask_lots else 97


def both(history, parameters, *, latency, limit_lots=None, opens=0, chosen=restless):
    """The compiled run and the plain one, of the same day."""
    events = records(history)
    last_ns = int(events["time_ns"][-1])
    session = Session(date=dt.date(1970, 1, 1), timezone="UTC", open_ns=opens, close_ns=last_ns + 40)
    instrument = Instrument(symbol="T", venue="X", session=session)
    day = SimpleNamespace(events=events, instrument=instrument, depth=0, source="test", warnings=())
    fast = run_compiled(chosen, day, parameters, latency=latency, limit_lots=limit_lots)
    world = ReplayWorld(events, instrument, name="test", latency=latency)
    slow = PlainDesk(chosen, world, parameters, start_ns=world._now_ns, limit_lots=limit_lots).run()
    return fast, slow


def legs(feed, send, report):
    return Latency(feed=feed, send=send, ack=feed + report)


@st.composite
def uneven_legs(draw):
    """Every leg of its own length; those to the venue may be drawn anew for every message."""
    ns = st.integers(0, 5)
    feed = draw(ns)
    outward = ns | st.lists(ns, min_size=1, max_size=4).map(lambda pool: Draws(np.array(pool), seed=len(pool)))
    send = st.integers(1, 6) | st.lists(st.integers(1, 6), min_size=1, max_size=4).map(
        lambda pool: Draws(np.array(pool))
    )
    return Latency(
        feed=feed,
        decide=draw(outward),
        send=draw(send),
        ack=feed + draw(ns),
        fill=feed + draw(ns),
        cancel=draw(send),
    )


latencies = st.builds(legs, st.integers(0, 4), st.integers(1, 6), st.integers(0, 5)) | uneven_legs()
asked = st.tuples(st.integers(0, 10**6), st.integers(1, 30), st.integers(0, 15))


def check(history, parameters, **options):
    fast, slow = both(history, parameters, **options)
    names = ("venue_ns", "child_id", "lots", "price_ticks")
    assert slow.fills == list(zip(*(fast.fills[name].tolist() for name in names), strict=True))
    last = dict(zip(MARKET.names, slow.market[0].tolist(), strict=True))
    for name in ("position_lots", "cash_ticks", "bought_lots", "sold_lots", "refusals"):
        assert last[name] == fast.market[name], name
    assert len(slow.seen) == fast.market["decisions"]
    assert slow.memo[0].tolist() == tuple(fast.memo.values())
    return fast, slow


def of_orders(history):
    """Events of no known kind would make the world ask what feed this is."""
    return [row for row in history if row[4] < LEVEL] or [(10, 1, 1, 99, 1, 1, 0)]


@RELAXED
@given(rows().map(of_orders), asked, latencies)
def test_any_history_gives_the_same_fills_compiled_and_plain(history, parameters, latency):
    check(history, parameters, latency=latency)


@RELAXED
@given(sensible_rows().filter(bool), asked, latencies, st.none() | st.integers(1, 12))
def test_sensible_history_gives_the_same_fills_compiled_and_plain(history, parameters, latency, limit_lots):
    fast, _ = check(history, parameters, latency=latency, limit_lots=limit_lots)
    if limit_lots is not None:
        assert fast.max_position_lots <= limit_lots


@pytest.mark.parametrize("seed", range(16))
def test_long_wild_history_with_halts_gives_the_same_fills_compiled_and_plain(seed):
    history, _ = wild(seed, size=600, halts=0.02)
    even = legs(seed % 4, 1 + seed % 5, seed % 3)
    pool = Draws(np.array([1, 2, 9]), seed=seed)
    # Answers are slower than fills, so that a fill waits for the acceptance before it.
    uneven = Latency(feed=seed % 4, decide=1, send=pool, ack=seed % 4 + 9, fill=seed % 4, cancel=pool)
    fast, _ = check(history, (seed, 25, seed), latency=uneven if seed % 3 else even, opens=seed * 5)
    assert len(fast.fills) > 20


@st.composite
def level_rows(draw):
    """Levels and trades over few prices, in and out of step."""
    event = st.tuples(
        st.integers(0, 2),
        st.sampled_from([0, 1, 3, 9, 20]),
        st.integers(98, 103),
        st.sampled_from([LEVEL, LEVEL, LEVEL, TRADE, TRADE, HALT, RESUME, RESUME]),
        st.sampled_from([1, -1]),
    )
    out, time = [(10, 0, 5, 99, LEVEL, 1, 0)], 10
    for gap, lots, price, kind, side in draw(st.lists(event, max_size=40)):
        time += gap
        out.append((time, 0, lots, price, kind, side, 0))
    return out


@RELAXED
@given(level_rows(), asked, latencies)
def test_levels_and_trades_give_the_same_fills_compiled_and_plain(history, parameters, latency):
    check(history, parameters, latency=latency)
