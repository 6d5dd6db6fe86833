"""The world and the cost report count the same market: every print and every fill of ours, each once."""

from __future__ import annotations

from random import Random

import pytest

from nowake.data.generated import generate_day
from nowake.domain.command import CancelChild, PlaceChild
from nowake.domain.decider import Reason, Wake
from nowake.domain.event import ChildFilled
from nowake.domain.fill import Fill
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld
from nowake.tca.analysis import analyse

FEED_NS = 1_000
LATENCY = Latency(feed=FEED_NS, send=2_000, ack=3_000)


def at_venue(world, venue_ns, learned):
    """The market when every event at the venue up to `venue_ns` is known."""
    while True:
        batch = world.advance(Wake(time_ns=venue_ns + FEED_NS))
        learned += batch
        if batch[-1].time_ns >= venue_ns + FEED_NS:
            return batch[-1]


def commands(random, moved, child_id):
    """Rest at the touch or inside it, take through it, or take an order back."""
    bid, ask = (levels[0].price_ticks for levels in (moved.book.bids, moved.book.asks))
    lots, price = random.randint(1, 400), random.choice([bid, bid, bid + 1, ask, ask + 2])
    force = random.choice([TimeInForce.DAY, TimeInForce.DAY, TimeInForce.IOC])
    sent = [PlaceChild(child_id, Side.BUY, lots, price, force)]
    return [*sent, CancelChild(random.randint(1, child_id))] if random.random() < 0.5 else sent


@pytest.mark.parametrize("seed", range(4))
def test_report_counts_the_volume_the_world_counted(seed):
    day, random, learned = generate_day(seed + 1, events=20_000), Random(seed), []
    start_ns = day.instrument.session.open_ns + 1_800 * NS_PER_SECOND
    end_ns = start_ns + 3_600 * NS_PER_SECOND
    world = ReplayWorld(day.events, day.instrument, name="test", latency=LATENCY)
    before = at_venue(world, start_ns - 1, learned)
    for child_id in range(1, 240):
        moved = at_venue(world, start_ns + child_id * 14 * NS_PER_SECOND, learned)
        if moved.book.bids and moved.book.asks:
            for command in commands(random, moved, child_id):
                world.submit(command)
    after = at_venue(world, end_ns, learned)
    fills = [filled(event) for event in learned if isinstance(event, ChildFilled)]
    order = ParentOrder(instrument=day.instrument, side=Side.BUY, lots=10**6, start_ns=start_ns, end_ns=end_ns)
    report = analyse(order, fills, day.quotes, day.trades)
    lots, turnover = after.volume_lots - before.volume_lots, after.turnover - before.turnover
    assert lots == report.market_lots
    assert day.instrument.price(turnover / lots) == pytest.approx(report.benchmarks["interval_vwap"], rel=1e-12)
    assert 0 < report.participation <= 1
    # Of every kind there must have been some, or the test says nothing.
    kinds = {(fill.liquidity.value, fill.tape_ticks is None) for fill in fills}
    assert {("taker", True), ("maker", True), ("maker", False)} == kinds


def filled(event):
    return Fill(
        time_ns=event.time_ns,
        venue_ns=event.venue_ns,
        child_id=event.child_id,
        execution_id=event.execution_id,
        lots=event.lots,
        price_ticks=event.price_ticks,
        liquidity=event.liquidity,
        reason=Reason.ON_SCHEDULE,
        tape_ticks=event.tape_ticks,
    )
