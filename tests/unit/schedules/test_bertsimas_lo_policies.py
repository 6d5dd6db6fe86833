"""Bertsimas-Lo as schedules and as policies that are asked: limits, sides, units and refusals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import cvxpy as cp
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules.adaptive import Situation
from nowake.schedules.bertsimas_lo import (
    BertsimasLo,
    BertsimasLoPercentage,
    FollowSignal,
    FollowWithinLimits,
    LinearLaw,
)
from nowake.schedules.bertsimas_lo.allocation import allocate, residual
from nowake.schedules.check import check_schedule
from nowake.schedules.costing import cost_of

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINEAR = Linear.from_market(MARKET)
DAY = {"start_s": 0, "end_s": DAY_SECONDS}
CURVE = VolumeCurve(
    edges_ns=tuple(DAY_SECONDS * SECOND * k // 5 for k in range(6)), shares=(0.3, 0.15, 0.1, 0.15, 0.3), days=1
)
PARENT = order(100_000, **DAY)


def now(left_days: float, left: float, *, signal: float = 0.0, side: int = 1) -> Situation:
    return Situation(
        elapsed_days=1 - left_days, left_days=left_days, left=left, side=side, arrival=100.0, price=101.0, signal=signal
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10_000), st.floats(0.05, 1.0))
def test_a_split_within_limits_is_the_quadratic_programmes(n: int, seed: int, fullness: float) -> None:
    luck = np.random.default_rng(seed)
    slope, curvature = luck.normal(size=n), luck.uniform(0.1, 3.0, n)
    low, high = -luck.uniform(0, 1, n), luck.uniform(0, 5, n)
    quantity = float(low.sum() + fullness * (high - low).sum())
    limits: dict[str, Any] = {"slope": slope, "curvature": curvature, "low": low, "high": high}
    found = allocate(quantity, **limits)
    trades = cp.Variable(n)
    cost = slope @ trades + cp.sum(cp.multiply(curvature, cp.square(trades)))
    programme = cp.Problem(cp.Minimize(cost), [cp.sum(trades) == quantity, trades >= low, trades <= high])
    programme.solve(cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    assert trades.value == pytest.approx(found, abs=1e-5)
    assert found.sum() == pytest.approx(quantity)
    assert residual(found, **limits) < 1e-9
    # And the residual sees a split that is not the best.
    if n > 1 and fullness < 0.9:
        even = low + fullness * (high - low)
        assert residual(even, **limits) > 0 or np.allclose(even, found)


def test_without_limits_the_split_is_the_laws_path() -> None:
    policy = BertsimasLo(model=LINEAR, signal=3.0, half_life_days=0.2, reverses=True, n=10)
    law = LinearLaw(
        theta=LINEAR.gamma, own=LINEAR.eta * 10 + LINEAR.gamma / 2, gamma=0.1, rho=2 ** (-0.1 / 0.2), signal_sd=0.0
    )
    solved = policy.solved(PARENT, MARKET)
    assert law.path(1e5, 10, 3.0) == pytest.approx(solved.trades)
    spread = LINEAR.epsilon * 1e5
    assert law.impact_cost(solved.trades, 3.0) + spread == pytest.approx(
        policy.objective(PARENT, MARKET, solved.trades)
    )
    assert "closed form" == solved.certificate.method


def test_the_models_response_says_the_same_of_its_impact() -> None:
    plan = BertsimasLo(model=LINEAR, signal=3.0, half_life_days=0.2, n=10).plan(PARENT, MARKET)
    terms = MARKET.terms(1e5, 1.0)
    cost = LINEAR.response(terms).cost_of(np.array(plan.lots, dtype=float), np.linspace(0, 1, 11))
    assert cost.temporary_bps == pytest.approx(plan.cost_parts["temporary"], rel=1e-4)
    assert cost.permanent_bps == pytest.approx(plan.cost_parts["permanent"], rel=1e-4)


def test_a_buyer_hurries_before_a_rise_and_a_seller_waits() -> None:
    policy = BertsimasLo(model=LINEAR, signal=2.0, half_life_days=0.3, n=8)
    buys = policy.plan(PARENT, MARKET).lots
    sells = policy.plan(msgspec.structs.replace(PARENT, side=Side.SELL), MARKET).lots
    assert all(later <= earlier for earlier, later in itertools.pairwise(buys))
    assert all(later >= earlier for earlier, later in itertools.pairwise(sells))
    falling = msgspec.structs.replace(policy, signal=-2.0).plan(PARENT, MARKET)
    assert falling.lots == sells
    assert falling.cost_parts["drift"] < 0


def test_limits_follow_the_markets_volume() -> None:
    policy = BertsimasLo(model=LINEAR, signal=50.0, half_life_days=0.3, max_participation=0.06, curve=CURVE, n=10)
    solved = policy.solved(PARENT, MARKET)
    caps = np.repeat(CURVE.shares, 2) / 2 * 2e6 * 0.06 / 0.94
    assert (solved.trades <= caps * (1 + 1e-9)).all()
    assert solved.trades[0] == pytest.approx(caps[0])
    assert policy.objective(PARENT, MARKET, solved.trades * 1.5) == math.inf


@pytest.mark.parametrize(
    ("policy", "symmetric"),
    [
        (BertsimasLo(model=LINEAR), True),
        (BertsimasLo(model=SquareRoot(), signal=2.0, half_life_days=0.2, curve=CURVE), False),
        (BertsimasLo(model=LINEAR, signal=-3.0, half_life_days=0.2, max_participation=0.98, n=7), False),
        (BertsimasLo(model=LINEAR, signal=9.0, reverses=True, n=9), False),
        (BertsimasLoPercentage(model=LINEAR), True),
        (BertsimasLoPercentage(model=LINEAR, premium=-0.002, half_life_days=0.1, drift=0.01, n=9), False),
        (BertsimasLoPercentage(model=LINEAR, n=1), True),
    ],
    ids=["even", "signal on a curve", "capped", "reverses", "percentage", "premium and drift", "one bucket"],
)
def test_they_pass_the_battery(policy: BertsimasLo | BertsimasLoPercentage, symmetric: bool) -> None:
    assert check_schedule(policy, MARKET, symmetric=symmetric, reverses=not symmetric)


def test_asked_bucket_by_bucket_without_news_it_trades_the_schedule() -> None:
    for side, signal in itertools.product((Side.BUY, Side.SELL), (0.0, 1.0)):
        policy = BertsimasLo(model=LINEAR, signal=signal, half_life_days=0.2, n=10)
        parent = msgspec.structs.replace(PARENT, side=side)
        asked = policy.adaptive(parent, MARKET)
        left, done = 1e5, []
        for k in range(10):
            fading = signal * 2 ** (-0.1 * k / 0.2)
            done.append(asked.rate(now(1 - k / 10, left, signal=fading, side=int(side))) / 10)
            left -= done[-1]
        assert done == pytest.approx(policy.solved(parent, MARKET).trades)


def test_the_premium_is_waited_out_bucket_by_bucket_as_in_the_schedule() -> None:
    policy = BertsimasLoPercentage(model=LINEAR, premium=0.001, half_life_days=0.1, drift=-0.002, n=10)
    asked, left, done = policy.adaptive(PARENT, MARKET), 1e5, []
    for k in range(10):
        done.append(asked.rate(now(1 - k / 10, left, signal=0.001 * 2.0**-k)) / 10)
        left -= done[-1]
    assert done == pytest.approx(policy.solved(PARENT, MARKET).trades, rel=1e-6)
    assert done[0] < done[-1]


def test_a_capped_policy_always_finishes_and_never_breaks_its_cap() -> None:
    policy = BertsimasLo(model=LINEAR, half_life_days=0.2, max_participation=0.06, n=20)
    luck, most = np.random.default_rng(9), 2e6 * 0.06 / 0.94
    for asked in (policy.adaptive(PARENT, MARKET), policy.adaptive(PARENT, MARKET, signal_sd=30.0)):
        left, signal = 1e5, -100.0
        for k in range(20):
            rate = asked.rate(now(1 - k / 20, left, signal=signal))
            assert 0 <= rate <= most * (1 + 1e-9)
            left = max(0.0, left - rate / 20)
            signal = float(luck.normal(0, 30))
        assert left == pytest.approx(0.0, abs=1e-6)
        assert asked.rate(now(0.0, 5.0)) == math.inf
        assert asked.rate(now(0.0, 0.0)) == 0.0


def test_told_how_strong_signals_are_it_is_the_dynamic_programmes_rule() -> None:
    """A signal that says to sell is waited out, and the formula's rule, cut off, knows no better than to stop."""
    policy = BertsimasLo(model=LINEAR, half_life_days=0.3, n=10)
    free, best = policy.adaptive(PARENT, MARKET), policy.adaptive(PARENT, MARKET, signal_sd=3.0)
    assert free.rate(now(0.5, 4e4)) == pytest.approx(8e4)
    # Holding back has a worth of its own: what is left may go at a better signal, and never has to be bought twice.
    assert best.rate(now(0.5, 4e4)) < 8e4
    assert best.rate(now(0.5, 4e4, signal=3.0)) > best.rate(now(0.5, 4e4)) > best.rate(now(0.5, 4e4, signal=-3.0)) >= 0
    seller = now(0.5, 4e4, signal=-3.0, side=-1)
    assert best.rate(seller) == best.rate(now(0.5, 4e4, signal=3.0))
    # And it can be written down: plain numbers that make the same rule again.
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(best), type=FollowWithinLimits)
    assert again.rate(seller) == best.rate(seller)
    # Between two buckets the rate lies between theirs.
    rates = [best.rate(now(left, 4e4 * left / 0.5)) for left in (0.5, 0.45, 0.4)]
    assert min(rates[0], rates[2]) <= rates[1] <= max(rates[0], rates[2])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BertsimasLo(model=LINEAR, signal=math.nan), "signal nan must be a finite drift"),
        (lambda: BertsimasLo(model=LINEAR, half_life_days=0.0), "half_life_days 0.0 must be above 0"),
        (lambda: BertsimasLo(model=LINEAR, max_participation=10), "0.1 is 10 % of volume"),
        (
            lambda: BertsimasLo(model=LINEAR, max_participation=0.01).plan(PARENT, MARKET),
            "lets 20,202 of 100,000 shares trade; raise it to 0.047619",
        ),
        (lambda: BertsimasLo(model=LINEAR).plan(PARENT), "needs the market"),
        (lambda: BertsimasLoPercentage(model=LINEAR).plan(PARENT), "needs the market"),
        (lambda: BertsimasLoPercentage(model=LINEAR, premium=5.0), "premium 5.0 must be a fraction"),
        (
            lambda: BertsimasLo(model=Linear(gamma=1e-7, eta=0.0, epsilon=0.0)).plan(PARENT, MARKET),
            "without temporary impact",
        ),
        (lambda: FollowSignal(eta=-1.0, step_days=0.1), "eta -1.0 must be above 0"),
        (
            lambda: BertsimasLo(model=LINEAR, n=5).adaptive(PARENT, MARKET, signal_sd=1.0),
            "rho must be within -1 and 1",
        ),
    ],
)
def test_bad_input_is_refused_with_the_way_out(make: Any, said: str) -> None:
    with pytest.raises(BadParameter) as refused:
        make()
    assert said in str(refused.value)


@pytest.mark.parametrize("lots", [1, 10, 101])
def test_a_plan_costs_what_its_lots_cost(lots: int) -> None:
    parent, value = order(lots, **DAY), lots * 100 / 1e4
    plan = BertsimasLo(model=LINEAR, signal=0.01, half_life_days=0.3, n=20).plan(parent, MARKET)
    cost = cost_of(plan, MARKET, LINEAR)
    assert cost.cost_risk_bps == pytest.approx(plan.cost_risk_bps)
    assert cost.cost_parts["temporary"] == pytest.approx(plan.cost_parts["temporary"])
    ends = np.arange(1, 21) / 20
    moved = sum(0.01 * 2 ** (-(ends[: k + 1] - 0.05) / 0.3) * 0.05 @ np.ones(k + 1) * plan.lots[k] for k in range(20))
    assert moved / value == pytest.approx(plan.cost_parts["drift"])
    off = BertsimasLoPercentage(model=LINEAR, n=20).plan(parent, MARKET)
    assert cost_of(off, MARKET, LINEAR).cost_risk_bps == pytest.approx(off.cost_risk_bps)
    assert cost_of(off, MARKET, LINEAR).cost_parts["temporary"] == pytest.approx(off.cost_parts["temporary"])
