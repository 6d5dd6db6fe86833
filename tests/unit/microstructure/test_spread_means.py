"""Intervals of means whose neighbours overlap: held against a random walk, whose later moves are 0 on average."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.microstructure.small_tapes import SECOND

from nowake.domain.errors import BadData
from nowake.microstructure.spreads.means import Rows, group_means, groups_of, weights_of

HOUR = 3600


def coverage(repeats: int, *, span_s: int, horizon_s: int, prints: int, level: float, overlap: bool = True) -> float:
    """How often the interval of a mean move over a horizon holds its truth, 0."""
    rng = np.random.default_rng(span_s + horizon_s)
    held = 0
    for _ in range(repeats):
        second = np.sort(rng.integers(0, span_s, prints))
        path = np.cumsum(rng.normal(size=span_s + horizon_s + 1))
        moves = path[second + horizon_s] - path[second] if overlap else rng.normal(size=prints)
        rows = Rows(second * SECOND, np.ones(prints), groups_of(None, second, prints), "equal")
        mean = group_means(moves[:, None], rows, [horizon_s * SECOND], level=level)[0][0]
        assert mean is not None
        held += mean.low <= 0 <= mean.high
    return held / repeats


def test_moves_that_overlap_for_a_twelfth_of_the_window_have_honest_intervals():
    seen = [
        coverage(600, span_s=HOUR, horizon_s=300, prints=400, level=0.8),
        coverage(600, span_s=HOUR, horizon_s=60, prints=400, level=0.8),
    ]
    assert min(seen) > 0.76
    assert max(seen) < 0.87


@pytest.mark.study
@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("span_s", "horizon_s"), [(HOUR, 600), (HOUR, 300), (HOUR, 60), (HOUR, 10), (23_400, 300), (23_400, 60)]
)
def test_intervals_of_overlapping_moves_hold_the_truth_at_their_level(span_s, horizon_s, level):
    seen = [
        coverage(1_500, span_s=span_s, horizon_s=horizon_s, prints=2_000, level=level, overlap=overlap)
        for overlap in (True, False)
    ]
    print(f"{span_s} s, horizon {horizon_s} s, level {level}: {seen[0]:.3f} overlapping, {seen[1]:.3f} independent")
    assert level - 0.03 < min(seen)


def test_the_error_is_the_sum_over_blocks_and_their_neighbours():
    rng = np.random.default_rng(4)
    second, values = np.arange(600), np.cumsum(rng.normal(size=600))
    rows = Rows(second * SECOND, np.ones(600), groups_of(None, second, 600), "equal")
    found = group_means(values[:, None], rows, [100 * SECOND], level=0.5)[0][0]
    pushes = (values - values.mean()).reshape(6, 100).sum(axis=1)
    pairs = sum(pushes[a] * pushes[b] for a in range(6) for b in range(6) if abs(a - b) <= 1)
    # Student's quartile of three degrees of freedom.
    half = 0.7648923 * np.sqrt(pairs * 36 / (5 * 4)) / 600
    assert found is not None
    assert found.high - found.value == pytest.approx(half, rel=1e-6)


def test_groups_of_many_labels_in_many_dimensions_are_those_of_the_rows():
    rng = np.random.default_rng(5)
    # 8,000 labels in each of five dimensions: their product is above 2^64.
    by = {name: rng.permutation(8_000) for name in "abcde"}
    row = np.arange(8_000)[::-1]
    found = groups_of(by, row, 8_000)
    expected = [tuple(str(by[name][r]) for name in by) for r in row]
    assert expected == [found.labels[group] for group in found.of_row]


def test_sizes_beyond_what_can_be_summed_are_refused():
    with pytest.raises(BadData, match=r"9.22e\+18 lots in all"):
        weights_of("share", np.array([2**62, 2**62]), np.array([100, 100]))
