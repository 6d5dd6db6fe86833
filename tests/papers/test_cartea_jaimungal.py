"""Cartea, Jaimungal & Penalva 2015 (sections 6.5, 7.3, chapter 9), Cartea & Jaimungal 2016, and Almgren 2012.

The book prints figures, not tables of numbers. Its formulas are held here literally, at the parameters of its figures
where the authors' code for chapter 7.3 gives them, and against routes that share nothing with them: the Riccati
equations integrated, quadratic programmes over a fine grid, dynamic programming, and Monte Carlo."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules import AlmgrenChriss
from nowake.schedules.adaptive import (
    CarteaJaimungal,
    MeanReverting,
    OrderFlow,
    RollingHorizon,
    ShortTermAlpha,
    Situation,
    StochasticLiquidity,
    TargetSpeed,
    TargetVolume,
    World,
    walk,
)
from nowake.schedules.adaptive.closed_loop import ClosedLoop
from nowake.schedules.adaptive.expected import expected_trades

# Of the authors' code for the figures of chapter 7.3, in their units.
K, B, KAPPA, PHI, ALPHA, T = 0.001, 0.0001, 10.0, 0.01, 100.0, 1.0
RANDOM = [tuple(np.exp(np.random.default_rng(seed).normal(0, 1.5, 5))) for seed in range(8)]
STEPS = 400


def zeta(k: float, phi: float, terminal: float) -> float:
    root = math.sqrt(k * phi)
    return (terminal + root) / (terminal - root)


@pytest.mark.parametrize("tau", [0.02, 0.3, 1.0])
def test_the_gain_is_the_books_with_its_zeta(tau: float) -> None:
    gamma, z = math.sqrt(PHI / K), zeta(K, PHI, ALPHA - B / 2)
    up, down = math.exp(gamma * tau), math.exp(-gamma * tau)
    loop = ClosedLoop(eta=K, running=PHI, terminal=ALPHA - B / 2, decay=KAPPA)
    assert loop.hold(tau) == pytest.approx(gamma * (z * up + down) / (z * up - down), rel=1e-12)


@pytest.mark.parametrize("tau", [0.02, 0.3, 1.0])
def test_the_lean_on_order_flow_is_the_books(tau: float) -> None:
    gamma, z = math.sqrt(PHI / K), zeta(K, PHI, ALPHA - B / 2)
    up, down = math.exp(gamma * tau), math.exp(-gamma * tau)
    rising = z * up * (1 - math.exp(-(KAPPA + gamma) * tau)) / (KAPPA + gamma)
    falling = down * (1 - math.exp(-(KAPPA - gamma) * tau)) / (KAPPA - gamma)
    reach = (rising - falling) / (z * up - down)
    policy = OrderFlow(
        eta=K, gamma=B, running_penalty=PHI, terminal_penalty=ALPHA, half_life_days=math.log(2) / KAPPA, one_way=False
    )
    there = Situation(elapsed_days=T - tau, left_days=tau, left=1.0, side=-1, arrival=50.0, price=50.0, signal=150.0)
    quiet = msgspec.structs.replace(there, signal=0.0)
    # A seller waits while others buy: b/(2k) l mu less.
    assert policy.rate(quiet) - policy.rate(there) == pytest.approx(B / (2 * K) * reach * 150.0, rel=1e-9)


@pytest.mark.parametrize(("eta", "phi", "terminal", "decay", "tau"), RANDOM)
def test_gains_solve_the_riccati_equations(eta: float, phi: float, terminal: float, decay: float, tau: float) -> None:
    def slope(_: float, y: Floats) -> list[float]:
        return [phi - y[0] ** 2 / eta, 1 - decay * y[1] - y[0] * y[1] / eta]

    found = solve_ivp(slope, (0, tau), [terminal, 0.0], rtol=1e-11, atol=1e-13).y[:, -1]
    loop = ClosedLoop(eta=eta, running=phi, terminal=terminal, decay=decay)
    assert loop.cost_to_go(tau) == pytest.approx(found[0], rel=1e-8)
    assert loop.lean(tau) == pytest.approx(found[1] / (2 * eta), rel=1e-8)


@pytest.mark.parametrize("terminal", [math.inf, 0.7])
@pytest.mark.parametrize("urgency", [0.0, 1e-6, 3e-3, 0.4, 30.0])
@pytest.mark.parametrize("decay", [0.0, 1e-5, 2.0])
def test_reaches_are_their_integrals_from_no_urgency_to_much(terminal: float, urgency: float, decay: float) -> None:
    loop, tau = ClosedLoop(eta=0.3, running=0.3 * urgency**2, terminal=terminal), 0.8

    def y(u: float) -> float:  # Divided by sinh(urgency tau).
        rising = u if urgency == 0 else math.sinh(urgency * u) / urgency
        top = tau if urgency == 0 else math.sinh(urgency * tau) / urgency
        weights = (1.0, 0.0) if math.isinf(terminal) else (terminal, 0.3)
        both = (
            weights[0] * s + weights[1] * c
            for s, c in ((rising, math.cosh(urgency * u)), (top, math.cosh(urgency * tau)))
        )
        value, whole = both
        return value / whole

    faded = quad(lambda u: math.exp(-decay * (tau - u)) * y(u), 0, tau, epsabs=0, epsrel=1e-12)[0]
    assert loop.reach(tau, decay) == pytest.approx(faded, rel=2e-10)
    delayed = quad(lambda u: (tau - u) * y(u), 0, tau, epsabs=0, epsrel=1e-12)[0]
    assert loop.delayed(tau) == pytest.approx(delayed, rel=1e-9)


def test_without_penalties_the_rest_is_traded_evenly_and_a_finite_penalty_leaves_some() -> None:
    assert ClosedLoop(eta=2.0).hold(0.25) == 4.0
    # alpha/(k + alpha tau): all at 1/tau for alpha -> infinity.
    assert ClosedLoop(eta=2.0, terminal=3.0).hold(0.25) == pytest.approx(3 / (2 + 0.75), rel=1e-15)
    assert ClosedLoop(eta=2.0, terminal=3e12).hold(0.25) == pytest.approx(4.0, rel=1e-11)


def test_nothing_overflows_however_urgent() -> None:
    urgent = ClosedLoop(eta=1.0, running=1e12, decay=1e5)
    assert urgent.hold(1.0) == 1e6
    assert urgent.lean(1.0) == pytest.approx(0.5 / (1e6 + 1e5), rel=1e-12)
    assert urgent.in_step(1, 1.0) == 1.0
    assert urgent.in_step(10, 1.0) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("terminal", [math.inf, 0.0, 0.5, 40.0])
@pytest.mark.parametrize(("eta", "phi", "tau"), [(1.0, 0.0, 1.0), (0.3, 2.0, 0.6), (2.0, 500.0, 1.5)])
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_steps_are_the_optimum_of_the_quadratic_programme(
    eta: float, phi: float, tau: float, terminal: float, steps: int
) -> None:
    # Trades n: eta n^2/h + phi h x^2 after each + terminal x_N^2, by the normal equations.
    h = tau / steps
    after = -np.tril(np.ones((steps, steps)))  # Holdings after each are 1 + after @ n.
    hard = 1e9 if math.isinf(terminal) else terminal
    weights = np.full(steps, phi * h)
    weights[-1] += hard
    matrix = np.eye(steps) * eta / h + after.T @ (weights[:, None] * after)
    trades = np.linalg.solve(matrix, -after.T @ weights)
    loop = ClosedLoop(eta=eta, running=phi, terminal=terminal)
    left = 1.0
    for k in range(steps):
        fraction = loop.in_step(steps - k, (steps - k) * h)
        assert left * fraction == pytest.approx(trades[k], rel=1e-6, abs=1e-8)
        left *= 1 - fraction


@pytest.mark.parametrize("risk_aversion", [0.0, 1e-6, 1e-3, 1e6])
@pytest.mark.parametrize("n", [1, 2, 26])
def test_the_plan_is_almgren_chriss_where_the_order_must_be_done(risk_aversion: float, n: int) -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    line, parent = Linear.from_market(market), order(99_991, end_s=DAY_SECONDS)
    ours = CarteaJaimungal.of(parent, market, line, risk_aversion=risk_aversion, n=n).plan(parent, market)
    theirs = AlmgrenChriss(line, risk_aversion, n=n).plan(parent, market)
    # A running total at a half may be rounded either way.
    assert np.abs(np.cumsum(ours.lots) - np.cumsum(theirs.lots)).max() <= 1
    assert ours.expected_cost_bps == pytest.approx(theirs.expected_cost_bps, rel=1e-8)
    assert ours.cost_risk_bps == pytest.approx(theirs.cost_risk_bps, rel=1e-5, abs=1e-12)


def best_path(policy: str, forecast: Floats, *, terminal: float | None) -> Floats:
    """The least of each problem on a fine grid of even steps, by its normal equations; X = 1, T = 1, k = 1."""
    h, n = 1 / STEPS, STEPS
    below = np.tril(np.ones((n, n))) - 0.5 * np.eye(n)  # Shares done by the middle of each step, of trades n.
    middle, one = np.eye(n), np.ones(n)
    if policy == "flow":  # k v^2 + phi x^2 + d x, with x in the middle of each step.
        phi = 4.0
        matrix = middle / h + phi * h * below.T @ below
        linear = below.T @ (phi * h * one + 0.5 * h * forecast)
    elif policy == "speed":  # k v^2 + phi (v - rho mu)^2.
        weight = 9.0
        matrix = (1 + weight) * middle / h
        linear = weight * forecast
    else:  # k v^2 + phi (done - rho V)^2.
        phi = 25.0
        matrix = middle / h + phi * h * below.T @ below
        linear = phi * h * below.T @ forecast
    if terminal is not None:
        return np.asarray(np.linalg.solve(matrix + terminal * np.outer(one, one), linear + terminal * one))
    free = np.linalg.solve(matrix, np.column_stack((linear, one)))
    return np.asarray(free[:, 0] + free[:, 1] * (1 - free[:, 0].sum()) / free[:, 1].sum())


MIDDLES = (np.arange(STEPS) + 0.5) / STEPS


@pytest.mark.parametrize("terminal", [None, 3.0])
@pytest.mark.parametrize("signal", [-1.5, 0.0, 2.0])
def test_the_path_under_order_flow_is_that_of_the_quadratic_programme(signal: float, terminal: float | None) -> None:
    policy = OrderFlow(
        eta=1.0,
        flow_impact=0.5,
        running_penalty=4.0,
        half_life_days=math.log(2) / 3,
        terminal_penalty=terminal,
        one_way=False,
    )
    world = World(eta=1.0, signal=MeanReverting(start=signal, decay=3.0))
    left = walk(policy, world, quantity=1.0, days=1.0, steps=STEPS, paths=1, seed=0).mean_left
    best = best_path("flow", 0.5 * signal * np.exp(-3 * MIDDLES), terminal=terminal)
    assert 1 - left[1:-5] == pytest.approx(np.cumsum(best)[:-5], abs=3e-3)


@pytest.mark.parametrize("move", [-0.4, 0.4])
def test_the_path_of_a_decaying_alpha_is_that_of_the_quadratic_programme(move: float) -> None:
    policy = ShortTermAlpha(eta=1.0, running_penalty=4.0, half_life_days=math.log(2) / 3, move=move, one_way=False)
    start = Situation(elapsed_days=0.0, left_days=1.0, left=1.0, side=1, arrival=0.0, price=0.0)
    done = expected_trades(policy, start, np.full(STEPS, 1 / STEPS))
    best = best_path("flow", 3 * move * np.exp(-3 * MIDDLES), terminal=None)
    assert np.cumsum(done) == pytest.approx(np.cumsum(best), abs=1e-4)


@pytest.mark.parametrize("terminal", [None, 3.0])
@pytest.mark.parametrize("target", ["speed", "volume"])
def test_paths_to_volume_targets_are_those_of_the_quadratic_programme(target: str, terminal: float | None) -> None:
    decay, mean, start, share = 3.0, 8.0, 14.0, 0.1
    common = {"eta": 1.0, "share": share, "mean_rate": mean, "half_life_days": math.log(2) / decay}
    if terminal is not None:
        common["terminal_penalty"] = terminal
    policy = (
        TargetSpeed(closeness=0.9, **common)  # type: ignore[arg-type]
        if target == "speed"
        else TargetVolume(quantity=1.0, catch_up_days=0.2, **common)  # type: ignore[arg-type]
    )
    passed = mean * MIDDLES + (start - mean) * (1 - np.exp(-decay * MIDDLES)) / decay
    world = World(eta=1.0, volume=MeanReverting(start=start, mean=mean, decay=decay))
    left = walk(policy, world, quantity=1.0, days=1.0, steps=STEPS, paths=1, seed=0).mean_left
    now = mean + (start - mean) * np.exp(-decay * MIDDLES)
    forecast = share * (now if target == "speed" else passed)
    best = best_path(target, forecast, terminal=terminal)
    assert 1 - left[1:-5] == pytest.approx(np.cumsum(best)[:-5], abs=3e-3)


def test_a_share_of_all_volume_that_comes_is_followed_where_it_makes_the_order() -> None:
    # 8 shares come and a tenth of them is 0.8 of an order of 0.8: the target is the path.
    for policy in (
        TargetSpeed(eta=1.0, share=0.1, mean_rate=8.0, half_life_days=0.1, closeness=0.5),
        TargetVolume(eta=1.0, share=0.1, mean_rate=8.0, half_life_days=0.1, quantity=0.8),
    ):
        there = Situation(
            elapsed_days=0.4,
            left_days=0.6,
            left=0.48,
            side=1,
            arrival=0.0,
            price=0.0,
            market_rate=8.0,
            market_volume=3.2,
        )
        assert policy.rate(there) == pytest.approx(0.8, rel=1e-9)


def test_the_value_is_what_a_walk_costs_and_no_other_gain_costs_less() -> None:
    world = World(eta=1e-6, gamma=2e-7)
    for terminal in (None, 3e-6):
        policy = CarteaJaimungal(eta=1e-6, gamma=2e-7, running_penalty=1e-5, terminal_penalty=terminal)

        def cost(asked: CarteaJaimungal, terminal: float = terminal or 0.0) -> float:
            walked = walk(asked, world, quantity=1e5, days=1.0, steps=400, paths=1, seed=0)
            return float(walked.penalised(running=1e-5, terminal=terminal)[0])

        best = cost(policy)
        assert best == pytest.approx(policy.cost_to_go(1e5, 1.0), rel=1e-4)
        for factor in (0.9, 1.1):
            assert cost(msgspec.structs.replace(policy, running_penalty=1e-5 * factor)) > best


def test_leaning_on_order_flow_costs_less_than_not_and_than_leaning_wrongly() -> None:
    decay = math.log(2) / 0.1
    world = World(
        eta=1e-6, gamma=2e-7, volatility=0.5, signal=MeanReverting(decay=decay, noise=3e6), signal_effect=2e-7
    )
    policy = OrderFlow(eta=1e-6, gamma=2e-7, running_penalty=1e-6, half_life_days=0.1, one_way=False)

    def costs(**changes: float) -> Floats:
        asked = msgspec.structs.replace(policy, **changes)
        walked = walk(asked, world, quantity=1e5, days=1.0, steps=100, paths=4_000, seed=11)
        return walked.penalised(running=1e-6)

    best = costs()
    for worse in ({"flow_impact": 0.0}, {"flow_impact": 4e-7}, {"half_life_days": 0.02}, {"half_life_days": 0.5}):
        extra = costs(**worse) - best
        assert extra.mean() > 3 * extra.std() / math.sqrt(len(extra))


def test_rolling_horizon_and_almgrens_optimum_are_almgren_chriss_where_nothing_moves() -> None:
    rolling = RollingHorizon(eta=1e-6, risk_aversion=1e-5, mean_rate=1e6)
    steady = StochasticLiquidity(
        eta=1e-6, risk_aversion=1e-5, volatility=1.3, mean_rate=1e6, half_life_days=1e6, spread=1e-5
    )
    loop = ClosedLoop(eta=1e-6, running=1e-5 * 1.3**2)
    for tau in (1e-3, 0.1, 1.0):
        there = Situation(
            elapsed_days=1 - tau,
            left_days=tau,
            left=5e4,
            side=1,
            arrival=0.0,
            price=0.0,
            market_rate=1e6,
            volatility=1.3,
        )
        assert rolling.rate(there) == pytest.approx(5e4 * loop.hold(tau), rel=1e-9)
        assert steady.rate(there) == pytest.approx(5e4 * loop.hold(tau), rel=1e-4)


@pytest.mark.parametrize(("volume", "volatility"), [(2.5e6, 1.3), (2e5, 0.4), (0.0, 1.0)])
def test_rolling_horizon_is_almgren_chriss_of_the_market_of_now(volume: float, volatility: float) -> None:
    policy = RollingHorizon(eta=1e-6, risk_aversion=1e-5, mean_rate=1e6)
    now = Situation(
        elapsed_days=0.6,
        left_days=0.4,
        left=5e4,
        side=1,
        arrival=0.0,
        price=0.0,
        market_rate=volume,
        volatility=volatility,
    )
    # Where nobody trades, impact is without bound, and nothing is worth hurrying for.
    eta = 1e-6 * 1e6 / volume if volume else 1e9
    assert policy.rate(now) == pytest.approx(5e4 * ClosedLoop(eta=eta, running=1e-5 * volatility**2).hold(0.4))


def test_almgrens_optimum_is_that_of_dynamic_programming() -> None:
    # c_k(xi) = min over f of eta e^xi f^2/h + (lambda sigma^2 e^-xi h + E c_{k+1}) (1 - f)^2, on a grid of xi.
    steps, spread, decay, horizon = 1_500, 0.6, math.log(2) / 0.1, 0.5
    h, eta, risk = horizon / steps, 1e-6, 1e-5
    xi = np.linspace(-5 * spread, 5 * spread, 161)
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    kept = math.exp(-decay * h)
    to = kept * xi[:, None] + spread * math.sqrt(1 - kept**2) * nodes
    left, above = np.clip(np.searchsorted(xi, to) - 1, 0, 159), np.empty_like(to)
    above = (np.clip(to, xi[0], xi[-1]) - xi[left]) / (xi[1] - xi[0])
    cost = None
    for _ in range(steps):
        own = eta * np.exp(xi) / h
        if cost is None:
            cost = own
            continue
        mean = ((cost[left] * (1 - above) + cost[left + 1] * above) @ weights) / weights.sum()
        later = mean + risk * np.exp(-xi) * h
        cost = own * later / (own + later)
    assert cost is not None
    policy = StochasticLiquidity(
        eta=eta,
        risk_aversion=risk,
        volatility=1.0,
        mean_rate=1e6,
        half_life_days=0.1,
        spread=spread,
        horizon_days=horizon,
    )
    inner = np.abs(xi) < 2.5 * spread
    ours = policy.gain(horizon, xi) * eta * np.exp(xi)
    assert ours[inner] == pytest.approx(cost[inner], rel=1e-2)


def test_knowing_that_a_lull_may_end_costs_less_than_replanning_and_that_less_than_not_looking() -> None:
    decay, spread, aversion = math.log(2) / 0.05, 0.7, 1e-5
    world = World(
        eta=1e-6,
        volatility=1.0,
        volume=MeanReverting(start=1e6, mean=1e6),
        liquidity=MeanReverting(decay=decay, noise=spread * math.sqrt(2 * decay)),
    )
    policies = (
        StochasticLiquidity(
            eta=1e-6, risk_aversion=aversion, volatility=1.0, mean_rate=1e6, half_life_days=0.05, spread=spread
        ),
        RollingHorizon(eta=1e-6, risk_aversion=aversion, mean_rate=1e6),
        CarteaJaimungal(eta=1e-6, running_penalty=aversion),
    )
    walks = [walk(policy, world, quantity=1e5, days=1.0, steps=100, paths=2_000, seed=3) for policy in policies]
    costs = [walked.cost + aversion * walked.risk for walked in walks]
    for better, worse in itertools.pairwise(costs):
        gap = worse - better
        assert gap.mean() > 3 * gap.std() / math.sqrt(len(gap))
