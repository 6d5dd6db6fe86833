from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.hawkes import (
    Hawkes,
    HawkesEvents,
    PowerLaw,
    bootstrap_hawkes,
    fit_hawkes,
    log_likelihood,
    select_hawkes,
    simulate_hawkes,
    single,
)

ONE = single(baseline=0.5, branching=0.6, decay=2.0)
TWO = Hawkes(np.array([0.5, 0.3]), np.array([[0.4, 0.0], [0.3, 0.3]]), np.array(3.0))


def z(measurement: object, truth: float) -> float:
    """How many errors the estimate is off."""
    value, low, high = (getattr(measurement, name) for name in ("value", "low", "high"))
    half = (high - value) if truth > value else (value - low)
    return abs(value - truth) / max(half / 1.96, 1e-12)


@pytest.fixture(scope="module")
def events() -> HawkesEvents:
    return simulate_hawkes(ONE, end_s=1_500.0, seed=1, warmup_s=20.0)


def test_the_summit_is_the_one_an_optimiser_without_slopes_finds(events: HawkesEvents) -> None:
    def down(numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        mu, alpha, beta = np.exp(numbers).tolist()
        return -log_likelihood(single(baseline=mu, branching=alpha, decay=beta), events)

    options = {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 2_000}
    found = minimize(down, np.log([1.0, 0.3, 5.0]), method="Nelder-Mead", options=options)
    fit = fit_hawkes(events)
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-8)
    values = [fit.baseline[0][0].value, fit.alpha[0][0][0].value, fit.model.decay[0, 0, 0]]
    np.testing.assert_allclose(values, np.exp(found.x), rtol=1e-5)


def test_errors_are_those_of_the_curvature_by_differences(events: HawkesEvents) -> None:
    fit = fit_hawkes(events)
    step = 1e-4

    def value(at: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return log_likelihood(single(baseline=at[0], branching=at[1], decay=float(np.exp(at[2]))), events)

    ways = step * np.eye(3)
    curvature = [
        [
            (
                value(fit.vector + a + b)
                - value(fit.vector + a - b)
                - value(fit.vector - a + b)
                + value(fit.vector - a - b)
            )
            / (4 * step**2)
            for a in ways
        ]
        for b in ways
    ]
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(-np.array(curvature)), rtol=1e-3)


def test_truth_lies_within_a_few_errors_in_two_dimensions() -> None:
    fit = fit_hawkes(simulate_hawkes(TWO, end_s=4_000.0, seed=3))
    for i in range(2):
        assert z(fit.baseline[i][0], float(TWO.baseline[i, 0])) < 3.5
        for j in range(2):
            assert z(fit.branching[i][j], float(TWO.branching[i, j])) < 3.5
    decay = fit.decay[0][0][0]
    assert decay is not None
    assert z(decay, 3.0) < 3.5
    assert fit.branching_ratio.low <= 0.4 <= fit.branching_ratio.high


def test_intervals_hold_the_truth_at_about_their_level_quick() -> None:
    """`test_hawkes_studies` does this at length."""
    held = 0
    for seed in range(60):
        fit = fit_hawkes(simulate_hawkes(ONE, end_s=400.0, seed=seed))
        held += fit.branching_ratio.low <= 0.6 <= fit.branching_ratio.high
    assert held >= 51  # Of 60 at 95 %: fewer has a chance of 1 in 1,000.


def test_a_poisson_process_has_no_branching_that_is_surely_there() -> None:
    model = single(baseline=2.0, branching=0.0, decay=1.0)
    fits = [fit_hawkes(simulate_hawkes(model, end_s=150.0, seed=seed)) for seed in range(30)]
    assert sum(fit.branching_ratio.low > 0 for fit in fits) <= 6  # The decay is chosen too: 7 % were seen, not 2.5.
    assert max(fit.gain_over_poisson for fit in fits) < 6.0
    assert min(fit.gain_over_poisson for fit in fits) > -1e-9
    border = [fit for fit in fits if "alpha[0,0,0]" in fit.at_border]
    assert border
    for fit in border:
        assert fit.gain_over_poisson == pytest.approx(0.0, abs=1e-8)
        assert (fit.branching_ratio.value, fit.branching_ratio.low) == (0.0, 0.0)
        assert 0 < fit.branching_ratio.high < 1.0
        assert fit.decay == (((None,),),)
        assert fit.baseline[0][0].value == pytest.approx(fit.events / 150.0, rel=1e-6)


