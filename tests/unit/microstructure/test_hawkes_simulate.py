from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nowake.domain.errors import BadParameter, OutOfCapacity
from nowake.microstructure.hawkes import Hawkes, HawkesEvents, PowerLaw, hawkes_residuals, simulate_hawkes, single


def test_the_same_seed_draws_the_same_events_and_another_does_not() -> None:
    model = single(baseline=1.0, branching=0.5, decay=2.0)
    first, again, other = (simulate_hawkes(model, end_s=100.0, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.time_s, again.time_s)
    assert len(first) != len(other) or (first.time_s != other.time_s).any()


def test_drawn_events_are_a_unit_poisson_process_on_the_clock_of_their_own_intensity() -> None:
    model = Hawkes(
        baseline=np.array([[0.5, 2.0], [1.0, 0.3]]),
        alpha=np.array([[[0.2, 0.3], [0.1, 0.0]], [[0.0, 0.2], [0.1, 0.3]]]),
        decay=np.array([0.5, 30.0]),
        edges_s=np.array([1000.0]),
    )
    events = simulate_hawkes(model, end_s=2_000.0, seed=12, warmup_s=50.0)
    for residuals in hawkes_residuals(model, events):
        assert len(residuals) > 3_000
        assert stats.kstest(residuals, "expon").pvalue > 1e-3
        assert abs(np.corrcoef(residuals[1:], residuals[:-1])[0, 1]) < 4 / np.sqrt(len(residuals))


def test_a_wrong_process_is_seen_on_the_same_clock() -> None:
    events = simulate_hawkes(single(baseline=1.0, branching=0.5, decay=2.0), end_s=2_000.0, seed=12, warmup_s=50.0)
    (residuals,) = hawkes_residuals(single(baseline=1.0, branching=0.5, decay=20.0), events)
    assert stats.kstest(residuals, "expon").pvalue < 1e-6


def test_without_offspring_counts_are_poisson() -> None:
    model = Hawkes(np.array([[3.0, 9.0]]), np.zeros((1, 1)), np.array(1.0), np.array([500.0]))
    events = simulate_hawkes(model, end_s=1_000.0, seed=2)
    early = int((events.time_s < 500).sum())
    assert early == pytest.approx(1_500, abs=4 * np.sqrt(1_500))
    assert len(events) - early == pytest.approx(4_500, abs=4 * np.sqrt(4_500))


def test_a_warm_up_brings_the_rate_to_its_long_run_and_without_it_the_window_starts_slower() -> None:
    model = single(baseline=1.0, branching=0.8, decay=1.0)
    cold = np.mean([len(simulate_hawkes(model, end_s=5.0, seed=seed)) for seed in range(300)])
    warm = np.mean([len(simulate_hawkes(model, end_s=5.0, seed=seed, warmup_s=60.0)) for seed in range(300)])
    # E N(5) from nothing: mu [t / (1-n) - n/(1-n)^2 / beta (1 - exp(-beta (1-n) t))] = 25 - 20 (1 - exp(-1)).
    assert cold == pytest.approx(25 - 20 * (1 - np.exp(-1)), abs=1.5)
    assert warm == pytest.approx(25.0, abs=3.5)


def test_history_excites_the_window_and_is_kept() -> None:
    model = single(baseline=0.01, branching=0.5, decay=1.0)
    past = HawkesEvents(-np.linspace(2.0, 0.01, 200), np.zeros(200, np.int64), 1.0, 1)
    events = simulate_hawkes(model, end_s=20.0, seed=1, history=past)
    np.testing.assert_array_equal(events.time_s[:200], past.time_s)
    # Children still to come: 0.5 sum of exp(-age), each with 1 / (1 - 0.5) descendants, and a few immigrants.
    wanted = np.exp(past.time_s).sum() * 0.5 * 2 + 0.4
    assert len(events) == pytest.approx(wanted, abs=4 * np.sqrt(4 * wanted))


def test_a_process_that_explodes_is_refused_drawn_on_demand_and_stopped_at_its_capacity() -> None:
    model = single(baseline=1.0, branching=1.2, decay=1.0)
    with pytest.raises(BadParameter, match=r"1\.2 is not below 1.*allow_explosive"):
        simulate_hawkes(model, end_s=10.0, seed=1)
    assert len(simulate_hawkes(model, end_s=10.0, seed=1, allow_explosive=True)) > 10
    with pytest.raises(OutOfCapacity, match="more than 1,000 events"):
        simulate_hawkes(model, end_s=100.0, seed=1, allow_explosive=True, capacity=1_000)


@pytest.mark.parametrize("times", [{"end_s": 0.0}, {"end_s": np.nan}, {"end_s": 1.0, "warmup_s": -1.0}])
def test_times_out_of_range_are_refused(times: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match="end_s"):
        simulate_hawkes(single(baseline=1.0, branching=0.1, decay=1.0), seed=1, **times)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"baseline": [0.0, 1.0]}, "baseline 0.0 must be finite and above 0"),
        ({"alpha": [[0.1, -0.1], [0.0, 0.0]]}, "alpha -0.1 must be finite and 0 or above"),
        ({"decay": [[1.0, np.nan], [1.0, 1.0]]}, "decay of shape"),
        ({"decay": np.nan}, "decay nan"),
        ({"alpha": [[0.1]]}, "do not fit"),
        ({"edges_s": [3.0]}, "edges_s"),
        ({"baseline": [[1.0, 1.0], [1.0, 1.0]], "edges_s": []}, "edges_s"),
    ],
)
def test_a_process_of_wrong_numbers_is_refused(numbers: dict[str, object], says: str) -> None:
    given = {"baseline": [1.0, 1.0], "alpha": np.full((2, 2), 0.1), "decay": 1.0, "edges_s": [], **numbers}
    with pytest.raises(BadParameter, match=says):
        Hawkes(**{name: np.array(each) for name, each in given.items()})


def test_there_is_no_long_run_at_a_branching_ratio_of_one() -> None:
    with pytest.raises(BadParameter, match="not below 1"):
        single(baseline=1.0, branching=1.0, decay=1.0).rates()


def test_the_branching_ratio_is_the_spectral_radius() -> None:
    # Eigenvalues of [[a, b], [b, a]] are a + b and a - b.
    model = Hawkes(np.ones(2), np.array([[0.3, 0.4], [0.4, 0.3]]), np.array(1.0))
    assert model.branching_ratio == pytest.approx(0.7)


def test_a_power_law_falls_by_its_exponent_from_decade_to_decade() -> None:
    shape = PowerLaw(exponent=0.3, shortest_s=1e-3, terms=24, ratio=2.0)
    times = np.array([0.1, 1.0, 10.0])
    kernel = (shape.shares * shape.decays * np.exp(-shape.decays * times[:, None])).sum(axis=1)
    np.testing.assert_allclose(kernel[:-1] / kernel[1:], 10**1.3, rtol=0.02)
    assert shape.shares.sum() == pytest.approx(1.0)


def test_a_shape_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="ratio above 1"):
        _ = PowerLaw(0.2, 1.0, ratio=1.0).decays


def test_cells_remember_each_source_and_decay_once() -> None:
    shared = Hawkes(np.ones(3), np.full((3, 3, 2), 0.1), np.array([1.0, 5.0]))
    assert len(shared.cells.decay) == 6
    own = Hawkes(np.ones(2), np.full((2, 2, 1), 0.1), np.array([[[1.0], [2.0]], [[3.0], [4.0]]]))
    assert len(own.cells.decay) == 4
    np.testing.assert_allclose(own.cells.weight @ np.ones(4), [0.3, 0.7])
