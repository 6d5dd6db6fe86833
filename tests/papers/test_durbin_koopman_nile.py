"""The local level model of the Nile's flow, 1871 to 1970.

Durbin & Koopman, "Time Series Analysis by State Space Methods", section 2: noise 15,099 and drift 1,469 at the top of
the likelihood (to more digits 15098.52 and 1469.18, as another library pins them). statsmodels is an independent
computation of likelihood, filter and smoother."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.datasets import nile
from statsmodels.tsa.statespace.structural import UnobservedComponents

from nowake.microstructure.fusion import PriceModel, Reports, Source, filter_prices, learn_prices, smooth_prices

FLOW = nile.load().data["volume"].to_numpy(dtype=np.float64)
YEARS = Reports(
    names=("Nile",),
    source=np.zeros(100, np.int64),
    value=FLOW,
    sd=np.full(100, np.nan),
    time_ns=np.arange(100) * 1_000_000_000,
)
PRINTED = PriceModel(sources=(Source(name="Nile", noise_sd=15099**0.5),), drift_sd=1469.1**0.5)


def test_the_variances_of_the_book_are_found() -> None:
    found = learn_prices(YEARS)
    assert 15098.52 == pytest.approx(found.noise_sd["Nile"].value ** 2, rel=2e-6)
    assert 1469.18 == pytest.approx(found.drift_sd.value**2, rel=2e-5)


def test_errors_of_the_variances_are_those_of_the_curvature_of_statsmodels_likelihood() -> None:
    model = UnobservedComponents(FLOW, "local level", use_exact_diffuse=True)
    top, step = np.log([15098.52, 1469.18]), 1e-2

    def at(moves: tuple[int, int]) -> float:
        return float(model.loglike(np.exp(top + step * np.array(moves))))

    straight = [(at((2, 0)) - 2 * at((0, 0)) + at((-2, 0))) / 4, (at((0, 2)) - 2 * at((0, 0)) + at((0, -2))) / 4]
    across = (at((1, 1)) - at((1, -1)) - at((-1, 1)) + at((-1, -1))) / 4
    errors = np.sqrt(np.diag(np.linalg.inv(-np.array([[straight[0], across], [across, straight[1]]]) / step**2)))
    found = learn_prices(YEARS)
    for measured, error in zip((found.noise_sd["Nile"], found.drift_sd), errors, strict=True):
        # The interval is of a standard deviation: half as wide, in logarithms, as that of a variance.
        assert 1.959964 * error == pytest.approx(np.log(measured.high / measured.low), rel=1e-3)


def test_likelihood_filter_and_smoother_are_those_of_statsmodels() -> None:
    model = UnobservedComponents(FLOW, "local level", use_exact_diffuse=True)
    theirs = model.smooth([15099.0, 1469.1])
    ours = filter_prices(YEARS, PRINTED)
    # They count the first year's log(2 pi), we count from the second on.
    assert theirs.llf == pytest.approx(ours.log_likelihood - 0.5 * np.log(2 * np.pi), abs=1e-9)
    np.testing.assert_allclose(ours.price, theirs.filtered_state[0], rtol=1e-9)
    price, sd = smooth_prices(YEARS, PRINTED)
    np.testing.assert_allclose(price, theirs.smoothed_state[0], rtol=1e-9)
    np.testing.assert_allclose(sd**2, theirs.smoothed_state_cov[0, 0], rtol=1e-9)
