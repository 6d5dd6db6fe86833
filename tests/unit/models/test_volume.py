import datetime as dt
import math

import numpy as np
import pytest
from tests.unit.models.makers import MINUTE, SECOND, session, trades

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volume import VolumeCurve

HOUR = session(close_s=3600)


def test_curve_of_prints_is_each_buckets_share_of_the_lots() -> None:
    curve = VolumeCurve.from_trades(
        trades([(0, 1, 10), (1199, 1, 10), (1200, 1, 30), (2400, 1, 50)]), HOUR, bucket_ns=20 * MINUTE
    )
    assert curve.shares == (0.2, 0.3, 0.5)
    assert curve.edges_ns == (0, 20 * MINUTE, 40 * MINUTE, 60 * MINUTE)
    assert (curve.volume_lots, curve.days) == (100, 1)


def test_print_at_the_close_belongs_to_the_last_bucket() -> None:
    curve = VolumeCurve.from_trades(trades([(0, 1, 10), (3600, 1, 30)]), HOUR, bucket_ns=30 * MINUTE)
    assert curve.shares == (0.25, 0.75)


def test_auction_prints_are_counted_apart() -> None:
    tape = trades([(0, 1, 900), (10, 1, 10), (3000, 1, 30), (3600, 1, 5_000)], auctions=[0, 3])
    curve = VolumeCurve.from_trades(tape, HOUR, bucket_ns=30 * MINUTE)
    assert curve.shares == (0.25, 0.75)
    assert (curve.volume_lots, curve.auction_lots) == (40, 5_900)


def test_prints_outside_the_session_do_not_count() -> None:
    curve = VolumeCurve.from_trades(
        trades([(0, 1, 999), (700, 1, 10), (1500, 1, 10), (9000, 1, 999)]),
        session(open_s=600, close_s=1800),
        bucket_ns=10 * MINUTE,
    )
    assert curve.shares == (0.5, 0.5)


@pytest.mark.parametrize("rows", [[], [(9999, 1, 5)], [(5, 1, 0)]])
def test_day_without_volume_is_refused(rows: list[tuple[float, int, int]]) -> None:
    with pytest.raises(BadData, match="needs a day with volume"):
        VolumeCurve.from_trades(trades(rows), HOUR)


def test_day_of_auctions_only_is_refused() -> None:
    with pytest.raises(BadData):
        VolumeCurve.from_trades(trades([(0, 1, 100)], auctions=[0]), HOUR)


def test_curve_says_how_many_buckets_are_empty() -> None:
    cut_short = VolumeCurve.from_trades(trades([(0, 1, 10), (700, 1, 10)]), HOUR, bucket_ns=10 * MINUTE)
    assert cut_short.empty == 4
    assert "4 buckets without a print" in str(cut_short)


def test_smoothing_keeps_the_whole_and_spreads_a_spike() -> None:
    tape = trades([(1500, 1, 100)])
    curve = VolumeCurve.from_trades(tape, HOUR, bucket_ns=12 * MINUTE, smoothing_passes=1)
    assert curve.shares == (0, 0.25, 0.5, 0.25, 0)
    again = VolumeCurve.from_trades(tape, HOUR, bucket_ns=12 * MINUTE, smoothing_passes=40)
    assert math.fsum(again.shares) == pytest.approx(1, abs=1e-12)
    assert max(again.shares) - min(again.shares) < 0.01


