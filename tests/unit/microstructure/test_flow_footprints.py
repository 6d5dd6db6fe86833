"""Footprints: a planted metaorder is found, chance is flagged no more often than stated, and bad input refused."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.microstructure import flow_worlds as worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.flow import Footprints, footprints
from nowake.microstructure.flow.footprints import _threshold

SIZES, SHARES = [1, 2, 3, 5, 10, 37, 100], [0.2, 0.1, 0.1, 0.15, 0.15, 0.1, 0.2]


def tape(seed: int, count: int = 1_500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Six hours of orders without any connection."""
    rng = np.random.default_rng(seed)
    time_ns = np.sort(rng.integers(0, 6 * 3_600 * worlds.SECOND, count))
    return time_ns, rng.choice([-1, 1], count), rng.choice(SIZES, count, p=SHARES)


def planted(seed: int, *, gap_s: float, lots: int, pieces: int, jitter: float = 0.0) -> Footprints:
    """The same with a buyer of equal pieces from the second hour on."""
    time_ns, signs, sizes = tape(seed)
    gaps = gap_s * (1 + jitter * np.random.default_rng(seed).uniform(-1, 1, pieces))
    own = 7_200 * worlds.SECOND + (np.cumsum(gaps) * worlds.SECOND).astype(np.int64)
    order = np.argsort(np.append(time_ns, own), kind="stable")
    columns = (np.append(time_ns, own), np.append(signs, np.ones(pieces, int)), np.append(sizes, np.full(pieces, lots)))
    return footprints(*(column[order] for column in columns), surrogates=100, seed=seed)


def test_equal_pieces_at_a_beat_are_found_where_they_are() -> None:
    found = planted(1, gap_s=30, lots=4, pieces=20)
    kinds = {each.kind for each in found.found}
    assert {"same size", "even gaps"} <= kinds
    for each in found.found:
        assert (1, 4) == (each.side, each.lots)
        assert 7_200 * worlds.SECOND <= each.start_ns < each.end_ns <= 7_800 * worlds.SECOND
        assert each.score > found.thresholds[each.kind]


def test_odd_pieces_at_no_beat_are_found_by_their_size_alone() -> None:
    found = planted(2, gap_s=20, lots=41, pieces=20, jitter=0.9)
    assert {"same size"} == {each.kind for each in found.found}


def test_a_few_pieces_of_a_common_size_leave_no_footprint() -> None:
    assert () == planted(3, gap_s=600, lots=100, pieces=6, jitter=0.9).found


def flagged(seed: int) -> bool:
    return bool(footprints(*tape(1_000 + seed, 400), surrogates=60, seed=seed).found)


def test_days_of_chance_are_seldom_flagged() -> None:
    assert np.mean([flagged(seed) for seed in range(12)]) <= 0.25


@pytest.mark.study
def test_days_of_chance_are_flagged_no_more_often_than_stated() -> None:
    assert np.mean([flagged(seed) for seed in range(300)]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_memory_of_signs_alone_is_no_footprint_and_a_run_beyond_it_is() -> None:
    time_ns, _, sizes = tape(4, 3_000)
    signs = np.sign(worlds.gaussian(worlds.fractional(0.25, 3_000), np.random.default_rng(4))).astype(int)
    kinds = {each.kind for each in footprints(time_ns, signs, sizes, surrogates=100).found}
    assert "one-sided" not in kinds
    signs[1_000:1_400] = 1
    found = [each for each in footprints(time_ns, signs, sizes, surrogates=100).found if each.kind == "one-sided"]
    assert found
    assert (1, True) == (found[0].side, found[0].first < 1_400 and found[0].last > 1_000)


@pytest.mark.parametrize(("surrogates", "chance"), [(60, 0.05 / 3), (200, 0.05 / 3), (99, 0.05), (300, 0.01)])
def test_one_more_surrogate_exceeds_the_threshold_no_more_often_than_stated(surrogates: int, chance: float) -> None:
    above = surrogates - _threshold(np.arange(1.0, surrogates + 1), chance)
    # All ranks of one more among them are alike likely: it is above k of B with the chance (k + 1) / (B + 1).
    assert (above + 1) / (surrogates + 1) <= chance + 1e-12 < (above + 2) / (surrogates + 1)


def test_short_tapes_are_not_looked_at_for_one_side() -> None:
    time_ns, signs, sizes = tape(4, 1_999)
    signs[500:1_400] = 1
    found = footprints(time_ns, signs, sizes, surrogates=60)
    assert "one-sided" not in {each.kind for each in found.found} | set(found.thresholds)
    assert "one-sided ones not looked for, it takes 2,000 orders" in str(found)


def test_flipping_the_sides_flips_the_footprints() -> None:
    time_ns, signs, sizes = tape(5, 2_100)
    signs[300:700] = 1
    ours, theirs = (footprints(time_ns, side * signs, sizes, surrogates=60) for side in (1, -1))
    kind = "one-sided"
    assert [(e.first, e.side) for e in ours.found if e.kind == kind] == [
        (e.first, -e.side) for e in theirs.found if e.kind == kind
    ]
    assert any(e.kind == kind for e in ours.found)


def test_what_cannot_be_looked_at_is_refused() -> None:
    time_ns, signs, sizes = tape(6, 300)
    with pytest.raises(BadParameter, match="it takes 300"):
        footprints(time_ns, signs, sizes, false_alarm=0.01)
    with pytest.raises(BadParameter, match=r"false_alarm 1\.5"):
        footprints(time_ns, signs, sizes, false_alarm=1.5)
    with pytest.raises(BadData, match="299 sizes must be as many"):
        footprints(time_ns, signs, sizes[1:])
    with pytest.raises(BadData, match="150 signs"):
        footprints(time_ns[:150], signs[:150], sizes[:150])
    with pytest.raises(BadData, match=r"signs are \[1\]"):
        footprints(time_ns, np.ones(300, int), sizes)
    with pytest.raises(BadData, match=r"signs are \[-1, 0, 1\]"):
        footprints(time_ns, np.append(signs[1:], 0), sizes)
    with pytest.raises(BadData, match="sorted by time"):
        footprints(time_ns[::-1], signs, sizes)
    with pytest.raises(BadData, match="the smallest is -1"):
        footprints(time_ns, signs, np.append(sizes[1:], -1))
    for wrong in (np.nan, 1.5):
        with pytest.raises(BadData, match="sizes must be whole numbers"):
            footprints(time_ns, signs, np.append(sizes[1:], wrong))
