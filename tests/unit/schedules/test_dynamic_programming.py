"""Dynamic programming on a grid, against trying everything, quadratic programmes and closed forms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear, ObizhaevaWang, SquareRoot
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import AlmgrenChriss, Twap
from nowake.schedules.almgren_chriss import Liquidation
from nowake.schedules.check import check_schedule
from nowake.schedules.costing import cost_of
from nowake.schedules.dynamic import DynamicProgramme, certified, min_plus
from nowake.schedules.dynamic_schedule import DynamicProgramming

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINEAR = Linear.from_market(MARKET)
DAY = {"start_s": 0, "end_s": DAY_SECONDS}

costs = st.one_of(st.integers(-20, 20).map(float), st.just(math.inf))


@given(st.lists(costs, min_size=1, max_size=8), st.lists(costs, min_size=1, max_size=8))
def test_min_plus_is_the_least_of_all_pairs(trade: list[float], after: list[float]) -> None:
    best, chosen = min_plus(np.array(trade), np.array(after))
    for w in range(len(after)):
        pairs = [trade[s] + after[w - s] for s in range(min(w + 1, len(trade)))]
        assert best[w] == min(pairs)
        if math.isfinite(best[w]):
            assert trade[chosen[w]] + after[w - chosen[w]] == best[w]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5), st.integers(0, 5), st.integers(0, 10_000))
def test_merging_convex_costs_is_trying_all_pairs(one: int, other: int, first: int, second: int, seed: int) -> None:
    luck = np.random.default_rng(seed)

    def convex(size: int, closed: int) -> np.ndarray:
        slopes = np.sort(luck.normal(size=size))
        return np.concatenate((np.full(closed, np.inf), np.cumsum(slopes), np.full(closed, np.inf)))

    trade, after = convex(one, first), convex(other, second)
    best, chosen = min_plus(trade, after)
    for w in range(len(after)):
        pairs = [trade[s] + after[w - s] for s in range(min(w + 1, len(trade)))]
        assert best[w] == pytest.approx(min(pairs))
        if math.isfinite(best[w]):
            assert trade[chosen[w]] + after[w - chosen[w]] == best[w]


@settings(max_examples=30)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10_000))
def test_it_finds_the_cheapest_of_all_splits(buckets: int, cells: int, seed: int) -> None:
    luck = np.random.default_rng(seed)
    programme = DynamicProgramme(
        trade=luck.normal(size=(buckets, 1, cells + 1)), holding=luck.normal(size=(buckets, 1, cells + 1)), cells=cells
    )
    splits = [each for each in itertools.product(range(cells + 1), repeat=buckets) if sum(each) == cells]
    solution = programme.solve()
    assert min(programme.cost_of(each) for each in splits) == pytest.approx(solution.cost())
    assert programme.cost_of(solution.path()) == pytest.approx(solution.cost())
    assert solution.path().sum() == cells


def test_regimes_are_weighed_by_their_chances() -> None:
    """Trading costs 1 or 3 a cell, each as likely; two cells, two buckets, and a second cell at once costs 1 more."""
    trade = np.array([[0.0, 1.0, 3.0], [0.0, 3.0, 7.0]])
    programme = DynamicProgramme(
        trade=np.broadcast_to(trade, (2, 2, 3)), cells=2, chances=np.array([[0.5, 0.5], [0.5, 0.5]])
    )
    solution = programme.solve()
    # Cheap: one now for 1, the other later for 2 on average, as dear as both now; dear: 5 whichever way. Then even.
    assert [3.0, 5.0] == solution.values[0, :, 2].tolist()
    assert solution.cost(1) == 5.0
    assert [1, 1] == solution.path([1, 0]).tolist()


def test_what_is_left_at_the_end_may_have_a_price() -> None:
    programme = DynamicProgramme(trade=np.arange(5.0)[None, None, :] ** 2, cells=4, final=2.0 * np.arange(5.0))
    assert [1] == programme.solve().path().tolist()
    assert 7.0 == programme.solve().cost()


def quadratic(n: int, aversion: float, caps: np.ndarray) -> Any:
    """Trades of the least sum of trade^2 + aversion x^2 under caps, of 100."""
    trades = cp.Variable(n)
    left = 100 - cp.cumsum(trades)
    cost = cp.sum_squares(trades) + aversion * cp.sum_squares(left)
    cp.Problem(cp.Minimize(cost), [cp.sum(trades) == 100, trades >= 0, trades <= caps]).solve(solver=cp.CLARABEL)
    return trades.value, float(cost.value)


def test_with_caps_it_nears_the_quadratic_programme_as_the_grid_gets_finer() -> None:
    caps = np.array([31.3, 10.0, 31.3, 31.3, 40.0])
    expected, least = quadratic(5, 0.05, caps)

    def programme(cells: int) -> DynamicProgramme:
        sizes, left = np.arange(cells + 1) * 100 / cells, np.arange(cells + 1) * 100 / cells
        trade = np.where(sizes <= caps[:, None] + 1e-9, sizes**2, np.inf)
        return DynamicProgramme(
            trade=trade[:, None, :], holding=np.broadcast_to(0.05 * left**2, (5, 1, cells + 1)), cells=cells
        )

    found = [certified(programme, cells) for cells in (80, 800)]
    path = found[1].solution.path() * 0.125
    assert expected == pytest.approx(path, abs=0.1)
    for each in found:
        assert -1e-6 * least <= each.certificate.objective - least <= 2 * each.certificate.value * least + 1e-6 * least
    assert found[1].certificate.kind == "grid"
    assert found[1].certificate.value < 0.1 * found[0].certificate.value < 1e-2


@pytest.mark.parametrize("aversion", [0.0, 1e-6, 1e-5])
def test_with_linear_impact_and_no_limits_it_is_almgren_chriss(aversion: float) -> None:
    parent = order(100_000, **DAY)
    policy = DynamicProgramming(model=LINEAR, risk_aversion=aversion, n=13, cells=20_000)
    exact = AlmgrenChriss(LINEAR, aversion, n=13).plan(parent, MARKET)
    plan = policy.plan(parent, MARKET)
    assert exact.lots == pytest.approx(plan.lots, abs=6)
    assert exact.expected_cost_bps == pytest.approx(plan.expected_cost_bps, rel=1e-4)
    assert exact.cost_risk_bps == pytest.approx(plan.cost_risk_bps, rel=1e-3)
    assert plan.certificate is not None
    assert plan.certificate.value < 1e-6
    of = Liquidation(
        quantity=1e5, days=1.0, steps=13, volatility=MARKET.volatility, impact=LINEAR, risk_aversion=aversion
    )
    least = of.expected_cost() + aversion * of.variance()
    assert least == pytest.approx(plan.certificate.objective, rel=1e-6)


def test_a_fee_for_each_child_trades_in_as_many_buckets_as_it_is_worth() -> None:
    """eta X^2 / (m tau) + m fee over m even children: m = X sqrt(eta / (tau fee))."""
    parent, fee = order(10_000, **DAY), 8.0
    m = 10_000 * math.sqrt(LINEAR.eta * 100 / fee)
    assert 20 < m < 60
    costs = [LINEAR.eta * 1e8 * 100 / k + k * fee for k in range(1, 101)]
    plan = DynamicProgramming(model=LINEAR, fee=fee, n=100, cells=1000).plan(parent, MARKET)
    value = parent.quantity * MARKET.price / 1e4
    assert min(costs) / value == pytest.approx(plan.cost_parts["temporary"] + plan.cost_parts["fees"], rel=2e-3)
    assert sum(lots > 0 for lots in plan.lots) == pytest.approx(1 + int(np.argmin(costs)), abs=2)


def test_a_small_fee_is_planned_on_a_grid_that_can_be_tried() -> None:
    plan = DynamicProgramming(model=LINEAR, fee=1e-3, n=100).plan(order(100_000, **DAY), MARKET)
    assert 1000 == plan.inputs["cells"]
    assert 2500 == DynamicProgramming(model=LINEAR, n=100).plan(order(100_000, **DAY), MARKET).inputs["cells"]


def test_no_child_is_smaller_than_the_smallest_nor_larger_than_its_share_of_volume() -> None:
    curve = VolumeCurve(
        edges_ns=tuple(DAY_SECONDS * SECOND * k // 5 for k in range(6)), shares=(0.3, 0.15, 0.1, 0.15, 0.3), days=1
    )
    policy = DynamicProgramming(
        model=SquareRoot(), risk_aversion=1e-5, smallest_child=2_500, max_participation=0.05, curve=curve, n=20
    )
    plan = policy.plan(order(60_001, **DAY), MARKET)
    assert all(lots == 0 or lots >= 2_500 for lots in plan.lots)
    caps = np.array([0.3, 0.15, 0.1, 0.15, 0.3]).repeat(4) / 4 * 2e6 * 0.05 / 0.95
    assert (np.array(plan.lots) <= caps + 1e-6).all()
    assert sum(lots > 0 for lots in plan.lots) < 20


@pytest.mark.parametrize(
    ("lots", "cells"), [(12_655, 100), (9_991, 97), (10_007, 131), (12_345, 60), (20_011, 97), (7_220, 103)]
)
@pytest.mark.parametrize("fee", [9.0, 300.0])
def test_limits_hold_in_whole_lots_where_cells_are_none(lots: int, cells: int, fee: float) -> None:
    policy = DynamicProgramming(model=LINEAR, smallest_child=701, max_participation=0.0125, n=20, fee=fee, cells=cells)
    plan = policy.plan(order(lots, **DAY), MARKET)
    most = math.floor(2e6 / 20 * 0.0125 / 0.9875)
    assert all(each == 0 or 701 <= each <= most for each in plan.lots)


def test_concave_cost_of_size_is_traded_in_blocks() -> None:
    """A cost of v^-0.1 a share rewards size: with no risk and no permanent part everything goes at once."""
    sizes = np.arange(101.0)
    programme = DynamicProgramme(trade=np.broadcast_to(sizes**0.9, (6, 1, 101)), cells=100)
    assert sorted(programme.solve().path().tolist()) == [0, 0, 0, 0, 0, 100]


@pytest.mark.parametrize(
    "policy",
    [
        DynamicProgramming(model=LINEAR, risk_aversion=1e-6, n=26),
        DynamicProgramming(model=SquareRoot(), risk_aversion=1e-6, n=13, fee=20.0, cells=200),
        DynamicProgramming(model=LINEAR, max_participation=0.98, n=1),
    ],
    ids=["linear", "fee", "one bucket"],
)
def test_it_passes_the_battery(policy: DynamicProgramming) -> None:
    assert check_schedule(policy, MARKET)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_participation": 0.01}, r"lets 20,202 of 100,000 shares trade .* raise it to 0\.047619 or more"),
        ({"smallest_child": 200_000}, "above the order of 100000 lots"),
        ({"smallest_child": 60_000, "max_participation": 0.5, "n": 200}, "no way of trading"),
        ({"model": ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)}, "decays"),
        ({"fee": math.nan}, "fee nan must be finite"),
        ({"risk_aversion": -1.0}, "risk_aversion -1.0"),
        ({"max_participation": 1.0}, "above 0 and below 1"),
        ({"fee": 1.0, "n": 390, "cells": 100_000}, "use .* cells or fewer"),
        ({"cells": 0}, "cells 0 must be 1 or more"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_way_out(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        DynamicProgramming(**{"model": LINEAR, **wrong}).plan(order(100_000, **DAY), MARKET)


def test_programmes_that_make_no_sense_are_refused() -> None:
    trade = np.zeros((2, 1, 3))
    with pytest.raises(BadParameter, match="numbers, or infinite"):
        DynamicProgramme(trade=np.full((1, 1, 2), np.nan), cells=1)
    with pytest.raises(BadParameter, match=r"holding of this dynamic programme must be \(2, 1, 3\)"):
        DynamicProgramme(trade=trade, cells=2, holding=np.zeros((2, 3)))
    with pytest.raises(BadParameter, match="each row sum to 1"):
        DynamicProgramme(trade=trade, cells=2, chances=np.array([[0.5]]))
    with pytest.raises(BadParameter, match="states, above"):
        DynamicProgramme(trade=trade, cells=10**9)
    with pytest.raises(BadParameter, match="0 cells"):
        DynamicProgramme(trade=trade, cells=0)


@pytest.mark.parametrize(("lots", "n"), [(1, 10), (100, 390), (7, 3), (1000, 7)])
def test_where_waiting_is_free_equal_costs_are_broken_towards_the_even_path(lots: int, n: int) -> None:
    parent = order(lots, **DAY)
    assert DynamicProgramming(model=LINEAR, n=n).plan(parent, MARKET).lots == Twap(n=n).plan(parent).lots


def test_the_children_that_a_fee_leaves_are_spread_over_the_window() -> None:
    plan = DynamicProgramming(model=LINEAR, fee=8.0, n=100, cells=500).plan(order(10_000, **DAY), MARKET)
    gaps = np.diff([0, *np.flatnonzero(plan.lots), 100])
    assert gaps.max() <= 4


@example([0.0, 0.0], [0.0, 0.0], 0)
@given(st.lists(costs, min_size=1, max_size=8), st.lists(costs, min_size=1, max_size=8), st.integers(0, 9))
def test_of_equal_trades_the_one_that_leaves_nearest_to_what_is_wanted_is_chosen(
    trade: list[float], after: list[float], toward: int
) -> None:
    best, chosen = min_plus(np.array(trade), np.array(after), toward=toward)
    for w in range(len(after)):
        if math.isfinite(best[w]):
            equal = [s for s in range(min(w + 1, len(trade))) if trade[s] + after[w - s] == best[w]]
            assert min(abs(w - s - toward) for s in equal) == abs(w - chosen[w] - toward)


@pytest.mark.parametrize("policy", [DynamicProgramming(model=LINEAR, n=7, fee=0.2, risk_aversion=1e-6)])
@pytest.mark.parametrize("lots", [1, 10, 101])
def test_a_plan_costs_what_its_lots_cost(policy: DynamicProgramming, lots: int) -> None:
    plan = policy.plan(order(lots, **DAY), MARKET)
    cost = cost_of(plan, MARKET, LINEAR)
    assert cost.cost_risk_bps == pytest.approx(plan.cost_risk_bps)
    assert cost.cost_parts == pytest.approx({name: plan.cost_parts[name] for name in cost.cost_parts})
    assert plan.cost_parts["fees"] == pytest.approx(0.2 * np.count_nonzero(plan.lots) / (lots * 100) * 1e4)
