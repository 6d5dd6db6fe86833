"""Hamilton 1989, "A new approach to the economic analysis of nonstationary time series and the business cycle",
Econometrica 57: two states of growth of US output with four autoregressive lags.

The series, and what EViews makes of it (parameters, log likelihood, filtered and smoothed probabilities of a boom), are
those kept in statsmodels' own tests, whose source is read for them. The filter of the paper is ours over the 32
combinations of the last five states."""

from __future__ import annotations

import ast
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from nowake.microstructure.regimes.chain import Chain, backward, forward, stationary

STAY = {0: 0.754673, 1: 1 - 0.095915}
MEANS = np.array([-0.358811, 1.163516])
SIGMA = np.exp(-0.262658)
LAGS = np.array([0.013486, -0.057521, -0.246983, -0.212923])
TUPLES = list(itertools.product((0, 1), repeat=5))  # The state now and the four before it.


def published() -> dict[str, np.ndarray]:
    """The lists of numbers at the top of that file."""
    package = importlib.util.find_spec("statsmodels")
    path = Path(*(package.submodule_search_locations if package else ())) / (
        "tsa/regime_switching/tests/test_markov_autoregression.py"
    )
    if not path.is_file():
        pytest.skip("statsmodels is there without its tests, which hold the published numbers")
    lists = [
        (node.targets[0].id, node.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
    ]
    return {name: np.array(ast.literal_eval(value)) for name, value in lists}


def chance(before: int, after: int) -> float:
    return STAY[before] if before == after else 1 - STAY[before]


def hamilton() -> tuple[Chain, np.ndarray]:
    """The chain of five states together, and the log density of each quarter under each combination."""
    long_run = stationary(np.array([[chance(i, j) for j in (0, 1)] for i in (0, 1)]))
    start = np.array(
        [long_run[states[4]] * np.prod([chance(states[k + 1], states[k]) for k in range(4)]) for states in TUPLES]
    )
    transition = np.array(
        [[chance(old[0], new[0]) * (new[1:] == old[:4]) for new in TUPLES] for old in TUPLES], dtype=np.float64
    )
    growth = published()["rgnp"]
    means = MEANS[np.array(TUPLES)]
    rest = np.array(
        [
            growth[t] - means[:, 0] - (growth[[t - 1, t - 2, t - 3, t - 4]] - means[:, 1:]) @ LAGS
            for t in range(4, len(growth))
        ]
    )
    return Chain(start, transition), -0.5 * (rest / SIGMA) ** 2 - np.log(SIGMA * np.sqrt(2 * np.pi))


def test_the_filter_gives_the_printed_log_likelihood_and_probabilities() -> None:
    chain, densities = hamilton()
    found = forward(chain, densities)
    boom = np.array([states[0] for states in TUPLES])
    assert -181.26339 == pytest.approx(found.log_likelihood, abs=2e-5)
    np.testing.assert_allclose(published()["hamilton_ar4_filtered"], found.probability @ boom, atol=2e-5)


def test_the_smoother_gives_the_printed_probabilities() -> None:
    chain, densities = hamilton()
    found = backward(chain, forward(chain, densities).probability).probability
    boom = np.array([states[0] for states in TUPLES])
    np.testing.assert_allclose(published()["hamilton_ar4_smoothed"], found @ boom, atol=2e-5)
