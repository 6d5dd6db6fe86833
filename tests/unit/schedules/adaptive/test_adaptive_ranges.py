"""Numbers that no market shows are refused when a policy is made, with the value and the way out, not by a crash or a
search without end; and the least order, bucket and volume are served."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules.adaptive import (
    CarteaJaimungal,
    PostingDepth,
    RollingHorizon,
    StochasticLiquidity,
    TargetSpeed,
    TargetVolume,
)
from nowake.schedules.adaptive.expected import start_of
from nowake.schedules.bertsimas_lo import BertsimasLo, BertsimasLoPercentage, FollowPremium, FollowSignal
from nowake.schedules.dynamic_schedule import DynamicProgramming

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINE = Linear.from_market(MARKET)
PARENT = order(10_000, start_s=0, end_s=DAY_SECONDS)
POSTING = PostingDepth.of(PARENT, MARKET, clip=100.0, risk_aversion=1e-6, fills_at_mid=5_000.0, decay=100.0)
LIQUIDITY = StochasticLiquidity.of(PARENT, MARKET, LINE, risk_aversion=1e-6, half_life_days=0.1, spread=0.5)
VOLUME = TargetVolume.of(PARENT, MARKET, LINE, share=0.1, half_life_days=0.05)


def with_one(policy: Any, **number: float) -> Callable[[], object]:
    return lambda: msgspec.structs.replace(policy, **number)


def bertsimas_lo(*, eta: float = LINE.eta, signal: float = 0.0) -> object:
    return BertsimasLo(model=Linear(gamma=0.0, eta=eta, epsilon=0.0), n=10, signal=signal).plan(PARENT, MARKET)


def percentage(eta: float) -> object:
    model = Linear(gamma=0.0, eta=eta, epsilon=0.0)
    return BertsimasLoPercentage(model=model, premium=0.001, half_life_days=0.1, n=10).plan(PARENT, MARKET)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        *((with_one(POSTING, **{name: 1e300}), name) for name in ("volatility", "risk_aversion", "clip")),
        *((with_one(POSTING, **{name: 1e300}), name) for name in ("fills_at_mid", "horizon_days", "favourable_drift")),
        (with_one(POSTING, fills_at_mid=1e-300), "fills_at_mid 1e-300"),
        (with_one(POSTING, decay=1e300), "decay"),
        (with_one(POSTING, most_clips=10.5), "most_clips 10.5 must be a whole number"),
        *((with_one(LIQUIDITY, spread=value), f"spread {value} must be from 1e-6 to 5") for value in (1e-300, 1e300)),
        *((with_one(LIQUIDITY, **{name: 1e300}), name) for name in ("volatility", "risk_aversion", "horizon_days")),
        (with_one(LIQUIDITY, eta=1e-300), "eta 1e-300 must be from 1e-100"),
        (with_one(LIQUIDITY, eta=1e-100), "above 1e+06"),
        (with_one(LIQUIDITY, half_life_days=1e-300), "half_life_days 1e-300 must be within a factor of 1e6"),
        (with_one(LIQUIDITY, mean_rate=1e300), "mean_rate 1e+300"),
        (with_one(VOLUME, catch_up_days=1e-300), "catch_up_days 1e-300 of TargetVolume must be from 1e-9"),
        (with_one(VOLUME, catch_up_days=1e300), "catch_up_days 1e+300"),
        (with_one(VOLUME, eta=1e300), "eta 1e+300 must be from 1e-100 to 1e+100"),
        (lambda: CarteaJaimungal(eta=1e300), "eta 1e+300"),
        (lambda: CarteaJaimungal(eta=1.0, running_penalty=1e300), "running_penalty 1e+300"),
        (lambda: bertsimas_lo(eta=1e-300), "eta 1e-300 makes trading 10000 shares evenly cost"),
        (lambda: bertsimas_lo(eta=1e300), "eta 1e+300 makes trading"),
        (lambda: bertsimas_lo(signal=1e300), "signal 1e+300 moves the price of 100 more than 10 times"),
        (lambda: percentage(1e-300), "eta 1e-300 makes trading"),
        (lambda: FollowSignal(eta=1e-300, step_days=0.1), "eta 1e-300 must be above 0 and finite"),
        (lambda: FollowPremium(eta=1e-300, step_days=0.1), "eta 1e-300 must be above 0 and finite"),
    ],
)
def test_what_no_market_shows_is_refused_at_once(make: Callable[[], object], said: str) -> None:
    with pytest.raises(BadParameter) as refused:
        make()
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        with_one(POSTING, volatility=1e3, risk_aversion=1e-2),
        with_one(POSTING, fills_at_mid=1e12),
        with_one(LIQUIDITY, spread=5.0, half_life_days=1e-6),
        with_one(LIQUIDITY, spread=1e-6, half_life_days=1e6),
        with_one(LIQUIDITY, risk_aversion=1e5),
        with_one(VOLUME, catch_up_days=1e-9),
        with_one(VOLUME, catch_up_days=1e9),
        lambda: CarteaJaimungal(eta=1e-100, running_penalty=1e100),
        lambda: CarteaJaimungal(eta=1e100, running_penalty=1e-100),
    ],
)
def test_within_the_ranges_every_policy_plans(make: Callable[[], Any]) -> None:
    plan = msgspec.structs.replace(make(), n=10).plan(PARENT, MARKET)
    assert sum(plan.lots) == 10_000
    assert plan.expected_cost_bps is None or math.isfinite(plan.expected_cost_bps)


def test_one_bucket_of_posting_is_the_whole_order() -> None:
    assert (10_000,) == msgspec.structs.replace(POSTING, n=1).plan(PARENT, MARKET).lots


def test_however_strong_a_signal_beside_impact_the_cheapest_bucket_takes_all() -> None:
    plan = BertsimasLo(model=Linear(gamma=0.0, eta=1e-15, epsilon=0.0), signal=900.0, n=10).plan(PARENT, MARKET)
    assert (10_000, *[0] * 9) == plan.lots
    assert plan.certificate is not None
    assert plan.certificate.value < 1e-12


@pytest.mark.parametrize("policy", [RollingHorizon, TargetSpeed])
def test_a_window_volume_of_zero_is_one_that_nobody_knows(policy: Any) -> None:
    unknown = msgspec.structs.replace(MARKET, window_volume=0.0)
    assert start_of(PARENT, MARKET) == start_of(PARENT, unknown)
    parameters = {} if policy is RollingHorizon else {"share": 0.1, "half_life_days": 0.05}
    assert policy.of(PARENT, MARKET, LINE, **parameters) == policy.of(PARENT, unknown, LINE, **parameters)
    half = msgspec.structs.replace(MARKET, window_volume=1e6)
    assert 1e6 == start_of(PARENT, half).market_rate


def test_a_bucket_without_volume_is_refused_by_the_name_of_the_curve() -> None:
    edges = tuple(DAY_SECONDS * SECOND * k // 4 for k in range(5))
    curve = VolumeCurve(edges_ns=edges, shares=(0.5, 0.0, 0.2, 0.3), days=1)
    for policy in (BertsimasLo(model=LINE, curve=curve, n=4), DynamicProgramming(model=LINE, curve=curve, n=4)):
        with pytest.raises(BadParameter, match="the curve has no volume in a bucket"):
            policy.plan(PARENT, MARKET)
