"""A study of as many orders as were asked for knows the parameter as well as was asked."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.study import orders_needed
from nowake.models.impact import PowerLaw

TRUTH = PowerLaw(y=1.0, exponent=0.6, relaxed=0.5)


def test_as_many_orders_as_needed_give_the_interval_asked_for() -> None:
    needed = orders_needed(TRUTH, "y", within=0.25)
    halves = []
    for seed in range(20):
        design = Design(orders=needed, days=round(needed * 600 / 20_000))
        each = fit(PowerLaw, generate_orders(TRUTH, 100 + seed, design), compare_outliers=False).estimates["y"]
        halves.append((each.high - each.low) / 2 / each.value)
    assert np.median(halves) == pytest.approx(0.25, rel=0.15)


def test_half_the_interval_takes_four_times_the_orders() -> None:
    wide, narrow = (orders_needed(TRUTH, "exponent", within=within) for within in (0.2, 0.1))
    assert narrow == pytest.approx(4 * wide, rel=0.01)


def test_a_study_of_nothing_is_refused() -> None:
    with pytest.raises(BadParameter, match="no parameter 'z'"):
        orders_needed(TRUTH, "z", within=0.1)
    with pytest.raises(BadParameter, match="within 0"):
        orders_needed(TRUTH, "y", within=0.0)
