"""Bertsimas & Lo 1998, "Optimal control of execution costs", Journal of Financial Markets 1: the best trades under the
linear law, with information, under the linear-percentage law, and within limits.

The paper's tables were not at hand. Its closed forms are held against other routes: cvxpy, dynamic programming on a
grid, simulation, the first-order conditions, and trees of scenarios solved at once."""

from __future__ import annotations

import itertools

import cvxpy as cp
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.bertsimas_lo import LinearLaw, PercentageLaw
from nowake.schedules.bertsimas_lo.limited import levels_needed, limited, signal_levels

W, N = 100_000.0, 20
LAW = LinearLaw(theta=5e-5, gamma=5.0, rho=0.5, signal_sd=0.01)


def paid(law: LinearLaw, trades: np.ndarray, signals: np.ndarray) -> float:
    """The paper's price, walked one trade after the other, without noise."""
    price, total = 0.0, 0.0
    for trade, signal in zip(trades, signals, strict=True):
        total += (price + law.phi * trade + law.gamma * signal) * trade
        price += law.theta * trade + law.gamma * signal
    return total


def test_without_a_signal_the_same_is_traded_in_every_bucket_and_costs_half_theta_w_squared_and_a_little() -> None:
    """theta / 2 W^2 (1 + 1 / T): 5e-5 / 2 * 1e10 * 1.05."""
    assert LAW.path(W, N).tolist() == pytest.approx([W / N] * N)
    plain = LinearLaw(theta=5e-5)
    assert 262_500.0 == pytest.approx(plain.expected_cost(W, N))
    assert 262_500.0 == pytest.approx(paid(plain, plain.path(W, N), np.zeros(N)))


@pytest.mark.parametrize("own", [None, 3e-5, 2e-4])
@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.5, 1.0])
def test_the_path_of_a_fading_signal_is_the_best_of_all_fixed_trades(rho: float, own: float | None) -> None:
    law, signal, n = LinearLaw(theta=5e-5, gamma=5.0, rho=rho, own=own), 0.3, 8
    x = signal * rho ** np.arange(n)
    trades = cp.Variable(n)
    half = 0.5 * law.theta * np.ones((n, n)) + 0.5 * law.psi * np.eye(n)
    drift = law.gamma * np.cumsum(x)
    cp.Problem(
        cp.Minimize(cp.quad_form(trades, cp.psd_wrap(half * 1e4)) + drift * 1e4 @ trades), [cp.sum(trades) == 10.0]
    ).solve(solver=cp.CLARABEL)
    scaled = LinearLaw(theta=law.theta, gamma=5.0, rho=rho, own=own).path(10.0, n, signal)
    assert trades.value == pytest.approx(scaled, rel=1e-4, abs=1e-3 * np.abs(scaled).max())
    assert paid(law, scaled, x) == pytest.approx(law.impact_cost(scaled, signal))


def test_the_recursion_gives_the_papers_closed_forms() -> None:
    values, theta = LAW.values(N), LAW.theta
    k = np.arange(N)
    assert values.a == pytest.approx(theta / 2 * (1 + 1 / (k + 1)))
    assert values.b == pytest.approx([LAW.signal_value(int(each)) for each in k])
    weights = [0.0, *(LAW.rho * values.b[:-1] / (2 * values.a[:-1]))]
    assert weights == pytest.approx([LAW.signal_weight(int(each)) for each in k])


