"""What each algorithm wants at a moment, given literally what it sees."""

from __future__ import annotations

from math import sinh

import pytest
from tests.worlds.samples import CLOSE_NS, OPEN_NS, book, parent

from nowake import algos
from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import PlaceChild
from nowake.domain.decider import Decision, Intent, Reason
from nowake.domain.errors import BadParameter
from nowake.domain.event import ChildAccepted, MarketPhase
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_SECOND
from nowake.engine.evolve import evolve, send
from nowake.engine.view import View
from nowake.models.volume import VolumeCurve
from nowake.schedules.schedule import Schedule

STILL = {"randomize_time": 0.0, "randomize_size": 0.0}  # On the grid, so that numbers can be read.
SECONDS = 600


def at(order: ParentOrder, share: float, *, done: int = 0, volume: int = 0, **changes: object) -> View:
    """What is seen when a share of the window has passed."""
    view = View(
        order=order,
        seed=1,
        now_ns=order.start_ns + round(share * order.duration_ns),
        book=book(9_999, 10_001, 100),
        phase=MarketPhase.CONTINUOUS,
        arrival=book(),
        executed_lots=done,
        volume_lots=volume,
    )
    for name, value in changes.items():
        setattr(view, name, value)
    return view


def rest(lots: int, price: int = 9_999, reason: Reason = Reason.ON_SCHEDULE) -> Intent:
    return Intent(Side.BUY, lots, price, reason)


def take(lots: int, price: int = 10_001, reason: Reason = Reason.BEHIND_SCHEDULE) -> Intent:
    return Intent(Side.BUY, lots, price, reason, TimeInForce.IOC)


def wants(decision: Decision) -> list[Intent]:
    return list(decision.working)


def twap(lots: int = 1_000, **changes: object) -> algos.Twap:
    order = parent(lots, seconds=SECONDS, limit_ticks=changes.pop("limit_ticks", None))  # type: ignore[arg-type]
    return algos.Twap(order, **({"slices": 10} | STILL | changes))  # type: ignore[arg-type]


def test_twap_rests_the_running_slice_at_the_near_touch() -> None:
    algorithm = twap()
    assert wants(algorithm.decide(at(algorithm.order, 0.05))) == [rest(100)]


def test_twap_takes_what_an_ended_slice_left_and_rests_the_next() -> None:
    algorithm = twap()
    assert wants(algorithm.decide(at(algorithm.order, 0.15, done=40))) == [take(60), rest(100)]


def test_no_more_is_taken_than_the_far_touch_displays() -> None:
    algorithm = twap(10_000)
    decision = algorithm.decide(at(algorithm.order, 0.15))
    assert wants(decision)[0] == take(100)


def test_a_seller_rests_at_the_ask_and_takes_the_bid() -> None:
    algorithm = algos.Twap(parent(1_000, side=Side.SELL), slices=10, **STILL)
    view = at(algorithm.order, 0.15, done=40)
    assert wants(algorithm.decide(view)) == [
        Intent(Side.SELL, 60, 9_999, Reason.BEHIND_SCHEDULE, TimeInForce.IOC),
        Intent(Side.SELL, 100, 10_001, Reason.ON_SCHEDULE),
    ]


def test_lots_that_do_not_divide_are_all_due_at_the_end() -> None:
    algorithm = twap(997, completion_share=0.0)
    assert algorithm.target_lots(algorithm.order.end_ns) == 997
    assert wants(algorithm.decide(at(algorithm.order, 0.95, done=900))) == [rest(97)]


def test_nothing_is_wanted_before_the_start_after_the_end_or_when_complete() -> None:
    algorithm = twap()
    before = algorithm.decide(at(algorithm.order, -0.01))
    assert (before.working, before.reason, before.wake.time_ns) == ((), Reason.NOT_STARTED, algorithm.order.start_ns)
    over = algorithm.decide(at(algorithm.order, 1.0, done=500))
    assert (over.working, over.reason, over.done) == ((), Reason.WINDOW_OVER, True)
    complete = algorithm.decide(at(algorithm.order, 0.5, done=1_000))
    assert (complete.working, complete.reason, complete.done) == ((), Reason.COMPLETE, True)


