import dataclasses

import numpy as np
import pytest
from tests.unit.models.volume_days import day_of, simulated, weekday

from nowake.models.volume import DayVolume, Why, screened

DAYS = simulated(30, 26, seed=4)


def _with(k: int, day: DayVolume) -> list[DayVolume]:
    return [*DAYS[:k], day, *DAYS[k + 1 :]]


def test_clean_days_all_stay() -> None:
    for seed in range(20):
        kept, left_out = screened(simulated(40, 26, seed=seed))
        assert (len(kept), left_out) == (40, [])


@pytest.mark.parametrize(
    ("corrupt", "reason"),
    [
        (lambda v: np.full(26, round(v.mean())), "96% of its buckets repeat another's volume exactly"),
        (lambda v: np.tile(v[:13], 2), "50% of its buckets repeat another's volume exactly"),
        (lambda v: np.where(np.arange(26) % 3 == 0, 0, v), "9 of 26 buckets that trade on most days are empty"),
        (lambda v: 12 * v, "times that of the median day"),
        (lambda v: v / 20, "times that of the median day"),
        (lambda v: v[::-1] * np.where(np.arange(26) == 12, 40, 1), "its shape is"),
        (lambda v: 0 * v, "no volume"),
    ],
)
def test_day_that_cannot_be_believed_is_left_out_with_the_reason(corrupt: object, reason: str) -> None:
    assert callable(corrupt)
    typical = np.exp(np.mean([np.log(day.volume) for day in DAYS], axis=0))
    kept, left_out = screened(_with(7, day_of(corrupt(typical), weekday(7))))
    assert [each.date for each in left_out] == [weekday(7)]
    assert reason in left_out[0].reason
    assert len(kept) == 29


def test_bars_that_moved_without_volume_are_noticed_without_other_days() -> None:
    day = dataclasses.replace(DAYS[0], impossible_bars=2, bars=78)
    assert screened([day])[1][0].reason == "2 of 78 bars have no volume although the price moved"
    assert screened([dataclasses.replace(day, impossible_bars=1)])[1] == []


def test_what_the_caller_knows_comes_first() -> None:
    kept, left_out = screened(DAYS, bad={weekday(3): "the venue was down"})
    assert [str(each) for each in left_out] == ["2026-01-08 left out: the venue was down"]
    assert len(kept) == 29


def test_thin_market_is_not_taken_for_corrupt() -> None:
    rng = np.random.default_rng(3)
    days = [day_of(np.where(rng.random(26) < 0.12, 0, day.volume), day.date) for day in DAYS]
    assert screened(days)[1] == []


def test_half_days_are_compared_with_half_days_only() -> None:
    halves = [day_of(np.full(14, 500.0), weekday(40 + k), minutes=210) for k in range(2)]
    assert screened([*DAYS, *halves])[1] == []


def test_halted_day_is_compared_with_the_same_buckets_of_other_days() -> None:
    """It was left out for 0.17 times the median day's volume, which it could not have."""
    for share in (0.25, 0.5, 0.75):
        halted = DAYS[7].volume.copy()
        halted[round(26 * (1 - share)) :] = np.nan
        assert screened(_with(7, dataclasses.replace(DAYS[7], volume=halted)))[1] == []
        _, left_out = screened(_with(7, dataclasses.replace(DAYS[7], volume=20 * halted)))
        assert [each.kind for each in left_out] == [Why.TOTAL]


def test_days_that_differ_much_among_themselves_stay() -> None:
    """Five times the median day left out 2.3 % of good days where the logarithm of a day's volume varies by 0.7."""
    rng = np.random.default_rng(5)
    days = [
        dataclasses.replace(day, volume=day.volume * np.exp(0.6 * rng.normal()))
        for seed in range(10)
        for day in simulated(40, 26, seed=seed)
    ]
    groups = [days[k : k + 40] for k in range(0, 400, 40)]
    assert sum(len(screened(group)[1]) for group in groups) <= 2


def test_each_reason_is_of_a_kind() -> None:
    corrupt = dataclasses.replace(DAYS[0], impossible_bars=2, bars=78)
    assert [each.kind for each in screened([corrupt], bad={corrupt.date: "told"})[1]] == [Why.CORRUPT]
    assert [each.kind for each in screened(DAYS, bad={weekday(3): "the venue was down"})[1]] == [Why.TOLD]
    assert [each.kind for each in screened(_with(7, day_of(DAYS[7].volume * 40, weekday(7))))[1]] == [Why.TOTAL]