@pytest.mark.parametrize("own", [None, 1e-4])
def test_the_value_of_news_is_that_of_a_tree_of_all_signals(own: float | None) -> None:
    """Two-point news in three buckets; the trades of every node are found together by their normal equations."""
    law = LinearLaw(theta=5e-5, gamma=5.0, rho=0.7, own=own, signal_sd=0.02)
    start, quantity = 0.01, 1000.0
    news = (-law.signal_sd, law.signal_sd)
    # Unknown: the first trade, and the second after each news; the third is what is left.
    second = {up: 1 + place for place, up in enumerate(news)}

    def cost(unknown: np.ndarray) -> float:
        total = 0.0
        for first, then in itertools.product(news, news):
            x = np.array([start, law.rho * start + first, law.rho * (law.rho * start + first) + then])
            early = unknown[0], unknown[second[first]]
            total += paid(law, np.array([*early, quantity - sum(early)]), x) / 4
        return total

    hessian = np.array([[_second_difference(cost, i, j) for j in range(3)] for i in range(3)])
    slope = np.array([(cost(np.eye(3)[i]) - cost(-np.eye(3)[i])) / 2 for i in range(3)])
    best = np.linalg.solve(hessian, -slope)
    assert cost(best) == pytest.approx(law.expected_cost(quantity, 3, start), rel=1e-9)
    assert best[0] == pytest.approx(law.trade(quantity, 3, start), rel=1e-6)


def _second_difference(f, i: int, j: int) -> float:  # type: ignore[no-untyped-def]
    a, b = np.eye(3)[i], np.eye(3)[j]
    return float(f(a + b) - f(a) - f(b) + f(np.zeros(3)))


