"""Capacity against roots by hand, and the interval that inverts the estimate's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear, SquareRoot, TwoPart
from nowake.models.market import MarketState
from nowake.models.pretrade.capacity import capacity
from nowake.models.pretrade.fees import Fees

MARKET = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0)


def test_capacity_of_the_square_root_law_is_its_inverse() -> None:
    """20 = 2 + 200 sqrt(Q / V) bps, so Q = 0.09^2 V, at any rate and in any window."""
    for held in ({"participation": 0.1}, {"days": 1.0}):
        found = capacity(SquareRoot(), MARKET, 20.0, **held)  # type: ignore[arg-type]
        assert found.quantity == pytest.approx(0.0081 * 1e6, rel=1e-6)
        assert found.share_of_day == pytest.approx(0.0081, rel=1e-6)


def test_its_interval_is_where_the_interval_of_the_cost_reaches_the_limit() -> None:
    found = capacity(SquareRoot().known_to(y=0.2), MARKET, 20.0, days=1.0)
    for y, end in ((1 + 1.959964 * 0.2, found.low), (1 - 1.959964 * 0.2, found.high)):
        assert end == pytest.approx((18 / (200 * y)) ** 2 * 1e6, rel=1e-5)


def test_its_interval_covers_the_capacity_of_the_true_law() -> None:
    rng = np.random.default_rng(9)
    truth = 0.0081 * 1e6
    inside = 0
    for y in rng.normal(1.0, 0.15, 250):
        found = capacity(SquareRoot(y=float(y)).known_to(y=0.15), MARKET, 20.0, days=1.0)
        assert found.low is not None
        inside += found.low <= truth <= (found.high or math.inf)
    assert inside / 250 == pytest.approx(0.95, abs=0.03)


def test_at_a_fixed_rate_only_permanent_linear_impact_grows_with_size() -> None:
    model = Linear(gamma=1e-7, eta=1e-7, epsilon=0.01)
    found = capacity(model, MARKET, 20.0, participation=0.1)
    rate = 1e6 / 9  # Ten percent of all volume is a ninth of the others'.
    wanted = (20e-4 * 50 - 0.01 - 1e-7 * rate) / (1e-7 / 2)
    assert found.quantity == pytest.approx(wanted, rel=1e-6)


def test_the_volume_known_of_a_window_counts_for_that_window_alone() -> None:
    """2 + 40 sqrt(Q / W) = 30 with a quarter of a day's volume in the half session known, the day's rate elsewhere."""
    known = MarketState.given(price=50.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=4.0, window_volume=2.5e5)
    model = TwoPart(alpha=0.2, gamma=0.0)
    for days, volume in ((0.5, 2.5e5), (0.25, 2.5e5), (1.0, 1e6), (2.0, 2e6)):
        found = capacity(model, known, 30.0, days=days, window_days=0.5)
        assert found.quantity == pytest.approx(0.7**2 * volume, rel=1e-6)
    assert capacity(model, known, 30.0, days=0.5).quantity == pytest.approx(0.7**2 * 5e5, rel=1e-6)


def test_a_limit_below_the_half_spread_leaves_no_capacity_and_says_so() -> None:
    found = capacity(SquareRoot(), MARKET, 1.0, days=1.0)
    assert (found.quantity, found.low, found.high) == (0.0, 0.0, 0.0)
    assert "the smallest order already costs more than 1 bps" in str(found)


def test_a_limit_that_is_never_reached_is_open_and_says_so() -> None:
    found = capacity(SquareRoot(), MARKET, 1e4, days=1.0)
    assert (found.quantity, found.high) == (None, None)
    assert "not reached" in str(found)
    half_open = capacity(SquareRoot().known_to(y=0.6), MARKET, 20.0, days=1.0)
    assert half_open.high is None
    assert "to open at 95%" in str(half_open)


def test_a_least_fee_that_makes_small_orders_dear_does_not_hide_the_capacity() -> None:
    free = capacity(SquareRoot(), MARKET, 20.0, days=1.0)
    dear = capacity(SquareRoot(), MARKET, 20.0, days=1.0, fees=Fees(minimum=1.0))
    assert dear.quantity == pytest.approx(free.quantity, rel=1e-2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"participation": 0.1, "days": 1.0}, "one of them; got 0.1 and 1.0"),
        ({}, "one of them; got None and None"),
        ({"days": 1.0, "limit_bps": 0.0}, "a limit of 0.0 bps"),
        ({"days": 1.0, "smallest": 1e9}, "smallest size 1000000000.0 must be above 0 and below"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(changed: dict[str, object], message: str) -> None:
    asked = {"limit_bps": 20.0} | changed
    with pytest.raises(BadParameter, match=message):
        capacity(SquareRoot(), MARKET, **asked)  # type: ignore[arg-type]