def test_the_gain_over_poisson_is_that_over_rates_of_the_same_pieces(events: HawkesEvents) -> None:
    fit = fit_hawkes(events, pieces=[500.0])
    early = int(((events.time_s >= 0) & (events.time_s < 500)).sum())
    rates = np.array([early / 500.0, (len(events) - early) / 1_000.0])
    poisson = Hawkes(rates[None], np.zeros((1, 1)), np.array(1.0), np.array([500.0]))
    assert fit.gain_over_poisson == pytest.approx(fit.log_likelihood - log_likelihood(poisson, events), rel=1e-9)
    assert fit.gain_over_poisson > 50


def test_weak_excitation_is_not_called_none_at_a_decay_that_is_a_guess() -> None:
    """Seed 73 puts its decay on one close pair, 5,179 a second, where the ratio was 0.002 and surely below 0.0054."""
    weak = single(baseline=0.5, branching=0.1, decay=2.0)
    events = simulate_hawkes(weak, end_s=1_500.0, seed=73, warmup_s=60.0)
    fit = fit_hawkes(events)
    assert fit.gain_over_poisson < 5.0
    assert any("tells no decay" in note for note in fit.notes)
    # At the true decay, by brute force over both other numbers: which ratios the likelihood leaves possible.
    ratios = np.linspace(0.0, 0.3, 31)
    best = [
        max(
            log_likelihood(single(baseline=mu, branching=ratio, decay=2.0), events) for mu in np.linspace(0.35, 0.6, 60)
        )
        for ratio in ratios.tolist()
    ]
    possible = ratios[np.array(best) > fit.log_likelihood - 1.96**2 / 2]
    assert fit.branching_ratio.high > 0.95 * possible.max() > 0.005
    assert fit.branching_ratio.low <= possible.min()
    assert fit.branching[0][0].high == fit.alpha[0][0][0].high == fit.branching_ratio.high


def test_an_entry_of_the_border_gets_an_interval_that_is_one_sided() -> None:
    fits = (fit_hawkes(simulate_hawkes(TWO, end_s=600.0, seed=seed)) for seed in range(10))
    fit = next(each for each in fits if "alpha[0,1,0]" in each.at_border)
    assert fit.branching[0][1].value == fit.branching[0][1].low == 0.0
    assert 0.01 < fit.branching[0][1].high < 0.3
    assert "border" in fit.branching[0][1].method


def test_a_days_pattern_left_out_is_taken_for_branching_and_pieces_cure_it() -> None:
    day = Hawkes(np.array([[4.0, 1.0, 4.0]]), np.zeros((1, 1)), np.array(1.0), np.array([1_000.0, 2_000.0]))
    events = simulate_hawkes(day, end_s=3_000.0, seed=5)
    constant, pieced = fit_hawkes(events), fit_hawkes(events, pieces=3)
    assert constant.branching_ratio.low > 0.5
    assert any("baseline is constant" in note for note in constant.notes)
    assert pieced.branching_ratio.low == 0.0
    assert pieced.branching_ratio.high < 0.2
    assert pieced.bic < constant.bic
    again = fit_hawkes(events, pieces=[1_000.0, 2_000.0])
    assert again.log_likelihood == pytest.approx(pieced.log_likelihood, abs=1e-9)


def test_days_fitted_together_tell_more_than_one() -> None:
    days = [simulate_hawkes(ONE, end_s=500.0, seed=seed, warmup_s=10.0) for seed in range(4)]
    one, four = fit_hawkes(days[0]).branching_ratio, fit_hawkes(days).branching_ratio
    assert four.sd == pytest.approx(one.sd / 2, rel=0.35)
    assert four.low < 0.6 < four.high


def test_two_terms_are_found_and_told_from_one() -> None:
    truth = single(baseline=0.3, branching=[0.3, 0.4], decay=[0.5, 30.0])
    events = simulate_hawkes(truth, end_s=3_000.0, seed=2)
    fits = select_hawkes(events, most_terms=3)
    best = fits[0]
    assert best.model.terms == 2
    np.testing.assert_allclose(best.model.decay[0, 0], [0.5, 30.0], rtol=0.4)
    for alpha, wanted in zip(best.alpha[0][0], [0.3, 0.4], strict=True):
        assert z(alpha, wanted) < 3.5
    by_terms = sorted(fits, key=lambda fit: fit.model.terms)
    assert all(np.diff([fit.log_likelihood for fit in by_terms]) > -1e-6)


