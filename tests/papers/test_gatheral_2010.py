"""Gatheral 2010, "No-dynamic-arbitrage and market impact", Quantitative Finance 10: which impact can be traded against.

D_t = integral of f(v_s) G(t - s) ds. His numerical example was not at hand; the round trips here are our own, their
profit from antiderivatives worked out by hand in each test."""

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Propagator
from nowake.models.impact.admissible import SMALLEST_GAMMA, two_step_trip
from nowake.models.impact.kernel import transient_cost
from nowake.models.impact.kernels import Exponential, PowerLaw
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.terms import Terms

MARKET = {"volatility": 0.02, "daily_volume": 1e6}


def exponential_round_trip(buy_rate: float, sell_rate: float, *, rho: float, shares: float, delta: float) -> float:
    """Cost of buying `shares` at one rate, then selling them at another, under |v|^delta and exp(-rho t).

    While buying, D_t = f(v1) (1 - exp(-rho t)) / rho; while selling, what is left of it less the same of f(v2).
    """
    t1, t2 = shares / buy_rate, shares / sell_rate
    f1, f2 = buy_rate**delta, sell_rate**delta
    bought = buy_rate * f1 / rho * (t1 - (1 - math.exp(-rho * t1)) / rho)
    left = f1 / rho * (1 - math.exp(-rho * t1))
    sold = sell_rate * (left * (1 - math.exp(-rho * t2)) / rho - f2 / rho * (t2 - (1 - math.exp(-rho * t2)) / rho))
    return bought - sold


def test_square_root_impact_with_exponential_decay_pays_for_buying_slowly_and_selling_fast() -> None:
    """Slow buying pushes more, a share, than fast selling pushes back: 0.1 and 1 share a session, rho = 1."""
    cost = exponential_round_trip(0.1, 1.0, rho=1.0, shares=0.1, delta=0.5)
    assert cost == pytest.approx(-0.00255, abs=5e-6)
    trades, edges = np.array([0.1, -0.1]), np.array([0.0, 1.0, 1.1])
    assert transient_cost(Exponential(1.0), Power(1.0, 0.5), trades, edges) == pytest.approx(cost)


def test_exponential_decay_with_any_impact_that_is_not_linear_is_refused() -> None:
    for delta in (0.3, 0.5, 0.9, 1.2):
        with pytest.raises(BadParameter, match="finite at lag 0, so pressure must be linear"):
            Response(kernel=Exponential(1.0), pressure=Power(1.0, delta))
    Response(kernel=Exponential(1.0), pressure=Power(1.0, 1.0))


def test_linear_impact_with_exponential_decay_pays_for_no_such_round_trip() -> None:
    for buy in (0.01, 0.1, 1.0, 10.0):
        for sell in (0.01, 0.1, 1.0, 10.0):
            assert exponential_round_trip(buy, sell, rho=1.0, shares=0.1, delta=1.0) > 0


def test_for_short_times_the_profit_is_that_of_permanent_impact() -> None:
    """X^2 / 2 [f(v2) / v2 - f(v1) / v1] without decay (Huberman & Stanzl 2004)."""
    shares = 1e-5
    expected = shares**2 / 2 * (1.0**-0.5 - 0.1**-0.5)
    assert exponential_round_trip(0.1, 1.0, rho=1.0, shares=shares, delta=0.5) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("gamma", "delta"), [(0.3, 0.5), (0.1, 0.8), (0.5, 0.4)])
def test_power_laws_with_gamma_plus_delta_below_one_pay_for_a_fast_sale(gamma: float, delta: float) -> None:
    """Buy a share over 1, sell it over a short e: the sale's own push, ~ e^(1 - gamma - delta), is worth nothing."""
    trip = two_step_trip(PowerLaw(gamma), delta)
    assert trip is not None
    bought, sold = (float(length) for length in trip.lengths_days)
    second = lambda t: t ** (2 - gamma) / ((1 - gamma) * (2 - gamma))  # noqa: E731
    met = second(bought + sold) - second(bought) - second(sold)
    rates = (1 / bought, 1 / sold)
    by_hand = (
        rates[0] ** (1 + delta) * second(bought)
        + rates[1] ** (1 + delta) * second(sold)
        - rates[1] * rates[0] ** delta * met
    )
    assert trip.cost == pytest.approx(by_hand)
    assert by_hand < 0


def test_the_smallest_exponent_of_decay_is_two_less_log_3_over_log_2() -> None:
    """Where the mean displacement of a slice, met by the next one as long, is its own: H(2) = 3 H(1)."""
    assert pytest.approx(0.4150, abs=5e-5) == SMALLEST_GAMMA
    kernel = PowerLaw(SMALLEST_GAMMA)
    assert kernel.second(2.0) == pytest.approx(3 * kernel.second(1.0))


@pytest.mark.parametrize("days", [0.1, 0.5, 3.0])
def test_with_both_exponents_one_half_the_peak_is_the_square_root_law_whatever_the_duration(days: float) -> None:
    model, asked = Propagator.square_root_dynamic(1.2), Terms(quantity=4e4, days=days, **MARKET)
    response = model.response(asked)
    at = days * np.array([0.25, 1.0])
    quarter, peak = response.path(np.array([4e4]), np.array([0.0, days]), at)
    assert peak == pytest.approx(1.2 * 200 * math.sqrt(0.04))
    assert quarter == pytest.approx(peak / 2)
    assert response.cost_of(np.array([4e4]), np.array([0.0, days])).total_bps == pytest.approx(2 / 3 * peak)


def test_after_it_the_price_relaxes_as_the_difference_of_roots() -> None:
    asked = Terms(quantity=4e4, days=0.5, **MARKET)
    z = np.array([1.0, 1.01, 1.5, 2.0, 10.0, 100.0])
    path = Propagator.square_root_dynamic().response(asked).path(np.array([4e4]), np.array([0.0, 0.5]), 0.5 * z)
    assert (path / path[0]).tolist() == pytest.approx((np.sqrt(z) - np.sqrt(z - 1)).tolist())
    # Twice the duration after the start 41 % is left; long after, 1 / (2 sqrt z).
    assert path[3] / path[0] == pytest.approx(0.4142, abs=5e-5)
    assert path[5] / path[0] == pytest.approx(1 / 20, rel=0.01)
