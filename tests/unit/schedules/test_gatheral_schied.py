from typing import Any

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models import impact
from nowake.models.market import MarketState
from nowake.schedules import GatheralSchied, check_schedule, cost_of, twap

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINEAR = impact.Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS)


@pytest.mark.parametrize(
    "policy",
    [
        GatheralSchied(LINEAR, 0.0, n=13),
        GatheralSchied(LINEAR, 1e-3),
        GatheralSchied(LINEAR, 0.1, n=13),
        GatheralSchied(LINEAR, 1e-3, n=1),
        GatheralSchied(impact.SquareRoot(), 1e-3, n=13),
        GatheralSchied(impact.ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0), 1e-3, n=13),
    ],
    ids=lambda policy: f"{policy.model.name} {policy.risk_aversion} {policy.n}",
)
def test_the_battery_of_schedules_is_passed(policy: Any) -> None:
    assert "none of" in " ".join(check_schedule(policy, MARKET))


def test_without_risk_aversion_it_is_twap_lot_for_lot() -> None:
    assert GatheralSchied(LINEAR, 0.0).plan(ORDER, MARKET).lots == twap(ORDER).lots


def test_rates_fall_in_a_line() -> None:
    trades = GatheralSchied(LINEAR, 1e-3, n=20).solved(ORDER, MARKET).trades
    steps = np.diff(trades)
    assert (steps < 0).all()
    assert steps.tolist() == pytest.approx([steps[0]] * 19)


def test_the_plan_costs_what_the_linear_response_says_of_its_lots() -> None:
    plan = GatheralSchied(LINEAR, 1e-3, n=20).plan(ORDER, MARKET)
    model = impact.Linear(gamma=0.0, eta=LINEAR.eta, epsilon=LINEAR.epsilon)
    found = cost_of(plan, MARKET, model)
    assert plan.cost_parts["temporary"] == pytest.approx(found.cost_parts["temporary"])
    assert plan.cost_parts["spread"] == pytest.approx(found.cost_parts["spread"])
    assert plan.cost_parts["permanent"] == pytest.approx(LINEAR.gamma * 60_000 / 2 / 100 * 1e4)
    assert plan.expected_cost_bps == pytest.approx(sum(plan.cost_parts.values()))


def test_much_risk_aversion_is_done_early_and_says_so_or_crosses_and_says_so() -> None:
    stopped, crossing = (
        GatheralSchied(LINEAR, 0.1, n=30, stop_at_zero=stop).plan(ORDER, MARKET) for stop in (True, False)
    )
    assert min(stopped.lots) == 0
    assert sum(stopped.lots[: int(30 * stopped.inputs["end_days"]) + 1]) == 60_000
    assert "kept from that, the order ends" in stopped.notes[0]
    assert crossing.reverses
    assert "no algorithm works that" in crossing.notes[0]
    assert crossing.certificate.objective < stopped.certificate.objective  # type: ignore[union-attr]
    assert GatheralSchied(LINEAR, 1e-4, n=30).plan(ORDER, MARKET).notes == ()


def test_what_may_not_cross_is_infinitely_dear_below_0() -> None:
    trades = np.array([70_000.0, -10_000.0])
    assert GatheralSchied(LINEAR, 0.1, n=2).objective(ORDER, MARKET, trades) == np.inf
    assert GatheralSchied(LINEAR, 0.1, n=2, stop_at_zero=False).objective(ORDER, MARKET, trades) < np.inf


def test_what_cannot_be_planned_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match="needs the market"):
        GatheralSchied(LINEAR, 1e-3).plan(ORDER)
    with pytest.raises(BadParameter, match="must be above 0, else all at once is best"):
        GatheralSchied(impact.Linear(gamma=1e-7, eta=0.0, epsilon=0.0), 1e-3).plan(ORDER, MARKET)
    for wrong in (-1e-3, float("nan"), float("inf")):
        with pytest.raises(BadParameter, match="risk_aversion"):
            GatheralSchied(LINEAR, wrong)


def test_an_order_larger_than_the_market_is_planned_and_noted() -> None:
    plan = GatheralSchied(LINEAR, 1e-3, n=7).plan(order(5_000_000, end_s=DAY_SECONDS), MARKET)
    assert "250% of the volume of its window" in plan.notes[0]


@pytest.mark.parametrize("aversion", [1e12, 1e100, 1e300, 1.7e308])
def test_a_path_that_goes_beyond_the_order_and_back_beyond_all_measure_is_refused(aversion: float) -> None:
    with pytest.raises(BadParameter, match=r"times the order, beyond it and back; use less, or stop_at_zero=True"):
        GatheralSchied(LINEAR, aversion, n=20, stop_at_zero=False).plan(ORDER, MARKET)
    stopped = GatheralSchied(LINEAR, aversion, n=20).plan(ORDER, MARKET)
    assert (60_000, *[0] * 19) == stopped.lots
    assert stopped.certificate.value < 1e-9


@pytest.mark.parametrize("aversion", [1e-3, 0.1, 10.0, 1e3])
def test_a_path_that_goes_beyond_the_order_and_back_is_certified(aversion: float) -> None:
    found = GatheralSchied(LINEAR, aversion, n=20, stop_at_zero=False).solved(ORDER, MARKET)
    assert found.certificate.value < 1e-9
    assert found.trades.sum() == pytest.approx(60_000)
