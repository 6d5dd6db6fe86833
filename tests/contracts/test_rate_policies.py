"""The battery every rate policy passes, ours or a third party's: add a policy to POLICIES and it is held to it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.adaptive import (
    AggressiveInTheMoney,
    CarteaJaimungal,
    Crowd,
    CrowdPolicy,
    MeanReverting,
    OrderFlow,
    PostingDepth,
    RatePolicy,
    RollingHorizon,
    ShortTermAlpha,
    Situation,
    StochasticLiquidity,
    TargetSpeed,
    TargetVolume,
    World,
    walk,
)

ETA, GAMMA = 2e-6, 2e-7
MUST: list[RatePolicy] = [
    CarteaJaimungal(eta=ETA, gamma=GAMMA),
    CarteaJaimungal(eta=ETA, gamma=GAMMA, running_penalty=1e-4),
    CarteaJaimungal(eta=ETA, running_penalty=1e6),
    OrderFlow(eta=ETA, gamma=GAMMA, running_penalty=1e-5, half_life_days=0.1),
    OrderFlow(eta=ETA, flow_impact=1e-6, half_life_days=math.inf, one_way=False),
    ShortTermAlpha(eta=ETA, half_life_days=0.05, move=0.3, running_penalty=1e-5),
    TargetSpeed(eta=ETA, share=0.1, mean_rate=1e6, half_life_days=0.1),
    TargetVolume(eta=ETA, share=0.1, mean_rate=1e6, half_life_days=0.1, quantity=1e5),
    RollingHorizon(eta=ETA, risk_aversion=1e-5, mean_rate=1e6),
    StochasticLiquidity(
        eta=ETA, risk_aversion=1e-5, volatility=1.0, mean_rate=1e6, half_life_days=0.1, spread=0.5, horizon_days=2.0
    ),
    PostingDepth(
        fills_at_mid=500,
        decay=20,
        volatility=1.0,
        risk_aversion=1e-5,
        clip=1e3,
        most_clips=200,
        end_cost=0.05,
        horizon_days=2.0,
    ),
    AggressiveInTheMoney(
        quantity=1e5, days=1.0, steps=12, volatility=1.0, eta=ETA, gamma=GAMMA, epsilon=0.02, risk_aversion=1e-5
    ),
]
MAY: list[RatePolicy] = [
    CarteaJaimungal(eta=ETA, gamma=GAMMA, running_penalty=1e-5, terminal_penalty=1e-5),
    OrderFlow(eta=ETA, gamma=GAMMA, half_life_days=0.1, terminal_penalty=1e-5),
    ShortTermAlpha(eta=ETA, half_life_days=0.05, terminal_penalty=1e-5),
    TargetSpeed(eta=ETA, share=0.1, mean_rate=1e6, half_life_days=0.1, terminal_penalty=1e-5),
    TargetVolume(eta=ETA, share=0.1, mean_rate=1e6, half_life_days=0.1, quantity=1e5, terminal_penalty=1e-5),
]
POLICIES = MUST + MAY
# What becomes of each parameter when every price is so many times as high.
CURRENCY = {
    **dict.fromkeys(("eta", "gamma", "terminal_penalty", "running_penalty", "flow_impact", "move"), 1),
    **dict.fromkeys(("volatility", "epsilon", "imbalance_move", "end_cost", "favourable_drift"), 1),
    **dict.fromkeys(("risk_aversion", "decay"), -1),
}
each = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)


def situation(**changes: Any) -> Situation:
    facts: dict[str, Any] = {
        "elapsed_days": 0.3,
        "left_days": 0.7,
        "left": 6e4,
        "side": 1,
        "arrival": 100.0,
        "price": 100.2,
        "gained": -500.0,
        "signal": 0.1,
        "market_rate": 1.2e6,
        "market_volume": 4e5,
        "volatility": 1.1,
    }
    return Situation(**(facts | changes))


@each
def test_with_nothing_left_there_is_nothing_to_trade(policy: RatePolicy) -> None:
    assert policy.rate(situation(left=0.0)) == 0
    assert policy.rate(situation(left=0.0, left_days=0.0)) == 0


def test_at_the_end_what_must_be_done_is_done_at_once_and_what_may_be_left_is() -> None:
    over = situation(left_days=0.0)
    assert [policy.rate(over) for policy in MUST] == [math.inf] * len(MUST)
    assert [policy.rate(over) for policy in MAY] == [0.0] * len(MAY)


@pytest.mark.parametrize("policy", MUST, ids=lambda policy: type(policy).__name__)
def test_an_order_that_must_be_done_is_done_whatever_happens(policy: RatePolicy) -> None:
    flow = MeanReverting(noise=0.5, decay=3.0)
    volume = MeanReverting(start=1e6, mean=1e6, noise=2e5, decay=5.0)
    world = World(eta=ETA, volatility=1.0, signal=flow, volume=volume, liquidity=MeanReverting(noise=0.5, decay=5.0))
    walked = walk(policy, world, quantity=1e5, days=0.5, steps=25, paths=20, seed=1)
    assert walked.left == pytest.approx(np.zeros(20), abs=1e-6)
    assert walked.mean_left[0] == 1e5
    assert (np.diff(walked.mean_left) <= 1e-6).all()


@each
def test_the_same_situation_gives_the_same_rate(policy: RatePolicy) -> None:
    twin = msgspec.convert(msgspec.to_builtins(policy), type(policy))
    assert twin == policy
    assert twin.rate(situation()) == policy.rate(situation()) == policy.rate(situation())


@each
def test_prices_in_another_currency_change_nothing(policy: Any) -> None:
    c = 130.0
    numbers = {
        name: value * c ** CURRENCY[name]
        for name in policy.__struct_fields__
        if name in CURRENCY and (value := getattr(policy, name)) is not None
    }
    dear = msgspec.structs.replace(policy, **numbers)
    signal = 0.1 if isinstance(policy, OrderFlow) else 0.1 * c  # A flow is in shares.
    there = situation(arrival=100 * c, price=100.2 * c, gained=-500 * c, volatility=1.1 * c, signal=signal)
    assert dear.rate(there) == pytest.approx(policy.rate(situation()), rel=1e-6)


@each
def test_a_sale_in_a_mirrored_market_is_worked_like_a_purchase(policy: Any) -> None:
    changes = {"move": -policy.move} if isinstance(policy, ShortTermAlpha) else {}
    mirrored = msgspec.structs.replace(policy, **changes)
    assert mirrored.rate(situation(side=-1, price=99.8, signal=-0.1)) == policy.rate(situation())


@pytest.mark.parametrize("policy", [MUST[0], MUST[1], MUST[8], MUST[9]], ids=lambda policy: type(policy).__name__)
def test_twice_the_shares_are_traded_twice_as_fast_where_no_target_or_signal_is(policy: RatePolicy) -> None:
    assert policy.rate(situation(left=1.2e5)) == pytest.approx(2 * policy.rate(situation()), rel=1e-12)


@pytest.mark.parametrize("policy", [*MUST[:10], *MUST[11:]], ids=lambda policy: type(policy).__name__)
def test_close_to_the_end_the_rate_is_what_is_left_over_the_time_left(policy: RatePolicy) -> None:
    # Where risk is all but infinite, close is closer.
    days = 1e-7
    soon = situation(elapsed_days=1 - days, left_days=days, left=1e4)
    assert policy.rate(soon) == pytest.approx(1e4 / days, rel=2e-2)


@each
def test_what_a_policy_needs_and_does_not_know_is_refused(policy: RatePolicy) -> None:
    unknown = situation(market_rate=math.nan, market_volume=math.nan, volatility=math.nan)
    needs = TargetSpeed | TargetVolume | RollingHorizon | StochasticLiquidity
    if not isinstance(policy, needs):
        assert math.isfinite(policy.rate(unknown))
        return
    with pytest.raises(BadParameter, match="needs the"):
        policy.rate(unknown)


@pytest.mark.parametrize("name", ["left", "left_days", "elapsed_days", "arrival", "price", "gained", "signal"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_situation_that_is_none_is_refused(name: str, bad: float) -> None:
    with pytest.raises(BadParameter, match=name):
        situation(**{name: bad})


@each
def test_many_paths_at_once_get_what_each_would_get_alone(policy: RatePolicy) -> None:
    assert isinstance(policy, CrowdPolicy) == (not isinstance(policy, PostingDepth | AggressiveInTheMoney))
    if not isinstance(policy, CrowdPolicy):
        return
    rng = np.random.default_rng(5)
    for left_days in (0.4, 1e-3, 0.0):
        crowd = Crowd(
            elapsed_days=0.6,
            left_days=left_days,
            left=np.append(rng.uniform(0, 1e5, 9), 0.0),
            side=-1,
            arrival=50.0,
            price=rng.normal(50, 1, 10),
            gained=rng.normal(0, 1e3, 10),
            signal=rng.normal(0, 1, 10),
            market_rate=rng.uniform(0, 3e6, 10),
            market_volume=rng.uniform(0, 1e6, 10),
            volatility=rng.uniform(0.1, 3, 10),
        )
        alone = [policy.rate(each) for each in crowd.each()]
        assert policy.rates(crowd).tolist() == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    "policy",
    [
        CarteaJaimungal(eta=ETA, terminal_penalty=0.0),
        CarteaJaimungal(eta=ETA, gamma=GAMMA, terminal_penalty=GAMMA / 2),
        OrderFlow(eta=ETA, half_life_days=0.1, terminal_penalty=0.0),
    ],
    ids=str,
)
def test_where_leaving_shares_is_free_nothing_is_traded_for_its_own_sake(policy: RatePolicy) -> None:
    assert policy.rate(situation(signal=0.0)) == 0


def test_where_leaving_shares_is_free_only_the_target_pulls() -> None:
    free = TargetSpeed(eta=ETA, share=0.1, mean_rate=1e6, half_life_days=0.1, closeness=0.75, terminal_penalty=0.0)
    assert free.rate(situation()) == pytest.approx(0.75 * 0.1 * 1.2e6)


@each
def test_no_urgency_and_no_time_overflows(policy: RatePolicy) -> None:
    with np.errstate(all="raise", under="ignore"):
        for left_days in (1e-12, 1e-6, 0.5, 1.0):
            for left in (1e-6, 1.0, 1e5):
                rate = policy.rate(situation(left=left, left_days=left_days, elapsed_days=1 - left_days))
                assert math.isfinite(rate)


@pytest.mark.parametrize(
    "bad",
    [
        {"eta": 0.0},
        {"eta": math.nan},
        {"gamma": -1.0},
        {"gamma": math.nan},
        {"terminal_penalty": -1.0},
        {"terminal_penalty": math.nan},
        {"gamma": 1.0, "terminal_penalty": 0.4},
        {"running_penalty": -1.0},
        {"running_penalty": math.nan},
    ],
    ids=str,
)
def test_a_parameter_that_is_out_of_range_is_refused_when_the_policy_is_made(bad: dict[str, float]) -> None:
    for policy, more in (
        (CarteaJaimungal, {}),
        (OrderFlow, {"half_life_days": 0.1}),
        (ShortTermAlpha, {"half_life_days": 0.1}),
    ):
        with pytest.raises(BadParameter):
            policy(**({"eta": ETA} | more | bad))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "bad"),
    [
        (MUST[3], {"half_life_days": 0.0}),
        (MUST[3], {"flow_impact": -1.0}),
        (MUST[5], {"half_life_days": math.inf}),
        (MUST[5], {"move": math.nan}),
        (MUST[6], {"closeness": 1.0}),
        (MUST[6], {"share": 0.0}),
        (MUST[6], {"mean_rate": math.nan}),
        (MUST[7], {"catch_up_days": 0.0}),
        (MUST[7], {"quantity": math.nan}),
        (MUST[8], {"mean_rate": 0.0}),
        (MUST[8], {"terminal_penalty": 1.0}),
        (MUST[9], {"spread": 0.0}),
        (MUST[9], {"half_life_days": math.inf}),
        (MUST[9], {"terminal_penalty": 1.0}),
        (MUST[10], {"fills_at_mid": 0.0}),
        (MUST[10], {"decay": math.nan}),
        (MUST[10], {"most_clips": 0}),
        (MUST[10], {"most_clips": 10_000}),
        (MUST[10], {"end_cost": 1e9}),
        (MUST[10], {"risk_aversion": -1.0}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else type(value).__name__,
)
def test_what_is_a_policys_own_is_refused_when_it_is_out_of_range(policy: Any, bad: dict[str, float]) -> None:
    numbers = {name: getattr(policy, name) for name in policy.__struct_fields__} | bad
    with pytest.raises(BadParameter, match=next(iter(bad))):
        type(policy)(**numbers)
