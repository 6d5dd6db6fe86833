"""Filter, smoother and best path against their slow twins and against every path enumerated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import hmm as twin

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.regimes.chain import Chain, backward, best_path, check_chain, forward, stationary


def random_case(seed: int, rows: int, states: int, spread: float = 3.0) -> tuple[Chain, np.ndarray]:
    rng = np.random.default_rng(seed)
    chain = Chain(rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), states))
    return chain, rng.normal(0, spread, (rows, states))


@given(
    seed=st.integers(0, 10**6), rows=st.integers(1, 60), states=st.integers(1, 5), spread=st.sampled_from([1, 30, 900])
)
def test_the_kernels_say_what_their_slow_twins_say(seed: int, rows: int, states: int, spread: float) -> None:
    chain, densities = random_case(seed, rows, states, spread)
    begins = np.unique(np.append(0, np.random.default_rng(seed).integers(0, rows, 3)))
    found = forward(chain, densities, begins)
    filtered, log_density = twin.forward(*chain, densities, set(begins.tolist()))
    np.testing.assert_allclose(found.probability, filtered, atol=1e-12)
    np.testing.assert_allclose(found.log_density, log_density, rtol=1e-12, atol=1e-12)
    smoothed = backward(chain, found.probability, begins)
    probability, moves = twin.backward(*chain, densities, set(begins.tolist()))
    np.testing.assert_allclose(smoothed.probability, probability, atol=1e-9)
    np.testing.assert_allclose(smoothed.moves, moves, atol=1e-8)
    assert rows - len(begins) == pytest.approx(smoothed.moves.sum())


@pytest.mark.parametrize("seed", range(4))
def test_every_path_enumerated_gives_the_same(seed: int) -> None:
    chain, densities = random_case(seed, 6, 3)
    paths = list(twin.all_paths(*chain, densities))
    joint = np.exp([log for _, log in paths])
    states = np.array([path for path, _ in paths])
    found = forward(chain, densities)
    assert np.log(joint.sum()) == pytest.approx(found.log_likelihood, rel=1e-12)
    for t in range(6):
        share = [joint[states[:, t] == j].sum() / joint.sum() for j in range(3)]
        np.testing.assert_allclose(share, backward(chain, found.probability).probability[t], rtol=1e-10)
    np.testing.assert_array_equal(states[joint.argmax()], best_path(chain, densities))


def test_two_states_filter_as_the_odds_do() -> None:
    """Closed form: odds after a row are its likelihood ratio times (p a + q b) / (p (1-a) + q (1-b))."""
    chain, densities = random_case(3, 40, 2)
    found = forward(chain, densities).probability
    up = chain.start[1]
    for row, probability in zip(densities, found, strict=True):
        odds = np.exp(row[1] - row[0]) * up / (1 - up)
        assert odds / (1 + odds) == pytest.approx(probability[1], rel=1e-10)
        up = probability[0] * chain.transition[0, 1] + probability[1] * chain.transition[1, 1]


def test_going_on_from_a_row_is_as_if_nothing_had_stopped_to_the_last_bit() -> None:
    chain, densities = random_case(8, 50, 4)
    whole = forward(chain, densities)
    rest = forward(chain, densities[20:], before=whole.probability[19])
    np.testing.assert_array_equal(whole.probability[20:], rest.probability)
    np.testing.assert_array_equal(whole.log_density[20:], rest.log_density)


def test_a_row_that_all_but_rules_out_the_reachable_state_underflows_nothing() -> None:
    """Only state 0 can be reached, and the row is e^5000 times likelier in state 1."""
    chain = Chain(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    found = forward(chain, np.array([[-5_000.0, 0.0], [-1.0, 4_000.0]]))
    np.testing.assert_array_equal([[1.0, 0.0], [1.0, 0.0]], found.probability)
    assert -5_001.0 == pytest.approx(found.log_likelihood)


def test_an_impossible_row_is_refused_with_its_number() -> None:
    chain = Chain(np.array([1.0, 0.0]), np.eye(2))
    with pytest.raises(BadData, match="row 1 is impossible"):
        forward(chain, np.array([[0.0, 0.0], [-np.inf, 0.0]]))
    with pytest.raises(BadData, match="no sequence of states"):
        best_path(chain, np.array([[0.0, 0.0], [-np.inf, 0.0]]))


def test_a_new_day_forgets_the_day_before() -> None:
    chain, densities = random_case(5, 30, 3)
    both = forward(chain, densities, np.array([0, 12]))
    np.testing.assert_array_equal(forward(chain, densities[12:]).probability, both.probability[12:])
    path = best_path(chain, densities, np.array([0, 12]))
    halves = best_path(chain, densities[:12]), best_path(chain, densities[12:])
    np.testing.assert_array_equal(np.concatenate(halves), path)


def test_no_rows_are_no_probabilities() -> None:
    chain, densities = random_case(1, 0, 2)
    assert (0, 2) == forward(chain, densities).probability.shape
    assert 0 == len(best_path(chain, densities))


def test_what_are_no_probabilities_is_refused() -> None:
    good = np.array([[0.5, 0.5], [0.1, 0.9]])
    check_chain(Chain(np.array([0.5, 0.5]), good))
    with pytest.raises(BadParameter, match="transition row 1"):
        check_chain(Chain(np.array([0.5, 0.5]), np.array([[0.5, 0.5], [0.2, 0.9]])))
    with pytest.raises(BadParameter, match="do not fit"):
        check_chain(Chain(np.array([0.5, 0.5]), np.eye(3)))
    with pytest.raises(BadParameter, match="never meet"):
        stationary(np.eye(2))


def test_the_long_run_of_two_states_is_the_ratio_of_leaving() -> None:
    np.testing.assert_allclose([0.75, 0.25], stationary(np.array([[0.9, 0.1], [0.3, 0.7]])), rtol=1e-12)


def test_a_state_given_up_for_good_comes_back_where_no_transition_is_exactly_0() -> None:
    """One row at the calm state's mean, then five at the wild one's, 40 widths off: e^-800 is 0 to a number."""
    leave = 1e-12
    chain = Chain(np.array([0.5, 0.5]), np.array([[1 - leave, leave], [leave, 1 - leave]]))
    logs = np.array([[0.0, -800.0]] + 5 * [[-800.0, 0.0]])
    found = forward(chain, logs)
    assert found.probability[-1, 1] == pytest.approx(1.0)
    assert found.log_likelihood == pytest.approx(np.log(0.5) + np.log(leave), rel=1e-9)
