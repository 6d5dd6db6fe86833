import itertools
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nowake.domain.errors import BadParameter
from nowake.schedules.transient.quadratic import Quadratic, bounded, cheapest, residual_of


def random_problem(seed: int, n: int, *, total: float = 1_000.0, rank: int | None = None) -> Quadratic:
    root = np.random.default_rng(seed).normal(size=(n, rank or n))
    return Quadratic(matrix=root @ root.T + (0 if rank else 1e-3) * np.eye(n), total=total, constant=7.0)


def by_every_set(problem: Quadratic) -> float:
    """The least over every set of trades that may be the free ones, each by its own linear equations."""
    n, least = len(problem.matrix), np.inf
    for size in range(1, n + 1):
        for free in itertools.combinations(range(n), size):
            part = problem.matrix[np.ix_(free, free)]
            inverse = np.linalg.solve(part, np.ones(size))
            trades = np.zeros(n)
            trades[list(free)] = problem.total * inverse / inverse.sum()
            if trades.min() >= -1e-9 * problem.total:
                least = min(least, problem.objective(trades))
    return least


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 7))
def test_no_set_of_free_trades_is_better_than_the_one_found(seed: int, n: int) -> None:
    problem = random_problem(seed, n)
    found = cheapest(problem, both_ways=False)
    assert found.trades.min() >= 0
    assert found.trades.sum() == pytest.approx(problem.total)
    assert found.certificate.objective == pytest.approx(by_every_set(problem), rel=1e-9)
    assert found.certificate.value < 1e-10


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60))
def test_the_gap_is_a_proof_for_any_trades_whatever(seed: int, n: int) -> None:
    problem = random_problem(seed, n)
    found = cheapest(problem, both_ways=False)
    least = found.certificate.objective * (1 - found.certificate.value)
    shares = np.random.default_rng(seed).dirichlet(np.full(n, 0.3), size=200) * problem.total
    assert min(problem.objective(each) for each in shares) >= least
    assert found.certificate.value < 1e-9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
def test_the_gap_of_trades_that_are_not_the_best_is_no_less_than_what_they_lose(seed: int, n: int) -> None:
    problem = random_problem(seed, n)
    best = cheapest(problem, both_ways=False).certificate.objective
    for trades in np.random.default_rng(seed).dirichlet(np.ones(n), size=10) * problem.total:
        certificate = bounded(problem, trades, 0)
        lost = 1 - best / certificate.objective
        assert 0 < lost <= certificate.value
        # By the definition of the bound, for trades y that all go where the marginal cost is least.
        slope = problem.matrix @ trades
        tangent = certificate.objective + (slope.min() * problem.total - slope @ trades)
        assert certificate.objective * (1 - certificate.value) == pytest.approx(tangent, rel=1e-9, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_with_sales_all_marginal_costs_are_alike_and_it_is_no_dearer(seed: int, n: int) -> None:
    problem = random_problem(seed, n)
    free, kept = cheapest(problem, both_ways=True), cheapest(problem, both_ways=False)
    slope = problem.matrix @ free.trades
    assert slope.tolist() == pytest.approx([slope.mean()] * n, rel=1e-6, abs=1e-6 * np.abs(problem.matrix).max())
    assert free.certificate.objective <= kept.certificate.objective * (1 + 1e-12)
    assert residual_of(problem, free.trades) < 1e-9
    assert free.certificate.value < 1e-9


def gaussian(n: int, number: type = float) -> list[list[float]]:
    """Blocks at even instants under a bell five times narrower than the window."""
    times = [number(k) / number(n - 1) for k in range(n)]
    return [
        [np.exp(-(((s - t) * 5) ** 2) / 2) if number is float else (-(((s - t) * 5) ** 2) / 2).exp() for t in times]
        for s in times
    ]


def least_with_sales(n: int) -> float:
    """1 / (2 1' G^-1 1) in 120 digits, by elimination."""
    with localcontext() as digits:
        digits.prec = 120
        rows = [[*row, Decimal(1)] for row in gaussian(n, Decimal)]
        for i, j in itertools.combinations(range(n), 2):
            share = rows[j][i] / rows[i][i]
            rows[j] = [theirs - share * ours for theirs, ours in zip(rows[j], rows[i], strict=True)]
        found = [Decimal(0)] * n
        for i in reversed(range(n)):
            found[i] = (rows[i][n] - sum(rows[i][k] * found[k] for k in range(i + 1, n))) / rows[i][i]
        return float(1 / sum(found) / 2)


@pytest.mark.parametrize("n", [2, 5, 8, 10, 12])
def test_with_sales_under_a_smooth_kernel_the_certificate_bounds_what_is_lost(n: int) -> None:
    problem = Quadratic(matrix=np.array(gaussian(n)), total=1.0)
    found = cheapest(problem, both_ways=True)
    lost = abs(1 - least_with_sales(n) / found.certificate.objective)
    assert lost <= found.certificate.value + 1e-15
    assert found.certificate.value < 1e-9


@pytest.mark.parametrize("n", [20, 40, 80])
def test_sales_that_would_go_to_and_fro_without_end_are_refused(n: int) -> None:
    """Of 20 blocks the damped trades cost 6 % more than the best, which trade 2,458,386 times the order."""
    problem = Quadratic(matrix=np.array(gaussian(n)), total=1.0)
    with pytest.raises(BadParameter, match=r"are not determined: .*; use fewer trades, or allow no sales"):
        cheapest(problem, both_ways=True)
    kept = cheapest(problem, both_ways=False)
    assert kept.certificate.kind == "duality gap"
    assert kept.certificate.value < 1e-9


def test_round_trips_that_cost_nothing_at_all_are_damped_with_sales_too() -> None:
    """Two trades at one instant: how they share it does not matter, and is even."""
    problem = Quadratic(matrix=np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]]), total=8.0)
    found = cheapest(problem, both_ways=True)
    assert found.damping > 0
    assert found.trades.tolist() == pytest.approx([2.0, 2.0, 4.0], rel=1e-5)
    assert found.certificate.value < 1e-9


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), scale=st.integers(0, 120))
def test_trades_that_are_next_to_nothing_are_certified_to_their_own_digits(seed: int, n: int, scale: int) -> None:
    """All trades but the first are so dear that little of the order goes there: 10^-scale of it."""
    problem = random_problem(seed, n)
    dear = problem.matrix.copy()
    dear[1:, 1:] *= 10.0**scale
    dear[0, 0] += np.abs(dear[0]).sum()
    found = cheapest(Quadratic(matrix=dear, total=1_000.0), both_ways=False)
    assert found.trades.min() >= 0
    assert found.certificate.value < 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 40))
