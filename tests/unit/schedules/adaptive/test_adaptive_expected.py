"""The path a policy expects, and what its plan says it costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.schedules import Twap
from nowake.schedules.adaptive import (
    CarteaJaimungal,
    OrderFlow,
    PostingDepth,
    RollingHorizon,
    ShortTermAlpha,
    Situation,
    TargetVolume,
)
from nowake.schedules.adaptive.expected import expected_trades, shares_ahead
from nowake.schedules.costing import cost_of

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINE = Linear.from_market(MARKET)


def start(days: float = 1.0, left: float = 1e4) -> Situation:
    return Situation(elapsed_days=0.0, left_days=days, left=left, side=1, arrival=100.0, price=100.0)


@pytest.mark.parametrize("urgency", [0.0, 0.5, 6.0, 80.0])
def test_the_midpoint_path_is_the_closed_form_of_almgren_chriss(urgency: float) -> None:
    policy = CarteaJaimungal(eta=2.0, running_penalty=2.0 * urgency**2)
    left = 1 - np.cumsum(expected_trades(policy, start(left=1.0), np.full(20, 0.05)))
    t = np.arange(1, 21) / 20
    closed = (
        1 - t if urgency == 0 else np.exp(-urgency * t) * np.expm1(-2 * urgency * (1 - t)) / math.expm1(-2 * urgency)
    )
    assert left == pytest.approx(closed, abs=2e-3)
    assert left[-1] == pytest.approx(0.0, abs=1e-12)


def test_however_urgent_everything_is_traded_and_never_more() -> None:
    policy = CarteaJaimungal(eta=1.0, running_penalty=1e18)
    trades = expected_trades(policy, start(), np.full(10, 0.1))
    assert trades[0] == pytest.approx(1e4)
    assert trades.sum() == pytest.approx(1e4, rel=1e-12)
    assert (trades >= 0).all()


def test_time_beyond_the_end_is_not_counted() -> None:
    policy = CarteaJaimungal(eta=1.0)
    assert shares_ahead(policy, start(0.5), 0.1) == pytest.approx(2e3)
    assert shares_ahead(policy, start(0.5), 7.0) == 1e4
    soft = CarteaJaimungal(eta=1.0, terminal_penalty=2.0)
    assert shares_ahead(soft, start(0.5), 7.0, steps=400) == pytest.approx(1e4 * 0.5, rel=1e-5)  # a tau / (k + a tau).


def test_what_a_policy_would_leave_is_put_into_the_last_bucket_and_said() -> None:
    plan = CarteaJaimungal(eta=1.0, terminal_penalty=1.0, n=4).plan(order(10_000, end_s=DAY_SECONDS), MARKET)
    assert plan.lots == (1_250, 1_250, 1_250, 6_250)
    assert "would leave 50.0% of the order" in plan.notes[-1]


def test_costs_of_an_even_plan_are_those_of_equation_8() -> None:
    parent = order(100_000, end_s=DAY_SECONDS)
    plan = OrderFlow.of(parent, MARKET, LINE, half_life_days=0.1, n=10).plan(parent, MARKET)
    assert plan.lots == Twap(n=10).plan(parent).lots
    value = 1e5 * 100 / 1e4
    assert plan.cost_parts["spread"] == pytest.approx(2.0)
    assert plan.cost_parts["temporary"] == pytest.approx(LINE.eta * 1e10 / value)
    assert plan.cost_parts["permanent"] == pytest.approx(LINE.gamma / 2 * 1e10 * 0.9 / value)
    assert plan.cost_risk_bps == pytest.approx(2.0 * 1e5 * math.sqrt(1 / 3) / value)  # Even trading, whatever buckets.


def test_a_forecast_speeds_up_whom_it_hurts_and_is_a_part_of_the_cost() -> None:
    buy, sell = (order(10_000, side=side, end_s=DAY_SECONDS) for side in (Side.BUY, Side.SELL))
    policy = ShortTermAlpha.of(buy, MARKET, LINE, half_life_days=0.1, move=0.2, n=13)
    bought, sold = policy.plan(buy, MARKET), policy.plan(sell, MARKET)
    even = 10_000 / 13
    assert bought.lots[0] > even > sold.lots[0] >= 0
    assert bought.cost_parts["drift"] > 0 > sold.cost_parts["drift"]
    # An eager buyer avoids part of the move; at most all of it is to be paid: 20 bps.
    assert bought.cost_parts["drift"] < 20


def test_one_way_never_trades_back_and_two_ways_may() -> None:
    sell = order(10_000, side=Side.SELL, end_s=DAY_SECONDS)
    rising = {"eta": 1e-6, "half_life_days": 0.1, "move": 2.0, "n": 13}
    assert min(ShortTermAlpha(**rising).plan(sell, MARKET).lots) == 0  # type: ignore[arg-type]
    assert ShortTermAlpha(one_way=False, **rising).plan(sell, MARKET).reverses  # type: ignore[arg-type]


def test_a_policy_is_made_of_any_impact_model_and_refuses_what_it_cannot_use() -> None:
    parent = order(10_000, end_s=DAY_SECONDS)
    policy = CarteaJaimungal.of(parent, MARKET, SquareRoot(), risk_aversion=1e-6)
    assert policy.eta > 0
    assert policy.running_penalty == pytest.approx(1e-6 * 4.0)
    assert RollingHorizon.of(parent, MARKET, LINE, risk_aversion=1e-6).mean_rate == pytest.approx(2e6)
    volume = TargetVolume.of(parent, MARKET, LINE, share=0.1, half_life_days=0.1)
    assert (volume.quantity, volume.mean_rate) == (10_000.0, 2e6)
    with pytest.raises(BadParameter, match="TargetVolume has no use for risk_aversion"):
        TargetVolume.of(parent, MARKET, LINE, share=0.1, half_life_days=0.1, risk_aversion=1e-6)
    with pytest.raises(BadParameter, match="risk_aversion nan"):
        CarteaJaimungal.of(parent, MARKET, LINE, risk_aversion=math.nan)


def test_a_plan_needs_the_market() -> None:
    depth = PostingDepth(
        fills_at_mid=1e3, decay=50, volatility=2.0, risk_aversion=0, clip=100, most_clips=10, end_cost=0.02
    )
    for policy in (CarteaJaimungal(eta=1.0), depth):
        with pytest.raises(BadParameter, match="needs the market"):
            policy.plan(order(1_000))
    with pytest.raises(BadParameter, match="use more buckets"):
        CarteaJaimungal(eta=1e-9, gamma=1.0, n=2).plan(order(1_000), MARKET)


@pytest.mark.parametrize("n", [1, 3, 50])
def test_a_drift_is_paid_by_what_is_held_inside_the_buckets_too(n: int) -> None:
    lasting = ShortTermAlpha(eta=LINE.eta, gamma=LINE.gamma, half_life_days=1e6, move=2e6, n=n)
    plan = lasting.plan(order(10_000, start_s=0, end_s=DAY_SECONDS), MARKET)
    known = cost_of(plan, MARKET, LINE, adverse_drift=2e6 * math.log(2) / 1e6)
    assert known.cost_parts["drift"] == pytest.approx(plan.cost_parts["drift"], rel=1e-5)
    assert known.cost_risk_bps == pytest.approx(plan.cost_risk_bps)
