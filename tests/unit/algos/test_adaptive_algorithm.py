"""What the algorithm that asks a policy wants at a moment, given literally what it sees."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from tests.worlds.samples import CLOSE_NS, OPEN_NS, book, parent

from nowake import algos
from nowake.algos.adaptive import Asked, Policy
from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import PlaceChild
from nowake.domain.decider import Decision, Intent, Reason
from nowake.domain.errors import BadParameter
from nowake.domain.event import ChildAccepted, MarketPhase
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.engine.evolve import evolve, send
from nowake.engine.view import View
from nowake.models.market import MarketState
from nowake.schedules.adaptive import AggressiveInTheMoney, CarteaJaimungal, RollingHorizon, ShortTermAlpha, TargetSpeed
from nowake.schedules.adaptive.closed_loop import ClosedLoop
from nowake.schedules.adaptive.gatheral_schied import GatheralSchiedFeedback
from nowake.schedules.bertsimas_lo import FollowPremium, FollowSignal

SESSION_NS = CLOSE_NS - OPEN_NS
DAYS = 600 * 10**9 / SESSION_NS
EVEN = CarteaJaimungal(eta=1e-6)
STILL: dict[str, Any] = {"randomize_time": 0.0, "randomize_size": 0.0, "slices": 10}


def at(
    order: ParentOrder, share: float, *, done: int = 0, volume: int = 0, memo: object = None, **changes: Any
) -> View:
    view = View(
        order=order,
        seed=1,
        now_ns=order.start_ns + round(share * order.duration_ns),
        book=book(),
        phase=MarketPhase.CONTINUOUS,
        arrival=book(),
        executed_lots=done,
        volume_lots=volume,
        memo=memo,
    )
    for name, value in changes.items():
        setattr(view, name, value)
    return view


def asking(policy: Policy = EVEN, lots: int = 1_000, *, side: Side = Side.BUY, **changes: Any) -> algos.Adaptive:
    return algos.Adaptive(parent(lots, side=side), policy, **(STILL | changes))


def memo_of(decision: Decision) -> Asked:
    assert isinstance(decision.memo, Asked)
    return decision.memo


def test_the_first_slice_rests_what_the_policy_would_trade_in_it() -> None:
    algorithm = asking()
    decision = algorithm.decide(at(algorithm.order, 0.0))
    assert list(decision.working) == [Intent(Side.BUY, 100, 9_999, Reason.ON_SCHEDULE)]
    assert decision.wake.time_ns == algorithm.order.start_ns + algorithm.order.duration_ns // 10


@pytest.mark.parametrize("urgency", [0.0, 0.3, 3.0, 20.0])
def test_worked_as_it_asks_it_follows_the_closed_form(urgency: float) -> None:
    kappa = urgency / DAYS
    algorithm = asking(CarteaJaimungal(eta=1e-6, running_penalty=1e-6 * kappa**2), 1_000_000)
    loop, memo, done = ClosedLoop(eta=1e-6, running=1e-6 * kappa**2), None, 0
    for k in range(10):
        memo = memo_of(algorithm.decide(at(algorithm.order, k / 10, done=done, memo=memo)))
        left = (1 - (k + 1) / 10) * DAYS
        gone = math.exp(-loop.urgency * (DAYS - left)) * math.expm1(-2 * kappa * left) if kappa else left
        kept = gone / (math.expm1(-2 * kappa * DAYS) if kappa else DAYS)
        assert memo.due_after / 1e6 == pytest.approx(1 - kept, abs=1e-3)
        done = math.floor(memo.due_after)
    assert memo is not None
    assert memo.due_after == 1e6


def test_what_a_slice_left_undone_is_taken_and_the_policy_asked_about_the_rest() -> None:
    algorithm = asking()
    first = algorithm.decide(at(algorithm.order, 0.0))
    second = algorithm.decide(at(algorithm.order, 0.1, done=40, memo=first.memo))
    take, rest = second.working
    assert (take.lots, take.time_in_force, take.reason) == (60, TimeInForce.IOC, Reason.BEHIND_SCHEDULE)
    assert rest.lots == 100


def test_what_was_done_ahead_slows_what_follows() -> None:
    algorithm = asking()
    first = algorithm.decide(at(algorithm.order, 0.0))
    second = algorithm.decide(at(algorithm.order, 0.1, done=550, memo=first.memo))
    assert [intent.lots for intent in second.working] == [50]


def test_within_a_slice_the_policy_is_not_asked_again() -> None:
    algorithm = asking()
    first = algorithm.decide(at(algorithm.order, 0.0))
    later = algorithm.decide(at(algorithm.order, 0.05, done=30, memo=first.memo))
    assert memo_of(later).due_after == memo_of(first).due_after
    assert [intent.lots for intent in later.working] == [70]


@pytest.mark.parametrize("side", list(Side))
def test_gains_are_reckoned_at_the_prices_worked_against_the_arrival_price(side: Side) -> None:
    near, far = 0.01, -0.01  # What a fill at either touch gains against the mid.
    algorithm = asking(side=side)
    memo = memo_of(algorithm.decide(at(algorithm.order, 0.0)))
    memo = memo_of(algorithm.decide(at(algorithm.order, 0.05, done=30, memo=memo, book=book(9_989, 9_991))))
    assert memo.gained == pytest.approx(30 * near)  # Filled where it rested.
    memo = memo_of(algorithm.decide(at(algorithm.order, 0.1, done=30, memo=memo)))
    assert memo.taking == 70
    memo = memo_of(algorithm.decide(at(algorithm.order, 0.11, done=120, memo=memo)))
    assert memo.gained == pytest.approx(30 * near + 70 * far + 20 * near)  # Taken, and 20 more where it rests.
    again = memo_of(algorithm.decide(at(algorithm.order, 0.12, done=120, memo=memo, book=book(9_000, 9_010))))
    assert again.gained == memo.gained


def test_a_halt_forgets_nothing() -> None:
    algorithm = asking()
    first = algorithm.decide(at(algorithm.order, 0.0))
    halted = algorithm.decide(at(algorithm.order, 0.05, memo=first.memo, phase=MarketPhase.HALTED))
    assert (halted.working, halted.reason, halted.memo) == ((), Reason.HALTED, first.memo)


def test_gains_are_spent_on_being_done_sooner() -> None:
    order = parent(10_000)
    policy = AggressiveInTheMoney(
        quantity=1e4, days=DAYS, steps=10, volatility=2.0, eta=2e-6, risk_aversion=1e-3, epsilon=0.01
    )
    algorithm = algos.Adaptive(order, policy, **STILL)
    first = algorithm.decide(at(order, 0.0))

    def due(mid: int) -> float:
        view = at(order, 0.1, done=2_000, memo=first.memo, book=book(mid - 1, mid + 1))
        return memo_of(algorithm.decide(view)).due_after

    assert due(9_950) > due(10_000) > due(10_050)
    assert msgspec.convert(msgspec.to_builtins(algorithm), algos.Algorithm) == algorithm


def test_the_markets_speed_and_volatility_are_learnt_and_forgotten_over_the_memory() -> None:
    policy = RollingHorizon(eta=1e-6, risk_aversion=1.0, mean_rate=1e5)
    slice_days = DAYS / 10
    algorithm = asking(policy, market_rate=1e5, volatility=2.0, memory_days=slice_days)
    first = memo_of(algorithm.decide(at(algorithm.order, 0.0)))
    assert (first.rate, first.variance) == (1e5, 4.0)
    # 900 lots in the slice, 100 of them ours; the mid is 0.05 up.
    view = at(algorithm.order, 0.1, done=100, volume=900, memo=first, book=book(10_004, 10_006))
    second = memo_of(algorithm.decide(view))
    kept = math.exp(-1)
    assert second.rate == pytest.approx(kept * 1e5 + (1 - kept) * 800 / slice_days)
    assert second.variance == pytest.approx(kept * 4.0 + (1 - kept) * 0.05**2 / slice_days)
    steady = asking(policy, market_rate=1e5, volatility=2.0, memory_days=math.inf)
    same = memo_of(steady.decide(at(steady.order, 0.1, done=100, volume=900, memo=first)))
    assert (same.rate, same.variance) == (1e5, 4.0)


def test_a_policy_that_reads_the_book_is_told_the_imbalance_of_others() -> None:
    alpha = ShortTermAlpha(eta=1e-6, half_life_days=0.01, imbalance_move=0.02)
    algorithm = asking(alpha, 10_000)

    def due(bids: int, asks: int, *, own: int = 0) -> float:
        view = at(algorithm.order, 0.0, book=BookSnapshot((Level(9_999, bids + own),), (Level(10_001, asks),)))
        if own:
            send(view, PlaceChild(1, Side.BUY, own, 9_999), Reason.ON_SCHEDULE)
            evolve(view, ChildAccepted(view.now_ns, 1))
        return memo_of(algorithm.decide(view)).due_after

    assert due(100, 100) == pytest.approx(1_000)
    assert due(300, 100) > due(100, 100) > due(100, 300)
    assert due(100, 100, own=500) == due(100, 100)


def test_a_rate_below_nothing_waits() -> None:
    falling = ShortTermAlpha(eta=1e-6, half_life_days=0.01, move=-500.0, one_way=False)
    algorithm = asking(falling)
    decision = algorithm.decide(at(algorithm.order, 0.0))
    assert (decision.working, decision.reason) == ((), Reason.AHEAD)
    assert memo_of(decision).due_after == 0


def test_without_a_price_it_waits_for_one_and_with_one_side_it_takes_that() -> None:
    algorithm = asking()
    nothing = algorithm.decide(at(algorithm.order, 0.0, book=BookSnapshot()))
    assert (nothing.working, nothing.reason, nothing.memo) == ((), Reason.EMPTY_BOOK, None)
    one = algorithm.decide(at(algorithm.order, 0.05, book=BookSnapshot((), (Level(10_001, 5),))))
    assert memo_of(one).arrival == pytest.approx(100.01)


def test_a_late_first_look_spreads_the_order_over_the_time_left() -> None:
    algorithm = asking()
    assert memo_of(algorithm.decide(at(algorithm.order, 0.5))).due_after == pytest.approx(200)


def test_what_the_policy_needs_and_nobody_gave_is_refused_when_the_algorithm_is_made() -> None:
    with pytest.raises(BadParameter, match="RollingHorizon needs the market_rate"):
        asking(RollingHorizon(eta=1e-6, risk_aversion=1.0, mean_rate=1e5))
    with pytest.raises(BadParameter, match="RollingHorizon needs the volatility"):
        asking(RollingHorizon(eta=1e-6, risk_aversion=1.0, mean_rate=1e5), market_rate=1e5)
    with pytest.raises(BadParameter, match="TargetSpeed needs the market_rate"):
        asking(TargetSpeed(eta=1e-6, share=0.1, mean_rate=1e5, half_life_days=0.1))


def test_what_cannot_be_asked_or_written_down_is_refused_with_the_way_out() -> None:
    problem = AggressiveInTheMoney(quantity=1e3, days=DAYS, steps=4, volatility=2.0, eta=2e-6, risk_aversion=1e-3)
    with pytest.raises(BadParameter, match="AggressiveInTheMoney is for LorenzAlmgren"):
        asking(problem.tables)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="float is no policy"):
        asking(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad", [{"memory_days": 0.0}, {"memory_days": math.nan}, {"market_rate": -1.0}, {"volatility": math.nan}], ids=str
)
def test_parameters_out_of_range_are_refused_with_their_name(bad: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match=next(iter(bad))):
        asking(**bad)


def test_the_market_of_an_order_tells_what_to_expect() -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    policy = RollingHorizon(eta=1e-6, risk_aversion=1e-5, mean_rate=2e6)
    algorithm = algos.Adaptive.in_market(parent(), policy, market, slices=20)
    assert algorithm.market_rate == pytest.approx(2e6)
    assert (algorithm.volatility, algorithm.slices) == (2.0, 20)


@pytest.mark.parametrize(
    "policy",
    [
        GatheralSchiedFeedback(eta=2e-6, risk_aversion=1e-3),
        FollowSignal(eta=2e-6, step_days=DAYS / 10),
        FollowPremium(eta=1e-9, step_days=DAYS / 10),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_a_policy_of_another_room_can_be_written_down_and_made_again(policy: Policy) -> None:
    algorithm = asking(policy)
    assert msgspec.convert(msgspec.to_builtins(algorithm), algos.Algorithm) == algorithm
    assert memo_of(algorithm.decide(at(algorithm.order, 0.0))).due_after > 0
