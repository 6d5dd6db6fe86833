"""Schedules that minimise the slippage against another price than arrival: the close, the market's VWAP."""

import itertools
import math
from decimal import Decimal

import cvxpy as cp
import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Almgren2005, Linear, Logarithmic, ObizhaevaWang, SquareRoot
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import AlmgrenChriss, PowerLawSchedule, TargetClose, Vwap, VwapDeviation, twap

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, shares_outstanding=1e8)
LINEAR = Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS // 2)
NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.4, 0.2, 0.4))
TAU = 0.05


def solved_by_cone(value: cp.Expression, n: cp.Variable, *limits: cp.Constraint) -> np.ndarray:
    cp.Problem(cp.Minimize(value), [cp.sum(n) == 1, n >= 0, *limits]).solve(
        solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10
    )
    return np.asarray(n.value) * 60_000


# Target close.


@pytest.mark.parametrize("aversion", [0.0, 1e-7, 1e-5, 1e-3])
def test_target_close_is_almgren_chriss_with_time_turned_round(aversion: float) -> None:
    late = TargetClose(LINEAR, aversion, n=10).solved(ORDER, MARKET)
    early = AlmgrenChriss(LINEAR, aversion, n=10).solved(ORDER, MARKET)
    assert late.trades == pytest.approx(early.trades[::-1], abs=1e-6)
    assert late.certificate.objective == pytest.approx(early.certificate.objective)


def test_target_close_risk_is_that_of_simulated_prices_against_the_last_one() -> None:
    plan = TargetClose(LINEAR, 1e-5, n=10).plan(ORDER, MARKET)
    n, rng = np.array(plan.lots, dtype=float), np.random.default_rng(7)
    # Forty steps a bucket, worked evenly; the last price is the close.
    prices = np.cumsum(rng.normal(0, 2.0 * math.sqrt(TAU / 40), (20_000, 400)), axis=1)
    slips = prices @ np.repeat(n / 40, 40) - n.sum() * prices[:, -1]
    assert plan.cost_risk_bps == pytest.approx(float(slips.std()) / 6e6 * 1e4, rel=0.02)


def test_target_close_with_much_risk_aversion_trades_all_in_the_last_bucket() -> None:
    plan = TargetClose(SquareRoot(), 1e9, n=10).plan(ORDER, MARKET)
    assert plan.lots == (*(0,) * 9, 60_000)
    assert plan.cost_risk_bps == pytest.approx(200 * math.sqrt(TAU / 3))  # Worked evenly until the last price.
    assert plan.inputs["share_in_last"] == 1
    at_the_price = TargetClose(SquareRoot(), 1e9, n=10, auction_share=0.2).plan(ORDER, MARKET)
    assert at_the_price.cost_risk_bps == 0


@pytest.mark.parametrize("model", [LINEAR, SquareRoot(), Almgren2005()], ids=lambda model: model.name)
def test_target_close_without_risk_aversion_is_twap(model: Linear) -> None:
    assert TargetClose(model, 0.0, n=10).plan(ORDER, MARKET).lots == twap(ORDER, n=10).lots


def test_target_close_with_an_auction_agrees_with_a_conic_solver() -> None:
    found = TargetClose(LINEAR, 1e-5, n=10, auction_share=0.3).solved(ORDER, MARKET)
    n = cp.Variable(10)
    costs = np.array([LINEAR.eta / tau - LINEAR.gamma / 2 for tau in (*(TAU,) * 9, 0.3)])
    done = cp.cumsum(n) - n
    value = 60_000 * cp.sum(cp.multiply(costs, cp.square(n))) + 60_000 * 1e-5 * 4.0 * TAU * cp.sum_squares(done)
    assert found.trades == pytest.approx(solved_by_cone(value, n), abs=1)


def test_target_close_in_the_volume_of_a_curve_agrees_with_a_conic_solver() -> None:
    found = TargetClose(LINEAR, 1e-5, n=6, curve=CURVE).solved(ORDER, MARKET)
    n, tau = cp.Variable(6), np.repeat([0.4 / 3, 0.2 / 3], 3)
    done = cp.cumsum(n) - n
    costs = LINEAR.eta / tau - LINEAR.gamma / 2
    value = 60_000 * cp.sum(cp.multiply(costs, cp.square(n))) + 60_000 * 1e-5 * 4.0 * cp.sum(
        cp.multiply(tau, cp.square(done))
    )
    assert found.trades == pytest.approx(solved_by_cone(value, n), abs=1)


