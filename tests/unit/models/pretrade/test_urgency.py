"""The best rate against a closed form, its flatness, its bounds and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from nowake.domain.errors import BadParameter
from nowake.models.impact import Impact, IStar, Linear, Propagator, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import costs
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.plausible import plausible
from nowake.models.pretrade.urgency import Risk, best_rate, urgency_curve

MARKET = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0)
LINEAR = Linear(gamma=0.0, eta=2e-7, epsilon=0.01)


def closed_form_days(risk_aversion: float, quantity: float, eta: float) -> float:
    """Least of eta Q / T + lambda sigma P sqrt(T / 3): T^(3/2) = 2 sqrt(3) eta Q / (lambda sigma P)."""
    return (2 * math.sqrt(3) * eta * quantity / (risk_aversion * 0.02 * 50)) ** (2 / 3)


def test_best_rate_of_linear_impact_is_the_closed_form() -> None:
    for aversion in (0.05, 0.3, 1.0):
        found = best_rate(LINEAR, MARKET, 1e4, risk_aversion=aversion)
        days = closed_form_days(aversion, 1e4, 2e-7)
        assert found.days == pytest.approx(days, rel=1e-4)
        assert found.participation == pytest.approx(1e4 / (1e4 + 1e6 * days), rel=1e-4)
        assert found.adjusted_bps == pytest.approx(found.expected_bps + aversion * found.timing_risk_bps)
        assert (found.bound, found.known_to) == ("", None)


def test_best_rate_of_i_star_is_where_scipy_finds_it() -> None:
    model = IStar(a1=708, a2=0.55, a3=0.71, a4=0.5, b1=0.98)

    def adjusted(log_rate: float) -> float:
        (done,) = costs([model], MARKET.at_participation(1e4, math.exp(log_rate)))
        return float(done.risk_adjusted_bps(0.5))

    wanted = math.exp(minimize_scalar(adjusted, bounds=(math.log(0.005), math.log(0.5)), method="bounded").x)
    assert best_rate(model, MARKET, 1e4, risk_aversion=0.5).participation == pytest.approx(wanted, rel=1e-3)


def test_variance_asks_for_the_rate_that_balances_cost_and_variance() -> None:
    """Least of eta Q / T + lambda Q sigma^2 P^2 T / 3 in currency a share: T = sqrt(3 eta / (lambda sigma^2 P^2))."""
    found = best_rate(LINEAR, MARKET, 1e4, risk_aversion=1e-4, risk=Risk.VARIANCE)
    assert found.days == pytest.approx(math.sqrt(3 * 2e-7 / (1e-4 * 1.0)), rel=1e-4)


def test_within_the_flat_range_the_cost_is_no_more_than_allowed_and_beyond_it_is() -> None:
    found = best_rate(LINEAR, MARKET, 1e4, risk_aversion=0.3, within_bps=1.0)
    low, high = found.flat
    assert low < found.participation < high

    def adjusted(rate: float) -> float:
        (done,) = costs([LINEAR], MARKET.at_participation(1e4, rate))
        return float(done.risk_adjusted_bps(0.3))

    for end, outside in ((low, low * 0.97), (high, high * 1.03)):
        assert adjusted(end) == pytest.approx(found.adjusted_bps + 1.0, abs=0.02)
        assert adjusted(outside) > found.adjusted_bps + 1.0


def test_a_bound_that_binds_is_named() -> None:
    assert best_rate(LINEAR, MARKET, 1e4, risk_aversion=1e4).bound == "highest"
    assert best_rate(LINEAR, MARKET, 1e4, risk_aversion=0.0).bound == "lowest"
    timed = best_rate(LINEAR, MARKET, 1e4, risk_aversion=0.0, longest_days=0.2)
    assert (timed.bound, timed.days) == ("longest", pytest.approx(0.2, rel=1e-6))
    assert "the longest time allowed binds" in str(timed)


@pytest.mark.parametrize("model", [SquareRoot(), LINEAR.with_values((1e-7, 0.0, 0.01)), SquareRoot(relaxed=0.25)])
def test_a_law_without_a_price_for_speed_has_no_best_rate(model: Impact) -> None:
    found = best_rate(model, MARKET, 1e4, risk_aversion=0.3)
    assert found.bound == "speed is free"
    assert math.isnan(found.participation)
    assert (found.days, found.flat, found.known_to) == (pytest.approx(math.nan, nan_ok=True), None, None)
    (done,) = costs([model], MARKET.at_participation(1e4, 0.1))
    assert found.expected_bps == pytest.approx(done.expected_bps)
    assert str(found).startswith("no best rate: this law puts no price on speed")


def test_doubt_about_parameters_is_an_interval_of_the_best_rate_that_covers() -> None:
    """The best days go with eta^(2/3): quantiles of eta are quantiles of the rate."""
    doubtful = LINEAR.known_to(eta=4e-8)
    found = best_rate(doubtful, MARKET, 1e4, risk_aversion=0.3, seed=3)
    ends = [closed_form_days(0.3, 1e4, 2e-7 + z * 4e-8) for z in (1.96, -1.96)]
    wanted = tuple(1e4 / (1e4 + 1e6 * days) for days in ends)
    assert found.known_to == pytest.approx(wanted, rel=0.08)
    assert best_rate(doubtful, MARKET, 1e4, risk_aversion=0.3, seed=3) == found


def test_draws_have_the_models_covariance_and_stay_in_range() -> None:
    model = Linear(gamma=1e-7, eta=1e-6, epsilon=0.02).known_to(eta=2e-7)
    drawn = np.array([each.values for each in plausible(model, draws=4_000, seed=1)])
    assert drawn[:, 1].std() == pytest.approx(2e-7, rel=0.05)
    assert np.ptp(drawn[:, 0]) == pytest.approx(0, abs=1e-20)
    assert min(each.eta for each in plausible(model.known_to(eta=1e-5), draws=100, seed=1)) == 0.0
    assert plausible(LINEAR, draws=10, seed=1) == []


def test_the_curve_costs_what_each_rate_costs_and_carries_fees() -> None:
    curve = urgency_curve(LINEAR, MARKET, 1e4, lowest=0.01, highest=0.4, n=5, fees=Fees(bps=0.5))
    assert (curve.participation[0], curve.participation[-1]) == (0.01, 0.4)
    for rate, days, bps in zip(curve.participation, curve.days, curve.costs.expected_bps, strict=True):
        assert days == pytest.approx(1e4 * (1 - rate) / rate / 1e6)
        assert bps == pytest.approx(0.01 / 50 * 1e4 + 2e-7 * 1e4 / days / 50 * 1e4 + 0.5)


def test_a_curve_prints_as_a_dozen_lines_a_desk_can_read() -> None:
    lines = str(urgency_curve(LINEAR, MARKET, 1e4, n=40)).splitlines()
    assert lines[0].startswith("10,000 by linear (Almgren-Chriss): cost and risk in bps")
    assert len(lines) == 13
    # 2 bps of half-spread and 2e-7 x 1e4 / 0.99 of a price of 50, at one percent of volume.
    assert " ".join(lines[1].split()) == "1.0% of volume 0.99 sessions cost 2.4 [2.4, 2.4] risk 114.9"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"risk_aversion": -1.0}, "risk aversion -1"),
        ({"lowest": 0.6}, "rates from 0.6 to 0.5 must increase"),
        ({"longest_days": 0.0}, "longest_days 0.0 must be above 0"),
        ({"longest_days": 1e-3}, "above the highest rate 50.0%; allow more time or a higher rate"),
        ({"within_bps": -1.0}, "within_bps -1.0"),
        ({"level": 1.5}, "level 1.5"),
        ({"risk": Risk.VARIANCE, "multiplier": math.nan}, "needs the order's value"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(changed: dict[str, object], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        best_rate(LINEAR, MARKET, 1e4, **({"risk_aversion": 0.3} | changed))  # type: ignore[arg-type]


def test_draws_that_the_model_refuses_together_are_drawn_again() -> None:
    edge = Propagator.square_root_dynamic(covariance=((0.01, 0, 0), (0, 0.0025, 0), (0, 0, 0.0025)))
    drawn = np.array([model.values for model in plausible(edge, draws=2_000, seed=1)])
    assert len(drawn) == 2_000
    assert (drawn[:, 1] + drawn[:, 2]).min() >= 1 - 1e-9
    # The prefactor is drawn as if nothing had been refused.
    assert drawn[:, 0].mean() == pytest.approx(1.0, abs=0.01)
    assert drawn[:, 0].std() == pytest.approx(0.1, rel=0.05)


def test_a_model_in_a_corner_of_its_limits_has_a_best_rate() -> None:
    corner = Propagator(y=1.0, gamma=0.3, covariance=((0.01, 0, 0), (0, 0, 0), (0, 0, 1e-4)))
    found = best_rate(corner, MARKET, 1e5, risk_aversion=0.5)
    assert found.known_to is not None
    assert found.known_to[0] <= found.participation <= found.known_to[1]