def test_one_term_is_chosen_where_there_is_one(events: HawkesEvents) -> None:
    assert select_hawkes(events, most_terms=2)[0].model.terms == 1


def test_terms_come_slowest_first() -> None:
    truth = Hawkes(np.ones(2), np.full((2, 2, 2), 0.15), np.array([1.0, 40.0]))
    events = simulate_hawkes(truth, end_s=400.0, seed=4)
    for decays in ("shared", "pair"):
        fit = fit_hawkes(events, terms=2, decays=decays)  # type: ignore[arg-type]
        assert (np.diff(fit.model.decay) > 0).all()


def test_given_decays_and_a_power_law_are_kept() -> None:
    shape = PowerLaw(exponent=0.3, shortest_s=0.02, terms=6)
    truth = Hawkes(np.array([1.0]), 0.6 * shape.shares[None, None, :], shape.decays)
    events = simulate_hawkes(truth, end_s=3_000.0, seed=6, warmup_s=500.0)
    fit = fit_hawkes(events, decays=shape)
    assert z(fit.branching_ratio, 0.6) < 3.5
    np.testing.assert_allclose(fit.model.alpha[0, 0], fit.model.branching[0, 0] * shape.shares)
    assert sum(each.value for each in fit.alpha[0][0]) == pytest.approx(fit.branching_ratio.value)
    assert fit.free == 2
    free = fit_hawkes(events, decays=shape.decays[::2].tolist())
    np.testing.assert_allclose(free.model.decay[0, 0], np.sort(shape.decays[::2]))


def test_robust_errors_are_near_the_plain_ones_where_the_model_is_right() -> None:
    events = simulate_hawkes(ONE, end_s=6_000.0, seed=8)
    plain, robust = (fit_hawkes(events, errors=errors).branching_ratio for errors in ("information", "robust"))
    assert robust.value == plain.value
    assert robust.sd == pytest.approx(plain.sd, rel=0.3)
    assert "sandwich" in robust.method


def test_simulated_refits_agree_with_the_curvature(events: HawkesEvents) -> None:
    fit = fit_hawkes(events)
    again = bootstrap_hawkes(fit, repeats=80, seed=3)
    assert again.failed == 0
    assert again.branching_ratio.sd == pytest.approx(fit.branching_ratio.sd, rel=0.35)
    assert abs(again.bias) < fit.branching_ratio.sd
    assert again.branching[0][0].low < fit.branching[0][0].value < again.branching[0][0].high
    same = bootstrap_hawkes(fit, repeats=20, seed=3), bootstrap_hawkes(fit, repeats=20, seed=3)
    assert same[0].branching_ratio == same[1].branching_ratio


def test_refits_near_nothing_end_at_nothing_and_near_the_estimate() -> None:
    weak = single(baseline=0.5, branching=0.1, decay=2.0)
    for seed in (3, 5):  # The fit itself is 0, and 0.17.
        fit = fit_hawkes(simulate_hawkes(weak, end_s=200.0, seed=seed))
        again = bootstrap_hawkes(fit, repeats=40, seed=1)
        refits = [model.branching_ratio for model in again.models]
        assert min(refits) < 1e-6
        for found in (again.branching_ratio, again.branching[0][0]):
            assert found.low == 0.0
            assert np.quantile(refits, 0.975) - 1e-9 <= found.high < 1.0  # 3e10 was seen on the scale of logarithms.


def test_minutes_instead_of_seconds_change_units_only(events: HawkesEvents) -> None:
    slow = dataclasses.replace(events, time_s=events.time_s * 60, end_s=events.end_s * 60)
    fit, late = fit_hawkes(events), fit_hawkes(slow)
    assert late.branching_ratio.value == pytest.approx(fit.branching_ratio.value, rel=1e-6)
    assert late.branching_ratio.low == pytest.approx(fit.branching_ratio.low, rel=1e-5)
    np.testing.assert_allclose(late.model.decay * 60, fit.model.decay, rtol=1e-5)


def test_swapping_buys_and_sells_swaps_the_fit() -> None:
    events = simulate_hawkes(TWO, end_s=1_500.0, seed=9)
    swapped = dataclasses.replace(events, kind=1 - events.kind)
    fit, other = fit_hawkes(events), fit_hawkes(swapped)
    np.testing.assert_allclose(other.model.branching[::-1, ::-1], fit.model.branching, atol=1e-6)
    assert other.branching_ratio.value == pytest.approx(fit.branching_ratio.value, rel=1e-6)


