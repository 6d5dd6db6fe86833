"""A recorded day as a world: who learns what when, and what becomes of our orders."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.reference.streams import history

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.domain.event import (
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    Liquidity,
    MarketMoved,
    MarketPhase,
    RejectReason,
)
from nowake.domain.instrument import Instrument, Session
from nowake.domain.order import TimeInForce
from nowake.domain.side import Side
from nowake.sim.book import Book
from nowake.sim.latency import Latency
from nowake.sim.replay import ReplayWorld

DAY = """
    100 add bid 1 50 99
    100 add ask 2 50 101
    500 add bid 3 10 99
    1000 add ask 4 40 102
    2000 execute bid 1 50 99
    2000 execute bid 3 10 99
    3000 add bid 5 20 99
    9000 add bid 6 1 98
"""


def world_of(text=DAY, *, open_ns=50, close_ns=8000, feed=10, order=20, report=30, fill=None, **options):
    session = Session(date=dt.date(1970, 1, 1), timezone="UTC", open_ns=open_ns, close_ns=close_ns)
    instrument = Instrument(symbol="X", venue="XTST", session=session)
    latency = Latency(feed=feed, send=order, ack=report, fill=fill)
    return ReplayWorld(history(text), instrument, name="test", latency=latency, **options)


def wait(world, time_ns):
    """Let time pass, news or not; the last batch."""
    while (batch := world.advance(Wake(time_ns=time_ns)))[-1].time_ns < time_ns:
        pass
    return batch


def rest_of(world):
    """Every event until the world is over, waking for news alone."""
    events = []
    while batch := world.advance(Wake()):
        events += batch
    return events


def test_market_is_seen_one_feed_leg_late():
    world = world_of(start_ns=0)
    assert world.advance(Wake(time_ns=109))[-1].book.bids == ()
    (moved,) = world.advance(Wake(time_ns=110))
    assert (moved.time_ns, moved.book.bids, moved.book.asks) == (110, (Level(99, 50),), (Level(101, 50),))


def test_taker_order_fills_one_order_leg_later_and_is_known_one_report_leg_after_that():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 70, 101))
    assert world.advance(Wake(time_ns=5000)) == [
        ChildAccepted(250, 1),
        ChildFilled(250, 1, 1, 50, 101, Liquidity.TAKER, 220),
        MarketMoved(250, world_book(bids=[(101, 20), (99, 50)], asks=[]), 50, 50 * 101),
    ]


def world_book(*, bids, asks):
    return BookSnapshot(tuple(Level(*level) for level in bids), tuple(Level(*level) for level in asks))


def test_resting_order_fills_behind_the_queue_it_joined_and_partly():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 15, 99))
    assert [type(event) for event in world.advance(Wake())] == [ChildAccepted, MarketMoved]
    fill, moved = world.advance(Wake())
    assert (2030, 10, 99, Liquidity.MAKER, 2000) == (
        fill.time_ns,
        fill.lots,
        fill.price_ticks,
        fill.liquidity,
        fill.venue_ns,
    )
    assert (2030, 60) == (moved.time_ns, moved.volume_lots)


def test_immediate_order_cancels_what_it_cannot_take():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 70, 101, TimeInForce.IOC))
    accepted, fill, cancelled, _ = world.advance(Wake())
    assert (ChildAccepted(250, 1), 50, ChildCancelled(250, 1, 20)) == (accepted, fill.lots, cancelled)


def test_ten_one_lot_takes_of_one_displayed_lot_fill_once():
    world = world_of("1 add ask 1 1 101\n9000 add bid 2 1 50", open_ns=1)
    world.advance(Wake(time_ns=100))
    for child_id in range(10):
        world.submit(PlaceChild(child_id, Side.BUY, 1, 101, TimeInForce.IOC))
    events = rest_of(world)
    assert 1 == sum(event.lots for event in events if isinstance(event, ChildFilled))
    assert 9 == sum(event.lots for event in events if isinstance(event, ChildCancelled))


def test_hundred_lots_at_a_one_lot_print_fill_one():
    world = world_of(
        "1 add bid 1 1 99\n1 add bid 2 5 98\n500 delete bid 1 1 99\n900 execute bid 2 1 98\n7000 halt bid 0 0 0"
    )
    world.advance(Wake(time_ns=100))
    world.submit(PlaceChild(1, Side.BUY, 100, 99))
    fills = [event for event in rest_of(world) if isinstance(event, ChildFilled)]
    assert [(1, 99, 900)] == [(fill.lots, fill.price_ticks, fill.venue_ns) for fill in fills]


def test_cancel_that_loses_the_race_is_told_so():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 10, 99))
    wait(world, 1985)
    world.submit(CancelChild(1))  # Arrives at 2005, the fill is at 2000.
    assert ChildFilled(2030, 1, 1, 10, 99, Liquidity.MAKER, 2000, 99) == world.advance(Wake())[0]
    assert CancelRejected(2035, 1, RejectReason.ALREADY_DONE) == world.advance(Wake())[0]


def test_cancel_and_history_at_the_same_nanosecond_let_history_go_first():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 10, 99))
    wait(world, 1980)
    world.submit(CancelChild(1))  # Arrives at 2000.
    filled, rejected, _ = world.advance(Wake())
    assert (ChildFilled, CancelRejected) == (type(filled), type(rejected))


def test_cancel_of_an_order_never_sent_is_unknown():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(CancelChild(99))
    assert CancelRejected(250, 99, RejectReason.UNKNOWN_ORDER) == world.advance(Wake())[0]


def test_reduce_keeps_the_place_and_never_gives_back_more_than_is_open():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 15, 99))
    wait(world, 300)
    world.submit(ReduceChild(1, 12))
    world.submit(ReduceChild(1, 14))
    reduced, again, _ = world.advance(Wake())
    assert (ChildReduced(350, 1, 12), ChildReduced(350, 1, 12)) == (reduced, again)
    assert 10 == world.advance(Wake())[0].lots  # 60 lots print, 50 of them ahead of us.


def test_order_that_would_meet_our_own_is_refused():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.SELL, 5, 100))
    world.submit(PlaceChild(2, Side.BUY, 5, 100))
    assert ChildRejected(250, 2, RejectReason.WOULD_CROSS_SELF) == world.advance(Wake())[1]


def test_price_far_outside_the_data_is_refused():
    world = world_of()
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 5, 10**6))
    assert ChildRejected(250, 1, RejectReason.PRICE_OUT_OF_RANGE) == world.advance(Wake())[0]


def test_halt_refuses_new_orders_and_lets_cancels_through():
    world = world_of(DAY.replace("1000 add ask 4 40 102", "1000 halt bid 0 0 0"))
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 15, 99))
    moved = wait(world, 1100)[-1]
    assert MarketPhase.HALTED is moved.phase
    world.submit(PlaceChild(2, Side.BUY, 15, 99))
    world.submit(CancelChild(1))
    rejected, cancelled, _ = world.advance(Wake())
    assert ChildRejected(1150, 2, RejectReason.NOT_CONTINUOUS) == rejected
    assert ChildCancelled(1150, 1, 15) == cancelled


def test_halt_and_resume_wake_us_whatever_we_asked_for():
    world = world_of(
        DAY.replace("3000 add", "2500 halt bid 0 0 0\n2600 halt bid 0 0 0\n2700 resume bid 0 0 0\n3000 add")
    )
    seen = []
    while batch := world.advance(Wake(time_ns=6000)):
        seen.append((batch[-1].time_ns, batch[-1].phase))
        if batch[-1].time_ns >= 6000:
            break
    assert [
        (2510, MarketPhase.HALTED),
        (2710, MarketPhase.CONTINUOUS),
        (6000, MarketPhase.CONTINUOUS),
    ] == seen


def test_world_that_starts_after_a_halt_knows_all_events_by_then():
    world = world_of(DAY.replace("1000 add ask 4 40 102", "1000 halt bid 0 0 0\n1500 resume bid 0 0 0"), start_ns=2500)
    (moved,) = world.advance(Wake(time_ns=2500))
    assert (2500, 60, MarketPhase.CONTINUOUS) == (moved.time_ns, moved.volume_lots, moved.phase)


def test_halt_at_the_instant_a_command_arrives_is_told():
    world = world_of(DAY.replace("1000 add ask 4 40 102", "1000 halt bid 0 0 0"))
    wait(world, 980)
    world.submit(CancelChild(9))  # Arrives at 1000.
    (moved,) = world.advance(Wake(time_ns=6000))
    assert (1010, MarketPhase.HALTED) == (moved.time_ns, moved.phase)


def test_open_of_the_session_wakes_us():
    world = world_of(open_ns=600, start_ns=60)
    (moved,) = world.advance(Wake(time_ns=6000))
    assert (610, MarketPhase.CONTINUOUS) == (moved.time_ns, moved.phase)


def test_order_before_the_open_is_refused_and_the_phase_is_closed():
    world = world_of(open_ns=600)
    (moved,) = world.advance(Wake(time_ns=200))
    assert MarketPhase.CLOSED is moved.phase
    world.submit(PlaceChild(1, Side.BUY, 15, 99))
    assert ChildRejected(250, 1, RejectReason.NOT_CONTINUOUS) == world.advance(Wake())[0]
    assert MarketPhase.CONTINUOUS is world.advance(Wake(time_ns=610))[-1].phase


def test_close_cancels_what_rests_and_ends_the_world():
    world = world_of()
    world.advance(Wake(time_ns=3500))
    world.submit(PlaceChild(1, Side.BUY, 15, 98))
    world.advance(Wake())
    cancelled, moved = world.advance(Wake())
    assert ChildCancelled(8030, 1, 15) == cancelled
    assert (8030, MarketPhase.CLOSED) == (moved.time_ns, moved.phase)
    assert () == world.advance(Wake(time_ns=10**9))


def test_commands_after_the_close_are_refused_before_the_world_ends():
    world = world_of()
    closing = world.advance(Wake())
    assert MarketPhase.CLOSED is closing[-1].phase
    world.submit(PlaceChild(1, Side.BUY, 15, 98))
    rejected, moved = world.advance(Wake())
    assert ChildRejected(8080, 1, RejectReason.NOT_CONTINUOUS) == rejected
    assert (8080, MarketPhase.CLOSED) == (moved.time_ns, moved.phase)
    assert () == world.advance(Wake())


def test_sender_who_never_stops_does_not_keep_a_closed_venue_open():
    world = world_of()
    batches = 0
    while world.advance(Wake()):
        batches += 1
        world.submit(PlaceChild(batches, Side.BUY, 15, 10**6))
        assert batches < 100


def test_every_fill_is_told_after_the_close_however_many_were_still_under_way():
    sellers = "\n".join(f"{7600 + 10 * k} add ask {100 + k} 1 100" for k in range(40))
    day = f"10 add ask 1 9 101\n10 add bid 2 9 90\n{sellers}\n9000 add bid 3 1 95"
    world = world_of(day, feed=0, order=0, report=0, fill=1000)
    wait(world, 100)
    world.submit(PlaceChild(1, Side.BUY, 1000, 100))
    told = [event for event in rest_of(world) if isinstance(event, ChildFilled)]
    assert [8600 + 10 * k for k in range(40)] == [event.time_ns for event in told]
    assert 40 == sum(event.lots for event in told)


def test_data_that_end_before_the_session_end_the_world():
    world = world_of(close_ns=10**6)
    (moved,) = world.advance(Wake(time_ns=10**6))
    assert (9030, MarketPhase.CLOSED) == (moved.time_ns, moved.phase)


def test_touch_wake_comes_at_the_first_price_change_and_not_for_size():
    world = world_of()
    world.advance(Wake(time_ns=200))
    (moved,) = world.advance(Wake(on_touch=True))
    assert (2010, ()) == (moved.time_ns, moved.book.bids)
    (moved,) = world.advance(Wake(on_touch=True))
    assert (3010, (Level(99, 20),)) == (moved.time_ns, moved.book.bids)


ALONE = """
    100 add bid 1 50 98
    100 add bid 2 50 97
    100 add ask 3 50 103
    2000 add bid 4 10 99
    3000 delete bid 4 10 99
    9000 add bid 5 1 98
