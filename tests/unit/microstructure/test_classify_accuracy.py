"""How often a rule is right: counted by hand, bounded, and with intervals that hold the truth."""

import numpy as np
import pytest
from tests.unit.microstructure.test_classify import prints, quotes

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.classify import (
    BulkBars,
    Place,
    accuracy,
    bulk_accuracy,
    bulk_bought,
    classify,
    time_bars,
    volume_bars,
)
from nowake.microstructure.classify.accuracy import share_of
from nowake.statistics.measurement import wilson

SIDE = np.array([1, 1, -1, 0, -1, 1])
TRUTH = np.array([1, -1, -1, 1, 0, 1])
LOTS = np.array([10, 30, 5, 7, 100, 20])


def test_shares_are_of_prints_that_have_a_truth_and_that_the_rule_decided() -> None:
    found = accuracy(SIDE, TRUTH, LOTS)
    assert found.overall.by_prints is not None
    assert found.overall.by_volume is not None
    assert (3 / 4, 35 / 65) == (found.overall.by_prints.value, pytest.approx(found.overall.by_volume.value))
    assert (5, 1, 72, 7) == (
        found.overall.prints,
        found.overall.undecided,
        found.overall.lots,
        found.overall.undecided_lots,
    )
    assert 1 == found.without_truth
    assert {(1, 1): 2, (1, -1): 0, (1, 0): 1, (-1, 1): 1, (-1, -1): 1, (-1, 0): 0} == found.confusion


def test_few_prints_have_wilsons_interval() -> None:
    found = accuracy(SIDE, TRUTH, np.ones(6, np.int64)).overall.by_prints
    assert found is not None
    assert wilson(0.75, 4, 0.95) == (found.low, found.high)


def test_places_add_up_to_the_whole_and_are_shown() -> None:
    trades = prints((2, 110), (3, 100), (4, 105), (5, 104), (6, 120), side=1)
    told = classify(trades, quotes((1, 100, 110)), keep_true=False)
    found = accuracy(told.side, trades.aggressor, trades.lots, place=told.place)
    assert {Place.TOUCH: 2, Place.INSIDE: 1, Place.MID: 1, Place.OUTSIDE: 1} == {
        place: share.prints for place, share in found.by_place.items()
    }
    assert found.overall.prints == sum(share.prints for share in found.by_place.values())
    assert "at the touch                 2 prints, right 50.0%, 50.0% of volume, 0 undecided" in str(found)


def test_flipping_both_sides_changes_nothing() -> None:
    assert accuracy(SIDE, TRUTH, LOTS).overall == accuracy(-SIDE, -TRUTH, LOTS).overall


def test_a_rule_that_decides_nothing_has_no_share() -> None:
    found = accuracy(np.zeros(3, np.int8), np.ones(3, np.int8), np.ones(3, np.int64))
    assert (None, None, 3) == (found.overall.by_prints, found.overall.by_volume, found.overall.undecided)
    assert "none decided" in str(found)


def test_a_rule_that_is_never_wrong_is_not_known_to_be_perfect() -> None:
    found = share_of(np.ones(100), np.ones(100), level=0.95)
    assert found is not None
    assert (1.0, 1.0) == (found.value, found.high)
    assert wilson(1.0, 100, 0.95)[0] == found.low < 1


def test_errors_in_runs_widen_the_interval_and_unequal_sizes_do_too() -> None:
    scattered = np.tile([1.0, 1, 1, 0], 250)
    runs = np.repeat(np.tile([1.0, 1, 1, 0], 10), 25)
    ones = np.ones(1_000)
    widths = []
    for right, weights in ((scattered, ones), (runs, ones), (runs, np.where(np.arange(1_000) % 100 == 0, 500.0, 1.0))):
        found = share_of(right, weights, level=0.95)
        assert found is not None
        widths.append(found.high - found.low)
    assert widths[0] < widths[1] < widths[2]


