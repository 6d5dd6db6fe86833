"""A quoting strategy in a recorded day of LOBSTER files: compiled and as a plain decider, the same fills."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.reference.desk import PlainDesk

from nowake.data.folder import look
from nowake.data.load import load_day
from nowake.sim.compiled import run_compiled
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld
from nowake.sim.strategies import strategy

ROOT = Path(os.environ.get("NOWAKE_DATA") or Path(__file__).parents[4] / "shared" / "data")
SLOW = Latency(feed="5ms", decide="1ms", send="5ms", ack="6ms", fill="7ms", cancel="20ms")


@strategy(parameters=("lots",), memo={"seen": int}, rows=2)
def join(market, wanted, wake, memo, parameters):
    """Joins the best prices of others and now and then crosses the spread to go home."""
    wake.time_ns = market.now_ns + 15_000_000_000
    memo.seen = (memo.seen * 31 + market.others_bid_ticks * market.others_bid_lots + market.volume_lots) & 0xFFFFFFFF
    if market.others_bid_lots == 0 or market.others_ask_lots == 0:
        return
    wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, market.others_bid_ticks, parameters.lots
    wanted[1].side, wanted[1].price_ticks, wanted[1].lots = -1, market.others_ask_ticks, parameters.lots
    if abs(market.position_lots) > 3 * parameters.lots:
        home = 1 if market.position_lots > 0 else 0
        wanted[home].price_ticks = market.others_ask_ticks if home == 0 else market.others_bid_ticks
        wanted[home].immediate = 1
        wake.own_news = 0  # Where nobody is left to trade with, it does not ask again at once.


def test_a_recorded_day_gives_the_same_fills_compiled_and_plain():
    found = list(look(ROOT, ["lobster"]).recordings) if ROOT.is_dir() else []
    if not found:
        pytest.skip(f"no LOBSTER files under {ROOT}; set NOWAKE_DATA")
    pair = min(found, key=lambda pair: int(pair.detail))  # The shallowest is the quickest to read.
    day = load_day(f"lobster:{pair.symbols[0]}:{pair.detail}", pair.first, root=ROOT)
    fast = run_compiled(join, day, {"lots": 50}, latency=SLOW, limit_lots=400)
    world = ReplayWorld(day.events, day.instrument, name="test", latency=SLOW, reach=day.depth)
    slow = PlainDesk(join, world, (50,), start_ns=world._now_ns, limit_lots=400).run()
    names = ("venue_ns", "child_id", "lots", "price_ticks")
    assert slow.fills == list(zip(*(fast.fills[name].tolist() for name in names), strict=True)), day.source
    assert len(fast.fills) > 0
    assert slow.memo[0].seen == fast.memo["seen"]
    assert fast.max_position_lots <= 400
