"""The solver of one asset, against a conic solver and against shooting backwards from the end."""

import math

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nowake.domain.errors import BadParameter
from nowake.schedules.tracking import Tracking


def problem(
    steps: int = 12,
    *,
    power: float = 1.5,
    risk: float = 5.0,
    quantity: float = 1.0,
    seed: int = 1,
    tracks: bool = False,
) -> Tracking:
    """Uneven costs and risks about 1 and `risk` for an order of one share, scaled to any quantity."""
    luck = np.random.default_rng(seed)
    path = 1 - np.cumsum(luck.dirichlet(np.ones(steps))) if tracks else np.zeros(steps)
    return Tracking(
        quantity=quantity,
        costs=np.exp(luck.normal(0, 0.5, steps)) * quantity**-power,
        risks=risk / steps * np.exp(luck.normal(0, 0.3, steps)) / quantity**2,
        path=path * quantity,
        power=power,
    )


def conic(case: Tracking) -> float:
    """The least value by a conic solver, trades of either sign allowed."""
    n = cp.Variable(len(case.costs))
    strays = case.quantity - cp.cumsum(n) - case.path
    value = case.costs @ cp.power(cp.abs(n), case.power) + case.risks @ cp.square(strays)
    asked = cp.Problem(cp.Minimize(value), [cp.sum(n) == case.quantity])
    return float(asked.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-12))


def shot(case: Tracking, log_price: float) -> np.ndarray:
    """Trades from the marginal cost of the last backwards: p c n^(p-1) grows by 2 w x a bucket."""
    price, left, trades = math.exp(log_price), 0.0, []
    for cost, risk in zip(case.costs[::-1], [0.0, *case.risks[:-1][::-1]], strict=True):
        price += 2 * risk * left
        trades.append((price / (case.power * cost)) ** (1 / (case.power - 1)))
        left += trades[-1]
    return np.array(trades[::-1])


def by_shooting(case: Tracking) -> np.ndarray:
    low, high = -600.0, 100.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if shot(case, middle).sum() > case.quantity else (middle, high)
    return shot(case, low)


@pytest.mark.parametrize("power", [1.25, 1.5, 1.6, 2.0, 2.5, 3.0])
@pytest.mark.parametrize("risk", [0.0, 0.1, 5.0, 500.0])
@pytest.mark.parametrize("tracks", [False, True])
def test_least_value_is_that_of_a_conic_solver_that_may_trade_back(power: float, risk: float, tracks: bool) -> None:
    case = problem(power=power, risk=risk, tracks=tracks)
    trades, certificate = case.solve()
    assert trades.sum() == pytest.approx(1.0)
    assert trades.min() >= 0
    assert certificate.objective == pytest.approx(case.objective(trades))
    assert certificate.objective == pytest.approx(conic(case), rel=1e-6)
    assert certificate.value < 1e-9


@pytest.mark.parametrize("power", [1.1, 1.5, 1.9, 2.0])
@pytest.mark.parametrize("risk", [1e-6, 0.1, 10.0, 500.0])
@pytest.mark.parametrize("steps", [2, 13, 390])
@pytest.mark.filterwarnings("ignore:overflow")  # Of shots far beyond the quantity.
def test_liquidation_is_the_one_found_by_shooting_from_its_end(power: float, risk: float, steps: int) -> None:
    case = problem(steps, power=power, risk=risk)
    assert case.solve()[0] == pytest.approx(by_shooting(case), abs=2e-7)


@given(
    steps=st.integers(1, 40),
    power=st.floats(1.1, 4.0),
    log_risk=st.floats(-12, 25),
    log_quantity=st.floats(-3, 9),
    seed=st.integers(0, 1_000),
    tracks=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_any_problem_is_solved_to_a_proven_gap(  # noqa: PLR0917
    steps: int, power: float, log_risk: float, log_quantity: float, seed: int, tracks: bool
) -> None:
    quantity = 10**log_quantity
    case = problem(steps, power=power, risk=10**log_risk, quantity=quantity, seed=seed, tracks=tracks)
    trades, certificate = case.solve()
    assert certificate.value < 1e-6
    assert trades.min() >= 0
    assert trades.sum() == pytest.approx(quantity)


def test_bound_is_below_the_value_of_any_trades_and_tight_at_the_optimum() -> None:
    case, luck = problem(), np.random.default_rng(4)
    best, certificate = case.solve()
    assert case.bound(best) == pytest.approx(certificate.objective, rel=1e-9)
    for _ in range(200):
        other = luck.dirichlet(np.ones(12))
        assert case.bound(other) <= certificate.objective * (1 + 1e-12)
        assert case.objective(other) >= certificate.objective


def test_trades_that_are_not_the_optimum_have_a_gap_that_shows_it() -> None:
    case = problem()
    even = np.full(12, 1 / 12)
    assert (case.objective(even) - case.bound(even)) / case.objective(even) > 0.05


def test_without_risk_each_bucket_trades_until_the_next_share_costs_the_same() -> None:
    case = problem(risk=0.0, power=1.5)
    trades, _ = case.solve()
    margin = case.costs * np.sqrt(trades)
    assert margin == pytest.approx(np.full(12, margin[0]))


@pytest.mark.parametrize("tracks", [False, True])
def test_with_risk_beyond_all_measure_the_path_is_kept(tracks: bool) -> None:
    case = problem(risk=1e200, tracks=tracks)
    assert case.left(case.solve()[0])[:-1] == pytest.approx(case.path[:-1], abs=1e-9)


def test_one_bucket_trades_everything() -> None:
    trades, certificate = problem(1, quantity=7.0).solve()
    assert trades.tolist() == [7.0]
    assert certificate.value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quantity": 0.0}, "quantity 0.0"),
        ({"quantity": math.nan}, "quantity nan"),
        ({"power": 1.0}, "power 1.0 .* not convex"),
        ({"power": math.nan}, "power nan"),
        ({"costs": np.array([1.0, 0.0])}, "costs"),
        ({"costs": np.array([1.0, math.nan])}, "costs"),
        ({"risks": np.array([1.0, -1.0])}, "risks"),
        ({"risks": np.array([1.0, math.inf])}, "risks"),
        ({"path": np.array([1.0, math.nan])}, "path"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, object], says: str) -> None:
    sound = {"quantity": 1.0, "costs": np.ones(2), "risks": np.ones(2), "path": np.zeros(2), "power": 1.5}
    with pytest.raises(BadParameter, match=says):
        Tracking(**{**sound, **change})