def coverage(repeats: int, count: int, *, share: float, stay: float) -> tuple[float, float]:
    """How often intervals hold the true share, by prints and by volume, of errors that come in runs."""
    held = np.zeros(2)
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        renewed = rng.random(count) >= stay
        last = np.maximum.accumulate(np.where(renewed, np.arange(count), 0))
        right = (rng.random(count) < share)[last].astype(np.float64)
        for k, weights in enumerate((np.ones(count), rng.pareto(2.5, count) + 0.1)):
            found = share_of(right, weights, level=0.95)
            held[k] += found is not None and found.low <= share <= found.high
    return held[0] / repeats, held[1] / repeats


def test_intervals_hold_the_truth_though_errors_come_in_runs() -> None:
    assert min(coverage(150, 2_000, share=0.85, stay=0.8)) > 0.86


def test_intervals_hold_the_truth_though_runs_reach_into_the_next_block() -> None:
    # Runs of 50 prints, blocks of 83.
    assert min(coverage(200, 5_000, share=0.85, stay=0.98)) > 0.91


@pytest.mark.study
@pytest.mark.parametrize(
    ("count", "share", "stay"),
    [(300, 0.9, 0.0), (300, 0.9, 0.7), (1_000, 0.85, 0.8), (2_000, 0.85, 0.8), (5_000, 0.85, 0.98), (8_000, 0.8, 0.9)],
)
def test_intervals_hold_the_truth_at_their_level(count: int, share: float, stay: float) -> None:
    found = coverage(600, count, share=share, stay=stay)
    print(f"n {count}, share {share}, memory {stay}: {found[0]:.3f} by prints, {found[1]:.3f} by volume")
    assert 0.89 < min(found)
    assert max(found) < 0.995


def test_bulk_accuracy_is_the_volume_on_its_true_side() -> None:
    bars = BulkBars(
        end_ns=np.array([1, 2]),
        lots=np.array([100, 300]),
        close=np.array([1.0, 2.0]),
        truly_bought=np.array([0.75, 0.25]),
    )
    # min(50, 75) + min(50, 25) of 100, and min(270, 75) + min(30, 225) of 300.
    assert (75 + 105) / 400 == pytest.approx(bulk_accuracy(bars, np.array([0.5, 0.9])).value)


def test_the_truth_of_bars_is_what_the_feed_says_split_to_the_lot() -> None:
    trades = prints((1, 100), (2, 101), (3, 99), (70, 100))
    trades.lots[:] = (4, 5, 6, 1)
    trades.aggressor[:] = (1, 0, -1, 1)
    by_time = time_bars(trades, width_ns=60)
    assert by_time.truly_bought is not None
    assert [(4 + 2.5) / 15] == by_time.truly_bought.tolist()
    by_volume = volume_bars(trades, bar_lots=5)
    assert by_volume.truly_bought is not None
    # 4 bought and 1 unknown; 4 unknown and 1 sold; 5 sold.
    assert [0.9, 0.4, 0.0] == by_volume.truly_bought.tolist()
    assert time_bars(prints((1, 100), (90, 101)), width_ns=60).truly_bought is None


def test_what_cannot_be_judged_is_refused() -> None:
    one = np.ones(2, np.int64)
    with pytest.raises(BadData, match="none of 2 prints has a true side"):
        accuracy(one, 0 * one, one)
    with pytest.raises(BadData, match="columns of"):
        accuracy(one, one, np.ones(3, np.int64))
    with pytest.raises(BadData, match="print 0: side 2 must be"):
        accuracy(2 * one, one, one)
    with pytest.raises(BadData, match="-1 lots"):
        accuracy(one, one, -one)
    with pytest.raises(BadParameter, match="level 2 must be"):
        accuracy(one, one, one, level=2)
    bars = time_bars(prints((1, 100), (90, 101)), width_ns=60)
    with pytest.raises(BadData, match="no true sides"):
        bulk_accuracy(bars, bulk_bought(bars))
