"""Lorenz & Almgren 2011, "Mean-variance optimal adaptive execution", Applied Mathematical Finance 18, and Almgren &
Lorenz 2007, "Adaptive arrival price": seeing the price, the same risk is had for less cost.

The papers show curves and no tables that were at hand. The policy is held against a direct search over every decision
of a tree, against the single update of 2007 (whose mean and variance are integrals of a normal), against simulation,
and against Almgren and Chriss where luck does not matter."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.schedules.adaptive import LorenzAlmgren, Situation
from nowake.schedules.almgren_chriss import Liquidation


def problem(mu: float, urgency: float, *, steps: int = 20) -> Liquidation:
    """An order of 1 over 1 day with volatility 1, so that eta is the market power; kappa T about the urgency."""
    impact = Linear(gamma=0.0, eta=mu, epsilon=0.0)
    return Liquidation(
        quantity=1.0, days=1.0, steps=steps, volatility=1.0, impact=impact, risk_aversion=mu * urgency**2
    )


def at(left_days: float, left: float, *, adverse: float = 0.0, gained: float = 0.0) -> Situation:
    return Situation(
        elapsed_days=1 - left_days,
        left_days=left_days,
        left=left,
        side=1,
        arrival=100.0,
        price=100.0 + adverse,
        gained=gained,
    )


def walked(policy: LorenzAlmgren, luck: np.ndarray) -> float:
    """The cost of one order, asked step by step as an algorithm asks, in the market of Almgren and Chriss."""
    of = policy.problem
    left, moved, gained = of.quantity, 0.0, 0.0
    for k, draw in enumerate(luck):
        now = Situation(
            elapsed_days=k * of.tau,
            left_days=of.days - k * of.tau,
            left=left,
            side=-1,
            arrival=50.0,
            price=50.0 - moved,
            gained=gained,
        )
        trade = min(left, policy.rate(now) * of.tau) if k < of.steps - 1 else left
        gained -= trade * (moved + of.impact.epsilon + of.impact.eta * trade / of.tau)
        left -= trade
        moved += of.impact.gamma * trade + of.volatility * math.sqrt(of.tau) * draw
    return -gained


def simulated(policy: LorenzAlmgren, *, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    luck = np.random.default_rng(seed).standard_normal((paths // 2, policy.problem.steps))
    luck = np.vstack([luck, -luck])
    fixed = policy.problem.expected_cost() + policy.problem.volatility * math.sqrt(policy.problem.tau) * (
        luck @ policy.problem.holdings()[1:]
    )
    return np.array([walked(policy, each) for each in luck]), fixed


@pytest.mark.parametrize(("mu", "aversion"), [(0.1, 0.9), (0.1, 3.6), (0.3, 0.3), (1.0, 1.0)])
def test_of_three_steps_it_is_the_best_of_all_trees_of_decisions(mu: float, aversion: float) -> None:
    points, weights = np.polynomial.hermite_e.hermegauss(21)
    weights = weights / weights.sum()

    def objective(kept: np.ndarray) -> float:
        first, second = kept[0], kept[1:]
        cost = 3 * mu * ((1 - first) ** 2 + (first - second) ** 2 + second**2) + first * math.sqrt(1 / 3) * points
        mean = weights @ cost
        return float(mean + aversion * (weights @ (cost**2 + second**2 / 3) - mean**2))

    start = np.concatenate([[2 / 3], np.full(21, 1 / 3)])
    best = minimize(objective, start, method="BFGS", options={"gtol": 1e-9})
    of = msgspec.structs.replace(problem(mu, 1.0, steps=3), risk_aversion=aversion)
    policy = LorenzAlmgren.of(of)
    assert best.fun == pytest.approx(policy.expected_cost + aversion * policy.cost_sd**2, rel=1e-3)
    assert best.x[0] == pytest.approx(1 - policy.rate(at(1.0, 1.0)) / 3, abs=5e-3)
    fixed = of.expected_cost() + aversion * of.variance()
    assert best.fun < fixed


@pytest.mark.parametrize(("mu", "urgency"), [(0.02, 6.0), (0.1, 3.0), (0.3, 3.0)])
def test_it_costs_and_risks_what_it_says_and_beats_the_fixed_schedule_of_the_same_risk(
    mu: float, urgency: float
) -> None:
    policy = LorenzAlmgren.of(problem(mu, urgency))
    cost, fixed = simulated(policy, paths=2_000, seed=4)
    aversion, n = policy.problem.risk_aversion, len(cost)
    # Both met the same luck, so their difference is surer than either; the fixed schedule's moments are known.
    spread = (cost - cost.mean()) ** 2 - (fixed - fixed.mean()) ** 2
    difference = cost - fixed + aversion * spread
    known = policy.problem.expected_cost() + aversion * policy.problem.variance()
    said = policy.expected_cost + aversion * policy.cost_sd**2
    assert known + difference.mean() == pytest.approx(said, abs=4 * difference.std() / math.sqrt(n) + 0.01 * said)
    assert cost.mean() == pytest.approx(policy.expected_cost, rel=0.02)
    assert policy.expected_cost < policy.static_cost()
    assert said < known
    # Aggressive in the money: gains are spent, losses run.
    skew = ((cost - cost.mean()) ** 3).mean() / cost.std() ** 3
    assert 0.1 < skew < 3.0


@pytest.mark.parametrize(("mu", "aversion"), [(0.15, 0.5), (0.15, 10.0), (1.0, 2.0), (1.0, 10.0)])
def test_large_and_averse_orders_too_cost_and_risk_what_it_says(mu: float, aversion: float) -> None:
    policy = LorenzAlmgren.of(msgspec.structs.replace(problem(mu, 1.0, steps=30), risk_aversion=aversion))
    cost, _ = simulated(policy, paths=2_000, seed=11)
    pairs = cost.reshape(2, -1).mean(axis=0)
    error = pairs.std() / math.sqrt(len(pairs)) + policy.standard_error
    assert cost.mean() == pytest.approx(policy.expected_cost, abs=4 * error)
    squares = (cost - cost.mean()) ** 2
    error = squares.std() / math.sqrt(len(cost)) / (2 * cost.std()) + policy.cost_sd_error
    assert cost.std() == pytest.approx(policy.cost_sd, abs=4 * error)
    assert 0 < policy.standard_error < 0.005 * policy.expected_cost
    assert 0 < policy.cost_sd_error < 0.01 * policy.cost_sd


def test_another_seed_measures_the_same_within_the_errors() -> None:
    one, other = (LorenzAlmgren.of(problem(0.3, 3.0), seed=seed) for seed in (1, 2))
    error = math.hypot(one.standard_error, other.standard_error)
    assert 0 < abs(one.expected_cost - other.expected_cost) < 4 * error
    assert abs(one.cost_sd - other.cost_sd) < 4 * math.hypot(one.cost_sd_error, other.cost_sd_error)
    assert one.rate(at(0.5, 0.3)) == other.rate(at(0.5, 0.3))


def test_the_single_update_of_2007_lies_between_the_fixed_schedule_and_it() -> None:
    """One look half-way; gains in eight equal chances, a fixed schedule for each; mean and variance in closed form."""
    mu, urgency, steps, looks = 0.1, 4.0, 20, 8
    whole = problem(mu, urgency, steps=steps)
    aversion, half = whole.risk_aversion, steps // 2
    edges = norm.ppf(np.linspace(0, 1, looks + 1))
    luck = looks * (norm.pdf(edges[:-1]) - norm.pdf(edges[1:]))  # Mean of each eighth of a normal.

    def part(quantity: float, n: int, kappa: float) -> tuple[np.ndarray, float]:
        """Holdings of a fixed schedule of n steps of 1 / 20 day, and its impact."""
        times = np.arange(n + 1) / steps
        x = quantity * np.sinh(kappa * (times[-1] - times)) / np.sinh(kappa * times[-1])
        return x, mu * steps * float((np.diff(x) ** 2).sum())

    def objective(kappas: np.ndarray) -> float:
        rates = np.exp(kappas)
        path, _ = part(1.0, steps, rates[0])
        early = path[: half + 1]
        paid = mu * steps * float((np.diff(early) ** 2).sum())
        sd = math.sqrt(float((early[1:] ** 2).sum()) / steps)
        later = [part(early[-1], half, rate) for rate in rates[1:]]
        means = np.array([impact for _, impact in later])
        within = np.mean([float((x[1:] ** 2).sum()) / steps for x, _ in later])
        variance = sd**2 + 2 * sd * float(luck @ means) / looks + means.var() + within
        return paid + float(means.mean()) + aversion * variance

    start = np.full(looks + 1, math.log(urgency))
    single = minimize(objective, start, method="L-BFGS-B", bounds=[(math.log(0.01), math.log(200.0))] * (looks + 1))
    fixed = whole.expected_cost() + aversion * whole.variance()
    policy = LorenzAlmgren.of(whole)
    always = policy.expected_cost + aversion * policy.cost_sd**2
    assert always < single.fun < fixed
    # The more was gained (a low cost so far), the faster.
    assert all(np.diff(single.x[1:]) < 0)
    assert (fixed - single.fun) > 0.1 * (fixed - always)


def test_after_a_gain_it_hurries_and_after_a_loss_it_waits() -> None:
    policy = LorenzAlmgren.of(problem(0.1, 3.0))
    rates = [policy.rate(at(0.5, 0.3, adverse=adverse, gained=-0.1)) for adverse in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    assert all(later < earlier for earlier, later in itertools.pairwise(rates))
    assert rates[0] > 1.2 * rates[2] > 1.2 * rates[4]
    # A gain that was taken counts as one that is still open.
    assert policy.rate(at(0.5, 0.3, gained=0.1)) == pytest.approx(
        policy.rate(at(0.5, 0.3, adverse=-0.2 / 0.3, gained=-0.1))
    )


@pytest.mark.parametrize("urgency", [0.0, 0.3, 3.0, 10.0])
def test_a_small_order_is_traded_as_almgren_and_chriss_would(urgency: float) -> None:
    of = problem(1e-4, urgency)
    policy, x = LorenzAlmgren.of(of), of.holdings()
    for k in (0, 7, 19):
        for adverse in (-1.0, 0.0, 1.0):
            rate = policy.rate(at(1 - k / 20, x[k], adverse=adverse))
            assert rate == pytest.approx(20 * (x[k] - x[k + 1]), rel=1e-2)
    assert policy.expected_cost == pytest.approx(of.expected_cost(), rel=1e-3)
    assert policy.cost_sd == pytest.approx(math.sqrt(of.variance()), rel=1e-3)


def test_spread_and_permanent_impact_are_no_luck() -> None:
    bare = problem(0.1, 3.0)
    tau = bare.tau
    # eta grows with gamma so that eta - gamma tau / 2 stays.
    loaded = msgspec.structs.replace(bare, impact=Linear(gamma=0.4, eta=0.1 + 0.2 * tau, epsilon=0.05))
    one, other = LorenzAlmgren.of(bare), LorenzAlmgren.of(loaded)
    assert other.expected_cost == pytest.approx(one.expected_cost + 0.2 + 0.05)
    luck = np.zeros(20)
    assert walked(other, luck) == pytest.approx(walked(one, luck) + 0.25, rel=1e-4)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("urgency", [0.0, 1e-9, 1.0, 1e6])
def test_it_always_ends(steps: int, urgency: float) -> None:
    policy = LorenzAlmgren.of(problem(0.1, urgency, steps=steps))
    assert policy.rate(at(1 / steps, 0.4)) == pytest.approx(0.4 * steps)
    assert policy.rate(at(0.0, 0.4)) == math.inf
    assert policy.rate(at(0.0, 0.0)) == 0.0
    for left_days, adverse in itertools.product((1.0, 0.77, 0.01), (-50.0, 0.0, 50.0)):
        assert 0 <= policy.rate(at(left_days, 0.4, adverse=adverse)) < math.inf


def test_one_point_is_read_as_arrays_of_them_are() -> None:
    policy = LorenzAlmgren.of(problem(0.3, 2.0))
    luck = np.random.default_rng(3)
    x, adverse = luck.uniform(0.0, 1.0, 200), luck.normal(0.0, 1.0, 200)
    distances = np.array([policy.distance(at(0.5, a, adverse=b)) for a, b in zip(x, adverse, strict=True)])
    table = policy.grid.locate(x, distances).read(policy.pace[10])
    rates = [policy.rate(at(0.5, a, adverse=b)) for a, b in zip(x, adverse, strict=True)]
    assert np.abs(distances).max() < policy.grid.distances[-1, -1]
    assert table * x / 0.5 == pytest.approx(rates)


def test_an_order_in_a_market_is_the_problem_in_its_units() -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    parent = order(300_000, end_s=DAY_SECONDS)
    policy = LorenzAlmgren.calibrated(parent, market, SquareRoot(), risk_aversion=3e-6)
    assert policy.problem.volatility == pytest.approx(2.0)
    assert policy.market_power == pytest.approx(policy.problem.eta_tilde * 300_000 / 2.0)
    assert policy.expected_cost < policy.static_cost()
    assert policy.cost_sd < math.sqrt(policy.problem.variance())


def test_what_it_cannot_serve_is_refused() -> None:
    with pytest.raises(BadParameter, match="volatility 0 leaves nothing to adapt to"):
        LorenzAlmgren.of(msgspec.structs.replace(problem(0.1, 0.0), volatility=0.0))
    with pytest.raises(BadParameter, match="steps 500 must be 200 or fewer"):
        LorenzAlmgren.of(problem(0.1, 1.0, steps=500))
    with pytest.raises(BadParameter, match="risk_aversion nan"):
        msgspec.structs.replace(problem(0.1, 1.0), risk_aversion=math.nan)
