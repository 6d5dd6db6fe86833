"""What we see and learn of a replay under any legs: two books agree with one, and nothing is known before its time."""

from __future__ import annotations

import datetime as dt
from random import Random

import numpy as np
import pytest
from tests.reference.streams import records, wild

from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.event import ChildFilled, MarketMoved, MarketPhase
from nowake.domain.instrument import Instrument, Session
from nowake.domain.order import TimeInForce
from nowake.domain.side import Side
from nowake.sim.late_sight import Feed
from nowake.sim.latency import Latency
from nowake.sim.legs import Backlog, Draws, Table
from nowake.sim.levels_of_orders import levels_of_orders
from nowake.sim.replay import ReplayWorld

OPEN_NS, CLOSE_NS = 5, 900


def same_for_ever(delay_ns):
    """A constant that the world cannot know to be one, so that it takes two books."""
    return Table(np.array([0]), np.array([delay_ns]))


def world_of(rows, latency, **options):
    session = Session(date=dt.date(1970, 1, 1), timezone="UTC", open_ns=OPEN_NS, close_ns=CLOSE_NS)
    instrument = Instrument(symbol="X", venue="XTST", session=session, negative_prices=True)
    events = rows if isinstance(rows, np.ndarray) else records(rows)
    return ReplayWorld(events, instrument, name="test", latency=latency, depth=3, **options)


def trade_at_random(world, seed, *, until_ns=10**9):
    """Send and wait as the seed says, looking at nothing but the time; every batch."""
    batches, sent, moved, random = [], [], None, Random(seed)
    for number in range(1, 10_000):
        now_ns = 0 if moved is None else moved.time_ns
        wake = Wake(
            time_ns=now_ns + random.randint(0, 60),
            on_touch=random.random() < 0.4,
            volume_lots=random.choice([None, None, (moved.volume_lots if moved else 0) + random.randint(1, 40)]),
            bid_at_least_ticks=random.choice([None, None, None, random.randint(99, 103)]),
            ask_at_most_ticks=random.choice([None, None, None, random.randint(98, 102)]),
        )
        if sent and random.random() < 0.3:
            wake = Wake()  # News of our own alone.
        batch = world.advance(wake)
        if not batch or batch[-1].time_ns > until_ns:
            return batches
        batches.append(batch)
        moved = batch[-1]
        sent = commands(random, number)
        for command in sent:
            world.submit(command)
    raise AssertionError("the world does not end")


def commands(random, number):
    sent, child_id = [], 10 * number
    for k in range(random.choice([0, 0, 1, 2])):
        force = random.choice([TimeInForce.DAY, TimeInForce.DAY, TimeInForce.IOC])
        side, price, lots = random.choice([Side.BUY, Side.SELL]), random.randint(98, 103), random.randint(1, 25)
        post_only = force is TimeInForce.DAY and random.random() < 0.3
        sent.append(PlaceChild(child_id + k, side, lots, price, force, post_only))
    if random.random() < 0.4:
        old = 10 * max(1, number - random.randint(0, 5))
        sent.append(random.choice([CancelChild(old), ReduceChild(old, random.randint(0, 20))]))
    return sent


@pytest.mark.parametrize("tells", ["orders", "levels"])
@pytest.mark.parametrize("seed", range(30))
def test_two_books_tell_what_one_tells_where_no_report_is_faster_than_the_feed(seed, tells):
    rows, _ = wild(seed, halts=0.02 * (seed % 3), pictures=0.02 * (seed % 2))
    if tells == "levels":
        rows = levels_of_orders(records(rows))
    random = Random(seed)
    feed, send, cancel = (random.randint(0, 30) for _ in range(3))
    ack, fill = feed + random.randint(0, 20), feed + random.randint(0, 20)
    rest = {"send": send, "cancel": cancel, "ack": ack, "fill": fill, "decide": seed % 4}
    one = trade_at_random(world_of(rows, Latency(feed=feed, **rest)), seed)
    two = trade_at_random(world_of(rows, Latency(feed=same_for_ever(feed), **rest)), seed)
    assert before_close(one) == before_close(two)
    assert sum(isinstance(event, ChildFilled) for batch in one for event in batch) > 3  # Or the test says nothing.


