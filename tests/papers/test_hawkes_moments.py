"""Moments of Hawkes processes against what their papers derive, none of which enters the simulation.

Hawkes 1971 (rates); Bacry, Delattre, Hoffmann & Muzy 2013 (covariance of counts over a long time); Da Fonseca & Zaatour
2014, "Hawkes process: fast calibration, application to trade clustering, and diffusive limit", Journal of Futures
Markets 34 (variance of counts over any time, one exponential). The closed forms are worked out here by hand; nothing is
copied from a table of theirs."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.hawkes import Hawkes, simulate_hawkes, single


def test_a_single_process_of_branching_one_half_doubles_its_baseline() -> None:
    model = single(baseline=3.0, branching=[0.2, 0.3], decay=[1.0, 9.0])
    assert model.rates() == pytest.approx([6.0])
    assert model.count_covariance() == pytest.approx(np.array([[6.0 / 0.25]]))


def test_rates_and_covariance_of_two_dimensions_by_hand() -> None:
    # (I - A)^-1 of [[0.5, 0.2], [0.1, 0.4]] is [[0.6, 0.2], [0.1, 0.5]] / 0.28.
    model = Hawkes(baseline=np.array([1.0, 2.0]), alpha=np.array([[0.5, 0.2], [0.1, 0.4]]), decay=np.array(3.0))
    inverse = np.array([[0.6, 0.2], [0.1, 0.5]]) / 0.28
    rates = np.array([1.0, 1.1]) / 0.28
    np.testing.assert_allclose(model.rates(), rates, rtol=1e-12)
    np.testing.assert_allclose(model.count_covariance(), inverse @ np.diag(rates) @ inverse.T, rtol=1e-12)


def count_variance(mu: float, n: float, beta: float, length: float) -> float:
    """rate (length k^2 + (1 - k^2)(1 - exp(-length g)) / g), k = 1 / (1 - n), g = beta (1 - n)."""
    k, g = 1 / (1 - n), beta * (1 - n)
    return mu * k * (length * k**2 + (1 - k**2) * (1 - np.exp(-length * g)) / g)


@pytest.mark.parametrize("length", [0.5, 4.0])
def test_counts_over_an_interval_have_the_mean_and_variance_of_the_paper(length: float) -> None:
    mu, n, beta = 2.0, 0.5, 1.5
    model = single(baseline=mu, branching=n, decay=beta)
    events = simulate_hawkes(model, end_s=20_000.0, seed=4, warmup_s=50.0)
    counts = np.histogram(events.time_s[events.time_s >= 0], np.arange(0.0, 20_000.0 + length / 2, length))[0]
    wanted = count_variance(mu, n, beta, length)
    # The error of the mean and of the variance, counts taken as nearly normal with the correlation of the long run.
    loops = len(counts) * length * g_of(n, beta) / (1 + length * g_of(n, beta))
    assert counts.mean() == pytest.approx(mu / (1 - n) * length, abs=4 * np.sqrt(wanted / loops))
    assert counts.var(ddof=1) == pytest.approx(wanted, abs=6 * wanted * np.sqrt(2 / loops))


def g_of(n: float, beta: float) -> float:
    return beta * (1 - n)


def test_the_papers_variance_tends_to_the_poisson_one_and_to_the_long_run_one() -> None:
    mu, n, beta = 2.0, 0.5, 1.5
    assert count_variance(mu, n, beta, 1e-6) == pytest.approx(4.0 * 1e-6, rel=1e-5)
    long_run = single(baseline=mu, branching=n, decay=beta).count_covariance()[0, 0]
    assert count_variance(mu, n, beta, 1e6) == pytest.approx(long_run * 1e6, rel=1e-5)


def test_counts_of_two_dimensions_have_the_rates_and_covariance_of_theory() -> None:
    model = Hawkes(baseline=np.array([1.0, 2.0]), alpha=np.array([[0.5, 0.2], [0.1, 0.4]]), decay=np.array(20.0))
    length, windows = 20.0, 1_000
    events = simulate_hawkes(model, end_s=length * windows, seed=9, warmup_s=10.0)
    edges = np.arange(windows + 1) * length
    inside = events.time_s >= 0
    counts = np.array([np.histogram(events.time_s[inside & (events.kind == i)], edges)[0] for i in range(2)])
    covariance = model.count_covariance() * length
    errors = 4 * np.sqrt(np.diag(covariance) / windows)
    assert (np.abs(counts.mean(axis=1) - model.rates() * length) < errors).all()
    # The end of a window cuts some families, a part of 1 / (20 * 20 * 0.4) or so.
    spread = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / windows)
    assert (np.abs(np.cov(counts) - covariance) < 4 * spread + 0.02 * np.abs(covariance)).all()