def test_larger_auction_takes_more_of_the_order() -> None:
    shares = [
        TargetClose(SquareRoot(), 1e-6, n=10, auction_share=share).plan(ORDER, MARKET).inputs["share_in_last"]
        for share in (0.02, 0.05, 0.2, 1.0)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 2 * shares[0]


@pytest.mark.parametrize("most", [0.02, 0.1, 0.3])
def test_last_bucket_takes_no_more_than_it_may_and_the_rest_is_the_best_there_is(most: float) -> None:
    policy = TargetClose(LINEAR, 1e-5, n=10, auction_share=0.3, most_in_last=most)
    found = policy.solved(ORDER, MARKET)
    assert found.trades[-1] == pytest.approx(most * 60_000)
    n = cp.Variable(10)
    costs = np.array([LINEAR.eta / tau - LINEAR.gamma / 2 for tau in (*(TAU,) * 9, 0.3)])
    value = 60_000 * cp.sum(cp.multiply(costs, cp.square(n))) + 60_000 * 1e-5 * 4.0 * TAU * cp.sum_squares(
        cp.cumsum(n) - n
    )
    assert found.trades == pytest.approx(solved_by_cone(value, n, n[9] <= most), abs=1)
    assert found.certificate.objective == pytest.approx(policy.objective(ORDER, MARKET, found.trades))
    assert policy.objective(ORDER, MARKET, np.append(np.zeros(9), 6e4)) == math.inf


def test_one_bucket_takes_all_whatever_it_may_take() -> None:
    assert TargetClose(LINEAR, 1e-5, n=1, most_in_last=0.1).plan(ORDER, MARKET).lots == (60_000,)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"auction_share": 0.0}, "auction_share 0.0"),
        ({"auction_share": math.nan}, "auction_share nan"),
        ({"most_in_last": 0.0}, "most_in_last 0.0"),
        ({"most_in_last": 1.1}, "most_in_last 1.1"),
        ({"most_in_last": math.nan}, "most_in_last nan"),
        ({"risk_aversion": -1.0}, "risk_aversion -1.0"),
        ({"risk_aversion": math.nan}, "risk_aversion nan"),
    ],
)
def test_target_close_out_of_range_is_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        TargetClose(**{"model": LINEAR, "risk_aversion": 1e-6, **change})


# Risk-averse VWAP.


def test_much_risk_aversion_is_vwap_and_none_the_cheapest() -> None:
    assert VwapDeviation(SquareRoot(), 1e6, CURVE, n=6).plan(ORDER, MARKET).lots == Vwap(CURVE, n=6).plan(ORDER).lots
    assert VwapDeviation(SquareRoot(), 0.0, CURVE, n=6).plan(ORDER, MARKET).lots == twap(ORDER, n=6).lots


@pytest.mark.parametrize("aversion", [1e-6, 1e-5, 1e-4])
def test_risk_averse_vwap_agrees_with_a_conic_solver(aversion: float) -> None:
    found = VwapDeviation(LINEAR, aversion, CURVE, n=10).solved(ORDER, MARKET)
    n = cp.Variable(10)
    to_come = np.array([CURVE.share_between(round(NOON * k / 10), NOON) for k in range(1, 11)]) / 0.6
    cost = LINEAR.eta / TAU - LINEAR.gamma / 2
    value = 60_000 * cost * cp.sum_squares(n) + 60_000 * aversion * 4.0 * TAU * cp.sum_squares(
        1 - cp.cumsum(n) - to_come
    )
    assert found.trades == pytest.approx(solved_by_cone(value, n), abs=1)


def test_risk_averse_vwap_risk_is_that_of_simulated_prices_against_the_markets_vwap() -> None:
    plan = VwapDeviation(LINEAR, 1e-5, CURVE, n=10).plan(ORDER, MARKET)
    n, rng = np.array(plan.lots, dtype=float), np.random.default_rng(9)
    edges = [round(NOON * k / 10) for k in range(11)]
    volume = np.array([CURVE.share_between(a, b) for a, b in itertools.pairwise(edges)]) / 0.6
    # Both work a bucket evenly, in forty steps.
    prices = np.cumsum(rng.normal(0, 2.0 * math.sqrt(TAU / 40), (20_000, 400)), axis=1)
    slips = prices @ np.repeat(n / 40, 40) - n.sum() * (prices @ np.repeat(volume / 40, 40))
    assert plan.cost_risk_bps == pytest.approx(float(slips.std()) / 6e6 * 1e4, rel=0.02)


def test_risk_against_the_benchmark_is_said_to_be_none_against_arrival() -> None:
    for plan in (
        TargetClose(LINEAR, 1e-5, n=10).plan(ORDER, MARKET),
        VwapDeviation(LINEAR, 1e-5, CURVE, n=10).plan(ORDER, MARKET),
    ):
        assert plan.inputs["arrival_risk_bps"] > plan.cost_risk_bps
        assert "not against arrival" in plan.notes[-1]


# Models they take.


@pytest.mark.parametrize("policy", [TargetClose, PowerLawSchedule])
def test_impact_that_is_no_power_of_the_rate_or_decays_is_refused_with_the_way_out(policy: type) -> None:
    with pytest.raises(BadParameter, match=r"no power of the rate but a LogShape; use a power law, or AlmgrenChriss"):
        policy(Logarithmic(a=1.0, b=100.0), 1e-6).plan(ORDER, MARKET)
    with pytest.raises(BadParameter, match=r"decays after a trade.* use a schedule for transient impact"):
        policy(ObizhaevaWang(permanent=0.1, transient=1.0, resilience=10.0), 1e-6).plan(ORDER, MARKET)


