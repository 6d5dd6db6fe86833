import itertools
import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order

from nowake.domain.errors import BadParameter
from nowake.models.estimate import estimate
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import AlmgrenChriss, Schedule, cost_of, frontier, twap, vwap
from nowake.schedules.almgren_chriss import Liquidation

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
MODEL = Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS // 2)
NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.4, 0.2, 0.4))


def test_plan_trades_more_at_first_and_all_in_the_end() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=1e-5).plan(ORDER, MARKET)
    assert sum(plan.lots) == 60_000
    assert len(plan.lots) == 195
    assert np.all(np.diff(plan.lots) <= 1)
    assert plan.lots[0] > 2 * plan.lots[-1]


@pytest.mark.parametrize("lots", [1, 7, 60_000, 59_999])
def test_without_risk_aversion_the_plan_is_twap_lot_for_lot(lots: int) -> None:
    each = order(lots, end_s=DAY_SECONDS // 2)
    plan = AlmgrenChriss(MODEL, risk_aversion=0.0, n=13).plan(each, MARKET)
    even = twap(each, n=13)
    assert (plan.lots, plan.times_ns) == (even.lots, even.times_ns)


def test_without_risk_aversion_in_volume_time_the_lots_follow_the_curve() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=0.0, n=6, curve=CURVE).plan(ORDER, MARKET)
    assert plan.lots == (10_000,) * 6
    reference = vwap(ORDER, CURVE, n=60)
    for time_ns, target in zip(plan.times_ns, range(0, 70_000, 10_000), strict=True):
        assert reference.target_lots(time_ns) == pytest.approx(target, abs=1)


def test_plan_in_volume_time_lasts_the_share_of_the_day_it_covers() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=1e-6, n=10, curve=CURVE).plan(ORDER, MARKET)
    assert plan.inputs["days"] == pytest.approx(0.6)
    clock = AlmgrenChriss(MODEL, risk_aversion=1e-6, n=10).plan(ORDER, MARKET)
    assert clock.inputs["days"] == 0.5


def test_plan_reports_the_cost_and_risk_of_its_own_lots() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=2e-6, n=10).plan(ORDER, MARKET)
    n, tau = np.array(plan.lots, dtype=float), 0.05
    cost = MODEL.gamma * 60_000**2 / 2 + MODEL.epsilon * 60_000 + (MODEL.eta - MODEL.gamma * tau / 2) / tau * sum(n**2)
    after = 60_000 - np.cumsum(n)
    fine = np.linspace(after + n, after, 2_001)  # What is left while each bucket is worked.
    risk = 2.0 * math.sqrt(tau * float(np.trapezoid(fine**2, axis=0).sum()) / 2_000)
    assert plan.expected_cost_bps == pytest.approx(cost / 6e6 * 1e4)
    assert plan.cost_risk_bps == pytest.approx(risk / 6e6 * 1e4)


def test_fine_even_plan_costs_and_risks_what_the_estimate_says() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=0.0, n=2_000).plan(ORDER, MARKET)
    found = estimate(ORDER, MARKET, MODEL)
    assert plan.expected_cost_bps == pytest.approx(found.expected_bps, rel=1e-3)
    assert plan.cost_risk_bps == pytest.approx(found.timing_risk_bps, rel=1e-3)


def test_square_root_model_plans_through_the_linear_one_that_costs_the_same() -> None:
    model = SquareRoot(relaxed=0.3)
    plan = AlmgrenChriss(model, risk_aversion=0.0, n=2_000).plan(ORDER, MARKET)
    assert plan.expected_cost_bps == pytest.approx(estimate(ORDER, MARKET, model).expected_bps, rel=1e-3)
    fast = AlmgrenChriss(model, risk_aversion=1e-5).plan(ORDER, MARKET)
    assert fast.lots[0] > 2 * fast.lots[-1]


def test_square_root_model_in_too_few_buckets_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match=r"use more than 3 buckets"):
        AlmgrenChriss(SquareRoot(relaxed=1.0), risk_aversion=0.0, n=2).plan(ORDER, MARKET)


