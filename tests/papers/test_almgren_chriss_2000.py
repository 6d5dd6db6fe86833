"""Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000: its numbers, limits and optimality.

Where the paper's text and its own equations disagree, the equation is tested and the printed number is shown beside it.
"""

import math

import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.schedules.almgren_chriss import Liquidation

# Table 1.
IMPACT = Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.0625)
TABLE_1 = Liquidation(quantity=1e6, days=5.0, steps=5, volatility=0.95, impact=IMPACT, risk_aversion=1e-6)
NAIVE = msgspec.structs.replace(TABLE_1, risk_aversion=0.0)
FRONTIER = [0.0, 1e-15, 1e-9, 1e-7, 1e-6, 2e-6, 1e-5, 1e-3, 1.0, 1e6]


def with_aversion(value: float, *, steps: int = 5) -> Liquidation:
    return msgspec.structs.replace(TABLE_1, risk_aversion=value, steps=steps)


def objective(problem: Liquidation, trades: np.ndarray) -> float:
    return problem.expected_cost(trades) + problem.risk_aversion * problem.variance(trades)


def test_section_3_4_parameters_follow_from_the_market_it_describes() -> None:
    market = MarketState.given(
        price=50, daily_volatility=0.3 / math.sqrt(250), daily_volume=5e6, spread_bps=0.125 / 50 * 1e4
    )
    assert market.volatility == pytest.approx(0.95, abs=0.005)
    model = Linear.from_market(market)
    assert (model.epsilon, model.eta, model.gamma) == pytest.approx((1 / 16, 2.5e-6, 2.5e-7))


def test_section_3_4_fluctuation_of_an_untouched_position() -> None:
    assert TABLE_1.volatility * math.sqrt(TABLE_1.days) == pytest.approx(2.12, abs=0.005)


def test_section_3_4_says_kappa_is_about_0_6_and_kappa_t_about_3() -> None:
    assert TABLE_1.kappa == pytest.approx(0.6, abs=0.01)
    assert TABLE_1.kappa * TABLE_1.days == pytest.approx(3, abs=0.05)
    # Its equation 19 in the limit of no step, and exactly for steps of a day.
    assert math.sqrt(1e-6 * 0.95**2 / 2.5e-6) == pytest.approx(0.6008, abs=5e-5)
    assert TABLE_1.kappa == pytest.approx(0.60708, abs=5e-6)


def test_half_life_is_an_e_folding_time_whatever_its_name() -> None:
    long = msgspec.structs.replace(TABLE_1, days=60.0, steps=60_000)
    path = long.holdings()
    at = round(long.half_life / long.tau)
    assert path[at] / path[0] == pytest.approx(math.exp(-1), rel=1e-3)
    assert path[at] / path[0] != pytest.approx(0.5, rel=0.1)


def test_naive_strategy_is_equations_10_and_11() -> None:
    cost = 0.5 * 2.5e-7 * 1e12 + 0.0625 * 1e6 + (2.5e-6 - 0.5 * 2.5e-7) * 1e12 / 5
    variance = 0.95**2 * 1e12 * 5 / 3 * (1 - 1 / 5) * (1 - 1 / 10)
    assert NAIVE.expected_cost() == pytest.approx(cost) == pytest.approx(662_500)
    assert NAIVE.variance() == pytest.approx(variance)


def test_risk_of_holding_is_not_precisely_twice_that_of_the_naive_strategy() -> None:
    # The paper says "precisely twice"; its equation 11 gives 2.04 for five steps and sqrt(3) without steps.
    holding = 0.95e6 * math.sqrt(5)
    assert holding / math.sqrt(NAIVE.variance()) == pytest.approx(2.0412, abs=5e-5)
    fine = with_aversion(0.0, steps=20_000)
    assert holding / math.sqrt(fine.variance()) == pytest.approx(math.sqrt(3), rel=1e-4)


def test_static_holdings_are_11_000_shares_as_in_table_1_not_the_1_100_of_section_4_1() -> None:
    assert 0.02 / (2 * 1e-6 * 0.95**2) == pytest.approx(11_080, abs=1)


# The frontier of table 1 as DRIP's sample EfficientFrontierNoDrift prints it: lambda per million dollars, expected cost
# in millions, variance in millions squared, objective, and the "half-life" in days. The paper only draws its frontier.
DRIP_FRONTIER = [
    (0.001, 0.6625, 1.0812, 0.6636, 51.30),
    (0.002, 0.6625, 1.0794, 0.6647, 36.27),
    (0.005, 0.6625, 1.0740, 0.6679, 22.94),
    (0.009, 0.6626, 1.0669, 0.6722, 17.10),
    (0.250, 0.6996, 0.7513, 0.8875, 3.26),
    (0.500, 0.7681, 0.5634, 1.0498, 2.31),
    (0.750, 0.8412, 0.4448, 1.1748, 1.89),
    (1.000, 0.9112, 0.3641, 1.2754, 1.65),
    (1.500, 1.0358, 0.2626, 1.4296, 1.35),
    (2.000, 1.1407, 0.2019, 1.5446, 1.18),
    (3.000, 1.3071, 0.1338, 1.7085, 0.98),
    (4.000, 1.4341, 0.0970, 1.8223, 0.86),
]


