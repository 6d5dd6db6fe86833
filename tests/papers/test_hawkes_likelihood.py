"""Log-likelihoods printed elsewhere: the numbers that the C++ tests of the library tick hold (Bacry, Bompaire, Gaiffas
& Poulsen 2017, "tick: a Python library for statistical learning"; lib/cpp-test/hawkes/model/hawkes_models_gtest.cpp).

Eleven events of two dimensions, kernels alpha beta exp(-beta t) as ours. tick's loss is minus the log-likelihood over
the number of events, with the integral of lambda - 1 in place of lambda; its first version (the number 3.716...) had
lambda. What Ogata 1978 and Ozaki 1979 print could not be confirmed here; hence this."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.hawkes import Hawkes, HawkesEvents, log_likelihood
from nowake.microstructure.hawkes.likelihood import Layout, slopes

FIRST = [0.31, 0.93, 1.29, 2.32, 4.25]
SECOND = [0.12, 1.19, 2.12, 2.41, 3.35, 4.21]
BASELINE = np.array([1.0, 3.0])
ALPHA = np.array([[2.0, 3.0], [4.0, 1.0]])
THREE = np.array([[[2.0, 3.0, 4.0], [1.0, 5.0, 3.0]], [[2.0, 4.0, 2.0], [3.0, 4.0, 5.0]]])


def window(end_s: float, second: list[float] = SECOND) -> HawkesEvents:
    time_s = np.array(FIRST + second)
    kind = np.repeat([0, 1], [len(FIRST), len(second)])
    order = np.argsort(time_s)
    return HawkesEvents(time_s[order], kind[order], end_s, 2)


def tick_loss(model: Hawkes, *windows: HawkesEvents) -> float:
    length = sum(2 * each.end_s for each in windows)
    return (-log_likelihood(model, windows) - length) / sum(map(len, windows))


def test_one_exponential() -> None:
    model = Hawkes(BASELINE, ALPHA, np.array(2.0))
    assert tick_loss(model, window(4.25)) == pytest.approx(2.9434509731246283, rel=1e-14)


def test_one_exponential_with_the_integral_of_the_whole_intensity() -> None:
    loss = -log_likelihood(Hawkes(BASELINE, ALPHA, np.array(2.0)), window(4.25)) / 11
    assert loss == pytest.approx(3.7161782458519013, rel=1e-14)


def test_a_dimension_without_events() -> None:
    model = Hawkes(BASELINE, ALPHA, np.array(2.0))
    assert tick_loss(model, window(4.25, [])) == pytest.approx(5.9243119662517856, rel=1e-14)


def test_three_exponentials() -> None:
    model = Hawkes(BASELINE, THREE, np.array([1.0, 2.0, 3.0]))
    assert tick_loss(model, window(5.65)) == pytest.approx(17.202925821121468, rel=1e-14)


def test_two_windows() -> None:
    model = Hawkes(BASELINE, ALPHA, np.array(2.0))
    assert tick_loss(model, window(5.65), window(5.87)) == pytest.approx(4.1398114444887462, rel=1e-14)


def test_two_windows_of_three_exponentials() -> None:
    model = Hawkes(BASELINE, THREE, np.array([1.0, 2.0, 3.0]))
    assert tick_loss(model, window(5.65), window(5.87)) == pytest.approx(17.270721554384703, rel=1e-14)


def test_second_slopes() -> None:
    layout = Layout(2, np.zeros(0), 1, given=np.array([2.0]))
    at = np.concatenate((BASELINE, ALPHA.ravel()))
    loss = -slopes(layout, at, [window(4.25)]).curvature / 11
    # tick's rows of a sparse matrix: baseline 0 | baseline 1 | alpha 00 ..., each with its own row's numbers.
    assert loss[0, 0] == pytest.approx(0.01631907612617749, rel=1e-13)
    assert loss[1, 4] == pytest.approx(0.0060622624486514612, rel=1e-13)
    assert loss[2, 0] == pytest.approx(0.0070643083720372474, rel=1e-13)
    assert loss[2, 3] == pytest.approx(0.0059903489344126197, rel=1e-13)
    assert loss[3, 0] == pytest.approx(0.01668440042028695, rel=1e-13)


def test_second_slopes_of_two_exponentials() -> None:
    layout = Layout(2, np.zeros(0), 2, given=np.array([1.0, 2.0]))
    at = np.concatenate((BASELINE, [2.0, 3.0, 4.0, 1.0, 5.0, 3.0, 2.0, 4.0]))
    loss = -slopes(layout, at, [window(4.25)]).curvature / 11
    assert loss[0, 0] == pytest.approx(0.0074914657915579903, rel=1e-13)
