import math

import numpy as np
import pytest
from tests.unit.models.volume_days import day_of, session_on, simulated, u_shape, weekday

from nowake.domain.errors import BadData
from nowake.models.volume import AverageVolume, Kind, VolumeCurve, average_curve, stretched


def test_average_of_days_is_the_mean_share_with_students_interval() -> None:
    curve = average_curve([day_of([20, 80]), day_of([40, 60], weekday(1)), day_of([30, 70], weekday(2))])
    half = 4.303 * 0.1 / math.sqrt(3)
    assert curve.shares == pytest.approx((0.3, 0.7))
    assert curve.low == pytest.approx((0.3 - half, 0.7 - half), rel=1e-3)
    assert (curve.days, curve.volume_lots) == (3, 300)


def test_bucket_not_known_on_a_day_counts_on_the_others() -> None:
    days = [day_of([10, 10, 20]), day_of([10, math.nan, 30], weekday(1)), day_of([10, 10, 20], weekday(2))]
    assert average_curve(days).shares == pytest.approx(
        np.array([0.25, 0.25, (0.5 + 0.75 + 0.5) / 3]) / (0.5 + 1.75 / 3)
    )
    with pytest.raises(BadData, match="bucket 2 is known on 1 days"):
        average_curve(days[:2])


def test_interval_of_the_average_holds_the_true_curve_as_often_as_it_says() -> None:
    true = np.exp(u_shape(13))
    rng = np.random.default_rng(3)
    held = []
    for _ in range(150):
        days = [day_of(true * rng.lognormal(0, 0.3, 13), weekday(k)) for k in range(30)]
        curve = average_curve(days)
        expected = np.mean(
            [day.shares for day in (day_of(true * rng.lognormal(0, 0.3, 13)) for _ in range(400))], axis=0
        )
        held += list((np.array(curve.low) <= expected) & (expected <= np.array(curve.high)))
    assert 0.93 <= np.mean(held) <= 0.97


def test_special_days_are_kept_apart_with_a_curve_of_their_own_and_a_sentence() -> None:
    days = simulated(40, 13, seed=2)
    found = AverageVolume.fit(days)
    assert found.curves[Kind.NORMAL].days == 36
    assert found.curves[Kind.EXPIRY].days == 2
    assert any("monthly expiry: 2026-01-16, 2026-02-20 (2, with a curve of their own)" in note for note in found.notes)
    fewer = AverageVolume.fit(days[:39])
    assert Kind.MONTH_END not in fewer.curves
    assert any("month end: 2026-01-30 (1, too few for a curve of their own)" in note for note in fewer.notes)


def test_total_is_a_geometric_mean_and_its_interval_is_of_that() -> None:
    days = [day_of([factor, factor], weekday(k)) for k, factor in enumerate((50, 100, 200))]
    total = AverageVolume.fit(days).total
    assert total.value == pytest.approx(200)
    assert math.log(total.high / 200) == pytest.approx(4.303 * math.log(2) / math.sqrt(3), rel=1e-3)


def test_auction_shares_are_of_the_whole_day_and_only_where_they_are_told() -> None:
    days = [
        day_of([40, 40], weekday(k), opening_auction=0.0, closing_auction=each) for k, each in enumerate((20.0, 80.0))
    ]
    found = AverageVolume.fit(days)
    assert found.closing_auction is not None
    assert found.closing_auction.value == pytest.approx((0.2 + 0.5) / 2)
    assert found.closing_auction.low == 0.0
    assert found.opening_auction is None
    assert AverageVolume.fit([day_of([1, 1]), day_of([1, 1], weekday(1))]).closing_auction is None


def test_half_day_gets_the_normal_curve_fitted_to_its_length_until_there_are_two() -> None:
    days = simulated(10, 26, seed=4)
    half = session_on(weekday(10), minutes=210)
    curve, note = AverageVolume.fit(days).curve_on(half, Kind.OTHER_LENGTH)
    assert (curve.edges_ns[0], curve.edges_ns[-1]) == (half.open_ns, half.close_ns)
    assert "no days of 210 minutes to average" in note
    own = [day_of(np.arange(1.0, 15.0), weekday(10 + k), minutes=210) for k in range(2)]
    curve, note = AverageVolume.fit([*days, *own]).curve_on(session_on(weekday(12), minutes=210), Kind.OTHER_LENGTH)
    assert (len(curve.shares), note) == (14, "")


def test_kind_without_days_gets_the_normal_curve_and_says_so() -> None:
    found = AverageVolume.fit(simulated(10, 26, seed=4))
    curve, note = found.curve_on(session_on(weekday(10)), "earnings")
    assert curve.shares == found.curves[Kind.NORMAL].shares
    assert note == "no curve of its own for earnings: that of normal days stands in"


def test_stretched_curve_keeps_its_shares() -> None:
    curve = VolumeCurve(edges_ns=(0, 10, 40), shares=(0.5, 0.5), low=(0.4, 0.4), high=(0.6, 0.6))
    short = stretched(curve, session_on(weekday(0), minutes=200))
    assert short.shares == curve.shares
    assert short.edges_ns[1] - short.edges_ns[0] == 50 * 60 * 10**9
    assert short.low == ()


def test_no_clean_normal_days_is_refused_with_what_became_of_the_others() -> None:
    days = [day_of([0.0, 0.0], weekday(k)) for k in range(3)]
    with pytest.raises(
        BadData, match="0 of 3 days are normal and clean, an average needs 2; 2026-01-05 left out: no v"
    ):
        AverageVolume.fit(days)
