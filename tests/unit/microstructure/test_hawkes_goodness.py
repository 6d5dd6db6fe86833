from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.hawkes import (
    Hawkes,
    HawkesEvents,
    fit_hawkes,
    hawkes_goodness,
    hawkes_residuals,
    simulate_hawkes,
    single,
)

ONE = single(baseline=0.5, branching=0.6, decay=2.0)


@pytest.fixture(scope="module")
def events() -> HawkesEvents:
    return simulate_hawkes(ONE, end_s=800.0, seed=1, warmup_s=20.0)


def test_distances_are_those_of_scipy_and_statsmodels(events: HawkesEvents) -> None:
    (residuals,) = hawkes_residuals(ONE, events)
    (found,) = hawkes_goodness(ONE, events, lags=10).dimensions
    ks = stats.kstest(residuals, "expon", method="exact")
    assert (found.ks, found.ks_p) == pytest.approx((ks.statistic, ks.pvalue), rel=1e-9)
    ljung_box = acorr_ljungbox(residuals, lags=[10])
    assert found.ljung_box == pytest.approx(float(ljung_box["lb_stat"].iloc[0]), rel=1e-9)
    assert found.ljung_box_p == pytest.approx(float(ljung_box["lb_pvalue"].iloc[0]), rel=1e-9)
    assert found.dispersion == pytest.approx(np.sqrt(len(residuals) / 8) * (residuals.var(ddof=1) - 1))


def test_the_true_process_passes_and_a_poisson_one_does_not(events: HawkesEvents) -> None:
    assert hawkes_goodness(ONE, events).passes()
    poisson = single(baseline=events.rate, branching=0.0, decay=1.0)
    assert not hawkes_goodness(poisson, events).passes()


def test_too_few_terms_are_seen_by_the_dispersion() -> None:
    truth = single(baseline=0.3, branching=[0.3, 0.4], decay=[0.5, 30.0])
    events = simulate_hawkes(truth, end_s=3_000.0, seed=2)
    one, two = (hawkes_goodness(fit_hawkes(events, terms=terms)).dimensions[0] for terms in (1, 2))
    assert one.dispersion > 5
    assert abs(two.dispersion) < 4


def test_the_textbooks_p_of_a_fit_is_said_to_be_too_large_and_refits_lower_it(events: HawkesEvents) -> None:
    fit = fit_hawkes(events)
    textbook, drawn = hawkes_goodness(fit), hawkes_goodness(fit, repeats=60, seed=1)
    assert "too large" in textbook.method
    assert drawn.repeats == 60
    assert drawn.dimensions[0].ks == textbook.dimensions[0].ks
    assert drawn.dimensions[0].ks_p < textbook.dimensions[0].ks_p
    ranks = np.array(drawn.dimensions[0][4:9:2]) * 61  # The data's own place among 60 draws: from 1 to 61, never 0.
    np.testing.assert_allclose(ranks, np.clip(np.round(ranks), 1, 61), atol=1e-9)
    assert hawkes_goodness(fit, repeats=60, seed=1).dimensions[0].ks_p == drawn.dimensions[0].ks_p


def test_quantiles_lie_on_the_diagonal_of_the_true_process(events: HawkesEvents) -> None:
    law, seen = hawkes_goodness(ONE, events).dimensions[0].quantiles
    middle = slice(20, 180)
    np.testing.assert_allclose(seen[middle], law[middle], rtol=0.25)
    assert law[100] == pytest.approx(-np.log(1 - 100.5 / 200))


def test_each_dimension_and_all_windows_count() -> None:
    model = Hawkes(np.array([0.5, 1.0]), np.full((2, 2), 0.2), np.array(3.0))
    days = [simulate_hawkes(model, end_s=200.0, seed=seed) for seed in range(3)]
    found = hawkes_goodness(fit_hawkes(days))
    assert [each.n for each in found.dimensions] == np.sum([day.counts for day in days], axis=0).tolist()
    assert found.passes()


def test_what_cannot_be_judged_is_refused(events: HawkesEvents) -> None:
    fit = fit_hawkes(events)
    with pytest.raises(BadParameter, match="no events"):
        hawkes_goodness(ONE)
    with pytest.raises(BadParameter, match="10 refits"):
        hawkes_goodness(ONE, events, repeats=10)
    with pytest.raises(BadParameter, match="10 refits"):
        hawkes_goodness(fit, events, repeats=10)
    with pytest.raises(BadParameter, match="lags 0"):
        hawkes_goodness(fit, lags=0)
    with pytest.raises(BadData, match="residuals in a dimension are fewer"):
        hawkes_goodness(ONE, simulate_hawkes(ONE, end_s=5.0, seed=1))
    with pytest.raises(BadParameter, match="2 dimensions does not fit"):
        hawkes_goodness(Hawkes(np.ones(2), np.zeros((2, 2)), np.array(1.0)), events)
