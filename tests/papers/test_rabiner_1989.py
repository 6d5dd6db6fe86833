"""Rabiner 1989, "A tutorial on hidden Markov models and selected applications in speech recognition", Proceedings of
the IEEE 77: the weather of section II (states rain, cloudy, sunny). And the umbrella world of Russell & Norvig,
"Artificial Intelligence", third edition, section 15.2, whose filtered probabilities 0.818 and 0.883 are printed."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.regimes import Chain, Emission, HiddenMarkov
from nowake.microstructure.regimes.chain import backward, best_path, forward

WEATHER = Chain(np.array([0.0, 0.0, 1.0]), np.array([[0.4, 0.3, 0.3], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]]))
UMBRELLA = Chain(np.array([0.5, 0.5]), np.array([[0.7, 0.3], [0.3, 0.7]]))
SEEN, NOT_SEEN = np.log([0.9, 0.2]), np.log([0.1, 0.8])


def test_the_weather_sun_sun_sun_rain_rain_sun_cloudy_sun_has_the_printed_probability() -> None:
    states = np.array([2, 2, 2, 0, 0, 2, 1, 2])
    with np.errstate(divide="ignore"):
        told = np.log(np.eye(3)[states])
    found = forward(WEATHER, told)
    assert 1.536e-4 == pytest.approx(np.exp(found.log_likelihood), rel=1e-12)
    np.testing.assert_array_equal(states, best_path(WEATHER, told))


def test_sunny_weather_lasts_5_days_cloudy_2_and_a_half_rain_1_point_67() -> None:
    model = HiddenMarkov(WEATHER, Emission(np.zeros((3, 1)), np.ones((3, 1, 1)), np.full(3, np.inf)), ("x",))
    np.testing.assert_allclose(model.durations, [1.67, 2.5, 5.0], atol=0.005)


def test_after_one_and_two_umbrellas_rain_is_as_likely_as_printed() -> None:
    found = forward(UMBRELLA, np.array([SEEN, SEEN]))
    np.testing.assert_allclose(found.probability[:, 0], [0.818, 0.883], atol=0.0005)
    assert 0.883 == pytest.approx(backward(UMBRELLA, found.probability).probability[0, 0], abs=0.0005)


def test_the_best_path_of_umbrellas_rains_but_on_the_day_without() -> None:
    told = np.array([SEEN, SEEN, NOT_SEEN, SEEN, SEEN])
    np.testing.assert_array_equal([0, 0, 1, 0, 0], best_path(UMBRELLA, told))