def before_close(batches):
    """At the close one book tells in one batch what two tell in several."""
    first_ns = batches[0][0].time_ns
    phases = [batch[-1].phase is MarketPhase.CLOSED and batch[-1].time_ns > first_ns for batch in batches]
    return batches[: phases.index(True)]


def any_legs(random):
    """Legs of every kind, most of them faster one way than another."""

    def leg():
        pool = [random.choice([0, 0, 1, random.randint(0, 60)]) for _ in range(random.randint(1, 6))]
        times = sorted(random.randint(0, 900) for _ in pool)
        kinds = [pool[0], Draws(np.array(pool), random.randint(0, 9)), Table(np.array(times), np.array(pool))]
        return random.choice([*kinds, Backlog(random.randint(0, 9), random.randint(0, 3))])

    return Latency(feed=leg(), send=leg(), ack=leg(), fill=leg(), cancel=leg(), decide=random.randint(0, 3))


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_known_before_its_time(seed):
    """Another future, from an instant on that is not known yet, gives the same batches up to then."""
    rows, _ = wild(seed)
    latency, random = any_legs(Random(seed)), Random(seed + 1000)
    cut = random.randint(150, len(rows) - 50)
    while rows[cut][0] == rows[cut - 1][0]:
        cut += 1
    other, _ = wild(seed + 500)
    shift = rows[cut][0] - other[0][0]
    changed = rows[:cut] + [(row[0] + shift, *row[1:]) for row in other]
    times = np.array([row[0] for row in rows])
    feed, *_, ack, fill, _ = latency.over(times)
    cut_ns = rows[cut][0]
    unknown_ns = min(Feed(times, feed).known_ns(cut_ns), cut_ns + min(ack.least_ns, fill.least_ns)) - 1
    worlds = [world_of(each, latency) for each in (rows, changed)]
    one, two = (trade_at_random(world, seed, until_ns=unknown_ns) for world in worlds)
    assert one == two
    assert len(one) > 0


@pytest.mark.parametrize("seed", range(40))
def test_time_never_runs_backwards_and_what_is_learned_is_of_the_past(seed):
    rows, _ = wild(seed, halts=0.02)
    last_ns = -1
    for batch in trade_at_random(world_of(rows, any_legs(Random(seed))), seed):
        assert [isinstance(event, MarketMoved) for event in batch] == [False] * (len(batch) - 1) + [True]
        times = [last_ns, *(event.time_ns for event in batch)]
        assert sorted(times) == times
        last_ns = times[-1]
        for event in batch:
            if isinstance(event, ChildFilled):
                assert event.venue_ns <= event.time_ns


@pytest.mark.parametrize("seed", range(40))
def test_feed_lets_us_see_exactly_what_has_reached_us(seed):
    random = Random(seed)
    times = np.cumsum([random.choice([0, 1, 5, 40]) for _ in range(60)]).astype(np.int64) + 100
    leg = any_legs(random).over(times)[0]
    feed = Feed(times, leg)
    arrivals = [time + leg.delay_ns(time, k, 0) for k, time in enumerate(times.tolist())]
    for now_ns in range(90, int(max(arrivals)) + 5, 3):
        seen_ns = feed.seen_ns(now_ns)
        seen = times <= seen_ns
        assert all(arrival <= now_ns for arrival, told in zip(arrivals, seen, strict=True) if told)
        following = times[~seen][:1]
        if len(following):  # Of the next instant at least one message, or one before it, is still on its way.
            upto = np.count_nonzero(times <= following[0])
            assert max(arrivals[:upto]) > now_ns
        feed.forget(seen_ns)
    for venue_ns in range(int(times[0]), int(times[-1]) + 5):
        known_ns = Feed(times, leg).known_ns(venue_ns)
        assert feed.seen_ns(known_ns) >= venue_ns
        assert feed.seen_ns(known_ns - 1) < venue_ns
