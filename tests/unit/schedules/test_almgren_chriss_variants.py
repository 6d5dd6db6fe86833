"""The family as policies: what every schedule must do, the signs of a view, and what cannot be planned."""

import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.impact import Almgren2005, Linear, SquareRoot
from nowake.models.impact import ObizhaevaWang as ObizhaevaWangImpact
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import (
    AlmgrenChriss,
    AlmgrenChrissCorrelated,
    AlmgrenChrissDrift,
    AlmgrenChrissNews,
    GatheralSchied,
    LeastValueAtRisk,
    Loaded,
    ObizhaevaWang,
    Outcome,
    Pov,
    PowerLawSchedule,
    Propagator,
    TargetClose,
    Vwap,
    VwapDeviation,
    check_schedule,
    twap,
)

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, shares_outstanding=1e8)
LINEAR = Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS // 2)
NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.4, 0.2, 0.4))
CALM = MarketState.given(price=100, daily_volatility=0.0, daily_volume=2e6, spread_bps=4)
NEWS = AlmgrenChrissNews(
    LINEAR,
    1e-5,
    event_ns=NOON // 2,
    outcomes=(Outcome(probability=0.3, volatility_factor=0.5), Outcome(probability=0.7, volatility_factor=3.0)),
    n=10,
)


@pytest.mark.parametrize(
    "policy",
    [
        AlmgrenChriss(LINEAR, 1e-6),
        AlmgrenChriss(SquareRoot(), 1e-5, curve=CURVE),
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=3.0),
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=-30.0, n=50),
        AlmgrenChrissDrift(LINEAR, 1e-8, adverse_drift=30.0, n=50),
        AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.6, n=40),
        AlmgrenChrissCorrelated(LINEAR, 1e-5, correlation=-0.6, n=40),
        LeastValueAtRisk(LINEAR),
        LeastValueAtRisk(SquareRoot(), 0.999, n=20),
        PowerLawSchedule(SquareRoot(), 1e-6),
        PowerLawSchedule(Almgren2005(), 1e-4, n=50),
        PowerLawSchedule(Almgren2005(beta=2.0), 1e-5, n=50),
        PowerLawSchedule(LINEAR, 1e-6, curve=CURVE),
        TargetClose(LINEAR, 1e-6),
        TargetClose(SquareRoot(), 1e-5, n=50, auction_share=0.2, most_in_last=0.25),
        VwapDeviation(LINEAR, 1e-5, CURVE),
        VwapDeviation(SquareRoot(), 1e-6, CURVE, n=50),
        Pov(0.1, CURVE, until_done=True),
        Loaded(-3.0),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_policy_passes_the_battery_of_schedules(policy: AlmgrenChriss) -> None:
    check_schedule(policy, MARKET)


def test_drift_that_may_reverse_passes_the_battery_too() -> None:
    check_schedule(AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=30.0, may_reverse=True), MARKET, reverses=True)


# A view on the price.


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_view_against_the_order_hurries_it_and_one_in_its_favour_makes_it_wait(side: Side) -> None:
    each = msgspec.structs.replace(ORDER, side=side)
    first = [
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=drift, n=10).plan(each, MARKET).lots[0]
        for drift in (5.0, 0.5, 0.0, -0.5, -5.0)
    ]
    assert first == sorted(first, reverse=True)
    assert first[0] > first[2] > first[4] == 0


def test_no_view_is_almgren_chriss() -> None:
    with_none = AlmgrenChrissDrift(LINEAR, 1e-5, adverse_drift=0.0, n=10).plan(ORDER, MARKET)
    plain = AlmgrenChriss(LINEAR, 1e-5, n=10).plan(ORDER, MARKET)
    assert with_none.lots == plain.lots
    assert with_none.expected_cost_bps == pytest.approx(plain.expected_cost_bps)
    assert with_none.cost_parts["drift"] == 0


def test_expected_cost_with_a_view_is_that_of_drifting_prices() -> None:
    plan = AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=0.7, n=10).plan(ORDER, MARKET)
    price, paid = 100.0, 0.0
    for n in plan.lots:  # A buyer; equations 1, 2 and 23 without noise.
        paid += n * (price + LINEAR.epsilon + LINEAR.eta * n / 0.05)
        price += 0.7 * 0.05 + LINEAR.gamma * n
    assert plan.expected_cost_bps == pytest.approx((paid / 60_000 - 100) / 100 * 1e4)
    assert sum(plan.cost_parts.values()) == pytest.approx(plan.expected_cost_bps)


