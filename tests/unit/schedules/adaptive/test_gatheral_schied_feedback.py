import math

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.schedules import GatheralSchied
from nowake.schedules.adaptive import GatheralSchiedFeedback, Situation
from nowake.schedules.adaptive.walk import World, walk

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINEAR = Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS)
ETA = LINEAR.eta


def situation(**changes: float) -> Situation:
    numbers = {"elapsed_days": 0.4, "left_days": 0.6, "left": 40_000.0, "side": 1, "arrival": 100.0, "price": 103.0}
    return Situation(**(numbers | changes))  # type: ignore[arg-type]


def test_the_rate_is_what_is_left_over_the_time_left_and_the_price_of_waiting() -> None:
    policy = GatheralSchiedFeedback(eta=ETA, risk_aversion=1e-3)
    expected = 40_000 / 0.6 + 1e-3 * 0.6 * 103 / (4 * ETA)
    assert policy.rate(situation()) == pytest.approx(expected)
    assert policy.rate(situation(side=-1)) == pytest.approx(expected)


def test_a_higher_price_is_traded_faster_and_without_risk_aversion_none_matters() -> None:
    policy = GatheralSchiedFeedback(eta=ETA, risk_aversion=1e-3)
    assert policy.rate(situation(price=90.0)) < policy.rate(situation(price=110.0))
    even = GatheralSchiedFeedback(eta=ETA, risk_aversion=0.0)
    assert even.rate(situation(price=90.0)) == even.rate(situation(price=110.0)) == pytest.approx(40_000 / 0.6)


@pytest.mark.parametrize("aversion", [0.0, 1e-4, 1e-3, 0.1, 3.0])
@pytest.mark.parametrize("stop", [True, False])
def test_the_first_rate_is_that_of_the_plan(aversion: float, stop: bool) -> None:
    planned = GatheralSchied(LINEAR, aversion, n=3_000, stop_at_zero=stop)
    policy = GatheralSchiedFeedback.of(ORDER, MARKET, planned)
    assert policy.eta == ETA
    first = planned.solved(ORDER, MARKET).trades[0] * 3_000
    at = situation(elapsed_days=0.0, left_days=1.0, left=60_000.0, price=100.0)
    assert policy.rate(at) == pytest.approx(first, rel=0.03)


def test_a_price_that_stands_still_is_worked_along_the_plan() -> None:
    for aversion in (1e-3, 0.05):
        planned = GatheralSchied(LINEAR, aversion)
        policy = GatheralSchiedFeedback.of(ORDER, MARKET, planned)
        found = walk(policy, World(eta=ETA), quantity=60_000, days=1.0, steps=400, paths=1, seed=1, arrival=100.0)
        expected = planned.problem(ORDER, MARKET).holdings(found.times_days)
        assert found.mean_left.tolist() == pytest.approx(expected.tolist(), abs=100)
        assert found.left.tolist() == [0.0]


def test_at_the_end_the_rest_is_wanted_at_once_and_nothing_left_wants_nothing() -> None:
    policy = GatheralSchiedFeedback(eta=ETA, risk_aversion=1e-3)
    assert policy.rate(situation(left_days=0.0)) == math.inf
    assert policy.rate(situation(left_days=0.0, left=0.0)) == 0.0
    assert policy.rate(situation(left=0.0)) == 0.0


def test_slowing_down_before_0_never_asks_for_less_than_the_paper_would_later() -> None:
    paper, slowing = (GatheralSchiedFeedback(eta=ETA, risk_aversion=0.5, stop_at_zero=stop) for stop in (False, True))
    few = situation(left=100.0)
    assert slowing.rate(few) == pytest.approx(math.sqrt(0.5 * 103 * 100 / ETA))
    assert slowing.rate(few) < paper.rate(few)


def test_many_paths_are_asked_as_each_alone() -> None:
    policy = GatheralSchiedFeedback(eta=ETA, risk_aversion=0.02)
    world = World(eta=ETA, volatility=20.0)

    class Alone:
        def rate(self, at: Situation) -> float:
            return policy.rate(at)

    numbers = {"quantity": 1_000.0, "days": 1.0, "steps": 12, "paths": 30, "seed": 5, "arrival": 100.0}
    assert np.array_equal(walk(policy, world, **numbers).cost, walk(Alone(), world, **numbers).cost)  # type: ignore[arg-type]


def test_a_price_no_geometric_brownian_motion_has_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"price -1\.0 must be above 0"):
        GatheralSchiedFeedback(eta=ETA, risk_aversion=1e-3).rate(situation(price=-1.0))


@pytest.mark.parametrize(("name", "value"), [("eta", 0.0), ("eta", math.nan), ("risk_aversion", -1.0)])
def test_numbers_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(BadParameter, match=name):
        GatheralSchiedFeedback(**({"eta": ETA, "risk_aversion": 1e-3} | {name: value}))
