"""The Monte Carlo of adaptive policies, against what is known in closed form of the world it walks in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.adaptive import CarteaJaimungal, MeanReverting, Situation, Walked, World, walk

EVEN = CarteaJaimungal(eta=1.0)


class Alone:
    """Even in time, and not able to answer for many at once."""

    def rate(self, situation: Situation) -> float:
        if situation.left == 0:
            return 0.0
        return situation.left / situation.left_days if situation.left_days > 0 else math.inf


class Lazy:
    def rate(self, situation: Situation) -> float:
        return 0.0


def go(world: World, policy: CarteaJaimungal | Alone | Lazy = EVEN, *, paths: int = 4_000, side: int = 1) -> Walked:
    return walk(policy, world, quantity=50.0, days=0.5, steps=20, paths=paths, seed=5, side=side)


def test_even_trading_costs_the_spread_half_the_permanent_move_and_eta_times_the_speed() -> None:
    walked = go(World(eta=0.01, gamma=0.02, epsilon=0.3), paths=1)
    assert walked.mean == pytest.approx(0.3 * 50 + 0.02 * 50**2 / 2 + 0.01 * 50**2 / 0.5)
    assert walked.end_price[0] == pytest.approx(0.02 * 50)
    assert walked.mean_left == pytest.approx(50 * np.linspace(1, 0, 21), abs=1e-9)
    assert walked.held[0] == pytest.approx(50**2 * 0.5 / 3)


@pytest.mark.parametrize("side", [1, -1])
def test_its_risk_is_that_of_the_even_path_and_its_mean_lies_in_the_interval(side: int) -> None:
    walked = go(World(eta=0.01, volatility=2.0), side=side)
    assert walked.sd == pytest.approx(2.0 * 50 * math.sqrt(0.5 / 3), rel=0.04)
    assert walked.risk == pytest.approx(np.full(4_000, 4.0 * 50**2 * 0.5 / 3))
    low, high = walked.interval(z=4.0)
    assert low < 0.01 * 50**2 / 0.5 < high
    assert high - low == pytest.approx(8 * walked.standard_error)


def test_a_drift_costs_a_buyer_what_it_gains_a_seller() -> None:
    world = World(eta=0.0, drift=3.0)
    # The mean price paid is that of the middle of the window.
    assert go(world, paths=1).mean == pytest.approx(50 * 3.0 * 0.25)
    assert go(world, paths=1, side=-1).mean == pytest.approx(-50 * 3.0 * 0.25)


def test_a_signal_reverts_and_drifts_the_price() -> None:
    decay, start = 4.0, 2.0
    walked = go(World(eta=0.0, signal=MeanReverting(start=start, decay=decay), signal_effect=0.5), paths=1)
    moved = 0.5 * start * -math.expm1(-decay * 0.5) / decay
    assert walked.end_price[0] == pytest.approx(moved, rel=1e-3)


def test_what_reverts_has_the_mean_and_variance_of_ornstein_and_uhlenbeck() -> None:
    what, rng = MeanReverting(start=3.0, mean=1.0, decay=2.0, noise=0.5), np.random.default_rng(3)
    now = np.full(40_000, 3.0)
    for _ in range(4):
        now = what.step(now, 0.2, rng.standard_normal(len(now)))
    assert now.mean() == pytest.approx(1 + 2 * math.exp(-1.6), abs=0.005)
    assert now.var() == pytest.approx(0.25 * (1 - math.exp(-3.2)) / 4, rel=0.03)
    free = MeanReverting(noise=0.5).step(np.zeros(40_000), 0.2, rng.standard_normal(40_000))
    assert free.var() == pytest.approx(0.25 * 0.2, rel=0.03)


def test_dear_liquidity_costs_more_and_moves_less() -> None:
    dear = go(World(eta=0.01, volatility=2.0, liquidity=MeanReverting(start=math.log(4), mean=math.log(4))))
    assert dear.mean == pytest.approx(4 * 0.01 * 50**2 / 0.5, abs=4 * dear.standard_error)
    assert dear.sd == pytest.approx(0.5 * 2.0 * 50 * math.sqrt(0.5 / 3), rel=0.04)


def test_one_by_one_and_all_at_once_are_the_same_walk() -> None:
    world = World(eta=0.01, volatility=2.0, signal=MeanReverting(noise=1.0))
    together, alone = go(world, paths=50), go(world, Alone(), paths=50)
    assert alone.cost == pytest.approx(together.cost, rel=1e-12)


def test_the_same_seed_gives_the_same_walk_and_another_another() -> None:
    world = World(eta=0.01, volatility=2.0)
    assert go(world).cost.tolist() == go(world).cost.tolist()
    other = walk(EVEN, world, quantity=50.0, days=0.5, steps=20, paths=4_000, seed=6)
    assert go(world).mean != other.mean


def test_what_nobody_trades_is_left_and_is_no_cost_until_it_is_penalised() -> None:
    walked = go(World(eta=0.01, drift=2.0), Lazy(), paths=2)
    assert (walked.left.tolist(), walked.cost.tolist()) == ([50.0, 50.0], [0.0, 0.0])
    assert walked.penalised(running=0.1, terminal=0.2)[0] == pytest.approx(
        0.1 * 50**2 * 0.5 + 50 * (2.0 * 0.5) + 0.2 * 50**2
    )


@pytest.mark.parametrize("name", ["quantity", "days", "steps", "paths"])
@pytest.mark.parametrize("bad", [0, math.nan])
def test_a_walk_of_nothing_is_refused(name: str, bad: float) -> None:
    numbers = {"quantity": 1.0, "days": 1.0, "steps": 2, "paths": 2} | {name: bad}
    with pytest.raises(BadParameter, match=name):
        walk(EVEN, World(eta=1.0), seed=1, **numbers)  # type: ignore[arg-type]


def test_worlds_out_of_range_are_refused() -> None:
    with pytest.raises(BadParameter, match="volatility"):
        World(eta=1.0, volatility=math.nan)
    with pytest.raises(BadParameter, match="noise -1"):
        MeanReverting(noise=-1.0)
