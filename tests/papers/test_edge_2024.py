"""Ardia, Guidotti & Kroencke 2024: the numbers their package `bidask` is tested with.

The ten bars and -0.016889917516422 are the signed case of its python/tests/test_edge.py (first ten rows of its
ohlc.csv), the NaN case stands in the same file. The figure of all ten thousand rows, 0.0101849034905478, is not
repeated here: the rows are not shipped. The case with missing prices was computed with bidask 2.1.0."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.spreads.edge import EDGE, edge_rolling

BARS = np.array([
    (1.00240075994025, 1.00935878365403, 0.976061138469904, 0.976061138469904),
    (0.929743096395543, 0.929774737723069, 0.928919694164385, 0.929774737723069),
    (0.943911414384193, 0.968140794511406, 0.943911414384193, 0.968140794511406),
    (0.977605378856722, 0.977605378856722, 0.977605378856722, 0.977605378856722),
    (0.961535370407048, 0.99982474278851, 0.961535370407048, 0.986215329667607),
    (0.982409003083975, 0.992213437101346, 0.982409003083975, 0.992213437101346),
    (1.03435413274433, 1.03435413274433, 1.03435413274433, 1.03435413274433),
    (1.0201424300403, 1.04025465277235, 1.0201424300403, 1.03219266262805),
    (1.03650094499406, 1.03650094499406, 1.03650094499406, 1.03650094499406),
    (1.05368509087896, 1.05368509087896, 1.02605242183949, 1.02798086837104),
])  # fmt: skip
HOLES = ((0, 0), (1, 3), (5, 2), (7, 1))
WITH_HOLES = -0.03091715752803759


def signed(bars: np.ndarray) -> float:
    return float(EDGE.signed(EDGE.terms(bars).sum(axis=0)))


def test_ten_bars_give_the_number_of_the_packages_own_test():
    assert -0.016889917516422 == pytest.approx(signed(BARS), rel=1e-12)


def test_the_last_window_of_a_rolling_estimate_is_that_number_in_basis_points():
    assert -168.89917516422 == pytest.approx(edge_rolling(*BARS.T, window=10)[-1], rel=1e-12)


def test_three_bars_that_only_fall_once_tell_nothing_as_the_package_says():
    bars = np.array([(18.21, 18.21, 17.61, 17.61), (17.61,) * 4, (17.61,) * 4])
    assert np.isnan(signed(bars))


def test_bars_that_move_once_only_tell_nothing_as_the_package_says():
    bars = np.array([(10.0, 11.0, 9.0, 10.0)] * 2 + [(10.0,) * 4] * 3)
    assert np.isnan(signed(bars))


def test_missing_prices_leave_out_what_the_package_leaves_out():
    bars = BARS.copy()
    for row, column in HOLES:
        bars[row, column] = np.nan
    assert WITH_HOLES == pytest.approx(signed(bars), rel=1e-12)
