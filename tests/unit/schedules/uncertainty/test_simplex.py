"""The least of the worst of convex functions, against cvxpy and against limits."""

import cvxpy as cp
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.uncertainty.simplex import gradient, least_of_worst


def quadratics(n: int, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    luck = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        root = luck.normal(size=(n, n))
        made.append((root @ root.T + np.eye(n), luck.normal(size=n)))
    return made


@pytest.mark.parametrize(("n", "count", "seed"), [(5, 1, 1), (5, 4, 2), (26, 8, 3), (40, 3, 4)])
def test_worst_of_quadratics_is_least_where_cvxpy_says(n: int, count: int, seed: int) -> None:
    pairs = quadratics(n, count, seed)
    functions = [lambda x, a=a, b=b: float(x @ a @ x + b @ x) + 10.0 for a, b in pairs]
    shares = cp.Variable(n)
    worst = cp.max(cp.hstack([cp.quad_form(shares, a) + b @ shares + 10.0 for a, b in pairs]))
    problem = cp.Problem(cp.Minimize(worst), [shares >= 0, cp.sum(shares) == 1])
    problem.solve(solver=cp.CLARABEL)
    found = least_of_worst(functions, np.full(n, 1 / n))
    assert problem.value == pytest.approx(found.value, rel=1e-6)
    assert shares.value == pytest.approx(found.shares, abs=2e-4)
    assert found.gap < 1e-6
    assert found.shares.min() >= 0
    assert found.shares.sum() == pytest.approx(1)


def test_weights_of_the_worst_say_which_functions_bind() -> None:
    # max(x, 1 - x) over shares (x, 1 - x): half each, both bind alike.
    found = least_of_worst([lambda x: float(x[0]), lambda x: float(x[1])], np.array([0.9, 0.1]))
    assert found.shares == pytest.approx([0.5, 0.5], abs=1e-6)
    assert found.weights == pytest.approx([0.5, 0.5], abs=1e-6)


def test_too_many_buckets_are_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match=r"151 buckets are too many.*150 or fewer"):
        least_of_worst([lambda x: 1.0], np.full(151, 1 / 151))


def test_gradient_stays_on_the_allowed_side_of_zero() -> None:
    def only_allowed(x: np.ndarray) -> float:
        assert x.min() >= 0
        return float((x**1.5).sum())

    assert gradient(only_allowed, np.array([0.0, 0.25])) == pytest.approx([1e-3, 0.75], rel=1e-5)