def test_interval_covers_the_true_share_as_often_as_it_says() -> None:
    true = np.array([0.4, 0.2, 0.1, 0.3])
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(300):
        bucket = np.sort(rng.choice(4, 400, p=true))
        lots = rng.geometric(0.02, 400)
        curve = VolumeCurve.from_trades(
            trades(zip(bucket * 900 + 1, np.ones(400, int), lots, strict=True)), HOUR, bucket_ns=15 * MINUTE
        )
        covered += [low <= share <= high for low, share, high in zip(curve.low, true, curve.high, strict=True)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


def test_one_large_print_makes_the_interval_wide() -> None:
    even = VolumeCurve.from_trades(trades([(k, 1, 1) for k in range(100)]), HOUR)
    block = VolumeCurve.from_trades(trades([(k, 1, 1 if k else 10_000) for k in range(100)]), HOUR)
    assert even.high[0] - even.low[0] < 0.05
    assert block.high[0] - block.low[0] > 0.7


def test_average_gives_days_the_same_weight_and_the_spread_between_them() -> None:
    shares = [(0.2, 0.8), (0.4, 0.6), (0.3, 0.7)]
    days = [VolumeCurve(edges_ns=(k, k + 5, k + 10), shares=pair, days=1) for k, pair in enumerate(shares)]
    mean = VolumeCurve.average(days)
    half = 4.303 * 0.1 / math.sqrt(3)
    assert mean.shares == pytest.approx((0.3, 0.7))
    assert mean.low == pytest.approx((0.3 - half, 0.7 - half), rel=1e-3)
    assert mean.edges_ns == days[-1].edges_ns
    assert mean.days == 3


def test_average_of_a_half_day_and_a_full_day_is_refused() -> None:
    full = VolumeCurve(edges_ns=(0, 5, 10), shares=(0.5, 0.5))
    with pytest.raises(BadParameter, match="same length"):
        VolumeCurve.average([full, VolumeCurve(edges_ns=(0, 5, 8), shares=(0.5, 0.5))])
    with pytest.raises(BadParameter, match="two or more"):
        VolumeCurve.average([full])


def test_share_between_is_linear_inside_a_bucket_and_nothing_outside_the_session() -> None:
    curve = VolumeCurve(edges_ns=(100, 200, 400), shares=(0.4, 0.6))
    assert curve.share_between(0, 100) == 0
    assert curve.share_between(50, 150) == pytest.approx(0.2)
    assert curve.share_between(150, 300) == pytest.approx(0.5)
    assert curve.share_between(300, 999) == pytest.approx(0.3)
    assert curve.share_between(-5, 9999) == 1


def test_inverse_finds_the_instant_a_share_is_done() -> None:
    curve = VolumeCurve(edges_ns=(100, 200, 300, 400), shares=(0.4, 0.0, 0.6))
    assert curve.inverse(0) == 100
    assert curve.inverse(0.2) == 150
    assert curve.inverse(0.4) == 200
    assert curve.inverse(0.7) == 350
    assert curve.inverse(1) == 400


def test_inverse_of_a_sum_that_rounds_below_one_stays_in_the_session() -> None:
    curve = VolumeCurve(edges_ns=tuple(range(0, 1100, 100)), shares=(0.1,) * 10)
    assert curve.inverse(1.0) == 1000


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_inverse_of_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(BadParameter, match="between 0 and 1"):
        VolumeCurve(edges_ns=(0, 1), shares=(1.0,)).inverse(share)


def test_curve_moves_to_another_day_of_the_same_length_only() -> None:
    curve = VolumeCurve(edges_ns=(0, 1800 * SECOND, 3600 * SECOND), shares=(0.5, 0.5))
    later = session(date=dt.date(2026, 3, 3), open_s=86_400, close_s=90_000)
    assert curve.on(later).edges_ns == (86_400 * SECOND, 88_200 * SECOND, 90_000 * SECOND)
    with pytest.raises(BadParameter, match="lasts 30 minutes and the curve 60"):
        curve.on(session(close_s=1800))


@pytest.mark.parametrize(
    ("edges", "shares"),
    [((0, 1), ()), ((0,), (1.0,)), ((0, 0), (1.0,)), ((0, 1, 2), (0.5, 0.4)), ((0, 1, 2), (1.5, -0.5))],
)
def test_curve_that_is_no_distribution_is_refused(edges: tuple[int, ...], shares: tuple[float, ...]) -> None:
    with pytest.raises(BadParameter):
        VolumeCurve(edges_ns=edges, shares=shares)


def test_bucket_that_does_not_divide_the_session_becomes_one_that_does() -> None:
    curve = VolumeCurve.from_trades(trades([(0, 1, 1)]), HOUR, bucket_ns=7 * MINUTE)
    assert len(curve.shares) == 9
    assert curve.edges_ns[-1] == HOUR.close_ns


@pytest.mark.parametrize("bucket_ns", [0, -1, 61 * MINUTE, 1_000])
def test_bucket_outside_the_session_or_too_fine_is_refused(bucket_ns: int) -> None:
    with pytest.raises(BadParameter, match="bucket"):
        VolumeCurve.from_trades(trades([(0, 1, 1)]), HOUR, bucket_ns=bucket_ns)


def test_a_day_seen_in_part_runs_at_its_mean_rate_elsewhere() -> None:
    """A quarter of the day seen, three of its hundredths in the first half of that: the rest is even."""
    seen = VolumeCurve(edges_ns=(0, 10, 20, 80), shares=(0.3, 0.7, 0.0)).seen_between(0, 20)
    assert [0.075, 0.25, 0.75, 1.0] == pytest.approx([seen.share_until(at) for at in (10, 20, 60, 80)])
    late = VolumeCurve(edges_ns=(0, 40, 80), shares=(0.0, 1.0)).seen_between(60, 80)
    assert [0.25, 0.75, 1.0] == pytest.approx([late.share_until(at) for at in (20, 60, 80)])


def test_a_day_seen_whole_or_not_at_all_is_the_curve_itself() -> None:
    curve = VolumeCurve(edges_ns=(0, 40, 80), shares=(0.25, 0.75))
    assert curve.seen_between(0, 80) is curve
    assert curve.seen_between(-5, 200) is curve
    assert curve.seen_between(30, 30) is curve
