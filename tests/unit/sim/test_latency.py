"""The six legs of latency: what may be given, how it prints, and who waits for whom in a replay."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.reference.streams import history

from nowake.domain.book import Level
from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.errors import BadParameter
from nowake.domain.event import CancelRejected, ChildAccepted, ChildCancelled, ChildFilled, ChildReduced, RejectReason
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Receipts
from nowake.domain.side import Side
from nowake.sim.latency import NAMES, Latency
from nowake.sim.legs import Backlog, Constant, Draws, Table
from nowake.sim.replay import ReplayWorld

DAY = """
    100 add bid 1 50 99
    100 add ask 2 50 101
    2000 execute bid 1 50 99
    2000 add bid 3 10 98
    3000 delete ask 2 50 101
    9000 add bid 6 1 98
"""


def world_of(latency, text=DAY, **options):
    session = Session(date=dt.date(1970, 1, 1), timezone="UTC", open_ns=50, close_ns=8_000)
    instrument = Instrument(symbol="X", venue="XTST", session=session)
    return ReplayWorld(history(text), instrument, name="test", latency=latency, **options)


def news(world, until_ns=5_000):
    """Our own events, in the order told, waking for nothing else."""
    told = []
    while (batch := world.advance(Wake(time_ns=until_ns)))[-1].time_ns < until_ns:
        told += batch[:-1]
    return told


def test_cancel_is_as_send_and_fill_as_ack_unless_given():
    latency = Latency(send=5, ack="7us")
    assert (Constant(5), Constant(5), Constant(7_000), Constant(7_000)) == (
        latency.send,
        latency.cancel,
        latency.ack,
        latency.fill,
    )
    assert (Constant(5), Constant(6)) == (Latency(send=5, cancel=6).send, Latency(send=5, cancel=6).cancel)


def test_constant_latency_is_the_same_every_way_and_deciding_takes_none():
    latency = Latency.constant("1ms")
    assert Latency(feed=10**6, send=10**6, ack=10**6) == latency
    assert "market data 1 ms, orders and cancels 1 ms, answers and fills 1 ms" == str(latency)


def test_latency_that_varies_prints_what_it_is_made_of():
    legs = Latency(feed=Backlog("150us", "5us"), decide=50, ack=Draws(np.array([1, 2, 3])), fill=4)
    assert (
        "market data 150 us and the backlog of a venue that takes 5 us a message, deciding 50 ns, orders and cancels "
        "200 us, answers drawn from 3 recorded (least 1 ns, median 2 ns, 99th percentile 3 ns; seed 0), fills 4 ns"
    ) == str(legs)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, float("nan"), "soon", 10**16])
def test_leg_that_cannot_be_is_refused_with_its_value(name, value):
    with pytest.raises(BadParameter, match=r"soon|nan|-1|10000000000000000"):
        Latency(**{name: value})


def test_deciding_has_no_backlog_of_a_venue():
    with pytest.raises(BadParameter, match="deciding is ours"):
        Latency(decide=Backlog(1, 1))


def test_text_gives_every_way_or_legs_by_name():
    assert Latency.constant(300_000) == Latency.parse("300us")
    assert Latency(feed="1ms", send=300_000, cancel=5) == Latency.parse("feed=1ms, send=300us,cancel=5ns")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wire=1ms", "no leg 'wire' in latency 'wire=1ms'; there are feed, decide"),
        ("feed=1ms,feed=2ms", "gives feed twice"),
        ("feed=", "duration ''"),
        ("200", "duration '200' is not a number with a unit"),
    ],
)
def test_text_that_is_no_latency_is_refused(text, said):
    with pytest.raises(BadParameter, match=said):
        Latency.parse(text)


RECEIPTS = Receipts(np.array([0, 1_000, 2_500]), np.array([10, 1_400, 2_501]))


def test_recorded_latency_is_that_of_every_way_unless_said_otherwise():
    latency = Latency.recorded(RECEIPTS, cancel=7)
    assert isinstance(latency.feed, Table)
    assert latency.feed is latency.send is latency.ack is latency.fill
    assert (Constant(7), Constant(0)) == (latency.cancel, latency.decide)
    assert isinstance(Latency.recorded(RECEIPTS, draws=True, seed=3).fill, Draws)
    with pytest.raises(BadParameter, match="no leg 'order'"):
        Latency.recorded(RECEIPTS, order=3)


@pytest.mark.parametrize("receipts", [None, [1, 2], "day"])
def test_receipts_that_are_none_are_refused_with_the_way_out(receipts):
    with pytest.raises(BadParameter, match=r"are not of two clocks; give day\.receipts of a day that has them"):
        Latency.recorded(receipts)


def test_a_leg_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(BadParameter, match="no leg 'snd'; there are feed, decide, send, ack, fill, cancel"):
        Latency(snd=1)


def test_latency_is_what_is_given_or_what_a_text_says_or_the_default():
    assert Latency() == Latency.of(None)
    assert Latency.constant(500) == Latency.of("500ns")
    assert Latency(feed=7) == Latency.of(Latency(feed=7))
    with pytest.raises(BadParameter, match="latency 200 is neither a text as '200us' nor a Latency"):
        Latency.of(200)


def test_each_leg_delays_what_it_is_for():
    world = world_of(Latency(feed=10, decide=1, send=20, ack=300, fill=400, cancel=50))
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 70, 101))  # There at 221.
    world.submit(PlaceChild(2, Side.SELL, 5, 105))
    world.submit(ReduceChild(2, 4))  # There at 251.
    world.submit(CancelChild(2))
    assert [
        ChildAccepted(521, 1),
        (621, 221),
        ChildAccepted(621, 2),  # Held up by the fill before it: news does not overtake.
        ChildReduced(621, 2, 4),
        ChildCancelled(621, 2, 4),
    ] == [(e.time_ns, e.venue_ns) if isinstance(e, ChildFilled) else e for e in news(world, 900)]


def test_fast_cancel_never_arrives_before_the_order_it_follows():
    world = world_of(Latency(feed=10, send=500, cancel=1, ack=20))
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 5, 99))
    world.submit(CancelChild(1))
    assert [ChildAccepted(720, 1), ChildCancelled(720, 1, 5)] == news(world, 900)


LONGER = DAY.replace("2000 execute bid 1 50 99", "2000 execute bid 1 50 99\n2000 hidden bid 0 9 99")


def test_slow_cancel_loses_the_race_that_a_fast_one_wins():
    outcomes = {}
    for cancel in (5, 500):
        world = world_of(Latency(feed=10, send=20, ack=30, cancel=cancel), LONGER)
        world.advance(Wake(time_ns=200))
        world.submit(PlaceChild(1, Side.BUY, 5, 99))
        while world.advance(Wake(time_ns=1_900))[-1].time_ns < 1_900:
            pass
        world.submit(CancelChild(1))
        outcomes[cancel] = news(world)
    assert [ChildCancelled(1_935, 1, 5)] == outcomes[5]
    (lost,) = [event for event in outcomes[500] if isinstance(event, CancelRejected)]
    assert (2_430, RejectReason.ALREADY_DONE) == (lost.time_ns, lost.reason)
    assert [5] == [event.lots for event in outcomes[500] if isinstance(event, ChildFilled)]


def test_fill_that_is_faster_than_the_feed_is_known_while_the_old_book_is_seen():
    world = world_of(Latency(feed=1_000, send=20, ack=30, fill=30))
    moved = world.advance(Wake(time_ns=1_200))[-1]
    assert ((Level(99, 50),), (Level(101, 50),)) == (moved.book.bids, moved.book.asks)
    world.submit(PlaceChild(1, Side.BUY, 50, 101))
    accepted, fill, moved = world.advance(Wake(time_ns=5_000))
    assert (ChildAccepted(1_250, 1), 1_250, 1_220) == (accepted, fill.time_ns, fill.venue_ns)
    assert (1_250, (Level(101, 50),), 0) == (moved.time_ns, moved.book.asks, moved.volume_lots)
    moved = world.advance(Wake(on_touch=True))[-1]
    assert (2_220, (), 50) == (moved.time_ns, moved.book.asks, moved.volume_lots)  # One feed leg after the fill.


def test_with_a_slow_feed_own_orders_are_known_before_they_are_seen():
    world = world_of(Latency(feed=1_000, send=20, ack=30))
    world.advance(Wake(time_ns=1_200))
    world.submit(PlaceChild(1, Side.BUY, 7, 100))
    accepted, moved = world.advance(Wake(time_ns=5_000))
    assert (ChildAccepted(1_250, 1), (Level(99, 50),)) == (accepted, moved.book.bids)
    assert (Level(99, 50),) == world.advance(Wake(time_ns=2_219))[-1].book.bids
    assert (Level(100, 7), Level(99, 50)) == world.advance(Wake(time_ns=2_220))[-1].book.bids


def test_recorded_feed_shows_each_instant_when_its_message_came():
    feed = Table(np.array([0, 2_000, 3_000]), np.array([10, 900, 30]))
    world = world_of(Latency(feed=feed, send=20, ack=30))
    assert (Level(99, 50),) == world.advance(Wake(time_ns=2_899))[-1].book.bids
    assert (Level(98, 10),) == world.advance(Wake(time_ns=2_900))[-1].book.bids
    assert 1 == len(world.advance(Wake(time_ns=3_029))[-1].book.asks)
    assert 0 == len(world.advance(Wake(time_ns=3_030))[-1].book.asks)


def test_slow_message_holds_up_the_market_data_behind_it():
    feed = Table(np.array([0, 2_000, 3_000]), np.array([10, 1_900, 30]))
    world = world_of(Latency(feed=feed, send=20, ack=30))
    assert (Level(99, 50),) == world.advance(Wake(time_ns=3_899))[-1].book.bids
    moved = world.advance(Wake(time_ns=3_900))[-1]
    assert ((Level(98, 10),), ()) == (moved.book.bids, moved.book.asks)


PRICES = """
    100 add bid 1 5 99
    100 add ask 2 5 101
    500 add bid 3 5 100
    700 delete ask 2 5 101
    701 add ask 4 5 102
    900 add ask 5 5 101
    9000 add bid 6 1 90
"""


@pytest.mark.parametrize("legs", [{}, {"feed": 300, "ack": 5}])
def test_price_wake_comes_when_it_is_reached_and_at_once_where_it_is(legs):
    latency = Latency(**({"feed": 10, "send": 20, "ack": 30} | legs))
    feed_ns = latency.feed.ns
    world = world_of(latency, PRICES)
    world.advance(Wake(time_ns=100 + feed_ns))
    assert 500 + feed_ns == world.advance(Wake(bid_at_least_ticks=100, ask_at_most_ticks=98))[-1].time_ns
    assert 500 + feed_ns == world.advance(Wake(time_ns=5_000, ask_at_most_ticks=101))[-1].time_ns
    world.advance(Wake(time_ns=800 + feed_ns))
    assert 900 + feed_ns == world.advance(Wake(bid_at_least_ticks=103, ask_at_most_ticks=101))[-1].time_ns
    assert 5_000 == world.advance(Wake(time_ns=5_000, bid_at_least_ticks=10**6, ask_at_most_ticks=-5))[-1].time_ns
