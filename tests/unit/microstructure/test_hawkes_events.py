from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.hawkes import HawkesEvents, hawkes_events

SECOND = 1_000_000_000


def ns(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (np.array(seconds) * SECOND).astype(np.int64)


def test_stamps_become_seconds_from_the_begin_with_their_kinds() -> None:
    events = hawkes_events([ns(11, 13), ns(12.5)], start_ns=10 * SECOND, end_ns=20 * SECOND)
    np.testing.assert_array_equal(events.time_s, [1.0, 2.5, 3.0])
    np.testing.assert_array_equal(events.kind, [0, 1, 0])
    assert events.end_s == 10.0
    np.testing.assert_array_equal(events.counts, [2, 1])


def test_what_is_outside_is_left_out_and_history_is_kept_but_not_counted() -> None:
    stamps = [ns(1, 8, 9.5, 10, 19, 20, 20.5)]
    events = hawkes_events(stamps, start_ns=10 * SECOND, end_ns=20 * SECOND, history_ns=2 * SECOND)
    np.testing.assert_array_equal(events.time_s, [-2.0, -0.5, 0.0, 9.0, 10.0])
    assert len(events) == 3


def test_ties_are_refused_with_their_number_and_the_way_out() -> None:
    with pytest.raises(BadData, match=r"2 of 5 events share their stamp.*resolution_ns"):
        hawkes_events([ns(1, 2, 3), ns(2, 5)], start_ns=0, end_ns=9 * SECOND)


def test_ties_within_one_dimension_are_refused_too() -> None:
    with pytest.raises(BadData, match="2 of 4 events"):
        hawkes_events([ns(1, 2, 2, 3)], start_ns=0, end_ns=9 * SECOND)


def test_spread_events_stay_within_their_stamp_and_depend_on_the_seed_alone() -> None:
    stamps = [ns(1, 2, 3, 4), ns(2, 5)]
    made = [
        hawkes_events(stamps, start_ns=0, end_ns=9 * SECOND, resolution_ns=SECOND // 1000, seed=seed)
        for seed in (1, 1, 2)
    ]
    first, again, other = made
    np.testing.assert_array_equal(first.time_s, again.time_s)
    assert (first.time_s != other.time_s).all()
    np.testing.assert_array_equal(np.floor(first.time_s * 1000) / 1000, [1, 2, 2, 3, 4, 5])
    assert (np.diff(first.time_s) > 0).all()
    assert (first.tied, first.resolution_s, first.end_s) == (2, 0.001, 9.001)


def test_events_that_nearly_all_share_stamps_are_refused_even_to_be_spread() -> None:
    stamps = [np.repeat(ns(1, 2, 3), 5)]
    with pytest.raises(BadData, match="15 of 15"):
        hawkes_events(stamps, start_ns=0, end_ns=9 * SECOND, resolution_ns=SECOND)


def test_no_events_are_a_window_too() -> None:
    events = hawkes_events([ns(), ns()], start_ns=0, end_ns=SECOND)
    assert (len(events), events.rate) == (0, 0.0)
    np.testing.assert_array_equal(events.counts, [0, 0])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"end_ns": 0}, "must not be empty"),
        ({"history_ns": -1}, "must not be empty"),
        ({"resolution_ns": 0}, "resolution_ns 0 must be above 0"),
    ],
)
def test_a_wrong_window_is_refused(changed: dict[str, int], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        hawkes_events([ns(1)], **{"start_ns": 0, "end_ns": SECOND * 9, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("time_s", "kind", "says"),
    [
        ([1.0, 1.0], [0, 0], "1 of 2 events are not after"),
        ([2.0, 1.0], [0, 0], "1 of 2 events are not after"),
        ([1.0, 6.0], [0, 0], "after the window's end at 5"),
        ([1.0, np.nan], [0, 0], "finite"),
        ([1.0, 2.0], [0, 2], r"kinds \[0, 2\] must be"),
        ([1.0, 2.0], [-1, 0], r"kinds \[-1, 0\] must be"),
        ([1.0, 2.0], [0], "as many"),
    ],
)
def test_events_that_are_none_are_refused(time_s: list[float], kind: list[int], says: str) -> None:
    with pytest.raises(BadData, match=says):
        HawkesEvents(np.array(time_s), np.array(kind), 5.0, 2)


def test_no_dimension_is_refused() -> None:
    with pytest.raises(BadParameter, match="one array of stamps"):
        hawkes_events([], start_ns=0, end_ns=1)
