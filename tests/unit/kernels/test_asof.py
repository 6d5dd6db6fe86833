"""The compiled as-of join finds the rows that a list comprehension finds, ties and gaps and all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import asof as reference

from nowake.microstructure.spreads.later import rows_at

TIMES = st.lists(st.integers(-20, 20), max_size=25).map(sorted)
START_NS = 1_700_000_000_000_000_001  # Too large for a float to tell from its neighbours.


@given(TIMES, st.lists(st.integers(-25, 25), max_size=15), st.lists(st.integers(-30, 30), max_size=4), st.booleans())
def test_rows_are_those_of_the_slow_twin(times, asked, delays, strictly):
    start = np.array(times, dtype=np.int64) + START_NS, np.array(asked, dtype=np.int64) + START_NS
    found = rows_at(*start, delays, strictly=strictly)
    assert found.tolist() == reference.rows(times, asked, delays, strictly=strictly)


@pytest.mark.parametrize("strictly", [True, False])
def test_many_rows_agree_with_a_binary_search(strictly):
    rng = np.random.default_rng(4)
    times = START_NS + np.sort(rng.integers(0, 50_000, 20_000))
    asked = START_NS + rng.integers(-100, 60_000, 3_000)
    delays = (0, 1, 17, 40_000)
    side = "left" if strictly else "right"
    wanted = [np.searchsorted(times, asked + delay, side=side) - 1 for delay in delays]
    np.testing.assert_array_equal(rows_at(times, asked, delays, strictly=strictly), wanted)