def test_a_cost_that_many_round_trips_share_is_damped_and_stays_next_to_the_best(seed: int, n: int) -> None:
    problem = random_problem(seed, n, rank=3)
    found = cheapest(problem, both_ways=False)
    assert found.damping > 0
    assert found.trades.min() >= 0
    # The proof is of the cost itself, not of the damped one; without a floor the cost may be all but 0.
    scale = float(np.diagonal(problem.matrix).mean()) * problem.total**2
    assert found.certificate.value * found.certificate.objective < 1e-8 * scale


def test_a_multiple_of_all_ones_is_a_constant_and_moves_nothing() -> None:
    problem = random_problem(3, 9)
    lifted = Quadratic(matrix=problem.matrix + 1e6, total=problem.total)
    for both_ways in (True, False):
        ours, theirs = (cheapest(each, both_ways=both_ways).trades for each in (problem, lifted))
        assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-5, abs=1e-5 * problem.total)


def test_a_cost_that_only_falls_below_0_along_the_order_has_an_optimum() -> None:
    """Negative along all ones, but convex for round trips: what a kernel less a constant is."""
    problem = Quadratic(matrix=np.eye(4) - 0.5, total=8.0)
    found = cheapest(problem, both_ways=True)
    assert found.trades.tolist() == pytest.approx([2.0] * 4)
    assert found.certificate.objective == pytest.approx(-8.0)


def test_a_round_trip_that_earns_is_told_with_its_gain() -> None:
    """Buying 5 in the first and selling 5 in the second earns (2 * 1.5 - 2) * 25 / 2 = 12.5 of a matrix 1, 1.5."""
    matrix = np.array([[1.0, 1.5], [1.5, 1.0]])
    with pytest.raises(BadParameter, match=r"a round trip of 2 trades that buys and sells 5 earns 12\.5;"):
        cheapest(Quadratic(matrix=matrix, total=5.0), both_ways=False)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_cost_that_is_no_number_is_refused(wrong: float) -> None:
    matrix = np.eye(3)
    matrix[0, 2] = matrix[2, 0] = wrong
    with pytest.raises(BadParameter, match="NaN or infinity"):
        cheapest(Quadratic(matrix=matrix, total=5.0), both_ways=False)


@pytest.mark.parametrize("own", [0.0, -1.0])
def test_trading_that_costs_nothing_is_refused(own: float) -> None:
    with pytest.raises(BadParameter, match="without one every schedule costs the same"):
        cheapest(Quadratic(matrix=np.diag([own] * 3), total=5.0), both_ways=False)


def test_one_trade_is_the_whole_order() -> None:
    for both_ways in (True, False):
        found = cheapest(Quadratic(matrix=np.array([[2.0]]), total=5.0, constant=1.0), both_ways=both_ways)
        assert found.trades.tolist() == [5.0]
        assert found.certificate.objective == 26.0
        assert found.certificate.value == 0.0
