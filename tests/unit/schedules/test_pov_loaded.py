import math
import re

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import Loaded, Pov, Vwap, twap

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.4, 0.2, 0.4))
HALF_DAY = order(60_000, end_s=DAY_SECONDS // 2)


# POV.


def test_pov_counts_our_own_shares_in() -> None:
    # A million shares in half a session, 100,000 in each of ten buckets: 10 % of all volume is a ninth of the others'.
    plan = Pov(0.1, n=10).plan(HALF_DAY, MARKET)
    assert plan.lots == (11_111, 11_111, 11_111, 11_111, 11_112, 4_444, 0, 0, 0, 0)
    assert plan.lots[0] / (plan.lots[0] + 100_000) == pytest.approx(0.1, abs=1e-5)


def test_pov_that_is_done_early_stops_and_says_when() -> None:
    plan = Pov(0.1, n=10).plan(HALF_DAY, MARKET)
    assert plan.inputs["busy_buckets"] == 6
    assert plan.notes == ("done by 01:57:00, before the window ends",)


def test_pov_follows_the_volume_expected() -> None:
    # 0.4 of 2,000,000 before a quarter of the day, 0.2 after it.
    plan = Pov(0.05, CURVE, n=4).plan(order(60_000, end_s=DAY_SECONDS // 2), MARKET)
    assert plan.lots == (21_053, 21_052, 10_527, 7_368)


def test_pov_by_the_volume_of_the_window_where_it_is_known() -> None:
    busy = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, window_volume=4e6)
    assert Pov(0.1, n=10).plan(HALF_DAY, busy).lots[0] == round(4e5 / 9)


def test_pov_that_leaves_a_remainder_names_the_smallest_rate_that_completes() -> None:
    with pytest.raises(BadParameter, match=r"trades 52,631\.6 of 60,000 shares .* smallest that completes is 0\.0567"):
        Pov(0.05, n=10).plan(HALF_DAY, MARKET)
    assert sum(Pov(0.0567, n=10).plan(HALF_DAY, MARKET).lots) == 60_000
    with pytest.raises(BadParameter, match="smallest that completes"):
        Pov(0.0565, n=10).plan(HALF_DAY, MARKET)


def test_pov_until_done_raises_the_rate_and_says_so() -> None:
    plan = Pov(0.05, n=10, until_done=True).plan(HALF_DAY, MARKET)
    assert plan.inputs["rate"] == pytest.approx(60 / 1_060)
    assert plan.lots == (6_000,) * 10
    assert plan.notes == ("a rate of 0.05 would leave a remainder: raised to 0.0566",)


def test_pov_at_exactly_the_smallest_rate_completes() -> None:
    plan = Pov(60 / 1_060, CURVE, n=6).plan(
        HALF_DAY, MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, window_volume=1e6)
    )
    assert plan.lots == Vwap(CURVE, n=6).plan(HALF_DAY).lots


@pytest.mark.parametrize("volume", [21_144.31, 1e3, 1.0, 1e-3])
@pytest.mark.parametrize("lots", [337_573_584, 99_999_999])
def test_pov_of_an_order_that_dwarfs_volume_follows_it_to_the_end(volume: float, lots: int) -> None:
    thin = MarketState.given(price=100, daily_volatility=0.02, daily_volume=volume, spread_bps=4)
    plan = Pov(0.1, until_done=True, n=10).plan(order(lots, end_s=DAY_SECONDS), thin)
    assert plan.lots == pytest.approx(twap(order(lots, end_s=DAY_SECONDS), n=10).lots, abs=1)  # Halves round.
    assert plan.inputs["busy_buckets"] == 10
    assert plan.inputs["rate"] == pytest.approx(lots / (lots + volume))


def test_pov_names_a_rate_that_may_be_given() -> None:
    for lots, volume in ((99_999_999, 1e3), (99_999_999, 21_144.31), (3, 1e9), (1, 1e12), (10**9, 0.01)):
        market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=volume, spread_bps=4)
        parent = order(lots, end_s=DAY_SECONDS)
        with pytest.raises(BadParameter, match="smallest that completes is") as refused:
            Pov(1e-15, n=10).plan(parent, market)
        named = float(re.search(r"completes is (\S+)", str(refused.value))[1])
        smallest = lots / (lots + volume)
        assert smallest <= named < 1
        assert named - smallest < 0.1 * min(smallest, 1 - smallest) or named - smallest < 1e-4
        assert sum(Pov(named, n=10).plan(parent, market).lots) == lots


