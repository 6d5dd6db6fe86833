"""Figures and their direction: above 1 is ours better, whatever the unit."""

import pytest
from benchmarks.measure import spread, verdict


@pytest.mark.parametrize(("more_is_better", "ratio"), [(True, 4.0), (False, 0.25)])
def test_the_ratio_is_above_one_when_ours_is_better(more_is_better, ratio):
    record = verdict("x", ours=8.0, peer=2.0, peer_name="them", unit="u", more_is_better=more_is_better, conditions={})
    assert ratio == record["ratio"]
    assert {"name", "ours", "peer", "peer_name", "unit", "ratio", "conditions"} == set(record)


def test_spread_gives_least_median_and_most():
    assert {"min": 1.0, "median": 2.0, "max": 9.0, "repetitions": 3} == spread([9.0, 1.0, 2.0])