"""


def test_touch_wake_compares_the_prices_of_others_below_our_own_order():
    world = world_of(ALONE)
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.BUY, 5, 100))
    world.advance(Wake())
    times = [world.advance(Wake(time_ns=6000, on_touch=True))[-1].time_ns for _ in range(3)]
    assert [2010, 3010, 6000] == times


def test_depth_counts_levels_of_others_and_ours_alone_come_on_top():
    world = world_of(ALONE)
    world.advance(Wake(time_ns=200))
    for child_id, price_ticks in enumerate((100, 101, 98, 97)):
        world.submit(PlaceChild(child_id, Side.BUY, 5, price_ticks))
    moved = world.advance(Wake())[-1]
    assert (Level(101, 5), Level(100, 5), Level(98, 55)) == moved.book.bids
    assert (Level(103, 50),) == moved.book.asks


def test_order_of_ours_behind_the_levels_shown_is_not_shown():
    world = world_of(ALONE)
    world.advance(Wake(time_ns=200))
    world.submit(PlaceChild(1, Side.SELL, 5, 104))
    assert (Level(103, 50),) == world.advance(Wake())[-1].book.asks


def test_refused_order_leaves_the_snapshot_as_it_was():
    world = world_of(ALONE)
    before = world.advance(Wake(time_ns=200))[-1].book
    world.submit(PlaceChild(1, Side.BUY, 5, 10**6))
    assert before == world.advance(Wake())[-1].book


def test_volume_wake_comes_after_the_whole_instant_that_reached_it():
    world = world_of()
    (moved,) = world.advance(Wake(volume_lots=50))
    assert (2010, 60) == (moved.time_ns, moved.volume_lots)


def test_wake_in_the_past_answers_at_once_without_moving_time():
    world = world_of()
    world.advance(Wake(time_ns=500))
    assert 500 == world.advance(Wake(time_ns=300))[-1].time_ns


def test_depth_shows_that_many_levels():
    world = world_of(depth=2)
    (moved,) = world.advance(Wake(time_ns=1500))
    assert (Level(101, 50), Level(102, 40)) == moved.book.asks


def test_time_never_runs_backwards_and_every_batch_ends_with_the_market():
    world = world_of()
    world.submit(PlaceChild(1, Side.BUY, 70, 101))
    times = []
    while batch := world.advance(Wake(on_touch=True)):
        assert [isinstance(event, MarketMoved) for event in batch] == [False] * (len(batch) - 1) + [True]
        times += [event.time_ns for event in batch]
    assert sorted(times) == times


def test_assumptions_state_the_latency_in_units_a_reader_knows():
    said = "Latency: market data 10 ns, orders and cancels 20 ns, answers and fills 30 ns."
    assert said == world_of().assumptions[-1]


def test_assumptions_end_with_the_notes_of_the_day():
    assert ("One.", "Two.") == world_of(notes=("One.", "Two.")).assumptions[-2:]


@pytest.mark.parametrize(("close_s", "said"), [(3 * 60, False), (3 * 60 + 1, True)])
def test_assumptions_say_when_the_data_end_more_than_a_minute_early(close_s, said):
    data = f"1 add bid 1 1 99\n{120 * 10**9} add bid 2 1 99"
    sentence = "The data end at 00:02:00 (local): from then on the market counts as closed."
    world = world_of(data, close_ns=close_s * 10**9)
    assert said == (sentence in world.assumptions)
    world.advance(Wake())  # The open.
    assert (MarketPhase.ENDED if said else MarketPhase.CLOSED) is world.advance(Wake())[-1].phase


def test_assumptions_state_how_far_the_data_reach():
    sentence = "The data show 1 level a side: what lies beyond is neither seen nor traded with."
    assert sentence in world_of(reach=1).assumptions
    assert not [each for each in world_of().assumptions if "beyond" in each]


def test_reach_that_cannot_be_is_refused():
    with pytest.raises(BadParameter, match="reach -1"):
        world_of(reach=-1)


def test_events_out_of_order_are_refused_with_their_number():
    with pytest.raises(BadData, match="event 1 at 5 ns is earlier"):
        Book(history("9 add bid 1 1 99\n5 add bid 2 1 99"))


def test_prices_too_far_apart_are_refused():
    with pytest.raises(OutOfCapacity, match="span more than"):
        Book(history(f"1 add bid 1 1 1\n5 add bid 2 1 {2**31 - 1}"))


def test_book_grows_past_its_first_capacity():
    book = Book(history("\n".join(f"{k} add bid {k} 1 99" for k in range(1, 200))), order_capacity=2)
    book.run(300)
    assert ([(99, 199)], []) == book.sides()
    book.place(1, side=-1, price_ticks=99, lots=199)
    fills = book.take_fills()
    assert (199, 199, 0) == (len(fills), sum(fill[2] for fill in fills), fills[-1][3])


def test_book_grows_when_more_orders_than_it_has_fills_for_meet_ours_at_once():
    adds = "\n".join(f"{k} add ask {k} 1 99" for k in range(3, 400))
    book = Book(history(f"1 add bid 1 1 98\n2 halt bid 0 0 0\n{adds}\n500 resume bid 0 0 0"))
    book.run(1)
    book.place(1, side=1, price_ticks=100, lots=500)
    book.run(2)
    book.run(500)
    fills = book.take_fills()
    assert (397, 397, 103, 500) == (len(fills), sum(fill[2] for fill in fills), fills[-1][3], book.venue_ns)
    assert (397, 0) == (book.volume_lots, book.crossed_instants)
    assert not book.run(600)


@pytest.mark.parametrize(("price", "lots"), [(2**20, 2**41), (-5, 2**59), (7, 2**58 + 3)])
def test_turnover_is_exact_beyond_64_bits(price, lots):
    prints = "\n".join(f"{k} cross bid 0 {lots} {price}" for k in range(2, 6))
    book = Book(history(f"1 add bid 1 1 {price}\n{prints}"), padding_ticks=2)
    book.run(9)
    assert (4 * lots, 4 * lots * price) == (book.volume_lots, book.turnover)


def test_lots_whose_turnover_would_overflow_are_refused_with_both_numbers():
    with pytest.raises(OutOfCapacity, match=r"4,398,046,511,104 lots in one event at prices up to 1,048,576 ticks"):
        Book(history(f"1 add bid 1 1 100\n2 cross bid 0 {2**42} {2**20}"))


def test_lots_whose_volume_would_overflow_are_refused():
    with pytest.raises(OutOfCapacity, match="lots of all events sum"):
        Book(history("\n".join(f"{k} add bid {k} {2**59} 1" for k in range(9))), padding_ticks=1)


def test_order_of_ours_too_large_to_count_is_refused():
    book = Book(history("1 add bid 1 1 99"))
    book.run(1)
    with pytest.raises(BadParameter, match="9,007,199,254,740,992 lots"):
        book.place(1, side=1, price_ticks=99, lots=2**53)