def test_a_halt_takes_everything_back() -> None:
    algorithm = twap()
    halted = algorithm.decide(at(algorithm.order, 0.15, phase=MarketPhase.HALTED))
    assert (halted.working, halted.reason) == ((), Reason.HALTED)


def test_beyond_the_limit_everything_due_waits_at_the_limit() -> None:
    algorithm = twap(limit_ticks=10_000)
    decision = algorithm.decide(at(algorithm.order, 0.15, done=40))
    assert wants(decision) == [rest(160)]
    assert decision.reason is Reason.PRICE_LIMIT
    below = twap(limit_ticks=9_990)
    decision = below.decide(at(below.order, 0.05))
    assert wants(decision) == [rest(100, 9_990)]
    assert decision.reason is Reason.PRICE_LIMIT


def test_an_empty_book_wants_nothing_and_says_so() -> None:
    algorithm = twap()
    decision = algorithm.decide(at(algorithm.order, 0.15, book=BookSnapshot()))
    assert (decision.working, decision.reason) == ((), Reason.EMPTY_BOOK)


def test_with_an_empty_near_side_it_rests_one_tick_inside_the_far_touch() -> None:
    algorithm = twap()
    view = at(algorithm.order, 0.05, book=BookSnapshot((), (Level(10_001, 5),)))
    assert wants(algorithm.decide(view)) == [rest(100, 10_000)]


def test_it_does_not_chase_its_own_order() -> None:

    algorithm = twap()
    view = at(algorithm.order, 0.05)
    send(view, PlaceChild(1, Side.BUY, 100, 9_999), Reason.ON_SCHEDULE)
    evolve(view, ChildAccepted(view.now_ns, 1))
    view.book = BookSnapshot((Level(9_999, 100), Level(9_995, 300)), (Level(10_001, 100),))
    assert wants(algorithm.decide(view)) == [rest(100, 9_995)]


def test_no_take_liq_never_crosses_the_spread() -> None:
    algorithm = twap(no_take_liq=True)
    for share in (0.15, 0.95, 0.999):
        assert all(i.time_in_force is TimeInForce.DAY for i in algorithm.decide(at(algorithm.order, share)).working)


def test_without_catch_up_an_ended_slice_is_not_taken() -> None:
    algorithm = twap(catch_up=False)
    assert wants(algorithm.decide(at(algorithm.order, 0.15, done=40))) == [rest(160)]


def test_display_size_bounds_what_is_shown() -> None:
    algorithm = twap(display_size=30)
    assert wants(algorithm.decide(at(algorithm.order, 0.05))) == [rest(30)]


def test_the_maximum_participation_holds_after_the_fill() -> None:
    algorithm = twap(max_pct_vol=0.2)
    view = at(algorithm.order, 0.15, done=40, volume=240)  # (240 * .2 - 40) / .8 = 10 lots.
    decision = algorithm.decide(view)
    assert wants(decision) == [take(10)]
    assert decision.reason is Reason.RATE_CAP
    assert (40 + 10) / (240 + 10) <= 0.2


def test_lots_being_taken_now_are_not_counted_as_volume_before_we_hear_of_them() -> None:
    algorithm = twap(max_pct_vol=0.2)
    view = at(algorithm.order, 0.15, done=40, volume=240)
    send(view, PlaceChild(1, Side.BUY, 10, 10_001, TimeInForce.IOC), Reason.BEHIND_SCHEDULE)
    view.volume_lots += 10  # It traded; the report is still under way. (240 * .2 - 40) / .8 = 10, as before it.
    assert wants(algorithm.decide(view)) == [take(10)]


def test_the_minimum_participation_takes_what_it_needs() -> None:
    algorithm = twap(min_pct_vol=0.1)
    decision = algorithm.decide(at(algorithm.order, 0.05, done=10, volume=800))
    assert wants(decision)[0] == take(70, reason=Reason.BEHIND_MIN_RATE)