@pytest.mark.parametrize("row", DRIP_FRONTIER)
def test_frontier_points_of_an_independent_implementation(row: tuple[float, ...]) -> None:
    aversion, cost, variance, value, half_life = row
    problem = with_aversion(aversion * 1e-6)
    assert problem.expected_cost() / 1e6 == pytest.approx(cost, abs=6e-5)
    assert problem.variance() / 1e12 == pytest.approx(variance, abs=6e-5)
    assert problem.objective() / 1e6 == pytest.approx(value, abs=6e-5)
    assert problem.half_life == pytest.approx(half_life, abs=6e-3)


@pytest.mark.parametrize("aversion", FRONTIER)
@pytest.mark.parametrize("steps", [1, 2, 5, 390])
def test_residual_tells_the_optimum_from_other_trades(aversion: float, steps: int) -> None:
    problem = with_aversion(aversion, steps=steps)
    assert problem.residual(problem.trades()) < 1e-10
    if steps > 1 and aversion > 1e-9:
        assert problem.residual(NAIVE.quantity * np.full(steps, 1 / steps)) > 1e-5


@pytest.mark.parametrize("aversion", FRONTIER)
@pytest.mark.parametrize("steps", [2, 5, 390])
def test_path_solves_the_difference_equation_16(aversion: float, steps: int) -> None:
    problem = with_aversion(aversion, steps=steps)
    x, tau = problem.holdings(), problem.tau
    assert (x[0], x[-1]) == (1e6, 0)
    assert np.all(np.diff(x) <= 0)
    left = (x[:-2] - 2 * x[1:-1] + x[2:]) / tau**2
    kappa_tilde_squared = aversion * 0.95**2 / problem.eta_tilde
    # Compared in units of the largest term, for second differences of a straight line are all rounding.
    scale = (x[:-2] + x[2:]) / tau**2
    assert np.all(np.abs(left - kappa_tilde_squared * x[1:-1]) <= 1e-12 * scale + 1e-300)


