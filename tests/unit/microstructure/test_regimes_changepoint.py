"""Change points: told row by row, blind to the future, pruned within a bound, calm under heavy tails, with gaps."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.regimes import ChangePoint, SegmentPrior, change_points

PRIOR = SegmentPrior(np.zeros(1), 0.1, 2.0, np.ones(1))


def shifted(seed: int, rows: int = 400, at: int = 200, by: float = 3.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=rows) + by * (np.arange(rows) >= at)


def test_told_row_by_row_pickled_on_the_way_it_says_what_it_says_of_the_history() -> None:
    rows = shifted(0, rows=120, at=60)
    gauge, told = ChangePoint(PRIOR), []
    for k, row in enumerate(rows):
        if k == 70:
            gauge = pickle.loads(pickle.dumps(gauge))
        told.append(gauge.update(row))
    path = change_points(rows, PRIOR)
    np.testing.assert_array_equal(path.probability, told)
    np.testing.assert_array_equal(path.probability[:80], change_points(rows[:80], PRIOR).probability)


def test_before_the_first_row_nothing_is_known() -> None:
    gauge = ChangePoint(PRIOR, hazards=(0.1, 0.3))
    assert np.isnan(gauge.value)
    assert np.isnan(gauge.segment_rows)
    assert 0.2 == pytest.approx(gauge.hazard)


def test_probabilities_of_lengths_sum_to_one_and_pruning_costs_no_more_than_it_says() -> None:
    rows = shifted(1)
    exact, rough = ChangePoint(PRIOR, prune=0.0), ChangePoint(PRIOR, prune=1e-6, most=60)
    furthest = 0.0
    for row in rows:
        exact.update(row)
        rough.update(row)
        assert 1.0 == pytest.approx(rough.lengths[1].sum(), abs=1e-12)
        furthest = max(furthest, abs(exact.value - rough.value))
    assert 0.0 == exact.lost
    assert 0.0 < rough.lost < 0.1
    assert furthest <= rough.lost
    assert exact.log_evidence == pytest.approx(rough.log_evidence, abs=rough.lost)
    assert len(rough.lengths[0]) <= 61


def test_units_of_a_feature_change_nothing() -> None:
    rows = shifted(2)
    far = SegmentPrior(np.full(1, 7.0), 0.1, 2.0, np.full(1, 1e-8))
    one, other = change_points(rows, PRIOR), change_points(rows * 1e-4 + 7.0, far)
    np.testing.assert_allclose(one.probability, other.probability, atol=1e-7)


def test_a_missing_feature_says_nothing_and_a_missing_row_leaves_the_hazard() -> None:
    rows = np.column_stack((shifted(3), np.full(400, np.nan)))
    wide = SegmentPrior(np.zeros(2), 0.1, 2.0, np.ones(2))
    one, two = change_points(rows[:, :1], PRIOR), change_points(rows, wide)
    np.testing.assert_allclose(one.probability, two.probability, atol=1e-12)
    nothing = change_points(np.full((50, 1), np.nan), PRIOR, within=1, hazards=(0.02,))
    np.testing.assert_allclose(nothing.probability[1:], 0.02, atol=1e-12)


def test_the_hazard_that_made_the_rows_is_learned() -> None:
    rng = np.random.default_rng(4)
    levels = np.repeat(rng.normal(0, 4, 60), 20)
    path = change_points(levels + rng.normal(size=1_200), PRIOR, hazards=(1 / 500, 1 / 20))
    assert path.hazard[-1] > 0.045


def test_heavy_tails_raise_fewer_alarms_where_outliers_are_expected() -> None:
    rows = np.random.default_rng(5).standard_t(3, size=800)
    alarms = [np.mean(change_points(rows, PRIOR, outliers=share).probability > 0.5) for share in (0.0, 0.02)]
    assert alarms[1] < alarms[0] / 3
    # And a real change is still told.
    shift = rows[:400] + 8 * (np.arange(400) >= 200)
    assert change_points(shift, PRIOR, outliers=0.02).probability[200:206].max() > 0.9


def alarms(by: float, repeats: int, rows: int = 400) -> tuple[float, float, float]:
    """False alarms a thousand rows, share of changes told within 20 rows, and median delay in rows."""
    false, told = 0, []
    for seed in range(repeats):
        probability = change_points(shifted(seed, rows, rows // 2, by), PRIOR, hazards=(1 / 200,)).probability
        on = probability > 0.5
        false += int(np.sum(on[1 : rows // 2] & ~on[: rows // 2 - 1]))
        late = np.flatnonzero(on[rows // 2 : rows // 2 + 20])
        told.append(late[0] if len(late) else np.inf)
    return 1_000 * false / (repeats * rows / 2), float(np.mean(np.isfinite(told))), float(np.median(told))


def test_a_change_of_three_widths_is_told_at_once_and_few_are_made_up() -> None:
    false, share, delay = alarms(3.0, 6, rows=200)
    assert false < 8
    assert share > 0.9
    assert delay <= 3


@pytest.mark.study
@pytest.mark.parametrize(("by", "least", "delay"), [(2.0, 0.6, 6.0), (3.0, 0.97, 2.0), (5.0, 1.0, 0.0)])
def test_how_soon_changes_are_told_over_many_repeats(by: float, least: float, delay: float) -> None:
    false, share, median = alarms(by, 200)
    assert false < 2.0
    assert share >= least
    assert median <= delay


def test_parameters_and_rows_out_of_range_are_refused_and_change_nothing() -> None:
    for wrong in ({"hazards": (0.0,)}, {"hazards": ()}, {"within": 0}, {"outliers": 0.5}, {"prune": 1.0}, {"most": 1}):
        with pytest.raises(BadParameter):
            ChangePoint(PRIOR, **wrong)
    for prior in (PRIOR._replace(rows=0.0), PRIOR._replace(variance=-np.ones(1)), PRIOR._replace(mean=np.zeros(2))):
        with pytest.raises(BadParameter):
            ChangePoint(prior)
    gauge = ChangePoint(PRIOR)
    gauge.update(0.3)
    before = pickle.dumps(gauge)
    for row in (np.inf, [1.0, 2.0]):
        with pytest.raises(BadData):
            gauge.update(row)
    assert before == pickle.dumps(gauge)


def test_a_number_whose_square_is_none_is_refused_and_changes_nothing() -> None:
    gauge = ChangePoint(SegmentPrior.scaled(1))
    gauge.update(0.0)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData, match=r"1e\+160, whose square is no number"):
        gauge.update(1e160)
    assert before == pickle.dumps(gauge)
    assert np.isfinite(gauge.update(-1e139))