def test_reversing_optimum_says_so_and_is_better_than_the_one_that_may_not() -> None:
    free = AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=-30.0, n=10, may_reverse=True)
    bound = AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=-30.0, n=10)
    assert free.plan(ORDER, MARKET).reverses
    assert not bound.plan(ORDER, MARKET).reverses
    best, kept = free.solved(ORDER, MARKET), bound.solved(ORDER, MARKET)
    assert best.certificate.objective < kept.certificate.objective
    assert bound.objective(ORDER, MARKET, best.trades) == math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_view_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(BadParameter, match="adverse_drift"):
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=value)


# Value at risk.


def test_value_at_risk_is_cost_and_so_many_deviations_of_it() -> None:
    plan = LeastValueAtRisk(LINEAR, 0.99, n=10).plan(ORDER, MARKET)
    assert plan.inputs["z"] == pytest.approx(2.326, abs=5e-4)
    assert plan.inputs["value_at_risk_bps"] == pytest.approx(
        plan.expected_cost_bps + plan.inputs["z"] * plan.cost_risk_bps
    )
    same = AlmgrenChriss(LINEAR, plan.inputs["risk_aversion"], n=10).plan(ORDER, MARKET)
    assert same.lots == plan.lots


@pytest.mark.parametrize("confidence", [0.4, 1.0, math.nan, -1.0, 95.0])
def test_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(BadParameter, match="confidence"):
        LeastValueAtRisk(LINEAR, confidence)


def test_more_confidence_is_more_haste() -> None:
    first = [LeastValueAtRisk(LINEAR, level, n=10).plan(ORDER, MARKET).lots[0] for level in (0.5, 0.7, 0.9, 0.99)]
    assert first == sorted(first)
    assert first[0] == 6_000


# Correlation.


def test_trending_prices_are_riskier_and_hurry_the_order() -> None:
    plans = [
        AlmgrenChrissCorrelated(LINEAR, 1e-5, correlation=rho, n=10).plan(ORDER, MARKET) for rho in (-0.5, 0.0, 0.5)
    ]
    assert plans[0].lots[0] < plans[1].lots[0] < plans[2].lots[0]
    assert plans[1].lots == AlmgrenChriss(LINEAR, 1e-5, n=10).plan(ORDER, MARKET).lots


def test_too_many_correlated_buckets_are_refused() -> None:
    with pytest.raises(BadParameter, match=r"2,001 correlated buckets are too many; use 2,000 or fewer"):
        AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.1, n=2_001).plan(ORDER, MARKET)


# News.


def test_branches_are_one_until_the_event_and_average_to_the_plan() -> None:
    plan, (slow, fast) = NEWS.plan(ORDER, MARKET), NEWS.branches(ORDER, MARKET)
    assert slow.lots[:5] == fast.lots[:5] == plan.lots[:5]
    assert slow.lots[5] < fast.lots[5]
    mean = 0.3 * np.array(slow.lots) + 0.7 * np.array(fast.lots)
    assert plan.lots == pytest.approx(mean, abs=1.01)
    assert sum(slow.lots) == sum(fast.lots) == sum(plan.lots) == 60_000
    assert sum(plan.cost_parts.values()) == pytest.approx(plan.expected_cost_bps)


def test_news_that_changes_nothing_is_almgren_chriss() -> None:
    nothing = AlmgrenChrissNews(LINEAR, 1e-5, event_ns=NOON // 3, outcomes=(Outcome(probability=1.0),), n=10)
    plan, plain = nothing.plan(ORDER, MARKET), AlmgrenChriss(LINEAR, 1e-5, n=10).plan(ORDER, MARKET)
    assert plan.lots == plain.lots
    assert plan.expected_cost_bps == pytest.approx(plain.expected_cost_bps, rel=1e-5)  # Not of lots.
    left = 60_000 - np.cumsum(plain.lots)  # Its risk is by equation 5, and says so.
    assert plan.cost_risk_bps == pytest.approx(MARKET.volatility * math.sqrt(0.05 * (left**2).sum()) / 600, rel=1e-4)
    assert "after each trade" in " ".join(plan.notes)


def test_event_outside_the_window_is_refused_with_the_way_out() -> None:
    late = msgspec.structs.replace(NEWS, event_ns=NOON)
    with pytest.raises(BadParameter, match=r"03:15:00 is not inside the order's window .*; use AlmgrenChriss"):
        late.plan(ORDER, MARKET)


@pytest.mark.parametrize(
    "change",
    [
        {"probability": 0.0},
        {"probability": math.nan},
        {"volatility_factor": -1.0},
        {"volatility_factor": math.nan},
        {"impact_factor": 0.0},
        {"impact_factor": math.inf},
    ],
)
def test_outcome_out_of_range_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=next(iter(change))):
        Outcome(**{"probability": 1.0, **change})


# All of them.


