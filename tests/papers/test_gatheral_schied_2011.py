"""Gatheral & Schied 2011, "Optimal trade execution under geometric Brownian motion in the Almgren and Chriss
framework", International Journal of Theoretical and Applied Finance 14. Their formulas against Monte Carlo, an equation
solved step by step and a general quadratic solver."""

import math
from decimal import Decimal, getcontext

import cvxpy as cp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nowake.domain.errors import BadParameter
from nowake.schedules.adaptive import GatheralSchiedFeedback, Situation
from nowake.schedules.gatheral_schied import ValueLiquidation, third_remainder

X, T, S, ETA = 100_000.0, 1.0, 50.0, 2e-5


def problem(aversion: float, *, volatility: float = 0.3, stop: bool = False, days: float = T) -> ValueLiquidation:
    return ValueLiquidation(
        quantity=X,
        days=days,
        price=S,
        eta=ETA,
        risk_aversion=aversion,
        volatility=volatility,
        stop_at_zero=stop,
    )


def prices(volatility: float, *, paths: int, steps: int, seed: int = 1) -> np.ndarray:
    """(paths, steps + 1) of a geometric Brownian motion, each with its mirror."""
    draws = np.random.default_rng(seed).standard_normal((paths // 2, steps))
    moves = volatility * math.sqrt(T / steps) * np.concatenate((draws, -draws)) - volatility**2 * T / steps / 2
    return S * np.exp(np.concatenate((np.zeros((paths, 1)), np.cumsum(moves, axis=1)), axis=1))


def paper_path(path: np.ndarray, aversion: float) -> np.ndarray:
    """x_t = (T - t) / T [X - lambda T / (4 eta) integral of S], the integral by the trapezium rule."""
    steps = path.shape[1] - 1
    t = np.linspace(0, T, steps + 1)
    integral = np.concatenate(
        (np.zeros((len(path), 1)), np.cumsum((path[:, 1:] + path[:, :-1]) / 2, axis=1) * T / steps), axis=1
    )
    return (T - t) / T * (X - aversion * T / (4 * ETA) * integral)


def paid(path: np.ndarray, left: np.ndarray, aversion: float) -> tuple[np.ndarray, np.ndarray]:
    """eta integral v^2 and lambda integral x S of each path."""
    h = T / (path.shape[1] - 1)
    held = left * path
    return ETA * (np.diff(left) ** 2).sum(axis=1) / h, aversion * h * ((held[:, 1:] + held[:, :-1]) / 2).sum(axis=1)


@pytest.mark.parametrize("aversion", [0.0, 0.05, 0.3])
def test_the_value_is_what_the_policy_pays_on_average(aversion: float) -> None:
    exact = problem(aversion, volatility=0.5)
    path = prices(0.5, paths=20_000, steps=100)
    cost, waiting = paid(path, paper_path(path, aversion), aversion)
    both = cost + waiting
    half = len(both) // 2
    error = 4 * ((both[:half] + both[half:]) / 2).std() / math.sqrt(half) + 1e-4 * exact.value
    assert both.mean() == pytest.approx(exact.value, abs=error)
    assert cost.mean() == pytest.approx(exact.expected_cost, rel=5e-3)
    assert waiting.mean() == pytest.approx(exact.expected_waiting, rel=1e-2, abs=1e-3 * exact.value)


@pytest.mark.parametrize("other", ["static", "slower to look", "quicker to look", "back-loaded"])
def test_no_other_policy_pays_less_on_the_same_prices(other: str) -> None:
    aversion, path = 0.3, prices(0.5, paths=20_000, steps=100)
    t = np.linspace(0, T, 101)
    best, expected = paper_path(path, aversion), problem(aversion).holdings(t)
    rival = {
        "static": np.broadcast_to(expected, best.shape),
        "slower to look": expected + 0.5 * (best - expected),
        "quicker to look": expected + 1.5 * (best - expected),
        "back-loaded": best + 0.05 * X * np.sin(math.pi * t),
    }[other]
    ours, theirs = (sum(paid(path, left, aversion)) for left in (best, rival))
    gains = (theirs - ours)[: len(path) // 2] + (theirs - ours)[len(path) // 2 :]
    assert gains.mean() > 4 * gains.std() / math.sqrt(len(gains))


def test_what_looking_at_the_price_is_worth_is_the_bracket_less_its_value_at_rest() -> None:
    """Static costs the value at sigma = 0; the policy that looks saves lambda^2 S^2 T^3 / 8 eta (bracket - 1/6)."""
    static, looking = problem(0.3, volatility=0.0), problem(0.3, volatility=0.5)
    times = np.linspace(0, T, 2001)
    trades = -np.diff(static.holdings(times))
    assert static.objective(trades, times) == pytest.approx(static.value, rel=1e-6)
    q = 0.25
    bracket = (math.exp(q) - 1 - q - q**2 / 2) / q**3
    saved = (0.3 * S) ** 2 * T**3 / (8 * ETA) * (bracket - 1 / 6)
    assert static.value - looking.value == pytest.approx(saved)


@pytest.mark.parametrize("q", [0.0, 1e-300, 1e-12, 1e-6, 1e-3, 0.1, 0.499999, 0.5, 1.0, 30.0])
def test_the_bracket_keeps_its_digits(q: float) -> None:
    getcontext().prec = 60
    exact = Decimal(q)
    term, total = Decimal(1) / 6, Decimal(0)
    for k in range(4, 204):
        total, term = total + term, term * exact / k
    assert third_remainder(q) == pytest.approx(float(total), rel=4e-14)


@pytest.mark.parametrize("volatility", [0.0, 1e-9, 0.01, 0.03])
def test_calm_markets_lose_no_digits(volatility: float) -> None:
    """Below sigma^2 T = 1e-3 the printed formula is noise; the series moves by a fraction of sigma^2 T / 24."""
    calm, still = problem(0.3, volatility=volatility), problem(0.3, volatility=0.0)
    expected = (0.3 * S) ** 2 * T**3 / (8 * ETA) * volatility**2 / 24
    assert still.value - calm.value == pytest.approx(expected, rel=1e-3, abs=1e-9 * still.value)


@pytest.mark.parametrize("aversion", [0.0, 0.05, 0.1])
def test_the_rate_follows_the_path_of_the_paper_on_any_prices(aversion: float) -> None:
    """v = x / (T - t) + lambda (T - t) S / 4 eta, as an equation for x, gives the integral formula back."""

    def price(t: float) -> float:
        return S * (1 + 0.2 * math.sin(7 * t))

    policy = GatheralSchiedFeedback(eta=ETA, risk_aversion=aversion, stop_at_zero=False)

    def slope(t: float, x: np.ndarray) -> list[float]:
        at = Situation(
            elapsed_days=t, left_days=T - t, left=float(x[0]), side=-1, arrival=S, price=price(t), volatility=0.3
        )
        return [-policy.rate(at)]

    times = np.linspace(0, 0.9, 10)
    found = solve_ivp(slope, (0, 0.9), [X], t_eval=times, rtol=1e-10, atol=1e-6).y[0]
    integral = S * (times + 0.2 * (1 - np.cos(7 * times)) / 7)
    expected = (T - times) / T * (X - aversion * T / (4 * ETA) * integral)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def test_the_expected_path_is_a_parabola_through_the_middle_the_paper_gives() -> None:
    aversion = 0.1
    halfway = float(problem(aversion).holdings(np.array([T / 2]))[0])
    assert halfway == pytest.approx(X / 2 - aversion * S * T**2 / (16 * ETA))


@pytest.mark.parametrize("aversion", [0.0, 0.1, 1.0, 50.0])
@pytest.mark.parametrize("stop", [False, True])
def test_buckets_are_what_a_general_solver_finds(aversion: float, stop: bool) -> None:
    edges = np.array([0.0, 0.05, 0.2, 0.3, 0.55, 0.8, 1.0])
    lengths, middles = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    x = cp.Variable(6)
    # A share that is traded evenly in a bucket is held until the bucket's middle.
    cost = ETA * X**2 * cp.sum(cp.multiply(1 / lengths, cp.square(x))) + aversion * S * X * (middles @ x)
    found = cp.Problem(cp.Minimize(cost), [cp.sum(x) == 1] + ([x >= 0] if stop else []))
    found.solve(solver=cp.CLARABEL, tol_gap_rel=1e-11, tol_gap_abs=1e-11, tol_feas=1e-11)
    exact = problem(aversion, stop=stop)
    trades = exact.trades(edges)
    assert trades.sum() == pytest.approx(X)
    assert trades.tolist() == pytest.approx((X * x.value).tolist(), abs=1e-5 * X)
    assert exact.objective(trades, edges) == pytest.approx(float(found.value), rel=1e-8)


@pytest.mark.parametrize("aversion", [0.0, 0.1, 1.0])
def test_buckets_trade_the_differences_of_the_path_where_nothing_stops_it(aversion: float) -> None:
    times = np.array([0.0, 0.05, 0.2, 0.55, 1.0])
    exact = problem(aversion)
    assert exact.trades(times).tolist() == pytest.approx((-np.diff(exact.holdings(times))).tolist(), abs=1e-9 * X)


def test_much_risk_aversion_crosses_zero_and_comes_back_or_stops_before() -> None:
    """Crosses at 4 eta X / (lambda S T); stopped, it is a parabola that ends flat at 2 sqrt(eta X / (lambda S))."""
    aversion = 1.0
    crossing, stopping = problem(aversion), problem(aversion, stop=True)
    assert crossing.crossing_days == pytest.approx(4 * ETA * X / (aversion * S * T))
    assert float(crossing.holdings(np.array([crossing.crossing_days]))[0]) == pytest.approx(0.0, abs=1e-9 * X)
    assert crossing.holdings(np.linspace(0, T, 101)).min() < 0
    assert stopping.end_days == pytest.approx(2 * math.sqrt(ETA * X / (aversion * S)))
    left = stopping.holdings(np.linspace(0, T, 2001))
    assert left.min() == 0
    expected = aversion * S / (4 * ETA) * np.maximum(stopping.end_days - np.linspace(0, T, 2001), 0) ** 2
    assert left.tolist() == pytest.approx(expected.tolist(), abs=1e-9 * X)
    edges = np.linspace(0, T, 2001)
    assert stopping.objective(stopping.trades(edges), edges) == pytest.approx(
        stopping.objective(-np.diff(left), edges), rel=1e-4
    )


def test_where_the_path_does_not_cross_stopping_changes_nothing() -> None:
    at = 4 * ETA * X / (S * T**2)
    for aversion in (0.5 * at, 0.999 * at):
        one, other = problem(aversion), problem(aversion, stop=True)
        edges = np.linspace(0, T, 101)
        assert one.crossing_days == T == other.end_days
        assert one.trades(edges).tolist() == pytest.approx(other.trades(edges).tolist(), abs=1e-9 * X)


@pytest.mark.parametrize("aversion", [1e6, 1e12, 1e100])
def test_risk_aversion_beyond_all_measure_does_all_in_the_first_bucket(aversion: float) -> None:
    trades = problem(aversion, stop=True).trades(np.linspace(0, T, 11))
    assert trades.tolist() == [X] + [0.0] * 9


@pytest.mark.parametrize("name", ["quantity", "days", "price", "eta", "risk_aversion", "volatility"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_numbers_no_order_has_are_refused(name: str, value: float) -> None:
    numbers = {"quantity": X, "days": T, "price": S, "eta": ETA, "risk_aversion": 0.1} | {name: value}
    with pytest.raises(BadParameter, match=name):
        ValueLiquidation(**numbers)
