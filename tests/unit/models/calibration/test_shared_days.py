"""Days that share luck over symbols are told from days that do not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from nowake.models.calibration.cluster import doubt_of
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.shared_days import days_share, doubt_by_day, pairs_z
from nowake.models.calibration.solve import solve
from nowake.models.impact import SquareRoot


def test_the_z_of_pairs_is_that_of_all_pairs_written_out() -> None:
    rng = np.random.default_rng(1)
    x, group = rng.standard_normal(40), rng.integers(0, 7, 40)
    pairs = [x[i] * x[j] for i, j in itertools.permutations(range(40), 2) if group[i] == group[j]]
    assert pairs_z(x, group) == pytest.approx(sum(pairs) / math.sqrt(2 * sum(each**2 for each in pairs)))
    assert pairs_z(x, np.arange(40)) == 0


def test_independent_clusters_are_seldom_taken_to_share_and_covariance_by_day_is_the_larger() -> None:
    shared = 0
    for seed in range(60):
        orders = generate_orders(SquareRoot(y=0.8), seed, Design(orders=500, days=20, market=0.0))
        problem = Problem.of(SquareRoot, orders, later=False, spread="half")
        solution = solve(problem)
        shared += days_share(problem, solution, orders.side[problem.rows])
        by_day, by_cell = doubt_by_day(problem, solution, "corrected"), doubt_of(problem, solution)
        assert by_day.se >= by_cell.se * (1 - 1e-9)
        assert by_day.degrees <= 19
    assert shared <= 5


def test_a_few_days_of_flow_on_one_side_are_taken_to_share() -> None:
    orders = generate_orders(SquareRoot(y=0.8), 3, Design(orders=500, days=3, symbols=40, shared=0.0))
    problem = Problem.of(SquareRoot, orders, later=False, spread="half")
    solution = solve(problem)
    assert not days_share(problem, solution, orders.side[problem.rows])
    assert days_share(problem, solution, np.ones(len(problem), dtype=np.int64))
