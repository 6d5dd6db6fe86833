"""What an order does to a portfolio's risk: Euler's identity, a simulation, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.estimate import estimate
from nowake.models.impact import SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.portfolio import Portfolio, PortfolioRisk

C = np.array([[4e-4, 1e-4, 0.0], [1e-4, 2e-4, -5e-5], [0.0, -5e-5, 1e-4]])
HELD = Portfolio.of({"ABC": 1e6, "X": -2e6, "Y": 5e5}, C)


def test_contributions_sum_to_the_risk_and_are_x_times_cx_over_it() -> None:
    x = np.array([1e6, -2e6, 5e5])
    risk = math.sqrt(x @ C @ x)
    assert pytest.approx(risk) == HELD.risk
    assert pytest.approx(x * (C @ x) / risk) == HELD.contributions
    assert sum(HELD.contributions) == pytest.approx(HELD.risk)


def test_a_contribution_is_the_slope_of_the_risk_times_the_position() -> None:
    more = Portfolio.of({"ABC": 1e6 * 1.0001, "X": -2e6, "Y": 5e5}, C)
    assert (more.risk - HELD.risk) / 0.0001 == pytest.approx(HELD.contributions[0], rel=1e-3)


def test_selling_out_of_the_only_position_has_the_timing_risk() -> None:
    alone = Portfolio.of({"ABC": 1e6}, [[4e-4]])
    risk = alone.with_order("ABC", -1e6, days=0.25)
    assert (risk.before, risk.after, risk.change) == pytest.approx((2e4, 0.0, -2e4))
    assert risk.working == pytest.approx(0.02 * math.sqrt(0.25 / 3) * 1e6)


def test_what_waits_contributes_what_summing_the_window_says() -> None:
    """Covariance of what is not traded yet with the whole, step by step, over the root of the whole's variance."""
    steps, days, value = 20_000, 0.5, -8e5
    left = 1 - (np.arange(steps) + 0.5) / steps
    waiting = np.outer(left, [-value, 0.0, 0.0])
    whole = waiting + np.array([1e6 + value, -2e6, 5e5])
    covariance, variance = (float(np.einsum("ti,ij,tj->", one, C, whole)) for one in (waiting, whole))
    wanted = covariance * days / steps / math.sqrt(variance * days / steps)
    assert HELD.with_order("ABC", value, days).working == pytest.approx(wanted, rel=1e-6)


def test_the_order_moves_the_risk_from_before_to_after() -> None:
    risk = HELD.with_order("X", 2e6, days=1.0)
    flat = Portfolio.of({"ABC": 1e6, "X": 0.0, "Y": 5e5}, C)
    assert (risk.before, risk.after) == pytest.approx((HELD.risk, flat.risk))
    assert risk.contribution_before == pytest.approx(HELD.contributions[1])
    assert risk.contribution_after == 0.0


def test_an_estimate_carries_it_and_adjusts_its_cost_by_what_waits() -> None:
    market = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=4)
    sell = order(10_000, side=Side.SELL, end_s=DAY_SECONDS // 4)
    alone = Portfolio.of({"ABC": 5e5}, [[4e-4]])
    found = estimate(sell, market, SquareRoot(), portfolio=alone)
    assert found.portfolio is not None
    assert found.portfolio.after == 0
    # Nothing else is held, so what waits risks what timing does.
    assert found.portfolio_adjusted_bps(0.7) == pytest.approx(found.risk_adjusted_bps(0.7))
    assert "portfolio risk" in str(found)
    assert math.isnan(estimate(sell, market, SquareRoot()).portfolio_adjusted_bps(0.7))


@pytest.mark.parametrize(
    ("positions", "matrix", "message"),
    [
        ({"A": 1.0, "B": 1.0}, [[1.0]], "covariance of 2 rows of 2; align it"),
        ({"A": 1.0, "B": 1.0}, [[1.0, 0.5], [0.4, 1.0]], "symmetric"),
        ({"A": 1.0, "B": 1.0}, [[1.0, 2.0], [2.0, 1.0]], "smallest eigenvalue is -1"),
        ({"A": math.nan}, [[1.0]], "finite positions"),
        ({}, [], "at least one"),
    ],
)
def test_a_portfolio_that_cannot_be_is_refused(positions: dict[str, float], matrix: object, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        Portfolio.of(positions, matrix)  # type: ignore[arg-type]


def test_an_order_in_another_asset_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match=r"Z is not in the portfolio \(ABC, X, Y\); add it with position 0"):
        HELD.with_order("Z", 1.0, days=1.0)


def test_what_an_order_does_to_the_risk_prints_as_a_sentence() -> None:
    told = str(PortfolioRisk(before=100.0, after=80.0, contribution_before=10.0, contribution_after=-5.0, working=1.5))
    assert told.startswith(
        "portfolio risk 100.00 -> 80.00 a session (-20.00); this asset's share 10.00 -> -5.00; +1.50"
    )
