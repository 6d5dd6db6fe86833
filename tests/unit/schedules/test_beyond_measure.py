"""Numbers at the edge of what numbers hold: the answer stays right, and certificates do not cry wolf over it."""

import math

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models import impact
from nowake.models.impact import Linear, SquareRoot, kernels
from nowake.models.market import MarketState
from nowake.schedules import (
    AlmgrenChriss,
    AlmgrenChrissCorrelated,
    AlmgrenChrissDrift,
    AlmgrenChrissNews,
    GatheralSchied,
    LeastValueAtRisk,
    ObizhaevaWang,
    Outcome,
    Propagator,
    twap,
)
from nowake.schedules.almgren_chriss import CorrelatedLiquidation, Liquidation
from nowake.schedules.almgren_chriss.value_at_risk import least_value_at_risk, residual

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LIQUID = MarketState.given(price=180, daily_volatility=0.03, daily_volume=2.5e8, spread_bps=0.56)
LINEAR, LIQUID_LINEAR = Linear.from_market(MARKET), Linear.from_market(LIQUID)
BOOK = impact.ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
CAPPED = impact.Transient(permanent=0.2, transient=4.0, kernel=kernels.CappedLinear(0.25))


# The least value at risk of an order that is small beside its market.


@pytest.mark.parametrize("n", [None, 13])
@pytest.mark.parametrize("lots", [1_000, 10_000])
def test_an_order_that_is_nothing_to_its_market_is_done_at_once_for_the_least_value_at_risk(
    n: int | None, lots: int
) -> None:
    policy = LeastValueAtRisk(LIQUID_LINEAR, n=n)
    plan = policy.plan(order(lots, end_s=DAY_SECONDS), LIQUID)
    assert (lots, 0) == (plan.lots[0], sum(plan.lots[1:]))
    assert plan.certificate.value == 0
    # Nothing is better: not a share kept to any later bucket.
    best = policy.objective(
        order(lots, end_s=DAY_SECONDS), LIQUID, policy.solved(order(lots, end_s=DAY_SECONDS), LIQUID).trades
    )
    for later in range(1, len(plan.lots)):
        trades = np.zeros(len(plan.lots))
        trades[[0, later]] = lots - 1, 1
        assert best < policy.objective(order(lots, end_s=DAY_SECONDS), LIQUID, trades)


@pytest.mark.parametrize("away", [1e-12, 1e-9, 1e-6, 1e-3, 0.1])
@pytest.mark.parametrize("beyond", [True, False])
def test_value_at_risk_next_to_where_all_at_once_becomes_best(away: float, beyond: bool) -> None:
    """z sigma sqrt(tau) = 2 eta~ X / tau is the border; near it both sides are planned, and meet."""
    border = 1.645 * 2.0 * math.sqrt(0.1) * 0.1 / 2 / LINEAR.eta_tilde(0.1)
    quantity = border * (1 - away if beyond else 1 + away)
    calm = Liquidation(quantity=quantity, days=1.0, steps=10, volatility=2.0, impact=LINEAR, risk_aversion=0.0)
    found = least_value_at_risk(calm, 1.645)
    kept = 1 - found.trades()[0] / quantity
    assert 0 <= kept <= 2 * away
    assert residual(found, 1.645) < 1e-6


@pytest.mark.parametrize("aversion", [1e100, 1e290, 1e300, 1.7e308])
@pytest.mark.parametrize("eta", [1e-300, 4e-8, 1e-3])
def test_no_risk_aversion_is_too_large_for_almgren_chriss(aversion: float, eta: float) -> None:
    made = AlmgrenChriss(Linear(gamma=0.0, eta=eta, epsilon=0.01), aversion, n=13).plan(order(10_000), LIQUID)
    assert (10_000, *[0] * 12) == made.lots
    assert made.certificate.value < 1e-9
    assert math.isfinite(made.inputs["kappa"])


# Impact without a cost of speed, and buckets that cannot be counted.


def test_impact_without_a_cost_of_speed_asks_for_another_model_not_for_more_buckets() -> None:
    for gamma in (0.0, 1e-7):
        with pytest.raises(BadParameter, match=r"give an impact model with eta above 0$"):
            AlmgrenChriss(Linear(gamma=gamma, eta=0.0, epsilon=0.01), 1e-6, n=10).plan(order(100), MARKET)
    with pytest.raises(BadParameter, match=r"use more than 6\.5 buckets$"):
        AlmgrenChriss(Linear(gamma=13e-7, eta=1e-7, epsilon=0.01), 1e-6, n=6).plan(
            order(100, end_s=DAY_SECONDS), MARKET
        )


@pytest.mark.parametrize("wrong", [10.5, 10.0, math.nan, math.inf, "10"])
@pytest.mark.parametrize("name", ["n", "bucket_ns"])
def test_buckets_are_counted_in_whole_numbers(wrong: object, name: str) -> None:
    for plan in (
        lambda: twap(order(100), **{name: wrong}),
        lambda: AlmgrenChriss(LINEAR, 1e-6, **{name: wrong}).plan(order(100), MARKET),
        lambda: GatheralSchied(LINEAR, 1e-3, **{name: wrong}).plan(order(100), MARKET),
        lambda: ObizhaevaWang(BOOK, **{name: wrong}).plan(order(100), MARKET),
        lambda: Propagator(CAPPED, blocks="all", **{name: wrong}).plan(order(100), MARKET),
    ):
        with pytest.raises(BadParameter, match=f"{name} {wrong!r} must be a whole number"):
            plan()


def test_buckets_may_be_counted_by_numpy() -> None:
    assert twap(order(100), n=10) == twap(order(100), n=np.int64(10))


