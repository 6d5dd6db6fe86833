import math
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.side import Side
from nowake.models.estimate import estimate, timing_risk_bps
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.statistics.measurement import Measurement

MARKET = MarketState(
    price=50.0,
    daily_volatility=Measurement.given(0.02, sd=0.004),
    daily_volume=1e6,
    spread_bps=Measurement.given(4.0, sd=1.0),
    window_volume=90_000.0,
)
ORDER = order(10_000, end_s=DAY_SECONDS // 4)


def test_estimate_of_one_percent_of_the_day_by_the_square_root_law() -> None:
    found = estimate(ORDER, MARKET, SquareRoot(relaxed=0.5))
    assert found.spread_bps == pytest.approx(2.0)
    assert found.temporary_bps + found.permanent_bps == pytest.approx(0.1 * 200)
    assert found.expected_bps == pytest.approx(22)
    assert found.expected_cost == pytest.approx(22e-4 * 10_000 * 50)
    assert found.participation == pytest.approx(0.1)
    assert (found.days, found.model, found.version) == (0.25, "square root", SquareRoot.version)


def test_timing_risk_is_that_of_a_simulated_even_execution() -> None:
    rng = np.random.default_rng(7)
    n = 200
    paths = np.cumsum(rng.normal(0, 0.02 * math.sqrt(0.25 / n), (20_000, n)), axis=1)
    simulated = float(paths.mean(axis=1).std()) * 1e4
    assert estimate(ORDER, MARKET, SquareRoot()).timing_risk_bps == pytest.approx(simulated, rel=0.02)


def test_timing_risk_is_sigma_root_a_third_of_the_horizon() -> None:
    assert timing_risk_bps(0.02, 1.0) == pytest.approx(200 / math.sqrt(3))


def test_doubt_about_inputs_is_that_of_a_simulation_of_them() -> None:
    rng = np.random.default_rng(11)
    sigma, spread = rng.normal(0.02, 0.004, 100_000), rng.normal(4, 1, 100_000)
    costs = spread / 2 + 0.1 * sigma * 1e4
    assert estimate(ORDER, MARKET, SquareRoot()).input_sd_bps == pytest.approx(float(costs.std()), rel=0.01)


def test_inputs_taken_as_exact_add_no_doubt() -> None:
    exact = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=4)
    assert estimate(ORDER, exact, SquareRoot()).input_sd_bps == 0


def test_interval_adds_all_doubts_and_expected_interval_leaves_the_market_out() -> None:
    found = estimate(ORDER, MARKET, SquareRoot())
    low, high = found.interval(0.95)
    sd = math.sqrt(found.parameter_sd_bps**2 + found.input_sd_bps**2 + found.timing_risk_bps**2)
    assert (low, high) == pytest.approx((found.expected_bps - 1.959964 * sd, found.expected_bps + 1.959964 * sd))
    narrow = found.expected_interval(0.95)
    assert low < narrow[0] < found.expected_bps < narrow[1] < high


def test_wider_level_gives_a_wider_interval() -> None:
    found = estimate(ORDER, MARKET, SquareRoot())
    assert found.interval(0.5)[0] > found.interval(0.9)[0] > found.interval(0.99)[0]


def test_buy_and_sell_cost_the_same() -> None:
    sell = estimate(order(10_000, side=Side.SELL, end_s=DAY_SECONDS // 4), MARKET, SquareRoot())
    assert sell.expected_bps == estimate(ORDER, MARKET, SquareRoot()).expected_bps > 0


def test_linear_model_brings_its_own_half_spread() -> None:
    model = Linear(gamma=1e-7, eta=1e-6, epsilon=0.03)
    assert estimate(ORDER, MARKET, model).spread_bps == pytest.approx(0.03 / 50 * 1e4)


def test_participation_is_unknown_without_the_volume_of_the_window() -> None:
    found = estimate(ORDER, msgspec.structs.replace(MARKET, window_volume=None), SquareRoot())
    assert math.isnan(found.participation)
    assert "participation" not in str(found)


def test_estimate_prints_its_parts_intervals_and_look_ahead() -> None:
    text = str(estimate(ORDER, msgspec.structs.replace(MARKET, look_ahead=True), SquareRoot()))
    assert "expected cost        22.00 bps  = 1,100.00" in text
    assert "an explanation, not a forecast" in text
    assert "σ √(Q/V)" in text


def test_an_order_larger_than_any_that_was_measured_is_estimated_with_a_warning() -> None:
    market = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=100_000, spread_bps=2.0)
    small, large = (estimate(order(lots, start_s=0, end_s=1_000), market, SquareRoot()) for lots in (20_000, 250_000))
    assert small.warnings == ()
    assert "250% of a day's volume" in large.warnings[0]
    assert large.warnings[0] in str(large)


def test_expected_cost_of_a_contract_is_its_multiplier_times_as_much_money_and_as_many_basis_points() -> None:
    share, future, unknown = (
        estimate(
            order(10_000, of=msgspec.structs.replace(ORDER.instrument, multiplier=multiplier)), MARKET, SquareRoot()
        )
        for multiplier in (Decimal(1), Decimal(50), None)
    )
    assert future.expected_cost == pytest.approx(50 * share.expected_cost)
    assert share.expected_bps == future.expected_bps == unknown.expected_bps
    assert math.isnan(unknown.expected_cost)
    assert unknown.order.instrument.no_value_because in unknown.warnings
    assert "nan" not in str(unknown)