def test_events_that_explode_are_fitted_and_said_to() -> None:
    model = single(baseline=1.0, branching=1.3, decay=1.0)
    fit = fit_hawkes(simulate_hawkes(model, end_s=15.0, seed=3, allow_explosive=True))
    assert fit.branching_ratio.value > 1
    assert any("explodes" in note for note in fit.notes)
    with pytest.raises(BadParameter, match="not below 1"):
        bootstrap_hawkes(fit, seed=1)


def test_spread_stamps_are_told_of_and_bound_the_decay() -> None:
    fast = single(baseline=0.5, branching=0.5, decay=2_000.0)
    drawn = simulate_hawkes(fast, end_s=1_000.0, seed=2)
    coarse = np.floor(drawn.time_s * 100) / 100 + np.random.default_rng(0).uniform(0, 0.01, len(drawn.time_s))
    spread = HawkesEvents(np.sort(coarse), drawn.kind, 1_000.1, 1, resolution_s=0.01, tied=400)
    fit = fit_hawkes(spread)
    assert fit.model.decay[0, 0, 0] <= 1_000.0 + 1e-6
    assert any("stamps of 0.01 s, 400 had shared" in note for note in fit.notes)
    assert any("not of the market" in note for note in fit.notes)


def test_a_start_from_elsewhere_ends_at_the_same_summit(events: HawkesEvents) -> None:
    fit = fit_hawkes(events)
    other = fit_hawkes(events, start=single(baseline=0.1, branching=0.9, decay=0.7))
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_a_fit_prints_its_ratio_and_its_notes(events: HawkesEvents) -> None:
    text = str(fit_hawkes(events))
    assert "branching ratio 0." in text
    assert "note: the baseline is constant" in text


def test_too_few_events_are_refused() -> None:
    few = simulate_hawkes(single(baseline=1.0, branching=0.1, decay=1.0), end_s=20.0, seed=1)
    with pytest.raises(BadData, match=r"dimension 0 has \d+ events, 50 are needed"):
        fit_hawkes(few)


def test_one_sided_data_are_refused() -> None:
    time_s = np.sort(np.random.default_rng(1).uniform(0, 100, 200))
    with pytest.raises(BadData, match="dimension 1 has 0 events"):
        fit_hawkes(HawkesEvents(time_s, np.zeros(200, np.int64), 100.0, 2))


def test_a_clock_is_refused() -> None:
    with pytest.raises(BadData, match="a clock, not a point process"):
        fit_hawkes(HawkesEvents(np.arange(200) * 0.5, np.zeros(200, np.int64), 100.0, 1))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"terms": 0}, "terms 0"),
        ({"pieces": 0}, "pieces 0"),
        ({"pieces": [5.0, 3.0]}, r"pieces \[5.0, 3.0\]"),
        ({"pieces": [-5.0]}, r"pieces \[-5.0\]"),
        ({"decays": "each"}, "decays 'each'"),
        ({"decays": [-1.0]}, r"decays \[-1.0\]"),
        ({"decays": []}, r"decays \[\]"),
        ({"errors": "guessed"}, "errors 'guessed'"),
        ({"level": 1.0}, "level"),
        ({"start": TWO}, "the start has 2 dimensions"),
    ],
)
def test_wrong_options_are_refused(events: HawkesEvents, options: dict[str, object], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        fit_hawkes(events, **options)  # type: ignore[arg-type]


def test_windows_of_different_dimensions_or_none_are_refused(events: HawkesEvents) -> None:
    with pytest.raises(BadParameter, match=r"\[1, 2\] dimensions"):
        fit_hawkes([events, simulate_hawkes(TWO, end_s=100.0, seed=1)])
    with pytest.raises(BadParameter, match="no window"):
        fit_hawkes([])


def test_selection_refuses_what_it_does_not_know(events: HawkesEvents) -> None:
    with pytest.raises(BadParameter, match="criterion 'best'"):
        select_hawkes(events, criterion="best")  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="most_terms 0"):
        select_hawkes(events, most_terms=0)


def test_a_bootstrap_of_few_repeats_is_refused(events: HawkesEvents) -> None:
    with pytest.raises(BadParameter, match="repeats 5"):
        bootstrap_hawkes(fit_hawkes(events), repeats=5, seed=1)