def test_impact_without_a_cost_of_speed_or_that_is_not_convex_is_refused() -> None:
    with pytest.raises(BadParameter, match="without a cost of speed"):
        PowerLawSchedule(Linear(gamma=1e-7, eta=0.0, epsilon=0.0), 1e-6).plan(ORDER, MARKET)
    with pytest.raises(BadParameter, match="power 0 of the rate"):
        PowerLawSchedule(Almgren2005(beta=0.0), 1e-6).plan(ORDER, MARKET)
    with pytest.raises(BadParameter, match=r"not convex.* use more buckets"):
        PowerLawSchedule(Linear(gamma=1e-6, eta=1e-8, epsilon=0.0), 1e-6, n=5).plan(ORDER, MARKET)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TargetClose(LINEAR, 1e-6),
        lambda: VwapDeviation(LINEAR, 1e-6, CURVE),
        lambda: PowerLawSchedule(LINEAR, 1e-6),
    ],
)
def test_plan_without_a_market_is_refused(make) -> None:
    with pytest.raises(BadParameter, match="needs the market"):
        make().plan(ORDER)


# Power law.


@pytest.mark.parametrize("aversion", [0.0, 1e-6, 1e-3])
@pytest.mark.parametrize("curve", [None, CURVE])
def test_power_law_of_a_line_is_almgren_chriss(aversion: float, curve: VolumeCurve | None) -> None:
    # The curve's buckets are even in time here, those of Almgren-Chriss even in volume: compared where both are.
    steps = 10 if curve is None else 1
    power = PowerLawSchedule(LINEAR, aversion, n=steps, curve=curve).plan(ORDER, MARKET)
    line = AlmgrenChriss(LINEAR, aversion, n=steps, curve=curve).plan(ORDER, MARKET)
    assert power.lots == line.lots
    assert power.cost_parts == pytest.approx(line.cost_parts)
    assert power.cost_risk_bps == pytest.approx(line.cost_risk_bps)


def test_square_root_plan_agrees_with_a_conic_solver_written_from_the_law() -> None:
    model = SquareRoot(relaxed=2 / 3)
    found = PowerLawSchedule(model, 1e-5, n=10).solved(ORDER, MARKET)
    # Temporary impact of the law at the even rate of half a session, in currency; 3/2 power of each bucket's shares.
    terms = MARKET.terms(60_000.0, 0.5)
    at_even = float(model.temporary_bps(terms)) / 1e4 * 100
    n = cp.Variable(10)
    paid = at_even / math.sqrt(60_000 / 0.5) / math.sqrt(TAU) * math.sqrt(60_000) * cp.sum(cp.power(n, 1.5))
    value = paid + 60_000 * 1e-5 * 4.0 * TAU * cp.sum_squares(1 - cp.cumsum(n))
    assert found.trades == pytest.approx(solved_by_cone(value, n), abs=3)


@pytest.mark.parametrize("model", [SquareRoot(), SquareRoot(relaxed=0.3), Almgren2005()], ids=str)
def test_even_power_law_plan_costs_what_the_model_says_of_the_order(model: SquareRoot) -> None:
    terms = MARKET.terms(60_000.0, 0.5)
    plan = PowerLawSchedule(model, 0.0, n=10).plan(ORDER, MARKET)
    assert plan.cost_parts == pytest.approx(
        {
            "spread": float(model.half_spread_bps(terms)),
            "temporary": float(model.temporary_bps(terms)),
            "permanent": float(model.permanent_bps(terms)),
        }
    )


def test_concave_impact_begins_faster_than_its_line_and_trails_off() -> None:
    model = Almgren2005()
    power = PowerLawSchedule(model, 1e-5, n=10).plan(ORDER, MARKET)
    line = AlmgrenChriss(model, 1e-5, n=10).plan(ORDER, MARKET)
    assert power.lots[0] > line.lots[0]
    assert power.notes == ()


def test_risk_aversion_of_a_contract_is_per_unit_of_money() -> None:
    future = msgspec.structs.replace(ORDER, instrument=msgspec.structs.replace(instrument(), multiplier=Decimal(50)))
    for make in (
        lambda aversion: PowerLawSchedule(SquareRoot(), aversion, n=10),
        lambda aversion: TargetClose(SquareRoot(), aversion, n=10),
        lambda aversion: VwapDeviation(SquareRoot(), aversion, CURVE, n=10),
    ):
        assert make(1e-5).plan(ORDER, MARKET).lots == make(1e-5 / 50).plan(future, MARKET).lots


def test_calm_market_leaves_nothing_to_weigh_against_cost() -> None:
    calm = MarketState.given(price=100, daily_volatility=0.0, daily_volume=2e6, spread_bps=4)
    for policy in (
        PowerLawSchedule(SquareRoot(y=1.0), 1.0, n=4),
        TargetClose(LINEAR, 1.0, n=4),
        VwapDeviation(LINEAR, 1.0, CURVE, n=4),
    ):
        if isinstance(policy, PowerLawSchedule):
            with pytest.raises(BadParameter, match="without a cost of speed"):
                policy.plan(ORDER, calm)  # Without volatility the square-root law costs nothing.
            continue
        assert policy.plan(ORDER, calm).lots == (15_000,) * 4
