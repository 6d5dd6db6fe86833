"""Long simulations of known truth: how often intervals hold it, and how often good fits are called bad."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.hawkes import (
    Hawkes,
    HawkesFit,
    bootstrap_hawkes,
    fit_hawkes,
    hawkes_goodness,
    simulate_hawkes,
    single,
)

pytestmark = pytest.mark.study

ONE = single(baseline=0.5, branching=0.6, decay=2.0)
TWO = Hawkes(np.array([0.5, 0.3]), np.array([[0.4, 0.1], [0.3, 0.3]]), np.array(3.0))
BORDER = Hawkes(np.array([0.5, 0.3]), np.array([[0.4, 0.0], [0.3, 0.3]]), np.array(3.0))


def shares(fits: list[HawkesFit], truth: Hawkes) -> dict[str, float]:
    """How often each interval held its truth."""
    held: dict[str, list[bool]] = {}
    for fit in fits:
        pairs = {"ratio": (fit.branching_ratio, truth.branching_ratio)}
        for i in range(truth.dimensions):
            pairs[f"baseline {i}"] = (fit.baseline[i][0], float(truth.baseline[i, 0]))
            for j in range(truth.dimensions):
                pairs[f"branching {i}{j}"] = (fit.branching[i][j], float(truth.branching[i, j]))
        decay = fit.decay[0][0][0]
        if decay is not None:
            pairs["decay"] = (decay, float(truth.decay[0, 0, 0]))
        for name, (measured, wanted) in pairs.items():
            held.setdefault(name, []).append(measured.low <= wanted <= measured.high)
    return {name: float(np.mean(each)) for name, each in held.items()}


@pytest.mark.parametrize("errors", ["information", "robust"])
def test_intervals_of_one_dimension_hold_the_truth_at_95_percent(errors: str) -> None:
    """Seen over 500 windows of some 600 events: 94 to 96 % (information), 93 to 95 % (robust)."""
    fits = [fit_hawkes(simulate_hawkes(ONE, end_s=500.0, seed=seed), errors=errors) for seed in range(500)]  # type: ignore[arg-type]
    for name, share in shares(fits, ONE).items():
        assert 0.92 <= share <= 0.98, name


def test_intervals_near_criticality_hold_the_truth() -> None:
    """Seen over 400 windows, branching ratio 0.9: 95 to 96 %."""
    truth = single(baseline=0.5, branching=0.9, decay=2.0)
    fits = [fit_hawkes(simulate_hawkes(truth, end_s=500.0, seed=seed, warmup_s=200.0)) for seed in range(400)]
    for name, share in shares(fits, truth).items():
        assert 0.92 <= share <= 0.985, name


def test_intervals_of_two_dimensions_hold_the_truth_at_95_percent() -> None:
    """Seen over 400 windows of some 2,000 events: 93 to 96 %."""
    fits = [fit_hawkes(simulate_hawkes(TWO, end_s=1_000.0, seed=seed)) for seed in range(400)]
    for name, share in shares(fits, TWO).items():
        assert 0.92 <= share <= 0.985, name


def test_with_a_truth_on_the_border_intervals_hold_it_no_less_often() -> None:
    """Seen over 400 windows: 94 to 96 %, the ratio 98 %, the entry of 0 99 %."""
    fits = [fit_hawkes(simulate_hawkes(BORDER, end_s=1_000.0, seed=seed)) for seed in range(400)]
    for name, share in shares(fits, BORDER).items():
        assert share >= 0.92, name


def test_simulated_refits_hold_the_truth_too() -> None:
    held = []
    for seed in range(150):
        fit = fit_hawkes(simulate_hawkes(ONE, end_s=500.0, seed=seed))
        interval = bootstrap_hawkes(fit, repeats=100, seed=seed).branching_ratio
        held.append(interval.low <= 0.6 <= interval.high)
    assert 0.89 <= np.mean(held) <= 0.99


def test_refits_make_p_values_even_and_the_textbooks_are_too_large() -> None:
    drawn, textbook = [], []
    for seed in range(150):
        fit = fit_hawkes(simulate_hawkes(ONE, end_s=400.0, seed=seed))
        drawn.append(hawkes_goodness(fit, repeats=39, seed=seed).dimensions[0].ks_p)
        textbook.append(hawkes_goodness(fit).dimensions[0].ks_p)
    assert 0.04 <= np.mean(np.array(drawn) <= 0.1) <= 0.17
    assert np.mean(np.array(textbook) <= 0.1) <= 0.02
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.09)


def test_a_poisson_window_is_rarely_said_to_excite_itself() -> None:
    """Seen over 200 windows of 1,000 events: 7 %, where a fixed decay would give 2.5 %; 1 in 100 gained over 4.3."""
    model = single(baseline=2.0, branching=0.0, decay=1.0)
    fits = [fit_hawkes(simulate_hawkes(model, end_s=500.0, seed=seed)) for seed in range(200)]
    assert np.mean([fit.branching_ratio.low > 0 for fit in fits]) <= 0.12
    assert np.quantile([fit.gain_over_poisson for fit in fits], 0.99) < 6.0