def test_pov_of_an_order_beside_which_volume_is_nothing_names_no_rate() -> None:
    nothing = MarketState.given(price=100, daily_volatility=0.02, daily_volume=1e-9, spread_bps=4)
    with pytest.raises(BadParameter, match="no rate below 1 completes"):
        Pov(0.1, n=10).plan(order(10**9, end_s=DAY_SECONDS), nothing)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 10.0, math.nan, math.inf])
def test_pov_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(BadParameter, match="must be above 0 and below 1"):
        Pov(rate)


def test_pov_without_a_market_or_without_volume_is_refused() -> None:
    with pytest.raises(BadParameter, match="needs the market"):
        Pov(0.1).plan(HALF_DAY)
    dry = VolumeCurve(edges_ns=(0, NOON, 2 * NOON), shares=(0.0, 1.0))
    with pytest.raises(BadParameter, match="no volume"):
        Pov(0.1, dry).plan(HALF_DAY, MARKET)


# Front- and back-loaded.


def test_loaded_begins_as_much_faster_as_its_urgency_says() -> None:
    plan = Loaded(math.log(10), n=1_000).plan(order(10_000_000, end_s=3_600))
    assert plan.lots[0] / plan.lots[-1] == pytest.approx(10, rel=0.01)
    assert np.all(np.diff(plan.lots) <= 1)


def test_back_loaded_is_front_loaded_in_reverse() -> None:
    front, back = Loaded(3.0, n=12).plan(HALF_DAY), Loaded(-3.0, n=12).plan(HALF_DAY)
    assert back.lots == pytest.approx(front.lots[::-1], abs=1)
    assert (front.name, back.name) == ("front-loaded", "back-loaded")


def test_loaded_without_urgency_is_twap_and_with_a_curve_vwap() -> None:
    assert Loaded(0.0, n=13).plan(HALF_DAY).lots == twap(HALF_DAY, n=13).lots
    assert Loaded(0.0, CURVE, n=6).plan(HALF_DAY).lots == Vwap(CURVE, n=6).plan(HALF_DAY).lots
    assert Loaded(1e-9, n=12).plan(HALF_DAY).lots == twap(HALF_DAY, n=12).lots


def test_loaded_in_the_volume_of_a_curve_has_done_the_same_when_the_same_volume_is_gone() -> None:
    clock, volume = Loaded(2.0, n=60).plan(HALF_DAY), Loaded(2.0, CURVE, n=60).plan(HALF_DAY)
    whole = CURVE.share_between(0, HALF_DAY.end_ns)
    for time_ns in volume.times_ns[::10]:
        gone = CURVE.share_between(0, time_ns) / whole
        assert volume.target_lots(time_ns) == pytest.approx(60_000 * -math.expm1(-2 * gone) / -math.expm1(-2), abs=0.51)
    assert clock.lots != volume.lots


@pytest.mark.parametrize("urgency", [800.0, 1e300, -800.0, -1e300])
def test_loaded_beyond_all_measure_trades_all_in_one_bucket(urgency: float) -> None:
    lots = Loaded(urgency, n=4).plan(order(100)).lots
    assert lots == ((100, 0, 0, 0) if urgency > 0 else (0, 0, 0, 100))


@pytest.mark.parametrize("urgency", [math.nan, math.inf, -math.inf])
def test_urgency_that_is_no_number_is_refused(urgency: float) -> None:
    with pytest.raises(BadParameter, match="urgency"):
        Loaded(urgency)
