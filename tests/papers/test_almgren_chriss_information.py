"""Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000, sections 3.2 and 4: value at risk,
drift, serial correlation (their Table 2) and a scheduled event; each also against an independent optimisation."""

import itertools
import math

import cvxpy as cp
import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear
from nowake.schedules.almgren_chriss import (
    CorrelatedLiquidation,
    DriftingLiquidation,
    Liquidation,
    NewsLiquidation,
    Outcome,
    least_value_at_risk,
)
from nowake.schedules.almgren_chriss.value_at_risk import residual

# Table 1.
IMPACT = Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.0625)
TABLE_1 = Liquidation(quantity=1e6, days=5.0, steps=5, volatility=0.95, impact=IMPACT, risk_aversion=1e-6)
# DRIP's sample does not round the volatility of 30 % a year.
DRIP = msgspec.structs.replace(TABLE_1, volatility=0.3 / math.sqrt(250) * 50)
DRIFT = 0.02


def best_trades(problem: Liquidation, *, drift: float = 0.0, reverses: bool, z: float | None = None) -> np.ndarray:
    """The optimum by a conic solver from equations 24 and 5, in millions of shares and currency."""
    unit, n = 1e6, cp.Variable(problem.steps)
    x = problem.quantity / unit - cp.cumsum(n)
    cost = problem.eta_tilde / problem.tau * unit * cp.sum_squares(n) - drift * problem.tau * cp.sum(x[:-1])
    weight = problem.volatility * math.sqrt(problem.tau)
    risk = (
        z * weight * cp.norm(x[:-1])
        if z is not None
        else problem.risk_aversion * unit * weight**2 * cp.sum_squares(x[:-1])
    )
    limits = [cp.sum(n) == problem.quantity / unit] + ([] if reverses else [n >= 0])
    cp.Problem(cp.Minimize(cost + risk), limits).solve(solver=cp.CLARABEL, tol_gap_rel=1e-9, tol_feas=1e-9)
    return np.asarray(n.value) * unit


# Section 3.2: value at risk.


def test_least_value_at_risk_is_where_the_frontier_has_the_slope_of_the_confidence() -> None:
    best = least_value_at_risk(TABLE_1, 1.645)
    assert residual(best, 1.645) < 1e-12
    near = [msgspec.structs.replace(best, risk_aversion=best.risk_aversion * factor) for factor in (0.999, 1.001)]
    (low, high) = [(p.expected_cost(), math.sqrt(p.variance())) for p in near]
    assert -(high[0] - low[0]) / (high[1] - low[1]) == pytest.approx(1.645, rel=1e-4)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("z", [0.1, 1.0, 1.645, 2.326])
@pytest.mark.parametrize("steps", [2, 5, 20])
def test_least_value_at_risk_agrees_with_a_second_order_cone_programme(z: float, steps: int) -> None:
    problem = msgspec.structs.replace(TABLE_1, steps=steps)
    best = least_value_at_risk(problem, z)
    other = best_trades(problem, reverses=True, z=z)
    assert best.trades() == pytest.approx(other, abs=40)


def test_larger_orders_are_nearer_the_straight_line_at_one_confidence() -> None:
    # Section 3.2: "large portfolios will be traded closer to the straight-line trajectory".
    kappas = [
        least_value_at_risk(msgspec.structs.replace(TABLE_1, quantity=quantity), 1.645).kappa
        for quantity in (3e5, 1e6, 1e7)
    ]
    assert kappas[0] > kappas[1] > kappas[2]


def test_confidence_of_a_half_or_no_volatility_is_the_straight_line() -> None:
    assert least_value_at_risk(TABLE_1, 0.0).risk_aversion == 0
    assert least_value_at_risk(msgspec.structs.replace(TABLE_1, volatility=0.0), 1.645).risk_aversion == 0