@pytest.mark.parametrize("aversion", FRONTIER)
@pytest.mark.parametrize("steps", [2, 5, 390])
def test_optimum_agrees_with_a_linear_solve_of_the_same_objective(aversion: float, steps: int) -> None:
    problem = with_aversion(aversion, steps=steps)
    # E + lambda V in the trades n: n' (eta~/tau I + lambda sigma^2 tau L' L) n + linear, subject to 1' n = X, where
    # L takes trades to the holdings after each. Solved through its Karush-Kuhn-Tucker system.
    after = np.triu(np.ones((steps, steps)), 1)
    hessian = problem.eta_tilde / problem.tau * np.eye(steps) + aversion * 0.95**2 * problem.tau * after.T @ after
    scale = float(np.abs(hessian).max())
    system = np.block([[hessian / scale, np.ones((steps, 1))], [np.ones((1, steps)), np.zeros((1, 1))]])
    solved = np.linalg.solve(system, np.append(np.zeros(steps), 1e6))[:-1]
    assert -np.diff(problem.holdings()) == pytest.approx(solved, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("aversion", [0.0, 1e-7, 1e-6, 1e-4])
def test_no_perturbation_beats_the_optimum(aversion: float) -> None:
    problem = with_aversion(aversion)
    best = -np.diff(problem.holdings())
    rng = np.random.default_rng(17)
    for size in (1.0, 1e3, 1e5):
        for _ in range(50):
            nudge = rng.normal(0, size, 5)
            nudge -= nudge.mean()  # The whole order is still sold.
            assert objective(problem, best + nudge) >= objective(problem, best) * (1 - 1e-14)


@pytest.mark.parametrize("aversion", FRONTIER)
@pytest.mark.parametrize("steps", [1, 2, 5, 390])
def test_equation_20_agrees_with_the_sums(aversion: float, steps: int) -> None:
    problem = with_aversion(aversion, steps=steps)
    cost, variance = problem.closed_form()
    assert cost == pytest.approx(problem.expected_cost(), rel=1e-7)
    assert variance == pytest.approx(problem.variance(), rel=1e-6, abs=1e-9)


def test_cost_and_variance_are_those_of_simulated_prices() -> None:
    rng = np.random.default_rng(23)
    trades = -np.diff(TABLE_1.holdings())
    noise = rng.normal(0, 0.95, (200_000, 5))
    # Equations 1 and 2, step by step, for a sale: the shortfall is what the position was worth less what it fetched.
    price, captured = np.full(200_000, 50.0), np.zeros(200_000)
    for k, n in enumerate(trades):
        captured += n * (price - 0.0625 - 2.5e-6 * n)
        price = price + noise[:, k] - 2.5e-7 * n
    shortfall = 50e6 - captured
    assert float(shortfall.mean()) == pytest.approx(TABLE_1.expected_cost(), rel=0.01)
    assert float(shortfall.std()) == pytest.approx(math.sqrt(TABLE_1.variance()), rel=0.01)


def test_without_risk_aversion_the_path_is_a_straight_line() -> None:
    assert NAIVE.holdings().tolist() == pytest.approx([1e6, 8e5, 6e5, 4e5, 2e5, 0])
    assert (NAIVE.kappa, NAIVE.half_life) == (0.0, math.inf)


@pytest.mark.parametrize("aversion", [5e-324, 1e-300, 1e-40, 1e-20])
def test_vanishing_risk_aversion_tends_to_the_straight_line(aversion: float) -> None:
    assert with_aversion(aversion).holdings() == pytest.approx(NAIVE.holdings(), rel=1e-9)


@pytest.mark.parametrize("aversion", [1e4, 1e100, 1e300])
@pytest.mark.parametrize("steps", [5, 2_000])
def test_huge_kappa_t_sells_all_at_once_without_overflow(aversion: float, steps: int) -> None:
    problem = with_aversion(aversion, steps=steps)
    assert problem.kappa * problem.days > 100
    assert np.all(np.isfinite(problem.holdings()))
    assert math.isfinite(problem.expected_cost())
    assert all(map(math.isfinite, problem.closed_form()))
    assert problem.done()[0] > 0.99


def test_kappa_t_of_a_thousand_is_finite_where_sinh_overflows() -> None:
    problem = with_aversion(0.1, steps=100_000)
    assert problem.kappa * problem.days > 700
    x = problem.holdings()
    assert x[1] / x[0] == pytest.approx(math.exp(-problem.kappa * problem.tau))


def test_all_at_once_is_equation_13() -> None:
    problem = with_aversion(1e12)
    assert problem.expected_cost() == pytest.approx(0.0625 * 1e6 + 2.5e-6 * 1e12)
    assert problem.variance() == pytest.approx(0, abs=1e-3)


def test_negative_risk_aversion_is_refused_for_it_costs_and_risks_more() -> None:
    with pytest.raises(BadParameter, match="costs and risks more than TWAP"):
        with_aversion(-2e-7)
    # The paper's trajectory C, computed here: x_j = X sin(w (T - t)) / sin(w T).
    w = 2 * math.asin(0.5 * 0.95 * math.sqrt(2e-7 / NAIVE.eta_tilde))
    trades = -np.diff(1e6 * np.sin(w * np.arange(5, -1, -1)) / math.sin(5 * w))
    assert NAIVE.expected_cost(trades) > NAIVE.expected_cost()
    assert NAIVE.variance(trades) > NAIVE.variance()


def test_eta_tilde_at_or_below_zero_is_refused_with_the_steps_that_would_do() -> None:
    impact = Linear(gamma=1e-6, eta=1e-6, epsilon=0.0)
    with pytest.raises(BadParameter, match=r"must be above 0.*not convex.*use more than 2\.5 buckets"):
        Liquidation(quantity=1e6, days=5, steps=2, volatility=1, impact=impact, risk_aversion=0)
    Liquidation(quantity=1e6, days=5, steps=3, volatility=1, impact=impact, risk_aversion=0)


def test_without_temporary_impact_there_is_no_optimum() -> None:
    with pytest.raises(BadParameter, match="give an impact model with eta above 0"):
        msgspec.structs.replace(TABLE_1, impact=Linear(gamma=1e-7, eta=0.0, epsilon=0.0))


def test_replanning_half_way_continues_the_same_path() -> None:
    # The theorem of section 3.1.
    x = TABLE_1.holdings()
    rest = msgspec.structs.replace(TABLE_1, quantity=float(x[2]), days=3.0, steps=3)
    assert rest.holdings() == pytest.approx(x[2:])


@pytest.mark.parametrize(
    "change",
    [{"quantity": 0.0}, {"days": 0.0}, {"steps": 0}, {"volatility": -1.0}, {"risk_aversion": math.nan}],
)
def test_problem_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadParameter):
        msgspec.structs.replace(TABLE_1, **change)