@pytest.mark.parametrize(
    "make",
    [
        lambda aversion: AlmgrenChrissDrift(LINEAR, aversion, adverse_drift=0.0, n=10),
        lambda aversion: AlmgrenChrissCorrelated(LINEAR, aversion, correlation=0.3, n=10),
        lambda aversion: msgspec.structs.replace(NEWS, risk_aversion=aversion),
    ],
    ids=["drift", "correlated", "news"],
)
def test_risk_aversion_is_per_unit_of_money(make) -> None:
    future = msgspec.structs.replace(ORDER, instrument=msgspec.structs.replace(instrument(), multiplier=Decimal(50)))
    assert make(1e-5).plan(ORDER, MARKET).lots == make(1e-5 / 50).plan(future, MARKET).lots


def test_value_at_risk_does_not_depend_on_the_multiplier() -> None:
    future = msgspec.structs.replace(ORDER, instrument=msgspec.structs.replace(instrument(), multiplier=Decimal(50)))
    one, other = (LeastValueAtRisk(LINEAR, n=10).plan(each, MARKET) for each in (ORDER, future))
    assert one.lots == other.lots
    assert one.inputs["risk_aversion"] == pytest.approx(50 * other.inputs["risk_aversion"])


@pytest.mark.parametrize(
    "policy",
    [
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=0.0, n=4),
        AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.3, n=4),
        LeastValueAtRisk(LINEAR, n=4),
        msgspec.structs.replace(NEWS, n=4),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_calm_market_is_traded_evenly_and_no_market_is_refused(policy: AlmgrenChriss) -> None:
    assert policy.plan(ORDER, CALM).lots == (15_000,) * 4
    with pytest.raises(BadParameter, match="needs the market"):
        policy.plan(ORDER)


@pytest.mark.parametrize(
    "policy",
    [
        AlmgrenChriss(LINEAR, 1e-6, n=1),
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=5.0, n=1),
        AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.3, n=1),
        LeastValueAtRisk(LINEAR, n=1),
        PowerLawSchedule(SquareRoot(), 1e-6, n=1),
        TargetClose(SquareRoot(), 1e-6, n=1),
        VwapDeviation(SquareRoot(), 1e-6, CURVE, n=1),
        Pov(0.3, CURVE, n=1),
        Loaded(2.0, n=1),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_one_bucket_trades_everything(policy: AlmgrenChriss) -> None:
    plan = policy.plan(ORDER, MARKET)
    assert plan.lots == (60_000,)
    assert plan.expected_cost_bps is None or math.isfinite(plan.expected_cost_bps)
    assert plan.certificate is None or plan.certificate.value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("aversion", [1e-300, 1e-30, 1e30, 1e300])
def test_risk_aversion_beyond_all_measure_is_planned(aversion: float) -> None:
    for policy in (
        AlmgrenChriss(LINEAR, aversion, n=50),
        AlmgrenChrissDrift(LINEAR, aversion, adverse_drift=1e-3, n=50),
        AlmgrenChrissCorrelated(LINEAR, aversion, correlation=0.3, n=50),
        PowerLawSchedule(SquareRoot(), aversion, n=50),
    ):
        lots = policy.plan(ORDER, MARKET).lots
        assert lots[0] == 60_000 if aversion > 1 else lots == pytest.approx(twap(ORDER, n=50).lots, abs=2)
    late = TargetClose(SquareRoot(), aversion, n=50).plan(ORDER, MARKET).lots
    assert late[-1] == 60_000 if aversion > 1 else late == twap(ORDER, n=50).lots
    near = VwapDeviation(SquareRoot(), aversion, CURVE, n=50).plan(ORDER, MARKET).lots
    assert near == (Vwap(CURVE, n=50).plan(ORDER).lots if aversion > 1 else twap(ORDER, n=50).lots)


def test_order_above_the_volume_of_the_day_is_planned_and_says_so_once() -> None:
    huge = order(5_000_000, end_s=DAY_SECONDS)
    book = ObizhaevaWangImpact(permanent=0.3, transient=3.0, resilience=20.0)
    for policy in (
        AlmgrenChriss(LINEAR, 1e-6, n=10),
        PowerLawSchedule(SquareRoot(), 1e-6, n=10),
        TargetClose(SquareRoot(), 1e-6, n=10),
        VwapDeviation(SquareRoot(), 1e-6, CURVE, n=10),
        LeastValueAtRisk(LINEAR, n=10),
        AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=1.0, n=10),
        AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.3, n=10),
        NEWS,
        Pov(0.1, until_done=True, n=10),
        GatheralSchied(LINEAR, 1e-3, n=10),
        ObizhaevaWang(book, n=10),
        Propagator(book, n=10),
    ):
        plan = policy.plan(huge, MARKET)
        assert sum(plan.lots) == 5_000_000
        assert [note for note in plan.notes if "250% of the volume of its window" in note] == [plan.notes[-1]]
        assert "of its window" not in " ".join(policy.plan(ORDER, MARKET).notes)