def test_small_order_is_done_at_once_where_its_first_share_kept_risks_more_than_it_saves() -> None:
    # z sigma sqrt(tau) = 2 eta~ X / tau parts the two.
    edge = 1.645 * 0.95 / (2 * TABLE_1.eta_tilde)
    small, large = (msgspec.structs.replace(TABLE_1, quantity=edge * factor) for factor in (0.99, 1.01))
    assert least_value_at_risk(small, 1.645).trades()[0] == pytest.approx(small.quantity, rel=1e-12)
    assert least_value_at_risk(large, 1.645).trades()[0] < 0.999 * large.quantity
    assert best_trades(small, reverses=True, z=1.645)[0] == pytest.approx(small.quantity, rel=1e-4)


def test_value_at_risk_looked_at_again_half_way_asks_for_another_path() -> None:
    best = least_value_at_risk(TABLE_1, 1.645)
    x = best.holdings()
    rest = msgspec.structs.replace(TABLE_1, quantity=float(x[2]), days=3.0, steps=3)
    assert least_value_at_risk(rest, 1.645).holdings()[1] < 0.9 * x[3]


# Section 4.1: drift.


def test_resting_holdings_are_equation_25() -> None:
    drifting = DriftingLiquidation(problem=DRIP, drift=DRIFT)
    assert drifting.resting_holdings == pytest.approx(11_111, abs=0.2)


def test_drift_numbers_of_an_independent_implementation() -> None:
    # The printed output of DRIP's sample OptimalTrajectoryWithDrift.
    drifting = DriftingLiquidation(problem=DRIP, drift=DRIFT)
    assert drifting.holdings() == pytest.approx([1e6, 546_773.1, 296_533.9, 154_454.9, 66_695.6, 0], abs=0.06)
    correction = drifting.holdings() - DRIP.holdings()
    assert correction == pytest.approx([0, 4392.4, 6238.8, 6238.8, 4392.4, 0], abs=0.06)
    assert drifting.gain_bound == pytest.approx(425.2, abs=0.06)
    assert DRIP.variance(drifting.trades()) / 1e6 == pytest.approx(373_678.0, abs=0.06)
    parts = DRIP.cost_parts(drifting.trades())
    assert parts["permanent"] == pytest.approx(87_453.7, abs=0.06)
    assert parts["spread"] + parts["temporary"] == pytest.approx(813_426.8, abs=0.06)
    assert sum(parts.values()) - drifting.earned(drifting.trades()) == pytest.approx(879_591.3, abs=0.06)


def test_gain_bound_is_the_closed_form_below_equation_27_and_bounds_the_gain() -> None:
    drifting = DriftingLiquidation(problem=TABLE_1, drift=DRIFT)
    k, tau, days = TABLE_1.kappa, TABLE_1.tau, TABLE_1.days
    closed = (
        DRIFT * drifting.resting_holdings * days * (1 - tau / days * math.tanh(k * days / 2) / math.tanh(k * tau / 2))
    )
    assert drifting.gain_bound == pytest.approx(closed, rel=1e-12)
    gain = drifting.objective(TABLE_1.trades()) - drifting.objective(drifting.trades())
    assert 0 < gain < drifting.gain_bound


@pytest.mark.parametrize("aversion", [0.0, 1e-12, 1e-9, 1e-7, 1e-6, 1e-4])
@pytest.mark.parametrize("drift", [-2.0, -0.2, -0.02, 0.02, 0.2, 2.0, 20.0])
@pytest.mark.parametrize("reverses", [True, False])
def test_drifting_optimum_agrees_with_a_quadratic_programme(aversion: float, drift: float, reverses: bool) -> None:
    problem = msgspec.structs.replace(TABLE_1, risk_aversion=aversion, steps=8)
    drifting = DriftingLiquidation(problem=problem, drift=drift, may_reverse=reverses)
    other = best_trades(problem, drift=drift, reverses=reverses)
    trades = drifting.trades()
    assert trades.sum() == pytest.approx(1e6)
    assert trades == pytest.approx(other, abs=1e-3 * (1e6 + np.abs(other).max()))
    assert drifting.residual(trades) < 1e-9


