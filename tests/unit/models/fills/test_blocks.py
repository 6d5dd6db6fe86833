from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.models.fills.tapes import OPEN_NS

from nowake.domain.errors import BadParameter
from nowake.models.fills.blocks import blocks_of, clustered
from nowake.statistics.measurement import t_of, z_of


def test_blocks_are_of_a_minute_or_of_two_horizons() -> None:
    start_ns = OPEN_NS + np.array([0, 59, 60, 61, 300]) * 10**9
    assert [0, 0, 1, 1, 2] == blocks_of(start_ns, 1.0).tolist()
    assert [0, 0, 0, 0, 1] == blocks_of(start_ns, 100.0).tolist()


def test_influence_is_added_up_by_block() -> None:
    found = clustered(np.array([1.0, 2.0, -2.0, -1.0]), np.array([0, 0, 1, 1]), 0.95)
    assert math.sqrt((9 + 9) * 2 / 1) == pytest.approx(found.sd)
    assert (t_of(0.95, 1), 2) == (found.quantile, found.blocks)
    assert 36 / 10 == pytest.approx(found.design_effect)


def test_blocks_never_make_an_estimate_surer_than_independent_orders() -> None:
    found = clustered(np.array([1.0, -1.0, 2.0, -2.0]), np.array([0, 0, 1, 1]), 0.95)
    assert math.sqrt(10) == pytest.approx(found.sd)
    assert 1.0 == found.design_effect


def test_without_blocks_orders_are_independent() -> None:
    found = clustered(np.array([1.0, -1.0, 2.0, -2.0]), None, 0.9)
    assert (math.sqrt(10), z_of(0.9), 1.0, 4) == tuple(found)


def test_one_block_says_nothing() -> None:
    assert math.inf == clustered(np.array([1.0, -1.0]), np.zeros(2, np.int64), 0.95).sd


@pytest.mark.parametrize("horizon_s", [0.0, math.inf, math.nan])
def test_a_horizon_that_is_none_has_no_blocks(horizon_s: float) -> None:
    with pytest.raises(BadParameter, match="must be above 0 and finite"):
        blocks_of(np.array([OPEN_NS]), horizon_s)