def test_odd_lot_sizes_are_planned_in_shares() -> None:
    of = instrument(lot="0.001")
    small = AlmgrenChriss(MODEL, 1e-6, n=5).plan(order(60_000_000, end_s=DAY_SECONDS // 2, of=of), MARKET)
    large = AlmgrenChriss(MODEL, 1e-6, n=5).plan(ORDER, MARKET)
    assert [lots / 1000 for lots in small.lots] == pytest.approx(large.lots, abs=1)
    assert small.expected_cost_bps == pytest.approx(large.expected_cost_bps, rel=1e-4)


def test_calm_market_leaves_nothing_to_hurry_for() -> None:
    calm = MarketState.given(price=100, daily_volatility=0.0, daily_volume=2e6, spread_bps=4)
    assert AlmgrenChriss(MODEL, 1.0, n=4).plan(ORDER, calm).lots == (15_000,) * 4


def test_plan_without_a_market_is_refused() -> None:
    with pytest.raises(BadParameter, match="needs the market"):
        AlmgrenChriss(MODEL, 1e-6).plan(ORDER)


@pytest.mark.parametrize("value", [-1e-9, math.nan, math.inf])
def test_risk_aversion_out_of_range_fails_at_construction(value: float) -> None:
    with pytest.raises(BadParameter, match="risk_aversion"):
        AlmgrenChriss(MODEL, value)


def test_volume_buckets_too_fine_for_the_curve_are_refused() -> None:
    spike = VolumeCurve(edges_ns=(0, 10, NOON, 2 * NOON), shares=(0.999, 0.0005, 0.0005))
    with pytest.raises(BadParameter, match="too fine for this curve"):
        AlmgrenChriss(MODEL, 0.0, n=100, curve=spike).plan(ORDER, MARKET)


def test_frontier_trades_cost_for_risk_from_twap_to_all_at_once() -> None:
    points = frontier(ORDER, MARKET, MODEL, n=12, buckets=30)
    even = AlmgrenChriss(MODEL, 0.0, n=30).plan(ORDER, MARKET)
    assert len(points) == 12
    assert points[0].risk_aversion == 0
    assert points[0].expected_cost_bps == pytest.approx(even.expected_cost_bps)
    assert points[0].risk_bps == pytest.approx(even.cost_risk_bps)
    assert all(a.risk_bps > b.risk_bps for a, b in itertools.pairwise(points))
    assert all(a.expected_cost_bps < b.expected_cost_bps for a, b in itertools.pairwise(points))
    # All in the first of 30 buckets, evenly there: a 30th of the time.
    assert points[-1].risk_bps == pytest.approx(points[0].risk_bps / 30**0.5, rel=0.02)


def test_frontier_of_two_points_is_its_two_ends() -> None:
    many, two = (frontier(ORDER, MARKET, MODEL, n=n, buckets=30) for n in (9, 2))
    assert (many[0], many[-1]) == two
    assert two[1].risk_bps < 0.2 * two[0].risk_bps


def test_frontier_is_convex_and_its_slope_is_the_risk_aversion() -> None:
    # Risk is counted inside the buckets, which the optimum does not weigh: the finer, the less it matters.
    points = frontier(ORDER, MARKET, MODEL, n=400, buckets=1_000)[:280]
    value = 60_000 * 100 / 1e4
    cost = np.array([point.expected_cost_bps for point in points]) * value
    variance = (np.array([point.risk_bps for point in points]) * value) ** 2
    slope = -np.diff(cost) / np.diff(variance)
    assert np.all(np.diff(slope) > 0)
    aversion = np.array([point.risk_aversion for point in points])
    assert np.all((aversion[:-1] <= slope * 1.01) & (slope <= aversion[1:] * 1.01))


@pytest.mark.parametrize("problem", ["points", "volatility", "buckets"])
def test_frontier_with_nothing_to_choose_is_refused(problem: str) -> None:
    calm = MarketState.given(price=100, daily_volatility=0.0, daily_volume=2e6, spread_bps=4)
    with pytest.raises(BadParameter):
        frontier(
            ORDER,
            calm if problem == "volatility" else MARKET,
            MODEL,
            n=1 if problem == "points" else 5,
            buckets=1 if problem == "buckets" else 5,
        )


def test_liquidation_prints_its_urgency() -> None:
    problem = Liquidation(quantity=1e6, days=5, steps=5, volatility=0.95, impact=MODEL, risk_aversion=0.0)
    assert "e-folding time inf days" in str(problem)


@pytest.mark.parametrize("risk_aversion", [0.0, 2e-6, 1e-3])
@pytest.mark.parametrize("curve", [None, CURVE])
def test_cost_of_an_optimal_plan_is_what_the_plan_says_of_itself(
    risk_aversion: float, curve: VolumeCurve | None
) -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion, n=12, curve=curve).plan(ORDER, MARKET)
    cost = cost_of(plan, MARKET, MODEL, curve=curve)
    assert cost[:2] == pytest.approx((plan.expected_cost_bps, plan.cost_risk_bps), rel=1e-9)
    assert cost.cost_parts == pytest.approx(plan.cost_parts)


def test_cost_of_uneven_buckets_is_the_sum_written_out() -> None:
    end = ORDER.end_ns
    schedule = Schedule(name="x", order=ORDER, times_ns=(end // 5, end // 2, end), lots=(45_000, 15_000))
    # Half a session is the window: 0.1 of a session waits, 0.15 trades 45,000, 0.25 trades 15,000.
    cost = (
        MODEL.gamma * 60_000**2 / 2
        + MODEL.epsilon * 60_000
        + (MODEL.eta / 0.15 - MODEL.gamma / 2) * 45_000**2
        + (MODEL.eta / 0.25 - MODEL.gamma / 2) * 15_000**2
    )
    waited = 0.1 * 60_000**2 + 0.15 * (60_000**2 + 60_000 * 15_000 + 15_000**2) / 3 + 0.25 * 15_000**2 / 3
    risk = 2.0 * math.sqrt(waited)
    assert cost_of(schedule, MARKET, MODEL)[:2] == pytest.approx((cost / 6e6 * 1e4, risk / 6e6 * 1e4), rel=1e-9)


def test_no_schedule_costs_less_than_twap_under_the_linear_model() -> None:
    assert cost_of(vwap(ORDER, CURVE), MARKET, MODEL).expected_cost_bps > (
        cost_of(twap(ORDER), MARKET, MODEL).expected_cost_bps
    )


def test_a_bucket_that_trades_where_the_curve_has_no_volume_has_no_cost() -> None:
    quiet = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.6, 0.0, 0.4))
    with pytest.raises(BadParameter, match="no volume in a bucket that trades"):
        cost_of(twap(ORDER, n=4), MARKET, MODEL, curve=quiet)


def test_risk_aversion_is_per_unit_of_money_so_a_contract_of_50_needs_a_fiftieth_of_it_for_the_same_plan() -> None:
    future = msgspec.structs.replace(ORDER, instrument=msgspec.structs.replace(instrument(), multiplier=Decimal(50)))
    share, contract = (
        AlmgrenChriss(MODEL, risk_aversion=aversion).plan(each, MARKET)
        for each, aversion in ((ORDER, 1e-5), (future, 1e-5 / 50))
    )
    assert share.lots == contract.lots
    points = zip(frontier(ORDER, MARKET, MODEL), frontier(future, MARKET, MODEL), strict=True)
    for ours, theirs in points:
        assert ours.risk_aversion == pytest.approx(50 * theirs.risk_aversion)
        assert (ours.expected_cost_bps, ours.risk_bps) == (theirs.expected_cost_bps, theirs.risk_bps)


def test_plan_names_the_parts_of_its_cost_and_how_it_is_known_to_be_optimal() -> None:
    plan = AlmgrenChriss(MODEL, risk_aversion=2e-6, n=10).plan(ORDER, MARKET)
    n = np.array(plan.lots, dtype=float)
    unit = 1e4 / 6e6
    assert plan.cost_parts == pytest.approx(
        {
            "spread": MODEL.epsilon * 60_000 * unit,
            "temporary": MODEL.eta * sum(n**2) / 0.05 * unit,
            "permanent": MODEL.gamma / 2 * (60_000**2 - sum(n**2)) * unit,
        }
    )
    assert plan.certificate is not None
    assert (plan.certificate.kind, plan.certificate.method) == ("closed form", "closed form")
    assert plan.certificate.value < 1e-10


def test_certificate_of_trades_that_are_not_the_optimum_shows_it() -> None:
    policy = AlmgrenChriss(MODEL, risk_aversion=2e-6, n=10)
    problem = policy.problem(ORDER, MARKET)
    assert problem.residual(np.full(10, 6_000.0)) > 1e-2


def test_model_that_is_no_line_is_said_to_be_made_one() -> None:
    assert AlmgrenChriss(MODEL, 1e-6).plan(ORDER, MARKET).notes == ()
    (note,) = AlmgrenChriss(SquareRoot(), 1e-6).plan(ORDER, MARKET).notes
    assert "the line that costs what square root says" in note
