import pytest
from tests.unit.models.makers import DAY_SECONDS, MINUTE, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models.volume import VolumeCurve
from nowake.schedules import Twap, Vwap, twap, vwap

NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON, 2 * NOON), shares=(0.25, 0.75))


def test_twap_of_even_lots_trades_the_same_in_each_bucket() -> None:
    assert twap(order(600, end_s=3600), n=6).lots == (100,) * 6


def test_twap_trades_one_bucket_a_minute_by_default() -> None:
    plan = twap(order(6_000, start_s=60, end_s=3660))
    assert plan.times_ns == tuple(range(MINUTE, 62 * MINUTE, MINUTE))
    assert set(plan.lots) == {100}


def test_twap_of_a_short_window_trades_ten_times_by_default() -> None:
    assert twap(order(50, end_s=30)).lots == (5,) * 10


def test_twap_last_bucket_is_shorter_and_gets_less() -> None:
    plan = twap(order(700, end_s=210), bucket_ns=MINUTE)
    assert plan.times_ns == (0, MINUTE, 2 * MINUTE, 3 * MINUTE, 210 * SECOND)
    assert plan.lots == (200, 200, 200, 100)


def test_twap_with_remainder_keeps_to_the_line_within_half_a_lot() -> None:
    plan = twap(order(10), n=4)
    assert plan.lots == (3, 2, 3, 2)


def test_twap_in_a_bucket_longer_than_the_window_trades_all_in_it() -> None:
    assert twap(order(7, end_s=60), bucket_ns=10 * MINUTE).lots == (7,)


@pytest.mark.parametrize(
    "buckets", [{"n": 0}, {"n": -1}, {"bucket_ns": 0}, {"n": 3, "bucket_ns": MINUTE}, {"bucket_ns": 1}, {"n": 10**6}]
)
def test_buckets_out_of_range_are_refused(buckets: dict[str, int]) -> None:
    with pytest.raises(BadParameter):
        twap(order(), **buckets)


def test_vwap_trades_in_proportion_to_the_curve() -> None:
    plan = vwap(order(1_000, end_s=DAY_SECONDS), CURVE, n=4)
    assert plan.lots == (125, 125, 375, 375)
    assert plan.inputs["share_of_day"] == 1


def test_vwap_of_part_of_the_day_uses_the_shares_inside_the_window() -> None:
    quarter = DAY_SECONDS // 4
    plan = vwap(order(1_000, start_s=quarter, end_s=3 * quarter), CURVE, n=2)
    assert plan.lots == (250, 750)


def test_vwap_trades_nothing_where_the_curve_has_nothing() -> None:
    curve = VolumeCurve(edges_ns=(0, NOON, 2 * NOON), shares=(1.0, 0.0))
    assert vwap(order(1_000, end_s=DAY_SECONDS), curve, n=4).lots == (500, 500, 0, 0)


def test_vwap_in_a_window_without_volume_is_refused() -> None:
    curve = VolumeCurve(edges_ns=(0, NOON, 2 * NOON), shares=(1.0, 0.0))
    with pytest.raises(BadParameter, match="no volume between"):
        vwap(order(start_s=DAY_SECONDS // 2, end_s=DAY_SECONDS), curve)


def test_vwap_with_the_curve_of_another_day_is_refused_with_the_way_out() -> None:
    yesterday = VolumeCurve(edges_ns=(-3 * NOON, -2 * NOON, -NOON), shares=(0.25, 0.75))
    with pytest.raises(BadParameter, match=r"use curve\.on\(order\.instrument\.session\)"):
        vwap(order(), yesterday)
    moved = yesterday.on(order().instrument.session)
    assert vwap(order(), moved, n=4) == vwap(order(), CURVE, n=4)


def test_policies_plan_what_the_functions_plan() -> None:
    assert Twap(n=5).plan(order()) == twap(order(), n=5)
    assert Vwap(CURVE, n=5).plan(order()) == vwap(order(), CURVE, n=5)
