"""Where the algorithm that posts at a depth stands, given literally what it sees."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.worlds.samples import CLOSE_NS, OPEN_NS, book, parent

from nowake import algos
from nowake.domain.book import BookSnapshot, Level
from nowake.domain.decider import Intent, Reason
from nowake.domain.errors import BadParameter
from nowake.domain.event import MarketPhase
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.engine.view import View
from nowake.schedules.adaptive import PostingDepth, Situation

DAYS = 600 * 10**9 / (CLOSE_NS - OPEN_NS)
DEEP = PostingDepth(
    fills_at_mid=1e5, decay=50, volatility=1.0, risk_aversion=1e-4, clip=300, most_clips=4, end_cost=0.05
)


def at(order: ParentOrder, share: float, *, done: int = 0, **changes: Any) -> View:
    view = View(
        order=order,
        seed=1,
        now_ns=order.start_ns + round(share * order.duration_ns),
        book=changes.pop("book", book()),
        phase=MarketPhase.CONTINUOUS,
        arrival=book(),
        executed_lots=done,
    )
    for name, value in changes.items():
        setattr(view, name, value)
    return view


def depth_ticks(left: int, share: float) -> float:
    left_days = DAYS * (1 - share)
    now = Situation(elapsed_days=DAYS - left_days, left_days=left_days, left=left, side=1, arrival=0.0, price=0.0)
    return DEEP.depth(now) * 100


@pytest.mark.parametrize(("done", "lots"), [(0, 100), (100, 300), (250, 150), (700, 300), (750, 250)])
def test_what_is_left_of_a_clip_rests_at_its_depth_rounded_away_from_the_mid(done: int, lots: int) -> None:
    algorithm = algos.Post(parent(1_000), DEEP)
    decision = algorithm.decide(at(algorithm.order, 0.25, done=done))
    price = math.floor(10_000 - depth_ticks(1_000 - done, 0.25))
    assert list(decision.working) == [Intent(Side.BUY, lots, price, Reason.ON_SCHEDULE, post_only=True)]
    assert price < 9_999


def test_a_seller_posts_above_the_mid() -> None:
    algorithm = algos.Post(parent(1_000, side=Side.SELL), DEEP)
    (resting,) = algorithm.decide(at(algorithm.order, 0.25)).working
    assert resting.price_ticks == math.ceil(10_000 + depth_ticks(1_000, 0.25))


def test_a_depth_that_asks_to_take_stands_one_tick_inside_the_far_touch() -> None:
    hurried = PostingDepth(
        fills_at_mid=10, decay=50, volatility=5.0, risk_aversion=1.0, clip=300, most_clips=4, end_cost=0.05
    )
    for side, price in ((Side.BUY, 10_004), (Side.SELL, 9_996)):
        algorithm = algos.Post(parent(1_000, side=side), hurried)
        (resting,) = algorithm.decide(at(algorithm.order, 0.25, book=book(9_995, 10_005))).working
        assert (resting.price_ticks, resting.post_only) == (price, True)


def test_the_limit_comes_before_the_depth() -> None:
    algorithm = algos.Post(parent(1_000, limit_ticks=9_000), DEEP)
    (resting,) = algorithm.decide(at(algorithm.order, 0.25)).working
    assert resting.price_ticks == 9_000


def test_the_end_is_taken() -> None:
    algorithm = algos.Post(parent(1_000), DEEP)
    take, *_ = algorithm.decide(at(algorithm.order, 0.999)).working
    assert (take.time_in_force, take.reason, take.price_ticks) == (TimeInForce.IOC, Reason.COMPLETING, 10_001)


def test_without_a_mid_it_rests_where_every_algorithm_does() -> None:
    algorithm = algos.Post(parent(1_000), DEEP)
    one_sided = BookSnapshot((), (Level(10_001, 5),))
    (resting,) = algorithm.decide(at(algorithm.order, 0.25, book=one_sided)).working
    assert resting.price_ticks == 10_000


def test_an_order_or_window_beyond_the_policy_is_refused_when_the_algorithm_is_made() -> None:
    with pytest.raises(BadParameter, match="made for 1 to 4"):
        algos.Post(parent(1_201), DEEP)
    short = PostingDepth(
        fills_at_mid=1e3,
        decay=50,
        volatility=1.0,
        risk_aversion=0,
        clip=300,
        most_clips=4,
        end_cost=0.05,
        horizon_days=DAYS / 2,
    )
    with pytest.raises(BadParameter, match="horizon_days"):
        algos.Post(parent(1_000), short)
    with pytest.raises(BadParameter, match="less than a lot"):
        algos.Post(
            parent(10), PostingDepth(**{name: getattr(DEEP, name) for name in DEEP.__struct_fields__} | {"clip": 0.4})
        )
