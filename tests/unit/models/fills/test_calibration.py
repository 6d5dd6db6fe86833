from __future__ import annotations

import numpy as np
import pytest
from tests.unit.models.fills.tapes import OPEN_NS, lives_of
from tests.unit.models.fills.test_model import posted

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.models.fills.calibration import calibrate, known_at
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED


def test_a_model_of_the_right_shape_holds_on_later_orders() -> None:
    found = calibrate(posted(1, 6_000), horizons_s=(10.0, 30.0))
    assert (4_200, 1_800) == (found.fitted, found.judged)
    assert 10 == len(found.groups)
    assert sum(group.holds for group in found.groups) >= 8
    assert found.gap < 0.03


def test_groups_are_sorted_by_prediction_and_hold_all_later_orders() -> None:
    found = calibrate(posted(2, 3_000), horizons_s=(10.0,), groups=4)
    predicted = [group.predicted for group in found.groups]
    assert predicted == sorted(predicted)
    assert found.judged == sum(group.orders for group in found.groups)


def test_a_market_that_turns_is_seen() -> None:
    """After the cut everybody is filled three times as fast."""
    early, late = posted(3, 2_100), posted(4, 900)
    wait_s = np.concatenate((early.end_s, late.end_s / 3))
    lives = lives_of(
        wait_s,
        np.concatenate((early.end, late.end)),
        every_s=10.0,
        distance_ticks=np.concatenate((early.distance_ticks, late.distance_ticks)),
        queue_lots=np.concatenate((early.queue_lots, late.queue_lots)),
    )
    found = calibrate(lives, horizons_s=(10.0,))
    assert sum(group.holds for group in found.groups) <= 2
    assert found.gap > 0.1


def test_what_ends_after_an_instant_is_not_known_at_it() -> None:
    lives = lives_of(np.array([5.0, 5.0, 50.0, 1.0]), np.array([FILLED, CANCELLED, FILLED, FILLED]))
    known = known_at(lives, OPEN_NS + 5 * NS_PER_SECOND + NS_PER_SECOND // 2)
    assert [FILLED, CENSORED, CENSORED, FILLED] == known.end.tolist()
    assert [5.0, 4.5, 3.5, 1.0] == known.end_s.tolist()
    assert [False, True, True, False] == np.isnan(known.first_fill_s).tolist()
    assert 2 == len(known_at(lives, OPEN_NS + NS_PER_SECOND))


def test_what_became_of_earlier_orders_after_the_cut_does_not_reach_the_model() -> None:
    lives = posted(8, 4_000, every_s=1.0)
    cut_s, start_s = 0.7 * 3_999, np.arange(4_000)
    runs_over = (start_s < cut_s) & (start_s + lives.end_s > cut_s)
    assert runs_over.sum() > 3
    other = lives_of(
        np.where(runs_over, lives.end_s + 30, lives.end_s),
        np.where(runs_over, np.where(lives.end == FILLED, CANCELLED, FILLED), lives.end),
        distance_ticks=lives.distance_ticks,
        queue_lots=lives.queue_lots,
        imbalance=lives.imbalance,
    )
    assert calibrate(lives, horizons_s=(30.0,)) == calibrate(other, horizons_s=(30.0,))


def test_thin_parts_are_refused() -> None:
    with pytest.raises(BadData, match="no horizon can bear a fit"):
        calibrate(posted(5, 60), horizons_s=(10.0,))
    with pytest.raises(BadData, match="later orders span too few blocks"):
        calibrate(posted(6, 400), horizons_s=(10.0,), earlier=0.95)


@pytest.mark.parametrize("asked", [{"earlier": 0.0}, {"earlier": 1.0}, {"groups": 0}])
def test_a_share_or_a_count_of_groups_out_of_range_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match="must be between 0 and 1, and groups"):
        calibrate(posted(7, 100), **asked)  # type: ignore[arg-type]
