import datetime as dt

import numpy as np
import pytest
from tests.unit.models.makers import MINUTE, session, trades
from tests.unit.models.volume_days import bars_of, day_of, session_on

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volume import DayVolume, VolumeCurve

HOUR = session(close_s=3600)


def test_bars_fill_the_buckets_they_lie_in() -> None:
    bars = bars_of(HOUR, [(0, 10, 100), (10, 11, 50), (25, 12, 30), (55, 13, 20)])
    day = DayVolume.from_bars(bars, HOUR, bucket_ns=20 * MINUTE)
    assert day.volume.tolist() == [150, 30, 20]
    assert day.shares.tolist() == [0.75, 0.15, 0.1]
    assert (day.bars, day.impossible_bars, day.is_corrupt) == (4, 0, False)


def test_bar_over_an_edge_is_shared_out_by_time() -> None:
    bars = bars_of(HOUR, [(18, 10, 100)])
    assert DayVolume.from_bars(bars, HOUR, bucket_ns=20 * MINUTE).volume.tolist() == pytest.approx([40, 60, 0])


def test_bars_outside_the_session_do_not_count_and_one_over_its_end_counts_in_part() -> None:
    bars = bars_of(HOUR, [(-10, 10, 999), (-2, 10, 100), (30, 10, 7), (58, 10, 100), (60, 10, 999)])
    assert DayVolume.from_bars(bars, HOUR, bucket_ns=30 * MINUTE).volume.tolist() == pytest.approx([60, 47])


def test_price_of_a_bucket_is_weighted_by_volume() -> None:
    bars = bars_of(HOUR, [(0, 10, 100), (5, 13, 200)], move=0.0)
    assert DayVolume.from_bars(bars, HOUR, bucket_ns=30 * MINUTE).price[0] == pytest.approx(12)


def test_halted_bucket_is_unknown_and_not_empty() -> None:
    bars = bars_of(HOUR, [(0, 10, 100), (50, 10, 100)])
    day = DayVolume.from_bars(bars, HOUR, bucket_ns=15 * MINUTE, halts=[(16 * MINUTE, 20 * MINUTE)])
    assert np.isnan(day.volume).tolist() == [False, True, False, False]
    assert day.total == 200


def test_bars_longer_than_the_bucket_are_refused() -> None:
    with pytest.raises(BadParameter, match="bars of 30 minutes cannot fill buckets of 15"):
        DayVolume.from_bars(bars_of(HOUR, [(0, 10, 1)], minutes=30), HOUR, bucket_ns=15 * MINUTE)


def test_auctions_are_told_apart_by_the_time_of_day() -> None:
    tape = trades([(0, 1, 900), (10, 1, 10), (3000, 1, 30), (3600, 1, 5_000)], auctions=[0, 3])
    day = DayVolume.from_trades(tape, HOUR, bucket_ns=30 * MINUTE, lot_size=2.0)
    assert day.volume.tolist() == [20, 60]
    assert (day.opening_auction, day.closing_auction) == (1_800, 10_000)


def test_day_of_bars_without_volume_that_moved_is_corrupt() -> None:
    rows = [(5 * k, 10, 0 if k in (3, 4) else 100) for k in range(12)]
    assert DayVolume.from_bars(bars_of(HOUR, rows), HOUR).is_corrupt
    still = DayVolume.from_bars(bars_of(HOUR, rows, move=0.0), HOUR)
    assert not still.is_corrupt


def test_volume_below_zero_is_refused() -> None:
    with pytest.raises(BadData, match="volume -1 on 2026-01-05"):
        day_of([1, -1])


def test_curve_of_bars_has_their_shares_and_no_interval() -> None:
    curve = VolumeCurve.from_bars(bars_of(HOUR, [(0, 10, 25), (30, 10, 75)]), HOUR, bucket_ns=30 * MINUTE, lot_size=5)
    assert curve.shares == (0.25, 0.75)
    assert (curve.low, curve.days, curve.volume_lots) == ((), 1, 20)


def test_curve_of_corrupt_bars_is_refused() -> None:
    rows = [(5 * k, 10, 0 if k in (3, 4) else 100) for k in range(12)]
    with pytest.raises(BadData, match="2 of 12 bars of 2026-03-02 have no volume although the price moved"):
        VolumeCurve.from_bars(bars_of(HOUR, rows), HOUR)
    with pytest.raises(BadData, match="needs a day with volume"):
        VolumeCurve.from_bars(bars_of(HOUR, [(0, 10, 0)]), HOUR)


def test_buckets_stay_with_the_open_when_clocks_change() -> None:
    before, after = session_on(dt.date(2026, 3, 6)), session_on(dt.date(2026, 3, 9))
    moved = type(after)(
        date=after.date, timezone="UTC", open_ns=after.open_ns - 60 * MINUTE, close_ns=after.close_ns - 60 * MINUTE
    )
    rows = [(0.0, 10.0, 25.0), (385.0, 10.0, 75.0)]
    one, other = (DayVolume.from_bars(bars_of(each, rows), each) for each in (before, moved))
    assert one.volume.tolist() == other.volume.tolist()