# Certificates of answers that are right.


@pytest.mark.parametrize("aversion", [0.0, 1e-9, 1e-5, 1e-2, 1e2, 1e4, 1e5, 1e6, 1e12, 1e100, 1e300])
@pytest.mark.parametrize("correlation", [0.3, 0.9, -0.3, -0.8])
def test_correlated_schedules_are_certified_at_any_risk_aversion(aversion: float, correlation: float) -> None:
    policy = AlmgrenChrissCorrelated(LINEAR, aversion, correlation, n=60)
    solved = policy.solved(order(99_991, end_s=DAY_SECONDS), MARKET)
    assert solved.certificate.value < 1e-9
    assert math.isfinite(solved.certificate.objective)


@pytest.mark.parametrize("aversion", [1e-6, 1e-2, 1e2, 1e6, 1e12])
def test_without_correlation_what_little_is_left_is_that_of_almgren_chriss_to_its_digits(aversion: float) -> None:
    problem = Liquidation(quantity=1e5, days=1.0, steps=12, volatility=2.0, impact=LINEAR, risk_aversion=aversion)
    ours, theirs = CorrelatedLiquidation(problem=problem, correlation=0.0).trades(), problem.trades()
    after_first = [np.cumsum(trades[::-1])[::-1][1:] for trades in (ours, theirs)]
    assert after_first[0] == pytest.approx(after_first[1], rel=0, abs=1e-12 * after_first[1][0])


@pytest.mark.parametrize("aversion", [1e-6, 1e2, 1e6, 1e100, 1e250, 1e290, 1e300, 1.7e308])
@pytest.mark.parametrize("drift", [-2.0, 2.0, 1e-3, 0.0])
@pytest.mark.parametrize("eta", [1e-300, None])
@pytest.mark.parametrize("n", [2, 20, 390])
def test_schedules_with_a_view_are_certified_at_any_risk_aversion(
    aversion: float, drift: float, eta: float | None, n: int
) -> None:
    model = LINEAR if eta is None else Linear(gamma=0.0, eta=eta, epsilon=0.01)
    for may_reverse in (False, True):
        policy = AlmgrenChrissDrift(model, aversion, drift, n=n, may_reverse=may_reverse)
        solved = policy.solved(order(9_991, end_s=DAY_SECONDS), MARKET)
        assert np.isfinite(solved.trades).all()
        assert solved.certificate.value < 1e-9, (may_reverse, solved.trades[:4])


@pytest.mark.parametrize("aversion", [0.0, 1e-2, 1e4, 1e10, 1e20, 1e100, 1e300, 1.7e308])
@pytest.mark.parametrize(
    "make",
    [
        lambda aversion: ObizhaevaWang(BOOK, aversion, n=60),
        lambda aversion: Propagator(BOOK, aversion, n=60),
        lambda aversion: Propagator(BOOK, aversion, n=30, blocks="none"),
        lambda aversion: Propagator(CAPPED, aversion, n=30, blocks="all"),
        lambda aversion: Propagator(SquareRoot(), aversion, n=2),
    ],
    ids=["book", "book by the grid", "even", "capped", "two buckets"],
)
def test_schedules_under_decay_are_certified_at_any_risk_aversion(aversion: float, make) -> None:
    solved = make(aversion).solved(order(99_991, end_s=DAY_SECONDS), MARKET)
    assert solved.certificate.value < 1e-9
    assert math.isfinite(solved.certificate.objective)
    if aversion >= 1e10 and len(solved.trades) > 30:
        assert solved.trades[0] == pytest.approx(99_991, rel=1e-6)


@pytest.mark.parametrize("aversion", [1e100, 1e300, 1.7e308])
@pytest.mark.parametrize("n", [2, 20])
def test_news_is_planned_at_any_risk_aversion(aversion: float, n: int) -> None:
    outcomes = (Outcome(probability=0.3, volatility_factor=2.0), Outcome(probability=0.7, volatility_factor=0.5))
    policy = AlmgrenChrissNews(LINEAR, aversion, event_ns=DAY_SECONDS // 2 * SECOND, outcomes=outcomes, n=n)
    plan = policy.plan(order(9_991, end_s=DAY_SECONDS), MARKET)
    assert (9_991, *[0] * (n - 1)) == plan.lots
    assert plan.certificate.value < 1e-9
    assert math.isfinite(plan.certificate.objective)


def test_news_about_a_cost_that_is_no_number_is_refused() -> None:
    dear = Linear(gamma=0.0, eta=1e300, epsilon=0.01)
    policy = AlmgrenChrissNews(
        dear, 1e-6, event_ns=DAY_SECONDS // 2 * SECOND, outcomes=(Outcome(probability=1.0),), n=20
    )
    with pytest.raises(BadParameter, match="beyond all numbers"):
        policy.plan(order(9_991, end_s=DAY_SECONDS), MARKET)


@pytest.mark.filterwarnings("error")
def test_numbers_of_single_precision_are_planned_without_a_word() -> None:
    aversion = np.float32(1e-6)
    for policy in (
        AlmgrenChriss(LINEAR, aversion, n=7),
        AlmgrenChrissCorrelated(LINEAR, aversion, 0.3, n=7),
        GatheralSchied(LINEAR, aversion, n=7),
        ObizhaevaWang(BOOK, aversion, n=7),
    ):
        assert sum(policy.plan(order(9_991), MARKET).lots) == 9_991


@pytest.mark.parametrize("slip", ["1", True])
def test_a_risk_aversion_that_is_no_number_is_refused(slip: object) -> None:
    with pytest.raises(BadParameter, match="must be a number per unit of currency"):
        AlmgrenChriss(LINEAR, slip)
