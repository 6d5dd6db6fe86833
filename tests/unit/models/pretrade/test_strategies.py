"""Ways to trade: what each costs and risks against the model, the paper and a simulation."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from tests.contracts.static_models import STATIC_MODELS
from tests.contracts.transient_models import TRANSIENT_MODELS
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models.estimate import estimate
from nowake.models.impact import Impact, Linear, PowerLaw, Propagator, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.strategies import Strategy, compare, schedule_risk_bps, strategies
from nowake.models.pretrade.urgency import urgency_curve
from nowake.models.volume import VolumeCurve
from nowake.schedules.almgren_chriss import Liquidation

MARKET = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0)
ORDER = order(20_000, end_s=DAY_SECONDS // 2)
LINEAR = Linear(gamma=1e-7, eta=1e-6, epsilon=0.01).known_to(gamma=2e-8, eta=3e-7, epsilon=0.002)


def test_every_way_trades_the_whole_order_within_its_window() -> None:
    curve = VolumeCurve(edges_ns=(0, DAY_SECONDS // 4 * SECOND, DAY_SECONDS * SECOND), shares=(0.5, 0.5))
    ways = strategies(ORDER, MARKET, curve=curve)
    assert [way.name for way in ways] == [
        "even (TWAP)", "with volume (VWAP)", "urgent, κT = 1", "urgent, κT = 3", "urgent, κT = 8", "5% of volume",
        "10% of volume", "20% of volume", "block in a minute",
    ]  # fmt: skip
    for way in ways:
        assert way.quantities.sum() == pytest.approx(20_000)
        assert (way.quantities >= 0).all()
        assert way.days <= 0.5 + 1e-12


def test_even_trading_costs_and_risks_what_the_estimate_says() -> None:
    for model in (LINEAR, SquareRoot()):
        (even,) = compare(ORDER, MARKET, model, strategies(ORDER, MARKET)[:1], fees=Fees(bps=0.5))
        wanted = estimate(ORDER, MARKET, model, fees=Fees(bps=0.5))
        assert even.expected_bps == pytest.approx(wanted.expected_bps, rel=1e-3)
        assert even.timing_risk_bps == pytest.approx(wanted.timing_risk_bps, rel=1e-9)
        assert even.parameter_sd_bps == pytest.approx(wanted.parameter_sd_bps, rel=1e-3)
        assert even.half_days == pytest.approx(0.25)


@pytest.mark.parametrize("model", [*STATIC_MODELS, *TRANSIENT_MODELS], ids=lambda model: type(model).__name__)
def test_an_even_way_at_a_rate_costs_what_the_curve_says_at_that_rate(model: Impact) -> None:
    market = msgspec.structs.replace(MARKET, window_volume=1e5, trade_size=250.0, shares_outstanding=2e8)
    curve = urgency_curve(model, market, ORDER.quantity, lowest=0.05, highest=0.2, n=3)
    ways = [way for way in strategies(ORDER, market, rates=(0.05, 0.1, 0.2)) if "of volume" in way.name]
    found = compare(ORDER, market, model, ways)
    assert [way.days for way in found] == pytest.approx(curve.days, rel=1e-12)
    assert [way.participation for way in found] == pytest.approx([0.05, 0.1, 0.2], rel=1e-12)
    assert [way.expected_bps for way in found] == pytest.approx(curve.costs.expected_bps, rel=1e-9)
    assert [way.timing_risk_bps for way in found] == pytest.approx(curve.costs.timing_risk_bps, rel=1e-9)
    assert [way.parameter_sd_bps for way in found] == pytest.approx(curve.costs.parameter_sd_bps, rel=0.01, abs=1e-9)


def test_urgent_schedules_are_those_of_almgren_and_chriss() -> None:
    """Their optimum in 120 steps for kappa T = 3, cost by equation 8 and risk by equation 5 in the limit."""
    way = strategies(ORDER, MARKET, urgencies=(3.0,), rates=())[1]
    aversion = 36 * LINEAR.eta / (1.0**2)  # kappa^2 = lambda sigma^2 / eta, kappa = 3 / 0.5 a day.
    paper = Liquidation(quantity=20_000, days=0.5, steps=120, volatility=1.0, impact=LINEAR, risk_aversion=aversion)
    left = 20_000 - np.concatenate(([0.0], np.cumsum(way.quantities)))
    assert left == pytest.approx(paper.holdings(), abs=20)
    (found,) = compare(ORDER, MARKET, LINEAR, [way])
    value = 20_000 * 50 / 1e4
    assert found.expected_bps == pytest.approx(paper.expected_cost() / value, rel=0.01)
    # Equation 5 counts what is held AFTER each trade: less than what is held while trading.
    assert found.timing_risk_bps == pytest.approx(math.sqrt(paper.variance()) / value, rel=0.03)


def test_risk_of_a_schedule_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(2)
    way = strategies(ORDER, MARKET, urgencies=(8.0,), rates=())[1]
    fine = 40
    left = 1 - np.concatenate(([0.0], np.cumsum(np.repeat(way.quantities / fine, fine)))) / 20_000
    tau = 0.5 / (120 * fine)
    held = (left[:-1] + left[1:]) / 2
    simulated = np.array([(rng.normal(0, 0.02 * math.sqrt(tau), len(held)) * held).sum() for _ in range(4_000)]).std()
    assert schedule_risk_bps(way, 0.02) == pytest.approx(simulated * 1e4, rel=0.03)


def test_faster_ways_cost_more_and_risk_less() -> None:
    found = compare(ORDER, MARKET, LINEAR, strategies(ORDER, MARKET))
    for slow, fast in ((0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)):
        assert found[fast].expected_bps > found[slow].expected_bps
        assert found[fast].timing_risk_bps < found[slow].timing_risk_bps


def test_a_way_that_sells_again_pays_for_all_it_trades_by_the_share_of_the_order() -> None:
    """15,000 bought in 0.1, 5,000 sold in 0.15 sessions: every part by hand."""
    small = order(10_000, end_s=DAY_SECONDS // 4)
    model = Linear(gamma=1e-6, eta=1e-5, epsilon=0.01).known_to(eta=1e-6)
    way = Strategy(name="over", quantities=np.array([15e3, -5e3]), edges_days=np.array([0, 0.1, 0.25]))
    (found,) = compare(small, MARKET, model, [way], fees=Fees(bps=0.5, per_share=0.005))
    value = 10_000 * 50 / 1e4  # Currency a basis point.
    slow = 15e3**2 / 0.1 + 5e3**2 / 0.15
    assert found.temporary_bps == pytest.approx(1e-5 * slow / value)
    assert found.parameter_sd_bps == pytest.approx(1e-6 * slow / value)
    assert found.permanent_bps == pytest.approx(1e-6 * 1e8 / 2 / value)
    assert found.spread_bps == pytest.approx(0.01 * 20e3 / value)
    assert found.fees_bps == pytest.approx(2 * (0.5 + 1.0))
    held = 0.1 * (1 - 0.5 + 0.25) / 3 + 0.15 * 0.25 / 3  # From 1 to -1/2, then back to 0.
    assert found.timing_risk_bps == pytest.approx(200 * math.sqrt(held))
    assert found.half_days == pytest.approx(0.1 / 3)
    assert found.participation == pytest.approx(20e3 / (20e3 + 1e6 * 0.25))


@pytest.mark.parametrize(
    "model",
    [
        Propagator.square_root_dynamic(covariance=((0.01, 0, 0), (0, 0.0025, 0), (0, 0, 0.0025))),
        Propagator(y=1.0, gamma=0.3, covariance=((0.01, 0, 0), (0, 0, 0), (0, 0, 1e-4))),
        PowerLaw(exponent=1.0, relaxed=1.0, covariance=((0.01, 0), (0, 0))),
    ],
    ids=["edge", "corner", "one exact"],
)
def test_models_whose_limits_hold_for_parameters_together_are_compared(model: Impact) -> None:
    """The first stands on gamma + delta = 1; the second admits delta = 1 and no other."""
    even = compare(ORDER, MARKET, model, strategies(ORDER, MARKET))[0]
    asked = MARKET.terms(ORDER.quantity, 0.5)
    assert even.parameter_sd_bps == pytest.approx(model.parameter_sd_bps(asked), rel=0.02)


def test_a_rate_too_slow_for_the_window_is_left_out() -> None:
    names = [way.name for way in strategies(order(200_000, end_s=DAY_SECONDS // 2), MARKET, rates=(0.1, 0.4))]
    assert "10% of volume" not in names
    assert "40% of volume" in names


def test_mistakes_are_named() -> None:
    wrong = Strategy(name="half", quantities=np.array([1e4]), edges_days=np.array([0.0, 0.1]))
    with pytest.raises(BadParameter, match="half trades 10000, not the order's 20000"):
        compare(ORDER, MARKET, LINEAR, [wrong])
    with pytest.raises(BadParameter, match="urgency 0 must be above 0"):
        strategies(ORDER, MARKET, urgencies=(0,))
    empty = VolumeCurve(edges_ns=(0, DAY_SECONDS // 2 * SECOND, DAY_SECONDS * SECOND), shares=(0.0, 1.0))
    with pytest.raises(BadParameter, match="the curve has no volume between"):
        strategies(ORDER, MARKET, curve=empty)