def test_the_last_part_of_the_window_takes_the_rest_evenly() -> None:
    algorithm = twap(100, completion_share=0.1)
    quiet = algorithm.decide(at(algorithm.order, 0.90, done=90))
    assert all(intent.time_in_force is TimeInForce.DAY for intent in quiet.working)
    late = algorithm.decide(at(algorithm.order, 0.995, done=90))
    assert wants(late) == [take(10, reason=Reason.COMPLETING)]


def test_shortfall_without_urgency_is_twap_and_with_much_of_it_is_at_once() -> None:
    order = parent(1_000)
    slow, fast = algos.Shortfall.with_urgency(order, 0.0), algos.Shortfall.with_urgency(order, 2_000.0)
    middle = (order.start_ns + order.end_ns) // 2
    assert slow.target_lots(middle) == pytest.approx(500)
    assert fast.target_lots(order.start_ns + order.duration_ns // 100) == pytest.approx(1_000)
    assert fast.target_lots(order.end_ns) == 1_000
    assert fast.target_lots(order.start_ns) == 0


def test_shortfall_follows_the_printed_hyperbolic_sine() -> None:

    order = parent(1_000)
    algorithm = algos.Shortfall.with_urgency(order, 3.0)
    for share in (0.1, 0.37, 0.9):
        left = 1_000 * sinh(3.0 * (1 - share)) / sinh(3.0)
        assert algorithm.target_lots(order.start_ns + round(share * order.duration_ns)) == pytest.approx(1_000 - left)


def test_vwap_follows_its_curve_inside_the_window_only() -> None:
    order = parent(1_000, seconds=SECONDS)
    middle = (order.start_ns + order.end_ns) // 2
    curve = VolumeCurve(
        edges_ns=(OPEN_NS, order.start_ns, middle, order.end_ns, CLOSE_NS), shares=(0.4, 0.15, 0.05, 0.4)
    )
    algorithm = algos.Vwap(order, curve)
    assert algorithm.target_lots(middle) == pytest.approx(750)
    assert algorithm.target_lots(order.end_ns) == 1_000


def test_follow_works_any_schedule() -> None:
    order = parent(100, seconds=SECONDS)
    schedule = Schedule(
        name="odd", order=order, times_ns=(order.start_ns, order.start_ns + 60 * NS_PER_SECOND), lots=(100,)
    )
    algorithm = algos.Follow(schedule, slices=10, **STILL)
    assert wants(algorithm.decide(at(order, 0.05))) == [rest(100)]
    assert wants(algorithm.decide(at(order, 0.15))) == [take(100)]


def _blocks(lots: tuple[int, int, int] = (400, 200, 400)) -> algos.Follow:
    """An order of ten minutes with a block of three seconds at either end."""
    order, second = parent(1_000), NS_PER_SECOND
    times = (order.start_ns, order.start_ns + 3 * second, order.end_ns - 3 * second, order.end_ns)
    return algos.Follow(Schedule(name="blocks", order=order, times_ns=times, lots=lots), **STILL)


def _wanted(algorithm: algos.Follow, second: float, *, done: int = 0) -> int:
    """Lots wanted at a second of the window, of a book that shows any number of them."""
    view = at(algorithm.order, second / SECONDS, done=done, book=book(lots=10_000))
    return sum(intent.lots for intent in algorithm.decide(view).working)


def test_a_block_shorter_than_a_slice_is_worked_within_its_own_time() -> None:
    # What is due by the plan, and at most what the running slice adds: a sixtieth of the order.
    for second, planned in ((1, 400 / 3), (2, 800 / 3), (3.01, 400), (300, 500)):
        assert planned - 1 <= _wanted(_blocks(), second) <= planned + 1_000 / 60 + 1


def test_a_block_at_the_end_is_not_begun_early_by_the_completion_phase() -> None:
    algorithm = _blocks((100, 200, 700))
    assert _wanted(algorithm, 600 - 4, done=300) <= 1_000 / 60
    assert 350 <= _wanted(algorithm, 600 - 1.5, done=300) <= 350 + 70 + 1_000 / 60 + 1
    assert _wanted(algorithm, 600 - 0.2, done=300) == 700


def test_slices_of_a_plan_with_blocks_increase_and_end_with_the_window() -> None:
    algorithm = _blocks()
    grid = algorithm.grid(algorithm.order)
    edges = [grid.moved_ns(algorithm, 5, index) for index in range(grid.slices + 1)]
    assert (edges[0], edges[-1]) == (algorithm.order.start_ns, algorithm.order.end_ns)
    assert edges == sorted(set(edges))
    assert 60 < grid.slices <= 120


def test_what_is_no_schedule_cannot_be_followed() -> None:
    with pytest.raises(BadParameter, match="NoneType is no schedule to follow"):
        algos.Follow(None)  # type: ignore[arg-type]


def test_participation_rests_a_clip_ahead_and_takes_what_falls_a_clip_behind() -> None:
    algorithm = algos.Participate(parent(1_000), rate=0.1, clip_size=20, **STILL)
    start = algorithm.decide(at(algorithm.order, 0.1))
    assert wants(start) == [rest(20, reason=Reason.PARTICIPATING)]
    behind = algorithm.decide(
        at(algorithm.order, 0.1, done=10, volume=500)
    )  # In whole clips 40 are due, and one may lack.
    assert wants(behind) == [take(10, reason=Reason.PARTICIPATING), rest(40, reason=Reason.PARTICIPATING)]
    assert behind.wake.volume_lots == 600


def test_an_iceberg_shows_its_tip_until_it_is_gone_and_then_the_next() -> None:
    algorithm = algos.Iceberg(parent(1_000), display_size=50, randomize_size=0.0)
    first = algorithm.decide(at(algorithm.order, 0.1))
    assert wants(first) == [rest(50, reason=Reason.DISPLAYING)]
    partly = algorithm.decide(at(algorithm.order, 0.1, done=20, memo=first.memo))
    assert wants(partly) == [rest(30, reason=Reason.DISPLAYING)]
    second = algorithm.decide(at(algorithm.order, 0.1, done=50, memo=partly.memo))
    assert wants(second) == [rest(50, reason=Reason.DISPLAYING)]


def test_deciding_twice_on_the_same_view_gives_the_same_decision() -> None:
    for algorithm in (twap(), algos.Participate(parent(), rate=0.1), algos.Iceberg(parent())):
        view = at(algorithm.order, 0.3, done=10, volume=1_000)
        assert algorithm.decide(view) == algorithm.decide(view)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: algos.Participate(parent(), rate=1.4), "rate 1.4"),
        (lambda: algos.Participate(parent(), rate=0.0), "rate 0.0"),
        (lambda: algos.Participate(parent(), rate=float("nan")), "rate nan"),
        (lambda: algos.Participate(parent(), rate=0.3, max_pct_vol=0.2), "outside"),
        (lambda: algos.Participate(parent(), rate=0.3, clip_size=0), "clip_size 0"),
        (lambda: algos.Twap(parent(), slices=0), "slices 0"),
        (lambda: algos.Twap(parent(), max_pct_vol=1.2), "max_pct_vol 1.2"),
        (lambda: algos.Twap(parent(), max_pct_vol=0.0), "never trade"),
        (lambda: algos.Twap(parent(), min_pct_vol=0.3, max_pct_vol=0.2), "swap"),
        (lambda: algos.Twap(parent(), min_pct_vol=0.1, no_take_liq=True), "no_take_liq"),
        (lambda: algos.Twap(parent(), display_size=0), "display_size 0"),
        (lambda: algos.Twap(parent(), randomize_time=-0.1), "randomize_time -0.1"),
        (lambda: algos.Shortfall(parent(), kappa=-1.0), "kappa -1.0"),
        (lambda: algos.Shortfall(parent(), kappa=float("inf")), "kappa inf"),
    ],
)
def test_bad_parameters_fail_where_they_are_given(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadParameter, match=message):
        make()


@pytest.mark.parametrize(("lots", "tip"), [(20_000, 100), (100_000_000, 500_000), (399, 1), (1, 1)])
def test_an_icebergs_tip_is_half_a_percent_of_the_order_unless_given(lots: int, tip: int) -> None:
    assert tip == algos.Iceberg(parent(lots)).display_size
