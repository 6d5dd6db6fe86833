from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import quad
from tests.reference import hawkes as twin
from tests.unit.microstructure.hawkes_cases import random_events, random_process

from nowake.microstructure.hawkes import (
    Hawkes,
    HawkesEvents,
    PowerLaw,
    hawkes_intensity,
    hawkes_residuals,
    log_likelihood,
    simulate_hawkes,
)
from nowake.microstructure.hawkes.likelihood import Layout, block_scores, slopes

SHAPES = [(1, 1, 1), (1, 3, 2), (2, 1, 3), (2, 2, 2), (3, 2, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_the_kernel_and_its_slow_twin_give_one_likelihood(shape: tuple[int, int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_process(rng, dimensions=shape[0], terms=shape[1], pieces=shape[2])
    events = random_events(rng, model)
    wanted = twin.log_likelihood(model, events.time_s, events.kind, events.end_s)
    np.testing.assert_allclose(log_likelihood(model, events), wanted, rtol=1e-11)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_and_its_slow_twin_give_one_intensity_and_one_integral(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(7)
    model = random_process(rng, dimensions=shape[0], terms=shape[1], pieces=shape[2])
    events = random_events(rng, model)
    time_s, kind = events.time_s, events.kind
    dimensions = range(model.dimensions)
    wanted = [[twin.intensity(model, time_s, kind, at, i) for i in dimensions] for at in range(len(time_s))]
    np.testing.assert_allclose(hawkes_intensity(model, time_s, kind), wanted, rtol=1e-11)
    for i, residuals in enumerate(hawkes_residuals(model, events)):
        own = time_s[(time_s >= 0) & (kind == i)]
        sums = [twin.integral(model, time_s, kind, float(end), i) for end in own]
        np.testing.assert_allclose(np.cumsum(residuals), sums, rtol=1e-11)


def test_the_integral_is_that_of_the_intensity_by_quadrature() -> None:
    rng = np.random.default_rng(3)
    model = random_process(rng, dimensions=2, terms=2, pieces=2)
    time_s, kind, end = np.array([-1.0, 0.4, 1.1, 2.0]), np.array([0, 1, 0, 1]), 3.0

    def rate(now: float) -> float:
        past = [(t, int(k)) for t, k in zip(time_s, kind, strict=True) if t < now]
        return twin.baseline(model, 0, now) + sum(twin.kernel(model, 0, j, now - t) for t, j in past)

    breaks = [0.4, 1.1, 2.0, *model.edges_s.tolist()]
    area, _ = quad(rate, 0.0, end, points=[each for each in breaks if each < end], epsabs=1e-12)
    assert twin.integral(model, time_s, kind, end, 0) == pytest.approx(area, abs=1e-9)


LAYOUTS = {
    "a decay for each pair": Layout(2, np.array([8.0]), 2, per_pair=True),
    "decays shared": Layout(2, np.array([8.0]), 2),
    "decays given": Layout(2, np.array([8.0]), 2, given=np.array([1.0, 7.0])),
    "a power law": Layout(
        2, np.array([8.0]), 6, given=PowerLaw(0.2, 0.05, 6).decays, shares=PowerLaw(0.2, 0.05, 6).shares
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_both_slopes_are_those_of_finite_differences(name: str) -> None:
    layout, rng = LAYOUTS[name], np.random.default_rng(11)
    events = random_events(rng, random_process(rng, dimensions=2, terms=2, pieces=2))
    at = np.concatenate(
        (rng.uniform(0.3, 2, 4), rng.uniform(0.05, 0.3, layout.scales), rng.normal(1, 1, layout.decays))
    )
    step = 1e-6
    found = slopes(layout, at, [events])
    ways = step * np.eye(layout.size)
    up, down = ([slopes(layout, at + sign * way, [events]) for way in ways] for sign in (1, -1))
    slope = [(a.value - b.value) / (2 * step) for a, b in zip(up, down, strict=True)]
    curvature = [(a.slope - b.slope) / (2 * step) for a, b in zip(up, down, strict=True)]
    np.testing.assert_allclose(found.slope, slope, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.curvature, curvature, rtol=1e-6, atol=1e-6)
    assert found.value == pytest.approx(log_likelihood(layout.model(at), events), rel=1e-12)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_vector_and_the_process_it_means_are_each_others_inverse(name: str) -> None:
    layout, rng = LAYOUTS[name], np.random.default_rng(5)
    at = rng.uniform(0.1, 1.0, layout.size)
    np.testing.assert_allclose(layout.free(layout.model(at)), at, rtol=1e-12)
    assert len(layout.names()) == layout.size


def test_scores_of_stretches_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(2)
    layout = LAYOUTS["a decay for each pair"]
    events = [random_events(rng, random_process(rng, dimensions=2, terms=2, pieces=2)) for _ in range(2)]
    at = rng.uniform(0.1, 1.0, layout.size)
    whole = slopes(layout, at, events).slope
    np.testing.assert_allclose(block_scores(layout, at, events, 9).sum(axis=0), whole, rtol=1e-9, atol=1e-9)


def test_seconds_or_minutes_shift_the_likelihood_by_the_log_of_the_unit() -> None:
    rng = np.random.default_rng(4)
    model = random_process(rng, dimensions=2, terms=2, pieces=2)
    events = random_events(rng, model)
    slow = dataclasses.replace(model, baseline=model.baseline / 60, decay=model.decay / 60, edges_s=model.edges_s * 60)
    late = dataclasses.replace(events, time_s=events.time_s * 60, end_s=events.end_s * 60)
    shifted = log_likelihood(slow, late) + len(events) * np.log(60)
    assert shifted == pytest.approx(log_likelihood(model, events), rel=1e-12)


def test_the_names_of_dimensions_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    model = random_process(rng, dimensions=3, terms=1, pieces=2)
    events = random_events(rng, model)
    turn = np.array([2, 0, 1])  # What was 2 is now 0.
    back = np.argsort(turn)
    turned = dataclasses.replace(
        model, baseline=model.baseline[turn], alpha=model.alpha[turn][:, turn], decay=model.decay[turn][:, turn]
    )
    moved = dataclasses.replace(events, kind=back[events.kind])
    assert log_likelihood(turned, moved) == pytest.approx(log_likelihood(model, events), rel=1e-12)


def test_without_offspring_it_is_the_likelihood_of_a_poisson_process() -> None:
    model = Hawkes(baseline=np.array([2.0]), alpha=np.zeros((1, 1)), decay=np.array(1.0))
    events = simulate_hawkes(model, end_s=50.0, seed=1)
    assert log_likelihood(model, events) == pytest.approx(len(events) * np.log(2.0) - 100.0, rel=1e-13)


def test_windows_add_up() -> None:
    rng = np.random.default_rng(8)
    model = random_process(rng, dimensions=2, terms=1, pieces=1)
    days = [random_events(rng, model) for _ in range(3)]
    assert log_likelihood(model, days) == pytest.approx(sum(log_likelihood(model, day) for day in days), rel=1e-13)


def test_one_window_cut_in_two_with_its_history_is_the_whole() -> None:
    rng = np.random.default_rng(9)
    model = random_process(rng, dimensions=2, terms=2, pieces=1)
    whole = random_events(rng, model)
    cut = 9.0
    early = whole.time_s <= cut
    first = HawkesEvents(whole.time_s[early], whole.kind[early], cut, 2)
    second = HawkesEvents(whole.time_s - cut, whole.kind, whole.end_s - cut, 2)
    parts = log_likelihood(model, first) + log_likelihood(model, second)
    assert parts == pytest.approx(log_likelihood(model, whole), rel=1e-11)