def test_drift_between_nothing_and_everything_never_reverses() -> None:
    # Section 4.1: "we require 0 <= xbar <= X in order for all the trades to be in the same direction".
    for rest in (0.0, 0.5e6, 1e6):
        drifting = DriftingLiquidation(problem=TABLE_1, drift=rest * 2 * 1e-6 * 0.95**2, may_reverse=True)
        assert (drifting.trades() >= -1e-6).all()


def test_correction_for_drift_does_not_depend_on_the_size_of_the_order() -> None:
    large = msgspec.structs.replace(TABLE_1, quantity=1e8)
    corrections = [
        DriftingLiquidation(problem=problem, drift=DRIFT).holdings() - problem.holdings()
        for problem in (TABLE_1, large)
    ]
    assert corrections[0] == pytest.approx(corrections[1], rel=1e-6)


@pytest.mark.parametrize("steps", [5, 100_000])
def test_huge_kappa_t_with_drift_rests_at_xbar_without_overflow(steps: int) -> None:
    problem = msgspec.structs.replace(TABLE_1, risk_aversion=1.0, steps=steps)
    drifting = DriftingLiquidation(problem=problem, drift=DRIFT)
    x = drifting.holdings()
    assert np.isfinite(x).all()
    assert x[steps // 2] == pytest.approx(drifting.resting_holdings, rel=1e-3)


def test_drift_that_is_no_number_is_refused() -> None:
    with pytest.raises(BadParameter, match="drift nan"):
        DriftingLiquidation(problem=TABLE_1, drift=math.nan)


# Section 4.2: serial correlation.

# Their Table 2: dollars a day of 39 ten-minute periods, by correlation and by eta.
TABLE_2 = {
    -0.1: (19, 38, 96, 192),
    -0.2: (64, 129, 321, 643),
    -0.5: (257, 514, 1_286, 2_571),
}
ETAS = (2.5e-6, 1.25e-6, 0.5e-6, 0.25e-6)


def ten_minutes(eta: float, correlation: float) -> CorrelatedLiquidation:
    day = Liquidation(
        quantity=1e6,
        days=1.0,
        steps=39,
        volatility=0.95,
        impact=Linear(gamma=0.0, eta=eta, epsilon=0.0625),  # Footnote 18: permanent impact is neglected.
        risk_aversion=0.0,
    )
    return CorrelatedLiquidation(problem=day, correlation=correlation)


@pytest.mark.parametrize(("correlation", "dollars"), TABLE_2.items())
def test_gain_from_correlation_is_table_2(correlation: float, dollars: tuple[int, ...]) -> None:
    found = [39 * ten_minutes(eta, correlation).gain for eta in ETAS]
    # 191.26 is printed as 192, twice the 96 beside it.
    assert found == pytest.approx(dollars, abs=0.8)


def test_heuristic_of_equation_28_understates_positive_and_overstates_negative_correlation() -> None:
    # Footnote 16.
    assert ten_minutes(2.5e-6, 0.5).heuristic_gain < ten_minutes(2.5e-6, 0.5).gain
    assert ten_minutes(2.5e-6, -0.5).heuristic_gain > ten_minutes(2.5e-6, -0.5).gain
    small = ten_minutes(2.5e-6, 1e-4)
    assert small.heuristic_gain == pytest.approx(small.gain, rel=1e-3)


@pytest.mark.parametrize("correlation", [-0.5, 0.3])
def test_shifting_earns_the_gain_in_simulated_prices(correlation: float) -> None:
    case = ten_minutes(2.5e-6, correlation)
    steps, paths, rng = 400, 3_000, np.random.default_rng(5)
    xi = rng.normal(size=(paths, steps))
    for k in range(1, steps):
        xi[:, k] = correlation * xi[:, k - 1] + math.sqrt(1 - correlation**2) * xi[:, k]
    move = 0.95 * math.sqrt(1 / 39) * xi
    # A seller: after a move the wrong way (down) it sells more in the next step. What it sold early it lacks for ever.
    extra = -case.shift * xi[:, :-1]
    bought = -np.cumsum(extra, axis=1)
    # Held from the step in which it trades on: that step's own move comes after the trade.
    earned = (bought * move[:, 1:]).sum(1)
    paid = case.problem.impact.eta * 39 * (extra**2).sum(1)
    gain = (earned - paid) / (steps - 1)
    error = float(gain.std()) / math.sqrt(paths)
    # A window that ends cuts the last few predictions short.
    assert float(gain.mean()) == pytest.approx(case.gain, rel=0.02, abs=4 * error)


@pytest.mark.parametrize("correlation", [-0.9, -0.3, 0.0, 0.3, 0.9])
@pytest.mark.parametrize("aversion", [0.0, 1e-7, 1e-6, 1e-4])
def test_correlated_optimum_agrees_with_a_quadratic_programme(correlation: float, aversion: float) -> None:
    problem = msgspec.structs.replace(TABLE_1, risk_aversion=aversion, steps=12)
    case = CorrelatedLiquidation(problem=problem, correlation=correlation)
    trades = case.trades()
    lags = np.abs(np.subtract.outer(np.arange(11), np.arange(11)))
    root = np.linalg.cholesky(correlation**lags if correlation else np.eye(11))
    n = cp.Variable(12)
    risk = aversion * 1e6 * 0.95**2 * problem.tau * cp.sum_squares(root.T @ (1 - cp.cumsum(n))[:-1])
    value = problem.eta_tilde / problem.tau * 1e6 * cp.sum_squares(n) + risk
    cp.Problem(cp.Minimize(value), [cp.sum(n) == 1, n >= 0]).solve(solver=cp.CLARABEL, tol_gap_rel=1e-11)
    assert trades == pytest.approx(np.asarray(n.value) * 1e6, abs=1e6 * 2e-4)
    assert case.residual(trades) < 1e-8


def test_without_correlation_the_optimum_is_the_closed_form() -> None:
    assert CorrelatedLiquidation(problem=TABLE_1, correlation=0.0).trades() == pytest.approx(TABLE_1.trades())


def test_variance_of_correlated_moves_is_that_of_simulated_prices() -> None:
    case, rng = CorrelatedLiquidation(problem=TABLE_1, correlation=0.4), np.random.default_rng(3)
    trades = case.trades()
    xi = rng.normal(size=(200_000, 5))
    for k in range(1, 5):
        xi[:, k] = 0.4 * xi[:, k - 1] + math.sqrt(1 - 0.4**2) * xi[:, k]
    left = 1e6 - np.cumsum(trades)
    assert float((0.95 * xi @ left).std()) == pytest.approx(math.sqrt(case.variance(trades)), rel=0.01)


@pytest.mark.parametrize("value", [-1.0, 1.0, math.nan])
def test_correlation_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(BadParameter, match="correlation"):
        CorrelatedLiquidation(problem=TABLE_1, correlation=value)


# Section 4.3: a scheduled event, the example of their figure 4.

CALM = msgspec.structs.replace(TABLE_1, volatility=0.95 / 3)  # 10 % a year at first, 5 % or 40 % after two days.
FIGURE_4 = NewsLiquidation(
    problem=CALM,
    steps_before=2,
    outcomes=(Outcome(probability=0.5, volatility_factor=0.5), Outcome(probability=0.5, volatility_factor=4.0)),
)


def compound(case: NewsLiquidation, first: np.ndarray, later: list[np.ndarray]) -> float:
    """E + lambda V of any paths, from equations 1 and 2 step by step: losses of a seller, by outcome."""
    problem, losses, variances = case.problem, [], []
    for outcome, rest in zip(case.outcomes, later, strict=True):
        impact, volatility = problem.impact, problem.volatility
        sold, loss, variance, fallen = 0.0, 0.0, 0.0, 0.0
        for k, n in enumerate(np.concatenate((first, rest))):
            after = k >= len(first)
            eta = impact.eta * (outcome.impact_factor if after else 1)
            gamma = impact.gamma * (outcome.impact_factor if after else 1)
            sigma = volatility * (outcome.volatility_factor if after else 1)
            loss += n * (fallen + impact.epsilon + eta * n / problem.tau)
            fallen += gamma * n
            sold += n
            variance += sigma**2 * problem.tau * (problem.quantity - sold) ** 2
        losses.append(loss)
        variances.append(variance)
    shares = np.array([outcome.probability for outcome in case.outcomes])
    pairs = itertools.product(zip(shares, losses, strict=True), repeat=2)
    spread = 0.5 * sum(p * q * (a - b) ** 2 for (p, a), (q, b) in pairs)
    return float(shares @ losses) + problem.risk_aversion * (float(shares @ variances) + spread)


CASES = [
    FIGURE_4,
    msgspec.structs.replace(
        FIGURE_4,
        outcomes=(
            Outcome(probability=0.2, impact_factor=5.0),
            Outcome(probability=0.3, volatility_factor=2.0, impact_factor=0.5),
            Outcome(probability=0.5),
        ),
    ),
    msgspec.structs.replace(FIGURE_4, problem=TABLE_1, steps_before=4),
]


@pytest.mark.parametrize("case", CASES, ids=["figure 4", "impact too", "late"])
def test_value_of_a_plan_through_news_is_that_of_its_paths_step_by_step(case: NewsLiquidation) -> None:
    at = case.at_event
    first = -np.diff(case.before(at))
    later = [-np.diff(case.after(at, outcome)) for outcome in case.outcomes]
    assert case.value_at(at) == pytest.approx(compound(case, first, later), rel=1e-10)


@pytest.mark.parametrize("case", CASES, ids=["figure 4", "impact too", "late"])
def test_no_change_of_any_path_through_news_is_better(case: NewsLiquidation) -> None:
    at, rng = case.at_event, np.random.default_rng(11)
    first = -np.diff(case.before(at))
    later = [-np.diff(case.after(at, outcome)) for outcome in case.outcomes]
    best = compound(case, first, later)
    for size in (1e2, 1e4, 1e5):
        for _ in range(30):
            nudge = rng.normal(0, size, len(first))
            others = []
            for rest in later:
                moved = rng.normal(0, size, len(rest))
                others.append(rest + moved - (moved.sum() + nudge.sum()) / len(rest))
            # Each leg is the best for itself, as in the paper; a thousandth is what the doubt between outcomes may add.
            assert compound(case, first + nudge, others) >= best * (1 - 1e-3)
    assert case.residual() < 1e-6


@pytest.mark.parametrize("case", CASES, ids=["figure 4", "impact too", "late"])
def test_what_is_left_at_the_event_is_the_least_of_a_fine_grid(case: NewsLiquidation) -> None:
    grid = np.linspace(0, 1e6, 4_001)
    assert case.at_event == pytest.approx(grid[np.argmin([case.value_at(float(x)) for x in grid])], abs=251)


def test_event_without_consequence_is_no_event() -> None:
    nothing = NewsLiquidation(problem=TABLE_1, steps_before=2, outcomes=(Outcome(probability=1.0),))
    assert nothing.expected_path() == pytest.approx(TABLE_1.holdings())
    assert nothing.value_at(nothing.at_event) == pytest.approx(TABLE_1.objective())


def test_figure_4_sells_faster_before_news_that_may_be_wild_and_then_branches() -> None:
    assert FIGURE_4.at_event < CALM.holdings()[2]
    slow, fast = (FIGURE_4.after(FIGURE_4.at_event, outcome) for outcome in FIGURE_4.outcomes)
    assert fast[1] < slow[1]


@pytest.mark.parametrize("outcomes", [(), (Outcome(probability=0.4),), (Outcome(probability=0.6),) * 2])
def test_outcomes_that_do_not_sum_to_one_are_refused(outcomes: tuple[Outcome, ...]) -> None:
    with pytest.raises(BadParameter, match="sum to"):
        NewsLiquidation(problem=TABLE_1, steps_before=2, outcomes=outcomes)


@pytest.mark.parametrize("steps_before", [0, 5, 9])
def test_event_outside_the_window_is_refused(steps_before: int) -> None:
    with pytest.raises(BadParameter, match="inside the window"):
        msgspec.structs.replace(FIGURE_4, steps_before=steps_before)