def simulated(rule, law: LinearLaw, *, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    """Costs of a rule and of even trading on the same signals."""
    luck = np.random.default_rng(seed).standard_normal((paths // 2, N))
    news = law.signal_sd * np.vstack([luck, -luck])
    x, left = np.zeros(paths), np.full(paths, W)
    moved, total, even = np.zeros(paths), np.zeros(paths), np.zeros(paths)
    drifted = np.zeros(paths)
    for t in range(N):
        trade = left if t == N - 1 else rule(t, left, x)
        moved += law.theta * trade + law.gamma * x
        drifted += law.theta * W / N + law.gamma * x
        total += moved * trade
        even += drifted * W / N
        left = left - trade
        x = law.rho * x + news[:, t]
    return total, even


def test_simulation_costs_what_the_value_function_says() -> None:
    law = LinearLaw(theta=5e-5, gamma=5.0, rho=0.5, signal_sd=0.06)
    total, even = simulated(lambda t, left, x: law.trade(left, N - t, x), law, paths=200_000, seed=11)
    # What following the signal saves is surer than what either costs: they share their luck.
    saved = even - total
    said = law.impact_cost(np.full(N, W / N)) - law.expected_cost(W, N)
    assert saved.mean() == pytest.approx(said, abs=4 * saved.std() / np.sqrt(len(saved)))
    assert said > 10_000


def test_the_percentage_law_is_the_best_of_all_fixed_trades() -> None:
    for side, growth, signal in itertools.product((1, -1), (0.999, 1.0, 1.002), (-0.002, 0.0, 0.003)):
        law = PercentageLaw(theta=2e-5, growth=growth, gamma=1.0, rho=0.6, side=side)
        n, quantity = 10, 1000.0
        grown, x = growth ** np.arange(1, n + 1), signal * 0.6 ** np.arange(n)
        trades = cp.Variable(n)
        cost = (side * grown * (1 + x)) @ trades + law.theta * cp.sum(cp.multiply(grown, cp.square(trades)))
        cp.Problem(cp.Minimize(100 * cost), [cp.sum(trades) == quantity]).solve(solver=cp.CLARABEL)
        path = law.path(quantity, n, signal)
        assert path.sum() == pytest.approx(quantity)
        assert trades.value == pytest.approx(path, abs=1e-4 * quantity)
        assert float(cost.value) - side * quantity == pytest.approx(law.cost_of(path, signal), abs=1e-6 * quantity)


def test_the_percentage_laws_value_is_what_simulation_pays() -> None:
    law = PercentageLaw(theta=2e-5, growth=1.001, gamma=1.0, rho=0.6, signal_sd=0.004)
    n, quantity, paths = 10, 1000.0, 200_000
    luck = np.random.default_rng(5)
    rules = law.rules(n).trade
    x, left, total = np.full(paths, 0.003), np.full(paths, quantity), np.zeros(paths)
    price = np.ones(paths)
    for t in range(n):
        # The price of a bucket is drawn after its trade is chosen, as in the paper.
        constant, by_signal, by_left = rules[n - 1 - t]
        trade = constant + by_signal * x + by_left * left
        price = price * np.exp(luck.standard_normal(paths) * 0.01 - 0.5e-4) * law.growth
        total += price * (1 + law.theta * trade + law.gamma * x) * trade
        left, x = left - trade, law.rho * x + law.signal_sd * luck.standard_normal(paths)
    assert left == pytest.approx(0.0, abs=1e-6)
    said = law.expected_cost(quantity, n, 0.003)
    assert (total - quantity).mean() == pytest.approx(said, abs=4 * total.std() / np.sqrt(paths))
    # News is worth something here: fixed trades cost more.
    assert said < law.cost_of(law.path(quantity, n, 0.003), 0.003) - 0.5


def test_within_limits_that_never_bind_dynamic_programming_finds_the_closed_form() -> None:
    law = LinearLaw(theta=5e-5, gamma=5.0, rho=0.5, signal_sd=0.004)
    rule = limited(law, W, 10, cells=4000)
    assert rule.expected_cost() == pytest.approx(law.expected_cost(W, 10), rel=1e-4)
    assert rule.trade(2, 70_000.0, 0.005) == pytest.approx(law.trade(70_000.0, 8, 0.005), rel=0.01)
    assert rule.trade(9, 123.0, 0.005) == 123.0


def test_within_limits_the_rule_is_cheaper_than_cutting_the_free_one_off() -> None:
    law, most = LinearLaw(theta=5e-5, gamma=5.0, rho=0.8, signal_sd=0.08), 8_000.0
    rule = limited(law, W, N, most=most)

    def best(t: int, left: np.ndarray, x: np.ndarray) -> np.ndarray:
        wanted = np.array([rule.trade(t, each, signal) for each, signal in zip(left, x, strict=True)])
        return np.maximum(wanted, left - most * (N - t - 1))

    def cut(t: int, left: np.ndarray, x: np.ndarray) -> np.ndarray:
        wanted = np.clip(law.trade(left, N - t, x), 0.0, np.minimum(left, most))
        return np.maximum(wanted, left - most * (N - t - 1))

    total, even = simulated(best, law, paths=2_000, seed=2)
    cheaper, _ = simulated(cut, law, paths=2_000, seed=2)
    gain = cheaper - total
    assert gain.mean() > 2 * gain.std() / np.sqrt(len(gain))
    # Mostly the cut is nearly as good; where the free rule would sell, it is not.
    assert 0.03 * (even - total).mean() < gain.mean() < 0.1 * (even - total).mean()
    saved = even - total
    said = law.impact_cost(np.full(N, W / N)) - rule.expected_cost()
    assert saved.mean() == pytest.approx(said, abs=4 * saved.std() / np.sqrt(len(saved)))


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.8, 0.99])
def test_levels_of_a_signal_have_its_mean_and_variance_a_bucket_on(rho: float) -> None:
    law = LinearLaw(theta=1e-5, rho=rho, signal_sd=0.3)
    levels, chances = signal_levels(law, levels_needed(law))
    assert chances.sum(axis=1) == pytest.approx(1.0)
    inside = np.abs(rho * levels) + 6 * 0.3 < levels[-1]
    assert (chances @ levels)[inside] == pytest.approx(rho * levels[inside], abs=1e-6)
    spread = chances @ levels**2 - (chances @ levels) ** 2
    assert spread[inside] == pytest.approx(0.09, abs=1e-6)


def by_quadrature(law: LinearLaw, buckets: int, most: float, cells: int, signals: np.ndarray) -> np.ndarray:
    """Cost to come of 1 share, by trying all trades, with 21 points of news and straight lines between 481 signals."""
    news, weights = np.polynomial.hermite_e.hermegauss(21)
    x = np.linspace(-6, 6, 481) * law.signal_sd / np.sqrt(1 - law.rho**2)
    w, moved = np.arange(cells + 1) / cells, law.gamma * x[:, None]
    value = np.where(w > most + 1e-9, 1e9, law.phi * w**2 + moved * w)
    for _ in range(buckets - 1):
        expected = sum(
            weight * np.array([np.interp(law.rho * x + law.signal_sd * each, x, column) for column in value.T]).T
            for each, weight in zip(news, weights / weights.sum(), strict=True)
        )
        best = np.full_like(value, np.inf)
        for s in range(round(min(most, 1.0) * cells) + 1):
            kept = w[: cells + 1 - s]
            cost = w[s] * (law.phi * w[s] + moved) + (law.theta * w[s] + moved) * kept + expected[:, : cells + 1 - s]
            best[:, s:] = np.minimum(best[:, s:], cost)
        value = best
    return np.interp(signals, x, value[:, -1])


@pytest.mark.parametrize(
    ("gamma", "rho", "most"), [(0.5, 0.95, 0.3), (0.5, 0.99, 0.3), (2.0, 0.5, np.inf), (0.1, 0.3, np.inf)]
)
def test_within_limits_it_costs_what_quadrature_over_the_news_says_and_the_certificate_bounds_the_rest(
    gamma: float, rho: float, most: float
) -> None:
    law = LinearLaw(theta=0.1, gamma=gamma, rho=rho, own=0.5, signal_sd=0.1)
    signals = np.array([0.0, 0.1, -0.2])
    rule = limited(law, 1.0, 8, most=most, cells=30)
    slow = by_quadrature(law, 8, most, 30, signals)
    found = np.array([rule.expected_cost(x) for x in signals])
    scale = abs(rule.expected_cost())
    assert slow == pytest.approx(found, abs=min(0.01, rule.certificate.value) * scale + 4e-4)
    finer = limited(law, 1.0, 8, most=most, cells=300)
    off = max(abs(finer.expected_cost(x) - rule.expected_cost(x)) for x in signals)
    assert off < rule.certificate.value * scale
    assert finer.certificate.value < 0.01


def test_the_certificate_counts_levels_that_are_as_few_as_may_be() -> None:
    law = LinearLaw(theta=0.1, gamma=0.5, rho=0.95, own=0.5, signal_sd=0.1)
    few, many = (limited(law, 1.0, 8, most=0.3, cells=300, levels=levels) for levels in (22, 161))
    off = max(abs(few.expected_cost(x) - many.expected_cost(x)) for x in np.linspace(-0.3, 0.3, 13))
    assert 1e-3 < off < 1.05 * few.certificate.value * abs(few.expected_cost())


def test_what_has_no_best_trade_is_refused() -> None:
    with pytest.raises(BadParameter, match="above half the lasting impact 5e-05"):
        LinearLaw(theta=5e-5, own=2e-5)
    with pytest.raises(BadParameter, match=r"rho 1\.5 must be from -1 to 1"):
        LinearLaw(theta=5e-5, rho=1.5)
    with pytest.raises(BadParameter, match="theta nan"):
        LinearLaw(theta=float("nan"))
    with pytest.raises(BadParameter, match="allow 5,000 or more, or 100 buckets"):
        limited(LAW, W, N, most=1_000.0)
    with pytest.raises(BadParameter, match="no standing spread"):
        limited(LinearLaw(theta=5e-5, rho=1.0, signal_sd=0.1), W, N)
    with pytest.raises(BadParameter, match=r"levels 15 of a signal with rho 0\.95 must be 22 to 401"):
        limited(LinearLaw(theta=5e-5, rho=0.95, signal_sd=0.1), W, N, levels=15)
    with pytest.raises(BadParameter, match="use fewer, longer buckets"):
        limited(LinearLaw(theta=5e-5, rho=0.99999, signal_sd=0.1), W, N)
