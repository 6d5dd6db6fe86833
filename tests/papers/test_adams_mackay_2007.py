"""Adams & MacKay 2007, "Bayesian online changepoint detection", arXiv:0710.3742. The paper prints pictures and no
numbers, so the algorithm is held against what it computes: every way to cut a short series into segments, each segment
integrated over its mean and variance in one piece."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.hmm import last_segments, segment_evidence

from nowake.microstructure.regimes import ChangePoint, SegmentPrior, change_points

MEAN, ROWS, SHAPE, VARIANCE = np.array([0.3, -1.0]), 0.4, 1.7, np.array([0.8, 2.5])
PRIOR = SegmentPrior(MEAN, ROWS, SHAPE, VARIANCE)


def evidence(part: np.ndarray, column: int) -> float:
    return segment_evidence(part[:, column], MEAN[column], ROWS, SHAPE, VARIANCE[column])


@pytest.mark.parametrize("seed", range(3))
def test_segments_are_as_likely_as_all_ways_to_cut_the_rows_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(11, 2)) + 3 * (np.arange(11) > 6)[:, None]
    rows[rng.random(rows.shape) < 0.1] = np.nan
    gauge = ChangePoint(PRIOR, hazards=(0.15,), within=2, prune=0.0)
    for told in range(1, len(rows) + 1):
        value = gauge.update(rows[told - 1])
        wanted, log_evidence = last_segments(rows[:told], 0.15, evidence)
        lengths, found = gauge.lengths
        np.testing.assert_array_equal(np.arange(1, told + 1), lengths)
        np.testing.assert_allclose(wanted, found, rtol=1e-10, atol=1e-14)
        assert log_evidence == pytest.approx(gauge.log_evidence, rel=1e-11)
        # A segment that began with the first row of all is no change.
        assert wanted[: min(2, told - 1)].sum() == pytest.approx(value, abs=1e-12)


def test_several_hazards_are_weighed_by_how_well_each_foretold_the_rows() -> None:
    rows = np.random.default_rng(5).normal(size=(9, 2)) * 2
    hazards = np.array([0.05, 0.3])
    each = [last_segments(rows, hazard, evidence) for hazard in hazards]
    odds = np.exp([log_evidence for _, log_evidence in each])
    gauge = ChangePoint(PRIOR, hazards=tuple(hazards), prune=0.0)
    for row in rows:
        gauge.update(row)
    np.testing.assert_allclose(
        odds / odds.sum() @ np.array([lengths for lengths, _ in each]), gauge.lengths[1], rtol=1e-10
    )
    assert odds / odds.sum() @ hazards == pytest.approx(gauge.hazard, rel=1e-10)
    assert np.log(odds.mean()) == pytest.approx(gauge.log_evidence, rel=1e-10)


def test_a_change_is_told_when_it_comes_and_not_before() -> None:
    rows = np.concatenate((np.random.default_rng(1).normal(size=300), np.random.default_rng(2).normal(4, 1, 60)))
    path = change_points(rows, SegmentPrior(np.zeros(1), 0.1, 2.0, np.ones(1)), within=5)
    assert path.probability[50:300].max() < 0.5
    assert path.probability[302] > 0.95
    assert 0 == int(path.segment_rows[-1] - 59.5)
